/* Between a learner's memory (learner_init.c) and its work (learner.c). */
#ifndef ES_OBJECTIVE_LEARNER_INT_H
#define ES_OBJECTIVE_LEARNER_INT_H
#include "src/objective/learner.h"

static inline int min_int(int a, int b)
{
    return a < b ? a : b;
}

static inline int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* Sequences of a slice, for rows of length T. */
int learner_slice_rows(const struct learner *l, int T);
/* Slices of a batch are numbered through, shard after shard. Returns how many there are; where
 * slice i is one of them, *row is its first sequence and *n their number. */
int learner_find_slice(const struct learner *l, int B, int T, int shards, int i, int *row, int *n);
int learner_count_slices(const struct learner *l, int B, int T, int shards);
#endif
