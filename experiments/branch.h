/* Branches: a new run that begins at a checkpoint of another one, with other fields. The checkpoint
 * is shared (hard links), so the parent may prune it or be deleted. checkpoints/RUN/branch names
 * where a run came from. */
#ifndef ES_EXPERIMENTS_BRANCH_H
#define ES_EXPERIMENTS_BRANCH_H
#include <stddef.h>
#include <stdint.h>

#include "experiments/workspace.h"
#include "src/config/config.h"

struct err;
/* Checkpoint of a run at `want` (-1: its newest). */
int branch_find(const struct workspace *w, int64_t run, int64_t want, char *path, size_t size,
                int64_t *step, struct err *err);
/* Whether a run with fields `now` (resolved) can go on from a checkpoint of `was` at `step`: what
 * makes shapes, vocabulary and text must stay. E_USAGE names the field. */
int branch_check(const struct config *was, const struct config *now, int64_t step, struct err *err);
/* Gives `run` the checkpoint, the corpus and the origin of its parent; path: the checkpoint there. */
int branch_place(const struct workspace *w, int64_t parent, const char *from, int64_t step,
                 int64_t run, char *path, size_t size, struct err *err);
/* 1 if the run is a branch, with its parent and the step it begins at. */
int branch_origin(const struct workspace *w, int64_t run, int64_t *parent, int64_t *step);
#endif
