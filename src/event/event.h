/* What a run tells the world, and what the world may ask of a run. Plain data; the engine knows
 * no database and no screen. A run calls sink->emit from its own thread; the sink must not block
 * for long (the recorder's bounded queue waits only when full). */
#ifndef ES_EVENT_EVENT_H
#define ES_EVENT_EVENT_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "src/config/metric.h"

enum run_state {
    RUN_PREPARING, RUN_QUEUED, RUN_RUNNING, RUN_PAUSED, RUN_STOPPING, RUN_STOPPED, RUN_DONE,
    RUN_FAILED, RUN_LOST, RUN_STATES
};
/* "preparing", ... */
const char *run_state_name(int state);
int run_state_find(const char *name); /* -1 */

enum event_kind { EVENT_STATE, EVENT_METRICS, EVENT_TOKENS, EVENT_CHECKPOINT, EVENT_MESSAGE,
                  EVENT_PROGRESS, EVENT_THREADS };
enum severity { SEV_INFO, SEV_WARN, SEV_ERROR };
enum token_source { TOKENS_LIVE, TOKENS_SNAPSHOT, TOKENS_PROBE, TOKENS_USER };

#define EVENT_METRICS_MAX 48
#define RECORDER_THREAD "recorder " /* how its `what` begins; "3 queued" follows */
#define EVENT_TOPK 8

/* One scored sequence, structure of arrays; n tokens. -1 / NaN where a column has no value. */
struct token_row {
    int32_t original, masked, sampled; /* ids; masked: what the generator saw; sampled: what the
                                          discriminator saw */
    float gen_prob;    /* p of the token in `sampled`; NaN where not chosen */
    float disc_prob;   /* P(replaced); NaN without a discriminator */
    float gen_entropy, disc_loss, gen_loss;
    int32_t gen_rank;  /* 1 = argmax; 0 where not chosen */
    uint8_t chosen, label, same;
    int32_t top_id[EVENT_TOPK];  /* generator's best at chosen positions, -1 filled */
    float top_prob[EVENT_TOPK];
};
struct token_seq {
    int n;
    int sentence;              /* number within the snapshot; probes keep theirs for ever */
    struct token_row rows[];   /* n */
};

struct event {
    enum event_kind kind;
    int64_t run, step, tokens;
    double wall;                 /* monotonic seconds since the run started */
    /* EVENT_STATE, EVENT_MESSAGE, EVENT_CHECKPOINT (path), EVENT_PROGRESS (stage) */
    int state;                   /* EVENT_STATE: enum run_state */
    int severity;                /* EVENT_MESSAGE */
    char text[512];
    double done;                 /* EVENT_PROGRESS: 0..1 */
    /* EVENT_METRICS */
    int nmetrics;
    struct { int id; double value; } metrics[EVENT_METRICS_MAX];
    /* EVENT_CHECKPOINT */
    int best;
    /* EVENT_TOKENS: one sequence, malloc'd by the run, freed by the receiver. */
    int source;
    struct token_seq *seq;
    /* EVENT_THREADS: per worker, what it does and CPU seconds; the recorder adds itself last */
    int nthreads;
    struct { char what[24]; double cpu; } threads[16];
};

struct event_sink {
    /* Takes over e->seq. */
    void (*emit)(void *ud, const struct event *e);
    void *ud;
    /* Returns when everything emitted so far is durable; may be NULL. Called before a checkpoint
     * is written, so that a run resumed from it has lost no row. Non-zero: it could not be. */
    int (*flush)(void *ud);
};

/* What the world may ask; written by any thread, read by the run between steps. */
enum { ASK_NONE, ASK_PAUSE, ASK_RUN, ASK_STOP, ASK_KILL };
/* A sentence to be scored between two steps with the weights as they are. Whoever asks keeps it until
 * `done`, or takes it back by exchanging run_control.own for NULL. */
struct own_sentence {
    const char *text;
    uint64_t seed;
    const int *positions;      /* tokens to mask, [CLS] is 0; NULL: drawn */
    int npositions;
    double mask_prob;
    int sentence;              /* number of the rows, source TOKENS_USER */
    int64_t step;              /* answer: finished steps */
    int rc;                    /* answer: 0, or a negative code with `why` */
    char why[300];
    atomic_int done;
};
struct run_control {
    atomic_int ask;            /* the wanted state */
    atomic_int checkpoint;     /* set to 1: write one now; the run clears it */
    _Atomic double watch_until;/* monotonic seconds: send live tokens until then */
    struct own_sentence *_Atomic own; /* the run takes it out, then answers in it */
};
#endif
