/* See later.h. One thread a request; whichever of the two sides lets go last frees it. */
#include "experiments/later.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/client.h"
#include "experiments/host.h"
#include "src/base/err.h"

struct later {
    struct workspace w;
    json_t *request, *answer;
    int spawn, rc;
    struct err err;
    atomic_int done, holders;
};

static void let_go(struct later *l)
{
    if (atomic_fetch_sub(&l->holders, 1) > 1)
        return;
    json_decref(l->request);
    json_decref(l->answer);
    free(l);
}

static void *ask_thread(void *ud)
{
    struct later *l = ud;
    if (l->spawn && !host_alive(&l->w))
        l->rc = host_spawn(&l->w, &l->err);
    if (!l->rc) {
        json_t *request = l->request;
        l->request = NULL;
        l->rc = client_ask(&l->w, request, &l->answer, &l->err);
    }
    atomic_store(&l->done, 1);
    let_go(l);
    return NULL;
}

struct later *later_ask(const struct workspace *w, json_t *request, int spawn, struct err *err)
{
    struct later *l = request ? calloc(1, sizeof *l) : NULL;
    pthread_t thread;
    pthread_attr_t detached;
    sigset_t all, before;
    if (!request)
        err_set(err, E_INPUT, "the text is not valid UTF-8");
    else if (!l)
        err_nomem(err, "a request to the host");
    if (!l) {
        json_decref(request);
        return NULL;
    }
    l->w = *w;
    l->request = request;
    l->spawn = spawn;
    atomic_store(&l->holders, 2);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals stay with the thread that has a terminal */
    int rc = pthread_create(&thread, &detached, ask_thread, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&detached);
    if (!rc)
        return l;
    json_decref(request);
    free(l);
    err_set(err, E_FAIL, "cannot start a thread: %s", strerror(rc));
    return NULL;
}

int later_look(struct later *l, json_t **answer, struct err *err)
{
    if (!atomic_load(&l->done))
        return 1;
    int rc = l->rc;
    if (rc) {
        err_set(err, rc, "%s", l->err.text);
    } else {
        *answer = l->answer;
        l->answer = NULL;
    }
    let_go(l);
    return rc;
}

void later_drop(struct later *l)
{
    if (l)
        let_go(l);
}
