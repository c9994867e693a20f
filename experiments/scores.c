/* See scores.h. */
#include "experiments/scores.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store.h"
#include "experiments/client.h"
#include "experiments/host.h"
#include "experiments/lock.h"
#include "experiments/tuning.h"

#define PROGRAM "electroscope 0.1.0"

/* Members of the settings: what is left at its default is left out. Threads change nothing. */
static json_t *settings_json(const struct finetune_config *c)
{
    struct finetune_config def;
    json_t *j = json_object();
    finetune_defaults(&def);
    def.threads = c->threads;
    def.seed = c->seed;
#define INT(n) json_integer(c->n)
#define REAL(n) json_real(c->n)
#define CHOICE(n) json_integer(c->n)
#define FLAG(n) json_true()
#define F(type, name, option, d, min, max, choices, help) \
    if (c->name < def.name || c->name > def.name)         \
        json_object_set_new(j, #name, type(name));
#include "src/task/finetune.def"
#undef F
#undef INT
#undef REAL
#undef CHOICE
#undef FLAG
    return j;
}

char *scores_settings(const struct finetune_args *a, const struct finetune_result *r, char *out,
                      int size)
{
    json_t *j = settings_json(&a->config);
    json_object_set_new(j, "epochs", json_integer(r->epochs));
    json_object_set_new(j, "learning_rate", json_real(r->learning_rate));
    json_object_set_new(j, "layerwise_decay", json_real(r->layerwise_decay));
    json_object_set_new(j, "head", json_string(a->config.head == FINETUNE_HF ? "hf" : "released"));
    char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
    snprintf(out, (size_t)size, "%s", text ? text : "");
    free(text);
    json_decref(j);
    return out;
}

static json_t *row_of(const struct scores_source *src, const char *task, const char *settings,
                      const char *metric, double v)
{
    /* JSON has no number for what is not finite */
    json_t *value = isfinite(v) ? json_real(v)
                    : isnan(v)  ? json_string("nan")
                                : json_string(v > 0 ? "inf" : "-inf");
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:o}", "run", (json_int_t)src->run, "step",
                     (json_int_t)src->step, "model", src->model, "task", task, "metric", metric,
                     "settings", settings, "value", value);
}

static void add_row(json_t *rows, const struct scores_source *src, const struct finetune_args *a,
                    const struct finetune_seed *s, const char *settings, const char *metric, double v)
{
    json_t *row = row_of(src, a->task->name, settings, metric, v);
    json_object_set_new(row, "state", json_string(s->result.failed ? "stuck" : "done"));
    json_object_set_new(row, "seed", json_integer(s->seed));
    json_object_set_new(row, "n", json_integer((json_int_t)s->result.dev_examples));
    json_array_append_new(rows, row);
}

static double value_of(const json_t *v)
{
    const char *text = json_string_value(v);
    return !text ? json_number_value(v) : !strcmp(text, "inf") ? INFINITY : !strcmp(text, "-inf") ? -INFINITY : NAN;
}

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

int scores_store(struct store *s, const json_t *rows, struct err *err)
{
    size_t i;
    json_t *row;
    if (!json_is_array(rows))
        return err_set(err, E_USAGE, "add_scores: \"scores\" is not an array");
    json_array_foreach(rows, i, row) {
        int rc = json_object_get(row, "kind") ? tuning_store(s, row, err) : 1;
        if (rc < 0)
            return rc;
        if (!rc)
            continue;
        struct store_score x = {
            .run = json_integer_value(json_object_get(row, "run")),
            .checkpoint_step = json_integer_value(json_object_get(row, "step")),
            .model = text_of(row, "model"), .task = text_of(row, "task"),
            .metric = text_of(row, "metric"), .settings = text_of(row, "settings"),
            .state = text_of(row, "state"), .program = PROGRAM,
            .seed = json_integer_value(json_object_get(row, "seed")),
            .n = json_integer_value(json_object_get(row, "n")),
            .value = value_of(json_object_get(row, "value"))};
        rc = store_add_score(s, &x, err);
        if (rc)
            return rc;
    }
    return 0;
}

static int through_host(const struct workspace *w, const json_t *rows, struct err *err)
{
    return client_ask(w, json_pack("{s:i, s:s, s:O}", "v", 1, "op", "add_scores", "scores", rows), NULL,
                      err);
}

int scores_write(const struct workspace *w, const json_t *rows, struct err *err)
{
    int lock;
    if (host_alive(w))
        return through_host(w, rows, err);
    int rc = lock_take(w->lock, 2.0, &lock, err);
    if (rc == E_BUSY && host_alive(w)) /* one has just started */
        return through_host(w, rows, err);
    if (rc)
        return rc;
    struct store *s = store_open(w->db, err);
    rc = s ? scores_store(s, rows, err) : E_FAIL;
    if (s)
        store_close(s);
    lock_release(lock);
    return rc;
}

int scores_add_through(int (*store)(void *ud, const json_t *rows, struct err *err), void *ud,
                       const struct scores_source *src, const struct finetune_args *a,
                       const struct finetune_seed *seed, struct err *err)
{
    char settings[500];
    const struct finetune_result *r = &seed->result;
    json_t *rows = json_array();
    scores_settings(a, r, settings, sizeof settings);
    for (int i = 0; i < r->n; i++)
        add_row(rows, src, a, seed, settings, r->scores[i].name, r->scores[i].value);
    if (isfinite(r->majority))
        add_row(rows, src, a, seed, settings, "majority", r->majority);
    int rc = rows ? store(ud, rows, err) : err_nomem(err, "scores");
    json_decref(rows);
    return rc;
}

static int write_to(void *ud, const json_t *rows, struct err *err)
{
    return scores_write(ud, rows, err);
}

int scores_add(const struct workspace *w, const struct scores_source *src,
               const struct finetune_args *a, const struct finetune_seed *seed, struct err *err)
{
    return scores_add_through(write_to, (void *)w, src, a, seed, err);
}

int scores_add_values(const struct workspace *w, const struct scores_source *src, const char *task,
                      const char *settings, const struct scores_value *v, int count, struct err *err)
{
    json_t *rows = json_array();
    for (int i = 0; i < count; i++) {
        json_t *row = row_of(src, task, settings, v[i].metric, v[i].value);
        json_object_set_new(row, "state", json_string("done"));
        json_object_set_new(row, "seed", json_integer(0));
        json_object_set_new(row, "n", json_integer((json_int_t)v[i].n));
        json_array_append_new(rows, row);
    }
    int rc = rows ? scores_write(w, rows, err) : err_nomem(err, "scores");
    json_decref(rows);
    return rc;
}

char *score_tuned_as(const char *model, int random_init, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", random_init ? "random weights" : "", random_init && *model ? " of " : "", model);
    return out;
}
