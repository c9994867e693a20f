/* Pre-training signals. A `learner` holds a model's values, gradients and working memory; one
 * objective (a row of objective.def, one file each) says how a batch becomes losses and
 * gradients. The pre-training step is objective/step.c: batch -> masked -> generator -> sampled
 * -> discriminator -> losses -> backward.
 *
 * Determinism: the batch is cut into `shards` pieces (min(shards, B)), each shard into slices of
 * whole sequences (a pure function of the configuration); the gradient is the sum over the slices
 * in order (nn/wgrad.h). Loss denominators are counted over the whole batch before any forward
 * pass. Nothing depends on threads or micro_batch. */
#ifndef ES_OBJECTIVE_OBJECTIVE_H
#define ES_OBJECTIVE_OBJECTIVE_H
#include <stdint.h>

#include "src/base/pool.h"
#include "src/config/config.h"
#include "src/config/metric.h"
#include "src/event/event.h"
#include "src/math/math.h"
#include "src/model/model.h"

struct err;
struct learner;

/* One batch of whole sequences. Chosen positions and generator input may be given (fixtures,
 * validation with fixed masks) or drawn by batch_mask. N = slots per sequence. */
struct batch {
    int B, T, N;
    const int32_t *ids;        /* [B,T] original ids */
    const uint8_t *mask;       /* [B,T] 1 = token; NULL: all */
    const uint8_t *segments;   /* [B,T] or NULL: all 0 */
    int32_t *gen_ids;          /* [B,T] what the generator (or BERT) reads */
    int32_t *positions;        /* [B,N] chosen positions, ascending */
    float *weights;            /* [B,N] 0 = unused slot */
    int32_t *sampled;          /* [B,N] ids drawn from the generator (filled by the step unless
                                  given_samples) */
    int32_t *disc_ids;         /* [B,T] what the main network reads (filled likewise) */
    uint8_t *labels;           /* [B,T] 1 = replaced (filled likewise) */
    int given_samples;
    uint64_t seed;             /* of every draw */
    uint32_t step;             /* counter of every draw */
    uint32_t row0;             /* global number of row 0, for draws */
    uint32_t use_mask, use_kind, use_sample; /* rng_use of the three draws */
};
/* Weight of the main network's loss at a step index: disc_weight, or the part of it that the ramp
 * has reached (two_stage: counted from its second phase). A function of the step alone. */
double objective_disc_weight(const struct config *c, int64_t index);
/* Slots per sequence of length T (released rule for n = T). */
int batch_slots(const struct config *c, int T);
/* Draws positions, weights, gen_ids (masking exact or faithful; [CLS] [SEP] [PAD] [MASK] are
 * never chosen). special: ids of the five special tokens (VOCAB_* order). */
void batch_mask(struct batch *b, const struct config *c, const int special[5], int V);

/* What one batch gave: sums, so that batches can be added up. All in double. */
struct losses {
    double total, gen, disc, main, rl, baseline; /* losses as the objective defines them */
    double gen_sum, gen_weight;          /* cross-entropy over chosen slots */
    double masked_sum, masked_n;         /* the same over slots that show [MASK] */
    double unigram_sum;                  /* -log unigram at those slots */
    double correct, sampled_same, entropy_sum;
    double disc_sum, disc_n;             /* BCE over tokens */
    double fake_n, tp, fp, fn, tn;       /* said replaced = P > 0.5 */
    double p_fake_sum, p_real_sum;       /* for the leaves */
    int finite;
};
/* Adds b's sums to a. main, rl and baseline are means already: they come times their weights (1:
 * parts of one mean). gen, disc and total are left alone. */
void losses_add(struct losses *a, const struct losses *b, double main_weight, double gen_weight);
/* Histogram of P(replaced) for the AUC: exact to 1/4096 of a logit range, addable. */
#define AUC_BINS 4096
struct auc { uint32_t real[AUC_BINS], fake[AUC_BINS]; };
void auc_add(struct auc *a, float logit, int fake);
double auc_value(const struct auc *a); /* NaN when a class is missing */

struct learner_args {
    const struct model *model;
    const struct config *config;  /* resolved */
    const struct math *math;
    struct pool *pool;
    int max_T, max_B;             /* the largest batch that will come (over the stages) */
    int vocab;
    const int *special;           /* [5] */
    const float *log_unigram;     /* [V] or NULL */
    int train;                    /* 0: no gradients are held (evaluation only) */
};
struct learner *learner_new(const struct learner_args *a, struct err *err);
void learner_free(struct learner *l);
/* One block, see nn/param.h. An evaluation-only learner prepares the values for the first pass after
 * this call: who changes them later calls it again. */
float *learner_values(struct learner *l);
float *learner_gradients(struct learner *l);
/* Forward and backward of one batch: gradients are set (not added to). auc may be NULL.
 * stage: 0, or 1 for the second phase of two_stage. Allocates nothing. */
void learner_step(struct learner *l, struct batch *b, int stage, struct losses *out,
                  struct auc *auc);
/* `between` is called within learner_step, on its thread, wherever more of the batch is to come. The
 * values are those that the step began with; learner_eval (without an AUC) may be called there, and
 * changes no bit of the step. */
void learner_between(struct learner *l, void (*between)(void *ud), void *ud);
/* Forward only, dropout off; same outputs. Scores of every token when rows != NULL: [B*T],
 * filled completely (top-k included). */
void learner_eval(struct learner *l, struct batch *b, int stage, struct losses *out,
                  struct auc *auc, struct token_row *rows);
/* Tokens of the longest sequence that an evaluation takes. */
int learner_tokens(const struct learner *l);
/* Discriminator logits [B,T] of given ids, dropout off (common fakes, minimal pairs); NaN when
 * the objective has no such head. T <= max_T; B is free. */
void learner_disc_logits(struct learner *l, int B, int T, const int32_t *ids, const uint8_t *mask,
                         float *logits);
/* The generator's distribution at one position of each of B sequences [B,T], dropout off: log p of
 * target[i] at position[i], and, where probs is not NULL, all of it [B,V]. The model has a
 * generator network; T <= max_T; B is free. */
void learner_gen_rows(struct learner *l, int B, int T, const int32_t *ids, const int *position,
                      const int32_t *target, float *log_prob, float *probs);

/* One row of objective.def. */
struct objective {
    const char *name, *help;
    int has_generator, main_heads;      /* enum net_head of the main network */
    const char *main_prefix;            /* "discriminator" or "main" */
    int stages;                         /* 2 for two_stage */
    int metrics[24];                    /* ids this objective reports, ends with -1 */
};
const struct objective *objective_get(int choice); /* OBJ_* */
#endif
