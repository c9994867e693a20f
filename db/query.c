/* See query.h: opening, and the small tables. */
#include "db/query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/query_int.h"
#include "db/schema.h"
#include "db/store_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

int query_slot(int metric)
{
    return metric < METRIC_VAL ? metric : METRIC_COUNT + metric - METRIC_VAL;
}

int query_metric_of_slot(int slot)
{
    return slot < METRIC_COUNT ? slot : METRIC_VAL + slot - METRIC_COUNT;
}

int query_metric_id(const struct query *q, int64_t stored)
{
    return stored >= 0 && stored < q->nmetric_of ? q->metric_of[stored] : -1;
}

int query_load_metrics(struct query *q, struct err *err)
{
    int64_t largest = 0;
    int rc = sql_int(&q->sql, "SELECT coalesce(max(id), 0) FROM metric", &largest, err);
    if (rc || largest < q->nmetric_of)
        return rc;
    if (largest > 1000000)
        return err_set(err, E_INPUT, "%s: a metric has the number %lld", SHOW(q->sql.path),
                       (long long)largest);
    int *map = realloc(q->metric_of, (size_t)(largest + 1) * sizeof *map);
    if (!map)
        return err_nomem(err, "the metrics");
    q->metric_of = map;
    q->nmetric_of = largest + 1;
    for (int64_t i = 0; i <= largest; i++)
        map[i] = -1;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT id, name FROM metric WHERE id BETWEEN 0 AND ?", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "i", largest);
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        char name[64];
        sql_text(st, 1, name, sizeof name);
        int m = metric_find(name);
        if (m < 0)
            continue;
        map[sqlite3_column_int64(st, 0)] = m;
        q->metric_ids[query_slot(m)] = sqlite3_column_int64(st, 0);
    }
    return rc;
}

/* A cleanly closed store on a read-only medium: WAL needs a -shm file, which can't be made. Only
 * when there is no -wal with rows in it may the file be taken as it is. */
static int open_immutable(struct query *q, const char *path, struct err *err)
{
    char wal[1100], uri[4096];
    snprintf(wal, sizeof wal, "%s-wal", path);
    if (file_size(wal) > 0)
        return E_IO;
    sql_uri(uri, sizeof uri, path, "mode=ro&immutable=1");
    q->immutable = 1;
    return sql_open(&q->sql, uri, path, SQLITE_OPEN_READONLY, err);
}

static int open_file(struct query *q, const char *path, struct err *err)
{
    char uri[4096];
    struct err why = {0, ""};
    sql_uri(uri, sizeof uri, path, "mode=ro");
    int rc = sql_open(&q->sql, uri, path, SQLITE_OPEN_READONLY, &why);
    if (!rc)
        rc = schema_check(&q->sql, &q->version, &why);
    int extended = q->sql.db ? sqlite3_errcode(q->sql.db) & 0xff : SQLITE_CANTOPEN;
    if (rc && (extended == SQLITE_CANTOPEN || extended == SQLITE_READONLY) && rc != E_NOTFOUND) {
        sql_close(&q->sql);
        if (!open_immutable(q, path, NULL))
            return schema_check(&q->sql, &q->version, err);
    }
    return rc ? err_set(err, rc, "%s", why.text) : 0;
}

struct query *query_open(const char *path, struct err *err)
{
    if (!file_exists(path)) {
        err_set(err, E_NOTFOUND, "there is no run store %s yet", SHOW(path));
        return NULL;
    }
    struct query *q = calloc(1, sizeof *q);
    if (!q) {
        err_nomem(err, "the run store");
        return NULL;
    }
    config_default(&q->defaults);
    store_boot_id(q->boot_id);
    if (open_file(q, path, err) || query_load_metrics(q, err)) {
        query_close(q);
        return NULL;
    }
    return q;
}

void query_close(struct query *q)
{
    if (!q)
        return;
    sql_close(&q->sql);
    free(q->metric_of);
    free(q->trends);
    free(q);
}

int query_is_immutable(const struct query *q)
{
    return q->immutable;
}

int query_check(struct query *q, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "PRAGMA quick_check(1)", err);
    if (!st)
        return q->sql.code;
    char found[256] = "";
    int rc = sql_row(&q->sql, st, err);
    if (rc > 0)
        sql_text(st, 0, found, sizeof found);
    sqlite3_reset(st);
    if (rc < 0)
        return rc;
    return !strcmp(found, "ok") ? 0
                                : err_set(err, E_INPUT, "%s is damaged: %s", SHOW(q->sql.path),
                                          SHOW(found));
}

int64_t query_version(struct query *q)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "PRAGMA data_version", NULL);
    int64_t v = st && sql_row(&q->sql, st, NULL) > 0 ? sqlite3_column_int64(st, 0) : -1;
    if (st)
        sqlite3_reset(st);
    return v;
}

/* Rows into one growing piece of arena memory: doubles by copying. */
static void *grow(struct arena *a, void *old, int n, int *cap, size_t size)
{
    if (n < *cap)
        return old;
    int more = *cap ? *cap * 2 : 64;
    void *p = arena_alloc(a, (size_t)more, size);
    if (p && n)
        memcpy(p, old, (size_t)n * size);
    *cap = more;
    return p;
}

int query_events(struct query *q, int64_t run, int limit, struct arena *a, struct query_event **out,
                 struct err *err)
{
    sqlite3_stmt *st =
        run ? sql_stmt(&q->sql, "SELECT id, run, step, time, severity, text FROM event "
                       "WHERE run = ?2 ORDER BY id DESC LIMIT ?1", err)
            : sql_stmt(&q->sql, "SELECT id, run, step, time, severity, text FROM event "
                       "ORDER BY id DESC LIMIT ?1", err);
    if (!st)
        return q->sql.code;
    sqlite3_bind_int64(st, 1, limit > 0 ? limit : -1);
    if (run)
        sqlite3_bind_int64(st, 2, run);
    int n = 0, cap = 0, rc;
    *out = NULL;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        if (!(*out = grow(a, *out, n, &cap, sizeof **out))) {
            sqlite3_reset(st);
            return err_nomem(err, "events");
        }
        struct query_event *e = &(*out)[n++];
        e->id = sqlite3_column_int64(st, 0);
        e->run = sqlite3_column_int64(st, 1);
        e->step = sql_count(st, 2);
        e->time = sqlite3_column_double(st, 3);
        e->severity = sqlite3_column_int(st, 4);
        sql_text(st, 5, e->text, sizeof e->text);
    }
    return rc ? rc : n;
}

int64_t query_events_after(struct query *q, int64_t id, int64_t *newest)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT count(*), max(id) FROM event WHERE id > ?", NULL);
    int64_t n = 0;
    *newest = id;
    if (!st)
        return 0;
    sqlite3_bind_int64(st, 1, id);
    if (sql_row(&q->sql, st, NULL) > 0 && (n = sqlite3_column_int64(st, 0)) > 0)
        *newest = sqlite3_column_int64(st, 1);
    sqlite3_reset(st);
    return n;
}

/* What the run's checkpoints are judged by (src/train/run.c), as it stood at that step. */
static int judge(struct query *q, struct query_mark *m, struct err *err)
{
    static const int by[] = { METRIC_rtd_auc_common, METRIC_main_loss };
    struct series_end end;
    int rc = 0;
    m->value = NAN;
    for (int i = 0; !rc && i < 2; i++) {
        rc = query_series_end(q, m->run, METRIC_VAL + by[i], &end, err);
        m->metric = by[i];
    }
    if (rc <= 0)
        return rc;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT value, kind FROM point WHERE series = ? AND step <= ? "
                                "ORDER BY step DESC LIMIT 1", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", end.id, m->step);
    if ((rc = sql_row(&q->sql, st, err)) > 0)
        m->value = sql_value(st, 0, 1);
    sqlite3_reset(st);
    return rc < 0 ? rc : 0;
}

int query_marks(struct query *q, int64_t run, int limit, struct arena *a, struct query_mark **out,
                struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT run, step, time, best FROM checkpoint WHERE ?1 = 0 OR run = ?1 "
                                "ORDER BY time DESC, step DESC LIMIT ?2", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", run, (int64_t)limit);
    int n = 0, cap = 0, rc;
    *out = NULL;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        if (!(*out = grow(a, *out, n, &cap, sizeof **out))) {
            sqlite3_reset(st);
            return err_nomem(err, "checkpoints");
        }
        (*out)[n++] = (struct query_mark){ sqlite3_column_int64(st, 0), sql_count(st, 1),
                                           sqlite3_column_double(st, 2), NAN, sqlite3_column_int(st, 3), 0 };
    }
    for (int i = 0; !rc && i < n; i++)
        if ((*out)[i].best)
            rc = judge(q, &(*out)[i], err);
    return rc < 0 ? rc : n;
}

int query_run_threads(struct query *q, int64_t run, struct query_threads *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT what, cpu, time FROM thread WHERE run = ? "
                                "ORDER BY slot LIMIT 16", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "i", run);
    int rc;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        sql_text(st, 0, out->threads[out->n].what, sizeof out->threads[0].what);
        out->threads[out->n++].cpu = sqlite3_column_double(st, 1);
        out->time = sqlite3_column_double(st, 2);
    }
    return rc;
}

int query_checkpoints(struct query *q, int64_t run, struct arena *a, struct query_checkpoint **out,
                      struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT step, path, best, time FROM checkpoint "
                                "WHERE run = ? ORDER BY step", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "i", run);
    int n = 0, cap = 0, rc;
    *out = NULL;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        if (!(*out = grow(a, *out, n, &cap, sizeof **out))) {
            sqlite3_reset(st);
            return err_nomem(err, "checkpoints");
        }
        struct query_checkpoint *c = &(*out)[n++];
        c->step = sql_count(st, 0);
        sql_text(st, 1, c->path, sizeof c->path);
        c->best = sqlite3_column_int(st, 2);
        c->time = sqlite3_column_double(st, 3);
    }
    return rc ? rc : n;
}

static void read_score(sqlite3_stmt *st, struct query_score *s)
{
    s->run = sqlite3_column_int64(st, 0);
    s->checkpoint_step = sql_count(st, 1);
    sql_text(st, 2, s->model, sizeof s->model);
    sql_text(st, 3, s->task, sizeof s->task);
    sql_text(st, 4, s->metric, sizeof s->metric);
    s->seed = sqlite3_column_int64(st, 5);
    s->value = sql_value(st, 6, 7);
    s->n = sql_count(st, 8);
    sql_text(st, 9, s->settings, sizeof s->settings);
    sql_text(st, 10, s->state, sizeof s->state);
    sql_text(st, 11, s->program, sizeof s->program);
    s->time = sqlite3_column_double(st, 12);
}

int query_scores(struct query *q, int64_t run, const char *task, struct arena *a,
                 struct query_score **out, struct err *err)
{
    *out = NULL;
    int64_t version = 0;
    int n = 0, cap = 0, rc = sql_int(&q->sql, "PRAGMA user_version", &version, err);
    if (rc || version < 1001)
        return rc; /* written before there were scores */
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT run, checkpoint_step, model, task, metric, seed, "
                                "value, kind, n, settings, state, program, time FROM score "
                                "WHERE (?1 = 0 OR run = ?1) AND (?2 = '' OR task = ?2) "
                                "ORDER BY task, metric, run, checkpoint_step, model, seed, id", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "it", run, task ? task : "");
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        if (!(*out = grow(a, *out, n, &cap, sizeof **out))) {
            sqlite3_reset(st);
            return err_nomem(err, "scores");
        }
        read_score(st, &(*out)[n++]);
    }
    return rc ? rc : n;
}

/* 1: the store is older than schema 1.2. */
static int before_tuning(struct query *q, struct err *err)
{
    int64_t version = 0;
    int rc = sql_int(&q->sql, "PRAGMA user_version", &version, err);
    return rc ? rc : version < 1002;
}

static double real_or_nan(sqlite3_stmt *st, int i)
{
    return sqlite3_column_type(st, i) == SQLITE_NULL ? NAN : sqlite3_column_double(st, i);
}

int query_tunings(struct query *q, struct arena *a, struct query_tuning **out, struct err *err)
{
    int n = 0, cap = 0, rc = before_tuning(q, err);
    *out = NULL;
    if (rc)
        return rc < 0 ? rc : 0;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT run, checkpoint_step, model, task, seed, state, epoch, "
                                "epochs, step, steps, loss, score, seconds_left, why, time FROM tuning "
                                "ORDER BY state <> 'running', run DESC, checkpoint_step, task, seed",
                                err);
    if (!st)
        return q->sql.code;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        if (!(*out = grow(a, *out, n, &cap, sizeof **out))) {
            sqlite3_reset(st);
            return err_nomem(err, "fine-tunings");
        }
        struct query_tuning *t = &(*out)[n++];
        int64_t *const whole[] = { &t->epoch, &t->epochs, &t->step, &t->steps };
        double *const real[] = { &t->loss, &t->score, &t->seconds_left };
        t->run = sqlite3_column_int64(st, 0);
        t->checkpoint_step = sql_count(st, 1);
        sql_text(st, 2, t->model, sizeof t->model);
        sql_text(st, 3, t->task, sizeof t->task);
        t->seed = sqlite3_column_int64(st, 4);
        sql_text(st, 5, t->state, sizeof t->state);
        for (int i = 0; i < 4; i++)
            *whole[i] = sql_count(st, 6 + i);
        for (int i = 0; i < 3; i++)
            *real[i] = real_or_nan(st, 10 + i);
        sql_text(st, 13, t->why, sizeof t->why);
        t->time = sqlite3_column_double(st, 14);
    }
    return rc ? rc : n;
}

int query_mistakes(struct query *q, const struct query_score *whose, struct arena *a,
                   struct query_mistake **out, struct err *err)
{
    int n = 0, cap = 0, rc = before_tuning(q, err);
    *out = NULL;
    if (rc)
        return rc < 0 ? rc : 0;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT place, text, second, label, said, confidence FROM "
                                "mistake WHERE run = ? AND checkpoint_step = ? AND model = ? AND task = ? "
                                "AND seed = ? ORDER BY confidence DESC, place", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "iitti", whose->run, whose->checkpoint_step, whose->model, whose->task, whose->seed);
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        if (!(*out = grow(a, *out, n, &cap, sizeof **out))) {
            sqlite3_reset(st);
            return err_nomem(err, "mistakes");
        }
        struct query_mistake *m = &(*out)[n++];
        m->place = sqlite3_column_int64(st, 0);
        sql_text(st, 1, m->text, sizeof m->text);
        sql_text(st, 2, m->second, sizeof m->second);
        sql_text(st, 3, m->label, sizeof m->label);
        sql_text(st, 4, m->said, sizeof m->said);
        m->confidence = real_or_nan(st, 5);
    }
    return rc ? rc : n;
}
