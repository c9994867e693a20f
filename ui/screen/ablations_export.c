/* What `e` writes of the Ablations screen: the rows, columns and order shown, with all digits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "ui/screen/ablations_int.h"

#define SEEDS 256 /* different seeds of one table */

static void head(struct csv_out *out, const char *name, const char *of)
{
    char text[160];
    snprintf(text, sizeof text, "%s%s", name, of);
    csv_text(out, text);
}

/* The seeds of all rows, each once, ascending. */
static int seeds_of(const struct ablation *t, int64_t seed[SEEDS])
{
    int n = 0;
    for (int i = 0; i < t->nrows; i++)
        for (int k = 0; k < t->rows[i].n; k++) {
            int at = 0;
            while (at < n && seed[at] < t->rows[i].seeds[k])
                at++;
            if (n == SEEDS || (at < n && seed[at] == t->rows[i].seeds[k]))
                continue;
            memmove(&seed[at + 1], &seed[at], (size_t)(n++ - at) * sizeof *seed);
            seed[at] = t->rows[i].seeds[k];
        }
    return n;
}

static double value_at(const struct ablation_row *r, const struct ablation_cell *x, int64_t seed)
{
    for (int k = 0; k < r->n; k++)
        if (r->seeds[k] == seed)
            return x->values[k];
    return NAN;
}

/* Headings (r NULL) or cells of what a metric's column shows: mean and deviation, median and
 * quartiles, or a column a seed. */
static void values(const struct ablations *s, const struct ablation_row *r, int metric,
                   struct csv_out *out)
{
    const char *name = s->t.metrics[metric].name;
    const struct ablation_cell *x = r ? &r->cell[metric] : NULL;
    int64_t seed[SEEDS];
    char of[32];
    if (s->statistic == SHOW_EACH) {
        int n = seeds_of(&s->t, seed);
        for (int i = 0; i < n; i++) {
            snprintf(of, sizeof of, "_seed%lld", (long long)seed[i]);
            if (r)
                csv_known(out, value_at(r, x, seed[i]));
            else
                head(out, name, of);
        }
        return;
    }
    int median = s->statistic == SHOW_MEDIAN;
    const double v[] = { !r ? 0 : median ? x->s.median : x->s.mean, !r ? 0 : median ? x->s.q1 : x->s.sd,
                         r ? x->s.q3 : 0 };
    const char *const ends[2][3] = { { "", "_sd", "" }, { "_median", "_q1", "_q3" } };
    for (int i = 0; i < 2 + median; i++)
        if (r)
            csv_known(out, v[i]);
        else
            head(out, name, ends[median][i]);
}

static void heading(const struct ablations *s, const struct ablations_column *c, struct csv_out *out)
{
    static const char *const names[] = { [AB_DIFF] = "difference", [AB_P] = "p_holm",
                                         [AB_VERDICT] = "verdict" };
    if (c->kind == AB_FIELD)
        csv_text(out, s->t.fields[c->index].field->name);
    else if (c->kind == AB_RANKED || c->kind == AB_METRIC)
        values(s, NULL, c->index, out);
    else if (c->kind == AB_N)
        csv_text(out, "n");
    else if (c->kind != AB_STEP) /* beside n */
        csv_text(out, names[c->kind]);
    if (c->kind == AB_N && s->t.unequal)
        csv_text(out, "unequal_budget");
    if (c->kind == AB_N) /* said in the title */
        csv_text(out, "step");
    if (c->kind == AB_DIFF) { /* said below, of the row under the cursor */
        csv_text(out, "interval_low");
        csv_text(out, "interval_high");
    }
}

static void cell(const struct ablations *s, int row, const struct ablations_column *c,
                 struct csv_out *out)
{
    const struct ablation_row *r = &s->t.rows[row];
    const struct ablation_cell *x = &r->cell[c->index];
    int base = row == s->t.baseline;
    char text[160];
    struct style style;
    if (c->kind == AB_STEP)
        return;
    if (c->kind == AB_N) {
        csv_int(out, r->n);
        if (s->t.unequal)
            csv_int(out, r->unequal);
        csv_int(out, r->step_hi);
    } else if (c->kind == AB_RANKED || c->kind == AB_METRIC) {
        values(s, r, c->index, out);
    } else if (c->kind == AB_P) {
        csv_known(out, base ? NAN : x->p_holm);
    } else if (c->kind == AB_DIFF) {
        csv_known(out, base ? NAN : x->test.diff);
        csv_known(out, base ? NAN : x->test.lo);
        csv_known(out, base ? NAN : x->test.hi);
    } else if (c->kind == AB_VERDICT && base) {
        csv_text(out, "baseline"); /* there, so that differences are numbers alone */
    } else {
        ablations_cell(s, row, c, text, sizeof text, &style);
        csv_text(out, text + strspn(text, " "));
    }
}

/* The page of a row: a line a metric, with the seeds' values, as listed there. */
static int export_page(const struct ablations *s, struct csv_out *out)
{
    static const char *const heads[] = { "metric", "n", "mean", "sd", "median", "q1", "q3",
                                         "difference", "interval_low", "interval_high", "p_holm",
                                         "verdict" };
    const struct ablation *t = &s->t;
    const struct ablation_row *r = ablations_current(s);
    char seed[32];
    int base = r == &t->rows[t->baseline];
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    for (int k = 0; k < r->n; k++) {
        snprintf(seed, sizeof seed, "seed%lld", (long long)r->seeds[k]);
        csv_text(out, seed);
    }
    csv_end_row(out);
    for (int m = 0; m < t->nmetrics; m++) {
        const struct ablation_cell *x = &r->cell[m];
        int own = t->metrics[m].own;
        const double v[] = { x->s.mean, x->s.sd, x->s.median, x->s.q1, x->s.q3, x->test.diff,
                             x->test.lo, x->test.hi, x->p_holm };
        csv_text(out, t->metrics[m].name);
        csv_int(out, x->s.n);
        for (int i = 0; i < 9; i++)
            csv_known(out, i > 4 && (own || base) ? NAN : v[i]);
        csv_text(out, own ? "not ranked" : base ? "baseline" : stats_verdict_name(x->verdict));
        for (int k = 0; k < r->n; k++)
            csv_known(out, x->values[k]);
        csv_end_row(out);
    }
    return t->nmetrics;
}

static int nothing(struct err *err)
{
    return err_set(err, E_NOTFOUND, "there is no table to export yet");
}

int ablations_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    struct ablations *s = self;
    (void)a;
    if (!ablations_current(s))
        return nothing(err);
    if (s->detail)
        return export_page(s, out);
    const struct table_layout *l = &s->layout_shown;
    int n = l->n ? l->n : s->ncols; /* all where nothing was drawn yet */
    for (int i = 0; i < n; i++)
        heading(s, &s->cols[l->n ? l->col[i] : i], out);
    csv_end_row(out);
    for (int row = 0; row < s->t.nrows; row++) {
        for (int i = 0; i < n; i++)
            cell(s, s->order[row], &s->cols[l->n ? l->col[i] : i], out);
        csv_end_row(out);
    }
    return s->t.nrows;
}

static int export_all(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    struct ablations *s = self;
    (void)a;
    return s->loaded ? ablation_csv(&s->t, s->order, out) : nothing(err);
}

int ablations_command(void *self, struct app *a, int i, struct choice *out)
{
    const struct ablations *s = self;
    (void)a;
    if (i || !ablations_current(s))
        return 0;
    snprintf(out->name, sizeof out->name, "export-all");
    snprintf(out->help, sizeof out->help, "%d rows: a row for each of %d metrics, with every test",
             s->t.nrows * s->t.nmetrics, s->t.nmetrics);
    return 1;
}

void ablations_run_command(void *self, struct app *a, const char *name)
{
    const struct ablations *s = self;
    char label[64];
    (void)name;
    snprintf(label, sizeof label, "export %d rows, every metric, to:", s->t.nrows * s->t.nmetrics);
    app_export(a, label, "ablations-all", export_all);
}
