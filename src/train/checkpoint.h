/* Checkpoints: DIR/STEP/{generator,discriminator|main}/ in Hugging Face layout and
 * trainer.safetensors (moments, step, updates, config, hashes, kernel set) with a checksum.
 * Written beside (STEP.tmp.PID), fsynced, renamed; the directory is fsynced. */
#ifndef ES_TRAIN_CHECKPOINT_H
#define ES_TRAIN_CHECKPOINT_H
#include <stdint.h>

#include "src/config/config.h"
#include "src/model/model.h"
#include "src/text/wordpiece.h"

struct err;
struct vocab;
struct checkpoint_state {
    int64_t step, tokens, updates;
    uint64_t row;               /* rows of the training stream used so far */
    double wall, flops, flops_paper;
    double best;                /* best validation value so far, for "best" */
    char kernel[32], blas_core[32];
    uint64_t corpus_hash, config_hash;
    double last;                /* latest validation value; NaN before the first */
    int64_t best_step;          /* checkpoint that holds the best, -1: none */
};
int checkpoint_save(const char *dir, const struct model *m, const float *values,
                    const float *am, const float *av, const struct checkpoint_state *s,
                    const struct config *c, const struct vocab *v,
                    const struct wordpiece_options *text, char *path, int path_size,
                    struct err *err);
/* Reads values, moments and state; checks the checksum, shapes and hashes. */
int checkpoint_load(const char *path, const struct model *m, float *values, float *am, float *av,
                    struct checkpoint_state *s, struct err *err);
/* The configuration a checkpoint was written with. */
int checkpoint_config(const char *path, struct config *c, struct err *err);
/* Newest whole checkpoint below dir; E_NOTFOUND. */
int checkpoint_newest(const char *dir, char *path, int size, int64_t *step, struct err *err);
#endif
