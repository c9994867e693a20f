/* The Curves screen's charts as SVG: the same lines, letters, marks, window, range and bands, for
 * papers. Every sample is a stroke from its minimum to its maximum, so a spike is on the picture here
 * too. The legend takes the rows that it needs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/visible.h"
#include "ui/screen/curves_int.h"
#include "ui/widget/spots.h"

#define WIDTH 720.0
#define PLOT 246.0 /* height of the plot */
#define LEFT 70.0
#define RIGHT 28.0
#define TITLE 18.0
#define ROW 14.0   /* of the legend */
#define BOTTOM 44.0
#define BLACK "#000000"
#define BAD "#c00000"

/* Okabe and Ito's colours, told apart by colour-blind eyes; in the order of ROLE_SERIES1. */
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9" };

struct plot {
    FILE *f;
    const struct chart *c;
    double x0, x1, y0, y1; /* in axis units: log10 on a logarithmic axis */
    double top;            /* of the plot on the page */
};

/* The legend, from left to right and in rows. */
struct flow {
    double x;
    int rows;
    double top; /* on the page; < 0: it is only measured */
};

static const char *colour(uint8_t role)
{
    return role >= ROLE_SERIES1 && role <= ROLE_SERIES6 ? colours[role - ROLE_SERIES1] : "#888888";
}

static double axis(double v, int logarithmic)
{
    return !logarithmic ? v : v > 0 ? log10(v) : NAN;
}

static double px(const struct plot *p, double x)
{
    double t = (axis(x, p->c->log_x) - p->x0) / (p->x1 - p->x0);
    return LEFT + t * (WIDTH - LEFT - RIGHT);
}

static double py_free(const struct plot *p, double y)
{
    return p->top + (1 - (axis(y, p->c->log_y) - p->y0) / (p->y1 - p->y0)) * PLOT;
}

/* Clipped to the plot, as on the screen. */
static double py(const struct plot *p, double y)
{
    double at = py_free(p, y);
    return at < p->top ? p->top : at > p->top + PLOT ? p->top + PLOT : at;
}

static void escaped(FILE *f, const char *text)
{
    char shown[600];
    for (const char *s = visible(shown, sizeof shown, text); *s; s++)
        if (*s == '<' || *s == '&' || *s == '>')
            fprintf(f, "&#%d;", *s);
        else
            fputc(*s, f);
}

static void text_at(FILE *f, double x, double y, const char *anchor, const char *colour_of, const char *text)
{
    fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor, colour_of);
    escaped(f, text);
    fputs("</text>\n", f);
}

static void axes(const struct plot *p, const char *x_name)
{
    struct ticks t;
    double bottom = p->top + PLOT;
    fprintf(p->f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
            "stroke=\"#444444\"/>\n", LEFT, p->top, WIDTH - LEFT - RIGHT, PLOT);
    if (p->c->log_y)
        ticks_log(&t, pow(10, p->y0), pow(10, p->y1), 6, p->c->y_unit);
    else
        ticks_linear(&t, p->y0, p->y1, 6, p->c->y_unit);
    for (int i = 0; i < t.n; i++) {
        double y = py(p, t.at[i]);
        fprintf(p->f, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#dddddd\"/>\n", LEFT, y, WIDTH - RIGHT);
        text_at(p->f, LEFT - 6, y + 4, "end", BLACK, t.label[i]);
    }
    if (p->c->log_x)
        ticks_log(&t, p->c->x0, p->c->x1, 8, p->c->x_unit);
    else if (p->c->x_unit == SCALE_TIME)
        ticks_time(&t, p->c->x0, p->c->x1, 8);
    else
        ticks_linear(&t, p->c->x0, p->c->x1, 8, p->c->x_unit);
    for (int i = 0; i < t.n; i++)
        text_at(p->f, px(p, t.at[i]), bottom + 20, "middle", BLACK, t.label[i]);
    text_at(p->f, (LEFT + WIDTH - RIGHT) / 2, bottom + 36, "middle", BLACK, x_name);
}

static void band(const struct plot *p, const struct curve_line *l, const char *stroke)
{
    int any = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < l->n; k++) {
            int i = pass ? l->n - 1 - k : k;
            double v = pass ? l->lo[i] : l->hi[i], x = px(p, l->samples[i].x);
            if (!isfinite(v) || !isfinite(x))
                continue;
            fprintf(p->f, any++ ? "L%.1f %.1f" : "<path d=\"M%.1f %.1f", x, py(p, v));
        }
    if (any)
        fprintf(p->f, "Z\" fill=\"%s\" fill-opacity=\"0.15\" stroke=\"none\"/>\n", stroke);
}

/* Through the samples, or through their smoothed values. */
static void through(const struct plot *p, const struct curve_line *l, const double *smooth)
{
    int pen = 0;
    for (int i = 0; i < l->n; i++) {
        double v = smooth ? smooth[i] : l->samples[i].mean, x = px(p, l->samples[i].x);
        int ok = isfinite(axis(v, p->c->log_y)) && isfinite(x);
        if (ok)
            fprintf(p->f, "%c%.1f %.1f", pen ? 'L' : 'M', x, py_free(p, v));
        pen = ok; /* a NaN is a gap */
    }
}

/* The line of the means (or the smoothed one); min..max of each sample and what was smoothed thin
 * behind it. */
static void line(const struct plot *p, const struct curve_line *l, const char *stroke, int dashed)
{
    if (l->lo && l->hi)
        band(p, l, stroke);
    fprintf(p->f, "<path d=\"");
    for (int i = 0; i < l->n; i++) {
        const struct chart_sample *v = &l->samples[i];
        if (v->n && v->max > v->min && isfinite(px(p, v->x)))
            fprintf(p->f, "M%.1f %.1fV%.1f", px(p, v->x), py(p, v->min), py(p, v->max));
    }
    if (l->smooth && l->def->style == CHART_LINE)
        through(p, l, NULL);
    fprintf(p->f, "\" fill=\"none\" stroke=\"%s\" stroke-opacity=\"0.35\"/>\n<path d=\"", stroke);
    through(p, l, l->smooth);
    fprintf(p->f, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\"%s/>\n", stroke,
            dashed ? " stroke-dasharray=\"5 4\"" : "");
}

/* --- marks ------------------------------------------------------------------------------------ */

/* Centred at (x, y). */
static void shape(FILE *f, int kind, double x, double y)
{
    switch (kind) {
    case CHART_CHECKPOINT:
        fprintf(f, "<path d=\"M%.1f %.1fl4 4l-4 4l-4 -4z\" fill=\"#555555\"/>\n", x, y - 4);
        break;
    case CHART_RESUME:
        fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"#ffffff\" stroke=\"#555555\"/>\n", x, y);
        break;
    case CHART_PHASE:
        fprintf(f, "<path d=\"M%.1f %.1fv10\" stroke=\"#555555\" stroke-width=\"2\"/>\n", x, y - 5);
        break;
    default: text_at(f, x, y + 5, "middle", BAD, "!");
    }
}

static const char *const mark_names[] = { [CHART_CHECKPOINT] = "checkpoint", [CHART_PHASE] = "next stage",
                                          [CHART_RESUME] = "resumed", [CHART_NAN] = "not finite" };

static int in_window(const struct chart *c, double x)
{
    return x >= c->x0 && x <= c->x1;
}

static int has_nan(const struct chart *c, const struct curve_line *l)
{
    int n = 0;
    for (int i = 0; i < l->n; i++)
        n += l->samples[i].nonfinite > 0 && in_window(c, l->samples[i].x);
    return n;
}

/* 1: marks of the kind are in the chart; with p they are drawn, on the x axis. */
static int marks(const struct plot *p, const struct curve_chart *c, int kind)
{
    int any = 0;
    for (int i = 0; i < c->nmarks; i++) {
        double x = c->marks[i].x;
        if ((int)c->marks[i].kind != kind || !(x >= c->chart.x0 && x <= c->chart.x1))
            continue;
        any = 1;
        if (p)
            shape(p->f, kind, px(p, x), p->top + PLOT);
    }
    for (int i = 0; kind == CHART_NAN && i < c->nlines; i++) {
        any |= has_nan(&c->chart, &c->lines[i]) > 0;
        for (int k = 0; p && k < c->lines[i].n; k++)
            if (c->lines[i].samples[k].nonfinite && in_window(p->c, c->lines[i].samples[k].x))
                shape(p->f, kind, px(p, c->lines[i].samples[k].x), p->top + PLOT);
    }
    return any;
}

/* How far the farthest value lies outside, above or below. */
static void edge(const struct plot *p, const struct curve_chart *c, int below)
{
    double far = below ? c->drawn.y_lo : c->drawn.y_hi, x = NAN;
    for (int i = 0; i < c->nlines; i++)
        for (int k = 0; c->lines[i].def->style != CHART_REFERENCE && k < c->lines[i].n; k++) {
            const struct chart_sample *v = &c->lines[i].samples[k];
            double value = below ? v->min : v->max;
            if (v->n && (below ? value < far : value > far) && in_window(p->c, v->x))
                far = value, x = px(p, v->x);
        }
    if (isnan(x))
        return;
    char text[40];
    double y = below ? p->top + PLOT - 2 : p->top + 10;
    fprintf(p->f, below ? "<path d=\"M%.1f %.1fh8l-4 7z\" fill=\"#000000\"/>\n" : "<path d=\"M%.1f %.1fh8l-4 -7z\" "
            "fill=\"#000000\"/>\n", x - 4, below ? y - 7 : y - 1);
    text_at(p->f, x > WIDTH - RIGHT - 60 ? x - 8 : x + 8, y, x > WIDTH - RIGHT - 60 ? "end" : "start", BLACK,
            scale_value(far, p->c->y_unit, text, sizeof text));
}

/* The letters, where the lines end. */
static void letters(const struct plot *p, const struct curve_chart *c)
{
    struct spot *s = malloc((size_t)(c->nlines + 1) * sizeof *s);
    int n = 0, *of = malloc((size_t)(c->nlines + 1) * sizeof *of);
    for (int i = 0; s && of && i < c->nlines; i++) {
        const struct curve_line *l = &c->lines[i];
        int k = l->n - 1;
        while (k >= 0 && (!l->samples[k].n || !in_window(p->c, l->samples[k].x)))
            k--;
        if (k < 0 || !c->series[i].label[0])
            continue;
        double v = l->smooth ? l->smooth[k] : l->samples[k].mean, y = py(p, v), x = px(p, l->samples[k].x);
        if (!isfinite(y) || !isfinite(x))
            continue;
        x = x > WIDTH - RIGHT - 16 ? WIDTH - RIGHT : x; /* beside the frame rather than on it */
        of[n] = i;
        s[n++] = (struct spot){ v, (int)((y - p->top) / 11), (int)x + 3, 16, 0, (int)(PLOT / 11), -1 };
    }
    if (n)
        spots_place(s, n);
    for (int i = 0; i < n; i++)
        if (s[i].at >= 0)
            text_at(p->f, s[i].x, p->top + 11 * s[i].at + 9, "start", colour(c->series[of[i]].role), c->series[of[i]].label);
    free(s);
    free(of);
}

/* --- legend ----------------------------------------------------------------------------------- */

/* Where the next entry goes. */
static void next_entry(struct flow *w, const char *text)
{
    double need = 36 + 6.6 * (double)text_columns(text);
    if (!w->rows || w->x + need > WIDTH) {
        w->rows++;
        w->x = LEFT;
    }
}

static void line_entry(FILE *f, struct flow *w, const char *stroke, int dashed, const char *text)
{
    next_entry(w, text);
    double y = w->top + ROW * w->rows;
    if (w->top >= 0) {
        fprintf(f, "<path d=\"M%.1f %.1fh16\" stroke=\"%s\" stroke-width=\"2\"%s/>\n", w->x, y - 4, stroke,
                dashed ? " stroke-dasharray=\"5 4\"" : "");
        text_at(f, w->x + 20, y, "start", BLACK, text);
    }
    w->x += 36 + 6.6 * (double)text_columns(text);
}

static int is_dashed(const struct curves *s, const struct curve_line *l)
{
    return l->def->style != CHART_LINE || s->runs[l->run].ghost;
}

/* The first line of a run with its name; then the others once, by their look. */
static void run_entries(const struct curves *s, const struct curve_chart *c, FILE *f, struct flow *w)
{
    char name[256], text[340];
    for (int i = 0; i < c->nlines; i++) {
        const struct curve_line *l = &c->lines[i];
        const struct curve_run *r = &s->runs[l->run];
        if ((i && c->lines[i - 1].run == l->run) || l->def->style == CHART_REFERENCE)
            continue;
        curves_line_name(s, l, name, sizeof name);
        int n = snprintf(text, sizeof text, "%s%c %s", r->ghost ? "ghost " : "", r->letter, name);
        if (l->seeds > 1)
            snprintf(text + n, sizeof text - (size_t)n, ", mean of %d seeds", l->seeds);
        line_entry(f, w, colour(r->role), is_dashed(s, l), text);
    }
    const struct curve_def *d = &curve_defs[c->def];
    for (int k = 0; k < d->nlines; k++)
        for (int i = 0; i < c->nlines; i++)
            if (c->lines[i].def == &d->lines[k]) {
                snprintf(text, sizeof text, "%s", d->lines[k].name);
                if (d->lines[k].suffix)
                    snprintf(text, sizeof text, "%c: %s", d->lines[k].suffix, d->lines[k].name);
                line_entry(f, w, "#888888", d->lines[k].style != CHART_LINE, text);
                break;
            }
}

static void legend(const struct curves *s, const struct curve_chart *c, FILE *f, struct flow *w)
{
    if (s->nruns > 1)
        run_entries(s, c, f, w);
    for (int i = 0; s->nruns < 2 && i < c->nlines; i++)
        line_entry(f, w, c->lines[i].def->style == CHART_REFERENCE ? "#888888" : colour(s->runs[0].role),
                   is_dashed(s, &c->lines[i]), c->lines[i].def->name);
    static const int kinds[] = { CHART_CHECKPOINT, CHART_RESUME, CHART_PHASE, CHART_NAN };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!marks(NULL, c, kinds[i]))
            continue;
        next_entry(w, mark_names[kinds[i]]);
        if (w->top >= 0) {
            shape(f, kinds[i], w->x + 8, w->top + ROW * w->rows - 4);
            text_at(f, w->x + 20, w->top + ROW * w->rows, "start", BLACK, mark_names[kinds[i]]);
        }
        w->x += 36 + 6.6 * (double)text_columns(mark_names[kinds[i]]);
    }
}

static double legend_height(const struct curves *s, const struct curve_chart *c)
{
    struct flow w = { .top = -1 };
    legend(s, c, NULL, &w);
    return ROW * w.rows + 6;
}

static int draw_chart(const struct curves *s, const struct curve_chart *c, double top, FILE *f)
{
    struct plot p = { .f = f, .c = &c->chart, .top = top + TITLE + legend_height(s, c) };
    struct flow w = { .top = top + TITLE };
    char title[400], ema[32];
    p.x0 = axis(c->chart.x0, c->chart.log_x);
    p.x1 = axis(c->chart.x1, c->chart.log_x);
    p.y0 = axis(c->drawn.y_lo, c->chart.log_y);
    p.y1 = axis(c->drawn.y_hi, c->chart.log_y);
    if (!(p.x1 > p.x0) || !(p.y1 > p.y0))
        return 0;
    curves_ema_text(s, ema, sizeof ema);
    snprintf(title, sizeof title, "%s%s%s · %s", s->nruns == 1 ? s->runs[0].name : "", s->nruns == 1 ? " · " : "",
             curve_defs[c->def].title, ema);
    text_at(f, LEFT, top + 14, "start", BLACK, title);
    legend(s, c, f, &w);
    axes(&p, curve_axis_name(s->axis));
    fprintf(f, "<clipPath id=\"p%.0f\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></clipPath>\n"
            "<g clip-path=\"url(#p%.0f)\">\n", p.top, LEFT, p.top, WIDTH - LEFT - RIGHT, PLOT, p.top);
    for (int i = c->nlines - 1; i >= 0; i--) { /* the first ones in front, as on the screen */
        const struct curve_line *l = &c->lines[i];
        line(&p, l, l->def->style == CHART_REFERENCE ? "#888888" : colour(s->runs[l->run].role), is_dashed(s, l));
    }
    fputs("</g>\n", f);
    for (int kind = CHART_CHECKPOINT; kind <= CHART_NAN; kind++)
        marks(&p, c, kind);
    edge(&p, c, 0);
    edge(&p, c, 1);
    letters(&p, c);
    return c->nlines;
}

int curves_svg(void *self, struct app *a, FILE *f, struct err *err)
{
    const struct curves *s = self;
    double height = 0, at = 0;
    int lines = 0;
    (void)a;
    (void)err;
    for (int pass = 0; pass < 2; pass++) {
        for (int k = 0; k < s->ncharts; k++) {
            const struct curve_chart *c = &s->slots[s->charts[k]];
            if (!c->area.h)
                continue;
            if (pass)
                lines += draw_chart(s, c, at, f);
            *(pass ? &at : &height) += TITLE + legend_height(s, c) + PLOT + BOTTOM;
        }
        if (!pass)
            fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
                    "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"11\">\n"
                    "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n", WIDTH, height, WIDTH, height);
    }
    fputs("</svg>\n", f);
    return lines;
}
