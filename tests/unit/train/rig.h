/* A small made-up corpus, and a run on it whose events are kept: what the tests of this room
 * start from. */
#ifndef ES_TESTS_TRAIN_RIG_H
#define ES_TESTS_TRAIN_RIG_H
#include "src/base/err.h"
#include "src/config/config.h"
#include "src/train/run.h"

#define RIG_ROWS 16384

struct rig_row {
    int64_t step;
    int id;
    double value;
};
struct rig {
    struct config config;
    char dir[64];                 /* checkpoints */
    struct run_control control;
    struct rig_row row[RIG_ROWS]; /* every metric, in order */
    int nrows;
    uint64_t tokens;              /* hash of all snapshot and probe rows, in order */
    int nlive, nprobe, nsnapshot, nthreads, nmessages, ncheckpoints, flushes, resumes;
    int states[64], nstates;
    char message[512], checkpoint[4096]; /* the latest */
    int64_t best;                 /* step of the latest best checkpoint */
    int64_t stop_at;              /* asks for ASK_STOP when this step's row comes; 0: never */
    int ask;                      /* what is asked then (ASK_STOP when 0) */
    const char *validation;       /* corpus to validate on, or NULL */
    void (*each)(void *ud, const struct event *e); /* sees every event; may be NULL */
    void *ud;
    /* fine-tuning on the way, with the rig as ud; may be NULL */
    int (*tune)(void *ud, int64_t step, const char *checkpoint, double *score, struct err *err);
};
/* Builds the corpus in a fresh directory below the working directory; 0 or -1. */
int rig_setup(void **state);
int rig_teardown(void **state);
const char *rig_corpus(void);
/* Packs a text of so many documents, drawn with another seed, as NAME beside the corpus, with
 * the corpus's vocabulary or one with `more` more words. Path in a static buffer. */
const char *rig_pack(const char *name, int docs, int more);
const char *rig_root(void);
/* r is zeroed, or was in use: what that run left on disk is removed. A configuration of 20 steps: two stages, a validation every
 * 5 steps, checkpoints every 8. */
void rig_new(struct rig *r, int objective);
void rig_set(struct rig *r, const char *name, const char *value);
/* Runs; what was recorded before stays (a resumed run adds to it). */
int rig_run(struct rig *r, const char *resume, struct err *err);
/* Fails the test unless both recorded the same rows (rates apart) and the same tokens. */
void rig_same_rows(const struct rig *a, const struct rig *b);
/* Fails the test unless all tensors of two checkpoints are equal, bit for bit. */
void rig_same_tensors(const char *a, const char *b);
/* "DIR/STEP" of a rig's run, in a buffer of its own. */
const char *rig_path(const struct rig *r, int step);
/* Trains a new ELECTRA and gives its networks' directories, of so many bytes each; 0 or -1. */
int rig_pair(struct rig *r, char *disc, char *gen, size_t size);
#endif
