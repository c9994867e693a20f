/* The recorder: order, promptness, pressure, a full disk, a run that was deleted, many readers. */
#include "tests/unit/db/rig.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_int.h"
#include "src/base/arena.h"
#include "src/base/clock.h"
#include "src/base/file.h"

static const char *path;

static int setup(void **state)
{
    (void)state;
    path = rig_path();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_clean();
    return 0;
}

struct seen {
    int64_t n, last_step;
    int out_of_order, tokens_gone;
    char message[512];
    struct query *q; /* reads what was told, at once */
    int64_t run;
    int not_there;
};

static void committed(void *ud, const struct event *e)
{
    struct seen *s = ud;
    s->n++;
    if (e->kind == EVENT_METRICS) {
        s->out_of_order += e->step <= s->last_step;
        s->last_step = e->step;
        struct query_summary sum;
        struct err err = {0, ""};
        if (s->q && (query_metric_summary(s->q, e->run, e->metrics[0].id, &sum, &err) != 1 ||
                     sum.last_step < e->step))
            s->not_there++;
    }
    if (e->kind == EVENT_MESSAGE)
        snprintf(s->message, sizeof s->message, "%s", e->text);
    if (e->kind == EVENT_TOKENS)
        s->tokens_gone += e->seq->n != 7;
}

static void send(struct recorder *r, const struct event *e)
{
    struct event_sink sink = recorder_sink(r);
    sink.emit(sink.ud, e);
}

/* In order, and told only when others can read it. */
static void acknowledges_in_order_after_commit(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct seen seen = {.q = rig_query(path)};
    struct recorder *r = recorder_start(s, committed, &seen, &err);
    assert_non_null(r);
    for (int i = 1; i <= 3000; i++) {
        struct event e = rig_metric(run, i, METRIC_total_loss, i);
        send(r, &e);
        if (i % 100 == 0) {
            e = (struct event){.kind = EVENT_TOKENS, .run = run, .step = i,
                               .source = TOKENS_SNAPSHOT, .seq = rig_seq(7, 0, 1)};
            send(r, &e);
        }
    }
    ok(recorder_flush(r, &err));
    assert_int_equal(recorder_queue_depth(r), 0);
    assert_int_equal(seen.n, 3030);
    assert_int_equal(seen.last_step, 3000);
    assert_true(!seen.out_of_order && !seen.not_there && !seen.tokens_gone);
    recorder_stop(r);
    query_close(seen.q);
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM point") == 3000);
}

/* Nobody asks: within 250 ms (and some, for a busy machine) it is there. */
static void commits_by_itself(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct query *q = rig_query(path);
    struct recorder *r = recorder_start(s, NULL, NULL, &err);
    double worst = 0;
    for (int i = 1; i <= 3; i++) {
        struct event e = rig_metric(run, i, METRIC_total_loss, 1);
        double start = clock_now();
        send(r, &e);
        struct query_summary sum = {0};
        while (sum.last_step < i && clock_now() - start < 5) {
            clock_sleep(0.005);
            query_metric_summary(q, run, METRIC_total_loss, &sum, &err);
        }
        assert_int_equal(sum.last_step, i);
        worst = fmax(worst, clock_now() - start);
    }
    if (worst > 0.25)
        print_message("slowest commit: %.0f ms\n", worst * 1000);
    assert_true(worst < 1);
    recorder_stop(r);
    query_close(q);
    store_close(s);
}

static int tag_it(struct store *s, void *ud)
{
    struct err err = {0, ""};
    /* What was emitted before is in. */
    int64_t n = 0;
    sql_int(&s->sql, "SELECT count(*) FROM point", &n, &err);
    return store_tag(s, *(int64_t *)ud, "called", &err) ? -1 : (int)n;
}

static void calls_come_after_events(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct recorder *r = recorder_start(s, NULL, NULL, &err);
    for (int i = 1; i <= 50; i++) {
        struct event e = rig_metric(run, i, METRIC_total_loss, 1);
        send(r, &e);
        assert_int_equal(recorder_call(r, tag_it, &run), i);
    }
    recorder_stop(r);
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM run WHERE tags = 'called'") == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(acknowledges_in_order_after_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(commits_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_come_after_events, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
