/* How the Curves screen looks: charts in a grid, legend or strip. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/curves_int.h"
#include "ui/screen/run_name.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define LEGEND 28     /* columns, with its line */
#define CHART_W 44    /* least columns of one chart among several */
#define CHART_H 13    /* least rows, with its title */

char *curves_x_text(int axis, double x, char *out, size_t size)
{
    if (axis == AXIS_STEP) return fmt_exact(out, size, (int64_t)llround(x));
    if (axis == AXIS_TIME) return fmt_time(out, size, x);
    if (axis == AXIS_FLOPS) return fmt_exp(out, size, x);
    return fmt_count(out, size, x);
}

struct curve_chart *curves_focused(struct curves *s)
{
    return s->ncharts ? &s->slots[s->charts[s->focus]] : NULL;
}

/* How much x grows over one cell of a logarithmic axis. */
static double log_cell(const struct curves *s, const struct chart_drawn *d)
{
    double x0, x1;
    curves_window(s, &x0, &x1);
    return d->plot.w > 0 ? pow(x1 / x0, 1. / d->plot.w) - 1 : 0;
}

/* "1 cell = 1.6k steps" */
static void cell_text(const struct curves *s, const struct chart_drawn *d, char *out, size_t size)
{
    static const char *const units[AXIS_COUNT] = {" steps", "", " tokens", " FLOP"};
    char n[FMT];
    if (s->log & LOG_X) { /* a cell is a factor */
        snprintf(out, size, "1 cell = %s%%", fmt_fixed(n, sizeof n, log_cell(s, d) * 100, 1));
        return;
    }
    if (s->axis == AXIS_TIME)
        fmt_time(n, sizeof n, d->per_cell);
    else if (s->axis == AXIS_STEP && d->per_cell < 10)
        fmt_fixed(n, sizeof n, d->per_cell, d->per_cell == floor(d->per_cell) ? 0 : 1);
    else
        fmt_count(n, sizeof n, d->per_cell);
    snprintf(out, size, "1 cell = %s%s", n, units[s->axis]);
}

/* "ema .60", "ema .995" */
static void ema_text(const struct curves *s, char *out, size_t size)
{
    double v = curves_smooths[s->smooth];
    char digits[FMT];
    fmt_fixed(digits, sizeof digits, v, fabs(v * 100 - round(v * 100)) < 1e-9 ? 2 : 3);
    snprintf(out, size, s->smooth ? "ema %s" : "not smoothed", digits + 1);
}

/* "A", "Av" */
static void line_label(const struct curves *s, const struct curve_line *l, char out[4])
{
    out[0] = s->runs[l->run].letter, out[1] = l->def->suffix, out[2] = 0;
}

static void to_series(struct curves *s, struct curve_chart *c)
{
    for (int i = 0; i < c->nlines; i++) {
        const struct curve_line *l = &c->lines[i];
        const struct curve_run *r = &s->runs[l->run];
        int base = l->def->style == CHART_REFERENCE;
        c->series[i] = (struct chart_series){
            .samples = l->samples, .n = l->n, .smooth = l->smooth, .lo = l->lo, .hi = l->hi,
            .name = l->def->name, .style = (enum chart_style)l->def->style,
            .role = base ? ROLE_DIM : r->role};
        if (r->ghost && !base) { /* dashed, behind all others */
            c->series[i].style = CHART_REFERENCE;
            c->series[i].name = l->def == &curve_defs[c->def].lines[0] ? "ghost" : "";
        }
        /* Several runs: letters of the first lines, all of the focused run's. */
        if (s->nruns < 2 || l->run == s->focus_run || l->def == &curve_defs[c->def].lines[0])
            line_label(s, l, c->series[i].label);
    }
}

static const char *const log_names[LOG_STATES] = {"", "log", "log x", "log x and y"};

/* The range that the mouse has marked so far. */
static void draw_drag(const struct curves *s, struct grid *g, const struct curve_chart *c)
{
    int from = chart_col_of(&c->chart, &c->drawn, s->drag_x0);
    int to = chart_col_of(&c->chart, &c->drawn, s->drag_x1);
    struct rect r = c->drawn.plot;
    if (from < 0 || from == to) return;
    to = to >= 0 ? to : s->drag_x1 < s->drag_x0 ? r.x : r.x + r.w - 1;
    r.x = from < to ? from : to;
    r.w = (from < to ? to - from : from - to) + 1;
    grid_back(g, r, BACK_SELECTED);
}

static void draw_chart(struct curves *s, struct app *a, struct grid *g, int index, struct rect r)
{
    struct curve_chart *c = &s->slots[s->charts[index]];
    const struct curve_def *d = &curve_defs[c->def];
    struct rect body = {r.y + 1, r.x, r.h - 1, r.w};
    double x0, x1;
    c->area = r;
    if (body.h < 1) return;
    curves_window(s, &x0, &x1);
    int plot_w = r.w >= 20 ? r.w - CHART_GUTTER - 2 : r.w;
    curves_load(s, a, c, 2 * plot_w);
    to_series(s, c);
    /* another width cuts the series at other places: what it needed must not outlast it */
    uint64_t fit = (uint64_t)plot_w << 3 | (uint64_t)s->log << 1 | (uint64_t)s->zoomed;
    if (c->range_key != fit) memset(&c->range, 0, sizeof c->range);
    c->range_key = fit;
    static const enum scale_unit units[AXIS_COUNT] = {SCALE_COUNT, SCALE_TIME, SCALE_COUNT,
                                                      SCALE_COUNT};
    c->chart = (struct chart){
        .x0 = x0, .x1 = x1, .x_unit = units[s->axis], .y_unit = d->unit,
        .log_y = s->log & LOG_Y, .log_x = (s->log & LOG_X) != 0,
        .y_lo = s->log & LOG_Y ? NAN : d->y_lo, .y_hi = s->log & LOG_Y ? NAN : d->y_hi, .range = &c->range,
        .now = app_now(a) + 1, .series = c->series, .nseries = c->nlines,
        .focus = -1, .marks = c->marks, .nmarks = c->nmarks, .cursor = s->cursor,
        .repeat_letters = app_mono(a)};
    if (s->log & LOG_Y) c->chart.range = NULL;
    chart_draw(g, body, &c->chart, &c->drawn);
    if (s->drag == 1 && s->drag_chart == index) draw_drag(s, g, c);
    char ema[32], axis[32], cell[64];
    cell_text(s, &c->drawn, cell, sizeof cell);
    ema_text(s, ema, sizeof ema);
    snprintf(axis, sizeof axis, "x %s", curve_axis_name(s->axis));
    const char *parts[] = {d->title, s->smooth ? ema : "", log_names[s->log], axis, cell};
    pane_title(g, r.y, r.x, r.w, index == s->focus, parts, 5);
    if (!c->nlines && body.h > 1)
        grid_text(g, body, body.y + body.h / 2, body.x + 8, -1, STYLE(ROLE_DIM, 0),
                  "no values in this window");
}

/* Slots per row and column for an area. */
static void shape(const struct curves *s, struct rect area, int *rows, int *cols, int *legend)
{
    *rows = *cols = 1, *legend = 0;
    if (area.w >= 110 && area.h >= 20) {
        *legend = LEGEND;
        if (!s->maximised) {
            *cols = (area.w - LEGEND) / CHART_W;
            *rows = area.h / CHART_H;
        }
    }
    if (*rows < 1) *rows = 1;
    if (*cols < 1) *cols = 1;
}

static void draw_grid(struct curves *s, struct app *a, struct grid *g, struct rect r, int rows,
                      int cols)
{
    int per = rows * cols, first = s->focus / per * per;
    /* The last page fills up with the charts before it. */
    if (first + per > s->ncharts) first = s->ncharts > per ? s->ncharts - per : 0;
    int shown = s->ncharts - first < per ? s->ncharts - first : per;
    if (shown <= cols) cols = shown, rows = 1;
    while (rows > 1 && (rows - 1) * cols >= shown) rows--;
    for (int row = 0; row < rows; row++) /* lines first: titles are written into them */
        pane_hline(g, r.y + r.h * row / rows, r.x, r.w, STYLE(ROLE_DIM, 0));
    for (int i = 0; i < shown; i++) {
        int y0 = r.y + r.h * (i / cols) / rows, y1 = r.y + r.h * (i / cols + 1) / rows;
        int x1 = r.x + (r.w + 1) * (i % cols + 1) / cols - 1;
        if (i % cols < cols - 1 && i < shown - 1)
            pane_vline(g, y0, x1, y1 - y0 + (i / cols < rows - 1), STYLE(ROLE_DIM, 0));
    }
    for (int i = 0; i < shown; i++) {
        int row = i / cols, col = i % cols;
        int y0 = r.y + r.h * row / rows, y1 = r.y + r.h * (row + 1) / rows;
        int x0 = r.x + (r.w + 1) * col / cols, x1 = r.x + (r.w + 1) * (col + 1) / cols - 1;
        if (i == shown - 1) x1 = r.x + r.w; /* the last one takes what is left of its row */
        draw_chart(s, a, g, first + i, (struct rect){y0, x0, y1 - y0, x1 - x0});
    }
}

/* Newest value of a line, or the one nearest to the cursor. */
static int value_at(const struct curves *s, const struct curve_line *l)
{
    return isnan(s->cursor) ? l->n - 1 : curves_nearest(l, s->cursor);
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

static void legend_run(struct curves *s, struct grid *g, struct rect r, int *y, int run)
{
    const struct curve_chart *c = curves_focused(s);
    const struct curve_run *cr = &s->runs[run];
    char text[320], value[FMT] = "";
    int first = 1;
    for (int i = 0; c && i < c->nlines; i++) {
        const struct curve_line *l = &c->lines[i];
        if (l->run != run) continue;
        line_value(s, c, i, value, sizeof value);
        if (first && *y < r.y + r.h) {
            grid_cell(g, r, *y, r.x, STYLE(cr->role, ATTR_BOLD), (char[2]){cr->letter, 0});
            grid_text(g, r, *y, r.x + 2, 1, STYLE(ROLE_TEXT, 0), state_sign(cr->state));
            struct style st = STYLE(ROLE_TEXT, run == s->focus_run ? ATTR_BOLD : 0);
            int at = r.x + 4;
            if (l->seeds > 1) {
                grid_textf(g, r, *y, at, r.w - 4, st, "mean of %d seeds", l->seeds);
            } else {
                at += cr->ghost ? grid_text(g, r, *y, at, -1, st, "ghost ") : 0;
                run_name_draw(g, r, *y, at, r.x + r.w - at, s->tail, st, cr->name, cr->tags);
            }
            ++*y;
        }
        first = 0;
        char mark[4], front[4];
        line_label(s, l, mark);
        snprintf(text, sizeof text, "  %-2s %s", l->def->style == CHART_REFERENCE ? "" : mark,
                 l->def->name);
        if (c->drawn.covered[i] >= 0) {
            line_label(s, &c->lines[c->drawn.covered[i]], front);
            snprintf(text, sizeof text, "  %s = %s (covered)", mark, front);
        }
        legend_row(g, r, y, STYLE(ROLE_DIM, 0), text, value);
    }
    if (!first || *y >= r.y + r.h || in_a_mean(s, run)) return;
    grid_cell(g, r, *y, r.x, STYLE(cr->role, ATTR_BOLD), (char[2]){cr->letter, 0});
    grid_text(g, r, *y, r.x + 2, 1, STYLE(ROLE_TEXT, 0), state_sign(cr->state));
    run_name_draw(g, r, *y, r.x + 4, r.w - 4, s->tail, STYLE(ROLE_DIM, 0), cr->name, cr->tags);
    ++*y;
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
    int settings = 4 + signs, room = r.y + r.h - settings - (isnan(s->cursor) ? 0 : 6);
    int i = 0;
    for (; i < s->nruns && y < room; i++) legend_run(s, g, in, &y, i);
    if (i < s->nruns) {
        snprintf(text, sizeof text, "and %d more", s->nruns - i);
        legend_row(g, in, &y, STYLE(ROLE_DIM, 0), text, NULL);
    }
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
    ema_text(s, x, sizeof x);
    snprintf(text, sizeof text, "%s, %s", x, s->band ? "mean over seeds" : "each run");
    legend_row(g, in, &y, STYLE(ROLE_DIM, 0), text, NULL);
    if (c) cell_text(s, &c->drawn, text, sizeof text);
    legend_row(g, in, &y, STYLE(ROLE_DIM, 0), c ? text : "", NULL);
}

/* The legend of small screens: runs and values in a row, then the cursor. */
void curves_strip(struct curves *s, struct grid *g, struct rect r)
{
    const struct curve_chart *c = curves_focused(s);
    char value[FMT], text[160], x[FMT], front[4];
    int px = r.x, y = r.y + 1;
    if (!c) return;
    if (isnan(s->cursor))
        pane_titlef(g, r.y, r.x, r.w, 0, s->smooth ? "newest values, not smoothed" : "newest values");
    else
        pane_titlef(g, r.y, r.x, r.w, 0, "at %s %s", curve_axis_name(s->axis),
                    curves_x_text(s->axis, s->cursor, x, sizeof x));
    for (int i = 0; i < c->nlines; i++) {
        const struct curve_line *l = &c->lines[i];
        const struct curve_run *run = &s->runs[l->run];
        int first = i == 0 || c->lines[i - 1].run != l->run;
        line_value(s, c, i, value, sizeof value);
        if (c->drawn.covered[i] >= 0) {
            line_label(s, &c->lines[c->drawn.covered[i]], front);
            snprintf(text, sizeof text, "= %s (covered)", front);
        } else if (l->seeds > 1)
            snprintf(text, sizeof text, "%s %s, mean of %d seeds", l->def->name, value, l->seeds);
        else
            snprintf(text, sizeof text, "%s %s", l->def->name, value);
        int name = first ? 4 + (text_columns(run->name) < 22 ? text_columns(run->name) : 22) : 0;
        int w = name + text_columns(text) + 2;
        if (px > r.x && (first || px + w > r.x + r.w)) px = r.x + (first ? 0 : 4), y++;
        if (y >= r.y + r.h) break;
        if (first) {
            grid_cell(g, r, y, px, STYLE(run->role, ATTR_BOLD), (char[2]){run->letter, 0});
            grid_text(g, r, y, px + 2, 1, STYLE(ROLE_TEXT, 0), state_sign(run->state));
            px += 5 + run_name_draw(g, r, y, px + 4, 22, s->tail, STYLE(ROLE_TEXT, 0), run->name, run->tags);
        }
        px += grid_text(g, r, y, px, -1, STYLE(first ? ROLE_TEXT : ROLE_DIM, 0), text) + 2;
    }
    if (++y < r.y + r.h)
        grid_text(g, r, r.y + r.h - 1, r.x + 1, -1, STYLE(ROLE_DIM, 0),
                  "Av held-out  Ac AUC common  ◆ checkpoint ↻ resumed │ stage ▲▼ beyond ! nan");
}

static void draw_empty(struct curves *s, struct app *a, struct grid *g, struct rect area)
{
    const struct query_run *r = s->nruns ? app_run(a, s->runs[s->focus_run > 0 ? s->focus_run : 0].id) : NULL;
    const char *what = s->live ? "no values yet: the run is being prepared"
                       : r     ? "no values: the run has ended, or waits, before its first step"
                               : "Curves of the selected run, and of the marked ones over it.";
    const char *key = s->live ? "1 shows how far it is" : r ? "1 goes to Runs; r shows the next run"
                                                            : "1 goes to Runs; Space marks a run there";
    pane_titlef(g, area.y, area.x, area.w, 1, "curves");
    grid_text(g, area, area.y + 1, area.x + 1, -1, STYLE(ROLE_TEXT, 0), what);
    if (r && r->reason[0]) {
        char text[320];
        struct rect in = {area.y + 2, area.x + 1, area.h - 3, area.w - 2};
        snprintf(text, sizeof text, "%s: %s", run_state_name(r->state), r->reason);
        area.y += wrap_text(g, in, STYLE(ROLE_TEXT, 0), text);
    }
    grid_text(g, area, area.y + 2, area.x + 1, -1, STYLE(ROLE_DIM, 0), key);
}

/* The line between charts and legend; it joins the title lines at its left. */
static void draw_side_line(struct grid *g, int y, int x, int h)
{
    struct rect all = {0, 0, g->h, g->w};
    for (int i = 0; i < h; i++) {
        const char *left = x > 0 ? g->cells[(y + i) * g->w + x - 1].text : "";
        int joins = !strcmp(left, sign(SIGN_HLINE)) || !strcmp(left, sign_ascii(SIGN_HLINE));
        grid_cell(g, all, y + i, x, STYLE(ROLE_DIM, 0),
                  sign(!i ? SIGN_TEE_DOWN : joins ? SIGN_TEE_LEFT : SIGN_VLINE));
    }
}

void curves_draw(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct curves *s = self;
    int rows, cols, legend;
    for (int i = 0; i < CURVES_CHARTS; i++) s->slots[i].area.h = 0;
    if (area.h < 1 || area.w < 1) return;
    if (!s->ncharts) {
        draw_empty(s, a, g, area);
        return;
    }
    shape(s, area, &rows, &cols, &legend);
    struct rect r = area;
    int strip = !legend && area.h >= 12 ? 2 + (area.h >= 18) + (s->nruns > 2 && area.h >= 18) : 0;
    if (legend) r.w -= legend;
    r.h -= strip;
    draw_grid(s, a, g, r, rows, cols);
    struct rect side = {area.y, area.x + r.w + 1, area.h, legend - 1};
    if (legend) {
        draw_side_line(g, area.y, area.x + r.w, area.h);
        curves_legend(s, a, g, side);
    }
    if (strip) curves_strip(s, g, (struct rect){area.y + r.h, area.x, strip, area.w});
    const struct curve_chart *c = curves_focused(s);
    int col = isnan(s->cursor) ? -1 : chart_col_of(&c->chart, &c->drawn, s->cursor);
    g->cursor_y = col >= 0 ? c->drawn.plot.y + c->drawn.plot.h - 1 : c->area.y;
    g->cursor_x = col >= 0 ? col : c->area.x + 2;
}
