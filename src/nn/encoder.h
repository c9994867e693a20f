/* The BERT-style post-norm encoder (electra.md section 1.1) over a slice of n sequences of T
 * tokens, forward and backward. R = n*T rows. Working memory is one struct encoder_acts per
 * thread and network, laid out once for the largest slice. */
#ifndef ES_NN_ENCODER_H
#define ES_NN_ENCODER_H
#include <stdint.h>

#include "src/base/arena.h"
#include "src/base/pool.h"
#include "src/math/math.h"
#include "src/nn/pack.h"
#include "src/nn/param.h"
#include "src/nn/wgrad.h"

/* Tokens of a slice, what one thread works on at a time: enough rows for the products, few enough
 * that activations stay small (measured in tests/bench/NOTES.md). Part of the order of addition.
 * STEP_TOKENS: of a pre-training step, where several slices stay in memory at once. */
#define SLICE_TOKENS 512
#define STEP_TOKENS 256

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

struct layer_acts {
    float *qkv, *lse, *ctx;                 /* [R,3D], [n,H,T], [R,D] */
    float *xhat1, *rstd1, *y1;              /* [R,D], [R], [R,D] */
    float *slope, *a;                       /* [R,F]: of GELU, and after it */
    float *xhat2, *rstd2, *y2;              /* y2: the layer's output */
    /* The backward pass leaves gradients in what it has read: of q, k, v in qkv, of the dense layers'
     * outputs in xhat1, slope and xhat2. */
};
struct encoder_acts {
    int n, T;
    const int32_t *ids;      /* [R] of this pass */
    const uint8_t *segments; /* [R] or NULL */
    const uint8_t *mask;     /* [R] or NULL */
    /* [count] rows whose last hidden states are wanted, ascending; NULL: all. The last layer then
     * does its dense work for these rows only, and the other rows of encoder_out() hold anything. */
    const int *chosen;
    int count;
    float *exhat, *erstd, *emb; /* [R,E], [R], [R,E] after layer norm and dropout */
    float *h0;               /* [R,D]: == emb when E == D */
    struct layer_acts *layer;
    float *t1, *t2, *t3;     /* scratch [R, max(3D,F)], [R,D], [R,D]; t1 also [R,E] */
    float *dqkv;             /* [R,3D], training: changes places with a layer's qkv */
};

/* What dropout draws are keyed by; p = 0 in evaluation. */
struct encoder_drop {
    uint64_t seed;
    uint32_t step, site; /* site: base of this network's sites */
    uint32_t row0;       /* number of the slice's first sequence in the batch */
    int on;
};

/* Threads that share one pass of an evaluation: rows and heads are spread over the pool. The bits
 * are those of one thread. */
struct encoder_team {
    struct pool *pool;
    struct math_ws *const *ws; /* [threads of the pool] */
};

/* One network's use of the machine: kernels, values, and where gradients go. */
struct encoder_run {
    const struct math *math;
    struct math_ws *ws;
    const struct param_table *table;
    const struct net *net;
    float *values, *grads; /* grads: NULL in evaluation */
    const struct weight_packs *packs; /* of these values, or NULL */
    /* Where the slice's gradients are noted instead of being added to grads, which then only says
     * that there is a backward pass; NULL: they are added at once. */
    struct wgrad_notes *notes;
    const struct encoder_team *team; /* NULL: the calling thread alone */
    struct encoder_drop drop;
};

/* y[R,out] = x[R,in] W^T for row w of the table. */
void encoder_linear(const struct encoder_run *r, int R, int in, int out, const float *x, int w, float *y,
            int ldy);
/* The gradient of a row, to be added to; with notes: of a small tensor only. */
float *encoder_grad(const struct encoder_run *r, int row);
/* dW += dy^T x, dx = dy W (+ dx when beta is 1); dx may be NULL. With notes x and dy must stay. */
void encoder_linear_grad(const struct encoder_run *r, int R, int in, int out, const float *x,
                 const float *dy, int lddy, int w, float beta, float *dx);

/* Takes what R = n*T rows need from the arena; counting: pass an arena of any kind. Returns 0 or
 * E_NOMEM. keep 0: evaluation only (layers share memory). */
int encoder_acts_init(struct encoder_acts *a, const struct net *net, int n, int T, int keep,
                      struct arena *arena);
/* Bytes that encoder_acts_init takes. */
size_t encoder_acts_bytes(const struct net *net, int n, int T, int keep);
/* Calls task(ud, r, from, n) for pieces of `rows` rows: all at once, or, with a team, spread over
 * its threads with a run of their own. */
void encoder_rows(const struct encoder_run *r, int rows,
                  void (*task)(void *ud, const struct encoder_run *r, int from, int n), void *ud);
/* Runs forward; the last hidden states are encoder_out(). */
void encoder_forward(const struct encoder_run *r, struct encoder_acts *a);
float *encoder_out(const struct net *net, const struct encoder_acts *a);
/* Hidden states number i: 0 = embeddings after the projection, L = the last. */
float *encoder_hidden(const struct net *net, const struct encoder_acts *a, int i);
/* dh [R,D] is the gradient of the last hidden states (0 in rows that are not chosen) and is
 * overwritten, as are the activations. Adds to r->grads or r->notes. */
void encoder_backward(const struct encoder_run *r, struct encoder_acts *a, float *dh);
#endif
