/* A pre-trained pair of networks as a masked language model, and sentences scored by it.
 *
 * Filling in (ELECTRA, appendix G): the generator proposes its FILL_MOST best tokens for a masked
 * position; with each in place the discriminator says D = P(original). With a = (1 - m) / m, m the
 * share that was masked in pre-training,
 *     score(x) = D p_G(x) / (a (1 - D) + p_G(x))
 * is what the data's probability of x would be for the best possible discriminator; it is scaled
 * to a sum of 1 over the candidates. Without a discriminator the score is p_G, scaled likewise.
 *
 * Pseudo-log-likelihood (Salazar et al., ACL 2020): the sum over a sentence's tokens of log p_G of
 * each with that token masked; beside it the discriminator's sum of log P(original), nothing masked. */
#ifndef ES_TRAIN_FILL_H
#define ES_TRAIN_FILL_H
#include <stdint.h>

struct err;
struct scorer;

#define FILL_MOST 100
#define FILL_LEAST 12
struct fill_token {
    int32_t id;
    int gen_rank;         /* 1 = the generator's best */
    float gen_prob;
    float disc_prob;      /* P(replaced) with it in place; NaN without a discriminator */
    float score;          /* sums to 1 over the slot */
};
struct fill_slot {
    int at;               /* token position, [CLS] is 0 */
    int32_t original;     /* the text's token there; -1 where the text says [MASK] */
    int n;
    struct fill_token token[FILL_MOST]; /* by falling score, ties by the generator's rank */
};
struct fill {
    int n, nslots;
    int32_t *ids;         /* [n] with each slot's best token in place */
    struct fill_slot *slot;
};
struct fill_args {
    const char *text;     /* every "[MASK]" in it is a slot */
    const int *positions; /* these tokens are slots too; NULL: none */
    int npositions;
    double mask_prob;     /* m; 0: 0.15 */
    int judged;           /* tokens the discriminator reads at most, for an answer in time: fewer candidates
                           * of a long text, FILL_LEAST at least; 0: FILL_MOST candidates always */
};
/* Slots are filled from left to right: each best token stays for those after it; while a slot is
 * scored, later ones hold the generator's best. E_USAGE without a slot or a generator. Free *out
 * with fill_free; it is untouched on error. */
int scorer_fill(struct scorer *s, const struct fill_args *a, struct fill **out, struct err *err);
void fill_free(struct fill *f);
/* The formula above. replaced: 1 - D. */
double fill_score(double gen_prob, double replaced, double mask_prob);

struct pll {
    int n;                /* tokens, with [CLS] and [SEP], which are not scored */
    int32_t *ids;         /* [n] */
    float *gen, *disc;    /* [n] log p_G, log P(original); NaN where not scored or no such network */
    double gen_sum, disc_sum; /* NaN without the network */
};
/* Scores a text; "[MASK]" in it is text. A generator, a discriminator or both. */
int scorer_pll(struct scorer *s, const char *text, struct pll **out, struct err *err);
void pll_free(struct pll *p);
#endif
