/* See store.h: a bounded queue and the thread that drains it.
 *
 * Events wait until the oldest is 200 ms old (20 ms with a checkpoint or a state among them), the
 * queue is half full, or somebody waits for them; then all go into one transaction. What cannot be
 * written (no space, I/O error) stays in memory, in order, and is tried again. Emit blocks only when
 * the queue is full. A training thread then waits for the store, however long, unless its run is to
 * end: a row given up would be missing for ever once a later checkpoint is written. States, messages
 * and checkpoints have a reserve, so that the host's main thread does not wait; and whoever cannot be
 * told to end gives an event up after LOSE_AFTER seconds. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/store_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"

#define QUEUE_EVENTS 4096          /* about 2 KB each, taken when needed */
#define RESERVE_EVENTS 1024
#define QUEUE_ROWS 10000           /* metric rows in memory */
#define QUEUE_BYTES (64u << 20)    /* of token sequences */
#define BATCH_EVENTS 1024
#define BATCH_AGE 0.2
#define URGENT_AGE 0.02
#define RETRY_FIRST 0.25
#define RETRY_LAST 4.0
#define LOSE_AFTER 10.0

struct node {
    struct node *next;
    double queued;       /* clock_now */
    uint64_t number;     /* 1, 2, ... in order of emit */
    size_t bytes, rows;
    int bad;             /* cannot be stored, whatever is done */
    struct event e;
};

struct call {
    struct call *next;
    int (*fn)(struct store *s, void *ud);
    void *ud;
    uint64_t after;      /* events up to this one first */
    int result, done;
};

struct recorder {
    struct store *store;
    void (*committed)(void *ud, const struct event *e);
    void *ud;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;   /* to the thread: something to do */
    pthread_cond_t done;   /* to the others: space, a commit, a call is over */
    struct node *head, *tail;
    struct call *calls, **last_call;
    int count, stopping, urgent, waiting, retry_now, held;
    size_t rows, bytes;
    uint64_t emitted, stored;   /* numbers of the last emitted, the last settled */
    struct err failing;         /* code 0: all well */
    double failing_since;
    uint64_t attempts;          /* failed ones since then */
    int64_t lost;
    double patience;
    atomic_int depth;
};

static int full(const struct recorder *r, int kind)
{
    if (kind == EVENT_STATE || kind == EVENT_CHECKPOINT || kind == EVENT_MESSAGE)
        return r->count >= QUEUE_EVENTS + RESERVE_EVENTS;
    return r->count >= QUEUE_EVENTS || r->rows >= QUEUE_ROWS || r->bytes >= QUEUE_BYTES;
}

static void wait_until(pthread_cond_t *c, pthread_mutex_t *m, double when)
{
    struct timespec t = {.tv_sec = (time_t)when};
    t.tv_nsec = (long)((when - (double)t.tv_sec) * 1e9);
    pthread_cond_timedwait(c, m, &t);
}

static size_t seq_bytes(const struct event *e)
{
    return e->kind == EVENT_TOKENS && e->seq
               ? sizeof *e->seq + (size_t)e->seq->n * sizeof e->seq->rows[0] : 0;
}

/* Waits for room, under the lock; 0: give the event up. */
static int wait_room(struct recorder *r, int kind, int (*let_go)(void *ud), void *ud)
{
    double start = clock_now();
    int room = 1;
    r->held++;
    while (room && full(r, kind) && !r->stopping) {
        if (r->failing.code && (let_go ? let_go(ud) : clock_now() - start > r->patience))
            room = 0;
        r->urgent = 1;
        pthread_cond_signal(&r->work);
        if (room)
            wait_until(&r->done, &r->lock, clock_now() + fmin(0.5, r->patience / 2));
    }
    r->held--;
    return room && !r->stopping;
}

int recorder_emit(struct recorder *r, const struct event *e, int (*let_go)(void *ud), void *ud)
{
    struct node *n = malloc(sizeof *n);
    pthread_mutex_lock(&r->lock);
    if (!n || !wait_room(r, e->kind, let_go, ud)) {
        r->lost++;
        pthread_mutex_unlock(&r->lock);
        if (e->kind == EVENT_TOKENS)
            free(e->seq);
        free(n);
        return n ? E_IO : E_NOMEM;
    }
    n->e = *e;
    n->next = NULL;
    n->bad = 0;
    n->queued = clock_now();
    n->number = ++r->emitted;
    n->bytes = seq_bytes(e);
    n->rows = e->kind == EVENT_METRICS ? (size_t)e->nmetrics : 1;
    if (r->tail)
        r->tail->next = n;
    else
        r->head = n;
    r->tail = n;
    r->count++;
    r->rows += n->rows;
    r->bytes += n->bytes;
    if (e->kind == EVENT_STATE || e->kind == EVENT_CHECKPOINT || r->count >= BATCH_EVENTS / 2)
        r->urgent = 1;
    atomic_store(&r->depth, r->count);
    if (r->count == 1 || r->urgent)
        pthread_cond_signal(&r->work);
    pthread_mutex_unlock(&r->lock);
    return 0;
}

static void emit(void *ud, const struct event *e)
{
    recorder_emit(ud, e, NULL, NULL);
}

static int transient(int code)
{
    return code == E_NOSPACE || code == E_IO || code == E_BUSY || code == E_NOMEM || code == E_INPUT;
}

static int has_checkpoint(const struct node *node, int n)
{
    for (; n > 0; n--, node = n ? node->next : NULL)
        if (node->e.kind == EVENT_CHECKPOINT)
            return 1;
    return 0;
}

/* The recorder works for a run as its workers do: it stands among its threads, with what waits. */
static void add_self(const struct recorder *r, struct event *e)
{
    int most = (int)(sizeof e->threads / sizeof e->threads[0]), n = e->nthreads;
    if (e->kind != EVENT_THREADS || n < 0)
        return;
    n = n < most ? n : most - 1;
    snprintf(e->threads[n].what, sizeof e->threads[n].what, "%s%d queued", RECORDER_THREAD,
             atomic_load(&r->depth));
    e->threads[n].cpu = clock_thread_cpu();
    e->nthreads = n + 1;
}

/* Writes n nodes in one transaction. *marked is 1 when a node that can never be stored was found:
 * it is marked bad, and the rest can be tried again without it. The last node's `next` belongs to
 * emit and is not read. */
static int write_batch(struct recorder *r, struct node *node, int n, int *marked, struct err *err)
{
    int sync = has_checkpoint(node, n);
    *marked = 0;
    if (sync)
        sql_exec(&r->store->sql, "PRAGMA synchronous=FULL", NULL);
    int rc = store_begin(r->store, err);
    for (; n > 0 && !rc; n--, node = n ? node->next : NULL) {
        if (node->bad)
            continue;
        struct err why = {0, ""};
        struct event e = node->e;
        add_self(r, &e);
        rc = store_write_event(r->store, &e, &why);
        if (rc == E_NOTFOUND || (rc == E_INPUT && node->e.step < 0)) {
            node->bad = 1; /* its run was deleted; nothing was written for it */
            rc = 0;
        } else if (rc) {
            node->bad = *marked = !transient(rc);
            err_set(err, rc, "%s", why.text);
        }
    }
    rc = store_end(r->store, rc, err);
    if (sync)
        sql_exec(&r->store->sql, "PRAGMA synchronous=NORMAL", NULL);
    return rc;
}

/* Says, as a row of its own, that it works again. */
static void write_recovery(struct recorder *r, double seconds, int64_t lost, const char *why)
{
    struct event e = {.kind = EVENT_MESSAGE, .severity = lost ? SEV_ERROR : SEV_WARN};
    if (lost)
        snprintf(e.text, sizeof e.text, "the store could not be written for %.0f s (%.300s); "
                 "%lld event%s lost, all others are stored now", seconds, why, (long long)lost,
                 lost == 1 ? " is" : "s are");
    else
        snprintf(e.text, sizeof e.text, "the store could not be written for %.0f s (%.300s); "
                 "nothing is lost, what was kept in memory is stored now", seconds, why);
    struct err err = {0, ""};
    if (!store_begin(r->store, &err) &&
        !store_end(r->store, store_write_event(r->store, &e, &err), &err) && r->committed)
        r->committed(r->ud, &e);
}

/* Ends the outage, if there was one. Called and returning with the lock held. */
static void recover(struct recorder *r)
{
    struct err failing = r->failing;
    double seconds = clock_now() - r->failing_since;
    int64_t lost = r->lost;
    r->failing.code = 0;
    r->attempts = 0;
    r->lost = 0;
    if (!failing.code && !lost)
        return;
    pthread_mutex_unlock(&r->lock);
    write_recovery(r, failing.code ? seconds : 0, lost,
                   failing.code ? failing.text : "out of memory");
    pthread_mutex_lock(&r->lock);
}

/* Tells of n committed nodes and takes them off the queue. Called without the lock, returns with
 * it. */
static void settle(struct recorder *r, int n)
{
    struct node *node = r->head;
    for (int i = 0; i < n; i++) {
        if (!node->bad && r->committed)
            r->committed(r->ud, &node->e);
        if (i + 1 < n)
            node = node->next;
    }
    pthread_mutex_lock(&r->lock);
    recover(r);
    for (int i = 0; i < n; i++) {
        node = r->head;
        r->head = node->next;
        r->count--;
        r->rows -= node->rows;
        r->bytes -= node->bytes;
        r->stored = node->number;
        if (node->e.kind == EVENT_TOKENS)
            free(node->e.seq);
        free(node);
    }
    if (!r->head)
        r->tail = NULL;
    atomic_store(&r->depth, r->count);
    pthread_cond_broadcast(&r->done);
}

/* Called and returning with the lock held. */
static void drain(struct recorder *r)
{
    struct err err = {0, ""};
    int n = r->count < BATCH_EVENTS ? r->count : BATCH_EVENTS;
    struct node *first = r->head;
    int rc, marked;
    r->urgent = r->retry_now = 0;
    pthread_mutex_unlock(&r->lock);
    do
        rc = write_batch(r, first, n, &marked, &err);
    while (rc && marked);
    if (!rc) {
        settle(r, n);
        return;
    }
    pthread_mutex_lock(&r->lock);
    if (!r->failing.code)
        r->failing_since = clock_now();
    r->failing = err;
    r->failing.code = rc;
    r->attempts++;
    pthread_cond_broadcast(&r->done);
}

/* Runs the calls whose events are stored (or can't be, for now). */
static void run_calls(struct recorder *r)
{
    while (r->calls && (r->calls->after <= r->stored || r->failing.code)) {
        struct call *c = r->calls;
        r->calls = c->next;
        if (!r->calls)
            r->last_call = &r->calls;
        pthread_mutex_unlock(&r->lock);
        int result = c->fn(r->store, c->ud);
        pthread_mutex_lock(&r->lock);
        c->result = result;
        c->done = 1;
        pthread_cond_broadcast(&r->done);
    }
}

/* Seconds from a failed attempt to the next: 0.25, 0.5, ... 4. */
static double pause_of(const struct recorder *r)
{
    double pause = RETRY_FIRST;
    for (uint64_t i = 1; i < r->attempts && pause < RETRY_LAST; i++)
        pause *= 2;
    return pause;
}

/* When the queue's head is to be written. */
static double due(const struct recorder *r)
{
    if (r->calls || r->waiting || r->stopping || r->count >= BATCH_EVENTS / 2)
        return 0;
    return r->head->queued + (r->urgent ? URGENT_AGE : BATCH_AGE);
}

static void *record(void *ud)
{
    struct recorder *r = ud;
    double retry = 0;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        run_calls(r);
        if (r->stopping && (!r->head || (r->failing.code && !r->retry_now)))
            break;
        if (!r->head) {
            pthread_cond_wait(&r->work, &r->lock);
            continue;
        }
        double when = !r->failing.code ? due(r) : r->retry_now ? 0 : retry, now = clock_now();
        if (when > now) {
            wait_until(&r->work, &r->lock, when);
            continue;
        }
        drain(r);
        retry = clock_now() + pause_of(r);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct recorder *recorder_start(struct store *s, void (*committed)(void *ud, const struct event *e),
                                void *ud, struct err *err)
{
    struct recorder *r = calloc(1, sizeof *r);
    if (!r) {
        err_nomem(err, "the recorder");
        return NULL;
    }
    r->store = s;
    r->committed = committed;
    r->ud = ud;
    r->last_call = &r->calls;
    r->patience = LOSE_AFTER;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->work, &attr);
    pthread_cond_init(&r->done, &attr);
    pthread_condattr_destroy(&attr);
    int rc = pthread_create(&r->thread, NULL, record, r);
    if (rc) {
        errno = rc;
        err_errno(err, "cannot start the recorder's thread");
        free(r);
        return NULL;
    }
    return r;
}

static int flush(void *ud)
{
    return recorder_flush(ud, NULL);
}

struct event_sink recorder_sink(struct recorder *r)
{
    return (struct event_sink){.emit = emit, .ud = r, .flush = flush};
}

int recorder_call(struct recorder *r, int (*fn)(struct store *s, void *ud), void *ud)
{
    if (pthread_equal(pthread_self(), r->thread))
        return fn(r->store, ud);
    struct call c = {.fn = fn, .ud = ud};
    pthread_mutex_lock(&r->lock);
    c.after = r->emitted;
    *r->last_call = &c;
    r->last_call = &c.next;
    pthread_cond_signal(&r->work);
    while (!c.done)
        pthread_cond_wait(&r->done, &r->lock);
    pthread_mutex_unlock(&r->lock);
    return c.result;
}

int recorder_flush(struct recorder *r, struct err *err)
{
    int rc = 0;
    if (pthread_equal(pthread_self(), r->thread))
        return err_set(err, E_FAIL, "a flush from the recorder's own thread");
    pthread_mutex_lock(&r->lock);
    uint64_t upto = r->emitted, attempts = r->attempts;
    r->waiting++;
    r->retry_now = 1;
    pthread_cond_signal(&r->work);
    while (r->stored < upto && !rc) {
        if (r->failing.code && r->attempts > attempts)
            rc = err_set(err, r->failing.code, "%s", r->failing.text);
        else
            pthread_cond_wait(&r->done, &r->lock);
    }
    r->waiting--;
    pthread_mutex_unlock(&r->lock);
    return rc;
}

int recorder_error(struct recorder *r, struct err *err)
{
    pthread_mutex_lock(&r->lock);
    int code = r->failing.code;
    if (code)
        err_set(err, code, "%s", r->failing.text);
    pthread_mutex_unlock(&r->lock);
    return code;
}

int recorder_holds(struct recorder *r)
{
    pthread_mutex_lock(&r->lock);
    int holds = r->held && r->failing.code;
    pthread_mutex_unlock(&r->lock);
    return holds;
}

void recorder_patience(struct recorder *r, double seconds)
{
    pthread_mutex_lock(&r->lock);
    r->patience = seconds;
    pthread_mutex_unlock(&r->lock);
}

int recorder_queue_depth(const struct recorder *r)
{
    return atomic_load(&r->depth);
}

void recorder_stop(struct recorder *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = r->retry_now = 1;
    pthread_cond_broadcast(&r->work);
    pthread_cond_broadcast(&r->done);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    for (struct node *n = r->head, *next; n; n = next) {
        next = n->next;
        if (n->e.kind == EVENT_TOKENS)
            free(n->e.seq);
        free(n);
    }
    pthread_cond_destroy(&r->work);
    pthread_cond_destroy(&r->done);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
