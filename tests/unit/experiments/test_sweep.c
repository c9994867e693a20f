/* Experiment files: what they expand to, what is refused, what is skipped, and that the files
 * of the paper's ablations hold what they say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "experiments/host.h"
#include "experiments/sweep.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/experiments/host_rig.h"

static struct rig rig;
static char path[300];
static struct sweep s;
static struct err err;
static const char *overrides[4];

static int setup(void **state)
{
    (void)state;
    if (rig_open(&rig, "test_sweep"))
        return -1;
    rig_put(path, sizeof path, "%s/try.ini", rig.dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static int load_as(const char *text, const char *scale, int seeds)
{
    static char corpus[400];
    struct sweep_options o = {scale, seeds, overrides};
    rig_put(corpus, sizeof corpus, "corpus=%s", rig.text);
    overrides[0] = corpus;
    memset(&err, 0, sizeof err);
    assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), 0);
    return sweep_load(&s, &rig.w, path, &o, &err);
}

static int load(const char *text)
{
    return load_as(text, NULL, 0);
}

static const struct config *at(int i)
{
    return &s.runs[i].config;
}

static void a_grid_is_every_pair(void **state)
{
    static const double masks[] = {.15, .3, .5};
    (void)state;
    if (load("[run]\npreset = tiny\nsteps = 7\n[sweep]\ntie = none, embeddings\n"
             "mask_prob = .15, .3, .5\n[seeds]\nseeds = 4, 9\n"))
        fail_msg("%s", err.text);
    assert_int_equal(s.n, 12);
    assert_int_equal(s.rows, 6);
    assert_int_equal(s.seeds, 2);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(at(i)->seed, i < 6 ? 4 : 9);
        assert_int_equal(s.runs[i].row, i % 6);
        assert_int_equal(at(i)->tie, i % 6 < 3 ? TIE_NONE : TIE_EMBEDDINGS);
        assert_true(at(i)->mask_prob == masks[i % 3]);
        assert_int_equal(at(i)->steps, 7);
        assert_int_equal(at(i)->layers, 2);
    }
    assert_string_equal(s.runs[4].label, "tie=embeddings mask_prob=.3");
    assert_string_equal(at(4)->name, "try tie=embeddings mask_prob=.3 s4");
    assert_string_equal(at(4)->tags, "sweep:try,scale:laptop");
    sweep_free(&s);
}

static void rows_lists_and_conditions_combine(void **state)
{
    (void)state;
    const char *text =
        "[run]\npreset = tiny\n[sweep]\nmode = list\nrow.a = objective=electra\n"
        "row.b = objective=bert_mlm learning_rate=1e-3\nhidden_size = 64, 128\nheads = 1, 2\n"
        "[when]\nx = objective=bert_mlm hidden_size=64 then skip\n"
        "y = hidden_size!=64 then dropout=0\n";
    if (load(text))
        fail_msg("%s", err.text);
    assert_int_equal(s.n, 3);
    assert_int_equal(at(0)->heads, 1);
    assert_int_equal(at(1)->heads, 2);
    assert_int_equal(at(2)->objective, OBJ_BERT_MLM);
    assert_int_equal(at(2)->hidden_size, 128);
    assert_true(at(2)->learning_rate == 1e-3);
    assert_true(at(0)->dropout == .1 && at(1)->dropout == 0);
    assert_string_equal(s.runs[2].label, "b hidden_size=128 heads=2");
    sweep_free(&s);
}

static void random_draws_are_in_range_and_repeat(void **state)
{
    (void)state;
    const char *text = "[run]\npreset = tiny\n[sweep]\nmode = random\ndraws = 40\ndraw_seed = 3\n"
                       "learning_rate = log 1e-4 .. 1e-2\nbatch = 4 .. 32\ntie = none, embeddings\n";
    double rate[40];
    int low = 0, ties = 0;
    assert_int_equal(load(text), 0);
    assert_int_equal(s.n, 40);
    for (int i = 0; i < 40; i++) {
        rate[i] = at(i)->learning_rate;
        assert_true(rate[i] >= 1e-4 && rate[i] <= 1e-2);
        assert_true(at(i)->batch >= 4 && at(i)->batch <= 32);
        low += rate[i] < 1e-3; /* half of a logarithmic range */
        ties += at(i)->tie == TIE_NONE;
    }
    assert_true(low > 10 && low < 30 && ties > 10 && ties < 30);
    sweep_free(&s);
    assert_int_equal(load(text), 0);
    for (int i = 0; i < 40; i++)
        assert_true(at(i)->learning_rate == rate[i]);
    sweep_free(&s);
}

static void scales_and_overrides_lie_on_top(void **state)
{
    (void)state;
    const char *text = "[run]\npreset = small\nbatch = 16\nsteps = 100\n[sweep]\nseed_free = 1\n";
    assert_int_equal(load(text), E_INPUT);
    assert_non_null(strstr(err.text, "seed_free"));
    text = "[run]\npreset = small\nsteps = 100\n[sweep]\nhidden_size = 128, 256\n[seeds]\ncount = 3\n"
           "[scale.ci]\npreset = tiny\nsteps = 5\nseeds = 1\nsweep.hidden_size = 64\n"
           "[scale.laptop]\nbatch = 8\n";
    assert_int_equal(load_as(text, "ci", 0), 0);
    assert_int_equal(s.n, 1);
    assert_int_equal(at(0)->hidden_size, 64);
    assert_int_equal(at(0)->layers, 2);
    assert_int_equal(at(0)->steps, 5);
    sweep_free(&s);
    overrides[1] = "steps=9";
    assert_int_equal(load_as(text, "laptop", 2), 0);
    overrides[1] = NULL;
    assert_int_equal(s.n, 4);
    assert_int_equal(at(3)->seed, 2);
    assert_int_equal(at(3)->batch, 8);
    assert_int_equal(at(3)->steps, 9);
    assert_int_equal(at(3)->layers, 12);
    sweep_free(&s);
    assert_int_equal(load_as(text, "huge", 0), E_USAGE);
}

static void budgets_become_steps(void **state)
{
    (void)state;
    const char *text = "[run]\npreset = tiny\nbatch = 8\nseq = 32\ntokens = 25.6k\nvocab_size = 200\n"
                       "[sweep]\nshare = 1, 0.5\n";
    assert_int_equal(load(text), 0);
    assert_int_equal(at(0)->steps, 100);
    assert_int_equal(at(1)->steps, 50);
    sweep_free(&s);
    /* Equal FLOPs: the wider generator has fewer steps, the product is the budget. */
    text = "[run]\npreset = tiny\nvocab_size = 200\nflops_paper = 1e13\n[sweep]\n"
           "generator_size = 1/4, 1\n";
    assert_int_equal(load(text), 0);
    assert_true(at(0)->steps > at(1)->steps);
    for (int i = 0; i < 2; i++)
        assert_true(fabs(sweep_flops(at(i), 200, 1) / 1e13 - 1) < .01);
    sweep_free(&s);
    text = "[run]\npreset = demo\nvocab_size = 200\nflops = 1e12\n[sweep]\nobjective = electra, two_stage\n"
           "[when]\na = objective=two_stage then generator_size=1 generator_heads=0\n";
    assert_int_equal(load(text), 0);
    for (int i = 0; i < 2; i++)
        assert_true(fabs(sweep_flops(at(i), 200, 0) / 1e12 - 1) < .02);
    sweep_free(&s);
}

/* A budget in minutes is one of FLOPs at a speed that is measured once and kept. */
static void minutes_become_steps(void **state)
{
    (void)state;
    const char *text = "[run]\npreset = demo\nvocab_size = 200\n[sweep]\nhidden_size = 32, 64\nffn_size = 64\n"
                       "heads = 2\nminutes = 0.02, 0.04\n";
    char file[1100], *kept = NULL;
    size_t n;
    long steps[4];
    assert_int_equal(load(text), 0);
    rig_put(file, sizeof file, "%s/speeds.txt", rig.w.dir);
    assert_int_equal(file_read(file, 4096, &kept, &n, &err), 0);
    const char *rate = strstr(kept, " avx") ? strstr(kept, " avx") : strstr(kept, " portable");
    double first = strtod(strchr(rate + 1, ' '), NULL);
    assert_true(fabs(sweep_flops(at(0), 200, 0) / (first * 1.2) - 1) < .02);
    assert_true(fabs(sweep_flops(at(1), 200, 0) / (first * 2.4) - 1) < .02);
    for (int i = 0; i < 4; i++)
        steps[i] = at(i)->steps;
    sweep_free(&s);
    free(kept);
    assert_int_equal(load(text), 0); /* nothing is measured again */
    assert_int_equal(file_read(file, 4096, &kept, &n, &err), 0);
    int lines = 0;
    for (const char *c = kept; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 2);
    for (int i = 0; i < 4; i++)
        assert_int_equal(at(i)->steps, steps[i]);
    sweep_free(&s);
    free(kept);
}

static void refused(const char *text, const char *why)
{
    if (!load(text)) {
        sweep_free(&s);
        fail_msg("'%s' was taken", text);
    }
    if (!strstr(err.text, why))
        fail_msg("'%s' was refused by: %s", text, err.text);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    refused("[run]\nlearning_rat = 1\n", "[run] learning_rat");
    refused("[run]\nsteps = many\n", "steps");
    refused("[runs]\nsteps = 1\n", "[runs]");
    refused("[run]\nsteps = 1\nsteps = 2\n", "twice");
    refused("steps\n", "line 1");
    refused("[sweep]\ntie =\n", "no value");
    refused("[sweep]\ntie = none, some\n", "[sweep] tie");
    refused("[sweep]\nmode = circle\n", "mode");
    refused("[sweep]\nmode = random\ntie = none\n", "draws");
    refused("[sweep]\nmode = random\ndraws = 2\nlearning_rate = 2 .. 1\n", "range");
    refused("[sweep]\nmode = list\ntie = none\nmask_prob = .1, .2\n", "same number");
    refused("[seeds]\nseeds = 1, x\n", "seeds");
    refused("[seeds]\ncount = 0\n", "count");
    refused("[when]\na = tie=none\n", "then");
    refused("[when]\na = ty=none then skip\n", "[when] a");
    refused("[when]\na = tie=embeddings then skip\n", "no run");
    refused("[run]\ntokens = lots\n", "tokens");
    refused("[run]\nheads = 3\n", "heads");
    refused("[sweep]\nrow.x = what\n", "FIELD=VALUE");
    refused("[sweep]\nx\033[2J = 1\n", "<1B>");
    refused("[sweep]\nlearning_rate = 1,1,1,1,1,1,1,1,1,1\nbeta1 = 0,0,0,0,0,0,0,0,0,0\n"
            "beta2 = 0,0,0,0,0,0,0,0,0,0\ndropout = 0,0,0,0,0,0,0,0,0,0\nepsilon = 1,1\n", "10000");
    assert_true(sweep_load(&s, &rig.w, "/no/such/file.ini", NULL, &err) < 0);
    assert_non_null(strstr(err.text, "/no/such/file.ini"));
}

static void what_is_done_is_not_done_again(void **state)
{
    (void)state;
    const char *text = "[run]\npreset = custom\nlayers = 1\nhidden_size = 16\nffn_size = 16\nheads = 2\n"
                       "embedding_size = 16\ngenerator_size = 0.5\nseq = 8\nbatch = 8\nsteps = 6\n"
                       "vocab_size = 120\neval_sequences = 64\ncheckpoint_every = 100\n"
                       "[sweep]\ntie = none, embeddings\n";
    struct sweep_plan p;
    struct host_options o = {.max_runs = 2};
    assert_int_equal(load(text), 0);
    assert_int_equal(sweep_plan(&rig.w, &s, 0, 1, &p, &err), 0);
    assert_int_equal(p.todo, 2);
    assert_true(p.tokens == 2 * 6 * 64 && p.flops > 0 && p.flops_paper > 0 && p.seconds > 0);
    assert_non_null(strstr(p.source, "measured"));
    struct host *h = host_open(&rig.w, &o, &err);
    assert_non_null(h);
    struct sweep_sink sink = sweep_to_host(h);
    assert_int_equal(sweep_submit(&s, &p, &sink, &err), 0);
    assert_int_equal(host_serve(h, -1, &err), 0);
    host_close(h);
    sweep_plan_free(&p);
    assert_int_equal(sweep_plan(&rig.w, &s, 0, 0, &p, &err), 0);
    assert_int_equal(p.todo, 0);
    for (int i = 0; i < s.n; i++) {
        struct query_run *r = malloc(sizeof *r);
        assert_int_equal(p.items[i].status, SWEEP_DONE);
        assert_int_equal(rig_run(&rig, p.items[i].run, r), 0);
        assert_int_equal(r->step, 6);
        assert_int_equal(r->config.tie, at(i)->tie);
        free(r);
    }
    sweep_plan_free(&p);
    sweep_free(&s);
    /* Another file that wants one of these runs: it is left out there, and gets that sweep's tag too. */
    char other[900];
    snprintf(other, sizeof other, "%.*s\n", (int)(strstr(text, ", embeddings") - text), text);
    rig_put(path, sizeof path, "%s/other.ini", rig.dir);
    assert_int_equal(load(other), 0);
    rig_put(path, sizeof path, "%s/try.ini", rig.dir);
    assert_int_equal(s.n, 1);
    for (int k = 0; k < 2; k++) { /* twice: the second time there is nothing to add */
        assert_int_equal(sweep_plan(&rig.w, &s, 0, 0, &p, &err), 0);
        assert_int_equal(p.todo, 0);
        assert_int_equal(*p.items[0].tags != 0, k == 0);
        struct sweep_sink there = sweep_to_client(&rig.w);
        assert_int_equal(sweep_submit(&s, &p, &there, &err), 0);
        struct query_run *r = malloc(sizeof *r);
        assert_int_equal(rig_run(&rig, p.items[0].run, r), 0);
        assert_string_equal(r->tags, "sweep:try,scale:laptop,sweep:other");
        free(r);
        sweep_plan_free(&p);
    }
    sweep_free(&s);
    /* One seed more: only that is new. A changed field makes all new. */
    assert_int_equal(load_as(text, NULL, 2), 0);
    assert_int_equal(sweep_plan(&rig.w, &s, 0, 0, &p, &err), 0);
    assert_int_equal(p.todo, 2);
    assert_non_null(strstr(p.source, "as run"));
    sweep_plan_free(&p);
    sweep_free(&s);
    overrides[1] = "dropout=0.2";
    assert_int_equal(load(text), 0);
    overrides[1] = NULL;
    assert_int_equal(sweep_plan(&rig.w, &s, 0, 0, &p, &err), 0);
    assert_int_equal(p.todo, 2);
    sweep_plan_free(&p);
    sweep_free(&s);
}

/* The files of the paper's ablations, at every scale. */
static void the_papers_ablations_are_as_said(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int rows[3];
        double tokens; /* of a run at scale laptop, at most */
    } files[] = {
        {"weight-sharing", {3, 3, 3}, 2.5e6},     {"generator-size", {5, 5, 15}, 2.5e6},
        {"training-algorithm", {4, 4, 4}, 3.7e6},   {"efficiency-analysis", {5, 5, 5}, 2.5e6},
        {"small-models", {6, 6, 6}, 3.7e6},         {"mask-rate", {4, 4, 4}, 2.5e6},
        {"model-size-vs-gain", {6, 6, 8}, 2.5e6}, {"steps-vs-size", {8, 8, 8}, 2.5e6},
    };
    static const char *const scales[] = {"ci", "laptop", "paper"};
    const char *top = getenv("srcdir") ? getenv("srcdir") : "..";
    char corpus[400];
    rig_put(corpus, sizeof corpus, "corpus=%s", rig.text);
    const char *over[] = {corpus, NULL};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (int k = 0; k < 3; k++) {
            struct sweep_options o = {scales[k], 0, over};
            char file[600];
            rig_put(file, sizeof file, "%s/experiments/%s.ini", top, files[i].name);
            if (sweep_load(&s, &rig.w, file, &o, &err))
                fail_msg("%s", err.text);
            assert_int_equal(s.rows, files[i].rows[k]);
            assert_int_equal(s.seeds, k ? 3 : 1);
            for (int r = 0; r < s.n; r++) {
                double tokens = (double)(at(r)->steps * at(r)->batch * at(r)->seq);
                assert_true(k || tokens <= 6e4);
                assert_true(k != 1 || tokens <= files[i].tokens);
                assert_true(k != 2 || (at(r)->layers == 12 && at(r)->steps >= 50000));
                for (int q = 0; q < r; q++) /* no row twice */
                    assert_true(config_hash(at(q)) != config_hash(at(r)));
            }
            sweep_free(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_is_every_pair),
        cmocka_unit_test(rows_lists_and_conditions_combine),
        cmocka_unit_test(random_draws_are_in_range_and_repeat),
        cmocka_unit_test(scales_and_overrides_lie_on_top),
        cmocka_unit_test(budgets_become_steps),
        cmocka_unit_test(minutes_become_steps),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(what_is_done_is_not_done_again),
        cmocka_unit_test(the_papers_ablations_are_as_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
