/* Moving on the Curves screen: the window, the cursor, the mouse. All of it is done on x as it is
 * laid out, so that a logarithmic axis moves by the same cells. */
#include <math.h>

#include "ui/screen/curves_int.h"

double curves_out(const struct curves *s, double x)
{
    return s->log & LOG_X ? log(x > 0 ? x : 1e-300) : x;
}

double curves_back(const struct curves *s, double u)
{
    return s->log & LOG_X ? exp(u) : u;
}

static double end_of(const struct curves *s)
{
    double end = 0;
    for (int i = 0; i < s->nruns; i++) end = fmax(end, s->runs[i].end[s->axis]);
    return end;
}

void curves_window(const struct curves *s, double *x0, double *x1)
{
    double end = end_of(s);
    *x0 = s->x0, *x1 = s->x1;
    if (!s->zoomed) *x0 = 0, *x1 = s->live ? scale_ceiling(end) : end > 0 ? end : 1;
    if (!(s->log & LOG_X)) return;
    double least = s->axis == AXIS_STEP ? 1 : *x1 / 1e4; /* four decades of what has no unit step */
    if (*x0 < least) *x0 = least;
    if (*x1 <= *x0) *x1 = *x0 * 2;
}

static void clamp_window(struct curves *s)
{
    double end = end_of(s), span = s->x1 - s->x0, least = s->axis == AXIS_STEP ? 8 : 1;
    if (span < least) s->x1 = s->x0 + least;
    span = s->x1 - s->x0;
    if (s->x0 < 0) s->x1 -= s->x0, s->x0 = 0;
    if (s->x0 > end) s->x0 = end, s->x1 = end + span;
    if (s->axis == AXIS_STEP) s->x0 = floor(s->x0), s->x1 = ceil(s->x1);
}

void curves_zoom_to(struct curves *s, double x0, double x1)
{
    double full0, full1;
    s->x0 = x0, s->x1 = x1, s->zoomed = 1;
    clamp_window(s);
    s->zoomed = 0;
    curves_window(s, &full0, &full1);
    s->zoomed = s->x1 - s->x0 < full1 - full0;
}

void curves_zoom(struct curves *s, double factor, double at)
{
    double x0, x1;
    curves_window(s, &x0, &x1);
    double u0 = curves_out(s, x0), u1 = curves_out(s, x1);
    double u = !isnan(at) ? curves_out(s, at) : s->follow && s->live ? u1 : (u0 + u1) / 2;
    curves_zoom_to(s, curves_back(s, u - (u - u0) * factor), curves_back(s, u + (u1 - u) * factor));
}

void curves_pan(struct curves *s, double by)
{
    double x0, x1;
    if (!s->zoomed) return;
    curves_window(s, &x0, &x1);
    s->x0 = curves_back(s, curves_out(s, x0) + by);
    s->x1 = curves_back(s, curves_out(s, x1) + by);
    clamp_window(s);
}

/* Moves the cursor by cells; past the edge of a zoomed window the window moves. */
void curves_move_cursor(struct curves *s, int cells)
{
    const struct curve_chart *c = curves_focused(s);
    double x0, x1, end = end_of(s);
    if (!c || c->drawn.plot.w < 1) return;
    curves_window(s, &x0, &x1);
    double u0 = curves_out(s, x0), u1 = curves_out(s, x1), cell = (u1 - u0) / c->drawn.plot.w;
    if (isnan(s->cursor)) {
        s->cursor = end < x1 ? end : curves_back(s, u1 - cell / 2);
        return;
    }
    double u = curves_out(s, s->cursor) + cells * cell;
    if (u < u0) curves_pan(s, u - u0);
    if (u >= u1) curves_pan(s, u - u1 + cell);
    curves_window(s, &x0, &x1);
    u0 = curves_out(s, x0), u1 = curves_out(s, x1);
    s->cursor = curves_back(s, fmin(fmax(u, u0), u1 - cell / 2));
}

/* The chart under the mouse; -1: none. */
static int chart_at(const struct curves *s, const struct mouse *m)
{
    for (int i = 0; i < s->ncharts; i++) {
        const struct curve_chart *c = &s->slots[s->charts[i]];
        if (m->y >= c->area.y && m->y < c->area.y + c->area.h && m->x >= c->area.x &&
            m->x < c->area.x + c->area.w)
            return i;
    }
    return -1;
}

static int inside(const struct curve_chart *c, const struct mouse *m)
{
    return m->x >= c->drawn.plot.x && m->x < c->drawn.plot.x + c->drawn.plot.w;
}

/* x under a column in the window as it is now; the picture may be older. */
static double x_now(const struct curves *s, const struct curve_chart *c, int col)
{
    double x0, x1;
    curves_window(s, &x0, &x1);
    double u0 = curves_out(s, x0), u1 = curves_out(s, x1);
    return curves_back(s, u0 + (u1 - u0) * (col - c->drawn.plot.x + .5) / c->drawn.plot.w);
}

/* The left button marks a range and zooms into it when it goes up; the others pull the window. */
static void drag(struct curves *s, const struct mouse *m)
{
    const struct curve_chart *c = &s->slots[s->charts[s->drag_chart]];
    double x = x_now(s, c, m->x);
    if (s->drag != 1) {
        curves_pan(s, curves_out(s, s->drag_x0) - curves_out(s, x));
        return;
    }
    s->drag_x1 = x;
    if (!m->release) return;
    int from = chart_col_of(&c->chart, &c->drawn, s->drag_x0);
    int far = m->x - from > 1 || from - m->x > 1;
    if (far) {
        curves_zoom_to(s, fmax(0, fmin(s->drag_x0, x)), fmax(s->drag_x0, x));
        s->cursor = NAN;
    }
}

void curves_mouse(void *self, struct app *a, const struct mouse *m)
{
    struct curves *s = self;
    int at = chart_at(s, m);
    struct curve_chart *c = at < 0 ? NULL : &s->slots[s->charts[at]];
    if (m->wheel) {
        int in = c && inside(c, m);
        curves_zoom(s, m->wheel < 0 ? 0.5 : 2, in ? chart_x_at(&c->chart, &c->drawn, m->x) : NAN);
        return;
    }
    if (m->drag || m->release) {
        if (s->drag && s->drag_chart < s->ncharts) drag(s, m);
        if (m->release) s->drag = 0;
        return;
    }
    s->drag = 0;
    if (!c) return;
    if (s->focus != at) curves_select_chart(s, a, at - s->focus);
    if (!inside(c, m)) return;
    s->drag = m->button, s->drag_chart = at;
    s->drag_x0 = s->drag_x1 = chart_x_at(&c->chart, &c->drawn, m->x);
    if (m->button == 1) s->cursor = s->drag_x0;
}
