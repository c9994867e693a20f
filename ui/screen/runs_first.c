/* The first minute: an empty workspace shows three ways, what each costs, and what this machine
 * is. Enter takes the one under the cursor. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "experiments/host.h"
#include "experiments/prepare.h"
#include "src/base/err.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/runs.h"
#include "ui/term/sign.h"
#include "ui/widget/pane.h"

enum { WAY_DEMO, WAY_TEXT, WAY_CONFIG, WAYS };
static const struct { const char *title, *what, *cost; } ways[WAYS] = {
    { "Try it on the sample text",
      "trains a tiny ELECTRA on the King James Bible, token by token",
      "about 2 minutes" },
    { "Your own text",
      "a vocabulary, a corpus and a tiny ELECTRA from a text file you name",
      "minutes, by the size of the text" },
    { "From the command line",
      "electroscope train --corpus FILE --preset small (Enter copies it)",
      "hours for small on two cores" },
};

static void submit(struct runs *s, const char *preset, const char *corpus)
{
    struct err err = { 0 };
    struct config c;
    int64_t id = 0;
    config_default(&c);
    if (config_preset(&c, preset, &err) || config_set(&c, "corpus", corpus, &err) ||
        config_set(&c, "name", preset, &err) ||
        prepare_paths(app_workspace(s->app), &c, &err) ||
        host_client_submit(app_workspace(s->app), &c, 1, &id, &err) < 0) {
        app_say(s->app, SEV_ERROR, "%s", err.text);
        return;
    }
    s->cursor = id;
    app_select(s->app, id);
    app_go(s->app, "Tokens");
}

static void start_demo(struct runs *s)
{
    struct err err = { 0 };
    char path[1200];
    if (prepare_demo_text(app_workspace(s->app), path, sizeof path, &err))
        app_say(s->app, SEV_ERROR, "%s", err.text);
    else
        submit(s, "demo", path);
}

static void text_done(void *ud, const char *text)
{
    if (text && *text)
        submit(ud, "demo", text);
}

int runs_first_act(struct runs *s, int action)
{
    if (action == ACT_UP || action == ACT_DOWN) {
        s->choice = (s->choice + (action == ACT_UP ? WAYS - 1 : 1)) % WAYS;
    } else if (s->choice == WAY_DEMO) {
        start_demo(s);
    } else if (s->choice == WAY_TEXT) {
        app_prompt(s->app, "text file:", "", text_done, NULL, s);
    } else {
        app_copy(s->app, "electroscope train --corpus FILE --preset small");
    }
    return 1;
}

void runs_draw_first(struct runs *s, struct grid *g, struct rect area)
{
    const char *parts[] = { "no runs yet", app_workspace(s->app)->dir };
    struct rect in = { area.y + 1, area.x + 2, area.h - 1, area.w - 4 };
    int y = in.y + (area.h > 16), gap = area.h > 12 ? 4 : 3;
    pane_title(g, area.y, area.x, area.w, 1, parts, 2);
    grid_text(g, in, y, in.x, -1, STYLE(ROLE_TEXT, 0),
              app_readonly(s->app) ? "No runs yet, and this workbench is read-only."
                                   : "No runs yet. Three ways to the first one:");
    y += 2;
    for (int i = 0; i < WAYS && !app_readonly(s->app); i++, y += gap) {
        int on = i == s->choice;
        if (on) {
            grid_cell(g, in, y, in.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
            if (y < in.y + in.h) {
                g->cursor_y = y;
                g->cursor_x = in.x;
            }
        }
        int x = in.x + 2;
        x += grid_text(g, in, y, x, -1, STYLE(on ? ROLE_ACCENT : ROLE_TEXT, ATTR_BOLD),
                       ways[i].title) + 2;
        grid_text(g, in, y, x, -1, STYLE(ROLE_DIM, 0), ways[i].cost);
        grid_text(g, in, y + 1, in.x + 4, -1, STYLE(ROLE_TEXT, 0), ways[i].what);
        if (on)
            grid_back(g, (struct rect){ y, in.x, 1, in.w }, BACK_SELECTED);
    }
    grid_textf(g, in, y, in.x, -1, STYLE(ROLE_DIM, 0),
               "This machine has %ld cores. Runs go on when the terminal closes.", sysconf(_SC_NPROCESSORS_ONLN));
}
