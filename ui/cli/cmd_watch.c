/* electroscope watch: a run's progress as plain lines, for logs and screen readers. */
#include <stdlib.h>

#include "db/query.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"

struct watch_args {
    int plain, json;
    double every;
};

static int run(struct cli *c, struct err *err)
{
    const struct watch_args *a = c->own;
    struct workspace w;
    int rc = cli_workspace(c, 0, &w, err);
    struct query_run *run = rc ? NULL : calloc(1, sizeof *run);
    if (!rc)
        rc = run ? launch_find_run(&w, c->nargs ? c->args[0] : NULL, run, err)
                 : err_nomem(err, "the run");
    int64_t id = rc ? 0 : run->id;
    free(run);
    return rc ? rc : launch_follow(&w, id, a->json, a->every, 0, err);
}

static const struct option_row options[] = {
    {.name = "plain", .kind = OPTION_FLAG, .offset = offsetof(struct watch_args, plain),
     .help = "lines, also in a terminal"},
    {.name = "every", .kind = OPTION_REAL, .offset = offsetof(struct watch_args, every),
     .arg = "SECONDS", .min = 0.25, .max = 1e6, .help = "time between lines (default: more for longer runs)"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct watch_args, json),
     .help = "the lines of train --json"},
    {.name = NULL},
};

const struct command cmd_watch = {.options = options, .own_size = sizeof(struct watch_args),
                                  .max_args = 1, .run = run};
