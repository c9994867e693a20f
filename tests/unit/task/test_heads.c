/* Gradients of every head against central differences of the loss on the reference kernels, with
 * dropout; and the tuner's promise that threads change nothing. See tests/unit/nn/test_gradient.c
 * for steps and tolerances. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/task/layerwise.h"
#include "src/task/tuner_int.h"

enum { V = 31, B = 5, T = 9 };

struct rig {
    struct pool *pool;
    struct tuner *tuner;
    struct tune_batch batch;
    int32_t ids[B * T], labels[B], start[B], end[B], impossible[B];
    uint8_t mask[B * T], segments[B * T];
    float targets[B];
};

static uint32_t below(uint32_t n, uint32_t row, uint32_t i)
{
    return rng_u32(5, RNG_TEST, 0, row, i) % n;
}

static void fill(struct rig *r, enum tune_head head, int labels, int sum)
{
    for (int i = 0; i < B * T; i++) {
        int t = i % T;
        r->mask[i] = !(i / T % 2 && t >= T - 2);
        r->segments[i] = t > 3;
        r->ids[i] = (int32_t)(1 + below(V - 1, 0, (uint32_t)i)); /* never [PAD]: it has no gradient */
    }
    for (uint32_t i = 0; i < B; i++) {
        r->labels[i] = (int32_t)below(labels > 1 ? (uint32_t)labels : 1, 1, i);
        r->targets[i] = (float)below(100, 2, i) / 40;
        r->start[i] = i == 2 ? 0 : (int32_t)(4 + below(2, 3, i));
        r->end[i] = i == 2 ? 0 : r->start[i] + (int32_t)below(2, 4, i);
        r->impossible[i] = i == 2;
    }
    r->batch = (struct tune_batch){.B = B, .T = T, .ids = r->ids, .mask = r->mask,
                                   .segments = r->segments, .seed = 3, .step = 7, .sum = sum};
    if (head >= TUNE_SPAN_HF) {
        r->batch.start = r->start;
        r->batch.end = r->end;
        r->batch.impossible = r->impossible;
    } else if (labels == 1) {
        r->batch.targets = r->targets;
    } else {
        r->batch.labels = r->labels;
    }
}

static struct rig *rig_new(enum tune_head head, int labels, int sum, int threads, float dropout,
                           const struct math *math)
{
    static const struct net_shape shape = {.vocab = V, .positions = 16, .types = 2, .embedding = 12,
                                           .hidden = 16, .layers = 2, .heads = 2, .ffn = 24,
                                           .eps = 1e-12f};
    struct net_shape s = shape;
    struct rig *r = calloc(1, sizeof *r);
    struct err err = {0};
    assert_non_null(r);
    s.dropout = s.attention_dropout = dropout;
    r->pool = pool_new(threads, &err);
    struct tuner_args a = {.shape = &s, .head = head, .labels = labels, .head_dropout = dropout,
                           .math = math, .pool = r->pool, .max_T = T, .max_B = B, .shards = 3,
                           .train = 1};
    r->tuner = tuner_new(&a, &err);
    if (!r->tuner)
        fail_msg("%s", err.text);
    tuner_init_head(r->tuner, 11, 1);
    const struct param_table *t = &tuner_model(r->tuner)->table;
    for (int i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->rows[i].size; k++)
            tuner_values(r->tuner)[t->rows[i].offset + k] +=
                0.3f * (rng_uniform(9, RNG_TEST, (uint32_t)i, 0, (uint32_t)k) - 0.5f);
    fill(r, head, labels, sum);
    return r;
}

static void rig_free(struct rig *r)
{
    tuner_free(r->tuner);
    pool_free(r->pool);
    free(r);
}

static double loss_at(struct rig *r, float *values, const float *start, const float *d, size_t n,
                      double h)
{
    for (size_t k = 0; k < n; k++)
        values[k] = start[k] + (float)(h * (double)d[k]);
    return tuner_step(r->tuner, &r->batch);
}

static void check_direction(struct rig *r, const struct param *p, const float *g, const float *d,
                            double norm)
{
    float *values = tuner_values(r->tuner) + p->offset, *start = malloc(p->size * sizeof *start);
    double h = 0.01 / (1 + norm), want = 0, tolerance = 0.02 * norm + 4e-3;
    assert_non_null(start);
    memcpy(start, values, p->size * sizeof *start);
    for (size_t k = 0; k < p->size; k++)
        want += (double)g[k] * (double)d[k];
    double up = loss_at(r, values, start, d, p->size, h);
    double down = loss_at(r, values, start, d, p->size, -h);
    memcpy(values, start, p->size * sizeof *start);
    free(start);
    if (!(fabs((up - down) / (2 * h) - want) <= tolerance))
        fail_msg("%s: gradient says %.6g, differences say %.6g (|g| %.3g)", p->name, want,
                 (up - down) / (2 * h), norm);
}

static void check(enum tune_head head, int labels, int sum)
{
    struct rig *r = rig_new(head, labels, sum, 1, 0.2f, &math_ref);
    const struct param_table *t = &tuner_model(r->tuner)->table;
    float *g = malloc(t->floats * sizeof *g), *d = malloc(t->floats * sizeof *d);
    int live = 0;
    assert_true(g && d);
    assert_true(tuner_step(r->tuner, &r->batch) > 0.1);
    memcpy(g, tuner_gradients(r->tuner), t->floats * sizeof *g);
    for (int i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        double norm = sqrt(math_ref.sumsq(p->size, g + p->offset)), length = 0;
        live += norm > 1e-3;
        for (size_t k = 0; k < p->size && norm > 0; k++)
            d[k] = (float)((double)g[p->offset + k] / norm);
        if (norm > 0)
            check_direction(r, p, g + p->offset, d, norm);
        for (size_t k = 0; k < p->size; k++) {
            d[k] = rng_uniform(1, RNG_TEST, 1, (uint32_t)i, (uint32_t)k) - 0.5f;
            length += (double)d[k] * (double)d[k];
        }
        for (size_t k = 0; k < p->size; k++)
            d[k] = (float)((double)d[k] / sqrt(length));
        check_direction(r, p, g + p->offset, d, norm);
    }
    assert_true(live > 20); /* the test would prove nothing on zeros */
    free(g);
    free(d);
    rig_free(r);
}

static void test_gradients_of_classification(void **state)
{
    (void)state;
    check(TUNE_CLASS, 3, 1);
    check(TUNE_CLASS_HF, 3, 0);
}

static void test_gradients_of_regression(void **state)
{
    (void)state;
    check(TUNE_CLASS, 1, 0);
    check(TUNE_CLASS_HF, 1, 1);
}

static void test_gradients_of_spans(void **state)
{
    (void)state;
    check(TUNE_SPAN_HF, 2, 0);
    check(TUNE_SPAN_HF, 2, 1);
}

static void test_gradients_of_the_joint_head(void **state)
{
    (void)state;
    check(TUNE_SPAN_JOINT, 2, 0);
    check(TUNE_SPAN_JOINT, 2, 1);
}

/* Batches of different words in turn: what one leaves behind must not reach the next. */
static void test_threads_change_nothing(void **state)
{
    (void)state;
    for (enum tune_head head = 0; head < TUNE_HEADS; head++) {
        struct rig *one = rig_new(head, 2, 1, 1, 0.1f, math_select("auto", NULL));
        struct rig *many = rig_new(head, 2, 1, 4, 0.1f, math_select("auto", NULL));
        size_t bytes = tuner_model(one->tuner)->table.floats * sizeof(float);
        for (int step = 0; step < 4; step++) {
            one->batch.B = many->batch.B = step % 2 ? 2 : B; /* fewer rows than shards, too */
            for (int i = 0; i < B * T; i++)
                one->ids[i] = many->ids[i] = 1 + (one->ids[i] + 7) % (V - 1);
            double a = tuner_step(one->tuner, &one->batch), b = tuner_step(many->tuner, &many->batch);
            assert_true(a == b);
            assert_memory_equal(tuner_gradients(one->tuner), tuner_gradients(many->tuner), bytes);
        }
        rig_free(one);
        rig_free(many);
    }
}

/* Gradients after other batches are those of a fresh tuner: no row of the word table is left over. */
static void test_steps_leave_nothing_behind(void **state)
{
    (void)state;
    struct rig *used = rig_new(TUNE_CLASS, 2, 0, 1, 0, &math_ref);
    struct rig *fresh = rig_new(TUNE_CLASS, 2, 0, 1, 0, &math_ref);
    size_t bytes = tuner_model(used->tuner)->table.floats * sizeof(float);
    int32_t ids[B * T];
    memcpy(ids, used->ids, sizeof ids);
    for (int step = 0; step < 3; step++) {
        used->batch.B = step == 1 ? 1 : B;
        for (int i = 0; i < B * T; i++)
            used->ids[i] = 1 + (ids[i] * (step + 2)) % (V - 1);
        tuner_step(used->tuner, &used->batch);
    }
    memcpy(used->ids, ids, sizeof ids);
    used->batch.B = B;
    tuner_step(used->tuner, &used->batch);
    tuner_step(fresh->tuner, &fresh->batch);
    assert_memory_equal(tuner_gradients(used->tuner), tuner_gradients(fresh->tuner), bytes);
    rig_free(used);
    rig_free(fresh);
}

/* A window's beam holds what the logits say: the joint head's scores are log probabilities. */
static void test_beams(void **state)
{
    (void)state;
    for (enum tune_head head = TUNE_SPAN_HF; head <= TUNE_SPAN_JOINT; head++) {
        struct rig *r = rig_new(head, 2, 0, 1, 0, &math_ref);
        static struct span_beam beams[B];
        r->batch.start = r->batch.end = NULL;
        r->batch.beams = beams;
        assert_true(tuner_eval(r->tuner, &r->batch) == 0);
        for (int i = 0; i < B; i++) {
            double sum = 0;
            assert_true(beams[i].starts > 3);
            for (int k = 0; k < beams[i].starts; k++) {
                assert_true(!k || beams[i].start[k].score <= beams[i].start[k - 1].score);
                assert_in_range(beams[i].start[k].at, 0, T - 1);
                sum += exp((double)beams[i].start[k].score);
            }
            if (head == TUNE_SPAN_JOINT)
                assert_true(fabs(sum - 1) < 1e-4); /* T < SPAN_BEAM: all starts are there */
        }
        rig_free(r);
    }
}

static void test_top(void **state)
{
    (void)state;
    static const float z[] = {1, 5, 3, 5, -2, 3};
    int at[4];
    assert_int_equal(head_top(6, z, 1, 4, at), 4);
    assert_int_equal(at[0], 1);
    assert_int_equal(at[1], 3);
    assert_int_equal(at[2], 2);
    assert_int_equal(at[3], 5);
    assert_int_equal(head_top(2, z, 3, 4, at), 2);
    assert_int_equal(at[0], 1);
}

static void test_layerwise(void **state)
{
    (void)state;
    double s[5];
    layerwise_scale(s, 2, 0.5, LAYERWISE_CODE);
    assert_true(s[0] == 0.0625 && s[1] == 0.125 && s[2] == 0.25 && s[4] == 1);
    layerwise_scale(s, 2, 0.5, LAYERWISE_PAPER);
    assert_true(s[0] == 0.125 && s[1] == 0.25 && s[2] == 0.5 && s[4] == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients_of_classification),
        cmocka_unit_test(test_gradients_of_regression),
        cmocka_unit_test(test_gradients_of_spans),
        cmocka_unit_test(test_gradients_of_the_joint_head),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_steps_leave_nothing_behind),
        cmocka_unit_test(test_beams),
        cmocka_unit_test(test_top),
        cmocka_unit_test(test_layerwise),
    };
    math_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
