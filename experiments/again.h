/* A step of a stored run once more: from the nearest checkpoint before it, held against the store bit
 * for bit on the way. */
#ifndef ES_EXPERIMENTS_AGAIN_H
#define ES_EXPERIMENTS_AGAIN_H
#include "db/query.h"
#include "experiments/workspace.h"
#include "src/train/replay.h"

struct again {
    struct replay replay;
    int64_t steps;    /* logged steps that were compared, the last of them at... */
    int64_t last;
    int64_t values;   /* numbers that were equal */
    int logged;       /* 1: the step itself is in the store; 0: the next logged one is compared */
};
/* E_INPUT names the first number that differs, or what keeps the run from being the same: corpus,
 * kernel set, checkpoint. progress may be NULL. again_free in every case. */
int again_step(const struct workspace *w, const struct query_run *run, int64_t step,
               void (*progress)(void *ud, int64_t step), void *ud, struct again *out,
               struct err *err);
void again_free(struct again *a);
#endif
