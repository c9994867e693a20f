/* The verdict in words: one line about how a run does, by fixed rules, from its numbers alone.
 * Pure; the command line, the screens and the tests say the same. */
#ifndef ES_EVENT_VERDICT_H
#define ES_EVENT_VERDICT_H
#include <stddef.h>
#include <stdint.h>

#include "src/config/metric.h"

enum verdict {
    VERDICT_NONE,      /* too little is known yet */
    VERDICT_BROKEN,    /* a loss is not finite */
    VERDICT_STUCK,     /* half the steps are gone and nothing was learnt */
    VERDICT_PLATEAU,   /* knows how frequent tokens are, no more */
    VERDICT_LEARNING,  /* under the unigram model, the discriminator still guesses */
    VERDICT_LEARNT     /* context is used, and fakes are told from originals */
};

struct verdict_input {
    int64_t step, steps;         /* steps done, steps planned (0: not known) */
    double last[METRIC_COUNT];   /* newest training values; NAN: none */
    double val[METRIC_COUNT];    /* newest held-out values; NAN: none. They go first. */
    double best[METRIC_COUNT];   /* best held-out values so far; NAN: none */
    uint8_t broken;              /* 1: the newest total_loss is there and not finite */
};
/* All values NAN, steps 0. */
void verdict_input_init(struct verdict_input *in);
/* Writes one sentence without a full stop, "" for VERDICT_NONE. */
enum verdict verdict_say(const struct verdict_input *in, char *out, size_t size);
#endif
