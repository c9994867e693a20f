/* The history of ablations: runs of the store grouped by fields of their configuration, over
 * seeds; what differs, by how much, and whether it is more than chance. Everything is computed from
 * db/query.h at one moment; screens, commands and exports show the same struct.
 *
 * Where values are read. Runs of equal `steps` are read at the last step that all of them have
 * reached. Runs of other budgets are read at their own ends: at a common step the longest would be
 * judged by what they were when the shortest ended. Rows whose budget there differs from the
 * baseline's by more than 2 %, in tokens and (at the ends) in FLOPs as the paper counts them, are
 * flagged.
 *
 * Which runs. Those with held-out values that did not fail; when any of them is done, only those
 * that are, so that a young run does not move the common step to its own. Of a run that was
 * repeated with the same configuration and seed the newest counts.
 *
 * What is ranked. A run's own AUC, skill and discriminator loss depend on its generator: they are
 * shown, never tested, never starred. The common set's AUC, cross-entropy and scores of tasks are
 * ranked. */
#ifndef ES_EXPERIMENTS_ABLATION_H
#define ES_EXPERIMENTS_ABLATION_H
#include <stdint.h>

#include "db/query.h"
#include "experiments/stats.h"
#include "src/base/arena.h"

struct csv_out;
struct err;

#define ABLATION_FIELDS 12
#define ABLATION_METRICS 16

enum ablation_at { ABLATION_COMMON, ABLATION_END };
struct ablation_args {
    const char *by;       /* "tie,generator_size"; NULL: what differs, without seed and name */
    const char *metric;   /* the one that is ranked; NULL: a good one that most rows have */
    const char *baseline; /* "tie=none", its number from 1, or NULL: the row of default values */
    int at;               /* enum ablation_at, or -1: by the budgets, see above */
    int unfinished;       /* 1: runs that are not done count beside those that are */
    /* Which runs; NULL: all that are not archived. */
    int (*keep)(void *ud, const struct query_run *r);
    void *ud;
};

struct ablation_metric {
    char name[96];   /* "val_rtd_auc_common", "cola matthews", "pairs accuracy" */
    const char *unit, *help;
    int id;          /* of metric.h; -1: a score */
    int better, decimals, share;
    int own;         /* depends on the run's own fakes: never ranked */
};
/* One metric of one row, over its seeds. */
struct ablation_cell {
    double *values;  /* [row.n], NAN: none */
    struct stats s;
    struct stats_test test; /* against the baseline; kind STATS_NONE for the baseline itself */
    double p_holm;
    enum stats_verdict verdict;
    int further;     /* seeds more until decided or tested */
    int best;        /* the best mean of the rows */
};
struct ablation_row {
    int value[ABLATION_FIELDS]; /* index into the field's levels */
    char label[160];            /* "tie=none generator_size=1" */
    int n;                      /* seeds */
    int64_t *seeds, *runs;      /* [n] ascending by seed */
    int unfinished;             /* of them: not done */
    int64_t step_lo, step_hi;   /* where values were read */
    double tokens, flops;       /* spent there, mean over seeds; NAN: unknown */
    int unequal;                /* budget differs from the baseline's */
    double paper;               /* the paper's GLUE average of this row; NAN: none */
    struct ablation_cell cell[ABLATION_METRICS];
};
struct ablation_field {
    const struct config_field *field;
    int nlevels;
    const char **levels;        /* in the order of choices, of numbers, of the alphabet */
};
/* What a level of a field does to the ranked metric: means over the rows that are alike in all
 * other fields, where all levels are there (balanced), else over all its rows. */
struct ablation_effect {
    int field, best, worst;     /* levels */
    double *mean;               /* [nlevels]; NAN: none */
    int balanced, blocks;       /* combinations of the other fields that went in */
};
struct ablation_missing { int value[ABLATION_FIELDS]; };
struct ablation_paper {
    const char *label, *source; /* "tie=none", "section 3.2, base, GLUE dev" */
    double value;
};
struct ablation {
    struct arena arena;
    struct ablation_field fields[ABLATION_FIELDS];
    int nfields;
    struct ablation_metric metrics[ABLATION_METRICS];
    int nmetrics, ranked;       /* ranked: index; -1: none */
    struct ablation_row *rows;
    int nrows, baseline;        /* baseline: -1 without rows */
    struct ablation_effect *effects; /* of fields with two levels or more */
    int neffects;
    struct ablation_missing *missing;
    int nmissing;               /* cells of the grid without any run; 0 too when the grid is huge */
    const struct ablation_paper **paper;
    int npaper;
    int at;                     /* enum ablation_at, as it was read */
    int64_t step;               /* ABLATION_COMMON: read at it, at most */
    int unequal;                /* rows whose budget differs */
    int nruns, left_out, repeated; /* runs used, failed or without a value, older twins of a seed */
};
/* E_USAGE names an unknown field, metric or baseline. Rows are in the order of the levels.
 * ablation_free in every case. */
int ablation_open(struct ablation *t, struct query *q, const struct ablation_args *a,
                  struct err *err);
void ablation_free(struct ablation *t);
/* "last common step 1000", "each run's end, steps 20 to 2343" */
char *ablation_where(const struct ablation *t, char *out, int size);
/* Order of the rows by a metric, best first (rows without a value last); own metrics keep the
 * table's order. order[nrows]. */
void ablation_order(const struct ablation *t, int metric, int *order);
/* One line a row and metric, heading first: the fields, then n, mean, sd and the rest. order NULL:
 * the table's. Returns the rows written. */
int ablation_csv(const struct ablation *t, const int *order, struct csv_out *out);
#endif
