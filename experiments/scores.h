/* Results of fine-tuning into the store: through the host while one is alive, else under the
 * workspace's lock for the moment of the writing. */
#ifndef ES_EXPERIMENTS_SCORES_H
#define ES_EXPERIMENTS_SCORES_H
#include "experiments/finetune_run.h"

struct json_t; /* of jansson */
struct store;
/* Where the weights came from. */
struct scores_source {
    int64_t run, step;  /* 0: a model from elsewhere */
    const char *model;  /* its directory */
};
/* The model that a fine-tuning tells of itself: of random weights, which are no run's, "random weights" (of
 * DIR, where a model from elsewhere gives their shape). Returns out. */
char *score_tuned_as(const char *model, int random_init, char *out, size_t size);
/* The settings that the result depends on, as one JSON object: those that differ from the
 * defaults, and what the defaults stood for. Returns out. */
char *scores_settings(const struct finetune_args *a, const struct finetune_result *r, char *out,
                      int size);
/* Stores all scores of one seed, in one transaction or request. */
int scores_add(const struct workspace *w, const struct scores_source *src,
               const struct finetune_args *a, const struct finetune_seed *seed, struct err *err);
/* The same, written by the caller: store gets the rows that scores_store takes. */
int scores_add_through(int (*store)(void *ud, const struct json_t *rows, struct err *err), void *ud,
                       const struct scores_source *src, const struct finetune_args *a,
                       const struct finetune_seed *seed, struct err *err);
/* Scores that were not tuned for: `n` examples each, under one task name. */
struct scores_value { const char *metric; double value; int64_t n; };
int scores_add_values(const struct workspace *w, const struct scores_source *src, const char *task,
                      const char *settings, const struct scores_value *v, int count, struct err *err);
/* Rows (of scores, or of tuning.h) into the store, by the host or under the lock. */
int scores_write(const struct workspace *w, const struct json_t *rows, struct err *err);
/* The writing itself: rows is the request's "scores". The caller holds the lock. */
int scores_store(struct store *s, const struct json_t *rows, struct err *err);
#endif
