/* See fill.h. */
#include "src/train/fill.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/train/score_int.h"

#define BATCH 32      /* sequences of a pass */
#define SLOTS_MOST 64 /* of a text: passes grow with their square */

/* Working memory of one call. */
struct bench {
    int32_t *ids;         /* [BATCH,T] */
    float *logits, *probs; /* [BATCH,T], [V] */
    float *log_prob;      /* [BATCH] */
    int *position;        /* [BATCH] */
    int32_t *target;      /* [BATCH] */
};

static void bench_free(struct bench *b)
{
    free(b->ids);
    free(b->logits);
    free(b->probs);
    free(b->log_prob);
    free(b->position);
    free(b->target);
}

static int vocab_rows(const struct scorer *s)
{
    return s->has_gen ? s->model.gen.shape.vocab : s->model.disc.shape.vocab;
}

static int bench_init(struct bench *b, const struct scorer *s, int T, struct err *err)
{
    size_t n = (size_t)BATCH * (size_t)T;
    *b = (struct bench){.ids = malloc(n * sizeof *b->ids), .logits = malloc(n * sizeof *b->logits),
                        .probs = malloc((size_t)vocab_rows(s) * sizeof *b->probs),
                        .log_prob = malloc(BATCH * sizeof *b->log_prob),
                        .position = malloc(BATCH * sizeof *b->position),
                        .target = malloc(BATCH * sizeof *b->target)};
    if (b->ids && b->logits && b->probs && b->log_prob && b->position && b->target)
        return 0;
    bench_free(b);
    return err_nomem(err, "a text's scores");
}

double fill_score(double gen_prob, double replaced, double mask_prob)
{
    double a = (1 - mask_prob) / mask_prob, below = a * replaced + gen_prob;
    return below > 0 ? (1 - replaced) * gen_prob / below : 0;
}

/* The generator's best for a position that shows [MASK]; returns their number. */
static int propose(struct scorer *s, struct bench *b, const int32_t *ids, int T, int most,
                   struct fill_slot *slot)
{
    int V = vocab_rows(s), n = 0;
    learner_gen_rows(s->learner, 1, T, ids, &slot->at, &(int32_t){0}, b->log_prob, b->probs);
    for (int v = 0; v < V; v++) {
        int to = n;
        while (to > 0 && b->probs[v] > slot->token[to - 1].gen_prob)
            to--;
        if (to == most)
            continue;
        n += n < most;
        for (int k = n - 1; k > to; k--)
            slot->token[k] = slot->token[k - 1];
        slot->token[to] = (struct fill_token){.id = v, .gen_prob = b->probs[v], .disc_prob = NAN};
    }
    for (int k = 0; k < n; k++)
        slot->token[k].gen_rank = k + 1;
    return n;
}

/* P(replaced) of every candidate, each in its place. */
static void judge(struct scorer *s, struct bench *b, const int32_t *ids, int T, struct fill_slot *slot)
{
    for (int from = 0; s->has_disc && from < slot->n; from += BATCH) {
        int B = slot->n - from < BATCH ? slot->n - from : BATCH;
        for (int i = 0; i < B; i++) {
            memcpy(b->ids + i * T, ids, (size_t)T * sizeof *ids);
            b->ids[i * T + slot->at] = slot->token[from + i].id;
        }
        learner_disc_logits(s->learner, B, T, b->ids, NULL, b->logits);
        for (int i = 0; i < B; i++)
            slot->token[from + i].disc_prob = (float)(1 / (1 + exp(-(double)b->logits[i * T + slot->at])));
    }
}

static int by_score(const void *a, const void *b)
{
    const struct fill_token *x = a, *y = b;
    return x->score > y->score ? -1 : x->score < y->score ? 1 : x->gen_rank - y->gen_rank;
}

static void rank(struct fill_slot *slot, double mask_prob)
{
    double sum = 0;
    for (int k = 0; k < slot->n; k++) {
        struct fill_token *t = &slot->token[k];
        double p = (double)t->gen_prob;
        t->score = (float)(isnan(t->disc_prob) ? p : fill_score(p, (double)t->disc_prob, mask_prob));
        sum += (double)t->score;
    }
    for (int k = 0; sum > 0 && k < slot->n; k++)
        slot->token[k].score = (float)((double)slot->token[k].score / sum);
    qsort(slot->token, (size_t)slot->n, sizeof slot->token[0], by_score);
}

/* `guess` is the text with the generator's best in later slots, for the discriminator. */
static void fill_slots(struct scorer *s, struct bench *b, struct fill *f, int32_t *guess, double mask_prob,
                       int most)
{
    size_t bytes = (size_t)f->n * sizeof *f->ids;
    for (int k = 0; k < f->nslots; k++) {
        struct fill_slot *slot = &f->slot[k];
        memcpy(guess, f->ids, bytes);
        for (int j = f->nslots - 1; j >= k; j--) {
            f->slot[j].n = propose(s, b, f->ids, f->n, most, &f->slot[j]);
            guess[f->slot[j].at] = f->slot[j].token[0].id;
        }
        judge(s, b, guess, f->n, slot);
        rank(slot, mask_prob);
        f->ids[slot->at] = slot->token[0].id;
    }
}

/* Marks the slots in the ids; their number, or an error. */
static int mark_slots(const struct scorer *s, const struct fill_args *a, int32_t *ids, int T, uint8_t *slot,
                      struct err *err)
{
    int n = 0;
    for (int t = 0; t < T; t++)
        slot[t] = ids[t] == s->special[VOCAB_MASK];
    for (int i = 0; i < a->npositions; i++) {
        int at = a->positions[i];
        if (at < 1 || at > T - 2)
            return err_set(err, E_USAGE, "position %d cannot be masked: the text's tokens are at 1 to %d", at,
                           T - 2);
        slot[at] = 1;
    }
    for (int t = 0; t < T; t++)
        n += slot[t];
    if (n > SLOTS_MOST)
        return err_set(err, E_USAGE, "the text has %d tokens to fill in: %d are the most", n, SLOTS_MOST);
    return n ? n : err_set(err, E_USAGE, "there is no [MASK] in the text to fill in");
}

void fill_free(struct fill *f)
{
    if (!f)
        return;
    free(f->ids);
    free(f->slot);
    free(f);
}

static struct fill *new_fill(const struct scorer *s, int T, const uint8_t *slot, int n, struct err *err)
{
    const int32_t *ids = s->room.ids;
    struct fill *f = calloc(1, sizeof *f);
    if (f) {
        *f = (struct fill){.n = T, .ids = malloc((size_t)T * sizeof *f->ids),
                           .slot = calloc((size_t)n, sizeof *f->slot)};
    }
    if (!f || !f->ids || !f->slot) {
        fill_free(f);
        err_nomem(err, "a filled text");
        return NULL;
    }
    for (int t = 0; t < T; t++) {
        f->ids[t] = slot[t] ? s->special[VOCAB_MASK] : ids[t];
        if (slot[t])
            f->slot[f->nslots++] = (struct fill_slot){
                .at = t, .original = ids[t] == s->special[VOCAB_MASK] ? -1 : ids[t]};
    }
    return f;
}

static int candidates_for(int judged, int T, int slots)
{
    int most = judged > 0 ? judged / (T * slots) : FILL_MOST;
    return most < FILL_LEAST ? FILL_LEAST : most > FILL_MOST ? FILL_MOST : most;
}

int scorer_fill(struct scorer *s, const struct fill_args *a, struct fill **out, struct err *err)
{
    double m = a->mask_prob > 0 ? a->mask_prob : 0.15;
    if (!s->has_gen)
        return err_set(err, E_USAGE, "filling in needs a generator: give one beside the discriminator");
    if (m >= 1)
        return err_set(err, E_USAGE, "a share of %g of the tokens cannot be masked", m);
    int T = scorer_tokenise(s, a->text, 1, err);
    if (T < 0)
        return T;
    struct bench b = {0};
    struct fill *f = NULL;
    uint8_t *slot = calloc((size_t)T, 1);
    int32_t *guess = malloc((size_t)T * sizeof *guess);
    int rc = slot && guess ? bench_init(&b, s, T, err) : err_nomem(err, "a filled text");
    int n = rc ? rc : mark_slots(s, a, s->room.ids, T, slot, err);
    if (n > 0 && !(f = new_fill(s, T, slot, n, err)))
        n = E_NOMEM;
    if (n > 0)
        fill_slots(s, &b, f, guess, m, candidates_for(a->judged, T, n));
    free(guess);
    free(slot);
    bench_free(&b);
    if (n < 0)
        return n;
    *out = f;
    return 0;
}

void pll_free(struct pll *p)
{
    if (!p)
        return;
    free(p->ids);
    free(p->gen);
    free(p->disc);
    free(p);
}

/* Each token masked in its turn, BATCH of them a pass. */
static void by_generator(struct scorer *s, struct bench *b, struct pll *p)
{
    int T = p->n;
    p->gen_sum = 0;
    for (int from = 1; from < T - 1; from += BATCH) {
        int B = T - 1 - from < BATCH ? T - 1 - from : BATCH;
        for (int i = 0; i < B; i++) {
            memcpy(b->ids + i * T, p->ids, (size_t)T * sizeof *p->ids);
            b->ids[i * T + from + i] = s->special[VOCAB_MASK];
            b->position[i] = from + i;
            b->target[i] = p->ids[from + i];
        }
        learner_gen_rows(s->learner, B, T, b->ids, b->position, b->target, p->gen + from, NULL);
        for (int i = 0; i < B; i++)
            p->gen_sum += (double)p->gen[from + i];
    }
}

static void by_discriminator(struct scorer *s, struct bench *b, struct pll *p)
{
    learner_disc_logits(s->learner, 1, p->n, p->ids, NULL, b->logits);
    p->disc_sum = 0;
    for (int t = 1; t < p->n - 1; t++) { /* log P(original) = -softplus(logit) */
        double z = (double)b->logits[t];
        p->disc[t] = (float)-(fmax(z, 0) + log1p(exp(-fabs(z))));
        p->disc_sum += (double)p->disc[t];
    }
}

int scorer_pll(struct scorer *s, const char *text, struct pll **out, struct err *err)
{
    int T = scorer_tokenise(s, text, 0, err);
    if (T < 0)
        return T;
    struct bench b = {0};
    struct pll *p = calloc(1, sizeof *p);
    if (p) {
        *p = (struct pll){.n = T, .ids = malloc((size_t)T * sizeof *p->ids),
                          .gen = malloc((size_t)T * sizeof *p->gen),
                          .disc = malloc((size_t)T * sizeof *p->disc), .gen_sum = NAN, .disc_sum = NAN};
    }
    int rc = p && p->ids && p->gen && p->disc ? bench_init(&b, s, T, err)
                                              : err_nomem(err, "a scored text");
    if (rc) {
        pll_free(p);
        return rc;
    }
    memcpy(p->ids, s->room.ids, (size_t)T * sizeof *p->ids);
    for (int t = 0; t < T; t++)
        p->gen[t] = p->disc[t] = NAN;
    if (s->has_gen)
        by_generator(s, &b, p);
    if (s->has_disc)
        by_discriminator(s, &b, p);
    bench_free(&b);
    *out = p;
    return 0;
}
