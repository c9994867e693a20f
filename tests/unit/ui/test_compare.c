/* The Compare and Scores screens on a grid of finished runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/score_table.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/compare_int.h"
#include "ui/screen/scores_int.h"
#include "ui/term/theme.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_compare.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_grid(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static struct app *start(const char *screen, struct app_args *args)
{
    char path[128];
    struct app_args plain = {.theme = 0, .color = 1};
    snprintf(path, sizeof path, "%s/electroscope", dir);
    file_remove_tree(path, NULL);
    struct app *a = fixture_app(dir, screen, args ? args : &plain);
    assert_non_null(a);
    return a;
}

static struct app *marked(struct app_args *args, int n, const int64_t *ids)
{
    struct app *a = start("Compare", args);
    for (int i = 0; i < n; i++) app_mark(a, ids[i], 1);
    app_show(a, a->current);
    return a;
}

static double sql(const char *text)
{
    double v = fixture_value(dir, text);
    assert_false(isnan(v)); /* there is such a row */
    return v;
}

static void test_pictures(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 5}, three[] = {3, 1, 4};
    struct app *a = marked(NULL, 2, two);
    int bad = fixture_golden(a, 24, 80, "compare-80x24") + fixture_golden(a, 36, 120, "compare-120x36");
    fixture_keys(a, "Tab Tab");
    bad += fixture_golden(a, 24, 80, "compare-curve-80x24");
    app_free(a);
    a = marked(NULL, 3, three);
    bad += fixture_golden(a, 36, 120, "compare-three-120x36");
    app_free(a);
    a = start("Scores", NULL);
    bad += fixture_golden(a, 24, 80, "scores-80x24") + fixture_golden(a, 36, 120, "scores-120x36");
    app_free(a);
    struct app_args mono = {.theme = THEME_MONO, .color = 1}, ascii = {.theme = THEME_MONO, .ascii = 1};
    a = start("Scores", &mono);
    bad += fixture_golden(a, 24, 80, "scores-mono-80x24");
    app_free(a);
    a = marked(&ascii, 2, two);
    bad += fixture_golden(a, 24, 80, "compare-ascii-80x24");
    app_free(a);
    assert_int_equal(bad, 0);
}

static void test_small_sizes_and_every_key(void **state)
{
    (void)state;
    static const int64_t ids[] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const char *const keys[] = {"Tab", "Tab", "Tab", "z", "Down", "G", "Esc", "=", "a", "a", "s", "s", "B",
                                       "Right", "S-Right", "S-Left", "Left", ".", ",", "g"};
    for (int k = 0; k < 2; k++) {
        struct app *a = k ? start("Scores", NULL) : marked(NULL, 8, ids);
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            fixture_keys(a, keys[i]);
            for (int h = 1; h < 50; h += 12)
                for (int w = 1; w < 220; w += 39) free(fixture_text(a, h, w));
            free(fixture_text(a, 8, 40));
        }
        app_free(a);
    }
}

static void test_nothing_marked_says_how(void **state)
{
    (void)state;
    struct app *a = start("Compare", NULL);
    assert_true(fixture_shows(a, 24, 80, "Mark two to 8 runs with Space"));
    assert_true(fixture_shows(a, 24, 80, "no run marked"));
    app_mark(a, 2, 1); /* and the selected one makes two */
    app_show(a, a->current);
    assert_true(fixture_shows(a, 24, 80, "configuration"));
    app_free(a);
}

static void test_differences_come_first(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 4};
    struct app *a = marked(NULL, 2, two);
    const struct comparison *s = app_self(a);
    assert_true(s->c.ndiffer >= 3);
    for (int i = 0; i < s->c.nlines; i++)
        assert_int_equal(s->c.lines[i].differs, i < s->c.ndiffer);
    assert_string_equal(s->c.lines[0].name, "tie");
    assert_true(fixture_shows(a, 24, 80, "generator_size"));
    assert_false(fixture_shows(a, 24, 80, "learning_rate"));
    fixture_keys(a, "= z G");
    assert_true(fixture_shows(a, 24, 80, "program"));
    app_free(a);
}

static void test_results_equal_the_store(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 3};
    struct app *a = marked(NULL, 2, two);
    int rows;
    char *csv = fixture_export(a, &rows), want[160];
    snprintf(want, sizeof want, "result,val_rtd_auc_common,%.17g,%.17g,%s,",
             sql("SELECT last FROM v_summary WHERE run = 1 AND metric = 'val_rtd_auc_common'"),
             sql("SELECT last FROM v_summary WHERE run = 3 AND metric = 'val_rtd_auc_common'"), "embeddings-1/4-s1");
    assert_non_null(strstr(csv, want));
    assert_non_null(strstr(csv, "config,tie,none,embeddings,"));
    free(csv);
    app_free(a);
}

/* A run that stopped early is compared where it stopped. */
static void test_the_last_common_step(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 2};
    char text[160];
    assert_int_equal(fixture_sql(dir, "UPDATE run SET step = 5000 WHERE id = 2"), 0);
    struct app *a = marked(NULL, 2, two);
    const struct comparison *s = app_self(a);
    assert_int_equal(s->c.step, 5000);
    assert_float_equal(s->c.metrics[0].value[0], sql("SELECT value FROM v_metrics WHERE run = 1 AND step = 5000 AND "
                       "metric = 'val_rtd_auc_common'"), 1e-12);
    fixture_keys(a, "a");
    snprintf(text, sizeof text, "at each run's end");
    assert_true(fixture_shows(a, 36, 120, text));
    assert_float_equal(s->c.metrics[0].value[0], sql("SELECT value FROM v_metrics WHERE run = 1 AND step = 10000 AND "
                       "metric = 'val_rtd_auc_common'"), 1e-12);
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET step = 10000 WHERE id = 2"), 0);
}

static void test_the_same_sentence(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 5};
    struct app *a = marked(NULL, 2, two);
    const struct comparison *s = app_self(a);
    assert_int_equal(s->source, TOKENS_PROBE);
    assert_non_null(compare_sequence(s, 1));
    assert_true(fixture_shows(a, 36, 120, "caught 1 of 1"));
    assert_true(fixture_shows(a, 36, 120, "book")); /* what stood there */
    app_free(a);
}

/* A run without a discriminator says so; what nobody masks is judged by nobody; counts have separators. */
static void test_what_nobody_judged_is_said(void **state)
{
    (void)state;
    static const int64_t ids[] = {1, 4};
    assert_int_equal(fixture_sql(dir, "UPDATE token SET disc_prob = NULL WHERE sequence IN (SELECT id FROM sequence WHERE "
                                      "run = 4)"), 0);
    struct app *a = marked(NULL, 2, ids);
    fixture_keys(a, "Tab Tab Tab z");
    assert_true(fixture_shows(a, 24, 80, " B  no discriminator here: nobody judged it"));
    assert_true(fixture_shows(a, 24, 80, " A  ·     "));
    app_free(a);
}

static void test_other_texts_are_said(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 5};
    struct app *a = marked(NULL, 2, two);
    assert_false(fixture_shows(a, 24, 80, "texts differ"));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET corpus_hash = 77 WHERE id = 5; UPDATE run SET "
                                      "corpus_hash = 66 WHERE id = 1"), 0);
    a = marked(NULL, 2, two);
    assert_true(fixture_shows(a, 24, 80, "─ ! texts differ ─"));
    app_free(a);
}

static void test_the_next_sentence(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 5};
    struct app *a = marked(NULL, 2, two);
    struct comparison *s = app_self(a);
    assert_int_equal(s->sentence, 0);
    int n = s->nseqs[0];
    if (n < 2) { /* one sentence: the key has nothing to do */
        fixture_keys(a, ".");
        assert_int_equal(s->focus, PANE_CONFIG);
        s->nseqs[0] = 3;
    }
    fixture_keys(a, ".");
    assert_int_equal(s->sentence, 1);
    assert_int_equal(s->focus, PANE_SENTENCE);
    fixture_keys(a, ",");
    assert_int_equal(s->sentence, 0);
    fixture_keys(a, ","); /* round */
    assert_int_equal(s->sentence, s->nseqs[0] - 1);
    s->nseqs[0] = n, s->sentence = 0;
    app_free(a);
}

/* Of many runs every column is there: tables side by side give way to one above the other. */
static void test_many_runs_have_their_columns(void **state)
{
    (void)state;
    static const int64_t six[] = {1, 2, 3, 4, 5, 6};
    struct app *a = marked(NULL, 6, six);
    char letter[4] = "A ";
    for (; *letter <= 'F'; ++*letter) {
        assert_true(fixture_shows(a, 36, 120, letter));
        assert_true(fixture_shows(a, 55, 200, letter));
    }
    assert_true(fixture_shows(a, 18, 80, "rows 1 to "));
    app_free(a);
}

static void test_the_difference_is_of_curves(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 3};
    struct app *a = marked(NULL, 2, two);
    const struct comparison *s = app_self(a);
    assert_int_equal(s->less[1].n, 20);
    for (int i = 0; i < 20; i++)
        assert_true(fabs(s->less[1].samples[i].mean - (s->curve[1].samples[i].mean - s->curve[0].samples[i].mean)) < 1e-12);
    app_free(a);
}

static void test_scores_are_medians_of_seeds(void **state)
{
    (void)state;
    struct app *a = start("Scores", NULL);
    int rows;
    char *csv = fixture_export(a, &rows), want[120];
    assert_int_equal(rows, 1 + (int)sql("SELECT count(DISTINCT run) FROM v_scores")); /* and the majority's */
    /* the middle one of three */
    double median = sql("SELECT value FROM v_scores WHERE run = 1 AND task = 'cola' AND metric = 'matthews' "
                        "ORDER BY value LIMIT 1 OFFSET 1");
    snprintf(want, sizeof want, ",%.17g,", median);
    assert_non_null(strstr(csv, want));
    assert_non_null(strstr(csv, ",cola matthews,cola iqr,"));
    free(csv);
    fixture_keys(a, "a a");
    csv = fixture_export(a, &rows);
    assert_non_null(strstr(csv, ",cola seeds,cola stuck,"));
    assert_non_null(strstr(csv, ",3,1,")); /* a stuck seed is said */
    free(csv);
    fixture_keys(a, "a");
    assert_true(fixture_shows(a, 24, 80, "majority class"));
    assert_true(fixture_shows(a, 24, 80, "50.9"));
    app_free(a);
}

/* A fine-tuning at work, one that failed, one that says nothing any more; errors of one seed. */
static void plant_tunings(void)
{
    char text[900];
    snprintf(text, sizeof text, "INSERT INTO tuning VALUES(1, 500, '', 'rte', 4, 'running', 2, 3, 126, 200, "
             ".5123, 61.2, 42, '', %f), (2, 500, '', 'cola', 1, 'running', 1, 3, 20, 200, .7, NULL, 90, '', "
             "%f), (2, 500, '', 'sst2', 1, 'failed', 1, 3, 20, 200, .7, NULL, 90, 'out of memory', %f)",
             FIXTURE_UTC - 1, FIXTURE_UTC - 240, FIXTURE_UTC - 300);
    assert_int_equal(fixture_sql(dir, text), 0);
    static const char *const wrong[] = {"17, 'The book was read by.', '', '0', '1', .97",
                                        "3, 'They drank the pub 맥주.', 'a second sentence', '0', '1', .61"};
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "INSERT INTO mistake SELECT run, checkpoint_step, model, task, seed, %s "
                 "FROM score WHERE run = 1 AND task = 'cola' AND metric = 'matthews' ORDER BY seed LIMIT 1",
                 wrong[i]);
        assert_int_equal(fixture_sql(dir, text), 0);
    }
}

static void test_fine_tunings_and_errors(void **state)
{
    (void)state;
    plant_tunings();
    struct app *a = start("Scores", NULL);
    int bad = fixture_golden(a, 24, 80, "scores-jobs-80x24") + fixture_golden(a, 36, 120, "scores-jobs-120x36");
    assert_true(fixture_shows(a, 24, 80, "rte seed 4") && fixture_shows(a, 36, 120, "0:42 left"));
    assert_true(fixture_shows(a, 36, 120, "lost 4 min") && fixture_shows(a, 36, 120, "failed: out of memory"));
    fixture_keys(a, "G Enter");
    if (!fixture_shows(a, 24, 80, "The book was read by."))
        fixture_keys(a, "Esc g Enter");
    assert_true(fixture_shows(a, 24, 80, "The book was read by."));
    bad += fixture_golden(a, 24, 80, "scores-errors-80x24");
    fixture_keys(a, "j");
    assert_true(fixture_shows(a, 24, 80, "example 4 of the dev file"));
    int rows;
    char *csv = fixture_export(a, &rows);
    assert_int_equal(rows, 2);
    assert_non_null(strstr(csv, "The book was read by."));
    free(csv);
    fixture_keys(a, "Right"); /* the next seed has none */
    assert_true(fixture_shows(a, 24, 80, "None is stored"));
    fixture_keys(a, "q");
    assert_true(fixture_shows(a, 24, 80, "majority class"));
    app_free(a);
    assert_int_equal(bad, 0);
}

/* Below the table stand the cell's seeds among those of the other starts, and its errors. */
static void test_the_cell_stands_below(void **state)
{
    (void)state;
    struct app *a = start("Scores", NULL);
    fixture_keys(a, "G"); /* the start that errors were planted for */
    assert_true(fixture_shows(a, 36, 120, "─ spread ─ matthews ─"));
    assert_true(fixture_shows(a, 36, 120, "errors 2 ─ cola ─ seed 1 ─ surest first ─ Enter opens them"));
    assert_true(fixture_shows(a, 36, 120, "The book was read by."));
    assert_true(fixture_shows(a, 36, 120, "none-1/2-s1 @ 10000       ")); /* of all starts */
    assert_true(fixture_shows(a, 20, 60, "seed     matthews")); /* rows that are free are used */
    fixture_keys(a, "g Right Right");
    assert_true(fixture_shows(a, 36, 120, "Not tuned yet.") && fixture_shows(a, 36, 120, "--seeds")); /* whole */
    fixture_keys(a, "Left Left G");
    fixture_keys(a, "Up");
    assert_false(fixture_shows(a, 36, 120, "The book was read by."));
    app_free(a);
}

/* Errors are stored once for a run, task and seed: those of another fine-tuning are not passed off as its. */
static void test_errors_of_a_later_fine_tuning_are_not_its(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "INSERT INTO score(run, checkpoint_step, model, task, metric, seed, value, kind, n, "
                                      "settings, state, program, time) SELECT run, checkpoint_step, model, task, metric, "
                                      "seed, 1, kind, n, '{\"random_init\":true}', state, program, time + 9 FROM score "
                                      "WHERE run = 1 AND task = 'cola' AND seed = 1"), 0);
    struct app *a = start("Scores", NULL);
    struct scores *s = app_self(a);
    for (int i = 0; i < s->t.nrows; i++) {
        int theirs = strstr(s->t.rows[i].label, "none-1/4-s1 @ 10000") && !s->t.rows[i].random;
        fixture_keys(a, i ? "Down" : "g");
        if (theirs)
            assert_true(fixture_shows(a, 36, 120, "Not kept: a later fine-tuning"));
        assert_int_equal(fixture_shows(a, 36, 120, "The book was read by."),
                         s->t.rows[i].random && s->t.rows[i].run == 1);
    }
    app_free(a);
    /* Random weights have a place of their own since they tell of themselves by their name. */
    assert_int_equal(fixture_sql(dir, "INSERT INTO mistake SELECT run, checkpoint_step, 'random weights of ' || model, task, seed, place, "
                                      "'Weights at random.', second, label, said, confidence FROM mistake"), 0);
    a = start("Scores", NULL);
    s = app_self(a);
    for (int i = 0; i < s->t.nrows; i++) {
        fixture_keys(a, i ? "Down" : "g");
        assert_int_equal(fixture_shows(a, 36, 120, "Weights at random."), s->t.rows[i].random && s->t.rows[i].run == 1);
        assert_int_equal(fixture_shows(a, 36, 120, "The book was read by."), !s->t.rows[i].random && s->t.rows[i].run == 1);
    }
    app_free(a);
    assert_int_equal(fixture_sql(dir, "DELETE FROM mistake WHERE model LIKE 'random%'"), 0);
    assert_int_equal(fixture_sql(dir, "DELETE FROM score WHERE settings LIKE '%random_init%'"), 0);
}

/* The filter of the other screens, on starts; what is left out is not exported. */
static void test_starts_are_filtered(void **state)
{
    (void)state;
    struct app *a = start("Scores", NULL);
    struct scores *s = app_self(a);
    int all = s->t.nrows, rows;
    fixture_keys(a, "f");
    fixture_fill(a, "tie:none");
    fixture_keys(a, "Enter");
    assert_int_equal(s->starts, all);
    assert_int_equal(s->t.nrows, 2);
    assert_true(fixture_shows(a, 36, 120, "scores 2 of 5 ─ tie:none"));
    char *csv = fixture_export(a, &rows);
    assert_non_null(strstr(csv, "none-1/4-s1"));
    assert_null(strstr(csv, "embeddings"));
    assert_int_equal(rows, 3); /* and what a constant answer gives */
    free(csv);
    fixture_keys(a, "f");
    fixture_fill(a, "zzz");
    fixture_keys(a, "Enter");
    assert_true(fixture_shows(a, 24, 80, "0 of 5 match  zzz · Esc clears"));
    fixture_keys(a, "Esc");
    assert_int_equal(s->t.nrows, all);
    app_free(a);
}

static void test_what_is_copied(void **state)
{
    (void)state;
    static const int64_t two[] = {1, 5};
    struct app *a = marked(NULL, 2, two);
    char *text = fixture_copied(a, dir, "y");
    assert_int_equal(strncmp(text, "electroscope compare --workspace ", 33), 0);
    assert_non_null(strstr(text, " 1 5 --at common"));
    free(text);
    app_free(a);
    a = start("Scores", NULL);
    fixture_keys(a, "G");
    text = fixture_copied(a, dir, "y");
    assert_int_equal(strncmp(text, "none-1/4-s1 @ 10000\t39.6 (0.3)\t", 31), 0);
    free(text);
    fixture_keys(a, "Enter");
    text = fixture_copied(a, dir, "y");
    assert_string_equal(text, "0\t1\tThe book was read by.");
    free(text);
    app_free(a);
}

/* In ASCII the sign of the order is a letter: no part of the heading. */
static void test_the_order_is_no_letter_of_the_task(void **state)
{
    (void)state;
    struct app_args ascii = {.ascii = 1};
    struct app *a = start("Scores", &ascii);
    assert_true(fixture_shows(a, 36, 120, "cola v "));
    assert_false(fixture_shows(a, 36, 120, "colav"));
    app_free(a);
}

static void test_nothing_scored(void **state)
{
    (void)state;
    char empty[64] = "test_compare.XXXXXX";
    assert_non_null(mkdtemp(empty));
    struct app *a = fixture_app(empty, "Scores", NULL);
    assert_true(fixture_shows(a, 24, 80, "No scores yet"));
    app_free(a);
    file_remove_tree(empty, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_small_sizes_and_every_key),
        cmocka_unit_test(test_nothing_marked_says_how),
        cmocka_unit_test(test_differences_come_first),
        cmocka_unit_test(test_results_equal_the_store),
        cmocka_unit_test(test_the_last_common_step),
        cmocka_unit_test(test_the_same_sentence),
        cmocka_unit_test(test_the_next_sentence),
        cmocka_unit_test(test_many_runs_have_their_columns),
        cmocka_unit_test(test_the_difference_is_of_curves),
        cmocka_unit_test(test_scores_are_medians_of_seeds),
        cmocka_unit_test(test_fine_tunings_and_errors),
        cmocka_unit_test(test_the_cell_stands_below),
        cmocka_unit_test(test_errors_of_a_later_fine_tuning_are_not_its),
        cmocka_unit_test(test_starts_are_filtered),
        cmocka_unit_test(test_what_is_copied),
        cmocka_unit_test(test_the_order_is_no_letter_of_the_task),
        cmocka_unit_test(test_nothing_scored),
        cmocka_unit_test(test_other_texts_are_said),
        cmocka_unit_test(test_what_nobody_judged_is_said), /* last: it takes tokens away */
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
