/* What a fine-tuning tells of itself while it works, in the store: how far it is, and in the end what
 * the tuned network got wrong. Goes the way of its scores. */
#ifndef ES_EXPERIMENTS_TUNING_H
#define ES_EXPERIMENTS_TUNING_H
#include "experiments/scores.h"

/* Progress of one seed. state NULL: it is over, its row goes; else "running", "stopped" or "failed",
 * of which `why` says more. */
int tuning_tell(const struct workspace *w, const struct scores_source *src, const char *task,
                const char *state, const char *why, const struct finetune_progress *p, struct err *err);
int tuning_mistakes(const struct workspace *w, const struct scores_source *src, const char *task,
                    const struct finetune_mistakes *m, struct err *err);
/* Stores a row that one of these made. The caller holds the lock. */
int tuning_store(struct store *s, const struct json_t *row, struct err *err);
#endif
