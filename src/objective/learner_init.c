/* What a learner holds: how a batch is cut into slices, and the memory of a wave of them. */
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/large.h"
#include "src/objective/learner_int.h"

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

int learner_slice_rows(const struct learner *l, int T)
{
    return max_int(1, min_int(slice_tokens(l), scratch_tokens(l)) / T);
}

int learner_find_slice(const struct learner *l, int B, int T, int shards, int i, int *row, int *n)
{
    int rows = learner_slice_rows(l, T), count = 0;
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

int learner_count_slices(const struct learner *l, int B, int T, int shards)
{
    return learner_find_slice(l, B, T, shards, -1, NULL, NULL);
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
    int slices = learner_count_slices(l, l->args.max_B, l->args.max_T, l->shards), rc = 0;
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
    for (int i = 0; i < 2; i++)
        l->slice_losses[i] = calloc(slices, sizeof *l->slice_losses[i]);
    l->auc = calloc((size_t)l->workers, sizeof *l->auc);
    l->ws = calloc((size_t)l->workers, sizeof *l->ws);
    if (!l->values || (a->train && !l->grads) || !l->ws || !l->slice_losses[0] || !l->slice_losses[1] || !l->auc) {
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
    free(l->slice_losses[0]);
    free(l->slice_losses[1]);
    free(l->auc);
    free(l->ws);
    free(l->values);
    free(l);
}
