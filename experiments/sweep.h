/* Experiment files: an INI file becomes a list of runs, what is done already is left out, and
 * what is to come is estimated before it is begun.
 *
 *   [run]           FIELD = VALUE for every run; preset first. Besides the fields of a run:
 *                   tokens, flops, flops_paper (as the paper counts), minutes, hours = a budget
 *                   that sets steps (2.4M, 1e12, 0.5), and share = the part of it that is spent
 *                   (0.5). Minutes are of the whole machine: by the speed of the run's shape,
 *                   measured once and kept in the workspace (speed.h), so that the schedule is a
 *                   function of the step and a second look at the file finds the same runs
 *   [sweep]         FIELD = a, b, c (or a | b | c where a value has commas): an axis
 *                   row.NAME = FIELD=VALUE ... : explicit rows, times the axes
 *                   mode = grid (default) | list (axes side by side) | random
 *                   draws, draw_seed: of mode random, where an axis may also be LOW .. HIGH or
 *                   log LOW .. HIGH
 *   [seeds]         seeds = 1, 2, 3 or count = 3
 *   [when]          NAME = FIELD=VALUE ... then FIELD=VALUE ... (or: then skip)
 *   [scale.NAME]    ci, laptop, paper: fields laid over [run], "seeds" as a count, and
 *                   sweep.FIELD = another list for an axis
 *
 * corpus = demo stands for the demo's text. Values are laid in this order: preset, [run], scale,
 * overrides of the command line, row, axes, [when], seed. */
#ifndef ES_EXPERIMENTS_SWEEP_H
#define ES_EXPERIMENTS_SWEEP_H
#include <stdint.h>

#include "experiments/workspace.h"
#include "src/config/config.h"

struct err;
struct sweep_run {
    struct config config; /* resolved, named, tagged */
    char label[200];      /* the row: "tie=none"; seeds of a row share it */
    int row;              /* from 0 */
};
struct sweep {
    char name[64], scale[16];
    struct sweep_run *runs; /* row by row within a seed: a table fills seed by seed */
    int n, rows, seeds;
};
struct sweep_options {
    const char *scale;            /* NULL: laptop */
    int seeds;                    /* 0: the file's; n: 1..n */
    const char *const *overrides; /* "field=value", NULL-ended, or NULL */
};
#define SWEEP_RUNS_MAX 10000
/* Errors name file, section and key. */
int sweep_load(struct sweep *s, const struct workspace *w, const char *path,
               const struct sweep_options *o, struct err *err);
void sweep_free(struct sweep *s);

enum sweep_status { SWEEP_NEW, SWEEP_DONE, SWEEP_LIVE, SWEEP_RESUME, SWEEP_FAILED };
/* "new", "done", "running", "resume", "failed" */
const char *sweep_status_name(int status);
#define SWEEP_TAG "sweep:" /* before the name of the sweep that a run belongs to, in its tags */
/* The i-th sweep that a list of tags names ("sweep:NAME"), the one that made the run first. 1, or 0:
 * there are no more. */
int sweep_of_tags(const char *tags, int i, char *out, size_t size);

struct sweep_item {
    int status;
    int64_t run;             /* in the store; 0 when new */
    double tokens, flops, flops_paper, seconds; /* of the whole run */
    char tags[CONFIG_TEXT];  /* what its tags become: it is another sweep's run; "": as they are */
};
struct sweep_plan {
    struct sweep_item *items; /* [sweep.n] */
    int todo;                 /* runs that sweep_submit will begin or resume */
    double tokens, flops, flops_paper, seconds; /* of those */
    double rate;              /* FLOP/s that seconds rests on */
    char source[200];         /* where the rate comes from, in words */
    double rough;             /* FLOP/s of the newest run of another shape; 0: none. For guesses */
    int64_t rough_run;
};
/* Looks runs up by config hash. A failed one is to do only with retry_failed. Without a run of
 * this shape in the store, the rate is measured for a second or two when `measure`. */
int sweep_plan(const struct workspace *w, const struct sweep *s, int retry_failed, int measure,
               struct sweep_plan *out, struct err *err);
void sweep_plan_free(struct sweep_plan *p);

/* Hands the runs to do to somebody: host_submit and host_resume_run, or the clients' calls. Fills
 * items[].run. Runs that another sweep has made and this one shares get its tag too. */
struct sweep_sink {
    int (*submit)(void *ud, const struct config *c, int64_t *id, struct err *err);
    int (*resume)(void *ud, int64_t run, struct err *err);
    int (*tag)(void *ud, int64_t run, const char *tags, struct err *err);
    void *ud;
};
int sweep_submit(const struct sweep *s, struct sweep_plan *p, const struct sweep_sink *sink,
                 struct err *err);
struct host;
struct sweep_sink sweep_to_host(struct host *h);
/* Spawns a host where none is alive. */
struct sweep_sink sweep_to_client(const struct workspace *w);

/* Of a whole run; paper: the paper's accounting. */
double sweep_flops(const struct config *c, int V, int paper);
#endif
