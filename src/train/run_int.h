/* Inside a run: its state, and what the files around run.c do.
 *
 * Numbering. s.step counts finished steps; the step at hand has index s.step (what draws and the
 * learning rate are keyed by), and its rows are reported as step s.step + 1. A batch of stage T
 * takes rows s.step * B_T .. of the endless stream of length-T sequences: batch x seq is the same
 * in every stage, so each stage goes on at that share of the text where the one before stopped,
 * and the place is a function of the step alone.
 *
 * two_stage: the first half of the steps trains the generator, the second the discriminator; each
 * half has a schedule of its own (its length, half the warm-up) and fresh moments. */
#ifndef ES_TRAIN_RUN_INT_H
#define ES_TRAIN_RUN_INT_H
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/data/corpus.h"
#include "src/train/checkpoint.h"
#include "src/train/core.h"
#include "src/train/run.h"

#define SNAPSHOT_TOKENS 512   /* tokens of a snapshot, in 4 to 16 sequences */
#define SNAPSHOT_MOST 16
#define PROBES_MOST 64
#define COMMON_MASK 0.15      /* common fakes are the same for every run on a corpus */
#define LIVE_TOKENS 64        /* tokens shown live, in whole sequences */

struct probe {
    int32_t *ids; /* [n] */
    int n;
};

struct run {
    const struct run_args *args;
    struct core core;
    struct corpus *corpus, *validation; /* validation: NULL, or a corpus of its own */
    struct sequences *stream[SEQ_STAGES_MAX], *held[SEQ_STAGES_MAX];
    uint64_t held_rows[SEQ_STAGES_MAX]; /* rows of a validation */
    const struct objective *objective;
    struct checkpoint_state s;
    struct batch_range skip[SKIPS_MAX]; /* batches of the text that are left out */
    int nskip;
    struct config phase[2];    /* optimiser and schedule of a phase; [1]: two_stage */
    int64_t phase_first;       /* step index where phase 1 begins; steps when there is none */
    int64_t saved;             /* step of the last checkpoint written, -1: none */
    int64_t tuned;             /* step of the last fine-tuning in passing */
    char path[4096];           /* of the last checkpoint */
    struct auc auc;
    /* evaluation */
    struct batch_room eval;
    struct token_row *rows;
    float *logits;
    uint8_t *labels;
    struct probe probe[PROBES_MOST];
    int nprobes;
    /* reporting */
    struct event event;
    double started, base_wall; /* monotonic seconds; seconds of the run before that */
    double step_seconds, step_tokens; /* since tokens_per_s was reported */
    double live_at, threads_at;
    struct health_finding findings[HEALTH_RULES];
    int64_t odd_steps;         /* steps skipped in a row for a loss that is not finite */
    int stepped;               /* a step was made in this process: core.train holds a batch */
    const char *doing;         /* what worker 0 does, for EVENT_THREADS */
};

/* Stage and phase of a step index. */
static inline int run_stage(const struct run *r, int64_t index)
{
    for (int i = 0; i < r->core.nstages - 1; i++)
        if (index < r->core.stages[i].end)
            return i;
    return r->core.nstages - 1;
}

static inline int run_phase(const struct run *r, int64_t index)
{
    return index >= r->phase_first;
}

/* Seconds of the run, all its processes together. */
static inline double run_wall(const struct run *r)
{
    return r->base_wall + clock_now() - r->started;
}

/* run.c: one step and what it reports; s.step is the caller's to raise. */
void run_advance(struct run *r, struct update *u);
int run_is_logged(const struct config *c, int64_t step);

/* start.c */
/* Corpus, networks, memory, start values or checkpoint. */
int run_open(struct run *r, const struct run_args *args, struct err *err);
void run_close(struct run *r);
/* Which tensors phase 0 or 1 of two_stage leaves alone. */
void run_freeze(struct run *r, int phase);
/* Enters phase 1: generator into discriminator, fresh moments. */
void run_switch(struct run *r);

/* evaluate.c */
int evaluate_open(struct run *r, struct err *err);
void evaluate_close(struct run *r);
/* Held-out metrics with fixed masks and noise, at the stage's length. */
int evaluate(struct run *r, struct err *err);
/* The first held-out sequences, and the probes. */
void evaluate_snapshot(struct run *r);
/* Rows of the last training batch, as they look now. */
void evaluate_live(struct run *r);
/* The sentence that somebody asks about, if any: its rows, then `done`. */
void evaluate_own(struct run *r);

/* report.c */
void report_state(struct run *r, int state, const char *text);
void report_message(struct run *r, int severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void report_warning(void *run, const char *text); /* for warn callbacks */
void report_checkpoint(struct run *r, const char *path, int best);
void report_threads(struct run *r, const char *what, int always);
/* Metrics of one finished step. step: as reported. */
void report_step(struct run *r, const struct update *u, const struct auc *auc, int T, int64_t step);
/* val_ metrics. common: AUC on the common fakes, NaN: none. */
void report_validation(struct run *r, const struct losses *l, const struct auc *auc, double common);
/* What fine-tuning in passing gave. */
void report_tuned(struct run *r, double score);
/* One scored sequence; rows beyond the attended ones are left out. */
void report_tokens(struct run *r, int source, int sentence, const struct token_row *rows, int n);
#endif
