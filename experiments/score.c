/* Own sentences: one thread scores them with a run's newest checkpoint. It has networks and
 * random numbers of its own, so a run at work never notices; the result becomes rows of the
 * store (source user) like any other. The last model stays open, for those who type and look. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/host_int.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/train/checkpoint.h"

#define WAITING_MAX 16
#define PATIENCE 30.0 /* seconds for the first checkpoint of a run at work */

struct sentence {
    struct sentence *next;
    struct connection *c;
    int64_t run;
    char *text;
    uint64_t seed;
    int *positions, npositions;
    int wait;                /* a first checkpoint was asked for: it will come */
};

struct scoring {
    struct host *host;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct sentence *first;
    int waiting, ending;     /* waiting counts the one at work */
    /* Of the thread alone: */
    struct scorer *scorer;
    char model[1200];        /* the checkpoint that is open */
    int number;              /* of the last sentence */
};

static void free_sentence(struct sentence *s)
{
    free(s->text);
    free(s->positions);
    free(s);
}

static int ending(struct scoring *s)
{
    pthread_mutex_lock(&s->lock);
    int yes = s->ending;
    pthread_mutex_unlock(&s->lock);
    return yes;
}

static int open_model(struct scoring *s, int64_t run, int wait, int64_t *step, struct err *err)
{
    char dir[1200], path[1200], disc[1300], gen[1300];
    double until = clock_now() + PATIENCE;
    snprintf(dir, sizeof dir, "%s/%lld", s->host->w.checkpoints, (long long)run);
    int rc = checkpoint_newest(dir, path, sizeof path, step, err);
    while (rc == E_NOTFOUND && wait && clock_now() < until && !ending(s)) {
        clock_sleep(0.05);
        rc = checkpoint_newest(dir, path, sizeof path, step, err);
    }
    if (rc == E_NOTFOUND)
        return err_set(err, rc, "run %lld has no checkpoint yet to score a sentence with",
                       (long long)run);
    if (rc || (s->scorer && !strcmp(path, s->model)))
        return rc;
    scorer_close(s->scorer);
    snprintf(disc, sizeof disc, "%s/discriminator", path);
    snprintf(gen, sizeof gen, "%s/generator", path);
    if (!file_exists(disc))
        snprintf(disc, sizeof disc, "%s/main", path);
    s->scorer = scorer_open(disc, file_exists(gen) ? gen : NULL, "auto", NULL, NULL, err);
    snprintf(s->model, sizeof s->model, "%s", s->scorer ? path : "");
    return s->scorer ? 0 : E_INPUT;
}

static int score(struct scoring *s, const struct sentence *x, int64_t *step, struct err *err)
{
    struct scorer_args args = {.text = x->text, .seed = x->seed, .mask_positions = x->positions,
                               .nmask = x->npositions, .mask_prob = 0.15};
    struct token_seq *seq = NULL;
    int rc = open_model(s, x->run, x->wait, step, err);
    if (!rc)
        rc = scorer_score(s->scorer, &args, &seq, err);
    if (rc)
        return rc;
    struct event_sink sink = recorder_sink(s->host->recorder);
    seq->sentence = ++s->number;
    struct event e = {.kind = EVENT_TOKENS, .run = x->run, .step = *step, .source = TOKENS_USER,
                      .seq = seq};
    sink.emit(sink.ud, &e);
    return recorder_flush(s->host->recorder, err);
}

static void answer(struct scoring *s, const struct sentence *x)
{
    struct err err = {0};
    int64_t step = 0;
    int rc = score(s, x, &step, &err);
    json_t *j = rc ? json_pack("{s:b, s:s, s:i}", "ok", 0, "error", err.text, "code", rc)
                   : json_pack("{s:b, s:I, s:I, s:i}", "ok", 1, "run", (json_int_t)x->run, "step",
                               (json_int_t)step, "sentence", s->number);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    json_decref(j);
    if (text)
        wire_send(x->c, text, strlen(text));
    else
        atomic_store(&x->c->close, 1);
    free(text);
}

static void *scoring_thread(void *ud)
{
    struct scoring *s = ud;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->first && !s->ending)
            pthread_cond_wait(&s->more, &s->lock);
        struct sentence *x = s->first;
        if (!x || s->ending)
            break;
        s->first = x->next;
        pthread_mutex_unlock(&s->lock);
        answer(s, x);
        atomic_store(&x->c->busy, 0);
        free_sentence(x);
        pthread_mutex_lock(&s->lock);
        s->waiting--;
        host_wake(s->host);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct scoring *scoring_start(struct host *h, struct err *err)
{
    struct scoring *s = calloc(1, sizeof *s);
    sigset_t all, before;
    if (!s) {
        err_nomem(err, "own sentences");
        return NULL;
    }
    s->host = h;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&s->thread, NULL, scoring_thread, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!rc)
        return s;
    free(s);
    err_set(err, E_FAIL, "cannot start a thread: %s", strerror(rc));
    return NULL;
}

void scoring_stop(struct scoring *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = 1;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    while (s->first) {
        struct sentence *x = s->first;
        s->first = x->next;
        free_sentence(x);
    }
    scorer_close(s->scorer);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->more);
    free(s);
}

int scoring_pending(const struct scoring *scoring)
{
    struct scoring *s = (struct scoring *)scoring;
    pthread_mutex_lock(&s->lock);
    int n = s->waiting;
    pthread_mutex_unlock(&s->lock);
    return n;
}

int scoring_add(struct scoring *s, struct connection *c, int64_t run, const char *text,
                uint64_t seed, int *positions, int npositions, int wait, struct err *err)
{
    struct sentence *x = calloc(1, sizeof *x), **at = &s->first;
    if (x)
        *x = (struct sentence){.c = c, .run = run, .text = strdup(text), .seed = seed,
                               .positions = positions, .npositions = npositions,
                               .wait = wait};
    if (!x || !x->text) {
        free(x);
        free(positions);
        return err_nomem(err, "a sentence");
    }
    pthread_mutex_lock(&s->lock);
    int full = s->waiting >= WAITING_MAX;
    if (!full) {
        while (*at)
            at = &(*at)->next;
        *at = x;
        s->waiting++;
        atomic_store(&c->busy, 1);
        pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
    if (full)
        free_sentence(x);
    return full ? err_set(err, E_BUSY, "%d sentences are waiting already", WAITING_MAX) : 0;
}
