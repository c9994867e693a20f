/* The verdict in words, on the numbers of real small runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/event/verdict.h"

static void says(const struct verdict_input *in, enum verdict verdict, const char *words)
{
    char out[256];
    assert_int_equal(verdict_say(in, out, sizeof out), verdict);
    if (words && !strstr(out, words))
        fail_msg("'%s' does not say '%s'", out, words);
}

static void numbers(struct verdict_input *in, int64_t step, double loss, double unigram, double auc)
{
    in->step = step;
    in->steps = 2343;
    in->val[METRIC_mlm_loss_masked] = loss;
    in->val[METRIC_unigram_loss] = unigram;
    in->val[METRIC_rtd_auc] = auc;
}

static void test_nothing_known(void **state)
{
    struct verdict_input in;
    char out[8];
    (void)state;
    verdict_input_init(&in);
    assert_int_equal(verdict_say(&in, out, sizeof out), VERDICT_NONE);
    assert_string_equal(out, "");
}

static void test_plateau_then_neighbours(void **state)
{
    struct verdict_input in;
    (void)state;
    verdict_input_init(&in);
    numbers(&in, 195, 5.833, 5.838, 0.515);
    says(&in, VERDICT_PLATEAU, "still on the unigram plateau (5.83 nats, unigram 5.84)");
    says(&in, VERDICT_PLATEAU, "discriminator guesses (AUC own 0.52)");
    numbers(&in, 900, 5.705, 5.838, 0.592);
    says(&in, VERDICT_LEARNING, "leaves the unigram plateau (0.13 nats under)");
    numbers(&in, 2343, 4.628, 5.838, 0.740);
    says(&in, VERDICT_LEARNT, "knows neighbours (1.21 nats under unigram)");
    says(&in, VERDICT_LEARNT, "ranks fakes above originals (AUC own 0.74)");
    in.val[METRIC_rtd_accuracy] = 0.7712;
    in.val[METRIC_rtd_majority] = 0.7358;
    says(&in, VERDICT_LEARNT, "beats the majority (77.1 % against 73.6 %, AUC own 0.74)");
}

static void test_does_not_learn(void **state)
{
    struct verdict_input in;
    (void)state;
    verdict_input_init(&in);
    numbers(&in, 1171, 5.83, 5.838, 0.51);
    says(&in, VERDICT_PLATEAU, "plateau");
    numbers(&in, 1172, 5.83, 5.838, 0.51);
    says(&in, VERDICT_STUCK, "does not learn: after 1172 of 2343 steps 0.01 nats under unigram, AUC own 0.51");
    numbers(&in, 1172, 7.838, 5.838, 0.51);
    says(&in, VERDICT_STUCK, "2.00 nats above unigram");
    numbers(&in, 1172, 5.83, 5.838, 0.62); /* the discriminator learns: not stuck */
    says(&in, VERDICT_PLATEAU, "ranks fakes");
}

static void test_nonsense_fakes(void **state)
{
    struct verdict_input in;
    (void)state;
    verdict_input_init(&in);
    numbers(&in, 20, 7.6, 5.838, 0.91);
    says(&in, VERDICT_PLATEAU, "only sees nonsense fakes (AUC own 0.91)");
}

static void test_broken_and_past_best(void **state)
{
    struct verdict_input in;
    (void)state;
    verdict_input_init(&in);
    numbers(&in, 2000, 4.9, 5.838, 0.7);
    in.best[METRIC_mlm_loss_masked] = 4.62;
    says(&in, VERDICT_LEARNT, "; past its best (4.62 nats)");
    in.broken = 1;
    says(&in, VERDICT_BROKEN, "not finite at step 2000");
}

static void test_training_values_stand_in(void **state)
{
    struct verdict_input in;
    (void)state;
    verdict_input_init(&in);
    in.last[METRIC_gen_loss] = 5.0;
    in.last[METRIC_unigram_loss] = 5.8;
    says(&in, VERDICT_LEARNT, "0.80 nats under unigram");
    in.val[METRIC_gen_loss] = 5.7; /* held-out goes first */
    in.val[METRIC_unigram_loss] = 5.8;
    says(&in, VERDICT_LEARNING, "0.10 nats under");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_plateau_then_neighbours),
        cmocka_unit_test(test_does_not_learn),
        cmocka_unit_test(test_nonsense_fakes),
        cmocka_unit_test(test_broken_and_past_best),
        cmocka_unit_test(test_training_values_stand_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
