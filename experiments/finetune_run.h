/* Several fine-tunings of one checkpoint, one a seed, side by side; their median and spread; and
 * their scores in the store. */
#ifndef ES_EXPERIMENTS_FINETUNE_RUN_H
#define ES_EXPERIMENTS_FINETUNE_RUN_H
#include "experiments/workspace.h"
#include "src/base/err.h"
#include "src/task/finetune.h"

struct finetune_seed {
    int seed, code;               /* code: 0, or E_* with err set */
    struct finetune_result result;
    struct err err;
};
struct finetune_summary {
    char name[40];
    int n;                        /* seeds with a finite value */
    double median, q1, q3, min, max; /* quartiles by linear interpolation */
};
struct finetune_seeds {
    struct finetune_seed *seeds;
    int n, failed;                /* failed: stuck, or the loss not finite */
    struct finetune_summary summary[SCORES_MAX];
    int nsummary;
};
struct finetune_seeds_args {
    struct finetune_args base;    /* seeds are base.config.seed, +1, ... */
    int seeds;
    int at_once;                  /* fine-tunings side by side (0: as many as there are cores) */
    /* A seed is done: called by one thread at a time, as are base.progress and base.mistakes. */
    void (*done)(void *ud, const struct finetune_seed *seed);
};
/* Trains all seeds. With an output directory and more than one seed, each writes into seed-N below
 * it. The first error stops the others and is returned; finished seeds stay in *out either way.
 * Results do not depend on at_once or threads. Free with finetune_seeds_free. */
int finetune_run_seeds(const struct finetune_seeds_args *a, struct finetune_seeds *out,
                       struct err *err);
void finetune_seeds_free(struct finetune_seeds *s);
/* Median and quartiles of n values; those that are not finite are left out. */
void finetune_summarise(const double *values, int n, struct finetune_summary *out);
#endif
