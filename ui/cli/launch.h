/* Starting or resuming a run from the command line: as the host itself, or through the host that
 * is alive, with lines until the run ends. */
#ifndef ES_UI_CLI_LAUNCH_H
#define ES_UI_CLI_LAUNCH_H
#include <stddef.h>
#include <stdint.h>

#include "experiments/workspace.h"
#include "src/config/config.h"

struct err;
struct launch {
    struct workspace workspace;
    struct config config;   /* of a new run */
    int64_t resume;         /* run to go on with, or 0 */
    int64_t branch, step;   /* run whose checkpoint of `step` the new one begins at, or 0 */
    int detach, json;
    const char *screen;     /* of the workbench that opens on the run; NULL: lines, no workbench */
    double every;           /* seconds between lines, 0: seldom enough for a log */
};
/* 1: a person sits at a terminal that can hold the workbench. */
int launch_at_terminal(void);
/* Exit code (0, 130, 143), or a negative code. */
int launch(const struct launch *l, struct err *err);
/* Follows a run until it ends. stop_on_signal: INT and TERM ask the run to stop and set the exit
 * code; otherwise they end this process only. */
int launch_follow(const struct workspace *w, int64_t run, int json, double every,
                  int stop_on_signal, struct err *err);
/* Prints the last lines of a run that is done: resuming it again is no failure. Returns 0. */
struct query_run;
int launch_said_done(const struct query_run *run, int json);
/* Newest run, or the one named. */
int launch_find_run(const struct workspace *w, const char *id_or_name, struct query_run *out,
                    struct err *err);
/* Directory of the checkpoint of step `want`, or of the newest (want < 0). */
int launch_find_checkpoint(const struct workspace *w, const struct query_run *run, int64_t want,
                           char *path, size_t size, int64_t *step, struct err *err);
#endif
