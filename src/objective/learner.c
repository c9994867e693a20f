/* The learner: cuts a batch into slices, hands them to the threads in waves, and after each wave has
 * the gradients made of what its slices noted. See objective.h for what is promised. */
#include <math.h>
#include <string.h>

#include "src/objective/learner_int.h"

float *learner_values(struct learner *l)
{
    l->stale = 1;
    return l->values;
}

float *learner_gradients(struct learner *l)
{
    return l->grads;
}

/* What a call of pool_run needs to know. */
struct work {
    struct learner *l;
    struct batch *b;
    int stage, train, shards, first;
    int slice;   /* learner_disc_logits, learner_gen_rows: rows of a slice */
    int team;    /* fewer slices than threads: all threads work on one at a time */
    double weight_sum, token_sum, chosen_sum, disc_weight;
    int want_auc;
    struct token_row *rows;
    const int32_t *ids; /* learner_disc_logits, learner_gen_rows */
    float *logits;
    const int *position;   /* learner_gen_rows */
    const int32_t *target;
    float *log_prob, *probs;
};

/* For sequences from `row` on, which worker `worker` works on; notes: of the slice, or NULL. */
static struct encoder_run make_run(const struct work *w, int worker, const struct net *net,
                                   struct wgrad_notes *notes, uint32_t site, int row)
{
    struct learner *l = w->l;
    return (struct encoder_run){
        .math = l->args.math, .ws = l->ws[worker], .table = &l->args.model->table,
        .net = net->layer ? net : NULL, .values = l->values, .grads = notes ? l->grads : NULL,
        .packs = &l->packs, .team = w->team ? &l->team : NULL, .notes = notes,
        .drop = {.seed = w->b->seed, .step = w->b->step, .site = site, .row0 = w->b->row0 + (uint32_t)row,
                 .on = notes != NULL}};
}

static void slice_task(void *ud, int task, int worker)
{
    struct work *w = ud;
    struct learner *l = w->l;
    struct scratch *s = &l->scratch[task];
    int number = w->first + task, row = 0, n = 0;
    struct wgrad_notes *notes = w->train ? &l->notes[task] : NULL;
    struct losses *out = &l->slice_losses[w->train][number];
    learner_find_slice(l, w->b->B, w->b->T, w->shards, number, &row, &n);
    *out = (struct losses){0};
    s->head.used = 0;
    if (notes)
        wgrad_start(notes);
    struct slice x = {.l = l, .s = s, .b = w->b, .row = row, .n = n, .stage = w->stage, .train = w->train,
                      .weight_sum = w->weight_sum, .token_sum = w->token_sum, .chosen_sum = w->chosen_sum,
                      .disc_weight = w->disc_weight, .out = out,
                      .auc = w->want_auc ? &l->auc[worker] : NULL,
                      .rows = w->rows ? w->rows + (size_t)row * (size_t)w->b->T : NULL};
    x.gen = make_run(w, worker, &l->args.model->gen, notes, 1, row);
    x.disc = make_run(w, worker, &l->args.model->disc, notes, 1024, row);
    objective_ops(l->args.config->objective)->slice(&x);
}

/* Denominators, counted over the whole batch. */
static void count_batch(struct work *w)
{
    const struct batch *b = w->b;
    double slots = 0, tokens = 0, chosen = 0;
    for (int i = 0; i < b->B * b->T; i++)
        tokens += !b->mask || b->mask[i];
    for (int r = 0; r < b->B; r++) {
        const float *wt = b->weights + (size_t)r * (size_t)b->N;
        const int32_t *pos = b->positions + (size_t)r * (size_t)b->N;
        for (int k = 0; k < b->N; k++) {
            if (!(wt[k] > 0))
                continue;
            slots += (double)wt[k];
            int again = 0;
            for (int j = 0; j < k; j++)
                again |= wt[j] > 0 && pos[j] == pos[k];
            chosen += !again && (!b->mask || b->mask[(size_t)r * (size_t)b->T + (size_t)pos[k]]);
        }
    }
    w->weight_sum = slots + 1e-6;
    w->token_sum = tokens + 1e-6;
    w->chosen_sum = chosen + 1e-6;
}

void losses_add(struct losses *a, const struct losses *b, double main_weight, double gen_weight)
{
    a->main += b->main * main_weight;
    a->rl += b->rl * gen_weight;
    a->baseline += b->baseline * gen_weight;
    a->gen_sum += b->gen_sum;
    a->gen_weight += b->gen_weight;
    a->masked_sum += b->masked_sum;
    a->masked_n += b->masked_n;
    a->unigram_sum += b->unigram_sum;
    a->correct += b->correct;
    a->sampled_same += b->sampled_same;
    a->entropy_sum += b->entropy_sum;
    a->disc_sum += b->disc_sum;
    a->disc_n += b->disc_n;
    a->fake_n += b->fake_n;
    a->tp += b->tp;
    a->fp += b->fp;
    a->fn += b->fn;
    a->tn += b->tn;
    a->p_fake_sum += b->p_fake_sum;
    a->p_real_sum += b->p_real_sum;
}

static void total_losses(const struct work *w, struct losses *o)
{
    const struct config *c = w->l->args.config;
    const struct objective *obj = w->l->objective;
    int bert = !obj->has_generator;
    o->gen = bert ? 0 : o->gen_sum / w->weight_sum;
    if (obj->main_heads & HEAD_RTD)
        o->disc = o->disc_sum / (o->disc_n + 1e-6);
    double gen = c->objective == OBJ_ADVERSARIAL ? o->rl : o->gen;
    if (c->objective == OBJ_TWO_STAGE)
        o->total = w->stage == 0 ? c->gen_weight * o->gen : w->disc_weight * o->disc;
    else
        o->total = (bert ? 0 : c->gen_weight * gen) + o->baseline +
                   w->disc_weight * (obj->main_heads & HEAD_RTD ? o->disc : o->main);
    o->finite = isfinite(o->total);
}

/* While training the values change with every step; else only after learner_values. */
static void pack_values(const struct work *w)
{
    struct learner *l = w->l;
    if (l->args.train || l->stale)
        packs_fill(&l->packs, l->args.pool, l->values, w->train);
    l->stale = 0;
}

static void run_batch(struct work *w, struct losses *out, struct auc *auc)
{
    struct learner *l = w->l;
    struct batch *b = w->b;
    w->shards = min_int((int)l->args.config->shards, b->B);
    if (w->shards > l->shards)
        w->shards = l->shards;
    count_batch(w);
    w->disc_weight = w->train ? objective_disc_weight(l->args.config, b->step) : l->args.config->disc_weight;
    w->want_auc = auc != NULL;
    if (auc)
        memset(l->auc, 0, (size_t)l->workers * sizeof *l->auc);
    int slices = learner_count_slices(l, b->B, b->T, w->shards), wave = l->wave;
    if (w->train && l->args.config->micro_batch)
        wave = min_int(wave, max_int(1, (int)l->args.config->micro_batch / learner_slice_rows(l, b->T)));
    pack_values(w);
    w->team = !w->train && slices < l->workers;
    wave = w->team ? 1 : wave;
    for (; w->first < slices; w->first += wave) {
        int n = min_int(wave, slices - w->first);
        pool_run(l->args.pool, w->team ? 0 : n, slice_task, w);
        if (w->team) /* the pool is the slice's own */
            slice_task(w, 0, 0);
        if (w->train)
            wgrad_add(&l->wgrad, l->args.pool, l->ws, l->notes, n, w->first > 0, l->grads);
        if (w->train && l->between && w->first + wave < slices)
            l->between(l->between_ud);
    }
    struct losses sum = {0};
    for (int i = 0; i < slices; i++)
        losses_add(&sum, &l->slice_losses[w->train][i], 1, 1);
    total_losses(w, &sum);
    *out = sum;
    if (!auc)
        return;
    for (int i = 0; i < l->workers; i++)
        for (int k = 0; k < AUC_BINS; k++) {
            auc->real[k] += l->auc[i].real[k];
            auc->fake[k] += l->auc[i].fake[k];
        }
}

void learner_between(struct learner *l, void (*between)(void *ud), void *ud)
{
    l->between = between;
    l->between_ud = ud;
}

void learner_step(struct learner *l, struct batch *b, int stage, struct losses *out, struct auc *auc)
{
    struct work w = {.l = l, .b = b, .stage = stage, .train = 1};
    run_batch(&w, out, auc);
}

static void start_rows(const struct batch *b, struct token_row *rows)
{
    for (int i = 0; i < b->B * b->T; i++) {
        rows[i] = (struct token_row){.original = b->ids[i], .masked = b->gen_ids[i],
                                     .gen_prob = NAN, .disc_prob = NAN, .gen_entropy = NAN,
                                     .disc_loss = NAN, .gen_loss = NAN};
        for (int k = 0; k < EVENT_TOPK; k++)
            rows[i].top_id[k] = -1;
    }
}

void learner_eval(struct learner *l, struct batch *b, int stage, struct losses *out,
                  struct auc *auc, struct token_row *rows)
{
    struct work w = {.l = l, .b = b, .stage = stage, .rows = rows};
    if (rows)
        start_rows(b, rows);
    run_batch(&w, out, auc);
    for (int i = 0; rows && i < b->B * b->T; i++) {
        rows[i].sampled = l->objective->has_generator ? b->disc_ids[i] : b->gen_ids[i];
        rows[i].label = l->objective->has_generator ? b->labels[i] : 0;
    }
}

/* One network over the slice of the ids that is task's; only the rows of `chosen` are wanted. */
static struct encoder_run forward_task(struct work *w, int task, int worker, const struct net *net,
                                       struct encoder_acts *acts, int *n, const int *chosen)
{
    int T = w->b->T, row = task * w->slice;
    struct encoder_run r = make_run(w, worker, net, NULL, 1024, row);
    *n = min_int(w->slice, w->b->B - row);
    acts->n = *n;
    acts->T = T;
    acts->ids = w->ids + (size_t)row * (size_t)T;
    acts->segments = NULL;
    acts->chosen = chosen;
    acts->count = chosen ? *n : 0;
    acts->mask = w->b->mask ? w->b->mask + (size_t)row * (size_t)T : NULL;
    encoder_forward(&r, acts);
    return r;
}

static void logits_task(void *ud, int task, int worker)
{
    struct work *w = ud;
    struct scratch *s = &w->l->scratch[worker];
    int T = w->b->T, n;
    struct encoder_run r = forward_task(w, task, worker, &w->l->args.model->disc, &s->disc, &n, NULL);
    rtd_forward(&r, &s->head, encoder_out(r.net, &s->disc), n * T,
                w->logits + (size_t)(task * w->slice) * (size_t)T);
}

/* Shares slices of the B sequences out to the threads, or all threads' work on one at a time. */
static void share_slices(struct work *w, void (*task)(void *ud, int task, int worker))
{
    struct learner *l = w->l;
    int B = w->b->B;
    w->slice = max_int(1, min_int(learner_slice_rows(l, w->b->T), (B + l->workers - 1) / l->workers));
    int slices = (B + w->slice - 1) / w->slice;
    w->team = slices < l->workers;
    pack_values(w);
    for (int i = 0; w->team && i < slices; i++)
        task(w, i, 0);
    if (!w->team)
        pool_run(l->args.pool, slices, task, w);
}

void learner_disc_logits(struct learner *l, int B, int T, const int32_t *ids, const uint8_t *mask,
                         float *logits)
{
    struct batch b = {.B = B, .T = T, .mask = mask};
    struct work w = {.l = l, .b = &b, .ids = ids, .logits = logits};
    if (!(l->objective->main_heads & HEAD_RTD)) {
        for (size_t i = 0; i < (size_t)B * (size_t)T; i++)
            logits[i] = NAN;
        return;
    }
    share_slices(&w, logits_task);
}

/* Where the rows of a task go. */
struct row_out {
    const struct work *w;
    int first;
};

static float keep_row(void *ud, const struct mlm_row *row)
{
    const struct row_out *o = ud;
    size_t at = (size_t)(o->first + row->index), V = (size_t)o->w->l->args.vocab;
    o->w->log_prob[at] = (float)row->log_prob;
    if (o->w->probs)
        memcpy(o->w->probs + at * V, row->p, V * sizeof *row->p);
    return 0;
}

static void rows_task(void *ud, int task, int worker)
{
    struct work *w = ud;
    struct scratch *s = &w->l->scratch[worker];
    struct row_out out = {w, task * w->slice};
    int n = min_int(w->slice, w->b->B - out.first);
    for (int i = 0; i < n; i++) {
        s->rows[i] = i * w->b->T + w->position[out.first + i];
        s->targets[i] = w->target[out.first + i];
    }
    struct encoder_run r = forward_task(w, task, worker, &w->l->args.model->gen, &s->gen, &n, s->rows);
    mlm_pass(&r, &s->head, encoder_out(r.net, &s->gen), s->rows, s->targets, n, keep_row, &out, NULL);
}

void learner_gen_rows(struct learner *l, int B, int T, const int32_t *ids, const int *position,
                      const int32_t *target, float *log_prob, float *probs)
{
    struct batch b = {.B = B, .T = T};
    struct work w = {.l = l, .b = &b, .ids = ids, .position = position, .target = target,
                     .log_prob = log_prob, .probs = probs};
    share_slices(&w, rows_task);
}
