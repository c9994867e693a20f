/* The chart widget: ticks, ranges, and the truth of what is drawn. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/widget/chart.h"
#include "ui/widget/raster.h"
#include "ui/widget/spots.h"

static void labels_are(const struct ticks *t, const char *want)
{
    char all[400] = "";
    for (int i = 0; i < t->n; i++) {
        size_t n = strlen(all);
        snprintf(all + n, sizeof all - n, "%s%s", i ? " " : "", t->label[i]);
    }
    assert_string_equal(all, want);
}

static void test_linear_ticks(void **state)
{
    (void)state;
    struct ticks t;
    ticks_linear(&t, 0, 412000, 8, SCALE_COUNT);
    labels_are(&t, "0 100k 200k 300k 400k");
    ticks_linear(&t, 10.2, 33, 6, SCALE_PLAIN);
    labels_are(&t, "15 20 25 30");
    ticks_linear(&t, .5, 1, 6, SCALE_SHARE);
    labels_are(&t, ".5 .6 .7 .8 .9 1.0");
    ticks_linear(&t, .5, 1, 5, SCALE_SHARE); /* ends on ticks rather than steps of .2 */
    labels_are(&t, ".50 .75 1.00");
    ticks_linear(&t, .6, 1, 2, SCALE_SHARE);
    labels_are(&t, ".75 1.00");
    ticks_linear(&t, 0, 5.1e-4, 6, SCALE_PLAIN);
    labels_are(&t, "0 1.0e-4 2.0e-4 3.0e-4 4.0e-4 5.0e-4");
    ticks_linear(&t, -3, 3, 6, SCALE_PLAIN);
    labels_are(&t, "-2 0 2");
    ticks_linear(&t, 0, 3e6, 7, SCALE_COUNT);
    labels_are(&t, "0 0.5M 1.0M 1.5M 2.0M 2.5M 3.0M");
    ticks_linear(&t, 0, 3, 20, SCALE_COUNT); /* no half steps */
    labels_are(&t, "0 1 2 3");
    ticks_linear(&t, 0, 2.6e15, 7, SCALE_FLOPS); /* as FLOPs are written beside the charts */
    labels_are(&t, "0 5.0e14 1.0e15 1.5e15 2.0e15 2.5e15");
    ticks_linear(&t, 1, 1, 5, SCALE_PLAIN);
    assert_int_equal(t.n, 0);
    ticks_linear(&t, NAN, 1, 5, SCALE_PLAIN);
    assert_int_equal(t.n, 0);
}

/* For many ranges: inside, at most max, steps from the set, labels short and with equal decimals. */
static void test_linear_ticks_hold_their_promises(void **state)
{
    (void)state;
    static const double set[] = {1, 2, 2.5, 5, 10};
    for (double span = 1e-6; span < 1e13; span *= 1.37)
        for (int max = 2; max <= 12; max += 5) {
            struct ticks t;
            double lo = span * 0.123, hi = lo + span;
            ticks_linear(&t, lo, hi, max, SCALE_PLAIN);
            assert_true(t.n <= max);
            for (int i = 0; i < t.n; i++) {
                assert_true(t.at[i] >= lo - span * 1e-6 && t.at[i] <= hi + span * 1e-6);
                assert_true(strlen(t.label[i]) <= 6);
            }
            if (t.n < 2) continue;
            double step = t.at[1] - t.at[0], unit = pow(10, floor(log10(step) + 1e-9));
            int found = 0;
            for (int i = 0; i < 5; i++) found |= fabs(step / unit - set[i]) < 1e-6;
            assert_true(found);
        }
}

static void test_log_and_time_ticks(void **state)
{
    (void)state;
    struct ticks t;
    ticks_log(&t, 0.9, 60, 10, SCALE_PLAIN);
    labels_are(&t, "1 2 5 10 20 50");
    ticks_log(&t, 0.0005, 2000, 10, SCALE_PLAIN);
    labels_are(&t, "0.001 0.01 0.1 1 10 100 1000");
    ticks_log(&t, .05, 2000, 10, SCALE_TIME);
    labels_are(&t, "0.1 s 1 s 10 s 100 s 1000 s");
    ticks_log(&t, 3e11, 2e14, 10, SCALE_FLOPS);
    labels_are(&t, "1.0e12 1.0e13 1.0e14");
    ticks_log(&t, 1e-9, 1e9, 6, SCALE_PLAIN);
    labels_are(&t, "1e-8 1e-4 1 10k 100M");
    ticks_log(&t, 10.1, 14, 5, SCALE_PLAIN); /* no decade: linear */
    labels_are(&t, "11 12 13 14");
    ticks_time(&t, 0, 300, 6);
    labels_are(&t, "0:00 1:00 2:00 3:00 4:00 5:00");
    ticks_time(&t, 0, 45000, 6);
    labels_are(&t, "0h 3h 6h 9h 12h");
    ticks_time(&t, 0, 86400 * 3.2, 5);
    labels_are(&t, "0d 1d 2d 3d");
    ticks_time(&t, 0, 4000, 5);
    labels_are(&t, "0h00 0h15 0h30 0h45 1h00");
}

static void test_range_widens_at_once_narrows_late(void **state)
{
    (void)state;
    struct scale_range r = {0};
    assert_int_equal(scale_range_update(&r, 0, 10, 1), 1);
    assert_int_equal(scale_range_update(&r, 0, 20, 2), 1);
    assert_float_equal(r.hi, 20, 0);
    assert_int_equal(scale_range_update(&r, 0, 11, 3), 0); /* 55 % used: waits */
    assert_int_equal(scale_range_update(&r, 0, 11, 7), 0);
    assert_int_equal(scale_range_update(&r, 0, 15, 7.5), 0); /* used again: the wait is over */
    assert_int_equal(scale_range_update(&r, 0, 11, 9), 0);
    assert_int_equal(scale_range_update(&r, 0, 11, 13.9), 0);
    assert_int_equal(scale_range_update(&r, 0, 11, 14.1), 1);
    assert_float_equal(r.hi, 11, 0);
    struct scale_range flat = {0};
    scale_range_update(&flat, 3, 3, 1);
    assert_true(flat.hi > 3 && flat.lo < 3);
}

static void test_percentile_and_ceiling(void **state)
{
    (void)state;
    double v[1000];
    for (int i = 0; i < 1000; i++) v[i] = (i * 37) % 1000;
    assert_float_equal(scale_percentile(v, 1000, 99), 990, 0);
    assert_float_equal(scale_percentile(v, 1000, 1), 9, 0);
    assert_float_equal(scale_percentile(v, 20, 99), v[19], 0); /* few: none is left out */
    assert_true(isnan(scale_percentile(v, 0, 50)));
    assert_float_equal(scale_ceiling(412000), 500000, 0);
    assert_float_equal(scale_ceiling(1000), 1000, 0);
    assert_float_equal(scale_ceiling(1001), 1250, 0);
}

static void test_smoothing_is_debiased_and_keeps_the_past(void **state)
{
    (void)state;
    struct chart_sample s[40];
    double out[40], st[2] = {0}, a = 0;
    for (int i = 0; i < 40; i++) {
        double v = 5 + (i % 3);
        s[i] = (struct chart_sample){i, v, v, v, 1, 0};
    }
    chart_smooth(s, 40, 0.6, 1, st, out);
    assert_float_equal(out[0], 5, 1e-12); /* no pull to zero at the start */
    for (int i = 0; i < 40; i++) a = 0.6 * a + 0.4 * s[i].mean;
    assert_float_equal(out[39], a / (1 - pow(0.6, 40)), 1e-9);
    double split[40], st2[2] = {0};
    chart_smooth(s, 20, 0.6, 1, st2, split);
    chart_smooth(s + 20, 20, 0.6, 1, st2, split + 20);
    assert_float_equal(split[39], out[39], 1e-12); /* a zoom shows the same values */
}

static struct chart plain(const struct chart_series *s, int n, double x0, double x1)
{
    return (struct chart){.x0 = x0, .x1 = x1, .x_unit = SCALE_COUNT, .y_lo = NAN, .y_hi = NAN,
                          .series = s, .nseries = n, .focus = -1, .cursor = NAN};
}

static int braille(const struct grid *g, int y, int x)
{
    const unsigned char *t = (const unsigned char *)g->cells[y * g->w + x].text;
    return t[0] == 0xE2 && (t[1] & 0xFC) == 0xA0 ? (t[1] & 3) << 6 | (t[2] & 0x3F) : 0;
}

/* What the store would answer: equal step ranges with minimum, maximum and non-finite counts. */
static int reduce(const float *v, int from, int to, int buckets, struct chart_sample *out)
{
    int n = 0;
    for (int b = 0; b < buckets; b++) {
        int a = from + (int)((long long)(to - from) * b / buckets);
        int e = from + (int)((long long)(to - from) * (b + 1) / buckets);
        struct chart_sample s = {a, INFINITY, -INFINITY, 0, 0, 0};
        for (int i = a; i < e; i++) {
            if (!isfinite(v[i])) {
                s.nonfinite++;
                continue;
            }
            s.min = fmin(s.min, v[i]), s.max = fmax(s.max, v[i]);
            s.mean += v[i], s.n++;
        }
        if (!s.n && !s.nonfinite) continue;
        if (s.n) s.mean /= s.n;
        out[n++] = s;
    }
    return n;
}

#define MILLION 1000000
static void test_a_nan_and_a_spike_in_a_million_at_ten_zooms(void **state)
{
    (void)state;
    float *v = malloc(MILLION * sizeof *v);
    struct chart_sample s[400];
    struct grid g = {0};
    assert_non_null(v);
    assert_int_equal(grid_resize(&g, 20, 100), 0);
    for (int i = 0; i < MILLION; i++) v[i] = 10 + (float)((i * 7919LL) % 1000) / 1000;
    const int spike = 612345, nan_at = 612360;
    v[spike] = 84.25F, v[nan_at] = NAN;
    int widths[10] = {1000000, 500000, 200000, 50000, 20000, 5000, 1000, 400, 100, 50};
    for (int z = 0; z < 10; z++) {
        int from = spike - widths[z] / 3, to = from + widths[z];
        if (z == 0) from = 0, to = MILLION;
        int n = reduce(v, from, to, 2 * 91, s);
        struct chart_series cs = {.samples = s, .n = n, .label = "A", .role = ROLE_SERIES1};
        struct chart c = plain(&cs, 1, from, to);
        struct chart_drawn d;
        grid_clear(&g);
        assert_int_equal(chart_draw(&g, (struct rect){0, 0, 20, 100}, &c, &d), 0);
        assert_int_equal(d.plot.w, 91);
        assert_int_equal(d.nans, 1);
        char *text = grid_dump(&g, NULL);
        assert_non_null(strstr(text, "!"));
        if (d.y_hi >= 84.25) { /* in range: its dot is there */
            int col = chart_col_of(&c, &d, spike);
            int row = (int)((d.y_hi - 84.25) / (d.y_hi - d.y_lo) * (4 * d.plot.h - 1) + .5) / 4;
            assert_true(braille(&g, row, col) != 0);
        } else {
            int apart = chart_col_of(&c, &d, nan_at) - chart_col_of(&c, &d, spike);
            if (apart > 1) assert_int_equal(d.spikes, 1); /* else NaN may win the cell */
            assert_non_null(strstr(text, "▲ 84.2"));
        }
        free(text);
    }
    grid_free(&g);
    free(v);
}

/* Labels of the y axis have a row between them; what an edge says has no line's letter on it. */
static void test_labels_have_room(void **state)
{
    (void)state;
    struct grid g = {0};
    assert_int_equal(grid_resize(&g, 30, 60), 0);
    for (int h = 6; h < 28; h++)
        for (int k = 1; k < 40; k++) {
            struct chart_sample s[2] = {{0, .5, .5 + .013 * k, .5, 1, 0}, {10, .5, .5 + .013 * k, .5 + .013 * k, 1, 0}};
            struct chart_series cs = {.samples = s, .n = 2, .label = "A", .role = ROLE_SERIES1};
            struct chart c = plain(&cs, 1, 0, 10);
            int before = -2;
            grid_clear(&g);
            assert_int_equal(chart_draw(&g, (struct rect){0, 0, h, 60}, &c, NULL), 0);
            for (int y = 0; y < h - 2; y++) {
                int label = 0;
                for (int x = 0; x < CHART_GUTTER - 1; x++) label |= g.cells[y * g.w + x].text[0] > ' ';
                if (!label) continue;
                assert_true(y - before > 1);
                before = y;
            }
        }
    struct chart_sample s[2] = {{0, .6, .6, .6, 1, 0}, {10, .31, .5, .4, 1, 0}};
    struct chart_series cs = {.samples = s, .n = 2, .label = "Av", .role = ROLE_SERIES1};
    struct chart c = plain(&cs, 1, 0, 10);
    c.y_lo = .5, c.y_hi = 1, c.y_unit = SCALE_SHARE;
    grid_clear(&g);
    assert_int_equal(chart_draw(&g, (struct rect){0, 0, 12, 60}, &c, NULL), 0);
    char *text = grid_dump(&g, NULL);
    assert_non_null(strstr(text, "▼ .310"));
    assert_non_null(strstr(text, "Av"));
    free(text);
    grid_free(&g);
}

/* Every sample's dot is set: nothing is skipped, whatever the data. */
static void test_no_point_is_skipped(void **state)
{
    (void)state;
    struct grid g = {0};
    assert_int_equal(grid_resize(&g, 16, 60), 0);
    unsigned seed = 7;
    for (int round = 0; round < 30; round++) {
        struct chart_sample s[300];
        int n = 10 + round * 9;
        for (int i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            double v = (seed >> 8) % 1000 / 1000.0;
            s[i] = (struct chart_sample){i, v, v, v, 1, 0};
        }
        struct chart_series cs = {.samples = s, .n = n, .label = "A"};
        struct chart c = plain(&cs, 1, 0, n);
        c.y_lo = -0.01, c.y_hi = 1.01;
        struct chart_drawn d;
        grid_clear(&g);
        assert_int_equal(chart_draw(&g, (struct rect){0, 0, 16, 60}, &c, &d), 0);
        for (int i = 0; i < n; i++) {
            static const int bit[2][4] = {{1, 2, 4, 64}, {8, 16, 32, 128}};
            int x = (int)((double)i / n * 2 * d.plot.w);
            int y = (int)floor((1.01 - s[i].mean) / 1.02 * (4 * d.plot.h - 1) + .5);
            int cell = braille(&g, d.plot.y + y / 4, d.plot.x + x / 2);
            if (!cell) continue; /* the end letter or a label stands there */
            assert_true(cell & bit[x & 1][y & 3]);
        }
    }
    grid_free(&g);
}

static void test_identical_series_are_named_as_covered(void **state)
{
    (void)state;
    struct chart_sample s[50], other[50];
    for (int i = 0; i < 50; i++) {
        s[i] = (struct chart_sample){i, i % 7, i % 7, i % 7, 1, 0};
        other[i] = (struct chart_sample){i, 7 - i % 7, 7 - i % 7, 7 - i % 7, 1, 0};
    }
    struct chart_series cs[3] = {{.samples = s, .n = 50, .label = "A"},
                                 {.samples = other, .n = 50, .label = "B"},
                                 {.samples = s, .n = 50, .label = "C"}};
    struct chart c = plain(cs, 3, 0, 50);
    struct chart_drawn d;
    struct grid g = {0};
    assert_int_equal(grid_resize(&g, 30, 120), 0);
    chart_draw(&g, (struct rect){0, 0, 30, 120}, &c, &d);
    assert_int_equal(d.covered[0], -1);
    assert_int_equal(d.covered[1], -1);
    assert_int_equal(d.covered[2], 0);
    c.focus = 2; /* the focused one comes in front */
    chart_draw(&g, (struct rect){0, 0, 30, 120}, &c, &d);
    assert_int_equal(d.covered[0], 2);
    assert_int_equal(d.covered[2], -1);
    grid_free(&g);
}

/* A cell never mixes two series: what is drawn is the dots of one of them. */
static void test_cells_belong_to_one_series(void **state)
{
    (void)state;
    struct chart_sample s[2][80];
    for (int i = 0; i < 80; i++)
        for (int k = 0; k < 2; k++) {
            double v = k ? 80 - i : i;
            s[k][i] = (struct chart_sample){i, v, v, v, 1, 0};
        }
    struct chart_series cs[2] = {
        {.samples = s[0], .n = 80, .label = "A", .role = ROLE_SERIES1},
        {.samples = s[1], .n = 80, .label = "B", .role = ROLE_SERIES2}};
    struct grid both = {0}, one[2] = {{0}, {0}};
    struct chart c = plain(cs, 2, 0, 80);
    c.y_lo = -2, c.y_hi = 82;
    struct rect r = {0, 0, 14, 60};
    assert_int_equal(grid_resize(&both, 14, 60), 0);
    chart_draw(&both, r, &c, NULL);
    for (int k = 0; k < 2; k++) {
        struct chart only = plain(&cs[k], 1, 0, 80);
        only.y_lo = -2, only.y_hi = 82;
        assert_int_equal(grid_resize(&one[k], 14, 60), 0);
        chart_draw(&one[k], r, &only, NULL);
    }
    int shared = 0;
    for (int y = 0; y < 12; y++)
        for (int x = CHART_GUTTER; x < 58; x++) {
            int a = braille(&one[0], y, x), b = braille(&one[1], y, x);
            int grid_dots = one[0].cells[y * 60 + x].style.role == ROLE_DIM;
            uint8_t role = both.cells[y * 60 + x].style.role;
            if (grid_dots || !a) continue;
            assert_int_equal(role, ROLE_SERIES1); /* the lowest letter wins */
            assert_int_equal(braille(&both, y, x), a);
            shared += b && one[1].cells[y * 60 + x].style.role == ROLE_SERIES2;
        }
    assert_true(shared > 0);
    grid_free(&both), grid_free(&one[0]), grid_free(&one[1]);
}

static void golden(int ascii, const char *want)
{
    struct chart_sample s[30], val[4];
    for (int i = 0; i < 30; i++) {
        double v = 20 + 25 * exp(-i / 6.0);
        s[i] = (struct chart_sample){i * 1000, v, v, v, 1, 0};
        if (i == 20) s[i].n = 0, s[i].nonfinite = 1;
    }
    for (int i = 0; i < 4; i++)
        val[i] = (struct chart_sample){(i + 1) * 7000, 27 - i, 27 - i, 27 - i, 1, 0};
    struct chart_series cs[2] = {
        {.samples = s, .n = 30, .label = "A", .role = ROLE_SERIES1},
        {.samples = val, .n = 4, .label = "Av", .role = ROLE_SERIES2, .style = CHART_POINTS}};
    struct chart_mark marks[2] = {{10000, CHART_CHECKPOINT}, {15000, CHART_RESUME}};
    struct chart c = plain(cs, 2, 0, 30000);
    c.marks = marks, c.nmarks = 2, c.cursor = 25000;
    struct grid g = {.ascii = ascii};
    assert_int_equal(grid_resize(&g, 10, 50), 0);
    assert_int_equal(chart_draw(&g, (struct rect){0, 0, 10, 50}, &c, NULL), 0);
    char *text = grid_dump(&g, NULL);
    assert_string_equal(text, want);
    free(text);
    grid_free(&g);
}

static void test_golden_grids(void **state)
{
    (void)state;
    golden(0,
           "       ⢆                                 │        \n"
           "    40 ⠘⡄⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ ⡀ │ ⡀ ⡀ ⡀  \n"
           "        ⠈⠲⡀                              │        \n"
           "          ⠈⢆⡀                            │        \n"
           "    30 ⠄ ⠄ ⠄⠈⠒⢄⡀ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ │ ⠄ ⠄ ⠄  \n"
           "               ⠈⠒⠤⣀⡀ ⠄⠠ ⠄⠠⣤⢀ ⡀⢀ ⡀⢀ ⣀⡀    │        \n"
           "                   ⠈⠉⠒⠢⢄⣀⣀⣀⣀       ⠈⠁⠁⠈ ⠁⠈ ⠁⠈⠛Av  \n"
           "    20 ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄ ⠄⠉⠉⠉⠉⠒⠄ ⠐⠒⠒⠒⠒⠒⠒⠒⠤⠤⠤⠤A  \n"
           "       ─────────────◆──────↻──────!─────────────  \n"
           "       0           10k           20k          30k \n");
    golden(1,
           "       \\                                 |        \n"
           "    40 '_  .   .   .   .   .   .   .   . | .   .  \n"
           "        '-_                              |        \n"
           "          'A_                            |        \n"
           "    30 .   .'-__   .   .   .   .   .   . | .   .  \n"
           "               '--__ -- --A_ __ __ __    |        \n"
           "                   ''--A____       '''A '' '''Av  \n"
           "    20 .   .   .   .   .   .''''-  A-----------A  \n"
           "       -------------D------R------!-------------  \n"
           "       0           10k           20k          30k \n");
}

/* The letters at the lines' ends stand as the lines do; one that would stand far from its line is
 * left out, never one of those before it. */
/* A window between two points, and one with a point in its middle: the line passes through; only the
 * point is a blob, and what is beside the window moves no range and no mark. */
static void test_lines_go_on_beside_the_window(void **state)
{
    (void)state;
    struct chart_sample s[] = {{0, 10, 10, 10, 1, 0}, {100, 20, 20, 20, 1, 0}, {200, 1000, 1000, 1000, 1, 0}};
    struct chart_series cs = {.samples = s, .n = 3, .label = "A", .role = ROLE_SERIES1, .style = CHART_POINTS};
    for (int k = 0; k < 2; k++) {
        struct chart c = plain(&cs, 1, k ? 60 : 40, k ? 110 : 60);
        struct chart_drawn d;
        struct grid g = {0};
        c.y_lo = 0, c.y_hi = 30;
        assert_int_equal(grid_resize(&g, 12, 40), 0);
        assert_int_equal(chart_draw(&g, (struct rect){0, 0, 12, 40}, &c, &d), 0);
        int used[40] = {0};
        for (int y = 0; y < d.plot.h; y++)
            for (int x = 0; x < d.plot.w; x++) {
                const struct cell *cell = &g.cells[(d.plot.y + y) * g.w + d.plot.x + x];
                used[x] += *cell->text && cell->style.role == ROLE_SERIES1;
            }
        assert_true(used[0] && used[d.plot.w / 4] + used[d.plot.w / 4 + 1]);
        assert_true(k || used[d.plot.w - 1]);
        assert_int_equal(d.spikes, 0);
        c.y_lo = c.y_hi = NAN;
        chart_draw(&g, (struct rect){0, 0, 12, 40}, &c, &d);
        assert_true(d.y_hi < 100);
        grid_free(&g);
    }
}

static void test_end_letters_keep_the_order_of_the_lines(void **state)
{
    (void)state;
    struct spot s[12];
    for (int i = 0; i < 4; i++) /* all at the bottom row, of eight; the first has the least value */
        s[i] = (struct spot){.value = i, .row = 7, .x = 20, .w = 1, .last = 7};
    assert_int_equal(spots_place(s, 4), 0);
    for (int i = 0; i < 4; i++) assert_int_equal(s[i].at, 7 - i);
    s[3].x = 3; /* elsewhere: it is in nobody's way */
    spots_place(s, 4);
    assert_true(s[3].at == 7 && s[2].at == 5);
    for (int i = 0; i < 12; i++)
        s[i] = (struct spot){.value = i % 2 ? i : -i, .row = 4, .x = 20, .w = 2, .first = 1, .last = 9};
    spots_place(s, 12);
    int seen = 0;
    for (int i = 0; i < 12; i++) {
        assert_true(i > 3 || s[i].at >= 0); /* the first are there */
        if (s[i].at < 0) continue;
        seen++;
        assert_true(s[i].at >= 1 && s[i].at <= 4 + SPOT_FAR);
        for (int k = 0; k < i; k++)
            assert_true(s[k].at < 0 || (s[k].value > s[i].value ? s[k].at < s[i].at : s[k].at > s[i].at));
    }
    assert_true(seen >= 4 && seen <= 7);
}

static void test_every_size_draws(void **state)
{
    (void)state;
    struct chart_sample s[5];
    for (int i = 0; i < 5; i++) s[i] = (struct chart_sample){i, i, i, i, 1, 0};
    struct chart_series cs = {.samples = s, .n = 5, .label = "A"};
    struct chart c = plain(&cs, 1, 0, 5);
    for (int h = 1; h < 12; h++)
        for (int w = 1; w < 40; w++) {
            struct grid g = {0};
            assert_int_equal(grid_resize(&g, h, w), 0);
            assert_int_equal(chart_draw(&g, (struct rect){0, 0, h, w}, &c, NULL), 0);
            grid_free(&g);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_ticks),
        cmocka_unit_test(test_linear_ticks_hold_their_promises),
        cmocka_unit_test(test_log_and_time_ticks),
        cmocka_unit_test(test_range_widens_at_once_narrows_late),
        cmocka_unit_test(test_percentile_and_ceiling),
        cmocka_unit_test(test_smoothing_is_debiased_and_keeps_the_past),
        cmocka_unit_test(test_a_nan_and_a_spike_in_a_million_at_ten_zooms),
        cmocka_unit_test(test_no_point_is_skipped),
        cmocka_unit_test(test_labels_have_room),
        cmocka_unit_test(test_identical_series_are_named_as_covered),
        cmocka_unit_test(test_cells_belong_to_one_series),
        cmocka_unit_test(test_golden_grids),
        cmocka_unit_test(test_lines_go_on_beside_the_window),
        cmocka_unit_test(test_end_letters_keep_the_order_of_the_lines),
        cmocka_unit_test(test_every_size_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
