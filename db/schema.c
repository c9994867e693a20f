/* See schema.h. */
#include "db/schema.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "db/schema_sql.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/config/config.h"
#include "src/config/metric.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

static const struct {
    int version;
    const char *sql;
} migrations[] = {
#define MIGRATION(version, file) {version, schema_##file},
#include "db/schema.def"
#undef MIGRATION
};
#define NMIGRATIONS ((int)(sizeof migrations / sizeof migrations[0]))

int schema_newest(void)
{
    return migrations[NMIGRATIONS - 1].version;
}

/* Application id, version, and whether there is any table. */
static int look(struct sql *s, int64_t *id, int64_t *version, int64_t *objects, struct err *err)
{
    int rc = sql_int(s, "PRAGMA application_id", id, err);
    if (!rc)
        rc = sql_int(s, "PRAGMA user_version", version, err);
    if (!rc)
        rc = sql_int(s, "SELECT count(*) FROM sqlite_schema", objects, err);
    return rc;
}

static int refuse(struct sql *s, int64_t id, int64_t version, int64_t objects, struct err *err)
{
    if (id != SCHEMA_APPLICATION)
        return objects || id || version
                   ? err_set(err, E_INPUT, "%s is a database, but not a run store", SHOW(s->path))
                   : 0;
    if (version / 1000 != schema_newest() / 1000)
        return err_set(err, E_INPUT,
                       "%s has schema %d.%d, this program knows %d.%d: use the electroscope that "
                       "wrote it", SHOW(s->path), (int)(version / 1000), (int)(version % 1000),
                       schema_newest() / 1000, schema_newest() % 1000);
    return 0;
}

int schema_check(struct sql *s, int *version, struct err *err)
{
    int64_t id = 0, v = 0, objects = 0;
    int rc = look(s, &id, &v, &objects, err);
    if (!rc && !id && !v && !objects)
        return err_set(err, E_NOTFOUND, "%s is empty: no run store yet", SHOW(s->path));
    if (!rc)
        rc = refuse(s, id, v, objects, err);
    *version = (int)v;
    return rc;
}

const char *schema_column_type(const struct config_field *f)
{
    switch (f->type) {
    case CONFIG_INT:
    case CONFIG_BOOL:
        return "INTEGER";
    case CONFIG_REAL:
        return "REAL";
    default:
        return "TEXT";
    }
}

static int has_column(struct sql *s, const char *name, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(s, "SELECT 1 FROM pragma_table_info('run') WHERE name = ?", err);
    if (!st)
        return s->code;
    sql_bind(st, "t", name);
    int rc = sql_row(s, st, err);
    sqlite3_reset(st);
    return rc;
}

/* A column for every field; runs stored before the field existed have its default. */
static int add_columns(struct sql *s, struct err *err)
{
    int rc = 0;
    for (int i = 0; i < config_nfields && !rc; i++) {
        const struct config_field *f = &config_fields[i];
        if ((rc = has_column(s, f->name, err)) != 0) {
            rc = rc < 0 ? rc : 0;
            continue;
        }
        char text[1024];
        int numeric = f->type != CONFIG_TEXTUAL && f->type != CONFIG_CHOICE;
        char *quoted = sqlite3_mprintf(numeric ? "%s" : "%Q", f->def);
        if (!quoted)
            return err_nomem(err, "the schema");
        snprintf(text, sizeof text, "ALTER TABLE run ADD COLUMN \"%s\" %s DEFAULT %s", f->name,
                 schema_column_type(f), quoted);
        sqlite3_free(quoted);
        rc = sql_exec(s, text, err);
    }
    return rc;
}

static int add_metrics(struct sql *s, struct err *err)
{
    int rc = 0;
    for (int i = 0; i < 2 * METRIC_COUNT && !rc; i++)
        rc = sql_run(s, err, "INSERT OR IGNORE INTO metric(name) VALUES(?)", "t",
                     metric_name(i < METRIC_COUNT ? i : METRIC_VAL + i - METRIC_COUNT));
    return rc;
}

static int apply(struct sql *s, int upto, struct err *err)
{
    /* Read again inside the transaction: another process may have been faster. */
    int64_t id = 0, version = 0, objects = 0;
    int rc = look(s, &id, &version, &objects, err);
    if (!rc)
        rc = refuse(s, id, version, objects, err);
    if (!rc && version > schema_newest())
        rc = err_set(err, E_INPUT, "%s has schema %d.%d, newer than %d.%d: this program can only "
                     "read it", SHOW(s->path), (int)version / 1000, (int)version % 1000,
                     schema_newest() / 1000, schema_newest() % 1000);
    char text[64];
    for (int i = 0; i < NMIGRATIONS && !rc; i++) {
        if (migrations[i].version <= version || migrations[i].version > upto)
            continue;
        rc = sql_exec(s, migrations[i].sql, err);
        if (!rc)
            rc = sql_run(s, err, "INSERT INTO migration(version, program, applied) VALUES(?, ?, ?)",
                         "itd", (int64_t)migrations[i].version, PACKAGE_VERSION, clock_utc());
        snprintf(text, sizeof text, "PRAGMA user_version=%d", migrations[i].version);
        if (!rc)
            rc = sql_exec(s, text, err);
    }
    snprintf(text, sizeof text, "PRAGMA application_id=%d", SCHEMA_APPLICATION);
    if (!rc && id != SCHEMA_APPLICATION)
        rc = sql_exec(s, text, err);
    if (!rc)
        rc = add_columns(s, err);
    return rc ? rc : add_metrics(s, err);
}

int schema_migrate(struct sql *s, int upto, struct err *err)
{
    int rc = sql_exec(s, "BEGIN IMMEDIATE", err);
    if (rc)
        return rc;
    rc = apply(s, upto, err);
    if (!rc)
        rc = sql_exec(s, "COMMIT", err);
    if (rc)
        sql_exec(s, "ROLLBACK", NULL);
    return rc;
}
