/* See store_damage.h. */
#include "tests/fuzz/store_damage.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/fuzz/fuzz.h"

#define STORE_MOST ((size_t)64 << 20)

static void need(int rc, const struct err *err)
{
    fuzz_check(rc >= 0, "the fuzzer's store: %s", err->text);
}

static void sql(sqlite3 *db, const char *text)
{
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    fuzz_check(!rc, "%s: %s", text, sqlite3_errmsg(db));
}

static void list_columns(struct damage *d, sqlite3 *db)
{
    sqlite3_stmt *st;
    static const char text[] = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
                               "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, c.cid";
    fuzz_check(!sqlite3_prepare_v2(db, text, -1, &st, NULL), "%s", sqlite3_errmsg(db));
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *of = (const char *)sqlite3_column_text(st, 0);
        if (!d->ntables || strcmp(d->table[d->ntables - 1].name, of)) {
            fuzz_check(d->ntables < DAMAGE_TABLES, "more than %d tables", DAMAGE_TABLES);
            snprintf(d->table[d->ntables++].name, sizeof d->table[0].name, "%s", of);
        }
        int *n = &d->table[d->ntables - 1].ncolumns;
        fuzz_check(*n < DAMAGE_COLUMNS, "more than %d columns", DAMAGE_COLUMNS);
        snprintf(d->table[d->ntables - 1].column[(*n)++], sizeof d->table[0].column[0], "%s",
                 (const char *)sqlite3_column_text(st, 1));
    }
    sqlite3_finalize(st);
}

void damage_take(struct damage *d, const char *path)
{
    sqlite3 *db;
    struct err err = {0};
    fuzz_check(!sqlite3_open(path, &db), "sqlite");
    sql(db, "PRAGMA journal_mode = DELETE");
    sql(db, "PRAGMA writable_schema = ON");
    sql(db, "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'");
    list_columns(d, db);
    sqlite3_close(db);
    need(file_read(path, STORE_MOST, &d->whole, &d->whole_size, &err), &err);
}

static void bind(sqlite3_stmt *st, unsigned value)
{
    static const char *const texts[] = {"", "abc", "\x1b[31m\xE2\x80\xAE", "nan", "1e999", "[1,2", "[[[[[[",
                                        "[1,0.5,2,\"x\"]", "running", "done", "../../x", "%s%n", "8:0.45,16", "pipe", "/dev/zero", ".", "한국어 \xF0\x9F\x98\x80 e\xCC\x81\xCC\x81\xCC\x81",
                                        "{\"epochs\":-1}", "\xFF\xFE\xC3"};
    static const int64_t whole_numbers[] = {0, 1, -1, 255, 65536, INT32_MAX, INT32_MIN, UINT32_MAX,
                                            INT64_MAX, INT64_MIN, 1000000007};
    static const double reals[] = {0.5, -0.5, 1e308, -1e308, 1e-320, INFINITY, -INFINITY};
    enum { TEXTS = sizeof texts / sizeof *texts, REALS = sizeof reals / sizeof *reals,
           WHOLE = sizeof whole_numbers / sizeof *whole_numbers };
    static char large[6000];
    value %= TEXTS + WHOLE + REALS + 4;
    if (value < TEXTS)
        sqlite3_bind_text(st, 1, texts[value], -1, SQLITE_STATIC);
    else if ((value -= TEXTS) < WHOLE)
        sqlite3_bind_int64(st, 1, whole_numbers[value]);
    else if ((value -= WHOLE) < REALS)
        sqlite3_bind_double(st, 1, reals[value]);
    else if ((value -= REALS) == 0)
        sqlite3_bind_null(st, 1);
    else if (value == 1)
        sqlite3_bind_zeroblob(st, 1, 9);
    else
        sqlite3_bind_text(st, 1, memset(large, value == 2 ? 'x' : '\xE2', sizeof large), sizeof large, SQLITE_STATIC);
}

/* The table, its column, one row or all, the value. */
static void change(const struct damage *d, sqlite3 *db, const unsigned char op[4])
{
    char text[400];
    sqlite3_stmt *st = NULL;
    int of = op[0] % d->ntables;
    const char *t = d->table[of].name, *n = d->table[of].column[op[1] % d->table[of].ncolumns];
    if (op[2] & 1) /* every row, as far as they may be equal */
        snprintf(text, sizeof text, "UPDATE OR IGNORE \"%s\" SET \"%s\" = ?1", t, n);
    else
        snprintf(text, sizeof text, "UPDATE OR IGNORE \"%s\" SET \"%s\" = ?1 WHERE \"%s\" IS (SELECT \"%s\" FROM \"%s\" "
                 "LIMIT 1 OFFSET %d)", t, n, n, n, t, op[2] >> 1 & 7);
    fuzz_check(!sqlite3_prepare_v2(db, text, -1, &st, NULL), "%s: %s", text, sqlite3_errmsg(db));
    bind(st, op[3]);
    sqlite3_step(st);
    sqlite3_finalize(st);
}

/* One byte (23 bits of place) of the file. */
static void change_byte(char *bytes, size_t size, const unsigned char op[4])
{
    bytes[((size_t)(op[0] & 0x7f) << 16 | (size_t)op[1] << 8 | op[2]) % size] = (char)op[3];
}

void damage_make(const struct damage *d, const char *path, const unsigned char *data, size_t size)
{
    sqlite3 *db;
    struct err err = {0};
    char *bytes = NULL;
    size_t n = 0;
    fuzz_file(path, d->whole, d->whole_size);
    fuzz_check(!sqlite3_open(path, &db), "sqlite");
    sql(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
    size = size < 4 * DAMAGE_CHANGES ? size : 4 * DAMAGE_CHANGES;
    for (size_t i = 0; i + 4 <= size; i += 4)
        if (data[i] < 0x80)
            change(d, db, data + i);
    sql(db, "COMMIT");
    sqlite3_close(db);
    for (size_t i = 0; i + 4 <= size; i += 4)
        if (data[i] >= 0x80) {
            if (!bytes)
                need(file_read(path, STORE_MOST, &bytes, &n, &err), &err);
            change_byte(bytes, n, data + i);
        }
    if (bytes)
        fuzz_file(path, bytes, n);
    free(bytes);
}
