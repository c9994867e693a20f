/* See pool.h. */
#include "src/base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "src/base/clock.h"
#include "src/base/err.h"

#define SPIN_SECONDS 50e-6

struct pool {
    int threads, started;
    pthread_t *ids;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    void (*task)(void *ud, int task, int worker);
    void *ud;
    int ntasks;
    atomic_uint round;   /* a new value starts a round */
    atomic_int next;     /* next task to take */
    atomic_int busy;     /* workers still in the round */
    atomic_int quit;
    _Atomic double *cpu;
};

struct start {
    struct pool *pool;
    int worker;
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void work(struct pool *p, int worker)
{
    int t;
    while ((t = atomic_fetch_add(&p->next, 1)) < p->ntasks)
        p->task(p->ud, t, worker);
}

static void *worker_main(void *arg)
{
    struct start s = *(struct start *)arg;
    struct pool *p = s.pool;
    free(arg);
    unsigned seen = 0;
    for (;;) {
        double until = clock_now() + SPIN_SECONDS;
        while (atomic_load(&p->round) == seen && !atomic_load(&p->quit) && clock_now() < until)
            relax();
        pthread_mutex_lock(&p->mutex);
        while (atomic_load(&p->round) == seen && !atomic_load(&p->quit))
            pthread_cond_wait(&p->wake, &p->mutex);
        seen = atomic_load(&p->round);
        pthread_mutex_unlock(&p->mutex);
        if (atomic_load(&p->quit))
            return NULL;
        work(p, s.worker);
        atomic_store(&p->cpu[s.worker], clock_thread_cpu());
        pthread_mutex_lock(&p->mutex);
        if (atomic_fetch_sub(&p->busy, 1) == 1)
            pthread_cond_signal(&p->done);
        pthread_mutex_unlock(&p->mutex);
    }
}

struct pool *pool_new(int threads, struct err *err)
{
    struct pool *p = calloc(1, sizeof *p);
    if (!p || !(p->ids = calloc((size_t)threads, sizeof *p->ids)) ||
        !(p->cpu = calloc((size_t)threads, sizeof *p->cpu))) {
        if (p)
            free(p->ids);
        free(p);
        err_nomem(err, "worker threads");
        return NULL;
    }
    p->threads = threads;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    for (int i = 1; i < threads; i++) {
        struct start *s = malloc(sizeof *s);
        if (s)
            *s = (struct start){p, i};
        if (!s || pthread_create(&p->ids[i], NULL, worker_main, s)) {
            free(s);
            pthread_sigmask(SIG_SETMASK, &old, NULL);
            pool_free(p);
            err_set(err, E_FAIL, "cannot start worker thread %d", i);
            return NULL;
        }
        p->started = i;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return p;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    atomic_store(&p->quit, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 1; i <= p->started; i++)
        pthread_join(p->ids[i], NULL);
    pthread_mutex_destroy(&p->mutex);
    pthread_cond_destroy(&p->wake);
    pthread_cond_destroy(&p->done);
    free(p->ids);
    free(p->cpu);
    free(p);
}

int pool_threads(const struct pool *p)
{
    return p->threads;
}

double pool_cpu(const struct pool *p, int worker)
{
    return worker ? atomic_load(&p->cpu[worker]) : -1;
}

void pool_run(struct pool *p, int ntasks, void (*task)(void *ud, int task, int worker), void *ud)
{
    if (p->threads == 1 || ntasks <= 1) {
        for (int t = 0; t < ntasks; t++)
            task(ud, t, 0);
        return;
    }
    pthread_mutex_lock(&p->mutex);
    p->task = task;
    p->ud = ud;
    p->ntasks = ntasks;
    atomic_store(&p->next, 0);
    atomic_store(&p->busy, p->threads - 1);
    atomic_fetch_add(&p->round, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    work(p, 0);
    double until = clock_now() + SPIN_SECONDS;
    while (atomic_load(&p->busy) && clock_now() < until)
        relax();
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->busy))
        pthread_cond_wait(&p->done, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}
