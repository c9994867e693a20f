/* What a key does: first the lines that are open (question, field, help), then the app's own
 * actions, then the screen's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/event/event.h"
#include "ui/app/app_int.h"
#include "ui/screen/screens.h"
#include "ui/term/theme.h"

static int screen_of_action(int action)
{
    if (action < ACT_SCREEN1 || action > ACT_SCREEN7)
        return -1;
    return app_screen_index(action_table[action].word);
}

int app_can(struct app *a, int action)
{
    switch (action) {
    case ACT_HELP: case ACT_PALETTE: case ACT_QUIT: case ACT_BACK: case ACT_REDRAW:
    case ACT_SUSPEND: case ACT_THEME_DARK: case ACT_THEME_LIGHT: case ACT_THEME_MONO:
        return 1;
    case ACT_OPEN_FILE: /* from every screen: Launch comes first */
        return app_screen_index("Launch") >= 0;
    case ACT_UNDO:
        return a->nundo > 0;
    case ACT_EXPORT:
        return a->nruns + (app_ops(a)->export_csv == NULL) > 0 && app_ops(a)->can(app_self(a), a, action);
    case ACT_COPY:
        return app_ops(a)->can(app_self(a), a, action) || (app_ops(a)->export_csv && app_can(a, ACT_EXPORT));
    default:
        if (action >= ACT_SCREEN1 && action <= ACT_SCREEN7)
            return screen_of_action(action) >= 0;
        return app_ops(a)->can(app_self(a), a, action);
    }
}

static void ask_leave_done(void *ud, int key)
{
    struct app *a = ud;
    const struct query_run *runs;
    int n = app_runs(a, &runs);
    if (key == 'q')
        a->quit = 1;
    if (key != 'p' && key != 's')
        return;
    for (int i = 0; i < n; i++)
        if (run_is_active(runs[i].state) && runs[i].state != RUN_STOPPING)
            if (app_op(a, key == 'p' ? "pause" : "stop", runs[i].id, 0) < 0)
                return;
    a->quit = 1;
}

void leave(struct app *a)
{
    char text[160];
    int going = a->active + a->queued;
    if (!going || a->readonly) {
        a->quit = 1;
        return;
    }
    const char *where = a->width >= 100 ? " without this screen" : "";
    const char *stop = a->width >= 76 ? "stop after a checkpoint" : "stop";
    snprintf(text, sizeof text, "%d run%s on%s · q leave · p pause%s · s %s · Esc stay", going,
             going == 1 ? " goes" : "s go", where, going == 1 ? "" : " all", stop);
    if (a->width < 58)
        snprintf(text, sizeof text, "%d run · q leave · p pause · s stop", going);
    app_ask(a, text, "qps", ask_leave_done, a);
}

static void do_undo(struct app *a)
{
    if (!a->nundo) {
        app_note(a, "There is nothing to undo");
        return;
    }
    struct undo u = a->undo[--a->nundo];
    if (u.act(a, u.arg, u.text) >= 0)
        app_say(a, SEV_INFO, "undone: %s", u.what);
}

static int app_own(struct app *a, int action)
{
    switch (action) {
    case ACT_HELP:
        memset(&a->help, 0, sizeof a->help);
        a->help.open = 1;
        return 1;
    case ACT_PALETTE:
        palette_open(a);
        return 1;
    case ACT_UNDO:
        do_undo(a);
        return 1;
    case ACT_OPEN_FILE:
        if (strcmp(app_ops(a)->name, "Launch"))
            app_go(a, "Launch");
        return 0;
    case ACT_REDRAW:
        a->redraw = 1;
        return 1;
    case ACT_SUSPEND:
        a->suspend = 1;
        return 1;
    case ACT_THEME_DARK: case ACT_THEME_LIGHT: case ACT_THEME_MONO:
        a->theme = action == ACT_THEME_DARK ? THEME_DARK
                   : action == ACT_THEME_LIGHT ? THEME_LIGHT : THEME_MONO;
        a->new_theme = 1;
        app_set_state(a, "theme", theme_name(a->theme));
        return 1;
    default:
        return 0;
    }
}

/* A screen's first view. Back from it leads to the page that was open over another one, if any. */
static void show_top(struct app *a, int index)
{
    const struct screen_ops *from = app_ops(a);
    int page = from->page && from->page(app_self(a), 0), was = a->current;
    if (index == was) {
        if (page)
            from->page(app_self(a), 1);
        return;
    }
    a->nback = 0;
    if (page)
        a->back[a->nback++] = was;
    app_show(a, index);
    if (app_ops(a)->page)
        app_ops(a)->page(app_self(a), 1);
    a->nback = index == app_screen_index("Runs") ? 0 : a->nback;
}

static void go_by_number(struct app *a, int action)
{
    int index = screen_of_action(action);
    if (index < 0)
        app_say(a, SEV_INFO, "There is no screen %s in this version", action_table[action].word);
    else
        show_top(a, index);
}

/* What is no way to move about says so when it can do nothing. */
static int speaks(int action)
{
    return action >= ACT_ENTER || action == ACT_NEXT_PANE || action == ACT_PREV_PANE;
}

static void say_idle(struct app *a, int action)
{
    app_note(a, "%s: nothing to do here", action_table[action].name);
}

void app_act(struct app *a, int action)
{
    a->dirty = 1;
    if (action == ACT_NONE || app_own(a, action))
        return;
    const struct screen_ops *ops = app_ops(a);
    void *self = app_self(a);
    if (action >= ACT_SCREEN1 && action <= ACT_SCREEN7) {
        go_by_number(a, action);
        return;
    }
    if (action == ACT_EXPORT && ops->export_csv) {
        if (app_can(a, action))
            export_ask(a);
        else
            app_note(a, "There is nothing to export here yet");
        return;
    }
    if (action == ACT_COPY && !ops->can(self, a, action) && app_can(a, action)) {
        copy_shown(a);
        return;
    }
    int offered = !speaks(action) || app_can(a, action), said = a->said, here = a->current;
    if (ops->act(self, a, action)) {
        if (!offered && a->said == said && a->current == here && !a->field.open && !a->question.open)
            say_idle(a, action);
        return;
    }
    if (action == ACT_BACK)
        app_back(a);
    else if (action == ACT_QUIT && a->nback)
        app_back(a);
    else if (action == ACT_QUIT)
        leave(a);
    else if (speaks(action))
        say_idle(a, action);
}

static void question_key(struct app *a, const char *name)
{
    struct question q = a->question;
    int key = name[0] && !name[1] && strchr(q.keys, name[0]) ? name[0] : 0;
    if (!key && strcmp(name, "Esc") && strcmp(name, "Enter") && strcmp(name, "n") &&
        strcmp(name, "^C"))
        return;
    a->question.open = 0;
    q.done(q.ud, key ? key : 27);
}

static void press(struct app *a, const char *name)
{
    if (a->question.open)
        question_key(a, name);
    else if (a->help.open)
        help_key(a, name);
    else if (!strcmp(name, "^C"))
        leave(a);
    else
        app_act(a, action_of_key(name));
}

static void mouse(struct app *a, const struct key *k)
{
    if (a->question.open || a->field.open || a->help.open)
        return;
    if (k->button == 1 && !k->drag && !k->release) {
        for (int i = 0; i < a->nhits; i++) {
            if (a->hits[i].y == k->y && k->x >= a->hits[i].x0 && k->x < a->hits[i].x1) {
                app_act(a, a->hits[i].action);
                return;
            }
        }
    }
    struct mouse m = { k->y, k->x, k->release ? 0 : k->button, k->wheel, k->drag, k->release };
    if (app_ops(a)->mouse && (!k->release || app_ops(a)->releases))
        app_ops(a)->mouse(app_self(a), a, &m);
}

void app_key(struct app *a, struct key *k)
{
    char meant[4][16];
    a->dirty = 1;
    a->acted_at = app_now(a);
    if (k->kind == KEY_MOUSE) {
        mouse(a, k);
        return;
    }
    if (a->field.open && !a->question.open) {
        field_key(a, k);
    } else if (k->kind == KEY_PRESS) {
        int n = keys_meant(k->name, meant);
        for (int i = 0; i < n && !a->drop_input; i++)
            press(a, meant[i]);
    }
    if (k->kind == KEY_PASTE)
        free(k->paste);
}
