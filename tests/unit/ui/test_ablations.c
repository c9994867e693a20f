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

static int shows(struct app *a, int h, int w, const char *what)
{
    char *text = fixture_text(a, h, w);
    int found = strstr(text, what) != NULL;
    free(text);
    return found;
}

static void test_pictures(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    int bad = fixture_golden(a, 24, 80, "ablations-80x24") + fixture_golden(a, 36, 120, "ablations-120x36");
    fixture_keys(a, "Space Down Down Down a s");
    bad += fixture_golden(a, 36, 120, "ablations-sorted-120x36");
    fixture_keys(a, "Enter");
    bad += fixture_golden(a, 24, 80, "ablations-row-80x24");
    app_free(a);
    struct app_args ascii = {.theme = THEME_MONO, .ascii = 1};
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
    assert_true(shows(a, 36, 120, "1 of the grid's cells missing: none 1"));
    assert_true(shows(a, 36, 120, "! 1 row under 3 seeds: not tested"));
    assert_true(shows(a, 36, 120, "few, 1 more"));
    assert_true(shows(a, 36, 120, "paper  tie=none"));
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
    assert_true(shows(a, 36, 120, "the others are compared with it"));
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
    assert_true(shows(a, 36, 120, "best AUC common: embeddings 1/2  .926 ± .018 (n = 4) · +.001 over"));
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
    assert_true(shows(a, 36, 120, "all runs"));
    app_free(a);
    a = fixture_app(dir, "Ablations", NULL); /* started again */
    s = app_self(a);
    assert_int_equal(s->t.nrows, 5);
    fixture_keys(a, "S-Tab");
    assert_string_not_equal(s->sweep, "");
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET tags='sweep:tying'"), 0);
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
    assert_true(shows(a, 24, 80, "There is no field tiexxxx"));
    assert_int_equal(s->t.nrows, 2);
    app_free(a);
}

static void test_filter_and_nothing(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    fixture_keys(a, "f t i e : n o n e Enter");
    struct ablations *s = app_self(a);
    assert_int_equal(s->t.nrows, 2);
    fixture_keys(a, "f z z z Enter");
    assert_true(shows(a, 24, 80, "0 of 16 match  tie:nonezzz · Esc clears"));
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

static void test_export_is_the_table(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    fixture_keys(a, "s");
    struct ablations *s = app_self(a);
    char *buf = NULL, want[120];
    size_t size;
    FILE *f = open_memstream(&buf, &size);
    struct csv_out *out = csv_new(f);
    int rows = app_ops(a)->export_csv(s, a, out, NULL);
    assert_int_equal(csv_finish(out, NULL), 0);
    fclose(f);
    assert_int_equal(rows, 5 * s->t.nmetrics);
    const struct ablation_row *best = &s->t.rows[s->order[0]];
    assert_true(best->cell[s->t.ranked].best);
    snprintf(want, sizeof want, "\r\nembeddings,1/2,val_rtd_auc_common,4,%.17g,", best->cell[s->t.ranked].s.mean);
    const char *second = strstr(buf, "\r\n");
    assert_int_equal(strncmp(second, want, strlen(want)), 0); /* in the order shown */
    free(buf);
    app_free(a);
}

static void test_an_empty_store(void **state)
{
    (void)state;
    char empty[64] = "test_ablations.XXXXXX";
    assert_non_null(mkdtemp(empty));
    struct app *a = fixture_app(empty, "Ablations", NULL);
    assert_true(shows(a, 24, 80, "Nothing to compare yet"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_small_sizes_and_every_key),
        cmocka_unit_test(test_it_says_what_it_knows),
        cmocka_unit_test(test_the_baseline_moves_and_stays),
        cmocka_unit_test(test_sweeps_one_at_a_time),
        cmocka_unit_test(test_grouping_by_other_fields),
        cmocka_unit_test(test_filter_and_nothing),
        cmocka_unit_test(test_a_row_leads_to_its_runs),
        cmocka_unit_test(test_missing_cells_are_launched),
        cmocka_unit_test(test_export_is_the_table),
        cmocka_unit_test(test_an_empty_store),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
