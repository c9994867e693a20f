/* electroscope curves: how the metrics of runs went, without a terminal. */
#include <math.h>
#include <string.h>

#include "ui/cli/export_rows.h"
#include "ui/cli/print.h"
#include "ui/cli/sheet.h"

#define TREND 24

struct args {
    const char *metric;
    int csv, json, md, archived;
};
struct curves {
    struct query *q;
    int metric; /* -1: all */
    struct sheet *sheet;
};

/* A value a cell, lowest to highest of the series; '!' where it is not finite. */
static void trend(const struct query_bucket *b, int n, char *out, size_t size)
{
    static const char *const levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double lo = INFINITY, hi = -INFINITY;
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        lo = fmin(lo, b[i].mean);
        hi = fmax(hi, b[i].mean);
    }
    out[0] = 0;
    for (int i = 0; i < n && at + 4 < size; i++) {
        int level = hi > lo ? (int)((b[i].mean - lo) / (hi - lo) * 7.999) : 3;
        at += (size_t)snprintf(out + at, size - at, "%s",
                               b[i].nonfinite || isnan(b[i].mean) ? "!" : levels[level]);
    }
}

static void value(struct sheet *s, double v, const struct metric_info *m)
{
    if (isnan(v) || (fabs(v) < 1e6 && fabs(v) >= 1e-3) || !(fabs(v) > 0))
        sheet_cellf(s, "%.*f", m->decimals > 4 ? 6 : m->decimals, v);
    else
        sheet_cellf(s, "%.3e", v);
}

static int lines_of(void *ud, const struct query_run *run, struct err *err)
{
    struct curves *x = ud;
    int ids[METRIC_COUNT * 2], n = query_metrics(x->q, run->id, ids, err), rc = 0;
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < n && rc >= 0; i++) {
        struct query_bucket *b;
        struct query_summary s;
        char spark[4 * TREND + 1];
        if (x->metric >= 0 && ids[i] != x->metric)
            continue;
        rc = query_metric_summary(x->q, run->id, ids[i], &s, err);
        int buckets = rc > 0 ? query_series(x->q, run->id, ids[i], 0, -1, TREND, &a, &b, err) : 0;
        if (rc <= 0 || buckets < 0) {
            rc = buckets < 0 ? buckets : rc;
            continue;
        }
        const struct metric_info *m = metric_get(ids[i]);
        trend(b, buckets, spark, sizeof spark);
        sheet_cell(x->sheet, run->name);
        sheet_cell(x->sheet, metric_name(ids[i]));
        sheet_cellf(x->sheet, "%lld", (long long)s.n);
        sheet_cellf(x->sheet, "%lld", (long long)s.last_step);
        value(x->sheet, s.last, m);
        if (m->better && isfinite(s.best))
            value(x->sheet, s.best, m);
        else
            sheet_cell(x->sheet, "-");
        sheet_cell(x->sheet, spark);
    }
    arena_free(&a);
    return n < 0 ? n : rc < 0 ? rc : 0;
}

/* The points of one series as one JSON object a line. */
static int json_of(void *ud, const struct query_run *run, struct err *err)
{
    struct curves *x = ud;
    int ids[METRIC_COUNT * 2], n = query_metrics(x->q, run->id, ids, err);
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < n; i++) {
        struct query_point *p;
        struct json_out j = {.f = stdout};
        if (x->metric >= 0 && ids[i] != x->metric)
            continue;
        int points = query_points(x->q, run->id, ids[i], &a, &p, err);
        n = points < 0 ? points : n;
        for (int k = 0; k < points; k++) {
            json_open(&j, NULL, '{');
            json_int(&j, "run", run->id);
            json_int(&j, "step", p[k].step);
            json_text(&j, "metric", metric_name(ids[i]));
            json_double(&j, "value", p[k].value);
            json_double(&j, "wall_time", p[k].wall);
            json_int(&j, "tokens", p[k].tokens);
            json_close(&j, '}');
            json_end(&j);
        }
        arena_reset(&a);
    }
    arena_free(&a);
    return n < 0 ? n : 0;
}

static int table(struct curves *x, const struct export_filter *f, int md, struct err *err)
{
    static const char *const heads[] = {"run", "metric", "points", "step", "last", "best", "trend"};
    x->sheet = sheet_new("llrrrrl");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        sheet_cell(x->sheet, heads[i]);
    int rc = export_each_run(x->q, f, lines_of, x, err);
    int end = sheet_end(x->sheet, stdout, md ? SHEET_MD : SHEET_TEXT, rc ? NULL : err);
    return rc ? rc : end;
}

static int run(struct cli *c, struct err *err)
{
    const struct args *a = c->own;
    struct export_filter f = {c->args, c->nargs, a->metric, 0, a->archived};
    struct workspace w;
    if (a->csv + a->json + a->md > 1)
        return err_set(err, E_USAGE, "curves: one of --csv, --json and --md");
    struct curves x = {.metric = a->metric ? metric_find(a->metric) : -1};
    if (a->metric && x.metric < 0 && !a->csv)
        return err_set(err, E_USAGE, "--metric: there is no such metric; `electroscope curves` "
                       "lists those of each run");
    int rc = cli_workspace(c, 0, &w, err);
    x.q = rc ? NULL : query_open(w.db, err);
    if (!x.q)
        return rc ? rc : err->code;
    rc = a->csv    ? export_rows(stdout, &w, x.q, EXPORT_METRICS, &f, err)
         : a->json ? export_each_run(x.q, &f, json_of, &x, err)
                   : table(&x, &f, a->md, err);
    query_close(x.q);
    return rc;
}

#define AT(member) offsetof(struct args, member)
static const struct option_row options[] = {
    {.name = "metric", .kind = OPTION_TEXT, .offset = AT(metric), .arg = "NAME",
     .help = "only this metric"},
    {.name = "archived", .kind = OPTION_FLAG, .offset = AT(archived), .help = "archived runs too"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = AT(csv),
     .help = "every point: the rows of `export metrics`"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "every point, one JSON object a line"},
    {.name = "md", .kind = OPTION_FLAG, .offset = AT(md), .help = "the summary as a Markdown table"},
    {.name = NULL},
};

const struct command cmd_curves = {.options = options, .own_size = sizeof(struct args),
                                   .max_args = -1, .run = run};
