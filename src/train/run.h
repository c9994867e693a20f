/* One pre-training run from configuration to last checkpoint, in the calling thread, with worker
 * threads of its own. It emits events, reads its control between steps, prints nothing. */
#ifndef ES_TRAIN_RUN_H
#define ES_TRAIN_RUN_H
#include <stdint.h>

#include "src/config/config.h"
#include "src/event/event.h"

struct err;
struct corpus;

struct run_args {
    int64_t id;
    struct config config;       /* resolved */
    const char *corpus_dir;     /* packed corpus */
    const char *checkpoint_dir; /* WORKSPACE/checkpoints/RUN: one STEP directory each inside */
    const char *validation_dir; /* packed corpus to validate on instead of held-out documents, or
                                   NULL; same vocabulary */
    const char *resume;         /* checkpoint directory to go on from, or NULL */
    int branch;                 /* 1: `resume` is a checkpoint of another run, whose fields may differ
                                   as branch_check (experiments) allows */
    const char *const *probes;  /* sentences re-scored at every snapshot, NULL-ended, or NULL */
    struct run_control *control;
    struct event_sink sink;
    /* Fine-tunes probe_tasks from the checkpoint just written, in the calling thread, and gives
     * their mean score; E_STOPPED when the control asks for something meanwhile. NULL: no probes.
     * Nothing of the run depends on it: it is called again when the run goes on from that step. */
    int (*tune)(void *ud, int64_t step, const char *checkpoint, double *score, struct err *err);
    void *tune_ud;
};
/* 0 done; E_STOPPED after a clean checkpoint on ASK_STOP; other codes: failed (the last good
 * checkpoint stays). */
int run_train(const struct run_args *args, struct err *err);

/* Scores texts with two networks: `inspect` and own sentences. gen_dir may be NULL: then nothing is
 * masked and the generator's columns have no value. disc_dir may be NULL, or the main/ directory
 * of a checkpoint (a masked language model, which takes the generator's place when gen_dir is
 * NULL): then the discriminator's columns have no value. warn may be NULL. */
struct scorer;
struct scorer *scorer_open(const char *disc_dir, const char *gen_dir, const char *cpu,
                           void (*warn)(void *, const char *), void *ud, struct err *err);
struct scorer_args {
    const char *text;
    uint64_t seed;
    const int *mask_positions; /* token positions, [CLS] is 0; NULL: drawn */
    int nmask;
    double mask_prob;          /* 0.15 */
    int masks;                 /* 1: "[MASK]" in the text is a position that is open, masked like those
                                  given; what stands there has no outcome and no loss */
};
/* *out is malloc'd: free it. A text longer than the model takes is cut, with a warning. */
int scorer_score(struct scorer *s, const struct scorer_args *a, struct token_seq **out,
                 struct err *err);
const struct vocab *scorer_vocab(const struct scorer *s);
void scorer_close(struct scorer *s);
#endif
