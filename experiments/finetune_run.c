/* See finetune_run.h. */
#include "experiments/finetune_run.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct crew {
    const struct finetune_seeds_args *a;
    struct finetune_seeds *out;
    int next, threads;
    atomic_int stop;
    pthread_mutex_t lock;
};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double quantile(const double *sorted, int n, double q)
{
    double at = q * (n - 1);
    int low = (int)at, high = low + 1 < n ? low + 1 : low;
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

void finetune_summarise(const double *values, int n, struct finetune_summary *out)
{
    double *sorted = malloc(((size_t)n + 1) * sizeof *sorted);
    int used = 0;
    for (int i = 0; sorted && i < n; i++)
        if (isfinite(values[i]))
            sorted[used++] = values[i];
    out->n = used;
    out->median = out->q1 = out->q3 = out->min = out->max = NAN;
    if (used) {
        qsort(sorted, (size_t)used, sizeof *sorted, by_value);
        out->min = sorted[0];
        out->q1 = quantile(sorted, used, 0.25);
        out->median = quantile(sorted, used, 0.5);
        out->q3 = quantile(sorted, used, 0.75);
        out->max = sorted[used - 1];
    }
    free(sorted);
}

static void on_progress(void *ud, const struct finetune_progress *p)
{
    struct crew *c = ud;
    const struct finetune_args *base = &c->a->base;
    pthread_mutex_lock(&c->lock);
    if (base->stop && atomic_load(base->stop))
        atomic_store(&c->stop, 1);
    if (base->progress)
        base->progress(base->ud, p);
    pthread_mutex_unlock(&c->lock);
}

/* Every seed reads the same files: only the first one's warnings are passed on. */
static void on_warning(void *ud, const char *text)
{
    struct crew *c = ud;
    pthread_mutex_lock(&c->lock);
    if (c->a->base.warn)
        c->a->base.warn(c->a->base.ud, text);
    pthread_mutex_unlock(&c->lock);
}

static void on_mistakes(void *ud, const struct finetune_mistakes *m)
{
    struct crew *c = ud;
    pthread_mutex_lock(&c->lock);
    c->a->base.mistakes(c->a->base.ud, m);
    pthread_mutex_unlock(&c->lock);
}

static void run_one(struct crew *c, int i)
{
    struct finetune_seed *s = &c->out->seeds[i];
    struct finetune_args a = c->a->base;
    char output[4096];
    a.config.seed += i;
    a.config.threads = c->threads;
    a.progress = on_progress;
    a.warn = i == 0 ? on_warning : NULL;
    a.mistakes = a.mistakes ? on_mistakes : NULL;
    a.ud = c;
    a.stop = &c->stop;
    if (a.output && c->a->seeds > 1) {
        snprintf(output, sizeof output, "%s/seed-%ld", a.output, a.config.seed);
        a.output = output;
    }
    s->seed = (int)a.config.seed;
    s->code = finetune_run(&a, &s->result, &s->err);
    pthread_mutex_lock(&c->lock);
    if (s->code)
        atomic_store(&c->stop, 1);
    else if (c->a->done)
        c->a->done(c->a->base.ud, s);
    pthread_mutex_unlock(&c->lock);
}

static void *worker(void *ud)
{
    struct crew *c = ud;
    for (;;) {
        pthread_mutex_lock(&c->lock);
        if (c->a->base.stop && atomic_load(c->a->base.stop))
            atomic_store(&c->stop, 1);
        int i = atomic_load(&c->stop) ? c->a->seeds : c->next++;
        pthread_mutex_unlock(&c->lock);
        if (i >= c->a->seeds)
            return NULL;
        run_one(c, i);
    }
}

static void summarise(struct finetune_seeds *out, int seeds)
{
    const struct finetune_result *first = NULL;
    double *values = malloc((size_t)seeds * sizeof *values);
    for (int i = 0; i < seeds && !first; i++)
        if (!out->seeds[i].code && out->seeds[i].result.n)
            first = &out->seeds[i].result;
    for (int k = 0; values && first && k < first->n; k++) {
        struct finetune_summary *s = &out->summary[out->nsummary++];
        int n = 0;
        memcpy(s->name, first->scores[k].name, sizeof s->name);
        for (int i = 0; i < seeds; i++)
            if (!out->seeds[i].code && k < out->seeds[i].result.n)
                values[n++] = out->seeds[i].result.scores[k].value;
        finetune_summarise(values, n, s);
    }
    free(values);
}

int finetune_run_seeds(const struct finetune_seeds_args *a, struct finetune_seeds *out,
                       struct err *err)
{
    struct crew c = {.a = a, .out = out};
    long cores = sysconf(_SC_NPROCESSORS_ONLN), threads = a->base.config.threads;
    threads = threads > 0 ? threads : cores > 0 ? cores : 1;
    int crew = a->at_once > 0 ? a->at_once : (int)threads, started = 0;
    crew = crew < a->seeds ? crew : a->seeds;
    crew = crew < 64 ? crew : 64;
    c.threads = (int)threads / crew > 0 ? (int)threads / crew : 1;
    memset(out, 0, sizeof *out);
    out->seeds = calloc((size_t)a->seeds, sizeof *out->seeds);
    if (!out->seeds)
        return err_nomem(err, "seeds");
    for (int i = 0; i < a->seeds; i++)
        out->seeds[i].code = E_STOPPED;
    pthread_mutex_init(&c.lock, NULL);
    pthread_t crew_threads[64];
    while (started < crew - 1 && !pthread_create(&crew_threads[started], NULL, worker, &c))
        started++;
    worker(&c);
    for (int i = 0; i < started; i++)
        pthread_join(crew_threads[i], NULL);
    pthread_mutex_destroy(&c.lock);
    summarise(out, a->seeds);
    int rc = 0;
    for (int i = 0; i < a->seeds; i++) {
        const struct finetune_seed *s = &out->seeds[i];
        out->n += !s->code;
        out->failed += !s->code && s->result.failed;
        if (s->code && (!rc || rc == E_STOPPED)) {
            rc = s->code;
            if (err && s->err.text[0])
                *err = s->err;
        }
    }
    if (rc == E_STOPPED)
        err_set(err, rc, "fine-tuning was stopped after %d of %d seeds", out->n, a->seeds);
    return rc;
}

void finetune_seeds_free(struct finetune_seeds *s)
{
    free(s->seeds);
    memset(s, 0, sizeof *s);
}
