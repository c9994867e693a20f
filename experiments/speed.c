/* See speed.h. */
#include "experiments/speed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "src/model/model.h"
#include "src/nn/encoder.h"
#include "src/train/bench.h"
#include "src/train/core.h"

#define STEPS_MOST 400
#define STEP_SECONDS 0.6          /* of a measured step, at the speed guessed: a quarter of it where idle */
#define PATIENCE 4                /* times as long, before a core is left without sequences */
#define EMBEDDINGS_MOST (1 << 25) /* numbers: more take seconds to lay out and to begin */
#define VOCAB_LEAST 1024
#define KNOWN_SECONDS 4           /* spent on a measurement that is kept */
#define FILE_MOST (1 << 20)

void speed_machine(struct machine *m)
{
    m->cores = core_threads(0);
    m->memory_free = core_memory_free();
    const struct math *math = math_select("auto", NULL);
    snprintf(m->kernel, sizeof m->kernel, "%.15s", math ? math->name : "");
    if (getloadavg(&m->load, 1) != 1)
        m->load = 0;
}

double speed_guess(const struct machine *m)
{
    double core = !strcmp(m->kernel, "avx512") ? 3e10 : !strcmp(m->kernel, "avx2") ? 2e10 : 3e9;
    return core * m->cores;
}

uint64_t speed_shape(const struct config *c, int V)
{
    const long part[] = { c->layers, c->hidden_size, c->ffn_size, c->heads, c->embedding_size,
                          c->generator_hidden_size, c->generator_layers, c->batch, c->seq,
                          c->objective, c->generator, c->threads, V };
    uint64_t h = 14695981039346656037ull;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        h = (h ^ (uint64_t)part[i]) * 1099511628211ull;
    return h ? h : 1;
}

/* --- a measurement ---------------------------------------------------------------------------- */

static int dear(const struct config *c, int V, double flop)
{
    return model_flops(c, V, (int)c->seq, (int)c->batch, 0) > flop;
}

static void halve(long *x, long least)
{
    *x = *x / 2 < least ? least : *x / 2;
}

void speed_cut(const struct config *c, int V, double flop, int cores, struct config *out, int *vocab)
{
    long tokens = (long)STEP_TOKENS * cores, words = V;
    long least = c->seq < STEP_TOKENS ? (tokens + c->seq - 1) / c->seq : cores; /* a slice for each core */
    *out = *c;
    out->seq_stages[0] = 0;
    while (words > VOCAB_LEAST && words * c->embedding_size > EMBEDDINGS_MOST)
        halve(&words, VOCAB_LEAST);
    while (out->batch > least && dear(out, (int)words, flop))
        halve(&out->batch, least);
    while ((out->layers > 1 || out->generator_layers > 1) && dear(out, (int)words, flop)) {
        halve(&out->layers, 1);
        halve(&out->generator_layers, 1);
    }
    while (out->seq > STEP_TOKENS && dear(out, (int)words, flop))
        halve(&out->seq, STEP_TOKENS);
    while (words > VOCAB_LEAST && dear(out, (int)words, flop))
        halve(&words, VOCAB_LEAST);
    while (out->batch > 1 && dear(out, (int)words, PATIENCE * flop))
        halve(&out->batch, 1);
    while (out->seq > 32 && dear(out, (int)words, PATIENCE * flop))
        halve(&out->seq, 32);
    *vocab = words < 8 ? 8 : (int)words;
}

static void say_part(char *out, size_t size, long part, long all, const char *what)
{
    size_t n = strlen(out);
    if (part < all)
        snprintf(out + n, size - n, "%s%ld of %ld %s", n ? ", " : "", part, all, what);
}

static void say_cut(const struct config *c, int V, const struct config *cut, int vocab, struct speed *out)
{
    say_part(out->of, sizeof out->of, cut->layers, c->layers, "layers");
    say_part(out->of, sizeof out->of, cut->batch, c->batch, "sequences");
    say_part(out->of, sizeof out->of, cut->seq, c->seq, "tokens each");
    say_part(out->of, sizeof out->of, vocab, V, "vocabulary tokens");
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median seconds of a step's passes and of its optimiser; steps until the end, one at least. The first
 * only warms up, if there is time for another. */
static int time_steps(struct bench *b, double end, const atomic_int *stop, double *passes, double *optimiser,
                      struct err *err)
{
    double pass[STEPS_MOST], rest[STEPS_MOST], all = 0;
    int n = 0, warm = 0;
    while (n < STEPS_MOST && (!n || clock_now() + all < end)) {
        if (stop && atomic_load(stop))
            return err_set(err, E_STOPPED, "the measurement was stopped");
        bench_steps(b, 1, &all);
        rest[n] = bench_optimiser(b);
        pass[n] = all - rest[n];
        if (!warm && !n && clock_now() + all < end)
            warm = 1;
        else
            n++;
    }
    qsort(pass, (size_t)n, sizeof *pass, by_size);
    qsort(rest, (size_t)n, sizeof *rest, by_size);
    *passes = pass[n / 2];
    *optimiser = rest[n / 2];
    return n;
}

/* Numbers that the optimiser works on. */
static double params_of(const struct config *c, int V)
{
    struct model m;
    if (model_build(&m, c, V, NULL))
        return 0;
    double n = (double)param_count(&m.table);
    model_free(&m);
    return n;
}

int speed_measure(const struct config *c, int V, double seconds, const atomic_int *stop, struct speed *out,
                  struct err *err)
{
    double end = clock_now() + seconds, passes = 0, optimiser = 0;
    struct bench_args a = {0};
    struct machine m;
    memset(out, 0, sizeof *out);
    speed_machine(&m);
    speed_cut(c, V, STEP_SECONDS * speed_guess(&m), m.cores, &a.config, &a.vocab);
    say_cut(c, V, &a.config, a.vocab, out);
    struct bench *b = bench_open(&a, err);
    if (!b)
        return err ? err->code : E_FAIL;
    out->steps = time_steps(b, end, stop, &passes, &optimiser, err);
    out->threads = bench_threads(b);
    snprintf(out->kernel, sizeof out->kernel, "%.15s", bench_kernel(b));
    double rate = bench_flop(b) / passes;
    bench_close(b);
    if (out->steps < 1)
        return out->steps;
    /* The passes cost what their products do, the optimiser what the whole shape's parameters do. */
    double flop = model_flops(c, V, (int)c->seq, (int)c->batch, 0), cut = params_of(&a.config, a.vocab);
    double all = params_of(c, V < 8 ? 8 : V);
    out->rate = flop / (flop / rate + (cut > 0 ? optimiser * all / cut : 0));
    return 0;
}

/* --- what is kept ----------------------------------------------------------------------------- */

/* "SHAPE CORES KERNEL", which begins the shape's line. */
static void line_start(const struct config *c, int V, char *out, size_t size)
{
    struct machine m;
    speed_machine(&m);
    snprintf(out, size, "%016" PRIx64 " %d %s ", speed_shape(c, V), m.cores, m.kernel);
}

static double look_up(const char *text, const char *start)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (!strncmp(line, start, strlen(start)))
            return strtod(line + strlen(start), NULL);
    return 0;
}

int speed_known(const struct workspace *w, const struct config *c, int V, double *rate, struct err *err)
{
    char path[1200], start[80], *text = NULL;
    struct speed speed;
    struct str all;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/speeds.txt", w->dir);
    line_start(c, V, start, sizeof start);
    if (file_exists(path)) {
        int rc = file_read(path, FILE_MOST, &text, &n, err);
        if (rc)
            return rc;
    }
    *rate = text ? look_up(text, start) : 0;
    if (*rate > 0) {
        free(text);
        return 0;
    }
    int rc = speed_measure(c, V, KNOWN_SECONDS, NULL, &speed, err);
    str_init(&all);
    if (!rc) {
        *rate = speed.rate;
        str_addf(&all, "%s%s%.6g FLOP/s\n", text ? text : "", start, *rate);
        rc = all.failed ? err_nomem(err, "the measured speeds")
                        : file_write_atomic(path, str_get(&all), all.len, err);
    }
    str_free(&all);
    free(text);
    return rc;
}
