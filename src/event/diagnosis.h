/* What is unusual about a run, by fixed rules over its numbers: what is seen, what a healthy run
 * shows at this point, where to look. Pure. The rules and their figures come from what users of
 * ELECTRA met (google-research/electra #81, ymcui #21 #66, electra_pytorch #26, KoELECTRA #26). */
#ifndef ES_EVENT_DIAGNOSIS_H
#define ES_EVENT_DIAGNOSIS_H
#include <stddef.h>
#include <stdint.h>

#include "src/config/config.h"
#include "src/config/metric.h"

enum diagnosis_rule {
    DIAG_NOT_FINITE,       /* a loss is NaN or infinite */
    DIAG_DIVERGED,         /* the loss is far above that of guessing every word alike */
    DIAG_NOTHING_REPLACED, /* hardly any token differs from the original */
    DIAG_SAME_OFTEN,       /* the generator nearly always samples the original */
    DIAG_NEAR_ZERO,        /* the loss vanishes: the text is learnt by heart */
    DIAG_ALL_ORIGINAL,     /* the discriminator says "original" everywhere */
    DIAG_ALL_REPLACED,     /* ... "replaced" everywhere */
    DIAG_GENERATOR_STUCK,  /* not better than word frequencies */
    DIAG_OVERFIT,          /* held-out loss rises while training loss falls */
    DIAG_RULES
};

struct diagnosis_input {
    const struct config *config; /* resolved */
    int64_t step, tokens;
    double last[METRIC_COUNT];   /* newest training values; NAN: none */
    double val[METRIC_COUNT];    /* newest held-out values; NAN: none. They go first. */
    double val_best[METRIC_COUNT];
    int64_t val_step;            /* of val; -1: not known */
    double stage_best;           /* best held-out total loss from diagnosis_stage_first on; NAN: not known */
    double recall_before;        /* recall at about half the steps so far; NAN: not known */
    int not_finite;              /* the newest total_loss is there and not finite */
};
struct diagnosis {
    enum diagnosis_rule rule;
    int severity;                /* enum severity; SEV_INFO: normal this early */
    int cause;                   /* 1: look names the likeliest cause, 0: a place to look at */
    char seen[200], expected[200], look[240];
};
/* All values NAN. */
void diagnosis_input_init(struct diagnosis_input *in, const struct config *c);
/* The likeliest cause of a discriminator that says original everywhere, in one clause that begins with
 * the field ("disc_weight is 0.02, 50 is usual: ..."). Losses: NAN where not known. */
void diagnosis_why_original(const struct config *c, int64_t step, double gen_loss, double disc_loss,
                            char *out, size_t size);
/* The step of a phase of so many steps from which recall near 0 is a finding, and whether it is one after
 * `fakes` replaced tokens were trained on: sooner where the configuration names a cause. */
int64_t diagnosis_from_step(const struct config *c, int64_t steps);
int diagnosis_may_warn(const struct config *c, int64_t step, int64_t steps, double fakes);
/* 1: at this step the sequences have become longer no more than `share` of all steps ago; the stage in
 * *out. Held-out losses rise there until the new positions are learnt. */
int diagnosis_new_stage(const struct config *c, int64_t step, double share, struct seq_stage *out);
/* The step after which the losses are of one kind: 0, or where the sequences became longer or two_stage
 * went over to its discriminator. */
int64_t diagnosis_stage_first(const struct config *c, int64_t step);
#define DIAG_UNDER_UNIGRAM 0.15 /* nats: a generator nearer to unigram entropy knows word frequencies only */
/* 1: such a generator is a finding at this step, after so many tokens: a healthy one needs some hundred
 * thousand and some hundred steps, and again some where sequences have just become longer. At once where the
 * configuration names a cause. */
int diagnosis_generator_may_warn(const struct config *c, int64_t step, double tokens);
/* 1: recall near 0 is none yet for another reason: sequences have just become longer, or the generator knows
 * word frequencies only (its loss at masked positions and unigram entropy; NAN: not known). */
int diagnosis_excuses_original(const struct config *c, int64_t step, double gen_loss, double unigram);
/* The rules that hold, most important first; 0: nothing unusual. */
int diagnose(const struct diagnosis_input *in, struct diagnosis out[DIAG_RULES]);
/* "discriminator says \"original\" everywhere" */
const char *diagnosis_title(int rule);
/* The same in a column's width: "says original" */
const char *diagnosis_short(int rule);
#endif
