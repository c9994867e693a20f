/* Columns, cells and sentences of the table of ablations. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/ablations_int.h"
#include "ui/screen/metric_label.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"

/* Short headings of fields. */
static const struct { const char *name, *title; } titles[] = {
    {"objective", "objective"}, {"tie", "sharing"}, {"generator", "fakes"},
    {"generator_size", "gen"}, {"mask_prob", "mask"}, {"hidden_size", "width"}, {"disc_weight", "disc wt"},
};

const char *ablations_title(const char *name)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
        if (!strcmp(titles[i].name, name))
            return titles[i].title;
    return metric_label(name);
}

char *ablations_number(double v, int decimals, int share, char *out, size_t size)
{
    char digits[FMT];
    if (isnan(v)) {
        snprintf(out, size, "-");
        return out;
    }
    fmt_fixed(digits, sizeof digits, fabs(v), decimals);
    const char *p = digits;
    if (share && p[0] == '0' && p[1] == '.')
        p++;
    snprintf(out, size, "%s%s", v < 0 ? sign(SIGN_MINUS) : "", p);
    return out;
}

char *ablations_levels(const struct ablation *t, const int *value, char *out, size_t size)
{
    size_t n = 0;
    snprintf(out, size, "%s", t->nfields ? "" : "all");
    for (int k = 0; k < t->nfields && n < size; k++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", k ? " " : "",
                              *t->fields[k].levels[value[k]] ? t->fields[k].levels[value[k]] : "-");
    return out;
}

int ablations_decimals(const struct ablation *t, int m)
{
    double sd = 0;
    for (int i = 0; i < t->nrows; i++)
        if (isfinite(t->rows[i].cell[m].s.sd))
            sd = fmax(sd, t->rows[i].cell[m].s.sd);
    int d = sd > 0 ? 1 - (int)floor(log10(sd)) : t->metrics[m].decimals;
    return d < 1 ? 1 : d > 5 ? 5 : d;
}

static int add(struct ablations *s, enum ablations_kind kind, int index, const char *title,
               int priority, int align)
{
    if (s->ncols == TABLE_COLUMNS)
        return 0;
    struct ablations_column *c = &s->cols[s->ncols];
    *c = (struct ablations_column){.kind = kind, .index = index};
    snprintf(c->title, sizeof c->title, "%s", title);
    if (kind == AB_RANKED || kind == AB_METRIC || kind == AB_DIFF) {
        c->decimals = ablations_decimals(&s->t, index);
        c->share = s->t.metrics[index].share;
    }
    s->layout[s->ncols++] = (struct column){c->title, priority, 0, 0, align};
    return 1;
}

double ablations_centre(const struct ablations *s, const struct stats *x)
{
    return s->statistic == SHOW_MEDIAN ? x->median : x->mean;
}

/* Wide enough for every cell, so that nothing moves when the cursor does. */
static void fit(struct ablations *s)
{
    for (int c = 0; c < s->ncols; c++) {
        int w = text_columns(s->cols[c].title);
        for (int i = 0; i < s->t.nrows; i++) {
            char text[160];
            struct style style = {0};
            ablations_cell(s, i, &s->cols[c], text, sizeof text, &style);
            int mine = text_columns(text);
            w = mine > w ? mine : w;
        }
        int most = s->cols[c].kind == AB_FIELD ? 18 : 36;
        int air = s->cols[c].kind != AB_FIELD && s->cols[c].kind != AB_N && s->cols[c].kind != AB_STEP;
        s->layout[c].min = (w > most ? most : w) + air;
        s->layout[c].max = s->layout[c].min + 2;
    }
}

/* 1: the rows are read at different steps, which are said then. */
static int own_ends(const struct ablation *t)
{
    int differ = 0;
    for (int i = 0; i < t->nrows; i++)
        differ |= t->rows[i].step_lo != t->rows[0].step_lo || t->rows[i].step_hi != t->rows[i].step_lo;
    return differ && t->at == ABLATION_END;
}

void ablations_columns(struct ablations *s)
{
    static const char *const of[SHOW_COUNT] = {" ± sd", " median", " seeds"};
    const struct ablation *t = &s->t;
    s->ncols = s->layout_shown.n = 0;
    for (int k = 0; k < t->nfields; k++)
        add(s, AB_FIELD, k, ablations_title(t->fields[k].field->name), 0, ALIGN_LEFT);
    add(s, AB_N, 0, "n", 0, ALIGN_RIGHT);
    if (own_ends(t))
        add(s, AB_STEP, 0, "step", 0, ALIGN_RIGHT);
    if (t->ranked >= 0) {
        char head[40];
        snprintf(head, sizeof head, "%.24s%s", ablations_title(t->metrics[t->ranked].name), of[s->statistic]);
        add(s, AB_RANKED, t->ranked, head, 0, ALIGN_RIGHT);
        add(s, AB_DIFF, t->ranked, s->statistic == SHOW_MEAN ? "difference" : "diff of means", 1, ALIGN_RIGHT);
        add(s, AB_P, t->ranked, "p", 3, ALIGN_RIGHT);
        add(s, AB_VERDICT, t->ranked, " verdict", 2, ALIGN_LEFT);
    }
    for (int m = 0; m < t->nmetrics; m++)
        if (m != t->ranked)
            add(s, AB_METRIC, m, ablations_title(t->metrics[m].name), t->metrics[m].own ? 6 + m : 5,
                ALIGN_RIGHT);
    fit(s);
}

/* "5.56" and ".046": one column has no zero before the point, as all numbers under one. */
static char *plain(double v, const struct ablations_column *c, char out[FMT])
{
    return ablations_number(v, c->decimals, c->share || fabs(v) < 1, out, FMT);
}

static void value_text(const struct ablations *s, const struct ablation_row *r,
                       const struct ablation_cell *x, const struct ablations_column *c, char *out,
                       size_t size)
{
    char a[FMT], b[FMT], d[FMT];
    size_t n = 0;
    out[0] = 0;
    if (!x->s.n) {
        snprintf(out, size, "-");
    } else if (s->statistic == SHOW_EACH) {
        for (int k = 0; k < r->n && n + 12 < size; k++)
            n += (size_t)snprintf(out + n, size - n, "%s%s", k ? " " : "", plain(x->values[k], c, a));
    } else if (x->s.n < 2) {
        snprintf(out, size, "%s", plain(x->s.mean, c, a));
    } else if (s->statistic == SHOW_MEDIAN) {
        snprintf(out, size, "%s (%s–%s)", plain(x->s.median, c, a), plain(x->s.q1, c, b),
                 plain(x->s.q3, c, d));
    } else {
        snprintf(out, size, "%s ± %s", plain(x->s.mean, c, a), plain(x->s.sd, c, b));
    }
}

static void verdict_text(const struct ablation_cell *x, char *out, size_t size)
{
    switch (x->verdict) {
    case STATS_FEW: snprintf(out, size, "few, %d more", x->further); break;
    case STATS_UNDECIDED:
        if (x->further)
            snprintf(out, size, "undecided, %d more", x->further);
        else
            snprintf(out, size, "undecided");
        break;
    default: snprintf(out, size, "%s", stats_verdict_name(x->verdict)); break;
    }
}

static void p_text(double p, char *out, size_t size)
{
    if (isnan(p))
        snprintf(out, size, "-");
    else
        fmt_prob(out, size, p);
}

void ablations_cell(const struct ablations *s, int row, const struct ablations_column *c, char *out,
                    size_t size, struct style *style)
{
    const struct ablation *t = &s->t;
    const struct ablation_row *r = &t->rows[row];
    const struct ablation_cell *x = &r->cell[c->index];
    int base = row == t->baseline;
    *style = STYLE(ROLE_TEXT, 0);
    out[0] = 0;
    switch (c->kind) {
    case AB_FIELD:
        snprintf(out, size, "%s", *t->fields[c->index].levels[r->value[c->index]]
                                      ? t->fields[c->index].levels[r->value[c->index]] : "-");
        break;
    case AB_N:
        snprintf(out, size, "%d%s%s", r->n, r->n < STATS_LEAST ? "!" : "", r->unequal ? "≠" : "");
        if (r->n < STATS_LEAST || r->unequal)
            *style = STYLE(ROLE_WARN, 0);
        break;
    case AB_STEP:
        fmt_exact(out, size, r->step_hi);
        break;
    case AB_RANKED: case AB_METRIC:
        value_text(s, r, x, c, out, size);
        if (x->best)
            style->attr = ATTR_BOLD;
        if (t->metrics[c->index].own)
            style->role = ROLE_DIM;
        break;
    case AB_DIFF:
        if (base)
            snprintf(out, size, "baseline");
        else if (isnan(x->test.diff))
            snprintf(out, size, "-");
        else
            fmt_signed(out, size, x->test.diff, c->decimals);
        if (base)
            style->role = ROLE_DIM;
        break;
    case AB_P:
        p_text(base ? NAN : x->p_holm, out, size);
        break;
    case AB_VERDICT:
        if (base || !x->s.n)
            break;
        out[0] = ' '; /* apart from the number before it */
        verdict_text(x, out + 1, size - 1);
        style->role = x->verdict == STATS_REAL ? ROLE_GOOD : x->verdict == STATS_FEW ? ROLE_WARN
                                                                                     : ROLE_TEXT;
        if (x->verdict == STATS_REAL && x->test.diff * t->metrics[c->index].better < 0)
            style->role = ROLE_BAD;
        break;
    }
}

void ablations_best(const struct ablations *s, char *out, size_t size)
{
    const struct ablation *t = &s->t;
    char name[160], base[160], d[FMT], value[96], verdict[48];
    int best = -1;
    out[0] = 0;
    for (int i = 0; i < t->nrows && t->ranked >= 0; i++)
        best = t->rows[i].cell[t->ranked].best ? i : best;
    if (best < 0)
        return;
    const struct ablation_row *r = &t->rows[best];
    const struct ablation_cell *x = &r->cell[t->ranked];
    struct ablations_column c = {.decimals = ablations_decimals(t, t->ranked), .share = t->metrics[t->ranked].share};
    value_text(s, r, x, &c, value, sizeof value);
    ablations_levels(t, r->value, name, sizeof name);
    size_t n = (size_t)snprintf(out, size, "best %s: %s  %s (n = %d)", ablations_title(t->metrics[t->ranked].name), name,
                                value, x->s.n);
    if (n >= size || t->nrows < 2)
        return;
    if (best == t->baseline) {
        int told = 0, tested = 0;
        for (int i = 0; i < t->nrows; i++) {
            told += t->rows[i].cell[t->ranked].verdict == STATS_REAL;
            tested += t->rows[i].cell[t->ranked].test.kind != STATS_NONE;
        }
        snprintf(out + n, size - n, tested ? " · the baseline too: %d of %d others tested surely differ"
                                           : " · the baseline too: no other has seeds enough for a test", told, tested);
        return;
    }
    ablations_levels(t, t->rows[t->baseline].value, base, sizeof base);
    verdict_text(x, verdict, sizeof verdict);
    fmt_signed(d, sizeof d, x->test.diff, c.decimals);
    snprintf(out + n, size - n, " · %s over the baseline %s%s: %s%s", *d ? d : "0", base,
             r->unequal ? ", on another budget (≠)" : "", verdict,
             x->further && (x->verdict == STATS_FEW || x->verdict == STATS_UNDECIDED)
                 ? x->further == 1 ? " seed" : " seeds" : "");
}

void ablations_sentence(const struct ablations *s, int row, char *out, size_t size)
{
    const struct ablation *t = &s->t;
    const struct ablation_row *r = &t->rows[row];
    char name[160], base[160], d[FMT], lo[FMT], hi[FMT], p[FMT], verdict[48];
    ablations_levels(t, r->value, name, sizeof name);
    if (t->ranked < 0 || row == t->baseline) {
        snprintf(out, size, "%s: %s", name, t->ranked < 0 ? "nothing is ranked" : "the others are compared with it");
        return;
    }
    const struct ablation_cell *x = &r->cell[t->ranked];
    int decimals = ablations_decimals(t, t->ranked);
    ablations_levels(t, t->rows[t->baseline].value, base, sizeof base);
    verdict_text(x, verdict, sizeof verdict);
    if (isnan(x->test.diff)) {
        snprintf(out, size, "%s has no value of %s", name, t->metrics[t->ranked].name);
        return;
    }
    fmt_signed(d, sizeof d, x->test.diff, decimals);
    if (x->test.kind == STATS_NONE) {
        snprintf(out, size, "%s less %s: %s · not tested, %d more seed%s needed", name, base,
                 *d ? d : "0", x->further, x->further == 1 ? "" : "s");
        return;
    }
    fmt_signed(lo, sizeof lo, x->test.lo, decimals);
    fmt_signed(hi, sizeof hi, x->test.hi, decimals);
    p_text(x->p_holm, p, sizeof p);
    snprintf(out, size, "%s less %s: %s (95%%: %s to %s), %s on %d seeds, p %s by Holm: %s%s", name, base,
             d, lo, hi, stats_kind_name(x->test.kind), x->test.n, p, verdict,
             x->verdict == STATS_UNDECIDED && x->further ? " seeds" : "");
}
