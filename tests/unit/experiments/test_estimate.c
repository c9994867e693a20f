/* What runs will cost, which are there already, what there is to train on, and the probes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/store.h"
#include "experiments/estimate.h"
#include "experiments/prepare.h"
#include "experiments/probes.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/model.h"
#include "tests/unit/experiments/rig.h"

static struct rig rig;
static struct err err;

static int setup(void **state)
{
    (void)state;
    return rig_open(&rig, "test_estimate");
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

/* n runs by seed. */
static struct sweep runs_of(int n)
{
    struct sweep s = {.n = n, .rows = 1, .seeds = n};
    s.runs = calloc((size_t)n, sizeof *s.runs);
    assert_non_null(s.runs);
    for (int i = 0; i < n; i++) {
        rig_config(&rig, &s.runs[i].config, 40);
        s.runs[i].config.seed = i + 1;
        assert_int_equal(config_resolve(&s.runs[i].config, &err), 0);
    }
    return s;
}

static void test_parameters_are_those_of_the_model(void **state)
{
    (void)state;
    struct sweep s = runs_of(1);
    struct estimate e;
    struct config *c = &s.runs[0].config;
    struct model m;
    for (c->tie = TIE_NONE; c->tie <= TIE_EMBEDDINGS; c->tie++) {
        assert_int_equal(estimate_runs(&rig.w, &s, NULL, &e, &err), 0);
        assert_int_equal(model_build(&m, c, e.vocab, &err), 0);
        assert_true(e.params == param_count(&m.table));
        assert_true(e.gen_params + e.disc_params - e.shared_params == e.params);
        assert_true((e.shared_params > 0) == (c->tie != TIE_NONE));
        assert_true(e.memory > 4 * e.params * sizeof(float) && e.checkpoint == 12 * e.params);
        model_free(&m);
        estimate_free(&e);
    }
    c->objective = OBJ_BERT_MLM;
    assert_int_equal(estimate_runs(&rig.w, &s, NULL, &e, &err), 0);
    assert_true(e.gen_params == 0 && e.disc_params == e.params);
    estimate_free(&e);
    sweep_free(&s);
}

/* A run with a rate of 1e6 FLOP a token and 5,000 tokens a second. */
static void add_done(struct config *c)
{
    int64_t id;
    struct store *st = store_open(rig.w.db, &err);
    assert_non_null(st);
    assert_int_equal(store_add_run(st, c, config_hash(c), "0.1.0", &id, &err), 0);
    struct recorder *r = recorder_start(st, NULL, NULL, &err);
    assert_non_null(r);
    struct event e = {.kind = EVENT_METRICS, .run = id, .step = 40, .tokens = 1000, .nmetrics = 2};
    e.metrics[0].id = METRIC_flops, e.metrics[0].value = 1e9;
    e.metrics[1].id = METRIC_tokens_per_s, e.metrics[1].value = 5000;
    recorder_sink(r).emit(recorder_sink(r).ud, &e);
    struct event d = {.kind = EVENT_STATE, .run = id, .step = 40, .state = RUN_DONE};
    recorder_sink(r).emit(recorder_sink(r).ud, &d);
    assert_int_equal(recorder_flush(r, &err), 0);
    recorder_stop(r);
    store_close(st);
}

static void test_time_says_where_it_comes_from(void **state)
{
    (void)state;
    struct sweep s = runs_of(2), other = runs_of(1);
    struct estimate e;
    assert_int_equal(estimate_runs(&rig.w, &s, NULL, &e, &err), 0);
    assert_int_equal(e.from, ESTIMATE_GUESS);
    assert_int_equal(e.plan.todo, 2);
    struct measured_speed m = {speed_shape(&s.runs[0].config, e.vocab), 2e9};
    double flops = e.plan.flops;
    estimate_free(&e);
    assert_int_equal(estimate_runs(&rig.w, &s, &m, &e, &err), 0);
    assert_int_equal(e.from, ESTIMATE_MEASURED);
    assert_true(fabs(e.seconds - flops / 2e9) < 1e-9 * e.seconds);
    estimate_free(&e);

    add_done(&s.runs[0].config); /* 5e9 FLOP/s; the first of the two is done */
    assert_int_equal(estimate_runs(&rig.w, &s, &m, &e, &err), 0);
    assert_int_equal(e.from, ESTIMATE_RUN);
    assert_int_equal(e.plan.items[0].status, SWEEP_DONE);
    assert_true(e.plan.items[0].run > 0 && e.plan.todo == 1);
    assert_true(fabs(e.seconds - flops / 2 / 5e9) < 1e-9 * e.seconds);
    estimate_free(&e);

    other.runs[0].config.layers = 3;
    other.runs[0].config.generator_layers = 3;
    assert_int_equal(estimate_runs(&rig.w, &other, &m, &e, &err), 0);
    assert_int_equal(e.from, ESTIMATE_OTHER_RUN);
    assert_true(fabs(e.seconds - e.plan.flops / 5e9) < 1e-9 * e.seconds);
    estimate_free(&e);
    sweep_free(&s);
    sweep_free(&other);
}

static void test_packed_corpora_are_listed(void **state)
{
    (void)state;
    struct packed_corpus *list;
    struct prepared p;
    struct config c;
    char bad[400];
    rig_config(&rig, &c, 40);
    assert_int_equal(prepare_corpus(&rig.w, &c, NULL, &p, &err), 0);
    rig_put(bad, sizeof bad, "%s/broken", rig.w.corpora);
    assert_int_equal(file_mkdirs(bad, &err), 0);
    static const char lies[] = "{\"train_tokens\": -5, \"documents\": 1, \"vocab_size\": 100}";
    strcat(bad, "/manifest.json");
    assert_int_equal(file_write_new(bad, lies, sizeof lies - 1, &err), 0);
    int n = estimate_corpora(&rig.w, &list, &err);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].name, strrchr(p.dir, '/') + 1);
    assert_int_equal(list[0].vocab, p.vocab_size);
    assert_true(list[0].tokens == (int64_t)p.stats.train_tokens);
    free(list);
}

static void test_probes_keep_their_lines(void **state)
{
    (void)state;
    char **list;
    assert_int_equal(probes_read(&rig.w, &list, &err), 0);
    probes_free(list);
    assert_int_equal(probes_add(&rig.w, "one sentence", &err), 1);
    assert_int_equal(probes_add(&rig.w, "나는 배운다", &err), 1);
    assert_int_equal(probes_add(&rig.w, "one sentence", &err), 0);
    assert_int_equal(probes_add(&rig.w, "two\nlines", &err), E_USAGE);
    assert_int_equal(probes_add(&rig.w, "  ", &err), E_USAGE);
    assert_int_equal(probes_read(&rig.w, &list, &err), 2);
    assert_string_equal(list[0], "one sentence");
    assert_string_equal(list[1], "나는 배운다");
    assert_null(list[2]);
    probes_free(list);
    for (int i = 0; i < 62; i++) {
        char text[40];
        rig_put(text, sizeof text, "sentence %d", i);
        assert_int_equal(probes_add(&rig.w, text, &err), 1);
    }
    assert_int_equal(probes_add(&rig.w, "one more", &err), E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_are_those_of_the_model),
        cmocka_unit_test(test_time_says_where_it_comes_from),
        cmocka_unit_test(test_packed_corpora_are_listed),
        cmocka_unit_test(test_probes_keep_their_lines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
