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

/* Worse than a blind guess is no plateau: it is said at once, with the likeliest cause, and not excused. */
static void test_a_diverged_loss_is_named(void **state)
{
    (void)state;
    struct diagnosis_input in = healthy(60);
    in.last[METRIC_gen_loss] = 778;
    config.learning_rate = 10;
    int n = diagnose(&in, d);
    assert_int_equal(has(n, DIAG_DIVERGED), 1 + SEV_WARN);
    assert_int_equal(has(n, DIAG_GENERATOR_STUCK), 0);
    assert_int_equal(d[0].rule, DIAG_DIVERGED);
    assert_non_null(strstr(d[0].look, "learning rate is 10, 1e-4 to 1e-3 is usual"));
    config.learning_rate = 5e-4;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "try a third of it"));
    in.last[METRIC_gen_loss] = log(30522) + .5; /* random weights are near a blind guess */
    assert_int_equal(has(diagnose(&in, d), DIAG_DIVERGED), 0);
    in.last[METRIC_gen_loss] = 778, in.step = 3;
    assert_int_equal(has(diagnose(&in, d), DIAG_DIVERGED), 0);
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
    assert_non_null(strstr(d[0].seen, "recall 0.003 (0.002 at half time)"));
    in.last[METRIC_said_share] = NAN; /* not known: not said */
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_ORIGINAL), 1 + SEV_WARN);
    assert_non_null(strstr(d[0].seen, "8.4 % of the tokens are replaced; recall 0.003"));
    in.last[METRIC_rtd_recall] = .3, in.last[METRIC_said_share] = .03;
    assert_int_equal(diagnose(&in, d), 0);
}

struct seen { int64_t step; double recall, said, fakes, gen, unigram; };

/* The preset demo on 1.5 MB of English books, two real runs: of one the discriminator's weight is 0.02. */
static const struct seen meadow[] = {
    {100, 0, 0, .25, 6.056, 6.093}, {500, 0, 0, .2256, 5.503, 6.264}, {600, .0042, .00293, .2344, 5.615, 6.28},
    {900, .0254, .00684, .2305, 5.315, 6.243}, {1100, 0, 0, .2266, 5.134, 6.091},
    {1200, .0318, .01953, .2148, 4.682, 6.044}, {1400, .1838, .07617, .2285, 4.985, 6.063},
    {1700, .1322, .05566, .2217, 4.639, 6.168}, {2300, .2149, .0752, .2227, 4.693, 6.113}};
static const struct seen harbour[] = {
    {100, 0, 0, .2461, 6.02, 6.093}, {500, 0, 0, .2256, 5.371, 6.264}, {600, 0, 0, .2344, 5.4, 6.28},
    {1000, .0044, .00195, .2217, 4.559, 6.073}, {1600, .0317, .01465, .2158, 4.186, 6.027},
    {2100, .0558, .01172, .21, 4.238, 6.224}, {2300, .0142, .00488, .2061, 4.116, 6.113}};

static struct diagnosis_input of_demo(const struct seen *x, double disc_weight)
{
    struct diagnosis_input in;
    config_default(&config);
    assert_int_equal(config_preset(&config, "demo", NULL), 0);
    config.disc_weight = disc_weight;
    assert_int_equal(config_resolve(&config, NULL), 0);
    diagnosis_input_init(&in, &config);
    in.step = x->step, in.tokens = x->step * 1024;
    in.last[METRIC_rtd_recall] = x->recall, in.last[METRIC_said_share] = x->said;
    in.last[METRIC_fake_share] = x->fakes, in.last[METRIC_mlm_loss_masked] = x->gen;
    in.last[METRIC_unigram_loss] = x->unigram, in.last[METRIC_gen_loss] = x->gen;
    in.last[METRIC_disc_loss] = .46, in.last[METRIC_sampled_accuracy] = .1;
    return in;
}

static void test_a_healthy_demo_is_never_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof meadow / sizeof meadow[0]; i++) {
        struct diagnosis_input in = of_demo(&meadow[i], 50);
        int n = diagnose(&in, d);
        for (int k = 0; k < n; k++)
            if (d[k].severity > SEV_INFO)
                fail_msg("step %d: %s", (int)in.step, diagnosis_title(d[k].rule));
        if (meadow[i].step == 1100) {
            assert_int_equal(has(n, DIAG_ALL_ORIGINAL), 1 + SEV_INFO);
            assert_non_null(strstr(d[0].expected, "usual up to about step 1,405"));
        }
    }
}

static void test_a_sick_demo_is_warned_of_from_a_quarter_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof harbour / sizeof harbour[0]; i++) {
        struct diagnosis_input in = of_demo(&harbour[i], .02);
        int n = diagnose(&in, d);
        assert_int_equal(has(n, DIAG_ALL_ORIGINAL), 1 + (in.step < 585 ? SEV_INFO : SEV_WARN));
        if (in.step >= 585)
            assert_int_equal(strncmp(d[0].look, "disc_weight is 0.02, 50 is usual", 32), 0);
    }
}

/* Twenty steps say nothing, with a cause or without; nor does a handful of fakes. */
static void test_short_runs_and_few_fakes_say_nothing(void **state)
{
    (void)state;
    struct diagnosis_input in = of_demo(&meadow[0], 50);
    for (int weight = 0; weight < 2; weight++) {
        config.disc_weight = weight ? .02 : 50, config.steps = 20;
        for (in.step = 1; in.step <= 20; in.step++) {
            in.tokens = in.step * 256;
            int n = diagnose(&in, d);
            for (int k = 0; k < n; k++) assert_int_equal(d[k].severity, SEV_INFO);
            assert_int_equal(has(n, DIAG_ALL_ORIGINAL), 1 + SEV_INFO);
            assert_non_null(strstr(d[0].look, "20 steps are too few to tell"));
        }
    }
    in = of_demo(&harbour[6], .02);
    config.batch = 4; /* sixteen fakes */
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_ORIGINAL), 0);
    in.tokens = 100000, config.batch = 64; /* few were trained on */
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_ORIGINAL), 1 + SEV_INFO);
    assert_non_null(strstr(d[0].look, "few fakes"));
}

/* Where sequences become longer the losses rise for a while: no finding (numbers of a real demo). */
static void test_longer_sequences_are_waited_for(void **state)
{
    (void)state;
    struct seen x = {1090, .1, .05, .23, 5.65, 5.778};
    struct diagnosis_input in = of_demo(&x, 50);
    struct seq_stage now;
    int n = diagnose(&in, d);
    assert_int_equal(has(n, DIAG_GENERATOR_STUCK), 1 + SEV_INFO);
    assert_non_null(strstr(d[0].expected, "16 tokens long since step 1054"));
    in.val[METRIC_total_loss] = 28.3, in.val_best[METRIC_total_loss] = 16.1, in.last[METRIC_total_loss] = 20.6;
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 0);
    in.step = 1000;
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 1 + SEV_WARN);
    in.step = 1250; /* in a later stage only its own best counts, and not at its beginning */
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 0);
    in.step = 1500;
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 0);
    in.stage_best = 24;
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 1 + SEV_WARN);
    assert_int_equal(diagnosis_stage_first(&config, 1500), 1054);
    in.step = 1090;
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 0);
    in.stage_best = NAN;
    in.step = 90; /* the first steps go up and down */
    assert_int_equal(has(diagnose(&in, d), DIAG_OVERFIT), 0);
    in.step = 1300; /* long enough */
    assert_int_equal(has(diagnose(&in, d), DIAG_GENERATOR_STUCK), 1 + SEV_WARN);
    assert_false(diagnosis_new_stage(&config, 1054, .1, &now));
    assert_true(diagnosis_new_stage(&config, 1055, .1, &now));
    config.objective = OBJ_TWO_STAGE; /* the second half begins after the longer sequences */
    assert_int_equal(diagnosis_stage_first(&config, config.steps / 2), 1054);
    assert_int_equal(diagnosis_stage_first(&config, config.steps / 2 + 1), config.steps / 2);
    config.objective = OBJ_ELECTRA;
    config.seq_stages[0] = 0;
    assert_false(diagnosis_new_stage(&config, 1055, .1, &now));
}

/* A rising recall is waited for; a generator without context is looked at first; two_stage trains the
 * generator alone in its first half. */
static void test_what_comes_before_all_original(void **state)
{
    (void)state;
    struct diagnosis_input in = of_demo(&meadow[8], 50);
    in.last[METRIC_rtd_recall] = .03, in.last[METRIC_said_share] = .01, in.recall_before = .002;
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_ORIGINAL), 1 + SEV_INFO);
    in.recall_before = .02;
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_ORIGINAL), 1 + SEV_WARN);
    in.last[METRIC_mlm_loss_masked] = 6.1;
    int n = diagnose(&in, d);
    assert_int_equal(has(n, DIAG_ALL_ORIGINAL), 1 + SEV_INFO);
    assert_int_equal(d[0].rule, DIAG_GENERATOR_STUCK); /* the first to be read */
    config.seq = 128, config.seq_stages[0] = 0;
    diagnose(&in, d);
    assert_true(d[0].cause);
    assert_non_null(strstr(d[0].look, "seq is 128 from the first step"));
    in = of_demo(&harbour[4], .02);
    config.objective = OBJ_TWO_STAGE, config.steps = 3300;
    assert_int_equal(has(diagnose(&in, d), DIAG_ALL_ORIGINAL), 0);
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
    assert_non_null(strstr(d[0].seen, "(held-out, step 39,000)"));
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

/* Of a run that learnt fifteen words by heart, and of one with few masks and a cold generator. */
static void test_the_likeliest_cause_stands_beside_the_usual_value(void **state)
{
    (void)state;
    struct seen x = {590, 1, .0005, .0005, .002, 2.641};
    struct diagnosis_input in = of_demo(&x, 50);
    strcpy(config.generator_size, "1");
    config.mask_prob = .15, in.last[METRIC_sampled_accuracy] = .999;
    int n = diagnose(&in, d);
    assert_int_equal(n, 3);
    assert_int_equal(d[0].rule, DIAG_NOTHING_REPLACED);
    assert_non_null(strstr(d[0].look, "finds the original at 100 % of the masked positions, 40 to 60 % is usual: "
                                      "generator_size is 1 (0.25 is usual)"));
    assert_int_equal(d[1].rule, DIAG_SAME_OFTEN);
    assert_non_null(strstr(d[1].look, "generator_size is 1, 0.25 is usual"));
    assert_int_equal(d[2].rule, DIAG_NEAR_ZERO);
    assert_non_null(strstr(d[2].look, "for 0.6 M tokens of training: it is being learnt by heart"));
    in.val[METRIC_mlm_loss_masked] = 4.5; /* held-out text is another */
    diagnose(&in, d);
    assert_non_null(strstr(d[2].look, "held-out loss is 4.50"));
    config.temperature = .1;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "temperature is 0.1, 1 is usual"));
    config.mask_prob = .01, config.batch = 256;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "mask_prob is 0.01, 0.15 is usual"));
    x = (struct seen){2000, .3, .1, .2, 6.2, 6.2};
    in = of_demo(&x, 50);
    in.tokens = 400000; /* too few to find context */
    assert_int_equal(has(diagnose(&in, d), DIAG_GENERATOR_STUCK), 1 + SEV_INFO);
    config.gen_weight = 0; /* a cause needs no waiting */
    assert_int_equal(has(diagnose(&in, d), DIAG_GENERATOR_STUCK), 1 + SEV_WARN);
    assert_non_null(strstr(d[0].look, "gen_weight is 0, 1 is usual"));
    in.tokens = 2000000, config.gen_weight = 1, config.warmup_steps = 2000;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "warm-up is 2000 of 2343 steps, a tenth is usual"));
    config.learning_rate = 1e-6;
    diagnose(&in, d);
    assert_non_null(strstr(d[0].look, "learning rate is 1e-06, 1e-4 to 1e-3 is usual"));
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
        cmocka_unit_test(test_a_diverged_loss_is_named),
        cmocka_unit_test(test_all_original_is_normal_early_and_a_warning_later),
        cmocka_unit_test(test_a_healthy_demo_is_never_warned_of),
        cmocka_unit_test(test_a_sick_demo_is_warned_of_from_a_quarter_on),
        cmocka_unit_test(test_short_runs_and_few_fakes_say_nothing),
        cmocka_unit_test(test_longer_sequences_are_waited_for),
        cmocka_unit_test(test_what_comes_before_all_original),
        cmocka_unit_test(test_old_held_out_values_give_way),
        cmocka_unit_test(test_where_to_look_follows_the_configuration),
        cmocka_unit_test(test_other_sicknesses),
        cmocka_unit_test(test_the_likeliest_cause_stands_beside_the_usual_value),
        cmocka_unit_test(test_objectives_without_a_discriminator),
        cmocka_unit_test(test_worst_first_and_every_rule_has_a_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
