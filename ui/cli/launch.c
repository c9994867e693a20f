/* See launch.h. */
#include "ui/cli/launch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/query.h"
#include "experiments/follow.h"
#include "experiments/host.h"
#include "src/base/err.h"
#include "ui/app/loop.h"
#include "ui/cli/print.h"
#include "ui/cli/report.h"

int launch_find_run(const struct workspace *w, const char *id_or_name, struct query_run *out,
                    struct err *err)
{
    struct query *q = query_open(w->db, err);
    if (!q)
        return err->code;
    int rc;
    if (id_or_name)
        rc = query_run_find(q, id_or_name, out, err);
    else {
        struct arena a;
        struct query_run *runs;
        arena_init(&a);
        rc = query_runs(q, 0, &a, &runs, err);
        if (rc > 0)
            *out = runs[0];
        rc = rc > 0 ? 0 : rc < 0 ? rc : err_set(err, E_NOTFOUND, "there is no run yet in %s", w->db);
        arena_free(&a);
    }
    query_close(q);
    return rc;
}

int launch_find_checkpoint(const struct workspace *w, const struct query_run *run, int64_t want,
                           char *path, size_t size, int64_t *step, struct err *err)
{
    if (want < 0) {
        snprintf(path, size, "%s", run->checkpoint);
        *step = run->checkpoint_step;
        return *path ? 0 : err_set(err, E_NOTFOUND, "run %" PRId64 " has no checkpoint yet", run->id);
    }
    struct query *q = query_open(w->db, err);
    if (!q)
        return err->code;
    struct arena arena;
    struct query_checkpoint *list;
    arena_init(&arena);
    int n = query_checkpoints(q, run->id, &arena, &list, err), found = 0;
    for (int i = 0; i < n && !found; i++) {
        if (list[i].step != want)
            continue;
        snprintf(path, size, "%s", list[i].path);
        found = 1;
    }
    *step = want;
    arena_free(&arena);
    query_close(q);
    return n < 0 ? n : found ? 0
           : err_set(err, E_NOTFOUND, "run %" PRId64 " has no checkpoint of step %" PRId64, run->id, want);
}

static int find_id(const struct workspace *w, int64_t id, struct query_run *out, struct err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, id);
    return launch_find_run(w, text, out, err);
}

/* The run has ended: the last lines, and what the process says to its caller. */
static int finish(struct report *r, const struct query_run *run, int signal, struct err *err)
{
    report_end(r, run);
    if (run->state == RUN_DONE)
        return 0;
    if (run->state == RUN_FAILED || run->state == RUN_LOST)
        return err_set(err, E_FAIL, "run %" PRId64 " %s%s%s", run->id, run_state_name(run->state),
                       *run->reason ? ": " : "", run->reason);
    return signal ? 128 + signal : 0;
}

int launch_said_done(const struct query_run *run, int json)
{
    struct report *r = report_new(json, 0);
    if (r)
        report_end(r, run);
    report_free(r);
    return 0;
}

/* This process is the host until the run has ended. E_BUSY: another one is. */
static int be_host(const struct launch *l, struct err *err)
{
    int64_t id = l->resume;
    int signals = host_signals(err);
    if (signals < 0)
        return signals;
    struct report *r = report_new(l->json, l->every);
    if (!r)
        return err_nomem(err, "the report");
    struct host_options o = {.committed = report_event, .trouble = print_warning, .ud = r};
    struct host *h = host_open(&l->workspace, &o, err);
    if (!h) {
        report_free(r);
        return err->code;
    }
    struct query_run *run = calloc(1, sizeof *run);
    int rc = !run ? err_nomem(err, "the run")
             : id ? host_resume_run(h, id, err)
             : l->branch ? host_branch(h, l->branch, l->step, &l->config, &id, err)
                  : host_submit(h, &l->config, &id, err);
    if (!rc)
        rc = find_id(&l->workspace, id, run, err);
    if (!rc) {
        report_start(r, id, &run->config);
        rc = host_serve(h, signals, err);
        rc = rc == E_STOPPED ? 0 : rc;
    }
    int signal = host_stop_signal(h);
    host_close(h);
    if (!rc)
        rc = find_id(&l->workspace, id, run, err);
    if (!rc)
        rc = finish(r, run, signal, err);
    report_free(r);
    free(run);
    return rc;
}

/* Signals while another process trains: the first asks the run to stop, the second leaves it. */
struct signals {
    const struct workspace *w;
    int64_t run;
    int fd, first; /* fd -1: none are watched */
    struct report *report;
};

static void told(void *ud, const struct event *e)
{
    report_event(((struct signals *)ud)->report, e);
}

static int signalled(void *ud)
{
    struct signals *s = ud;
    unsigned char number;
    if (s->fd < 0 || read(s->fd, &number, 1) != 1)
        return 0;
    if (s->first)
        return 1;
    s->first = number;
    return host_client_op(s->w, "stop", s->run, 0, NULL) != 0;
}

int launch_follow(const struct workspace *w, int64_t id, int json, double every,
                  int stop_on_signal, struct err *err)
{
    struct signals s = {.w = w, .run = id, .fd = stop_on_signal ? host_signals(err) : -1};
    if (stop_on_signal && s.fd < 0)
        return s.fd;
    struct report *r = report_new(json, every);
    struct query_run *run = calloc(1, sizeof *run);
    int rc = !r || !run ? err_nomem(err, "the run") : find_id(w, id, run, err);
    if (!rc) {
        struct follow f = {.event = told, .stop = signalled, .ud = &s, .after_step = -1};
        s.report = r;
        report_start(r, id, &run->config);
        rc = host_follow(w, id, &f, run, err);
    }
    if (!rc)
        rc = finish(r, run, s.first, err);
    else if (rc == E_STOPPED && s.first)
        rc = 128 + s.first;
    report_free(r);
    free(run);
    if (s.fd >= 0)
        close(s.fd);
    return rc;
}

static int submit(const struct launch *l, int64_t *id, struct err *err)
{
    *id = l->resume;
    if (l->resume)
        return host_client_op(&l->workspace, "resume", l->resume, 1, err);
    if (l->branch)
        return host_client_branch(&l->workspace, l->branch, l->step, &l->config, 1, id, err);
    return host_client_submit(&l->workspace, &l->config, 1, id, err);
}

int launch_at_terminal(void)
{
    const char *term = getenv("TERM");
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb");
}

int launch(const struct launch *l, struct err *err)
{
    int64_t id;
    int rc;
    if (l->screen && !l->detach && !l->json) {
        rc = submit(l, &id, err);
        struct app_args app = {.workspace = &l->workspace, .screen = l->screen, .run = id,
                               .theme = -1, .color = 1};
        return rc ? rc : app_run_loop(&app, err);
    }
    if (!l->detach && !host_alive(&l->workspace)) {
        rc = be_host(l, err);
        if (rc != E_BUSY)
            return rc;
    }
    rc = submit(l, &id, err);
    if (rc)
        return rc;
    if (!l->detach)
        return launch_follow(&l->workspace, id, l->json, l->every, 1, err);
    struct json_out j = {.f = stdout};
    if (!l->json) {
        printf("run %" PRId64 " goes on without this terminal\n", id);
        return 0;
    }
    json_open(&j, NULL, '{');
    json_text(&j, "event", "start");
    json_int(&j, "run", id);
    json_close(&j, '}');
    json_end(&j);
    return 0;
}
