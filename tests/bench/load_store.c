/* Fills a store for loads.py: load_store FILE runs N METRICS POINTS | long POINTS | some N POINTS.
 * "runs" is a history of N finished runs, "long" one run with a series of that many points, "some"
 * N runs with four series each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store.h"
#include "db/store_int.h"
#include "src/base/err.h"

static struct err err;

static void must(int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "load_store: %s\n", err.text);
    exit(1);
}

static int64_t add_run(struct store *s, const char *name, long steps, long seed)
{
    struct config c;
    int64_t id;
    config_default(&c);
    snprintf(c.name, sizeof c.name, "%s", name);
    c.steps = steps;
    c.seed = seed / 4; /* four kinds of runs, so that there is something to compare */
    c.tie = (int)(seed % 4);
    if (c.tie == TIE_ALL)
        snprintf(c.generator_size, sizeof c.generator_size, "1");
    must(config_resolve(&c, &err));
    must(store_add_run(s, &c, 0, "bench", &id, &err));
    return id;
}

/* A loss falls, everything else waves; every series has its own phase. */
static double value(int metric, long step, long steps, long seed)
{
    double t = (double)step / (double)steps;
    return metric % 3 == 0 ? 2 + 9 * exp(-5 * t) + .2 * sin((double)(step * 7 + seed))
                           : .5 + .4 * sin(9 * t + metric + (double)seed);
}

/* The series of one run: training metrics first, then held-out ones. */
static void fill(struct store *s, int64_t run, int metrics, long points, long seed)
{
    for (long done = 0; done < points;) {
        must(store_begin(s, &err));
        for (long k = 0; k < 20000 / metrics && done < points; k++) {
            done++;
            struct event e = { .kind = EVENT_METRICS, .run = run, .step = done, .tokens = done * 4096,
                               .wall = .1 * (double)done };
            for (int m = 0; m < metrics; m++) {
                e.metrics[e.nmetrics].id = m < METRIC_COUNT ? m : METRIC_VAL + m - METRIC_COUNT;
                e.metrics[e.nmetrics++].value = value(m, done, points, seed);
            }
            must(store_write_event(s, &e, &err));
        }
        must(store_commit(s, &err));
    }
    must(store_set_state(s, run, RUN_DONE, "", &err));
}

int main(int argc, char **argv)
{
    if (argc < 4 || (strcmp(argv[2], "long") && argc < 5)) {
        fprintf(stderr, "load_store FILE runs N METRICS POINTS | long POINTS | some N POINTS\n");
        return 2;
    }
    struct store *s = store_open(argv[1], &err);
    char name[64];
    must(s ? 0 : -1);
    long n = atol(argv[3]), metrics = 4, points = n;
    if (!strcmp(argv[2], "long"))
        n = 1;
    else
        points = atol(argv[argc > 5 ? 5 : 4]);
    if (argc > 5)
        metrics = atol(argv[4]) < EVENT_METRICS_MAX ? atol(argv[4]) : EVENT_METRICS_MAX;
    for (long i = 0; i < n; i++) {
        snprintf(name, sizeof name, "%s-%04ld", argv[2], i);
        fill(s, add_run(s, name, points, i), (int)metrics, points, i);
    }
    store_close(s);
    return 0;
}
