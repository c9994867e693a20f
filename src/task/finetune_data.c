/* See finetune_int.h: the model's vocabulary, and a task's files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/rng.h"
#include "src/base/visible.h"
#include "src/task/finetune_int.h"
#include "src/text/vocab.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define DRAW_SEED 20200323 /* of --train-examples: the same for every run and seed */

const struct item_set *task_set_items(const struct task_set *s)
{
    return s->windows.rows ? &s->windows.items : &s->own;
}

size_t task_set_size(const struct task_set *s)
{
    return s->squad.n ? s->squad.n : s->examples.n;
}

void task_set_free(struct task_set *s)
{
    examples_free(&s->examples);
    items_free(&s->own);
    squad_windows_free(&s->windows);
    squad_set_free(&s->squad);
}

char *finetune_model_dir(const char *model, char *out, int size)
{
    static const char *const inner[] = {"", "/discriminator", "/main"};
    for (int i = 0; i < 3; i++) {
        char config[TASK_PATH + 32];
        snprintf(out, (size_t)size, "%s%s", model, inner[i]);
        snprintf(config, sizeof config, "%s/config.json", out);
        if (file_exists(config))
            return out;
    }
    snprintf(out, (size_t)size, "%s", model);
    return out;
}

static int ends_in(const char *path, const char *end)
{
    size_t n = strlen(path), k = strlen(end);
    return n >= k && !strcmp(path + n - k, end);
}

/* A tuned model may number the classes in another order: its own counts when the names agree. */
static int labels_of_model(struct task_data *d, struct err *err)
{
    struct hf_labels l;
    int rc = hf_read_labels(d->model_dir, &l, err), known = l.n > 0;
    if (rc)
        return rc;
    for (int i = 0; known && i < l.n; i++)
        known = d->collect || (l.n == d->labels.n && label_set_find(&d->labels, l.names[i]) >= 0);
    if (!known || task_is_regression(d->a->task)) {
        hf_labels_free(&l);
        return 0;
    }
    label_set_free(&d->labels);
    d->collect = 0;
    for (int i = 0; !rc && i < l.n; i++)
        rc = label_set_add(&d->labels, l.names[i], strlen(l.names[i]), err);
    hf_labels_free(&l);
    return rc;
}

int task_data_open(struct task_data *d, const struct finetune_args *a, struct err *err)
{
    char path[TASK_PATH + 16];
    memset(d, 0, sizeof *d);
    d->a = a;
    finetune_model_dir(a->model, d->model_dir, sizeof d->model_dir);
    int rc = hf_read_config(d->model_dir, &d->hf, a->warn, a->ud, err);
    snprintf(path, sizeof path, "%s/vocab.txt", d->model_dir);
    if (!rc && !(d->text.vocab = vocab_load(path, a->warn, a->ud, err)))
        rc = E_INPUT;
    if (!rc && vocab_size(d->text.vocab) > d->hf.shape.vocab)
        rc = err_set(err, E_INPUT, "%s has %d tokens, but the model only %d", SHOW(path),
                     vocab_size(d->text.vocab), d->hf.shape.vocab);
    if (!rc && !(d->text.wp = wordpiece_new(d->text.vocab, &d->hf.text, err)))
        rc = E_NOMEM;
    const char *labels = a->labels ? a->labels : a->task->labels;
    d->collect = !strcmp(labels, "*");
    if (!rc && !d->collect && *labels && !task_is_regression(a->task))
        rc = label_set_parse(&d->labels, labels, a->labels ? ',' : '|', err);
    if (!rc && a->config.epochs == 0)
        rc = labels_of_model(d, err);
    if (!rc && d->hf.is_generator && !ends_in(d->model_dir, "main") && a->warn) {
        char text[400];
        snprintf(text, sizeof text, "%s is a generator; fine-tuning starts from the discriminator as a rule",
                 SHOW(d->model_dir));
        a->warn(a->ud, text);
    }
    long most = d->hf.shape.positions, want = a->config.max_length;
    if (want <= 0)
        want = task_is_span(a->task) ? 512 : 128;
    d->max_length = (int)(want < most ? want : most);
    if (!rc && d->max_length < 8)
        rc = err_set(err, E_USAGE, "sequences of %d tokens are too short to fine-tune on", d->max_length);
    if (rc)
        task_data_close(d);
    return rc;
}

void task_data_close(struct task_data *d)
{
    wordpiece_free(d->text.wp);
    vocab_free(d->text.vocab);
    label_set_free(&d->labels);
    memset(d, 0, sizeof *d);
}

int task_outputs(const struct task_data *d)
{
    return task_is_span(d->a->task) || task_is_regression(d->a->task) ? 1 : d->labels.n;
}

/* DATA/DIR/NAME when that folder is there, else DATA/NAME. */
static int below(const struct task_data *d, const char *name, char *out, int size)
{
    char dir[TASK_PATH];
    snprintf(dir, sizeof dir, "%s/%s", d->a->data, d->a->task->dir);
    int inner = *d->a->task->dir && file_exists(dir);
    snprintf(out, (size_t)size, "%s/%s", inner ? dir : d->a->data, name);
    return file_exists(out);
}

int task_file(const struct task_data *d, enum task_part_kind part, int i, char *out, int size)
{
    const struct finetune_args *a = d->a;
    const char *given = part == PART_TRAIN ? a->train : part == PART_DEV ? a->dev : a->test;
    const char *list = part == PART_TRAIN  ? a->task->train
                       : part == PART_DEV ? a->task->dev
                                          : a->task->test;
    char name[256];
    if (given || !a->data) {
        snprintf(out, (size_t)size, "%s", given ? given : "");
        return given && i == 0;
    }
    if (task_is_span(a->task)) { /* names that this file may have */
        for (int k = 0; i == 0 && task_part(list, '|', k, name, sizeof name); k++)
            if (below(d, name, out, size))
                return 1;
        return 0;
    }
    if (!task_part(list, '|', i, name, sizeof name))
        return 0;
    return below(d, name, out, size) || (i == 0 && part != PART_TEST);
}

int finetune_files(const struct task *t, const char *data, struct err *err)
{
    char path[TASK_PATH] = "";
    struct finetune_args a = {.task = t, .data = data};
    struct task_data d = {.a = &a};
    for (int part = PART_TRAIN; part <= PART_DEV; part++)
        if (!task_file(&d, part, 0, path, sizeof path) || !file_exists(path))
            return err_set(err, E_INPUT, "there is no %s file for %s in %s",
                           part == PART_TRAIN ? "training" : "dev", t->name, SHOW(data));
    return 0;
}

static const char *columns(const struct task_data *d, enum task_part_kind part, char *out, int size)
{
    const struct finetune_args *a = d->a;
    const char *list = a->columns ? a->columns : a->task->columns;
    if (part != PART_TEST)
        return list;
    if (!a->columns)
        return a->task->tests;
    const char *texts = strchr(list, ','); /* without the label */
    snprintf(out, (size_t)size, "%s", texts ? texts + 1 : "");
    return out;
}

/* Keeps a fixed draw of the examples, in the file's order. */
static void draw_items(struct item_set *s, size_t examples, long want)
{
    size_t kept = 0;
    if (want <= 0 || (size_t)want >= examples)
        return;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t place = rng_permute(DRAW_SEED, RNG_TASK, 0, (uint32_t)examples,
                                     (uint32_t)s->items[i].owner);
        if (place < (uint32_t)want)
            s->items[kept++] = s->items[i];
    }
    s->n = kept;
}

static int read_spans(struct task_set *s, struct task_data *d, enum task_part_kind part,
                      struct err *err)
{
    const struct finetune_args *a = d->a;
    struct squad_window_args w = {.max_length = d->max_length, .stride = (int)a->config.stride,
                                  .max_query = (int)a->config.max_query};
    int rc = squad_read(&s->squad, s->path, part == PART_TRAIN, a->warn, a->ud, err);
    if (!rc && part == PART_TRAIN && a->config.train_examples > 0 &&
        (size_t)a->config.train_examples < s->squad.n) {
        size_t kept = 0, n = s->squad.n;
        for (size_t i = 0; i < n; i++)
            if (rng_permute(DRAW_SEED, RNG_TASK, 0, (uint32_t)n, (uint32_t)i) <
                (uint32_t)a->config.train_examples)
                s->squad.questions[kept++] = s->squad.questions[i];
        s->squad.n = kept;
    }
    return rc ? rc : squad_windows(&s->windows, &s->squad, d->text.vocab, d->text.wp, &w, err);
}

/* A second text column is optional in tables that the user names no columns of. */
static int read_rows(struct task_set *s, struct task_data *d, enum task_part_kind part,
                     struct err *err)
{
    const struct finetune_args *a = d->a;
    char buf[512];
    struct examples_args e = {
        .path = s->path, .layout = a->task->layout, .columns = columns(d, part, buf, sizeof buf),
        .labelled = part != PART_TEST, .regression = task_is_regression(a->task),
        .heading = a->task->layout == LAYOUT_GLUE || part == PART_TEST, .separator = a->separator,
        .labels = &d->labels, .collect = d->collect && part == PART_TRAIN, .whole = part == PART_TEST,
        .warn = a->warn, .ud = a->ud};
    int rc = examples_read(&s->examples, &e, err);
    int unordered = part == PART_TRAIN && a->task->unordered && !a->config.ordered;
    if (!rc && part == PART_TRAIN && !e.regression && d->labels.n < 2)
        rc = err_set(err, E_INPUT, "%s: there is only one label, nothing can be learnt", SHOW(s->path));
    if (!rc)
        rc = items_encode(&s->own, &s->examples, d->text.vocab, d->text.wp, d->max_length, unordered,
                          err);
    if (!rc && part == PART_TRAIN)
        draw_items(&s->own, s->examples.n, a->config.train_examples);
    return rc;
}

int task_set_read(struct task_set *s, struct task_data *d, const char *path,
                  enum task_part_kind part, struct err *err)
{
    memset(s, 0, sizeof *s);
    snprintf(s->path, sizeof s->path, "%s", path);
    snprintf(s->suffix, sizeof s->suffix, "%s", strstr(path, "mismatched") ? "_mm" : "");
    int rc = task_is_span(d->a->task) ? read_spans(s, d, part, err) : read_rows(s, d, part, err);
    if (rc) {
        task_set_free(s);
        return rc;
    }
    const struct item_set *items = task_set_items(s);
    for (size_t i = 0; i < items->n; i++)
        d->cut += items->items[i].len == d->max_length;
    return 0;
}
