/* See bench.h. */
#include "src/train/bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/text/vocab.h"
#include "src/train/core.h"

struct bench {
    struct core core;
    int infer;
    uint32_t step;
    float *logits; /* [B,T], infer */
    double optimiser; /* seconds of the last step */
};

static const int special[5] = {0, 1, 2, 3, 4}; /* VOCAB_* order */

struct bench *bench_open(const struct bench_args *a, struct err *err)
{
    struct bench *b = calloc(1, sizeof *b);
    struct config c = a->config;
    c.seq_stages[0] = 0;
    if (!b) {
        err_nomem(err, "the bench");
        return NULL;
    }
    if (a->vocab < 8) {
        err_set(err, E_USAGE, "vocab_size: %d is too small, a vocabulary has 8 tokens or more", a->vocab);
        free(b);
        return NULL;
    }
    if (a->infer) { /* the main network only, with the discriminator's head */
        c.objective = OBJ_ELECTRA;
        c.generator = GEN_UNIFORM;
    }
    struct core_args ca = {.config = &c, .vocab = a->vocab, .threads = a->threads, .special = special,
                           .infer = a->infer};
    if (core_open(&b->core, &ca, err)) {
        free(b);
        return NULL;
    }
    b->infer = a->infer;
    b->logits = calloc((size_t)c.batch * (size_t)c.seq, sizeof *b->logits);
    if (!b->logits) {
        err_nomem(err, "the bench");
        bench_close(b);
        return NULL;
    }
    param_init_block(&b->core.model.table, (uint64_t)c.seed, learner_values(b->core.learner));
    return b;
}

static void fill_row(void *ud, int row)
{
    struct bench *b = ud;
    struct batch_room *r = &b->core.train;
    int T = r->b.T;
    size_t at = (size_t)row * (size_t)T;
    uint32_t words = (uint32_t)b->core.V - VOCAB_SPECIALS;
    for (int t = 0; t < T; t++) {
        uint32_t u = rng_u32((uint64_t)b->core.config.seed, RNG_ORDER, b->step, (uint32_t)row, (uint32_t)t);
        r->ids[at + (size_t)t] = t == 0       ? VOCAB_CLS
                                 : t == T - 1 ? VOCAB_SEP
                                              : VOCAB_SPECIALS + (int32_t)(u % words);
    }
    memset(r->mask + at, 1, (size_t)T);
    memset(r->segments + at, 0, (size_t)T);
}

static void one_step(struct bench *b)
{
    struct core *c = &b->core;
    struct update u = {.rate = c->config.learning_rate, .optimiser = &c->config};
    batch_room_set(&c->train, &c->config, (int)c->config.batch, (int)c->config.seq);
    c->train.b.step = b->step;
    core_mask(c, &c->train, fill_row, b);
    if (b->infer)
        learner_disc_logits(c->learner, c->train.b.B, c->train.b.T, c->train.ids, c->train.b.mask, b->logits);
    else
        core_update(c, &u, NULL);
    b->optimiser = u.optimiser_seconds;
    b->step++;
}

void bench_steps(struct bench *b, int n, double *seconds)
{
    for (int i = 0; i < n; i++) {
        double start = clock_now();
        one_step(b);
        if (seconds)
            seconds[i] = clock_now() - start;
    }
}

double bench_optimiser(const struct bench *b)
{
    return b->optimiser;
}

double bench_tokens(const struct bench *b)
{
    return (double)b->core.config.batch * (double)b->core.config.seq;
}

double bench_flop(const struct bench *b)
{
    int T = (int)b->core.config.seq, B = (int)b->core.config.batch;
    return b->infer ? core_forward_flops(&b->core, T, B) : core_flops(&b->core, T, B, 0, 0);
}

int bench_threads(const struct bench *b)
{
    return b->core.threads;
}

const char *bench_kernel(const struct bench *b)
{
    return b->core.math->name;
}

void bench_close(struct bench *b)
{
    if (!b)
        return;
    core_close(&b->core);
    free(b->logits);
    free(b);
}

double bench_rss_mb(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) ? 0 : (double)u.ru_maxrss * 1024 * 1e-6;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *sorted, int n)
{
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

int bench_run(const struct bench_args *a, struct bench_report *out, struct err *err)
{
    int steps = a->steps > 0 ? a->steps : 1;
    memset(out, 0, sizeof *out);
    struct bench *b = bench_open(a, err);
    if (!b)
        return err ? err->code : E_FAIL;
    double *sorted = malloc((size_t)steps * sizeof *sorted);
    out->seconds = malloc((size_t)steps * sizeof *out->seconds);
    if (!sorted || !out->seconds) {
        free(sorted);
        free(out->seconds);
        out->seconds = NULL;
        bench_close(b);
        return err_nomem(err, "the bench");
    }
    bench_steps(b, a->warmup, NULL);
    bench_steps(b, steps, out->seconds);
    memcpy(sorted, out->seconds, (size_t)steps * sizeof *sorted);
    qsort(sorted, (size_t)steps, sizeof *sorted, by_size);
    out->steps = steps;
    out->threads = bench_threads(b);
    out->median = median(sorted, steps);
    out->best = sorted[0];
    out->tokens_per_s = bench_tokens(b) / out->median;
    out->gflop = bench_flop(b) * 1e-9;
    out->gflops = out->gflop / out->median;
    out->gflops_best = out->gflop / out->best;
    out->rss_mb = bench_rss_mb();
    snprintf(out->kernel, sizeof out->kernel, "%s", bench_kernel(b));
    bench_close(b);
    free(sorted);
    if (a->peak)
        out->peak = bench_peak(out->threads);
    return 0;
}

enum { PAIR_ROUNDS = 9 };

struct side {
    struct bench *bench;
    int steps;
};

static void *side_main(void *ud)
{
    struct side *s = ud;
    bench_steps(s->bench, s->steps, NULL);
    return NULL;
}

static double side_by_side(struct bench *const b[2], int steps)
{
    struct side side[2] = {{b[0], steps}, {b[1], steps}};
    pthread_t other;
    double start = clock_now();
    int rc = pthread_create(&other, NULL, side_main, &side[1]);
    side_main(&side[0]);
    if (rc)
        side_main(&side[1]);
    else
        pthread_join(other, NULL);
    return clock_now() - start;
}

int bench_pair(const struct bench_args *a, int rounds, struct bench_pair *out, struct err *err)
{
    struct bench *half[2] = {NULL}, *whole[2] = {NULL};
    struct bench_args args = *a;
    double seconds[3][PAIR_ROUNDS];
    int rc = 0;
    args.threads = core_threads(a->threads ? a->threads : (int)a->config.threads);
    out->threads = args.threads;
    if (args.threads < 2)
        return err_set(err, E_USAGE, "Two runs side by side need two threads or more.");
    rounds = rounds < 1 ? 1 : rounds > PAIR_ROUNDS ? PAIR_ROUNDS : rounds;
    for (int i = 0; i < 4 && !rc; i++) {
        struct bench **b = i < 2 ? &whole[i] : &half[i - 2];
        args.threads = i < 2 ? out->threads : out->threads / 2;
        rc = (*b = bench_open(&args, err)) ? 0 : E_FAIL;
        if (!rc)
            bench_steps(*b, 1, NULL);
    }
    for (int i = 0; i < rounds && !rc; i++) {
        double start = clock_now();
        bench_steps(whole[0], a->steps, NULL);
        bench_steps(whole[1], a->steps, NULL);
        seconds[0][i] = clock_now() - start;
        seconds[1][i] = side_by_side(half, a->steps);
        seconds[2][i] = side_by_side(whole, a->steps);
    }
    for (int i = 0; i < 3 && !rc; i++) {
        qsort(seconds[i], (size_t)rounds, sizeof *seconds[i], by_size);
        *(i == 0 ? &out->in_turn : i == 1 ? &out->halves : &out->crowded) = median(seconds[i], rounds);
    }
    for (int i = 0; i < 4; i++)
        bench_close(i < 2 ? whole[i] : half[i - 2]);
    return rc ? err->code : 0;
}
