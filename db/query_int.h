/* Inside of the queries, shared by query*.c. */
#ifndef ES_DB_QUERY_INT_H
#define ES_DB_QUERY_INT_H
#include "db/query.h"
#include "db/rollup.h"
#include "db/sql.h"

#define QUERY_COLUMNS 256

struct series_end {
    int64_t id, n, first_step, last_step;
};
/* The trend of a run: the series that it is of, and what was read of that when somebody asked; the last
 * question of each kind, and its answer. */
enum { ASK_LEAST, ASK_AT, ASK_COUNT };
struct trend {
    int64_t run;
    struct series_end of, read;
    double values[QUERY_TREND];
    struct { int metric; int64_t from, to; double value; } asked[ASK_COUNT];
};

/* What each column of SELECT * FROM run is: an index into the fixed ones, into config_fields[], or -1;
 * found again when SQLite prepared the statement again, as it does for another schema. */
struct run_columns {
    const sqlite3_stmt *of;
    int prepared, n, fixed[QUERY_COLUMNS], field[QUERY_COLUMNS], state, boot_id;
};

struct query {
    struct sql sql;
    int version, immutable;
    struct config defaults;
    int64_t metric_ids[2 * METRIC_COUNT];  /* the store's number of a metric, 0: none */
    int *metric_of;                        /* the other way, -1: unknown to this program */
    int64_t nmetric_of;
    int metric_version;                    /* to see when the table has grown */
    char boot_id[64];
    struct trend *trends;                  /* ascending by run */
    int ntrends, trends_cap;
    struct run_columns all, one;           /* of the list, of a single run */
};

/* Slot 0 .. 2 * METRIC_COUNT - 1 of a metric id. */
int query_slot(int metric);
int query_metric_of_slot(int slot);
int query_load_metrics(struct query *q, struct err *err);
/* The program's metric id for the store's, or -1. */
int query_metric_id(const struct query *q, int64_t stored);

/* 1, 0 when the run has no such metric, or an error. */
int query_series_end(struct query *q, int64_t run, int metric, struct series_end *out,
                     struct err *err);
/* A bucket in the making. */
struct reduce {
    int64_t series, from, to;
    int buckets;
    struct block *out;  /* buckets; n = 0 where there is nothing */
};
int query_reduce(struct query *q, struct reduce *r, int64_t points_per_bucket, struct err *err);
/* Points of the series in a bucket if they were even. */
int64_t query_density(const struct series_end *e, int64_t from, int64_t to, int buckets);
#endif
