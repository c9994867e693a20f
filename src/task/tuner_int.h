/* Inside the task room: what a head sees of the tuner. */
#ifndef ES_TASK_TUNER_INT_H
#define ES_TASK_TUNER_INT_H
#include "src/base/arena.h"
#include "src/nn/encoder.h"
#include "src/nn/pack.h"
#include "src/task/tuner.h"

#define TUNE_HEAD_ROWS 10
#define JOINT_HIDDEN 512

/* Working memory of one thread. R rows of tokens. */
struct tune_scratch {
    struct arena arena;
    struct math_ws ws;
    struct encoder_acts acts;
    float *dh;              /* [R,D] gradient of the last hidden states */
    float *x, *u, *y;       /* [R, widest of the head] */
    float *z, *dz;          /* [R, outputs] */
    float *wide, *small;    /* [R,JOINT_HIDDEN], [8 D]: joint head */
    float *dropped;         /* [R,D] input after dropout */
};

struct tune_slice {
    struct tuner *t;
    struct tune_scratch *s;
    const struct tune_batch *b;
    int row, n;             /* sequences row..row+n of the batch */
    struct encoder_run run; /* run.grads NULL: evaluation */
    double scale;           /* of one sequence's loss in the batch's */
    double loss;
};

struct head_ops {
    const char *name, *architecture;
    /* Declares the head's tensors in t->head[]. */
    int (*declare)(struct tuner *t, struct err *err);
    /* Loss and outputs from the hidden states; with gradients, fills s->dh as well. */
    void (*slice)(struct tune_slice *x);
};
extern const struct head_ops head_class, head_class_hf, head_span_hf, head_span_joint;

struct tuner {
    struct tuner_args args;
    struct net_shape shape;
    struct model model;
    const struct head_ops *ops;
    int head[TUNE_HEAD_ROWS]; /* rows of the parameter table */
    float *values, **shard_grads;
    struct weight_packs packs; /* while training: the encoder's weights as the kernels want them */
    int shards, workers;
    struct tune_scratch *scratch;
    double *slice_losses;
    uint8_t *seen;            /* [V] word is in `touched` */
    int32_t *touched, *before; /* word rows with a gradient: this step, the one before */
    int ntouched, nbefore;
};

/* "model." + name; Glorot or normal 0.02. Returns the row or a negative code. */
int head_param(struct tuner *t, const char *name, int rows, int cols, int rank, int glorot,
               struct err *err);
float *head_value(const struct tune_slice *x, int i);
float *head_grad(const struct tune_slice *x, int i);
/* Dropout of the head, site i. */
struct dropout head_drop(const struct tune_slice *x, int i);
/* y[R,out] = x[R,in] W^T + b */
void head_linear(const struct tune_slice *x, int R, int in, int out, const float *in_rows, int w,
                 int b, float *out_rows);
/* dW, db += ; dx = dy W when dx. */
void head_linear_grad(const struct tune_slice *x, int R, int in, int out, const float *in_rows,
                      const float *dy, int w, int b, float *dx);
/* -log softmax(z)[target] over n logits with the given stride; with dz, the gradient times
 * factor is written. */
double head_cross_entropy(int n, const float *z, int stride, int target, double factor, float *dz);
/* The k best of n scores (stride), ties by the lower index. Returns how many. */
int head_top(int n, const float *z, int stride, int k, int *at);
#endif
