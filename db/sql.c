/* See sql.h. */
#include "db/sql.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

int sql_fail(struct sql *s, int rc, struct err *err)
{
    int primary = rc & 0xff, code = E_IO;
    int sys = s->db ? sqlite3_system_errno(s->db) : 0;
    if (primary == SQLITE_FULL || (primary == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT)))
        code = E_NOSPACE;
    else if (primary == SQLITE_NOMEM)
        code = E_NOMEM;
    else if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
        code = E_BUSY;
    else if (primary == SQLITE_NOTADB || primary == SQLITE_CORRUPT)
        code = E_INPUT;
    else if (primary == SQLITE_CONSTRAINT || primary == SQLITE_ERROR)
        code = E_FAIL;
    s->code = code;
    const char *why = s->db && primary != SQLITE_NOMEM ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);
    if (sys && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL))
        return err_set(err, code, "%s: %s (%s)", SHOW(s->path), SHOW(why), strerror(sys));
    return err_set(err, code, "%s: %s", SHOW(s->path), SHOW(why));
}

int sql_damaged(struct sql *s, struct err *err)
{
    s->code = E_INPUT;
    return err_set(err, E_INPUT, "%s is damaged: a series has a step or a number that is out of place",
                   SHOW(s->path));
}

void sql_uri(char *out, size_t size, const char *path, const char *params)
{
    size_t n = (size_t)snprintf(out, size, "file:");
    for (const char *p = path; *p && n + 4 < size; p++) {
        if (strchr("?#%", *p))
            n += (size_t)snprintf(out + n, size - n, "%%%02X", (unsigned char)*p);
        else
            out[n++] = *p;
    }
    snprintf(out + n, size - n, "?%s", params);
}

int sql_open(struct sql *s, const char *uri, const char *path, int flags, struct err *err)
{
    memset(s, 0, sizeof *s);
    if (strlen(path) >= sizeof s->path)
        return err_set(err, E_INPUT, "path too long: %s", SHOW(path));
    snprintf(s->path, sizeof s->path, "%s", path);
    int rc = sqlite3_open_v2(uri, &s->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc) {
        rc = sql_fail(s, rc, err);
        sql_close(s);
        return rc;
    }
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, SQL_BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    rc = sql_exec(s, "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY", err);
    if (rc)
        sql_close(s);
    return rc;
}

void sql_close(struct sql *s)
{
    for (int i = 0; i < s->ncached; i++)
        sqlite3_finalize(s->cached[i].st);
    s->ncached = 0;
    sqlite3_close(s->db);
    s->db = NULL;
}

sqlite3_stmt *sql_stmt(struct sql *s, const char *text, struct err *err)
{
    for (int i = 0; i < s->ncached; i++) {
        if (s->cached[i].text != text)
            continue;
        sqlite3_reset(s->cached[i].st);
        return s->cached[i].st;
    }
    if (s->ncached == SQL_CACHE) {
        s->code = err_set(err, E_FAIL, "%s: more than %d statements", SHOW(s->path), SQL_CACHE);
        return NULL;
    }
    sqlite3_stmt *st;
    int rc = sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (rc) {
        sql_fail(s, rc, err);
        return NULL;
    }
    s->cached[s->ncached].text = text;
    s->cached[s->ncached++].st = st;
    return st;
}

static void bind_list(sqlite3_stmt *st, const char *types, va_list ap)
{
    for (int i = 1; types[i - 1]; i++) {
        switch (types[i - 1]) {
        case 'i':
            sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
            break;
        case 'd':
            sqlite3_bind_double(st, i, va_arg(ap, double));
            break;
        default:
            sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
            break;
        }
    }
}

void sql_bind(sqlite3_stmt *st, const char *types, ...)
{
    va_list ap;
    va_start(ap, types);
    bind_list(st, types, ap);
    va_end(ap);
}

int sql_row(struct sql *s, sqlite3_stmt *st, struct err *err)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return 1;
    int code = rc == SQLITE_DONE ? 0 : sql_fail(s, rc, err);
    sqlite3_reset(st);
    return code;
}

int sql_done(struct sql *s, sqlite3_stmt *st, struct err *err)
{
    int rc;
    while ((rc = sql_row(s, st, err)) > 0)
        ;
    return rc;
}

int sql_run(struct sql *s, struct err *err, const char *text, const char *types, ...)
{
    sqlite3_stmt *st = sql_stmt(s, text, err);
    if (!st)
        return s->code;
    va_list ap;
    va_start(ap, types);
    bind_list(st, types, ap);
    va_end(ap);
    return sql_done(s, st, err);
}

int sql_exec(struct sql *s, const char *text, struct err *err)
{
    int rc = sqlite3_exec(s->db, text, NULL, NULL, NULL);
    return rc ? sql_fail(s, rc, err) : 0;
}

int sql_int(struct sql *s, const char *text, int64_t *out, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(s, text, err);
    if (!st)
        return s->code;
    int rc = sql_row(s, st, err);
    if (rc > 0) {
        *out = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
        rc = 0;
    }
    return rc;
}

void sql_text(sqlite3_stmt *st, int column, char *out, size_t size)
{
    const unsigned char *t = sqlite3_column_text(st, column);
    str_copy(out, size, t ? (const char *)t : "");
}

#define MOST (INT64_C(1) << 53)
int64_t sql_count(sqlite3_stmt *st, int column)
{
    int64_t n = sqlite3_column_int64(st, column);
    return n < 0 ? 0 : n > MOST ? MOST : n;
}

double sql_real(sqlite3_stmt *st, int column)
{
    double x = sqlite3_column_double(st, column);
    return isnan(x) ? 0 : fmax(-(double)MOST, fmin(x, (double)MOST));
}

int sql_kind(double v)
{
    if (isfinite(v))
        return KIND_FINITE;
    return isnan(v) ? KIND_NAN : v > 0 ? KIND_INF : KIND_NEGINF;
}

double sql_value(sqlite3_stmt *st, int value_column, int kind_column)
{
    switch (sqlite3_column_int(st, kind_column)) {
    case KIND_FINITE:
        return sqlite3_column_type(st, value_column) == SQLITE_NULL
                   ? NAN
                   : sqlite3_column_double(st, value_column);
    case KIND_INF:
        return INFINITY;
    case KIND_NEGINF:
        return -INFINITY;
    default:
        return NAN;
    }
}
