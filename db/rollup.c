/* See rollup.h. */
#include "db/rollup.h"

#include <math.h>
#include <string.h>

#include "src/base/err.h"

struct block block_point(int64_t step, double value)
{
    int finite = isfinite(value) != 0;
    double v = finite ? value : NAN;
    return (struct block){step, step, step, 1, !finite, v, v, finite ? value : 0, v};
}

void block_merge(struct block *into, const struct block *b)
{
    if (!b->n)
        return;
    if (!into->n) {
        *into = *b;
        return;
    }
    if (b->n > b->nonfinite) {
        int none = into->n == into->nonfinite;
        into->min = none || b->min < into->min ? b->min : into->min;
        into->max = none || b->max > into->max ? b->max : into->max;
        if (none || b->finite_step > into->finite_step) {
            into->last = b->last;
            into->finite_step = b->finite_step;
        }
        into->sum += b->sum;
    }
    into->n += b->n;
    into->nonfinite += b->nonfinite;
    if (b->first_step < into->first_step)
        into->first_step = b->first_step;
    if (b->last_step > into->last_step)
        into->last_step = b->last_step;
}

double block_mean(const struct block *b)
{
    if (b->n <= b->nonfinite)
        return NAN;
    return fmin(fmax(b->sum / (double)(b->n - b->nonfinite), b->min), b->max);
}

struct block block_read(sqlite3_stmt *st)
{
    struct block b = {.first_step = sqlite3_column_int64(st, 0),
                      .last_step = sqlite3_column_int64(st, 1),
                      .n = sqlite3_column_int64(st, 2),
                      .nonfinite = sqlite3_column_int64(st, 3)};
    int any = b.n > b.nonfinite;
    b.finite_step = b.last_step;
    b.min = any ? sqlite3_column_double(st, 4) : NAN;
    b.max = any ? sqlite3_column_double(st, 5) : NAN;
    b.sum = any ? sqlite3_column_double(st, 6) : 0;
    b.last = any ? sqlite3_column_double(st, 7) : NAN;
    return b;
}

int block_holds(const struct block *b, int level)
{
    int64_t most = 1;
    while (level-- > 0)
        most *= ROLLUP_FAN;
    if (b->first_step < 0 || b->last_step < b->first_step)
        return 0;
    if (b->n < 1 || b->n > most || b->n - 1 > b->last_step - b->first_step)
        return 0;
    if (b->nonfinite < 0 || b->nonfinite > b->n)
        return 0;
    return b->n == b->nonfinite ||
           (isfinite(b->min) && isfinite(b->max) && isfinite(b->last) && b->min <= b->max);
}

struct block block_read_point(sqlite3_stmt *st)
{
    return block_point(sqlite3_column_int64(st, 0), sql_value(st, 1, 2));
}

static int write_block(struct sql *s, int64_t series, int level, const struct block *b,
                       struct err *err)
{
    return sql_run(s, err,
                   "INSERT OR REPLACE INTO rollup(series, level, first_step, last_step, n, "
                   "nonfinite, min, max, sum, last) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "iiiiiidddd", series, (int64_t)level, b->first_step, b->last_step, b->n,
                   b->nonfinite, b->min, b->max, b->sum, b->last);
}

/* Adds a block of level - 1; *closed is 1 when that closes (and writes) the open block. */
static int add_child(struct sql *s, int64_t series, struct rollup *r, int level,
                     const struct block *child, struct block *done, int *closed, struct err *err)
{
    block_merge(&r->open[level], child);
    *closed = ++r->children[level] == ROLLUP_FAN;
    if (!*closed)
        return 0;
    *done = r->open[level];
    memset(&r->open[level], 0, sizeof r->open[level]);
    r->children[level] = 0;
    return write_block(s, series, level, done, err);
}

int rollup_add(struct sql *s, int64_t series, struct rollup *r, int64_t step, double value,
               struct err *err)
{
    struct block child = block_point(step, value);
    int closed = 1, rc = 0;
    for (int level = 1; level <= ROLLUP_LEVELS && closed && !rc; level++) {
        struct block done;
        rc = add_child(s, series, r, level, &child, &done, &closed, err);
        if (closed)
            child = done;
    }
    return rc;
}

/* Rows of level - 1 after the last closed block of `level`. Statements are stepped while blocks
 * of another level are written, which SQLite allows; rows of level - 1 don't change meanwhile. */
static int load_level(struct sql *s, int64_t series, int level, struct rollup *r, struct err *err)
{
    sqlite3_stmt *st =
        level == 1 ? sql_stmt(s, "SELECT step, value, kind FROM point WHERE series = ?1 AND step > "
                              "coalesce((SELECT max(last_step) FROM rollup WHERE series = ?1 AND "
                              "level = 1 AND first_step = (SELECT max(first_step) FROM rollup "
                              "WHERE series = ?1 AND level = 1)), -1) ORDER BY step", err)
                   : sql_stmt(s, "SELECT first_step, last_step, n, nonfinite, min, max, sum, last "
                              "FROM rollup WHERE series = ?1 AND level = ?2 - 1 AND first_step > "
                              "coalesce((SELECT max(last_step) FROM rollup WHERE series = ?1 AND "
                              "level = ?2 AND first_step = (SELECT max(first_step) FROM rollup "
                              "WHERE series = ?1 AND level = ?2)), -1) ORDER BY first_step", err);
    if (!st)
        return s->code;
    sqlite3_bind_int64(st, 1, series);
    if (level > 1)
        sqlite3_bind_int64(st, 2, level);
    int rc;
    while ((rc = sql_row(s, st, err)) > 0) {
        struct block b = level == 1 ? block_read_point(st) : block_read(st), done;
        int closed;
        if (level > 1 && !block_holds(&b, level - 1)) {
            rc = sql_damaged(s, err);
            break;
        }
        rc = add_child(s, series, r, level, &b, &done, &closed, err);
        if (rc)
            break;
    }
    sqlite3_reset(st);
    return rc;
}

int rollup_load(struct sql *s, int64_t series, struct rollup *r, struct err *err)
{
    memset(r, 0, sizeof *r);
    int rc = 0;
    for (int level = 1; level <= ROLLUP_LEVELS && !rc; level++)
        rc = load_level(s, series, level, r, err);
    return rc;
}

int rollup_cut(struct sql *s, int64_t series, int64_t step, struct err *err)
{
    int rc = 0;
    for (int level = 1; level <= ROLLUP_LEVELS && !rc; level++)
        rc = sql_run(s, err,
                     "DELETE FROM rollup WHERE series = ?1 AND level = ?2 AND first_step >= "
                     "coalesce((SELECT max(first_step) FROM rollup WHERE series = ?1 AND level = ?2 "
                     "AND first_step <= ?3), 0) AND last_step >= ?3", "iii", series,
                     (int64_t)level, step);
    return rc;
}
