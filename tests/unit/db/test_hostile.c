/* A store that somebody else wrote: what a row says of others is not believed where it asks for
 * memory, time or arithmetic that the file does not bear out. */
#include "tests/unit/db/rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_int.h"
#include "src/base/arena.h"

#define POINTS 2000
#define ROOM (1 << 20) /* bytes that reading this store may take */

static const char *path;
static int64_t run;
static struct query *q;
static struct arena a;
static struct err err;

static int setup(void **state)
{
    (void)state;
    double v[POINTS];
    path = rig_path();
    struct store *s = rig_store(path);
    run = rig_run(s, "a");
    for (int i = 0; i < POINTS; i++)
        v[i] = i;
    rig_points(s, run, METRIC_total_loss, v, POINTS, 0, 1);
    struct event e = {.kind = EVENT_TOKENS, .run = run, .step = 5, .source = TOKENS_USER,
                      .seq = rig_seq(4, 1, 1)};
    ok(store_begin(s, &err));
    ok(store_write_event(s, &e, &err));
    ok(store_commit(s, &err));
    free(e.seq);
    store_close(s);
    arena_init(&a);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&a);
    rig_clean();
    return 0;
}

static void change(const char *sql)
{
    rig_sql(path, sql);
    q = rig_query(path);
}

/* series.n is what a series says that it has. */
static void a_number_of_points_is_counted(void **state)
{
    (void)state;
    static const struct { const char *sql; int n; } cases[] = {
        {"UPDATE series SET n = 1000000000", POINTS},
        {"UPDATE series SET n = 9223372036854775807", POINTS},
        {"UPDATE series SET n = -5", 0},
        {"UPDATE series SET n = 'many'", 0}, /* more than 0, says SQLite */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query_point *p;
        struct query_summary sum;
        change(cases[i].sql);
        assert_int_equal(query_points(q, run, METRIC_total_loss, &a, &p, &err), cases[i].n);
        assert_int_equal(query_metric_summary(q, run, METRIC_total_loss, &sum, &err), cases[i].n > 0);
        query_close(q);
    }
    assert_true(a.used < ROOM);
}

/* Who writes adds to what is there. */
static void blocks_that_cannot_be_are_not_added_to(void **state)
{
    (void)state;
    static const char *const lies[] = {
        "UPDATE rollup SET n = 9223372036854775807 WHERE level = 1",
        "UPDATE rollup SET nonfinite = -5 WHERE level = 1",
        "UPDATE rollup SET max = 'nan', n = 9 WHERE level = 1",
        "UPDATE series SET n = 9223372036854775807",
        "UPDATE series SET n = -9223372036854775807",
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        rig_sql(path, "CREATE TABLE r AS SELECT * FROM rollup");
        rig_sql(path, "CREATE TABLE s AS SELECT * FROM series");
        rig_sql(path, lies[i]);
        struct store *s = rig_store(path);
        struct event e = rig_metric(run, POINTS + 1, METRIC_total_loss, 1);
        ok(store_begin(s, &err));
        if (store_write_event(s, &e, &err) != E_INPUT)
            fail_msg("%s", lies[i]);
        assert_non_null(strstr(err.text, "is damaged"));
        store_close(s);
        rig_sql(path, "REPLACE INTO rollup SELECT * FROM r");
        rig_sql(path, "REPLACE INTO series SELECT * FROM s");
        rig_sql(path, "DROP TABLE r");
        rig_sql(path, "DROP TABLE s");
    }
}

/* sequence.n is what a sequence says that it has. */
static void a_number_of_tokens_is_counted(void **state)
{
    (void)state;
    static const struct { const char *sql; int n; } cases[] = {
        {"UPDATE sequence SET n = 1000000", 4}, {"UPDATE sequence SET n = 9223372036854775807", 4},
        {"UPDATE sequence SET n = 'four'", 4}, {"UPDATE sequence SET n = 3", 3},
        {"UPDATE sequence SET n = -1", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct token_seq **s;
        change(cases[i].sql);
        assert_int_equal(query_tokens(q, run, TOKENS_USER, 5, &a, &s, NULL, NULL, &err), 1);
        assert_int_equal(s[0]->n, cases[i].n);
        query_close(q);
    }
    assert_true(a.used < ROOM);
}

/* Blocks that cover each other would be read again and again (16 rows in 8 levels: 16^8 times), and
 * what they count is added up. */
static void blocks_that_cannot_be_are_told(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "UPDATE rollup SET last_step = 1999",
        "UPDATE rollup SET n = 9223372036854775807",
        "UPDATE rollup SET n = 17 WHERE level = 1",
        "UPDATE rollup SET n = -16",
        "UPDATE rollup SET nonfinite = -1",
        "UPDATE rollup SET nonfinite = n + 1",
        "UPDATE rollup SET max = 1e999",
        "UPDATE rollup SET min = max + 1",
        "UPDATE rollup SET last = -1e999"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query_bucket *b;
        rig_sql(path, "CREATE TABLE kept AS SELECT * FROM rollup");
        change(cases[i]);
        if (query_series(q, run, METRIC_total_loss, 0, -1, 7, &a, &b, &err) != E_INPUT)
            fail_msg("%s", cases[i]);
        assert_non_null(strstr(err.text, "damaged"));
        query_close(q);
        rig_sql(path, "DELETE FROM rollup");
        rig_sql(path, "INSERT INTO rollup SELECT * FROM kept");
        rig_sql(path, "DROP TABLE kept");
    }
}

/* The last step that there can be has none after it. */
static void the_last_step_has_no_next(void **state)
{
    (void)state;
    struct query_bucket *b;
    rig_sql(path, "UPDATE rollup SET last_step = 9223372036854775807 WHERE first_step = (SELECT "
                  "max(first_step) FROM rollup r WHERE r.level = rollup.level)");
    change("UPDATE series SET last_step = 9223372036854775807, n = 9000000000000000000");
    int n = query_series(q, run, METRIC_total_loss, 0, -1, 1, &a, &b, &err);
    assert_int_equal(n, 1);
    assert_true(b[0].last_step == INT64_MAX && b[0].n <= POINTS);
    query_close(q);
}

/* A mean lies between the smallest and the largest, also where the sum is none. */
static void a_mean_is_no_infinity(void **state)
{
    (void)state;
    struct query_bucket *b;
    struct query_run *runs;
    change("UPDATE rollup SET sum = 1e999");
    int n = query_series(q, run, METRIC_total_loss, 0, -1, 10, &a, &b, &err);
    assert_int_equal(n, 10);
    for (int i = 0; i < n; i++)
        assert_true(b[i].mean >= b[i].min && b[i].mean <= b[i].max);
    assert_int_equal(query_runs(q, 0, &a, &runs, &err), 1);
    const double *trend = query_trend(q, run);
    assert_non_null(trend);
    for (int i = 0; i < QUERY_TREND; i++)
        assert_true(trend[i] >= 0 && trend[i] < POINTS);
    query_close(q);
}

/* The next own sentence gets the number after it, which must not run over. */
static void a_sentence_number_leaves_room(void **state)
{
    (void)state;
    change("UPDATE sequence SET sentence = 2147483647");
    assert_int_equal(query_last_sentence(q, TOKENS_USER), QUERY_SENTENCES);
    query_close(q);
    change("UPDATE sequence SET sentence = 4294967297");
    assert_int_equal(query_last_sentence(q, TOKENS_USER), QUERY_SENTENCES);
    query_close(q);
}

/* kill(-1, 0) asks for any process at all. */
static void a_process_number_is_one(void **state)
{
    (void)state;
    char boot[64], sql[256];
    struct query_run *runs;
    store_boot_id(boot);
    snprintf(sql, sizeof sql, "UPDATE run SET state = 'running', boot_id = '%s', pid = 4294967295",
             boot);
    change(sql);
    assert_int_equal(query_runs(q, 0, &a, &runs, &err), 1);
    assert_int_equal(runs[0].state, RUN_LOST);
    query_close(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_number_of_points_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_that_cannot_be_are_not_added_to, setup, teardown),
        cmocka_unit_test_setup_teardown(a_number_of_tokens_is_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_that_cannot_be_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_step_has_no_next, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mean_is_no_infinity, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sentence_number_leaves_room, setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_number_is_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
