#include "ui/widget/chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "ui/widget/chart_int.h"

/* The share of [x0, x1] below x, 0..1 inside. */
static double x_share(double x, double x0, double x1, int log_x)
{
    if (log_x && x0 > 0) return x > 0 ? log(x / x0) / log(x1 / x0) : -1;
    return (x - x0) / (x1 - x0);
}

void chart_bin(const struct chart_sample *s, const double *smooth, int n, double x0, double x1,
               int log_x, int ncols, struct chart_column *out) {
    for (int i = 0; i < ncols; i++) out[i] = (struct chart_column){NAN, NAN, NAN, 0, 0};
    if (!(x1 > x0)) return;
    for (int i = 0; i < n; i++) {
        double f = x_share(s[i].x, x0, x1, log_x);
        if (!(f >= 0 && f <= 1)) continue;
        int k = (int)(f * ncols);
        struct chart_column *c = &out[k < ncols ? k : ncols - 1];
        c->nonfinite += s[i].nonfinite;
        if (!s[i].n || (smooth && !isfinite(smooth[i]))) continue;
        double lo = smooth ? smooth[i] : s[i].min, hi = smooth ? smooth[i] : s[i].max;
        double mean = smooth ? smooth[i] : s[i].mean;
        c->min = c->n ? fmin(c->min, lo) : lo;
        c->max = c->n ? fmax(c->max, hi) : hi;
        c->mean = c->n ? (c->mean * c->n + mean * s[i].n) / (c->n + s[i].n) : mean;
        c->n += s[i].n;
    }
}

void chart_smooth(const struct chart_sample *s, int n, double decay, double share,
                  double state[2], double *out) {
    for (int i = 0; i < n; i++) {
        out[i] = NAN;
        if (!s[i].n) continue;
        double keep = decay > 0 ? pow(decay, s[i].n * share) : 0;
        state[0] = keep * state[0] + (1 - keep) * s[i].mean;
        state[1] = keep * state[1] + (1 - keep);
        if (state[1] > 0) out[i] = state[0] / state[1];
    }
}

double chart_x_at(const struct chart *c, const struct chart_drawn *d, int col)
{
    double f = d->plot.w > 0 ? (col - d->plot.x + 0.5) / d->plot.w : 0;
    if (c->log_x && c->x0 > 0) return c->x0 * pow(c->x1 / c->x0, f);
    return c->x0 + f * (c->x1 - c->x0);
}

int chart_col_of(const struct chart *c, const struct chart_drawn *d, double x)
{
    double f = x_share(x, c->x0, c->x1, c->log_x);
    if (!(f >= 0 && f <= 1) || d->plot.w < 1) return -1;
    int k = (int)(f * 2 * d->plot.w) / 2;
    return d->plot.x + (k < d->plot.w ? k : d->plot.w - 1);
}

double chart_axis(const struct chart *c, double v)
{
    if (!c->log_y) return v;
    return v > 0 ? log10(v) : NAN;
}

int chart_dot_row(const struct canvas *v, double value)
{
    int last = 4 * v->plot.h - 1;
    double a = chart_axis(v->c, value);
    if (isnan(a)) return last + 1; /* zero on a log axis: below everything */
    double f = (v->hi - a) / (v->hi - v->lo) * last;
    return f < -1 ? -1 : f > last + 1 ? last + 1 : (int)floor(f + 0.5);
}

/* Where the line between samples i and i + 1, of which one is beside the window, crosses the share f. */
static int crossing(const struct canvas *v, const struct chart_series *s, const double *smooth, int i, double f,
                    struct chart_column *out)
{
    const struct chart_sample *a = &s->samples[i], *b = a + 1;
    double fa = x_share(a->x, v->c->x0, v->c->x1, v->c->log_x), fb = x_share(b->x, v->c->x0, v->c->x1, v->c->log_x);
    double ya = smooth ? smooth[i] : a->mean, yb = smooth ? smooth[i + 1] : b->mean;
    double y = ya + (yb - ya) * (f - fa) / (fb - fa);
    if (!a->n || !b->n || out->n || !isfinite(y) || !(fb > fa)) return 0;
    *out = (struct chart_column){y, y, y, 1, 0};
    return 1;
}

/* Puts the ends of what leaves the window into the first and the last column, where nothing else is.
 * Returns 1 for the first, 2 for the last. */
static int leave(struct canvas *v, const struct chart_series *s, const double *smooth)
{
    int first = 0, last = s->n - 1, ends = 0;
    while (first < s->n && !(x_share(s->samples[first].x, v->c->x0, v->c->x1, v->c->log_x) >= 0)) first++;
    while (last >= 0 && !(x_share(s->samples[last].x, v->c->x0, v->c->x1, v->c->log_x) <= 1)) last--;
    if (first > 0 && first < s->n && crossing(v, s, smooth, first - 1, 0, &v->cols[0])) ends |= 1;
    if (last >= 0 && last < s->n - 1 && crossing(v, s, smooth, last, 1, &v->cols[2 * v->plot.w - 1])) ends |= 2;
    return ends;
}

/* One series into v->line: a stroke a column, joined to the one before; a column that holds only
 * NaN breaks the line. ends: as leave() says, no points themselves. */
static void draw_line(struct canvas *v, const struct chart_column *cols, int blobs, int ends)
{
    int prev = -1, n = 2 * v->plot.w, prev_top = 0, prev_bottom = 0;
    raster_clear(&v->line);
    for (int i = 0; i < n; i++) {
        const struct chart_column *c = &cols[i];
        if (!c->n) {
            if (c->nonfinite) prev = -1;
            continue;
        }
        int top = chart_dot_row(v, c->max), bottom = chart_dot_row(v, c->min);
        if (prev == i - 1 && prev >= 0) { /* neighbours: close the gap between the strokes */
            int a = top, b = bottom;
            if (prev_top > bottom) b = prev_top - 1 > bottom ? prev_top - 1 : bottom;
            if (prev_bottom < top) a = prev_bottom + 1 < top ? prev_bottom + 1 : top;
            raster_stroke(&v->line, i, a, b);
        } else {
            int from = prev >= 0 ? chart_dot_row(v, cols[prev].mean) : 0;
            if (prev >= 0 && blobs)
                raster_dotted(&v->line, prev, from, i, chart_dot_row(v, c->mean));
            else if (prev >= 0)
                raster_join(&v->line, prev, from, i, chart_dot_row(v, c->mean));
            raster_stroke(&v->line, i, top, bottom);
        }
        if (blobs && !(i ? i == n - 1 && ends & 2 : ends & 1)) {
            int y = chart_dot_row(v, c->mean), up = y > 0 ? y - 1 : y + 1;
            for (int x = i; x < i + 2 && x < n; x++) {
                raster_stroke(&v->line, x, y, y);
                raster_stroke(&v->line, x, up, up);
            }
        }
        prev = i, prev_top = top, prev_bottom = bottom;
    }
}

static void dash(struct raster *r)
{
    for (int y = 0; y < r->h; y++)
        for (int x = 0; x < r->w; x++)
            if (x % 3 == 2) r->dots[y * r->w + x] = 0;
}

/* Lays v->line into the cells: a cell belongs to whoever came first. Counts what stays hidden. */
static void lay_line(struct canvas *v, int s, int *seen, int *hidden, int *by)
{
    int n = v->plot.h * v->plot.w;
    for (int i = 0; i < n; i++) {
        if (!v->line.dots[i]) continue;
        if (v->owner[i] < 0) {
            v->owner[i] = (int16_t)s;
            v->dots[i] = v->line.dots[i];
            ++*seen;
        } else {
            ++*hidden;
            by[v->owner[i]]++;
        }
    }
}

static void lay_series(struct canvas *v, int s, int *by)
{
    const struct chart_series *cs = &v->c->series[s];
    int seen = 0, hidden = 0, n = v->plot.h * v->plot.w;
    memset(by, 0, sizeof *by * (size_t)v->c->nseries);
    chart_bin(cs->samples, cs->smooth, cs->n, v->c->x0, v->c->x1, v->c->log_x, 2 * v->plot.w,
              v->cols);
    int ends = leave(v, cs, cs->smooth);
    draw_line(v, v->cols, cs->style == CHART_POINTS && cs->n < v->plot.w / 2, ends);
    if (cs->style == CHART_REFERENCE) dash(&v->line);
    lay_line(v, s, &seen, &hidden, by);
    if (cs->style != CHART_REFERENCE && hidden > 9 * seen && hidden) {
        int front = 0;
        for (int i = 1; i < v->c->nseries; i++)
            if (by[i] > by[front]) front = i;
        v->out->covered[s] = (int16_t)front;
    }
    if (!cs->smooth || cs->style == CHART_REFERENCE) return;
    chart_bin(cs->samples, NULL, cs->n, v->c->x0, v->c->x1, v->c->log_x, 2 * v->plot.w, v->cols);
    draw_line(v, v->cols, 0, leave(v, cs, NULL));
    for (int i = 0; i < n; i++) v->dim[i] |= v->line.dots[i];
}

/* Background of the cells between lo and hi, and their edges dotted: not every terminal has that
 * background. */
static void lay_band(struct canvas *v, const struct chart_series *s)
{
    int cells = v->plot.h * v->plot.w;
    if (!s->lo || !s->hi) return;
    raster_clear(&v->line);
    for (int i = 0; i < s->n; i++) {
        double f = x_share(s->samples[i].x, v->c->x0, v->c->x1, v->c->log_x);
        if (!(f >= 0 && f <= 1) || !isfinite(s->lo[i]) || !isfinite(s->hi[i])) continue;
        int x = (int)(f * v->plot.w), top = chart_dot_row(v, s->hi[i]);
        int bottom = chart_dot_row(v, s->lo[i]);
        if (x >= v->plot.w) x = v->plot.w - 1;
        for (int y = (top < 0 ? 0 : top) / 4; y <= bottom / 4 && y < v->plot.h; y++)
            v->band[y * v->plot.w + x] = 1;
        raster_dot(&v->line, 2 * x, top);
        raster_dot(&v->line, 2 * x, bottom);
    }
    for (int i = 0; i < cells; i++) v->dim[i] |= v->line.dots[i];
}

static void paint(struct canvas *v)
{
    for (int y = 0; y < v->plot.h; y++)
        for (int x = 0; x < v->plot.w; x++) {
            int i = y * v->plot.w + x, o = v->owner[i];
            uint8_t dots = o >= 0 ? v->dots[i] : v->dim[i];
            struct style st = STYLE(o >= 0 ? v->c->series[o].role : ROLE_DIM, 0);
            if (v->band[i]) st.back = BACK_BAND;
            if (o == v->c->focus && o >= 0) st.attr = ATTR_BOLD;
            char buf[4];
            if (dots)
                grid_cell(v->g, v->clip, v->plot.y + y, v->plot.x + x, st,
                          raster_char(dots, v->g->ascii, buf));
            else if (v->band[i])
                grid_cell(v->g, v->clip, v->plot.y + y, v->plot.x + x, st, " ");
        }
}

static void draw_all(struct canvas *v, int *by)
{
    const struct chart *c = v->c;
    for (int pass = 0; pass < 2; pass++) /* baselines pass behind everything */
        for (int k = -1; k < c->nseries; k++) {
            int s = k < 0 ? c->focus : k;
            if (s < 0 || s >= c->nseries || (k >= 0 && k == c->focus)) continue;
            if ((c->series[s].style == CHART_REFERENCE) != pass) continue;
            lay_series(v, s, by);
            lay_band(v, &c->series[s]);
        }
    chart_axes(v);
    paint(v);
    chart_rail(v);
    chart_edges(v);
    chart_labels(v);
}

/* Gutter at the left, two columns for end letters at the right, rail and labels below; parts
 * fall away when there is no room. */
static struct rect plot_of(struct rect r)
{
    struct rect p = r;
    if (r.w >= 20) p.x += CHART_GUTTER, p.w -= CHART_GUTTER + 2;
    if (r.h >= 4) p.h -= 2;
    return p;
}

int chart_draw(struct grid *g, struct rect r, const struct chart *c, struct chart_drawn *out)
{
    struct chart_drawn local;
    struct canvas v = {.g = g, .clip = r, .plot = plot_of(r), .c = c, .out = out ? out : &local};
    memset(v.out, 0, sizeof *v.out);
    for (int i = 0; i < CHART_SERIES_MAX; i++) v.out->covered[i] = -1;
    v.out->plot = v.plot;
    if (v.plot.h < 1 || v.plot.w < 1 || c->nseries > CHART_SERIES_MAX || !(c->x1 > c->x0))
        return 0;
    v.out->per_cell = (c->x1 - c->x0) / v.plot.w;
    size_t n = (size_t)v.plot.h * (size_t)v.plot.w, w = (size_t)v.plot.w;
    int ns = c->nseries ? c->nseries : 1, rc = E_NOMEM;
    int *by = calloc((size_t)ns, sizeof *by);
    v.owner = malloc(n * sizeof *v.owner);
    v.dots = calloc(n, 1), v.dim = calloc(n, 1), v.band = calloc(n, 1), v.rail = calloc(w, 1);
    v.cols = malloc(2 * w * sizeof *v.cols);
    if (by && v.owner && v.dots && v.dim && v.band && v.rail && v.cols &&
        raster_init(&v.line, v.plot.h, v.plot.w) == 0) {
        memset(v.owner, 0xFF, n * sizeof *v.owner);
        chart_fit(&v);
        draw_all(&v, by);
        rc = 0;
    }
    raster_free(&v.line);
    free(by), free(v.owner), free(v.dots), free(v.dim), free(v.band), free(v.rail), free(v.cols);
    return rc;
}
