/* See ablations.h. */
#include "ui/cli/ablations.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "experiments/sweep.h"
#include "src/base/visible.h"
#include "ui/cli/print.h"
#include "ui/cli/sheet.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

/* 1: `tag` is among the run's, whole or after "sweep:". */
static int has_tag(const struct query_run *r, const char *tag)
{
    const size_t head = sizeof SWEEP_TAG - 1;
    for (const char *p = r->tags; *p;) {
        size_t n = strcspn(p, ","), skip = 0;
        while (skip < n && p[skip] == ' ')
            skip++;
        const char *word = p + skip;
        size_t len = n - skip;
        if (strlen(tag) == len && !strncmp(word, tag, len))
            return 1;
        if (len > head && !strncmp(word, SWEEP_TAG, head) && strlen(tag) == len - head &&
            !strncmp(word + head, tag, len - head))
            return 1;
        p += n;
        p += *p == ',';
    }
    return 0;
}

static int keep(void *ud, const struct query_run *r)
{
    const struct ablations_args *a = ud;
    char id[32];
    if (a->tag && !has_tag(r, a->tag))
        return 0;
    snprintf(id, sizeof id, "%" PRId64, r->id);
    for (int i = 0; i < a->runs.n; i++)
        if (!strcmp(a->runs.items[i], id) || !strcmp(a->runs.items[i], r->name))
            return 1;
    return !a->runs.n;
}

/* Mean and deviation with as many decimals as the deviation has to say. */
static void mean_text(const struct stats *s, int decimals, char *out, size_t size)
{
    if (!s->n)
        snprintf(out, size, "-");
    else if (s->n < 2 || !(s->sd > 0))
        snprintf(out, size, "%.*f", decimals, s->mean);
    else {
        int d = 1 - (int)floor(log10(s->sd));
        d = d < 0 ? 0 : d > 5 ? 5 : d;
        snprintf(out, size, "%.*f ± %.*f", d, s->mean, d, s->sd);
    }
}

/* Decimals that show an interval. */
static int decimals_of(const struct stats_test *x, int decimals)
{
    double half = (x->hi - x->lo) / 2;
    if (!(half > 0))
        return decimals;
    int d = 1 - (int)floor(log10(half));
    return d < 0 ? 0 : d > 8 ? 8 : d;
}

static void verdict_text(const struct ablation_cell *c, char *out, size_t size)
{
    const char *word = stats_verdict_name(c->verdict);
    if (c->verdict == STATS_FEW)
        snprintf(out, size, "few: %d more seed%s to test", c->further, c->further == 1 ? "" : "s");
    else if (c->verdict != STATS_UNDECIDED)
        snprintf(out, size, "%s", word);
    else if (c->further)
        snprintf(out, size, "%s: %d more seed%s would do", word, c->further, c->further == 1 ? "" : "s");
    else
        snprintf(out, size, "%s: over %d more seeds", word, STATS_FURTHER);
}

static void difference_cells(struct sheet *s, const struct ablation *t, int row)
{
    const struct ablation_cell *c = &t->rows[row].cell[t->ranked];
    const struct stats_test *x = &c->test;
    char verdict[80];
    int d = decimals_of(x, t->metrics[t->ranked].decimals);
    if (row == t->baseline || isnan(x->diff)) {
        sheet_cell(s, ""); /* numbers alone */
        sheet_cell(s, "");
        sheet_cell(s, "");
        sheet_cell(s, row == t->baseline ? "baseline" : "");
        return;
    }
    sheet_cellf(s, "%+.*f", d, x->diff);
    if (x->kind == STATS_NONE) {
        sheet_cell(s, "");
        sheet_cell(s, "");
    } else {
        sheet_cellf(s, "%+.*f to %+.*f", d, x->lo, d, x->hi);
        sheet_cellf(s, c->p_holm < .001 ? "<.001" : "%.3f", c->p_holm);
    }
    verdict_text(c, verdict, sizeof verdict);
    sheet_cell(s, verdict);
}

static void row_cells(struct sheet *s, const struct ablation *t, int i)
{
    const struct ablation_row *r = &t->rows[i];
    char text[80];
    for (int k = 0; k < t->nfields; k++)
        sheet_cell(s, t->fields[k].levels[r->value[k]]);
    sheet_cellf(s, "%d%s%s", r->n, r->n < STATS_LEAST ? "!" : "", r->unequal ? " ≠" : "");
    sheet_cellf(s, "%" PRId64, r->step_hi);
    if (t->ranked >= 0) {
        mean_text(&r->cell[t->ranked].s, t->metrics[t->ranked].decimals, text, sizeof text);
        sheet_cellf(s, "%s%s", text, r->cell[t->ranked].best ? " *" : "");
        difference_cells(s, t, i);
    }
    for (int m = 0; m < t->nmetrics; m++) {
        if (m == t->ranked)
            continue;
        mean_text(&r->cell[m].s, t->metrics[m].decimals, text, sizeof text);
        sheet_cell(s, text);
    }
    if (!isnan(r->paper))
        sheet_cellf(s, "%.1f", r->paper);
    else if (t->npaper)
        sheet_cell(s, "-");
}

static int write_sheet(FILE *f, const struct ablation *t, const int *order, enum sheet_form form,
                       struct err *err)
{
    char align[ABLATION_FIELDS + ABLATION_METRICS + 16] = "";
    size_t n = 0;
    for (int k = 0; k < t->nfields; k++)
        align[n++] = 'l';
    align[n++] = 'r';
    align[n++] = 'r';
    if (t->ranked >= 0) {
        memcpy(align + n, "lrlrl", 5);
        n += 5;
    }
    for (int m = 0; m < t->nmetrics; m++)
        if (m != t->ranked)
            align[n++] = 'l';
    if (t->npaper)
        align[n++] = 'r';
    align[n] = 0;
    struct sheet *s = sheet_new(align);
    for (int k = 0; k < t->nfields; k++)
        sheet_cell(s, t->fields[k].field->name);
    sheet_cell(s, "n");
    sheet_cell(s, "step");
    if (t->ranked >= 0) {
        sheet_cell(s, t->metrics[t->ranked].name);
        sheet_cell(s, "difference");
        sheet_cell(s, "95 % interval");
        sheet_cell(s, "p (Holm)");
        sheet_cell(s, "verdict");
    }
    for (int m = 0; m < t->nmetrics; m++)
        if (m != t->ranked)
            sheet_cellf(s, "%s%s", t->metrics[m].name, t->metrics[m].own ? " (own)" : "");
    if (t->npaper)
        sheet_cell(s, "paper, GLUE");
    for (int i = 0; i < t->nrows; i++)
        row_cells(s, t, order[i]);
    return sheet_end(s, f, form, err);
}

/* NULL where no row has seeds enough. */
static const char *tests_named(const struct ablation *t)
{
    int seen[3] = {0};
    for (int i = 0; i < t->nrows; i++)
        seen[t->rows[i].cell[t->ranked].test.kind] = 1;
    return seen[STATS_PAIRED] && seen[STATS_WELCH] ? "t by seed where seeds match, else Welch's t"
           : seen[STATS_PAIRED]                    ? "paired t by seed"
           : seen[STATS_WELCH]                     ? "Welch's t"
                                                   : NULL;
}

static void write_notes(FILE *f, const struct ablation *t)
{
    char where[120];
    fprintf(f, "\n%d run%s at %s", t->nruns, t->nruns == 1 ? "" : "s",
            ablation_where(t, where, sizeof where));
    if (t->left_out)
        fprintf(f, " · %d left out (failed, not done, or without a held-out value)", t->left_out);
    if (t->repeated)
        fprintf(f, " · %d repeated", t->repeated);
    const char *test = t->ranked >= 0 ? tests_named(t) : NULL;
    if (test)
        fprintf(f, "\ntest: %s, corrected over rows (Holm)", test);
    else if (t->ranked >= 0)
        fprintf(f, "\nno test: every row has fewer than %d seeds", STATS_LEAST);
    fputc('\n', f);
    if (t->unequal)
        fprintf(f, "≠ %d row%s spent another budget than the baseline\n", t->unequal,
                t->unequal == 1 ? "" : "s");
    for (int i = 0; i < t->neffects; i++) {
        const struct ablation_effect *e = &t->effects[i];
        const struct ablation_field *x = &t->fields[e->field];
        fprintf(f, "effect of %s: ", x->field->name);
        if (!(fabs(e->mean[e->best] - e->mean[e->worst]) > 0)) {
            fputs("none\n", f);
            continue;
        }
        print_text(f, x->levels[e->best]);
        fprintf(f, " best, %+.4g over ", e->mean[e->best] - e->mean[e->worst]);
        print_text(f, x->levels[e->worst]);
        fprintf(f, "%s\n", !e->balanced ? " (rows differ in other fields too)" : t->unequal ? " (budgets differ)" : "");
    }
    if (t->nmissing)
        fprintf(f, "missing: %d cell%s of the grid\n", t->nmissing, t->nmissing == 1 ? "" : "s");
    if (t->npaper)
        fprintf(f, "paper: %s\n", t->paper[0]->source);
}

static void json_stats(struct json_out *j, const struct stats *s)
{
    json_int(j, "n", s->n);
    if (!s->n)
        return;
    json_double(j, "mean", s->mean);
    if (s->n > 1)
        json_double(j, "sd", s->sd);
    json_double(j, "median", s->median);
    json_double(j, "q1", s->q1);
    json_double(j, "q3", s->q3);
}

static void json_cell(struct json_out *j, const struct ablation *t, int row, int m)
{
    const struct ablation_cell *c = &t->rows[row].cell[m];
    const struct stats_test *x = &c->test;
    json_open(j, t->metrics[m].name, '{');
    json_stats(j, &c->s);
    json_bool(j, "ranked", !t->metrics[m].own);
    json_bool(j, "best", c->best);
    if (row != t->baseline && !isnan(x->diff)) {
        json_double(j, "difference", x->diff);
        if (x->kind != STATS_NONE) {
            json_text(j, "test", stats_kind_name(x->kind));
            json_double(j, "interval_low", x->lo);
            json_double(j, "interval_high", x->hi);
            json_double(j, "p", x->p);
            json_double(j, "p_holm", c->p_holm);
            json_double(j, "bootstrap_low", x->boot_lo);
            json_double(j, "bootstrap_high", x->boot_hi);
        }
        if (!t->metrics[m].own) {
            json_text(j, "verdict", stats_verdict_name(c->verdict));
            json_int(j, "further_seeds", c->further);
        }
    }
    json_open(j, "values", '[');
    for (int k = 0; k < t->rows[row].n; k++)
        if (isnan(c->values[k]))
            json_text(j, NULL, "nan");
        else
            json_double(j, NULL, c->values[k]);
    json_close(j, ']');
    json_close(j, '}');
}

static void json_row(struct json_out *j, const struct ablation *t, int i)
{
    const struct ablation_row *r = &t->rows[i];
    json_open(j, NULL, '{');
    json_open(j, "fields", '{');
    for (int k = 0; k < t->nfields; k++)
        json_text(j, t->fields[k].field->name, t->fields[k].levels[r->value[k]]);
    json_close(j, '}');
    json_bool(j, "baseline", i == t->baseline);
    json_bool(j, "unequal_budget", r->unequal);
    json_int(j, "step", r->step_hi);
    json_double(j, "tokens", r->tokens);
    if (!isnan(r->paper))
        json_double(j, "paper_glue", r->paper);
    json_open(j, "seeds", '[');
    for (int k = 0; k < r->n; k++)
        json_int(j, NULL, r->seeds[k]);
    json_close(j, ']');
    json_open(j, "runs", '[');
    for (int k = 0; k < r->n; k++)
        json_int(j, NULL, r->runs[k]);
    json_close(j, ']');
    json_open(j, "metrics", '{');
    for (int m = 0; m < t->nmetrics; m++)
        json_cell(j, t, i, m);
    json_close(j, '}');
    json_close(j, '}');
}

static void json_effects(struct json_out *j, const struct ablation *t)
{
    json_open(j, "effects", '[');
    for (int i = 0; i < t->neffects; i++) {
        const struct ablation_effect *e = &t->effects[i];
        const struct ablation_field *x = &t->fields[e->field];
        json_open(j, NULL, '{');
        json_text(j, "field", x->field->name);
        json_text(j, "best", x->levels[e->best]);
        json_text(j, "worst", x->levels[e->worst]);
        json_bool(j, "balanced", e->balanced);
        json_open(j, "means", '{');
        for (int k = 0; k < x->nlevels; k++)
            json_double(j, x->levels[k], e->mean[k]);
        json_close(j, '}');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void write_json(FILE *f, const struct ablation *t, const int *order)
{
    struct json_out j = {.f = f};
    char where[120];
    json_open(&j, NULL, '{');
    json_text(&j, "ranked", t->ranked >= 0 ? t->metrics[t->ranked].name : "");
    json_text(&j, "at", ablation_where(t, where, sizeof where));
    json_int(&j, "runs", t->nruns);
    json_int(&j, "left_out", t->left_out);
    json_int(&j, "repeated", t->repeated);
    json_open(&j, "rows", '[');
    for (int i = 0; i < t->nrows; i++)
        json_row(&j, t, order[i]);
    json_close(&j, ']');
    json_effects(&j, t);
    json_open(&j, "missing", '[');
    for (int i = 0; i < t->nmissing; i++) {
        json_open(&j, NULL, '{');
        for (int k = 0; k < t->nfields; k++)
            json_text(&j, t->fields[k].field->name, t->fields[k].levels[t->missing[i].value[k]]);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_open(&j, "paper", '[');
    for (int i = 0; i < t->npaper; i++) {
        json_open(&j, NULL, '{');
        json_text(&j, "row", t->paper[i]->label);
        json_double(&j, "glue", t->paper[i]->value);
        json_text(&j, "source", t->paper[i]->source);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

static int write_csv(FILE *f, const struct ablation *t, const int *order, struct err *err)
{
    struct csv_out *out = csv_new(f);
    if (!out)
        return err_nomem(err, "the table");
    ablation_csv(t, order, out);
    return csv_finish(out, err);
}

static int write_table(FILE *f, const struct ablation *t, enum ablations_form form, struct err *err)
{
    int *order = calloc((size_t)t->nrows + 1, sizeof *order), rc = 0;
    if (!order)
        return err_nomem(err, "the table");
    ablation_order(t, -1, order);
    if (form == ABLATIONS_CSV)
        rc = write_csv(f, t, order, err);
    else if (form == ABLATIONS_JSON)
        write_json(f, t, order);
    else if (form == ABLATIONS_TEXT && !t->nrows)
        fputs("electroscope: no run has held-out values to compare yet\n", stderr);
    else
        rc = write_sheet(f, t, order, form == ABLATIONS_MD    ? SHEET_MD
                                      : form == ABLATIONS_TEX ? SHEET_TEX : SHEET_TEXT, err);
    if (!rc && form == ABLATIONS_TEXT && t->nrows)
        write_notes(f, t);
    free(order);
    return rc;
}

int ablations_write(FILE *f, struct query *q, const struct ablations_args *a,
                    enum ablations_form form, struct err *err)
{
    struct ablation t;
    struct ablation_args args = {.by = a->by, .metric = a->metric, .baseline = a->baseline,
                                 .at = a->at - 1, .unfinished = a->unfinished, .keep = keep,
                                 .ud = (void *)a};
    int rc = 0;
    struct query_run *found = a->runs.n ? calloc(1, sizeof *found) : NULL;
    for (int i = 0; found && i < a->runs.n && !rc; i++)
        rc = query_run_find(q, a->runs.items[i], found, err);
    free(found);
    if (rc)
        return rc;
    rc = ablation_open(&t, q, &args, err);
    if (!rc && a->tag && !t.nruns && !t.left_out)
        rc = err_set(err, E_NOTFOUND, "no run has the tag '%s'", SHOW(a->tag));
    if (!rc)
        rc = write_table(f, &t, form, err);
    ablation_free(&t);
    return rc;
}
