/* electroscope workbench: the full screen; also what the program does without a command. */
#include "db/query.h"
#include "ui/app/loop.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"

struct workbench_args {
    const char *screen, *run, *theme;
    int color, ascii, no_mouse, no_title, readonly;
};

static int run(struct cli *c, struct err *err)
{
    const struct workbench_args *a = c->own;
    struct workspace w;
    struct query_run found = {0};
    int theme = a->theme ? app_theme(a->theme) : -1;
    if (a->theme && theme < 0)
        return err_set(err, E_USAGE, "--theme: it is dark, light or mono");
    int rc = cli_workspace(c, !a->readonly, &w, err), readonly = a->readonly;
    if (!rc && a->run)
        rc = launch_find_run(&w, a->run, &found, err);
    readonly |= !rc && !workspace_writable(&w);
    struct app_args app = {.workspace = &w, .screen = a->screen, .run = found.id, .theme = theme,
                           .color = a->color == 0 ? 1 : a->color == 1 ? 2 : 0, .ascii = a->ascii,
                           .no_mouse = a->no_mouse, .readonly = readonly, .no_title = a->no_title};
    return rc ? rc : app_run_loop(&app, err);
}

static const struct option_row options[] = {
    {.name = "screen", .kind = OPTION_TEXT, .offset = offsetof(struct workbench_args, screen),
     .arg = "NAME", .help = "screen to open (default: where it was left)"},
    {.name = "run", .kind = OPTION_TEXT, .offset = offsetof(struct workbench_args, run),
     .arg = "RUN", .help = "run to select"},
    {.name = "theme", .kind = OPTION_TEXT, .offset = offsetof(struct workbench_args, theme),
     .arg = "dark|light|mono", .help = "colours (default: as the terminal says)"},
    {.name = "color", .kind = OPTION_CHOICE, .offset = offsetof(struct workbench_args, color),
     .arg = "auto|always|never", .choices = "auto|always|never",
     .help = "auto follows the terminal and NO_COLOR"},
    {.name = "ascii", .kind = OPTION_FLAG, .offset = offsetof(struct workbench_args, ascii),
     .help = "no sign beyond ASCII"},
    {.name = "no-mouse", .kind = OPTION_FLAG, .offset = offsetof(struct workbench_args, no_mouse),
     .help = "leave the mouse to the terminal"},
    {.name = "no-title", .kind = OPTION_FLAG, .offset = offsetof(struct workbench_args, no_title),
     .help = "leave the terminal's title as it is"},
    {.name = "readonly", .kind = OPTION_FLAG, .offset = offsetof(struct workbench_args, readonly),
     .help = "watch only; so it is where the workspace may not be written"},
    {.name = NULL},
};

const struct command cmd_workbench = {.options = options, .own_size = sizeof(struct workbench_args),
                                      .run = run};
