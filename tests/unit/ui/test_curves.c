/* The Curves screen on the fixture store: pictures, keys, and the numbers it exports. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/csv.h"
#include "db/query.h"
#include "db/store.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/curves_int.h"
#include "ui/term/theme.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_curves.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_make(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

/* Each test starts without the state file of the one before. */
static struct app *start(struct app_args *args, int64_t run)
{
    char path[128];
    struct app_args plain = {.theme = 0, .color = 1};
    snprintf(path, sizeof path, "%s/electroscope", dir);
    file_remove_tree(path, NULL);
    if (!args) args = &plain;
    args->run = run;
    struct app *a = fixture_app(dir, "Curves", args);
    assert_non_null(a);
    return a;
}

static void mark(struct app *a, int64_t run)
{
    app_mark(a, run, 1);
    app_show(a, a->current); /* coming back from where runs are marked */
}

static void test_pictures(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    int bad = fixture_golden(a, 24, 80, "curves-80x24") + fixture_golden(a, 36, 120, "curves-120x36") +
              fixture_golden(a, 45, 160, "curves-160x45");
    mark(a, 8), mark(a, 9), mark(a, 5);
    fixture_keys(a, "Right S-Left S-Left b");
    bad += fixture_golden(a, 36, 120, "curves-marked-120x36");
    fixture_keys(a, "b z v x");
    bad += fixture_golden(a, 36, 120, "curves-time-log-120x36");
    app_free(a);
    struct app_args ascii = {.theme = THEME_MONO, .ascii = 1};
    a = start(&ascii, 9);
    mark(a, 8), mark(a, 9);
    bad += fixture_golden(a, 24, 80, "curves-ascii-80x24");
    app_free(a);
    assert_int_equal(bad, 0);
}

static void test_small_sizes_and_every_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"Right", "+", "+", "S-Left", "(", "-", "0", "Tab", "x", "x",
                                       "x", "v", "M", "m", "b", "z", "g", "G", "Esc", "Esc", "F"};
    struct app *a = start(NULL, 9);
    mark(a, 8), mark(a, 5), mark(a, 1);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        fixture_keys(a, keys[k]);
        for (int h = 1; h < 50; h += 12)
            for (int w = 1; w < 220; w += 39) free(fixture_text(a, h, w));
        free(fixture_text(a, 8, 40));
    }
    app_free(a);
}

static void test_a_resize_there_and_back_changes_nothing(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct curves *s = app_self(a);
    char *before = fixture_text(a, 30, 100);
    free(fixture_text(a, 30, 60));
    for (int i = 0; i < s->ncharts; i++) /* as a spike that is a column of its own there would */
        s->slots[s->charts[i]].range.hi *= 2;
    free(fixture_text(a, 30, 60));
    char *after = fixture_text(a, 30, 100);
    assert_string_equal(before, after);
    free(before);
    free(after);
    app_free(a);
}

static void test_a_nan_is_on_the_rail(void **state)
{
    (void)state;
    struct app *a = start(NULL, 5); /* ends with a loss that is not a number */
    char *text = fixture_text(a, 24, 80), *rail = strstr(text, "─!");
    assert_non_null(rail);
    free(text);
    assert_true(fixture_shows(a, 24, 80, "train nan"));
    app_free(a);
}

static void test_zoom_pan_and_fit_move_the_window(void **state)
{
    (void)state;
    struct app *a = start(NULL, 3); /* done: 1,000,000 steps */
    struct curves *s = app_self(a);
    double x0, x1;
    free(fixture_text(a, 24, 80));
    curves_window(s, &x0, &x1);
    assert_float_equal(x1 - x0, 1000000, 0);
    fixture_keys(a, "+ +");
    curves_window(s, &x0, &x1);
    assert_float_equal(x1 - x0, 250000, 5);
    free(fixture_text(a, 24, 80));
    fixture_keys(a, "Left ( ( ( ( ( ( ( ( ( (");
    double y0, y1;
    curves_window(s, &y0, &y1);
    assert_true(y0 < x0);
    assert_float_equal(y1 - y0, x1 - x0, 5);
    assert_true(s->cursor >= y0 && s->cursor < y1);
    fixture_keys(a, "0");
    curves_window(s, &x0, &x1);
    assert_float_equal(x1 - x0, 1000000, 0);
    app_free(a);
}

static void test_the_cursor_reads_the_stored_value(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct arena ar;
    struct query_point *p;
    arena_init(&ar);
    free(fixture_text(a, 36, 120));
    fixture_keys(a, "m m m m m Right S-Left S-Left");
    free(fixture_text(a, 36, 120));
    struct curves *s = app_self(a);
    const struct curve_line *l = &curves_focused(s)->lines[0];
    int k = curves_nearest(l, s->cursor);
    assert_true(k > 0);
    int n = query_points(app_query(a), 9, METRIC_total_loss, &ar, &p, NULL), found = 0;
    for (int i = 0; i < n; i++) {
        if (p[i].step != l->steps[k].first) continue;
        char want[40];
        snprintf(want, sizeof want, "%.9g", p[i].value);
        assert_true(fixture_shows(a, 36, 120, want));
        found = 1;
    }
    assert_true(found);
    arena_free(&ar);
    app_free(a);
}

static void test_the_band_is_mean_and_deviation_over_seeds(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    mark(a, 8), mark(a, 9);
    fixture_keys(a, "m m m b");
    assert_true(fixture_shows(a, 36, 120, "gen1/4-tie-emb 2 seeds") && fixture_shows(a, 24, 80, "gen1/4-tie-emb train"));
    struct curves *s = app_self(a);
    const struct curve_chart *c = curves_focused(s);
    const struct curve_line *l = &c->lines[0];
    assert_int_equal(l->seeds, 2);
    assert_true(l->n > 10);
    for (int i = 0; i < l->n; i++) { /* two values m +- d/2: the deviation is d / sqrt 2 */
        assert_true(l->lo[i] <= l->samples[i].mean && l->hi[i] >= l->samples[i].mean);
        double up = l->hi[i] - l->samples[i].mean, down = l->samples[i].mean - l->lo[i];
        assert_true(fabs(up - down) < 1e-9);
    }
    app_free(a);
}

/* Only seeds make a band; a run without one number is left out of it. */
/* Where nothing moves F freezes nothing: what is marked later is drawn as it is then. */
/* The narrowest window between two points: the line is there, the points beside are not exported. */
static void test_a_window_between_two_points(void **state)
{
    (void)state;
    struct app *a = start(NULL, 3);
    struct curves *s = app_self(a);
    free(fixture_text(a, 24, 80));
    struct curve_run *r = &s->runs[0];
    r->apart[0] = r->apart[1] = 20000; /* the fixture's points lie further apart than its configuration says */
    curves_zoom_to(s, 510000, 510100);
    assert_true(s->zoomed);
    char *text = fixture_text(a, 24, 80);
    assert_null(strstr(text, "no values"));
    assert_non_null(strstr(text, "the window's last values"));
    assert_non_null(strstr(text, "train -"));
    free(text);
    const struct curve_chart *c = curves_focused(s);
    assert_true(c->nlines > 0 && c->lines[0].n >= 2);
    FILE *f = tmpfile();
    struct csv_out *out = csv_new(f);
    assert_int_equal(curves_export(s, a, out, NULL), 0);
    csv_finish(out, NULL);
    fclose(f);
    app_free(a);
}

/* What a cell stands for is never nothing. */
static void test_the_scale_of_few_steps(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct curves *s = app_self(a);
    char text[64];
    free(fixture_text(a, 24, 80));
    struct chart_drawn d = curves_focused(s)->drawn;
    d.per_cell = .02;
    curves_cell_text(s, &d, text, sizeof text);
    assert_string_equal(text, "1 step = 50 cells");
    s->axis = AXIS_TIME;
    curves_cell_text(s, &d, text, sizeof text);
    assert_string_equal(text, "1 cell = 0.02 s");
    s->axis = AXIS_FLOPS;
    d.per_cell = 3.66e13;
    curves_cell_text(s, &d, text, sizeof text);
    assert_string_equal(text, "1 cell = 3.7e13 FLOP");
    app_free(a);
}

static void test_only_what_moves_is_frozen(void **state)
{
    (void)state;
    struct app *a = start(NULL, 3);
    fixture_keys(a, "F");
    assert_true(((struct curves *)app_self(a))->follow);
    mark(a, 9);
    fixture_keys(a, "F");
    assert_false(((struct curves *)app_self(a))->follow);
    assert_true(fixture_shows(a, 24, 120, "· frozen"));
    fixture_keys(a, "F");
    assert_true(fixture_shows(a, 24, 120, "· live"));
    app_free(a);
}

static void test_what_a_band_is_not_over(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    mark(a, 9), mark(a, 5);
    fixture_keys(a, "b");
    assert_false(((struct curves *)app_self(a))->band);
    assert_true(fixture_shows(a, 24, 120, "A band is over seeds"));
    app_free(a);
    /* the second seed's losses are no numbers */
    assert_int_equal(fixture_sql(dir, "CREATE TABLE saved AS SELECT * FROM point WHERE series IN (SELECT id FROM "
                     "series WHERE run=8)"), 0);
    assert_int_equal(fixture_sql(dir, "UPDATE point SET value=NULL, kind=1 WHERE series IN (SELECT id FROM series "
                     "WHERE run=8)"), 0);
    a = start(NULL, 9);
    mark(a, 8), mark(a, 9);
    fixture_keys(a, "b");
    free(fixture_text(a, 36, 120));
    const struct curve_chart *c = curves_focused(app_self(a));
    assert_true(c->nlines >= 2);
    for (int i = 0; i < c->nlines; i++) assert_true(c->lines[i].seeds < 2);
    app_free(a);
    a = start(NULL, 8);
    assert_true(fixture_shows(a, 24, 80, "not one finite number"));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "INSERT OR REPLACE INTO point SELECT * FROM saved"), 0);
    assert_int_equal(fixture_sql(dir, "DROP TABLE saved"), 0);
}

/* More runs than rows: a row each, the focused one in full, and nothing on the rows below. */
static void test_the_legend_of_many_runs(void **state)
{
    (void)state;
    struct app *a = start(NULL, 2);
    for (int i = 9; i > 1; i--) mark(a, i);
    for (int i = 2; i < 10; i++) {
        app_select(a, i);
        app_tick(a);
        assert_true(fixture_shows(a, 32, 120, "A train  Av held-out     "));
        struct curves *s = app_self(a);
        char name[40];
        snprintf(name, sizeof name, " %.12s", s->runs[s->focus_run].name);
        char *text = fixture_text(a, 32, 120), *at = strstr(text, "─ 8 runs ─");
        assert_non_null(at);
        assert_non_null(strstr(at, name));
        assert_true(strstr(at, "more") || strstr(at, s->runs[s->nruns - 1].name));
        free(text);
    }
    app_free(a);
}

static void test_export_is_what_is_shown_in_full(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    free(fixture_text(a, 24, 80)); /* one chart */
    char *buf = NULL, *line;
    size_t size = 0;
    FILE *f = open_memstream(&buf, &size);
    struct csv_out *out = csv_new(f);
    struct curves *s = app_self(a);
    int rows = app_ops(a)->export_csv(s, a, out, NULL), lines = 0, drawn = 0;
    assert_int_equal(csv_finish(out, NULL), 0);
    fclose(f);
    const struct curve_chart *c = curves_focused(s);
    for (int i = 0; i < c->nlines; i++) drawn += c->lines[i].n;
    assert_int_equal(rows, drawn);
    for (line = buf; (line = strstr(line, "\r\n")); line += 2) lines++;
    assert_int_equal(lines, rows + 1);
    char want[200];
    snprintf(want, sizeof want, "total loss,9,gen1/4-tie-emb-s1,total_loss,step,%.17g,",
             c->lines[0].samples[0].x);
    assert_non_null(strstr(buf, want));
    snprintf(want, sizeof want, ",%.17g,", c->lines[0].samples[7].mean);
    assert_non_null(strstr(buf, want));
    free(buf);
    app_free(a);
}

static void test_settings_survive(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    fixture_keys(a, "x x M M Tab");
    app_free(a);
    struct app_args again = {.theme = 0, .color = 1};
    a = fixture_app(dir, "Curves", &again);
    struct curves *s = app_self(a);
    assert_int_equal(s->axis, AXIS_TOKENS);
    assert_int_equal(s->smooth, 3);
    assert_int_equal(s->focus, 1);
    assert_true(isnan(s->cursor) && !s->zoomed);
    free(fixture_text(a, 24, 80));
    fixture_keys(a, "l l l + +"); /* and the place in the chart */
    free(fixture_text(a, 24, 80));
    double cursor = s->cursor, x0 = s->x0, x1 = s->x1;
    assert_true(isfinite(cursor) && s->zoomed);
    app_free(a);
    a = fixture_app(dir, "Curves", &again);
    s = app_self(a);
    assert_true(s->cursor == cursor && s->zoomed && s->x0 == x0 && s->x1 == x1);
    app_free(a);
    again.run = 3; /* another run has no such place */
    a = fixture_app(dir, "Curves", &again);
    s = app_self(a);
    assert_true(isnan(s->cursor) && !s->zoomed);
    app_free(a);
}

static void press(struct app *a, int y, int x, int button, int drag, int release)
{
    struct key k = {.kind = KEY_MOUSE, .y = y, .x = x, .button = button, .drag = drag,
                    .release = release};
    app_key(a, &k);
}

static void test_the_mouse_marks_a_range_and_pulls(void **state)
{
    (void)state;
    struct app *a = start(NULL, 3);
    struct curves *s = app_self(a);
    double x0, x1, y0, y1;
    free(fixture_text(a, 24, 80));
    struct rect plot = curves_focused(s)->drawn.plot;
    press(a, plot.y + 2, plot.x + 10, 1, 0, 0);
    press(a, plot.y + 2, plot.x + 20, 1, 1, 0);
    press(a, plot.y + 2, plot.x + 30, 1, 1, 0);
    curves_window(s, &x0, &x1);
    assert_float_equal(x1 - x0, 1000000, 0); /* not before the button goes up */
    assert_int_equal(fixture_golden(a, 24, 80, "curves-drag-80x24"), 0);
    press(a, plot.y + 2, plot.x + 30, 1, 0, 1);
    curves_window(s, &x0, &x1);
    double cell = 1e6 / plot.w;
    assert_true(fabs(x0 - 10.5 * cell) < 2 && fabs(x1 - 30.5 * cell) < 2);
    free(fixture_text(a, 24, 80));
    press(a, plot.y + 2, plot.x + 10, 3, 0, 0); /* the right button pulls */
    press(a, plot.y + 2, plot.x + 15, 3, 1, 0);
    press(a, plot.y + 2, plot.x + 15, 3, 0, 1);
    curves_window(s, &y0, &y1);
    assert_true(fabs((x0 - y0) - 5 * (x1 - x0) / plot.w) < 3);
    press(a, plot.y + 2, plot.x + 10, 1, 0, 0); /* a click is no range */
    press(a, plot.y + 2, plot.x + 10, 1, 0, 1);
    curves_window(s, &x0, &x1);
    assert_true(x0 == y0 && x1 == y1);
    assert_false(isnan(s->cursor));
    app_free(a);
}

static void test_the_run_changes_from_here(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct curves *s = app_self(a);
    fixture_keys(a, "r");
    assert_int_equal(app_selected(a), 8);
    assert_int_equal(s->runs[s->focus_run].id, 8);
    fixture_keys(a, "R R");
    assert_int_equal(app_selected(a), 1); /* round the end */
    app_select(a, 9);
    mark(a, 9), mark(a, 8), mark(a, 5);
    fixture_keys(a, "r r");
    assert_int_equal(app_selected(a), 5); /* among those shown */
    fixture_keys(a, "r");
    assert_int_equal(app_selected(a), 9);
    app_free(a);
}

static void test_a_ghost_stays_behind_the_others(void **state)
{
    (void)state;
    struct app *a = start(NULL, 3);
    struct curves *s = app_self(a);
    fixture_keys(a, "B");
    app_select(a, 9);
    app_show(a, a->current);
    assert_true(s->nruns == 2 && s->ghost_alone && s->runs[1].ghost);
    assert_true(fixture_shows(a, 36, 120, "ghost mlm-base-s1"));
    assert_int_equal(fixture_golden(a, 36, 120, "curves-ghost-120x36"), 0);
    const struct curve_chart *c = curves_focused(s);
    int ghosts = 0;
    for (int i = 0; i < c->nlines; i++) {
        int ghost = s->runs[c->lines[i].run].ghost;
        ghosts += ghost;
        assert_true(ghost ? c->series[i].role == ROLE_DIM && c->series[i].style == CHART_REFERENCE
                          : c->series[i].role != ROLE_DIM);
    }
    assert_true(ghosts > 0);
    app_free(a);
    struct app_args again = {.theme = 0, .color = 1, .run = 9};
    a = fixture_app(dir, "Curves", &again); /* it is there tomorrow */
    s = app_self(a);
    assert_int_equal(s->ghost, 3);
    mark(a, 8), mark(a, 9), mark(a, 3);
    assert_true(s->nruns == 3 && !s->ghost_alone);
    fixture_keys(a, "R B"); /* from 9 back over 8 to 3 */
    app_select(a, 3);
    fixture_keys(a, "B");
    app_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_small_sizes_and_every_key),
        cmocka_unit_test(test_a_resize_there_and_back_changes_nothing),
        cmocka_unit_test(test_a_nan_is_on_the_rail),
        cmocka_unit_test(test_zoom_pan_and_fit_move_the_window),
        cmocka_unit_test(test_the_cursor_reads_the_stored_value),
        cmocka_unit_test(test_the_band_is_mean_and_deviation_over_seeds),
        cmocka_unit_test(test_a_window_between_two_points),
        cmocka_unit_test(test_the_scale_of_few_steps),
        cmocka_unit_test(test_only_what_moves_is_frozen),
        cmocka_unit_test(test_what_a_band_is_not_over),
        cmocka_unit_test(test_the_legend_of_many_runs),
        cmocka_unit_test(test_export_is_what_is_shown_in_full),
        cmocka_unit_test(test_settings_survive),
        cmocka_unit_test(test_the_mouse_marks_a_range_and_pulls),
        cmocka_unit_test(test_the_run_changes_from_here),
        cmocka_unit_test(test_a_ghost_stays_behind_the_others),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
