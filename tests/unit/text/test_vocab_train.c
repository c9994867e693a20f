/* Trained vocabularies: which pieces, in which order, and always the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/text/vocab.h"
#include "src/text/vocab_train.h"

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"

static char *train(const char *text, int size, int min_frequency)
{
    struct vocab_train_options o = { .size = size, .min_frequency = min_frequency,
                                     .text = { .strip_accents = -1 } };
    struct err err = { 0, "" };
    char *out = NULL;
    size_t n = 0;
    struct vocab_trainer *t = vocab_trainer_new(&o, &err);
    assert_non_null(t);
    assert_int_equal(vocab_trainer_add(t, text, strlen(text), &err), 0);
    if (vocab_trainer_finish(t, &out, &n, &err))
        fail_msg("%s", err.text);
    assert_int_equal(strlen(out), n);
    vocab_trainer_free(t);
    return out;
}

static void check(const char *text, int size, int min_frequency, const char *want)
{
    char *got = train(text, size, min_frequency);
    assert_string_equal(got, want);
    free(got);
}

static void the_most_frequent_pair_is_merged_first(void **state)
{
    (void)state;
    /* ##b ##c: 5 times; then a ##bc: 3 times; x ##bc: 2 times. */
    check("abc abc abc xbc xbc", 100, 2, SPECIALS "a\nx\n##b\n##c\n##bc\nabc\nxbc\n");
    check("abc abc abc xbc xbc", 10, 2, SPECIALS "a\nx\n##b\n##c\n##bc\n");
    check("abc abc abc xbc xbc", 100, 3, SPECIALS "a\nx\n##b\n##c\n##bc\nabc\n");
}

static void ties_go_by_code_points(void **state)
{
    (void)state;
    check("ba ab ba ab", 100, 2, SPECIALS "a\nb\n##a\n##b\nab\nba\n");
    /* left first, then right */
    check("ad ac bc ad ac bc", 10, 2, SPECIALS "a\nb\n##c\n##d\nac\n");
}

static void repeated_letters_merge_from_the_left(void **state)
{
    (void)state;
    /* a ##a ##a ##a ##a: (##a, ##a) stands there three times a word. */
    check("aaaaa aaaaa", 8, 2, SPECIALS "a\n##a\n##aa\n");
    check("aaaaa aaaaa", 100, 2, SPECIALS "a\n##a\n##aa\n##aaaa\naaaaa\n");
}

static void a_small_vocabulary_keeps_the_most_frequent_letters(void **state)
{
    (void)state;
    check("a a a b b c ddd", 8, 2, SPECIALS "a\nb\n##d\n");
}

static void words_too_long_for_the_tokenizer_do_not_count(void **state)
{
    (void)state;
    char text[300] = "no ";
    memset(text + 3, 'q', 101);
    check(text, 100, 1, SPECIALS "n\n##o\nno\n");
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* Random words of a small alphabet, the frequent ones often. */
static char *random_text(size_t words)
{
    char *text = malloc(words * 8 + 1), *at = text;
    uint32_t seed = 7;
    assert_non_null(text);
    for (size_t k = 0; k < words; k++) {
        uint32_t word = next(&seed) % (1 + next(&seed) % 500), letters = 2 + word % 5;
        for (uint32_t i = 0; i < letters; i++, word = word * 31 + 17)
            *at++ = (char)('a' + word % 11);
        *at++ = ' ';
    }
    *at = 0;
    return text;
}

static void the_result_is_the_same_every_time_and_has_no_unknowns(void **state)
{
    (void)state;
    char *text = random_text(20000), *one = train(text, 100, 2), *two = train(text, 100, 2);
    assert_string_equal(one, two);
    struct vocab *v = vocab_parse("trained", one, strlen(one), NULL, NULL, NULL);
    assert_non_null(v);
    assert_int_equal(vocab_size(v), 100);
    struct wordpiece_options o = { .strip_accents = -1 };
    struct wordpiece *w = wordpiece_new(v, &o, NULL);
    struct ids ids = { 0 };
    assert_int_equal(wordpiece_encode(w, text, strlen(text), &ids), 0);
    for (size_t k = 0; k < ids.len; k++)
        assert_int_not_equal(ids.data[k], VOCAB_UNK);
    ids_free(&ids);
    wordpiece_free(w);
    vocab_free(v);
    free(one);
    free(two);
    free(text);
}

static int stop_at_once(void *ud, const char *stage, double done)
{
    ++*(int *)ud;
    assert_non_null(stage);
    assert_true(done >= 0 && done <= 1);
    return strcmp(stage, "merging") == 0;
}

static void it_can_be_stopped_and_refuses_nonsense(void **state)
{
    (void)state;
    int calls = 0;
    struct vocab_train_options o = { .size = 100, .min_frequency = 2,
                                     .progress = stop_at_once, .ud = &calls };
    struct err err = { 0, "" };
    char *out = NULL;
    size_t n;
    struct vocab_trainer *t = vocab_trainer_new(&o, &err);
    assert_int_equal(vocab_trainer_finish(t, &out, &n, &err), E_INPUT);
    assert_int_equal(vocab_trainer_add(t, "abc abc", 7, &err), 0);
    assert_int_equal(vocab_trainer_finish(t, &out, &n, &err), E_STOPPED);
    assert_null(out);
    assert_true(calls > 0);
    vocab_trainer_free(t);
    o.size = 5;
    assert_null(vocab_trainer_new(&o, &err));
    assert_int_equal(err.code, E_USAGE);
    o.size = 100;
    o.min_frequency = 0;
    assert_null(vocab_trainer_new(&o, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_frequent_pair_is_merged_first),
        cmocka_unit_test(ties_go_by_code_points),
        cmocka_unit_test(repeated_letters_merge_from_the_left),
        cmocka_unit_test(a_small_vocabulary_keeps_the_most_frequent_letters),
        cmocka_unit_test(words_too_long_for_the_tokenizer_do_not_count),
        cmocka_unit_test(the_result_is_the_same_every_time_and_has_no_unknowns),
        cmocka_unit_test(it_can_be_stopped_and_refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
