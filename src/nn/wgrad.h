/* Gradients of one batch, made of several slices at once. While a slice goes backward it only notes
 * its products dW += dy^T x: both factors stay where they are. wgrad_add then makes each block of
 * each gradient from the products of all noted slices, in their order, while the block is in the
 * cache. So there is one gradient and it is written once for many slices. Small tensors (biases,
 * norms, positions) have a block in every slice's notes and are added up in the same order.
 * The bits depend on the slices and their order, not on how many are noted at once, nor on threads. */
#ifndef ES_NN_WGRAD_H
#define ES_NN_WGRAD_H
#include <stddef.h>
#include <stdint.h>

#include "src/base/pool.h"
#include "src/math/math.h"
#include "src/nn/pack.h"
#include "src/nn/param.h"

struct err;
struct wgrad_item {
    int next;           /* of the same tensor and slice, or -1 */
    int count;          /* rows of dy */
    const float *dy;    /* [count, lddy] */
    int lddy;
    const float *x;     /* [count, ldx]; NULL: row ids[i] of the gradient gets row i of dy */
    int ldx;
    const int32_t *ids; /* [count] */
};

/* What one slice leaves. */
struct wgrad_notes {
    const struct wgrad *plan;
    float *small;              /* [plan->small_floats] gradients of the small tensors */
    int *first, *last;         /* [rows of the table] items of a tensor */
    struct wgrad_item *items;
    int n, cap;
};

/* Which tensors are noted and how their gradients are cut; the same for all slices. */
struct wgrad {
    const struct math *math;
    const struct param_table *table;
    size_t *small;             /* [rows of the table] offset in the small block + 1; 0: noted */
    size_t small_floats;
    struct wgrad_piece *pieces;
    int count, cap;
};
/* Noted are tensors that have a packed factor, and the networks' words. NULL nets: none.
 * Returns 0 or E_NOMEM. */
int wgrad_init(struct wgrad *p, const struct math *math, const struct param_table *table,
               const struct weight_packs *packs, const struct net *a, const struct net *b,
               struct err *err);
void wgrad_free(struct wgrad *p);
/* Room for a slice's notes of up to `cap` items. Returns 0 or E_NOMEM. */
int wgrad_notes_init(struct wgrad_notes *s, const struct wgrad *p, int cap, struct err *err);
void wgrad_notes_free(struct wgrad_notes *s);
/* Before a slice: nothing noted, small gradients zero. */
void wgrad_start(struct wgrad_notes *s);
/* The gradient of a small tensor. */
float *wgrad_small(const struct wgrad_notes *s, int row);
void wgrad_product(struct wgrad_notes *s, int row, int count, const float *dy, int lddy,
                   const float *x, int ldx);
void wgrad_rows(struct wgrad_notes *s, int row, int count, const float *dy, int lddy,
                const int32_t *ids);
/* Adds the notes of n slices to grads, a block of the whole table; `more` 0: sets it. */
void wgrad_add(const struct wgrad *p, struct pool *pool, struct math_ws *const *ws,
               const struct wgrad_notes *notes, int n, int more, float *grads);
#endif
