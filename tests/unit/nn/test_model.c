/* The paper's models from their presets: parameter counts of generator and discriminator together
 * and the paper's training FLOPs, as the released script computes them (electra small 1.294e18,
 * base 6.425e19, large 7.118e20). The script rounds a few per-element constants otherwise: 0.5 %. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/model/model.h"

static void check(const char *preset, uint64_t count, double steps, int batch, double flops)
{
    struct config c;
    struct model m;
    struct err err = {0};
    config_default(&c);
    if (config_preset(&c, preset, &err) || config_resolve(&c, &err) ||
        model_build(&m, &c, 30522, &err))
        fail_msg("%s", err.text);
    assert_int_equal(param_count(&m.table), count);
    double got = steps * model_flops(&c, 30522, (int)c.seq, batch, 1);
    if (!(fabs(got / flops - 1) <= 0.005))
        fail_msg("%s: %.4g FLOPs, the released script says %.4g", preset, got, flops);
    assert_true(model_memory(&c, 30522, 2) > 3 * sizeof(float) * count);
    model_free(&m);
}

static void test_counts_and_flops_are_the_papers(void **state)
{
    (void)state;
    check("small", 14196219, 1e6, 128, 1.294e18);
    check("base", 119386427, 766e3, 256, 6.425e19);
    check("large", 354655291, 400e3, 2048, 7.118e20);
}

/* 16 of 128 positions are masked: at the others the generator's last layer has no output projection
 * and no FFN; a main network that reads all tokens does all of it. By the paper's count it all counts. */
static void test_rows_that_are_skipped_are_not_counted(void **state)
{
    (void)state;
    struct config c;
    struct net_shape gen, disc;
    config_default(&c);
    c.mask_prob = 0.125;
    assert_int_equal(config_preset(&c, "small", NULL) || config_resolve(&c, NULL), 0);
    c.mask_prob = 0.125;
    model_shapes(&c, 30522, &gen, &disc);
    double got = model_flops(&c, 30522, 128, 4, 0), tokens = 512, masked = 64, all = 0;
    for (int i = 0; i < 2; i++) {
        double D = i ? disc.hidden : gen.hidden, F = i ? disc.ffn : gen.ffn, E = i ? disc.embedding : gen.embedding;
        all += tokens * 2 * D * E * (D < E || D > E) + (i ? disc.layers : gen.layers) * tokens * (2 * (4 * D * D + 2 * D * F) + 4 * 128 * D);
        all += i ? tokens * 2 * (D * D + D) : masked * 2 * (D * E + E * 30522) - (tokens - masked) * 2 * (D * D + 2 * D * F);
    }
    assert_true(got == 3 * all);
}

static void test_objectives_that_train_a_generator_refuse_to_go_without(void **state)
{
    (void)state;
    struct config c;
    struct model m;
    struct err err = {0};
    config_default(&c);
    assert_int_equal(config_resolve(&c, &err), 0);
    c.objective = OBJ_ADVERSARIAL;
    c.generator = GEN_UNIGRAM;
    assert_int_equal(model_build(&m, &c, 100, &err), E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_flops_are_the_papers),
        cmocka_unit_test(test_rows_that_are_skipped_are_not_counted),
        cmocka_unit_test(test_objectives_that_train_a_generator_refuse_to_go_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
