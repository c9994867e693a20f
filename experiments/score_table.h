/* Results of fine-tuning as a table: a row for each start (a run's checkpoint, or a model), a column
 * for each task, over the seeds of the newest settings. */
#ifndef ES_EXPERIMENTS_SCORE_TABLE_H
#define ES_EXPERIMENTS_SCORE_TABLE_H
#include <stdint.h>

#include "db/query.h"
#include "experiments/stats.h"
#include "src/base/arena.h"

struct csv_out;
struct err;

#define SCORE_TASKS 24
struct score_task {
    char name[64], metric[64]; /* the main one */
    double majority;           /* of always giving the most frequent answer; NAN: none */
};
struct score_cell {
    struct stats s;            /* s.n 0: not tuned */
    int stuck, first, seeds;   /* seeds that failed; rows [first, first + seeds) of score_table */
};
struct score_row {
    int64_t run, step;         /* run 0: a model from elsewhere */
    const char *model;
    int random;                /* started from random weights */
    char label[96];            /* "name @ 10k", or the model's directory */
    struct score_cell cell[SCORE_TASKS];
    double glue;               /* the paper's average over the GLUE tasks there are; NAN */
    int glue_tasks;
};
struct score_table {
    struct arena arena;
    struct query_score *scores; /* by start, task, newest settings first, seed */
    int nscores;
    struct score_task tasks[SCORE_TASKS];
    int ntasks, left_out;       /* left_out: tasks beyond SCORE_TASKS */
    struct score_row *rows;     /* newest start first */
    int nrows;
};
/* score_table_close in every case. */
int score_table_open(struct score_table *t, struct query *q, struct err *err);
void score_table_close(struct score_table *t);
/* What the tuned network of a score got wrong, the surest first; their number. replaced: those of a later
 * fine-tuning of the same run, step, task and seed by other settings stand in their place. */
int score_errors(struct query *q, const struct score_table *t, const struct query_score *x, struct arena *a,
                 struct query_mistake **out, int *replaced);
/* Errors of a tuned network that are stored at most, the surest. */
extern const int score_errors_kept;
/* A line a start and task. Returns the rows. */
int score_table_csv(const struct score_table *t, struct csv_out *out);
#endif
