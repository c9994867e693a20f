/* electroscope demo: from real text to a pre-trained encoder in about two minutes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/prepare.h"
#include "src/train/bench.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/print.h"

struct demo_args {
    double minutes;
    int headless, json;
};

/* A budget in minutes becomes a number of steps before the first one, so that the schedule stays
 * a function of the step. */
static int steps_for(double minutes, struct config *c, struct err *err)
{
    enum { MEASURED = 30 };
    struct bench_args a = {.config = *c, .vocab = (int)c->vocab_size, .steps = MEASURED, .warmup = 5};
    struct bench_report r;
    int rc = config_resolve(&a.config, err);
    if (!rc)
        rc = bench_run(&a, &r, err);
    if (rc)
        return rc;
    free(r.seconds);
    double steps = minutes * 60 / (r.median * 1.1); /* validation, checkpoints, snapshots */
    c->steps = steps < 100 ? 100 : steps > 1e7 ? 10000000 : lround(steps);
    return 0;
}

static int run(struct cli *c, struct err *err)
{
    const struct demo_args *a = c->own;
    struct launch l = {.json = a->json, .every = 1,
                       .screen = !a->headless && launch_at_terminal() ? "Tokens" : NULL};
    char text[1200];
    config_default(&l.config);
    int rc = config_preset(&l.config, "demo", err);
    if (!rc)
        rc = config_set(&l.config, "name", "demo", err);
    if (!rc)
        rc = config_set(&l.config, "vocab_size", "2048", err);
    for (int i = 0; !rc && i < c->nfields; i++)
        rc = config_set(&l.config, c->fields[i].field->name, c->fields[i].value, err);
    if (!rc)
        rc = cli_workspace(c, 1, &l.workspace, err);
    if (!rc && !*l.config.corpus) {
        rc = prepare_demo_text(&l.workspace, text, sizeof text, err);
        if (!rc)
            rc = config_set(&l.config, "corpus", text, err);
    }
    if (!rc && a->minutes > 0)
        rc = steps_for(a->minutes, &l.config, err);
    return rc ? rc : launch(&l, err);
}

static const struct option_row options[] = {
    {.name = "minutes", .kind = OPTION_REAL, .offset = offsetof(struct demo_args, minutes),
     .arg = "N", .min = 0.05, .max = 10000,
     .help = "train about so long (default: 2.4 M tokens, about two minutes on two cores)"},
    {.name = "headless", .kind = OPTION_FLAG, .offset = offsetof(struct demo_args, headless),
     .help = "progress lines, no workbench"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct demo_args, json),
     .help = "one JSON object a line"},
    {.name = NULL},
};

const struct command cmd_demo = {.options = options, .own_size = sizeof(struct demo_args),
                                 .flags = COMMAND_CONFIG, .run = run};
