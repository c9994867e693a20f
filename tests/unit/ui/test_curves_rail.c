/* The Curves screen on a planted run: what is not finite, spikes, and the rail under a chart. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/store.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/curves_int.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_curves_rail.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_make(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static struct app *start(int64_t run)
{
    struct app_args args = {.theme = 0, .color = 1, .run = run};
    struct app *a = fixture_app(dir, "Curves", &args);
    assert_non_null(a);
    return a;
}

/* A run of 400 points with these changes; its number. */
static int64_t plant(void (*value)(int64_t step, double *v))
{
    char path[128];
    struct err err = {0};
    struct config c;
    int64_t id;
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *st = store_open(path, &err);
    assert_non_null(st);
    config_default(&c);
    snprintf(c.name, sizeof c.name, "planted");
    c.objective = OBJ_TWO_STAGE;
    snprintf(c.generator_size, sizeof c.generator_size, "1");
    c.steps = 400;
    if (config_resolve(&c, &err) || store_add_run(st, &c, 0, "0", &id, &err))
        fail_msg("%s", err.text);
    struct recorder *r = recorder_start(st, NULL, NULL, &err);
    struct event_sink sink = recorder_sink(r);
    for (int64_t i = 1; i <= 400; i++) {
        struct event e = {.kind = EVENT_METRICS, .run = id, .step = i, .tokens = i * 1000,
                          .wall = (double)i * 2, .nmetrics = 2};
        e.metrics[0].id = METRIC_total_loss, e.metrics[0].value = 5;
        value(i, &e.metrics[0].value);
        e.metrics[1].id = METRIC_flops, e.metrics[1].value = 1e9 * (double)i;
        sink.emit(sink.ud, &e);
    }
    for (int64_t i = 100; i <= 400; i += 150) { /* a fine-tuning now and then */
        struct event e = {.kind = EVENT_METRICS, .run = id, .step = i, .tokens = i * 1000,
                          .wall = (double)i * 2, .nmetrics = 1};
        e.metrics[0].id = METRIC_probe_score, e.metrics[0].value = 50 + (double)i / 100;
        sink.emit(sink.ud, &e);
    }
    struct event k = {.kind = EVENT_CHECKPOINT, .run = id, .step = 100};
    sink.emit(sink.ud, &k);
    assert_int_equal(recorder_flush(r, &err), 0);
    recorder_stop(r);
    store_close(st);
    return id;
}

static void forget(int64_t id)
{
    char path[128];
    struct err err = {0};
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *st = store_open(path, &err);
    assert_int_equal(store_delete_run(st, id, &err), 0);
    store_close(st);
}

static void broken(int64_t step, double *v)
{
    if (step == 200) *v = NAN;
    if (step == 300) *v = 500;
}

/* A NaN in the middle is a mark on the rail and one gap, not the end of the smoothed line. */
static void test_a_nan_in_the_middle_breaks_nothing_else(void **state)
{
    (void)state;
    int64_t id = plant(broken);
    struct app *a = start(id);
    fixture_keys(a, "M M");
    free(fixture_text(a, 24, 90));
    struct curves *s = app_self(a);
    const struct curve_chart *c = curves_focused(s);
    const struct curve_line *l = &c->lines[0];
    assert_true(l->smooth && isfinite(l->smooth[l->n - 1]));
    assert_true(fabs(l->smooth[l->n / 4] - 5) < 1e-9);
    int nans = 0, spikes = 0;
    for (int i = 0; i < l->n; i++) {
        nans += l->samples[i].nonfinite > 0;
        spikes += l->samples[i].n && l->samples[i].max == 500;
        assert_true(!l->samples[i].n || isfinite(l->samples[i].mean));
    }
    assert_true(nans == 1 && spikes == 1);
    assert_true(c->drawn.nans >= 1 && c->drawn.spikes >= 1);
    assert_true(fixture_shows(a, 36, 120, "score of tasks") && fixture_shows(a, 36, 120, "54.00"));
    app_free(a);
    forget(id);
}

/* Checkpoint, resume and phase stand under the steps that they belong to. */
static void test_the_rail_on_every_axis(void **state)
{
    (void)state;
    static const double at[AXIS_COUNT] = {1, 2, 1000, 1e9}; /* x of step 1 */
    char sql[100];
    int64_t id = plant(broken);
    snprintf(sql, sizeof sql, "INSERT INTO resume(run, step, time) VALUES(%lld, 240, 1)", (long long)id);
    assert_int_equal(fixture_sql(dir, sql), 0);
    struct app *a = start(id);
    struct curves *s = app_self(a);
    for (int axis = 0; axis < AXIS_COUNT; axis++) {
        free(fixture_text(a, 24, 90));
        const struct curve_chart *c = curves_focused(s);
        static const struct { double step; enum chart_mark_kind kind; } want[] = {
            {100, CHART_CHECKPOINT}, {240, CHART_RESUME}, {200, CHART_PHASE}};
        assert_int_equal(s->axis, axis);
        assert_int_equal(c->nmarks, 3);
        for (int i = 0; i < 3; i++) {
            int found = 0;
            for (int k = 0; k < c->nmarks; k++)
                found |= c->marks[k].kind == want[i].kind &&
                         fabs(c->marks[k].x - want[i].step * at[axis]) <= 4 * at[axis];
            if (!found)
                fail_msg("axis %d mark %d: at %g, %g, %g", axis, i, c->marks[0].x, c->marks[1].x,
                         c->marks[2].x);
        }
        fixture_keys(a, "x");
    }
    app_free(a);
    forget(id);
}

static void test_logarithmic_steps(void **state)
{
    (void)state;
    int64_t id = plant(broken);
    struct app *a = start(id);
    struct curves *s = app_self(a);
    double x0, x1;
    fixture_keys(a, "v v"); /* linear, y, x */
    assert_true(fixture_shows(a, 24, 90, "log x"));
    curves_window(s, &x0, &x1);
    assert_true(x0 == 1 && x1 >= 400);
    const struct curve_chart *c = curves_focused(s);
    const struct curve_line *l = &c->lines[0];
    int before = 0;
    unsigned points = 0;
    for (int i = 0; i < l->n; i++) {
        before += l->samples[i].x < 10;
        points += l->samples[i].n + l->samples[i].nonfinite;
    }
    assert_int_equal(before, 9); /* the first decade is not one bucket */
    assert_int_equal(points, 400);
    fixture_keys(a, "Right + +");
    curves_window(s, &x0, &x1);
    assert_true(x1 / x0 < 400 && x0 > 1);
    fixture_keys(a, "( ( ( ( 0 v v");
    assert_int_equal(s->log, 0);
    app_free(a);
    forget(id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_nan_in_the_middle_breaks_nothing_else),
        cmocka_unit_test(test_the_rail_on_every_axis),
        cmocka_unit_test(test_logarithmic_steps),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
