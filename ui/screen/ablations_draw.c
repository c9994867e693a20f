/* Drawing of the Ablations screen: table, spread, effects, the page of a row. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/ablations_int.h"
#include "ui/screen/screen.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/scale.h"
#include "ui/widget/wrap.h"

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
    if (s->filter_text[0])
        snprintf(filter, sizeof filter, "%s", s->filter_text);
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

struct spread {
    struct grid *g;
    struct rect plot;   /* where values are */
    double lo, hi;
};

static int column_of(const struct spread *p, double v)
{
    double share = p->hi > p->lo ? (v - p->lo) / (p->hi - p->lo) : .5;
    int x = (int)(share * (p->plot.w - 1) + .5);
    return p->plot.x + (x < 0 ? 0 : x >= p->plot.w ? p->plot.w - 1 : x);
}

static void range_of(const struct ablations *s, struct spread *p)
{
    p->lo = INFINITY;
    p->hi = -INFINITY;
    for (int i = 0; i < s->t.nrows; i++) {
        const struct stats *x = &s->t.rows[i].cell[s->t.ranked].s;
        p->lo = x->n ? fmin(p->lo, x->min) : p->lo;
        p->hi = x->n ? fmax(p->hi, x->max) : p->hi;
    }
    double pad = p->hi > p->lo ? .05 * (p->hi - p->lo) : fmax(.001, fabs(p->hi) * .01);
    p->lo -= pad;
    p->hi += pad;
}

static void spread_row(const struct ablations *s, const struct spread *p, int y, int at, int base)
{
    const struct ablation_row *r = &s->t.rows[s->order[at]];
    const struct ablation_cell *x = &r->cell[s->t.ranked];
    uint8_t role = at == s->row ? ROLE_ACCENT : ROLE_TEXT;
    if (!x->s.n)
        return;
    for (int c = column_of(p, x->s.min); c <= column_of(p, x->s.max); c++)
        grid_cell(p->g, p->plot, y, c, STYLE(ROLE_DIM, 0), sign(c == base ? SIGN_DOT : SIGN_HLINE));
    grid_cell(p->g, p->plot, y, column_of(p, ablations_centre(s, &x->s)), STYLE(role, ATTR_BOLD), sign(SIGN_VLINE));
    for (int k = 0; k < r->n; k++) {
        int c = column_of(p, x->values[k]), here = 0;
        char many[2] = "";
        if (!isfinite(x->values[k]))
            continue;
        for (int j = 0; j < r->n; j++)
            here += isfinite(x->values[j]) && column_of(p, x->values[j]) == c;
        *many = (char)('0' + (here < 9 ? here : 9));
        grid_cell(p->g, p->plot, y, c, STYLE(role, 0), here > 1 ? many : sign(SIGN_DONE));
    }
}

static void spread_axis(const struct spread *p, int y, int share)
{
    struct ticks t;
    ticks_linear(&t, p->lo, p->hi, p->plot.w / 12 + 1, share ? SCALE_SHARE : SCALE_PLAIN);
    for (int i = 0; i < t.n; i++) {
        int w = text_columns(t.label[i]), x = column_of(p, t.at[i]) - w / 2;
        x = x + w > p->plot.x + p->plot.w ? p->plot.x + p->plot.w - w : x < p->plot.x ? p->plot.x : x;
        grid_text(p->g, p->plot, y, x, -1, STYLE(ROLE_DIM, 0), t.label[i]);
    }
}

void ablations_draw_spread(struct ablations *s, struct grid *g, struct rect area)
{
    struct spread p = {.g = g};
    char label[160];
    const char *parts[] = {"spread", NULL, s->statistic == SHOW_MEDIAN ? "● a seed (2: two)  │ median  · baseline" : "● a seed (2: two)  │ mean  · baseline"};
    if (s->t.ranked < 0 || area.h < 3)
        return;
    parts[1] = ablations_title(s->t.metrics[s->t.ranked].name);
    pane_title(g, area.y, area.x, area.w, 0, parts, 3);
    int rows = area.h - 2, w = 0, top = table_top(s->top, s->row, rows, s->t.nrows);
    for (int i = 0; i < s->t.nrows; i++) {
        int mine = text_columns(ablations_levels(&s->t, s->t.rows[i].value, label, sizeof label));
        w = mine > w ? mine : w;
    }
    w = w > area.w / 3 ? area.w / 3 : w;
    p.plot = (struct rect){area.y + 1, area.x + w + 5, area.h - 1, area.w - w - 7};
    if (p.plot.w < 8)
        return;
    range_of(s, &p);
    int base = s->t.rows[s->t.baseline].cell[s->t.ranked].s.n
                   ? column_of(&p, ablations_centre(s, &s->t.rows[s->t.baseline].cell[s->t.ranked].s)) : -1;
    int shown = s->t.nrows - top < rows ? s->t.nrows - top : rows;
    for (int i = 0; i < shown; i++) {
        ablations_levels(&s->t, s->t.rows[s->order[top + i]].value, label, sizeof label);
        int y = area.y + 1 + i, on = top + i == s->row;
        grid_middle(g, area, y, area.x + 3, w, STYLE(on ? ROLE_ACCENT : ROLE_TEXT, 0), label);
        if (base >= 0)
            grid_cell(g, p.plot, y, base, STYLE(ROLE_DIM, 0), sign(SIGN_DOT));
        spread_row(s, &p, y, top + i, base);
    }
    spread_axis(&p, area.y + 1 + shown, s->t.metrics[s->t.ranked].share);
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

static void draw_effects(const struct ablations *s, struct grid *g, struct rect area)
{
    const struct ablation *t = &s->t;
    char text[700];
    const char *parts[] = {"what it is worth"};
    struct rect in = {area.y + 1, area.x + 1, area.h - 1, area.w - 2};
    int y = in.y, few = 0;
    pane_title(g, area.y, area.x, area.w, 0, parts, 1);
    ablations_sentence(s, s->order[s->row], text, sizeof text);
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
        prose(g, in, y, STYLE(t->nmissing ? ROLE_TEXT : ROLE_DIM, 0), text);
    }
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
    else if (s->filter_text[0])
        snprintf(text, sizeof text, "0 of %d match  %s · Esc clears", n, s->filter_text);
    else
        snprintf(text, sizeof text, "Nothing to compare yet: here runs are grouped by what differs, over "
                 "seeds, once they are done.%s", app_readonly(s->app) ? "" :
                 " c fills the form of Launch with an example: weights shared by generator and "
                 "discriminator (none, embeddings, all), three seeds each.");
    prose(g, in, in.y, STYLE(ROLE_TEXT, 0), text);
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
    if (!wide) {
        ablations_draw_spread(s, g, part);
        return;
    }
    struct rect left = part, right = part;
    left.w = part.w * 3 / 5;
    right.x = left.w + 1;
    right.w = part.w - right.x;
    ablations_draw_spread(s, g, left);
    draw_effects(s, g, right);
    pane_hline(g, part.y, left.w, 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, part.y, left.w, part.h, STYLE(ROLE_DIM, 0));
}
