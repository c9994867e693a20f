/* What commands that use the workspace share. See cli.h. */
#include "ui/cli/cli.h"

int cli_workspace(const struct cli *c, int create, struct workspace *w, struct err *err)
{
    return workspace_open(w, c->workspace_dir, create, err);
}
