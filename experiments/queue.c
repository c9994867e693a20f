/* The runs of a host: one thread each while preparing, and one while training.
 *
 *   job_add                        -> preparing
 *   preparing --prepare_thread-->  queued | failed     (end_preparing)
 *   queued    --start_training-->  running             (a place is free)
 *   running  <--job_pause / job_go_on--> paused        (said by the run: on_event)
 *   running, paused --job_stop-->  stopping --> stopped (end_training)
 *   preparing, queued --job_stop--> stopped
 *   running   --run_train-->       done | failed       (end_training)
 *   stopped, failed, lost --host_resume_run--> preparing (a job of its own)
 *   any live state --the host dies--> lost             (host_open of the next host)
 *
 * States are events like any other: they pass the recorder in order. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/host_int.h"
#include "experiments/prepare.h"
#include "experiments/probes.h"
#include "experiments/tune.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/math/math.h"
#include "src/model/model.h"
#include "src/train/core.h"

#define MEMORY_SHARE 0.8 /* of the machine's, for all runs together */

int job_live(const struct job *j)
{
    int s = atomic_load(&((struct job *)j)->state);
    return s < RUN_STOPPED;
}

int queue_live(const struct host *h)
{
    int n = 0;
    for (const struct job *j = h->jobs; j; j = j->next)
        n += job_live(j) || j->has_thread;
    return n;
}

struct job *job_find(struct host *h, int64_t id)
{
    struct job *j = h->jobs;
    while (j && j->id != id)
        j = j->next;
    return j;
}

void job_set_state(struct job *j, int state, const char *reason)
{
    struct event_sink sink = recorder_sink(j->host->recorder);
    struct event e = {.kind = EVENT_STATE, .run = j->id, .step = atomic_load(&j->step),
                      .tokens = atomic_load(&j->tokens), .wall = atomic_load(&j->wall),
                      .state = state};
    snprintf(e.text, sizeof e.text, "%s", reason ? reason : "");
    atomic_store(&j->state, state);
    sink.emit(sink.ud, &e);
    host_log(j->host, "run %lld %s%s%s", (long long)j->id, run_state_name(state),
             reason && *reason ? ": " : "", reason ? reason : "");
}

struct job *job_add(struct host *h, int64_t id, const struct config *c, const char *resume,
                    struct err *err)
{
    struct job *j = calloc(1, sizeof *j), **at = &h->jobs, *old = job_find(h, id);
    if (!j) {
        err_nomem(err, "a run");
        return NULL;
    }
    j->host = h;
    j->id = id;
    j->config = *c;
    snprintf(j->resume, sizeof j->resume, "%s", resume ? resume : "");
    while (*at && *at != old)
        at = &(*at)->next;
    if (old) { /* a run that goes on: its earlier life is at an end */
        *at = old->next;
        free(old);
        while (*at)
            at = &(*at)->next;
    }
    *at = j;
    job_set_state(j, RUN_PREPARING, NULL);
    h->beaten = 0; /* the store names its process at once: who is killed early is seen to be lost */
    return j;
}

/* --- preparing ------------------------------------------------------------------------------ */

static void on_progress(void *ud, const char *stage, double done)
{
    struct job *j = ud;
    struct event_sink sink = recorder_sink(j->host->recorder);
    struct event e = {.kind = EVENT_PROGRESS, .run = j->id, .done = done};
    if (clock_now() < j->told + 0.2)
        return;
    j->told = clock_now();
    snprintf(e.text, sizeof e.text, "%s", stage);
    sink.emit(sink.ud, &e);
}

static void on_warn(void *ud, const char *text)
{
    struct job *j = ud;
    host_message(j->host, j->id, SEV_WARN, text);
}

static int on_stop(void *ud)
{
    struct job *j = ud;
    return atomic_load(&j->cancelled);
}

struct identity {
    int64_t run;
    uint64_t corpus_hash, params;
    const char *kernel;
    struct err *err;
};

static int set_identity(struct store *s, void *ud)
{
    struct identity *i = ud;
    return store_set_identity(s, i->run, i->corpus_hash, i->kernel, math_blas_core(), i->params,
                              i->err);
}

/* Threads that a run can use: its own wish, or one a shard of its batches. */
static int useful_threads(const struct config *c)
{
    return (int)(c->threads > 0 ? c->threads : c->shards > 0 ? c->shards : 1);
}

/* Says what the run will be before it waits in the queue, so that a shape that cannot be built
 * fails now. */
static int identify(struct job *j, const struct prepared *p)
{
    char cpu[32];
    struct model m;
    const struct math *math =
        math_select(config_choice(config_find("cpu"), j->config.cpu, cpu, sizeof cpu), &j->err);
    if (!math)
        return E_USAGE;
    int rc = model_build(&m, &j->config, p->vocab_size, &j->err);
    if (rc)
        return rc;
    struct identity i = {j->id, p->corpus_hash, param_count(&m.table), math->name, &j->err};
    j->memory = model_memory(&j->config, p->vocab_size, useful_threads(&j->config));
    model_free(&m);
    return recorder_call(j->host->recorder, set_identity, &i);
}

/* The corpus of a run stays what it was: checkpoints/RUN/corpus names it for those who resume. */
static void remembered(const struct job *j, char *path, size_t size)
{
    snprintf(path, size, "%s/%lld/corpus", j->host->w.checkpoints, (long long)j->id);
}

static int remember(const struct job *j, struct err *err)
{
    char dir[1200], path[1300];
    const char *name = j->corpus, *corpora = j->host->w.corpora;
    size_t n = strlen(corpora);
    if (!strncmp(name, corpora, n) && name[n] == '/')
        name += n + 1;
    snprintf(dir, sizeof dir, "%s/%lld", j->host->w.checkpoints, (long long)j->id);
    remembered(j, path, sizeof path);
    int rc = file_mkdirs(dir, err);
    return rc ? rc : file_write_atomic(path, name, strlen(name), err);
}

/* The configuration to prepare with: of a resumed run, the very corpus it was begun on. */
static void recall(const struct job *j, struct config *c)
{
    char path[1300], manifest[2600], *text = NULL;
    size_t n = 0;
    *c = j->config;
    remembered(j, path, sizeof path);
    if (file_read(path, sizeof j->corpus, &text, &n, NULL))
        return;
    snprintf(manifest, sizeof manifest, "%s%s%s/manifest.json", *text == '/' ? "" : j->host->w.corpora,
             *text == '/' ? "" : "/", text);
    if (n && n < sizeof c->corpus && file_exists(manifest)) {
        memcpy(c->corpus, text, n + 1);
        c->vocab[0] = c->validation[0] = 0;
    }
    free(text);
}

static void *prepare_thread(void *ud)
{
    struct job *j = ud;
    struct prepare_hooks hooks = {on_progress, on_warn, on_stop, j};
    struct prepared p;
    struct config c;
    recall(j, &c);
    j->rc = tune_check(&c, &j->err);
    if (!j->rc)
        j->rc = prepare_corpus(&j->host->w, &c, &hooks, &p, &j->err);
    if (!j->rc)
        j->rc = identify(j, &p);
    if (!j->rc) {
        memcpy(j->corpus, p.dir, sizeof j->corpus);
        j->rc = remember(j, &j->err);
    }
    atomic_store(&j->finished, 1);
    host_wake(j->host);
    return NULL;
}

/* --- training ------------------------------------------------------------------------------- */

/* Whether a thread that waits for the store is to do so no longer. */
static int to_end(void *ud)
{
    struct job *j = ud;
    int ask = atomic_load(&j->control.ask);
    return ask == ASK_STOP || ask == ASK_KILL;
}

/* What a run says passes through here on its way to the recorder. Only the run knows whether it is
 * paused; how it began and ended are the host's to say. */
static void on_event(void *ud, const struct event *e)
{
    struct job *j = ud;
    if (e->step > atomic_load(&j->step))
        atomic_store(&j->step, e->step);
    if (e->tokens > atomic_load(&j->tokens))
        atomic_store(&j->tokens, e->tokens);
    atomic_store(&j->wall, e->wall);
    if (e->kind == EVENT_STATE) {
        int was = atomic_load(&j->state);
        if ((e->state != RUN_RUNNING && e->state != RUN_PAUSED) || was == RUN_STOPPING ||
            e->state == was || !atomic_compare_exchange_strong(&j->state, &was, e->state))
            return;
        host_wake(j->host);
    }
    if (recorder_emit(j->host->recorder, e, to_end, j))
        j->torn = 1;
}

static int on_flush(void *ud)
{
    struct job *j = ud;
    return j->torn ? E_IO : recorder_flush(j->host->recorder, NULL);
}

struct scores_call {
    const struct json_t *rows;
    struct err *err;
};

static int store_scores(struct store *s, void *ud)
{
    struct scores_call *c = ud;
    return scores_store(s, c->rows, c->err);
}

int host_store_scores(struct host *h, const struct json_t *rows, struct err *err)
{
    struct scores_call c = {rows, err};
    return recorder_call(h->recorder, store_scores, &c);
}

static int on_scores(void *ud, const struct json_t *rows, struct err *err)
{
    struct job *j = ud;
    return host_store_scores(j->host, rows, err);
}

static int on_tune(void *ud, int64_t step, const char *checkpoint, double *score, struct err *err)
{
    struct job *j = ud;
    struct tune_args a = {.config = &j->config, .run = j->id, .step = step, .checkpoint = checkpoint,
                          .threads = j->threads, .control = &j->control, .store = on_scores,
                          .warn = on_warn, .ud = j};
    return tune_run(&a, score, err);
}

static void *train_thread(void *ud)
{
    struct job *j = ud;
    char checkpoints[1200];
    snprintf(checkpoints, sizeof checkpoints, "%s/%lld", j->host->w.checkpoints, (long long)j->id);
    struct run_args args = {.id = j->id, .config = j->config, .corpus_dir = j->corpus,
                            .checkpoint_dir = checkpoints, .resume = *j->resume ? j->resume : NULL,
                            .branch = j->branch, .control = &j->control,
                            .sink = {on_event, j, on_flush}, .tune = on_tune, .tune_ud = j};
    args.config.threads = j->threads;
    char **probes = NULL;
    struct err why = {0};
    if (probes_read(&j->host->w, &probes, &why) < 0)
        host_message(j->host, j->id, SEV_WARN, why.text);
    args.probes = (const char *const *)probes;
    j->rc = run_train(&args, &j->err);
    probes_free(probes);
    atomic_store(&j->finished, 1);
    host_wake(j->host);
    return NULL;
}

/* Two runs of one thread each end as soon as the same runs one after the other with two threads:
 * measured on 2 cores, total time of two runs, at once / one by one: demo 8.5 s / 8.5 s (medians
 * of two), tiny 3.86 / 4.05, mini 12.1 / 12.2. So two are at work at least, which also hides what
 * one thread does alone (validation's sums, checkpoints, preparing), and more where the cores of
 * this machine are more than two runs have shards for. */
int queue_places(int cores, const struct config *c)
{
    int n = cores / useful_threads(c);
    return n < 2 ? 2 : n > HOST_RUNS_MAX ? HOST_RUNS_MAX : n;
}

int queue_threads(int cores, int places, int live, const struct config *c)
{
    int together = live < places ? live : places, share = cores / (together > 0 ? together : 1);
    if (c->threads > 0)
        return (int)c->threads;
    return share < 1 ? 1 : share;
}

static int places_for(const struct job *j)
{
    int wish = j->host->options.max_runs;
    return wish > 0 ? wish : queue_places(core_threads(0), &j->config);
}

int queue_most(const struct host *h)
{
    int most = h->options.max_runs > 0 ? h->options.max_runs : 2;
    for (const struct job *j = h->jobs; j; j = j->next)
        if (job_live(j) && places_for(j) > most)
            most = places_for(j);
    return most;
}

/* Bits do not depend on it. */
static int threads_for(const struct job *j)
{
    int live = 0;
    for (const struct job *k = j->host->jobs; k; k = k->next)
        live += job_live(k);
    return queue_threads(core_threads(0), places_for(j), live, &j->config);
}

/* Whether memory is there for one more beside those at work, paused ones too. */
static int fits(const struct job *j)
{
    double need = (double)j->memory, have = core_memory_all();
    for (const struct job *k = j->host->jobs; k; k = k->next)
        if (k->has_thread && atomic_load(&((struct job *)k)->state) != RUN_PREPARING)
            need += (double)k->memory;
    return have < 0 || need < MEMORY_SHARE * have;
}

/* Signals are the main thread's. */
static int start_thread(struct job *j, void *(*body)(void *))
{
    sigset_t all, before;
    sigfillset(&all);
    atomic_store(&j->finished, 0);
    j->err = (struct err){0};
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&j->thread, NULL, body, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    j->has_thread = !rc;
    return rc ? err_set(&j->err, E_FAIL, "cannot start a thread: %s", strerror(rc)) : 0;
}

static void start_training(struct job *j)
{
    j->threads = threads_for(j);
    job_set_state(j, RUN_RUNNING, NULL);
    if (start_thread(j, train_thread))
        job_set_state(j, RUN_FAILED, j->err.text);
}

/* --- ends ----------------------------------------------------------------------------------- */

static void end_preparing(struct job *j)
{
    if (j->rc == E_STOPPED || (!j->rc && atomic_load(&j->cancelled)))
        job_set_state(j, RUN_STOPPED, NULL);
    else if (j->rc)
        job_set_state(j, RUN_FAILED, j->err.text);
    else
        job_set_state(j, RUN_QUEUED, NULL);
}

static void end_training(struct job *j)
{
    if (!j->rc)
        job_set_state(j, RUN_DONE, NULL);
    else if (j->rc == E_STOPPED)
        job_set_state(j, RUN_STOPPED, NULL);
    else
        job_set_state(j, RUN_FAILED, j->err.text);
}

static void join_ended(struct host *h)
{
    for (struct job *j = h->jobs; j; j = j->next) {
        if (!j->has_thread || !atomic_load(&j->finished))
            continue;
        pthread_join(j->thread, NULL);
        j->has_thread = 0;
        if (atomic_load(&j->state) == RUN_PREPARING)
            end_preparing(j);
        else
            end_training(j);
    }
}

void queue_turn(struct host *h)
{
    int preparing = 0, running = 0;
    join_ended(h);
    for (struct job *j = h->jobs; j; j = j->next) {
        int s = atomic_load(&j->state);
        preparing += s == RUN_PREPARING && j->has_thread;
        running += s == RUN_RUNNING || s == RUN_STOPPING;
    }
    /* One corpus at a time: the next run finds it made. */
    for (struct job *j = h->jobs; j && !preparing; j = j->next) {
        if (atomic_load(&j->state) != RUN_PREPARING || j->has_thread)
            continue;
        preparing = 1;
        if (start_thread(j, prepare_thread))
            job_set_state(j, RUN_FAILED, j->err.text);
    }
    for (struct job *j = h->jobs; j; j = j->next) {
        if (atomic_load(&j->state) != RUN_QUEUED)
            continue;
        if (running && (running >= places_for(j) || !fits(j)))
            break; /* in order: those behind it wait too. A lone run is checked by itself */
        start_training(j);
        running += job_live(j);
    }
}

/* --- what may be asked of a run ------------------------------------------------------------- */

static int wrong_state(const struct job *j, const char *what, struct err *err)
{
    int s = atomic_load(&((struct job *)j)->state);
    return err_set(err, E_FAIL, "run %lld is %s: it cannot be %s", (long long)j->id,
                   run_state_name(s), what);
}

int job_pause(struct job *j, struct err *err)
{
    int s = atomic_load(&j->state);
    if (s != RUN_RUNNING && s != RUN_PAUSED)
        return wrong_state(j, "paused", err);
    atomic_store(&j->control.ask, ASK_PAUSE);
    return 0;
}

int job_go_on(struct job *j, struct err *err)
{
    int s = atomic_load(&j->state);
    if (s != RUN_RUNNING && s != RUN_PAUSED)
        return wrong_state(j, "resumed", err);
    atomic_store(&j->control.ask, ASK_RUN);
    return 0;
}

int job_stop(struct job *j, int kill, struct err *err)
{
    int s = atomic_load(&j->state);
    if (!job_live(j))
        return wrong_state(j, "stopped", err);
    if (s == RUN_PREPARING && j->has_thread) {
        atomic_store(&j->cancelled, 1);
        return 0;
    }
    if (s == RUN_PREPARING || s == RUN_QUEUED) {
        job_set_state(j, RUN_STOPPED, NULL);
        return 0;
    }
    /* A kill stays one: a stop after it would wait for a checkpoint again. */
    if (atomic_load(&j->control.ask) != ASK_KILL)
        atomic_store(&j->control.ask, kill ? ASK_KILL : ASK_STOP);
    if (s != RUN_STOPPING)
        job_set_state(j, RUN_STOPPING, NULL);
    return 0;
}

int job_checkpoint(struct job *j, struct err *err)
{
    int s = atomic_load(&j->state);
    if (s != RUN_RUNNING && s != RUN_PAUSED)
        return wrong_state(j, "checkpointed", err);
    atomic_store(&j->control.checkpoint, 1);
    return 0;
}

int job_watch(struct job *j, double seconds, struct err *err)
{
    if (!job_live(j))
        return wrong_state(j, "watched live", err);
    if (!(seconds >= 0 && seconds <= 3600))
        return err_set(err, E_USAGE, "seconds: %g is outside 0 to 3600", seconds);
    atomic_store(&j->control.watch_until, clock_now() + seconds);
    return 0;
}
