/* See host_rig.h. */
#include "tests/unit/experiments/host_rig.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/socket.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"

/* The host that serves now: where it is kept outlives the test that started it. */
static struct host_rig serving;
static atomic_int ended;

static void *serve(void *ud)
{
    struct err err = {0};
    (void)ud;
    serving.rc = host_serve(serving.host, serving.pipe[0], &err);
    atomic_store(&ended, 1);
    return NULL;
}

int host_rig_start(struct host_rig *h, struct rig *rig, int max_runs)
{
    struct host_options o = {.max_runs = max_runs, .linger = 600};
    struct err err = {0};
    memset(&serving, 0, sizeof serving);
    atomic_store(&ended, 0);
    serving.rig = rig;
    serving.host = host_open(&rig->w, &o, &err);
    if (!serving.host || pipe(serving.pipe)) {
        print_error("%s\n", err.text);
        return -1;
    }
    int rc = pthread_create(&serving.thread, NULL, serve, NULL);
    *h = serving;
    return rc;
}

static void finish(struct host_rig *h)
{
    pthread_join(serving.thread, NULL);
    serving.signal = host_stop_signal(serving.host);
    host_close(serving.host);
    close(serving.pipe[0]);
    close(serving.pipe[1]);
    serving.host = NULL;
    *h = serving;
}

int host_rig_end(struct host_rig *h)
{
    char *answer = NULL;
    if (!host_request(&h->rig->w, "{\"v\":1,\"op\":\"quit\"}", &answer, NULL))
        free(answer);
    finish(h);
    return h->rc;
}

int host_rig_signal(struct host_rig *h, const char *signals, size_t n)
{
    if (write(h->pipe[1], signals, n) != (ssize_t)n)
        return -1;
    finish(h);
    return 0;
}

int host_rig_ended(struct host_rig *h)
{
    for (int i = 0; i < 2000 && !atomic_load(&ended); i++)
        clock_sleep(0.01);
    if (!atomic_load(&ended))
        return -1;
    finish(h);
    return 0;
}

int host_rig_clean(void **state)
{
    static const char twice[] = {SIGINT, SIGINT};
    struct host_rig h = serving;
    (void)state;
    return serving.host ? host_rig_signal(&h, twice, sizeof twice) : 0;
}

int rig_run(const struct rig *r, int64_t run, struct query_run *out)
{
    char id[32];
    struct err err = {0};
    snprintf(id, sizeof id, "%lld", (long long)run);
    struct query *q = query_open(r->w.db, &err);
    int rc = q ? query_run_find(q, id, out, &err) : E_NOTFOUND;
    if (q)
        query_close(q);
    return rc;
}

int rig_wait(const struct rig *r, int64_t run, int state, int64_t least)
{
    struct query_run *q = malloc(sizeof *q);
    int rc = -1;
    for (int i = 0; i < 2000 && rc; i++) {
        if (!rig_run(r, run, q)) {
            if (state >= 0 ? q->state == state : q->step >= least)
                rc = 0;
            else if (q->state >= RUN_STOPPED && q->state != state && i > 300)
                break;
        }
        clock_sleep(0.01);
    }
    if (rc)
        print_error("run %lld is %s at step %lld: %s\n", (long long)run, run_state_name(q->state),
                    (long long)q->step, q->reason);
    free(q);
    return rc;
}

const char *rig_raw(const struct rig *r, const char *bytes, size_t n)
{
    static char line[WIRE_LINE + 1];
    size_t len = 0;
    int fd = wire_connect(r->w.sock, 5, NULL);
    line[0] = 0;
    if (fd < 0)
        return line;
    for (size_t at = 0; at < n;) {
        ssize_t k = send(fd, bytes + at, n - at, MSG_NOSIGNAL);
        if (k <= 0)
            break;
        at += (size_t)k;
    }
    ssize_t k;
    while (len < WIRE_LINE && (k = recv(fd, line + len, WIRE_LINE - len, 0)) > 0) {
        len += (size_t)k;
        if (line[len - 1] == '\n')
            break;
    }
    line[len] = 0;
    close(fd);
    return line;
}

int rig_same_file(const char *a, const char *b)
{
    char *x = NULL, *y = NULL;
    size_t n = 0, m = 0;
    int same = !file_read(a, 1 << 26, &x, &n, NULL) && !file_read(b, 1 << 26, &y, &m, NULL) &&
               n == m && n && !memcmp(x, y, n);
    free(x);
    free(y);
    return same;
}

void rig_same_metrics(const struct rig *r, int64_t a, int64_t b)
{
    struct err err = {0};
    struct query *q = query_open(r->w.db, &err);
    struct arena arena;
    int ids[METRIC_COUNT * 2], other[METRIC_COUNT * 2], rows = 0;
    assert_non_null(q);
    int n = query_metrics(q, a, ids, &err);
    assert_int_equal(n, query_metrics(q, b, other, &err));
    assert_true(n > 5);
    arena_init(&arena);
    for (int i = 0; i < n; i++) {
        struct query_point *x, *y;
        assert_int_equal(ids[i], other[i]);
        if (ids[i] == METRIC_tokens_per_s)
            continue;
        int k = query_points(q, a, ids[i], &arena, &x, &err);
        assert_int_equal(k, query_points(q, b, ids[i], &arena, &y, &err));
        for (int s = 0; s < k; s++, rows++)
            if (x[s].step != y[s].step || x[s].tokens != y[s].tokens ||
                memcmp(&x[s].value, &y[s].value, sizeof x[s].value))
                fail_msg("%s differs at step %lld: %.17g in run %lld, %.17g in run %lld",
                         metric_name(ids[i]), (long long)x[s].step, x[s].value, (long long)a,
                         y[s].value, (long long)b);
    }
    assert_true(rows > 100);
    arena_free(&arena);
    query_close(q);
}

void rig_same_weights(const struct rig *r, int64_t a, int64_t b, int step)
{
    static const char *const files[] = {"generator/model.safetensors",
                                        "discriminator/model.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char x[1400], y[1400];
        snprintf(x, sizeof x, "%s/%lld/%d/%s", r->w.checkpoints, (long long)a, step, files[i]);
        snprintf(y, sizeof y, "%s/%lld/%d/%s", r->w.checkpoints, (long long)b, step, files[i]);
        if (!rig_same_file(x, y))
            fail_msg("%s and %s differ", x, y);
    }
}
