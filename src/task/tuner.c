/* See tuner.h: slices, shards, and the sum of their gradients. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/large.h"
#include "src/base/rng.h"
#include "src/task/tuner_int.h"

#define TREE_CHUNK 16384 /* floats a task of the tree */
#define TREE_ROWS 64     /* word rows a task of the tree */
#define HEAD_SITE 16384u /* dropout sites of the head, past those of any encoder */

static const struct head_ops *const heads[TUNE_HEADS] = {&head_class, &head_class_hf,
                                                         &head_span_hf, &head_span_joint};

const char *tune_head_name(enum tune_head head)
{
    return heads[head]->name;
}

const char *tune_head_architecture(enum tune_head head)
{
    return heads[head]->architecture;
}

int tune_head_find(const char *architecture, enum tune_head *head)
{
    for (*head = 0; *head < TUNE_HEADS; (*head)++)
        if (!strcmp(heads[*head]->architecture, architecture))
            return 1;
    return 0;
}

static int min_int(int a, int b)
{
    return a < b ? a : b;
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int slice_rows(int T)
{
    return max_int(1, SLICE_TOKENS / T);
}

static int scratch_init(struct tuner *t, struct tune_scratch *s, struct err *err)
{
    size_t R = (size_t)max_int(t->args.max_T, SLICE_TOKENS), D = (size_t)t->shape.hidden;
    size_t wide = D > JOINT_HIDDEN ? D : JOINT_HIDDEN;
    size_t outputs = (size_t)max_int(t->args.labels, 2);
    int rc = math_ws_init(&s->ws, err);
    arena_init(&s->arena);
    if (!rc)
        rc = encoder_acts_init(&s->acts, &t->model.disc, 1, (int)R, t->args.train, &s->arena);
    s->dh = arena_alloc(&s->arena, R * D, sizeof(float));
    s->x = arena_alloc(&s->arena, R * D, sizeof(float));
    s->u = arena_alloc(&s->arena, R * wide, sizeof(float));
    s->y = arena_alloc(&s->arena, R * wide, sizeof(float));
    s->z = arena_alloc(&s->arena, R * outputs, sizeof(float));
    s->dz = arena_alloc(&s->arena, R * outputs, sizeof(float));
    s->wide = arena_alloc(&s->arena, R * JOINT_HIDDEN, sizeof(float));
    s->small = arena_alloc(&s->arena, 8 * (D + JOINT_HIDDEN), sizeof(float));
    s->dropped = arena_alloc(&s->arena, R * D, sizeof(float));
    if (rc || !s->dh || !s->x || !s->u || !s->y || !s->z || !s->dz || !s->wide || !s->small ||
        !s->dropped)
        return err_nomem(err, "a worker's activations");
    return 0;
}

static int allocate(struct tuner *t, struct err *err)
{
    size_t floats = t->model.table.floats, V = (size_t)t->shape.vocab;
    t->values = large_alloc(floats * sizeof(float));
    t->shard_grads = calloc((size_t)t->shards, sizeof *t->shard_grads);
    t->scratch = calloc((size_t)t->workers, sizeof *t->scratch);
    t->slice_losses = calloc((size_t)t->args.max_B + 64, sizeof *t->slice_losses);
    t->seen = calloc(V, 1);
    t->touched = malloc(V * sizeof *t->touched);
    t->before = malloc(V * sizeof *t->before);
    int ok = t->values && t->shard_grads && t->scratch && t->slice_losses && t->seen &&
             t->touched && t->before;
    for (int i = 0; ok && t->args.train && i < t->shards; i++) {
        t->shard_grads[i] = large_alloc(floats * sizeof(float));
        ok = t->shard_grads[i] != NULL;
        if (ok)
            memset(t->shard_grads[i], 0, floats * sizeof(float));
    }
    if (!ok)
        return err_nomem(err, "parameters and gradients");
    memset(t->values, 0, floats * sizeof(float));
    for (int i = 0; i < t->workers; i++) {
        int rc = scratch_init(t, &t->scratch[i], err);
        if (rc)
            return rc;
    }
    return 0;
}

struct tuner *tuner_new(const struct tuner_args *a, struct err *err)
{
    struct tuner *t = calloc(1, sizeof *t);
    if (!t) {
        err_nomem(err, "the tuner");
        return NULL;
    }
    t->args = *a;
    t->shape = *a->shape;
    t->ops = heads[a->head];
    t->workers = pool_threads(a->pool);
    t->shards = max_int(1, min_int(a->shards, a->max_B));
    int rc = model_build_shapes(&t->model, NULL, 0, &t->shape, HEAD_NONE, "model", TIE_NONE, err);
    if (!rc)
        rc = t->ops->declare(t, err);
    if (!rc) {
        param_layout(&t->model.table);
        rc = allocate(t, err);
    }
    if (!rc && a->train && packs_init(&t->packs, a->math, &t->model.table, &t->model.disc, NULL, 1, err))
        rc = E_NOMEM;
    if (rc) {
        tuner_free(t);
        return NULL;
    }
    return t;
}

void tuner_free(struct tuner *t)
{
    if (!t)
        return;
    for (int i = 0; t->scratch && i < t->workers; i++) {
        math_ws_free(&t->scratch[i].ws);
        arena_free(&t->scratch[i].arena);
    }
    for (int i = 0; t->shard_grads && i < t->shards; i++)
        free(t->shard_grads[i]);
    free(t->shard_grads);
    free(t->scratch);
    free(t->slice_losses);
    free(t->values);
    free(t->seen);
    free(t->touched);
    free(t->before);
    packs_free(&t->packs);
    model_free(&t->model);
    free(t);
}

const struct model *tuner_model(const struct tuner *t)
{
    return &t->model;
}

float *tuner_values(struct tuner *t)
{
    return t->values;
}

float *tuner_gradients(struct tuner *t)
{
    return t->shard_grads[0];
}

void tuner_init_head(struct tuner *t, uint64_t seed, int all)
{
    const struct param_table *table = &t->model.table;
    int top = t->shape.layers + 2;
    struct param_table one = {.n = 1};
    for (int i = 0; i < table->n; i++) {
        struct param row = table->rows[i];
        if (!all && row.layer != top)
            continue;
        one.rows = &row;
        param_init_block(&one, seed, t->values);
    }
}

/* What a call of pool_run needs to know. */
struct work {
    struct tuner *t;
    const struct tune_batch *b;
    int train, shards;
    size_t dense; /* first float past the word table */
};

static int slices_before(const struct work *w, int shard)
{
    int rows = slice_rows(w->b->T), n = 0;
    for (int s = 0; s < shard; s++) {
        int from = (int)((int64_t)w->b->B * s / w->shards);
        int to = (int)((int64_t)w->b->B * (s + 1) / w->shards);
        n += (to - from + rows - 1) / rows;
    }
    return n;
}

/* Clears a shard's gradients: the dense part, and the word rows of the step before. */
static void clear_grads(const struct work *w, float *grads)
{
    const struct tuner *t = w->t;
    size_t E = (size_t)t->shape.embedding;
    memset(grads + w->dense, 0, (t->model.table.floats - w->dense) * sizeof(float));
    for (int i = 0; i < t->nbefore; i++)
        memset(grads + (size_t)t->before[i] * E, 0, E * sizeof(float));
}

static void run_slice(const struct work *w, struct tune_scratch *s, float *grads, int row, int n,
                      double *loss)
{
    struct tuner *t = w->t;
    const struct tune_batch *b = w->b;
    size_t from = (size_t)row * (size_t)b->T;
    struct tune_slice x = {
        .t = t, .s = s, .b = b, .row = row, .n = n, .scale = b->sum ? 1 : 1.0 / b->B,
        .run = {.math = t->args.math, .ws = &s->ws, .table = &t->model.table,
                .net = &t->model.disc, .values = t->values, .grads = grads,
                .packs = t->args.train ? &t->packs : NULL,
                .drop = {.seed = b->seed, .step = b->step, .site = 0, .row0 = (uint32_t)row,
                         .on = grads != NULL}}};
    s->acts.n = n;
    s->acts.T = b->T;
    s->acts.ids = b->ids + from;
    s->acts.segments = b->segments ? b->segments + from : NULL;
    s->acts.mask = b->mask ? b->mask + from : NULL;
    encoder_forward(&x.run, &s->acts);
    t->ops->slice(&x);
    if (grads) {
        size_t E = (size_t)t->shape.embedding;
        encoder_backward(&x.run, &s->acts, s->dh);
        /* padding is in the softmax of a span head, but its embedding never learns */
        memset(grads + (size_t)t->shape.pad_id * E, 0, E * sizeof(float));
    }
    *loss = x.loss;
}

static void shard_task(void *ud, int shard, int worker)
{
    const struct work *w = ud;
    struct tuner *t = w->t;
    int rows = slice_rows(w->b->T), number = slices_before(w, shard);
    int from = (int)((int64_t)w->b->B * shard / w->shards);
    int to = (int)((int64_t)w->b->B * (shard + 1) / w->shards);
    float *grads = w->train ? t->shard_grads[shard] : NULL;
    if (grads)
        clear_grads(w, grads);
    for (int row = from; row < to; row += rows, number++)
        run_slice(w, &t->scratch[worker], grads, row, min_int(rows, to - row),
                  &t->slice_losses[number]);
}

static void add_shards(const struct work *w, size_t from, size_t n)
{
    const struct tuner *t = w->t;
    for (int stride = 1; stride < w->shards; stride *= 2)
        for (int i = 0; i + stride < w->shards; i += 2 * stride)
            t->args.math->axpy(n, 1, t->shard_grads[i + stride] + from, t->shard_grads[i] + from);
}

static int dense_tasks(const struct work *w)
{
    return (int)((w->t->model.table.floats - w->dense + TREE_CHUNK - 1) / TREE_CHUNK);
}

static void tree_task(void *ud, int task, int worker)
{
    const struct work *w = ud;
    const struct tuner *t = w->t;
    size_t floats = t->model.table.floats, E = (size_t)t->shape.embedding;
    int dense = dense_tasks(w);
    (void)worker;
    if (task < dense) {
        size_t from = w->dense + (size_t)task * TREE_CHUNK;
        add_shards(w, from, floats - from < TREE_CHUNK ? floats - from : TREE_CHUNK);
        return;
    }
    int from = (task - dense) * TREE_ROWS, to = min_int(from + TREE_ROWS, t->ntouched);
    for (int i = from; i < to; i++)
        add_shards(w, (size_t)t->touched[i] * E, E);
}

/* Notes which word rows this batch gives a gradient to. */
static void touch(struct tuner *t, const struct tune_batch *b)
{
    int32_t *swap = t->before;
    t->before = t->touched;
    t->nbefore = t->ntouched;
    t->touched = swap;
    t->ntouched = 0;
    for (int i = 0; i < b->B * b->T; i++) {
        if (t->seen[b->ids[i]])
            continue;
        t->seen[b->ids[i]] = 1;
        t->touched[t->ntouched++] = b->ids[i];
    }
    for (int i = 0; i < t->ntouched; i++)
        t->seen[t->touched[i]] = 0;
}

static double run_batch(struct work *w)
{
    struct tuner *t = w->t;
    size_t table = (size_t)t->shape.vocab * (size_t)t->shape.embedding;
    w->shards = min_int(t->shards, w->b->B);
    if (!w->train) { /* only gradients are bound to the shards: let no thread go without work */
        int rows = slice_rows(w->b->T), slices = (w->b->B + rows - 1) / rows;
        w->shards = min_int(max_int(w->shards, max_int(slices, t->workers)), w->b->B);
    }
    w->dense = (table + 15) / 16 * 16; /* the word table is the first row of the block */
    if (w->train)
        touch(t, w->b);
    if (t->args.train)
        packs_fill(&t->packs, t->args.pool, t->values, w->train);
    pool_run(t->args.pool, w->shards, shard_task, w);
    if (w->train && w->shards > 1)
        pool_run(t->args.pool, dense_tasks(w) + (t->ntouched + TREE_ROWS - 1) / TREE_ROWS,
                 tree_task, w);
    /* shards that this small batch did not use keep what they held: clear them */
    for (int i = w->shards; w->train && i < t->shards; i++)
        clear_grads(w, t->shard_grads[i]);
    double sum = 0;
    int slices = slices_before(w, w->shards);
    for (int i = 0; i < slices; i++)
        sum += t->slice_losses[i];
    return sum;
}

double tuner_step(struct tuner *t, const struct tune_batch *b)
{
    struct work w = {.t = t, .b = b, .train = 1};
    return run_batch(&w);
}

double tuner_eval(struct tuner *t, const struct tune_batch *b)
{
    struct work w = {.t = t, .b = b};
    return run_batch(&w);
}

/* What the heads share. */

int head_param(struct tuner *t, const char *name, int rows, int cols, int rank, int glorot,
               struct err *err)
{
    char full[PARAM_NAME];
    snprintf(full, sizeof full, "model.%s", name);
    enum param_init init = rank == 1 ? INIT_ZEROS : glorot ? INIT_GLOROT : INIT_NORMAL;
    return param_add(&t->model.table, full, rows, cols, rank, init, glorot ? 1 : 0.02f,
                     t->shape.layers + 2, err);
}

float *head_value(const struct tune_slice *x, int i)
{
    return param_at(&x->t->model.table, x->t->values, x->t->head[i]);
}

float *head_grad(const struct tune_slice *x, int i)
{
    return param_at(&x->t->model.table, x->run.grads, x->t->head[i]);
}

struct dropout head_drop(const struct tune_slice *x, int i)
{
    return (struct dropout){.p = x->run.grads ? x->t->args.head_dropout : 0, .seed = x->b->seed,
                            .use = RNG_DROPOUT + ((HEAD_SITE + (uint32_t)i) << 16),
                            .step = x->b->step};
}

void head_linear(const struct tune_slice *x, int R, int in, int out, const float *in_rows, int w,
                 int b, float *out_rows)
{
    const struct math *k = x->run.math;
    k->gemm(0, 1, R, out, in, in_rows, in, head_value(x, w), in, 0, out_rows, out, x->run.ws);
    k->bias(R, out, out_rows, head_value(x, b), out_rows);
}

void head_linear_grad(const struct tune_slice *x, int R, int in, int out, const float *in_rows,
                      const float *dy, int w, int b, float *dx)
{
    const struct math *k = x->run.math;
    k->bias_grad(R, out, dy, head_grad(x, b));
    k->gemm(1, 0, out, in, R, dy, out, in_rows, in, 1, head_grad(x, w), in, x->run.ws);
    if (dx)
        k->gemm(0, 0, R, in, out, dy, out, head_value(x, w), in, 0, dx, in, x->run.ws);
}

double head_cross_entropy(int n, const float *z, int stride, int target, double factor, float *dz)
{
    double top = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++)
        top = fmax(top, (double)z[i * stride]);
    for (int i = 0; i < n; i++)
        sum += exp((double)z[i * stride] - top);
    double lse = top + log(sum);
    for (int i = 0; dz && i < n; i++)
        dz[i * stride] = (float)(factor * (exp((double)z[i * stride] - lse) - (i == target)));
    return lse - (double)z[target * stride];
}

int head_top(int n, const float *z, int stride, int k, int *at)
{
    int used = 0;
    for (int i = 0; i < n; i++) {
        int to = used;
        while (to > 0 && z[i * stride] > z[at[to - 1] * stride])
            to--;
        if (to == k)
            continue;
        for (int j = min_int(used, k - 1); j > to; j--)
            at[j] = at[j - 1];
        at[to] = i;
        used = min_int(used + 1, k);
    }
    return used;
}
