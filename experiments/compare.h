/* Two to eight runs side by side: what differs in their configurations, and their results where
 * all have come to. */
#ifndef ES_EXPERIMENTS_COMPARE_H
#define ES_EXPERIMENTS_COMPARE_H
#include <stdint.h>

#include "db/query.h"
#include "src/base/arena.h"

struct csv_out;
struct err;

#define COMPARE_RUNS 8
/* A field of the configuration, or a fact about the run: one text a run. */
struct compare_line {
    const char *name;
    const char *value[COMPARE_RUNS];
    int differs;
};
struct compare_metric {
    char name[96];
    int id;                /* of metric.h; -1: a score; -2: steps until a level was reached */
    int better, decimals, share, own;
    double value[COMPARE_RUNS]; /* NAN: none */
    int best;              /* index of the best run, -1: not to be ranked, or equal */
};
enum compare_at { COMPARE_COMMON, COMPARE_LAST, COMPARE_BEST };
struct compare {
    struct arena arena;
    int n;
    struct query_run *runs[COMPARE_RUNS];
    struct compare_line *lines; /* those that differ first */
    int nlines, ndiffer;
    struct compare_metric *metrics;
    int nmetrics, at;
    int64_t step;          /* COMPARE_COMMON: the last step that all have reached */
};
/* E_USAGE unless 2 to 8 runs, all different. compare_close in every case. */
int compare_open(struct compare *c, struct query *q, const int64_t *ids, int n, enum compare_at at,
                 struct err *err);
void compare_close(struct compare *c);
/* kind (config, result), name, a column a run, the best; of two the second less the first. all: equal
 * lines too. Returns the rows. */
int compare_csv(const struct compare *c, int all, struct csv_out *out);
#endif
