/* A writer killed at random moments: the store is whole, no acknowledged row is missing, the
 * roll-ups agree with the points, and the next process goes on from there. */
#include "tests/unit/db/rig.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/store_int.h"
#include "src/base/clock.h"

#define KILLS 15

static const char *path;

static void acknowledge(void *ud, const struct event *e)
{
    int64_t step = e->step;
    if (e->kind == EVENT_METRICS && write(*(int *)ud, &step, sizeof step) != sizeof step)
        _exit(1);
}

/* Writes steps after `from` until it is killed: metrics, tokens, checkpoints, now and then a
 * resume a little way back. */
static void write_for_ever(int64_t run, int64_t from, int fd)
{
    struct err err = {0, ""};
    struct store *s = store_open(path, &err);
    if (!s || store_resume(s, run, from, &err))
        _exit(1);
    struct recorder *r = recorder_start(s, acknowledge, &fd, &err);
    if (!r)
        _exit(1);
    struct event_sink sink = recorder_sink(r);
    for (int64_t step = from + 1;; step++) {
        struct event e = rig_metric(run, step, METRIC_total_loss, (double)step);
        for (int k = 1; k < 10; k++) {
            e.metrics[k].id = k;
            e.metrics[k].value = (double)(step * k);
        }
        e.nmetrics = 10;
        sink.emit(sink.ud, &e);
        if (step % 50 == 0) {
            struct event t = {.kind = EVENT_TOKENS, .run = run, .step = step,
                              .source = TOKENS_SNAPSHOT, .seq = rig_seq(30, 0, 1)};
            sink.emit(sink.ud, &t);
            struct event c = {.kind = EVENT_CHECKPOINT, .run = run, .step = step, .text = "."};
            sink.emit(sink.ud, &c);
        }
        if (step % 16 == 0)
            clock_sleep(0.001);
    }
}

/* The last step that the child acknowledged before it died. */
static int64_t run_and_kill(int64_t run, int64_t from, double after)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        close(ends[0]);
        write_for_ever(run, from, ends[1]);
    }
    close(ends[1]);
    int64_t last = from, step;
    double stop = 0;
    /* The moment counts from the first row, or all kills would hit the start. */
    while (read(ends[0], &step, sizeof step) == (ssize_t)sizeof step) {
        last = step;
        if (!stop)
            stop = clock_now() + after;
        if (stop > 0 && clock_now() > stop) {
            kill(pid, SIGKILL);
            stop = -1;
        }
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return last;
}

static void killed_writers_lose_nothing_acknowledged(void **state)
{
    (void)state;
    struct err err = {0, ""};
    path = rig_path();
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), from = 0;
    store_close(s);
    srand(4711);
    for (int k = 0; k < KILLS; k++) {
        int64_t last = run_and_kill(run, from, (double)(rand() % 1000) * 60e-6);
        assert_true(last > from);
        struct query *q = rig_query(path);
        struct query_summary sum;
        for (int m = 0; m < 10; m++) {
            assert_int_equal(query_metric_summary(q, run, m, &sum, &err), 1);
            assert_true(sum.last_step >= last && sum.n == sum.last_step && sum.first_step == 1);
        }
        query_close(q);
        char sql[256];
        assert_true(rig_sql(path, "SELECT count(*) FROM pragma_integrity_check "
                            "WHERE integrity_check <> 'ok'") == 0);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM point WHERE step <= %lld", (long long)last);
        assert_true(rig_sql(path, sql) == 10.0 * (double)last);
        assert_true(rig_sql(path, "SELECT count(*) FROM series s WHERE n <> (SELECT count(*) FROM "
                            "point WHERE series = s.id) OR n / 16 * 16 <> (SELECT coalesce(sum(r.n), "
                            "0) FROM rollup r WHERE series = s.id AND level = 1)") == 0);
        assert_true(rig_sql(path, "SELECT count(*) FROM sequence q WHERE n <> (SELECT count(*) FROM "
                            "token WHERE sequence = q.id)") == 0);
        from = last - rand() % 40;
        from = from < 0 ? 0 : from;
    }
    rig_clean();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_writers_lose_nothing_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
