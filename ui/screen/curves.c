/* Screen 2: curves of the selected and the marked runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/curves_int.h"
#include "ui/screen/screen.h"

static int stored(struct app *a, const char *key, int fallback, int max)
{
    const char *text = app_state(a, key);
    if (!text || !*text) return fallback;
    int v = atoi(text);
    return v >= 0 && v < max ? v : fallback;
}

static void store(struct app *a, const char *key, int v)
{
    char text[16];
    snprintf(text, sizeof text, "%d", v);
    app_set_state(a, key, text);
}

static int open_curves(void *self, struct app *a)
{
    struct curves *s = self;
    s->axis = stored(a, "curves.axis", AXIS_STEP, AXIS_COUNT);
    s->smooth = stored(a, "curves.smooth", 1, CURVES_SMOOTHS);
    s->log_y = stored(a, "curves.log", 0, 2);
    s->band = stored(a, "curves.band", 0, 2);
    s->follow = 1;
    s->cursor = NAN;
    s->focus_run = -1;
    for (int i = 0; i < CURVES_CHARTS; i++) {
        s->slots[i].def = i;
        arena_init(&s->slots[i].arena);
    }
    int want = stored(a, "curves.chart", 0, CURVES_CHARTS);
    curves_reload(s, a);
    for (int i = 0; i < s->ncharts; i++)
        if (s->charts[i] == want) s->focus = i;
    return 0;
}

static void close_curves(void *self)
{
    struct curves *s = self;
    for (int i = 0; i < CURVES_CHARTS; i++) arena_free(&s->slots[i].arena);
}

/* Keeps a zoomed window at the end of a run that grows. */
static void follow_end(struct curves *s, double before)
{
    double end = 0, span = s->x1 - s->x0;
    for (int i = 0; i < s->nruns; i++) end = fmax(end, s->runs[i].end[s->axis]);
    if (!s->zoomed || before > s->x1 || end <= s->x1) return;
    s->x1 = end + span * 0.1;
    s->x0 = s->x1 - span;
}

static int tick_curves(void *self, struct app *a)
{
    struct curves *s = self;
    int64_t version = app_query(a) ? query_version(app_query(a)) : 0;
    const int64_t *ids;
    int marks = app_marks(a, &ids), same = s->nruns > 0;
    double end = 0;
    for (int i = 0; i < s->nruns; i++) end = fmax(end, s->runs[i].end[s->axis]);
    for (int i = 0; i < marks && i < s->nruns; i++) same &= s->runs[i].id == ids[i];
    same &= s->nruns == marks + (app_selected(a) && !app_is_marked(a, app_selected(a)));
    same &= s->focus_run < 0 || s->runs[s->focus_run].id == app_selected(a);
    if (same && (!s->follow || version == s->version)) return 0;
    s->version = version;
    curves_reload(s, a);
    follow_end(s, end);
    return 1;
}

static double period_curves(void *self, struct app *a)
{
    const struct curves *s = self;
    (void)a;
    return !s->follow ? PERIOD_ASLEEP : s->live ? 1 : PERIOD_STORE;
}

static void clamp_window(struct curves *s)
{
    double end = 0, span = s->x1 - s->x0, least = s->axis == AXIS_STEP ? 8 : 1;
    for (int i = 0; i < s->nruns; i++) end = fmax(end, s->runs[i].end[s->axis]);
    if (span < least) s->x1 = s->x0 + least;
    span = s->x1 - s->x0;
    if (s->x0 < 0) s->x1 -= s->x0, s->x0 = 0;
    if (s->x0 > end) s->x0 = end, s->x1 = end + span;
    if (s->axis == AXIS_STEP) s->x0 = floor(s->x0), s->x1 = ceil(s->x1);
}

static void zoom(struct curves *s, double factor, double at)
{
    double x0, x1;
    curves_window(s, &x0, &x1);
    if (isnan(at)) at = s->follow && s->live ? x1 : (x0 + x1) / 2;
    s->x0 = at - (at - x0) * factor;
    s->x1 = at + (x1 - at) * factor;
    s->zoomed = 1;
    clamp_window(s);
    double full0, full1;
    s->zoomed = 0;
    curves_window(s, &full0, &full1);
    s->zoomed = s->x1 - s->x0 < full1 - full0;
}

static void pan(struct curves *s, double by)
{
    if (!s->zoomed) return;
    s->x0 += by, s->x1 += by;
    clamp_window(s);
}

/* Moves the cursor by cells; past the edge of a zoomed window the window moves. */
static void move_cursor(struct curves *s, int cells)
{
    const struct curve_chart *c = curves_focused(s);
    double x0, x1;
    if (!c || c->drawn.plot.w < 1) return;
    curves_window(s, &x0, &x1);
    double cell = (x1 - x0) / c->drawn.plot.w, end = 0;
    for (int i = 0; i < s->nruns; i++) end = fmax(end, s->runs[i].end[s->axis]);
    if (isnan(s->cursor)) {
        s->cursor = end < x1 ? end : x1 - cell / 2;
        return;
    }
    s->cursor += cells * cell;
    if (s->cursor < x0) pan(s, s->cursor - x0);
    if (s->cursor >= x1) pan(s, s->cursor - x1 + cell);
    curves_window(s, &x0, &x1);
    s->cursor = fmin(fmax(s->cursor, x0), x1 - cell / 2);
}

static int select_chart(struct curves *s, struct app *a, int by)
{
    if (!s->ncharts) return 1;
    s->focus = (s->focus + by + s->ncharts) % s->ncharts;
    store(a, "curves.chart", s->charts[s->focus]);
    return 1;
}

static int act_view(struct curves *s, struct app *a, int action)
{
    switch (action) {
    case ACT_X_AXIS:
        s->axis = (s->axis + 1) % AXIS_COUNT, s->zoomed = 0, s->cursor = NAN;
        store(a, "curves.axis", s->axis);
        return 1;
    case ACT_LOG: s->log_y = !s->log_y; store(a, "curves.log", s->log_y); return 1;
    case ACT_BAND: s->band = !s->band; store(a, "curves.band", s->band); return 1;
    case ACT_SMOOTH_LESS:
    case ACT_SMOOTH_MORE:
        s->smooth += action == ACT_SMOOTH_MORE ? 1 : -1;
        s->smooth = s->smooth < 0 ? 0 : s->smooth >= CURVES_SMOOTHS ? CURVES_SMOOTHS - 1 : s->smooth;
        store(a, "curves.smooth", s->smooth);
        return 1;
    case ACT_MAXIMISE: s->maximised = !s->maximised; return 1;
    case ACT_ENTER: s->maximised = 1; return 1;
    case ACT_FOLLOW: s->follow = !s->follow; s->version = -1; return 1;
    case ACT_BACK:
        if (!isnan(s->cursor)) s->cursor = NAN;
        else if (s->maximised) s->maximised = 0;
        else if (s->zoomed) s->zoomed = 0;
        else return 0;
        return 1;
    }
    return 0;
}

static int act_curves(void *self, struct app *a, int action)
{
    struct curves *s = self;
    switch (action) {
    case ACT_LEFT: move_cursor(s, -1); return 1;
    case ACT_RIGHT: move_cursor(s, 1); return 1;
    case ACT_FAST_LEFT: move_cursor(s, -10); return 1;
    case ACT_FAST_RIGHT: move_cursor(s, 10); return 1;
    case ACT_FIRST: s->cursor = 0; move_cursor(s, -1000000); return 1;
    case ACT_LAST: s->cursor = NAN; move_cursor(s, 0); return 1;
    case ACT_UP:
    case ACT_PREV_PANE: return select_chart(s, a, -1);
    case ACT_DOWN:
    case ACT_NEXT_PANE: return select_chart(s, a, 1);
    case ACT_ZOOM_IN: zoom(s, 0.5, s->cursor); return 1;
    case ACT_ZOOM_OUT: zoom(s, 2, s->cursor); return 1;
    case ACT_FIT: s->zoomed = 0; return 1;
    }
    return act_view(s, a, action);
}

static int can_curves(void *self, struct app *a, int action)
{
    const struct curves *s = self;
    (void)a;
    switch (action) {
    case ACT_LEFT: case ACT_RIGHT: case ACT_FAST_LEFT: case ACT_FAST_RIGHT:
    case ACT_FIRST: case ACT_LAST: case ACT_UP: case ACT_DOWN:
    case ACT_PREV_PANE: case ACT_NEXT_PANE: case ACT_ZOOM_IN: case ACT_ZOOM_OUT:
    case ACT_X_AXIS: case ACT_LOG: case ACT_SMOOTH_LESS: case ACT_SMOOTH_MORE:
    case ACT_MAXIMISE: case ACT_ENTER: case ACT_EXPORT: return s->ncharts > 0;
    case ACT_FIT: return s->zoomed;
    case ACT_BAND: return s->nruns > 1;
    case ACT_FOLLOW: return s->live || !s->follow;
    case ACT_BACK: return !isnan(s->cursor) || s->maximised || s->zoomed;
    }
    return 0;
}

static void mouse_curves(void *self, struct app *a, const struct mouse *m)
{
    struct curves *s = self;
    for (int i = 0; i < s->ncharts; i++) {
        struct curve_chart *c = &s->slots[s->charts[i]];
        if (m->y < c->area.y || m->y >= c->area.y + c->area.h || m->x < c->area.x ||
            m->x >= c->area.x + c->area.w)
            continue;
        int inside = m->x >= c->drawn.plot.x && m->x < c->drawn.plot.x + c->drawn.plot.w;
        double x = chart_x_at(&c->chart, &c->drawn, m->x);
        if (m->wheel) {
            zoom(s, m->wheel < 0 ? 0.5 : 2, inside ? x : NAN);
            return;
        }
        if (s->focus != i) select_chart(s, a, i - s->focus);
        if (inside) s->cursor = x;
        return;
    }
}

static void status_curves(void *self, struct app *a, char *out, size_t size)
{
    struct curves *s = self;
    char x[32];
    const char *fresh = !s->live ? "finished" : s->follow ? "live" : "frozen";
    (void)a;
    if (!s->nruns) {
        snprintf(out, size, "no run");
        return;
    }
    const struct curve_run *r = &s->runs[s->focus_run > 0 ? s->focus_run : 0];
    snprintf(out, size, "%s%s · %s (%d of %d) · step %s · %s", r->name,
             s->nruns > 1 ? " and others" : "",
             s->ncharts ? curve_defs[s->charts[s->focus]].title : "no values yet",
             s->ncharts ? s->focus + 1 : 0, s->ncharts,
             curves_x_text(AXIS_STEP, r->end[AXIS_STEP], x, sizeof x), fresh);
}

/* Every sample drawn on the charts that are on the screen. */
int curves_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    static const char *const heads[] = {"chart", "run", "name", "metric", "axis", "x", "first_step",
                                        "last_step", "points", "min", "max", "mean", "smoothed",
                                        "not_finite", "seeds", "band_low", "band_high"};
    struct curves *s = self;
    int rows = 0;
    (void)a, (void)err;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) csv_text(out, heads[i]);
    csv_end_row(out);
    for (int k = 0; k < s->ncharts; k++) {
        const struct curve_chart *c = &s->slots[s->charts[k]];
        for (int i = 0; c->area.h && i < c->nlines; i++) {
            const struct curve_line *l = &c->lines[i];
            const struct curve_run *r = &s->runs[l->run];
            for (int p = 0; p < l->n; p++, rows++) {
                const struct chart_sample *v = &l->samples[p];
                csv_text(out, curve_defs[c->def].title);
                csv_int(out, r->id);
                csv_text(out, r->name);
                csv_text(out, metric_name(l->def->metric));
                csv_text(out, curve_axis_name(s->axis));
                csv_real(out, v->x);
                csv_int(out, l->steps[p].first);
                csv_int(out, l->steps[p].last);
                csv_int(out, v->n);
                csv_real(out, v->n ? v->min : NAN);
                csv_real(out, v->n ? v->max : NAN);
                csv_real(out, v->n ? v->mean : NAN);
                csv_real(out, l->smooth ? l->smooth[p] : NAN);
                csv_int(out, v->nonfinite);
                csv_int(out, l->seeds > 1 ? l->seeds : 1);
                csv_real(out, l->lo ? l->lo[p] : NAN);
                csv_real(out, l->hi ? l->hi[p] : NAN);
                csv_end_row(out);
            }
        }
    }
    return rows;
}

const struct screen_ops curves_screen = {
    .name = "Curves",
    .help = "losses, AUC and rates of the selected and the marked runs over each other",
    .size = sizeof(struct curves),
    .open = open_curves, .close = close_curves, .tick = tick_curves, .period = period_curves,
    .draw = curves_draw, .act = act_curves, .can = can_curves, .mouse = mouse_curves,
    .status = status_curves, .export_csv = curves_export, .export_svg = curves_svg,
};
