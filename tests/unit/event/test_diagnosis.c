/* The diagnosis rules on numbers of sick and healthy runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "src/event/diagnosis.h"
#include "src/event/event.h"

static struct config config;
static struct diagnosis d[DIAG_RULES];

/* google-research/electra #81 and the model card of a trained small model, in between. */
static struct diagnosis_input healthy(int64_t step)
{
    struct diagnosis_input in;
    config_default(&config);
    assert_int_equal(config_preset(&config, "small", NULL), 0);
    config.steps = 100000;
    assert_int_equal(config_resolve(&config, NULL), 0);
    diagnosis_input_init(&in, &config);
    in.step = step, in.tokens = step * 16384;
    in.last[METRIC_total_loss] = 9.1, in.last[METRIC_gen_loss] = 2.3;
    in.last[METRIC_disc_loss] = .137, in.last[METRIC_unigram_loss] = 7.0;
    in.last[METRIC_sampled_accuracy] = .44, in.last[METRIC_fake_share] = .084;
    in.last[METRIC_said_share] = .05, in.last[METRIC_rtd_recall] = .49;
    in.last[METRIC_rtd_precision] = .81, in.last[METRIC_rtd_auc] = .94;
    return in;
}

static int has(int n, enum diagnosis_rule rule)
{
    for (int i = 0; i < n; i++)
        if (d[i].rule == rule) return 1 + d[i].severity;
    return 0;
}

static void test_a_healthy_run_has_no_diagnosis(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(60000);
    assert_int_equal(diagnose(&in, d), 0);
    diagnosis_input_init(&in, &config); /* nothing known: nothing said */
    assert_int_equal(diagnose(&in, d), 0);
}

static void test_all_original_is_normal_early_and_a_warning_later(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(5000);
    in.last[METRIC_said_share] = .0004, in.last[METRIC_rtd_recall] = .003;
    int n = diagnose(&in, d);
    assert_int_equal(has(n, DIAG_ALL_ORIGINAL), 1 + SEV_INFO);
    in.step = 40000, in.recall_before = .002;
    n = diagnose(&in, d);
    assert_int_equal(has(n, DIAG_ALL_ORIGINAL), 1 + SEV_WARN);
    assert_non_null(strstr(d[0].seen, "0.04 % of the tokens are said replaced, 8.4 % are"));
    assert_non_null(strstr(d[0].seen, "recall 0.003, earlier 0.002"));
    in.last[METRIC_rtd_recall] = .3, in.last[METRIC_said_share] = .03;
    assert_int_equal(diagnose(&in, d), 0);
}

static void test_old_held_out_values_give_way(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(40000);
    in.val[METRIC_said_share] = 0, in.val[METRIC_rtd_recall] = 0, in.val[METRIC_fake_share] = .08;
    in.val_step = 0; /* training finds them by now */
    assert_int_equal(diagnose(&in, d), 0);
    in.val_step = 39000;
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_ORIGINAL), 1 + SEV_WARN);
    assert_non_null(strstr(d[0].seen, "(held-out, step 39000)"));
}

static void test_where_to_look_follows_the_configuration(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(40000);
    in.last[METRIC_said_share] = 0, in.last[METRIC_rtd_recall] = 0;
    config.disc_weight = 1;
    assert_int_equal(diagnose(&in, d), 1);
    assert_non_null(strstr(d[0].look, "disc_weight is 1, 50 is usual: the discriminator's loss is 5.6 % of the sum"));
    assert_true(d[0].cause);
    in.last[METRIC_disc_loss] = NAN; /* not known */
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "loss hardly counts"));
    config.disc_weight = 0;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "is not trained at all"));
    config.disc_weight = 50, config.learning_rate = .05;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "learning rate 0.05: far above"));
    config.learning_rate = 5e-6;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "learning rate 5e-06: far below"));
    config.learning_rate = 5e-4, config.steps = 1500, in.step = 1400;
    diagnose(&in, d);
    assert_int_equal(d[0].severity, SEV_WARN);
    assert_non_null(strstr(d[0].look, "number of steps: after 1400"));
    in.step = 40000, config.steps = 100000;
    config.disc_weight = 50, config.hidden_size = 768, config.learning_rate = 5e-4;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "0.0005 is high for width 768"));
    config.hidden_size = 256;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "generator too far ahead"));
}

static void test_other_sicknesses(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(60000);
    in.not_finite = 1;
    assert_int_equal(diagnose(&in, d), 1);
    assert_int_equal(d[0].rule, DIAG_NOT_FINITE);
    assert_int_equal(d[0].severity, SEV_ERROR);

    in = healthy(60000), in.last[METRIC_sampled_accuracy] = .97, in.last[METRIC_fake_share] = .0045;
    in.last[METRIC_gen_loss] = .08;
    int n = diagnose(&in, d);
    assert_true(has(n, DIAG_NOTHING_REPLACED) && has(n, DIAG_SAME_OFTEN) && has(n, DIAG_NEAR_ZERO));
    assert_non_null(strstr(d[0].look, "97 %"));

    in = healthy(60000), in.last[METRIC_gen_loss] = 6.95;
    assert_int_equal(has(diagnose(&in, d), DIAG_GENERATOR_STUCK), 1 + SEV_WARN);
    in.val[METRIC_mlm_loss_masked] = 4.1; /* held-out values on [MASK] slots go first */
    assert_int_equal(has(diagnose(&in, d), DIAG_GENERATOR_STUCK), 0);

    in = healthy(60000), in.last[METRIC_said_share] = .8;
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_REPLACED), 1 + SEV_WARN);

    in = healthy(60000), in.val[METRIC_total_loss] = 14, in.val_best[METRIC_total_loss] = 11;
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 1 + SEV_WARN);
    in.val_best[METRIC_total_loss] = 13.5;
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 0);
}

static void test_objectives_without_a_discriminator(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(60000);
    config.objective = OBJ_BERT_MLM;
    in.last[METRIC_said_share] = 0, in.last[METRIC_rtd_recall] = 0;
    in.last[METRIC_fake_share] = 0, in.last[METRIC_sampled_accuracy] = .99;
    assert_int_equal(diagnose(&in, d), 0);
    in.last[METRIC_gen_loss] = NAN, in.last[METRIC_main_loss] = 6.99;
    assert_int_equal(has(diagnose(&in, d), DIAG_GENERATOR_STUCK), 1 + SEV_WARN);
}

static void test_worst_first_and_every_rule_has_a_title(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(60000);
    in.not_finite = 1, in.last[METRIC_gen_loss] = .05, in.last[METRIC_sampled_accuracy] = .9;
    int n = diagnose(&in, d);
    assert_true(n >= 3);
    for (int i = 1; i < n; i++) assert_true(d[i - 1].severity >= d[i].severity);
    for (int r = 0; r < DIAG_RULES; r++) assert_true(strlen(diagnosis_title(r)) > 5);
    assert_string_equal(diagnosis_title(DIAG_RULES), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_healthy_run_has_no_diagnosis),
        cmocka_unit_test(test_all_original_is_normal_early_and_a_warning_later),
        cmocka_unit_test(test_old_held_out_values_give_way),
        cmocka_unit_test(test_where_to_look_follows_the_configuration),
        cmocka_unit_test(test_other_sicknesses),
        cmocka_unit_test(test_objectives_without_a_discriminator),
        cmocka_unit_test(test_worst_first_and_every_rule_has_a_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
