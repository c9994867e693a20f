/* Readers of task files: GLUE's quirks, tables, and what is refused. */
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
#include "src/task/examples.h"

static char path[] = "test_readers.tsv", warnings[4096];
static int whole; /* a file whose rows are counted */

static void on_warning(void *ud, const char *text)
{
    (void)ud;
    strncat(warnings, text, sizeof warnings - strlen(warnings) - 2);
    strcat(warnings, "\n");
}

static void put(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
    warnings[0] = 0;
}

static int read_as(const char *task_name, const char *columns, int labelled, char separator,
                   struct label_set *labels, struct examples *e, struct err *err)
{
    const struct task *t = task_find(task_name);
    assert_non_null(t);
    struct examples_args a = {.path = path, .layout = t->layout,
                              .columns = columns ? columns : labelled ? t->columns : t->tests,
                              .labelled = labelled, .regression = task_is_regression(t),
                              .heading = t->layout == LAYOUT_GLUE || !labelled,
                              .separator = separator, .labels = labels,
                              .collect = !strcmp(t->labels, "*"), .whole = whole, .warn = on_warning};
    if (!a.collect)
        assert_int_equal(label_set_parse(labels, t->labels, '|', err), 0);
    else
        memset(labels, 0, sizeof *labels);
    return examples_read(e, &a, err);
}

static void good(const char *task_name, const char *text, const char *columns, int labelled,
                 char separator, size_t n, struct label_set *labels, struct examples *e)
{
    struct err err = {0};
    put(text, strlen(text));
    if (read_as(task_name, columns, labelled, separator, labels, e, &err))
        fail_msg("%s: %s", task_name, err.text);
    assert_int_equal(e->n, n);
}

static void bad(const char *task_name, const char *text, const char *columns, const char *says)
{
    struct err err = {0};
    struct label_set labels;
    struct examples e;
    put(text, strlen(text));
    assert_int_equal(read_as(task_name, columns, 1, 0, &labels, &e, &err), E_INPUT);
    if (!strstr(err.text, says) || !strstr(err.text, path))
        fail_msg("\"%s\" does not say \"%s\" of %s", err.text, says, path);
    label_set_free(&labels);
}

static void done(struct label_set *labels, struct examples *e)
{
    label_set_free(labels);
    examples_free(e);
}

static void test_cola(void **state)
{
    (void)state;
    struct label_set l;
    struct examples e;
    /* no heading, CRLF, a quote that is a character, no newline at the end */
    good("cola", "a\t1\t\t\"Two  words\r\nb\t0\t*\tcafé\n\nc\t1\t\tlast\"", NULL, 1, 0, 3, &l, &e);
    assert_string_equal(examples_text(&e, e.rows[0].a), "\"Two  words");
    assert_string_equal(examples_text(&e, e.rows[1].a), "café");
    assert_string_equal(examples_text(&e, e.rows[2].a), "last\"");
    assert_int_equal(e.rows[1].label, 0);
    assert_int_equal(e.rows[2].line, 4);
    assert_int_equal(e.rows[0].b, 0);
    done(&l, &e);
    good("cola", "index\tsentence\n0\tone\n", NULL, 0, 0, 1, &l, &e); /* the test file has one */
    assert_string_equal(examples_text(&e, e.rows[0].a), "one");
    assert_int_equal(e.rows[0].label, -1);
    done(&l, &e);
}

static void test_pairs(void **state)
{
    (void)state;
    struct label_set l;
    struct examples e;
    good("MRPC", "\xEF\xBB\xBFQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tfirst\tsecond\n",
         NULL, 1, 0, 1, &l, &e);
    assert_string_equal(examples_text(&e, e.rows[0].a), "first");
    assert_string_equal(examples_text(&e, e.rows[0].b), "second");
    assert_int_equal(e.rows[0].label, 1);
    done(&l, &e);
    good("mnli", "h\n0\t_\t_\t_\t_\t_\t_\t_\tpremise\thypothesis\tneutral\tneutral\n"
                 "0\t_\t_\t_\t_\t_\t_\t_\tp\th\ta\tb\tc\td\te\tentailment\n", NULL, 1, 0, 2, &l, &e);
    assert_int_equal(e.rows[0].label, 2);
    assert_int_equal(e.rows[1].label, 1); /* dev has more columns: the last is gold */
    done(&l, &e);
    good("sts-b", "heading\n0\tg\tf\t2012\t0\tn\tn\tA a.\tB b.\t3.800\n", NULL, 1, 0, 1, &l, &e);
    assert_true(e.rows[0].score > 3.7999 && e.rows[0].score < 3.8001);
    assert_string_equal(examples_text(&e, e.rows[0].b), "B b.");
    done(&l, &e);
}

static void test_short_rows_are_skipped_aloud(void **state)
{
    (void)state;
    struct label_set l;
    struct examples e;
    good("qqp", "id\n1\t2\t3\tq1\tq2\t0\r\n1\t2\t3\n1\t2\t3\tq3\tq4\t1\n", NULL, 1, 0, 2, &l, &e);
    assert_non_null(strstr(warnings, "test_readers.tsv line 3"));
    assert_int_equal(e.skipped, 1);
    assert_int_equal(e.rows[1].label, 1);
    done(&l, &e);
}

static void test_refusals(void **state)
{
    (void)state;
    bad("cola", "a\tmaybe\t\tx\n", NULL, "line 1: the label \"maybe\"");
    bad("cola", "a\t1\t\tx\na\t01\t\tx\n", NULL, "line 2: the label \"01\"");
    bad("sst2", "sentence\tlabel\n", NULL, "no example");
    bad("stsb", "h\n0\tg\tf\t1\t0\tn\tn\ta\tb\thigh\n", NULL, "line 2: the score \"high\"");
    bad("stsb", "h\n0\tg\tf\t1\t0\tn\tn\ta\tb\tnan\n", NULL, "line 2: the score");
    bad("cola", "a\t\x1b[31m\t\tx\n", NULL, "<1B>");
    bad("classification", "a\tlabel\nx\t1\n", "label,text", "no column text");
    bad("classification", "", "label,text", "no example");
}

static void test_tables(void **state)
{
    (void)state;
    struct label_set l;
    struct examples e;
    good("classification", "id,label,text\r\n1,zwei,\"a, \"\"b\"\"\nc\"\r\n2,eins, d \r\n", "label,text", 1,
         ',', 2, &l, &e);
    assert_string_equal(examples_text(&e, e.rows[0].a), "a, \"b\"\nc");
    assert_string_equal(examples_text(&e, e.rows[1].a), " d ");
    assert_int_equal(l.n, 2);
    assert_string_equal(l.names[0], "eins"); /* by their bytes, not by the file */
    assert_int_equal(e.rows[0].label, 1);
    done(&l, &e);
    good("nsmc", "id\tdocument\tlabel\n1\t\"좋다\t1\n2\t싫다\"\t0\n", NULL, 1, 0, 2, &l, &e);
    assert_string_equal(examples_text(&e, e.rows[0].a), "\"좋다"); /* quotes are characters */
    done(&l, &e);
    good("korsts", "genre\tfilename\tyear\tid\tscore\tsentence1\tsentence2\na\tb\tc\td\t2.5\tA\tB\n", NULL, 1,
         0, 1, &l, &e);
    assert_true(e.rows[0].score == 2.5);
    done(&l, &e);
}

/* Lines are those of the file: quoted ends and empty lines count, rows that are left out too. */
static void test_places_are_those_of_the_file(void **state)
{
    (void)state;
    struct label_set l;
    struct examples e;
    good("classification", "label,text\r\n1,\"a\nb\nc\"\r\n\r\n2\r\n1,d\r\n", "label,text", 1, ',', 2, &l, &e);
    assert_int_equal(e.rows[0].line, 2);
    assert_int_equal(e.rows[1].line, 7);
    assert_int_equal(e.rows[0].row, 0);
    assert_int_equal(e.rows[1].row, 2);
    assert_non_null(strstr(warnings, "line 6: 1 columns"));
    done(&l, &e);
    good("qqp", "id\n1\t2\t3\n\n1\t2\t3\tq3\tq4\t1\n", NULL, 1, 0, 1, &l, &e);
    assert_int_equal(e.rows[0].line, 4);
    assert_int_equal(e.rows[0].row, 1);
    done(&l, &e);
    bad("classification", "\n\nlabel\ttext\n1\tx\n", "label,none", "line 3: there is no column none");
}

/* What is predicted stands beside a row's number, so no row may be missing. */
static void test_whole_files(void **state)
{
    (void)state;
    static const struct { const char *task, *text, *says; } refused[] = {
        {"stsb", "h\n0\tg\tf\t2\t0\tn\tn\ta\tb\n1\n2\tg\tf\t2\t0\tn\tn\ta\tb\n", "line 3: 1 columns are too few"},
        {"cola", "index\tsentence\n0\ta\n\n1\tb\n", "line 3 is empty, and rows follow it"},
        {"korsts", "id\tsentence1\tsentence2\n1\ta\tb\n\n2\ta\tb\n", "line 3 is empty"},
        {"korsts", "id\tsentence1\tsentence2\n1\ta\n", "line 2: 2 columns"},
    };
    struct label_set l;
    struct examples e;
    whole = 1;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct err err = {0};
        put(refused[i].text, strlen(refused[i].text));
        assert_int_equal(read_as(refused[i].task, NULL, 0, 0, &l, &e, &err), E_INPUT);
        if (!strstr(err.text, refused[i].says) || !strstr(err.text, path))
            fail_msg("\"%s\" does not say \"%s\"", err.text, refused[i].says);
        label_set_free(&l);
    }
    good("cola", "index\tsentence\n0\ta\n1\tb\n\n\n", NULL, 0, 0, 2, &l, &e); /* the end may be empty */
    assert_int_equal(e.rows[1].row, 1);
    done(&l, &e);
    whole = 0;
}

static void test_nul_bytes_stay_inside(void **state)
{
    (void)state;
    struct err err = {0};
    struct label_set l;
    struct examples e;
    put("a\t1\t\tone\0two\n", 12);
    assert_int_equal(read_as("cola", NULL, 1, 0, &l, &e, &err), 0);
    assert_string_equal(examples_text(&e, e.rows[0].a), "one two");
    done(&l, &e);
}

static void test_names(void **state)
{
    (void)state;
    struct err err = {0};
    const struct task *t;
    assert_ptr_equal(task_find("SST-2"), task_find("sst2"));
    assert_ptr_equal(task_find("CoLA"), task_find("cola"));
    assert_null(task_find("col"));
    assert_int_equal(task_get("glue", &t, &err), E_USAGE);
    assert_non_null(strstr(err.text, "korquad")); /* the whole list is in the sentence */
}

static int clean(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cola),      cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_short_rows_are_skipped_aloud), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_tables),    cmocka_unit_test(test_nul_bytes_stay_inside),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_places_are_those_of_the_file),
        cmocka_unit_test(test_whole_files),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
