/* See rig.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "tests/unit/nn/rig.h"

static const int special[5] = {0, 1, 2, 3, 4};

static uint32_t below(uint32_t n, uint32_t row, uint32_t i)
{
    return rng_u32(5, RNG_TEST, 0, row, i) % n;
}

static void fill_batch(struct rig *r, const struct rig_shape *s)
{
    int B = s->B, T = s->T;
    struct batch *b = &r->batch;
    for (int i = 0; i < B * T; i++) {
        int row = i / T, t = i % T;
        /* the last quarter of every other row is padding */
        r->mask[i] = !(row % 2 && t >= T - T / 4);
        r->segments[i] = t > T / 2;
        r->ids[i] = !r->mask[i] ? 0 : t == 0 ? 2 : (int32_t)(5 + below(RIG_V - 5, 0, (uint32_t)i));
    }
    *b = (struct batch){.B = B, .T = T, .N = batch_slots(&r->config, T), .ids = r->ids,
                        .mask = r->mask, .segments = r->segments, .gen_ids = r->gen_ids,
                        .positions = r->positions, .weights = r->weights, .sampled = r->sampled,
                        .disc_ids = r->disc_ids, .labels = r->labels, .seed = 3, .step = 7,
                        .use_mask = RNG_MASK, .use_kind = RNG_MASK_KIND, .use_sample = RNG_SAMPLE};
    batch_mask(b, &r->config, special, RIG_V);
    b->given_samples = s->given_samples;
    if (!b->given_samples)
        return;
    memcpy(r->disc_ids, r->ids, sizeof r->disc_ids);
    for (int i = 0; i < B * b->N; i++) {
        int at = i / b->N * T + r->positions[i];
        if (r->weights[i] <= 0)
            continue;
        r->sampled[i] = below(3, 1, (uint32_t)i) ? (int32_t)(5 + below(RIG_V - 5, 2, (uint32_t)i))
                                                 : r->ids[at];
        r->disc_ids[at] = r->sampled[i];
        r->labels[at] = r->sampled[i] != r->ids[at];
    }
}

static void fill_values(struct rig *r)
{
    float *values = learner_values(r->learner);
    param_init_block(&r->model.table, 11, values);
    for (int i = 0; i < r->model.table.n; i++) {
        const struct param *p = &r->model.table.rows[i];
        for (size_t k = 0; p->alias < 0 && k < p->size; k++)
            values[p->offset + k] += 0.3f * (rng_uniform(9, RNG_TEST, (uint32_t)i, 0, (uint32_t)k) - 0.5f);
    }
}

struct rig *rig_new(const struct rig_shape *s)
{
    struct rig *r = calloc(1, sizeof *r);
    struct err err = {0};
    assert_non_null(r);
    assert_true(s->B * s->T <= RIG_MAX);
    struct config *c = &r->config;
    config_default(c);
    c->objective = s->objective;
    c->tie = s->tie;
    c->layers = 2;
    c->hidden_size = 16;
    c->ffn_size = s->tie == TIE_ALL ? 64 : 40;
    c->heads = 2;
    c->embedding_size = 12;
    c->generator_hidden_size = s->tie == TIE_ALL || s->objective == OBJ_TWO_STAGE ? 16 : 8;
    c->generator_heads = s->tie == TIE_ALL || s->objective == OBJ_TWO_STAGE ? 2 : 1;
    c->batch = s->B;
    c->seq = s->T;
    c->shards = s->shards;
    c->threads = s->threads;
    c->micro_batch = s->micro_batch;
    c->dropout = c->attention_dropout = s->dropout;
    c->disc_weight = 1.5;
    c->mask_prob = 0.3;
    if (config_resolve(c, &err) || model_build(&r->model, c, RIG_V, &err))
        fail_msg("%s", err.text);
    r->math = !strcmp(s->cpu, "ref") ? &math_ref : math_select(s->cpu, &err);
    r->pool = pool_new(s->threads, &err);
    if (!r->math || !r->pool)
        fail_msg("%s", err.text);
    struct learner_args a = {.model = &r->model, .config = c, .math = r->math, .pool = r->pool,
                             .max_T = s->T, .max_B = s->B, .vocab = RIG_V, .special = special,
                             .train = !s->eval};
    r->learner = learner_new(&a, &err);
    if (!r->learner)
        fail_msg("%s", err.text);
    fill_values(r);
    fill_batch(r, s);
    return r;
}

void rig_free(struct rig *r)
{
    learner_free(r->learner);
    pool_free(r->pool);
    model_free(&r->model);
    free(r);
}
