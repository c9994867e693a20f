/* The tuner: one encoder with a task head, forward and backward over a batch of whole sequences.
 * Four heads (electra.md sections 1.2, 1.5, 7.3), one file a family:
 *   class        as released: dropout, linear on [CLS]              (head_class.c)
 *   class_hf     dropout, dense, GELU, dropout, out_proj on [CLS]   (head_class.c)
 *   span_hf      qa_outputs: start and end logits of every token    (head_span.c)
 *   span_joint   as released: start, end given the start, and answerability (head_joint.c)
 * One label makes class and class_hf a regression (mean squared error on the raw output).
 *
 * Determinism: as in objective.h. The batch is cut into min(shards, B) pieces, each into slices
 * of whole sequences; gradients are added in slice order and then in a fixed tree. Nothing
 * depends on the number of threads. */
#ifndef ES_TASK_TUNER_H
#define ES_TASK_TUNER_H
#include <stdint.h>

#include "src/base/pool.h"
#include "src/math/math.h"
#include "src/model/model.h"

struct err;
struct tuner;

enum tune_head { TUNE_CLASS, TUNE_CLASS_HF, TUNE_SPAN_HF, TUNE_SPAN_JOINT, TUNE_HEADS };

/* The best starts of one window and, for each, the best ends, by falling score. */
#define SPAN_BEAM 20
struct span_beam {
    int starts;
    struct {
        int at, ends;
        float score; /* log probability (joint) or logit (HF) */
        struct { int at; float score; } end[SPAN_BEAM];
    } start[SPAN_BEAM];
    float null_score; /* joint: logit of "no answer"; HF: start and end logit of [CLS] */
};

/* Rows are sequences padded to T. What is NULL is not wanted (outputs) or not known (labels). */
struct tune_batch {
    int B, T;
    const int32_t *ids;      /* [B,T] */
    const uint8_t *mask;     /* [B,T] 1 = token */
    const uint8_t *segments; /* [B,T] */
    const int32_t *labels;   /* [B] class */
    const float *targets;    /* [B] regression */
    const int32_t *start, *end, *impossible; /* [B] spans: token positions, flag */
    uint64_t seed;           /* of dropout */
    uint32_t step;           /* of dropout */
    int sum;                 /* 1: the loss is summed over the batch, 0: its mean */
    float *logits;           /* [B,labels], or [B,T,2] start and end (span_hf) */
    struct span_beam *beams; /* [B]; tuner_eval only */
};

struct tuner_args {
    const struct net_shape *shape;
    enum tune_head head;
    int labels;              /* classes; 1: regression; spans: ignored */
    float head_dropout;      /* of the classification heads */
    const struct math *math;
    struct pool *pool;
    int max_T, max_B, shards;
    int train;               /* 0: no gradients are held */
};
/* Names are "model." + the Hugging Face name. Values are not set. */
struct tuner *tuner_new(const struct tuner_args *a, struct err *err);
void tuner_free(struct tuner *t);
const struct model *tuner_model(const struct tuner *t); /* its network is model.disc */
float *tuner_values(struct tuner *t);
float *tuner_gradients(struct tuner *t);
/* Start values of the head (and of everything else, when all): a function of the seed. Heads as
 * released are Glorot-uniform, Hugging Face's normal 0.02. */
void tuner_init_head(struct tuner *t, uint64_t seed, int all);
/* Forward and backward: gradients are set. Returns the loss. Allocates nothing. */
double tuner_step(struct tuner *t, const struct tune_batch *b);
/* Forward only, dropout off; the loss is 0 without labels. */
double tuner_eval(struct tuner *t, const struct tune_batch *b);
const char *tune_head_name(enum tune_head head);
/* architectures[0] of config.json, and back: 0 when the name is none of a tuned network. */
const char *tune_head_architecture(enum tune_head head);
int tune_head_find(const char *architecture, enum tune_head *head);

/* A tuned network's directory into another, which exists; every tensor and label is checked on the
 * way. *params is their number. */
int tuned_copy(const char *from, const char *to, uint64_t *params,
               void (*warn)(void *ud, const char *text), void *ud, struct err *err);
#endif
