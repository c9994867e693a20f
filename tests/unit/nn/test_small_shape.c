/* PyTorch's numbers at small's real shape (V 30522, D 256, T 128): blocked and vectorised paths
 * meet an independent program. The weights follow the counter formula that is stated in
 * tests/golden/make_small.py; about a thousand sampled numbers are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/objective/objective.h"
#include "src/optim/adamw.h"

enum { B = 2, T = 128, V = 30522, N = 19, MASKED = 18, TENSORS = 512 };

static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

static float weight(uint32_t tensor, uint32_t i)
{
    double u = mix(i + mix(tensor + 1)) / 4294967296.0;
    return (float)(0.08 * (u - 0.5));
}

static FILE *fixture(const char *name)
{
    char path[1024];
    const char *src = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/fixtures/shape/small/%s", src ? src : ".", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("cannot open %s", path);
    return f;
}

struct rig {
    struct model model;
    struct learner *learner;
    struct pool *pool;
    struct config config;
    const struct math *math;
    int row[TENSORS], n;
    int32_t ids[B * T], gen_ids[B * T], disc_ids[B * T], positions[B * N], sampled[B * N];
    float weights[B * N];
    uint8_t labels[B * T], mask[B * T];
    struct batch batch;
};

static void fill_batch(struct rig *r)
{
    for (uint32_t i = 0; i < B * T; i++) {
        uint32_t t = i % T;
        r->ids[i] = t == 0 ? 101 : t == T - 1 ? 102 : (int32_t)(1000 + mix(i + mix(7777)) % 29000);
        r->gen_ids[i] = r->disc_ids[i] = r->ids[i];
        r->mask[i] = 1;
    }
    for (uint32_t b = 0; b < B; b++) {
        for (uint32_t k = 0; k < MASKED; k++) {
            uint32_t p = 3 + 7 * k, i = b * T + p, slot = b * N + k;
            r->gen_ids[i] = 103;
            r->positions[slot] = (int32_t)p;
            r->weights[slot] = 1;
            r->sampled[slot] =
                k % 3 ? (int32_t)(1000 + mix(i + mix(8888)) % 29000) : r->ids[i];
            r->disc_ids[i] = r->sampled[slot];
            r->labels[i] = r->sampled[slot] != r->ids[i];
        }
    }
    r->batch = (struct batch){.B = B, .T = T, .N = N, .ids = r->ids, .mask = r->mask,
                              .gen_ids = r->gen_ids, .positions = r->positions,
                              .weights = r->weights, .sampled = r->sampled,
                              .disc_ids = r->disc_ids, .labels = r->labels,
                              .given_samples = 1, .seed = 1};
}

static void fill_values(struct rig *r)
{
    FILE *f = fixture("tensors.tsv");
    char name[256];
    size_t elements;
    float *values = learner_values(r->learner);
    while (fscanf(f, "%255s %zu", name, &elements) == 2) {
        int row = param_find(&r->model.table, name);
        if (row < 0)
            fail_msg("no parameter %s", name);
        const struct param *p = &r->model.table.rows[row];
        assert_int_equal((size_t)p->rows * (size_t)p->cols, elements);
        assert_true(p->alias < 0);
        float *v = param_at(&r->model.table, values, row);
        float one = strstr(name, "LayerNorm.weight") ? 1 : 0;
        for (size_t i = 0; i < elements; i++)
            v[i] = one ? (float)(1.0 + (double)weight((uint32_t)r->n, (uint32_t)i))
                       : weight((uint32_t)r->n, (uint32_t)i);
        r->row[r->n++] = row;
    }
    fclose(f);
}

static struct rig *rig_new(const char *cpu)
{
    struct rig *r = calloc(1, sizeof *r);
    struct err err = {0};
    r->math = math_select(cpu, &err);
    if (!r->math) {
        free(r);
        return NULL;
    }
    config_default(&r->config);
    config_preset(&r->config, "small", &err);
    r->config.batch = B;
    r->config.dropout = r->config.attention_dropout = 0;
    if (config_resolve(&r->config, &err) || model_build(&r->model, &r->config, V, &err))
        fail_msg("%s", err.text);
    r->pool = pool_new(2, &err);
    static const int special[5] = {0, 100, 101, 102, 103};
    struct learner_args a = {.model = &r->model, .config = &r->config, .math = r->math,
                             .pool = r->pool, .max_T = T, .max_B = B, .vocab = V,
                             .special = special, .train = 1};
    r->learner = learner_new(&a, &err);
    if (!r->learner)
        fail_msg("%s", err.text);
    fill_values(r);
    fill_batch(r);
    return r;
}

static void rig_free(struct rig *r)
{
    learner_free(r->learner);
    pool_free(r->pool);
    model_free(&r->model);
    free(r);
}

static void near(const char *what, int a, long b, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s %d %ld: %.9g, PyTorch has %.9g (tolerance %.3g)", what, a, b, got, want,
                 tolerance);
}

/* Tolerances as for the other fixtures: losses 1e-5 relative, logits 1e-5 + 1e-5 |x|, gradients
 * 1e-4 of the tensor's norm (key biases, whose gradient is 0 in exact arithmetic, apart). */
static void compare(const char *cpu)
{
    struct rig *r = rig_new(cpu);
    if (!r) {
        print_message("no kernels '%s' on this CPU\n", cpu);
        return;
    }
    struct losses out;
    learner_step(r->learner, &r->batch, 0, &out, NULL);
    const float *grads = learner_gradients(r->learner);
    double norm = gradient_norm(r->math, r->pool, &r->model.table, grads);
    float *logits = malloc(sizeof *logits * B * T);
    learner_disc_logits(r->learner, B, T, r->disc_ids, r->mask, logits);
    FILE *f = fixture("expected.tsv");
    char what[32], line[128];
    int a, seen = 0;
    long b;
    double want, l2 = 0;
    assert_non_null(fgets(line, sizeof line, f));
    while (fscanf(f, "%31s %d %ld %lf", what, &a, &b, &want) == 4) {
        seen++;
        if (!strcmp(what, "gen_loss"))
            near(what, a, b, out.gen, want, 1e-5 * fabs(want));
        else if (!strcmp(what, "disc_loss"))
            near(what, a, b, out.disc, want, 1e-5 * fabs(want));
        else if (!strcmp(what, "total_loss"))
            near(what, a, b, out.total, want, 1e-5 * fabs(want));
        else if (!strcmp(what, "grad_norm"))
            near(what, a, b, norm, want, 1e-4 * want);
        else if (!strcmp(what, "disc_logit"))
            near(what, a, b, logits[a * T + b], want, 1e-5 + 1e-5 * fabs(want));
        else {
            const struct param *p = &r->model.table.rows[r->row[a]];
            const float *g = grads + p->offset;
            if (strstr(p->name, "key.bias"))
                continue;
            if (!strcmp(what, "grad_l2")) {
                double sum = 0;
                for (size_t i = 0; i < (size_t)p->rows * (size_t)p->cols; i++)
                    sum += (double)g[i] * g[i];
                l2 = want;
                near(p->name, a, b, sqrt(sum), want, 1e-4 * want);
            } else {
                near(p->name, a, b, g[b], want, 1e-4 * l2);
            }
        }
    }
    fclose(f);
    free(logits);
    rig_free(r);
    assert_true(seen > 900);
}

static void portable_agrees_with_pytorch(void **state)
{
    (void)state;
    compare("portable");
}

static void avx2_agrees_with_pytorch(void **state)
{
    (void)state;
    compare("avx2");
}

static void avx512_agrees_with_pytorch(void **state)
{
    (void)state;
    compare("avx512");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(portable_agrees_with_pytorch),
        cmocka_unit_test(avx2_agrees_with_pytorch),
        cmocka_unit_test(avx512_agrees_with_pytorch),
    };
    math_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
