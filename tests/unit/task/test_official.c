/* Published predictions score exactly what the official script says; and the files of real tasks
 * are read whole. The data are not part of the project: without them the test is skipped.
 * ELECTROSCOPE_DATA names their folder, else it is looked for beside the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/task/examples.h"
#include "src/task/score.h"
#include "src/task/squad.h"

static char root[3000];

static const char *at(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void check_scores(const char *name, const char *data)
{
    char file[256], data_path[4096], predictions[4096];
    struct squad_result r;
    struct err err = {0};
    size_t n;
    snprintf(data_path, sizeof data_path, "%s", at(data));
    snprintf(file, sizeof file, "squad/eval/%s-predictions.json", name);
    snprintf(predictions, sizeof predictions, "%s", at(file));
    if (squad_score_files(data_path, predictions, NULL, &r, NULL, NULL, &err))
        fail_msg("%s", err.text);
    snprintf(file, sizeof file, "squad/eval/%s-expected.json", name);
    json_t *want = json_load_file(at(file), 0, NULL);
    assert_non_null(want);
    static const char *const keys[2][2] = {{"exact", "f1"}, {"exact_match", "f1"}};
    for (int which = 0; which < 2; which++) {
        const char *key = keys[0][which];
        if (!json_object_get(want, key))
            key = keys[1][which];
        double expected = json_number_value(json_object_get(want, key));
        double got = squad_at(r.questions, r.n, INFINITY, which, 0, &n);
        assert_true(expected > 50);
        if (!(fabs(got - expected) < 1e-7))
            fail_msg("%s: %s is %.10f, the official script says %.10f", name, key, got, expected);
    }
    json_decref(want);
    squad_result_free(&r);
}

static void test_published_predictions(void **state)
{
    (void)state;
    check_scores("squad1-xquad-en-articles", "squad/squad1-xquad-en-articles.json");
    check_scores("squad2-normans-rhine", "squad/eval/squad2-normans-rhine.json");
}

static void count(const char *task_name, const char *file, int labelled, size_t n)
{
    const struct task *t = task_find(task_name);
    struct label_set labels = {0};
    struct examples e;
    struct err err = {0};
    struct examples_args a = {.path = at(file), .layout = t->layout,
                              .columns = labelled ? t->columns : t->tests, .labelled = labelled,
                              .regression = task_is_regression(t), .labels = &labels,
                              .heading = t->layout == LAYOUT_GLUE || !labelled};
    assert_int_equal(label_set_parse(&labels, t->labels, '|', &err), 0);
    if (examples_read(&e, &a, &err))
        fail_msg("%s", err.text);
    if (e.n != n || e.skipped)
        fail_msg("%s: %zu examples and %zu skipped, expected %zu", file, e.n, e.skipped, n);
    examples_free(&e);
    label_set_free(&labels);
}

/* The sizes that the tasks are known to have. */
static void test_task_files_are_read_whole(void **state)
{
    (void)state;
    count("cola", "glue/CoLA/train.tsv", 1, 8551);
    count("cola", "glue/CoLA/dev.tsv", 1, 1043);
    count("cola", "glue/CoLA/test.tsv", 0, 1063);
    count("sst2", "glue/SST-2/train.tsv", 1, 67349);
    count("mrpc", "glue/MRPC/train.tsv", 1, 3668);
    count("mrpc", "glue/MRPC/test.tsv", 0, 1725);
    count("stsb", "glue/STS-B/train.tsv", 1, 5749);
    count("stsb", "glue/STS-B/test.tsv", 0, 1379);
    count("qqp", "glue/QQP/dev.tsv", 1, 9);
    count("mnli", "glue/MNLI/dev_matched.tsv", 1, 2315);
    count("qnli", "glue/QNLI/dev.tsv", 1, 5463);
    count("rte", "glue/RTE/train.tsv", 1, 2490);
    count("wnli", "glue/WNLI/train.tsv", 1, 635);
    count("ax", "glue/AX/diagnostic.tsv", 0, 1104);
    count("nsmc", "ko/nsmc/ratings_train.txt", 1, 20000);
    count("kornli", "ko/kornli/xnli.dev.ko.tsv", 1, 2490);
    count("korsts", "ko/korsts/sts-train.tsv", 1, 5749);
}

static void questions(const char *file, size_t at_least, size_t skipped_at_most)
{
    struct squad_set s;
    struct err err = {0};
    if (squad_read(&s, at(file), 1, NULL, NULL, &err))
        fail_msg("%s", err.text);
    if (s.n < at_least || s.skipped > skipped_at_most)
        fail_msg("%s: %zu questions, %zu skipped", file, s.n, s.skipped);
    squad_set_free(&s);
}

static void test_question_files_are_read_whole(void **state)
{
    (void)state;
    questions("squad/squad1-train-articles.json", 1000, 0);
    questions("squad/squad2-train-articles.json", 2000, 0);
    questions("ko/korquad/KorQuAD_v1.0_dev.json", 5000, 60);
}

int main(void)
{
    const char *data = getenv("ELECTROSCOPE_DATA"), *src = getenv("srcdir");
    snprintf(root, sizeof root, "%s%s", data ? data : src ? src : ".", data ? "" : "/../shared/data");
    if (!file_exists(at("squad/eval/squad1-xquad-en-articles-expected.json"))) {
        printf("skipped: there are no data in %s\n", root);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_predictions),
        cmocka_unit_test(test_task_files_are_read_whole),
        cmocka_unit_test(test_question_files_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
