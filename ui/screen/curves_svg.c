/* The Curves screen's charts as SVG: the same lines, window, range and bands, for papers. Every
 * sample is a stroke from its minimum to its maximum, so a spike is on the picture here too. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/visible.h"
#include "ui/screen/curves_int.h"

#define WIDTH 720.0
#define HEIGHT 320.0
#define LEFT 70.0
#define RIGHT 16.0
#define TOP 34.0
#define BOTTOM 40.0

/* Okabe and Ito's colours, told apart by colour-blind eyes; in the order of ROLE_SERIES1. */
static const char *const colours[] = { "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9" };

struct plot {
    FILE *f;
    const struct chart *c;
    double x0, x1, y0, y1; /* in axis units: log10 on a logarithmic axis */
    double top;            /* of this chart on the page */
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

/* Clipped to the plot, as on the screen. */
static double py(const struct plot *p, double y)
{
    double t = (axis(y, p->c->log_y) - p->y0) / (p->y1 - p->y0);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return p->top + TOP + (1 - t) * (HEIGHT - TOP - BOTTOM);
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

static void text_at(const struct plot *p, double x, double y, const char *anchor, const char *text)
{
    fprintf(p->f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    escaped(p->f, text);
    fputs("</text>\n", p->f);
}

static void axes(const struct plot *p, const char *x_name)
{
    struct ticks t;
    double bottom = p->top + HEIGHT - BOTTOM;
    fprintf(p->f, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" "
            "stroke=\"#444444\"/>\n", LEFT, p->top + TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    if (p->c->log_y)
        ticks_log(&t, pow(10, p->y0), pow(10, p->y1), 6, p->c->y_unit);
    else
        ticks_linear(&t, p->y0, p->y1, 6, p->c->y_unit);
    for (int i = 0; i < t.n; i++) {
        double y = py(p, t.at[i]);
        fprintf(p->f, "<path d=\"M%.1f %.1fH%.1f\" stroke=\"#dddddd\"/>\n", LEFT, y, WIDTH - RIGHT);
        text_at(p, LEFT - 6, y + 4, "end", t.label[i]);
    }
    if (p->c->x_unit == SCALE_TIME)
        ticks_time(&t, p->c->x0, p->c->x1, 8);
    else if (p->c->log_x)
        ticks_log(&t, p->c->x0, p->c->x1, 8, p->c->x_unit);
    else
        ticks_linear(&t, p->c->x0, p->c->x1, 8, p->c->x_unit);
    for (int i = 0; i < t.n; i++)
        text_at(p, px(p, t.at[i]), bottom + 16, "middle", t.label[i]);
    text_at(p, (LEFT + WIDTH - RIGHT) / 2, bottom + 32, "middle", x_name);
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

/* The line of the means (or the smoothed one), and min..max of each sample thin behind it. */
static void line(const struct plot *p, const struct curve_line *l, const char *stroke, int dashed)
{
    int pen = 0;
    if (l->lo && l->hi)
        band(p, l, stroke);
    fprintf(p->f, "<path d=\"");
    for (int i = 0; i < l->n; i++) {
        const struct chart_sample *v = &l->samples[i];
        if (v->n && v->max > v->min && isfinite(px(p, v->x)))
            fprintf(p->f, "M%.1f %.1fV%.1f", px(p, v->x), py(p, v->min), py(p, v->max));
    }
    fprintf(p->f, "\" fill=\"none\" stroke=\"%s\" stroke-opacity=\"0.35\"/>\n<path d=\"", stroke);
    for (int i = 0; i < l->n; i++) {
        double v = l->smooth ? l->smooth[i] : l->samples[i].mean, x = px(p, l->samples[i].x);
        int ok = isfinite(axis(v, p->c->log_y)) && isfinite(x);
        if (ok)
            fprintf(p->f, "%c%.1f %.1f", pen ? 'L' : 'M', x, py(p, v));
        pen = ok; /* a NaN is a gap */
    }
    fprintf(p->f, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\"%s/>\n", stroke,
            dashed ? " stroke-dasharray=\"5 4\"" : "");
}

static int draw_chart(const struct curves *s, const struct curve_chart *c, double top, FILE *f)
{
    static const char *const names[AXIS_COUNT] = { "step", "time", "tokens", "FLOPs" };
    struct plot p = { .f = f, .c = &c->chart, .top = top };
    double x = LEFT;
    p.x0 = axis(c->chart.x0, c->chart.log_x);
    p.x1 = axis(c->chart.x1, c->chart.log_x);
    p.y0 = axis(c->drawn.y_lo, c->chart.log_y);
    p.y1 = axis(c->drawn.y_hi, c->chart.log_y);
    if (!(p.x1 > p.x0) || !(p.y1 > p.y0))
        return 0;
    text_at(&p, LEFT, top + 14, "start", curve_defs[c->def].title);
    axes(&p, names[s->axis]);
    for (int i = 0; i < c->nlines; i++) {
        const struct curve_line *l = &c->lines[i];
        const struct curve_run *r = &s->runs[l->run];
        int reference = l->def->style == CHART_REFERENCE;
        line(&p, l, reference ? "#888888" : colour(r->role),
             reference || r->ghost || l->def->style == CHART_POINTS);
        char label[300];
        snprintf(label, sizeof label, "%s%s%s", s->nruns > 1 || !l->def->name ? r->name : "",
                 s->nruns > 1 && l->def->name ? " " : "", l->def->name ? l->def->name : "");
        if (x > WIDTH - 120)
            continue; /* the legend is one row */
        fprintf(f, "<path d=\"M%.1f %.1fh16\" stroke=\"%s\" stroke-width=\"2\"/>\n", x, top + 25,
                reference ? "#888888" : colour(r->role));
        text_at(&p, x + 20, top + 29, "start", label);
        x += 36 + 6.6 * (double)text_columns(label);
    }
    return c->nlines;
}

int curves_svg(void *self, struct app *a, FILE *f, struct err *err)
{
    const struct curves *s = self;
    int charts = 0, lines = 0;
    (void)a;
    (void)err;
    for (int k = 0; k < s->ncharts; k++)
        charts += s->slots[s->charts[k]].area.h > 0;
    fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
            "height=\"%.0f\" font-family=\"sans-serif\" font-size=\"11\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n", WIDTH, HEIGHT * charts,
            WIDTH, HEIGHT * charts);
    charts = 0;
    for (int k = 0; k < s->ncharts; k++)
        if (s->slots[s->charts[k]].area.h > 0)
            lines += draw_chart(s, &s->slots[s->charts[k]], HEIGHT * charts++, f);
    fputs("</svg>\n", f);
    return lines;
}
