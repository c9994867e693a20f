/* See fixture.h. */
#include "tests/unit/ui/fixture.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db/csv.h"
#include "db/store.h"
#include "src/base/err.h"
#include "src/base/file.h"

struct plan {
    const char *name, *tags, *note;
    int objective, tie, state;
    const char *gen;
    long seed;
    int64_t steps, step;     /* reached */
    double loss, auc, rate;  /* at the end; 0: none */
    const char *reason;
    double age;              /* seconds before FIXTURE_UTC that it started */
};
/* Oldest first. */
static const struct plan plans[] = {
    { "gen1/2-tie-emb-s1", "gen", "", OBJ_ELECTRA, TIE_EMBEDDINGS, RUN_QUEUED, "1/2", 1, 1000000, 0,
      0, 0, 0, "", 0 },
    { "gen1/8-tie-emb-s1", "gen", "", OBJ_ELECTRA, TIE_EMBEDDINGS, RUN_LOST, "1/8", 1, 1000000,
      51000, 13.02, .921, 8200, "", 90000 },
    { "mlm-base-s1", "base", "", OBJ_BERT_MLM, TIE_NONE, RUN_DONE, "1/4", 1, 1000000, 1000000, 1.93,
      0, 9100, "", 190000 },
    { "allmlm-s1", "alg", "", OBJ_ALL_TOKENS_MLM, TIE_EMBEDDINGS, RUN_DONE, "1/4", 1, 1000000,
      1000000, 8.71, 0, 7400, "", 230000 },
    { "gen1/1-none-s1", "gen", "", OBJ_ELECTRA, TIE_NONE, RUN_FAILED, "1", 1, 1000000, 88211, NAN,
      .913, 5200, "NaN at 88,211 · rule nan", 50000 },
    { "gen1/1-tie-all-s1", "tie", "", OBJ_ELECTRA, TIE_ALL, RUN_PAUSED, "1", 1, 1000000, 201500,
      12.2, .944, 9000, "", 60000 },
    { "한국어-위키-작은-모델", "ko", "held-out: 나무위키", OBJ_ELECTRA, TIE_EMBEDDINGS, RUN_PREPARING,
      "1/4", 1, 10000, 0, 0, 0, 0, "", 30 },
    { "gen1/4-tie-emb-s2", "base", "", OBJ_ELECTRA, TIE_EMBEDDINGS, RUN_RUNNING, "1/4", 2, 1000000,
      398100, 11.47, .960, 9180, "", 41000 },
    { "gen1/4-tie-emb-s1", "base", "baseline for the tying ablation", OBJ_ELECTRA, TIE_EMBEDDINGS,
      RUN_RUNNING, "1/4", 1, 1000000, 412000, 11.42, .961, 9240, "", 40000 },
};
#define PLANS ((int)(sizeof plans / sizeof plans[0]))

static int failed(const struct err *err)
{
    fprintf(stderr, "fixture: %s\n", err->text);
    return -1;
}

static void emit(struct event_sink sink, struct event *e)
{
    sink.emit(sink.ud, e);
}

static void add(struct event *e, int id, double value)
{
    e->metrics[e->nmetrics].id = id;
    e->metrics[e->nmetrics++].value = value;
}

/* A loss that falls to `end`, with a wave so that pictures have something to show. */
static double falling(double share, double end)
{
    return end * (1 + 1.2 * exp(-6 * share)) + .05 * end * sin(40 * share) * (1 - share);
}

static void emit_points(struct event_sink sink, int64_t id, const struct plan *p)
{
    for (int i = 1; i <= 60 && p->step; i++) {
        double share = i / 60.;
        struct event e = { .kind = EVENT_METRICS, .run = id, .step = p->step * i / 60,
                           .tokens = p->step * i / 60 * 16384, .wall = 700. * i };
        add(&e, METRIC_total_loss, i == 60 ? p->loss : falling(share, isnan(p->loss) ? 12 : p->loss));
        add(&e, METRIC_gen_loss, falling(share, 2.13));
        add(&e, METRIC_learning_rate, 5e-4 * (1 - .6 * share));
        add(&e, METRIC_grad_norm, .74);
        add(&e, METRIC_tokens_per_s, p->rate);
        if (p->auc > 0) {
            add(&e, METRIC_disc_loss, falling(share, .186));
            add(&e, METRIC_leaf_angle, .7 * share);
            add(&e, METRIC_fake_share, .098);
        }
        emit(sink, &e);
        if (i % 3)
            continue;
        e.nmetrics = 0;
        add(&e, METRIC_VAL + METRIC_total_loss, i == 60 ? p->loss : falling(share, 12));
        if (p->auc > 0) {
            add(&e, METRIC_VAL + METRIC_rtd_auc_common, .5 + (p->auc - .5) * share);
            add(&e, METRIC_VAL + METRIC_rtd_auc, .5 + (p->auc - .5) * share * .98);
            add(&e, METRIC_VAL + METRIC_rtd_recall, .612 * share);
            add(&e, METRIC_VAL + METRIC_rtd_precision, .883 * share);
        }
        emit(sink, &e);
    }
}

static void emit_side(struct event_sink sink, int64_t id, const struct plan *p)
{
    struct event e = { .kind = EVENT_STATE, .run = id, .step = p->step, .state = p->state };
    snprintf(e.text, sizeof e.text, "%s", p->reason);
    if (p->state != RUN_QUEUED && p->state != RUN_LOST)
        emit(sink, &e);
    if (p->state == RUN_PREPARING) {
        struct event g = { .kind = EVENT_PROGRESS, .run = id, .done = .63 };
        snprintf(g.text, sizeof g.text, "packing");
        emit(sink, &g);
    }
    if (p->state != RUN_RUNNING)
        return;
    struct event t = { .kind = EVENT_THREADS, .run = id, .step = p->step, .nthreads = 2 };
    static const char *const what[] = { "step", "slices" };
    for (int i = 0; i < 2; i++) {
        snprintf(t.threads[i].what, sizeof t.threads[i].what, "%s", what[i]);
        t.threads[i].cpu = 12000 - 5900 * i;
    }
    emit(sink, &t);
    struct event m = { .kind = EVENT_MESSAGE, .run = id, .step = p->step, .severity = SEV_INFO };
    snprintf(m.text, sizeof m.text, "best AUC so far %.3f", p->auc);
    emit(sink, &m);
}

static int add_run(struct store *s, const struct plan *p, int64_t *id, struct err *err)
{
    struct config c;
    config_default(&c);
    snprintf(c.name, sizeof c.name, "%s", p->name);
    snprintf(c.tags, sizeof c.tags, "%s", p->tags);
    snprintf(c.generator_size, sizeof c.generator_size, "%s", p->gen);
    snprintf(c.corpus, sizeof c.corpus, "wiki");
    c.objective = p->objective;
    c.tie = p->tie;
    c.seed = p->seed;
    c.steps = (long)p->steps;
    if (config_resolve(&c, err) || store_add_run(s, &c, 7, "0.1.0", id, err) ||
        store_set_identity(s, *id, 11, "avx2", "Zen", 13549826, err) ||
        store_note(s, *id, p->note, err) ||
        (p->state == RUN_LOST && store_set_state(s, *id, RUN_LOST, "", err)))
        return -1;
    return 0;
}

int fixture_sql(const char *dir, const char *sql)
{
    char path[512], *said = NULL;
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/runs.db", dir);
    if (sqlite3_open(path, &db) || sqlite3_exec(db, sql, NULL, NULL, &said)) {
        fprintf(stderr, "fixture: %s: %s\n", sql, said ? said : "cannot open");
        return -1;
    }
    sqlite3_close(db);
    return 0;
}

double fixture_value(const char *dir, const char *sql)
{
    char path[512];
    sqlite3 *db;
    sqlite3_stmt *st;
    double v = NAN;
    snprintf(path, sizeof path, "%s/runs.db", dir);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
        v = sqlite3_column_double(st, 0);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}

/* Times as the plan wants them, so that a picture is the same on every day. */
static int set_clock(const char *dir)
{
    char sql[512];
    for (int i = 0; i < PLANS; i++) {
        const struct plan *p = &plans[i];
        double started = p->age > 0 ? FIXTURE_UTC - p->age : 0;
        int ended = p->state == RUN_DONE || p->state == RUN_FAILED;
        snprintf(sql, sizeof sql, "UPDATE run SET created=%f, started=%f, ended=%f, heartbeat=%f "
                 "WHERE name='%s'", FIXTURE_UTC - 300000 + i, started,
                 ended ? started + 138840 : 0, FIXTURE_UTC - (p->state == RUN_LOST ? 244 : 1),
                 p->name);
        if (fixture_sql(dir, sql))
            return -1;
    }
    if (fixture_sql(dir, "UPDATE thread SET what = 'recorder 3 queued', cpu = 200 WHERE slot = 2"))
        return -1;
    snprintf(sql, sizeof sql, "UPDATE event SET time=%f-600+id*60; UPDATE thread SET time=%f; "
             "UPDATE sequence SET written=%f; UPDATE checkpoint SET time=%f", FIXTURE_UTC,
             FIXTURE_UTC - 1, FIXTURE_UTC - 1, FIXTURE_UTC - 100);
    return fixture_sql(dir, sql);
}

int fixture_make(const char *dir)
{
    struct err err = { 0 };
    char path[512];
    int64_t id[PLANS];
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *s = store_open(path, &err);
    if (!s)
        return failed(&err);
    int rc = 0;
    for (int i = 0; i < PLANS && !rc; i++)
        rc = add_run(s, &plans[i], &id[i], &err);
    struct recorder *r = rc ? NULL : recorder_start(s, NULL, NULL, &err);
    if (!r)
        return failed(&err);
    for (int i = 0; i < PLANS; i++) {
        emit_points(recorder_sink(r), id[i], &plans[i]);
        emit_side(recorder_sink(r), id[i], &plans[i]);
    }
    int64_t last = id[PLANS - 1];
    struct event c = { .kind = EVENT_CHECKPOINT, .run = last, .step = 400000, .best = 1 };
    snprintf(c.text, sizeof c.text, "checkpoints/%lld/400000", (long long)last);
    emit(recorder_sink(r), &c);
    rc = recorder_flush(r, &err);
    recorder_stop(r);
    store_close(s);
    return rc ? failed(&err) : set_clock(dir);
}

int fixture_add_runs(const char *dir, int n)
{
    struct err err = { 0 };
    char path[512];
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *s = store_open(path, &err);
    if (!s)
        return failed(&err);
    for (int i = 0; i < n; i++) {
        struct config c;
        int64_t id;
        config_default(&c);
        snprintf(c.name, sizeof c.name, "sweep-%04d", i);
        c.seed = i;
        if (config_resolve(&c, &err) || store_add_run(s, &c, (uint64_t)i, "0.1.0", &id, &err) ||
            store_set_state(s, id, RUN_DONE, "", &err))
            return failed(&err);
    }
    store_close(s);
    return 0;
}

struct app *fixture_app(const char *dir, const char *screen, struct app_args *args)
{
    static struct workspace w;
    struct app_args plain = { .theme = 0, .color = 1 };
    struct err err = { 0 };
    setlocale(LC_ALL, "C.UTF-8");
    char full[4096]; /* a relative one does not count: the state would go to $HOME */
    setenv("XDG_STATE_HOME", realpath(dir, full) ? full : dir, 1);
    if (!args)
        args = &plain;
    snprintf(w.dir, sizeof w.dir, "%s", dir);
    snprintf(w.db, sizeof w.db, "%s/runs.db", dir);
    snprintf(w.corpora, sizeof w.corpora, "%s/corpora", dir);
    snprintf(w.sock, sizeof w.sock, "%s/host.sock", dir);
    snprintf(w.lock, sizeof w.lock, "%s/host.lock", dir);
    args->workspace = &w;
    args->screen = screen;
    struct app *a = app_new(args, &err);
    if (!a) {
        failed(&err);
        return NULL;
    }
    a->fixed = 1;
    a->fixed_now = 1000;
    a->fixed_utc = FIXTURE_UTC;
    app_start(a, args);
    return a;
}

void fixture_keys(struct app *a, const char *keys)
{
    while (*keys) {
        struct key k = { .kind = KEY_PRESS };
        size_t n = strcspn(keys, " ");
        snprintf(k.name, sizeof k.name, "%.*s", (int)n, keys);
        a->drop_input = 0;
        app_key(a, &k);
        keys += n;
        keys += *keys == ' ';
    }
}

void fixture_fill(struct app *a, const char *text)
{
    fixture_keys(a, "^U");
    for (; *text; text++)
        fixture_keys(a, (char[2]){ *text, 0 });
}

static char *draw(struct app *a, int h, int w, char **styles)
{
    struct grid g = { 0 };
    if (grid_resize(&g, h, w))
        return NULL;
    app_frame(a, &g);
    char *text = grid_dump(&g, styles);
    grid_free(&g);
    return text;
}

char *fixture_text(struct app *a, int h, int w)
{
    return draw(a, h, w, NULL);
}

int fixture_shows(struct app *a, int h, int w, const char *what)
{
    char *text = fixture_text(a, h, w);
    int found = strstr(text, what) != NULL;
    free(text);
    return found;
}

/* The golden files stand beside the sources; automake says where. */
static const char *golden_dir(void)
{
    const char *top = getenv("srcdir");
    static char dir[512];
    snprintf(dir, sizeof dir, "%s/tests/golden/ui", top ? top : "..");
    return dir;
}

static void print_first_difference(const char *name, const char *want, const char *got)
{
    int line = 1;
    while (*want && *want == *got) {
        line += *want == '\n';
        want++;
        got++;
    }
    while (*(want - 1) != '\n' && line > 1) {
        want--;
        got--;
    }
    fprintf(stderr, "%s: line %d differs\n  want %.*s\n  got  %.*s\n", name, line,
            (int)strcspn(want, "\n"), want, (int)strcspn(got, "\n"), got);
}

int fixture_golden(struct app *a, int h, int w, const char *name)
{
    char path[600], *styles = NULL, *text = draw(a, h, w, &styles), *want = NULL;
    size_t size;
    struct str got;
    struct err err = { 0 };
    int rc = -1;
    str_init(&got);
    str_addf(&got, "%s---\n%s", text ? text : "", styles ? styles : "");
    snprintf(path, sizeof path, "%s/%s.txt", golden_dir(), name);
    if (getenv("UPDATE_GOLDEN")) {
        rc = file_write_atomic(path, got.data, got.len, &err);
        if (rc)
            failed(&err);
    } else if (file_read(path, 1 << 22, &want, &size, &err)) {
        failed(&err);
    } else {
        rc = strcmp(want, got.data) ? -1 : 0;
        if (rc)
            print_first_difference(name, want, got.data);
    }
    free(want);
    free(text);
    free(styles);
    str_free(&got);
    return rc;
}

char *fixture_export(struct app *a, int *rows)
{
    char *buf = NULL;
    size_t size;
    FILE *f = open_memstream(&buf, &size);
    struct csv_out *out = csv_new(f);
    *rows = app_ops(a)->export_csv(app_self(a), a, out, NULL);
    assert_int_equal(csv_finish(out, NULL), 0);
    fclose(f);
    return buf;
}

char *fixture_copied(struct app *a, const char *dir, const char *keys)
{
    char path[600], *text = NULL;
    size_t n = 0;
    fixture_keys(a, keys);
    snprintf(path, sizeof path, "%s/electroscope/copied.txt", dir);
    assert_int_equal(file_read(path, 1 << 16, &text, &n, NULL), 0);
    return text;
}
