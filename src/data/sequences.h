/* Sequences cut from a packed corpus: what corpus.h promises. */
#ifndef ES_DATA_SEQUENCES_H
#define ES_DATA_SEQUENCES_H
#include "src/data/corpus.h"

/* Number of token t of a row in its split's stream: the same for every T, so that draws keyed by
 * it are (common fakes). */
uint64_t sequences_position(const struct sequences *s, uint64_t row, int t);
#endif
