/* Numbers as the visual language wants them, and the colours' contrasts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ui/term/theme.h"
#include "ui/widget/format.h"

static char out[FMT];

#define SAYS(call, text) assert_string_equal(call, text)
#define B out, sizeof out

static void test_counts(void **state)
{
    (void)state;
    SAYS(fmt_count(B, 0), "0");
    SAYS(fmt_count(B, 999), "999");
    SAYS(fmt_count(B, 1250), "1.25k");
    SAYS(fmt_count(B, 412000), "412k");
    SAYS(fmt_count(B, 999600), "1.00M");
    SAYS(fmt_count(B, 6.8e9), "6.80G");
    SAYS(fmt_count(B, -1250), "-1.25k");
    SAYS(fmt_round(B, 1e6), "1M");
    SAYS(fmt_round(B, 2.4e6), "2.4M");
    SAYS(fmt_prob(B, -.0002), ".000");
    SAYS(fmt_prob(B, -.002), "−.002");
    SAYS(fmt_round(B, 100), "100");
    SAYS(fmt_round(B, 2343), "2,343");
    SAYS(fmt_round(B, 1234567), "1,234,567");
    SAYS(fmt_round(B, 999999), "999,999");
    SAYS(fmt_round(B, .02), "0.02");
    SAYS(fmt_exact(B, 412000), "412,000");
    SAYS(fmt_exact(B, -1234567), "-1,234,567");
    SAYS(fmt_exact(B, INT64_MIN), "-9,223,372,036,854,775,808");
}

static void test_shares_and_losses(void **state)
{
    (void)state;
    SAYS(fmt_prob(B, .9612), ".961");
    SAYS(fmt_prob(B, .0004), "<.001");
    SAYS(fmt_prob(B, .9996), ">.999");
    SAYS(fmt_prob(B, 1), "1.000");
    SAYS(fmt_prob(B, 0), ".000");
    SAYS(fmt_prob(B, NAN), "nan");
    SAYS(fmt_prob(B, -.0512), "−.051");
    SAYS(fmt_fixed(B, -1.25, 2), "−1.25");
    SAYS(fmt_fixed(B, 11.424, 2), "11.42");
    SAYS(fmt_fixed(B, -INFINITY, 2), "-inf");
    SAYS(fmt_signed(B, .012, 3), "+.012");
    SAYS(fmt_signed(B, -.6, 1), "−.6");
    SAYS(fmt_signed(B, -.0001, 2), ".00");
    SAYS(fmt_exp(B, 1.9e-4), "1.9e-4");
    SAYS(fmt_exp(B, 3.1e15), "3.1e15");
    SAYS(fmt_mean(B, 11.4512, .0431, 3), "11.451 ± .043 (3)");
    SAYS(fmt_mean(B, 66.25, 1.21, 5), "66.2 ± 1.2 (5)");
    SAYS(fmt_mean(B, .5, 0, 1), "0.500 (1)");
}

static void test_rates_sizes_times(void **state)
{
    (void)state;
    SAYS(fmt_rate(B, 18400, "tok/s"), "18.4k tok/s");
    SAYS(fmt_size(B, 1.4e9), "1.4 GB");
    SAYS(fmt_size(B, 512), "512 B");
    SAYS(fmt_time(B, 42), "0:42");
    SAYS(fmt_time(B, 4807), "1:20:07");
    SAYS(fmt_time(B, 75000), "20h50");
    SAYS(fmt_time(B, 3 * 86400 + 4 * 3600), "3d04h");
    SAYS(fmt_time(B, NAN), "nan");
    SAYS(fmt_age(B, 240), "4 min");
    SAYS(fmt_age(B, 12), "12 s");
}

/* Relative luminance of a 256-colour index above 15 (WCAG). */
static double luminance(int c)
{
    static const int level[] = { 0, 95, 135, 175, 215, 255 };
    int rgb[3];
    for (int i = 0; i < 3; i++)
        rgb[i] = c >= 232 ? 8 + (c - 232) * 10
                          : level[(c - 16) / (i == 0 ? 36 : i == 1 ? 6 : 1) % 6];
    double l = 0;
    static const double weight[] = { .2126, .7152, .0722 };
    for (int i = 0; i < 3; i++) {
        double v = rgb[i] / 255.;
        l += weight[i] * (v <= .03928 ? v / 12.92 : pow((v + .055) / 1.055, 2.4));
    }
    return l;
}

static double contrast(double a, double b)
{
    return (fmax(a, b) + .05) / (fmin(a, b) + .05);
}

static void test_colours_can_be_read(void **state)
{
    (void)state;
    for (int theme = THEME_DARK; theme <= THEME_LIGHT; theme++) {
        double ground = theme == THEME_DARK ? luminance(234) : luminance(231);
        for (int r = ROLE_DIM; r < ROLE_COUNT; r++) {
            struct looks k = theme_looks(theme, 256, STYLE((uint8_t)r, 0));
            double least = r >= ROLE_SERIES1 ? 3 : 4.5;
            assert_true(k.fg >= 16 && contrast(luminance(k.fg), ground) >= least);
        }
        for (int b = BACK_HEAT1; b <= BACK_HEAT4; b++) {
            struct style s = { ROLE_TEXT, (uint8_t)b, 0 };
            struct looks k = theme_looks(theme, 256, s);
            assert_true(contrast(luminance(k.fg), luminance(k.bg)) >= 4.5);
        }
        struct style s = { ROLE_TEXT, BACK_SELECTED, 0 };
        struct looks k = theme_looks(theme, 256, s);
        assert_true(contrast(luminance(k.fg), luminance(k.bg)) >= 6);
    }
}

static void test_mono_has_no_colour(void **state)
{
    (void)state;
    for (int r = 0; r < ROLE_COUNT; r++) {
        for (int b = 0; b < BACK_COUNT; b++) {
            struct style s = { (uint8_t)r, (uint8_t)b, 0 };
            struct looks mono = theme_looks(THEME_MONO, 256, s), few = theme_looks(0, 2, s);
            assert_true(mono.fg == -1 && mono.bg == -1 && few.fg == -1 && few.bg == -1);
            struct looks eight = theme_looks(THEME_DARK, 8, s);
            assert_true(eight.fg < 8 && eight.bg < 8);
        }
    }
    assert_int_equal(theme_of_terminal("0;15"), THEME_LIGHT);
    assert_int_equal(theme_of_terminal("15;default;0"), THEME_DARK);
    assert_int_equal(theme_of_terminal(NULL), THEME_DARK);
    assert_int_equal(theme_find("light"), THEME_LIGHT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_shares_and_losses),
        cmocka_unit_test(test_rates_sizes_times),
        cmocka_unit_test(test_colours_can_be_read),
        cmocka_unit_test(test_mono_has_no_colour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
