/* The table of ablations over stores whose answers are known. */
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/csv.h"
#include "db/store.h"
#include "experiments/ablation.h"
#include "src/base/err.h"
#include "src/base/file.h"

static char dir[64], path[128];
static struct store *store;
static struct recorder *recorder;

static int setup(void **state)
{
    struct err err = {0};
    (void)state;
    strcpy(dir, "test_ablation.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/runs.db", dir);
    store = store_open(path, &err);
    recorder = store ? recorder_start(store, NULL, NULL, &err) : NULL;
    return !recorder;
}

static void close_store(void)
{
    struct err err = {0};
    if (!recorder)
        return;
    assert_int_equal(recorder_flush(recorder, &err), 0);
    recorder_stop(recorder);
    store_close(store);
    recorder = NULL;
}

static int teardown(void **state)
{
    (void)state;
    close_store();
    return file_remove_tree(dir, NULL);
}

/* fields: "tie=none seed=2". Values of four validations that end in auc; the last is at `steps`
 * unless the run stopped at `reached`. */
static int64_t add_run(const char *fields, double auc, int state, int64_t reached)
{
    struct config c;
    struct err err = {0};
    char copy[300], *word;
    int64_t id;
    config_default(&c);
    snprintf(copy, sizeof copy, "name=run steps=400 corpus=x %s", fields);
    for (word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        char *value = strchr(word, '=');
        *value++ = 0;
        assert_int_equal(config_set(&c, word, value, &err), 0);
    }
    assert_int_equal(config_resolve(&c, &err), 0);
    assert_int_equal(store_add_run(store, &c, config_hash(&c), "0.1.0", &id, &err), 0);
    struct event_sink sink = recorder_sink(recorder);
    for (int k = 1; k <= 4 && c.steps * k / 4 <= reached; k++) {
        struct event e = {.kind = EVENT_METRICS, .run = id, .step = c.steps * k / 4,
                          .tokens = c.steps * k / 4 * c.batch * c.seq, .wall = k};
        e.nmetrics = 3;
        e.metrics[0].id = METRIC_VAL + METRIC_rtd_auc_common;
        e.metrics[0].value = auc - .1 * (4 - k);
        e.metrics[1].id = METRIC_VAL + METRIC_rtd_auc;
        e.metrics[1].value = .9;
        e.metrics[2].id = METRIC_VAL + METRIC_mlm_loss_masked;
        e.metrics[2].value = 7 - auc;
        sink.emit(sink.ud, &e);
        e.nmetrics = 1;
        e.metrics[0].id = METRIC_flops_paper;
        e.metrics[0].value = 1e9 * k * (strcmp(c.tags, "flops") ? (double)c.steps : 1);
        sink.emit(sink.ud, &e);
    }
    struct event end = {.kind = EVENT_STATE, .run = id, .step = reached, .state = state};
    sink.emit(sink.ud, &end);
    assert_int_equal(recorder_flush(recorder, &err), 0);
    return id;
}

static void fill_tying(void)
{
    static const char *const ties[] = {"all", "none", "embeddings"};
    static const double seed[] = {.80, .82, .81, .79};
    static const double gain[3][4] = {{.040, .041, .039, .0405}, {-.01, .015, -.02, .01}, {0}};
    char fields[64];
    for (int t = 0; t < 3; t++)
        for (int s = 0; s < 4; s++) {
            snprintf(fields, sizeof fields, "tie=%s generator_size=1 generator_heads=4 seed=%d",
                     ties[t], s + 1);
            add_run(fields, seed[s] + gain[t][s], RUN_DONE, 400);
        }
}

static struct ablation open_table(struct ablation_args a)
{
    struct ablation t;
    struct err err = {0};
    struct query *q = query_open(path, &err);
    assert_non_null(q);
    if (ablation_open(&t, q, &a, &err))
        fail_msg("%s", err.text);
    query_close(q);
    return t;
}

static void refused(struct ablation_args a, const char *sentence)
{
    struct ablation t;
    struct err err = {0};
    struct query *q = query_open(path, &err);
    assert_int_equal(ablation_open(&t, q, &a, &err), E_USAGE);
    if (!strstr(err.text, sentence))
        fail_msg("'%s' does not say '%s'", err.text, sentence);
    ablation_free(&t);
    query_close(q);
}

static double sql(const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    double v = sqlite3_column_double(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

static void test_rows_and_verdicts(void **state)
{
    (void)state;
    fill_tying();
    struct ablation t = open_table((struct ablation_args){.at = -1});
    assert_int_equal(t.nruns, 12);
    assert_int_equal(t.nfields, 1); /* what does not differ is no column, nor are seed and name */
    assert_string_equal(t.fields[0].field->name, "tie");
    assert_int_equal(t.nrows, 3);
    assert_string_equal(t.rows[0].label, "tie=none"); /* in the order of the choices */
    assert_string_equal(t.rows[2].label, "tie=all");
    assert_int_equal(t.baseline, 1); /* the default */
    assert_string_equal(t.metrics[t.ranked].name, "val_rtd_auc_common");
    assert_int_equal(t.step, 400);
    const struct ablation_cell *none = &t.rows[0].cell[t.ranked], *all = &t.rows[2].cell[t.ranked];
    assert_int_equal(none->s.n, 4);
    assert_float_equal(none->s.mean, sql("SELECT avg(last) FROM v_summary JOIN v_runs ON "
                       "run = v_runs.id WHERE metric = 'val_rtd_auc_common' AND tie = 'none'"), 1e-12);
    assert_int_equal(all->test.kind, STATS_PAIRED);
    assert_float_equal(all->test.diff, .040125, 1e-12);
    assert_int_equal(all->verdict, STATS_REAL);
    assert_true(all->best && !none->best);
    assert_true(none->verdict != STATS_REAL);
    assert_true(all->p_holm >= all->test.p);
    assert_float_equal(t.rows[2].paper, 84.4, 0);
    assert_int_equal(t.npaper, 3);
    assert_int_equal(t.neffects, 1);
    assert_string_equal(t.fields[0].levels[t.effects[0].best], "all");
    assert_int_equal(t.unequal, 0);
    ablation_free(&t);
}

static void test_own_metrics_are_shown_not_ranked(void **state)
{
    (void)state;
    struct ablation t = open_table((struct ablation_args){.at = -1});
    int m = 0, seen = 0;
    for (; m < t.nmetrics; m++) {
        if (strcmp(t.metrics[m].name, "val_rtd_auc"))
            continue;
        seen = 1;
        assert_true(t.metrics[m].own);
        for (int i = 0; i < t.nrows; i++) {
            assert_int_equal(t.rows[i].cell[m].s.n, 4);
            assert_int_equal(t.rows[i].cell[m].test.kind, STATS_NONE);
            assert_false(t.rows[i].cell[m].best);
        }
    }
    assert_true(seen);
    ablation_free(&t);
    refused((struct ablation_args){.metric = "val_rtd_auc", .at = -1}, "val_rtd_auc_common");
}

static void test_arguments_are_checked(void **state)
{
    (void)state;
    refused((struct ablation_args){.by = "tie,tye", .at = -1}, "'tye' is not a field");
    refused((struct ablation_args){.metric = "loss", .at = -1}, "no metric and no score 'loss'");
    refused((struct ablation_args){.baseline = "tie=some", .at = -1}, "no row is 'tie=some'");
    refused((struct ablation_args){.baseline = "9", .at = -1}, "no row 9");
    refused((struct ablation_args){.baseline = "none", .at = -1}, "neither");
    struct ablation t = open_table((struct ablation_args){.baseline = "tie=none", .at = -1,
                                                          .metric = "val_mlm_loss_masked"});
    assert_int_equal(t.baseline, 0);
    assert_string_equal(t.metrics[t.ranked].name, "val_mlm_loss_masked");
    assert_true(t.rows[2].cell[t.ranked].test.diff < 0 && t.rows[2].cell[t.ranked].best);
    int order[3];
    ablation_order(&t, t.ranked, order);
    assert_int_equal(order[0], 2);
    ablation_free(&t);
}

static void test_a_young_run_waits(void **state)
{
    (void)state;
    add_run("tie=none generator_size=1 generator_heads=4 seed=9", .99, RUN_RUNNING, 100);
    add_run("tie=none generator_size=1 generator_heads=4 seed=10", .99, RUN_FAILED, 400);
    struct ablation t = open_table((struct ablation_args){.at = -1});
    assert_int_equal(t.rows[0].n, 4);
    assert_int_equal(t.left_out, 2);
    ablation_free(&t);
    t = open_table((struct ablation_args){.at = -1, .unfinished = 1});
    assert_int_equal(t.rows[0].n, 5);
    assert_int_equal(t.step, 100); /* all are read where the youngest stands */
    assert_float_equal(t.rows[1].cell[t.ranked].s.mean, .805 - .3, 1e-12);
    char where[80];
    assert_string_equal(ablation_where(&t, where, sizeof where), "last common step 100");
    ablation_free(&t);
}

static void test_a_repeated_seed_counts_once(void **state)
{
    (void)state;
    add_run("tie=none generator_size=1 generator_heads=4 seed=1", .5, RUN_DONE, 400);
    struct ablation t = open_table((struct ablation_args){.at = -1});
    assert_int_equal(t.rows[0].n, 4);
    assert_int_equal(t.repeated, 1);
    assert_float_equal(t.rows[0].cell[t.ranked].values[0], .5, 1e-12); /* the newest */
    ablation_free(&t);
}

static int keep_size(void *ud, const struct query_run *r)
{
    (void)ud;
    return strcmp(r->tags, "grid") == 0;
}

/* Two fields, one cell missing, one seed short, one budget of its own; "1/4" and 0.25 are one. */
static void test_grid_with_holes(void **state)
{
    (void)state;
    for (int s = 1; s <= 3; s++) {
        char fields[120];
        for (int k = 0; k < 3; k++) {
            static const char *const cells[] = {"tie=none generator_size=1/4",
                                                "tie=embeddings generator_size=0.25",
                                                "tie=embeddings generator_size=1/2"};
            snprintf(fields, sizeof fields, "%s seed=%d tags=grid%s", cells[k], s,
                     k == 2 ? " batch=256" : "");
            if (k < 2 || s < 3)
                add_run(fields, .8 + .01 * s + .02 * k, RUN_DONE, 400);
        }
    }
    struct ablation t = open_table((struct ablation_args){.by = "tie,generator_size", .at = -1,
                                                          .keep = keep_size});
    assert_int_equal(t.nrows, 3);
    assert_int_equal(t.fields[1].nlevels, 2);
    assert_string_equal(t.fields[1].levels[0], "1/4");
    assert_int_equal(t.nmissing, 1);
    assert_string_equal(t.fields[0].levels[t.missing[0].value[0]], "none");
    assert_string_equal(t.fields[1].levels[t.missing[0].value[1]], "1/2");
    assert_string_equal(t.rows[t.baseline].label, "tie=embeddings generator_size=1/4");
    const struct ablation_row *half = &t.rows[2];
    assert_int_equal(half->n, 2);
    assert_int_equal(half->unequal, 1);
    assert_int_equal(half->cell[t.ranked].verdict, STATS_FEW);
    assert_int_equal(half->cell[t.ranked].further, 1);
    assert_true(isnan(half->cell[t.ranked].test.p));
    assert_float_equal(half->cell[t.ranked].test.diff, .015, 1e-12); /* of means: .855 - .84 */
    assert_int_equal(t.neffects, 2);
    for (int i = 0; i < 2; i++) /* the only blocks with all levels */
        assert_int_equal(t.effects[i].blocks, 1);
    ablation_free(&t);
    t = open_table((struct ablation_args){.by = "tie", .at = -1, .keep = keep_size});
    assert_int_equal(t.rows[1].n, 5); /* pooled over the generator's size */
    assert_int_equal(t.rows[0].cell[t.ranked].test.kind, STATS_PAIRED);
    assert_int_equal(t.rows[0].cell[t.ranked].test.n, 3); /* only like with like */
    ablation_free(&t);
}

static int keep_unigram(void *ud, const struct query_run *r)
{
    (void)ud;
    return strcmp(r->tags, "unigram") == 0;
}

/* A generator without a network has no size: one cell for all sizes. */
static void test_cells_that_cannot_be(void **state)
{
    (void)state;
    static const char *const cells[] = {"generator=mlm generator_size=1/4", "generator=mlm generator_size=1/2",
                                        "generator=unigram generator_size=1/2"};
    for (int k = 0; k < 3; k++) {
        char fields[120];
        snprintf(fields, sizeof fields, "%s seed=1 tags=unigram", cells[k]);
        add_run(fields, .8, RUN_DONE, 400);
    }
    struct ablation t = open_table((struct ablation_args){.by = "generator,generator_size", .at = -1,
                                                          .keep = keep_unigram});
    assert_int_equal(t.nrows, 3);
    assert_int_equal(t.nmissing, 0);
    ablation_free(&t);
    add_run("generator=uniform generator_size=1/4 tie=none seed=1 tags=unigram", .8, RUN_DONE, 400);
    t = open_table((struct ablation_args){.by = "generator,generator_size,tie", .at = -1, .keep = keep_unigram});
    assert_int_equal(t.nmissing, 1 + 1 + 2); /* mlm without tie at two sizes; unigram without, uniform with */
    ablation_free(&t);
}

static int keep_flops(void *ud, const struct query_run *r)
{
    (void)ud;
    return strcmp(r->tags, "flops") == 0;
}

static void test_equal_flops_are_read_at_the_end(void **state)
{
    (void)state;
    add_run("objective=electra steps=400 tags=flops", .8, RUN_DONE, 400);
    add_run("objective=electra15 steps=800 tags=flops", .7, RUN_DONE, 800);
    struct ablation t = open_table((struct ablation_args){.at = -1, .keep = keep_flops});
    assert_int_equal(t.at, ABLATION_END);
    assert_int_equal(t.unequal, 0);
    assert_float_equal(t.rows[1].cell[t.ranked].s.mean, .7, 1e-12);
    ablation_free(&t);
    t = open_table((struct ablation_args){.at = ABLATION_COMMON, .keep = keep_flops});
    assert_int_equal(t.step, 400);
    assert_float_equal(t.rows[1].cell[t.ranked].s.mean, .5, 1e-12);
    ablation_free(&t);
}

static int keep_budgets(void *ud, const struct query_run *r)
{
    (void)ud;
    return strncmp(r->tags, "budget", 6) == 0;
}

/* A long run beside a short one is judged by its own end, and the row is marked. */
static void test_other_budgets_are_read_at_their_ends(void **state)
{
    (void)state;
    char where[80];
    add_run("objective=electra steps=400 tags=budget", .5, RUN_DONE, 400);
    add_run("objective=electra15 steps=8000 tags=budget", .9, RUN_DONE, 8000);
    struct ablation t = open_table((struct ablation_args){.at = -1, .keep = keep_budgets});
    assert_int_equal(t.at, ABLATION_END);
    assert_float_equal(t.rows[1].cell[t.ranked].s.mean, .9, 1e-12);
    assert_int_equal(t.rows[1].unequal + t.rows[0].unequal, 1);
    assert_int_equal(t.rows[t.baseline].unequal, 0);
    assert_string_equal(ablation_where(&t, where, sizeof where), "each run's end, steps 400 to 8,000");
    ablation_free(&t);
}

static int add_score(struct store *s, void *ud)
{
    return store_add_score(s, ud, NULL);
}

static void test_scores_are_medians_over_fine_tuning(void **state)
{
    static const double values[] = {50, 90, 60};
    (void)state;
    int64_t id = add_run("tie=all generator_size=1 generator_heads=4 seed=1 tags=scored", .8, RUN_DONE, 400);
    add_run("tie=none seed=1 tags=scored", .8, RUN_DONE, 400);
    for (int i = 0; i < 4; i++) {
        struct store_score s = {.run = id, .checkpoint_step = i < 3 ? 400 : 100, .model = "m",
                                .task = "cola", .metric = "matthews", .settings = "", .state = "done",
                                .program = "", .seed = i, .n = 10, .value = i < 3 ? values[i] : 1};
        assert_int_equal(recorder_call(recorder, add_score, &s), 0);
    }
    struct ablation t = open_table((struct ablation_args){.metric = "cola", .at = -1});
    assert_string_equal(t.metrics[t.ranked].name, "cola matthews");
    int found = 0;
    for (int i = 0; i < t.nrows; i++)
        for (int k = 0; k < t.rows[i].n; k++)
            if (t.rows[i].runs[k] == id) {
                assert_float_equal(t.rows[i].cell[t.ranked].values[k], 60, 0);
                found = 1;
            }
    assert_true(found);
    ablation_free(&t);
}

static void test_csv_has_every_row_and_metric(void **state)
{
    (void)state;
    struct ablation t = open_table((struct ablation_args){.by = "tie", .at = -1});
    char *text = NULL, want[80];
    size_t size;
    FILE *f = open_memstream(&text, &size);
    struct csv_out *out = csv_new(f);
    int rows = ablation_csv(&t, NULL, out), lines = 0;
    assert_int_equal(csv_finish(out, NULL), 0);
    fclose(f);
    for (const char *p = text; (p = strstr(p, "\r\n")); p += 2)
        lines++;
    assert_int_equal(rows, t.nrows * t.nmetrics);
    assert_int_equal(lines, rows + 1);
    snprintf(want, sizeof want, "none,val_rtd_auc_common,%d,%.17g,", t.rows[0].cell[0].s.n,
             t.rows[0].cell[0].s.mean);
    assert_non_null(strstr(text, want));
    free(text);
    ablation_free(&t);
}

static void test_an_empty_store_is_an_empty_table(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(file_remove_tree(dir, NULL), 0);
    assert_int_equal(setup(NULL), 0);
    struct ablation t = open_table((struct ablation_args){.at = -1});
    assert_int_equal(t.nrows, 0);
    assert_int_equal(t.baseline, -1);
    ablation_free(&t);
    t = open_table((struct ablation_args){.by = "tie", .at = -1});
    assert_int_equal(t.nrows, 0);
    ablation_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_and_verdicts),
        cmocka_unit_test(test_own_metrics_are_shown_not_ranked),
        cmocka_unit_test(test_arguments_are_checked),
        cmocka_unit_test(test_a_young_run_waits),
        cmocka_unit_test(test_a_repeated_seed_counts_once),
        cmocka_unit_test(test_grid_with_holes),
        cmocka_unit_test(test_cells_that_cannot_be),
        cmocka_unit_test(test_equal_flops_are_read_at_the_end),
        cmocka_unit_test(test_other_budgets_are_read_at_their_ends),
        cmocka_unit_test(test_scores_are_medians_over_fine_tuning),
        cmocka_unit_test(test_csv_has_every_row_and_metric),
        cmocka_unit_test(test_an_empty_store_is_an_empty_table),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
