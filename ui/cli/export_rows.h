/* The store as CSV: what `export X` and the command X --csv both write. */
#ifndef ES_UI_CLI_EXPORT_ROWS_H
#define ES_UI_CLI_EXPORT_ROWS_H
#include <stdio.h>

#include "db/query.h"
#include "experiments/workspace.h"
#include "ui/cli/cli.h"

enum export_kind { EXPORT_RUNS, EXPORT_METRICS, EXPORT_TOKENS, EXPORT_SCORES };
struct export_filter {
    const char *const *runs; /* by number or name, in this order */
    int nruns;               /* 0: all, oldest first */
    const char *metric;      /* metrics: only this one; NULL: all */
    int source;              /* tokens: index into EXPORT_SOURCES */
    int archived;
};
#define EXPORT_SOURCES "snapshot|probe|user|live"
/* enum token_source of the n-th of EXPORT_SOURCES. */
int export_source(int n);
/* Calls each(ud, run) for the runs of the filter. */
int export_each_run(struct query *q, const struct export_filter *x,
                    int (*each)(void *ud, const struct query_run *run, struct err *err), void *ud,
                    struct err *err);
int export_rows(FILE *f, const struct workspace *w, struct query *q, enum export_kind kind,
                const struct export_filter *x, struct err *err);
#endif
