/* Metrics of the table, where they are read, and their tests. See ablation_int.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/ablation_int.h"
#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/task/task.h"

#define SHOW(s) visible((char[128]){0}, 128, (s))
#define EQUAL_BUDGET 0.02
#define KEY 0x656C656374726F73u

/* Held-out metrics of every table, in order; own: see ablation.h. */
static const struct { int id, own; } usual[] = {
    {METRIC_VAL + METRIC_rtd_auc_common, 0}, {METRIC_VAL + METRIC_mlm_loss_masked, 0},
    {METRIC_VAL + METRIC_disc_skill, 1},     {METRIC_VAL + METRIC_rtd_auc, 1},
    {METRIC_VAL + METRIC_disc_loss, 1},      {METRIC_VAL + METRIC_main_loss, 1},
};
#define USUAL ((int)(sizeof usual / sizeof usual[0]))
#define NOT_OWN 1 /* of the usual ones, the first that are ranked */

/* Losses and shares that depend on what the run itself put into the text. */
static int is_own(int id)
{
    static const int own[] = {
        METRIC_total_loss, METRIC_gen_loss, METRIC_disc_loss, METRIC_main_loss, METRIC_rtd_auc,
        METRIC_rtd_precision, METRIC_rtd_recall, METRIC_rtd_accuracy, METRIC_rtd_majority,
        METRIC_fake_share, METRIC_said_share, METRIC_disc_skill, METRIC_leaf_angle,
        METRIC_sampled_accuracy, METRIC_gen_entropy, METRIC_rl_loss,
        METRIC_baseline_loss,
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (id % METRIC_VAL == own[i])
            return 1;
    return 0;
}

static int has_metric(const struct query_run *r, int id)
{
    return id >= METRIC_VAL ? r->val_has[id - METRIC_VAL] : r->has[id];
}

static int any_has(const struct work *w, int id)
{
    for (int i = 0; i < w->n; i++)
        if (has_metric(w->used[i].run, id))
            return 1;
    return 0;
}

static struct ablation_metric *add_metric(struct ablation *t, const char *name)
{
    for (int i = 0; i < t->nmetrics; i++)
        if (!strcmp(t->metrics[i].name, name))
            return &t->metrics[i];
    if (t->nmetrics == ABLATION_METRICS)
        return NULL;
    struct ablation_metric *m = &t->metrics[t->nmetrics++];
    *m = (struct ablation_metric){.id = -1, .better = 1, .decimals = 1, .unit = "", .help = ""};
    snprintf(m->name, sizeof m->name, "%s", name);
    return m;
}

static void add_stored(struct ablation *t, int id, int own)
{
    const struct metric_info *info = metric_get(id);
    struct ablation_metric *m = add_metric(t, metric_name(id));
    if (!m)
        return;
    m->id = id;
    m->own = own;
    m->better = info->better;
    m->decimals = info->decimals;
    m->unit = info->unit;
    m->help = info->help;
    m->share = metric_is_share(id);
}

/* The main score of a task; of minimal pairs those of both networks. */
static int is_main_score(const struct query_score *s)
{
    const struct task *task = task_find(s->task);
    return !strcmp(s->metric, task ? task->metric : "accuracy") ||
           (!task && !strcmp(s->metric, "generator_accuracy"));
}

static void score_name(const struct query_score *s, char *out, size_t size)
{
    snprintf(out, size, "%.40s %.40s", s->task, s->metric);
}

/* Scores of the used runs only. */
static const struct query_run *run_of_score(const struct work *w, const struct query_score *s)
{
    for (int i = 0; i < w->n; i++)
        if (w->used[i].run->id == s->run)
            return w->used[i].run;
    return NULL;
}

struct scores {
    struct query_score *rows;
    int n;
};

static void list_metrics(struct work *w, const struct scores *s)
{
    char name[96];
    for (int i = 0; i < NOT_OWN + 1; i++)
        if (any_has(w, usual[i].id))
            add_stored(w->t, usual[i].id, 0);
    for (int i = 0; i < s->n; i++) {
        if (!is_main_score(&s->rows[i]) || !run_of_score(w, &s->rows[i]))
            continue;
        score_name(&s->rows[i], name, sizeof name);
        if (w->t->nmetrics < ABLATION_METRICS - 4)
            add_metric(w->t, name);
    }
    for (int i = NOT_OWN + 1; i < USUAL; i++)
        if (any_has(w, usual[i].id))
            add_stored(w->t, usual[i].id, 1);
}

static int asked_metric(struct work *w, const struct scores *s, struct err *err)
{
    const char *name = w->a->metric;
    char score[96];
    int id = metric_find(name);
    for (int i = 0; i < s->n && id < 0; i++) {
        score_name(&s->rows[i], score, sizeof score);
        if (!strcmp(score, name) || !strcmp(s->rows[i].task, name)) {
            if (!strcmp(score, name) || is_main_score(&s->rows[i]))
                return add_metric(w->t, score)
                           ? 0 : err_set(err, E_USAGE, "there are too many metrics already");
        }
    }
    if (id < 0)
        return err_set(err, E_USAGE, "there is no metric and no score '%s'", SHOW(name));
    if (is_own(id))
        return err_set(err, E_USAGE, "%s depends on what each run itself puts into the text, so "
                       "runs are not ranked by it; rank by val_rtd_auc_common, "
                       "val_mlm_loss_masked or a score", metric_name(id));
    add_stored(w->t, id, 0);
    return 0;
}

/* The place: see ablation.h. */
static void choose_place(struct work *w)
{
    struct ablation *t = w->t;
    int equal = 1;
    t->step = INT64_MAX;
    for (int i = 0; i < w->n; i++) {
        const struct query_run *r = w->used[i].run;
        equal &= r->config.steps == w->used[0].run->config.steps;
        t->step = r->step < t->step ? r->step : t->step;
    }
    t->at = w->a->at >= 0 ? w->a->at : equal ? ABLATION_COMMON : ABLATION_END;
    if (!w->n)
        t->step = 0;
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The median over the seeds of fine-tuning, at the newest checkpoint that was tuned. */
static double score_of(const struct scores *s, int64_t run, const char *name, double *room)
{
    char mine[96];
    int64_t newest = -1;
    int n = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < s->n; i++) {
            const struct query_score *x = &s->rows[i];
            score_name(x, mine, sizeof mine);
            if (x->run != run || strcmp(mine, name))
                continue;
            if (!pass)
                newest = x->checkpoint_step > newest ? x->checkpoint_step : newest;
            else if (x->checkpoint_step == newest && isfinite(x->value))
                room[n++] = x->value;
        }
    }
    if (!n)
        return NAN;
    qsort(room, (size_t)n, sizeof *room, by_double);
    return (room[(n - 1) / 2] + room[n / 2]) / 2;
}

/* The last value at or before the place, with the step and tokens it stands at. */
static int stored_at(struct work *w, const struct query_run *r, int id, double *value,
                     int64_t *step, double *tokens, struct err *err)
{
    struct arena a;
    struct query_point *p;
    *value = NAN;
    if (!has_metric(r, id))
        return 0;
    arena_init(&a);
    int n = query_points(w->q, r->id, id, &a, &p, err), i = n - 1;
    while (i >= 0 && w->t->at == ABLATION_COMMON && p[i].step > w->t->step)
        i--;
    if (i >= 0) {
        *value = p[i].value;
        *step = p[i].step;
        *tokens = (double)p[i].tokens;
    }
    arena_free(&a);
    return n < 0 ? n : 0;
}

static int flops_at(struct work *w, const struct query_run *r, int64_t step, double *flops,
                    struct err *err)
{
    struct arena a;
    struct query_bucket *b;
    arena_init(&a);
    int n = query_series(w->q, r->id, METRIC_flops_paper, 0, step, 1, &a, &b, err);
    *flops = n > 0 ? b[n - 1].last : NAN;
    arena_free(&a);
    return n < 0 ? n : 0;
}

static int read_run(struct work *w, const struct scores *s, double *room, struct ablation_row *row,
                    int k, const struct query_run *r, struct err *err)
{
    struct ablation *t = w->t;
    int64_t step = t->at == ABLATION_COMMON ? t->step : r->step;
    double tokens = (double)r->tokens, flops;
    int rc = 0, placed = 0;
    for (int m = 0; m < t->nmetrics && !rc; m++) {
        double *v = &row->cell[m].values[k];
        int64_t at = step;
        double spent = tokens;
        if (t->metrics[m].id < 0) {
            *v = score_of(s, r->id, t->metrics[m].name, room);
            continue;
        }
        rc = stored_at(w, r, t->metrics[m].id, v, &at, &spent, err);
        if (!rc && !placed && !isnan(*v)) {
            placed = 1;
            step = at;
            tokens = spent;
        }
    }
    if (!rc)
        rc = flops_at(w, r, step, &flops, err);
    if (rc)
        return rc;
    row->step_lo = !k || step < row->step_lo ? step : row->step_lo;
    row->step_hi = !k || step > row->step_hi ? step : row->step_hi;
    row->tokens += tokens / row->n;
    row->flops += flops / row->n;
    return 0;
}

static int read_rows(struct work *w, const struct scores *s, struct err *err)
{
    struct ablation *t = w->t;
    double *room = arena_alloc(&t->arena, (size_t)s->n + 1, sizeof *room);
    int at = 0, rc = room ? 0 : err_nomem(err, "the table of ablations");
    for (int i = 0; i < t->nrows && !rc; i++) {
        struct ablation_row *row = &t->rows[i];
        for (int m = 0; m < t->nmetrics; m++) {
            row->cell[m].values = arena_alloc(&t->arena, (size_t)row->n, sizeof(double));
            if (!row->cell[m].values)
                return err_nomem(err, "the table of ablations");
        }
        for (int k = 0; k < row->n && !rc; k++, at++)
            rc = read_run(w, s, room, row, k, w->used[at].run, err);
        for (int m = 0; m < t->nmetrics && !rc; m++)
            stats_of(row->cell[m].values, row->n, &row->cell[m].s);
    }
    return rc;
}

static void rank(struct work *w)
{
    struct ablation *t = w->t;
    int most = 0;
    t->ranked = -1;
    for (int m = 0; m < t->nmetrics; m++) {
        int rows = 0;
        for (int i = 0; i < t->nrows; i++)
            rows += t->rows[i].cell[m].s.n > 0;
        if (!t->metrics[m].own && t->metrics[m].better && rows > most) {
            most = rows;
            t->ranked = m;
        }
    }
    if (w->a->metric && *w->a->metric)
        for (int m = 0; m < t->nmetrics; m++) {
            size_t n = strlen(w->a->metric);
            const char *name = t->metrics[m].name;
            if (!strcmp(name, w->a->metric) ||
                (!strncmp(name, w->a->metric, n) && name[n] == ' '))
                t->ranked = m;
        }
}

/* Pairs match on used[].seed; rows hold their runs in the order of `used`. */
static struct stats_arm arm(const struct work *w, int row, int m, int64_t *keys)
{
    const struct ablation_row *r = &w->t->rows[row];
    int n = 0;
    for (int i = 0; i < w->n; i++)
        if (w->used[i].row == row)
            keys[n++] = w->used[i].seed;
    return (struct stats_arm){r->cell[m].values, keys, r->n};
}

static void test_metric(struct work *w, int m, int64_t *keys, double *p, double *holm)
{
    struct ablation *t = w->t;
    const struct ablation_metric *info = &t->metrics[m];
    struct stats_arm base = arm(w, t->baseline, m, keys);
    int best = -1, with = 0;
    for (int i = 0; i < t->nrows; i++) {
        struct ablation_cell *c = &t->rows[i].cell[m];
        struct stats_arm mine = arm(w, i, m, keys + base.n);
        c->test = (struct stats_test){STATS_NONE, 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
        if (i != t->baseline && !info->own && info->better)
            stats_compare(&mine, &base, KEY, &c->test);
        else if (i != t->baseline)
            c->test.diff = c->s.mean - t->rows[t->baseline].cell[m].s.mean;
        p[i] = c->test.p;
        if (info->own || !info->better || !c->s.n)
            continue;
        with++;
        if (best < 0 || info->better * (c->s.mean - t->rows[best].cell[m].s.mean) > 0)
            best = i;
    }
    if (with > 1)
        t->rows[best].cell[m].best = 1;
    stats_holm(p, t->nrows, holm);
    for (int i = 0; i < t->nrows; i++) {
        struct ablation_cell *c = &t->rows[i].cell[m];
        int have = c->s.n < t->rows[t->baseline].cell[m].s.n ? c->s.n
                                                             : t->rows[t->baseline].cell[m].s.n;
        c->p_holm = holm[i];
        c->verdict = stats_verdict(&c->test, holm[i], have, &c->further);
    }
}

static int test_all(struct work *w, struct err *err)
{
    struct ablation *t = w->t;
    struct arena *a = &t->arena;
    int64_t *keys = arena_alloc(a, 2 * (size_t)w->n + 1, sizeof *keys);
    double *p = arena_alloc(a, 2 * (size_t)t->nrows + 1, sizeof *p);
    if (!keys || !p)
        return err_nomem(err, "the table of ablations");
    for (int m = 0; m < t->nmetrics; m++)
        test_metric(w, m, keys, p, p + t->nrows);
    for (int i = 0; i < t->nrows; i++) {
        double base = t->rows[t->baseline].tokens;
        double flops = t->rows[t->baseline].flops;
        int tokens = fabs(t->rows[i].tokens - base) > EQUAL_BUDGET * base;
        int spent = fabs(t->rows[i].flops - flops) > EQUAL_BUDGET * flops;
        t->rows[i].unequal = tokens && (t->at != ABLATION_END || isnan(flops) || spent);
        t->unequal += t->rows[i].unequal;
    }
    return 0;
}

int ablation_values(struct work *w, struct err *err)
{
    struct scores s = {NULL, 0};
    int rc = query_scores(w->q, 0, NULL, &w->t->arena, &s.rows, err);
    if (rc < 0)
        return rc;
    s.n = rc;
    list_metrics(w, &s);
    rc = w->a->metric && *w->a->metric ? asked_metric(w, &s, err) : 0;
    if (rc)
        return rc;
    choose_place(w);
    rc = read_rows(w, &s, err);
    if (rc)
        return rc;
    rank(w);
    return w->t->nrows ? test_all(w, err) : 0;
}
