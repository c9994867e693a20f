/* Validation, snapshots, probes and live tokens. Masks and samples of the first three are keyed by
 * the corpus and the place, never by the run's seed or the step, so that every look at them, by
 * every run, asks the same questions. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/rng.h"
#include "src/text/vocab.h"
#include "src/train/run_int.h"

#define OWN_MOST 512 /* tokens of a probe or own sentence */
#define KIND (1u << 24) /* streams of one rng_use: positions, kinds, samples */
#define SAMPLE (2u << 24)

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static int snapshot_rows(int T)
{
    int n = SNAPSHOT_TOKENS / T;
    return n < 4 ? 4 : n > SNAPSHOT_MOST ? SNAPSHOT_MOST : n;
}

static int add_probe(struct run *r, struct wordpiece *w, const char *text, int longest, struct err *err)
{
    const struct vocab *v = corpus_vocab(r->corpus);
    struct ids ids = {0};
    int rc = ids_push(&ids, vocab_special(v, VOCAB_CLS));
    if (!rc)
        rc = wordpiece_encode(w, text, strlen(text), &ids);
    if (!rc && ids.len >= (size_t)longest) {
        ids.len = (size_t)longest - 1;
        report_message(r, SEV_WARN, "probe sentence %d is cut to %d tokens", r->nprobes + 1, longest);
    }
    if (!rc)
        rc = ids_push(&ids, vocab_special(v, VOCAB_SEP));
    if (rc) {
        ids_free(&ids);
        return err_nomem(err, "probe sentences");
    }
    r->probe[r->nprobes++] = (struct probe){ids.data, (int)ids.len};
    return 0;
}

/* Tokens of a text that a run can score beside its training. */
static int longest_text(const struct run *r)
{
    int positions = (int)r->core.config.max_positions, room = learner_tokens(r->core.learner);
    int longest = positions < room ? positions : room;
    return longest > OWN_MOST ? OWN_MOST : longest;
}

static int read_probes(struct run *r, struct err *err)
{
    int longest = longest_text(r), rc = 0;
    if (!r->args->probes || !r->args->probes[0])
        return 0;
    struct wordpiece_options text = *corpus_text_options(r->corpus);
    text.special_in_text = 0;
    struct wordpiece *w = wordpiece_new(corpus_vocab(r->corpus), &text, err);
    if (!w)
        return E_NOMEM;
    for (int i = 0; !rc && r->args->probes[i] && i < PROBES_MOST; i++)
        rc = add_probe(r, w, r->args->probes[i], longest, err);
    wordpiece_free(w);
    return rc;
}

int evaluate_open(struct run *r, struct err *err)
{
    const struct config *c = &r->core.config;
    int rc = read_probes(r, err);
    size_t tokens = r->core.train.tokens, slots = r->core.train.slots;
    for (int i = 0; i < r->core.nstages; i++) {
        size_t T = (size_t)r->core.stages[i].seq, n = (size_t)snapshot_rows((int)T);
        tokens = most(tokens, n * T);
        slots = most(slots, n * (size_t)batch_slots(c, (int)T));
    }
    tokens = most(tokens, (size_t)longest_text(r));
    slots = most(slots, tokens < OWN_MOST ? tokens : OWN_MOST);
    if (!rc)
        rc = batch_room_init(&r->eval, tokens, slots, err);
    size_t rows = most((size_t)SNAPSHOT_MOST * (size_t)r->core.max_T, OWN_MOST);
    r->rows = calloc(rows, sizeof *r->rows);
    r->logits = calloc(tokens, sizeof *r->logits);
    r->labels = calloc(tokens, 1);
    if (!rc && (!r->rows || !r->logits || !r->labels))
        rc = err_nomem(err, "validation");
    if (!rc && r->objective->main_heads & HEAD_RTD) /* builds the table behind them, here and once */
        rc = common_fakes(r->corpus, r->held[0], 0, (int)r->core.stages[0].seq, COMMON_MASK, r->eval.ids,
                          r->labels, err);
    return rc;
}

void evaluate_close(struct run *r)
{
    for (int i = 0; i < r->nprobes; i++)
        free(r->probe[i].ids);
    batch_room_free(&r->eval);
    free(r->rows);
    free(r->logits);
    free(r->labels);
}

struct held {
    struct run *r;
    const struct sequences *s;
    uint64_t first;
};

static void fill_held(void *ud, int row)
{
    struct held *h = ud;
    struct batch_room *e = &h->r->eval;
    size_t at = (size_t)row * (size_t)e->b.T;
    sequences_get(h->s, h->first + (uint64_t)row, e->ids + at, e->segments + at, e->mask + at);
}

/* Rows first .. first + n of the held-out sequences of a stage, masked. */
static void load_held(struct run *r, int stage, uint64_t first, int n)
{
    struct held h = {r, r->held[stage], first};
    batch_room_set(&r->eval, &r->core.config, n, (int)r->core.stages[stage].seq);
    struct batch *b = &r->eval.b;
    b->seed = corpus_hash(r->corpus);
    b->row0 = (uint32_t)first;
    b->use_mask = RNG_EVAL;
    b->use_kind = RNG_EVAL + KIND;
    b->use_sample = RNG_EVAL + SAMPLE;
    core_mask(&r->core, &r->eval, fill_held, &h);
}

/* Means and the total, as the objective defines it (objective/learner.c). */
static void finish(const struct run *r, struct losses *l, double main_weight, int phase)
{
    const struct config *c = &r->core.config;
    int rtd = r->objective->main_heads & HEAD_RTD;
    double slots = l->gen_weight > 0 ? l->gen_weight : 1;
    l->gen = r->objective->has_generator ? l->gen_sum / slots : 0;
    l->disc = l->disc_n > 0 ? l->disc_sum / l->disc_n : 0;
    l->main = main_weight > 0 ? l->main / main_weight : 0;
    l->rl /= slots;
    l->baseline /= slots;
    double gen = c->objective == OBJ_ADVERSARIAL ? l->rl : l->gen;
    if (c->objective == OBJ_TWO_STAGE)
        l->total = phase == 0 ? c->gen_weight * l->gen : c->disc_weight * l->disc;
    else
        l->total = c->gen_weight * gen + l->baseline + c->disc_weight * (rtd ? l->disc : l->main);
}

static double tokens_of(const struct batch *b)
{
    double n = 0;
    for (int i = 0; i < b->B * b->T; i++)
        n += !b->mask || b->mask[i];
    return n;
}

/* The common fakes of rows first .. first + n into `auc`. */
static int add_common(struct run *r, int stage, uint64_t first, int n, struct auc *auc, struct err *err)
{
    int T = (int)r->core.stages[stage].seq, rc = 0;
    const struct batch *b = &r->eval.b; /* its mask is that of the same rows */
    for (int i = 0; !rc && i < n; i++)
        rc = common_fakes(r->corpus, r->held[stage], first + (uint64_t)i, T, COMMON_MASK,
                          r->eval.ids + (size_t)i * (size_t)T, r->labels + (size_t)i * (size_t)T, err);
    if (rc)
        return rc;
    learner_disc_logits(r->core.learner, n, T, r->eval.ids, b->mask, r->logits);
    for (int i = 0; i < n * T; i++)
        if (!b->mask || b->mask[i])
            auc_add(auc, r->logits[i], r->labels[i]);
    return 0;
}

int evaluate(struct run *r, struct err *err)
{
    int64_t index = r->s.step > 0 ? r->s.step - 1 : 0;
    int stage = run_stage(r, index), phase = run_phase(r, index), rc = 0;
    int rtd = r->objective->main_heads & HEAD_RTD && (r->objective->stages == 1 || phase == 1);
    uint64_t rows = r->held_rows[stage], at_once = (uint64_t)r->core.stages[stage].batch;
    struct losses sum = {0}, one;
    struct auc common = {{0}, {0}};
    double weight = 0;
    memset(&r->auc, 0, sizeof r->auc);
    for (uint64_t at = 0; !rc && at < rows; at += at_once) {
        int n = (int)(rows - at < at_once ? rows - at : at_once);
        load_held(r, stage, at, n);
        learner_eval(r->core.learner, &r->eval.b, phase, &one, &r->auc, NULL);
        double w = r->core.config.objective == OBJ_ALL_TOKENS_MLM ? tokens_of(&r->eval.b) : one.gen_weight;
        losses_add(&sum, &one, w, one.gen_weight);
        weight += w;
        if (rtd)
            rc = add_common(r, stage, at, n, &common, err);
    }
    if (rc)
        return rc;
    finish(r, &sum, weight, phase);
    double auc = rtd ? auc_value(&common) : NAN;
    report_validation(r, &sum, &r->auc, auc);
    r->s.last = r->objective->main_heads & HEAD_RTD ? auc : sum.main;
    return 0;
}

static int attended(const struct batch *b, int row)
{
    int n = 0;
    for (int t = 0; t < b->T; t++)
        n += !b->mask || b->mask[(size_t)row * (size_t)b->T + (size_t)t];
    return n;
}

static void send_rows(struct run *r, const struct batch *b, int source, int sentence)
{
    for (int i = 0; i < b->B; i++)
        report_tokens(r, source, sentence + i, r->rows + (size_t)i * (size_t)b->T, attended(b, i));
}

static void send_probe(struct run *r, int i, int phase)
{
    const struct probe *p = &r->probe[i];
    struct losses ignored;
    batch_room_set(&r->eval, &r->core.config, 1, p->n);
    struct batch *b = &r->eval.b;
    memcpy(r->eval.ids, p->ids, (size_t)p->n * sizeof *p->ids);
    b->mask = b->segments = NULL;
    b->seed = corpus_hash(r->corpus);
    b->row0 = (uint32_t)i;
    b->use_mask = RNG_PROBE;
    b->use_kind = RNG_PROBE + KIND;
    b->use_sample = RNG_PROBE + SAMPLE;
    core_mask(&r->core, &r->eval, NULL, NULL);
    learner_eval(r->core.learner, b, phase, &ignored, NULL, r->rows);
    send_rows(r, b, TOKENS_PROBE, i);
}

void evaluate_snapshot(struct run *r)
{
    int64_t index = r->s.step > 0 ? r->s.step - 1 : 0;
    int stage = run_stage(r, index), phase = run_phase(r, index);
    int n = snapshot_rows((int)r->core.stages[stage].seq);
    struct losses ignored;
    load_held(r, stage, 0, n);
    learner_eval(r->core.learner, &r->eval.b, phase, &ignored, NULL, r->rows);
    send_rows(r, &r->eval.b, TOKENS_SNAPSHOT, 0);
    for (int i = 0; i < r->nprobes; i++)
        send_probe(r, i, phase);
}

void evaluate_live(struct run *r)
{
    struct run_control *control = r->args->control;
    double now = clock_now();
    if (!control || !r->stepped || now < r->live_at + 0.25 || now > atomic_load(&control->watch_until))
        return;
    struct batch b = r->core.train.b; /* the batch as it was trained on, samples and all */
    struct losses ignored;
    int n = LIVE_TOKENS / b.T;
    b.B = n < 1 ? 1 : n < b.B ? n : b.B;
    b.given_samples = 1;
    r->live_at = now;
    learner_eval(r->core.learner, &b, run_phase(r, r->s.step - 1), &ignored, NULL, r->rows);
    send_rows(r, &b, TOKENS_LIVE, 0);
}

/* Its tokens into the room for evaluation; their number, or a negative code. */
static int own_tokens(struct run *r, const char *text, struct err *err)
{
    const struct vocab *v = corpus_vocab(r->corpus);
    struct wordpiece_options plain = *corpus_text_options(r->corpus);
    struct ids ids = {0};
    size_t bytes = strlen(text), longest = (size_t)longest_text(r);
    plain.special_in_text = 0;
    struct wordpiece *w = wordpiece_new(v, &plain, err);
    if (!w)
        return E_NOMEM;
    int rc = ids_push(&ids, vocab_special(v, VOCAB_CLS));
    if (!rc)
        rc = wordpiece_encode(w, text, bytes, &ids);
    wordpiece_free(w);
    if (rc)
        rc = err_nomem(err, "a sentence");
    else if (ids.len == 1)
        rc = err_set(err, E_INPUT, "the text holds no token");
    if (!rc && ids.len >= longest)
        ids.len = longest - 1;
    if (!rc && ids_push(&ids, vocab_special(v, VOCAB_SEP)))
        rc = err_nomem(err, "a sentence");
    if (!rc)
        memcpy(r->eval.ids, ids.data, ids.len * sizeof *ids.data);
    rc = rc ? rc : (int)ids.len;
    ids_free(&ids);
    return rc;
}

static int score_own(struct run *r, const struct own_sentence *own, struct err *err)
{
    struct config c = r->core.config;
    struct losses ignored;
    int T = own_tokens(r, own->text, err), rc = 0;
    if (T < 0)
        return T;
    c.mask_prob = own->mask_prob;
    c.mask_token_share = 1; /* as the scorer of checkpoints does: every chosen one shows [MASK] */
    batch_room_set(&r->eval, &c, 1, T);
    struct batch *b = &r->eval.b;
    b->mask = b->segments = NULL;
    b->seed = own->seed;
    b->use_mask = RNG_PROBE;
    b->use_kind = RNG_PROBE + KIND;
    b->use_sample = RNG_PROBE + SAMPLE;
    if ((size_t)b->N > r->eval.slots)
        rc = err_set(err, E_USAGE, "a share of %g of the tokens is more than this run can mask", own->mask_prob);
    else if (own->positions)
        rc = batch_room_mask_at(&r->eval, own->positions, own->npositions, r->core.special[VOCAB_MASK], err);
    else
        batch_mask(b, &c, r->core.special, r->core.V);
    if (rc)
        return rc;
    int64_t index = r->s.step > 0 ? r->s.step - 1 : 0;
    learner_eval(r->core.learner, b, run_phase(r, index), &ignored, NULL, r->rows);
    send_rows(r, b, TOKENS_USER, own->sentence);
    return 0;
}

void evaluate_own(struct run *r)
{
    struct run_control *control = r->args->control;
    struct own_sentence *own = control ? atomic_exchange(&control->own, NULL) : NULL;
    struct err why = {0, ""};
    if (!own)
        return;
    own->step = r->s.step;
    own->rc = score_own(r, own, &why);
    snprintf(own->why, sizeof own->why, "%.299s", why.text);
    atomic_store(&own->done, 1); /* from here on it is no longer ours */
}
