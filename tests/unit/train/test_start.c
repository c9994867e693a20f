/* How runs begin (imported weights), what a step must not do (allocate), and being told to pause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/model/hf.h"
#include "src/model/model.h"
#include "src/model/safetensors.h"
#include "tests/unit/train/rig.h"

static atomic_int allocations, fail_at; /* the allocation that fails, 0: none */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);

static int fails(void)
{
    return atomic_fetch_add(&allocations, 1) + 1 == atomic_load(&fail_at);
}

void *__wrap_malloc(size_t n)
{
    if (fails())
        return NULL;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    if (fails())
        return NULL;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    if (fails())
        return NULL;
    return __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    if (fails())
        return NULL;
    return __real_aligned_alloc(align, n);
}

static struct rig one, two;

static void run(struct rig *r, const char *resume)
{
    struct err err = {0, ""};
    if (rig_run(r, resume, &err))
        fail_msg("%s", err.text);
}

struct counted {
    int at[32];
};

static void count(void *ud, const struct event *e)
{
    struct counted *c = ud;
    if (e->kind == EVENT_METRICS && e->metrics[0].id < METRIC_VAL)
        c->at[e->step] = atomic_load(&allocations);
}

/* Between the rows of two steps with nothing due after the first: no allocation by any thread. */
static void a_step_allocates_nothing(void **state)
{
    (void)state;
    for (int o = OBJ_ELECTRA; o <= OBJ_ADVERSARIAL; o++) {
        struct counted c = {{0}};
        rig_new(&one, o);
        one.each = count;
        one.ud = &c;
        run(&one, NULL);
        for (int s = 1; s < 20; s++) {
            int due = s == 1 || s % 5 == 0 || s % 6 == 0 || s % 8 == 0;
            if (!due && c.at[s + 1] != c.at[s])
                fail_msg("objective %d: %d allocations in step %d", o, c.at[s + 1] - c.at[s], s + 1);
        }
        assert_true(c.at[9] > c.at[8]); /* a checkpoint does: the counter counts */
    }
}

static void refused(const char *text)
{
    struct err err = {0, ""};
    assert_true(rig_run(&two, NULL, &err) < 0);
    if (!strstr(err.text, text))
        fail_msg("'%s' does not say '%s'", err.text, text);
}

static void import_into(struct rig *r, const char *gen, const char *disc)
{
    char path[256];
    rig_new(r, OBJ_ELECTRA);
    rig_set(r, "learning_rate", "0"); /* weights stay what was imported */
    if (gen) {
        snprintf(path, sizeof path, "%s/%s", rig_path(&one, 20), gen);
        rig_set(r, "init_generator", path);
    }
    if (disc) {
        snprintf(path, sizeof path, "%s/%s", rig_path(&one, 20), disc);
        rig_set(r, "init_discriminator", path);
    }
}

static int equal(const char *a, const char *b, const char *file)
{
    struct safetensors x, y;
    char pa[512], pb[512];
    int same = 1;
    snprintf(pa, sizeof pa, "%s/%s", a, file);
    snprintf(pb, sizeof pb, "%s/%s", b, file);
    assert_int_equal(st_open(&x, pa, NULL), 0);
    assert_int_equal(st_open(&y, pb, NULL), 0);
    for (int i = 0; i < x.n; i++)
        same &= !memcmp(x.tensors[i].data, st_find(&y, x.tensors[i].name)->data, x.tensors[i].bytes);
    st_close(&x);
    st_close(&y);
    return same;
}

static void imported_weights_are_the_start(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL);
    import_into(&two, "generator", "discriminator");
    run(&two, NULL);
    assert_true(equal(rig_path(&one, 20), rig_path(&two, 20), "generator/model.safetensors"));
    assert_true(equal(rig_path(&one, 20), rig_path(&two, 20), "discriminator/model.safetensors"));
    import_into(&two, NULL, "discriminator");
    run(&two, NULL);
    assert_true(equal(rig_path(&one, 20), rig_path(&two, 20), "discriminator/model.safetensors"));
    assert_false(equal(rig_path(&one, 20), rig_path(&two, 20), "generator/model.safetensors"));
}

static void imports_that_do_not_fit_are_named(void **state)
{
    (void)state;
    import_into(&two, "discriminator", NULL);
    refused("a generator (ElectraForMaskedLM) is needed");
    import_into(&two, NULL, "generator");
    refused("a discriminator (ElectraForPreTraining) is needed");
    import_into(&two, NULL, "discriminator");
    rig_set(&two, "ffn_size", "48");
    refused("intermediate_size 32, the run's network has 48");
    import_into(&two, "nothing", NULL);
    refused("nothing");
    /* shared tensors of two different runs cannot both be the start */
    static struct rig other;
    char path[256];
    rig_new(&other, OBJ_ELECTRA);
    rig_set(&other, "seed", "2");
    run(&other, NULL);
    import_into(&two, "generator", NULL);
    snprintf(path, sizeof path, "%s/discriminator", rig_path(&other, 20));
    rig_set(&two, "init_discriminator", path);
    refused("set tie none");
}

static void two_stage_begins_the_discriminator_as_a_copy(void **state)
{
    (void)state;
    struct safetensors g, d;
    char path[512];
    rig_new(&one, OBJ_TWO_STAGE);
    rig_set(&one, "steps", "2");
    rig_set(&one, "warmup_steps", "2");
    run(&one, NULL); /* the only step of the second phase has learning rate 0 */
    snprintf(path, sizeof path, "%s/generator/model.safetensors", rig_path(&one, 2));
    assert_int_equal(st_open(&g, path, NULL), 0);
    snprintf(path, sizeof path, "%s/discriminator/model.safetensors", rig_path(&one, 2));
    assert_int_equal(st_open(&d, path, NULL), 0);
    int shared = 0;
    for (int i = 0; i < d.n; i++) {
        const struct st_tensor *t = st_find(&g, d.tensors[i].name);
        shared += t != NULL;
        if (t)
            assert_memory_equal(t->data, d.tensors[i].data, t->bytes);
    }
    assert_true(shared > 30);
    st_close(&g);
    st_close(&d);
}

static double val_loss(const struct rig *r, int64_t step)
{
    for (int i = 0; i < r->nrows; i++)
        if (r->row[i].step == step && r->row[i].id == METRIC_VAL + METRIC_disc_loss)
            return r->row[i].value;
    fail_msg("no validation at step %lld", (long long)step);
    return 0;
}

static void another_corpus_may_validate(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL);
    rig_new(&two, OBJ_ELECTRA);
    two.validation = rig_pack("other", 60, 0);
    run(&two, NULL);
    assert_true(val_loss(&one, 1) != val_loss(&two, 1));
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
    rig_new(&two, OBJ_ELECTRA);
    two.validation = rig_pack("wider", 60, 1);
    refused("another vocabulary");
}

/* Each allocation fails in turn: the run ends with a sentence, or goes on and says so. */
static void no_allocation_is_taken_for_granted(void **state)
{
    (void)state;
    int all = 0, ended = 0;
    for (int n = 0; n == 0 || n <= all; n += 1 + n / 20) {
        struct err err = {0, ""};
        rig_new(&two, OBJ_ELECTRA);
        rig_set(&two, "steps", "2");
        rig_set(&two, "threads", "1");
        atomic_store(&allocations, 0);
        atomic_store(&fail_at, n);
        int rc = rig_run(&two, NULL, &err);
        atomic_store(&fail_at, 0);
        if (n == 0)
            all = atomic_load(&allocations);
        if ((rc != 0) != (err.text[0] != 0) || (n == 0 && rc))
            fail_msg("allocation %d: code %d, '%s'", n, rc, err.text);
        ended += rc != 0;
    }
    assert_true(all > 100 && ended > 20);
}

static void *resumer(void *ud)
{
    struct rig *r = ud;
    while (atomic_load(&r->control.ask) != ASK_PAUSE)
        clock_sleep(0.002);
    clock_sleep(0.15);
    atomic_store(&r->control.ask, ASK_RUN);
    return NULL;
}

static void a_pause_changes_nothing(void **state)
{
    (void)state;
    pthread_t thread;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL);
    rig_new(&two, OBJ_ELECTRA);
    two.stop_at = 7;
    two.ask = ASK_PAUSE;
    pthread_create(&thread, NULL, resumer, &two);
    run(&two, NULL);
    pthread_join(thread, NULL);
    assert_int_equal(two.states[2], RUN_PAUSED);
    assert_int_equal(two.states[3], RUN_RUNNING);
    assert_int_equal(two.states[4], RUN_DONE);
    rig_same_rows(&one, &two);
}

/* Nobody else's generator has a reward baseline. */
static void adversarial_begins_with_any_generator(void **state)
{
    (void)state;
    struct err err = {0, ""};
    char path[200];
    rig_new(&one, OBJ_ELECTRA);
    assert_int_equal(rig_run(&one, NULL, &err), 0);
    snprintf(path, sizeof path, "%s/generator", rig_path(&one, 20));
    rig_new(&two, OBJ_ADVERSARIAL);
    rig_set(&two, "init_generator", path);
    if (rig_run(&two, NULL, &err))
        fail_msg("%s", err.text);
    /* but the baseline of a checkpoint must be there */
    struct model m;
    struct config c = two.config;
    assert_int_equal(config_resolve(&c, &err), 0);
    assert_int_equal(model_build(&m, &c, 65, &err), 0);
    float *values = calloc(m.table.floats, sizeof *values);
    assert_non_null(values);
    assert_true(hf_load_weights(path, &m, &m.gen, values, NULL, NULL, &err) < 0);
    assert_non_null(strstr(err.text, "baseline_head.weight is missing"));
    free(values);
    model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adversarial_begins_with_any_generator),
        cmocka_unit_test(a_step_allocates_nothing),
        cmocka_unit_test(imported_weights_are_the_start),
        cmocka_unit_test(imports_that_do_not_fit_are_named),
        cmocka_unit_test(two_stage_begins_the_discriminator_as_a_copy),
        cmocka_unit_test(another_corpus_may_validate),
        cmocka_unit_test(no_allocation_is_taken_for_granted),
        cmocka_unit_test(a_pause_changes_nothing),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
