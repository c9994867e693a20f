/* How a shape is cut down to measure its speed within seconds, and the measurement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "experiments/speed.h"
#include "src/base/err.h"
#include "src/model/model.h"

static struct err err;

static struct config shape(const char *preset)
{
    struct config c;
    config_default(&c);
    assert_int_equal(config_preset(&c, preset, &err), 0);
    assert_int_equal(config_resolve(&c, &err), 0);
    return c;
}

static double step_flop(const struct config *c, int V)
{
    return model_flops(c, V, (int)c->seq, (int)c->batch, 0);
}

static void a_small_step_is_left_whole(void **state)
{
    (void)state;
    struct config c = shape("tiny"), cut;
    int V;
    speed_cut(&c, 2000, 2 * step_flop(&c, 2000), 2, &cut, &V);
    assert_true(cut.batch == c.batch && cut.seq == c.seq && cut.layers == c.layers && V == 2000);
}

/* A step of base with its batch of 256 is 2e13 FLOP: a minute of two cores. */
static void every_preset_is_cut_to_what_was_asked(void **state)
{
    (void)state;
    static const char *const presets[] = {"tiny", "small", "base", "large"};
    for (int i = 0; i < 4; i++)
        for (double flop = 3e9; flop < 1e13; flop *= 10) {
            struct config c = shape(presets[i]), cut;
            int V;
            speed_cut(&c, 30522, flop, 2, &cut, &V);
            assert_true(step_flop(&cut, V) <= 4 * flop);
            assert_true(cut.hidden_size == c.hidden_size && cut.layers >= 1 && cut.batch >= 1);
            /* as little as it can be: what was cut last would be too much if it were not */
            struct config more = cut;
            more.batch *= 2;
            assert_true(cut.batch == c.batch || step_flop(&more, V) > flop || cut.batch * cut.seq <= 1024);
        }
}

/* Both cores have sequences to work on until nothing else is left to cut. */
static void layers_are_cut_before_the_last_sequences(void **state)
{
    (void)state;
    struct config c = shape("base"), cut;
    int V;
    speed_cut(&c, 30522, 1e11, 2, &cut, &V);
    assert_true(cut.layers < c.layers && cut.batch >= 2 && cut.batch * cut.seq >= 512);
    assert_true(cut.layers == cut.generator_layers || c.layers != c.generator_layers);
    assert_int_equal(V, 30522);
}

static void a_huge_vocabulary_is_cut(void **state)
{
    (void)state;
    struct config c = shape("large"), cut;
    int V;
    speed_cut(&c, 1 << 20, 1e18, 2, &cut, &V);
    assert_true((double)V * (double)cut.embedding_size <= 4e7 && V > 1000);
}

static void no_time_is_one_step(void **state)
{
    (void)state;
    struct config c = shape("tiny");
    struct speed s;
    c.batch = 4;
    assert_int_equal(speed_measure(&c, 500, 0, NULL, &s, &err), 0);
    assert_int_equal(s.steps, 1);
    assert_true(s.rate > 1e5 && s.threads >= 1 && *s.kernel);
    assert_string_equal(s.of, "");
    c.layers = c.generator_layers = 1; /* steps of a millisecond */
    c.batch = 1;
    c.seq = 8;
    assert_int_equal(speed_measure(&c, 50, 2, NULL, &s, &err), 0);
    assert_true(s.steps > 1);
}

static void what_was_cut_is_said(void **state)
{
    (void)state;
    struct config c = shape("base");
    struct speed s;
    c.batch = 4096; /* never whole */
    assert_int_equal(speed_measure(&c, 2000, 0, NULL, &s, &err), 0);
    assert_non_null(strstr(s.of, " of 4096 sequences"));
}

static void a_measurement_stops(void **state)
{
    (void)state;
    struct config c = shape("tiny");
    struct speed s;
    atomic_int stop = 1;
    assert_int_equal(speed_measure(&c, 500, 60, &stop, &s, &err), E_STOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_step_is_left_whole),
        cmocka_unit_test(every_preset_is_cut_to_what_was_asked),
        cmocka_unit_test(layers_are_cut_before_the_last_sequences),
        cmocka_unit_test(a_huge_vocabulary_is_cut),
        cmocka_unit_test(no_time_is_one_step),
        cmocka_unit_test(what_was_cut_is_said),
        cmocka_unit_test(a_measurement_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
