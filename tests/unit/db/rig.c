/* See rig.h. */
#include "tests/unit/db/rig.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_int.h"
#include "src/base/file.h"

static char dir[64], path[128];

const char *rig_path(void)
{
    strcpy(dir, "test_db.XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/runs.db", dir);
    return path;
}

const char *rig_file(const char *name)
{
    static char out[256];
    snprintf(out, sizeof out, "%s/%s", dir, name);
    return out;
}

void rig_clean(void)
{
    assert_int_equal(file_remove_tree(dir, NULL), 0);
}

struct store *rig_store(const char *p)
{
    struct err err = {0, ""};
    struct store *s = store_open(p, &err);
    if (!s)
        print_error("%s\n", err.text);
    assert_non_null(s);
    return s;
}

struct query *rig_query(const char *p)
{
    struct err err = {0, ""};
    struct query *q = query_open(p, &err);
    if (!q)
        print_error("%s\n", err.text);
    assert_non_null(q);
    return q;
}

int64_t rig_run(struct store *s, const char *name)
{
    struct err err = {0, ""};
    struct config c;
    int64_t id = 0;
    config_default(&c);
    snprintf(c.name, sizeof c.name, "%s", name);
    ok(store_add_run(s, &c, 7, "0.1", &id, &err));
    return id;
}

struct event rig_metric(int64_t run, int64_t step, int metric, double value)
{
    struct event e = {.kind = EVENT_METRICS, .run = run, .step = step, .tokens = step * 128,
                      .wall = 0.5 * (double)step, .nmetrics = 1};
    e.metrics[0].id = metric;
    e.metrics[0].value = value;
    return e;
}

void rig_points(struct store *s, int64_t run, int metric, const double *values, int64_t n,
                int64_t first, int64_t by)
{
    struct err err = {0, ""};
    ok(store_begin(s, &err));
    for (int64_t i = 0; i < n; i++)
        ok(store_write_point(s, run, metric, first + i * by, values[i], &err));
    ok(store_commit(s, &err));
}

struct token_seq *rig_seq(int n, int sentence, unsigned seed)
{
    struct token_seq *s = calloc(1, sizeof *s + (size_t)n * sizeof s->rows[0]);
    assert_non_null(s);
    s->n = n;
    s->sentence = sentence;
    for (int i = 0; i < n; i++) {
        struct token_row *t = &s->rows[i];
        unsigned x = seed * 131 + (unsigned)i * 7919;
        t->chosen = i % 3 == 1;
        t->original = (int32_t)(x % 3000);
        t->masked = t->chosen ? 4 : t->original;
        t->sampled = (int32_t)(x / 7 % 3000);
        t->gen_prob = t->chosen ? 1.0f / (float)(i + 3) : NAN;
        t->disc_prob = (float)(x % 1000) / 999.0f;
        t->gen_entropy = t->chosen ? 2.5f + (float)i / 7 : NAN;
        t->gen_loss = t->chosen ? INFINITY : NAN;
        t->disc_loss = 0.1f * (float)i;
        t->gen_rank = t->chosen ? i + 1 : 0;
        t->label = t->sampled != t->original;
        t->same = !t->label;
        for (int k = 0; k < EVENT_TOPK; k++) {
            t->top_id[k] = t->chosen && k < 5 ? i * 10 + k : -1;
            t->top_prob[k] = t->chosen && k < 5 ? 0.3f / (float)(k + 1) : NAN;
        }
    }
    return s;
}

double rig_sql(const char *p, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *st;
    assert_int_equal(sqlite3_open_v2(p, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL))
        print_error("%s\n", sqlite3_errmsg(db));
    assert_non_null(st);
    int rc = sqlite3_step(st);
    double v = rc == SQLITE_ROW ? sqlite3_column_double(st, 0) : NAN;
    assert_true(rc == SQLITE_ROW || rc == SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(db);
    return v;
}
