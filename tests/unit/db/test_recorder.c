/* The recorder: order, promptness, pressure, a full disk, a run that was deleted, many readers. */
#include "tests/unit/db/rig.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

/* A run that was deleted, and an event that can't be: the others are stored all the same. */
static void unstorable_events_don_t_stop_the_rest(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), gone = rig_run(s, "b");
    ok(store_delete_run(s, gone, &err));
    struct seen seen = {0};
    struct recorder *r = recorder_start(s, committed, &seen, &err);
    for (int i = 1; i <= 10; i++) {
        struct event e = rig_metric(run, i, METRIC_total_loss, 1);
        send(r, &e);
        e = rig_metric(gone, i, METRIC_total_loss, 1);
        send(r, &e);
        e = rig_metric(run, -i, METRIC_total_loss, 1);
        send(r, &e);
    }
    ok(recorder_flush(r, &err));
    recorder_stop(r);
    store_close(s);
    assert_int_equal(seen.n, 10); /* only what was stored is told */
    assert_true(rig_sql(path, "SELECT count(*) FROM point") == 10);
    assert_true(rig_sql(path, "SELECT count(*) FROM series") == 1);
}

struct producer {
    struct recorder *r;
    int64_t run;
    int n, most;
};

static void *produce(void *ud)
{
    struct producer *p = ud;
    for (int i = 1; i <= p->n; i++) {
        struct event e = rig_metric(p->run, i, METRIC_total_loss, i);
        for (int k = 1; k < 40; k++) {
            e.metrics[k].id = k % METRIC_COUNT + (k >= METRIC_COUNT ? METRIC_VAL : 0);
            e.metrics[k].value = i * k;
        }
        e.nmetrics = 40;
        send(p->r, &e);
        int depth = recorder_queue_depth(p->r);
        p->most = depth > p->most ? depth : p->most;
    }
    return NULL;
}

/* Four runs as fast as they can: the queue stays bounded, nothing is lost or mixed up. */
static void pressure_blocks_and_loses_nothing(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    struct producer p[4];
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        p[i] = (struct producer){.run = rig_run(s, "a"), .n = 400};
    struct recorder *r = recorder_start(s, NULL, NULL, &err);
    for (int i = 0; i < 4; i++) {
        p[i].r = r;
        assert_int_equal(pthread_create(&t[i], NULL, produce, &p[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_true(p[i].most <= 10000 / 40 + 4); /* rows, not events, are the bound */
    }
    ok(recorder_flush(r, &err));
    recorder_stop(r);
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM point") == 4 * 400 * 40);
    assert_true(rig_sql(path, "SELECT count(*) FROM series WHERE n = 400 AND last_step = 400") == 160);
    assert_true(rig_sql(path, "SELECT min(last) FROM v_summary WHERE metric = 'total_loss'") == 400);
}

static int set_pages(struct store *s, void *ud)
{
    char text[64];
    int64_t pages = 0, *extra = ud;
    sql_int(&s->sql, "PRAGMA page_count", &pages, NULL);
    snprintf(text, sizeof text, "PRAGMA max_page_count=%lld", (long long)(pages + *extra));
    return sql_exec(&s->sql, text, NULL);
}

/* No space: rows stay in memory, flush says so, and all are there once there is room. */
static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), none = 0, much = 100000;
    struct seen seen = {0};
    struct recorder *r = recorder_start(s, committed, &seen, &err);
    struct event e;
    int i = 1;
    for (; i <= 20; i++) {
        e = rig_metric(run, i, METRIC_total_loss, i);
        send(r, &e);
    }
    ok(recorder_flush(r, &err));
    assert_int_equal(recorder_call(r, set_pages, &none), 0);
    for (; i <= 4000; i++) {
        e = rig_metric(run, i, METRIC_total_loss, i);
        send(r, &e);
    }
    assert_int_equal(recorder_flush(r, &err), E_NOSPACE);
    assert_int_equal(recorder_error(r, &err), E_NOSPACE);
    assert_non_null(strstr(err.text, "full"));
    int64_t acknowledged = seen.last_step;
    assert_true(acknowledged >= 20 && acknowledged < 4000 && recorder_queue_depth(r) > 0);
    assert_int_equal(recorder_call(r, set_pages, &much), 0);
    ok(recorder_flush(r, &err));
    assert_int_equal(recorder_error(r, &err), 0);
    recorder_stop(r);
    store_close(s);
    assert_int_equal(seen.last_step, 4000);
    assert_false(seen.out_of_order);
    assert_non_null(strstr(seen.message, "nothing is lost"));
    assert_true(rig_sql(path, "SELECT count(*) FROM point") == 4000);
    assert_true(rig_sql(path, "SELECT count(*) FROM event WHERE run = 0 AND text LIKE '%full%'") == 1);
    assert_true(rig_sql(path, "SELECT sum(n) FROM rollup WHERE level = 2") == 4000 / 256 * 256);
}

/* A write that fails below SQLite (the file may not grow): the same. */
static void write_errors_lose_nothing(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct recorder *r = recorder_start(s, NULL, NULL, &err);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 300000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int failed = 0, i = 1;
    for (; i <= 3000 && !failed; i++) {
        struct event e = rig_metric(run, i, METRIC_total_loss, i);
        send(r, &e);
        if (i % 20 == 0)
            failed = recorder_flush(r, &err);
    }
    setrlimit(RLIMIT_FSIZE, &old);
    assert_true(failed < 0);
    ok(recorder_flush(r, &err));
    recorder_stop(r);
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM point") == i - 1);
    assert_true(rig_sql(path, "SELECT max(step) FROM point") == i - 1);
}

/* With memory full as well, who cannot be told to end is held up for a while, not for ever; what had to be
 * given up is counted and said. */
static void a_full_queue_gives_up_in_the_end(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), none = 0, much = 100000;
    struct seen seen = {0};
    struct recorder *r = recorder_start(s, committed, &seen, &err);
    recorder_patience(r, 0.05);
    assert_int_equal(recorder_call(r, set_pages, &none), 0);
    int depth = 0, i = 0;
    struct event e = rig_metric(run, 1, METRIC_total_loss, 1);
    e.nmetrics = 20;
    for (int k = 1; k < 20; k++)
        e.metrics[k].id = k;
    for (; recorder_queue_depth(r) == depth; i++, depth++) {
        e.step = i + 1;
        send(r, &e);
    }
    assert_int_equal(depth, 10000 / 20 + 1); /* the last one sent was not taken */
    assert_int_equal(recorder_call(r, set_pages, &much), 0);
    ok(recorder_flush(r, &err));
    recorder_stop(r);
    store_close(s);
    assert_int_equal(seen.last_step, 10000 / 20);
    assert_non_null(strstr(seen.message, "1 event is lost"));
}

struct sender {
    struct recorder *r;
    int64_t run;
    int n, lost, asked;
    atomic_int let_go, sent;
};

static int lets_go(void *ud)
{
    struct sender *s = ud;
    s->asked++;
    return atomic_load(&s->let_go);
}

static void *send_all(void *ud)
{
    struct sender *s = ud;
    struct event e = rig_metric(s->run, 1, METRIC_total_loss, 1);
    e.nmetrics = 20;
    for (int k = 1; k < 20; k++)
        e.metrics[k].id = k;
    for (int i = 1; i <= s->n; i++) {
        e.step = i;
        s->lost += recorder_emit(s->r, &e, lets_go, s) == E_IO;
        atomic_store(&s->sent, i);
    }
    return NULL;
}

/* A training thread waits for a store that fails, longer than anyone's patience, and loses nothing;
 * the host's own words still pass. Told to end, it does, and knows what it lost. */
static void a_training_thread_waits_for_the_store(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t none = 0, much = 100000;
    struct seen seen = {0};
    struct sender a = {.n = 600};
    int64_t runs[2] = {rig_run(s, "a"), rig_run(s, "b")};
    struct recorder *r = a.r = recorder_start(s, committed, &seen, &err);
    pthread_t t;
    recorder_patience(r, 0.02);
    for (int end = 0; end < 2; end++) {
        a.run = runs[end];
        atomic_store(&a.sent, 0);
        assert_int_equal(recorder_call(r, set_pages, &none), 0);
        assert_int_equal(pthread_create(&t, NULL, send_all, &a), 0);
        while (!recorder_holds(r) || atomic_load(&a.sent) < 10000 / 20)
            clock_sleep(0.005);
        clock_sleep(0.1);
        assert_int_equal(atomic_load(&a.sent), 10000 / 20);
        struct event told = {.kind = EVENT_MESSAGE, .run = a.run, .text = "still here"};
        send(r, &told);
        if (end)
            atomic_store(&a.let_go, 1);
        else
            assert_int_equal(recorder_call(r, set_pages, &much), 0);
        pthread_join(t, NULL);
        assert_int_equal(a.lost, end ? 100 : 0);
        assert_int_equal(recorder_call(r, set_pages, &much), 0);
        ok(recorder_flush(r, &err));
        assert_false(recorder_holds(r));
    }
    assert_true(a.asked > 2);
    recorder_stop(r);
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM point WHERE series IN (SELECT id FROM series WHERE run = 1)") == 600 * 20);
    assert_true(rig_sql(path, "SELECT count(*) FROM point WHERE series IN (SELECT id FROM series WHERE run = 2)") == 500 * 20);
    assert_true(rig_sql(path, "SELECT count(*) FROM event WHERE text = 'still here'") == 2);
}

static int drop_threads(struct store *s, void *ud)
{
    (void)ud;
    return sql_exec(&s->sql, "DROP TABLE thread", NULL);
}

/* An event that SQL itself refuses is left out; its neighbours in the transaction are not. */
static void a_refused_event_is_left_out(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct seen seen = {0};
    struct recorder *r = recorder_start(s, committed, &seen, &err);
    assert_int_equal(recorder_call(r, drop_threads, NULL), 0);
    for (int i = 1; i <= 9; i++) {
        struct event e = rig_metric(run, i, METRIC_total_loss, 1);
        if (i % 3 == 0)
            e = (struct event){.kind = EVENT_THREADS, .run = run, .step = i, .nthreads = 1};
        send(r, &e);
    }
    ok(recorder_flush(r, &err));
    recorder_stop(r);
    store_close(s);
    assert_int_equal(seen.n, 6);
    assert_true(rig_sql(path, "SELECT count(*) * 100 + max(step) FROM point") == 608);
}

/* The recorder stands last among a run's threads, with what it is and what waits. */
static void stands_among_the_threads(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), newest;
    struct recorder *r = recorder_start(s, NULL, NULL, &err);
    struct event e = {.kind = EVENT_THREADS, .run = run, .step = 1, .nthreads = 1,
                      .threads = {{.what = "step", .cpu = 2}}};
    struct query_threads t = {0};
    send(r, &e);
    struct event m = {.kind = EVENT_MESSAGE, .run = run, .text = "one"};
    send(r, &m);
    ok(recorder_flush(r, &err));
    struct query *q = rig_query(path);
    assert_true(query_run_threads(q, run, &t, &err) >= 0);
    assert_int_equal(t.n, 2);
    assert_string_equal(t.threads[0].what, "step");
    assert_true(!strncmp(t.threads[1].what, RECORDER_THREAD, strlen(RECORDER_THREAD)));
    assert_int_equal(atoi(t.threads[1].what + strlen(RECORDER_THREAD)), 2); /* both waited */
    assert_true(t.threads[1].cpu > 0 && t.threads[1].cpu < 60);
    int64_t n = query_events_after(q, 0, &newest), same = newest;
    assert_true(n >= 1 && newest >= n);
    assert_int_equal(query_events_after(q, newest, &newest), 0);
    assert_int_equal(newest, same);
    assert_int_equal(query_events_after(q, newest - 1, &newest), 1);
    query_close(q);
    recorder_stop(r);
    store_close(s);
}

/* Stopping with the disk still full ends, and gives memory back. */
static void stopping_while_full_ends(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), none = 0;
    struct recorder *r = recorder_start(s, NULL, NULL, &err);
    assert_int_equal(recorder_call(r, set_pages, &none), 0);
    for (int i = 1; i <= 20; i++) {
        struct event e = {.kind = EVENT_TOKENS, .run = run, .step = i, .source = TOKENS_SNAPSHOT,
                          .seq = rig_seq(200, 0, 1)};
        send(r, &e);
    }
    assert_int_equal(recorder_flush(r, &err), E_NOSPACE);
    recorder_stop(r);
    store_close(s);
}

struct reader {
    atomic_int *stop;
    int64_t run;
    int reads, errors, went_back;
    int64_t wal;
};

static void *read_on(void *ud)
{
    struct reader *rd = ud;
    struct err err = {0, ""};
    struct query *q = query_open(path, &err);
    char wal_path[256];
    snprintf(wal_path, sizeof wal_path, "%s-wal", path);
    struct arena a;
    arena_init(&a);
    int64_t last = 0;
    while (q && !atomic_load(rd->stop)) {
        struct query_bucket *b;
        struct query_run *runs;
        arena_reset(&a);
        int n = query_series(q, rd->run, METRIC_total_loss, 0, -1, 50, &a, &b, &err);
        int m = query_runs(q, 0, &a, &runs, &err);
        int64_t points = 0;
        for (int i = 0; i < n; i++)
            points += b[i].n;
        rd->errors += n < 0 || m < 0;
        if (m == 1 && n > 0) { /* one snapshot each: no hole, and never less than before */
            rd->went_back += points < last || points != b[n - 1].last_step || runs[0].step < points;
            last = points;
        }
        rd->reads++;
        int64_t wal = file_size(wal_path);
        rd->wal = wal > rd->wal ? wal : rd->wal;
    }
    if (!q)
        rd->errors++;
    arena_free(&a);
    query_close(q);
    return NULL;
}

/* Readers all the time: none sees an error or half a transaction, and the WAL stays small. */
static void many_readers_one_writer(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct recorder *r = recorder_start(s, NULL, NULL, &err);
    atomic_int stop = 0;
    struct reader rd[4];
    pthread_t t[4];
    for (int i = 0; i < 4; i++) {
        rd[i] = (struct reader){.stop = &stop, .run = run};
        assert_int_equal(pthread_create(&t[i], NULL, read_on, &rd[i]), 0);
    }
    double start = clock_now();
    int i = 0;
    while (clock_now() - start < 1.2) {
        i++;
        struct event e = rig_metric(run, i, METRIC_total_loss, i);
        e.nmetrics = 8;
        for (int k = 1; k < 8; k++) {
            e.metrics[k].id = METRIC_total_loss + k;
            e.metrics[k].value = k;
        }
        send(r, &e);
        if (i % 64 == 0)
            ok(recorder_flush(r, &err));
    }
    ok(recorder_flush(r, &err));
    atomic_store(&stop, 1);
    for (int k = 0; k < 4; k++) {
        pthread_join(t[k], NULL);
        assert_int_equal(rd[k].errors, 0);
        assert_int_equal(rd[k].went_back, 0);
        assert_true(rd[k].reads > 3 && rd[k].wal <= 64 << 20);
    }
    recorder_stop(r);
    store_close(s);
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM point WHERE step <= %d", i);
    assert_true(rig_sql(path, sql) == 8 * i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(acknowledges_in_order_after_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(commits_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(stands_among_the_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_come_after_events, setup, teardown),
        cmocka_unit_test_setup_teardown(unstorable_events_don_t_stop_the_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(pressure_blocks_and_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(write_errors_lose_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_gives_up_in_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_training_thread_waits_for_the_store, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_event_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_while_full_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(many_readers_one_writer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
