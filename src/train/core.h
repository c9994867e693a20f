/* Inside the train room: what a run and the bench share. The networks, the learner, the
 * optimiser, and the memory of one batch; everything is allocated here, once, so that a step
 * allocates nothing. */
#ifndef ES_TRAIN_CORE_H
#define ES_TRAIN_CORE_H
#include "src/config/config.h"
#include "src/objective/objective.h"
#include "src/optim/adamw.h"

struct err;

/* One batch and the memory behind its pointers. */
struct batch_room {
    struct batch b;
    int32_t *ids;
    uint8_t *mask, *segments;
    size_t tokens, slots; /* what there is room for */
};
/* Room for `tokens` tokens and `slots` chosen positions. */
int batch_room_init(struct batch_room *r, size_t tokens, size_t slots, struct err *err);
void batch_room_free(struct batch_room *r);
/* Points the batch at B sequences of T tokens; draws keyed by the seed, step 0, rows from 0. */
void batch_room_set(struct batch_room *r, const struct config *c, int B, int T);
/* In a batch of one sequence: exactly these positions show [MASK]. E_USAGE for one that is no token of
 * the text or comes twice. The room holds `npositions` slots. */
int batch_room_mask_at(struct batch_room *r, const int *positions, int npositions, int mask, struct err *err);

struct core_args {
    const struct config *config; /* resolved */
    int vocab, threads;          /* threads 0: config's, and if that is 0 all cores */
    const int *special;          /* [5] */
    const float *log_unigram;    /* [V] or NULL */
    int infer;                   /* 1: no gradients, no moments */
};

struct core {
    struct config config;
    const struct math *math;
    struct pool *pool;
    struct model model;
    struct learner *learner;
    struct adamw opt;
    struct seq_stage stages[SEQ_STAGES_MAX];
    int nstages, V, threads, max_T, max_B, special[5];
    struct batch_room train;
};
/* On failure nothing is left behind. The core must not move afterwards. */
int core_open(struct core *c, const struct core_args *a, struct err *err);
void core_close(struct core *c);
/* Worker threads that `wanted` (0: all cores this process may use) stands for. */
int core_threads(int wanted);
/* Bytes this process may still take: the machine's, and the control group's where it is less; < 0:
 * not known. */
double core_memory_free(void);
double core_memory_all(void); /* free or not */
/* E_NOMEM with one sentence when a run of this shape needs more than is free. */
int core_check_memory(const struct config *c, int V, int threads, struct err *err);
/* Chooses positions of the batch's rows on all workers: batch_mask, row by row. fill, when given,
 * is called for each row first. */
void core_mask(struct core *c, struct batch_room *r, void (*fill)(void *ud, int row), void *ud);

/* What one update needs to know and what it gave. */
struct update {
    int stage;                    /* of the objective: 1 in the second phase of two_stage */
    double rate;                  /* learning rate */
    const struct config *optimiser; /* betas, decay, clipping */
    struct losses losses;
    double norm;                  /* of the gradients, before clipping */
    int finite;                   /* 0: the update was not applied */
    double optimiser_seconds;     /* of clipping and AdamW */
};
/* Forward, backward, clipping and AdamW on c->train. Not finite: values stay as they were. */
void core_update(struct core *c, struct update *u, struct auc *auc);

/* FLOP of one step at sequence length T: matrix products, backward = 2 x forward; paper: as the
 * paper counts. stage as above: a network that is not trained counts its forward pass only. */
double core_flops(const struct core *c, int T, int B, int stage, int paper);
/* FLOP of one forward pass of the main network. */
double core_forward_flops(const struct core *c, int T, int B);
#endif
