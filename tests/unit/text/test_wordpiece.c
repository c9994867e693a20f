/* The tokenizer on words, special tokens, broken and huge input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/text/vocab.h"
#include "src/text/wordpiece.h"

static const char pieces[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                             "un\n##aff\n##able\nthe\n##s\n[\n]\nmask\n.\ncafe\n"
                             "\xE4\xB8\xAD\n\xE6\x96\x87\na\n##a\n##aa\ncaf\xC3\xA9\nThe\n";

static struct vocab *vocab;

static int make_vocab(void **state)
{
    (void)state;
    vocab = vocab_parse("pieces", pieces, sizeof pieces - 1, NULL, NULL, NULL);
    return vocab ? 0 : -1;
}

static int drop_vocab(void **state)
{
    (void)state;
    vocab_free(vocab);
    return 0;
}

/* Pieces joined by spaces. */
static void check_n(const struct wordpiece_options *o, const char *text, size_t n,
                    const char *want)
{
    struct wordpiece *w = wordpiece_new(vocab, o, NULL);
    struct ids ids = { 0 };
    assert_non_null(w);
    /* Twice: the second time the words come from the cache. */
    for (int turn = 0; turn < 2; turn++) {
        struct str got;
        str_init(&got);
        ids.len = 0;
        assert_int_equal(wordpiece_encode(w, text, n, &ids), 0);
        for (size_t k = 0; k < ids.len; k++)
            str_addf(&got, "%s%s", k ? " " : "", vocab_token(vocab, ids.data[k]));
        assert_string_equal(str_get(&got), want);
        str_free(&got);
    }
    ids_free(&ids);
    wordpiece_free(w);
}

static void check(const struct wordpiece_options *o, const char *text, const char *want)
{
    check_n(o, text, strlen(text), want);
}

static const struct wordpiece_options lower = { .strip_accents = -1 };

static void the_longest_piece_wins(void **state)
{
    (void)state;
    check(&lower, "Unaffable, THE thes.", "un ##aff ##able [UNK] the the ##s .");
    check(&lower, "aaaa aaa", "a ##aa ##a a ##aa");
    check(&lower, "", "");
    check(&lower, " \t\r\n", "");
}

static void a_word_with_an_unknown_part_is_unknown(void **state)
{
    (void)state;
    check(&lower, "unaffx the", "[UNK] the");
    check(&lower, "x", "[UNK]");
}

static void accents_and_case_follow_the_options(void **state)
{
    (void)state;
    struct wordpiece_options keep = { .strip_accents = 0 };
    struct wordpiece_options cased = { .cased = 1, .strip_accents = -1 };
    check(&lower, "Caf\xC3\xA9 cafe\xCC\x81", "cafe cafe");
    check(&keep, "Caf\xC3\xA9", "caf\xC3\xA9");
    check(&cased, "The the caf\xC3\xA9", "The the caf\xC3\xA9");
}

static void chinese_characters_stand_alone(void **state)
{
    (void)state;
    struct wordpiece_options joined = { .strip_accents = -1, .no_cjk_split = 1 };
    check(&lower, "a\xE4\xB8\xAD\xE6\x96\x87s", "a \xE4\xB8\xAD \xE6\x96\x87 [UNK]");
    check(&joined, "\xE4\xB8\xAD\xE6\x96\x87", "[UNK]");
}

static void special_tokens_in_text_are_text(void **state)
{
    (void)state;
    struct wordpiece_options open = { .strip_accents = -1, .special_in_text = 1 };
    check(&lower, "the[MASK]s", "the [ mask ] [UNK]");
    check(&open, "the[MASK]a [mask] [[CLS]]", "the [MASK] a [ mask ] [ [CLS] ]");
    struct wordpiece *w = wordpiece_new(vocab, &lower, NULL);
    struct ids ids = { 0 };
    static const char text[] = "[PAD] [CLS] [SEP] [MASK] [MASK ]";
    assert_int_equal(wordpiece_encode(w, text, sizeof text - 1, &ids), 0);
    for (size_t k = 0; k < ids.len; k++)
        assert_true(ids.data[k] == VOCAB_UNK || ids.data[k] > VOCAB_MASK);
    ids_free(&ids);
    wordpiece_free(w);
}

static void nul_and_controls_do_not_cut_a_word(void **state)
{
    (void)state;
    check_n(&lower, "t\0h\x01" "e\xC2\xAD", 7, "the");
}

static void invalid_bytes_are_skipped_and_counted(void **state)
{
    (void)state;
    struct wordpiece *w = wordpiece_new(vocab, &lower, NULL);
    struct ids ids = { 0 };
    for (size_t turn = 1; turn <= 3; turn++) {
        ids.len = 0;
        assert_int_equal(wordpiece_encode(w, "th\xFF" "e\xC0\x80 a", 8, &ids), 0);
        assert_int_equal(ids.len, 2);
        assert_int_equal(ids.data[0], 8);
        assert_int_equal(wordpiece_invalid(w), 3 * turn);
    }
    ids_free(&ids);
    wordpiece_free(w);
}

static void a_word_of_more_than_100_characters_is_unknown(void **state)
{
    (void)state;
    size_t million = 1 << 20;
    char *text = malloc(million);
    assert_non_null(text);
    memset(text, 'a', million);
    struct wordpiece *w = wordpiece_new(vocab, &lower, NULL);
    struct ids ids = { 0 };
    assert_int_equal(wordpiece_encode(w, text, 100, &ids), 0);
    assert_int_equal(ids.len, 51); /* a, 49 times ##aa, ##a */
    ids.len = 0;
    assert_int_equal(wordpiece_encode(w, text, 101, &ids), 0);
    assert_int_equal(ids.len, 1);
    assert_int_equal(ids.data[0], VOCAB_UNK);
    assert_int_equal(wordpiece_encode(w, text, million, &ids), 0);
    assert_int_equal(ids.len, 2);
    assert_int_equal(ids.data[1], VOCAB_UNK);
    assert_int_equal(wordpiece_counts(w)->long_words, 2);
    assert_int_equal(wordpiece_counts(w)->words, 3);
    ids_free(&ids);
    wordpiece_free(w);
    free(text);
}

static void offsets_name_the_word(void **state)
{
    (void)state;
    struct wordpiece *w = wordpiece_new(vocab, &lower, NULL);
    struct ids ids = { 0 }, start = { 0 }, end = { 0 };
    static const char text[] = " Unaffable unaffx cafe\xCC\x81.";
    static const int32_t want[6][3] = {
        { 5, 1, 10 }, { 6, 1, 10 }, { 7, 1, 10 }, { 1, 11, 17 }, { 14, 18, 24 }, { 13, 24, 25 }
    };
    /* The lists need not start equally long. */
    ids_push(&ids, 0);
    assert_int_equal(wordpiece_encode_offsets(w, text, sizeof text - 1, &ids, &start, &end), 0);
    assert_int_equal(ids.len, 7);
    assert_int_equal(start.len, 6);
    assert_int_equal(end.len, 6);
    for (size_t k = 0; k < 6; k++) {
        assert_int_equal(ids.data[k + 1], want[k][0]);
        assert_int_equal(start.data[k], want[k][1]);
        assert_int_equal(end.data[k], want[k][2]);
    }
    ids_free(&ids);
    ids_free(&start);
    ids_free(&end);
    wordpiece_free(w);
}

/* More different words than the cache holds: it starts anew, the ids stay right. */
static void a_full_cache_forgets_without_harm(void **state)
{
    (void)state;
    struct wordpiece *w = wordpiece_new(vocab, &lower, NULL);
    struct ids ids = { 0 };
    for (int k = 0; k < 150000; k++) {
        char word[32];
        int n = snprintf(word, sizeof word, "%d", k);
        ids.len = 0;
        assert_int_equal(wordpiece_encode(w, word, (size_t)n, &ids), 0);
        assert_int_equal(ids.len, 1);
        assert_int_equal(ids.data[0], VOCAB_UNK);
        ids.len = 0;
        assert_int_equal(wordpiece_encode(w, "unaffable", 9, &ids), 0);
        assert_int_equal(ids.len, 3);
        assert_int_equal(ids.data[2], 7);
    }
    ids_free(&ids);
    wordpiece_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_piece_wins),
        cmocka_unit_test(a_word_with_an_unknown_part_is_unknown),
        cmocka_unit_test(accents_and_case_follow_the_options),
        cmocka_unit_test(chinese_characters_stand_alone),
        cmocka_unit_test(special_tokens_in_text_are_text),
        cmocka_unit_test(nul_and_controls_do_not_cut_a_word),
        cmocka_unit_test(invalid_bytes_are_skipped_and_counted),
        cmocka_unit_test(a_word_of_more_than_100_characters_is_unknown),
        cmocka_unit_test(offsets_name_the_word),
        cmocka_unit_test(a_full_cache_forgets_without_harm),
    };
    return cmocka_run_group_tests(tests, make_vocab, drop_vocab);
}
