/* Fine-tuning as a whole on toy tasks: it learns, threads change nothing, predictions and models
 * are written and read back, stuck runs are said to be stuck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/finetune_run.h"
#include "src/base/file.h"
#include "src/math/math.h"
#include "src/task/glue_average.h"
#include "src/task/score.h"
#include "src/task/tuner.h"
#include "tests/unit/task/toy.h"

static char dir[] = "test_finetune.XXXXXX";
static char model[128], cola[128], stsb[128], squad1[128], squad2[128], output[128];

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(model, sizeof model, "%s/model", dir);
    snprintf(cola, sizeof cola, "%s/CoLA", dir);
    snprintf(stsb, sizeof stsb, "%s/STS-B", dir);
    snprintf(squad1, sizeof squad1, "%s/squad1.json", dir);
    snprintf(squad2, sizeof squad2, "%s/squad2.json", dir);
    snprintf(output, sizeof output, "%s/out", dir);
    toy_model(model);
    toy_cola(cola, 200, 60);
    toy_stsb(stsb, 200, 60);
    toy_squad(squad1, 120, 0);
    toy_squad(squad2, 120, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) != 0;
}

static struct finetune_args args(const char *task)
{
    struct finetune_args a = {.task = task_find(task), .model = model, .data = dir};
    finetune_defaults(&a.config);
    a.config.random_init = 1;
    a.config.learning_rate = 2e-3;
    a.config.layerwise_decay = 1;
    a.config.epochs = 8;
    a.config.batch = 16;
    a.config.dropout = 0.05;
    a.config.threads = 2;
    return a;
}

static double score(const struct finetune_result *r, const char *name)
{
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->scores[i].name, name))
            return r->scores[i].value;
    return NAN;
}

static struct finetune_result tune(const struct finetune_args *a)
{
    struct finetune_result r;
    struct err err = {0};
    if (finetune_run(a, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

/* The copy of a tuned network is the network, byte by byte. */
static void check_copy(const char *tuned)
{
    static const char *const files[] = {"model.safetensors", "config.json", "tokenizer.json", "vocab.txt"};
    char to[160], path[200], *a, *b;
    uint64_t params = 0;
    size_t na, nb;
    struct err err = {0};
    snprintf(to, sizeof to, "%s/copy", dir);
    assert_int_equal(file_mkdirs(to, NULL), 0);
    if (tuned_copy(tuned, to, &params, NULL, NULL, &err))
        fail_msg("%s", err.text);
    assert_true(params > 1000);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", tuned, files[i]);
        assert_int_equal(file_read(path, 1 << 24, &a, &na, NULL), 0);
        snprintf(path, sizeof path, "%s/%s", to, files[i]);
        assert_int_equal(file_read(path, 1 << 24, &b, &nb, NULL), 0);
        if (na != nb || memcmp(a, b, na))
            fail_msg("%s differs", files[i]);
        free(a);
        free(b);
    }
}

/* A model that numbers the classes the other way round scores the same. */
static void test_labels_of_a_model_count(void **state)
{
    (void)state;
    struct finetune_args a = args("cola");
    char tuned[160], config[200], text[4096];
    a.output = output;
    a.save_model = 1;
    a.labels = "1,0";
    struct finetune_result r = tune(&a);
    snprintf(tuned, sizeof tuned, "%s/model", output);
    struct finetune_args again = args("cola");
    again.model = tuned;
    again.config.random_init = 0;
    again.config.epochs = 0;
    struct finetune_result e = tune(&again); /* the task says 0,1: the model is believed */
    assert_true(score(&e, "accuracy") == score(&r, "accuracy") && score(&r, "accuracy") > 90);
    snprintf(config, sizeof config, "%s/config.json", tuned);
    FILE *f = fopen(config, "r");
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    assert_non_null(strstr(text, "\"0\": \"1\""));
}

static void test_learns_and_reads_back(void **state)
{
    (void)state;
    struct finetune_args a = args("cola");
    a.output = output;
    a.save_model = 1;
    for (int head = 0; head < 2; head++) {
        a.config.head = head;
        struct finetune_result r = tune(&a);
        assert_int_equal(r.failed, 0);
        assert_int_equal(r.examples, 200);
        assert_string_equal(r.scores[0].name, "matthews"); /* the task's main score */
        if (!(score(&r, "matthews") > 90))
            fail_msg("head %d: matthews %g", head, score(&r, "matthews"));
        char tuned[160], path[200], *text;
        size_t size;
        snprintf(tuned, sizeof tuned, "%s/model", output);
        struct finetune_args again = args("cola");
        again.model = tuned;
        again.config.random_init = 0;
        again.config.epochs = 0;
        again.config.head = head;
        struct finetune_result e = tune(&again);
        for (int i = 0; i < r.n; i++)
            assert_true(e.scores[i].value == r.scores[i].value);
        snprintf(path, sizeof path, "%s/dev.tsv", output);
        assert_int_equal(file_read(path, 1 << 20, &text, &size, NULL), 0);
        assert_memory_equal(text, "index\tprediction\n0\t", 19);
        free(text);
        check_copy(tuned);
    }
}

static void same_results(const struct finetune_args *base)
{
    struct finetune_args a = *base;
    a.config.threads = 1;
    struct finetune_result one = tune(&a);
    a.config.threads = 3;
    struct finetune_result three = tune(&a);
    assert_true(one.loss == three.loss && one.n == three.n && one.n > 0);
    for (int i = 0; i < one.n; i++)
        assert_true(one.scores[i].value == three.scores[i].value ||
                    (isnan(one.scores[i].value) && isnan(three.scores[i].value)));
    a.config.seed++;
    assert_true(tune(&a).loss != one.loss); /* the comparison is not blind */
}

static void test_threads_change_nothing(void **state)
{
    (void)state;
    struct finetune_args a = args("cola"), q = args("squad2");
    a.config.epochs = 1;
    same_results(&a);
    q.train = q.dev = squad2;
    q.config.epochs = 1;
    q.config.train_examples = 40;
    same_results(&q);
}

static void test_regression(void **state)
{
    (void)state;
    struct finetune_args a = args("stsb");
    struct finetune_result r = tune(&a);
    assert_int_equal(r.examples, 400); /* both orders */
    assert_string_equal(r.scores[0].name, "spearman");
    if (!(score(&r, "spearman") > 85))
        fail_msg("spearman %g", score(&r, "spearman"));
    a.config.ordered = 1;
    a.config.epochs = 1;
    assert_int_equal(tune(&a).examples, 200);
}

/* Numbers of column `prediction` of a file in `output`; their count. */
static int predictions(const char *name, double *out, int most)
{
    char path[200], *text, *save = NULL;
    size_t size;
    int n = 0;
    long index;
    snprintf(path, sizeof path, "%s/%s", output, name);
    assert_int_equal(file_read(path, 1 << 20, &text, &size, NULL), 0);
    strtok_r(text, "\n", &save);
    for (char *line; n < most && (line = strtok_r(NULL, "\n", &save)); n++) {
        assert_int_equal(sscanf(line, "%ld\t%lf", &index, &out[n]), 2);
        assert_int_equal(index, n);
    }
    free(text);
    return n;
}

/* STS-B's scores go from 0 to 5: what is written and scored does too, with either head. */
static void test_scores_keep_their_bounds(void **state)
{
    (void)state;
    char test[200], wild[200];
    double p[100];
    int most = 0;
    struct finetune_args a = args("stsb");
    snprintf(test, sizeof test, "%s/sts-test.tsv", dir);
    toy_write(test, "index\tgenre\tsentence1\tsentence2\n0\tg\tthe cat good good good good good good good good good\t"
                    "the cat\n1\tg\tthe cat\tthe dog\n2\tg\tbad bad\tbad\n");
    a.test = test;
    a.output = output;
    a.config.epochs = 6;
    for (int head = 0; head < 2; head++) {
        a.config.head = head;
        tune(&a);
        int n = predictions("dev.tsv", p, 100);
        assert_int_equal(n, 60);
        for (int i = 0; i < n; i++) {
            assert_true(p[i] >= 0 && p[i] <= 5);
            most += p[i] == 0 || p[i] == 5;
        }
        assert_int_equal(predictions("STS-B.tsv", p, 100), 3);
    }
    assert_true(most > 0); /* some would have been outside */
    snprintf(wild, sizeof wild, "%s/wild.tsv", dir);
    toy_write(wild, "score\tsentence1\tsentence2\n-40\tthe cat\tthe dog\n-50\tthe hat good\tthe dog\n");
    struct finetune_args plain = args("regression"); /* a score without bounds */
    plain.train = plain.dev = wild;
    plain.output = output;
    tune(&plain);
    assert_int_equal(predictions("dev.tsv", p, 100), 2);
    assert_true(p[0] < -30 && p[1] < -30);
}

/* A test file with a row that cannot be read is refused before anything is trained. */
static void test_submissions_do_not_shift(void **state)
{
    (void)state;
    char test[200];
    struct finetune_result r;
    struct err err = {0};
    struct finetune_args a = args("cola");
    snprintf(test, sizeof test, "%s/cola-test.tsv", dir);
    toy_write(test, "index\tsentence\n0\tthe cat is good .\n1\n2\tthe dog is bad .\n");
    a.test = test;
    a.output = output;
    assert_int_equal(finetune_run(&a, &r, &err), E_INPUT);
    assert_non_null(strstr(err.text, "cola-test.tsv line 3: 1 columns are too few"));
}

/* Answers are learnt, and the prediction file scores as the result says. */
static void check_spans(const char *task, const char *file, int head)
{
    struct finetune_args a = args(task);
    struct squad_result q;
    struct err err = {0};
    char predictions[160];
    a.train = a.dev = file;
    a.output = output;
    a.config.head = head;
    a.config.epochs = 20;
    struct finetune_result r = tune(&a);
    if (!(score(&r, "f1") > 70))
        fail_msg("%s, head %d: f1 %g", task, head, score(&r, "f1"));
    snprintf(predictions, sizeof predictions, "%s/predictions.json", output);
    if (squad_score_files(file, predictions, NULL, &q, NULL, NULL, &err))
        fail_msg("%s", err.text);
    size_t n;
    assert_true(fabs(squad_at(q.questions, q.n, INFINITY, 1, 0, &n) - score(&r, "f1")) < 1e-9);
    assert_true(fabs(squad_at(q.questions, q.n, INFINITY, 0, 0, &n) - score(&r, "exact")) < 1e-9);
    squad_result_free(&q);
}

static void test_spans(void **state)
{
    (void)state;
    check_spans("squad1", squad1, FINETUNE_RELEASED);
    check_spans("squad1", squad1, FINETUNE_HF);
    check_spans("squad2", squad2, FINETUNE_HF);
    check_spans("squad2", squad2, FINETUNE_RELEASED);
}

static void test_stuck_runs_are_said(void **state)
{
    (void)state;
    struct finetune_args a = args("cola");
    a.config.learning_rate = 0;
    a.config.epochs = 1;
    struct finetune_result r = tune(&a);
    assert_int_equal(r.failed, 1);
    assert_non_null(strstr(r.why, "every dev example is called"));
    assert_true(score(&r, "matthews") == 0);
}

static void test_seeds(void **state)
{
    (void)state;
    struct finetune_seeds_args a = {.base = args("cola"), .seeds = 3, .at_once = 2};
    struct finetune_seeds many;
    struct err err = {0};
    a.base.config.epochs = 1;
    a.base.config.learning_rate = 2e-3;
    if (finetune_run_seeds(&a, &many, &err))
        fail_msg("%s", err.text);
    assert_int_equal(many.n, 3);
    for (int i = 0; i < 3; i++) {
        struct finetune_args one = a.base;
        one.config.seed = i + 1;
        assert_int_equal(many.seeds[i].seed, i + 1);
        struct finetune_result r = tune(&one);
        assert_true(r.loss == many.seeds[i].result.loss);
        assert_true(r.scores[0].value == many.seeds[i].result.scores[0].value);
    }
    assert_true(many.summary[0].min <= many.summary[0].median);
    assert_true(many.summary[0].median <= many.summary[0].max);
    finetune_seeds_free(&many);
    a.base.model = dir; /* no model there: one clear error, not three */
    assert_int_equal(finetune_run_seeds(&a, &many, &err), E_INPUT);
    assert_non_null(strstr(err.text, "config.json"));
    finetune_seeds_free(&many);
}

static void test_summary(void **state)
{
    (void)state;
    static const double values[] = {4, 1, NAN, 2, 3, 10};
    struct finetune_summary s;
    finetune_summarise(values, 6, &s);
    assert_int_equal(s.n, 5);
    assert_true(s.min == 1 && s.q1 == 2 && s.median == 3 && s.q3 == 4 && s.max == 10);
    finetune_summarise(values, 1, &s);
    assert_true(s.q1 == 4 && s.max == 4);
    finetune_summarise(values + 2, 1, &s);
    assert_true(s.n == 0 && isnan(s.median));
}

static double fixed(void *ud, const char *task, const char *metric)
{
    static const struct { const char *task, *metric; double value; } scores[] = {
        {"cola", "matthews", 50},     {"cola", "accuracy", 99}, {"mrpc", "accuracy", 80},
        {"mrpc", "f1", 90},           {"stsb", "spearman", 70}, {"stsb", "pearson", 72},
        {"mnli", "accuracy", 60},     {"mnli", "accuracy_mm", 64}, {"wnli", "accuracy", 56},
    };
    (void)ud;
    for (size_t i = 0; i < sizeof scores / sizeof scores[0]; i++)
        if (!strcmp(scores[i].task, task) && !strcmp(scores[i].metric, metric))
            return scores[i].value;
    return NAN;
}

static double nothing(void *ud, const char *task, const char *metric)
{
    (void)ud;
    (void)task;
    (void)metric;
    return NAN;
}

struct told { int calls, n, ordered; size_t wrong, of; struct finetune_mistake first; };

static void on_mistakes(void *ud, const struct finetune_mistakes *m)
{
    struct told *t = ud;
    t->calls++;
    t->n = m->n;
    t->wrong = m->wrong;
    t->of = m->of;
    t->ordered = 1;
    for (int i = 1; i < m->n; i++)
        t->ordered &= m->rows[i - 1].confidence >= m->rows[i].confidence;
    if (m->n)
        t->first = m->rows[0];
}

/* As many as the accuracy says, once, at the end; each with what it should have been. */
static void test_mistakes_are_told(void **state)
{
    (void)state;
    struct finetune_args a = args("cola");
    struct told t = {0};
    a.mistakes = on_mistakes;
    a.ud = &t;
    a.config.epochs = 2;
    a.config.learning_rate = 1e-5; /* learns next to nothing */
    struct finetune_result r = tune(&a);
    assert_int_equal(t.calls, 1);
    assert_int_equal(t.of, r.dev_examples);
    assert_true(fabs(score(&r, "accuracy") - 100 * (1 - (double)t.wrong / (double)t.of)) < 1e-9);
    assert_true(t.wrong > 0 && t.ordered);
    assert_int_equal(t.n, t.wrong < MISTAKES_MAX ? t.wrong : MISTAKES_MAX);
    assert_string_not_equal(t.first.label, t.first.said);
    assert_true(t.first.confidence >= .5 && t.first.confidence <= 1);
    assert_true(t.first.text[0] && !t.first.second[0]);
}

static void test_average(void **state)
{
    (void)state;
    int n;
    assert_true(fabs(glue_average(fixed, NULL, 0, &n) - (50 + 80 + 70 + 60) / 4.0) < 1e-12);
    assert_int_equal(n, 4);
    assert_true(fabs(glue_average(fixed, NULL, 1, &n) - (50 + 85 + 71 + 62 + 56) / 5.0) < 1e-12);
    assert_int_equal(n, 5);
    assert_true(isnan(glue_average(nothing, NULL, 1, &n)) && n == 0);
}

static void test_stop(void **state)
{
    (void)state;
    struct finetune_args a = args("cola");
    atomic_int stop = 1;
    struct finetune_result r;
    struct err err = {0};
    a.stop = &stop;
    assert_int_equal(finetune_run(&a, &r, &err), E_STOPPED);
    assert_non_null(strstr(err.text, "step 1"));
}

static void test_check(void **state)
{
    (void)state;
    struct finetune_args a = args("cola");
    struct finetune_check c;
    struct err err = {0};
    assert_int_equal(finetune_check(&a, &c, &err), 0);
    assert_int_equal(c.examples, 200);
    assert_int_equal(c.per_label[0] + c.per_label[1], 200);
    a.config.random_init = 0; /* the toy directory has no weights */
    assert_int_equal(finetune_check(&a, &c, &err), E_IO);
    assert_non_null(strstr(err.text, "model.safetensors"));
}

int main(void)
{
#ifdef __SANITIZE_THREAD__
    /* Where threads meet; the long trainings take minutes under the thread sanitizer. */
    const struct CMUnitTest threaded[] = {cmocka_unit_test(test_threads_change_nothing),
                                          cmocka_unit_test(test_seeds), cmocka_unit_test(test_stop)};
    math_init();
    return cmocka_run_group_tests_name("threads", threaded, setup, teardown);
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_and_reads_back), cmocka_unit_test(test_labels_of_a_model_count),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_regression),
        cmocka_unit_test(test_scores_keep_their_bounds), cmocka_unit_test(test_submissions_do_not_shift),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_stuck_runs_are_said),   cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_summary),               cmocka_unit_test(test_stop), cmocka_unit_test(test_average),
        cmocka_unit_test(test_mistakes_are_told),
        cmocka_unit_test(test_check),
    };
    math_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
