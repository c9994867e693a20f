/* See store.h: opening, transactions, the size of the WAL. */
#include "db/store.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/vfs.h>

#include "db/schema.h"
#include "db/store_int.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

/* Frames (4 KiB pages) of the WAL after which a checkpoint is tried without waiting, and after
 * which readers are waited for: 4 MiB and 24 MiB. */
#define WAL_TRY 1000
#define WAL_WAIT 6000
#define WAL_WAIT_MS 100

const char *store_network_fs(long type)
{
    static const struct {
        unsigned long type;
        const char *name;
    } known[] = {{0x6969, "NFS"},        {0x517B, "SMB"},        {0xFF534D42, "CIFS"},
                 {0xFE534D42, "SMB2"},   {0x65735546, "FUSE"},   {0x01021997, "9p"},
                 {0x00C36400, "Ceph"},   {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"},
                 {0x5346414F, "AFS"},    {0x6B414653, "AFS"},    {0x73757245, "Coda"},
                 {0x564C, "NCP"},        {0x19830326, "BeeGFS"}, {0xAAD7AAEA, "PanFS"},
                 {0x7461636F, "OCFS2"},  {0x01161970, "GFS2"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].type == ((unsigned long)type & 0xFFFFFFFFul))
            return known[i].name;
    return NULL;
}

void store_boot_id(char out[64])
{
    char *text;
    size_t size;
    out[0] = 0;
    if (file_read("/proc/sys/kernel/random/boot_id", 4096, &text, &size, NULL))
        return;
    snprintf(out, 64, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

int store_pid_alive(int64_t pid)
{
    return pid > 0 && pid <= INT32_MAX && (!kill((pid_t)pid, 0) || errno != ESRCH);
}

static int on_commit(void *ud, sqlite3 *db, const char *name, int frames)
{
    (void)db, (void)name;
    ((struct store *)ud)->wal_frames = frames;
    return SQLITE_OK;
}

/* WAL, unless the directory lies on a file system whose locks and shared memory don't hold. */
static int set_journal(struct store *s, struct err *err)
{
    char dir[1024];
    struct statfs fs;
    snprintf(dir, sizeof dir, "%s", s->sql.path);
    s->wal = statfs(dirname(dir), &fs) || !store_network_fs((long)fs.f_type);
    sqlite3_stmt *st = sql_stmt(&s->sql, s->wal ? "PRAGMA journal_mode=WAL"
                                                : "PRAGMA journal_mode=DELETE", err);
    int rc = st ? sql_row(&s->sql, st, err) : s->sql.code;
    if (rc < 0)
        return rc;
    if (s->wal && strcmp((const char *)sqlite3_column_text(st, 0), "wal"))
        s->wal = 0; /* a file system without shared memory */
    sqlite3_reset(st);
    sqlite3_wal_hook(s->sql.db, on_commit, s);
    return sql_exec(&s->sql, "PRAGMA journal_size_limit=33554432; PRAGMA synchronous=NORMAL;"
                    "PRAGMA cache_size=-16384", err);
}

static int load_metrics(struct store *s, struct err *err)
{
    sqlite3_stmt *st = sql_stmt(&s->sql, "SELECT id, name FROM metric", err);
    if (!st)
        return s->sql.code;
    int rc;
    while ((rc = sql_row(&s->sql, st, err)) > 0) {
        char name[64];
        sql_text(st, 1, name, sizeof name);
        int m = metric_find(name);
        if (m >= 0)
            s->metric_ids[m < METRIC_VAL ? m : METRIC_COUNT + m - METRIC_VAL] =
                sqlite3_column_int64(st, 0);
    }
    return rc;
}

struct store *store_open(const char *path, struct err *err)
{
    struct store *s = calloc(1, sizeof *s);
    char uri[4096];
    if (!s) {
        err_nomem(err, "the run store");
        return NULL;
    }
    sql_uri(uri, sizeof uri, path, "mode=rwc");
    int rc = sql_open(&s->sql, uri, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    int version;
    s->opened = clock_utc();
    struct err why = {0, ""};
    /* Before anything is written: what is it? */
    if (!rc && (rc = schema_check(&s->sql, &version, &why)) == E_NOTFOUND)
        rc = 0;
    else if (rc)
        err_set(err, rc, "%s", why.text);
    if (!rc)
        rc = set_journal(s, err);
    if (!rc)
        rc = schema_migrate(&s->sql, schema_newest(), err);
    if (!rc)
        rc = load_metrics(s, err);
    if (rc) {
        store_close(s);
        return NULL;
    }
    return s;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    store_forget(s);
    sql_close(&s->sql);
    free(s);
}

const char *store_journal(const struct store *s)
{
    return s->wal ? "wal" : "delete";
}

void store_forget(struct store *s)
{
    for (int i = 0; i < SERIES_BUCKETS; i++) {
        for (struct series *se = s->series[i], *next; se; se = next) {
            next = se->next;
            free(se);
        }
        s->series[i] = NULL;
    }
    s->nseries = 0;
}

int store_begin(struct store *s, struct err *err)
{
    return sql_run(&s->sql, err, "BEGIN IMMEDIATE", "");
}

void store_rollback(struct store *s)
{
    if (!sqlite3_get_autocommit(s->sql.db))
        sql_exec(&s->sql, "ROLLBACK", NULL);
    store_forget(s);
}

/* A reader in the middle of a query only delays this; the next commit tries again. */
static void keep_wal_small(struct store *s)
{
    if (s->wal_frames < s->wal_tried)
        s->wal_tried = 0;
    if (!s->wal || s->wal_frames - s->wal_tried < WAL_TRY)
        return;
    s->wal_tried = s->wal_frames;
    int wait = s->wal_frames >= WAL_WAIT;
    if (wait)
        sqlite3_busy_timeout(s->sql.db, WAL_WAIT_MS);
    int rc = sqlite3_wal_checkpoint_v2(s->sql.db, NULL, wait ? SQLITE_CHECKPOINT_TRUNCATE
                                                             : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (wait) {
        sqlite3_busy_timeout(s->sql.db, SQL_BUSY_MS);
        if (!rc)
            s->wal_frames = s->wal_tried = 0;
    }
}

int store_commit(struct store *s, struct err *err)
{
    int rc = store_write_series(s, err);
    if (!rc)
        rc = sql_run(&s->sql, err, "COMMIT", "");
    if (rc) {
        store_rollback(s);
        return rc;
    }
    if (s->nseries > 4 * SERIES_BUCKETS)
        store_forget(s);
    keep_wal_small(s);
    return 0;
}

int store_end(struct store *s, int rc, struct err *err)
{
    if (!rc)
        return store_commit(s, err);
    store_rollback(s);
    return rc;
}
