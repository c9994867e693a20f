/* Encoded examples: token ids of [CLS] A [SEP] (B [SEP]) with what is to be predicted, and the
 * order they are trained in. */
#ifndef ES_TASK_ITEMS_H
#define ES_TASK_ITEMS_H
#include <stddef.h>
#include <stdint.h>

#include "src/text/wordpiece.h"

struct err;
struct examples;
struct vocab;
struct tune_batch;

struct item {
    size_t at;      /* first id */
    int len, len_a; /* tokens; those of segment 0 */
    int label;      /* class, or -1 */
    float target;   /* regression */
    int start, end, impossible;
    int owner;      /* example or question */
};
struct item_set {
    struct item *items;
    size_t n, cap;
    struct ids ids;
};
/* Appends [CLS] a [SEP] (b [SEP]), cut to max_length by dropping the last token of the longer side
 * (of b when equal). b may be NULL. *out is valid until the next call. */
int items_add(struct item_set *s, const struct vocab *v, const struct ids *a, const struct ids *b,
              int max_length, struct item **out, struct err *err);
/* Encodes all examples; both orders of a pair when unordered. */
int items_encode(struct item_set *s, const struct examples *e, const struct vocab *v,
                 struct wordpiece *wp, int max_length, int unordered, struct err *err);
void items_free(struct item_set *s);

/* Batches of one pass over the items. Training: the order is a keyed permutation of (seed, epoch);
 * within pools of POOL_BATCHES batches items are sorted by length, so that short ones do not pay
 * for long ones, and the batches of a pool are shuffled. Evaluation: by falling length. */
#define POOL_BATCHES 64
struct batching {
    uint32_t *order; /* [n] item numbers, batch after batch */
    size_t n;
    int batch;
};
int batching_init(struct batching *b, const struct item_set *s, int batch, struct err *err);
void batching_free(struct batching *b);
void batching_train(struct batching *b, const struct item_set *s, uint64_t seed, uint32_t epoch);
void batching_eval(struct batching *b, const struct item_set *s);

/* Memory of one batch, and its filling: rows [from, from + B) of the order, padded to the longest
 * of them, rounded up to 8 tokens (never past max_length). */
struct batch_rows {
    int32_t *ids, *labels, *start, *end, *impossible;
    uint8_t *mask, *segments;
    float *targets;
    int max_length;
};
int batch_rows_init(struct batch_rows *r, int batch, int max_length, struct err *err);
void batch_rows_free(struct batch_rows *r);
/* Fills b's sizes and inputs; labels are pointed to when with_labels. pad: id of [PAD]. */
void batch_rows_fill(struct batch_rows *r, const struct item_set *s, const uint32_t *order, int B,
                     int pad, struct tune_batch *b);
#endif
