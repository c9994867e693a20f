/* The store as the screens see it: opened when it is there, read again when it moved. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "ui/app/app_int.h"

int run_is_active(int state)
{
    return state == RUN_PREPARING || state == RUN_QUEUED || state == RUN_RUNNING ||
           state == RUN_STOPPING;
}

double app_now(const struct app *a)
{
    return a->fixed ? a->fixed_now : clock_now();
}

double app_utc(const struct app *a)
{
    return a->fixed ? a->fixed_utc : clock_utc();
}

struct query *app_query(struct app *a)
{
    return a->query;
}

static int state_before(const struct app *a, int64_t id)
{
    for (int i = 0; i < a->nwas; i++)
        if (a->was[i].id == id)
            return a->was[i].state;
    return -1;
}

/* Says which runs ended since the last read. */
static void tell_ends(struct app *a)
{
    for (int i = 0; i < a->nruns; i++) {
        const struct query_run *r = &a->runs[i];
        int before = state_before(a, r->id);
        if (before < 0 || before == r->state || !run_is_active(before))
            continue;
        int bad = r->state == RUN_FAILED || r->state == RUN_LOST;
        if (!bad && r->state != RUN_DONE && r->state != RUN_STOPPED)
            continue;
        app_say(a, bad ? SEV_ERROR : SEV_INFO, "%s %s%s%s", r->name, run_state_name(r->state),
                r->reason[0] ? ": " : "", r->reason);
        a->bell = 1;
        settings_run_event(&a->settings, r->name, run_state_name(r->state));
    }
}

static void remember_states(struct app *a)
{
    void *was = realloc(a->was, (size_t)(a->nruns ? a->nruns : 1) * sizeof *a->was);
    if (!was)
        return;
    a->was = was;
    a->nwas = a->nruns;
    for (int i = 0; i < a->nruns; i++) {
        a->was[i].id = a->runs[i].id;
        a->was[i].state = a->runs[i].state;
    }
}

static void read_runs(struct app *a)
{
    struct err err = { 0 };
    struct query_run *runs = NULL;
    arena_reset(&a->arena);
    int n = a->query ? query_runs(a->query, a->with_archived, &a->arena, &runs, &err) : 0;
    if (n < 0) {
        app_say(a, SEV_ERROR, "%s", err.text);
        n = 0;
    }
    a->runs = runs;
    a->nruns = n;
    a->stale = a->behind = 0;
    a->reads++;
    a->read_at = app_now(a);
    a->active = a->preparing = a->queued = a->failed = 0;
    for (int i = 0; i < n; i++) {
        a->active += run_is_active(runs[i].state) && runs[i].state != RUN_QUEUED;
        a->preparing += runs[i].state == RUN_PREPARING;
        a->queued += runs[i].state == RUN_QUEUED;
        a->failed += runs[i].state == RUN_FAILED || runs[i].state == RUN_LOST;
    }
    if (a->was)
        tell_ends(a);
    remember_states(a);
    int came = a->wanted && app_run(a, a->wanted);
    if (came)
        a->selected = a->wanted;
    if (came || app_now(a) > a->wanted_until)
        a->wanted = 0;
    if (!app_run(a, a->selected))
        a->selected = n ? runs[0].id : 0;
}

int64_t app_reads(const struct app *a)
{
    return a->reads;
}

int app_runs(struct app *a, const struct query_run **runs)
{
    if (a->stale)
        read_runs(a);
    *runs = a->runs;
    return a->nruns;
}

const struct query_run *app_run(struct app *a, int64_t id)
{
    if (a->stale)
        read_runs(a);
    for (int i = 0; i < a->nruns; i++)
        if (a->runs[i].id == id)
            return &a->runs[i];
    return NULL;
}

/* Whoever looks at a store for the first time has nothing unread. */
static void count_events(struct app *a)
{
    if (a->event_seen < 0) {
        const char *seen = app_state(a, "events.seen");
        query_events_after(a->query, 0, &a->event_newest);
        a->event_seen = seen ? atoll(seen) : a->event_newest;
        if (a->event_seen > a->event_newest) /* another store lies here now */
            a->event_seen = 0;
    }
    a->unread = query_events_after(a->query, a->event_seen, &a->event_newest);
}

int64_t app_unread(const struct app *a, int64_t *from)
{
    *from = a->event_seen;
    return a->unread;
}

void app_saw_events(struct app *a)
{
    char text[32];
    if (!a->query)
        return;
    a->event_seen = a->event_newest;
    a->unread = 0;
    snprintf(text, sizeof text, "%lld", (long long)a->event_seen);
    app_set_state(a, "events.seen", text);
}

#define LOOK_AGAIN 3 /* seconds of silence */
#define LEAST_GAP 1  /* seconds between reads of what need not follow every tick */
#define ACTED 2      /* seconds in which a key's effect comes */

/* Read lately, nobody waits for the effect of a key, and the screen's next tick is soon: that will do. */
static int may_wait(const struct app *a)
{
    const struct screen_ops *ops = app_ops(a);
    double period = ops ? ops->period(app_self(a), (struct app *)a) : 0;
    return period > 0 && period < LEAST_GAP && a->active > a->preparing && app_now(a) - a->read_at < LEAST_GAP &&
           app_now(a) - a->acted_at > ACTED;
}

/* A store that was taken away is said once; another one in its place is opened. */
static void check_file(struct app *a)
{
    uint64_t now = file_identity(a->workspace.db);
    if (!now && a->store)
        app_say(a, SEV_ERROR, "%s is gone: what is shown was read before", a->workspace.db);
    if (now && now != a->store) {
        query_close(a->query);
        a->query = NULL;
        a->event_seen = -1;
    }
    a->store = now;
}

/* A process that was killed writes nothing: while runs are on their way, or paused, a store that is
 * silent is read again, which sees that their process is gone. */
static int is_silent(const struct app *a)
{
    int alive = 0;
    for (int i = 0; i < a->nruns; i++)
        alive |= run_is_active(a->runs[i].state) || a->runs[i].state == RUN_PAUSED;
    return alive && !a->stale && app_now(a) - a->read_at >= LOOK_AGAIN;
}

int data_tick(struct app *a)
{
    struct err err = { 0 };
    int had = a->query != NULL;
    if (had && !may_wait(a))
        check_file(a);
    if (!a->query) {
        if (!file_exists(a->workspace.db))
            return had;
        a->query = query_open(a->workspace.db, &err);
        if (!a->query) {
            if (err.code != E_NOTFOUND && (!a->opened || app_now(a) - a->opened > 60)) {
                a->opened = app_now(a);
                app_say(a, SEV_ERROR, "%s", err.text);
            }
            return had;
        }
        a->stale = 1;
        a->store = file_identity(a->workspace.db);
        a->version = query_version(a->query);
        count_events(a);
        return 1;
    }
    int64_t v = query_version(a->query);
    int written = v != a->version;
    a->version = v;
    a->behind |= written;
    if ((a->behind && !may_wait(a)) || is_silent(a)) {
        if (a->behind)
            count_events(a);
        a->stale = 1;
    }
    return a->stale || written;
}

void data_close(struct app *a)
{
    query_close(a->query);
    a->query = NULL;
    arena_free(&a->arena);
    free(a->was);
}
