/* Opening, serving and closing a host. See host.h; the runs are in queue.c, requests in ops.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/query.h"
#include "experiments/branch.h"
#include "experiments/host_int.h"
#include "experiments/lock.h"
#include "experiments/prepare.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/train/checkpoint.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define PATIENCE 2.0 /* seconds that a run gets after the second signal */

void host_log(struct host *h, const char *fmt, ...)
{
    char when[32], text[700];
    va_list ap;
    if (h->log_fd < 0)
        return;
    clock_iso(clock_utc(), when, sizeof when);
    int n = snprintf(text, sizeof text, "%s %ld ", when, (long)getpid());
    va_start(ap, fmt);
    vsnprintf(text + n, sizeof text - (size_t)n - 1, fmt, ap);
    va_end(ap);
    strcat(text, "\n");
    file_write_all(h->log_fd, text, strlen(text), "host.log", NULL);
}

void host_wake(struct host *h)
{
    char byte = 0;
    if (write(h->wake[1], &byte, 1) < 0)
        return; /* the pipe is full: the main thread is awake anyway */
}

void host_message(struct host *h, int64_t run, int severity, const char *text)
{
    struct event_sink sink = recorder_sink(h->recorder);
    struct event e = {.kind = EVENT_MESSAGE, .run = run, .severity = severity};
    snprintf(e.text, sizeof e.text, "%s", text);
    sink.emit(sink.ud, &e);
    host_log(h, "run %lld: %s", (long long)run, text);
}

/* --- opening -------------------------------------------------------------------------------- */

/* Nobody trains while we hold the lock, so whatever the store calls alive is lost. */
static int mark_lost(struct host *h, struct err *err)
{
    int rc = store_mark_lost(h->store, err);
    if (rc)
        return rc;
    struct arena a;
    struct query_run *runs;
    struct query *q = query_open(h->w.db, err);
    if (!q)
        return E_FAIL;
    arena_init(&a);
    int n = query_runs(q, 1, &a, &runs, err);
    for (int i = 0; i < n && !rc; i++)
        if (runs[i].state < RUN_STOPPED)
            rc = store_set_state(h->store, runs[i].id, RUN_LOST, "its host process ended", err);
    arena_free(&a);
    query_close(q);
    return n < 0 ? n : rc;
}

/* A living host is refused at once; whoever edits for a moment is waited for. */
static int take_lock(struct host *h, struct err *err)
{
    double until = clock_now() + 1;
    int rc;
    do
        rc = lock_take(h->w.lock, 0.02, &h->lock_fd, err);
    while (rc == E_BUSY && clock_now() < until && !host_alive(&h->w));
    return rc;
}

static int open_parts(struct host *h, struct err *err)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/host.log", h->w.dir);
    h->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int rc = take_lock(h, err);
    if (rc)
        return rc;
    if (pipe2(h->wake, O_CLOEXEC | O_NONBLOCK))
        return err_errno(err, "cannot make a pipe");
    if (!(h->store = store_open(h->w.db, err)))
        return E_FAIL;
    if ((rc = mark_lost(h, err)))
        return rc;
    h->recorder = recorder_start(h->store, h->options.committed, h->options.ud, err);
    if (!h->recorder)
        return E_FAIL;
    if (!(h->scoring = scoring_start(h, err)))
        return E_FAIL;
    return wire_listen(&h->wire, h->w.sock, err);
}

struct host *host_open(const struct workspace *w, const struct host_options *o, struct err *err)
{
    struct host *h = calloc(1, sizeof *h);
    if (!h) {
        err_nomem(err, "the host");
        return NULL;
    }
    h->w = *w;
    h->options = o ? *o : (struct host_options){0};
    if (h->options.max_runs > HOST_RUNS_MAX)
        h->options.max_runs = HOST_RUNS_MAX;
    h->lock_fd = h->log_fd = h->wake[0] = h->wake[1] = h->wire.fd = -1;
    h->started = clock_utc();
    h->idle_since = clock_now();
    lock_boot_id(h->boot_id);
    if (open_parts(h, err)) {
        host_close(h);
        return NULL;
    }
    host_log(h, "host of %s started", LOG(h->w.dir));
    return h;
}

void host_close(struct host *h)
{
    if (!h)
        return;
    int left = 0;
    for (struct job *j = h->jobs; j; j = j->next)
        if (job_live(j) && h->stopping < 2)
            job_stop(j, 0, NULL);
    scoring_stop(h->scoring);
    wire_close(&h->wire, h->w.sock);
    for (struct job *j = h->jobs; j; j = j->next) {
        if (!j->has_thread)
            continue;
        if (h->stopping == 2 && !atomic_load(&j->finished))
            left++;
        else
            pthread_join(j->thread, NULL);
    }
    if (h->recorder)
        recorder_flush(h->recorder, NULL);
    host_log(h, "host ended");
    if (left) /* runs that could not be waited for still use all this; the process is ending */
        return;
    if (h->recorder)
        recorder_stop(h->recorder);
    if (h->store)
        store_close(h->store);
    while (h->jobs) {
        struct job *j = h->jobs;
        h->jobs = j->next;
        free(j);
    }
    for (int i = 0; i < 2; i++)
        if (h->wake[i] >= 0)
            close(h->wake[i]);
    if (h->log_fd >= 0)
        close(h->log_fd);
    lock_release(h->lock_fd);
    free(h);
}

/* --- new and old runs ----------------------------------------------------------------------- */

struct add_run {
    struct config *config;
    int64_t id;
    struct err *err;
};

static int add_run(struct store *s, void *ud)
{
    struct add_run *a = ud;
    return store_add_run(s, a->config, config_hash(a->config), PACKAGE_VERSION, &a->id, a->err);
}

int host_submit(struct host *h, const struct config *c, int64_t *id, struct err *err)
{
    struct config mine = *c;
    if (h->stopping)
        return err_set(err, E_BUSY, "the host is ending: try again in a moment");
    int rc = config_resolve(&mine, err);
    if (!rc)
        rc = prepare_paths(&h->w, &mine, err);
    struct add_run a = {&mine, 0, err};
    if (!rc)
        rc = recorder_call(h->recorder, add_run, &a);
    if (rc)
        return rc;
    *id = a.id;
    if (!job_add(h, a.id, &mine, NULL, err))
        return E_NOMEM;
    queue_turn(h);
    return 0;
}

struct resume_run {
    int64_t run, step;
    struct err *err;
};

static int resume_run(struct store *s, void *ud)
{
    struct resume_run *r = ud;
    return store_resume(s, r->run, r->step, r->err);
}

static int find_run(struct host *h, int64_t run, struct query_run *out, struct err *err)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)run);
    recorder_flush(h->recorder, NULL);
    struct query *q = query_open(h->w.db, err);
    int rc = q ? query_run_find(q, text, out, err) : E_FAIL;
    if (q)
        query_close(q);
    return rc;
}

int host_resume_run(struct host *h, int64_t run, struct err *err)
{
    struct job *j = job_find(h, run);
    char dir[1200], checkpoint[1200] = "";
    int64_t step = -1; /* nothing to go on from: from the start, and every row goes */
    if (h->stopping)
        return err_set(err, E_BUSY, "the host is ending: try again in a moment");
    if (j && (job_live(j) || j->has_thread))
        return job_go_on(j, err);
    struct query_run *r = malloc(sizeof *r);
    if (!r)
        return err_nomem(err, "a run");
    int64_t parent, origin;
    int rc = find_run(h, run, r, err), branch = branch_origin(&h->w, run, &parent, &origin);
    if (!rc && r->state == RUN_DONE)
        rc = err_set(err, E_USAGE, "run %lld is done: there is nothing to resume", (long long)run);
    if (!rc && !*r->config.corpus)
        rc = err_set(err, E_USAGE, "run %lld was opened to look at: make a new run from it to train it",
                     (long long)run);
    snprintf(dir, sizeof dir, "%s/%lld", h->w.checkpoints, (long long)run);
    if (!rc) {
        struct err why = {0};
        rc = checkpoint_newest(dir, checkpoint, sizeof checkpoint, &step, &why);
        if (rc == E_NOTFOUND && r->parent) {
            err_set(err, rc, "run %lld is a branch and has lost the checkpoint it began from",
                    (long long)run);
        } else if (rc == E_NOTFOUND) {
            rc = 0;
            step = -1;
            checkpoint[0] = 0;
        } else if (rc) {
            err_set(err, rc, "%s", why.text);
        }
    }
    struct resume_run call = {run, step, err};
    if (!rc)
        rc = recorder_call(h->recorder, resume_run, &call);
    if (!rc && !(j = job_add(h, run, &r->config, checkpoint, err)))
        rc = E_NOMEM;
    if (!rc)
        j->branch = branch && origin == step;
    free(r);
    if (!rc)
        queue_turn(h);
    return rc;
}

struct add_branch {
    struct add_run run;
    int64_t parent;
};

static int add_branch(struct store *s, void *ud)
{
    struct add_branch *a = ud;
    int rc = add_run(s, &a->run);
    return rc ? rc : store_set_parent(s, a->run.id, a->parent, a->run.err);
}

static int drop_branch(struct store *s, void *ud)
{
    return store_delete_run(s, ((struct add_branch *)ud)->run.id, NULL);
}

static void say_branch(struct job *j, const char *parent, int64_t step, const char *path)
{
    struct event_sink sink = recorder_sink(j->host->recorder);
    struct event e = {.kind = EVENT_CHECKPOINT, .run = j->id, .step = step};
    snprintf(e.text, sizeof e.text, "%.500s", path);
    sink.emit(sink.ud, &e);
    snprintf(e.text, sizeof e.text, "a branch of %.200s at step %lld", parent, (long long)step);
    host_message(j->host, j->id, SEV_INFO, e.text);
}

int host_branch(struct host *h, int64_t parent, int64_t step, const struct config *c, int64_t *id,
                struct err *err)
{
    struct config mine = *c, was;
    char from[1200], path[1200];
    if (h->stopping)
        return err_set(err, E_BUSY, "the host is ending: try again in a moment");
    int rc = config_resolve(&mine, err);
    if (!rc)
        rc = prepare_paths(&h->w, &mine, err);
    if (!rc)
        rc = branch_find(&h->w, parent, step, from, sizeof from, &step, err);
    if (!rc)
        rc = checkpoint_config(from, &was, err);
    if (!rc)
        rc = branch_check(&was, &mine, step, err);
    struct add_branch a = {{&mine, 0, err}, parent};
    if (!rc)
        rc = recorder_call(h->recorder, add_branch, &a);
    if (rc)
        return rc;
    *id = a.run.id;
    rc = branch_place(&h->w, parent, from, step, *id, path, sizeof path, err);
    if (rc) {
        recorder_call(h->recorder, drop_branch, &a);
        return rc;
    }
    struct job *j = job_add(h, *id, &mine, path, err);
    if (!j)
        return E_NOMEM;
    j->branch = 1;
    snprintf(from, sizeof from, "run %lld", (long long)parent);
    say_branch(j, *was.name ? was.name : from, step, path);
    queue_turn(h);
    return 0;
}

/* --- serving -------------------------------------------------------------------------------- */

static int beat_all(struct store *s, void *ud)
{
    struct host *h = ud;
    for (struct job *j = h->jobs; j; j = j->next)
        if (job_live(j))
            store_heartbeat(s, j->id, getpid(), h->boot_id, NULL);
    return 0;
}

void host_ask_stop(struct host *h, int signal)
{
    h->stopping = h->stopping ? 2 : 1;
    if (signal)
        h->stop_signal = signal;
    host_log(h, h->stopping == 1 ? "asked to stop" : "asked to stop at once");
    for (struct job *j = h->jobs; j; j = j->next)
        if (job_live(j))
            job_stop(j, h->stopping == 2, NULL);
}

int host_stop_signal(const struct host *h)
{
    return h->stop_signal;
}

/* A signalfd gives whole records, a pipe the numbers themselves. */
static void take_signals(struct host *h, int fd)
{
    struct signalfd_siginfo info[4];
    ssize_t n = read(fd, info, sizeof info);
    if (n >= (ssize_t)sizeof info[0])
        for (size_t i = 0; i < (size_t)n / sizeof info[0]; i++)
            host_ask_stop(h, (int)info[i].ssi_signo);
    else
        for (ssize_t i = 0; i < n; i++)
            host_ask_stop(h, ((unsigned char *)info)[i]);
}

static void on_line(void *ud, struct connection *c, const char *line, size_t n)
{
    struct host *h = ud;
    h->idle_since = clock_now();
    host_answer(h, c, line, n);
}

/* A store that cannot be written is said once, aside from the store. */
static void look_for_trouble(struct host *h)
{
    struct err why = {0, ""};
    int trouble = recorder_error(h->recorder, &why) != 0;
    trouble += trouble && recorder_holds(h->recorder);
    if (trouble > h->in_trouble) {
        char text[600];
        snprintf(text, sizeof text, "%.400s: %s", why.text,
                 trouble == 1 ? "training goes on, new rows wait in memory"
                              : "memory for new rows is full, training waits for the store");
        host_log(h, "%s", text);
        if (h->options.trouble)
            h->options.trouble(h->options.ud, text);
    }
    h->in_trouble = trouble;
}

/* A workspace that was deleted takes its host along: nothing that it does can be kept. One that was
 * moved still has its lock. */
static void look_for_workspace(struct host *h)
{
    struct stat st, dir;
    if (h->stopping || fstat(h->lock_fd, &st) || st.st_nlink || !stat(h->w.dir, &dir) || errno != ENOENT)
        return;
    host_log(h, "the workspace was deleted");
    host_ask_stop(h, 0);
    host_ask_stop(h, 0);
}

/* One wait for whatever comes: at most until the next heartbeat. */
static void turn(struct host *h, int stop_fd, double wait)
{
    struct pollfd p[WIRE_CONNECTIONS + 3];
    int n = wire_poll(&h->wire, p), wake = n, stop = -1;
    p[n++] = (struct pollfd){.fd = h->wake[0], .events = POLLIN};
    if (stop_fd >= 0) {
        stop = n;
        p[n++] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
    }
    if (poll(p, (nfds_t)n, (int)(wait * 1000) + 1) < 0)
        return;
    char drain[64];
    while (p[wake].revents && read(h->wake[0], drain, sizeof drain) == (ssize_t)sizeof drain)
        ;
    if (stop >= 0 && p[stop].revents & POLLIN)
        take_signals(h, stop_fd);
    wire_turn(&h->wire, p, wake, on_line, h);
    queue_turn(h);
    look_for_trouble(h);
    if (clock_now() >= h->beaten + 1) {
        h->beaten = clock_now();
        look_for_workspace(h);
        if (queue_live(h))
            recorder_call(h->recorder, beat_all, h);
    }
}

int host_serve(struct host *h, int stop_fd, struct err *err)
{
    double second = 0;
    for (;;) {
        double now = clock_now(), wait = 1;
        int live = queue_live(h) + scoring_pending(h->scoring);
        if (h->stopping == 2 && !second)
            second = now;
        if (live && !h->stopping)
            h->idle_since = now;
        if (!live && h->stopping)
            break;
        if (second && now > second + PATIENCE)
            break;
        if (!live && now >= h->idle_since + h->options.linger)
            break;
        if (!live && h->idle_since + h->options.linger - now < wait)
            wait = h->idle_since + h->options.linger - now;
        turn(h, stop_fd, second ? 0.05 : wait);
    }
    int rc = recorder_flush(h->recorder, err);
    if (rc)
        return rc;
    return h->stopping && h->stop_signal ? err_set(err, E_STOPPED, "stopped by a signal") : 0;
}
