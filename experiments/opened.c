/* Checkpoints from elsewhere that are opened to be looked at: an entry among the runs that was never
 * trained here, so that every screen can show its tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "experiments/host_int.h"
#include "experiments/model_dir.h"
#include "src/base/file.h"
#include "src/base/visible.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* ".../checkpoints/1/2343", as a store lays them out: "1@2343", or the run's name for its number where the
 * store beside has one. 1, or 0: it is none of those. */
static int name_in_store(const char *dir, char out[64])
{
    char path[4096], step[32], run[32], *slash;
    snprintf(path, sizeof path, "%s", dir);
    while ((slash = strrchr(path, '/')) && (!slash[1] || !strcmp(slash, "/discriminator")))
        *slash = 0;
    if (!slash || slash[1 + strspn(slash + 1, "0123456789")])
        return 0;
    snprintf(step, sizeof step, "%.30s", slash + 1);
    *slash = 0;
    slash = strrchr(path, '/');
    if (!slash || !slash[1] || slash[1 + strspn(slash + 1, "0123456789")])
        return 0;
    snprintf(run, sizeof run, "%.30s", slash + 1);
    *slash = 0;
    slash = strrchr(path, '/');
    if (!slash || strcmp(slash, "/checkpoints"))
        return 0;
    snprintf(slash, sizeof path - (size_t)(slash - path), "/runs.db");
    snprintf(out, 64, "%s@%s", run, step);
    struct query *q = file_exists(path) ? query_open(path, NULL) : NULL;
    struct query_run *found = malloc(sizeof *found);
    if (q && found && !query_run_find(q, run, found, NULL))
        snprintf(out, 64, "%.40s@%.20s", found->name, step);
    free(found);
    if (q)
        query_close(q);
    return 1;
}

/* The last part of the path that says something: not "discriminator", not a step's number. */
static void name_of(const char *dir, char out[64])
{
    char path[4096];
    if (name_in_store(dir, out))
        return;
    snprintf(path, sizeof path, "%s", dir);
    for (;;) {
        char *slash = strrchr(path, '/');
        const char *last = slash ? slash + 1 : path;
        int plain = !*last || !strcmp(last, "discriminator") || !strcmp(last, "main") ||
                    !last[strspn(last, "0123456789")];
        if (!plain || !slash || slash == path) {
            snprintf(out, 64, "%.60s", *last ? last : "checkpoint");
            return;
        }
        *slash = 0;
    }
}

static int64_t find_opened(struct host *h, const struct config *c)
{
    struct query *q = query_open(h->w.db, NULL);
    struct query_run *runs;
    struct arena a;
    int64_t id = 0;
    if (!q)
        return 0;
    arena_init(&a);
    int n = query_runs(q, 0, &a, &runs, NULL);
    for (int i = 0; i < n && !id; i++)
        if (!*runs[i].config.corpus && !strcmp(runs[i].config.init_discriminator, c->init_discriminator))
            id = runs[i].id;
    arena_free(&a);
    query_close(q);
    return id;
}

struct add_opened {
    struct config *config;
    int64_t id;
    struct err *err;
};

static int add_opened(struct store *s, void *ud)
{
    struct add_opened *a = ud;
    int rc = store_add_run(s, a->config, config_hash(a->config), PACKAGE_VERSION, &a->id, a->err);
    return rc ? rc : store_set_state(s, a->id, RUN_STOPPED, "opened to look at, not trained here", a->err);
}

int host_open_checkpoint(struct host *h, const char *dir, int64_t *id, struct err *err)
{
    struct config c;
    char name[64];
    config_default(&c);
    int rc = model_dir_config(dir, &c, err);
    if (!rc && !*c.vocab)
        rc = err_set(err, E_INPUT, "%s has no vocab.txt beside its weights",
                     visible((char[200]){0}, 200, c.init_discriminator));
    if (rc)
        return rc;
    name_of(c.init_discriminator, name);
    rc = config_set(&c, "name", name, err);
    if (!rc)
        rc = config_resolve(&c, err);
    if (rc)
        return rc;
    *id = find_opened(h, &c);
    if (*id)
        return 0;
    struct add_opened a = {&c, 0, err};
    rc = recorder_call(h->recorder, add_opened, &a);
    *id = a.id;
    return rc;
}
