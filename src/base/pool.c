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
#define CLOSED 0xffffffffu

struct pool {
    int threads, started;
    pthread_t *ids;
    pthread_mutex_t mutex;
    pthread_cond_t wake, done;
    /* The round at hand. They change only while `ticket` is closed: who then takes a ticket that it
     * read before them has read what belongs to it. */
    void (*_Atomic task)(void *ud, int task, int worker);
    void *_Atomic ud;
    atomic_int ntasks;
    atomic_ullong ticket; /* round << 32 | next task to take, or CLOSED */
    atomic_int left;      /* tasks of the round that are not done */
    atomic_uint round;    /* a new value starts a round */
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

/* Takes tasks of whatever round is on until there are none. A worker that wakes late finds the
 * round closed, or the next one; nobody waits for it. */
static void work(struct pool *p, int worker)
{
    for (;;) {
        unsigned long long ticket = atomic_load(&p->ticket);
        unsigned next = (unsigned)(ticket & CLOSED);
        void (*task)(void *ud, int task, int worker) = atomic_load(&p->task);
        void *ud = atomic_load(&p->ud);
        if (next == CLOSED || (int)next >= atomic_load(&p->ntasks))
            return;
        if (!atomic_compare_exchange_strong(&p->ticket, &ticket, ticket + 1))
            continue;
        task(ud, (int)next, worker);
        if (worker)
            atomic_store(&p->cpu[worker], clock_thread_cpu());
        if (atomic_fetch_sub(&p->left, 1) == 1 && worker) {
            pthread_mutex_lock(&p->mutex);
            pthread_cond_signal(&p->done);
            pthread_mutex_unlock(&p->mutex);
        }
    }
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
    atomic_store(&p->ticket, CLOSED);
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
    atomic_store(&p->task, task);
    atomic_store(&p->ud, ud);
    atomic_store(&p->ntasks, ntasks);
    atomic_store(&p->left, ntasks);
    pthread_mutex_lock(&p->mutex);
    unsigned long long round = atomic_fetch_add(&p->round, 1) + 1u;
    atomic_store(&p->ticket, round << 32);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    work(p, 0);
    double until = clock_now() + SPIN_SECONDS;
    while (atomic_load(&p->left) && clock_now() < until)
        relax();
    pthread_mutex_lock(&p->mutex);
    while (atomic_load(&p->left))
        pthread_cond_wait(&p->done, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
    atomic_store(&p->ticket, round << 32 | CLOSED);
}
