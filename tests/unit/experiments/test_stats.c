/* Statistics of a few seeds: against known values, and what chance alone brings about. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "experiments/stats.h"
#include "src/base/rng.h"

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%.17g is not %.17g", got, want);
}

static void test_mean_and_quartiles(void **state)
{
    const double v[] = {4, NAN, 1, 3, INFINITY, 2, 10}, one[] = {7};
    struct stats s;
    (void)state;
    stats_of(v, 7, &s);
    assert_int_equal(s.n, 5);
    near(s.mean, 4, 0);
    near(s.sd, sqrt(50 / 4.), 1e-15);
    near(s.median, 3, 0);
    near(s.q1, 2, 0);
    near(s.q3, 4, 0);
    near(s.min, 1, 0);
    near(s.max, 10, 0);
    stats_of(one, 1, &s);
    assert_int_equal(s.n, 1);
    assert_true(isnan(s.sd));
    stats_of(one, 0, &s);
    assert_true(s.n == 0 && isnan(s.mean));
}

/* Closed forms: I_x(1, b) = 1 - (1 - x)^b, I_x(a, 1) = x^a, I_x(1/2, 1/2) = 2/pi asin sqrt x. */
static void test_beta_has_its_closed_forms(void **state)
{
    (void)state;
    for (double x = .01; x < 1; x += .07) {
        near(stats_beta(1, 3.5, x), 1 - pow(1 - x, 3.5), 1e-14);
        near(stats_beta(40, 1, x), pow(x, 40), 1e-14);
        near(stats_beta(.5, .5, x), 2 / M_PI * asin(sqrt(x)), 1e-13);
        near(stats_beta(7, 3, x) + stats_beta(3, 7, 1 - x), 1, 1e-14);
    }
    near(stats_beta(2, 3, 0), 0, 0);
    near(stats_beta(2, 3, 1), 1, 0);
}

/* df = 1: 1 - 2/pi atan t; df = 2: 1 - t / sqrt(2 + t^2); quantiles from printed tables. */
static void test_t_has_known_values(void **state)
{
    (void)state;
    for (double t = 0; t < 60; t += 1.7) {
        near(stats_t_p(t, 1), 1 - 2 / M_PI * atan(t), 1e-13);
        near(stats_t_p(-t, 2), 1 - t / sqrt(2 + t * t), 1e-13);
    }
    near(stats_t_quantile(.95, 1), 12.7062047361747, 1e-9);
    near(stats_t_quantile(.95, 2), 4.30265272974946, 1e-10);
    near(stats_t_quantile(.95, 4), 2.77644510519779, 1e-10);
    near(stats_t_quantile(.95, 29), 2.04522964213270, 1e-10);
    near(stats_t_quantile(.99, 10), 3.16927267261695, 1e-10);
    near(stats_t_p(INFINITY, 3), 0, 0);
    assert_true(isnan(stats_t_p(NAN, 3)));
}

/* Student's sleep data (Biometrika 1908), the example of R's t.test. */
static void test_sleep_data(void **state)
{
    static const double a[] = {.7, -1.6, -.2, -1.2, -.1, 3.4, 3.7, .8, 0, 2};
    static const double b[] = {1.9, .8, 1.1, .1, -.1, 4.4, 5.5, 1.6, 4.6, 3.4};
    static const int64_t seeds[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    static const int64_t other[] = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    struct stats_arm x = {a, seeds, 10}, y = {b, seeds, 10}, z = {b, other, 10};
    struct stats_test t;
    (void)state;
    stats_compare(&x, &y, 1, &t);
    assert_int_equal(t.kind, STATS_PAIRED);
    near(t.diff, -1.58, 1e-12);
    near(t.t, -4.0621276, 1e-6);
    near(t.p, .00283289, 1e-8);
    near(t.lo, -2.4598858, 1e-6);
    near(t.hi, -.7001142, 1e-6);
    assert_true(t.boot_lo > t.lo && t.boot_hi < t.hi && t.boot_hi < 0);
    stats_compare(&x, &z, 1, &t);
    assert_int_equal(t.kind, STATS_WELCH);
    near(t.t, -1.8608135, 1e-6);
    near(t.df, 17.776474, 1e-5);
    near(t.p, .07939414, 1e-7);
    near(t.lo, -3.3654832, 1e-6);
    near(t.hi, .2054832, 1e-6);
}

static void test_few_seeds_are_not_tested(void **state)
{
    static const double a[] = {1, 2, 3}, b[] = {9, NAN, 8};
    static const int64_t s[] = {1, 2, 3}, o[] = {2, 3, 4};
    struct stats_arm x = {a, s, 3}, y = {b, s, 3}, z = {a, o, 3};
    struct stats_test t;
    int further;
    (void)state;
    stats_compare(&x, &y, 1, &t); /* one value is not finite: two are left */
    assert_int_equal(t.kind, STATS_NONE);
    near(t.diff, 2 - 8.5, 1e-15);
    assert_true(isnan(t.p) && isnan(t.lo));
    assert_int_equal(stats_verdict(&t, NAN, 2, &further), STATS_FEW);
    assert_int_equal(further, 1);
    stats_compare(&x, &z, 1, &t); /* two seeds match: not paired, but three each */
    assert_int_equal(t.kind, STATS_WELCH);
}

static void test_holm(void **state)
{
    const double p[] = {.01, .04, NAN, .03, .005};
    double out[5];
    (void)state;
    stats_holm(p, 5, out);
    near(out[4], .02, 1e-15);
    near(out[0], .03, 1e-15);
    near(out[3], .06, 1e-15);
    near(out[1], .06, 1e-15); /* never below a smaller p's */
    assert_true(isnan(out[2]));
}

static void test_bootstrap_is_a_function_of_its_key(void **state)
{
    const double d[] = {1, 2.03, 2.91, 4.007, 8.1};
    double lo[3], hi[3];
    (void)state;
    stats_bootstrap(d, 5, 7, &lo[0], &hi[0]);
    stats_bootstrap(d, 5, 7, &lo[1], &hi[1]);
    near(lo[0], lo[1], 0);
    near(hi[0], hi[1], 0);
    double moved = 0; /* few values have few means: not every key moves the percentiles */
    for (uint64_t key = 8; key < 40; key++) {
        stats_bootstrap(d, 5, key, &lo[2], &hi[2]);
        moved += fabs(lo[0] - lo[2]) + fabs(hi[0] - hi[2]);
    }
    assert_true(moved > 0);
    /* the exact distribution has sd 1.08: about 3.6 -+ 2 */
    assert_true(lo[0] > 1.4 && lo[0] < 2.2 && hi[0] > 5 && hi[0] < 6.2);
}

/* Normal numbers by Box and Muller. */
static double normal(uint32_t trial, uint32_t arm, uint32_t seed)
{
    double u = 1 - rng_uniform53(99, RNG_TEST, trial, arm, 2 * seed);
    double v = rng_uniform53(99, RNG_TEST, trial, arm, 2 * seed + 1);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* A table of `rows` arms beside a baseline, all alike but for noise, part of which (`shared`) is
 * the seed's own. Returns the share of tables in which any row comes out real. */
static double false_alarms(int trials, int rows, int n, int matched, double shared)
{
    int wrong = 0;
    for (int t = 0; t < trials; t++) {
        double v[8][8], p[8], holm[8];
        int64_t seeds[8][8];
        struct stats_test test[8];
        for (int r = 0; r <= rows; r++)
            for (int s = 0; s < n; s++) {
                seeds[r][s] = matched || !r ? s : 100 * r + s;
                v[r][s] = normal((uint32_t)t, (uint32_t)r, (uint32_t)s) +
                          (matched ? shared * normal((uint32_t)t, 100, (uint32_t)s) : 0);
            }
        struct stats_arm base = {v[0], seeds[0], n};
        for (int r = 1; r <= rows; r++) {
            struct stats_arm arm = {v[r], seeds[r], n};
            stats_compare(&arm, &base, 1, &test[r - 1]);
            p[r - 1] = test[r - 1].p;
        }
        stats_holm(p, rows, holm);
        int real = 0;
        for (int r = 0; r < rows; r++)
            real |= stats_verdict(&test[r], holm[r], n, NULL) == STATS_REAL;
        wrong += real;
    }
    return (double)wrong / trials;
}

static void test_equal_arms_are_seldom_real(void **state)
{
    const int trials = 700;
    const double most = .05 + 2.6 * sqrt(.05 * .95 / trials); /* 99.5 % of the exact test's luck */
    (void)state;
    assert_true(false_alarms(trials, 1, 3, 1, 1) <= most);
    assert_true(false_alarms(trials, 1, 3, 0, 0) <= most);
    assert_true(false_alarms(trials, 4, 3, 1, 1) <= most);
    assert_true(false_alarms(trials / 2, 4, 5, 0, 0) <= most);
}

static struct stats_test difference(double diff, double sd, int n)
{
    double a[64], b[64];
    int64_t s[64];
    struct stats_arm x = {a, s, n}, y = {b, s, n};
    struct stats_test t;
    for (int i = 0; i < n; i++) {
        double wave = sd * (i % 2 ? 1 : -1);
        a[i] = diff + wave / 2;
        b[i] = -wave / 2;
        s[i] = i;
    }
    stats_compare(&x, &y, 1, &t);
    return t;
}

static void test_verdicts(void **state)
{
    struct stats_test t = difference(5, 1, 4);
    int further = 0, left;
    (void)state;
    assert_int_equal(stats_verdict(&t, t.p, 4, &further), STATS_REAL);
    t = difference(.02, 1, 60);
    assert_int_equal(stats_verdict(&t, t.p, 60, &further), STATS_NOISE);
    assert_int_equal(further, 0);
    t = difference(1, 1, 4);
    assert_int_equal(stats_verdict(&t, t.p, 4, &further), STATS_UNDECIDED);
    assert_true(further > 0 && further < 10);
    t = difference(1, 1, 4 + further); /* so many more seeds do decide it, give or take parity */
    if (t.p >= .05)
        t = difference(1, 1, 5 + further);
    assert_int_equal(stats_verdict(&t, t.p, 4 + further, &left), STATS_REAL);
    assert_int_equal(stats_verdict(&t, .2, 4 + further, NULL), STATS_UNDECIDED); /* corrected */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_and_quartiles),
        cmocka_unit_test(test_beta_has_its_closed_forms),
        cmocka_unit_test(test_t_has_known_values),
        cmocka_unit_test(test_sleep_data),
        cmocka_unit_test(test_few_seeds_are_not_tested),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_bootstrap_is_a_function_of_its_key),
        cmocka_unit_test(test_equal_arms_are_seldom_real),
        cmocka_unit_test(test_verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
