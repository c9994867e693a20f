/* Vocabularies: ids are line numbers whatever the lines hold; flaws are told, gaps refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/text/vocab.h"

#define SPECIALS "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"

static void keep(void *ud, const char *text)
{
    strncat(ud, text, 1000 - strlen(ud));
    strncat(ud, "|", 1000 - strlen(ud));
}

static struct vocab *parse(const char *text, char warnings[1001])
{
    struct err err = { 0, "" };
    *warnings = 0;
    struct vocab *v = vocab_parse("v.txt", text, strlen(text), keep, warnings, &err);
    if (!v)
        fail_msg("%s", err.text);
    return v;
}

static int id(const struct vocab *v, const char *token)
{
    return vocab_id(v, token, strlen(token));
}

static void ids_are_line_numbers(void **state)
{
    (void)state;
    char w[1001];
    struct vocab *v = parse(SPECIALS "the\n##s", w);
    assert_int_equal(vocab_size(v), 7);
    assert_int_equal(id(v, "the"), 5);
    assert_int_equal(id(v, "##s"), 6);
    assert_int_equal(id(v, "th"), -1);
    assert_int_equal(id(v, ""), -1);
    assert_string_equal(vocab_token(v, 6), "##s");
    assert_string_equal(vocab_token(v, 7), "");
    assert_int_equal(vocab_special(v, VOCAB_MASK), 4);
    assert_string_equal(w, "");
    vocab_free(v);
}

static void flaws_are_told_and_shift_nothing(void **state)
{
    (void)state;
    char w[1001];
    struct vocab *v = parse("\xEF\xBB\xBF" SPECIALS "a\r\n\n\xFF\na\nb\n", w);
    assert_int_equal(vocab_size(v), 10);
    assert_int_equal(id(v, "a"), 8); /* the last one, as Hugging Face has it */
    assert_int_equal(id(v, "b"), 9);
    assert_int_equal(id(v, "\xFF"), -1);
    assert_int_equal(id(v, "[PAD]"), 0);
    assert_non_null(strstr(w, "v.txt, line 1: a byte order mark"));
    assert_non_null(strstr(w, "line 6: the line ends with CR LF"));
    assert_non_null(strstr(w, "line 7: the token is empty"));
    assert_non_null(strstr(w, "line 8: the token is not UTF-8"));
    assert_non_null(strstr(w, "line 9: the token stood on an earlier line"));
    vocab_free(v);
}

static void a_missing_special_token_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
    for (int skip = 0; skip < 5; skip++) {
        char text[256] = "";
        struct err err = { 0, "" };
        for (int k = 0; k < 5; k++) {
            strcat(text, k == skip ? "x" : names[k]);
            strcat(text, "\n");
        }
        assert_null(vocab_parse("v.txt", text, strlen(text), NULL, NULL, &err));
        assert_int_equal(err.code, E_INPUT);
        assert_non_null(strstr(err.text, "v.txt"));
        assert_non_null(strstr(err.text, names[skip]));
    }
}

static void a_file_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct err err = { 0, "" };
    assert_null(vocab_load("no/such\x1b.txt", NULL, NULL, &err));
    assert_non_null(strstr(err.text, "no/such"));
    assert_null(strchr(err.text, 0x1b));
}

static void writing_and_loading_give_the_same(void **state)
{
    (void)state;
    char w[1001], path[] = "/tmp/vocab-XXXXXX";
    struct err err = { 0, "" };
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct vocab *v = parse(SPECIALS "\xED\x95\x9C\n##x\n\ny\n", w);
    assert_int_equal(vocab_write(v, path, &err), 0);
    struct vocab *again = vocab_load(path, NULL, NULL, &err);
    assert_non_null(again);
    assert_int_equal(vocab_size(again), vocab_size(v));
    assert_true(vocab_hash(again) == vocab_hash(v));
    for (int k = 0; k < vocab_size(v); k++)
        assert_string_equal(vocab_token(again, k), vocab_token(v, k));
    vocab_free(again);
    vocab_free(v);
    v = parse(SPECIALS "\xED\x95\x9C\n##x\n\nz\n", w);
    again = vocab_load(path, NULL, NULL, &err);
    assert_true(vocab_hash(again) != vocab_hash(v));
    vocab_free(again);
    vocab_free(v);
    remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_line_numbers),
        cmocka_unit_test(flaws_are_told_and_shift_nothing),
        cmocka_unit_test(a_missing_special_token_is_refused),
        cmocka_unit_test(a_file_that_is_not_there_is_named),
        cmocka_unit_test(writing_and_loading_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
