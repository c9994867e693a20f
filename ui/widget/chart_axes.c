/* What stands around the lines of a chart: range, ticks, rail, edges, letters. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/term/sign.h"
#include "ui/widget/chart_int.h"
#include "ui/widget/spots.h"

/* The 1st to 99th percentile of each series' visible columns; the widest of them. */
static void data_range(struct canvas *v, double *lo, double *hi)
{
    int n = 2 * v->plot.w;
    double *vals = malloc(2 * sizeof *vals * (size_t)n);
    *lo = INFINITY, *hi = -INFINITY;
    if (!vals) return;
    for (int s = 0; s < v->c->nseries; s++) {
        const struct chart_series *cs = &v->c->series[s];
        size_t k = 0;
        chart_bin(cs->samples, cs->style == CHART_REFERENCE ? cs->smooth : NULL, cs->n, v->c->x0,
                  v->c->x1, v->c->log_x, n, v->cols);
        for (int i = 0; i < n; i++) {
            double a = chart_axis(v->c, v->cols[i].min), b = chart_axis(v->c, v->cols[i].max);
            if (isfinite(a)) vals[k++] = a;
            if (isfinite(b)) vals[k++] = b;
        }
        if (!k) continue;
        *lo = fmin(*lo, scale_percentile(vals, k, 1));
        *hi = fmax(*hi, scale_percentile(vals, k, 99));
    }
    free(vals);
}

void chart_fit(struct canvas *v)
{
    const struct chart *c = v->c;
    double lo, hi;
    data_range(v, &lo, &hi);
    if (hi >= lo) {
        double pad = (hi - lo) * 0.05;
        lo -= pad, hi += pad;
    } else {
        lo = 0, hi = 1;
    }
    struct scale_range once = {0}, *r = c->range ? c->range : &once;
    scale_range_update(r, lo, hi, c->now);
    double flo = isnan(c->y_lo) ? NAN : chart_axis(c, c->y_lo);
    double fhi = isnan(c->y_hi) ? NAN : chart_axis(c, c->y_hi);
    v->lo = isfinite(flo) ? flo : r->lo;
    v->hi = isfinite(fhi) ? fhi : r->hi;
    if (!(v->hi > v->lo)) v->hi = v->lo + 1;
    v->out->y_lo = c->log_y ? pow(10, v->lo) : v->lo;
    v->out->y_hi = c->log_y ? pow(10, v->hi) : v->hi;
}

/* Most ticks that keep three rows between them. */
static int y_tick_max(int rows)
{
    int n = (rows - 1) / 3 + 1;
    return n > 6 ? 6 : n < 1 ? 1 : n;
}

#define TICK_DOTS 10 /* least between two of them, four a row */
static void draw_y(struct canvas *v)
{
    struct ticks t;
    int max = y_tick_max(v->plot.h);
    if (v->c->log_y)
        ticks_log(&t, v->out->y_lo, v->out->y_hi, max, v->c->y_unit);
    else
        do { /* the ends are seldom ticks: fewer, until rows are between them */
            ticks_linear(&t, v->lo, v->hi, max, v->c->y_unit);
        } while (t.n > 1 && --max > 0 && chart_dot_row(v, t.at[0]) - chart_dot_row(v, t.at[1]) < TICK_DOTS);
    for (int i = 0; i < t.n; i++) {
        int dot = chart_dot_row(v, t.at[i]);
        if (dot < 0 || dot >= 4 * v->plot.h) continue;
        int y = v->plot.y + dot / 4;
        const char *label = t.label[i];
        char text[sizeof t.label[i] + 4];
        snprintf(text, sizeof text, "%s%s", *label == '-' ? sign(SIGN_MINUS) : "", label + (*label == '-'));
        if (v->plot.x > v->clip.x)
            grid_right(v->g, v->clip, y, v->clip.x, CHART_GUTTER - 1, STYLE(ROLE_DIM, 0), text);
        for (int x = 0; x < v->plot.w; x += v->g->ascii ? 4 : 2) {
            char buf[4];
            uint8_t bits[4] = {0x01, 0x02, 0x04, 0x40};
            grid_cell(v->g, v->clip, y, v->plot.x + x, STYLE(ROLE_DIM, 0),
                      v->g->ascii ? "." : raster_char(bits[dot & 3], 0, buf));
        }
    }
}

static void draw_x(struct canvas *v)
{
    struct ticks t;
    const struct chart *c = v->c;
    int y = v->plot.y + v->plot.h + 1, max = v->plot.w / 10;
    if (y >= v->clip.y + v->clip.h) return;
    if (max < 1) max = 1;
    if (c->log_x && c->x0 > 0)
        ticks_log(&t, c->x0, c->x1, max, c->x_unit);
    else if (c->x_unit == SCALE_TIME)
        ticks_time(&t, c->x0, c->x1, max);
    else
        ticks_linear(&t, c->x0, c->x1, max, c->x_unit);
    int end = -1;
    for (int i = 0; i < t.n; i++) {
        int col = chart_col_of(c, v->out, t.at[i]), w = (int)strlen(t.label[i]);
        if (col < 0) continue;
        int x = col - w / 2, right = v->clip.x + v->clip.w - w;
        if (x > right) x = right;
        if (x < v->clip.x) x = v->clip.x;
        if (x <= end) continue;
        grid_text(v->g, v->clip, y, x, -1, STYLE(ROLE_DIM, 0), t.label[i]);
        end = x + w;
    }
}

void chart_axes(struct canvas *v)
{
    draw_y(v);
    draw_x(v);
    int col = isnan(v->c->cursor) ? -1 : chart_col_of(v->c, v->out, v->c->cursor);
    for (int y = 0; col >= 0 && y < v->plot.h; y++)
        grid_cell(v->g, v->clip, v->plot.y + y, col, STYLE(ROLE_DIM, 0), "│");
}

static void mark(struct canvas *v, int col, enum chart_mark_kind kind)
{
    if (col >= 0 && col < v->plot.w && v->rail[col] < kind + 1) v->rail[col] = (uint8_t)(kind + 1);
}

/* Spikes and NaN from the data themselves, every series, hidden or not. */
static void find_marks(struct canvas *v)
{
    const struct chart *c = v->c;
    int last = 4 * v->plot.h - 1;
    for (int i = 0; i < c->nmarks; i++) {
        int col = chart_col_of(c, v->out, c->marks[i].x);
        if (col >= 0) mark(v, col - v->plot.x, c->marks[i].kind);
    }
    for (int s = 0; s < c->nseries; s++) {
        const struct chart_series *cs = &c->series[s];
        chart_bin(cs->samples, NULL, cs->n, c->x0, c->x1, c->log_x, 2 * v->plot.w, v->cols);
        for (int i = 0; i < 2 * v->plot.w; i++) {
            if (v->cols[i].nonfinite) mark(v, i / 2, CHART_NAN);
            if (!v->cols[i].n || cs->style == CHART_REFERENCE) continue;
            if (chart_dot_row(v, v->cols[i].min) > last) mark(v, i / 2, CHART_DIP);
            if (chart_dot_row(v, v->cols[i].max) < 0) mark(v, i / 2, CHART_SPIKE);
        }
    }
}

void chart_rail(struct canvas *v)
{
    static const struct { const char *sign; uint8_t role; } signs[] = {
        {"─", ROLE_DIM}, {"◆", ROLE_DIM}, {"│", ROLE_DIM}, {"↻", ROLE_TEXT}, {"▼", ROLE_WARN},
        {"▲", ROLE_WARN}, {"!", ROLE_BAD}};
    int y = v->plot.y + v->plot.h;
    find_marks(v);
    for (int x = 0; x < v->plot.w; x++) {
        int k = v->rail[x];
        v->out->spikes += k == CHART_SPIKE + 1 || k == CHART_DIP + 1;
        v->out->nans += k == CHART_NAN + 1;
        if (y >= v->clip.y + v->clip.h) continue;
        grid_cell(v->g, v->clip, y, v->plot.x + x,
                  STYLE(signs[k].role, k == CHART_NAN + 1 ? ATTR_BOLD : 0), signs[k].sign);
    }
}

/* "^ 84.2" where the farthest value above (below) the range lies. */
static void edge(struct canvas *v, int below)
{
    double far = NAN;
    int col = -1, last = 4 * v->plot.h - 1;
    for (int s = 0; s < v->c->nseries; s++) {
        const struct chart_series *cs = &v->c->series[s];
        if (cs->style == CHART_REFERENCE) continue;
        chart_bin(cs->samples, NULL, cs->n, v->c->x0, v->c->x1, v->c->log_x, 2 * v->plot.w,
                  v->cols);
        for (int i = 0; i < 2 * v->plot.w; i++) {
            double val = below ? v->cols[i].min : v->cols[i].max;
            if (!v->cols[i].n) continue;
            int dot = chart_dot_row(v, val);
            if (below ? dot <= last : dot >= 0) continue;
            if (col < 0 || (below ? val < far : val > far)) far = val, col = i / 2;
        }
    }
    if (col < 0) return;
    char value[32], text[40];
    scale_value(far, v->c->y_unit, value, sizeof value);
    snprintf(text, sizeof text, "%s %s", below ? "▼" : "▲", value);
    int w = text_columns(text), x = v->plot.x + (col > 2 ? col : 2); /* apart from the axis' own label */
    if (w >= v->plot.w) return;
    if (x + w > v->plot.x + v->plot.w) x = v->plot.x + v->plot.w - w;
    v->edge_x[below] = x, v->edge_w[below] = w;
    grid_text(v->g, v->clip, v->plot.y + (below ? v->plot.h - 1 : 0), x, w,
              STYLE(ROLE_TEXT, 0), text);
}

void chart_edges(struct canvas *v)
{
    edge(v, 0);
    if (v->plot.h > 1) edge(v, 1);
}

/* The last column of a series that has a value; -1: none. */
static int last_column(struct canvas *v, const struct chart_series *s, double *value)
{
    chart_bin(s->samples, s->smooth, s->n, v->c->x0, v->c->x1, v->c->log_x, 2 * v->plot.w,
              v->cols);
    for (int i = 2 * v->plot.w - 1; i >= 0; i--)
        if (v->cols[i].n) {
            *value = v->cols[i].mean;
            return i;
        }
    return -1;
}

/* 1: a text of w columns would stand on what an edge says. */
static int on_edge(const struct canvas *v, int row, int x, int w)
{
    for (int below = 0; below < 2; below++)
        if (v->edge_w[below] && row == (below ? v->plot.h - 1 : 0) && x < v->edge_x[below] + v->edge_w[below] &&
            x + w > v->edge_x[below])
            return 1;
    return 0;
}

/* The name of a baseline, at the nearest free row. */
static void put_name(struct canvas *v, int row, int x, const char *text, uint8_t *taken)
{
    int w = text_columns(text);
    for (int d = 0; d < 2 * v->plot.h; d++) {
        int y = row + (d & 1 ? (d + 1) / 2 : -(d / 2));
        if (y < 0 || y >= v->plot.h || taken[y] || on_edge(v, y, x, w)) continue;
        taken[y] = 1;
        grid_text(v->g, v->clip, v->plot.y + y, x, w, STYLE(ROLE_DIM, 0), text);
        return;
    }
}

/* The letter at the end of a line, not placed yet; 0: there is no room for any. */
static int letter_of(const struct canvas *v, const char *label, int row, int x, double value, struct spot *out)
{
    int w = text_columns(label);
    if (x + w > v->clip.x + v->clip.w) x = v->clip.x + v->clip.w - w;
    *out = (struct spot){value, row, x, w, on_edge(v, 0, x, w), v->plot.h - 1 - on_edge(v, v->plot.h - 1, x, w), -1};
    return x >= v->plot.x;
}

static void repeat_letters(struct canvas *v)
{
    for (int s = 0; s < v->c->nseries; s++) {
        if (v->c->series[s].style == CHART_REFERENCE || !*v->c->series[s].label) continue;
        for (int x = (4 + 3 * s) % 12; x < v->plot.w; x += 12)
            for (int y = 0; y < v->plot.h; y++) {
                if (v->owner[y * v->plot.w + x] != s) continue;
                char one[2] = {v->c->series[s].label[0], 0};
                grid_cell(v->g, v->clip, v->plot.y + y, v->plot.x + x,
                          STYLE(v->c->series[s].role, ATTR_BOLD), one);
                break;
            }
    }
}

void chart_labels(struct canvas *v)
{
    int ns = v->c->nseries, n = 0;
    uint8_t *taken = calloc((size_t)v->plot.h, 1);
    struct spot *spots = malloc((size_t)(ns ? ns : 1) * sizeof *spots);
    const struct chart_series **of = malloc((size_t)(ns ? ns : 1) * sizeof *of);
    if (v->c->repeat_letters || v->g->ascii) repeat_letters(v);
    for (int k = -1; taken && spots && of && k < ns; k++) {
        int s = k < 0 ? v->c->focus : k;
        if (s < 0 || s >= ns || (k >= 0 && k == v->c->focus)) continue;
        const struct chart_series *cs = &v->c->series[s];
        double value = NAN;
        int col = last_column(v, cs, &value);
        if (col < 0) continue;
        int dot = chart_dot_row(v, value), row = dot < 0 ? 0 : dot / 4;
        if (row >= v->plot.h) row = v->plot.h - 1;
        if (cs->style == CHART_REFERENCE) {
            int w = cs->name ? text_columns(cs->name) : 0;
            if (w && w + 2 < v->plot.w)
                put_name(v, row > 0 ? row - 1 : row, v->plot.x + v->plot.w - w - 1, cs->name, taken);
        } else if (*cs->label && letter_of(v, cs->label, row, v->plot.x + col / 2 + 1, value, &spots[n])) {
            of[n++] = cs;
        }
    }
    if (n) spots_place(spots, n);
    for (int i = 0; i < n; i++)
        if (spots[i].at >= 0)
            grid_text(v->g, v->clip, v->plot.y + spots[i].at, spots[i].x, spots[i].w,
                      STYLE(of[i]->role, ATTR_BOLD), of[i]->label);
    free(taken), free(spots), free(of);
}
