/* See export_rows.h. */
#include "ui/cli/export_rows.h"

#include <stdlib.h>

#include "experiments/pieces.h"
#include "src/base/visible.h"
#include "ui/cli/rows.h"
#include "ui/cli/score_rows.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))

struct export {
    const struct workspace *w;
    const struct export_filter *x;
    struct query *q;
    struct csv_out *out;
    enum export_kind kind;
    int metric;
};

int export_source(int n)
{
    static const int sources[] = {TOKENS_SNAPSHOT, TOKENS_PROBE, TOKENS_USER, TOKENS_LIVE};
    return sources[n];
}

static const char *piece(const void *ud, int id)
{
    return pieces_get(ud, id);
}

static int tokens_of(struct export *x, const struct query_run *run, struct err *err)
{
    int source = export_source(x->x->source), n = 0;
    struct arena a;
    arena_init(&a);
    int64_t *steps = NULL, live = 0, step;
    double age;
    if (source == TOKENS_LIVE)
        n = 1, steps = &live;
    else
        n = query_snapshots(x->q, run->id, source, &a, &steps, err);
    struct pieces *pieces = n > 0 ? pieces_open(x->w, &run->config, run->checkpoint, err) : NULL;
    int rc = n < 0 ? n : n && !pieces ? err->code : 0;
    for (int i = 0; !rc && i < n; i++) {
        struct token_seq **seqs;
        int count = query_tokens(x->q, run->id, source, steps[i], &a, &seqs, &step, &age, err);
        struct rows_source s = {.token = piece, .ud = pieces, .run = run->id, .step = step,
                                .has_generator = 1, .has_discriminator = 1};
        for (int k = 0; k < count; k++)
            rows_tokens(x->out, seqs[k], &s);
        rc = count < 0 && !(source == TOKENS_LIVE && count == E_NOTFOUND) ? count : 0;
    }
    pieces_close(pieces);
    arena_free(&a);
    return rc;
}

static int one(void *ud, const struct query_run *run, struct err *err)
{
    struct export *x = ud;
    switch (x->kind) {
    case EXPORT_METRICS:
        return rows_metrics(x->out, x->q, run->id, x->metric, err);
    case EXPORT_TOKENS:
        return tokens_of(x, run, err);
    case EXPORT_SCORES:
        return score_rows(x->out, x->q, run->id, NULL, err);
    case EXPORT_RUNS:
        break;
    }
    rows_run(x->out, run);
    return 0;
}

static int named_runs(struct query *q, const struct export_filter *x,
                      int (*each)(void *ud, const struct query_run *run, struct err *err), void *ud,
                      struct err *err)
{
    struct query_run *run = calloc(1, sizeof *run);
    int rc = run ? 0 : err_nomem(err, "the run");
    for (int i = 0; !rc && i < x->nruns; i++) {
        rc = query_run_find(q, x->runs[i], run, err);
        if (!rc)
            rc = each(ud, run, err);
    }
    free(run);
    return rc;
}

int export_each_run(struct query *q, const struct export_filter *x,
                    int (*each)(void *ud, const struct query_run *run, struct err *err), void *ud,
                    struct err *err)
{
    if (x->nruns)
        return named_runs(q, x, each, ud, err);
    struct arena a;
    struct query_run *runs;
    int rc = 0;
    arena_init(&a);
    int n = query_runs(q, x->archived, &a, &runs, err);
    for (int i = n - 1; !rc && i >= 0; i--)
        rc = each(ud, &runs[i], err);
    arena_free(&a);
    return n < 0 ? n : rc;
}

static void heading(struct export *x)
{
    switch (x->kind) {
    case EXPORT_RUNS: rows_runs_heading(x->out); break;
    case EXPORT_METRICS: rows_metrics_heading(x->out); break;
    case EXPORT_TOKENS: rows_tokens_heading(x->out); break;
    case EXPORT_SCORES: score_rows_heading(x->out); break;
    }
}

int export_rows(FILE *f, const struct workspace *w, struct query *q, enum export_kind kind,
                const struct export_filter *filter, struct err *err)
{
    struct export x = {.w = w, .x = filter, .q = q, .kind = kind,
                       .metric = filter->metric ? metric_find(filter->metric) : -1};
    if (filter->metric && x.metric < 0)
        return err_set(err, E_USAGE, "--metric: there is no metric '%s'", SHOW(filter->metric));
    x.out = csv_new(f);
    if (!x.out)
        return err_nomem(err, "the export");
    heading(&x);
    int rc = kind == EXPORT_SCORES && !filter->nruns /* of models from elsewhere, too */
                 ? score_rows(x.out, q, 0, NULL, err)
                 : export_each_run(q, filter, one, &x, err);
    int end = csv_finish(x.out, rc ? NULL : err);
    return rc ? rc : end;
}
