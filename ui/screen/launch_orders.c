/* What others ask of the Launch screen: a run as its start, a table's cells, weights from a
 * directory, the draft before. It is asked for by state: the screen may not be open yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/model_dir.h"
#include "src/event/event.h"
#include "ui/screen/launch.h"

static int bring_back(struct app *a, int64_t unused, const char *none)
{
    (void)unused, (void)none;
    app_set_state(a, "launch.undo", "1"); /* the screen takes it at its next look */
    app_go(a, "Launch");
    app_poll(a, 0);
    return 0;
}

void launch_remember(struct launch *s, const struct draft *before, const char *what)
{
    s->before = *before;
    app_undo(s->app, what, bring_back, 0, "");
}

static int take_model(struct launch *s)
{
    char dir[1024];
    struct err err = { 0 };
    struct config c;
    const char *v = app_state(s->app, "launch.model");
    if (!v || !*v)
        return 0;
    snprintf(dir, sizeof dir, "%s", v);
    app_set_state(s->app, "launch.model", "");
    draft_plain(&s->draft, &c);
    if (model_dir_config(dir, &c, &err)) {
        app_say(s->app, SEV_ERROR, "%s", err.text);
        return 1;
    }
    launch_remember(s, &s->draft, "the form as it was before");
    draft_from_config(&s->draft, &c);
    s->cursor = s->top = 0;
    s->row[0] = LAUNCH_corpus;
    launch_changed(s);
    app_say(s->app, SEV_INFO, "it starts from these weights: name a corpus, F5 starts · u undo");
    return 1;
}

/* "12;tie=none|all;seed=1|2": the run (0: none, the fields alone), and fields with their values. */
static int take_run(struct launch *s)
{
    char order[1024], name[64], *save = NULL;
    struct err err = { 0 };
    const char *v = app_state(s->app, "launch.from");
    if (!v || !*v)
        return 0;
    snprintf(order, sizeof order, "%s", v);
    app_set_state(s->app, "launch.from", "");
    const struct query_run *r = app_run(s->app, atoll(order));
    if (!r && atoll(order))
        return 0;
    launch_remember(s, &s->draft, "the form as it was before");
    if (r)
        draft_from_config(&s->draft, &r->config);
    else
        draft_init(&s->draft);
    if (r && strchr(order, ';') && sweep_of_tags(r->tags, 0, name, sizeof name)) /* more runs of its sweep */
        draft_put(&s->draft, LAUNCH_name, name, &err);
    snprintf(name, sizeof name, "%.50s", r ? r->name : "offered");
    strtok_r(order, ";", &save);
    for (char *t = strtok_r(NULL, ";", &save); t; t = strtok_r(NULL, ";", &save)) {
        char *eq = strchr(t, '=');
        const struct config_field *f = eq ? (*eq = 0, config_find(t)) : NULL;
        if (f && draft_put(&s->draft, (int)(f - config_fields), eq + 1, &err))
            app_say(s->app, SEV_WARN, "%s", err.text);
    }
    s->cursor = s->top = 0;
    launch_changed(s);
    if (!err.code)
        app_say(s->app, SEV_INFO, "as %s · u undo", name);
    return 1;
}

int launch_take_orders(struct launch *s)
{
    const char *v = app_state(s->app, "launch.undo");
    if (v && *v) {
        app_set_state(s->app, "launch.undo", "");
        struct draft now = s->draft;
        s->draft = s->before;
        s->before = now;
        launch_changed(s);
        return 1;
    }
    if (take_model(s))
        return 1;
    return take_run(s);
}

void launch_from_run(struct app *a, int64_t run)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)run);
    app_set_state(a, "launch.from", text);
    app_go(a, "Launch");
}

void launch_from_cells(struct app *a, int64_t run, const char *fields)
{
    char text[1000];
    snprintf(text, sizeof text, "%lld;%s", (long long)run, fields);
    app_set_state(a, "launch.from", text);
    app_go(a, "Launch");
}

void launch_from_model(struct app *a, const char *dir)
{
    app_set_state(a, "launch.model", dir);
    app_go(a, "Launch");
}
