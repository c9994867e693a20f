/* Every tensor's gradient, for every objective and tie, against central differences of the loss,
 * on the reference kernels, with dropout (whose draws are a function of the batch).
 *
 * Along a direction d with |d| = 1 the derivative is g.d; two directions a tensor: g/|g|, where the
 * signal is largest, and a random one. The loss carries rounding noise of about 1e-6 |L| (float
 * activations, L near 6): with a step h = 0.01/(1+|g|) that is some 3e-4 (1+|g|), and curvature adds
 * about h^2 |L'''|: hence a tolerance of 2 % of |g| plus 2e-3. A lost term is 10 % and more.
 * Adversarial training is left out: its reward and baseline are held fixed in the gradient, so
 * its loss has no such derivative; the fixtures prove it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/rng.h"
#include "tests/unit/nn/rig.h"

static double loss_at(struct rig *r, int stage, float *values, const float *start, const float *d,
                      size_t n, double h)
{
    struct losses out;
    for (size_t k = 0; k < n; k++)
        values[k] = start[k] + (float)(h * (double)d[k]);
    learner_step(r->learner, &r->batch, stage, &out, NULL);
    return out.total;
}

static void check_direction(struct rig *r, int stage, const struct param *p, const float *g,
                            const float *d, double norm, const char *what)
{
    float *values = learner_values(r->learner) + p->offset;
    float *start = malloc(p->size * sizeof *start);
    double h = 0.01 / (1 + norm), want = 0, tolerance = 0.02 * norm + 2e-3;
    assert_non_null(start);
    memcpy(start, values, p->size * sizeof *start);
    for (size_t k = 0; k < p->size; k++)
        want += (double)g[k] * (double)d[k];
    double up = loss_at(r, stage, values, start, d, p->size, h);
    double down = loss_at(r, stage, values, start, d, p->size, -h);
    memcpy(values, start, p->size * sizeof *start);
    free(start);
    double got = (up - down) / (2 * h);
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s, %s: gradient says %.6g, differences say %.6g (|g| %.3g, tolerance %.3g)", p->name,
                 what, want, got, norm, tolerance);
}

static void check(int objective, int tie, int stage)
{
    struct rig_shape shape = {.objective = objective, .tie = tie, .B = 3, .T = 8, .threads = 1,
                              .shards = 2, .given_samples = 1, .dropout = 0.2, .cpu = "ref"};
    struct rig *r = rig_new(&shape);
    struct losses out;
    learner_step(r->learner, &r->batch, stage, &out, NULL);
    size_t floats = r->model.table.floats;
    float *g = malloc(floats * sizeof *g), *d = malloc(floats * sizeof *d);
    assert_true(g && d);
    memcpy(g, learner_gradients(r->learner), floats * sizeof *g);
    int live = 0;
    for (int i = 0; i < r->model.table.n; i++) {
        const struct param *p = &r->model.table.rows[i];
        if (p->alias >= 0)
            continue;
        double norm = sqrt(math_ref.sumsq(p->size, g + p->offset)), length = 0;
        live += norm > 1e-3;
        for (size_t k = 0; k < p->size && norm > 0; k++)
            d[k] = (float)((double)g[p->offset + k] / norm);
        if (norm > 0)
            check_direction(r, stage, p, g + p->offset, d, norm, "along the gradient");
        for (size_t k = 0; k < p->size; k++) {
            d[k] = rng_uniform(1, RNG_TEST, 1, (uint32_t)i, (uint32_t)k) - 0.5f;
            length += (double)d[k] * (double)d[k];
        }
        for (size_t k = 0; k < p->size; k++)
            d[k] = (float)((double)d[k] / sqrt(length));
        check_direction(r, stage, p, g + p->offset, d, norm, "a random direction");
    }
    assert_true(live > 20); /* the test would prove nothing on zeros */
    free(g);
    free(d);
    rig_free(r);
}

static void test_electra_without_ties(void **state)
{
    (void)state;
    check(OBJ_ELECTRA, TIE_NONE, 0);
}

static void test_electra_with_tied_embeddings(void **state)
{
    (void)state;
    check(OBJ_ELECTRA, TIE_EMBEDDINGS, 0);
}

static void test_electra_with_everything_tied(void **state)
{
    (void)state;
    check(OBJ_ELECTRA, TIE_ALL, 0);
}

static void test_electra15_with_tied_tables(void **state)
{
    (void)state;
    check(OBJ_ELECTRA15, TIE_WORD_POS, 0);
}

static void test_masked_language_models(void **state)
{
    (void)state;
    check(OBJ_BERT_MLM, TIE_NONE, 0);
    check(OBJ_REPLACE_MLM, TIE_EMBEDDINGS, 0);
    check(OBJ_ALL_TOKENS_MLM, TIE_EMBEDDINGS, 0);
}

static void test_both_stages_of_two_stage(void **state)
{
    (void)state;
    check(OBJ_TWO_STAGE, TIE_NONE, 0);
    check(OBJ_TWO_STAGE, TIE_NONE, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_electra_without_ties),
        cmocka_unit_test(test_electra_with_tied_embeddings),
        cmocka_unit_test(test_electra_with_everything_tied),
        cmocka_unit_test(test_electra15_with_tied_tables),
        cmocka_unit_test(test_masked_language_models),
        cmocka_unit_test(test_both_stages_of_two_stage),
    };
    math_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
