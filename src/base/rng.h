/* Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011). Nothing is stored: a
 * draw is a pure function of (seed, use, step, row, position), so it never depends on a thread
 * or on what was drawn before. */
#ifndef ES_BASE_RNG_H
#define ES_BASE_RNG_H
#include <stdint.h>

/* What a draw is for: part of the key, so that no two uses share a stream. Append only. */
enum rng_use {
    RNG_INIT = 1,      /* weights: step = tensor index, row = block of 4 */
    RNG_ORDER,         /* order of the sequences: step = epoch */
    RNG_MASK,          /* which positions are masked */
    RNG_MASK_KIND,     /* [MASK], kept or random */
    RNG_SAMPLE,        /* generator sampling */
    RNG_DROPOUT,       /* + site number, see nn */
    RNG_EVAL,          /* fixed masks and noise of the validation set */
    RNG_COMMON,        /* common fakes */
    RNG_PROBE,         /* probe sentences and own sentences */
    RNG_HELDOUT,       /* choice of held-out documents */
    RNG_TASK,          /* fine-tuning */
    RNG_BOOTSTRAP,     /* statistics over seeds */
    RNG_FAITHFUL,      /* the released example builder */
    RNG_RTD,           /* positions of electra15's loss, where they are not the chosen ones */
    RNG_TEST = 1000
};

/* Four 32-bit words for one counter. */
void rng_words(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos,
               uint32_t out[4]);
uint32_t rng_u32(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos);
/* Uniform in [0,1) with 24 random bits: exact in float. */
float rng_uniform(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos);
/* Uniform in [0,1) with 53 random bits. */
double rng_uniform53(uint64_t seed, uint32_t use, uint32_t step, uint32_t row, uint32_t pos);
/* A keyed permutation of 0..n-1 without a table: the image of i (Feistel network with cycle
 * walking over Philox). n up to 2^31. */
uint32_t rng_permute(uint64_t seed, uint32_t use, uint32_t step, uint32_t n, uint32_t i);
#endif
