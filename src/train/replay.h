/* One step of a run again, from the checkpoint before it: the same bits, and then what the step did
 * with each sequence and each tensor. Writes nothing. */
#ifndef ES_TRAIN_REPLAY_H
#define ES_TRAIN_REPLAY_H
#include "src/nn/param.h"
#include "src/objective/objective.h"
#include "src/train/run.h"

struct corpus;

struct replay_args {
    struct config config;     /* of the run, resolved */
    const char *corpus_dir;
    const char *from;         /* checkpoint of the run (or of its parent: branch) before the step;
                                 NULL: from the start values */
    int branch;
    int64_t step;             /* the one to look at, from 1 */
    int64_t until;            /* goes on to here for the sake of `metrics`; at least step */
    /* Every logged step on the way. Non-zero ends the replay with it. */
    int (*metrics)(void *ud, const struct event *e, struct err *err);
    void (*progress)(void *ud, int64_t step); /* may be NULL */
    void *ud;
};
/* One sequence of the batch, alone: its losses over its own tokens, and the norm of the gradient
 * that it alone would have given. */
struct replay_sequence {
    int row;
    uint64_t place;           /* in the stream of sequences */
    struct losses losses;
    double norm;
    double unusual;           /* how far the furthest of its losses and its norm lies above the batch's
                                 median, in the batch's own spread (1.4826 median deviations) */
    int n;                    /* tokens */
    struct token_row *tokens; /* [n] */
};
struct replay_tensor {
    char name[PARAM_NAME];
    double weight, update;    /* norms: before, and of the change */
    double ratio;             /* update / weight; NAN where the weights are next to zero */
};
struct replay {
    struct losses losses;     /* of the step */
    double norm, rate;
    int finite;
    int64_t from;             /* step that the replay began at */
    int T;
    struct replay_sequence *sequences; /* the most unusual first */
    int nsequences;
    struct replay_tensor *tensors;     /* by ratio, largest first */
    int ntensors;
    struct corpus *corpus;    /* for its vocabulary */
};
/* replay_free in every case. */
int replay_step(const struct replay_args *a, struct replay *out, struct err *err);
void replay_free(struct replay *r);
#endif
