/* Reading the run store: what the screens and the command line see. Read-only connections that
 * never checkpoint; statements are reset before each call returns. */
#ifndef ES_DB_QUERY_H
#define ES_DB_QUERY_H
#include <stdint.h>

#include "src/base/arena.h"
#include "src/config/config.h"
#include "src/config/metric.h"
#include "src/event/event.h"

struct err;
struct query;

/* E_NOTFOUND when there is no store yet. */
struct query *query_open(const char *path, struct err *err);
void query_close(struct query *q);
/* Reads the whole file for damage (seconds for a large store): E_INPUT with what was found first. */
int query_check(struct query *q, struct err *err);
/* Changes when anything was committed since: cheap (PRAGMA data_version). */
int64_t query_version(struct query *q);
/* 1: opened as an unchanging file on a read-only medium (worth saying). */
int query_is_immutable(const struct query *q);

#define QUERY_TREND 24
struct query_run {
    int64_t id, parent, step, tokens, pid;
    char name[CONFIG_TEXT], tags[CONFIG_TEXT], note[512], reason[256];
    char checkpoint[1024];      /* newest, "" if none */
    int64_t checkpoint_step;
    int64_t val_step;           /* of the newest held-out values; -1 if none */
    int state, archived;
    double created, started, ended, heartbeat; /* UTC seconds; 0 = never */
    uint64_t config_hash, corpus_hash, params;
    char kernel[32], blas_core[32], program[32];
    struct config config;
    double last[METRIC_COUNT], val_last[METRIC_COUNT], val_best[METRIC_COUNT]; /* NAN: none */
    uint8_t has[METRIC_COUNT], val_has[METRIC_COUNT]; /* 1: there is a value (maybe nan) */
    char progress[64];          /* stage while preparing */
    double done;
    double best[METRIC_COUNT];  /* of `last`; NAN where a metric has no better direction */
};
/* All runs, newest first; *out lies in the arena. Returns their number or a negative code. */
int query_runs(struct query *q, int with_archived, struct arena *a, struct query_run **out,
               struct err *err);
/* The course of a run's total_loss (held-out from eight values on), QUERY_TREND values, NAN where there
 * is a gap; NULL: none. As query_runs saw the run last; good until the next call. */
const double *query_trend(struct query *q, int64_t run);
/* The least value of a metric between two steps; its last value up to a step. NAN: there is none. The
 * answers are kept for the next picture. */
double query_least(struct query *q, int64_t run, int metric, int64_t from, int64_t to);
double query_value_at(struct query *q, int64_t run, int metric, int64_t step);
/* By id or unique name. E_NOTFOUND names it. */
int query_run_find(struct query *q, const char *id_or_name, struct query_run *out,
                   struct err *err);

struct query_bucket {
    int64_t first_step, last_step; /* of the points in it */
    double min, max, mean, last;   /* finite values only; NAN if there is none */
    uint32_t n, nonfinite;         /* n counts all points; buckets without any are left out */
    double wall, tokens;           /* at the last point */
};
/* A series reduced to at most `buckets` equal step ranges over [from, to] (to < 0: the end), from
 * the roll-ups where they are fine enough: never loses a minimum, maximum or NaN. */
int query_series(struct query *q, int64_t run, int metric, int64_t from, int64_t to, int buckets,
                 struct arena *a, struct query_bucket **out, struct err *err);
struct query_point {
    int64_t step, tokens;
    double value, wall;
};
int query_points(struct query *q, int64_t run, int metric, struct arena *a,
                 struct query_point **out, struct err *err);
/* Those of steps above `after`: costs what is new, however long the series is. */
int query_points_after(struct query *q, int64_t run, int metric, int64_t after, struct arena *a,
                       struct query_point **out, struct err *err);
/* Metric ids that a run has; at most METRIC_COUNT * 2. */
int query_metrics(struct query *q, int64_t run, int *ids, struct err *err);

/* One metric of one run: number of points, last and best (with their steps). 0 if it has none, 1
 * else. */
struct query_summary { int64_t n, first_step, last_step, best_step; double last, best; };
int query_metric_summary(struct query *q, int64_t run, int metric, struct query_summary *out,
                         struct err *err);

/* Steps that have a token snapshot of `source`, ascending. */
int query_snapshots(struct query *q, int64_t run, int source, struct arena *a, int64_t **steps,
                    struct err *err);
/* The sequences of one snapshot (source, step) by sentence; TOKENS_LIVE ignores step, step < 0 is
 * the newest. Returns their number, 0 if there are none. *step_out: what they are of; *age: seconds
 * since written. Both may be NULL. */
int query_tokens(struct query *q, int64_t run, int source, int64_t step, struct arena *a,
                 struct token_seq ***out, int64_t *step_out, double *age, struct err *err);

/* The highest number of a sequence of this source, over all runs, at most QUERY_SENTENCES; 0: there
 * is none. */
#define QUERY_SENTENCES 1000000000
int query_last_sentence(struct query *q, int source);

struct query_event {
    int64_t id, run, step;
    double time;
    int severity;
    char text[512];
};
/* Newest first; limit 0: all. run 0 stands for all runs (and the store's own, run 0). */
int query_events(struct query *q, int64_t run_or_0, int limit, struct arena *a,
                 struct query_event **out, struct err *err);
/* How many events came after this one, and the newest of them (id, when there is none). */
int64_t query_events_after(struct query *q, int64_t id, int64_t *newest);
/* A checkpoint that is still there. best: when it was written no other was better, by `value` of
 * `metric` (held-out; NAN unknown). */
struct query_mark { int64_t run, step; double time, value; int best, metric; };
/* Newest first, at most `limit`; run 0 stands for all runs. Returns their number or a negative code. */
int query_marks(struct query *q, int64_t run_or_0, int limit, struct arena *a, struct query_mark **out,
                struct err *err);
/* The trainer first, its workers, the recorder last. */
struct query_threads {
    int n;
    struct { char what[24]; double cpu; } threads[16];
    double time;
};
int query_run_threads(struct query *q, int64_t run, struct query_threads *out, struct err *err);
struct query_checkpoint { int64_t step; char path[1024]; int best; double time; };
int query_checkpoints(struct query *q, int64_t run, struct arena *a,
                      struct query_checkpoint **out, struct err *err);

struct query_score {
    int64_t run, checkpoint_step, seed, n;
    char model[1024], task[64], metric[64], settings[512], state[32], program[32];
    double value, time;
};
/* Fine-tuning results of a run (0: of all) and a task (NULL: all), by task, metric, run, seed. */
int query_scores(struct query *q, int64_t run, const char *task, struct arena *a,
                 struct query_score **out, struct err *err);
/* Fine-tunings that are at work, then those that ended without a score. */
struct query_tuning {
    int64_t run, checkpoint_step, seed, epoch, epochs, step, steps;
    char model[1024], task[64], state[32], why[256];
    double loss, score, seconds_left, time;
};
int query_tunings(struct query *q, struct arena *a, struct query_tuning **out, struct err *err);
/* What the tuned network of a score got wrong (its run, step, model, task and seed), the surest
 * first. */
struct query_mistake {
    int64_t place;
    char text[256], second[256], label[64], said[64];
    double confidence;
};
int query_mistakes(struct query *q, const struct query_score *whose, struct arena *a,
                   struct query_mistake **out, struct err *err);
/* Times a run was resumed: the steps it went on from, oldest first. */
int query_resumes(struct query *q, int64_t run, struct arena *a, int64_t **steps, struct err *err);
#endif
