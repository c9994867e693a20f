/* The Ablations screen on a grid of finished runs: pictures, keys, and the numbers it exports. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/csv.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/ablations_int.h"
#include "ui/term/theme.h"
#include "ui/screen/launch.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_ablations.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_grid(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static struct app *start(struct app_args *args)
{
    char path[128];
    struct app_args plain = {.theme = 0, .color = 1};
    snprintf(path, sizeof path, "%s/electroscope", dir);
    file_remove_tree(path, NULL);
    struct app *a = fixture_app(dir, "Ablations", args ? args : &plain);
    assert_non_null(a);
    return a;
}

/* The cursor and the marks are where they were when the workbench is opened again. */
static void test_the_place_survives(void **state)
{
    (void)state;
    char row[160];
    struct app *a = start(NULL);
    fixture_keys(a, "j j Space");
    snprintf(row, sizeof row, "%s", ablations_current(app_self(a))->label);
    const int64_t *was, *is;
    int64_t kept[APP_MARKS];
    int n = app_marks(a, &was);
    assert_true(n > 0);
    memcpy(kept, was, (size_t)n * sizeof *was);
    app_free(a);
    a = fixture_app(dir, "Ablations", NULL);
    assert_string_equal(ablations_current(app_self(a))->label, row);
    assert_int_equal(app_marks(a, &is), n);
    assert_memory_equal(is, kept, (size_t)n * sizeof *is);
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET archived=1 WHERE id<20"), 0); /* those of runs gone are not */
    a = fixture_app(dir, "Runs", NULL);
    assert_true(app_marks(a, &is) < n);
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET archived=0"), 0);
}

static void test_pictures(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    int bad = fixture_golden(a, 24, 80, "ablations-80x24") + fixture_golden(a, 36, 120, "ablations-120x36");
    fixture_keys(a, "Space Down Down Down a s");
    bad += fixture_golden(a, 36, 120, "ablations-sorted-120x36");
    fixture_keys(a, "Enter");
    bad += fixture_golden(a, 24, 80, "ablations-row-80x24") + fixture_golden(a, 36, 120, "ablations-row-120x36");
    app_free(a);
    struct app_args mono = {.theme = THEME_MONO, .color = 1}, ascii = {.theme = THEME_MONO, .ascii = 1};
    a = start(&mono);
    bad += fixture_golden(a, 24, 80, "ablations-mono-80x24");
    app_free(a);
    a = start(&ascii);
    bad += fixture_golden(a, 24, 80, "ablations-ascii-80x24");
    app_free(a);
    assert_int_equal(bad, 0);
}

static void test_small_sizes_and_every_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"Down", "Right", "Right", "Right", "Right", "Left", "a", "a", "s", "s", "s",
                                       "B", "G", "g", "PgDn", "z", "Esc", "Enter", "Down", "Space",
                                       "Esc", "F", "F"};
    struct app *a = start(NULL);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        fixture_keys(a, keys[k]);
        for (int h = 1; h < 50; h += 12)
            for (int w = 1; w < 220; w += 39) free(fixture_text(a, h, w));
        free(fixture_text(a, 8, 40));
    }
    app_free(a);
}

static void test_it_says_what_it_knows(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct ablations *s = app_self(a);
    assert_int_equal(s->t.nrows, 5);
    assert_true(fixture_shows(a, 36, 120, "1 of the grid's cells missing: none 1"));
    assert_true(fixture_shows(a, 36, 120, "! 1 row under 3 seeds: not tested"));
    assert_true(fixture_shows(a, 36, 120, "few, 1 more"));
    assert_true(fixture_shows(a, 36, 120, "paper  tie=none"));
    app_free(a);
}

static void test_the_baseline_moves_and_stays(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct ablations *s = app_self(a);
    assert_string_equal(s->t.rows[s->t.baseline].label, "tie=embeddings generator_size=1/4");
    fixture_keys(a, "g B");
    assert_string_equal(s->t.rows[s->t.baseline].label, "tie=none generator_size=1/4");
    assert_true(fixture_shows(a, 36, 120, "the others are compared with it"));
    app_free(a);
    a = fixture_app(dir, "Ablations", NULL); /* started again */
    s = app_self(a);
    assert_string_equal(s->t.rows[s->t.baseline].label, "tie=none generator_size=1/4");
    app_free(a);
}

/* The newest sweep first, then the others, then all runs; what is best stands above the table. */
static void test_sweeps_one_at_a_time(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    const struct ablations *s = app_self(a);
    assert_string_equal(s->sweep, "tying");
    assert_true(fixture_shows(a, 36, 120, "best AUC common: embeddings 1/2  .926 ± .018 (n = 4) · +.001 over"));
    assert_int_equal(fixture_sql(dir, "UPDATE run SET tags='x,sweep:later' WHERE tie='none'"), 0);
    app_free(a);
    a = start(NULL);
    s = app_self(a);
    const struct query_run *runs;
    app_runs(a, &runs);
    char newest[64];
    snprintf(newest, sizeof newest, "%s", strstr(runs[0].config.tags, "later") ? "later" : "tying");
    assert_string_equal(s->sweep, newest);
    int rows = s->t.nrows;
    fixture_keys(a, "Tab");
    assert_string_not_equal(s->sweep, newest);
    assert_int_equal(rows + s->t.nrows, 5);
    fixture_keys(a, "Tab");
    assert_string_equal(s->sweep, "");
    assert_int_equal(s->t.nrows, 5);
    assert_true(fixture_shows(a, 36, 120, "all runs"));
    app_free(a);
    a = fixture_app(dir, "Ablations", NULL); /* started again */
    s = app_self(a);
    assert_int_equal(s->t.nrows, 5);
    fixture_keys(a, "S-Tab");
    assert_string_not_equal(s->sweep, "");
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET tags='sweep:tying'"), 0);
}

/* A run that two sweeps share is in the table of each. */
static void test_a_shared_run_is_in_both_sweeps(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET tags='sweep:tying,scale:ci,sweep:later' WHERE tie='none'"), 0);
    struct app *a = start(NULL);
    struct ablations *s = app_self(a);
    assert_int_equal(s->nsweeps, 2);
    while (strcmp(s->sweep, "later"))
        fixture_keys(a, "Tab");
    int later = s->t.nrows;
    while (strcmp(s->sweep, "tying"))
        fixture_keys(a, "Tab");
    assert_int_equal(later, 2);
    assert_int_equal(s->t.nrows, 5);
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET tags='sweep:tying'"), 0);
}

/* What ails the runs is said above their table; nothing is where nothing does. */
static void test_what_ails_the_runs_is_said(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct ablations *s = app_self(a);
    char want[64];
    int n = s->t.nruns;
    assert_string_equal(s->complaint, "");
    app_free(a);
    assert_int_equal(fixture_sql(dir, "INSERT OR IGNORE INTO metric(name) VALUES('rtd_recall'), ('said_share'), ('fake_share'); "
                                      "INSERT INTO series(run, metric, n, first_step, last_step, last) SELECT run.id, metric.id, "
                                      "1, 1, 1, CASE metric.name WHEN 'fake_share' THEN .08 ELSE .001 END FROM run, metric "
                                      "WHERE metric.name IN ('rtd_recall', 'said_share', 'fake_share')"), 0);
    a = start(NULL);
    s = app_self(a);
    snprintf(want, sizeof want, "! %d of %d runs: the discriminator says", n, n);
    assert_true(fixture_shows(a, 24, 80, want) && fixture_shows(a, 36, 120, want));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "DELETE FROM series WHERE metric IN (SELECT id FROM metric WHERE name IN "
                                      "('rtd_recall', 'said_share', 'fake_share'))"), 0);
}

/* Rows of another text are said to be: its held-out sequences are other ones. */
static void test_another_text_is_said(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET corpus_hash = CASE WHEN id IN (5, 10) THEN 77 "
                                      "ELSE 66 END"), 0);
    struct app *a = start(NULL);
    assert_true(fixture_shows(a, 24, 100, "! 1 of 5 rows is of another text than the baseline's"));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET corpus_hash = 66"), 0);
    a = start(NULL);
    assert_string_equal(((struct ablations *)app_self(a))->complaint, "");
    app_free(a);
}

/* A field that goes along with the rows, though they are not made by it, is named. */
static void test_what_goes_along_is_said(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    assert_false(fixture_shows(a, 36, 120, "differ with the rows")); /* sizes follow from the generator's */
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET learning_rate = learning_rate * 2 WHERE tie = 'none'"), 0);
    a = start(NULL);
    assert_true(fixture_shows(a, 36, 120, "! differ with the rows, too: learning_rate"));
    fixture_keys(a, "Enter");
    assert_true(fixture_shows(a, 24, 80, "! differ with the rows, too: learning_rate"));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET learning_rate = learning_rate / 2 WHERE tie = 'none'"), 0);
}

static void test_grouping_by_other_fields(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct ablations *s = app_self(a);
    fixture_keys(a, "d t i e Enter");
    assert_int_equal(s->t.nrows, 2);
    assert_int_equal(s->t.rows[1].n, 10);
    fixture_keys(a, "d x x x x Enter");
    assert_true(fixture_shows(a, 24, 80, "There is no field tiexxxx"));
    assert_int_equal(s->t.nrows, 2);
    app_free(a);
}

static void test_filter_and_nothing(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    fixture_keys(a, "f t i e : n o n e Space s e d : 1 Enter"); /* wrong: stays open, Esc takes it back */
    assert_true(a->field.open && fixture_shows(a, 24, 80, "character 10: sed is no field"));
    fixture_keys(a, "Esc");
    assert_string_equal(((struct ablations *)app_self(a))->filter.text, "");
    fixture_keys(a, "f t i e : n o n e Enter");
    struct ablations *s = app_self(a);
    assert_int_equal(s->t.nrows, 2);
    fixture_keys(a, "f z z z Enter");
    assert_true(fixture_shows(a, 24, 80, "0 of 16 match  tie:nonezzz · Esc clears"));
    fixture_keys(a, "Esc");
    assert_int_equal(s->t.nrows, 5);
    app_free(a);
}

static void test_a_row_leads_to_its_runs(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    const int64_t *ids;
    fixture_keys(a, "g Space");
    assert_int_equal(app_marks(a, &ids), 3);
    fixture_keys(a, "Enter Down Enter");
    assert_string_equal(app_ops(a)->name, "Curves");
    assert_int_equal(app_selected(a), ids[1]);
    app_free(a);
}

/* The whole grid as a form; the seeds of all rows. */
static void test_missing_cells_are_launched(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    const struct ablations *s = app_self(a);
    char tie[64] = "";
    for (int i = 0; i < s->t.nfields; i++)
        for (int k = 0; k < s->t.fields[i].nlevels && !strcmp(s->t.fields[i].field->name, "tie"); k++)
            snprintf(tie + strlen(tie), sizeof tie - strlen(tie), "%s%s", k ? "|" : "",
                     s->t.fields[i].levels[k]);
    fixture_keys(a, "c");
    assert_string_equal(app_ops(a)->name, "Launch");
    const struct launch *l = app_self(a);
    assert_string_equal(l->draft.value[LAUNCH_tie], tie);
    assert_non_null(strchr(l->draft.value[LAUNCH_tie], '|'));
    assert_non_null(strchr(l->draft.value[LAUNCH_seed], '|'));
    fixture_keys(a, "u");
    app_free(a);
}

/* A unigram generator has no size: the form has it once, at the size that its runs were given. */
static void test_a_unigram_generator_is_launched_once(void **state)
{
    (void)state;
    static const char change[] = "UPDATE run SET generator='%s' WHERE tie='embeddings' AND generator_size='1'";
    char sql[200];
    snprintf(sql, sizeof sql, change, "unigram");
    assert_int_equal(fixture_sql(dir, sql), 0);
    struct app *a = start(NULL);
    fixture_keys(a, "c");
    assert_string_equal(app_ops(a)->name, "Launch");
    const struct launch *l = app_self(a);
    assert_string_equal(l->draft.value[LAUNCH_generator], "mlm|unigram");
    assert_string_equal(l->draft.value[LAUNCH_generator_size], "1|1/4|1/2");
    int unigram = 0;
    for (int i = 0; i < l->runs.n; i++) {
        const struct config *c = &l->runs.runs[i].config;
        unigram += c->generator == GEN_UNIGRAM;
        assert_true(c->generator == GEN_MLM || !strcmp(c->generator_size, "1"));
    }
    assert_int_equal(unigram, 2 * l->runs.seeds); /* with and without tying */
    fixture_keys(a, "u");
    app_free(a);
    snprintf(sql, sizeof sql, change, "mlm");
    assert_int_equal(fixture_sql(dir, sql), 0);
}

static int lines_of(const char *text)
{
    int n = 0;
    for (; (text = strstr(text, "\r\n")); text += 2)
        n++;
    return n;
}

/* Rows, columns and order as drawn, numbers with all their digits. */
static void test_export_is_the_table(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    char want[200], *text;
    int rows;
    fixture_keys(a, "s");
    free(fixture_text(a, 24, 80));
    struct ablations *s = app_self(a);
    text = fixture_export(a, &rows);
    assert_int_equal(rows, 5);
    assert_int_equal(lines_of(text), 6);
    const char *head = "tie,generator_size,n,step,val_rtd_auc_common,val_rtd_auc_common_sd,difference,"
                       "interval_low,interval_high,p_holm,verdict\r\n";
    assert_memory_equal(text, head, strlen(head)); /* what 80 columns have room for */
    const struct ablation_row *best = &s->t.rows[s->order[0]];
    const struct ablation_cell *x = &best->cell[s->t.ranked];
    assert_true(x->best);
    snprintf(want, sizeof want, "embeddings,1/2,4,10000,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,real\r\n", x->s.mean,
             x->s.sd, x->test.diff, x->test.lo, x->test.hi, x->p_holm);
    assert_memory_equal(strstr(text, "\r\n") + 2, want, strlen(want)); /* in the order shown */
    free(text);
    free(fixture_text(a, 36, 160));
    text = fixture_export(a, &rows);
    assert_non_null(strstr(text, ",val_mlm_loss_masked,val_mlm_loss_masked_sd,")); /* now there is */
    free(text);
    fixture_keys(a, "a"); /* medians */
    text = fixture_export(a, &rows);
    assert_non_null(strstr(text, "val_rtd_auc_common_median,val_rtd_auc_common_q1,val_rtd_auc_common_q3,"));
    free(text);
    fixture_keys(a, "a"); /* each seed */
    text = fixture_export(a, &rows);
    assert_non_null(strstr(text, "val_rtd_auc_common_seed1,val_rtd_auc_common_seed2,"));
    snprintf(want, sizeof want, "embeddings,1/2,4,10000,%.17g,%.17g,", x->values[0], x->values[1]);
    assert_memory_equal(strstr(text, "\r\n") + 2, want, strlen(want));
    free(text);
    fixture_keys(a, "a Enter"); /* the page of a row: its metrics */
    text = fixture_export(a, &rows);
    assert_int_equal(rows, s->t.nmetrics);
    assert_non_null(strstr(text, "p_holm,verdict,seed1,seed2"));
    free(text);
    app_free(a);
}

/* Every metric of every row, as a choice of its own that says how much it is. */
static void test_all_metrics_from_the_palette(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct ablations *s = app_self(a);
    char want[64], path[100], *text = NULL;
    size_t n;
    fixture_keys(a, ": e x p o r t - a");
    snprintf(want, sizeof want, "%d rows: a row for each of %d metrics", 5 * s->t.nmetrics, s->t.nmetrics);
    assert_true(fixture_shows(a, 24, 80, want));
    snprintf(path, sizeof path, "%s/all.csv", dir);
    fixture_keys(a, "Enter");
    fixture_fill(a, path);
    fixture_keys(a, "Enter");
    assert_int_equal(file_read(path, 1 << 20, &text, &n, NULL), 0);
    assert_int_equal(lines_of(text), 5 * s->t.nmetrics + 1);
    free(text);
    snprintf(want, sizeof want, "%d rows → /", 5 * s->t.nmetrics);
    assert_true(fixture_shows(a, 24, 120, want)); /* the whole path is said */
    assert_true(fixture_shows(a, 24, 120, "all.csv (CSV)"));
    app_free(a);
}

/* Rows of other budgets are read at their own ends; the step is said and the row is marked. */
static void test_budgets_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET steps = 20000 WHERE tie = 'none'"), 0);
    struct app *a = start(NULL);
    const struct ablations *s = app_self(a);
    assert_int_equal(s->t.at, ABLATION_END);
    assert_true(fixture_shows(a, 24, 80, "each run's end, step 10,000"));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET steps = 10000"), 0);
}

/* What is not tested is not counted; the line of the spread and the head say what they show. */
static void test_only_what_is_tested_is_counted(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct ablations *s = app_self(a);
    while (strcmp(s->t.rows[s->order[s->row]].label, "tie=embeddings generator_size=1/2"))
        fixture_keys(a, "Down");
    fixture_keys(a, "B");
    assert_true(fixture_shows(a, 36, 120, "3 of 3 others tested surely differ"));
    assert_true(fixture_shows(a, 24, 80, "AUC common ± sd"));
    fixture_keys(a, "a");
    assert_true(fixture_shows(a, 24, 80, "│ median"));
    assert_true(fixture_shows(a, 24, 80, "diff of means"));
    assert_true(fixture_shows(a, 24, 80, "Tab all runs"));
    app_free(a);
}

static void test_an_empty_store(void **state)
{
    (void)state;
    char empty[64] = "test_ablations.XXXXXX";
    assert_non_null(mkdtemp(empty));
    struct app *a = fixture_app(empty, "Ablations", NULL);
    assert_true(fixture_shows(a, 24, 80, "Nothing to compare yet"));
    fixture_keys(a, "c"); /* the example that it offers */
    const struct launch *l = app_self(a);
    assert_string_equal(l->draft.value[LAUNCH_tie], "none|embeddings|all");
    assert_int_equal(l->runs.n, 9);
    app_free(a);
    struct app_args args = {.readonly = 1};
    a = fixture_app(empty, "Ablations", &args);
    assert_false(app_can(a, ACT_NEW));
    app_free(a);
    file_remove_tree(empty, NULL);
}

/* The line of the screen on which `what` stands. */
static int line_of(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    int line = 0;
    if (!at)
        fail_msg("%s is not in\n%s", what, text);
    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    return line;
}

/* Where there is room the seeds of the row under the cursor stand below, and the parts stay where they are. */
static void test_the_seeds_of_a_row_stand_below(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    int at = 0;
    for (int i = 0; i < 5; i++) {
        char *text = fixture_text(a, 36, 120);
        int line = line_of(text, "Enter opens them");
        if (i)
            assert_int_equal(line, at);
        at = line;
        free(text);
        fixture_keys(a, "Down");
    }
    assert_true(fixture_shows(a, 36, 120, "tie=embeddings generator_size=1 ─ 2 seeds"));
    char *text = fixture_text(a, 55, 200); /* all metrics, and the spread has three lines a row */
    line_of(text, "AUC own          2     .8500");
    char *plot = strstr(text, "─ spread ─");
    assert_non_null(plot);
    assert_int_equal(line_of(plot, "\n   none 1/2") - line_of(plot, "\n   none 1/4"), 3);
    free(text);
    app_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_place_survives),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_small_sizes_and_every_key),
        cmocka_unit_test(test_it_says_what_it_knows),
        cmocka_unit_test(test_the_baseline_moves_and_stays),
        cmocka_unit_test(test_sweeps_one_at_a_time),
        cmocka_unit_test(test_a_shared_run_is_in_both_sweeps),
        cmocka_unit_test(test_what_ails_the_runs_is_said),
        cmocka_unit_test(test_another_text_is_said),
        cmocka_unit_test(test_what_goes_along_is_said),
        cmocka_unit_test(test_grouping_by_other_fields),
        cmocka_unit_test(test_filter_and_nothing),
        cmocka_unit_test(test_a_row_leads_to_its_runs),
        cmocka_unit_test(test_missing_cells_are_launched),
        cmocka_unit_test(test_a_unigram_generator_is_launched_once),
        cmocka_unit_test(test_export_is_the_table),
        cmocka_unit_test(test_all_metrics_from_the_palette),
        cmocka_unit_test(test_budgets_of_their_own),
        cmocka_unit_test(test_only_what_is_tested_is_counted),
        cmocka_unit_test(test_an_empty_store),
        cmocka_unit_test(test_the_seeds_of_a_row_stand_below),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
