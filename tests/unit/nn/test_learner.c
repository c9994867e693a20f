/* What objective.h promises of a step: the same bits for any number of threads and any
 * micro_batch, no allocation, complete scores; and the samples' distribution under temperature
 * and disallow_correct. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/optim/adamw.h"
#include "tests/unit/nn/rig.h"

/* The linker sends the engine's allocations here. */
static atomic_int allocations;
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);

void *__wrap_malloc(size_t n)
{
    atomic_fetch_add(&allocations, 1);
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    atomic_fetch_add(&allocations, 1);
    return __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    atomic_fetch_add(&allocations, 1);
    return __real_aligned_alloc(align, n);
}

/* 7 rows of 240 tokens in 3 shards: slices of two rows and of one, shards of unequal size. */
static struct rig_shape long_shape(int objective)
{
    return (struct rig_shape){.objective = objective, .tie = TIE_EMBEDDINGS, .B = 7, .T = 240,
                              .threads = 1, .shards = 3, .dropout = 0.1, .cpu = "auto"};
}

static void same_step(const struct rig_shape *a, const struct rig_shape *b)
{
    struct rig *x = rig_new(a), *y = rig_new(b);
    struct losses lx, ly;
    static struct auc ax, ay;
    memset(&ax, 0, sizeof ax);
    memset(&ay, 0, sizeof ay);
    for (int step = 0; step < 2; step++) { /* the second on used memory */
        learner_step(x->learner, &x->batch, 0, &lx, &ax);
        learner_step(y->learner, &y->batch, 0, &ly, &ay);
    }
    assert_memory_equal(&lx, &ly, sizeof lx);
    assert_memory_equal(&ax, &ay, sizeof ax);
    assert_memory_equal(x->sampled, y->sampled, sizeof x->sampled);
    assert_memory_equal(learner_gradients(x->learner), learner_gradients(y->learner),
                        x->model.table.floats * sizeof(float));
    rig_free(x);
    rig_free(y);
}

/* Waves of one slice up to all of them, on every kernel set that this CPU has. */
static void test_threads_and_micro_batch_change_no_bit(void **state)
{
    (void)state;
    static const int objectives[] = {OBJ_ELECTRA, OBJ_BERT_MLM, OBJ_ALL_TOKENS_MLM, OBJ_ADVERSARIAL};
    static const char *const cpus[] = {"portable", "avx2"};
    for (int o = 0; o < 6; o++) {
        struct rig_shape one = long_shape(objectives[o < 4 ? o : 0]), other;
        one.cpu = o < 4 ? "auto" : cpus[o - 4];
        if (!math_select(one.cpu, NULL))
            continue;
        other = one;
        for (other.threads = 2; other.threads <= 4; other.threads++)
            same_step(&one, &other);
        other.threads = 2;
        for (other.micro_batch = 1; other.micro_batch <= 7; other.micro_batch += 3)
            same_step(&one, &other);
    }
}

/* The buffers hold garbage before a step: what no product writes first must be zeroed. */
static void test_a_step_sets_gradients_whatever_was_there(void **state)
{
    (void)state;
    for (int objective = 0; objective <= OBJ_ADVERSARIAL; objective++) {
        for (int stage = 0; stage < objective_get(objective)->stages; stage++) {
            struct rig_shape shape = {.objective = objective, .tie = TIE_EMBEDDINGS, .B = 2,
                                      .T = 24, .threads = 1, .shards = 1, .cpu = "auto"};
            struct rig *x = rig_new(&shape);
            struct losses losses;
            const struct param_table *t = &x->model.table;
            size_t bytes = t->floats * sizeof(float);
            float *want = malloc(bytes), *grads = learner_gradients(x->learner);
            learner_step(x->learner, &x->batch, stage, &losses, NULL);
            memcpy(want, grads, bytes);
            for (size_t i = 0; i < t->floats; i++)
                grads[i] = NAN;
            learner_step(x->learner, &x->batch, stage, &losses, NULL);
            for (int i = 0; i < t->n; i++) {
                const struct param *p = &t->rows[i];
                if (memcmp(want + p->offset, grads + p->offset, p->size * sizeof *grads))
                    fail_msg("%s stage %d: %s holds what was there",
                             objective_get(objective)->name, stage, p->name);
            }
            free(want);
            rig_free(x);
        }
    }
}

/* What evaluates another batch on the same learner in the middle of a step. */
struct aside {
    struct rig *asked, *other;
    int calls;
};

static void evaluate_aside(void *ud)
{
    struct aside *a = ud;
    struct losses losses;
    struct batch b = a->other->batch;
    b.B = 1;
    learner_eval(a->asked->learner, &b, 0, &losses, NULL, NULL);
    a->calls++;
}

static void test_an_evaluation_within_a_step_changes_no_bit(void **state)
{
    (void)state;
    for (int objective = 0; objective <= OBJ_ADVERSARIAL; objective++)
        for (int threads = 1; threads < 3; threads++) {
            struct rig_shape shape = long_shape(objective);
            shape.threads = threads;
            struct rig *x = rig_new(&shape), *y = rig_new(&shape);
            struct aside aside = {.asked = x, .other = rig_new(&shape)};
            struct losses lx, ly;
            static struct auc ax, ay;
            memset(&ax, 0, sizeof ax);
            memset(&ay, 0, sizeof ay);
            learner_between(x->learner, evaluate_aside, &aside);
            for (int step = 0; step < 2; step++) {
                learner_step(x->learner, &x->batch, 0, &lx, &ax);
                learner_step(y->learner, &y->batch, 0, &ly, &ay);
            }
            assert_true(aside.calls >= 2);
            assert_memory_equal(&lx, &ly, sizeof lx);
            assert_memory_equal(&ax, &ay, sizeof ax);
            assert_memory_equal(learner_gradients(x->learner), learner_gradients(y->learner),
                                x->model.table.floats * sizeof(float));
            rig_free(aside.other);
            rig_free(x);
            rig_free(y);
        }
}

static void test_the_norm_has_one_order_of_addition(void **state)
{
    struct rig_shape shape = {.objective = OBJ_ELECTRA, .tie = TIE_ALL, .B = 2, .T = 24,
                              .threads = 3, .shards = 2, .cpu = "auto"};
    struct rig *x = rig_new(&shape);
    const struct param_table *t = &x->model.table;
    const float *grads = learner_gradients(x->learner);
    struct losses losses;
    double sum = 0;
    (void)state;
    learner_step(x->learner, &x->batch, 0, &losses, NULL);
    x->model.table.rows[3].frozen = 1;
    for (int i = 0; i < t->n; i++)
        for (size_t k = 0; t->rows[i].alias < 0 && !t->rows[i].frozen && k < t->rows[i].size; k++)
            sum += (double)grads[t->rows[i].offset + k] * grads[t->rows[i].offset + k];
    struct pool *one = pool_new(1, NULL);
    double norm = gradient_norm(x->math, x->pool, t, grads);
    assert_true(fabs(norm - sqrt(sum)) < 1e-12 * norm);
    assert_true(norm == gradient_norm(x->math, one, t, grads));
    pool_free(one);
    rig_free(x);
}

static void test_shards_are_part_of_the_result_to_rounding_only(void **state)
{
    (void)state;
    struct rig_shape a = long_shape(OBJ_ELECTRA), b = a;
    b.shards = 1;
    struct rig *x = rig_new(&a), *y = rig_new(&b);
    struct losses lx, ly;
    learner_step(x->learner, &x->batch, 0, &lx, NULL);
    learner_step(y->learner, &y->batch, 0, &ly, NULL);
    assert_true(fabs(lx.total - ly.total) <= 1e-9 * fabs(ly.total));
    const float *p = learner_gradients(x->learner), *q = learner_gradients(y->learner);
    double d = 0, n = 0;
    for (size_t i = 0; i < x->model.table.floats; i++) {
        d += ((double)p[i] - (double)q[i]) * ((double)p[i] - (double)q[i]);
        n += (double)q[i] * (double)q[i];
    }
    assert_true(sqrt(d) <= 1e-5 * sqrt(n)); /* sums of some 1e4 floats in another order */
    rig_free(x);
    rig_free(y);
}

/* One sequence, one shard: the threads share its rows and heads. */
static void test_threads_sharing_an_evaluation_change_no_bit(void **state)
{
    (void)state;
    static const char *const cpus[] = {"portable", "auto"};
    static struct token_row rows[2][RIG_MAX];
    static float logits[2][RIG_MAX];
    for (int i = 0; i < 16; i++) {
        struct rig_shape one = {.objective = i & 2 ? OBJ_ELECTRA : OBJ_ADVERSARIAL, .tie = TIE_EMBEDDINGS,
                                .B = i & 4 ? 2 : 1, .T = 301, .threads = 1, .shards = 2,
                                .cpu = cpus[i & 1], .eval = i & 8}, other = one;
        for (other.threads = 2; other.threads <= 5; other.threads += 3) {
            struct rig *r[2] = {rig_new(&one), rig_new(&other)};
            struct losses out[2];
            for (int k = 0; k < 2; k++) {
                learner_disc_logits(r[k]->learner, one.B, one.T, r[k]->ids, r[k]->mask, logits[k]);
                learner_eval(r[k]->learner, &r[k]->batch, 0, &out[k], NULL, rows[k]);
            }
            size_t tokens = (size_t)one.B * (size_t)one.T;
            assert_memory_equal(&out[0], &out[1], sizeof out[0]);
            assert_memory_equal(rows[0], rows[1], tokens * sizeof rows[0][0]);
            assert_memory_equal(logits[0], logits[1], tokens * sizeof logits[0][0]);
            rig_free(r[0]);
            rig_free(r[1]);
        }
    }
}

static void test_an_evaluation_sees_changed_values(void **state)
{
    (void)state;
    struct rig_shape shape = {.objective = OBJ_ELECTRA, .B = 1, .T = 24, .threads = 2, .shards = 1,
                              .cpu = "auto", .eval = 1};
    struct rig *r = rig_new(&shape);
    float before[24], after[24];
    learner_disc_logits(r->learner, 1, 24, r->ids, r->mask, before);
    const struct net *net = &r->model.disc;
    param_at(&r->model.table, learner_values(r->learner), net->layer[0].f1w)[0] += 1;
    learner_disc_logits(r->learner, 1, 24, r->ids, r->mask, after);
    assert_memory_not_equal(before, after, sizeof before);
    rig_free(r);
}

/* The last layer at some rows only, against all rows: with dropout, which goes by row. */
static void test_chosen_rows_give_what_all_rows_give(void **state)
{
    (void)state;
    struct rig_shape shape = {.objective = OBJ_BERT_MLM, .B = 2, .T = 30, .threads = 1, .shards = 1,
                              .dropout = 0.2, .cpu = "auto"};
    struct rig *x = rig_new(&shape);
    const struct net *net = &x->model.disc;
    const struct param_table *t = &x->model.table;
    size_t D = (size_t)net->shape.hidden, R = 60;
    static const int some[][4] = {{0, 7, 31, 59}, {1, 2, 3, 4}, {5, 58, 0, 0}, {0, 0, 0, 0}};
    static const int counts[] = {4, 4, 2, 0};
    for (int k = 0; k < 4; k++) {
        float *grads[2], *dh[2], *out[2];
        struct arena arena;
        struct math_ws ws;
        arena_init(&arena);
        assert_int_equal(math_ws_init(&ws, NULL), 0);
        for (int j = 0; j < 2; j++) {
            struct encoder_acts a;
            grads[j] = calloc(t->floats, sizeof(float));
            dh[j] = calloc(R * D, sizeof(float));
            assert_int_equal(encoder_acts_init(&a, net, 2, 30, 1, &arena), 0);
            a.n = 2;
            a.T = 30;
            a.ids = x->ids;
            a.chosen = j ? some[k] : NULL;
            a.count = counts[k];
            struct encoder_run r = {.math = x->math, .ws = &ws, .table = t, .net = net,
                                    .values = learner_values(x->learner), .grads = grads[j],
                                    .drop = {.seed = 5, .step = 3, .row0 = 9, .on = 1}};
            encoder_forward(&r, &a);
            out[j] = malloc(R * D * sizeof(float)); /* the backward pass overwrites it */
            memcpy(out[j], encoder_out(net, &a), R * D * sizeof(float));
            for (int i = 0; i < counts[k]; i++)
                for (size_t d = 0; d < D; d++)
                    dh[j][(size_t)some[k][i] * D + d] = sinf((float)(i + 3 * (int)d));
            encoder_backward(&r, &a, dh[j]);
        }
        for (int i = 0; i < counts[k]; i++)
            for (size_t d = 0, at = (size_t)some[k][i] * D; d < D; d++)
                assert_true(fabsf(out[0][at + d] - out[1][at + d]) < 1e-5f);
        double off = 0, sum = 0;
        for (size_t i = 0; i < t->floats; i++) {
            off += ((double)grads[0][i] - grads[1][i]) * ((double)grads[0][i] - grads[1][i]);
            sum += (double)grads[0][i] * grads[0][i];
        }
        assert_true(sqrt(off) <= 1e-6 * sqrt(sum));
        assert_true(counts[k] ? sum > 0 : !(sum > 0));
        for (int j = 0; j < 2; j++) {
            free(grads[j]);
            free(dh[j]);
            free(out[j]);
        }
        math_ws_free(&ws);
        arena_free(&arena);
    }
    rig_free(x);
}

static void test_a_step_allocates_nothing(void **state)
{
    (void)state;
    for (int o = OBJ_ELECTRA; o <= OBJ_ADVERSARIAL; o++) {
        struct rig_shape shape = long_shape(o);
        shape.threads = 2;
        if (o == OBJ_TWO_STAGE)
            shape.tie = TIE_NONE;
        struct rig *r = rig_new(&shape);
        static struct token_row rows[RIG_MAX];
        struct losses out;
        int before = atomic_load(&allocations);
        assert_true(before > 0); /* the count works */
        learner_step(r->learner, &r->batch, 0, &out, NULL);
        learner_eval(r->learner, &r->batch, 0, &out, NULL, rows);
        assert_int_equal(atomic_load(&allocations), before);
        assert_true(out.finite);
        rig_free(r);
    }
}

static void test_scores_are_complete(void **state)
{
    (void)state;
    struct rig_shape shape = long_shape(OBJ_ELECTRA);
    struct rig *r = rig_new(&shape);
    static struct token_row rows[RIG_MAX];
    struct losses out;
    learner_eval(r->learner, &r->batch, 0, &out, NULL, rows);
    int chosen = 0;
    double gen = 0;
    for (int i = 0; i < shape.B * shape.T; i++) {
        const struct token_row *t = &rows[i];
        if (!r->mask[i])
            continue;
        assert_true(t->disc_prob > 0 && t->disc_prob < 1 && t->disc_loss > 0);
        assert_int_equal(t->sampled, r->disc_ids[i]);
        assert_int_equal(t->label, t->sampled != t->original);
        if (!t->chosen) {
            assert_true(isnan(t->gen_prob) && !t->label && t->gen_rank == 0 && t->top_id[0] == -1);
            continue;
        }
        chosen++;
        gen += (double)t->gen_loss;
        assert_true(t->gen_prob > 0 && t->gen_entropy > 0 && t->gen_rank >= 1);
        assert_int_equal(t->same, t->sampled == t->original);
        for (int k = 1; k < EVENT_TOPK; k++)
            assert_true(t->top_id[k] >= 0 && t->top_prob[k] <= t->top_prob[k - 1]);
        if (t->gen_rank <= EVENT_TOPK) /* no ties among these random weights */
            assert_int_equal(t->top_id[t->gen_rank - 1], t->sampled);
    }
    assert_true(chosen > 330);
    assert_true(fabs(gen / chosen - out.gen) < 1e-5 * out.gen);
    rig_free(r);
}

static void test_cold_samples_are_the_best_and_never_the_original_if_so_asked(void **state)
{
    (void)state;
    struct rig_shape shape = long_shape(OBJ_ELECTRA);
    struct rig *r = rig_new(&shape);
    static struct token_row rows[RIG_MAX];
    struct losses out;
    r->config.temperature = 0.01;
    r->config.disallow_correct = 1;
    learner_eval(r->learner, &r->batch, 0, &out, NULL, rows);
    int best = 0, chosen = 0;
    for (int i = 0; i < shape.B * shape.T; i++) {
        if (!r->mask[i] || !rows[i].chosen)
            continue;
        chosen++;
        assert_false(rows[i].same);
        best += rows[i].gen_rank == 1 ||
                (rows[i].gen_rank == 2 && rows[i].top_id[0] == rows[i].original);
    }
    assert_true(best > chosen * 9 / 10); /* near ties may fall to the next */
    rig_free(r);
}

/* Half-way up the ramp, a step is the step of half the weight, gradients and all. */
static void test_the_weight_of_the_main_loss_can_rise(void **state)
{
    (void)state;
    static const int objectives[] = {OBJ_ELECTRA, OBJ_ELECTRA15, OBJ_REPLACE_MLM, OBJ_ALL_TOKENS_MLM,
                                     OBJ_ADVERSARIAL};
    struct config c;
    config_default(&c);
    c.disc_weight = 50;
    assert_true(objective_disc_weight(&c, 0) == 50);
    c.disc_weight_ramp_steps = 100;
    assert_true(objective_disc_weight(&c, 0) == 0.5 && objective_disc_weight(&c, 49) == 25);
    assert_true(objective_disc_weight(&c, 99) == 50 && objective_disc_weight(&c, 5000) == 50);
    c.objective = OBJ_TWO_STAGE; /* its second phase begins at 500 of 1,000 */
    assert_true(objective_disc_weight(&c, 499) == 0 && objective_disc_weight(&c, 549) == 25);
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++) {
        struct rig_shape shape = {.objective = objectives[i], .tie = TIE_EMBEDDINGS, .B = 3, .T = 16,
                                  .threads = 1, .shards = 1, .given_samples = 1, .cpu = "auto"};
        struct rig *x = rig_new(&shape), *y = rig_new(&shape);
        struct losses lx, ly;
        x->config.disc_weight_ramp_steps = 16; /* the batch is of step index 7 */
        y->config.disc_weight /= 2;
        learner_step(x->learner, &x->batch, 0, &lx, NULL);
        learner_step(y->learner, &y->batch, 0, &ly, NULL);
        assert_true(lx.total == ly.total);
        assert_memory_equal(learner_gradients(x->learner), learner_gradients(y->learner),
                            x->model.table.floats * sizeof(float));
        x->config.disc_weight_ramp_steps = 0;
        learner_step(x->learner, &x->batch, 0, &lx, NULL);
        assert_true(lx.total != ly.total);
        rig_free(x);
        rig_free(y);
    }
}

/* electra15 at random positions: as many tokens count, others than the chosen ones, the same ones
 * however the batch is cut; anew at each step. */
static void test_the_loss_can_be_at_other_positions(void **state)
{
    (void)state;
    struct losses chosen, other[2], later;
    for (int k = 0; k < 2; k++) {
        struct rig_shape shape = {.objective = OBJ_ELECTRA15, .tie = TIE_EMBEDDINGS, .B = 8, .T = 16,
                                  .threads = 1, .shards = 4, .micro_batch = k, .given_samples = 1, .cpu = "auto"};
        struct rig *x = rig_new(&shape);
        learner_step(x->learner, &x->batch, 0, &chosen, NULL);
        x->config.rtd_positions = RTD_RANDOM;
        learner_step(x->learner, &x->batch, 0, &other[k], NULL);
        assert_true(other[k].disc_n == chosen.disc_n && other[k].disc_n > 8);
        assert_true(other[k].disc != chosen.disc && other[k].gen == chosen.gen);
        x->batch.step++;
        learner_step(x->learner, &x->batch, 0, &later, NULL);
        assert_true(later.disc_n == chosen.disc_n && later.disc != other[k].disc);
        rig_free(x);
    }
    assert_memory_equal(&other[0], &other[1], sizeof other[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_and_micro_batch_change_no_bit),
        cmocka_unit_test(test_a_step_sets_gradients_whatever_was_there),
        cmocka_unit_test(test_an_evaluation_within_a_step_changes_no_bit),
        cmocka_unit_test(test_the_norm_has_one_order_of_addition),
        cmocka_unit_test(test_shards_are_part_of_the_result_to_rounding_only),
        cmocka_unit_test(test_threads_sharing_an_evaluation_change_no_bit),
        cmocka_unit_test(test_an_evaluation_sees_changed_values),
        cmocka_unit_test(test_chosen_rows_give_what_all_rows_give),
        cmocka_unit_test(test_a_step_allocates_nothing),
        cmocka_unit_test(test_the_weight_of_the_main_loss_can_rise),
        cmocka_unit_test(test_the_loss_can_be_at_other_positions),
        cmocka_unit_test(test_scores_are_complete),
        cmocka_unit_test(test_cold_samples_are_the_best_and_never_the_original_if_so_asked),
    };
    math_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
