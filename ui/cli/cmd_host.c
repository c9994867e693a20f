/* electroscope host (hidden): the body of the host process that front ends start. */
#include "experiments/host.h"
#include "ui/cli/cli.h"

static int run(struct cli *c, struct err *err)
{
    struct workspace w;
    int rc = cli_workspace(c, 1, &w, err);
    return rc ? rc : host_process(&w, err);
}

const struct command cmd_host = {.flags = COMMAND_HIDDEN, .run = run};
