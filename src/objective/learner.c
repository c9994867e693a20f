/* The learner: cuts a batch into slices, hands them to the threads in waves, and after each wave has
 * the gradients made of what its slices noted. See objective.h for what is promised. */
#include "src/objective/learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/large.h"

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* Tokens of a slice, unless one sequence is longer. */
static int slice_tokens(const struct learner *l)
{
    return l->args.train ? STEP_TOKENS : SLICE_TOKENS;
}

/* Tokens of the largest slice: a whole slice, or a shard of the largest batch. */
static int scratch_tokens(const struct learner *l)
{
    const struct learner_args *a = &l->args;
    int64_t shard = (int64_t)((a->max_B + l->shards - 1) / l->shards) * a->max_T;
    int slice = max_int(slice_tokens(l), a->max_T);
    return shard < slice ? (int)shard : slice;
}

int learner_tokens(const struct learner *l)
{
    return scratch_tokens(l);
}

/* Sequences of a slice, for rows of length T. */
static int slice_rows(const struct learner *l, int T)
{
    return max_int(1, min_int(slice_tokens(l), scratch_tokens(l)) / T);
}

/* Slices of the batch are numbered through: shard after shard. Where number i lies, and how many
 * there are (i < 0). */
static int find_slice(const struct learner *l, int B, int T, int shards, int i, int *row, int *n)
{
    int rows = slice_rows(l, T), count = 0;
    for (int s = 0; s < shards; s++) {
        int from = (int)((int64_t)B * s / shards), to = (int)((int64_t)B * (s + 1) / shards);
        int slices = (to - from + rows - 1) / rows;
        if (i >= count && i < count + slices) {
            *row = from + (i - count) * rows;
            *n = min_int(rows, to - *row);
        }
        count += slices;
    }
    return count;
}

static int count_slices(const struct learner *l, int B, int T, int shards)
{
    return find_slice(l, B, T, shards, -1, NULL, NULL);
}

static int scratch_layout(const struct learner *l, struct scratch *s)
{
    const struct learner_args *a = &l->args;
    const struct model *m = a->model;
    int R = scratch_tokens(l), rc = 0;
    int D = max_int(m->disc.shape.hidden, m->gen.layer ? m->gen.shape.hidden : 0);
    int E = max_int(m->disc.shape.embedding, m->gen.layer ? m->gen.shape.embedding : 0);
    /* R rows cover every stage: shorter sequences come in larger slices of the same tokens */
    rc |= encoder_acts_init(&s->disc, &m->disc, 1, R, a->train, &s->arena);
    if (m->gen.layer)
        rc |= encoder_acts_init(&s->gen, &m->gen, 1, R, a->train, &s->arena);
    int mlm = (m->gen.layer ? R : 0) + (m->disc.heads & HEAD_MLM ? R : 0);
    rc |= head_acts_init(&s->head, a->vocab, D, E, m->disc.heads & HEAD_RTD ? R : 0, a->train ? mlm : 0,
                         &s->arena);
    size_t r = (size_t)R, d = (size_t)D;
    s->dgen = arena_alloc(&s->arena, a->train ? r * d : 1, sizeof(float));
    s->ddisc = arena_alloc(&s->arena, a->train ? r * d : 1, sizeof(float));
    s->logits = arena_alloc(&s->arena, r, sizeof(float));
    s->factor = arena_alloc(&s->arena, r, sizeof(float));
    s->rows = arena_alloc(&s->arena, r, sizeof(int));
    s->targets = arena_alloc(&s->arena, r, sizeof(int));
    s->slot = arena_alloc(&s->arena, r, sizeof(int));
    s->chosen[0] = arena_alloc(&s->arena, r, sizeof(int));
    s->chosen[1] = arena_alloc(&s->arena, r, sizeof(int));
    if (rc || !s->dgen || !s->ddisc || !s->logits || !s->factor || !s->rows || !s->targets || !s->slot ||
        !s->chosen[0] || !s->chosen[1])
        return E_NOMEM;
    return 0;
}

/* One block for all: laid out once to see how much it is. */
static int scratch_init(struct learner *l, struct scratch *s, struct err *err)
{
    arena_init(&s->arena);
    int rc = scratch_layout(l, s);
    size_t bytes = s->arena.used;
    arena_free(&s->arena);
    if (!rc)
        rc = arena_fixed(&s->arena, bytes);
    if (!rc)
        rc = scratch_layout(l, s);
    return rc ? err_nomem(err, "a slice's activations") : 0;
}

/* Products that a slice notes, at most. */
static int notes_cap(const struct learner *l)
{
    const struct model *m = l->args.model;
    int layers = m->disc.shape.layers + (m->gen.layer ? m->gen.shape.layers : 0);
    return 6 * layers + 16 + 4 * (2 + scratch_tokens(l) / HEAD_CHUNK);
}

/* What a wave needs. Twice as many slices as workers: a slow core holds up half of what it would. */
static int wave_init(struct learner *l, struct err *err)
{
    int slices = count_slices(l, l->args.max_B, l->args.max_T, l->shards), rc = 0;
    l->wave = l->args.train ? max_int(1, min_int(2 * l->workers, slices)) : l->workers;
    l->rooms = max_int(l->wave, l->workers); /* learner_disc_logits takes a worker's */
    l->scratch = calloc((size_t)l->rooms, sizeof *l->scratch);
    l->notes = calloc((size_t)l->rooms, sizeof *l->notes);
    if (!l->scratch || !l->notes)
        return err_nomem(err, "a slice's activations");
    for (int i = 0; i < l->rooms && !rc; i++) {
        rc = scratch_init(l, &l->scratch[i], err);
        if (!rc && l->args.train)
            rc = wgrad_notes_init(&l->notes[i], &l->wgrad, notes_cap(l), err);
    }
    return rc;
}

static int workers_init(struct learner *l, struct err *err)
{
    struct math_ws *ws = calloc((size_t)l->workers, sizeof *ws);
    int rc = ws ? 0 : err_nomem(err, "packing space of the kernels");
    for (int i = 0; i < l->workers && ws; i++) {
        l->ws[i] = &ws[i];
        rc = rc ? rc : math_ws_init(&ws[i], err);
    }
    return rc;
}

struct learner *learner_new(const struct learner_args *a, struct err *err)
{
    struct learner *l = calloc(1, sizeof *l);
    if (!l) {
        err_nomem(err, "the learner");
        return NULL;
    }
    l->args = *a;
    l->objective = objective_get(a->config->objective);
    l->log_unigram = a->log_unigram;
    memcpy(l->special, a->special, sizeof l->special);
    l->shards = min_int((int)a->config->shards, a->max_B);
    l->workers = pool_threads(a->pool);
    size_t floats = a->model->table.floats;
    /* rows of the longest batch in slices of one sequence each, at most */
    size_t slices = (size_t)a->max_B + 64;
    l->values = large_alloc(floats * sizeof(float));
    l->grads = a->train ? large_alloc(floats * sizeof(float)) : NULL;
    l->slice_losses = calloc(slices, sizeof *l->slice_losses);
    l->auc = calloc((size_t)l->workers, sizeof *l->auc);
    l->ws = calloc((size_t)l->workers, sizeof *l->ws);
    if (!l->values || (a->train && !l->grads) || !l->ws || !l->slice_losses || !l->auc) {
        err_nomem(err, "parameters and gradients");
        learner_free(l);
        return NULL;
    }
    memset(l->values, 0, floats * sizeof(float));
    if (l->grads)
        memset(l->grads, 0, floats * sizeof(float));
    l->stale = 1;
    l->team = (struct encoder_team){a->pool, l->ws};
    int rc = packs_init(&l->packs, a->math, &a->model->table, &a->model->gen, &a->model->disc, a->train, err);
    if (!rc && a->train)
        rc = wgrad_init(&l->wgrad, a->math, &a->model->table, &l->packs, &a->model->gen, &a->model->disc, err);
    if (!rc)
        rc = workers_init(l, err);
    if (!rc)
        rc = wave_init(l, err);
    if (rc) {
        learner_free(l);
        return NULL;
    }
    return l;
}

void learner_free(struct learner *l)
{
    if (!l)
        return;
    for (int i = 0; l->scratch && i < l->rooms; i++)
        arena_free(&l->scratch[i].arena);
    for (int i = 0; l->notes && i < l->rooms; i++)
        wgrad_notes_free(&l->notes[i]);
    for (int i = 0; l->ws && l->ws[0] && i < l->workers; i++)
        math_ws_free(l->ws[i]);
    if (l->ws)
        free(l->ws[0]);
    packs_free(&l->packs);
    wgrad_free(&l->wgrad);
    free(l->grads);
    free(l->notes);
    free(l->scratch);
    free(l->slice_losses);
    free(l->auc);
    free(l->ws);
    free(l->values);
    free(l);
}

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
    struct losses *out = &l->slice_losses[number];
    find_slice(l, w->b->B, w->b->T, w->shards, number, &row, &n);
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
    int slices = count_slices(l, b->B, b->T, w->shards), wave = l->wave;
    if (w->train && l->args.config->micro_batch)
        wave = min_int(wave, max_int(1, (int)l->args.config->micro_batch / slice_rows(l, b->T)));
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
    }
    struct losses sum = {0};
    for (int i = 0; i < slices; i++)
        losses_add(&sum, &l->slice_losses[i], 1, 1);
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
    w->slice = max_int(1, min_int(slice_rows(l, w->b->T), (B + l->workers - 1) / l->workers));
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
