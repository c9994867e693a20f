/* The released example builder (google-research/electra, build_pretraining_dataset.py; its order
 * quirk included): sentences are lines, an example is one or two segments of them, cut and padded.
 * Inside the data room; sequences.h is what others see. */
#ifndef ES_DATA_FAITHFUL_H
#define ES_DATA_FAITHFUL_H
#include <stdint.h>

#include "src/data/corpus_int.h"

struct err;
struct faithful;
/* A document of the split: tokens [first, end). */
struct span { uint64_t first, end; };
/* Builds the examples of these documents for sequences of at most T tokens; every coin is a
 * function of (seed, number of the example, number of the sentence). E_INPUT when the corpus keeps
 * no lines. */
int faithful_new(const struct corpus *c, const struct span *docs, size_t ndocs, int T, uint64_t seed,
                 struct faithful **out, struct err *err);
void faithful_free(struct faithful *f);
uint64_t faithful_count(const struct faithful *f);
/* Tokens that no example keeps: what is cut off at the segments' ends, as released. */
uint64_t faithful_dropped(const struct faithful *f);
/* [CLS] A [SEP], or [CLS] A [SEP] B [SEP] with segments 0 and 1; the rest is padding. ids,
 * segments and mask hold T each; NULL ids: only counts. Returns the tokens of A and B kept. */
uint64_t faithful_get(const struct faithful *f, uint64_t example, int32_t *ids, uint8_t *segments,
                      uint8_t *mask);
#endif
