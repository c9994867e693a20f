/* Fine-tuning on the way: probe_tasks of a run, from a checkpoint of it, while it waits. The scores
 * go where those of `finetune` go, with the checkpoint's step; equal settings give equal scores. */
#ifndef ES_EXPERIMENTS_TUNE_H
#define ES_EXPERIMENTS_TUNE_H
#include "experiments/scores.h"

struct config;
struct run_control;

struct tune_args {
    const struct config *config;     /* the run's, resolved */
    int64_t run, step;
    const char *checkpoint;
    int threads;
    const struct run_control *control; /* looked at: asking for anything stops; NULL: nobody asks */
    /* Stores rows as scores_store does. */
    int (*store)(void *ud, const struct json_t *rows, struct err *err);
    void (*warn)(void *ud, const char *text);
    void *ud;
};
/* Mean over the tasks of the median main score, per cent. E_STOPPED when control asked. */
int tune_run(const struct tune_args *a, double *score, struct err *err);
/* Whether probe_tasks are tasks, and their files are there. */
int tune_check(const struct config *c, struct err *err);
#endif
