/* See ablation.h. */
#include "experiments/ablation.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "db/csv.h"
#include "experiments/ablation_int.h"
#include "src/base/err.h"
#include "src/base/str.h"

static int has_value(const struct query_run *r)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        if (r->val_has[i] && isfinite(r->val_last[i]))
            return 1;
    return 0;
}

/* 1: a newer run of the same configuration and seed is there. */
static int is_repeated(const struct query_run *runs, int at, const unsigned char *in)
{
    for (int i = 0; i < at; i++) /* newest first */
        if (in[i] && runs[i].config_hash == runs[at].config_hash &&
            runs[i].corpus_hash == runs[at].corpus_hash)
            return 1;
    return 0;
}

/* The runs that the table is of: those with a value; when any is done, only those that are. */
static int choose_runs(struct work *w, struct err *err)
{
    struct ablation *t = w->t;
    struct query_run *runs;
    int n = query_runs(w->q, 0, &t->arena, &runs, err), done = 0;
    if (n < 0)
        return n;
    unsigned char *in = arena_zalloc(&t->arena, (size_t)n + 1, 1);
    w->used = arena_zalloc(&t->arena, (size_t)n + 1, sizeof *w->used);
    if (!in || !w->used)
        return err_nomem(err, "the table of ablations");
    for (int i = 0; i < n; i++) {
        if (w->a->keep && !w->a->keep(w->a->ud, &runs[i]))
            continue;
        in[i] = runs[i].state != RUN_FAILED && has_value(&runs[i]);
        t->left_out += !in[i];
        done += in[i] && runs[i].state == RUN_DONE;
    }
    for (int i = 0; i < n; i++) {
        if (!in[i])
            continue;
        if (done && !w->a->unfinished && runs[i].state != RUN_DONE) {
            in[i] = 0;
            t->left_out++;
        } else if (is_repeated(runs, i, in)) {
            in[i] = 0;
            t->repeated++;
        } else {
            w->used[w->n++].run = &runs[i];
        }
    }
    t->nruns = w->n;
    return 0;
}

int ablation_open(struct ablation *t, struct query *q, const struct ablation_args *a,
                  struct err *err)
{
    memset(t, 0, sizeof *t);
    arena_init(&t->arena);
    t->baseline = t->ranked = -1;
    struct work w = {.t = t, .q = q, .a = a};
    int rc = choose_runs(&w, err);
    if (!rc)
        rc = ablation_group(&w, err);
    if (!rc)
        rc = ablation_values(&w, err);
    return rc ? rc : ablation_effects(t, err);
}

void ablation_free(struct ablation *t)
{
    arena_free(&t->arena);
    memset(t, 0, sizeof *t);
}

char *ablation_where(const struct ablation *t, char *out, int size)
{
    int64_t lo = INT64_MAX, hi = 0;
    char a[32], b[32];
    for (int i = 0; i < t->nrows; i++) {
        lo = t->rows[i].step_lo < lo ? t->rows[i].step_lo : lo;
        hi = t->rows[i].step_hi > hi ? t->rows[i].step_hi : hi;
    }
    if (!t->nrows)
        snprintf(out, (size_t)size, "no runs");
    else if (lo == hi)
        snprintf(out, (size_t)size, "%s %s", t->at == ABLATION_END ? "each run's end, step" : "last common step",
                 str_grouped(b, sizeof b, hi));
    else
        snprintf(out, (size_t)size, "%s %s to %s",
                 t->at == ABLATION_END ? "each run's end, steps" : "last common steps", str_grouped(a, sizeof a, lo),
                 str_grouped(b, sizeof b, hi));
    return out;
}

void ablation_order(const struct ablation *t, int metric, int *order)
{
    for (int i = 0; i < t->nrows; i++)
        order[i] = i;
    if (metric < 0 || metric >= t->nmetrics || t->metrics[metric].own || !t->metrics[metric].better)
        return;
    int better = t->metrics[metric].better;
    for (int i = 1; i < t->nrows; i++) { /* few rows; equals keep their order */
        int row = order[i], k = i;
        double v = better * t->rows[row].cell[metric].s.mean;
        for (; k > 0; k--) {
            double u = better * t->rows[order[k - 1]].cell[metric].s.mean;
            if (!(v > u || (isnan(u) && !isnan(v))))
                break;
            order[k] = order[k - 1];
        }
        order[k] = row;
    }
}

static void heading(const struct ablation *t, struct csv_out *out)
{
    static const char *const names[] = {
        "metric", "n", "mean", "sd", "median", "q1", "q3", "min", "max", "baseline", "difference",
        "interval_low", "interval_high", "test", "pairs", "t", "df", "p", "p_holm",
        "bootstrap_low", "bootstrap_high", "verdict", "further_seeds", "best", "ranked", "step",
        "tokens", "flops_paper", "unequal_budget", "paper_glue", "seeds", "runs",
    };
    for (int k = 0; k < t->nfields; k++)
        csv_text(out, t->fields[k].field->name);
    csv_heads(out, names, sizeof names / sizeof names[0]);
    csv_end_row(out);
}

static void list(struct csv_out *out, const int64_t *v, int n)
{
    char text[1024] = "";
    size_t at = 0;
    for (int i = 0; i < n && at + 24 < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%" PRId64, i ? " " : "", v[i]);
    csv_text(out, text);
}

static void difference(const struct ablation_cell *c, int is_baseline, int ranked, struct csv_out *out)
{
    const struct stats_test *x = &c->test;
    csv_int(out, is_baseline);
    csv_known(out, x->diff);
    csv_known(out, x->lo);
    csv_known(out, x->hi);
    csv_text(out, x->kind == STATS_NONE ? "" : stats_kind_name(x->kind));
    if (x->kind == STATS_PAIRED)
        csv_int(out, x->n);
    else
        csv_text(out, "");
    csv_known(out, x->t);
    csv_known(out, x->df);
    csv_known(out, x->p);
    csv_known(out, c->p_holm);
    csv_known(out, x->boot_lo);
    csv_known(out, x->boot_hi);
    int said = ranked && !is_baseline && c->s.n;
    csv_text(out, said ? stats_verdict_name(c->verdict) : "");
    if (said && c->further)
        csv_int(out, c->further);
    else
        csv_text(out, "");
}

static void line(const struct ablation *t, int row, int m, struct csv_out *out)
{
    const struct ablation_row *r = &t->rows[row];
    const struct ablation_cell *c = &r->cell[m];
    const struct ablation_metric *info = &t->metrics[m];
    for (int k = 0; k < t->nfields; k++)
        csv_text(out, t->fields[k].levels[r->value[k]]);
    csv_text(out, info->name);
    csv_int(out, c->s.n);
    csv_known(out, c->s.mean);
    csv_known(out, c->s.sd);
    csv_known(out, c->s.median);
    csv_known(out, c->s.q1);
    csv_known(out, c->s.q3);
    csv_known(out, c->s.min);
    csv_known(out, c->s.max);
    difference(c, row == t->baseline, !info->own && info->better, out);
    csv_int(out, c->best);
    csv_int(out, !info->own);
    csv_int(out, r->step_hi);
    csv_known(out, r->tokens);
    csv_known(out, r->flops);
    csv_int(out, r->unequal);
    csv_known(out, r->paper);
    list(out, r->seeds, r->n);
    list(out, r->runs, r->n);
    csv_end_row(out);
}

int ablation_csv(const struct ablation *t, const int *order, struct csv_out *out)
{
    heading(t, out);
    for (int i = 0; i < t->nrows; i++)
        for (int m = 0; m < t->nmetrics; m++)
            line(t, order ? order[i] : i, m, out);
    return t->nrows * t->nmetrics;
}
