/* Inside of the store, shared by store*.c and recorder.c. */
#ifndef ES_DB_STORE_INT_H
#define ES_DB_STORE_INT_H
#include "db/rollup.h"
#include "db/sql.h"
#include "db/store.h"
#include "src/config/metric.h"

#define SERIES_BUCKETS 256
/* The end of one series, cached while its run writes. Dropped after any rollback. */
struct series {
    int64_t id, run;
    int metric;
    int64_t n, first_step, last_step, best_step;
    double last, best; /* best NaN: none */
    int dirty;
    struct rollup up;
    struct series *next;
};

struct store {
    struct sql sql;
    double opened;                       /* UTC */
    int wal;                             /* 0: rollback journal (network file system) */
    int wal_frames, wal_tried;           /* frames now; frames when a checkpoint was last tried */
    int64_t metric_ids[2 * METRIC_COUNT];
    struct series *series[SERIES_BUCKETS];
    int nseries;
};

int store_begin(struct store *s, struct err *err);
/* Writes what is dirty, commits, and keeps the WAL small. A failure rolls back. */
int store_commit(struct store *s, struct err *err);
void store_rollback(struct store *s);
/* Ends a transaction: commits if rc is 0, else rolls back. Returns the first error. */
int store_end(struct store *s, int rc, struct err *err);
/* Forgets cached series: after a rollback, or when rows were deleted. */
void store_forget(struct store *s);

/* Inside a transaction. E_NOTFOUND: there is no such run (any more). */
int store_write_event(struct store *s, const struct event *e, struct err *err);
int store_write_state(struct store *s, int64_t run, int64_t step, int state, const char *reason,
                      struct err *err);
int store_write_message(struct store *s, int64_t run, int64_t step, int severity, const char *text,
                        struct err *err);
int store_write_tokens(struct store *s, const struct event *e, struct err *err);
int store_write_point(struct store *s, int64_t run, int metric, int64_t step, double value,
                      struct err *err);
/* Deletes the points after `step` of all series of a run. */
int store_cut_series(struct store *s, int64_t run, int64_t step, struct err *err);
int store_write_series(struct store *s, struct err *err);

/* Seconds that emit waits in a full queue while the store can't be written, before it gives the
 * event up (10 at first). */
void recorder_patience(struct recorder *r, double seconds);

/* The name of a network file system by statfs's f_type, or NULL. */
const char *store_network_fs(long type);
/* 1 if the process is alive (or not ours to ask). */
int store_pid_alive(int64_t pid);
/* "" where the system has none. */
void store_boot_id(char out[64]);
#endif
