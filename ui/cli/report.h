/* What a run tells somebody without a screen: JSON lines for programs, progress lines with the
 * verdict in words for people. Fed with committed events, by the host of this process or by a
 * follower of the store (experiments/follow.h). Safe to feed from another thread. */
#ifndef ES_UI_CLI_REPORT_H
#define ES_UI_CLI_REPORT_H
#include <stdint.h>

#include "db/query.h"
#include "src/event/event.h"

struct report;
/* every: seconds between progress lines; 0: seldom enough for a log of a long run. NULL: memory
 * is out. */
struct report *report_new(int json, double every);
void report_free(struct report *r);
/* Says which run it is about and prints the first line; events that came before are kept for
 * this moment. */
void report_start(struct report *r, int64_t run, const struct config *c);
/* Matches host_options.committed. Events of other runs are left out. */
void report_event(void *report, const struct event *e);
/* The last lines: state, summary, verdict. */
void report_end(struct report *r, const struct query_run *run);
#endif
