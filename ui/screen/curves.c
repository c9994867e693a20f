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

#define PLACE "curves.place" /* run, axis, cursor ("nan": none), zoomed, window */

/* The cursor and the window of before a restart, if the same run is looked at. */
static void go_to_place(struct curves *s)
{
    const char *text = app_state(s->app, PLACE);
    double cursor, x0, x1;
    long long run;
    int axis, zoomed;
    if (!text || sscanf(text, "%lld %d %lf %d %lf %lf", &run, &axis, &cursor, &zoomed, &x0, &x1) != 6 ||
        run != app_selected(s->app) || axis != s->axis)
        return;
    if (isfinite(cursor) && cursor >= 0)
        s->cursor = cursor;
    s->zoomed = zoomed == 1 && isfinite(x0) && isfinite(x1) && x0 < x1;
    if (s->zoomed)
        s->x0 = x0, s->x1 = x1;
}

static void keep_place(const struct curves *s)
{
    char text[160];
    snprintf(text, sizeof text, "%lld %d %.17g %d %.17g %.17g", (long long)app_selected(s->app), s->axis,
             s->cursor, s->zoomed, s->x0, s->x1);
    app_set_state(s->app, PLACE, text);
}

static int open_curves(void *self, struct app *a)
{
    struct curves *s = self;
    s->app = a;
    s->axis = stored(a, "curves.axis", AXIS_STEP, AXIS_COUNT);
    s->smooth = stored(a, "curves.smooth", 1, CURVES_SMOOTHS);
    s->log = stored(a, "curves.log", 0, LOG_STATES);
    s->band = stored(a, "curves.band", 0, 2);
    const char *ghost = app_state(a, "curves.ghost");
    s->ghost = ghost ? atoll(ghost) : 0;
    s->follow = 1;
    s->cursor = NAN;
    go_to_place(s);
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
    keep_place(s);
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
    same &= s->nruns - s->ghost_alone == marks + (app_selected(a) && !app_is_marked(a, app_selected(a)));
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

void curves_select_chart(struct curves *s, struct app *a, int by)
{
    if (!s->ncharts) return;
    s->focus = (s->focus + by + s->ncharts) % s->ncharts;
    store(a, "curves.chart", s->charts[s->focus]);
}

/* The next run among those shown; where only one is, among all. */
static void select_run(struct curves *s, struct app *a, int by)
{
    const struct query_run *all;
    int n = app_runs(a, &all), shown = s->nruns - s->ghost_alone, at = 0;
    if (shown > 1) {
        at = ((s->focus_run < 0 ? 0 : s->focus_run) + by + shown) % shown;
        app_select(a, s->runs[at].id);
    } else if (n) {
        while (at < n && all[at].id != app_selected(a)) at++;
        app_select(a, all[(at + by + n) % n].id);
    }
    curves_reload(s, a);
}

/* The focused run becomes the ghost, or stops being it. */
static void toggle_ghost(struct curves *s, struct app *a)
{
    char text[32];
    int64_t run = app_selected(a);
    s->ghost = s->ghost == run ? 0 : run;
    snprintf(text, sizeof text, "%lld", (long long)s->ghost);
    app_set_state(a, "curves.ghost", text);
    const struct query_run *r = app_run(a, run);
    if (r)
        app_say(a, SEV_INFO, s->ghost ? "%s stays as a ghost line" : "%s is no ghost any more", r->name);
    curves_reload(s, a);
}

/* 1: two of the runs differ in their seed only. */
static int seeds_to_average(const struct curves *s)
{
    for (int i = 0; i < s->nruns; i++)
        for (int k = 0; k < i; k++)
            if (s->runs[i].group && s->runs[i].group == s->runs[k].group) return 1;
    return 0;
}

static int act_view(struct curves *s, struct app *a, int action)
{
    switch (action) {
    case ACT_X_AXIS:
        s->axis = (s->axis + 1) % AXIS_COUNT, s->zoomed = 0, s->cursor = NAN;
        store(a, "curves.axis", s->axis);
        curves_reload(s, a);
        return 1;
    case ACT_LOG: s->log = (s->log + 1) % LOG_STATES; store(a, "curves.log", s->log); return 1;
    case ACT_NEXT_RUN: select_run(s, a, 1); return 1;
    case ACT_PREV_RUN: select_run(s, a, -1); return 1;
    case ACT_BASELINE: toggle_ghost(s, a); return 1;
    case ACT_BAND:
        if (!s->band && !seeds_to_average(s)) {
            app_note(a, "A band is over seeds: mark runs on 1 that differ in nothing else");
            return 1;
        }
        s->band = !s->band;
        store(a, "curves.band", s->band);
        return 1;
    case ACT_SMOOTH_LESS:
    case ACT_SMOOTH_MORE:
        s->smooth += action == ACT_SMOOTH_MORE ? 1 : -1;
        s->smooth = s->smooth < 0 ? 0 : s->smooth >= CURVES_SMOOTHS ? CURVES_SMOOTHS - 1 : s->smooth;
        store(a, "curves.smooth", s->smooth);
        return 1;
    case ACT_MAXIMISE: s->maximised = !s->maximised; return 1;
    case ACT_ENTER: s->maximised = 1; return 1;
    case ACT_FOLLOW:
        if (s->follow && !s->live) return 0; /* nothing moves: there is nothing to freeze */
        s->follow = !s->follow;
        s->version = -1;
        return 1;
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
    case ACT_LEFT: curves_move_cursor(s, -1); return 1;
    case ACT_RIGHT: curves_move_cursor(s, 1); return 1;
    case ACT_FAST_LEFT: curves_move_cursor(s, -10); return 1;
    case ACT_FAST_RIGHT: curves_move_cursor(s, 10); return 1;
    case ACT_FIRST: s->cursor = 0; curves_move_cursor(s, -1000000); return 1;
    case ACT_LAST: s->cursor = NAN; curves_move_cursor(s, 0); return 1;
    case ACT_UP:
    case ACT_PREV_PANE: curves_select_chart(s, a, -1); return 1;
    case ACT_DOWN:
    case ACT_NEXT_PANE: curves_select_chart(s, a, 1); return 1;
    case ACT_ZOOM_IN: curves_zoom(s, 0.5, s->cursor); return 1;
    case ACT_ZOOM_OUT: curves_zoom(s, 2, s->cursor); return 1;
    case ACT_FIT: s->zoomed = 0; return 1;
    }
    return act_view(s, a, action);
}

static int can_curves(void *self, struct app *a, int action)
{
    const struct curves *s = self;
    const struct query_run *all;
    switch (action) {
    case ACT_LEFT: case ACT_RIGHT: case ACT_FAST_LEFT: case ACT_FAST_RIGHT:
    case ACT_FIRST: case ACT_LAST: case ACT_UP: case ACT_DOWN:
    case ACT_PREV_PANE: case ACT_NEXT_PANE: case ACT_ZOOM_IN: case ACT_ZOOM_OUT:
    case ACT_X_AXIS: case ACT_LOG: case ACT_SMOOTH_LESS: case ACT_SMOOTH_MORE:
    case ACT_MAXIMISE: case ACT_ENTER: case ACT_EXPORT: return s->ncharts > 0;
    case ACT_NEXT_RUN: case ACT_PREV_RUN: return app_runs(a, &all) > 1;
    case ACT_BASELINE: return s->focus_run >= 0;
    case ACT_FIT: return s->zoomed;
    case ACT_BAND: return s->band || seeds_to_average(s);
    case ACT_FOLLOW: return s->live || !s->follow;
    case ACT_BACK: return !isnan(s->cursor) || s->maximised || s->zoomed;
    }
    return 0;
}

static const char *word_curves(void *self, struct app *a, int action)
{
    (void)self;
    (void)a;
    return action == ACT_BASELINE ? "ghost" : NULL;
}

static void status_curves(void *self, struct app *a, char *out, size_t size)
{
    struct curves *s = self;
    char x[32];
    const char *fresh = s->follow ? "live" : "frozen";
    (void)a;
    if (!s->nruns) {
        snprintf(out, size, "no run");
        return;
    }
    const struct curve_run *r = &s->runs[s->focus_run > 0 ? s->focus_run : 0];
    if (!s->live)
        fresh = run_state_name(r->state);
    char chart[64] = "no values";
    if (s->ncharts)
        snprintf(chart, sizeof chart, "%s (%d of %d)", curve_defs[s->charts[s->focus]].title, s->focus + 1, s->ncharts);
    snprintf(out, size, "%s%s · %s · step %s · %s", r->name,
             s->nruns - s->ghost_alone > 1 ? " and others" : "", chart, curves_x_text(AXIS_STEP, r->end[AXIS_STEP], x, sizeof x), fresh);
}

/* Every sample drawn on the charts that are on the screen. */
int curves_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    static const char *const heads[] = {"chart", "run", "name", "metric", "axis", "x", "first_step",
                                        "last_step", "points", "min", "max", "mean", "smoothed",
                                        "not_finite", "seeds", "band_low", "band_high"};
    struct curves *s = self;
    char name[256];
    int rows = 0;
    (void)a, (void)err;
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int k = 0; k < s->ncharts; k++) {
        const struct curve_chart *c = &s->slots[s->charts[k]];
        for (int i = 0; c->area.h && i < c->nlines; i++) {
            const struct curve_line *l = &c->lines[i];
            const struct curve_run *r = &s->runs[l->run];
            for (int p = 0; p < l->n; p++) {
                const struct chart_sample *v = &l->samples[p];
                if (!curves_inside(s, v)) continue;
                rows++;
                csv_text(out, curve_defs[c->def].title);
                csv_int(out, r->id);
                csv_text(out, curves_line_name(s, l, name, sizeof name));
                csv_text(out, metric_name(l->def->metric));
                csv_text(out, curve_axis_name(s->axis));
                csv_real(out, v->x);
                csv_int(out, l->steps[p].first);
                csv_int(out, l->steps[p].last);
                csv_int(out, v->n + v->nonfinite);
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
    .draw = curves_draw, .act = act_curves, .can = can_curves, .mouse = curves_mouse,
    .releases = 1, .word = word_curves,
    .status = status_curves, .export_csv = curves_export, .export_svg = curves_svg,
};
