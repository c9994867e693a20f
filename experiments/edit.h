/* Changes to a run's entry in the store: through the host while one is alive, else under the
 * workspace's lock for the moment of the writing. */
#ifndef ES_EXPERIMENTS_EDIT_H
#define ES_EXPERIMENTS_EDIT_H
#include <stdint.h>

#include "experiments/workspace.h"

struct err;
struct store;
/* op: tag and note (text is the new value), archive and unarchive, delete (the checkpoints go
 * too; E_BUSY while the run is at work). */
int edit_run(const struct workspace *w, const char *op, int64_t run, const char *text,
             struct err *err);
/* 1 if op is one of the above. */
int edit_is(const char *op);
/* The writing itself; the caller holds the lock. */
int edit_store(struct store *s, const struct workspace *w, const char *op, int64_t run,
               const char *text, struct err *err);
#endif
