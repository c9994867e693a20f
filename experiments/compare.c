/* See compare.h. */
#include "experiments/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "src/task/task.h"

#define METRICS_MOST 64

/* Results in the order they are read; the first are held out. own: depends on the run's fakes. */
static const struct { int id, own; } shown[] = {
    {METRIC_VAL + METRIC_rtd_auc_common, 0}, {METRIC_VAL + METRIC_mlm_loss_masked, 0},
    {METRIC_VAL + METRIC_mlm_accuracy, 0},   {METRIC_VAL + METRIC_main_loss, 1},
    {METRIC_VAL + METRIC_disc_skill, 1},     {METRIC_VAL + METRIC_rtd_auc, 1},
    {METRIC_VAL + METRIC_rtd_recall, 1},     {METRIC_VAL + METRIC_rtd_precision, 1},
    {METRIC_VAL + METRIC_disc_loss, 1},      {METRIC_VAL + METRIC_total_loss, 1},
    {METRIC_VAL + METRIC_sampled_accuracy, 1}, {METRIC_total_loss, 1}, {METRIC_gen_loss, 1},
    {METRIC_disc_loss, 1},                   {METRIC_tokens_per_s, 0}, {METRIC_flops, 0},
    {METRIC_flops_paper, 0},
};

static int add_line(struct compare *c, const char *name, const char *const *value)
{
    struct compare_line *l = &c->lines[c->nlines++];
    l->name = name;
    for (int i = 0; i < c->n; i++) {
        l->value[i] = arena_strdup(&c->arena, value[i]);
        if (!l->value[i])
            return E_NOMEM;
        l->differs |= strcmp(l->value[i], l->value[0]) != 0;
    }
    return 0;
}

static void fact(const struct query_run *r, int k, char *out, size_t size)
{
    switch (k) {
    case 0: snprintf(out, size, "%" PRId64, (int64_t)r->params); break;
    case 1: snprintf(out, size, "%016" PRIx64, r->corpus_hash); break;
    case 2: snprintf(out, size, "%s", r->program); break;
    case 3: snprintf(out, size, "%s", r->kernel); break;
    case 4: snprintf(out, size, "%s", r->blas_core); break;
    case 5: snprintf(out, size, "%s", run_state_name(r->state)); break;
    default: snprintf(out, size, "%" PRId64, r->step); break;
    }
}

static int add_lines(struct compare *c, struct err *err)
{
    static const char *const facts[] = {"params", "corpus_hash", "program", "kernel", "blas_core",
                                        "state", "step"};
    char text[COMPARE_RUNS][CONFIG_TEXT];
    const char *value[COMPARE_RUNS];
    int rc = 0;
    c->lines = arena_zalloc(&c->arena, (size_t)config_nfields + 8, sizeof *c->lines);
    for (int i = 0; i < c->n; i++)
        value[i] = text[i];
    for (int f = 0; f < config_nfields && c->lines && !rc; f++) {
        if (!strcmp(config_fields[f].name, "name"))
            continue;
        for (int i = 0; i < c->n; i++)
            config_show(&c->runs[i]->config, &config_fields[f], text[i], CONFIG_TEXT);
        rc = add_line(c, config_fields[f].name, value);
    }
    for (int k = 0; k < 7 && c->lines && !rc; k++) {
        for (int i = 0; i < c->n; i++)
            fact(c->runs[i], k, text[i], CONFIG_TEXT);
        rc = add_line(c, facts[k], value);
    }
    return rc || !c->lines ? err_nomem(err, "the comparison") : 0;
}

/* Differences first, else the order of the table. */
static int differences_first(struct compare *c, struct err *err)
{
    struct compare_line *sorted = arena_alloc(&c->arena, (size_t)c->nlines + 1, sizeof *sorted);
    int n = 0;
    if (!sorted)
        return err_nomem(err, "the comparison");
    for (int pass = 1; pass >= 0; pass--) {
        for (int i = 0; i < c->nlines; i++)
            if (c->lines[i].differs == pass)
                sorted[n++] = c->lines[i];
        if (pass)
            c->ndiffer = n;
    }
    c->lines = sorted;
    return 0;
}

static int value_at(struct compare *c, struct query *q, const struct query_run *r, int id, double *v,
                    struct err *err)
{
    struct arena a;
    struct query_bucket *b;
    int held = id >= METRIC_VAL, k = id % METRIC_VAL;
    *v = NAN;
    if (!(held ? r->val_has[k] : r->has[k]))
        return 0;
    if (c->at == COMPARE_BEST && metric_get(id)->better) {
        *v = held ? r->val_best[k] : r->best[k];
        return 0;
    }
    if (c->at != COMPARE_COMMON || r->step <= c->step) {
        *v = held ? r->val_last[k] : r->last[k];
        return 0;
    }
    arena_init(&a);
    int n = query_series(q, r->id, id, 0, c->step, 1, &a, &b, err);
    *v = n > 0 ? b[n - 1].last : NAN;
    arena_free(&a);
    return n < 0 ? n : 0;
}

/* The better run of all, when there is one and the metric may be ranked. */
static void find_best(const struct compare *c, struct compare_metric *m)
{
    double lo = INFINITY, hi = -INFINITY;
    m->best = -1;
    for (int i = 0; i < c->n; i++) {
        double v = m->value[i];
        if (!isfinite(v))
            continue;
        lo = fmin(lo, v);
        hi = fmax(hi, v);
        if (m->best < 0 || m->better * (v - m->value[m->best]) > 0)
            m->best = i;
    }
    if (m->own || !m->better || !(hi > lo))
        m->best = -1;
}

static struct compare_metric *next_metric(struct compare *c, const char *name, int id)
{
    struct compare_metric *m = &c->metrics[c->nmetrics];
    *m = (struct compare_metric){.id = id, .better = 1, .decimals = 1, .best = -1};
    snprintf(m->name, sizeof m->name, "%s", name);
    for (int i = 0; i < COMPARE_RUNS; i++)
        m->value[i] = NAN;
    return m;
}

static void keep_metric(struct compare *c, struct compare_metric *m)
{
    int any = 0;
    for (int i = 0; i < c->n; i++)
        any |= !isnan(m->value[i]);
    find_best(c, m);
    c->nmetrics += any;
}

static int add_metrics(struct compare *c, struct query *q, struct err *err)
{
    int rc = 0;
    for (size_t k = 0; k < sizeof shown / sizeof shown[0] && !rc; k++) {
        const struct metric_info *info = metric_get(shown[k].id);
        struct compare_metric *m = next_metric(c, metric_name(shown[k].id), shown[k].id);
        m->own = shown[k].own;
        m->better = shown[k].id == METRIC_tokens_per_s ? 1 : info->better;
        m->decimals = info->decimals;
        m->share = metric_is_share(shown[k].id);
        for (int i = 0; i < c->n && !rc; i++)
            rc = value_at(c, q, c->runs[i], shown[k].id, &m->value[i], err);
        keep_metric(c, m);
    }
    return rc;
}

/* Steps until each run had the common fakes' AUC that the weakest has at last. */
static int add_reach(struct compare *c, struct query *q, struct err *err)
{
    const int id = METRIC_VAL + METRIC_rtd_auc_common;
    const struct compare_metric *auc = NULL;
    char name[96], share[16];
    double level = INFINITY;
    for (int k = 0; k < c->nmetrics; k++)
        if (c->metrics[k].id == id)
            auc = &c->metrics[k];
    for (int i = 0; i < c->n; i++)
        level = auc && isfinite(auc->value[i]) ? fmin(level, auc->value[i]) : NAN;
    if (!isfinite(level))
        return 0;
    snprintf(share, sizeof share, "%.3f", level);
    snprintf(name, sizeof name, "steps to AUC common %s", share + (*share == '0'));
    struct compare_metric *m = next_metric(c, name, -2);
    m->better = -1;
    m->decimals = 0;
    for (int i = 0; i < c->n; i++) {
        struct arena a;
        struct query_point *p;
        arena_init(&a);
        int n = query_points(q, c->runs[i]->id, id, &a, &p, err);
        for (int k = 0; k < n && isnan(m->value[i]); k++)
            if (p[k].value >= level)
                m->value[i] = (double)p[k].step;
        arena_free(&a);
        if (n < 0)
            return n;
    }
    keep_metric(c, m);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Median over the fine-tuning seeds of a run's newest tuned checkpoint. */
static double median_of(const struct query_score *rows, int n, int64_t run, const struct query_score *like,
                        double *room)
{
    int64_t newest = -1;
    int k = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < n; i++) {
            const struct query_score *s = &rows[i];
            if (s->run != run || strcmp(s->task, like->task) || strcmp(s->metric, like->metric))
                continue;
            if (!pass)
                newest = s->checkpoint_step > newest ? s->checkpoint_step : newest;
            else if (s->checkpoint_step == newest && isfinite(s->value))
                room[k++] = s->value;
        }
    if (!k)
        return NAN;
    qsort(room, (size_t)k, sizeof *room, by_value);
    return (room[(k - 1) / 2] + room[k / 2]) / 2;
}

static int add_scores(struct compare *c, struct query *q, struct err *err)
{
    struct query_score *rows;
    int n = query_scores(q, 0, NULL, &c->arena, &rows, err);
    double *room = n > 0 ? arena_alloc(&c->arena, (size_t)n, sizeof *room) : NULL;
    if (n > 0 && !room)
        return err_nomem(err, "the comparison");
    for (int i = 0; i < n && c->nmetrics < METRICS_MOST; i++) {
        const struct task *task = task_find(rows[i].task);
        char name[96];
        int known = 0;
        if (strcmp(rows[i].metric, task ? task->metric : "accuracy"))
            continue;
        snprintf(name, sizeof name, "%.40s %.40s", rows[i].task, rows[i].metric);
        for (int k = 0; k < c->nmetrics; k++)
            known |= !strcmp(c->metrics[k].name, name);
        if (known)
            continue;
        struct compare_metric *m = next_metric(c, name, -1);
        for (int k = 0; k < c->n; k++)
            m->value[k] = median_of(rows, n, c->runs[k]->id, &rows[i], room);
        keep_metric(c, m);
    }
    return n < 0 ? n : 0;
}

static int find_runs(struct compare *c, struct query *q, const int64_t *ids, int n, struct err *err)
{
    struct query_run *all;
    int have = query_runs(q, 1, &c->arena, &all, err);
    if (have < 0)
        return have;
    if (n < 2 || n > COMPARE_RUNS)
        return err_set(err, E_USAGE, "two to %d runs can be compared, not %d", COMPARE_RUNS, n);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < have; k++)
            if (all[k].id == ids[i])
                c->runs[i] = &all[k];
        if (!c->runs[i])
            return err_set(err, E_NOTFOUND, "there is no run %" PRId64, ids[i]);
        for (int k = 0; k < i; k++)
            if (ids[k] == ids[i])
                return err_set(err, E_USAGE, "run %" PRId64 " is named twice", ids[i]);
        if (!i || c->runs[i]->step < c->step)
            c->step = c->runs[i]->step;
    }
    c->n = n;
    return 0;
}

int compare_open(struct compare *c, struct query *q, const int64_t *ids, int n, enum compare_at at,
                 struct err *err)
{
    memset(c, 0, sizeof *c);
    arena_init(&c->arena);
    c->at = (int)at;
    int rc = find_runs(c, q, ids, n, err);
    if (!rc)
        rc = add_lines(c, err);
    if (!rc)
        rc = differences_first(c, err);
    c->metrics = rc ? NULL : arena_zalloc(&c->arena, METRICS_MOST + 4, sizeof *c->metrics);
    if (!rc && !c->metrics)
        rc = err_nomem(err, "the comparison");
    if (!rc)
        rc = add_metrics(c, q, err);
    if (!rc)
        rc = add_reach(c, q, err);
    return rc ? rc : add_scores(c, q, err);
}

void compare_close(struct compare *c)
{
    arena_free(&c->arena);
    memset(c, 0, sizeof *c);
}

int compare_csv(const struct compare *c, int all, struct csv_out *out)
{
    int lines = all ? c->nlines : c->ndiffer;
    csv_text(out, "kind");
    csv_text(out, "name");
    for (int i = 0; i < c->n; i++)
        csv_text(out, c->runs[i]->name);
    csv_text(out, "best");
    if (c->n == 2)
        csv_text(out, "difference");
    csv_end_row(out);
    for (int k = 0; k < lines; k++) {
        csv_text(out, "config");
        csv_text(out, c->lines[k].name);
        for (int i = 0; i < c->n; i++)
            csv_text(out, c->lines[k].value[i]);
        csv_text(out, "");
        if (c->n == 2)
            csv_text(out, "");
        csv_end_row(out);
    }
    for (int k = 0; k < c->nmetrics; k++) {
        const struct compare_metric *m = &c->metrics[k];
        csv_text(out, "result");
        csv_text(out, m->name);
        for (int i = 0; i < c->n; i++)
            csv_known(out, m->value[i]);
        csv_text(out, m->best >= 0 ? c->runs[m->best]->name : "");
        if (c->n == 2)
            csv_known(out, m->value[1] - m->value[0]);
        csv_end_row(out);
    }
    return lines + c->nmetrics;
}
