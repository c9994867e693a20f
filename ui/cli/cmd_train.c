/* electroscope train: pre-trains, or goes on with a run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "experiments/branch.h"
#include "src/base/visible.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/print.h"

struct train_args {
    const char *config, *resume, *branch;
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

/* RUN or RUN@STEP: a run may have an @ in its name. *step -1: its newest checkpoint. */
static int find_parent(const struct workspace *w, const char *word, struct query_run *out, int64_t *step,
                       struct err *err)
{
    const char *at = strrchr(word, '@');
    char name[CONFIG_TEXT], *end;
    *step = -1;
    int rc = launch_find_run(w, word, out, err);
    if (rc != E_NOTFOUND || !at || !at[1] || at - word >= (long)sizeof name)
        return rc;
    snprintf(name, sizeof name, "%.*s", (int)(at - word), word);
    *step = strtoll(at + 1, &end, 10);
    if (*end || *step < 0)
        return err_set(err, E_USAGE, "--branch: '%s' is not RUN@STEP", visible((char[128]){0}, 128, word));
    return launch_find_run(w, name, out, err);
}

/* The parent's fields, with those given over them. */
static int branch_config(const struct cli *c, const struct query_run *parent, int64_t step,
                         struct config *out, struct err *err)
{
    int rc = 0;
    *out = parent->config;
    for (int i = 0; !rc && i < c->nfields; i++) {
        if (!strcmp(c->fields[i].field->name, "preset"))
            return err_set(err, E_USAGE, "preset: a branch has its parent's fields; give those that change");
        rc = config_set(out, c->fields[i].field->name, c->fields[i].value, err);
    }
    if (!rc && !cli_field(c, "name"))
        snprintf(out->name, sizeof out->name, "%.200s@%" PRId64, parent->name, step);
    if (!cli_field(c, "tags"))
        out->tags[0] = 0;
    struct config resolved = *out;
    return rc ? rc : config_resolve(&resolved, err);
}

static int branch(const struct cli *c, const struct train_args *a, struct launch *l, struct err *err)
{
    char path[1200];
    struct query_run *parent = calloc(1, sizeof *parent);
    if (a->config || a->resume) {
        free(parent);
        return err_set(err, E_USAGE, "--branch takes the parent's fields: it goes with neither --config nor "
                       "--resume");
    }
    int rc = parent ? cli_workspace(c, 0, &l->workspace, err) : err_nomem(err, "the run");
    if (!rc)
        rc = find_parent(&l->workspace, a->branch, parent, &l->step, err);
    if (!rc)
        rc = branch_find(&l->workspace, parent->id, l->step, path, sizeof path, &l->step, err);
    if (!rc)
        rc = branch_config(c, parent, l->step, &l->config, err);
    l->branch = rc ? 0 : parent->id;
    free(parent);
    return rc ? rc : launch(l, err);
}

static int run(struct cli *c, struct err *err)
{
    const struct train_args *a = c->own;
    struct launch l = {.detach = a->detach, .json = a->json,
                       .screen = !a->headless && launch_at_terminal() ? "Runs" : NULL};
    int rc;
    if (a->branch)
        return branch(c, a, &l, err);
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
    {.name = "branch", .kind = OPTION_TEXT, .offset = offsetof(struct train_args, branch),
     .arg = "RUN[@STEP]", .help = "a new run from a checkpoint of that one, with the fields given changed"},
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
