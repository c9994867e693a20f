/* What a draft stands for: its runs, what they cost, how fast this machine is, and handing the runs
 * to the host. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/host.h"
#include "experiments/prepare.h"
#include "src/event/event.h"
#include "ui/screen/launch.h"

#define MEASURE_SECONDS 3 /* and what one more step takes, where the machine is busy */

void launch_recount(struct launch *s)
{
    const struct workspace *w = app_workspace(s->app);
    struct err why = { 0 };
    estimate_free(&s->cost);
    sweep_free(&s->runs);
    s->has_cost = 0;
    memset(&s->err, 0, sizeof s->err);
    draft_plain(&s->draft, &s->plain);
    draft_runs(&s->draft, w, &s->runs, &s->left, &s->bad, &s->err);
    if (s->runs.n) {
        s->has_cost = !estimate_runs(w, &s->runs, &s->measured, &s->cost, &why);
        if (!s->has_cost && !s->err.code) {
            s->err = why;
            s->bad = -1;
        }
    }
    draft_command(&s->draft, w, &s->runs, &s->command);
}

/* The demo's text is written when the first run of it begins. */
static int write_demo_text(struct launch *s, struct err *err)
{
    char path[1200];
    for (int i = 0; i < LAUNCH_VALUES; i++) {
        struct draft_values v;
        if (draft_split(LAUNCH_corpus, s->draft.value[LAUNCH_corpus], &v, NULL) || i >= v.n)
            return 0;
        if (!strcmp(v.item[i], "demo"))
            return prepare_demo_text(app_workspace(s->app), path, sizeof path, err);
    }
    return 0;
}

void launch_submit(struct launch *s, int again)
{
    struct err err = { 0 };
    struct app *a = s->app;
    int64_t first = 0;
    int n = 0, rc = write_demo_text(s, &err);
    if (!rc)
        launch_recount(s); /* the text has a path now */
    if (rc || s->err.code || !s->has_cost) {
        app_say(a, SEV_ERROR, "%s", rc ? err.text : s->err.text);
        return;
    }
    for (int i = 0; again && i < s->runs.n; i++)
        s->cost.plan.items[i].status = SWEEP_NEW;
    struct sweep_sink sink = sweep_to_client(app_workspace(a));
    rc = sweep_submit(&s->runs, &s->cost.plan, &sink, &err);
    for (int i = 0; i < s->runs.n; i++) {
        n += s->cost.plan.items[i].status == SWEEP_LIVE;
        if (!first && s->cost.plan.items[i].status == SWEEP_LIVE)
            first = s->cost.plan.items[i].run;
    }
    if (rc) {
        app_say(a, SEV_ERROR, "%s", err.text);
        return;
    }
    if (n == 1)
        app_say(a, SEV_INFO, "started %.60s · 3 shows its tokens, 2 its curves", s->runs.n == 1
                ? s->runs.runs[0].config.name : "1 run");
    else
        app_say(a, SEV_INFO, "started %d runs", n);
    if (first)
        app_select(a, first);
    app_home(a);
}

void launch_share(struct launch *s)
{
    struct err err = { 0 };
    struct sweep_sink sink = sweep_to_client(app_workspace(s->app));
    if (sweep_submit(&s->runs, &s->cost.plan, &sink, &err))
        app_say(s->app, SEV_ERROR, "%s", err.text);
    else
        app_say(s->app, SEV_INFO, "All %d runs are in the store already: 4 compares them", s->runs.n);
}

/* --- measuring -------------------------------------------------------------------------------- */

struct launch_measure {
    pthread_t thread;
    atomic_int done, stop;
    struct config config;
    int vocab;
    struct speed speed;
    struct err err;
};

static void *measure_thread(void *ud)
{
    struct launch_measure *m = ud;
    m->err.code = speed_measure(&m->config, m->vocab, MEASURE_SECONDS, &m->stop, &m->speed, &m->err);
    atomic_store(&m->done, 1);
    return NULL;
}

void launch_measure_start(struct launch *s)
{
    if (s->measure || !s->has_cost)
        return;
    struct launch_measure *m = calloc(1, sizeof *m);
    if (m) {
        m->config = s->runs.runs[s->cost.largest].config;
        m->vocab = s->cost.vocab;
    }
    if (!m || pthread_create(&m->thread, NULL, measure_thread, m)) {
        free(m);
        app_say(s->app, SEV_ERROR, "The speed cannot be measured: no thread");
        return;
    }
    s->measure = m;
    app_say(s->app, SEV_INFO, "measuring: a few steps on random tokens");
}

/* What was measured before is remembered: "SHAPE RATE". */
struct measured_speed launch_measured(struct app *a)
{
    const char *text = app_state(a, "measured");
    unsigned long long shape;
    double rate;
    if (text && sscanf(text, "%llx %lf", &shape, &rate) == 2 && rate > 0)
        return (struct measured_speed){ .shape = shape, .rate = rate };
    return (struct measured_speed){ 0 };
}

static void remember_speed(struct launch *s)
{
    char text[64];
    snprintf(text, sizeof text, "%llx %.4g", (unsigned long long)s->measured.shape, s->measured.rate);
    app_set_state(s->app, "measured", text);
}

int launch_measure_take(struct launch *s)
{
    struct launch_measure *m = s->measure;
    if (!m || !atomic_load(&m->done))
        return 0;
    pthread_join(m->thread, NULL);
    s->measure = NULL;
    if (!m->err.code) {
        s->measured.rate = m->speed.rate;
        s->measured.shape = speed_shape(&m->config, m->vocab);
        remember_speed(s);
        app_say(s->app, SEV_INFO, "measured %.1f GFLOP/s%s%s", m->speed.rate * 1e-9, *m->speed.of ? " on " : "",
                m->speed.of);
    } else {
        app_say(s->app, SEV_ERROR, "%s", m->err.text);
    }
    free(m);
    return 1;
}

void launch_measure_drop(struct launch *s)
{
    if (!s->measure)
        return;
    atomic_store(&s->measure->stop, 1);
    pthread_join(s->measure->thread, NULL);
    free(s->measure);
    s->measure = NULL;
}
