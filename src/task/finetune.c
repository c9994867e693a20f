/* See finetune.h: settings, the training loop, evaluation after each epoch. */
#include "src/task/finetune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/large.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/optim/adamw.h"
#include "src/task/finetune_int.h"
#include "src/task/layerwise.h"
#include "src/text/vocab.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define REPORT_EVERY 0.5 /* seconds */
#define DEV_MAX 4        /* dev or test files of a task */

void finetune_defaults(struct finetune_config *c)
{
#define F(type, name, option, def, min, max, choices, help) c->name = def;
#include "src/task/finetune.def"
#undef F
}

struct session {
    const struct finetune_args *a;
    struct finetune_config c; /* resolved */
    struct finetune_result *r;
    struct task_data data;
    struct task_set train, dev[DEV_MAX], test[DEV_MAX];
    int ndev, ntest;
    const struct math *math;
    struct pool *pool;
    struct tuner *tuner;
    struct adamw adam;
    struct batch_rows rows;
    struct batching order;
    double *scale;            /* layer-wise */
    struct config optim;      /* what adamw and the schedule read */
    double began, told;
    double loss_sum, loss_n;  /* since the last report */
    double seen, seen_at;     /* examples, for the rate */
};

/* What -1 stands for: section 2.2 of electra.md. */
static void resolve(struct session *s)
{
    int width = s->data.hf.shape.hidden;
    s->c = s->a->config;
    if (s->c.epochs < 0)
        s->c.epochs = s->a->task->epochs;
    if (s->c.learning_rate < 0)
        s->c.learning_rate = width <= 256 ? 3e-4 : width <= 768 ? 1e-4 : 5e-5;
    if (s->c.layerwise_decay < 0)
        s->c.layerwise_decay = width <= 768 ? 0.8 : 0.9;
    if (s->c.dropout >= 0)
        s->data.hf.shape.dropout = s->data.hf.shape.attention_dropout = (float)s->c.dropout;
    s->r->learning_rate = s->c.learning_rate;
    s->r->layerwise_decay = s->c.layerwise_decay;
    s->r->epochs = s->c.epochs;
}

static enum tune_head head_of(const struct session *s)
{
    int hf = s->c.head == FINETUNE_HF;
    return task_is_span(s->a->task) ? (hf ? TUNE_SPAN_HF : TUNE_SPAN_JOINT)
                                    : (hf ? TUNE_CLASS_HF : TUNE_CLASS);
}

static int read_part(struct session *s, enum task_part_kind part, struct task_set *sets, int *n,
                     struct err *err)
{
    char path[TASK_PATH];
    int rc = 0;
    for (int i = 0; !rc && i < DEV_MAX && task_file(&s->data, part, i, path, sizeof path); i++) {
        rc = task_set_read(&sets[*n], &s->data, path, part, err);
        *n += !rc;
    }
    return rc;
}

/* Regression as released: the network learns scores moved to 0..1. A file with scores outside the
 * task's bounds widens them. */
static void normalise_scores(struct session *s)
{
    double low = INFINITY, high = -INFINITY;
    if (!task_is_regression(s->a->task))
        return;
    s->data.bounded = task_bounds(s->a->task, &low, &high);
    for (size_t i = 0; i < s->train.examples.n; i++) {
        low = fmin(low, s->train.examples.rows[i].score);
        high = fmax(high, s->train.examples.rows[i].score);
    }
    s->data.least = (float)low;
    s->data.most = (float)high;
    if (!(high > low) || s->c.head == FINETUNE_HF)
        return;
    s->data.low = (float)low;
    s->data.range = (float)(high - low);
    for (size_t i = 0; i < s->train.own.n; i++)
        s->train.own.items[i].target = (s->train.own.items[i].target - s->data.low) / s->data.range;
}

static int read_data(struct session *s, struct err *err)
{
    char path[TASK_PATH];
    if (!task_file(&s->data, PART_TRAIN, 0, path, sizeof path))
        return err_set(err, E_INPUT, "there is no training file for %s in %s", s->a->task->name,
                       SHOW(s->a->data ? s->a->data : "."));
    int rc = task_set_read(&s->train, &s->data, path, PART_TRAIN, err);
    if (!rc)
        rc = read_part(s, PART_DEV, s->dev, &s->ndev, err);
    if (!rc && !s->ndev)
        rc = err_set(err, E_INPUT, "there is no dev file for %s in %s", s->a->task->name,
                     SHOW(s->a->data ? s->a->data : "."));
    if (!rc && s->a->output)
        rc = read_part(s, PART_TEST, s->test, &s->ntest, err);
    normalise_scores(s);
    return rc;
}

static int load_weights(struct session *s, struct err *err)
{
    const struct model *m = tuner_model(s->tuner);
    float *values = tuner_values(s->tuner);
    const struct finetune_args *a = s->a;
    tuner_init_head(s->tuner, (uint64_t)s->c.seed, s->c.random_init);
    if (s->c.random_init)
        return 0;
    enum tune_head kind;
    if (s->c.epochs == 0 && s->data.hf.architecture[0] && !tune_head_find(s->data.hf.architecture, &kind))
        return err_set(err, E_INPUT, "%s holds a pre-trained %s, and with --epochs 0 nothing is trained: give a "
                       "model that finetune --save-model wrote", SHOW(s->data.model_dir),
                       SHOW(s->data.hf.architecture));
    if (s->c.epochs == 0) /* evaluate a tuned model: its head must be there */
        return hf_load_weights(s->data.model_dir, m, &m->disc, values, a->warn, a->ud, err);
    return hf_load_encoder(s->data.model_dir, m, &m->disc, values, a->warn, a->ud, err);
}

static int build(struct session *s, struct err *err)
{
    static const char *const sets[] = {"auto", "portable", "avx2", "avx512"};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    s->math = math_select(sets[s->c.cpu], err);
    if (!s->math)
        return E_USAGE;
    int rc = s->c.random_init ? 0 : hf_check_size(s->data.model_dir, &s->data.hf.shape, err);
    if (rc)
        return rc;
    s->pool = pool_new(s->c.threads > 0 ? (int)s->c.threads : cores > 0 ? (int)cores : 1, err);
    struct tuner_args t = {.shape = &s->data.hf.shape, .head = head_of(s),
                           .labels = task_outputs(&s->data), .math = s->math, .pool = s->pool,
                           .head_dropout = (float)s->c.head_dropout, .max_T = s->data.max_length,
                           .max_B = (int)s->c.batch, .shards = (int)s->c.shards,
                           .train = s->c.epochs > 0};
    s->tuner = s->pool ? tuner_new(&t, err) : NULL;
    if (!s->tuner)
        return E_NOMEM;
    size_t floats = tuner_model(s->tuner)->table.floats;
    size_t layers = (size_t)s->data.hf.shape.layers;
    s->adam.m = large_alloc(floats * sizeof(float));
    s->adam.v = large_alloc(floats * sizeof(float));
    s->scale = calloc(layers + 3, sizeof *s->scale);
    if (!s->adam.m || !s->adam.v || !s->scale)
        return err_nomem(err, "the optimiser");
    memset(s->adam.m, 0, floats * sizeof(float));
    memset(s->adam.v, 0, floats * sizeof(float));
    layerwise_scale(s->scale, (int)layers, s->c.layerwise_decay,
                    s->c.layerwise ? LAYERWISE_CODE : LAYERWISE_PAPER);
    rc = batch_rows_init(&s->rows, (int)s->c.batch, s->data.max_length, err);
    if (!rc)
        rc = batching_init(&s->order, task_set_items(&s->train), (int)s->c.batch, err);
    return rc ? rc : load_weights(s, err);
}

static long steps_per_epoch(const struct session *s)
{
    return (long)((s->order.n + (size_t)s->c.batch - 1) / (size_t)s->c.batch);
}

static void start_optim(struct session *s)
{
    config_default(&s->optim);
    s->optim.learning_rate = s->c.learning_rate;
    s->optim.steps = steps_per_epoch(s) * (s->c.epochs > 0 ? s->c.epochs : 1);
    s->optim.warmup_steps = (long)((double)s->optim.steps * s->c.warmup);
    s->optim.weight_decay = s->c.weight_decay;
    s->optim.clip_norm = s->c.clip_norm;
    s->optim.lr_decay_power = 1;
    s->optim.bias_correction = 0;
}

/* Progress of a step, or of an evaluation. */
static void report(struct session *s, long epoch, long step, int scored)
{
    double now = clock_now(), took = now - s->seen_at;
    if (!s->a->progress || (!scored && now - s->told < REPORT_EVERY))
        return;
    double done = now - s->began;
    struct finetune_progress p = {
        .seed = (int)s->c.seed, .epoch = epoch, .epochs = s->c.epochs, .step = step,
        .steps = s->optim.steps, .loss = s->loss_n > 0 ? s->loss_sum / s->loss_n : NAN,
        .learning_rate = schedule_rate(&s->optim, step),
        .examples_per_s = took > 0 ? s->seen / took : 0,
        .seconds_left = step > 0 ? done / (double)step * (double)(s->optim.steps - step) : NAN,
        .scores = scored ? s->r->scores : NULL, .nscores = scored ? s->r->n : 0};
    s->a->progress(s->a->ud, &p);
    s->told = s->seen_at = now;
    s->loss_sum = s->loss_n = s->seen = 0;
}

static int evaluate(struct session *s, struct task_set *set, enum task_part_kind part, int number,
                    int last, struct err *err)
{
    struct evaluator e = {.tuner = s->tuner, .rows = &s->rows, .batch = (int)s->c.batch,
                          .pad = s->data.hf.shape.pad_id, .classes = task_outputs(&s->data),
                          .span = task_is_span(s->a->task), .data = &s->data};
    struct task_outputs out;
    int rc = evaluate_set(&e, set, &out, err);
    if (rc)
        return rc;
    if (part == PART_DEV)
        rc = score_set(&s->data, set, &out, s->r, err);
    if (!rc && last && part == PART_DEV && number == 0)
        rc = tell_mistakes(&s->data, set, &out, err);
    if (!rc && last && s->a->output)
        rc = write_predictions(&s->data, set, &out, part, number, err);
    task_outputs_free(&out);
    return rc;
}

static int evaluate_dev(struct session *s, int last, struct err *err)
{
    int rc = 0;
    s->r->n = s->r->failed = 0;
    s->r->why[0] = 0;
    for (int i = 0; !rc && i < s->ndev; i++)
        rc = evaluate(s, &s->dev[i], PART_DEV, i, last, err);
    return rc;
}

/* One update. Returns the loss an example, or NAN when it is not finite. */
static double train_step(struct session *s, size_t from, int B, long step)
{
    const struct item_set *items = task_set_items(&s->train);
    const struct param_table *table = &tuner_model(s->tuner)->table;
    struct tune_batch b = {.seed = (uint64_t)s->c.seed, .step = (uint32_t)step,
                           .sum = s->c.loss == FINETUNE_SUM};
    batch_rows_fill(&s->rows, items, s->order.order + from, B, s->data.hf.shape.pad_id, &b);
    if (task_is_span(s->a->task)) {
        b.start = s->rows.start;
        b.end = s->rows.end;
        b.impossible = s->rows.impossible;
    } else if (task_is_regression(s->a->task)) {
        b.targets = s->rows.targets;
    } else {
        b.labels = s->rows.labels;
    }
    double loss = tuner_step(s->tuner, &b);
    double norm = gradient_norm(s->math, s->pool, table, tuner_gradients(s->tuner));
    if (!isfinite(loss) || !isfinite(norm))
        return NAN;
    adamw_step(&s->adam, s->math, s->pool, table, &s->optim, tuner_values(s->tuner),
               tuner_gradients(s->tuner), norm, schedule_rate(&s->optim, step), s->scale);
    return b.sum ? loss / B : loss;
}

static int train_epoch(struct session *s, long epoch, long *step, struct err *err)
{
    size_t n = s->order.n, B = (size_t)s->c.batch;
    double sum = 0;
    batching_train(&s->order, task_set_items(&s->train), (uint64_t)s->c.seed, (uint32_t)epoch);
    for (size_t from = 0; from < n; from += B) {
        int rows = n - from < B ? (int)(n - from) : (int)B;
        double loss = train_step(s, from, rows, (*step)++);
        if (isnan(loss)) {
            s->r->failed = 1;
            snprintf(s->r->why, sizeof s->r->why, "the loss is not finite at step %ld", *step);
            return 0;
        }
        sum += loss * rows;
        s->loss_sum += loss * rows;
        s->loss_n += rows;
        s->seen += rows;
        report(s, epoch, *step, 0);
        if (s->a->stop && atomic_load(s->a->stop))
            return err_set(err, E_STOPPED, "fine-tuning was stopped at step %ld", *step);
    }
    s->r->loss = sum / (double)n;
    return 0;
}

static int save_model(struct session *s, struct err *err)
{
    char dir[TASK_PATH];
    const struct model *m = tuner_model(s->tuner);
    struct hf_head head = {.architecture = tune_head_architecture(head_of(s)),
                           .num_labels = task_outputs(&s->data),
                           .classifier_dropout = task_is_span(s->a->task) ? -1 : (float)s->c.head_dropout};
    static const char *const score[] = {"score"};
    if (!task_is_span(s->a->task))
        head.labels = task_is_regression(s->a->task) ? score : (const char *const *)s->data.labels.names;
    snprintf(dir, sizeof dir, "%s/model", s->a->output);
    int rc = file_mkdirs(dir, err);
    if (!rc)
        rc = hf_save_as(dir, m, &m->disc, tuner_values(s->tuner), s->data.text.vocab, &s->data.hf.text, &head,
                        err);
    return rc ? rc : file_sync_dir(dir, err);
}

static int train(struct session *s, struct err *err)
{
    long step = 0;
    int rc = 0;
    start_optim(s);
    s->began = s->told = s->seen_at = clock_now();
    for (long epoch = 1; !rc && epoch <= s->c.epochs && !s->r->failed; epoch++) {
        rc = train_epoch(s, epoch, &step, err);
        if (rc || s->r->failed)
            break;
        rc = evaluate_dev(s, epoch == s->c.epochs, err);
        if (!rc)
            report(s, epoch, step, 1);
        if (epoch < s->c.epochs)
            s->r->failed = 0; /* stuck now is not stuck for good: the last verdict counts */
    }
    if (!rc && s->c.epochs == 0)
        rc = evaluate_dev(s, 1, err);
    for (int i = 0; !rc && i < s->ntest; i++)
        rc = evaluate(s, &s->test[i], PART_TEST, i, 1, err);
    if (!rc && s->a->output && s->a->save_model)
        rc = save_model(s, err);
    s->r->steps = step;
    s->r->seconds = clock_now() - s->began;
    return rc;
}

static void close_session(struct session *s)
{
    for (int i = 0; i < DEV_MAX; i++) {
        task_set_free(&s->dev[i]);
        task_set_free(&s->test[i]);
    }
    task_set_free(&s->train);
    tuner_free(s->tuner);
    pool_free(s->pool);
    free(s->adam.m);
    free(s->adam.v);
    free(s->scale);
    batch_rows_free(&s->rows);
    batching_free(&s->order);
    task_data_close(&s->data);
    free(s);
}

int finetune_run(const struct finetune_args *a, struct finetune_result *out, struct err *err)
{
    struct session *s = calloc(1, sizeof *s);
    memset(out, 0, sizeof *out);
    if (!s)
        return err_nomem(err, "fine-tuning");
    s->a = a;
    s->r = out;
    int rc = task_data_open(&s->data, a, err);
    if (!rc) {
        resolve(s);
        rc = read_data(s, err);
    }
    if (!rc) {
        long all = (long)task_set_size(&s->train), most = a->config.train_examples;
        out->sources = most > 0 && most < all ? most : all;
        out->examples = (long)task_set_items(&s->train)->n;
        out->dev_examples = (long)task_set_size(&s->dev[0]);
        rc = build(s, err);
    }
    if (!rc)
        rc = train(s, err);
    close_session(s);
    return rc;
}

static void count_items(const struct session *s, struct finetune_check *out)
{
    const struct item_set *items = task_set_items(&s->train);
    out->examples = task_set_size(&s->train);
    out->items = items->n;
    out->skipped = s->train.examples.skipped + s->train.squad.skipped;
    out->cut = s->data.cut;
    out->labels = s->data.labels.n;
    for (size_t i = 0; i < items->n; i++) {
        const struct item *x = &items->items[i];
        out->tokens += (size_t)x->len;
        out->longest = (size_t)x->len > out->longest ? (size_t)x->len : out->longest;
        if (x->label >= 0 && x->label < 16)
            out->per_label[x->label]++;
    }
}

int finetune_check(const struct finetune_args *a, struct finetune_check *out, struct err *err)
{
    struct session *s = calloc(1, sizeof *s);
    struct finetune_result r = {0};
    char path[TASK_PATH];
    memset(out, 0, sizeof *out);
    if (!s)
        return err_nomem(err, "fine-tuning");
    s->a = a;
    s->r = &r;
    int rc = task_data_open(&s->data, a, err);
    if (!rc)
        resolve(s);
    if (!rc && !task_file(&s->data, PART_TRAIN, 0, path, sizeof path))
        rc = err_set(err, E_USAGE, "a check needs a training file");
    if (!rc)
        rc = task_set_read(&s->train, &s->data, path, PART_TRAIN, err);
    if (!rc)
        count_items(s, out);
    s->c.threads = 1;
    if (!rc)
        rc = build(s, err);
    close_session(s);
    return rc;
}
