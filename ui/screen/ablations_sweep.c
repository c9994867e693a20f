/* Which runs the table is of: those of one sweep, or all. The newest sweep comes first; Tab goes
 * on. Runs of a sweep carry the tag "sweep:NAME"; those that several share carry one of each. */
#include <stdio.h>
#include <string.h>

#include "experiments/sweep.h"
#include "src/event/event.h"
#include "ui/screen/ablations_int.h"

#define SWEEPS 64

/* Names of the sweeps with two runs that are done, newest first. */
static int sweeps(struct ablations *s, char out[SWEEPS][ABLATIONS_SWEEP])
{
    const struct query_run *runs;
    int n = 0, done[SWEEPS] = { 0 }, kept = 0, nruns = app_runs(s->app, &runs);
    for (int i = 0; i < nruns; i++) {
        char name[ABLATIONS_SWEEP];
        for (int t = 0; sweep_of_tags(runs[i].tags, t, name, sizeof name); t++) {
            int k = 0;
            while (k < n && strcmp(out[k], name))
                k++;
            if (k == SWEEPS)
                continue;
            if (k == n)
                snprintf(out[n++], ABLATIONS_SWEEP, "%s", name);
            done[k] += runs[i].state == RUN_DONE;
        }
    }
    for (int k = 0; k < n; k++)
        if (done[k] > 1)
            memmove(out[kept++], out[k], ABLATIONS_SWEEP);
    return kept;
}

int ablations_in_sweep(const struct ablations *s, const struct query_run *r)
{
    char name[ABLATIONS_SWEEP];
    for (int t = 0; *s->sweep && sweep_of_tags(r->tags, t, name, sizeof name); t++)
        if (!strcmp(name, s->sweep))
            return 1;
    return !*s->sweep;
}

/* The place of the one that Tab (by -1: the other way) goes to; n: all runs. */
static int beside(const struct ablations *s, char name[SWEEPS][ABLATIONS_SWEEP], int n, int by)
{
    int at = n; /* n: all runs */
    for (int i = 0; i < n; i++)
        if (!strcmp(name[i], s->sweep))
            at = i;
    return (at + by + n + 1) % (n + 1);
}

static void name_next(struct ablations *s, char name[SWEEPS][ABLATIONS_SWEEP], int n)
{
    int at = beside(s, name, n, 1);
    snprintf(s->next, sizeof s->next, "%s%s", at < n ? "sweep " : "all runs", at < n ? name[at] : "");
}

void ablations_choose_sweep(struct ablations *s)
{
    char name[SWEEPS][ABLATIONS_SWEEP];
    const char *chosen = app_state(s->app, "ablations.sweep");
    int n = sweeps(s, name);
    s->nsweeps = n;
    snprintf(s->sweep, sizeof s->sweep, "%s", n ? name[0] : "");
    if (chosen && !strcmp(chosen, "*"))
        s->sweep[0] = 0;
    for (int i = 0; chosen && i < n; i++)
        if (!strcmp(name[i], chosen))
            snprintf(s->sweep, sizeof s->sweep, "%s", chosen);
    name_next(s, name, n);
}

void ablations_next_sweep(struct ablations *s, int by)
{
    char name[SWEEPS][ABLATIONS_SWEEP];
    int n = sweeps(s, name), at = beside(s, name, n, by);
    app_set_state(s->app, "ablations.sweep", at < n ? name[at] : "*");
    ablations_load(s, 1);
    if (at < n)
        app_note(s->app, "sweep %s, %d of %d", name[at], at + 1, n);
    else
        app_note(s->app, "all runs of the store");
}
