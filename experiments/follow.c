/* See follow.h. */
#include "experiments/follow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/err.h"

struct row {
    int64_t step, tokens;
    int metric;
    double value, wall;
};

struct watch {
    const struct follow *f;
    struct query *q;
    struct arena arena;
    struct query_run run;
    int64_t told[METRIC_VAL + METRIC_COUNT]; /* newest step told, by metric */
    int64_t event_id, checkpoint;
    int state;
    char progress[64];
    double done;
};

static void tell(struct watch *w, struct event *e)
{
    e->run = w->run.id;
    w->f->event(w->f->ud, e);
}

static int by_step(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->step != y->step ? (x->step > y->step) - (x->step < y->step) : x->metric - y->metric;
}

/* New rows of all metrics, in *out; returns their number. */
static int new_rows(struct watch *w, struct row **out, struct err *err)
{
    int ids[METRIC_COUNT * 2], n = query_metrics(w->q, w->run.id, ids, err), total = 0;
    struct query_point *points[METRIC_COUNT * 2];
    int count[METRIC_COUNT * 2];
    for (int i = 0; i < n; i++) {
        count[i] = query_points_after(w->q, w->run.id, ids[i], w->told[ids[i]], &w->arena, &points[i], err);
        if (count[i] < 0)
            return count[i];
        total += count[i];
    }
    *out = arena_alloc(&w->arena, (size_t)total + 1, sizeof **out);
    if (!*out)
        return err_nomem(err, "new rows");
    struct row *r = *out;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < count[i]; k++)
            *r++ = (struct row){points[i][k].step, points[i][k].tokens, ids[i], points[i][k].value,
                                points[i][k].wall};
        if (count[i])
            w->told[ids[i]] = points[i][count[i] - 1].step;
    }
    return n < 0 ? n : total;
}

static int tell_metrics(struct watch *w, struct err *err)
{
    struct row *rows;
    int n = new_rows(w, &rows, err);
    if (n <= 0)
        return n;
    qsort(rows, (size_t)n, sizeof *rows, by_step);
    for (int i = 0; i < n;) {
        struct event e = {.kind = EVENT_METRICS, .step = rows[i].step, .tokens = rows[i].tokens,
                          .wall = rows[i].wall};
        while (i < n && rows[i].step == e.step && e.nmetrics < EVENT_METRICS_MAX) {
            e.metrics[e.nmetrics].id = rows[i].metric;
            e.metrics[e.nmetrics++].value = rows[i++].value;
        }
        tell(w, &e);
    }
    return 0;
}

static int tell_messages(struct watch *w, struct err *err)
{
    struct query_event *events;
    int n = query_events(w->q, w->run.id, 100, &w->arena, &events, err);
    for (int64_t id = w->event_id; n > 0;) {
        int next = -1; /* the oldest untold, whatever the order they came in */
        for (int i = 0; i < n; i++)
            if (events[i].id > id && (next < 0 || events[i].id < events[next].id))
                next = i;
        if (next < 0)
            break;
        id = w->event_id = events[next].id;
        struct event e = {.kind = EVENT_MESSAGE, .step = events[next].step,
                          .severity = events[next].severity};
        snprintf(e.text, sizeof e.text, "%s", events[next].text);
        tell(w, &e);
    }
    return n < 0 ? n : 0;
}

static void tell_state(struct watch *w)
{
    const struct query_run *r = &w->run;
    struct event e = {.step = r->step, .tokens = r->tokens};
    if (r->state == RUN_PREPARING && (strcmp(r->progress, w->progress) || r->done != w->done)) {
        snprintf(w->progress, sizeof w->progress, "%s", r->progress);
        w->done = e.done = r->done;
        e.kind = EVENT_PROGRESS;
        snprintf(e.text, sizeof e.text, "%s", r->progress);
        tell(w, &e);
    }
    if (*r->checkpoint && r->checkpoint_step != w->checkpoint) {
        w->checkpoint = r->checkpoint_step;
        e.kind = EVENT_CHECKPOINT;
        e.step = r->checkpoint_step;
        snprintf(e.text, sizeof e.text, "%.511s", r->checkpoint);
        tell(w, &e);
    }
    if (r->state != w->state) {
        w->state = e.state = r->state;
        e.kind = EVENT_STATE;
        e.step = r->step;
        snprintf(e.text, sizeof e.text, "%s", r->reason);
        tell(w, &e);
    }
}

/* One look: the run's entry first, so that the rows told after it are at least as new. */
static int look(struct watch *w, int64_t run, struct err *err)
{
    char id[32];
    snprintf(id, sizeof id, "%lld", (long long)run);
    arena_reset(&w->arena);
    int rc = query_run_find(w->q, id, &w->run, err);
    if (!rc)
        rc = tell_metrics(w, err);
    if (!rc)
        rc = tell_messages(w, err);
    if (!rc)
        tell_state(w);
    return rc;
}

#define SILENT_S 3 /* a host that was killed writes nothing: then the run is looked up again */

int host_follow(const struct workspace *workspace, int64_t run, const struct follow *f,
                struct query_run *last, struct err *err)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return err_nomem(err, "following a run");
    w->f = f;
    w->state = w->checkpoint = -1;
    for (size_t i = 0; i < sizeof w->told / sizeof *w->told; i++)
        w->told[i] = f->after_step;
    arena_init(&w->arena);
    w->q = query_open(workspace->db, err);
    int rc = w->q ? 0 : E_NOTFOUND;
    int64_t version = -1;
    double looked = 0;
    while (!rc) {
        double began = clock_now();
        int64_t now = query_version(w->q);
        if (now != version || began - looked >= SILENT_S) {
            rc = look(w, run, err);
            looked = began;
        }
        version = now;
        if (rc || (w->run.id && w->run.state >= RUN_STOPPED))
            break;
        if (f->stop && f->stop(f->ud))
            rc = err_set(err, E_STOPPED, "run %lld is no longer followed; it goes on", (long long)run);
        /* Many rows at once cost more: never spend more than a fifth of a core on them. */
        double cost = 4 * (clock_now() - began), wait = f->every > 0 ? f->every : 0.25;
        if (!rc)
            clock_sleep(cost > wait ? cost : wait);
    }
    if (last)
        *last = w->run;
    if (w->q)
        query_close(w->q);
    arena_free(&w->arena);
    free(w);
    return rc;
}
