/* What runs will cost, said before any of them is begun: parameters, memory, work, time, and which
 * of them the store has already. And what there is to train on. */
#ifndef ES_EXPERIMENTS_ESTIMATE_H
#define ES_EXPERIMENTS_ESTIMATE_H
#include <stdint.h>

#include "experiments/speed.h"
#include "experiments/sweep.h"

struct err;
/* A speed measured before, for one shape. */
struct measured_speed {
    uint64_t shape;           /* speed_shape; 0: none */
    double rate;              /* FLOP/s */
};

enum estimate_source { ESTIMATE_RUN, ESTIMATE_MEASURED, ESTIMATE_OTHER_RUN, ESTIMATE_GUESS };
struct estimate {
    struct sweep_plan plan;   /* by run; its seconds are NaN where no run of the shape is known */
    int largest;              /* run with the most FLOPs: the next lines are of it */
    int vocab, vocab_exact;   /* vocab_exact 0: at most so many, the text is not counted yet */
    uint64_t gen_params, disc_params, shared_params, params; /* params: shared ones once */
    uint64_t memory, checkpoint; /* bytes: while it trains; of one checkpoint on disk */
    double seconds;           /* of all runs to do, one after the other */
    enum estimate_source from;
    char source[200];         /* where the time comes from, in words */
};
/* s: as sweep_load makes it. Nothing is measured. */
int estimate_runs(const struct workspace *w, const struct sweep *s,
                  const struct measured_speed *measured, struct estimate *out, struct err *err);
void estimate_free(struct estimate *e);

/* Packed corpora of the workspace, by name. */
struct packed_corpus {
    char name[96];
    int64_t tokens, documents;
    int vocab;
};
/* *out is malloc'd. Returns their number, or a negative code. */
int estimate_corpora(const struct workspace *w, struct packed_corpus **out, struct err *err);
#endif
