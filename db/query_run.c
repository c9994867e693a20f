/* See query.h: rows of runs. Columns are found by name, so that stores of older and newer minor
 * versions read too; a field that the store lacks has its default. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/query_int.h"
#include "db/store_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))
#define HEARTBEAT_FOREIGN 60 /* seconds after which a run of another boot is lost */

enum fixed_type { FIXED_I64, FIXED_COUNT, FIXED_INT, FIXED_REAL, FIXED_TEXT };
static const struct {
    const char *name;
    enum fixed_type type;
    size_t offset, size;
} fixed[] = {
#define RUN_COLUMN(name, type, member)                                                         \
    {name, type, offsetof(struct query_run, member), sizeof((struct query_run *)0)->member}
    RUN_COLUMN("id", FIXED_I64, id),
    RUN_COLUMN("parent", FIXED_I64, parent),
    RUN_COLUMN("step", FIXED_COUNT, step),
    RUN_COLUMN("tokens", FIXED_COUNT, tokens),
    RUN_COLUMN("pid", FIXED_I64, pid),
    RUN_COLUMN("name", FIXED_TEXT, name),
    RUN_COLUMN("tags", FIXED_TEXT, tags),
    RUN_COLUMN("note", FIXED_TEXT, note),
    RUN_COLUMN("reason", FIXED_TEXT, reason),
    RUN_COLUMN("archived", FIXED_INT, archived),
    RUN_COLUMN("created", FIXED_REAL, created),
    RUN_COLUMN("started", FIXED_REAL, started),
    RUN_COLUMN("ended", FIXED_REAL, ended),
    RUN_COLUMN("heartbeat", FIXED_REAL, heartbeat),
    RUN_COLUMN("config_hash", FIXED_I64, config_hash),
    RUN_COLUMN("corpus_hash", FIXED_I64, corpus_hash),
    RUN_COLUMN("params", FIXED_COUNT, params),
    RUN_COLUMN("kernel", FIXED_TEXT, kernel),
    RUN_COLUMN("blas_core", FIXED_TEXT, blas_core),
    RUN_COLUMN("program", FIXED_TEXT, program),
    RUN_COLUMN("progress", FIXED_TEXT, progress),
    RUN_COLUMN("done", FIXED_REAL, done),
};
#define NFIXED ((int)(sizeof fixed / sizeof fixed[0]))

static void find_columns(sqlite3_stmt *st, struct run_columns *c)
{
    int prepared = sqlite3_stmt_status(st, SQLITE_STMTSTATUS_REPREPARE, 0);
    if (c->of == st && c->prepared == prepared)
        return;
    c->of = st;
    c->prepared = prepared;
    c->n = sqlite3_column_count(st);
    c->n = c->n < QUERY_COLUMNS ? c->n : QUERY_COLUMNS;
    c->state = c->boot_id = -1;
    for (int i = 0; i < c->n; i++) {
        const char *name = sqlite3_column_name(st, i);
        c->fixed[i] = c->field[i] = -1;
        for (int k = 0; k < NFIXED; k++)
            if (!strcmp(fixed[k].name, name))
                c->fixed[i] = k;
        for (int k = 0; k < config_nfields; k++)
            if (!strcmp(config_fields[k].name, name))
                c->field[i] = k;
        if (!strcmp(name, "state"))
            c->state = i;
        if (!strcmp(name, "boot_id"))
            c->boot_id = i;
    }
}

static void read_fixed(sqlite3_stmt *st, int i, int k, struct query_run *r)
{
    char *p = (char *)r + fixed[k].offset;
    switch (fixed[k].type) {
    case FIXED_I64:
        *(int64_t *)p = sqlite3_column_int64(st, i);
        break;
    case FIXED_COUNT:
        *(int64_t *)p = sql_count(st, i);
        break;
    case FIXED_INT:
        *(int *)p = sqlite3_column_int(st, i);
        break;
    case FIXED_REAL:
        *(double *)p = sql_real(st, i);
        break;
    case FIXED_TEXT:
        sql_text(st, i, p, fixed[k].size);
        break;
    }
}

static int choice_of(const struct config_field *f, const char *value)
{
    size_t n = strlen(value);
    const char *p = f->choices;
    for (int i = 0;; i++) {
        size_t len = strcspn(p, "|");
        if (len == n && !memcmp(p, value, n))
            return i;
        if (!p[len])
            return -1;
        p += len + 1;
    }
}

/* A field of a run lies within its bounds, whatever a store says. */
static double within(const struct config_field *f, double x)
{
    return fmax(f->min, fmin(x, f->max));
}

static void read_field(sqlite3_stmt *st, int i, const struct config_field *f, struct config *c)
{
    char *p = (char *)c + f->offset;
    if (sqlite3_column_type(st, i) == SQLITE_NULL)
        return; /* the default */
    switch (f->type) {
    case CONFIG_INT:
        *(long *)p = (long)within(f, (double)sqlite3_column_int64(st, i));
        break;
    case CONFIG_BOOL:
        *(int *)p = sqlite3_column_int(st, i) != 0;
        break;
    case CONFIG_REAL:
        *(double *)p = within(f, sqlite3_column_double(st, i));
        break;
    case CONFIG_CHOICE: {
        const char *t = (const char *)sqlite3_column_text(st, i);
        int v = choice_of(f, t ? t : "");
        if (v >= 0)
            *(int *)p = v;
        break;
    }
    case CONFIG_TEXTUAL:
        sql_text(st, i, p, CONFIG_TEXT);
        break;
    }
}

/* A run whose process is gone is lost, also before a host says so. */
static int seen_state(struct query *q, int state, const struct query_run *r, const char *boot)
{
    if (state != RUN_PREPARING && state != RUN_RUNNING && state != RUN_PAUSED &&
        state != RUN_STOPPING)
        return state;
    if (!r->pid)
        return state;
    if (!strcmp(boot, q->boot_id))
        return store_pid_alive(r->pid) ? state : RUN_LOST;
    double age = clock_utc() - r->heartbeat;
    return age > HEARTBEAT_FOREIGN || age < -HEARTBEAT_FOREIGN ? RUN_LOST : state;
}

static void read_run(struct query *q, sqlite3_stmt *st, const struct run_columns *c, struct query_run *r)
{
    char boot[64] = "", state[32] = "";
    memset(r, 0, sizeof *r);
    r->config = q->defaults;
    for (int i = 0; i < METRIC_COUNT; i++)
        r->last[i] = r->val_last[i] = r->best[i] = r->val_best[i] = NAN;
    for (int i = 0; i < c->n; i++) {
        if (c->fixed[i] >= 0)
            read_fixed(st, i, c->fixed[i], r);
        if (c->field[i] >= 0)
            read_field(st, i, &config_fields[c->field[i]], &r->config);
    }
    if (c->boot_id >= 0)
        sql_text(st, c->boot_id, boot, sizeof boot);
    if (c->state >= 0)
        sql_text(st, c->state, state, sizeof state);
    int found = run_state_find(state); /* one that this program does not know is not at work here */
    r->state = seen_state(q, found < 0 ? RUN_LOST : found, r, boot);
    r->checkpoint_step = r->val_step = -1;
}

/* Ends of the series of total_loss, for the trend. */
struct trend_source {
    struct series_end train, val;
};

static void read_series(struct query *q, sqlite3_stmt *st, struct query_run *r,
                        struct trend_source *t)
{
    int m = query_metric_id(q, sqlite3_column_int64(st, 1));
    if (m < 0 || !sqlite3_column_int64(st, 3))
        return;
    int val = m >= METRIC_VAL, row = val ? m - METRIC_VAL : m;
    (val ? r->val_last : r->last)[row] = sql_value(st, 6, 7);
    (val ? r->val_best : r->best)[row] =
        sqlite3_column_type(st, 8) == SQLITE_NULL ? NAN : sqlite3_column_double(st, 8);
    (val ? r->val_has : r->has)[row] = 1;
    if (val && sql_count(st, 5) > r->val_step)
        r->val_step = sql_count(st, 5);
    if (row == METRIC_total_loss)
        *(val ? &t->val : &t->train) =
            (struct series_end){sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3),
                                sqlite3_column_int64(st, 4), sqlite3_column_int64(st, 5)};
}

static struct trend *trend_slot(struct query *q, int64_t run)
{
    int lo = 0, hi = q->ntrends;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (q->trends[mid].run < run)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < q->ntrends && q->trends[lo].run == run)
        return &q->trends[lo];
    if (q->ntrends == q->trends_cap) {
        int cap = q->trends_cap ? 2 * q->trends_cap : 64;
        struct trend *p = realloc(q->trends, (size_t)cap * sizeof *p);
        if (!p)
            return NULL;
        q->trends = p;
        q->trends_cap = cap;
    }
    memmove(&q->trends[lo + 1], &q->trends[lo], (size_t)(q->ntrends - lo) * sizeof *q->trends);
    q->ntrends++;
    q->trends[lo] = (struct trend){.run = run, .read = {.id = -1}, .asked = {{.to = -1}, {.to = -1}}};
    return &q->trends[lo];
}

#define TREND_HELD_OUT 8 /* values */

/* Which series the run's trend is of; it is read when it is asked for. */
static int note_trend(struct query *q, const struct query_run *r, const struct trend_source *src,
                      struct err *err)
{
    /* a few held-out values are steps, not a course */
    const struct series_end *e = src->val.n >= TREND_HELD_OUT || src->val.n >= src->train.n ? &src->val : &src->train;
    if (e->n < 1 || e->first_step < 0 || e->last_step < e->first_step)
        return 0;
    struct trend *t = trend_slot(q, r->id);
    if (!t)
        return err_nomem(err, "the trends");
    t->of = *e;
    return 0;
}

const double *query_trend(struct query *q, int64_t run)
{
    struct trend *t = trend_slot(q, run);
    const struct series_end *e = t ? &t->of : NULL;
    if (!t || !e->n)
        return NULL;
    if (t->read.id != e->id || t->read.n != e->n || t->read.last_step != e->last_step) {
        struct block out[QUERY_TREND] = {0};
        struct reduce red = {e->id, e->first_step, e->last_step, QUERY_TREND, out};
        if (e->last_step - e->first_step < QUERY_TREND)
            red.buckets = (int)(e->last_step - e->first_step + 1);
        if (query_reduce(q, &red, query_density(e, red.from, red.to, red.buckets), NULL))
            return NULL;
        for (int i = 0; i < QUERY_TREND; i++)
            t->values[i] = out[i].n ? block_mean(&out[i]) : NAN;
        t->read = *e;
    }
    return t->values;
}

static double ask(struct query *q, int64_t run, int kind, int metric, int64_t from, int64_t to)
{
    struct trend *t = trend_slot(q, run);
    struct query_bucket *b;
    struct arena tmp;
    double value = NAN;
    if (t && t->asked[kind].to == to && t->asked[kind].from == from && t->asked[kind].metric == metric)
        return t->asked[kind].value;
    arena_init(&tmp);
    int n = to < from ? 0 : query_series(q, run, metric, from, to, 1, &tmp, &b, NULL);
    if (n > 0 && b[n - 1].n)
        value = kind == ASK_LEAST ? b[n - 1].min : b[n - 1].last;
    arena_free(&tmp);
    if (t) {
        t->asked[kind].metric = metric;
        t->asked[kind].from = from;
        t->asked[kind].to = to;
        t->asked[kind].value = value;
    }
    return value;
}

double query_least(struct query *q, int64_t run, int metric, int64_t from, int64_t to)
{
    return ask(q, run, ASK_LEAST, metric, from, to);
}

double query_value_at(struct query *q, int64_t run, int metric, int64_t step)
{
    return ask(q, run, ASK_AT, metric, 0, step);
}

/* Series of runs first .. last (by id), merged into the ascending list. */
static int fill_series(struct query *q, struct query_run **by_id, int n, struct err *err)
{
    if (!n)
        return 0;
    int rc = query_load_metrics(q, err);
    if (rc)
        return rc;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT run, metric, id, n, first_step, last_step, last, "
                                "last_kind, best FROM series WHERE run BETWEEN ? AND ? "
                                "ORDER BY run, metric", err);
    struct trend_source *t = calloc((size_t)n, sizeof *t);
    if (!st || !t) {
        free(t);
        return st ? err_nomem(err, "the runs") : q->sql.code;
    }
    sql_bind(st, "ii", by_id[0]->id, by_id[n - 1]->id);
    int at = 0;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        int64_t run = sqlite3_column_int64(st, 0);
        while (at < n && by_id[at]->id < run)
            at++;
        if (at < n && by_id[at]->id == run)
            read_series(q, st, by_id[at], &t[at]);
    }
    for (int i = 0; i < n && !rc; i++)
        rc = note_trend(q, by_id[i], &t[i], err);
    free(t);
    return rc;
}

static int fill_checkpoints(struct query *q, struct query_run **by_id, int n, struct err *err)
{
    if (!n)
        return 0;
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT run, step, path FROM checkpoint "
                                "WHERE run BETWEEN ? AND ? ORDER BY run, step", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ii", by_id[0]->id, by_id[n - 1]->id);
    int at = 0, rc;
    while ((rc = sql_row(&q->sql, st, err)) > 0) {
        int64_t run = sqlite3_column_int64(st, 0);
        while (at < n && by_id[at]->id < run)
            at++;
        if (at == n || by_id[at]->id != run)
            continue;
        by_id[at]->checkpoint_step = sql_count(st, 1);
        /* it came as far as its checkpoint, whatever was logged last */
        if (by_id[at]->ended > 0 && by_id[at]->step < by_id[at]->checkpoint_step)
            by_id[at]->step = by_id[at]->checkpoint_step;
        sql_text(st, 2, by_id[at]->checkpoint, sizeof by_id[at]->checkpoint);
    }
    return rc;
}

static int read_runs(struct query *q, int with_archived, struct arena *a, struct query_run **out,
                     struct err *err)
{
    sqlite3_stmt *count = sql_stmt(&q->sql, "SELECT count(*) FROM run WHERE archived <= ?", err);
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT * FROM run WHERE archived <= ? ORDER BY id DESC",
                                err);
    if (!count || !st)
        return q->sql.code;
    sql_bind(count, "i", (int64_t)!!with_archived);
    sql_bind(st, "i", (int64_t)!!with_archived);
    int rc = sql_row(&q->sql, count, err), n = 0;
    if (rc < 0)
        return rc;
    int max = sqlite3_column_int(count, 0);
    sqlite3_reset(count);
    *out = arena_alloc(a, (size_t)max + 1, sizeof **out);
    struct query_run **by_id = calloc((size_t)max + 1, sizeof *by_id);
    if (!*out || !by_id) {
        free(by_id);
        return err_nomem(err, "the runs");
    }
    while ((rc = sql_row(&q->sql, st, err)) > 0 && n < max) {
        if (!n)
            find_columns(st, &q->all);
        read_run(q, st, &q->all, &(*out)[n++]);
    }
    sqlite3_reset(st);
    for (int i = 0; i < n; i++)
        by_id[i] = &(*out)[n - 1 - i];
    if (!rc)
        rc = fill_series(q, by_id, n, err);
    if (!rc)
        rc = fill_checkpoints(q, by_id, n, err);
    free(by_id);
    return rc ? rc : n;
}

int query_runs(struct query *q, int with_archived, struct arena *a, struct query_run **out,
               struct err *err)
{
    *out = NULL;
    int rc = sql_run(&q->sql, err, "BEGIN", ""); /* one snapshot for all tables */
    if (rc)
        return rc;
    rc = read_runs(q, with_archived, a, out, err);
    sql_run(&q->sql, NULL, "END", "");
    return rc;
}

static int read_one(struct query *q, const char *what, int64_t id, struct query_run *out,
                    struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&q->sql, "SELECT * FROM run WHERE name = ?1 OR id = ?2 "
                                "ORDER BY id = ?2 DESC LIMIT 1", err);
    if (!st)
        return q->sql.code;
    sql_bind(st, "ti", what, id);
    int rc = sql_row(&q->sql, st, err);
    if (rc < 0)
        return rc;
    if (!rc)
        return err_set(err, E_NOTFOUND, "there is no run '%s'", SHOW(what));
    find_columns(st, &q->one);
    read_run(q, st, &q->one, out);
    sqlite3_reset(st);
    rc = fill_series(q, &out, 1, err);
    return rc ? rc : fill_checkpoints(q, &out, 1, err);
}

int query_run_find(struct query *q, const char *id_or_name, struct query_run *out, struct err *err)
{
    char *end;
    long long id = strtoll(id_or_name, &end, 10);
    if (*end || end == id_or_name)
        id = -1;
    int rc = sql_run(&q->sql, err, "BEGIN", "");
    if (rc)
        return rc;
    rc = read_one(q, id_or_name, id, out, err);
    sql_run(&q->sql, NULL, "END", "");
    return rc;
}
