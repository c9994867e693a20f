/* SQLite for this room only: one connection with its prepared statements. Statements are found by
 * the address of their text, so the text must be a string constant. */
#ifndef ES_DB_SQL_H
#define ES_DB_SQL_H
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct err;

#define SQL_CACHE 96
#define SQL_BUSY_MS 5000
struct sql {
    sqlite3 *db;
    char path[1024];
    struct {
        const char *text;
        sqlite3_stmt *st;
    } cached[SQL_CACHE];
    int ncached;
    int code; /* E_* of the last failure */
};

/* flags as for sqlite3_open_v2; uri is what is opened, path what messages name. Sets what every
 * connection has: busy timeout, no trusted schema, cell size checks, foreign files distrusted. */
int sql_open(struct sql *s, const char *uri, const char *path, int flags, struct err *err);
void sql_close(struct sql *s);
/* "file:PATH?PARAMS" with PATH escaped; out holds 3 x PATH. */
void sql_uri(char *out, size_t size, const char *path, const char *params);

/* A statement ready to bind, or NULL with err and s->code set. */
sqlite3_stmt *sql_stmt(struct sql *s, const char *text, struct err *err);
/* Binds from parameter 1: i int64_t, d double (NaN becomes NULL), t const char * (may be NULL). */
void sql_bind(sqlite3_stmt *st, const char *types, ...);
/* One step: 1 a row, 0 no more (reset), negative: error (reset). */
int sql_row(struct sql *s, sqlite3_stmt *st, struct err *err);
/* Steps to the end; 0 or an error. */
int sql_done(struct sql *s, sqlite3_stmt *st, struct err *err);
/* sql_stmt, sql_bind and sql_done in one. */
int sql_run(struct sql *s, struct err *err, const char *text, const char *types, ...);
int sql_exec(struct sql *s, const char *text, struct err *err);
/* First column of the first row, or `none` if there is no row. */
int sql_int(struct sql *s, const char *text, int64_t *out, struct err *err);
/* Code and sentence for the connection's last error. */
int sql_fail(struct sql *s, int rc, struct err *err);
/* E_INPUT: rows that no program of ours can have left so. SQLite does not notice every flipped bit. */
int sql_damaged(struct sql *s, struct err *err);
/* Copies a text column ("" for NULL), cut to size. */
void sql_text(sqlite3_stmt *st, int column, char *out, size_t size);

/* A step, or how many there are of something: what no run has, a store may still say. 0 to 2^53. */
int64_t sql_count(sqlite3_stmt *st, int column);
/* A time or a share: 0 where it is no number, no larger than 2^53 either way. */
double sql_real(sqlite3_stmt *st, int column);

/* How a number is kept: NULL and a kind where SQLite would lose it. */
enum { KIND_FINITE, KIND_NAN, KIND_INF, KIND_NEGINF };
int sql_kind(double v);
double sql_value(sqlite3_stmt *st, int value_column, int kind_column);
#endif
