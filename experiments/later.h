/* A request to the host that is answered in the background: the asker looks now and then, and never
 * waits. Starting a host, where none is alive, happens there too. */
#ifndef ES_EXPERIMENTS_LATER_H
#define ES_EXPERIMENTS_LATER_H
#include <jansson.h>

#include "experiments/workspace.h"

struct err;
struct later;
/* Takes over `request` (NULL: out of memory). spawn: start a host when none is alive. NULL: err says
 * why. */
struct later *later_ask(const struct workspace *w, json_t *request, int spawn, struct err *err);
/* 1: no answer yet. 0: *answer is it, to be json_decref'd. A negative code: err says why. Other than
 * 1, it has freed l. */
int later_look(struct later *l, json_t **answer, struct err *err);
/* Does not want the answer any more; NULL allowed. Returns at once. */
void later_drop(struct later *l);
#endif
