/* Generator and discriminator (or one `main` network) as rows of one parameter table, and their
 * forward and backward passes over a slice of sequences. */
#ifndef ES_MODEL_MODEL_H
#define ES_MODEL_MODEL_H
#include <stdint.h>

#include "src/config/config.h"
#include "src/math/math.h"
#include "src/nn/encoder.h"
#include "src/nn/param.h"

struct err;

struct model {
    struct param_table table;
    struct net gen, disc; /* disc is "discriminator" or "main"; gen.layer NULL: no generator */
    int tie;
};

/* Declares the networks of a resolved config (which nets an objective has comes from the
 * objective table). V = vocabulary size. No values are allocated. */
int model_build(struct model *m, const struct config *c, int V, struct err *err);
/* The same from explicit shapes (fixtures, imported models): gen or disc may be NULL. */
int model_build_shapes(struct model *m, const struct net_shape *gen, int gen_heads,
                       const struct net_shape *disc, int disc_heads, const char *disc_prefix,
                       int tie, struct err *err);
void model_free(struct model *m);
void model_shapes(const struct config *c, int V, struct net_shape *gen, struct net_shape *disc);
/* Bytes a run will need: values, gradients, moments, activations of the workers. */
uint64_t model_memory(const struct config *c, int V, int threads);
/* FLOPs of one step: matrix products, backward = 2 x forward; paper: the paper's accounting. */
double model_flops(const struct config *c, int V, int seq, int batch, int paper);
#endif
