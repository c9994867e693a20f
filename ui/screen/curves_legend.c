/* What the lines of the Curves screen are: the legend beside the charts, the strip below them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/curves_int.h"
#include "ui/screen/run_name.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

/* Newest value of a line, or the one nearest to the cursor. */
static int value_at(const struct curves *s, const struct curve_line *l)
{
    int k = l->n - 1;
    while (k >= 0 && !curves_inside(s, &l->samples[k])) k--;
    return isnan(s->cursor) ? k : curves_nearest(l, s->cursor);
}

static void line_value(const struct curves *s, const struct curve_chart *c, int i, char *out,
                       size_t size)
{
    const struct curve_line *l = &c->lines[i];
    int k = value_at(s, l);
    const struct chart_sample *p = k >= 0 ? &l->samples[k] : NULL;
    int newest = isnan(s->cursor) && l->seeds < 2; /* the value itself, as on Runs */
    double v = !p ? NAN : newest ? l->steps[k].last_value : p->n ? p->mean : NAN;
    if (!p)
        snprintf(out, size, "-");
    else if (isnan(v))
        snprintf(out, size, "nan");
    else
        scale_value(v, curve_defs[c->def].unit, out, size);
}

static const char *state_sign(int state) { return sign(SIGN_STATE + state); }

static int legend_row(struct grid *g, struct rect r, int *y, struct style st, const char *left,
                      const char *right)
{
    if (*y >= r.y + r.h) return 0;
    int w = right ? text_columns(right) : 0;
    grid_text(g, r, *y, r.x, r.w - w - (w > 0), st, left);
    if (w) grid_right(g, r, *y, r.x, r.w, STYLE(ROLE_TEXT, st.attr), right);
    ++*y;
    return 1;
}

/* 1: the run is part of another one's mean. */
static int in_a_mean(const struct curves *s, int run)
{
    for (int i = 0; s->band && i < s->nruns; i++)
        if (i != run && s->runs[i].group == s->runs[run].group) return 1;
    return 0;
}

char *curves_line_name(const struct curves *s, const struct curve_line *l, char *out, size_t size)
{
    const struct curve_run *r = &s->runs[l->run];
    char seed[32];
    size_t n = strlen(r->name), k = (size_t)snprintf(seed, sizeof seed, "s%ld", r->seed);
    if (l->seeds > 1 && n > k + 1 && !strcmp(r->name + n - k, seed) && strchr(" -_", r->name[n - k - 1]))
        n -= k + 1; /* of a mean: without the seed */
    snprintf(out, size, "%.*s", (int)n, r->name);
    return out;
}

/* Letter, state and name of a run; `right`, when it is not NULL, at the end of the row. */
static void legend_head(struct curves *s, struct grid *g, struct rect r, int y, int run,
                        const struct curve_line *l, const char *right)
{
    const struct curve_run *cr = &s->runs[run];
    int at = r.x + 4, w = right ? text_columns(right) + 1 : 0;
    char name[256];
    struct style st = STYLE(l ? ROLE_TEXT : ROLE_DIM, run == s->focus_run ? ATTR_BOLD : 0);
    grid_cell(g, r, y, r.x, STYLE(cr->role, ATTR_BOLD), (char[2]){cr->letter, 0});
    grid_text(g, r, y, r.x + 2, 1, STYLE(ROLE_TEXT, 0), state_sign(cr->state));
    if (right) grid_right(g, r, y, r.x, r.w, STYLE(ROLE_DIM, 0), right);
    if (cr->ghost) at += grid_text(g, r, y, at, -1, st, "ghost ");
    snprintf(name, sizeof name, "%s", cr->name);
    if (l) curves_line_name(s, l, name, sizeof name);
    run_name_draw(g, r, y, at, r.x + r.w - w - at, s->tail, st, name, cr->tags);
}

/* The lines of a run in the focused chart, from the first on; NULL: none. */
static const struct curve_line *lines_of(const struct curves *s, int run, int *n)
{
    const struct curve_chart *c = curves_focused(s);
    const struct curve_line *first = NULL;
    *n = 0;
    for (int i = 0; c && i < c->nlines; i++)
        if (c->lines[i].run == run) {
            first = first ? first : &c->lines[i];
            ++*n;
        }
    return first;
}

/* Rows that a run takes; brief: one. */
static int legend_rows(const struct curves *s, int run, int brief)
{
    int n;
    return lines_of(s, run, &n) ? brief ? 1 : 1 + n : !in_a_mean(s, run);
}

/* "= A" where it is covered, else the value. */
static void brief_value(const struct curves *s, const struct curve_line *l, char *out, size_t size)
{
    const struct curve_chart *c = curves_focused(s);
    int i = (int)(l - c->lines);
    char value[FMT], front[4];
    line_value(s, c, i, value, sizeof value);
    *out = 0;
    if (c->drawn.covered[i] >= 0) {
        curves_label(s, &c->lines[c->drawn.covered[i]], front);
        snprintf(out, size, "%s = %s", value, front);
    } else {
        snprintf(out, size, "%s", value);
    }
}

static void legend_run(struct curves *s, struct grid *g, struct rect r, int *y, int run, int brief)
{
    const struct curve_chart *c = curves_focused(s);
    char text[320], value[FMT] = "";
    int n;
    const struct curve_line *l = lines_of(s, run, &n);
    if (*y >= r.y + r.h || (!l && in_a_mean(s, run))) return;
    *text = 0;
    if (l && brief) brief_value(s, l, text, sizeof text);
    else if (l && l->seeds > 1) snprintf(text, sizeof text, "%d seeds", l->seeds);
    legend_head(s, g, r, (*y)++, run, l, *text ? text : NULL);
    for (int i = l ? (int)(l - c->lines) : 0; !brief && l && i < c->nlines; i++) {
        l = &c->lines[i];
        if (l->run != run) continue;
        line_value(s, c, i, value, sizeof value);
        char mark[4], front[4];
        curves_label(s, l, mark);
        snprintf(text, sizeof text, "  %-2s %s", l->def->style == CHART_REFERENCE ? "" : mark,
                 l->def->name);
        if (c->drawn.covered[i] >= 0) {
            curves_label(s, &c->lines[c->drawn.covered[i]], front);
            snprintf(text, sizeof text, "  %s = %s (covered)", mark, front);
        }
        legend_row(g, r, y, STYLE(ROLE_DIM, 0), text, value);
    }
}

/* All runs with all their lines; where there is no room a row each but for the focused one, and then
 * those around it. */
static void legend_runs(struct curves *s, struct grid *g, struct rect r, int *y)
{
    int room = r.y + r.h - *y, all = 0, brief = 0, from = 0, shown = 0, rest = 0;
    for (int i = 0; i < s->nruns; i++) all += legend_rows(s, i, 0);
    brief = all > room;
    int own = s->focus_run >= 0 ? legend_rows(s, s->focus_run, 0) : 0;
    if (brief) { /* the rows above the focused one, from where it is seen too */
        int above = 0;
        for (from = s->focus_run > 0 ? s->focus_run : 0; from > 0; from--) {
            above += legend_rows(s, from - 1, 1);
            if (above + own > room - 1) break;
        }
    }
    for (int i = from; i < s->nruns; i++) {
        int one = brief && i != s->focus_run, rows = legend_rows(s, i, one), later = 0;
        for (int k = i + 1; k < s->nruns && !later; k++) later = legend_rows(s, k, 1);
        if (!rows) continue;
        if (*y + rows + (later || from) > r.y + r.h) break;
        legend_run(s, g, r, y, i, one);
        shown = i + 1;
    }
    for (int i = 0; i < s->nruns; i++)
        rest += (i < from || i >= shown) && legend_rows(s, i, 1);
    char text[64];
    snprintf(text, sizeof text, "and %d more", rest);
    if (rest) legend_row(g, r, y, STYLE(ROLE_DIM, 0), text, NULL);
}

/* Exact values under the cursor: step range, min and max of a bucket of several points. */
static void legend_exact(struct curves *s, struct grid *g, struct rect r, int *y)
{
    const struct curve_chart *c = curves_focused(s);
    char text[128], lo[FMT], hi[FMT];
    int run = c && c->nlines ? c->lines[0].run : -1;
    for (int i = 0; c && i < c->nlines; i++)
        if (c->lines[i].run == s->focus_run) run = s->focus_run;
    for (int i = 0; c && i < c->nlines && *y + 1 < r.y + r.h; i++) {
        const struct curve_line *l = &c->lines[i];
        int k = curves_nearest(l, s->cursor);
        if (l->run != run || k < 0) continue;
        const struct chart_sample *p = &l->samples[k];
        fmt_exact(lo, sizeof lo, l->steps[k].first);
        fmt_exact(hi, sizeof hi, l->steps[k].last);
        if (l->steps[k].first == l->steps[k].last || l->seeds > 1)
            snprintf(text, sizeof text, "%s at step %s", l->def->name, lo);
        else
            snprintf(text, sizeof text, "%s, %u points to %s", l->def->name, p->n + p->nonfinite, hi);
        legend_row(g, r, y, STYLE(ROLE_DIM, 0), text, NULL);
        if (l->seeds > 1 && p->n)
            snprintf(text, sizeof text, "  %s",
                     fmt_mean(lo, sizeof lo, p->mean, l->hi[k] - p->mean, l->seeds));
        else if (!p->n)
            snprintf(text, sizeof text, "  %u not a number", p->nonfinite);
        else if (p->n == 1 && !p->nonfinite)
            snprintf(text, sizeof text, "  %.9g", p->mean);
        else
            snprintf(text, sizeof text, "  %.6g to %.6g", p->min, p->max);
        legend_row(g, r, y, STYLE(ROLE_TEXT, 0), text, NULL);
    }
}

/* A minus B at the cursor: the first line of the first two runs. */
static void legend_difference(struct curves *s, struct grid *g, struct rect r, int *y)
{
    const struct curve_chart *c = curves_focused(s);
    const struct curve_line *a = NULL, *b = NULL;
    for (int i = 0; c && i < c->nlines; i++) {
        if (c->lines[i].run == 0 && !a) a = &c->lines[i];
        if (a && c->lines[i].run == 1 && c->lines[i].def == a->def) b = &c->lines[i];
    }
    if (!a || !b) return;
    int i = value_at(s, a), j = value_at(s, b);
    if (i < 0 || j < 0 || !a->samples[i].n || !b->samples[j].n) return;
    char text[FMT], name[24];
    int newest = isnan(s->cursor) && a->seeds < 2 && b->seeds < 2; /* of what stands above */
    double d = newest ? a->steps[i].last_value - b->steps[j].last_value : a->samples[i].mean - b->samples[j].mean;
    if (!isfinite(d)) return;
    fmt_signed(text, sizeof text, d, 3);
    snprintf(name, sizeof name, "%c less %c", s->runs[0].letter, s->runs[1].letter);
    legend_row(g, r, y, STYLE(ROLE_DIM, 0), name, text);
}

/* All charts with the newest value of the focused run: what Tab goes through. */
static void legend_charts(struct curves *s, struct app *a, struct grid *g, struct rect r, int *y,
                          int end)
{
    const struct query_run *run =
        s->nruns ? app_run(a, s->runs[s->focus_run > 0 ? s->focus_run : 0].id) : NULL;
    int n = end - *y - 1, first = 0;
    char value[FMT];
    if (n < 4 || !run) return;
    pane_titlef(g, (*y)++, r.x - 1, r.w + 1, 0, "%d charts · v held-out", s->ncharts);
    if (s->ncharts > n && s->focus >= n) first = s->focus - n + 1;
    for (int i = first; i < s->ncharts && *y < end; i++, ++*y) {
        const struct curve_def *d = &curve_defs[s->charts[i]];
        int m = d->lines[0].metric, here = i == s->focus;
        double v = run->val_has[m] ? run->val_last[m] : run->has[m] ? run->last[m] : NAN;
        if (here) grid_text(g, r, *y, r.x - 1, 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        grid_text(g, r, *y, r.x, r.w - 9, STYLE(here ? ROLE_TEXT : ROLE_DIM, 0), d->title);
        if (run->has[m] || run->val_has[m])
            grid_right(g, r, *y, r.x + r.w - 9, 7, STYLE(isnan(v) ? ROLE_BAD : ROLE_DIM, 0),
                       scale_value(v, d->unit, value, sizeof value));
        if (run->val_has[m])
            grid_text(g, r, *y, r.x + r.w - 1, 1, STYLE(ROLE_DIM, 0), "v");
    }
}

/* What the signs on and under the charts mean; returns the rows it takes. g NULL: only those. */
static int legend_signs(struct grid *g, struct rect r, int y)
{
    static const char *const lines[] = {
        "A train  Av held-out", "Ac AUC common, Av own", "◆ checkpoint  ↻ resumed",
        "│ next stage  ! not finite", "▲ ▼ off the chart", "Ar recall  Ap precision", "As said, or sampled",
    };
    int n = r.h >= 40 ? 7 : 5;
    if (!g) return n + 1;
    pane_titlef(g, y++, r.x - 1, r.w + 1, 0, "signs");
    for (int i = 0; i < n; i++) legend_row(g, r, &y, STYLE(ROLE_DIM, 0), lines[i], NULL);
    return n + 1;
}

void curves_legend(struct curves *s, struct app *a, struct grid *g, struct rect r)
{
    const struct curve_chart *c = curves_focused(s);
    char text[128], x[FMT];
    int y = r.y + 1;
    struct rect in = {r.y, r.x + 1, r.h, r.w - 1};
    pane_titlef(g, r.y, r.x, r.w, 0, "%d run%s", s->nruns, s->nruns == 1 ? "" : "s");
    int signs = r.h >= 28 ? legend_signs(NULL, in, 0) : 0; /* help has them too */
    int settings = 4 + signs, room = r.y + r.h - settings - (isnan(s->cursor) ? 0 : 6) - (s->nruns > 1);
    legend_runs(s, g, (struct rect){in.y, in.x, room - in.y, in.w}, &y);
    legend_difference(s, g, (struct rect){in.y, in.x, in.h - settings, in.w}, &y);
    if (!isnan(s->cursor) && y < r.y + r.h - settings) {
        curves_x_text(s->axis, s->cursor, x, sizeof x);
        pane_titlef(g, y++, r.x, r.w, 0, "at %s %s", curve_axis_name(s->axis), x);
        legend_exact(s, g, (struct rect){in.y, in.x, in.h - settings, in.w}, &y);
    }
    legend_charts(s, a, g, in, &y, r.y + r.h - settings);
    y = r.y + r.h - settings;
    y += signs ? legend_signs(g, in, y) : 0;
    pane_hline(g, y++, r.x, r.w, STYLE(ROLE_DIM, 0));
    snprintf(text, sizeof text, "x %s%s, y %s", curve_axis_name(s->axis),
             s->log & LOG_X ? " log" : "", s->log & LOG_Y ? "log" : "linear");
    legend_row(g, in, &y, STYLE(ROLE_DIM, 0), text, NULL);
    curves_ema_text(s, x, sizeof x);
    if (!s->smooth) snprintf(x, sizeof x, "raw");
    snprintf(text, sizeof text, "%s, %s", x, s->band ? "mean over seeds" : "each run");
    legend_row(g, in, &y, STYLE(ROLE_DIM, 0), text, NULL);
    if (c) curves_cell_text(s, &c->drawn, text, sizeof text);
    legend_row(g, in, &y, STYLE(ROLE_DIM, 0), c ? text : "", NULL);
}

/* The legend of small screens: runs and values in a row, then the cursor. */
void curves_strip(struct curves *s, struct grid *g, struct rect r)
{
    const struct curve_chart *c = curves_focused(s);
    char value[FMT], text[160], x[FMT], front[4], label[256];
    int px = r.x, y = r.y + 1;
    if (!c) return;
    if (isnan(s->cursor))
        pane_titlef(g, r.y, r.x, r.w, 0, "%s values%s", s->zoomed ? "the window's last" : "newest",
                    s->smooth ? ", not smoothed" : "");
    else
        pane_titlef(g, r.y, r.x, r.w, 0, "at %s %s", curve_axis_name(s->axis),
                    curves_x_text(s->axis, s->cursor, x, sizeof x));
    for (int i = 0; i < c->nlines; i++) {
        const struct curve_line *l = &c->lines[i];
        const struct curve_run *run = &s->runs[l->run];
        int first = i == 0 || c->lines[i - 1].run != l->run;
        line_value(s, c, i, value, sizeof value);
        curves_line_name(s, l, label, sizeof label);
        if (c->drawn.covered[i] >= 0) {
            curves_label(s, &c->lines[c->drawn.covered[i]], front);
            snprintf(text, sizeof text, "%s = %s (covered)", l->def->name, front);
        } else if (l->seeds > 1)
            snprintf(text, sizeof text, "%s %s, mean of %d seeds", l->def->name, value, l->seeds);
        else
            snprintf(text, sizeof text, "%s %s", l->def->name, value);
        int name = first ? 4 + (text_columns(label) < 22 ? text_columns(label) : 22) : 0;
        int w = name + text_columns(text) + 2;
        if (px > r.x && (first || px + w > r.x + r.w)) px = r.x + (first ? 0 : 4), y++;
        if (y >= r.y + r.h) break;
        if (first) {
            grid_cell(g, r, y, px, STYLE(run->role, ATTR_BOLD), (char[2]){run->letter, 0});
            grid_text(g, r, y, px + 2, 1, STYLE(ROLE_TEXT, 0), state_sign(run->state));
            px += 5 + run_name_draw(g, r, y, px + 4, 22, s->tail, STYLE(ROLE_TEXT, 0), label, run->tags);
        }
        px += grid_text(g, r, y, px, -1, STYLE(first ? ROLE_TEXT : ROLE_DIM, 0), text) + 2;
    }
    if (++y < r.y + r.h)
        grid_text(g, r, r.y + r.h - 1, r.x + 1, -1, STYLE(ROLE_DIM, 0),
                  "Av held-out  Ac AUC common  ◆ checkpoint ↻ resumed │ stage ▲▼ beyond ! nan");
}
