/* See speed.h. */
#include "experiments/speed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/estimate.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/model/model.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))
#define STEP_FLOP 5e11      /* a measured step is kept below this */
#define STEPS_MOST 400
#define KNOWN_FLOP 4e11     /* spent on a measurement that is kept: seconds */
#define FILE_MOST (1 << 20)

int speed_bench(const struct config *c, int V, double flops, struct bench_report *r, struct err *err)
{
    struct bench_args a = {.config = *c, .vocab = V < 8 ? 8 : V};
    struct config *cut = &a.config;
    cut->seq_stages[0] = 0;
    while (cut->batch > 1 && model_flops(cut, V, (int)cut->seq, (int)cut->batch, 0) > STEP_FLOP)
        cut->batch /= 2;
    while (cut->seq > 32 && model_flops(cut, V, (int)cut->seq, (int)cut->batch, 0) > STEP_FLOP)
        cut->seq /= 2;
    double steps = flops / model_flops(cut, V, (int)cut->seq, (int)cut->batch, 0);
    a.steps = steps < 3 ? 3 : steps > STEPS_MOST ? STEPS_MOST : (int)steps;
    a.warmup = 1 + a.steps / 4;
    return bench_run(&a, r, err);
}

/* "SHAPE CORES KERNEL", which begins the shape's line. */
static void line_start(const struct config *c, int V, char *out, size_t size)
{
    struct machine m;
    estimate_machine(&m);
    snprintf(out, size, "%016" PRIx64 " %d %s ", estimate_shape(c, V), m.cores, m.kernel);
}

static double look_up(const char *text, const char *start)
{
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (!strncmp(line, start, strlen(start)))
            return strtod(line + strlen(start), NULL);
    return 0;
}

int speed_known(const struct workspace *w, const struct config *c, int V, double *rate, struct err *err)
{
    char path[1200], start[80], *text = NULL;
    struct bench_report r;
    struct str all;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/speeds.txt", w->dir);
    line_start(c, V, start, sizeof start);
    if (file_exists(path)) {
        int rc = file_read(path, FILE_MOST, &text, &n, err);
        if (rc)
            return rc;
    }
    *rate = text ? look_up(text, start) : 0;
    if (*rate > 0) {
        free(text);
        return 0;
    }
    int rc = speed_bench(c, V, KNOWN_FLOP, &r, err);
    str_init(&all);
    if (!rc) {
        *rate = r.gflops * 1e9;
        free(r.seconds);
        str_addf(&all, "%s%s%.6g FLOP/s\n", text ? text : "", start, *rate);
        rc = all.failed ? err_nomem(err, "the measured speeds")
                        : file_write_atomic(path, str_get(&all), all.len, err);
    }
    str_free(&all);
    free(text);
    return rc;
}
