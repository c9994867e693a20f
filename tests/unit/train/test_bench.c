/* The bench: steps that are measured, what they count, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/base/err.h"
#include "src/text/vocab.h"
#include "src/train/bench.h"
#include "src/train/bench_text.h"

static struct bench_args tiny(void)
{
    struct bench_args a = {.vocab = 200, .steps = 3, .warmup = 1, .threads = 2};
    struct err err = {0, ""};
    config_default(&a.config);
    config_set(&a.config, "layers", "1", NULL);
    config_set(&a.config, "hidden_size", "32", NULL);
    config_set(&a.config, "ffn_size", "64", NULL);
    config_set(&a.config, "heads", "2", NULL);
    config_set(&a.config, "embedding_size", "16", NULL);
    config_set(&a.config, "batch", "4", NULL);
    config_set(&a.config, "seq", "16", NULL);
    config_set(&a.config, "seq_stages", "8:0.5,16", NULL);
    assert_int_equal(config_resolve(&a.config, &err), 0);
    return a;
}

static void a_run_reports_every_step(void **state)
{
    (void)state;
    struct bench_args a = tiny();
    struct bench_report r;
    struct err err = {0, ""};
    assert_int_equal(bench_run(&a, &r, &err), 0);
    assert_int_equal(r.steps, 3);
    assert_int_equal(r.threads, 2);
    double least = 1e9;
    for (int i = 0; i < 3; i++) {
        assert_true(r.seconds[i] > 0);
        least = r.seconds[i] < least ? r.seconds[i] : least;
    }
    assert_true(r.best == least && r.median >= r.best);
    assert_true(r.tokens_per_s * r.median > 63.9 && r.tokens_per_s * r.median < 64.1);
    assert_true(r.rss_mb > 1 && r.peak == 0 && r.kernel[0]);
    free(r.seconds);
}

/* Width 32, ffn 64, T 16, E 16, 64 tokens: (2 (4 32^2 + 2 32 64) + 4 16 32) + 2 16 32 a token for
 * the encoder, 2 (32^2 + 32) for the head. */
static void inference_counts_the_main_network_once(void **state)
{
    (void)state;
    struct bench_args a = tiny();
    a.infer = 1;
    struct bench *b = bench_open(&a, NULL);
    assert_non_null(b);
    double seconds[2] = {0, 0};
    bench_steps(b, 2, seconds);
    assert_true(seconds[0] > 0 && seconds[1] > 0);
    assert_true(bench_flop(b) == 64.0 * (2 * (4 * 32 * 32 + 2 * 32 * 64) + 4 * 16 * 32 + 2 * 16 * 32 +
                                         2 * (32 * 32 + 32)));
    double once = bench_flop(b);
    bench_close(b);
    a.infer = 0;
    b = bench_open(&a, NULL);
    assert_true(bench_flop(b) > 3 * once);
    bench_close(b);
}

static void what_cannot_be_measured_is_refused(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct bench_args a = tiny();
    a.vocab = 5;
    assert_null(bench_open(&a, &err));
    assert_int_equal(err.code, E_USAGE);
    a = tiny();
    config_set(&a.config, "hidden_size", "65536", NULL);
    config_set(&a.config, "ffn_size", "262144", NULL);
    config_set(&a.config, "layers", "64", NULL);
    assert_null(bench_open(&a, &err));
    assert_int_equal(err.code, E_NOMEM);
    assert_non_null(strstr(err.text, "GB are free"));
}

static void two_runs_are_timed_in_three_ways(void **state)
{
    (void)state;
    struct bench_args a = tiny();
    struct bench_pair p = {0};
    struct err err = {0, ""};
    assert_int_equal(bench_pair(&a, 2, &p, &err), 0);
    assert_int_equal(p.threads, 2);
    assert_true(p.in_turn > 0 && p.halves > 0 && p.crowded > 0);
    a.threads = 1;
    assert_int_equal(bench_pair(&a, 2, &p, &err), E_USAGE);
}

static void text_is_made_up_and_tokenized(void **state)
{
    (void)state;
    for (int korean = 0; korean < 2; korean++) {
        struct err err = {0, ""};
        struct bench_text_report trained, given;
        size_t n, again;
        char *text = bench_text_made(korean, 100000, &n, &err), *other = bench_text_made(korean, 100000, &again, &err);
        assert_true(text && other && n >= 100000 && n == again);
        assert_memory_equal(text, other, n);
        assert_int_equal(text[0] & 0x80, korean ? 0x80 : 0);
        assert_int_equal(bench_text(text, n, NULL, 500, 3, &trained, &err), 0);
        assert_true(trained.mb_per_s > 0 && trained.train_seconds > 0 && trained.vocab_size == 500);
        /* a vocabulary of one word and no other: every word of the text is one [UNK] */
        struct vocab *v = vocab_parse("v", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nzz\n", 34, NULL, NULL, &err);
        assert_non_null(v);
        assert_int_equal(bench_text("zz q\nzz zz\n", 11, v, 0, 1, &given, &err), 0);
        assert_true(given.tokens == 4 && !(given.train_seconds > 0) && given.vocab_size == 6);
        vocab_free(v);
        free(text);
        free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_reports_every_step),
        cmocka_unit_test(inference_counts_the_main_network_once),
        cmocka_unit_test(two_runs_are_timed_in_three_ways),
        cmocka_unit_test(text_is_made_up_and_tokenized),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
