/* How the Curves screen looks: charts in a grid. The legend is in curves_legend.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/curves_int.h"
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

const struct curve_chart *curves_focused(const struct curves *s)
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

void curves_cell_text(const struct curves *s, const struct chart_drawn *d, char *out, size_t size)
{
    static const char *const units[AXIS_COUNT] = {" steps", "", " tokens", " FLOP"};
    char n[FMT];
    if (s->log & LOG_X) { /* a cell is a factor */
        snprintf(out, size, "1 cell = %s%%", fmt_fixed(n, sizeof n, log_cell(s, d) * 100, 1));
        return;
    }
    if (s->axis == AXIS_STEP && d->per_cell < .1 && d->per_cell > 0) {
        snprintf(out, size, "1 step = %.0f cells", 1 / d->per_cell);
        return;
    }
    if (s->axis == AXIS_TIME && d->per_cell < 1)
        snprintf(n, sizeof n, "%.2g s", d->per_cell);
    else if (s->axis == AXIS_TIME)
        fmt_time(n, sizeof n, d->per_cell);
    else if (s->axis == AXIS_FLOPS)
        fmt_exp(n, sizeof n, d->per_cell);
    else if (s->axis == AXIS_STEP && d->per_cell < 10)
        fmt_fixed(n, sizeof n, d->per_cell, d->per_cell == floor(d->per_cell) ? 0 : 1);
    else
        fmt_count(n, sizeof n, d->per_cell);
    snprintf(out, size, "1 cell = %s%s", n, units[s->axis]);
}

void curves_ema_text(const struct curves *s, char *out, size_t size)
{
    double v = curves_smooths[s->smooth];
    char digits[FMT];
    fmt_fixed(digits, sizeof digits, v, fabs(v * 100 - round(v * 100)) < 1e-9 ? 2 : 3);
    snprintf(out, size, s->smooth ? "ema %s" : "not smoothed", digits + 1);
}

void curves_label(const struct curves *s, const struct curve_line *l, char out[4])
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
            curves_label(s, l, c->series[i].label);
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

/* 1: a line of a run has one in the window, or passes through it. */
static int numbers(const struct curve_chart *c, double x0, double x1)
{
    for (int i = 0; i < c->nlines; i++)
        for (int k = 0, before = 0; c->lines[i].def->style != CHART_REFERENCE && k < c->lines[i].n; k++) {
            if (!c->lines[i].samples[k].n) continue;
            int after = c->lines[i].samples[k].x > x1;
            if (c->lines[i].samples[k].x >= x0 && (!after || before)) return 1;
            before |= !after;
        }
    return 0;
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
                                                      SCALE_FLOPS};
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
    curves_cell_text(s, &c->drawn, cell, sizeof cell);
    curves_ema_text(s, ema, sizeof ema);
    snprintf(axis, sizeof axis, "x %s", curve_axis_name(s->axis));
    const char *parts[] = {d->title, s->smooth ? ema : "", log_names[s->log], axis, cell};
    pane_title(g, r.y, r.x, r.w, index == s->focus, parts, 5);
    const char *why = !c->nlines ? "no values in this window" : !numbers(c, x0, x1) ? "not one finite number in this window" : NULL;
    if (why && body.h > 1) grid_text(g, body, body.y + body.h / 2, body.x + 8, -1, STYLE(ROLE_DIM, 0), why);
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

static const char *why_empty(const struct curves *s, const struct query_run *r)
{
    if (!r) return "No run yet: here stand losses, AUC and rates of a run over its steps, and those of marked runs over each other.";
    if (r->state == RUN_QUEUED) return "No values yet: the run waits for its turn.";
    if (s->live) return "No values yet: the run is being prepared.";
    return "No values: the run ended before its first step.";
}

static void draw_empty(struct curves *s, struct app *a, struct grid *g, struct rect area)
{
    const struct query_run *r = s->nruns ? app_run(a, s->runs[s->focus_run > 0 ? s->focus_run : 0].id) : NULL;
    const char *key = !r ? "1 goes to Runs, Enter there starts or opens one" : s->live ? "1 shows how far it is"
                                                                                        : "1 goes to Runs; r shows the next run";
    int inset = area.h > 4 && area.w > 50;
    struct rect in = {area.y + 1 + inset, area.x + 1 + 2 * inset, area.h - 1 - inset, area.w - 2 - 4 * inset};
    char text[320];
    pane_titlef(g, area.y, area.x, area.w, 1, "curves");
    for (int k = 0; k < 3 && in.h > 0; k++) {
        snprintf(text, sizeof text, "%s", k == 2 ? key : k ? "" : why_empty(s, r));
        if (k == 1 && r && r->reason[0]) snprintf(text, sizeof text, "%s: %s", run_state_name(r->state), r->reason);
        int used = *text ? wrap_text(g, in, STYLE(k == 2 ? ROLE_DIM : ROLE_TEXT, 0), text) : 0;
        in.y += used, in.h -= used;
    }
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
