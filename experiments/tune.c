/* See tune.h. */
#include "experiments/tune.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "src/base/visible.h"
#include "src/config/config.h"
#include "src/event/event.h"

#define TASKS_MOST 32

struct tasks {
    const struct task *task[TASKS_MOST];
    int n;
};

static int read_tasks(const struct config *c, struct tasks *t, struct err *err)
{
    char name[CONFIG_TEXT];
    for (t->n = 0; task_part(c->probe_tasks, ',', t->n, name, sizeof name); t->n++) {
        if (t->n == TASKS_MOST)
            return err_set(err, E_USAGE, "probe_tasks: more than %d tasks", TASKS_MOST);
        struct err why = {0, ""};
        int rc = task_get(name, &t->task[t->n], &why);
        if (rc)
            return err_set(err, rc, "probe_tasks: %.400s", why.text);
    }
    return 0;
}

int tune_check(const struct config *c, struct err *err)
{
    struct tasks t;
    int rc = *c->probe_tasks ? read_tasks(c, &t, err) : 0;
    for (int i = 0; *c->probe_tasks && !rc && i < t.n; i++) {
        struct err why = {0, ""};
        rc = finetune_files(t.task[i], c->probe_data, &why);
        if (rc)
            err_set(err, rc, "probe_data: %.400s", why.text);
    }
    return rc;
}

/* One fine-tuning session of a task. */
struct tuning {
    const struct tune_args *a;
    struct finetune_seeds_args seeds;
    struct scores_source source;
    atomic_int stop;
    int code;
    struct err err; /* of storing */
};

static void on_progress(void *ud, const struct finetune_progress *p)
{
    struct tuning *t = ud;
    int ask = t->a->control ? atomic_load(&t->a->control->ask) : ASK_NONE;
    (void)p;
    if (ask != ASK_NONE && ask != ASK_RUN)
        atomic_store(&t->stop, 1);
}

static void on_warning(void *ud, const char *text)
{
    struct tuning *t = ud;
    if (t->a->warn)
        t->a->warn(t->a->ud, text);
}

static void on_done(void *ud, const struct finetune_seed *seed)
{
    struct tuning *t = ud;
    on_progress(ud, NULL);
    if (!t->code)
        t->code = scores_add_through(t->a->store, t->a->ud, &t->source, &t->seeds.base, seed, &t->err);
}

static int tune_task(const struct tune_args *a, const struct task *task, double *score, struct err *err)
{
    const struct config *c = a->config;
    char model[4300];
    struct finetune_seeds result;
    struct tuning t = {.a = a, .source = {a->run, a->step, ""}};
    t.seeds = (struct finetune_seeds_args){
        .seeds = (int)c->probe_seeds, .done = on_done,
        .base = {.task = task, .model = finetune_model_dir(a->checkpoint, model, sizeof model),
                 .data = c->probe_data, .stop = &t.stop, .progress = on_progress, .warn = on_warning,
                 .ud = &t}};
    finetune_defaults(&t.seeds.base.config);
    t.seeds.base.config.train_examples = c->probe_examples;
    t.seeds.base.config.threads = a->threads;
    t.seeds.base.config.cpu = c->cpu; /* the same kernel sets, in the same order */
    int rc = finetune_run_seeds(&t.seeds, &result, err);
    if (!rc && t.code)
        rc = err_set(err, t.code, "%s", t.err.text);
    if (!rc)
        *score = result.nsummary ? result.summary[0].median : 0;
    finetune_seeds_free(&result);
    return rc;
}

int tune_run(const struct tune_args *a, double *score, struct err *err)
{
    struct tasks t;
    double sum = 0, one = 0;
    int rc = read_tasks(a->config, &t, err);
    for (int i = 0; !rc && i < t.n; i++) {
        rc = tune_task(a, t.task[i], &one, err);
        sum += one;
    }
    *score = t.n ? sum / t.n : 0;
    return rc;
}
