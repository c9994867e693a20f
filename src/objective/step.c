/* The pre-training step, as one slice of a batch walks it:
 *
 *     batch -> masked -> generator -> sampled -> discriminator -> losses -> backward
 *
 * Each objective (electra.c and its neighbours) strings these functions together; learner.c cuts
 * the batch into slices and adds their gradients up. Losses: fixtures' formulas, which are the
 * released code's: means over the whole batch with 1e-6 in the denominators. */
#include <math.h>
#include <string.h>

#include "src/base/rng.h"
#include "src/objective/learner.h"
#include "src/text/vocab.h"

static int tokens_of(const struct slice *x)
{
    return x->n * x->b->T;
}

static const uint8_t *slice_mask(const struct slice *x)
{
    return x->b->mask ? x->b->mask + (size_t)x->row * (size_t)x->b->T : NULL;
}

/* The rows of the used slots, each once. */
static int chosen_rows(const struct slice *x, int *rows)
{
    const struct batch *b = x->b;
    int R = tokens_of(x), count = 0;
    memset(rows, 0, (size_t)R * sizeof *rows);
    for (int r = 0; r < x->n; r++) {
        for (int k = 0; k < b->N; k++) {
            size_t slot = (size_t)(x->row + r) * (size_t)b->N + (size_t)k;
            if (b->weights[slot] > 0)
                rows[r * b->T + b->positions[slot]] = 1;
        }
    }
    for (int i = 0; i < R; i++)
        if (rows[i])
            rows[count++] = i;
    return count;
}

static void set_acts(const struct slice *x, struct encoder_acts *a, const int32_t *ids, int *chosen)
{
    size_t from = (size_t)x->row * (size_t)x->b->T;
    a->n = x->n;
    a->T = x->b->T;
    a->ids = ids + from;
    a->segments = x->b->segments ? x->b->segments + from : NULL;
    a->mask = slice_mask(x);
    a->chosen = chosen;
    a->count = chosen ? chosen_rows(x, chosen) : 0;
}

void slice_generator(struct slice *x)
{
    set_acts(x, &x->s->gen, x->b->gen_ids, x->s->chosen[0]);
    encoder_forward(&x->gen, &x->s->gen);
    if (x->gen.grads)
        memset(x->s->dgen, 0, (size_t)tokens_of(x) * (size_t)x->gen.net->shape.hidden * sizeof(float));
}

int slice_slots(struct slice *x)
{
    const struct batch *b = x->b;
    int count = 0;
    for (int r = 0; r < x->n; r++) {
        for (int k = 0; k < b->N; k++) {
            size_t slot = (size_t)(x->row + r) * (size_t)b->N + (size_t)k;
            if (!(b->weights[slot] > 0))
                continue;
            int at = r * b->T + b->positions[slot];
            x->s->rows[count] = at;
            x->s->targets[count] = b->ids[(size_t)x->row * (size_t)b->T + (size_t)at];
            x->s->slot[count++] = (int)slot;
        }
    }
    return count;
}

/* The token drawn for one slot: inverse CDF over the softmax at hand, which is Gumbel sampling's
 * distribution. */
static int32_t draw(struct slice *x, const struct mlm_row *row, int32_t original, int slot)
{
    const struct config *c = x->l->args.config;
    const struct batch *b = x->b;
    int V = x->l->args.vocab;
    double u = rng_uniform53(b->seed, b->use_sample, b->step,
                             b->row0 + (uint32_t)(slot / b->N), (uint32_t)(slot % b->N));
    const float *p = row->p;
    if (c->temperature != 1 || c->disallow_correct) {
        float *q = x->s->head.row, top = 0;
        for (int v = 0; v < V; v++)
            top = p[v] > top && (v != original || !c->disallow_correct) ? p[v] : top;
        for (int v = 0; v < V; v++) /* over the largest, so that cold samples do not underflow */
            q[v] = c->temperature == 1 ? p[v] : powf(p[v] / top, (float)(1 / c->temperature));
        if (c->disallow_correct)
            q[original] = 0;
        p = q;
    }
    return x->l->args.math->sample(V, p, u);
}

static void keep_top(struct token_row *t, const float *p, int V)
{
    for (int k = 0; k < EVENT_TOPK; k++)
        t->top_id[k] = -1;
    for (int v = 0; v < V; v++) {
        int k = EVENT_TOPK;
        while (k > 0 && (t->top_id[k - 1] < 0 || p[v] > t->top_prob[k - 1]))
            k--;
        if (k == EVENT_TOPK)
            continue;
        for (int j = EVENT_TOPK - 1; j > k; j--) {
            t->top_id[j] = t->top_id[j - 1];
            t->top_prob[j] = t->top_prob[j - 1];
        }
        t->top_id[k] = v;
        t->top_prob[k] = p[v];
    }
}

struct sample_each {
    struct slice *x;
    double weight; /* of the loss, 0: no gradient */
};

static float sample_row(void *ud, const struct mlm_row *row)
{
    struct sample_each *e = ud;
    struct slice *x = e->x;
    struct batch *b = x->b;
    int slot = x->s->slot[row->index], at = x->s->rows[row->index], V = x->l->args.vocab;
    int32_t original = x->s->targets[row->index];
    size_t global = (size_t)x->row * (size_t)b->T + (size_t)at;
    double w = b->weights[slot], loss = -row->log_prob;
    if (!b->given_samples)
        b->sampled[slot] = draw(x, row, original, slot);
    struct losses *o = x->out;
    o->gen_sum += w * loss;
    o->gen_weight += w;
    o->correct += row->argmax == original;
    o->sampled_same += b->sampled[slot] == original;
    o->entropy_sum += (double)row->entropy;
    if (b->gen_ids[global] == x->l->special[VOCAB_MASK]) {
        o->masked_sum += loss;
        o->masked_n++;
        if (x->l->log_unigram)
            o->unigram_sum -= (double)x->l->log_unigram[original];
    }
    if (x->rows) {
        struct token_row *t = &x->rows[at];
        int rank = 1;
        float ps = row->p[b->sampled[slot]];
        for (int v = 0; v < V; v++)
            rank += row->p[v] > ps;
        t->chosen = 1;
        t->gen_prob = ps;
        t->gen_rank = rank;
        t->gen_entropy = row->entropy;
        t->gen_loss = (float)loss;
        t->same = b->sampled[slot] == original;
        keep_top(t, row->p, V);
    }
    return (float)(e->weight * w / x->weight_sum);
}

/* Puts the samples into the main network's input and sets the labels (electra.md 3.6-3.8). With
 * masking=faithful a position drawn twice gets the mean of its ids, as released. */
static void corrupt(struct slice *x)
{
    struct batch *b = x->b;
    size_t from = (size_t)x->row * (size_t)b->T;
    memcpy(b->disc_ids + from, b->ids + from, (size_t)tokens_of(x) * sizeof *b->disc_ids);
    memset(b->labels + from, 0, (size_t)tokens_of(x));
    for (int r = 0; r < x->n; r++) {
        size_t row = (size_t)(x->row + r);
        const int32_t *pos = b->positions + row * (size_t)b->N, *s = b->sampled + row * (size_t)b->N;
        const float *w = b->weights + row * (size_t)b->N;
        for (int k = 0; k < b->N; k++) {
            if (!(w[k] > 0))
                continue;
            int64_t sum = 0, times = 0;
            for (int j = 0; j < b->N; j++) {
                if (w[j] > 0 && pos[j] == pos[k]) {
                    sum += s[j];
                    times++;
                }
            }
            size_t at = row * (size_t)b->T + (size_t)pos[k];
            b->disc_ids[at] = (int32_t)(sum / times);
            b->labels[at] = b->disc_ids[at] != b->ids[at];
        }
    }
}

/* Without a generator network: replacements from the unigram or the uniform distribution. */
static void sample_fixed(struct slice *x, int count)
{
    struct learner *l = x->l;
    struct batch *b = x->b;
    int V = l->args.vocab, unigram = l->args.config->generator == GEN_UNIGRAM && l->log_unigram;
    float *p = x->s->head.logits; /* head.row is draw's */
    for (int v = 0; v < V; v++)
        p[v] = unigram ? expf(l->log_unigram[v]) : 1.0f / (float)V;
    for (int i = 0; i < count; i++) {
        struct mlm_row row = {.index = i, .p = p, .log_prob = log((double)p[x->s->targets[i]]),
                              .argmax = -1};
        struct sample_each e = {x, 0};
        sample_row(&e, &row);
        if (b->sampled[x->s->slot[i]] >= V)
            b->sampled[x->s->slot[i]] = V - 1;
    }
}

void slice_sample(struct slice *x, double gen_weight)
{
    struct sample_each e = {x, gen_weight};
    int count = slice_slots(x);
    if (x->gen.net)
        mlm_pass(&x->gen, &x->s->head, encoder_out(x->gen.net, &x->s->gen), x->s->rows,
                 x->s->targets, count, sample_row, &e, gen_weight != 0 ? x->s->dgen : NULL);
    else
        sample_fixed(x, count);
    if (!x->b->given_samples)
        corrupt(x);
}

void slice_discriminator(struct slice *x, const int32_t *ids, int only_chosen)
{
    set_acts(x, &x->s->disc, ids, only_chosen ? x->s->chosen[1] : NULL);
    encoder_forward(&x->disc, &x->s->disc);
    if (x->disc.grads)
        memset(x->s->ddisc, 0, (size_t)tokens_of(x) * (size_t)x->disc.net->shape.hidden * sizeof(float));
}

/* As many tokens of row r as are marked, drawn anew from those that may be chosen: the ones with the
 * smallest keys. */
static void mark_others(struct slice *x, int r)
{
    const struct batch *b = x->b;
    size_t at = (size_t)(x->row + r) * (size_t)b->T;
    float *key = x->s->factor + (size_t)r * (size_t)b->T;
    int n = 0;
    for (int t = 0; t < b->T; t++) {
        int id = b->ids[at + (size_t)t], open = !b->mask || b->mask[at + (size_t)t];
        n += key[t] > 0;
        for (int k = 0; k < VOCAB_SPECIALS; k++)
            open &= k == VOCAB_UNK || id != x->l->special[k];
        key[t] = open ? (float)rng_uniform53(b->seed, RNG_RTD, b->step, b->row0 + (uint32_t)(x->row + r), (uint32_t)t)
                      : 2;
    }
    for (; n > 0; n--) {
        int best = 0;
        for (int t = 1; t < b->T; t++)
            if (key[t] >= 0 && (key[best] < 0 || key[t] < key[best]))
                best = t;
        key[best] = -1;
    }
    for (int t = 0; t < b->T; t++)
        key[t] = key[t] < 0;
}

/* Which tokens count: all that are attended, or the chosen ones among them. Marks in s->factor. */
static void mark_tokens(struct slice *x, int only_chosen)
{
    const struct batch *b = x->b;
    const uint8_t *mask = slice_mask(x);
    int R = tokens_of(x);
    for (int i = 0; i < R; i++)
        x->s->factor[i] = !only_chosen && (!mask || mask[i]);
    for (int r = 0; only_chosen && r < x->n; r++) {
        for (int k = 0; k < b->N; k++) {
            size_t slot = (size_t)(x->row + r) * (size_t)b->N + (size_t)k;
            int at = r * b->T + b->positions[slot];
            if (b->weights[slot] > 0 && (!mask || mask[at]))
                x->s->factor[at] = 1;
        }
        if (x->l->args.config->rtd_positions == RTD_RANDOM)
            mark_others(x, r);
    }
}

static double bce(double z, int y)
{
    return fmax(z, 0) - z * y + log1p(exp(-fabs(z)));
}

void slice_rtd(struct slice *x, int only_chosen)
{
    int R = tokens_of(x);
    const uint8_t *labels = x->b->labels + (size_t)x->row * (size_t)x->b->T;
    const uint8_t *mask = slice_mask(x);
    float *z = x->s->logits;
    struct losses *o = x->out;
    rtd_forward(&x->disc, &x->s->head, encoder_out(x->disc.net, &x->s->disc), R, z);
    mark_tokens(x, only_chosen);
    for (int i = 0; i < R; i++) {
        if (mask && !mask[i])
            continue;
        double p = 1 / (1 + exp(-(double)z[i])), loss = bce((double)z[i], labels[i]);
        if (x->s->factor[i] > 0) {
            o->disc_sum += loss;
            o->disc_n++;
        }
        o->fake_n += labels[i];
        if (z[i] > 0)
            *(labels[i] ? &o->tp : &o->fp) += 1;
        else
            *(labels[i] ? &o->fn : &o->tn) += 1;
        *(labels[i] ? &o->p_fake_sum : &o->p_real_sum) += p;
        if (x->auc)
            auc_add(x->auc, z[i], labels[i]);
        if (x->rows) {
            x->rows[i].disc_prob = (float)p;
            x->rows[i].disc_loss = (float)loss;
        }
    }
}

void slice_rtd_backward(struct slice *x, int only_chosen, double weight)
{
    int R = tokens_of(x);
    const uint8_t *labels = x->b->labels + (size_t)x->row * (size_t)x->b->T;
    double scale = weight / (only_chosen ? x->chosen_sum : x->token_sum);
    float *dz = x->s->head.dz;
    for (int i = 0; i < R; i++) {
        double p = 1 / (1 + exp(-(double)x->s->logits[i]));
        dz[i] = x->s->factor[i] > 0 ? (float)(scale * (p - labels[i])) : 0;
    }
    rtd_backward(&x->disc, &x->s->head, encoder_out(x->disc.net, &x->s->disc), R, dz, x->s->ddisc);
}

static float main_row(void *ud, const struct mlm_row *row)
{
    struct sample_each *e = ud;
    struct slice *x = e->x;
    double w = x->b->weights[x->s->slot[row->index]];
    x->out->main -= w * row->log_prob / x->weight_sum;
    return (float)(e->weight * w / x->weight_sum);
}

void slice_main_mlm(struct slice *x, double weight)
{
    struct sample_each e = {x, weight};
    int count = slice_slots(x);
    mlm_pass(&x->disc, &x->s->head, encoder_out(x->disc.net, &x->s->disc), x->s->rows, x->s->targets,
             count, main_row, &e, x->s->ddisc);
}

void slice_backward_disc(struct slice *x)
{
    encoder_backward(&x->disc, &x->s->disc, x->s->ddisc);
}

void slice_backward_gen(struct slice *x)
{
    if (x->gen.net)
        encoder_backward(&x->gen, &x->s->gen, x->s->dgen);
}
