/* Own sentences: one thread has them scored. A run at work is asked itself, between two steps or within one, and
 * changes no bit by it; of others a checkpoint is opened, with random numbers of its own. The result
 * becomes rows of the store (source user) like any other. The last model stays open, for those who
 * type and look. */
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "experiments/branch.h"
#include "experiments/host_int.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/train/fill.h"

#define MASK_PROB 0.15
#define FILL_TOLD 12 /* candidates of a position in an answer */
#define FILL_JUDGED 4000 /* tokens: a second of a small model on two cores */
#define WAITING_MAX 16
#define PATIENCE 30.0 /* seconds for the first checkpoint of a run at work */

struct sentence {
    struct sentence *next;
    struct connection *c;
    struct score_request r;
    char *text;              /* r.text */
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
    char model[1300];        /* its main network's directory */
    int number, last;        /* of the sentence at hand; the highest given out, 0: not looked up */
};

static void free_sentence(struct sentence *s)
{
    free(s->text);
    free(s->r.positions);
    free(s);
}

static int ending(struct scoring *s)
{
    pthread_mutex_lock(&s->lock);
    int yes = s->ending;
    pthread_mutex_unlock(&s->lock);
    return yes;
}

/* The networks of a run that was opened to be looked at lie where its configuration says. */
static int opened_model(struct scoring *s, int64_t run, char *disc, char *gen, size_t size)
{
    char id[32];
    struct query *q = query_open(s->host->w.db, NULL);
    struct query_run *found = q ? malloc(sizeof *found) : NULL;
    snprintf(id, sizeof id, "%lld", (long long)run);
    int ok = found && !query_run_find(q, id, found, NULL) && *found->config.init_discriminator;
    if (ok) {
        snprintf(disc, size, "%s", found->config.init_discriminator);
        snprintf(gen, size, "%s", found->config.init_generator);
    }
    free(found);
    if (q)
        query_close(q);
    return ok;
}

/* The directories of both networks (gen "" without one), and the step they are of. */
static int find_model(struct scoring *s, const struct score_request *r, char *disc, char *gen, size_t size,
                      int64_t *step, struct err *err)
{
    char path[1200];
    struct err why = {0, ""};
    double until = clock_now() + PATIENCE;
    int rc = branch_find(&s->host->w, r->run, r->step, path, sizeof path, step, &why);
    while (rc == E_NOTFOUND && r->wait && clock_now() < until && !ending(s)) {
        clock_sleep(0.05);
        rc = branch_find(&s->host->w, r->run, r->step, path, sizeof path, step, &why);
    }
    if (rc == E_NOTFOUND && opened_model(s, r->run, disc, gen, size)) {
        *step = 0;
        return 0;
    }
    if (rc)
        return err_set(err, rc, "%s", why.text);
    snprintf(disc, size, "%s/discriminator", path);
    snprintf(gen, size, "%s/generator", path);
    if (!file_exists(disc))
        snprintf(disc, size, "%s/main", path);
    if (!file_exists(gen))
        *gen = 0;
    return 0;
}

static int open_model(struct scoring *s, const struct score_request *r, int64_t *step, struct err *err)
{
    char disc[1300], gen[1300];
    int rc = find_model(s, r, disc, gen, sizeof disc, step, err);
    if (rc || (s->scorer && !strcmp(disc, s->model)))
        return rc;
    scorer_close(s->scorer);
    s->scorer = scorer_open(disc, *gen ? gen : NULL, "auto", NULL, NULL, err);
    snprintf(s->model, sizeof s->model, "%s", s->scorer ? disc : "");
    return s->scorer ? 0 : E_INPUT;
}

/* Asks the run itself, between two of its steps or within one. E_NOTFOUND: it does not answer any more. */
static int score_live(struct scoring *s, const struct score_request *r, int64_t *step, struct err *err)
{
    struct run_control *control = &r->live->control;
    struct own_sentence own = {.text = r->text, .seed = r->seed, .positions = r->positions,
                               .npositions = r->npositions, .mask_prob = MASK_PROB, .sentence = s->number};
    struct own_sentence *none = NULL, *mine = &own;
    if (!atomic_compare_exchange_strong(&control->own, &none, &own))
        return E_NOTFOUND;
    while (!atomic_load(&own.done)) {
        int state = atomic_load(&r->live->state);
        if ((state != RUN_RUNNING && state != RUN_PAUSED) || ending(s)) {
            mine = &own; /* taken back, or it is being answered just now */
            if (atomic_compare_exchange_strong(&control->own, &mine, NULL))
                return E_NOTFOUND;
        }
        clock_sleep(0.002);
    }
    *step = own.step;
    return own.rc ? err_set(err, own.rc, "%s", own.why) : 0;
}

static int score_checkpoint(struct scoring *s, const struct score_request *r, int64_t *step, struct err *err)
{
    struct scorer_args args = {.text = r->text, .seed = r->seed, .mask_positions = r->positions,
                               .nmask = r->npositions, .mask_prob = MASK_PROB, .masks = 1};
    struct token_seq *seq = NULL;
    int rc = open_model(s, r, step, err);
    if (!rc)
        rc = scorer_score(s->scorer, &args, &seq, err);
    if (rc)
        return rc;
    struct event_sink sink = recorder_sink(s->host->recorder);
    seq->sentence = s->number;
    struct event e = {.kind = EVENT_TOKENS, .run = r->run, .step = *step, .source = TOKENS_USER,
                      .seq = seq};
    sink.emit(sink.ud, &e);
    return 0;
}

/* [{"at": 3, "original": 17, "tokens": [[id, p, p(replaced) or null, score], ...]}, ...] */
static json_t *candidates(struct scoring *s, const struct score_request *r, struct err *err)
{
    struct fill_args args = {.text = r->text, .positions = r->positions, .npositions = r->npositions,
                             .mask_prob = MASK_PROB, .judged = FILL_JUDGED};
    struct fill *f = NULL;
    int64_t step;
    int rc = open_model(s, r, &step, err);
    if (!rc)
        rc = scorer_fill(s->scorer, &args, &f, err);
    if (rc)
        return NULL;
    json_t *slots = json_array();
    for (int i = 0; i < f->nslots; i++) {
        json_t *tokens = json_array();
        for (int k = 0; k < f->slot[i].n && k < FILL_TOLD; k++) {
            const struct fill_token *t = &f->slot[i].token[k];
            json_array_append_new(tokens, json_pack("[i, f, o, f]", t->id, (double)t->gen_prob,
                                                    isnan(t->disc_prob) ? json_null()
                                                                        : json_real((double)t->disc_prob),
                                                    (double)t->score));
        }
        json_array_append_new(slots, json_pack("{s:i, s:i, s:o}", "at", f->slot[i].at, "original",
                                               f->slot[i].original, "tokens", tokens));
    }
    fill_free(f);
    return slots;
}

static json_t *number_or_null(double v) { return isnan(v) ? json_null() : json_real(v); }

/* {"gen": sum, "disc": sum, "tokens": [log p, ...]}; null where a network or a score is missing. */
static json_t *likelihood(struct scoring *s, const struct score_request *r, struct err *err)
{
    struct pll *p = NULL;
    int64_t step = 0;
    if (open_model(s, r, &step, err) || scorer_pll(s->scorer, r->text, &p, err))
        return NULL;
    json_t *tokens = json_array();
    for (int i = 0; i < p->n; i++)
        json_array_append_new(tokens, number_or_null((double)p->gen[i]));
    json_t *j = json_pack("{s:b, s:I, s:I, s:o, s:o, s:o}", "ok", 1, "run", (json_int_t)r->run, "step",
                          (json_int_t)step, "gen", number_or_null(p->gen_sum), "disc",
                          number_or_null(p->disc_sum), "tokens", tokens);
    pll_free(p);
    return j;
}

/* Own sentences of earlier hosts keep their numbers. */
static void choose_number(struct scoring *s, const struct score_request *r)
{
    if (!s->last) {
        struct query *q = query_open(s->host->w.db, NULL);
        s->last = q ? query_last_sentence(q, TOKENS_USER) : 0;
        if (q)
            query_close(q);
    }
    s->number = r->sentence > 0 && r->sentence <= s->last ? r->sentence : ++s->last;
}

static json_t *score(struct scoring *s, const struct score_request *r, struct err *err)
{
    int64_t step = 0;
    int live = r->live && !strstr(r->text, "[MASK]"), rc = E_NOTFOUND;
    json_t *fill = NULL;
    if (r->pll)
        return likelihood(s, r, err);
    choose_number(s, r);
    if (live)
        rc = score_live(s, r, &step, err);
    if (rc == E_NOTFOUND) {
        live = 0;
        rc = score_checkpoint(s, r, &step, err);
    }
    if (!rc)
        rc = recorder_flush(s->host->recorder, err);
    if (!rc && r->fill && !(fill = candidates(s, r, err)))
        rc = E_FAIL;
    if (rc)
        return NULL;
    json_t *j = json_pack("{s:b, s:I, s:I, s:i, s:b}", "ok", 1, "run", (json_int_t)r->run, "step",
                          (json_int_t)step, "sentence", s->number, "live", live);
    if (fill)
        json_object_set_new(j, "fill", fill);
    return j;
}

static void answer(struct scoring *s, const struct sentence *x)
{
    struct err err = {E_FAIL, "the sentence could not be scored"};
    json_t *j = score(s, &x->r, &err);
    if (!j)
        j = json_pack("{s:b, s:s, s:i}", "ok", 0, "error", err.text, "code", err.code);
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

int scoring_add(struct scoring *s, struct connection *c, const struct score_request *r, struct err *err)
{
    struct sentence *x = calloc(1, sizeof *x), **at = &s->first;
    if (x)
        *x = (struct sentence){.c = c, .r = *r, .text = strdup(r->text)};
    if (!x || !x->text) {
        free(x);
        free(r->positions);
        return err_nomem(err, "a sentence");
    }
    x->r.text = x->text;
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
