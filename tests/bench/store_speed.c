/* What the run store costs: a million points of one metric in, then the queries that a screen
 * makes of them; a thousand runs of thirty metrics. Prints milliseconds (the best of five).
 * Usage: tests/bench/store_speed [POINTS [RUNS]] in a directory where a scratch file may lie. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/query.h"
#include "db/store_int.h"
#include "src/base/arena.h"
#include "src/base/clock.h"
#include "src/base/err.h"

static struct err err;

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s\n", err.text);
    exit(1);
}

static int64_t add_run(struct store *s, const char *name)
{
    struct config c;
    int64_t id;
    config_default(&c);
    snprintf(c.name, sizeof c.name, "%s", name);
    must(store_add_run(s, &c, 0, "bench", &id, &err));
    return id;
}

static void report(const char *what, double seconds)
{
    printf("%-44s %10.3f ms\n", what, seconds * 1e3);
}

static double one_query(struct query *q, int64_t run, int which, struct arena *a)
{
    static const struct {
        int64_t from, to;
        int buckets;
    } z[] = {{0, -1, 200}, {0, -1, 400}, {333333, 333999, 200}, {250000, 750000, 320}};
    struct query_bucket *b;
    struct query_point *p;
    struct query_run *runs;
    double t = clock_now();
    if (which < 4)
        must(query_series(q, run, METRIC_total_loss, z[which].from, z[which].to, z[which].buckets,
                          a, &b, &err));
    else if (which == 4)
        must(query_points(q, run, METRIC_total_loss, a, &p, &err));
    else
        must(query_runs(q, 1, a, &runs, &err));
    return clock_now() - t;
}

static void best_of_five(struct query *q, int64_t run, int which, const char *what)
{
    struct arena a;
    double best = 1e9;
    arena_init(&a);
    for (int i = 0; i < 5; i++) {
        arena_reset(&a);
        best = fmin(best, one_query(q, run, which, &a));
    }
    report(what, best);
    arena_free(&a);
}

int main(int argc, char **argv)
{
    long points = argc > 1 ? atol(argv[1]) : 1000000, runs = argc > 2 ? atol(argv[2]) : 1000;
    char dir[] = "store_speed.XXXXXX", path[64], file[80];
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *s = store_open(path, &err);
    must(s ? 0 : -1);
    int64_t run = add_run(s, "long");
    double t = clock_now();
    for (long i = 0; i < points;) {
        must(store_begin(s, &err));
        for (long k = 0; k < 10000 && i < points; k++, i++)
            must(store_write_point(s, run, METRIC_total_loss, i + 1, sin((double)i), &err));
        must(store_commit(s, &err));
    }
    report("insert of all points", clock_now() - t);
    struct query *q = query_open(path, &err);
    must(q ? 0 : -1);
    best_of_five(q, run, 0, "series, all, 200 buckets");
    best_of_five(q, run, 1, "series, all, 400 buckets");
    best_of_five(q, run, 2, "series, 667 steps, 200 buckets");
    best_of_five(q, run, 3, "series, half, 320 buckets");
    best_of_five(q, run, 4, "all points");
    t = clock_now();
    must(store_resume(s, run, points / 2, &err));
    report("resume at the middle", clock_now() - t);
    t = clock_now();
    for (long r = 0; r < runs; r++) {
        int64_t id = add_run(s, "r");
        must(store_begin(s, &err));
        for (int step = 1; step <= 40; step++)
            for (int m = 0; m < 30; m++)
                must(store_write_point(s, id, m < METRIC_COUNT ? m : METRIC_VAL + m - METRIC_COUNT,
                                       step * 10, cos(step * m), &err));
        must(store_commit(s, &err));
    }
    report("insert of all runs, 40 steps x 30 metrics", clock_now() - t);
    query_close(q);
    q = query_open(path, &err);
    must(q ? 0 : -1);
    struct arena a;
    arena_init(&a);
    report("all runs, first time", one_query(q, run, 5, &a));
    arena_free(&a);
    best_of_five(q, run, 5, "all runs, again");
    query_close(q);
    t = clock_now();
    must(store_delete_run(s, run, &err));
    report("delete of the long run", clock_now() - t);
    store_close(s);
    snprintf(file, sizeof file, "%s/runs.db", dir);
    unlink(file);
    return rmdir(dir) != 0;
}
