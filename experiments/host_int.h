/* Inside the host: one process, one main thread (socket, schedule, heartbeats), one thread per
 * run at work, one that scores own sentences, and the recorder's. */
#ifndef ES_EXPERIMENTS_HOST_INT_H
#define ES_EXPERIMENTS_HOST_INT_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "db/store.h"
#include "experiments/host.h"
#include "experiments/socket.h"
#include "src/base/err.h"
#include "src/train/run.h"

#define HOST_RUNS_MAX 16      /* at once */
#define LOG(s) visible((char[400]){0}, 400, (s))

struct job {
    struct host *host;
    struct job *next;
    int64_t id;
    struct config config;        /* resolved */
    atomic_int state;            /* enum run_state */
    char resume[1200];           /* checkpoint to go on from, or "" */
    int branch;                  /* 1: that is its parent's */
    char corpus[1200];           /* packed, once prepared */
    int threads;                 /* of this run's pool */
    uint64_t memory;             /* bytes it will need, once prepared */
    struct run_control control;
    atomic_int cancelled;        /* stop while preparing */
    pthread_t thread;
    int has_thread;              /* to be joined */
    atomic_int finished;         /* its thread has ended: rc and err are there */
    int rc;
    struct err err;
    _Atomic int64_t step, tokens; /* of its newest event */
    _Atomic double wall;
    int torn;                    /* an event was given up: no checkpoint may come after it */
    double told;                 /* when progress was last told */
};

struct scoring; /* score.c */

struct host {
    struct workspace w;
    struct host_options options;
    int lock_fd, log_fd;
    int wake[2];                 /* threads write a byte when they end */
    struct store *store;
    struct recorder *recorder;
    struct wire wire;
    struct job *jobs;            /* in order of submission; ended ones stay for `list` */
    struct scoring *scoring;
    int stopping;                /* 1: stop all, then leave; 2: leave at once */
    int stop_signal;
    double idle_since, beaten;
    int in_trouble;              /* 1: the store could not be written when last looked at; 2: and memory
                                    for its rows was full */
    double started;              /* UTC */
    char boot_id[64];
};

/* queue.c */
int job_live(const struct job *j);
struct job *job_find(struct host *h, int64_t id);
/* Takes over the configuration; the run begins in state preparing. */
struct job *job_add(struct host *h, int64_t id, const struct config *c, const char *resume,
                    struct err *err);
/* Emits the state (and the reason of a failure). */
void job_set_state(struct job *j, int state, const char *reason);
/* Joins what has ended and starts what can be. Main thread only. */
void queue_turn(struct host *h);
int queue_live(const struct host *h); /* runs that are not at an end */
/* Runs that a host with so many cores trains at once, and the threads of one of them when `live`
 * runs are there. */
int queue_most(const struct host *h); /* runs at once, of those that are here */
int queue_places(int cores, const struct config *c);
int queue_threads(int cores, int places, int live, const struct config *c);
int job_pause(struct job *j, struct err *err);
int job_go_on(struct job *j, struct err *err);
/* kill: without a checkpoint. */
int job_stop(struct job *j, int kill, struct err *err);
int job_checkpoint(struct job *j, struct err *err);
int job_watch(struct job *j, double seconds, struct err *err);

/* host.c */
void host_log(struct host *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void host_wake(struct host *h);
void host_message(struct host *h, int64_t run, int severity, const char *text);
void host_ask_stop(struct host *h, int signal);

/* Rows of scores_store, by the recorder's thread. */
struct json_t;
int host_store_scores(struct host *h, const struct json_t *rows, struct err *err);

/* ops.c: answers one request line of a connection. */
void host_answer(struct host *h, struct connection *c, const char *line, size_t n);

/* score.c */
struct scoring *scoring_start(struct host *h, struct err *err);
void scoring_stop(struct scoring *s);
int scoring_pending(const struct scoring *s);
struct score_request {
    int64_t run, step;       /* step of the checkpoint; -1: the newest */
    const char *text;        /* "[MASK]" in it is a token to be proposed */
    uint64_t seed;
    int *positions;          /* malloc'd; NULL: drawn */
    int npositions;
    int sentence;            /* the number whose rows are replaced; 0: a new one */
    int fill;                /* 1: candidates for every masked position too (appendix G) */
    int pll;                 /* 1: its pseudo-log-likelihood by the checkpoint, nothing else */
    struct job *live;        /* at work: asked itself first; NULL: the checkpoint */
    int wait;                /* the run was asked for its first checkpoint: it will come */
};
/* Queues a request; its answer is written to the connection later. positions is taken over. */
int scoring_add(struct scoring *s, struct connection *c, const struct score_request *r, struct err *err);
#endif
