/* The run store: one SQLite file in WAL mode. One writer (the host's recorder, under the
 * workspace's lock), any number of readers (db/query.h). No sqlite type is visible here. The
 * schema is in db/schema/; views v_runs, v_metrics, v_tokens are for other tools. */
#ifndef ES_DB_STORE_H
#define ES_DB_STORE_H
#include <stdint.h>

#include "src/config/config.h"
#include "src/event/event.h"

struct err;
struct store;

/* "3.40.1": of the library that runs. */
const char *store_sqlite_version(void);
/* Opens for writing: creates, migrates (one transaction), refuses a newer major version. */
struct store *store_open(const char *path, struct err *err);
void store_close(struct store *s);
/* A new run in state queued; *id is its number. A name that is taken gets -2, -3, ... appended
 * (written back to config). corpus_hash may be 0 before packing. */
int store_add_run(struct store *s, struct config *c, uint64_t config_hash, const char *program,
                  int64_t *id, struct err *err);
/* Rewrites the fields of a run (once resolved or prepared), but not its name and tags. */
int store_set_config(struct store *s, int64_t run, const struct config *c, uint64_t config_hash,
                     struct err *err);
/* The run that this one goes on from or copies. */
int store_set_parent(struct store *s, int64_t run, int64_t parent, struct err *err);
int store_set_identity(struct store *s, int64_t run, uint64_t corpus_hash, const char *kernel,
                       const char *blas_core, uint64_t params, struct err *err);
/* Deletes rows with step > `step` (-1: all of them) and marks the resume, in one transaction. */
int store_resume(struct store *s, int64_t run, int64_t step, struct err *err);
int store_set_state(struct store *s, int64_t run, int state, const char *reason, struct err *err);
int store_heartbeat(struct store *s, int64_t run, int64_t pid, const char *boot_id,
                    struct err *err);
int store_tag(struct store *s, int64_t run, const char *tags, struct err *err);
/* A name is taken by one run only. */
int store_rename(struct store *s, int64_t run, const char *name, struct err *err);
int store_note(struct store *s, int64_t run, const char *note, struct err *err);
int store_archive(struct store *s, int64_t run, int archived, struct err *err);
int store_delete_run(struct store *s, int64_t run, struct err *err);
/* Runs whose pid is dead or whose boot id differs become lost. */
int store_mark_lost(struct store *s, struct err *err);
/* This machine's boot id, for store_heartbeat; "" where the system has none. */
void store_boot_id(char out[64]);
/* "wal", or "delete" (one process at a time) on a network file system. */
const char *store_journal(const struct store *s);

/* One result of fine-tuning. A row with the same run, checkpoint, model, task, metric, seed and
 * settings replaces the one before. */
struct store_score {
    int64_t run, checkpoint_step; /* 0: a model from elsewhere, named by `model` */
    const char *model, *task, *metric, *settings /* JSON or "" */, *state, *program;
    int64_t seed, n;              /* n: examples scored */
    double value;
};
int store_add_score(struct store *s, const struct store_score *score, struct err *err);

/* Whose fine-tuning: a checkpoint of a run, or (run 0) a model from elsewhere. */
struct tuning_key {
    int64_t run, checkpoint_step, seed;
    const char *model, *task;
};
/* How far it is; NAN where there is no number. state NULL: it is over and its row goes. */
struct store_tuning {
    struct tuning_key key;
    const char *state, *why;     /* "running", "stopped", "failed"; why: what failed */
    int64_t epoch, epochs, step, steps;
    double loss, score, seconds_left;
};
int store_tuning(struct store *s, const struct store_tuning *t, struct err *err);
/* Examples that the tuned network got wrong; they replace those of the time before. */
struct store_mistake {
    int64_t place;               /* in the dev file, from 0 */
    const char *text, *second /* of a pair, or "" */, *label, *said;
    double confidence;           /* probability of what was said; of numbers the distance */
};
int store_mistakes(struct store *s, const struct tuning_key *k, const struct store_mistake *m, int n,
                   struct err *err);

/* The recorder: a thread that drains a bounded queue of events into the store, a commit at least
 * every 250 ms. Its emit is an event_sink; events of all runs go through one recorder. */
struct recorder;
/* committed (may be NULL) is called on the recorder's thread after a commit, for each event in
 * it, in order. */
struct recorder *recorder_start(struct store *s,
                                void (*committed)(void *ud, const struct event *e), void *ud,
                                struct err *err);
struct event_sink recorder_sink(struct recorder *r);
/* As the sink's emit, for a training thread: with the queue full and the store failing it waits until
 * there is room again, or until let_go says that its run is to end. 0, or a code: the event is lost. */
int recorder_emit(struct recorder *r, const struct event *e, int (*let_go)(void *ud), void *ud);
/* Runs fn(store) on the recorder's thread between commits and waits: every other write while a
 * recorder lives goes through here. Returns fn's value. */
int recorder_call(struct recorder *r, int (*fn)(struct store *s, void *ud), void *ud);
/* Waits until everything emitted before is committed. */
int recorder_flush(struct recorder *r, struct err *err);
/* 0, or the code and sentence of what keeps the store from being written right now (disk full,
 * I/O error). Events are kept and retried meanwhile. */
int recorder_error(struct recorder *r, struct err *err);
/* 1 while somebody waits for room because of that. */
int recorder_holds(struct recorder *r);
int recorder_queue_depth(const struct recorder *r);
void recorder_stop(struct recorder *r);
#endif
