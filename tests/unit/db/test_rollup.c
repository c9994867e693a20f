/* Roll-ups against a pass over all points: a million with one NaN and one spike, at ten zooms;
 * after resumes; with steps out of order. */
#include "tests/unit/db/rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/store_int.h"
#include "src/base/arena.h"
#include "src/base/clock.h"

#define N 1000000
#define NAN_AT 123457
#define SPIKE_AT 777771

static const char *path;
static double *values; /* values[i] is of step i + 1 */

static double noise(uint64_t i)
{
    i = (i + 1) * 0x9E3779B97F4A7C15u;
    i ^= i >> 29;
    i *= 0xBF58476D1CE4E5B9u;
    return (double)(i >> 11) * 0x1p-53;
}

static int setup(void **state)
{
    (void)state;
    path = rig_path();
    values = malloc(N * sizeof *values);
    for (int64_t i = 0; i < N; i++)
        values[i] = 10 / (1 + (double)i / 5000) + noise((uint64_t)i);
    values[NAN_AT] = NAN;
    values[SPIKE_AT] = 1e6;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(values);
    rig_clean();
    return 0;
}

/* What query_series promises, from the points themselves. */
static int brute(const struct query_point *p, int64_t n, int64_t from, int64_t to, int buckets,
                 struct query_bucket *out)
{
    if (to < 0)
        to = p[n - 1].step;
    if (to - from + 1 < buckets)
        buckets = (int)(to - from + 1);
    int count = 0, current = -1;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        if (p[i].step < from || p[i].step > to)
            continue;
        int b = (int)((p[i].step - from) * buckets / (to - from + 1));
        struct query_bucket *o = &out[count - 1];
        if (b != current) {
            o = &out[count++];
            *o = (struct query_bucket){p[i].step, p[i].step, INFINITY, -INFINITY, NAN, NAN, 0, 0, 0, 0};
            current = b;
            sum = 0;
        }
        o->last_step = p[i].step;
        o->n++;
        o->wall = p[i].wall;
        o->tokens = (double)p[i].tokens;
        if (!isfinite(p[i].value)) {
            o->nonfinite++;
            continue;
        }
        o->min = fmin(o->min, p[i].value);
        o->max = fmax(o->max, p[i].value);
        o->last = p[i].value;
        sum += p[i].value;
        o->mean = sum / (o->n - o->nonfinite);
    }
    return count;
}

static void same(const struct query_bucket *a, const struct query_bucket *b)
{
    assert_int_equal(a->first_step, b->first_step);
    assert_int_equal(a->last_step, b->last_step);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->nonfinite, b->nonfinite);
    assert_true(a->wall == b->wall && a->tokens == b->tokens);
    if (a->n == a->nonfinite) {
        assert_true(isnan(a->min) && isnan(a->max) && isnan(a->last) && isnan(a->mean));
        return;
    }
    assert_true(a->min == b->min && a->max == b->max && a->last == b->last);
    assert_true(fabs(a->mean - b->mean) <= 1e-9 * fmax(1, fabs(b->mean)));
}

static double compare(struct query *q, int64_t run, int metric, const struct query_point *p,
                      int64_t n, int64_t from, int64_t to, int buckets)
{
    struct err err = {0, ""};
    struct arena a;
    arena_init(&a);
    struct query_bucket *got, *want = arena_alloc(&a, (size_t)buckets, sizeof *want);
    double start = clock_now();
    int count = query_series(q, run, metric, from, to, buckets, &a, &got, &err);
    double seconds = clock_now() - start;
    ok(count);
    assert_int_equal(count, brute(p, n, from < 0 ? 0 : from, to, buckets, want));
    for (int i = 0; i < count; i++)
        same(&got[i], &want[i]);
    arena_free(&a);
    return seconds;
}

static void a_million_points(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    for (int64_t i = 0; i < N; i += N / 10)
        rig_points(s, run, METRIC_total_loss, values + i, N / 10, i + 1, 1);
    store_close(s);
    struct query *q = rig_query(path);
    struct query_point *p = malloc(N * sizeof *p);
    for (int64_t i = 0; i < N; i++)
        p[i] = (struct query_point){i + 1, 0, values[i], 0};
    static const struct {
        int64_t from, to;
        int buckets;
    } zooms[] = {{0, -1, 200},          {0, -1, 400},         {1, N, 1},
                 {0, 2 * N, 80},        {NAN_AT - 40, NAN_AT + 40, 80},
                 {SPIKE_AT - 5000, SPIKE_AT + 7777, 97},      {3, 300003, 1000},
                 {999000, -1, 160},     {500000, 500000, 10}, {17, 4113, 16}};
    for (size_t i = 0; i < sizeof zooms / sizeof zooms[0]; i++) {
        double t = compare(q, run, METRIC_total_loss, p, N, zooms[i].from, zooms[i].to,
                           zooms[i].buckets);
        if (i < 2) /* 3 to 6 ms alone; wide of that, for a busy machine and for sanitizers */
            assert_true(t < 0.25);
    }
    /* The two that must never be lost, at the coarsest zoom. */
    struct arena a;
    arena_init(&a);
    struct query_bucket *b;
    assert_int_equal(query_series(q, run, METRIC_total_loss, 0, -1, 1, &a, &b, &err), 1);
    assert_true(b->n == N && b->nonfinite == 1 && b->max == 1e6);
    arena_free(&a);
    query_close(q);
    free(p);
}

/* Resumes into the middle of blocks of every level, each followed by other points. */
static void resumes_cut_the_rollups(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a"), untouched = rig_run(s, "b");
    enum { M = 20000 };
    struct query_point *p = malloc(M * sizeof *p);
    static double v[M];
    for (int64_t i = 0; i < M; i++) {
        v[i] = values[i];
        p[i] = (struct query_point){10 * i, 0, v[i], 0};
    }
    rig_points(s, run, METRIC_rtd_auc, v, M, 0, 10);
    rig_points(s, untouched, METRIC_rtd_auc, v, M, 0, 10);
    const int64_t steps[] = {199990, 190003, 41000, 40959, 2559, 159, 7, 0};
    struct query *q = rig_query(path);
    for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
        ok(store_resume(s, run, steps[k], &err));
        int64_t n = steps[k] / 10 + 1;
        compare(q, run, METRIC_rtd_auc, p, n, 0, -1, 50);
        compare(q, run, METRIC_rtd_auc, p, n, 0, 199990, 7);
        int64_t more = n + 300 + 17 * (int64_t)k;
        if (more > M)
            more = M;
        for (int64_t i = n; i < more; i++)
            p[i].value = v[i] = values[i + 1000 * (int64_t)(k + 1)] + (double)k;
        rig_points(s, run, METRIC_rtd_auc, v + n, more - n, 10 * n, 10);
        compare(q, run, METRIC_rtd_auc, p, more, 0, -1, 50);
        struct query_summary sum;
        ok(query_metric_summary(q, run, METRIC_rtd_auc, &sum, &err));
        double best = -INFINITY;
        int64_t at = 0;
        for (int64_t i = 0; i < more; i++)
            if (p[i].value > best) {
                best = p[i].value;
                at = p[i].step;
            }
        assert_true(sum.n == more && sum.last == p[more - 1].value && sum.best == best);
        assert_int_equal(sum.best_step, at);
        if (k == 3) { /* a new process goes on from what is stored */
            store_close(s);
            s = rig_store(path);
        }
    }
    struct arena a;
    arena_init(&a);
    int64_t *resumed;
    assert_int_equal(query_resumes(q, run, &a, &resumed, &err), 8);
    assert_true(resumed[0] == steps[0] && resumed[7] == 0);
    arena_free(&a);
    assert_true(rig_sql(path, "SELECT n FROM series WHERE run = 2") == M);
    assert_true(rig_sql(path, "SELECT sum(r.n) FROM rollup r JOIN series s ON s.id = r.series "
                        "WHERE s.run = 2 AND level = 1") == M);
    query_close(q);
    store_close(s);
    free(p);
}

/* A resume takes tokens, times and checkpoints of later steps, and leaves the rest. */
static void resumes_cut_everything_else(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    for (int i = 1; i <= 4; i++) {
        struct event e[4] = {rig_metric(run, i * 10, METRIC_total_loss, i),
                             rig_metric(run, i * 10, METRIC_VAL + METRIC_total_loss, i),
                             {.kind = EVENT_TOKENS, .run = run, .step = i * 10,
                              .source = TOKENS_SNAPSHOT, .seq = rig_seq(5, 0, 1)},
                             {.kind = EVENT_CHECKPOINT, .run = run, .step = i * 10, .text = "."}};
        ok(store_begin(s, &err));
        for (int k = 0; k < 4; k++)
            ok(store_write_event(s, &e[k], &err));
        ok(store_commit(s, &err));
        free(e[2].seq);
    }
    ok(store_resume(s, run, 20, &err));
    assert_int_equal(store_resume(s, 99, 20, &err), E_NOTFOUND);
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM point") == 4);
    assert_true(rig_sql(path, "SELECT count(*) * 100 + max(step) FROM logged") == 420);
    assert_true(rig_sql(path, "SELECT count(*) FROM sequence") == 2);
    assert_true(rig_sql(path, "SELECT count(*) FROM token") == 10);
    assert_true(rig_sql(path, "SELECT count(*) FROM checkpoint") == 2);
    assert_true(rig_sql(path, "SELECT step FROM run") == 20);
    assert_true(rig_sql(path, "SELECT tokens FROM run") == 20 * 128);
    assert_true(rig_sql(path, "SELECT last FROM v_summary WHERE metric = 'val_total_loss'") == 2);
    s = store_open(path, &err);
    assert_non_null(s);
    ok(store_resume(s, run, -1, &err)); /* nothing to go on from */
    store_close(s);
    assert_true(rig_sql(path, "SELECT count(*) FROM logged") == 0);
    assert_true(rig_sql(path, "SELECT step FROM run") == 0);
    assert_true(rig_sql(path, "SELECT min(step) FROM event") == 0);
    assert_true(rig_sql(path, "SELECT count(*) FROM event WHERE text = 'resumed from the start'") == 1);
}

/* The same step twice keeps the later value; a step that comes late finds its place. */
static void out_of_order(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct store *s = rig_store(path);
    int64_t run = rig_run(s, "a");
    struct query_point p[601];
    double v[601];
    for (int i = 0; i <= 600; i++) {
        v[i] = noise((uint64_t)i);
        p[i] = (struct query_point){i, 0, v[i], 0};
    }
    rig_points(s, run, METRIC_total_loss, v, 300, 0, 1);
    rig_points(s, run, METRIC_total_loss, v + 301, 300, 301, 1);
    rig_points(s, run, METRIC_total_loss, v + 300, 1, 300, 1);
    p[17].value = -5;
    p[600].value = NAN;
    rig_points(s, run, METRIC_total_loss, &p[17].value, 1, 17, 1);
    rig_points(s, run, METRIC_total_loss, &p[600].value, 1, 600, 1);
    struct query *q = rig_query(path);
    compare(q, run, METRIC_total_loss, p, 601, 0, -1, 3);
    compare(q, run, METRIC_total_loss, p, 601, 0, -1, 200);
    struct query_summary sum;
    ok(query_metric_summary(q, run, METRIC_total_loss, &sum, &err));
    assert_true(sum.n == 601 && sum.best == -5 && sum.best_step == 17 && isnan(sum.last));
    query_close(q);
    store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_million_points, setup, teardown),
        cmocka_unit_test_setup_teardown(resumes_cut_the_rollups, setup, teardown),
        cmocka_unit_test_setup_teardown(resumes_cut_everything_else, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_order, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
