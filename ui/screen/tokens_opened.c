/* A checkpoint from elsewhere on the Tokens screen: for sentences, without a run. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "experiments/client.h"
#include "experiments/host.h"
#include "src/base/err.h"
#include "src/event/event.h"
#include "ui/app/app.h"
#include "ui/screen/launch.h"
#include "ui/screen/tokens_opened.h"

static void opened(void *ud, const char *dir)
{
    struct app *a = ud;
    struct err err = {0};
    json_t *answer = NULL;
    if (!dir || !*dir) return;
    int rc = host_alive(app_workspace(a)) ? 0 : host_spawn(app_workspace(a), &err);
    if (!rc)
        rc = client_ask(app_workspace(a), json_pack("{s:i, s:s, s:s}", "v", 1, "op", "open", "dir", dir),
                        &answer, &err);
    if (rc) {
        app_say(a, SEV_ERROR, "%s", err.text);
        return;
    }
    app_select(a, json_integer_value(json_object_get(answer, "run")));
    json_decref(answer);
    app_go(a, "Tokens");
    app_say(a, SEV_INFO, "opened to look at: o scores a sentence of yours, c trains on from it");
}

void tokens_open_checkpoint(struct app *a)
{
    app_prompt_path(a, "directory of the checkpoint:", "", "", opened, NULL, a);
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
