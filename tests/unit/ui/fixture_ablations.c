/* A store with a grid of finished runs, scores and probes: see fixture.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"

static const struct {
    const char *tie, *gen;
    int seeds;
    double gain;
} cells[] = {
    {"none", "1/4", 3, -.021}, {"none", "1/2", 3, -.004}, {"embeddings", "1/4", 4, 0},
    {"embeddings", "1/2", 4, .0012}, {"embeddings", "1", 2, -.03},
};
#define CELLS ((int)(sizeof cells / sizeof cells[0]))

/* Small, different in every run, the same every time. */
static double noise(int cell, int seed, int what)
{
    return .004 * sin(12.9898 * (cell + 1) + 78.233 * seed + 4.1414 * what);
}

static void metric(struct event *e, int id, double value)
{
    e->metrics[e->nmetrics].id = id;
    e->metrics[e->nmetrics++].value = value;
}

static void emit(struct event_sink sink, struct event *e)
{
    sink.emit(sink.ud, e);
}

static void emit_run(struct event_sink sink, int64_t run, int cell, int seed, const struct config *c)
{
    for (int k = 1; k <= 20; k++) {
        double share = k / 20.;
        struct event e = {.kind = EVENT_METRICS, .run = run, .step = c->steps * k / 20, .wall = 60. * k};
        e.tokens = e.step * c->batch * c->seq;
        metric(&e, METRIC_total_loss, 14 - 3 * share - cell * .1);
        metric(&e, METRIC_flops_paper, 1e15 * share * (1 + .2 * (cell % 2)));
        metric(&e, METRIC_tokens_per_s, 9000 - 500 * cell);
        emit(sink, &e);
        e.nmetrics = 0;
        metric(&e, METRIC_VAL + METRIC_rtd_auc_common,
               .5 + (.42 + cells[cell].gain + .02 * sin(2. * seed)) * share + noise(cell, seed, k));
        metric(&e, METRIC_VAL + METRIC_mlm_loss_masked, 6.5 - 2 * share - .2 * (cell % 2) + noise(cell, seed, 30));
        metric(&e, METRIC_VAL + METRIC_disc_skill, .3 * share + noise(cell, seed, 40));
        metric(&e, METRIC_VAL + METRIC_rtd_auc, .9 - .05 * share);
        emit(sink, &e);
    }
    struct event end = {.kind = EVENT_STATE, .run = run, .step = c->steps, .state = RUN_DONE};
    emit(sink, &end);
}

/* One probe sentence at two steps: token 5 was replaced. */
static void emit_probe(struct event_sink sink, int64_t run, int cell)
{
    for (int k = 1; k <= 2; k++) {
        struct token_seq *q = calloc(1, sizeof *q + 8 * sizeof q->rows[0]);
        static const int32_t ids[] = {2, 5, 6, 7, 5, 8, 9, 3};
        if (!q) abort();
        q->n = 8;
        for (int i = 0; i < 8; i++) {
            int fake = i == 5;
            double p = fake ? .3 * k + .08 * cell : .03 + .01 * i;
            q->rows[i] = (struct token_row){.original = ids[i], .masked = fake ? 4 : ids[i],
                                            .sampled = fake ? 10 : ids[i], .disc_prob = (float)p,
                                            .gen_prob = NAN, .gen_entropy = NAN, .gen_loss = NAN,
                                            .disc_loss = (float)(fake ? -log(p) : -log(1 - p)),
                                            .chosen = (uint8_t)fake, .label = (uint8_t)fake};
        }
        struct event e = {.kind = EVENT_TOKENS, .run = run, .step = 5000 * k, .source = TOKENS_PROBE, .seq = q};
        emit(sink, &e);
    }
}

static int add_scores(struct store *s, int64_t run, int cell, int seed, struct err *err)
{
    static const struct { const char *task, *metric; double value, majority; int n; } tasks[] = {
        {"cola", "matthews", 41, 0, 1043}, {"sst2", "accuracy", 88, 50.9, 872},
        {"squad2", "f1", 61, NAN, 11873},
    };
    for (int t = 0; t < 3 && seed == 1; t++)
        for (int k = 1; k <= 3; k++) {
            struct store_score x = {.run = run, .checkpoint_step = 10000, .model = "checkpoints/x",
                                    .task = tasks[t].task, .metric = tasks[t].metric,
                                    .settings = "{\"epochs\":3}", .state = t == 0 && k == 3 && cell == 1 ? "stuck" : "done",
                                    .program = "0.1.0", .seed = k, .n = tasks[t].n,
                                    .value = tasks[t].value + 60 * cells[cell].gain + 200 * noise(cell, k, t)};
            if (t == 2 && cell > 2) continue;
            if (store_add_score(s, &x, err)) return -1;
            x.metric = "majority", x.value = tasks[t].majority;
            if (isfinite(x.value) && store_add_score(s, &x, err)) return -1;
        }
    return 0;
}

/* In the order of add_run: the first seeds are runs 1 to CELLS. */
static int add_all_scores(struct store *s, struct err *err)
{
    for (int c = 0; c < CELLS; c++)
        if (add_scores(s, c + 1, c, 1, err)) return -1;
    return 0;
}

static int add_run(struct store *s, struct event_sink sink, int cell, int seed, struct err *err)
{
    struct config c;
    int64_t id;
    config_default(&c);
    snprintf(c.name, sizeof c.name, "%s-%s-s%d", cells[cell].tie, cells[cell].gen, seed);
    snprintf(c.tags, sizeof c.tags, "sweep:tying");
    snprintf(c.corpus, sizeof c.corpus, "wiki");
    c.steps = 10000, c.seed = seed;
    if (config_set(&c, "tie", cells[cell].tie, err) || config_set(&c, "generator_size", cells[cell].gen, err) ||
        config_resolve(&c, err) || store_add_run(s, &c, config_hash(&c), "0.1.0", &id, err) ||
        store_set_identity(s, id, 11, "avx2", "Zen", 13549826, err))
        return -1;
    emit_run(sink, id, cell, seed, &c);
    emit_probe(sink, id, cell);
    return 0;
}

int fixture_grid(const char *dir)
{
    static const char vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nchef\ncooked\nmeal\n.\nbook\n";
    struct err err = {0};
    char path[512], sql[200];
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *s = store_open(path, &err);
    struct recorder *r = s ? recorder_start(s, NULL, NULL, &err) : NULL;
    int rc = r ? 0 : -1;
    for (int seed = 1; seed <= 4; seed++)
        for (int c = 0; c < CELLS && !rc; c++)
            if (seed <= cells[c].seeds && !(rc = add_run(s, recorder_sink(r), c, seed, &err)))
                rc = recorder_flush(r, &err); /* the next one writes by itself */
    if (r) recorder_stop(r);
    if (!rc) rc = add_all_scores(s, &err);
    if (s) store_close(s);
    snprintf(path, sizeof path, "%s/corpora/wiki", dir);
    rc = rc ? rc : file_mkdirs(path, &err);
    strcat(path, "/vocab.txt");
    rc = rc ? rc : file_write_atomic(path, vocab, sizeof vocab - 1, &err);
    if (rc) fprintf(stderr, "fixture: %s\n", err.text);
    snprintf(sql, sizeof sql, "UPDATE run SET created=%f+id, started=%f+id, ended=%f+id; UPDATE score SET "
             "time=%f", FIXTURE_UTC - 9000, FIXTURE_UTC - 8000, FIXTURE_UTC - 7000, FIXTURE_UTC - 100);
    return rc ? rc : fixture_sql(dir, sql);
}
