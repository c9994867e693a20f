/* Generator and discriminator (or one `main` network) as rows of one parameter table, and their
 * forward and backward passes over a slice of sequences. */
#ifndef ES_MODEL_MODEL_H
#define ES_MODEL_MODEL_H
#include <stdint.h>

#include "src/config/config.h"
#include "src/math/math.h"
#include "src/nn/param.h"

struct err;

/* Shape of one encoder: what config.json holds. */
struct net_shape {
    int vocab, positions, types, embedding, hidden, layers, heads, ffn;
    float eps, dropout, attention_dropout;
    int pad_id;
};

/* Rows of the parameter table. -1 where absent. */
struct net_layer {
    int qw, qb, kw, kb, vw, vb, ow, ob, n1g, n1b, f1w, f1b, f2w, f2b, n2g, n2b;
};
enum net_head { HEAD_NONE, HEAD_MLM = 1, HEAD_RTD = 2, HEAD_GATE = 4, HEAD_BASELINE = 8 };
struct net {
    char prefix[16]; /* "generator", "discriminator", "main" */
    struct net_shape shape;
    int word, position, type, eng, enb, pw, pb;
    struct net_layer *layer; /* [layers] */
    int heads;               /* bits of enum net_head */
    int mlm_w, mlm_b, mlm_g, mlm_nb, mlm_bias; /* MLM: dense [E,D], LN, output bias [V] */
    int rtd_w, rtd_b, rtd_ow, rtd_ob;          /* RTD: dense [D,D], [1,D] */
    int gate_w, gate_b;                        /* all_tokens_mlm: copy_gate */
    int base_w, base_b;                        /* adversarial: baseline_head */
};

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
