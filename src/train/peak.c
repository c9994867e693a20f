/* The yardstick of `bench`: the largest matrix product that this machine is seen to do. OpenBLAS alone
 * would not do: on a CPU that it does not know it falls back to kernels of twenty years ago. */
#include <cblas.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/math/math.h"
#include "src/train/bench.h"

enum { N = 2048, THREADS = 64, ROUNDS = 3 };

/* What a thread of ours multiplies: rows of C = A B. */
struct share {
    const struct math *with; /* NULL: OpenBLAS */
    struct math_ws ws;
    int rows;
    const float *a, *b;
    float *c;
    pthread_t thread;
};

static void *multiply(void *ud)
{
    struct share *s = ud;
    if (s->with)
        s->with->gemm(0, 0, s->rows, N, N, s->a, N, s->b, N, 0, s->c, N, &s->ws);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s->rows, N, N, 1, s->a, N, s->b, N, 0, s->c, N);
    return NULL;
}

/* Seconds of one product. */
static double once(struct share *s, int threads)
{
    int started = 1;
    double start = clock_now();
    while (started < threads && !pthread_create(&s[started].thread, NULL, multiply, &s[started]))
        started++;
    multiply(&s[0]);
    for (int t = started; t < threads; t++)
        multiply(&s[t]);
    for (int t = 1; t < started; t++)
        pthread_join(s[t].thread, NULL);
    return clock_now() - start;
}

/* GFLOP/s, the median of the rounds after one that warms up; 0: no memory. */
static double rate(const struct math *with, int threads, float *space)
{
    struct share s[THREADS];
    double took[ROUNDS] = {0};
    int at = 0, ready = 0;
    for (int t = 0; t < threads; t++) {
        int rows = (N - at) / (threads - t);
        s[t] = (struct share){.with = with, .rows = rows, .a = space + (size_t)at * N, .b = space + (size_t)N * N,
                              .c = space + 2 * (size_t)N * N + (size_t)at * N};
        at += rows;
    }
    while (ready < threads && (!with || !math_ws_init(&s[ready].ws, NULL)))
        ready++;
    for (int i = -1; i < ROUNDS && ready == threads; i++) {
        double seconds = once(s, threads);
        int k = i;
        for (; k > 0 && took[k - 1] > seconds; k--)
            took[k] = took[k - 1];
        if (i >= 0)
            took[k] = seconds;
    }
    for (int t = 0; t < ready; t++)
        math_ws_free(&s[t].ws);
    return ready == threads ? 2.0 * N * N * N / took[ROUNDS / 2] * 1e-9 : 0;
}

double bench_peak(int threads)
{
    size_t n = (size_t)N * N;
    float *space = malloc(3 * n * sizeof *space);
    if (!space)
        return 0;
    threads = threads < 1 ? 1 : threads > THREADS ? THREADS : threads;
    for (size_t i = 0; i < 2 * n; i++)
        space[i] = (float)(i % 1009) * 1e-3f;
    memset(space + 2 * n, 0, n * sizeof *space);
    openblas_set_num_threads(1);
    double best = rate(NULL, threads, space), other = rate(math_select("auto", NULL), threads, space);
    best = other > best ? other : best;
    if (threads > 1) { /* by its own threads */
        openblas_set_num_threads(threads);
        other = rate(NULL, 1, space);
        openblas_set_num_threads(1);
        best = other > best ? other : best;
    }
    free(space);
    return best;
}
