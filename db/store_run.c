/* See store.h: what is written about a run as a whole. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db/schema.h"
#include "db/store_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"

/* A host writes a heartbeat every few seconds; a pid with an older one is somebody else's. */
#define HEARTBEAT_OLD 60

static int missing(int64_t run, struct err *err)
{
    return err_set(err, E_NOTFOUND, "there is no run %lld", (long long)run);
}

/* One statement in a transaction of its own; E_NOTFOUND when it changed no row. */
#define CHANGE(s, run, err, text, ...)                                                          \
    do {                                                                                        \
        int rc_ = store_begin(s, err);                                                          \
        if (rc_)                                                                                \
            return rc_;                                                                         \
        rc_ = sql_run(&(s)->sql, err, text, __VA_ARGS__);                                       \
        if (!rc_ && !sqlite3_changes((s)->sql.db))                                              \
            rc_ = missing(run, err);                                                            \
        return store_end(s, rc_, err);                                                          \
    } while (0)

static int name_taken(struct store *s, const char *name, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT 1 FROM run WHERE name = ?", err);
    if (!st)
        return s->sql.code;
    sql_bind(st, "t", name);
    int rc = sql_row(&s->sql, st, err);
    sqlite3_reset(st);
    return rc;
}

/* NAME, else NAME-2, NAME-3, ..., cut so that the number fits. */
static int free_name(struct store *s, char *name, struct err *err)
{
    char base[CONFIG_TEXT];
    snprintf(base, sizeof base, "%s", *name ? name : "run");
    snprintf(name, CONFIG_TEXT, "%s", base);
    for (long i = 2;; i++) {
        int rc = name_taken(s, name, err);
        if (rc <= 0)
            return rc;
        snprintf(name, CONFIG_TEXT, "%.230s-%ld", base, i);
    }
}

static void bind_field(sqlite3_stmt *st, int i, const struct config *c, const struct config_field *f)
{
    const char *p = (const char *)c + f->offset;
    char text[CONFIG_TEXT];
    switch (f->type) {
    case CONFIG_INT:
        sqlite3_bind_int64(st, i, *(const long *)p);
        break;
    case CONFIG_BOOL:
        sqlite3_bind_int64(st, i, *(const int *)p);
        break;
    case CONFIG_REAL:
        sqlite3_bind_double(st, i, *(const double *)p);
        break;
    default:
        sqlite3_bind_text(st, i, config_get(c, f, text, sizeof text), -1, SQLITE_TRANSIENT);
        break;
    }
}

static int insert_run(struct store *s, const struct config *c, uint64_t config_hash,
                      const char *program, int64_t *id, struct err *err)
{
    struct str q;
    str_init(&q);
    str_add(&q, "INSERT INTO run(state, created, config_hash, program");
    for (int i = 0; i < config_nfields; i++)
        str_addf(&q, ", \"%s\"", config_fields[i].name);
    str_add(&q, ") VALUES(?, ?, ?, ?");
    for (int i = 0; i < config_nfields; i++)
        str_add(&q, ", ?");
    str_add(&q, ")");
    sqlite3_stmt *st = NULL;
    int rc = q.failed ? err_nomem(err, "a run") : 0;
    if (!rc && (rc = sqlite3_prepare_v2(s->sql.db, str_get(&q), -1, &st, NULL)))
        rc = sql_fail(&s->sql, rc, err);
    str_free(&q);
    if (rc)
        return rc;
    sql_bind(st, "tdit", run_state_name(RUN_QUEUED), clock_utc(), (int64_t)config_hash, program);
    for (int i = 0; i < config_nfields; i++)
        bind_field(st, 5 + i, c, &config_fields[i]);
    rc = sql_done(&s->sql, st, err);
    sqlite3_finalize(st);
    *id = sqlite3_last_insert_rowid(s->sql.db);
    return rc;
}

int store_add_run(struct store *s, struct config *c, uint64_t config_hash, const char *program,
                  int64_t *id, struct err *err)
{
    int rc = store_begin(s, err);
    if (rc)
        return rc;
    rc = free_name(s, c->name, err);
    if (!rc)
        rc = insert_run(s, c, config_hash, program ? program : "", id, err);
    return store_end(s, rc, err);
}

int store_set_config(struct store *s, int64_t run, const struct config *c, uint64_t config_hash,
                     struct err *err)
{
    int rc = store_begin(s, err);
    if (rc)
        return rc;
    rc = sql_run(&s->sql, err, "UPDATE run SET config_hash = ? WHERE id = ?", "ii",
                 (int64_t)config_hash, run);
    if (!rc && !sqlite3_changes(s->sql.db))
        rc = missing(run, err);
    for (int i = 0; i < config_nfields && !rc; i++) {
        char text[256];
        sqlite3_stmt *st;
        if (!strcmp(config_fields[i].name, "name") || !strcmp(config_fields[i].name, "tags"))
            continue; /* have calls of their own */
        snprintf(text, sizeof text, "UPDATE run SET \"%s\" = ? WHERE id = ?", config_fields[i].name);
        if ((rc = sqlite3_prepare_v2(s->sql.db, text, -1, &st, NULL))) {
            rc = sql_fail(&s->sql, rc, err);
            break;
        }
        bind_field(st, 1, c, &config_fields[i]);
        sqlite3_bind_int64(st, 2, run);
        rc = sql_done(&s->sql, st, err);
        sqlite3_finalize(st);
    }
    return store_end(s, rc, err);
}

int store_set_identity(struct store *s, int64_t run, uint64_t corpus_hash, const char *kernel,
                       const char *blas_core, uint64_t params, struct err *err)
{
    CHANGE(s, run, err, "UPDATE run SET corpus_hash = ?, kernel = ?, blas_core = ?, params = ? "
           "WHERE id = ?", "ittii", (int64_t)corpus_hash, kernel ? kernel : "",
           blas_core ? blas_core : "", (int64_t)params, run);
}

int store_set_parent(struct store *s, int64_t run, int64_t parent, struct err *err)
{
    CHANGE(s, run, err, "UPDATE run SET parent = ? WHERE id = ?", "ii", parent, run);
}

static int resume_rows(struct store *s, int64_t run, int64_t step, struct err *err)
{
    struct sql *q = &s->sql;
    int64_t from = step < 0 ? 0 : step;
    int rc = sql_run(q, err, "UPDATE run SET step = min(step, ?3), ended = 0, tokens = coalesce("
                     "(SELECT max(tokens) FROM logged WHERE run = ?1 AND step <= ?2), 0) "
                     "WHERE id = ?1", "iii", run, step, from);
    if (!rc && !sqlite3_changes(q->db))
        rc = missing(run, err);
    if (!rc)
        rc = store_cut_series(s, run, step, err);
    for (int64_t held = 0; held < 2 && !rc; held++)
        rc = sql_run(q, err, "DELETE FROM logged WHERE run = ? AND held_out = ? AND step > ?",
                     "iii", run, held, step);
    if (!rc)
        rc = sql_run(q, err, "DELETE FROM token WHERE sequence IN (SELECT id FROM sequence WHERE "
                     "run = ? AND step > ?)", "ii", run, step);
    if (!rc)
        rc = sql_run(q, err, "DELETE FROM sequence WHERE run = ? AND step > ?", "ii", run, step);
    if (!rc)
        rc = sql_run(q, err, "DELETE FROM checkpoint WHERE run = ? AND step > ?", "ii", run, step);
    if (!rc)
        rc = sql_run(q, err, "INSERT INTO resume(run, step, time) VALUES(?, ?, ?)", "iid", run, from,
                     clock_utc());
    char text[64] = "resumed from the start";
    if (step >= 0)
        snprintf(text, sizeof text, "resumed at step %lld", (long long)step);
    return rc ? rc : store_write_message(s, run, from, SEV_INFO, text, err);
}

int store_resume(struct store *s, int64_t run, int64_t step, struct err *err)
{
    int rc = store_begin(s, err);
    return rc ? rc : store_end(s, resume_rows(s, run, step, err), err);
}

int store_write_message(struct store *s, int64_t run, int64_t step, int severity, const char *text,
                        struct err *err)
{
    return sql_run(&s->sql, err, "INSERT INTO event(run, step, time, severity, text) "
                   "VALUES(?, ?, ?, ?, ?)", "iidit", run, step, clock_utc(), (int64_t)severity,
                   text);
}

int store_write_state(struct store *s, int64_t run, int64_t step, int state, const char *reason,
                      struct err *err)
{
    int over = state == RUN_STOPPED || state == RUN_DONE || state == RUN_FAILED || state == RUN_LOST;
    double now = clock_utc();
    int rc = sql_run(&s->sql, err, "UPDATE run SET state = ?1, reason = ?2, "
                     "started = CASE WHEN ?3 AND started = 0 THEN ?5 ELSE started END, "
                     "ended = CASE WHEN ?4 THEN ?5 ELSE 0 END WHERE id = ?6", "ttiidi",
                     run_state_name(state), reason ? reason : "", (int64_t)(state == RUN_RUNNING),
                     (int64_t)over, now, run);
    if (!rc && !sqlite3_changes(s->sql.db))
        return missing(run, err);
    char text[512];
    snprintf(text, sizeof text, "%s%s%s", run_state_name(state), reason && *reason ? ": " : "",
             reason ? reason : "");
    int severity = state == RUN_FAILED ? SEV_ERROR : state == RUN_LOST ? SEV_WARN : SEV_INFO;
    return rc ? rc : store_write_message(s, run, step, severity, text, err);
}

static int64_t run_step(struct store *s, int64_t run)
{
    sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT step FROM run WHERE id = ?", NULL);
    if (!st)
        return 0;
    sql_bind(st, "i", run);
    int64_t step = sql_row(&s->sql, st, NULL) > 0 ? sqlite3_column_int64(st, 0) : 0;
    sqlite3_reset(st);
    return step;
}

int store_set_state(struct store *s, int64_t run, int state, const char *reason, struct err *err)
{
    int rc = store_begin(s, err);
    return rc ? rc
              : store_end(s, store_write_state(s, run, run_step(s, run), state, reason, err), err);
}

int store_heartbeat(struct store *s, int64_t run, int64_t pid, const char *boot_id, struct err *err)
{
    CHANGE(s, run, err, "UPDATE run SET heartbeat = ?, pid = ?, boot_id = ? WHERE id = ?", "diti",
           clock_utc(), pid, boot_id ? boot_id : "", run);
}

int store_tag(struct store *s, int64_t run, const char *tags, struct err *err)
{
    CHANGE(s, run, err, "UPDATE run SET tags = ? WHERE id = ?", "ti", tags, run);
}

int store_note(struct store *s, int64_t run, const char *note, struct err *err)
{
    CHANGE(s, run, err, "UPDATE run SET note = ? WHERE id = ?", "ti", note, run);
}

int store_archive(struct store *s, int64_t run, int archived, struct err *err)
{
    CHANGE(s, run, err, "UPDATE run SET archived = ? WHERE id = ?", "ii", (int64_t)!!archived, run);
}

int store_rename(struct store *s, int64_t run, const char *name, struct err *err)
{
    char text[CONFIG_TEXT];
    if (!*name || strlen(name) >= sizeof text)
        return err_set(err, E_USAGE, "a name has 1 to %d bytes", CONFIG_TEXT - 1);
    CHANGE(s, run, err, "UPDATE run SET name = ? WHERE id = ?", "ti", name, run);
}

/* Series by series, so that a long run does not swell the WAL; the run's own row goes last, so
 * that a deletion that was cut short can be asked for again. */
static int delete_series(struct store *s, int64_t run, struct err *err)
{
    for (;;) {
        sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT id FROM series WHERE run = ? LIMIT 1", err);
        if (!st)
            return s->sql.code;
        sql_bind(st, "i", run);
        int rc = sql_row(&s->sql, st, err);
        if (rc <= 0)
            return rc;
        int64_t id = sqlite3_column_int64(st, 0);
        sqlite3_reset(st);
        if ((rc = store_begin(s, err)))
            return rc;
        rc = sql_run(&s->sql, err, "DELETE FROM point WHERE series = ?", "i", id);
        if (!rc)
            rc = sql_run(&s->sql, err, "DELETE FROM rollup WHERE series = ?", "i", id);
        if (!rc)
            rc = sql_run(&s->sql, err, "DELETE FROM series WHERE id = ?", "i", id);
        if ((rc = store_end(s, rc, err)))
            return rc;
    }
}

static int delete_rest(struct store *s, int64_t run, struct err *err)
{
    static const char *const rest[] = {
        "DELETE FROM token WHERE sequence IN (SELECT id FROM sequence WHERE run = ?)",
        "DELETE FROM sequence WHERE run = ?", "DELETE FROM logged WHERE run = ?",
        "DELETE FROM event WHERE run = ?", "DELETE FROM checkpoint WHERE run = ?",
        "DELETE FROM thread WHERE run = ?", "DELETE FROM resume WHERE run = ?",
        "DELETE FROM score WHERE run = ?", "DELETE FROM tuning WHERE run = ?",
        "DELETE FROM mistake WHERE run = ?", "DELETE FROM run WHERE id = ?"};
    int rc = 0;
    for (size_t i = 0; i < sizeof rest / sizeof rest[0] && !rc; i++)
        rc = sql_run(&s->sql, err, rest[i], "i", run);
    return !rc && !sqlite3_changes(s->sql.db) ? missing(run, err) : rc;
}

int store_delete_run(struct store *s, int64_t run, struct err *err)
{
    store_forget(s);
    int rc = delete_series(s, run, err);
    if (!rc)
        rc = store_begin(s, err);
    return rc ? rc : store_end(s, delete_rest(s, run, err), err);
}

/* Our own pid with a heartbeat from before this store was opened is an earlier process's: small
 * pids come back soon in containers. */
static int is_lost(struct store *s, int64_t pid, const char *boot, double heartbeat,
                   const char *boot_now)
{
    if (pid == getpid() && !strcmp(boot, boot_now))
        return heartbeat < s->opened - 1;
    double age = clock_utc() - heartbeat;
    return !store_pid_alive(pid) || strcmp(boot, boot_now) || age > HEARTBEAT_OLD ||
           age < -HEARTBEAT_OLD;
}

int store_mark_lost(struct store *s, struct err *err)
{
    char boot_now[64], boot[64];
    store_boot_id(boot_now);
    int64_t after = 0;
    for (;;) {
        sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT id, pid, boot_id, heartbeat, step FROM run "
                                    "WHERE id > ? AND state IN ('preparing', 'running', 'paused', "
                                    "'stopping') ORDER BY id LIMIT 1", err);
        if (!st)
            return s->sql.code;
        sql_bind(st, "i", after);
        int rc = sql_row(&s->sql, st, err);
        if (rc <= 0)
            return rc;
        after = sqlite3_column_int64(st, 0);
        int64_t step = sqlite3_column_int64(st, 4);
        sql_text(st, 2, boot, sizeof boot);
        int lost = is_lost(s, sqlite3_column_int64(st, 1), boot, sqlite3_column_double(st, 3),
                           boot_now);
        sqlite3_reset(st);
        if (!lost)
            continue;
        if ((rc = store_begin(s, err)))
            return rc;
        rc = store_write_state(s, after, step, RUN_LOST, "its process is gone", err);
        if ((rc = store_end(s, rc, err)))
            return rc;
    }
}
