/* A checkpoint from elsewhere on the Tokens screen: for sentences, without a run. The host opens it; the
 * screen only looks for its answer, since a directory may lie on a slow disk. */
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/later.h"
#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/event/event.h"
#include "ui/screen/launch.h"
#include "ui/screen/tokens_int.h"
#include "ui/screen/tokens_opened.h"

#define ORDER "tokens.open"

/* The screen may not be open yet: it finds the order in the state. */
static void named(void *ud, const char *dir)
{
    struct app *a = ud;
    char full[PATH_MAX];
    if (!dir || !*dir) return;
    if (!realpath(dir, full) || strlen(full) >= APP_STATE_VALUE) {
        struct err err = {0};
        err_errno(&err, "cannot open %s", visible((char[200]){0}, 200, dir));
        app_say(a, SEV_ERROR, "%s", err.text);
        return;
    }
    app_set_state(a, ORDER, full);
    app_go(a, "Tokens");
    app_poll(a, 0);
}

void tokens_open_checkpoint(struct app *a)
{
    app_prompt_path(a, "directory of the checkpoint:", "", "", named, NULL, a);
    app_prompt_present(a);
}

static void ask(struct tokens *s, struct app *a, const char *dir)
{
    struct opening *o = &s->opening;
    struct err err = {0};
    later_drop(o->asked);
    snprintf(o->dir, sizeof o->dir, "%s", dir);
    o->asked = later_ask(app_workspace(a), json_pack("{s:i, s:s, s:s}", "v", 1, "op", "open", "dir", dir),
                         1, &err);
    o->since = app_now(a);
    if (!o->asked) app_say(a, SEV_ERROR, "%s", err.text);
    else app_poll(a, LOOK_AGAIN);
    app_set_state(a, ORDER, "");
}

int tokens_opening_look(struct tokens *s, struct app *a)
{
    struct opening *o = &s->opening;
    struct err err = {0};
    json_t *answer = NULL;
    const char *order = app_state(a, ORDER);
    if (order && *order) ask(s, a, order);
    if (!o->asked) return 0;
    int rc = later_look(o->asked, &answer, &err);
    if (rc == 1) {
        app_poll(a, LOOK_AGAIN);
        return 1;
    }
    o->asked = NULL;
    if (rc) {
        app_say(a, SEV_ERROR, "%s", err.text);
        return 1;
    }
    app_select(a, json_integer_value(json_object_get(answer, "run")));
    json_decref(answer);
    app_say(a, SEV_INFO, "opened to look at: o scores a sentence of yours, c trains on from it");
    return 1;
}

const char *tokens_opening_says(const struct tokens *s, struct app *a, char *out, size_t size)
{
    const struct opening *o = &s->opening;
    if (!o->asked) return NULL;
    snprintf(out, size, "opening %s, %.1f s", o->dir, app_now(a) - o->since);
    return out;
}

void tokens_opening_drop(struct tokens *s)
{
    later_drop(s->opening.asked);
    s->opening.asked = NULL;
}

void tokens_new_run(struct app *a, int64_t run)
{
    const struct query_run *r = app_run(a, run);
    char dir[CONFIG_TEXT], *last;
    if (!r || *r->config.corpus) {
        launch_from_run(a, run);
        return;
    }
    snprintf(dir, sizeof dir, "%s", r->config.init_discriminator);
    last = strrchr(dir, '/');
    if (last && (!strcmp(last, "/discriminator") || !strcmp(last, "/main"))) *last = 0; /* its generator too */
    launch_from_model(a, dir);
}
