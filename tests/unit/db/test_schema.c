/* Stores that are older, newer, damaged, read-only, on a network, or not stores at all. */
#include "tests/unit/db/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/schema.h"
#include "db/store_int.h"
#include "src/base/arena.h"
#include "src/base/file.h"

static const char *path;
static long fake_type; /* of the file system; 0: the real one */

int __real_statfs(const char *p, struct statfs *out);
int __wrap_statfs(const char *p, struct statfs *out);
int __wrap_statfs(const char *p, struct statfs *out)
{
    int rc = __real_statfs(p, out);
    if (!rc && fake_type)
        out->f_type = (__typeof__(out->f_type))fake_type;
    return rc;
}

static int setup(void **state)
{
    (void)state;
    path = rig_path();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_type = 0;
    rig_clean();
    return 0;
}

/* A store as schema 1.0 left it: no scores, and a field that came later is missing. */
static void make_old(void)
{
    struct err err = {0, ""};
    struct sql s;
    char uri[512];
    sql_uri(uri, sizeof uri, path, "mode=rwc");
    ok(sql_open(&s, uri, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &err));
    ok(sql_exec(&s, "PRAGMA journal_mode=WAL", &err));
    ok(schema_migrate(&s, 1000, &err));
    ok(sql_exec(&s, "ALTER TABLE run DROP COLUMN clip_norm; ALTER TABLE run DROP COLUMN tie;"
                "INSERT INTO run(name, state, created, steps) VALUES('old', 'done', 5, 77)", &err));
    sql_close(&s);
}

static void older_stores_are_migrated(void **state)
{
    (void)state;
    struct err err = {0, ""};
    make_old();
    assert_true(rig_sql(path, "PRAGMA user_version") == 1000);
    /* A reader can do without. */
    struct query *q = rig_query(path);
    struct query_run r;
    struct query_score *sc;
    struct arena a;
    arena_init(&a);
    ok(query_run_find(q, "old", &r, &err));
    assert_true(r.config.steps == 77 && r.config.clip_norm == 1 && r.config.tie == TIE_EMBEDDINGS);
    struct query_run *all;
    struct query_tuning *tuning;
    struct query_mistake *wrong;
    struct query_score whose = {.run = 1};
    assert_int_equal(query_runs(q, 0, &a, &all, &err), 1);
    assert_int_equal(query_scores(q, 0, NULL, &a, &sc, &err), 0);
    assert_int_equal(query_tunings(q, &a, &tuning, &err), 0);
    assert_int_equal(query_mistakes(q, &whose, &a, &wrong, &err), 0);
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "new");
    struct store_score score = {.run = run, .task = "rte", .metric = "accuracy", .value = 1};
    ok(store_add_score(s, &score, &err));
    assert_int_equal(query_scores(q, 0, NULL, &a, &sc, &err), 1); /* the open reader sees it */
    store_close(s);
    ok(query_run_find(q, "old", &r, &err));
    assert_true(r.config.steps == 77 && r.config.clip_norm == 1 && r.config.tie == TIE_EMBEDDINGS);
    rig_sql(path, "UPDATE run SET tie = 'none', clip_norm = 3 WHERE name = 'old'"); /* the new columns, too */
    ok(query_run_find(q, "old", &r, &err));
    assert_true(r.config.steps == 77 && r.config.clip_norm == 3 && r.config.tie == TIE_NONE);
    assert_int_equal(query_runs(q, 0, &a, &all, &err), 2);
    assert_true(all[1].config.steps == 77 && all[1].config.clip_norm == 3 && all[1].config.tie == TIE_NONE);
    rig_sql(path, "UPDATE run SET clip_norm = 1 WHERE name = 'old'");
    query_close(q);
    arena_free(&a);
    assert_true(rig_sql(path, "PRAGMA user_version") == schema_newest());
    assert_true(rig_sql(path, "SELECT count(*) FROM migration") == 3);
    assert_true(rig_sql(path, "SELECT clip_norm FROM run WHERE name = 'old'") == 1);
}

static void a_failed_migration_changes_nothing(void **state)
{
    (void)state;
    struct err err = {0, ""};
    make_old();
    rig_sql(path, "CREATE VIEW v_scores AS SELECT 1"); /* in the way of 1.1, after its table */
    assert_null(store_open(path, &err));
    assert_non_null(strstr(err.text, "v_scores"));
    assert_true(rig_sql(path, "PRAGMA user_version") == 1000);
    assert_true(rig_sql(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'score'") == 0);
}

static void *open_one(void *ud)
{
    struct err err = {0, ""};
    struct store *s = store_open(path, &err);
    if (!s)
        print_error("%s\n", err.text);
    *(int *)ud = s != NULL;
    store_close(s);
    return NULL;
}

/* Several at once: one migrates, the others find it done. */
static void migration_happens_once(void **state)
{
    (void)state;
    make_old();
    pthread_t t[4];
    int done[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, open_one, &done[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_true(done[i]);
    }
    assert_true(rig_sql(path, "SELECT count(*) FROM migration") == 3);
}

static void newer_stores_are_refused(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    rig_run(s, "a");
    store_close(s);
    rig_sql(path, "PRAGMA user_version = 1900"); /* minor: may be read */
    assert_null(store_open(path, &err));
    assert_non_null(strstr(err.text, "1.900"));
    struct query *q = rig_query(path);
    struct query_run r;
    ok(query_run_find(q, "a", &r, &err));
    query_close(q);
    rig_sql(path, "PRAGMA user_version = 2000");
    assert_null(store_open(path, &err));
    assert_int_equal(err.code, E_INPUT);
    assert_non_null(strstr(err.text, "2.0"));
    err.code = 0;
    assert_null(query_open(path, &err));
    assert_int_equal(err.code, E_INPUT);
    assert_true(rig_sql(path, "PRAGMA user_version") == 2000);
}

static void write_file(const char *p, const void *data, size_t n)
{
    FILE *f = fopen(p, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void what_is_no_store_is_left_alone(void **state)
{
    (void)state;
    struct err err = {0, ""};
    assert_null(query_open(path, &err));
    assert_int_equal(err.code, E_NOTFOUND);
    write_file(path, "", 0);
    assert_null(query_open(path, &err));
    assert_int_equal(err.code, E_NOTFOUND);
    static const char text[] = "This is a text file that somebody gave by mistake; it is longer "
                               "than the hundred bytes of an SQLite header, to be sure of that.\n";
    write_file(path, text, sizeof text);
    assert_null(store_open(path, &err));
    assert_int_equal(err.code, E_INPUT);
    assert_null(query_open(path, &err));
    assert_int_equal(err.code, E_INPUT);
    char *back;
    size_t size;
    ok(file_read(path, 4096, &back, &size, &err));
    assert_true(size == sizeof text && !memcmp(back, text, size));
    free(back);
    unlink(path);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE mine(x)", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_null(store_open(path, &err));
    assert_non_null(strstr(err.text, "not a run store"));
    assert_null(query_open(path, &err));
    assert_true(rig_sql(path, "SELECT count(*) FROM sqlite_schema") == 1);
}

static void read_everything(int64_t run)
{
    struct err err = {0, ""};
    struct query *q = query_open(path, &err);
    if (!q)
        return;
    struct arena a;
    arena_init(&a);
    struct query_run *runs, one;
    struct query_bucket *b;
    struct query_point *p;
    struct token_seq **seqs;
    struct query_event *events;
    struct query_checkpoint *checkpoints;
    struct query_threads threads;
    struct query_score *scores;
    int64_t at, *steps;
    int ids[2 * METRIC_COUNT];
    query_runs(q, 1, &a, &runs, &err);
    query_run_find(q, "a", &one, &err);
    query_metrics(q, run, ids, &err);
    query_series(q, run, METRIC_total_loss, 0, -1, 10, &a, &b, &err);
    query_series(q, run, METRIC_total_loss, 0, INT64_MAX, 10, &a, &b, &err);
    query_points(q, run, METRIC_total_loss, &a, &p, &err);
    query_snapshots(q, run, TOKENS_SNAPSHOT, &a, &steps, &err);
    query_tokens(q, run, TOKENS_SNAPSHOT, 0, &a, &seqs, &at, NULL, &err);
    query_events(q, 0, 0, &a, &events, &err);
    query_checkpoints(q, run, &a, &checkpoints, &err);
    query_run_threads(q, run, &threads, &err);
    query_scores(q, 0, NULL, &a, &scores, &err);
    arena_free(&a);
    query_close(q);
}

static void write_something(int64_t run)
{
    struct err err = {0, ""};
    struct store *s = store_open(path, &err);
    if (!s)
        return;
    store_mark_lost(s, &err);
    store_resume(s, run, 300, &err);
    struct event e[2] = {rig_metric(run, 301, METRIC_total_loss, 1),
                         {.kind = EVENT_CHECKPOINT, .run = run, .step = 301, .text = "."}};
    int rc = store_begin(s, &err);
    for (int i = 0; i < 2 && !rc; i++)
        rc = store_write_event(s, &e[i], &err);
    store_end(s, rc, &err);
    store_close(s);
}

/* Flipped bits and cut files: an error or other rows, never a crash. */
static void damage_never_crashes(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    double v[500];
    for (int i = 0; i < 500; i++)
        v[i] = i;
    rig_points(s, run, METRIC_total_loss, v, 500, 0, 1);
    struct event e = {.kind = EVENT_TOKENS, .run = run, .source = TOKENS_SNAPSHOT,
                      .seq = rig_seq(40, 0, 1)};
    ok(store_begin(s, &err));
    ok(store_write_event(s, &e, &err));
    ok(store_commit(s, &err));
    free(e.seq);
    store_close(s);
    char *good, *bad;
    size_t size;
    ok(file_read(path, 1 << 24, &good, &size, &err));
    bad = malloc(size);
    uint64_t x = 1;
    for (int round = 0; round < 80; round++) {
        memcpy(bad, good, size);
        size_t cut = size;
        for (int k = 0; k < 8; k++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            bad[(x >> 20) % size] ^= (char)(1 << (x >> 60));
        }
        if (round % 8 == 7)
            cut = (x >> 20) % size;
        write_file(path, bad, cut);
        read_everything(run);
        if (round % 4 == 0)
            write_something(run);
        unlink(rig_file("runs.db-wal"));
        unlink(rig_file("runs.db-shm"));
    }
    free(good);
    free(bad);
}

/* A page of zeros in the middle: found by looking, and the sentence says where. */
static void looking_finds_damage(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    double v[3000] = {0};
    rig_points(s, run, METRIC_total_loss, v, 3000, 0, 1);
    store_close(s);
    struct query *q = rig_query(path);
    ok(query_check(q, &err));
    query_close(q);
    char sql[] = "SELECT max(rootpage) FROM sqlite_schema WHERE name = 'point'";
    long page = (long)rig_sql(path, sql);
    FILE *f = fopen(path, "r+");
    static const char zeros[4096];
    assert_int_equal(fseek(f, (page - 1) * 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, 1, sizeof zeros, f), sizeof zeros);
    fclose(f);
    q = rig_query(path);
    assert_int_equal(query_check(q, &err), E_INPUT);
    assert_non_null(strstr(err.text, "damaged"));
    query_close(q);
}

/* A state that this program does not know is that of a run which is not at work here. */
static void unknown_states_are_lost(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    struct query_run *runs;
    struct arena a;
    rig_run(s, "a");
    store_close(s);
    rig_sql(path, "UPDATE run SET state = 'dreaming'");
    arena_init(&a);
    struct query *q = rig_query(path);
    assert_int_equal(query_runs(q, 0, &a, &runs, &err), 1);
    assert_int_equal(runs[0].state, RUN_LOST);
    query_close(q);
    arena_free(&a);
}

/* What only a flipped bit can make of a series is said, not followed. */
static void impossible_series_are_told(void **state)
{
    (void)state;
    struct err err = {0, ""};
    static const char *const damage[] = {
        "UPDATE series SET first_step = 400, last_step = 5", "UPDATE series SET first_step = -9",
        "UPDATE rollup SET last_step = first_step - 1 WHERE level = 1"};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    double v[2000] = {0};
    rig_points(s, run, METRIC_total_loss, v, 2000, 0, 1);
    store_close(s);
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        struct arena a;
        arena_init(&a);
        rig_sql(path, damage[i]);
        struct query *q = rig_query(path);
        struct query_bucket *b;
        struct query_run *runs;
        assert_int_equal(query_series(q, run, METRIC_total_loss, 0, -1, 10, &a, &b, &err), E_INPUT);
        assert_non_null(strstr(err.text, "damaged"));
        assert_true(query_runs(q, 0, &a, &runs, &err) == 1 || err.code == E_INPUT);
        query_close(q);
        arena_free(&a);
        rig_sql(path, "UPDATE series SET first_step = 0, last_step = 1999");
    }
}

static void copy_file(const char *from, const char *to)
{
    struct err err = {0, ""};
    char *data;
    size_t size;
    ok(file_read(from, 1 << 24, &data, &size, &err));
    write_file(to, data, size);
    free(data);
    chmod(to, 0444);
}

/* Opens as somebody who is not root, whom modes don't bind. 0: as an immutable file, with run a;
 * 1: not at all; 77: can't be tried here; else wrong. */
static int open_as_nobody(const char *copy)
{
    struct err err = {0, ""};
    pid_t pid = fork();
    if (!pid) {
        if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
            _exit(77);
        if (access(copy, R_OK))
            _exit(77); /* built below a directory of root's own */
        if (store_open(copy, &err))
            _exit(2);
        struct query *q = query_open(copy, &err);
        struct query_run r;
        if (!q)
            _exit(err.code == E_NOTFOUND || !*err.text ? 4 : 1);
        _exit(!query_is_immutable(q) || query_run_find(q, "a", &r, &err) ? 3 : 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Copies in a directory that nobody may write: the file of a store that was closed cleanly opens as
 * it is; beside the WAL of a killed writer it must not, because rows would be missing. */
static void read_only_media(void **state)
{
    (void)state;
    char dir[256], copy[300], wal[310];
    struct store *s = rig_store(path);
    rig_run(s, "a");
    store_close(s);
    snprintf(dir, sizeof dir, "%s", rig_file("ro"));
    snprintf(copy, sizeof copy, "%s/runs.db", dir);
    snprintf(wal, sizeof wal, "%s-wal", copy);
    assert_int_equal(mkdir(dir, 0755), 0);
    copy_file(path, copy);
    s = rig_store(path);
    rig_run(s, "only in the WAL");
    char data_dir[256];
    snprintf(data_dir, sizeof data_dir, "%.*s", (int)(strrchr(path, '/') - path), path);
    chmod(data_dir, 0755);
    chmod(dir, 0555);
    int alone = open_as_nobody(copy);
    chmod(dir, 0755);
    copy_file(rig_file("runs.db-wal"), wal);
    store_close(s);
    chmod(dir, 0555);
    int with_wal = open_as_nobody(copy);
    chmod(dir, 0755);
    if (alone == 77)
        skip();
    assert_int_equal(alone, 0);
    assert_int_equal(with_wal, 1);
}

/* A writer that was killed leaves rows in its WAL: a reader sees them, and leaves the WAL alone. */
static void the_wal_of_a_killed_writer_counts(void **state)
{
    (void)state;
    struct err err = {0, ""};
    pid_t pid = fork();
    if (!pid) {
        struct store *s = store_open(path, &err);
        struct config c;
        int64_t id;
        config_default(&c);
        strcpy(c.name, "a");
        store_add_run(s, &c, 0, "", &id, &err);
        _exit(0); /* no close: as good as a kill */
    }
    int status;
    waitpid(pid, &status, 0);
    int64_t wal = file_size(rig_file("runs.db-wal"));
    assert_true(wal > 0);
    struct query *q = rig_query(path);
    struct query_run r;
    ok(query_run_find(q, "a", &r, &err));
    assert_int_equal(query_is_immutable(q), 0);
    query_close(q);
    assert_int_equal(file_size(rig_file("runs.db-wal")), wal);
}

static void network_file_systems_get_no_wal(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path); /* a WAL first, as if the file was moved there */
    assert_string_equal(store_journal(s), "wal");
    rig_run(s, "a");
    store_close(s);
    fake_type = 0x6969;
    s = rig_store(path);
    assert_string_equal(store_journal(s), "delete");
    rig_run(s, "b");
    assert_int_equal(file_size(rig_file("runs.db-wal")), -1);
    struct query *q = rig_query(path);
    struct query_run r;
    ok(query_run_find(q, "b", &r, &err));
    query_close(q);
    store_close(s);
    assert_string_equal(store_network_fs((long)(int)0xFF534D42), "CIFS"); /* sign-extended */
    assert_null(store_network_fs(0xEF53));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(older_stores_are_migrated, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_migration_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(migration_happens_once, setup, teardown),
        cmocka_unit_test_setup_teardown(newer_stores_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_store_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_never_crashes, setup, teardown),
        cmocka_unit_test_setup_teardown(looking_finds_damage, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_states_are_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_series_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(read_only_media, setup, teardown),
        cmocka_unit_test_setup_teardown(the_wal_of_a_killed_writer_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(network_file_systems_get_no_wal, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
