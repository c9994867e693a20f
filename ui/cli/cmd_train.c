/* electroscope train: pre-trains, or goes on with a run. */
#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/print.h"

struct train_args {
    const char *config, *resume;
    int headless, detach, json;
};

/* What makes a run the run it is cannot change when it goes on. */
static int check_resume(const struct cli *c, struct err *err)
{
    for (int i = 0; i < c->nfields; i++) {
        const struct config_field *f = c->fields[i].field;
        char text[128];
        if (f->flags & CONFIG_ID)
            return err_set(err, E_USAGE, "%s: a resumed run keeps it; start a new run to change it", f->name);
        snprintf(text, sizeof text, "%s: a resumed run keeps its own", f->name);
        print_warning(NULL, text);
    }
    return 0;
}

static int run(struct cli *c, struct err *err)
{
    const struct train_args *a = c->own;
    struct launch l = {.detach = a->detach, .json = a->json,
                       .screen = !a->headless && launch_at_terminal() ? "Runs" : NULL};
    int rc;
    if (a->resume) {
        rc = check_resume(c, err);
        if (!rc)
            rc = cli_workspace(c, 0, &l.workspace, err);
        struct query_run *old = rc ? NULL : calloc(1, sizeof *old);
        if (!rc)
            rc = old ? launch_find_run(&l.workspace, a->resume, old, err) : err_nomem(err, "the run");
        l.resume = rc ? 0 : old->id;
        if (!rc)
            rc = old->state == RUN_DONE ? launch_said_done(old, a->json) : launch(&l, err);
        free(old);
        return rc;
    }
    rc = cli_config(c, a->config, &l.config, err);
    if (!rc && !*l.config.corpus)
        rc = err_set(err, E_USAGE, "corpus: what to train on is missing: --corpus NAME or a text file");
    struct config resolved = l.config;
    if (!rc)
        rc = config_resolve(&resolved, err);
    if (!rc)
        rc = cli_workspace(c, 1, &l.workspace, err);
    return rc ? rc : launch(&l, err);
}

static const struct option_row options[] = {
    {.name = "config", .kind = OPTION_TEXT, .offset = offsetof(struct train_args, config),
     .arg = "FILE", .help = "experiment file whose [run] section comes before the options"},
    {.name = "resume", .kind = OPTION_TEXT, .offset = offsetof(struct train_args, resume),
     .arg = "RUN", .help = "go on with a run from its newest checkpoint"},
    {.name = "headless", .kind = OPTION_FLAG, .offset = offsetof(struct train_args, headless),
     .help = "no workbench: lines, and this process trains (or follows the host that is alive)"},
    {.name = "detach", .kind = OPTION_FLAG, .offset = offsetof(struct train_args, detach),
     .help = "hand the run to a host process and return at once"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct train_args, json),
     .help = "one JSON object a line, each printed after it is in the store"},
    {.name = NULL},
};

const struct command cmd_train = {.options = options, .own_size = sizeof(struct train_args),
                                  .flags = COMMAND_CONFIG, .run = run};
