/* A run store that somebody else wrote: a store with something in every table, its schema without
 * the constraints; then any value in any column, and any byte of the file. All that reads it for the
 * screens and the command line is called. A case is a list of changes of four bytes. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/csv.h"
#include "db/query.h"
#include "db/store_int.h"
#include "experiments/ablation.h"
#include "experiments/compare.h"
#include "experiments/score_table.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/fuzz/fuzz.h"
#include "ui/cli/export_rows.h"
#include "ui/cli/rows.h"

#define TABLES_MAX 30
#define COLUMNS_MAX 300
#define RUNS 2
#define STEPS 36
#define CHANGES 16 /* of a case at most */
static struct {
    char name[32], column[COLUMNS_MAX][48];
    int ncolumns;
} table[TABLES_MAX];
static int ntables;
static char *whole; /* the store's bytes */
static size_t whole_size;

/* --- a store with something in every table -------------------------------------------------- */

static void need(int rc, const struct err *err)
{
    fuzz_check(rc >= 0, "the fuzzer's store: %s", err->text);
}

static struct token_seq *sequence(int n, int sentence)
{
    struct token_seq *s = calloc(1, sizeof *s + (size_t)n * sizeof s->rows[0]);
    if (!s)
        abort();
    s->n = n;
    s->sentence = sentence;
    for (int i = 0; i < n; i++)
        s->rows[i] = (struct token_row){.original = i, .masked = 4, .sampled = i + 1, .chosen = 1,
                                        .gen_prob = 0.5f, .disc_prob = 0.25f, .gen_rank = 2,
                                        .label = 1, .top_id = {1, 2, 3}};
    return s;
}

static void write_events(struct store *s, int64_t run)
{
    struct err err = {0};
    need(store_begin(s, &err), &err);
    for (int64_t step = 1; step <= STEPS; step++) {
        struct event e = {.kind = EVENT_METRICS, .run = run, .step = step, .tokens = step * 64,
                          .wall = 0.5 * (double)step, .nmetrics = 1};
        e.metrics[0].value = step == 20 ? NAN : (double)step;
        if (step % 12 == 0)
            e.metrics[0].id = METRIC_VAL;
        need(store_write_event(s, &e, &err), &err);
    }
    for (int source = TOKENS_LIVE; source <= TOKENS_USER; source++) {
        struct event e = {.kind = EVENT_TOKENS, .run = run, .step = 20, .source = source,
                          .seq = sequence(4, 1)};
        need(store_write_event(s, &e, &err), &err);
        free(e.seq);
    }
    struct event more[] = {
        {.kind = EVENT_CHECKPOINT, .run = run, .step = 20, .text = "some/path", .best = 1},
        {.kind = EVENT_MESSAGE, .run = run, .step = 3, .severity = 1, .text = "a message"},
        {.kind = EVENT_THREADS, .run = run, .nthreads = 2, .threads = {{"step", 1}, {"idle", 0}}},
        {.kind = EVENT_STATE, .run = run, .step = 40, .state = RUN_DONE}};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        need(store_write_event(s, &more[i], &err), &err);
    need(store_commit(s, &err), &err);
}

static void write_scores(struct store *s, int64_t run)
{
    struct err err = {0};
    struct tuning_key key = {run, 20, 1, "", "cola"};
    struct store_mistake m = {3, "a text", "another", "0", "1", 0.9};
    struct store_tuning t = {.key = key, .state = "running", .why = "", .epoch = 1, .epochs = 3,
                             .step = 2, .steps = 9, .loss = 0.5, .score = NAN, .seconds_left = 3};
    struct store_score x = {.run = run, .checkpoint_step = 20, .model = "", .task = "cola",
                            .settings = "{\"epochs\":3}", .state = "done", .program = "p", .seed = 1,
                            .n = 100, .metric = "matthews", .value = 40.5};
    need(store_add_score(s, &x, &err), &err);
    x.metric = "majority";
    need(store_add_score(s, &x, &err), &err);
    need(store_tuning(s, &t, &err), &err);
    need(store_mistakes(s, &key, &m, 1, &err), &err);
}

static void sql(sqlite3 *db, const char *text)
{
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    fuzz_check(!rc, "%s: %s", text, sqlite3_errmsg(db));
}

static void list_columns(sqlite3 *db)
{
    sqlite3_stmt *st;
    static const char text[] = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
                               "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1, c.cid";
    fuzz_check(!sqlite3_prepare_v2(db, text, -1, &st, NULL), "%s", sqlite3_errmsg(db));
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *of = (const char *)sqlite3_column_text(st, 0);
        if (!ntables || strcmp(table[ntables - 1].name, of)) {
            fuzz_check(ntables < TABLES_MAX, "more than %d tables", TABLES_MAX);
            snprintf(table[ntables++].name, sizeof table[0].name, "%s", of);
        }
        int *n = &table[ntables - 1].ncolumns;
        fuzz_check(*n < COLUMNS_MAX, "more than %d columns", COLUMNS_MAX);
        snprintf(table[ntables - 1].column[(*n)++], sizeof table[0].column[0], "%s",
                 (const char *)sqlite3_column_text(st, 1));
    }
    sqlite3_finalize(st);
}

void fuzz_setup_store(struct fuzz *f)
{
    struct err err = {0};
    sqlite3 *db;
    struct store *s = store_open("s.db", &err);
    fuzz_check(s != NULL, "%s", err.text);
    for (int i = 0; i < RUNS; i++) {
        struct config c;
        int64_t run;
        config_default(&c);
        snprintf(c.name, sizeof c.name, "run %d", i);
        c.seed = i + 1;
        need(store_add_run(s, &c, 7, "0.1", &run, &err), &err);
        write_events(s, run);
        write_scores(s, run);
        need(store_resume(s, run, 30, &err), &err);
    }
    store_close(s);
    fuzz_check(!sqlite3_open("s.db", &db), "sqlite");
    sql(db, "PRAGMA journal_mode = DELETE");
    sql(db, "PRAGMA writable_schema = ON");
    sql(db, "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'");
    list_columns(db);
    sqlite3_close(db);
    need(file_read("s.db", (size_t)8 << 20, &whole, &whole_size, &err), &err);
    for (int i = 0; i < 8 * ntables; i++) {
        const char seed[] = {(char)(i % ntables), (char)(i * 5), (char)(i % 3), (char)i,
                             (char)((i + 3) % ntables), (char)(i * 7), 1, (char)(i * 3)};
        fuzz_seed(f, seed, sizeof seed);
    }
    static const char bytes[] = "\x80\x00\x40\x05\x80\x20\x00\xFF\x00\x07\x01\x20";
    fuzz_seed(f, bytes, sizeof bytes - 1);
}

/* --- a case --------------------------------------------------------------------------------- */

static void bind(sqlite3_stmt *st, unsigned value)
{
    static const char *const texts[] = {"", "abc", "\x1b[31m\xE2\x80\xAE", "nan", "1e999", "[1,2", "[[[[[[",
                                        "[1,0.5,2,\"x\"]", "running", "done", "../../x", "%s%n", "8:0.45,16",
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
static void change(sqlite3 *db, const unsigned char op[4])
{
    char text[400];
    sqlite3_stmt *st = NULL;
    int of = op[0] % ntables;
    const char *t = table[of].name, *n = table[of].column[op[1] % table[of].ncolumns];
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

static const char *no_piece(const void *ud, int id)
{
    (void)ud;
    return id >= 0 && id < 3000 ? "piece" : NULL;
}

static void read_metrics(struct query *q, int64_t run, struct arena *a)
{
    struct err err = {0};
    struct query_bucket *b;
    struct query_point *points;
    struct query_summary sum;
    int ids[2 * METRIC_COUNT];
    int n = query_metrics(q, run, ids, &err);
    fuzz_check(n <= 2 * METRIC_COUNT, "%d metrics", n);
    for (int i = 0; i < n; i++) {
        fuzz_check(metric_get(ids[i]) != NULL, "metric %d", ids[i]);
        for (int buckets = 1; buckets < 9; buckets += 7) {
            int k = query_series(q, run, ids[i], 0, -1, buckets, a, &b, &err);
            fuzz_refused(k < 0 ? k : 0, &err);
            for (int j = 0; j < k; j++)
                fuzz_check(b[j].n >= b[j].nonfinite && !isinf(b[j].mean) && !isinf(b[j].max) &&
                               b[j].last_step >= b[j].first_step, "a bucket that cannot be");
        }
        int k = query_points(q, run, ids[i], a, &points, &err);
        fuzz_refused(k < 0 ? k : 0, &err);
        query_metric_summary(q, run, ids[i], &sum, &err);
    }
    query_trend(q, run);
}

static void read_tokens(struct query *q, int64_t run, struct csv_out *csv, struct arena *a)
{
    struct err err = {0};
    struct token_seq **seqs;
    int64_t *steps;
    struct rows_source piece = {.token = no_piece, .run = run, .has_generator = 1,
                                .has_discriminator = 1};
    for (int source = TOKENS_LIVE; source <= TOKENS_USER; source++) {
        double age;
        query_snapshots(q, run, source, a, &steps, &err);
        int n = query_tokens(q, run, source, source % 2 ? 20 : -1, a, &seqs, &piece.step, &age, &err);
        fuzz_refused(n < 0 ? n : 0, &err);
        for (int i = 0; i < n; i++) {
            fuzz_check(seqs[i]->n >= 0 && seqs[i]->n <= 4, "a sequence of %d", seqs[i]->n);
            rows_tokens(csv, seqs[i], &piece);
        }
    }
}

static void read_run(struct query *q, int64_t run, struct csv_out *csv, struct arena *a)
{
    struct err err = {0};
    struct query_threads threads;
    struct query_checkpoint *checkpoints;
    struct query_event *events;
    int64_t *steps;
    read_metrics(q, run, a);
    read_tokens(q, run, csv, a);
    query_events(q, run, 5, a, &events, &err);
    query_run_threads(q, run, &threads, &err);
    fuzz_check(threads.n <= 16, "%d threads", threads.n);
    query_checkpoints(q, run, a, &checkpoints, &err);
    query_resumes(q, run, a, &steps, &err);
}

static void read_tables(struct query *q, const int64_t *runs, int n, FILE *out)
{
    struct err err = {0};
    struct score_table scores;
    struct compare compare;
    struct ablation ablation;
    struct ablation_args args = {0};
    struct export_filter all = {.archived = 1};
    struct csv_out *csv = csv_new(out);
    for (int kind = EXPORT_RUNS; kind <= EXPORT_SCORES; kind++)
        if (kind != EXPORT_TOKENS) /* which wants the run's vocabulary */
            fuzz_refused(export_rows(out, NULL, q, kind, &all, &err), &err);
    if (!fuzz_refused(score_table_open(&scores, q, &err), &err))
        score_table_csv(&scores, csv);
    score_table_close(&scores);
    if (!fuzz_refused(compare_open(&compare, q, runs, n, COMPARE_COMMON, &err), &err))
        compare_csv(&compare, 1, csv);
    compare_close(&compare);
    if (!fuzz_refused(ablation_open(&ablation, q, &args, &err), &err))
        ablation_csv(&ablation, NULL, csv);
    ablation_free(&ablation);
    csv_finish(csv, NULL);
}

static void read_store(struct query *q, struct arena *a)
{
    struct err err = {0};
    struct query_run *runs, *one = calloc(1, sizeof *one);
    struct query_score *scores;
    struct query_tuning *tunings;
    struct query_mistake *mistakes;
    int64_t ids[8];
    int n = query_runs(q, 1, a, &runs, &err), k;
    FILE *out = fopen("/dev/null", "w");
    struct csv_out *csv = out ? csv_new(out) : NULL;
    if (!csv || !one)
        abort();
    fuzz_refused(n < 0 ? n : 0, &err);
    for (int i = 0; i < n && i < 8; i++) {
        char text[32];
        fuzz_check(runs[i].state >= 0 && runs[i].state < RUN_STATES, "state %d", runs[i].state);
        snprintf(text, sizeof text, "%lld", (long long)runs[i].id);
        query_run_find(q, text, one, &err);
        read_run(q, ids[i] = runs[i].id, csv, a);
    }
    csv_finish(csv, NULL);
    k = query_scores(q, 0, NULL, a, &scores, &err);
    for (int i = 0; i < k && i < 4; i++)
        query_mistakes(q, &scores[i], a, &mistakes, &err);
    query_tunings(q, a, &tunings, &err);
    query_last_sentence(q, TOKENS_USER);
    read_tables(q, ids, n < 0 ? 0 : n < 8 ? n : 8, out);
    fclose(out);
    free(one);
}

static void damage(const unsigned char *data, size_t size)
{
    sqlite3 *db;
    struct err err = {0};
    char *bytes = NULL;
    size_t n = 0;
    fuzz_file("s.db", whole, whole_size);
    fuzz_check(!sqlite3_open("s.db", &db), "sqlite");
    sql(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN");
    for (size_t i = 0; i + 4 <= size; i += 4)
        if (data[i] < 0x80)
            change(db, data + i);
    sql(db, "COMMIT");
    sqlite3_close(db);
    for (size_t i = 0; i + 4 <= size; i += 4)
        if (data[i] >= 0x80) {
            if (!bytes)
                need(file_read("s.db", (size_t)8 << 20, &bytes, &n, &err), &err);
            change_byte(bytes, n, data + i);
        }
    if (bytes)
        fuzz_file("s.db", bytes, n);
    free(bytes);
}

int fuzz_run_store(const char *data, size_t size)
{
    struct arena a;
    struct err err = {0};
    damage((const unsigned char *)data, size < 4 * CHANGES ? size : 4 * CHANGES);
    struct query *q = query_open("s.db", &err);
    if (!q)
        return fuzz_refused(err.code, &err);
    arena_init(&a);
    read_store(q, &a);
    arena_free(&a);
    query_close(q);
    return 0;
}
