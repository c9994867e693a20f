/* What happened, newest first: the store's events, and between them what it tells without words: the
 * checkpoints that are there, and runs whose process is gone. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"
#include "src/config/metric.h"
#include "src/event/event.h"
#include "ui/screen/metric_label.h"
#include "ui/screen/runs.h"
#include "ui/widget/format.h"

#define SAME_MOMENT 30 /* seconds between the last sign of a process and what a host says of it */

/* Puts an event after those that are younger; the oldest goes where there are `most`. */
static int put(struct query_event *all, int n, int most, const struct query_event *e)
{
    int at = 0;
    while (at < n && all[at].time >= e->time)
        at++;
    if (at == most)
        return n;
    n -= n == most;
    memmove(&all[at + 1], &all[at], (size_t)(n - at) * sizeof *all);
    all[at] = *e;
    return n + 1;
}

/* "checkpoint 4,000, best: AUC common .748" */
static void tell_mark(const struct query_mark *m, struct query_event *out)
{
    char step[FMT], value[FMT], name[64];
    const struct metric_info *info = &metric_table[m->metric];
    *out = (struct query_event){ .run = m->run, .step = m->step, .time = m->time, .severity = SEV_INFO };
    int n = snprintf(out->text, sizeof out->text, "checkpoint %s", fmt_exact(step, sizeof step, m->step));
    if (m->best)
        n += snprintf(out->text + n, sizeof out->text - (size_t)n, ", best");
    if (!m->best || !isfinite(m->value))
        return;
    snprintf(name, sizeof name, "val_%s", info->name);
    snprintf(out->text + n, sizeof out->text - (size_t)n, ": %s %s",
             m->metric == METRIC_main_loss ? "held-out loss" : metric_label(name),
             fmt_metric(value, sizeof value, m->value, info->unit, info->decimals, metric_is_share(m->metric)));
}

/* 1: a host has said so already. */
static int is_told_lost(const struct query_event *all, int n, const struct query_run *r)
{
    for (int i = 0; i < n; i++)
        if (all[i].run == r->id && all[i].time > r->heartbeat - SAME_MOMENT && !strncmp(all[i].text, "lost", 4))
            return 1;
    return 0;
}

static void tell_lost(const struct runs *s, const struct query_run *r, struct query_event *out)
{
    char step[FMT];
    *out = (struct query_event){ .run = r->id, .step = r->step, .time = r->heartbeat, .severity = SEV_WARN };
    int n = snprintf(out->text, sizeof out->text, "lost: its process is gone");
    if (!r->checkpoint[0] && !app_readonly(s->app))
        snprintf(out->text + n, sizeof out->text - (size_t)n, "; p begins it again");
    else if (!app_readonly(s->app))
        snprintf(out->text + n, sizeof out->text - (size_t)n, "; p resumes it at step %s",
                 fmt_exact(step, sizeof step, r->checkpoint_step));
}

int runs_read_events(struct runs *s, int64_t run, int most, struct query_event **out)
{
    struct query *q = app_query(s->app);
    struct query_event *told = NULL, *all = arena_alloc(&s->arena, (size_t)most, sizeof *all), one;
    struct query_mark *marks = NULL;
    int n = query_events(q, run, most, &s->arena, &told, NULL);
    int nmarks = query_marks(q, run, most, &s->arena, &marks, NULL), kept = 0;
    *out = all;
    for (int i = 0; all && i < n; i++) /* in the order of time, whoever wrote them when */
        kept = put(all, kept, most, &told[i]);
    for (int i = 0; all && i < nmarks; i++) {
        const struct query_run *r = app_run(s->app, marks[i].run);
        if (!r || (!run && !marks[i].best && marks[i].step != r->checkpoint_step))
            continue; /* of all runs the newest ones and the best: there are many */
        tell_mark(&marks[i], &one);
        kept = put(all, kept, most, &one);
    }
    for (int i = 0; all && i < s->nall; i++) {
        const struct query_run *r = &s->all[i];
        if (r->state != RUN_LOST || (run && run != r->id) || is_told_lost(told, n, r))
            continue;
        tell_lost(s, r, &one);
        kept = put(all, kept, most, &one);
    }
    return kept;
}
