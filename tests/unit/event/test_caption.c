/* What stands under a run's picture at each stage of its life. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "src/event/caption.h"

static char out[300];

static struct caption_input at(int64_t step, double loss, double auc)
{
    struct caption_input in = {.caught_step = -1};
    verdict_input_init(&in.run);
    in.run.step = step;
    in.run.steps = 1000;
    in.run.val[METRIC_unigram_loss] = 6.1;
    in.run.val[METRIC_mlm_loss_masked] = in.run.best[METRIC_mlm_loss_masked] = loss;
    in.run.val[METRIC_rtd_auc] = auc;
    return in;
}

#define SAYS(in, kind, text)                                                                     \
    do {                                                                                         \
        assert_int_equal(caption_say(&(in), out, sizeof out), kind);                             \
        assert_string_equal(out, text);                                                          \
    } while (0)

static void test_the_stages_of_a_run(void **state)
{
    (void)state;
    struct caption_input in = at(0, NAN, NAN);
    SAYS(in, CAPTION_NONE, "");
    in = at(60, 7.42, .5);
    SAYS(in, CAPTION_FREQUENCIES_COMING,
         "generator learns the word frequencies: loss 7.42, unigram entropy 6.10");
    in = at(200, 6.12, .5);
    SAYS(in, CAPTION_FREQUENCIES, 
         "generator knows word frequencies: held-out loss 6.12 near unigram entropy 6.10");
    in = at(300, 5.8, .52);
    SAYS(in, CAPTION_GUESSING, "generator uses the words around: 0.30 nats under unigram entropy; "
                               "discriminator still guesses (AUC own 0.52)");
    in.caught_step = 290;
    in.caught_word = "people";
    SAYS(in, CAPTION_CAUGHT, "first replaced word caught at step 290: people");
    in.run.step = 400; /* no news any more */
    in.run.val[METRIC_rtd_auc] = .71;
    SAYS(in, CAPTION_TELLING, "generator uses the words around: 0.30 nats under unigram entropy; "
                              "discriminator tells fakes (AUC own 0.71)");
    in.run.val[METRIC_rtd_auc_common] = .64; /* the one that runs are compared by */
    SAYS(in, CAPTION_TELLING, "generator uses the words around: 0.30 nats under unigram entropy; "
                              "discriminator tells fakes (AUC common 0.64)");
    in.run.val[METRIC_rtd_recall] = .01; /* then the diagnosis says so too */
    SAYS(in, CAPTION_TELLING, "generator uses the words around: 0.30 nats under unigram entropy; "
                              "discriminator ranks fakes, but says none of them (AUC common 0.64)");
}

static void test_longer_sequences_are_said(void **state)
{
    (void)state;
    struct caption_input in = at(470, 6.0, .6);
    in.longer_step = 451, in.longer_seq = 16;
    SAYS(in, CAPTION_LONGER, "sequences of 16 tokens from step 451 on: losses rise until they are learnt");
}

static void test_no_run_is_praised_that_does_not_learn(void **state)
{
    (void)state;
    struct caption_input in = at(600, 6.1, .5);
    in.caught_step = 10;
    assert_int_equal(caption_say(&in, out, sizeof out), CAPTION_STUCK);
    assert_memory_equal(out, "this run does not learn", 23);
    in.run.broken = 1;
    assert_int_equal(caption_say(&in, out, sizeof out), CAPTION_BROKEN);
    assert_non_null(strstr(out, "not finite"));
}

static void test_short_buffers_are_kept(void **state)
{
    (void)state;
    struct caption_input in = at(300, 5.8, .52);
    for (size_t size = 1; size < 200; size += 7) {
        memset(out, 'x', sizeof out);
        caption_say(&in, out, size);
        assert_true(strlen(out) < size && out[size] == 'x');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_stages_of_a_run),
        cmocka_unit_test(test_longer_sequences_are_said),
        cmocka_unit_test(test_no_run_is_praised_that_does_not_learn),
        cmocka_unit_test(test_short_buffers_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
