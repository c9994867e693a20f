/* Dropout factors, one vector of counters at a time; the bits are those of rng_words. The two
 * 32-bit products of a Philox round come from 64-bit lanes whose upper halves are ignored. */
#ifndef ES_MATH_SIMD_PHILOX_H
#define ES_MATH_SIMD_PHILOX_H
#include "src/math/drop.h"
#include "src/math/simd/vec.h"

enum { DROP_BLOCK = 8 * W }; /* factors made at once: the bits of W counters */

INLINE vq q_set(uint64_t x)
{
    return (vq){0} + x;
}

INLINE vq q_mul(vq a, vq m)
{
#ifdef ES_AVX512
    return (vq)_mm512_mul_epu32((__m512i)a, (__m512i)m);
#elif defined(ES_AVX2)
    return (vq)_mm256_mul_epu32((__m256i)a, (__m256i)m);
#else
    return (a & 0xffffffffu) * m;
#endif
}

/* The words of W/2 counters from pos on, as 4 W/2 16-bit elements in order. */
INLINE void philox_half(const struct dropout *d, uint32_t row, uint32_t pos, uint16_t *out)
{
    const vq m0 = q_set(0xD2511F53u), m1 = q_set(0xCD9E8D57u);
#if W == 16
    const vq steps = {0, 1, 2, 3, 4, 5, 6, 7};
#elif W == 8
    const vq steps = {0, 1, 2, 3};
#else
    const vq steps = {0, 1};
#endif
    vq c0 = q_set(pos) + steps, c1 = q_set(row), c2 = q_set(d->step), c3 = q_set(d->use);
    uint32_t k0 = (uint32_t)d->seed, k1 = (uint32_t)(d->seed >> 32);
    for (int i = 0; i < 10; i++) {
        vq p0 = q_mul(c0, m0), p1 = q_mul(c2, m1);
        c0 = (p1 >> 32) ^ c1 ^ q_set(k0);
        c2 = (p0 >> 32) ^ c3 ^ q_set(k1);
        c1 = p1;
        c3 = p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    vq lo = (c0 & 0xffffffffu) | c1 << 32, hi = (c2 & 0xffffffffu) | c3 << 32;
#if W == 16
    vq first = __builtin_shufflevector(lo, hi, 0, 8, 1, 9, 2, 10, 3, 11);
    vq second = __builtin_shufflevector(lo, hi, 4, 12, 5, 13, 6, 14, 7, 15);
#elif W == 8
    vq first = __builtin_shufflevector(lo, hi, 0, 4, 1, 5);
    vq second = __builtin_shufflevector(lo, hi, 2, 6, 3, 7);
#else
    vq first = __builtin_shufflevector(lo, hi, 0, 2);
    vq second = __builtin_shufflevector(lo, hi, 1, 3);
#endif
    memcpy(out, &first, sizeof first);
    memcpy(out + 2 * W, &second, sizeof second);
}

typedef uint16_t vs __attribute__((vector_size(W * 2)));

/* Factors (0 or the scale) of DROP_BLOCK columns from col on; col is a multiple of 8. */
INLINE void drop_block(const struct dropout *d, uint32_t row, uint32_t col, float *out)
{
    uint16_t bits[DROP_BLOCK];
    vi limit = (vi){0} + (int32_t)drop_limit(d);
    vi scale = (vi)v_set(drop_scale(d));
    philox_half(d, row, col / 8, bits);
    philox_half(d, row, col / 8 + W / 2, bits + DROP_BLOCK / 2);
    for (int i = 0; i < 8; i++) {
        vs b;
        memcpy(&b, bits + i * W, sizeof b);
        vi wide = __builtin_convertvector(b, vi);
        v_store(out + i * W, (vf)((vi)(wide >= limit) & scale));
    }
}
#endif
