/* Checkpoints: DIR/STEP/{generator,discriminator|main}/ in Hugging Face layout,
 * trainer.safetensors (moments, step, updates, config, hashes, kernel set) and checksums.txt
 * (XXH3 of every file, as `xxhsum -c` reads it). Written beside (STEP.tmp.PID), fsynced, renamed;
 * the directory is fsynced. A checkpoint is whole or absent.
 *
 * For tests, ELECTROSCOPE_FAULT=before-rename:N kills the process just before the N-th checkpoint
 * gets its name, after-rename:N just after, fail-sync:N makes the N-th sync of a checkpoint fail. */
#ifndef ES_TRAIN_CHECKPOINT_H
#define ES_TRAIN_CHECKPOINT_H
#include <stdint.h>

#include "src/config/config.h"
#include "src/model/model.h"
#include "src/text/wordpiece.h"
#include "src/train/health.h"

struct err;
struct vocab;
struct checkpoint_state {
    int64_t step, tokens, updates;
    uint64_t row;               /* rows of the training stream used so far, at the stage's length */
    double wall, flops, flops_paper;
    double best;                /* best validation value so far, for "best"; NaN before the first */
    char kernel[32], blas_core[32];
    uint64_t corpus_hash, config_hash;
    double last;                /* latest validation value; NaN before the first */
    int64_t best_step;          /* checkpoint that holds the best, -1: none */
    struct health health;
};
/* path gets the checkpoint's final name. On failure what was there before stays, the temporary
 * is removed. */
int checkpoint_save(const char *dir, const struct model *m, const float *values,
                    const float *am, const float *av, const struct checkpoint_state *s,
                    const struct config *c, const struct vocab *v,
                    const struct wordpiece_options *text, char *path, int path_size,
                    struct err *err);
/* Reads values, moments and state; checks the checksums, shapes and names. Whether config and
 * corpus are the same is for the caller to say (checkpoint_config, corpus_hash). */
int checkpoint_load(const char *path, const struct model *m, float *values, float *am, float *av,
                    struct checkpoint_state *s, struct err *err);
/* The configuration a checkpoint was written with. */
int checkpoint_config(const char *path, struct config *c, struct err *err);
/* State alone, without the tensors. */
int checkpoint_read_state(const char *path, struct checkpoint_state *s, struct err *err);
/* Gives the checkpoint `from` a second home, DIR/STEP: the same files (hard links), or copies where
 * the file system has no links. Whole or absent, as any other. */
int checkpoint_share(const char *from, const char *dir, int64_t step, struct err *err);
/* Checks every file against its checksum. */
int checkpoint_verify(const char *path, struct err *err);
/* Newest whole checkpoint below dir; E_NOTFOUND. Broken ones and temporaries are passed over. */
int checkpoint_newest(const char *dir, char *path, int size, int64_t *step, struct err *err);
/* The same among those before `before`. */
int checkpoint_before(const char *dir, int64_t before, char *path, int size, int64_t *step,
                      struct err *err);
/* Keeps the newest `keep` checkpoints and `best_step` (-1: none), removes older ones. Only files
 * that a checkpoint lists are removed: a directory with anything else in it stays. */
int checkpoint_prune(const char *dir, int keep, int64_t best_step, struct err *err);
/* Removes temporaries of processes that are gone. */
void checkpoint_sweep(const char *dir);
#endif
