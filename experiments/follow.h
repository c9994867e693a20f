/* Following a run that another process trains: the store's new rows as the events they came
 * from, so that one printer serves a run here and a run there. */
#ifndef ES_EXPERIMENTS_FOLLOW_H
#define ES_EXPERIMENTS_FOLLOW_H
#include <stdint.h>

#include "db/query.h"
#include "experiments/workspace.h"
#include "src/event/event.h"

struct err;
struct follow {
    /* EVENT_METRICS (one a step, its new rows), EVENT_STATE, EVENT_PROGRESS, EVENT_CHECKPOINT and
     * EVENT_MESSAGE, as committed. */
    void (*event)(void *ud, const struct event *e);
    int (*stop)(void *ud); /* non-zero: leave with E_STOPPED; the run goes on. May be NULL */
    void *ud;
    double every;          /* seconds between looks; 0: 0.25 */
    int64_t after_step;    /* rows up to this step are not told again; -1: all */
};
/* Returns when the run is at an end (stopped, done, failed, lost), everything of it told. *last
 * (may be NULL) is how it stands then. */
int host_follow(const struct workspace *w, int64_t run, const struct follow *f,
                struct query_run *last, struct err *err);
#endif
