/* See run_orders.h. */
#include "ui/screen/run_orders.h"

#include <stdio.h>
#include <string.h>

#include "src/event/event.h"

int run_alive(int state)
{
    return state == RUN_PREPARING || state == RUN_QUEUED || state == RUN_RUNNING ||
           state == RUN_PAUSED || state == RUN_STOPPING;
}

const char *run_pause_op(int state)
{
    switch (state) {
    case RUN_PREPARING: case RUN_QUEUED: case RUN_RUNNING: return "pause";
    case RUN_PAUSED: case RUN_STOPPED: case RUN_LOST: return "resume";
    default: return NULL;
    }
}

const char *runs_pause_op(struct app *a, const int64_t *id, int n)
{
    const char *all = NULL;
    for (int i = 0; i < n; i++) {
        const struct query_run *r = app_run(a, id[i]);
        const char *op = r ? run_pause_op(r->state) : NULL;
        if (op && !(all && !strcmp(all, "pause")))
            all = op;
    }
    return all;
}

static void take(struct run_orders *o, struct app *a, const int64_t *id, int n)
{
    o->app = a;
    o->n = n < ORDER_RUNS ? n : ORDER_RUNS;
    memcpy(o->id, id, (size_t)o->n * sizeof *id);
}

/* "NAME is done: there is nothing to stop" */
static void say_nothing(struct app *a, const int64_t *id, int n, const char *what)
{
    const struct query_run *r = n ? app_run(a, id[0]) : NULL;
    if (n > 1)
        app_say(a, SEV_INFO, "none of the %d marked runs is there to %s", n, what);
    else if (r)
        app_say(a, SEV_INFO, "%s is %s: there is nothing to %s", r->name, run_state_name(r->state), what);
    else
        app_say(a, SEV_INFO, "no run is selected");
}

void orders_pause(struct run_orders *o, struct app *a, const int64_t *id, int n)
{
    const char *op = runs_pause_op(a, id, n);
    int on = op && !strcmp(op, "resume"), done = 0;
    take(o, a, id, n);
    if (!op)
        say_nothing(a, id, n, "pause");
    for (int i = 0; op && i < o->n; i++) {
        const struct query_run *r = app_run(a, o->id[i]);
        const char *its = r ? run_pause_op(r->state) : NULL;
        if (!its || strcmp(its, op))
            continue;
        if (app_op(a, op, o->id[i], on) < 0)
            return;
        done++;
    }
    if (done)
        app_say(a, SEV_INFO, on ? "going on with %d run%s" : "pausing %d run%s", done, done == 1 ? "" : "s");
}

static void stop_done(void *ud, int key)
{
    struct run_orders *o = ud;
    if (key != 'y')
        return;
    for (int i = 0; i < o->n; i++) {
        const struct query_run *r = app_run(o->app, o->id[i]);
        if (r && run_alive(r->state) && app_op(o->app, "stop", o->id[i], 1) < 0)
            return;
    }
    app_say(o->app, SEV_INFO, "stopping after a checkpoint");
}

void orders_ask_stop(struct run_orders *o, struct app *a, const int64_t *id, int n)
{
    char text[200], what[96] = "";
    int going = 0;
    take(o, a, id, n);
    for (int i = 0; i < o->n; i++) {
        const struct query_run *r = app_run(a, o->id[i]);
        if (r && run_alive(r->state)) {
            going++;
            snprintf(what, sizeof what, "%.80s", r->name);
        }
    }
    if (!going) {
        say_nothing(a, id, n, "stop");
        return;
    }
    if (app_readonly(a)) {
        app_say(a, SEV_WARN, "Read-only: stop needs a workbench that may write");
        return;
    }
    if (going > 1)
        snprintf(what, sizeof what, "%d runs", going);
    snprintf(text, sizeof text, "Stop %s after a checkpoint?  y stop · n/Esc keep", what);
    app_ask(a, text, "y", stop_done, o);
}
