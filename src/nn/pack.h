/* Copies of the linear layers' weights in the layout of the kernels (math.h: pack), made once a
 * step and read by all shards: x W^T for the forward pass, dy W for the backward pass. */
#ifndef ES_NN_PACK_H
#define ES_NN_PACK_H
#include "src/base/pool.h"
#include "src/math/math.h"
#include "src/nn/param.h"

struct err;
struct net;
struct weight_packs {
    const struct math *math;
    const struct param_table *table;
    float *block;
    size_t floats;
    size_t *forward, *backward; /* [table->n] offsets in the block + 1, or 0 */
    struct pack_piece *pieces;
    int count, cap, train;
};
/* Makes room for the weights of the networks (NULL: none); with train for both passes, else for
 * the forward pass only. Returns 0 or E_NOMEM. */
int packs_init(struct weight_packs *p, const struct math *math, const struct param_table *table,
               const struct net *a, const struct net *b, int train, struct err *err);
void packs_free(struct weight_packs *p);
/* Packs the weights as they are in `values`; with train those of the backward pass too. */
void packs_fill(struct weight_packs *p, struct pool *pool, const float *values, int train);
/* The packed factor of a row of the table; NULL when p is NULL or has none. */
const float *packs_forward(const struct weight_packs *p, int row);
const float *packs_backward(const struct weight_packs *p, int row);
/* Floats that packs_init would take for training the networks. */
size_t packs_floats(const struct math *math, const struct param_table *table,
                    const struct net *a, const struct net *b);
#endif
