/* Drawing of the Ablations screen: table, spread, effects, the page of a row. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/ablations_int.h"
#include "ui/screen/screen.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/spread.h"
#include "ui/widget/wrap.h"

#define SPREAD_ROWS 64

static const char *statistic_name(const struct ablations *s)
{
    static const char *const names[SHOW_COUNT] = {"mean ± sd", "median (quartiles)", "each seed"};
    return names[s->statistic];
}

static void by_text(const struct ablation *t, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "by ");
    for (int k = 0; k < t->nfields && n < size; k++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", k ? ", " : "", t->fields[k].field->name);
    if (!t->nfields)
        snprintf(out, size, "one configuration");
}

static void title(struct ablations *s, struct grid *g, struct rect area)
{
    const struct ablation *t = &s->t;
    char rows[48], by[200], where[120], filter[300] = "", vs[200] = "", sweep[96] = "";
    snprintf(rows, sizeof rows, "ablations %d", t->nrows);
    by_text(t, by, sizeof by);
    ablation_where(t, where, sizeof where);
    if (s->filter.text[0])
        snprintf(filter, sizeof filter, "%s", s->filter.text);
    if (t->baseline >= 0)
        snprintf(vs, sizeof vs, "against %s", t->rows[t->baseline].label);
    if (s->nsweeps)
        snprintf(sweep, sizeof sweep, "%s%s", *s->sweep ? "sweep " : "all runs", s->sweep);
    const char *parts[] = {rows, sweep, where, filter, by, statistic_name(s), vs};
    pane_title(g, area.y, area.x, area.w, 1, parts, 7);
}

static void draw_row(struct ablations *s, struct grid *g, struct rect row, const struct table_layout *t,
                     int at)
{
    const struct ablation_row *r = &s->t.rows[s->order[at]];
    int marked = 0;
    for (int k = 0; k < r->n; k++)
        marked += app_is_marked(s->app, r->runs[k]);
    if (at == s->row) {
        grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        g->cursor_y = row.y;
        g->cursor_x = row.x;
    }
    if (marked)
        grid_cell(g, row, row.y, row.x + 1, STYLE(ROLE_ACCENT, marked == r->n ? ATTR_BOLD : 0),
                  sign(SIGN_MARK));
    struct rect cells = {row.y, row.x + 3, 1, row.w - 3};
    for (int i = 0; i < t->n; i++) {
        char text[160];
        struct style style;
        ablations_cell(s, s->order[at], &s->cols[t->col[i]], text, sizeof text, &style);
        table_cell(g, cells, row.y, t, s->layout, i, style, text);
    }
    if (at == s->row)
        grid_back(g, row, BACK_SELECTED);
}

/* Prose in the width of r from row y on; returns the rows used. */
static int prose(struct grid *g, struct rect r, int y, struct style style, const char *text)
{
    struct rect rest = {y, r.x, r.y + r.h - y, r.w};
    return rest.h > 0 ? wrap_text(g, rest, style, text) : 0;
}

/* What the words of the table mean; returns the rows used. */
static int draw_words(const struct ablations *s, struct grid *g, struct rect area)
{
    char text[300];
    struct rect in = {area.y, area.x + 3, area.h, area.w - 4};
    if (s->t.ranked < 0 || s->t.nrows < 2 || area.h < 3)
        return 0;
    const struct ablation_metric *m = &s->t.metrics[s->t.ranked];
    const char *name = ablations_title(m->name), *what = m->help;
    if (m->id % METRIC_VAL == METRIC_rtd_auc_common)
        what = "every discriminator judged on the same fakes";
    snprintf(text, sizeof text, "%s%s%s; %s is better · p by Holm%s", name, *what ? ": " : "", what,
             m->better > 0 ? "higher" : "lower", s->t.unequal ? " · ≠ another budget than the baseline" : "");
    int used = prose(g, in, in.y, STYLE(ROLE_DIM, 0), text);
    return used + prose(g, in, in.y + used, STYLE(ROLE_DIM, 0),
                        "real: p < .05 · " ABLATIONS_NOISE " · undecided: more seeds needed");
}

/* The paper's rows, after ours, dim: nothing here was measured by this program. */
static void draw_papers(const struct ablations *s, struct grid *g, struct rect area)
{
    int n = s->t.npaper <= area.h ? s->t.npaper : area.h - 1;
    if (n < s->t.npaper && area.h > 0)
        grid_textf(g, area, area.y + n, area.x + 3, -1, STYLE(ROLE_DIM, 0), "paper  %s%d rows: z has room for them",
                   n ? "and " : "", s->t.npaper - n);
    for (int i = 0; i < n; i++)
        grid_textf(g, area, area.y + i, area.x + 3, -1, STYLE(ROLE_DIM, 0), "paper  %-*s GLUE %.1f  %s",
                   area.w < 100 ? 14 : 20, s->t.paper[i]->label, s->t.paper[i]->value, s->t.paper[i]->source);
}

/* Rows of the table with all that stands around it, in so many columns. */
static int table_rows(const struct ablations *s, int w)
{
    char best[400];
    struct rect in = {0, 0, 100, w - 4};
    ablations_best(s, best, sizeof best);
    int words = draw_words(s, NULL, (struct rect){0, 0, 100, w});
    return 2 + wrap_text(NULL, in, STYLE(ROLE_TEXT, 0), best) + wrap_text(NULL, in, STYLE(ROLE_TEXT, 0), s->complaint) +
           s->t.nrows + (words ? words + 1 : 0) + (s->t.npaper ? s->t.npaper + 1 : 0);
}

static void draw_table(struct ablations *s, struct grid *g, struct rect area)
{
    struct table_layout t;
    char best[400];
    title(s, g, area);
    if (area.h >= 7) { /* what is looked for first */
        ablations_best(s, best, sizeof best);
        struct rect in = {area.y + 1, area.x + 3, area.h >= 10 ? 4 : 1, area.w - 4};
        int used = prose(g, in, in.y, STYLE(ROLE_TEXT, ATTR_BOLD), best);
        in.y += used;
        if (area.h - used >= 7)
            used += prose(g, in, in.y, STYLE(s->complains ? ROLE_WARN : ROLE_TEXT, 0), s->complaint);
        area.y += used;
        area.h -= used;
    }
    struct rect heads = {area.y + 1, area.x + 3, 1, area.w - 3};
    int most = table_max_scroll(s->layout, s->ncols, heads.w - 1), sorted = -1;
    s->scroll = s->scroll > most ? most : s->scroll;
    table_layout(&t, s->layout, s->ncols, heads.w - 1, s->scroll); /* a cell for the mark */
    s->layout_shown = t;
    for (int i = 0; i < s->ncols; i++)
        if (s->sorted && s->cols[i].kind == AB_RANKED)
            sorted = i;
    table_head(g, heads, heads.y, &t, s->layout, sorted,
               s->t.ranked >= 0 && s->t.metrics[s->t.ranked].better > 0);
    int rows = area.h - 2;
    s->page = rows;
    s->top = table_top(s->top, s->row, rows, s->t.nrows);
    s->list = (struct rect){area.y + 2, area.x, rows < 0 ? 0 : rows, area.w};
    for (int i = 0; i < rows && s->top + i < s->t.nrows; i++) {
        struct rect row = {area.y + 2 + i, area.x, 1, area.w};
        draw_row(s, g, row, &t, s->top + i);
    }
    int left = rows - (s->t.nrows - s->top);
    if (left > 1) {
        struct rect rest = {area.y + area.h - left + 1, area.x, left - 1, area.w};
        int used = draw_words(s, g, rest);
        used += used && rest.h > used + s->t.npaper;
        rest.y += used;
        rest.h -= used;
        draw_papers(s, g, rest);
    }
}

/* A row for each that the table shows, the axis below. */
void ablations_draw_spread(struct ablations *s, struct grid *g, struct rect area)
{
    const struct ablation *t = &s->t;
    const char *parts[] = {"spread", NULL, s->statistic == SHOW_MEDIAN ? "● a seed (2: two)  │ median  · baseline" : "● a seed (2: two)  │ mean  · baseline"};
    struct spread_row row[SPREAD_ROWS];
    char label[SPREAD_ROWS][160];
    double lo = INFINITY, hi = -INFINITY;
    if (t->ranked < 0 || area.h < 3)
        return;
    parts[1] = ablations_title(t->metrics[t->ranked].name);
    pane_title(g, area.y, area.x, area.w, 0, parts, 3);
    int rows = area.h - 2 < SPREAD_ROWS ? area.h - 2 : SPREAD_ROWS, top = table_top(s->top, s->row, rows, t->nrows), n = 0;
    for (int i = 0; i < t->nrows; i++) {
        const struct ablation_row *r = &t->rows[s->order[i]];
        const struct ablation_cell *x = &r->cell[t->ranked];
        lo = x->s.n ? fmin(lo, x->s.min) : lo;
        hi = x->s.n ? fmax(hi, x->s.max) : hi;
        if (i < top || n == rows)
            continue;
        row[n] = (struct spread_row){ablations_levels(t, r->value, label[n], sizeof label[n]), x->values, r->n,
                                     i == s->row, x->s.n ? ablations_centre(s, &x->s) : NAN};
        n++;
    }
    const struct stats *base = &t->rows[t->baseline].cell[t->ranked].s;
    spread_plot(g, (struct rect){area.y + 1, area.x, area.h - 1, area.w}, row, n, lo, hi,
                base->n ? ablations_centre(s, base) : NAN, t->metrics[t->ranked].share);
}

static void missing_text(const struct ablation *t, char *out, size_t size)
{
    char cell[160];
    size_t n = (size_t)snprintf(out, size, "%d of the grid's cells missing:", t->nmissing);
    for (int i = 0; i < t->nmissing && n + 60 < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s %s", i ? "," : "",
                              ablations_levels(t, t->missing[i].value, cell, sizeof cell));
    if (!t->nmissing)
        snprintf(out, size, "every cell of the grid is there");
}

static void effect_text(const struct ablation *t, const struct ablation_effect *e, char *out, size_t size)
{
    const struct ablation_field *f = &t->fields[e->field];
    char gap[FMT];
    int decimals = t->metrics[t->ranked].decimals;
    if (!(fabs(e->mean[e->best] - e->mean[e->worst]) > 0)) {
        snprintf(out, size, "%s: no difference", f->field->name);
        return;
    }
    fmt_signed(gap, sizeof gap, e->mean[e->best] - e->mean[e->worst], decimals);
    snprintf(out, size, "%s: %s best, %s over %s%s", f->field->name,
             *f->levels[e->best] ? f->levels[e->best] : "-", *gap ? gap : "0",
             *f->levels[e->worst] ? f->levels[e->worst] : "-",
             e->balanced ? t->unequal ? " (budgets differ)" : "" : " (rows differ in more)");
}

/* 1: a field that is set along with another one: sizes of the same network, steps of a budget. */
static int follows(const char *name, const char *leader)
{
    static const struct { const char *leader, *begins; } known[] = {
        {"generator_size", "generator_"}, {"generator", "generator_"}, {"hidden_size", "ffn_size"},
        {"hidden_size", "heads"}, {"hidden_size", "embedding_size"}, {"hidden_size", "generator_"},
        {"objective", "generator_"}, {"steps", "warmup_steps"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (!strcmp(leader, known[i].leader) && !strncmp(name, known[i].begins, strlen(known[i].begins)))
            return 1;
    return 0;
}

/* 1: the field is the same in all runs of a row and not in all rows, though rows are not made by it. */
static int goes_along(const struct ablations *s, const struct config_field *f)
{
    const struct ablation *t = &s->t;
    char first[CONFIG_TEXT] = "", mine[CONFIG_TEXT], text[CONFIG_TEXT];
    int differs = 0;
    for (int k = 0; k < t->nfields; k++)
        if (t->fields[k].field == f || follows(f->name, t->fields[k].field->name))
            return 0;
    for (int i = 0; i < t->nrows; i++)
        for (int k = 0; k < t->rows[i].n; k++) {
            const struct query_run *r = app_run(s->app, t->rows[i].runs[k]);
            if (!r)
                return 0;
            config_get(&r->config, f, k ? text : mine, CONFIG_TEXT);
            if (k && strcmp(mine, text))
                return 0;
            if (!k && !i)
                memcpy(first, mine, sizeof first);
            differs |= !k && strcmp(first, mine) != 0;
        }
    return differs;
}

void ablations_along(const struct ablations *s, char *out, size_t size)
{
    size_t n = 0;
    int more = 0;
    *out = 0;
    for (int i = 0; i < config_nfields && n < size; i++) {
        const struct config_field *f = &config_fields[i];
        if (!(f->flags & CONFIG_ID) || !strcmp(f->name, "seed") || !goes_along(s, f))
            continue;
        if (n + strlen(f->name) + 30 > size || more++ >= 6)
            continue;
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "! differ with the rows, too: ", f->name);
    }
    if (more > 6 && n < size)
        snprintf(out + n, size - n, " and %d more", more - 6);
}

/* Of a row (as in `order`). Returns the lines it takes; g NULL: only counts. */
static int draw_effects(const struct ablations *s, struct grid *g, struct rect area, int row)
{
    const struct ablation *t = &s->t;
    char text[700];
    const char *parts[] = {"what it is worth"};
    struct rect in = {area.y + 1, area.x + 1, area.h - 1, area.w - 2};
    int y = in.y, few = 0;
    if (g)
        pane_title(g, area.y, area.x, area.w, 0, parts, 1);
    ablations_sentence(s, s->order[row], text, sizeof text);
    y += prose(g, in, y, STYLE(ROLE_TEXT, 0), text);
    for (int i = 0; i < t->neffects; i++) {
        effect_text(t, &t->effects[i], text, sizeof text);
        y += prose(g, in, y, STYLE(ROLE_TEXT, 0), text);
    }
    y += prose(g, in, y, STYLE(ROLE_WARN, 0), s->along);
    for (int i = 0; i < t->nrows; i++)
        few += t->rows[i].n < STATS_LEAST;
    if (few) {
        snprintf(text, sizeof text, "! %d row%s under %d seeds: not tested", few, few == 1 ? "" : "s", STATS_LEAST);
        y += prose(g, in, y, STYLE(ROLE_WARN, 0), text);
    }
    if (t->unequal) {
        snprintf(text, sizeof text, "≠ %d row%s spent another budget than the baseline", t->unequal,
                 t->unequal == 1 ? "" : "s");
        y += prose(g, in, y, STYLE(ROLE_WARN, 0), text);
    }
    if (t->left_out || t->repeated) {
        snprintf(text, sizeof text, "%d run%s left out (not done, failed or without values), %d repeated",
                 t->left_out, t->left_out == 1 ? "" : "s", t->repeated);
        y += prose(g, in, y, STYLE(ROLE_DIM, 0), text);
    }
    if (t->nfields > 1) {
        missing_text(t, text, sizeof text);
        y += prose(g, in, y, STYLE(t->nmissing ? ROLE_TEXT : ROLE_DIM, 0), text);
    }
    return y - area.y;
}

static void draw_empty(struct ablations *s, struct grid *g, struct rect area)
{
    const struct query_run *runs;
    char text[600];
    int n = app_runs(s->app, &runs);
    struct rect in = {area.y + 2, area.x + 3, area.h - 2, area.w - 6};
    pane_titlef(g, area.y, area.x, area.w, 1, "ablations");
    if (s->error[0])
        snprintf(text, sizeof text, "%s.  d groups by other fields", s->error);
    else if (s->filter.text[0])
        snprintf(text, sizeof text, "0 of %d match  %s · Esc clears", n, s->filter.text);
    else
        snprintf(text, sizeof text, "Nothing to compare yet: here runs are grouped by what differs, over "
                 "seeds, once they are done.%s", app_readonly(s->app) ? "" :
                 " c fills the form of Launch with an example: weights shared by generator and "
                 "discriminator (none, embeddings, all), three seeds each.");
    prose(g, in, in.y, STYLE(ROLE_TEXT, 0), text);
}

static int left_width(int w) { return w * 3 / 5; }

static void draw_beside(struct ablations *s, struct grid *g, struct rect part)
{
    struct rect left = part, right = part;
    left.w = left_width(part.w);
    right.x = left.w + 1;
    right.w = part.w - right.x;
    ablations_draw_spread(s, g, left);
    draw_effects(s, g, right, s->row);
    pane_hline(g, part.y, left.w, 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, part.y, left.w, part.h, STYLE(ROLE_DIM, 0));
}

#define SEEDS_LEAST 3 /* of a row's seeds: fewer are not worth a part of their own */

/* Rows of the part between table and seeds, where table, spread and the seeds of the row under the cursor
 * all have room; 0: they have not. */
static int thirds(const struct ablations *s, struct rect area)
{
    int table = table_rows(s, area.w), right = area.w - left_width(area.w) - 1, most = 0, mid = s->t.nrows + 2;
    if (s->maximised || area.w < 110 || s->t.ranked < 0 || table + mid >= area.h)
        return 0;
    for (int i = 0; i < s->t.nrows; i++) { /* of any row: nothing moves with the cursor */
        int lines = draw_effects(s, NULL, (struct rect){0, 0, 100, right}, i);
        mid = lines > mid ? lines : mid;
        most = s->t.rows[i].n > most ? s->t.rows[i].n : most;
    }
    int left = area.h - table - mid, need = most < SEEDS_LEAST ? most : SEEDS_LEAST;
    if (left < need + 2)
        return 0;
    int seeds = most + s->t.nmetrics + 4, spare = left - seeds, apart = 2 * s->t.nrows;
    return spare > 0 ? mid + (spare < apart ? spare : apart) : mid;
}

static void draw_thirds(struct ablations *s, struct grid *g, struct rect area, int mid)
{
    struct rect part = area;
    part.h = table_rows(s, area.w);
    draw_table(s, g, part);
    part.y += part.h;
    part.h = mid;
    draw_beside(s, g, part);
    part.y += mid;
    part.h = area.y + area.h - part.y;
    ablations_draw_below(s, g, part);
    pane_hline(g, part.y, area.x + left_width(area.w), 1, STYLE(ROLE_DIM, 0));
}

void ablations_draw(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct ablations *s = self;
    (void)a;
    s->list = (struct rect){0, 0, 0, 0};
    if (!ablations_current(s)) {
        draw_empty(s, g, area);
        return;
    }
    if (s->detail) {
        ablations_draw_page(s, g, area);
        return;
    }
    int third = thirds(s, area);
    if (third) {
        draw_thirds(s, g, area, third);
        return;
    }
    int wide = area.w >= 110 && area.h >= 28, strip = area.h >= 16 && area.w >= 50;
    int below = s->maximised || !strip ? 0 : wide ? area.h * 2 / 5 : s->t.nrows + 2 > 7 ? 7 : s->t.nrows + 2;
    below = below && below < 5 ? 5 : below;
    struct rect part = area;
    part.h = area.h - below;
    draw_table(s, g, part);
    part.y += part.h;
    part.h = below;
    if (!below)
        return;
    if (wide)
        draw_beside(s, g, part);
    else
        ablations_draw_spread(s, g, part);
}
