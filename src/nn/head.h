/* The pre-training heads (electra.md section 1.2), forward and backward in one pass where the
 * gradient's factors are known beforehand. */
#ifndef ES_NN_HEAD_H
#define ES_NN_HEAD_H
#include "src/nn/encoder.h"

/* Rows of the vocabulary softmax in memory at once. */
#define HEAD_CHUNK 128

/* Working memory of one thread for both heads. */
struct head_acts {
    int V, D, E, rows, used;                     /* rows: with room; used: by noted gradients */
    float *h, *u, *e, *logits;                   /* [rows,D], [rows,E], [rows,E], [rows,V] */
    float *y, *xhat, *rstd, *dh;                 /* [C,E], [C,E], [C], [C,D]; C = HEAD_CHUNK */
    float *lse, *entropy, *row;                  /* [C], [C], [V]: one row with temperature */
    int *argmax;                                 /* [C] */
    float *ru, *ra;                              /* RTD: [R,D] before and after GELU */
    float *dz;                                   /* [R] */
};
/* V, D, E: the largest of the networks that use it; R rows for the RTD head (0: none); `noted`:
 * rows whose gradients are noted in one slice (only what is used of them takes memory). */
int head_acts_init(struct head_acts *a, int V, int D, int E, int R, int noted, struct arena *arena);

/* One row of the MLM pass, for the caller's callback. */
struct mlm_row {
    int index;          /* which of the rows asked for */
    double log_prob;    /* of the target */
    const float *p;     /* [V] softmax */
    float entropy;
    int argmax;
};
/* For `count` rows of hidden states: softmax over the vocabulary and a call of each(ud, row),
 * which returns the factor c of the row's loss -c log p(target) (0: no gradient). With r->grads,
 * adds the gradients of the head and, into dh [R,D] at the same rows, of the hidden states. With
 * r->notes the factors of the gradients stay in rows a->used up. */
void mlm_pass(const struct encoder_run *r, struct head_acts *a, const float *hidden,
              const int *rows, const int *targets, int count,
              float (*each)(void *ud, const struct mlm_row *row), void *ud, float *dh);

/* logits [R] of the RTD head; keeps what the backward pass needs. */
void rtd_forward(const struct encoder_run *r, struct head_acts *a, const float *hidden, int R,
                 float *logits);
/* dlogits [R] -> dh [R,D] (written) and gradients. */
void rtd_backward(const struct encoder_run *r, struct head_acts *a, const float *hidden, int R,
                  const float *dlogits, float *dh);

/* A dense layer to one number, w [1,D], b [1]: copy gate and reward baseline. */
float unit_forward(const struct encoder_run *r, int w, int b, const float *h);
/* Adds d(out) to gradients and, if dh, to dh [D]. */
void unit_backward(const struct encoder_run *r, int w, int b, const float *h, float d, float *dh);
#endif
