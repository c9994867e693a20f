/* See store_int.h: points, the ends of series, what a resume takes away. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_int.h"
#include "src/base/err.h"

#define POINTS_MOST (INT64_C(1) << 40) /* of a series; more is what somebody wrote there */

static int64_t stored_metric(const struct store *s, int metric)
{
    return s->metric_ids[metric < METRIC_VAL ? metric : METRIC_COUNT + metric - METRIC_VAL];
}

static unsigned bucket_of(int64_t run, int metric)
{
    return ((unsigned)run * 64 + (unsigned)metric) % SERIES_BUCKETS;
}

/* 1 if `v` beats the best so far: the first of equals stays. */
static int better(int metric, double v, double best)
{
    int direction = metric_get(metric)->better;
    if (!direction || !isfinite(v))
        return 0;
    return isnan(best) || (direction > 0 ? v > best : v < best);
}

static int read_series(struct store *s, struct series *se, struct err *err)
{
    struct sql *q = &s->sql;
    int rc = sql_run(q, err, "INSERT OR IGNORE INTO series(run, metric) VALUES(?, ?)", "ii", se->run,
                     stored_metric(s, se->metric));
    if (rc)
        return rc;
    sqlite3_stmt *st = sql_stmt(q, "SELECT id, n, first_step, last_step, last, last_kind, best, "
                                "best_step FROM series WHERE run = ? AND metric = ?", err);
    if (!st)
        return q->code;
    sql_bind(st, "ii", se->run, stored_metric(s, se->metric));
    if ((rc = sql_row(q, st, err)) <= 0)
        return rc ? rc : err_set(err, E_FAIL, "%s: a series is missing", q->path);
    se->id = sqlite3_column_int64(st, 0);
    se->n = sqlite3_column_int64(st, 1);
    se->first_step = sqlite3_column_int64(st, 2);
    se->last_step = sqlite3_column_int64(st, 3);
    se->last = sql_value(st, 4, 5);
    se->best = sqlite3_column_type(st, 6) == SQLITE_NULL ? NAN : sqlite3_column_double(st, 6);
    se->best_step = sqlite3_column_int64(st, 7);
    sqlite3_reset(st);
    if (se->n < 0 || se->n > POINTS_MOST)
        return sql_damaged(q, err);
    return rollup_load(q, se->id, &se->up, err);
}

static int find_series(struct store *s, int64_t run, int metric, struct series **out, struct err *err)
{
    unsigned b = bucket_of(run, metric);
    for (struct series *se = s->series[b]; se; se = se->next) {
        if (se->run != run || se->metric != metric)
            continue;
        *out = se;
        return 0;
    }
    struct series *se = calloc(1, sizeof *se);
    if (!se)
        return err_nomem(err, "a series");
    se->run = run;
    se->metric = metric;
    int rc = read_series(s, se, err);
    if (rc) {
        free(se);
        return rc;
    }
    se->next = s->series[b];
    s->series[b] = se;
    s->nseries++;
    *out = se;
    return 0;
}

static int write_end(struct store *s, struct series *se, struct err *err)
{
    se->dirty = 0;
    return sql_run(&s->sql, err, "UPDATE series SET n = ?, first_step = ?, last_step = ?, last = ?, "
                   "last_kind = ?, best = ?, best_step = ? WHERE id = ?", "iiididii", se->n,
                   se->first_step, se->last_step, isfinite(se->last) ? se->last : (double)NAN,
                   (int64_t)sql_kind(se->last), se->best, se->best_step, se->id);
}

int store_write_series(struct store *s, struct err *err)
{
    int rc = 0;
    for (int i = 0; i < SERIES_BUCKETS && !rc; i++)
        for (struct series *se = s->series[i]; se && !rc; se = se->next)
            if (se->dirty)
                rc = write_end(s, se, err);
    return rc;
}

/* Best of what is left, from blocks of 256 and the open ends; then the first step that has it. */
static int find_best(struct store *s, struct series *se, struct err *err)
{
    struct block all = {0};
    int direction = metric_get(se->metric)->better, rc;
    se->best = NAN;
    se->best_step = 0;
    if (!direction)
        return 0;
    sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT first_step, last_step, n, nonfinite, min, max, sum, "
                                "last FROM rollup WHERE series = ? AND level = 2 "
                                "ORDER BY first_step", err);
    if (!st)
        return s->sql.code;
    sql_bind(st, "i", se->id);
    struct block in = {0};
    while ((rc = sql_row(&s->sql, st, err)) > 0) {
        struct block b = block_read(st);
        if (!block_holds(&b, 2)) {
            sqlite3_reset(st);
            return sql_damaged(&s->sql, err);
        }
        double before = direction > 0 ? all.max : all.min;
        int none = all.n == all.nonfinite;
        block_merge(&all, &b);
        if (all.n > all.nonfinite && (none || (direction > 0 ? all.max : all.min) != before))
            in = b;
    }
    if (rc)
        return rc;
    double before = direction > 0 ? all.max : all.min;
    int none = all.n == all.nonfinite;
    int64_t tail = all.n ? all.last_step + (all.last_step < INT64_MAX) : 0;
    block_merge(&all, &se->up.open[2]);
    block_merge(&all, &se->up.open[1]);
    if (all.n == all.nonfinite)
        return 0;
    double best = direction > 0 ? all.max : all.min;
    int in_tail = none || best != before;
    st = sql_stmt(&s->sql, "SELECT step FROM point WHERE series = ? AND step >= ? AND step <= ? AND "
                  "value = ? ORDER BY step LIMIT 1", err);
    if (!st)
        return s->sql.code;
    sql_bind(st, "iiid", se->id, in_tail ? tail : in.first_step,
             in_tail ? (int64_t)INT64_MAX : in.last_step, best);
    if ((rc = sql_row(&s->sql, st, err)) > 0) {
        se->best = best;
        se->best_step = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
        rc = 0;
    }
    return rc;
}

/* After points were changed at or after `step`: blocks, count, last and best anew. */
static int rebuild(struct store *s, struct series *se, int64_t step, int64_t added, struct err *err)
{
    struct sql *q = &s->sql;
    int rc = rollup_cut(q, se->id, step, err);
    if (!rc)
        rc = rollup_load(q, se->id, &se->up, err);
    if (rc)
        return rc;
    se->n += added;
    se->dirty = 1;
    sqlite3_stmt *st = sql_stmt(q, "SELECT step, value, kind FROM point WHERE series = ? "
                                "ORDER BY step DESC LIMIT 1", err);
    if (!st)
        return q->code;
    sql_bind(st, "i", se->id);
    if ((rc = sql_row(q, st, err)) < 0)
        return rc;
    se->last_step = rc ? sqlite3_column_int64(st, 0) : 0;
    se->last = rc ? sql_value(st, 1, 2) : NAN;
    sqlite3_reset(st);
    if (!se->n)
        se->first_step = 0;
    return find_best(s, se, err);
}

static int insert_point(struct store *s, const struct series *se, int64_t step, double v,
                        struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&s->sql, "INSERT OR REPLACE INTO point(series, step, value, kind) "
                                "VALUES(?, ?, ?, ?)", err);
    if (!st)
        return s->sql.code;
    sql_bind(st, "iidi", se->id, step, isfinite(v) ? v : (double)NAN, (int64_t)sql_kind(v));
    return sql_done(&s->sql, st, err);
}

/* A step that is there already, or lies before the last: rare, and dear. */
static int late_point(struct store *s, struct series *se, int64_t step, double v, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT 1 FROM point WHERE series = ? AND step = ?", err);
    if (!st)
        return s->sql.code;
    sql_bind(st, "ii", se->id, step);
    int there = sql_row(&s->sql, st, err);
    sqlite3_reset(st);
    if (there < 0)
        return there;
    int rc = insert_point(s, se, step, v, err);
    if (step < se->first_step)
        se->first_step = step;
    return rc ? rc : rebuild(s, se, step, !there, err);
}

int store_write_point(struct store *s, int64_t run, int metric, int64_t step, double v,
                      struct err *err)
{
    struct series *se;
    int rc = find_series(s, run, metric, &se, err);
    if (rc)
        return rc;
    if (se->n && step <= se->last_step)
        return late_point(s, se, step, v, err);
    rc = insert_point(s, se, step, v, err);
    if (!rc)
        rc = rollup_add(&s->sql, se->id, &se->up, step, v, err);
    if (!se->n++)
        se->first_step = step;
    se->last_step = step;
    se->last = v;
    if (better(metric, v, se->best)) {
        se->best = v;
        se->best_step = step;
    }
    se->dirty = 1;
    return rc;
}

static int cut_one(struct store *s, struct series *se, int64_t step, struct err *err)
{
    if (!se->n || se->last_step <= step)
        return 0;
    int rc = sql_run(&s->sql, err, "DELETE FROM point WHERE series = ? AND step > ?", "ii", se->id,
                     step);
    return rc ? rc : rebuild(s, se, step + 1, -sqlite3_changes64(s->sql.db), err);
}

int store_cut_series(struct store *s, int64_t run, int64_t step, struct err *err)
{
    for (int i = 0; i < 2 * METRIC_COUNT; i++) {
        int metric = i < METRIC_COUNT ? i : METRIC_VAL + i - METRIC_COUNT;
        sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT 1 FROM series WHERE run = ? AND metric = ?",
                                    err);
        if (!st)
            return s->sql.code;
        sql_bind(st, "ii", run, stored_metric(s, metric));
        int rc = sql_row(&s->sql, st, err);
        sqlite3_reset(st);
        struct series *se;
        if (rc > 0 && !(rc = find_series(s, run, metric, &se, err)))
            rc = cut_one(s, se, step, err);
        if (rc)
            return rc;
    }
    return 0;
}
