/* SQuAD: reading, windows and answers onto pieces, decoding back to the original text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/task/squad.h"
#include "src/text/vocab.h"
#include "tests/unit/task/toy.h"

static const char path[] = "test_squad.json";
static const char words[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n(\n)\n-\n1895\n1943\nwalk\n##ing\n##ed\nhe\n"
                            "was\nborn\nwhen\n?\ncafe\nin\n##s\n.\nis\n";
static struct vocab *vocab;
static struct wordpiece *wp;
static char warnings[4096];

static void on_warning(void *ud, const char *text)
{
    (void)ud;
    strncat(warnings, text, sizeof warnings - strlen(warnings) - 1);
}

static int setup(void **state)
{
    (void)state;
    struct wordpiece_options o = {.strip_accents = -1};
    struct err err = {0};
    vocab = vocab_parse("words", words, sizeof words - 1, NULL, NULL, &err);
    wp = vocab ? wordpiece_new(vocab, &o, &err) : NULL;
    return wp ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    wordpiece_free(wp);
    vocab_free(vocab);
    unlink(path);
    return 0;
}

/* One paragraph with one question. answers: the JSON of the array, or NULL for none. */
static int read_one(struct squad_set *s, const char *version, const char *context,
                    const char *question, const char *answers, struct err *err)
{
    char text[2048];
    snprintf(text, sizeof text,
             "{\"version\": \"%s\", \"data\": [{\"paragraphs\": [{\"context\": \"%s\", \"qas\": "
             "[{\"id\": \"q1\", \"question\": \"%s\"%s%s}]}]}]}",
             version, context, question, answers ? ", \"answers\": " : "", answers ? answers : "");
    toy_write(path, text);
    warnings[0] = 0;
    return squad_read(s, path, 1, on_warning, NULL, err);
}

static void test_offsets_are_code_points(void **state)
{
    (void)state;
    struct squad_set s;
    struct err err = {0};
    assert_int_equal(read_one(&s, "1.1", "猫 é 😀 he was born", "when ?",
                              "[{\"text\": \"born\", \"answer_start\": 13}]", &err), 0);
    assert_int_equal(s.n, 1);
    assert_string_equal(s.questions[0].context + s.questions[0].start, "born");
    assert_int_equal(s.questions[0].end - s.questions[0].start, 4);
    assert_int_equal(s.v2, 0);
    squad_set_free(&s);
}

static void refused(const char *answers, const char *warns, const char *says)
{
    struct squad_set s;
    struct err err = {0};
    assert_int_equal(read_one(&s, "1.1", "he was born", "when ?", answers, &err), E_INPUT);
    if (!strstr(err.text, says) || !strstr(err.text, path))
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
    if (warns && !strstr(warnings, warns))
        fail_msg("\"%s\" does not say \"%s\"", warnings, warns);
}

static void test_bad_answers(void **state)
{
    (void)state;
    refused(NULL, "has no answer", "no question");
    refused("[{\"text\": \"born\", \"answer_start\": -4}]", "outside its context", "no question");
    refused("[{\"text\": \"born\", \"answer_start\": 99999}]", "outside its context", "no question");
    refused("[{\"text\": \"dead\", \"answer_start\": 7}]", "another text", "no question");
    refused("[{\"text\": \"born\", \"answer_start\": \"7\"}]", NULL, "q1");
    refused("{}", NULL, "not an array");
    toy_write(path, "{\"data\": {}}");
    struct squad_set s;
    struct err err = {0};
    assert_int_equal(squad_read(&s, path, 1, NULL, NULL, &err), E_INPUT);
    assert_non_null(strstr(err.text, "data is not an array"));
    toy_write(path, "{\"data\": [{\"paragraphs\": [{\"context\": \"x");
    assert_int_equal(squad_read(&s, path, 1, NULL, NULL, &err), E_INPUT);
    assert_non_null(strstr(err.text, "line 1"));
}

static void cut(struct squad_windows *w, const struct squad_set *s, int length, int stride)
{
    struct err err = {0};
    struct squad_window_args a = {.max_length = length, .stride = stride, .max_query = 64};
    if (squad_windows(w, s, vocab, wp, &a, &err))
        fail_msg("%s", err.text);
}

/* Answers may begin and end inside words that stand between spaces, and inside pieces of a word. */
static void test_answers_onto_pieces(void **state)
{
    (void)state;
    struct squad_set s;
    struct squad_windows w;
    struct err err = {0};
    assert_int_equal(read_one(&s, "1.1", "He walked (1895-1943) in", "when ?",
                              "[{\"text\": \"1895\", \"answer_start\": 11}]", &err), 0);
    cut(&w, &s, 32, 16);
    assert_int_equal(w.items.n, 1);
    /* [CLS] when ? [SEP] he walk ##ed ( 1895 - 1943 ) in [SEP] */
    assert_int_equal(w.items.items[0].len, 14);
    assert_int_equal(w.items.items[0].len_a, 4);
    assert_int_equal(w.items.items[0].start, 8);
    assert_int_equal(w.items.items[0].end, 8);
    squad_windows_free(&w);
    squad_set_free(&s);
    assert_int_equal(read_one(&s, "1.1", "He Wálked in", "when ?",
                              "[{\"text\": \"Wálk\", \"answer_start\": 3}]", &err), 0);
    cut(&w, &s, 32, 16);
    assert_int_equal(w.items.items[0].start, 5); /* walk, without ##ed */
    assert_int_equal(w.items.items[0].end, 5);
    squad_windows_free(&w);
    squad_set_free(&s);
}

static void test_windows_overlap(void **state)
{
    (void)state;
    struct squad_set s;
    struct squad_windows w;
    struct err err = {0};
    assert_int_equal(read_one(&s, "1.1", "he is he is he is he is he is born .", "when ?",
                              "[{\"text\": \"born\", \"answer_start\": 30}]", &err), 0);
    cut(&w, &s, 11, 3); /* 12 pieces in windows of 6, every 3 */
    assert_int_equal(w.items.n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(w.rows[i].first, 3 * i);
        assert_int_equal(w.rows[i].count, 6);
        assert_int_equal(w.items.items[i].start, i == 2 ? 4 + 10 - 6 : 0);
        assert_int_equal(w.items.items[i].impossible, 0);
    }
    squad_windows_free(&w);
    cut(&w, &s, 11, 100); /* a stride past the window must not lose pieces */
    int covered = 0;
    for (size_t i = 0; i < w.items.n; i++) {
        assert_true(w.rows[i].first <= covered);
        covered = w.rows[i].first + w.rows[i].count;
    }
    assert_int_equal(covered, 12);
    squad_windows_free(&w);
    squad_set_free(&s);
}

static void add(struct span_beam *b, int k, int start, float score, int end, float end_score)
{
    b->starts = b->starts > k + 1 ? b->starts : k + 1;
    b->start[k].at = start;
    b->start[k].score = score;
    b->start[k].end[b->start[k].ends].at = end;
    b->start[k].end[b->start[k].ends++].score = end_score;
}

static void test_decode(void **state)
{
    (void)state;
    struct squad_set s;
    struct squad_windows w;
    struct squad_prediction p;
    struct err err = {0};
    static struct span_beam b;
    memset(&b, 0, sizeof b);
    assert_int_equal(read_one(&s, "1.1", "He  walked (1895-1943) in Cafés.", "when ?",
                              "[{\"text\": \"He\", \"answer_start\": 0}]", &err), 0);
    cut(&w, &s, 40, 16);
    /* 0 [CLS] 1 when 2 ? 3 [SEP] 4 he 5 walk 6 ##ed 7 ( 8 1895 9 - 10 1943 11 ) 12 in 13 cafe 14 ##s 15 . */
    add(&b, 0, 0, 9, 0, 9);     /* [CLS]: no answer of its own */
    add(&b, 1, 1, 8, 2, 8);     /* the question cannot answer itself */
    add(&b, 2, 8, 3, 7, 8);     /* ends before it starts */
    add(&b, 2, 8, 3, 10, 3);    /* 6: "1895-1943" */
    add(&b, 3, 13, 2, 14, 3);   /* 5: "Cafés" */
    add(&b, 3, 13, 2, 13, 1);   /* 3: "Café" */
    add(&b, 4, 4, 1, 5, 1);     /* 2: "He  walk": spaces as they stand */
    b.null_score = 7;
    assert_int_equal(squad_decode(&p, &s, &w, 0, 1, &b, 1, &err), 0);
    assert_int_equal(p.n, 4);
    assert_string_equal(p.best[0].text, "1895-1943");
    assert_string_equal(p.best[1].text, "Cafés");
    assert_string_equal(p.best[2].text, "Café");
    assert_string_equal(p.best[3].text, "He  walk");
    assert_true(p.null_score == 1); /* 7 - 6 */
    squad_prediction_free(&p);
    b.starts = 2;
    assert_int_equal(squad_decode(&p, &s, &w, 0, 1, &b, 0, &err), 0);
    assert_string_equal(p.best[0].text, "empty");
    assert_true(p.null_score == 7);
    squad_prediction_free(&p);
    squad_windows_free(&w);
    squad_set_free(&s);
}

/* The same words in two windows count once, and only where they have most context. */
static void test_decode_over_windows(void **state)
{
    (void)state;
    struct squad_set s;
    struct squad_windows w;
    struct squad_prediction p;
    struct err err = {0};
    static struct span_beam b[3];
    memset(b, 0, sizeof b);
    assert_int_equal(read_one(&s, "v2.0", "he is he is he is he is he is born .", "when ?",
                              "[{\"text\": \"born\", \"answer_start\": 30}]", &err), 0);
    assert_int_equal(s.v2, 1);
    cut(&w, &s, 11, 3);
    add(&b[0], 0, 4 + 5, 9, 4 + 5, 9); /* piece 5 is at the edge of window 0: window 1 answers */
    add(&b[1], 0, 4 + 2, 1, 4 + 2, 1); /* the same piece 5: "is" */
    add(&b[1], 1, 4 + 3, 1, 4 + 3, 2); /* piece 6: he */
    add(&b[2], 0, 4 + 4, 1, 4 + 4, 3); /* born */
    b[0].null_score = 3;
    b[1].null_score = -1;
    b[2].null_score = 2;
    assert_int_equal(squad_decode(&p, &s, &w, 0, 3, b, 0, &err), 0);
    assert_int_equal(p.n, 3);
    assert_string_equal(p.best[0].text, "born");
    assert_string_equal(p.best[1].text, "he");
    assert_string_equal(p.best[2].text, "is");
    assert_true(p.best[2].score == 2 && p.null_score == -1); /* the least sure window counts */
    squad_prediction_free(&p);
    squad_windows_free(&w);
    squad_set_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets_are_code_points), cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_answers_onto_pieces),     cmocka_unit_test(test_windows_overlap),
        cmocka_unit_test(test_decode),                  cmocka_unit_test(test_decode_over_windows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
