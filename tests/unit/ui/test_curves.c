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

static int shows(struct app *a, int h, int w, const char *what)
{
    char *text = fixture_text(a, h, w);
    int found = strstr(text, what) != NULL;
    free(text);
    return found;
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
    assert_true(shows(a, 24, 80, "train nan"));
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
        assert_true(shows(a, 36, 120, want));
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
    assert_true(shows(a, 36, 120, "mean of 2 seeds"));
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
        cmocka_unit_test(test_export_is_what_is_shown_in_full),
        cmocka_unit_test(test_settings_survive),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
