/* See tuning.h. */
#include "experiments/tuning.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "db/store.h"
#include "src/base/err.h"

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *row_of(const char *kind, const struct scores_source *src, const char *task, int seed)
{
    return json_pack("{s:s, s:I, s:I, s:s, s:s, s:i}", "kind", kind, "run", (json_int_t)src->run, "step",
                     (json_int_t)src->step, "model", src->model, "task", task, "seed", seed);
}

static int send(const struct workspace *w, json_t *row, struct err *err)
{
    json_t *rows = json_array();
    int rc = !rows || !row || json_array_append(rows, row) ? err_nomem(err, "a fine-tuning's progress")
                                                           : scores_write(w, rows, err);
    json_decref(row);
    json_decref(rows);
    return rc;
}

int tuning_tell(const struct workspace *w, const struct scores_source *src, const char *task,
                const char *state, const char *why, const struct finetune_progress *p, struct err *err)
{
    json_t *row = row_of("tuning", src, task, p->seed);
    if (state)
        json_object_set_new(row, "state", json_string(state));
    json_object_set_new(row, "why", json_string(why ? why : ""));
    json_object_set_new(row, "epoch", json_integer(p->epoch));
    json_object_set_new(row, "epochs", json_integer(p->epochs));
    json_object_set_new(row, "at", json_integer(p->step));
    json_object_set_new(row, "of", json_integer(p->steps));
    json_object_set_new(row, "loss", number(p->loss));
    json_object_set_new(row, "score", number(p->nscores ? p->scores[0].value : NAN));
    json_object_set_new(row, "left", number(p->seconds_left));
    return send(w, row, err);
}

int tuning_mistakes(const struct workspace *w, const struct scores_source *src, const char *task,
                    const struct finetune_mistakes *m, struct err *err)
{
    json_t *row = row_of("mistakes", src, task, m->seed), *list = json_array();
    for (int i = 0; i < m->n; i++) {
        const struct finetune_mistake *x = &m->rows[i];
        json_array_append_new(list, json_pack("[I, s, s, s, s, o]", (json_int_t)x->place, x->text, x->second,
                                              x->label, x->said, number(x->confidence)));
    }
    json_object_set_new(row, "rows", list);
    return send(w, row, err);
}

static int64_t whole(const json_t *row, const char *key)
{
    return json_integer_value(json_object_get(row, key));
}

static double real(const json_t *v)
{
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *text(const json_t *row, const char *key)
{
    const char *s = json_string_value(json_object_get(row, key));
    return s ? s : "";
}

static const char *word(const json_t *list, size_t i)
{
    const char *s = json_string_value(json_array_get(list, i));
    return s ? s : "";
}

static int store_list(struct store *s, const struct tuning_key *key, const json_t *list, struct err *err)
{
    struct store_mistake m[MISTAKES_MAX];
    size_t n = json_array_size(list);
    if (n > MISTAKES_MAX)
        return err_set(err, E_INPUT, "add_scores: %zu mistakes are more than %d", n, MISTAKES_MAX);
    for (size_t i = 0; i < n; i++) {
        const json_t *x = json_array_get(list, i);
        m[i] = (struct store_mistake){.place = json_integer_value(json_array_get(x, 0)), .text = word(x, 1),
                                      .second = word(x, 2), .label = word(x, 3), .said = word(x, 4),
                                      .confidence = real(json_array_get(x, 5))};
    }
    return store_mistakes(s, key, m, (int)n, err);
}

int tuning_store(struct store *s, const struct json_t *row, struct err *err)
{
    struct tuning_key key = {.run = whole(row, "run"), .checkpoint_step = whole(row, "step"),
                             .seed = whole(row, "seed"), .model = text(row, "model"),
                             .task = text(row, "task")};
    if (!strcmp(text(row, "kind"), "mistakes"))
        return store_list(s, &key, json_object_get(row, "rows"), err);
    struct store_tuning t = {.key = key, .state = json_string_value(json_object_get(row, "state")),
                             .why = text(row, "why"), .epoch = whole(row, "epoch"),
                             .epochs = whole(row, "epochs"), .step = whole(row, "at"),
                             .steps = whole(row, "of"), .loss = real(json_object_get(row, "loss")),
                             .score = real(json_object_get(row, "score")),
                             .seconds_left = real(json_object_get(row, "left"))};
    return store_tuning(s, &t, err);
}
