/* See query.h: series, reduced from the roll-ups.
 *
 * Blocks of the coarsest level that still has two or more to a bucket are read; a block that lies
 * across the edge of a bucket (or of the range) is replaced by its sixteen children, down to the
 * points; so is the open end after the last closed block. The result is exact: the same as a pass
 * over all points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/query_int.h"
#include "src/base/err.h"

/* Ranges of steps that are still to be read, at a level. */
struct todo {
    struct {
        int64_t from, to;
        int level;
    } *items;
    int n, cap;
};

static int todo_push(struct todo *t, int64_t from, int64_t to, int level, struct err *err)
{
    if (from > to)
        return 0;
    if (t->n == t->cap) {
        int cap = t->cap ? 2 * t->cap : 64;
        void *p = realloc(t->items, (size_t)cap * sizeof *t->items);
        if (!p)
            return err_nomem(err, "a series");
        t->items = p;
        t->cap = cap;
    }
    t->items[t->n].from = from;
    t->items[t->n].to = to;
    t->items[t->n++].level = level;
    return 0;
}

static int bucket_of(const struct reduce *r, int64_t step)
{
    __int128 span = (__int128)r->to - r->from + 1;
    return (int)(((__int128)step - r->from) * r->buckets / span);
}

static int read_points(struct query *q, struct reduce *r, int64_t from, int64_t to, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT step, value, kind FROM point WHERE series = ? AND "
                                "step >= ? AND step <= ?", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "iii", r->series, from, to);
    int rc;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        struct block b = block_read_point(st);
        if (b.first_step < from || b.first_step > to) {
            rc = sql_damaged(&q->sql, err);
            break;
        }
        block_merge(&r->out[bucket_of(r, b.first_step)], &b);
    }
    sqlite3_reset(st);
    return rc;
}

/* First step of the block of a level that contains `from`, or `from`. */
static int block_start(struct query *q, const struct reduce *r, int level, int64_t *from,
                       struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT first_step FROM rollup WHERE series = ? AND "
                                "level = ? AND first_step <= ? ORDER BY first_step DESC LIMIT 1",
                                err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "iii", r->series, (int64_t)level, *from);
    int rc = sql_row(&q->sql, st, err);
    if (rc > 0)
        *from = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return rc < 0 ? rc : 0;
}

static int read_blocks(struct query *q, struct reduce *r, struct todo *t, int64_t from, int64_t to,
                       int level, struct err *err)
{
    int64_t start = from, reached = from;
    int rc = block_start(q, r, level, &start, err);
    if (rc)
        return rc;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT first_step, last_step, n, nonfinite, min, max, sum, "
                                "last FROM rollup WHERE series = ? AND level = ? AND "
                                "first_step >= ? AND first_step <= ? ORDER BY first_step", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "iiii", r->series, (int64_t)level, start, to);
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        struct block b = block_read(st);
        if (b.first_step < start || b.first_step > to || !block_holds(&b, level)) {
            rc = sql_damaged(&q->sql, err);
            break;
        }
        start = b.last_step < to ? b.last_step + 1 : INT64_MAX; /* where the next may begin */
        if (b.last_step < from)
            continue;
        reached = start;
        if (b.first_step >= from && b.last_step <= to &&
            bucket_of(r, b.first_step) == bucket_of(r, b.last_step))
            block_merge(&r->out[bucket_of(r, b.first_step)], &b);
        else if ((rc = todo_push(t, b.first_step > from ? b.first_step : from,
                                 b.last_step < to ? b.last_step : to, level - 1, err)))
            break;
    }
    sqlite3_reset(st);
    return rc || reached == INT64_MAX ? rc : todo_push(t, reached, to, level - 1, err);
}

int64_t query_density(const struct series_end *e, int64_t from, int64_t to, int buckets)
{
    double span = (double)(e->last_step - e->first_step) + 1;
    double share = ((double)(to - from) + 1) / span;
    double n = (double)e->n * (share < 1 ? share : 1) / buckets;
    return n < 1e15 ? (int64_t)n : (int64_t)1e15;
}

int query_reduce(struct query *q, struct reduce *r, int64_t points_per_bucket, struct err *err)
{
    struct todo t = {0};
    int level = 0, rc;
    for (int64_t size = ROLLUP_FAN; level < ROLLUP_LEVELS && 2 * size <= points_per_bucket;
         size *= ROLLUP_FAN)
        level++;
    rc = todo_push(&t, r->from, r->to, level, err);
    while (t.n && !rc) {
        t.n--;
        int64_t from = t.items[t.n].from, to = t.items[t.n].to;
        int l = t.items[t.n].level;
        rc = l ? read_blocks(q, r, &t, from, to, l, err) : read_points(q, r, from, to, err);
    }
    free(t.items);
    return rc;
}

int query_series_end(struct query *q, int64_t run, int metric, struct series_end *out,
                     struct err *err)
{
    struct query_summary s;
    memset(out, 0, sizeof *out);
    int rc = query_metric_summary(q, run, metric, &s, err);
    if (rc <= 0)
        return rc;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT id FROM series WHERE run = ? AND metric = ?", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", run, q->metric_ids[query_slot(metric)]);
    if ((rc = sql_row(&q->sql, st, err)) > 0)
        *out = (struct series_end){sqlite3_column_int64(st, 0), s.n, s.first_step, s.last_step};
    sqlite3_reset(st);
    return rc;
}

int query_metric_summary(struct query *q, int64_t run, int metric, struct query_summary *out,
                         struct err *err)
{
    memset(out, 0, sizeof *out);
    out->last = out->best = NAN;
    if (!metric_get(metric))
        return err_set(err, E_USAGE, "there is no metric %d", metric);
    int slot = query_slot(metric), rc;
    if (!q->metric_ids[slot] && (rc = query_load_metrics(q, err)))
        return rc;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT n, first_step, last_step, best_step, last, "
                                "last_kind, best FROM series WHERE run = ? AND metric = ? AND n > 0",
                                err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", run, q->metric_ids[slot]);
    if ((rc = sql_row(&q->sql, st, err)) <= 0)
        return rc;
    if ((out->n = sqlite3_column_int64(st, 0)) < 1) { /* of a text that is more than 0 */
        sqlite3_reset(st);
        return 0;
    }
    out->first_step = sqlite3_column_int64(st, 1);
    out->last_step = sqlite3_column_int64(st, 2);
    out->best_step = sqlite3_column_int64(st, 3);
    out->last = sql_value(st, 4, 5);
    out->best = sqlite3_column_type(st, 6) == SQLITE_NULL ? NAN : sqlite3_column_double(st, 6);
    sqlite3_reset(st);
    return 1;
}

/* Tokens and time of the last point in a bucket. */
static int read_logged(struct query *q, int64_t run, int metric, struct query_bucket *b,
                       struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT tokens, wall FROM logged WHERE run = ? AND "
                                "held_out = ? AND step = ?", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "iii", run, (int64_t)(metric >= METRIC_VAL), b->last_step);
    int rc = sql_row(&q->sql, st, err);
    if (rc > 0) {
        b->tokens = sqlite3_column_double(st, 0);
        b->wall = sqlite3_column_double(st, 1);
    }
    sqlite3_reset(st);
    return rc < 0 ? rc : 0;
}

static int series_in(struct query *q, int64_t run, int metric, struct reduce *r, struct arena *a,
                     struct query_bucket **out, struct err *err)
{
    struct series_end e;
    int rc = query_series_end(q, run, metric, &e, err);
    if (rc <= 0)
        return rc;
    r->series = e.id;
    if (e.first_step < 0 || e.last_step < e.first_step)
        return sql_damaged(&q->sql, err);
    if (r->to < 0)
        r->to = e.last_step;
    if (r->from < 0)
        r->from = 0;
    if (r->to < r->from)
        return 0;
    if (r->to - r->from < r->buckets)
        r->buckets = (int)(r->to - r->from + 1);
    r->out = arena_zalloc(a, (size_t)r->buckets, sizeof *r->out);
    *out = arena_alloc(a, (size_t)r->buckets, sizeof **out);
    if (!r->out || !*out)
        return err_nomem(err, "a series");
    rc = query_reduce(q, r, query_density(&e, r->from, r->to, r->buckets), err);
    int n = 0;
    for (int i = 0; i < r->buckets && !rc; i++) {
        const struct block *b = &r->out[i];
        if (!b->n)
            continue;
        (*out)[n] = (struct query_bucket){
            .first_step = b->first_step, .last_step = b->last_step, .min = b->min, .max = b->max,
            .mean = block_mean(b), .last = b->last,
            .n = (uint32_t)b->n, .nonfinite = (uint32_t)b->nonfinite};
        rc = read_logged(q, run, metric, &(*out)[n++], err);
    }
    return rc ? rc : n;
}

int query_series(struct query *q, int64_t run, int metric, int64_t from, int64_t to, int buckets,
                 struct arena *a, struct query_bucket **out, struct err *err)
{
    struct reduce r = {.from = from, .to = to, .buckets = buckets};
    *out = NULL;
    if (buckets < 1 || buckets > 1 << 20)
        return err_set(err, E_USAGE, "a series in %d buckets", buckets);
    int rc = sql_run(&q->sql, err, "BEGIN", "");
    if (rc)
        return rc;
    rc = series_in(q, run, metric, &r, a, out, err);
    sql_run(&q->sql, NULL, "END", "");
    return rc;
}

/* series.n is a store's word for how many points there are: a large one is counted before there is
 * room for it. */
#define WORD 65536
static int count_points(struct query *q, struct series_end *e, int64_t after, struct err *err)
{
    if (e->n <= WORD && after < e->first_step)
        return 0;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT count(*) FROM point WHERE series = ? AND step > ?", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", e->id, after);
    int rc = sql_row(&q->sql, st, err);
    if (rc < 0)
        return rc;
    if (sqlite3_column_int64(st, 0) < e->n)
        e->n = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return 0;
}

static int read_after(struct query *q, const struct series_end *e, int64_t run, int metric, int64_t after,
                      struct query_point *p, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT p.step, p.value, p.kind, l.tokens, l.wall "
                                "FROM point p LEFT JOIN logged l ON l.run = ?2 AND l.held_out = ?3 "
                                "AND l.step = p.step WHERE p.series = ?1 AND p.step > ?4 ORDER BY p.step", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "iiii", e->id, run, (int64_t)(metric >= METRIC_VAL), after);
    int n = 0, rc = 0;
    while (n < e->n && (rc = sql_row(&q->sql, st, err)) > 0)
        p[n++] = (struct query_point){.step = sqlite3_column_int64(st, 0),
                                      .tokens = sqlite3_column_int64(st, 3),
                                      .value = sql_value(st, 1, 2),
                                      .wall = sqlite3_column_double(st, 4)};
    sqlite3_reset(st);
    return rc < 0 ? rc : n;
}

int query_points(struct query *q, int64_t run, int metric, struct arena *a, struct query_point **out,
                 struct err *err)
{
    return query_points_after(q, run, metric, INT64_MIN, a, out, err);
}

int query_points_after(struct query *q, int64_t run, int metric, int64_t after, struct arena *a,
                       struct query_point **out, struct err *err)
{
    struct series_end e;
    *out = NULL;
    int rc = sql_run(&q->sql, err, "BEGIN", "");
    if (rc)
        return rc;
    rc = query_series_end(q, run, metric, &e, err);
    if (rc > 0 && !(rc = count_points(q, &e, after, err)) && e.n) {
        *out = e.n < INT32_MAX ? arena_alloc(a, (size_t)e.n, sizeof **out) : NULL;
        rc = *out ? read_after(q, &e, run, metric, after, *out, err) : err_nomem(err, "a series");
    }
    sql_run(&q->sql, NULL, "END", "");
    return rc;
}

int query_metrics(struct query *q, int64_t run, int *ids, struct err *err)
{
    int rc = query_load_metrics(q, err), n = 0;
    if (rc)
        return rc;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT metric FROM series WHERE run = ? AND n > 0 "
                                "ORDER BY metric", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "i", run);
    unsigned char has[2 * METRIC_COUNT] = {0};
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        int m = query_metric_id(q, sqlite3_column_int64(st, 0));
        if (m >= 0)
            has[query_slot(m)] = 1;
    }
    for (int i = 0; i < 2 * METRIC_COUNT; i++)
        if (has[i])
            ids[n++] = query_metric_of_slot(i);
    return rc ? rc : n;
}
