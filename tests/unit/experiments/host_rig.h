/* A host in a thread of the test, or in a process of its own, and ways to wait for runs. */
#ifndef ES_TESTS_EXPERIMENTS_HOST_RIG_H
#define ES_TESTS_EXPERIMENTS_HOST_RIG_H
#include <pthread.h>
#include <stdint.h>

#include "db/query.h"
#include "experiments/host.h"
#include "tests/unit/experiments/rig.h"

struct host_rig {
    struct rig *rig;
    struct host *host;
    int pipe[2];     /* signals, one byte each */
    pthread_t thread;
    int rc;          /* of host_serve */
    int signal;      /* that ended it, 0 if none did */
};
/* Opens and serves on a thread; lingers until host_rig_end. */
int host_rig_start(struct host_rig *h, struct rig *rig, int max_runs);
/* Asks to quit, waits, closes. Returns host_serve's answer. */
int host_rig_end(struct host_rig *h);
/* Sends it `n` signals at once, waits, closes. 0, or -1. */
int host_rig_signal(struct host_rig *h, const char *signals, size_t n);
/* Waits until it ended by itself, closes. 0, or -1 after 20 s. */
int host_rig_ended(struct host_rig *h);
/* Teardown of a test: ends the host that a failed test left serving, so that the next test has the workspace. */
int host_rig_clean(void **state);
/* The run's entry now. */
int rig_run(const struct rig *r, int64_t run, struct query_run *out);
/* Waits until the run is in `state` (or `least` steps far, where state is -1). 0, or -1 after 20 s. */
int rig_wait(const struct rig *r, int64_t run, int state, int64_t least);
/* Sends raw bytes, returns the first answer line (static) or "" when the host hung up. */
const char *rig_raw(const struct rig *r, const char *bytes, size_t n);
/* 1 if two files have the same bytes. */
int rig_same_file(const char *a, const char *b);
/* Fails the test unless both runs have the same metric rows (times and rates apart). */
void rig_same_metrics(const struct rig *r, int64_t a, int64_t b);
/* Fails the test unless all networks of two checkpoints have the same bytes. */
void rig_same_weights(const struct rig *r, int64_t a, int64_t b, int step);
#endif
