/* Rules over a run's losses that act: warn, pause or stop, as the configuration says for each. They
 * only look: no bit of a run depends on them. What they remember is plain data that goes with the
 * checkpoint, so that a resumed run finds the same at the same steps. One row a rule in health.c.
 *
 * A loss that is not finite is not here: it is never applied, and on_nan says what follows (run.c). */
#ifndef ES_TRAIN_HEALTH_H
#define ES_TRAIN_HEALTH_H
#include <stdint.h>

#include "src/config/config.h"
#include "src/objective/objective.h"

struct str;

#define HEALTH_WINDOW 200   /* steps that a spike is measured against */
#define HEALTH_SIGMAS 6
enum health_rule { HEALTH_SPIKE, HEALTH_ALL_ORIGINAL, HEALTH_GENERATOR_STUCK, HEALTH_NEAR_ZERO,
                   HEALTH_RULES };

/* All zero but good = -1 at the start of a run. */
struct health {
    int64_t good;           /* step of the newest checkpoint of the schedule, -1: none */
    int64_t told;           /* bit a rule: said, and not healthy since */
    int64_t n;              /* losses in the window */
    int64_t steps;          /* in the block at hand */
    double fake_n, said, found, masked_n, masked_sum, unigram_sum, slots, gen_sum; /* its sums */
    double window[HEALTH_WINDOW]; /* total losses, oldest first */
};
struct health_step {
    const struct config *config; /* resolved */
    const struct losses *losses; /* of the step; finite */
    int64_t step;                /* as reported: 1 is the first */
    int64_t first, steps;        /* the phase: steps before it, steps in it */
    int64_t tokens;              /* trained on so far */
    int phase;                   /* 1: the second of two_stage */
};
struct health_finding {
    enum health_rule rule;
    int policy;             /* HEALTH_WARN, HEALTH_PAUSE, HEALTH_STOP */
    char text[400];         /* one sentence without a full stop: what is seen, which checkpoint is good */
};
void health_init(struct health *h);
/* Another sequence length or phase: other losses are usual from here on. */
void health_turn(struct health *h);
/* Takes one step in; returns the number of findings. Allocates nothing. */
int health_step(struct health *h, const struct health_step *s, struct health_finding out[HEALTH_RULES]);
/* Steps of a block, after which the slow rules are judged. */
int64_t health_block(const struct config *c);
/* As text and back; 0, or E_INPUT when the text is none of ours. */
void health_write(const struct health *h, struct str *out);
int health_read(struct health *h, const char *text);
#endif
