/* Fine-tuning: logits, losses, gradients and three updates of Hugging Face's heads, on every
 * kernel set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/model/hf.h"
#include "src/optim/adamw.h"
#include "src/task/layerwise.h"
#include "src/task/tuner.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"

struct rig {
    char dir[PATH_SIZE];
    struct config c;
    struct hf_dir hf;
    struct tuner *t;
    struct pool *pool;
    const struct math *math;
    struct adamw o;
    double *scale; /* layer-wise */
    int span, B, T;
    struct worst w;
    /* inputs */
    int32_t *ids, *mask, *segments, *labels, *start, *end;
    float *targets, *logits;
    uint8_t *mask8, *segments8;
};

static uint8_t *to_bytes(const int32_t *x, size_t n)
{
    uint8_t *out = malloc(n + 1);
    for (size_t i = 0; out && i < n; i++)
        out[i] = (uint8_t)x[i];
    return out;
}

static int read_inputs(struct rig *r, struct err *err)
{
    char path[PATH_SIZE + 64];
    struct safetensors in;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/inputs.safetensors", r->dir);
    int rc = st_open(&in, path, err);
    if (rc)
        return rc;
    const struct st_tensor *ids = st_find(&in, "input_ids");
    if (ids && ids->rank == 3) {
        r->B = (int)ids->shape[1];
        r->T = (int)ids->shape[2];
    }
    r->ids = tensor_ints(&in, "input_ids", &n);
    r->mask = tensor_ints(&in, "attention_mask", NULL);
    r->segments = tensor_ints(&in, "token_type_ids", NULL);
    r->labels = tensor_ints(&in, "labels", NULL);
    r->targets = tensor_floats(&in, "labels", NULL);
    r->start = tensor_ints(&in, "start_positions", NULL);
    r->end = tensor_ints(&in, "end_positions", NULL);
    r->logits = calloc((size_t)r->B * (size_t)r->T * 2 + (size_t)r->B * HF_LABELS_MAX, sizeof(float));
    st_close(&in);
    if (!r->ids || !r->mask || !r->segments || !r->logits)
        return err_set(err, E_INPUT, "inputs.safetensors lacks a tensor");
    r->mask8 = to_bytes(r->mask, n);
    r->segments8 = to_bytes(r->segments, n);
    return 0;
}

static int setup(struct rig *r, const char *root, const char *name, struct err *err)
{
    char model[PATH_SIZE + 16];
    snprintf(r->dir, sizeof r->dir, "%s/finetune/%s", root, name);
    config_default(&r->c);
    r->c.learning_rate = case_number(r->dir, "learning_rate", 0);
    r->c.steps = (long)case_number(r->dir, "num_train_steps", 1);
    r->c.warmup_steps = (long)case_number(r->dir, "warmup_steps", 0);
    r->c.lr_decay_power = case_number(r->dir, "lr_decay_power", 1);
    r->c.weight_decay = case_number(r->dir, "weight_decay", 0);
    r->c.clip_norm = case_number(r->dir, "clip_norm", 1);
    r->c.beta1 = case_number(r->dir, "beta1", 0.9);
    r->c.beta2 = case_number(r->dir, "beta2", 0.999);
    r->c.epsilon = case_number(r->dir, "epsilon", 1e-6);
    snprintf(model, sizeof model, "%s/model", r->dir);
    int rc = hf_read_config(model, &r->hf, NULL, NULL, err);
    if (!rc)
        rc = read_inputs(r, err);
    if (rc)
        return rc;
    r->span = !strcmp(r->hf.architecture, "ElectraForQuestionAnswering");
    r->pool = pool_new(2, err);
    struct tuner_args a = {.shape = &r->hf.shape, .head = r->span ? TUNE_SPAN_HF : TUNE_CLASS_HF,
                           .labels = r->hf.num_labels, .math = r->math, .pool = r->pool,
                           .max_T = r->T, .max_B = r->B, .shards = 2, .train = 1};
    r->t = r->pool ? tuner_new(&a, err) : NULL;
    if (!r->t)
        return E_NOMEM;
    const struct model *m = tuner_model(r->t);
    r->o.m = calloc(m->table.floats, sizeof(float));
    r->o.v = calloc(m->table.floats, sizeof(float));
    r->scale = calloc((size_t)r->hf.shape.layers + 3, sizeof *r->scale);
    layerwise_scale(r->scale, r->hf.shape.layers, case_number(r->dir, "layerwise_lr_decay", 1),
                    LAYERWISE_CODE);
    return hf_load_weights(model, m, &m->disc, tuner_values(r->t), NULL, NULL, err);
}

static void teardown(struct rig *r)
{
    tuner_free(r->t);
    pool_free(r->pool);
    free(r->o.m);
    free(r->o.v);
    free(r->scale);
    free(r->ids);
    free(r->mask);
    free(r->segments);
    free(r->labels);
    free(r->start);
    free(r->end);
    free(r->targets);
    free(r->logits);
    free(r->mask8);
    free(r->segments8);
}

static void check_logits(struct rig *r, const char *tensor, int stride, int first)
{
    char path[PATH_SIZE + 64];
    struct safetensors s;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/expected_logits.safetensors", r->dir);
    if (st_open(&s, path, NULL))
        return;
    float *want = tensor_floats(&s, tensor, &n);
    if (!want)
        worst_add(&r->w, INFINITY, 1, tensor);
    for (size_t i = 0; want && i < n; i++) {
        if (r->span && !r->mask8[i])
            continue;
        double ref = (double)want[i];
        worst_add(&r->w, fabs((double)r->logits[i * (size_t)stride + (size_t)first] - ref),
                  1e-5 + 1e-5 * fabs(ref), tensor);
    }
    free(want);
    st_close(&s);
}

/* 0 in exact arithmetic: the bias of keys; and in question answering, where the gradients of a
 * softmax over all positions add up to 0, the biases just below the logits. */
static int is_zero(const struct rig *r, const char *name)
{
    char top[PARAM_NAME];
    snprintf(top, sizeof top, "encoder.layer.%d.output.LayerNorm.bias", r->hf.shape.layers - 1);
    return strstr(name, "key.bias") || (r->span && (strstr(name, "qa_outputs.bias") || strstr(name, top)));
}

/* kind: 'g' gradients of the first batch, 'p' parameters. */
static void check_block(struct rig *r, const char *file, const float *block, char kind)
{
    char path[PATH_SIZE + 64];
    struct safetensors s;
    const struct param_table *table = &tuner_model(r->t)->table;
    double largest = 0;
    snprintf(path, sizeof path, "%s/%s", r->dir, file);
    if (st_open(&s, path, NULL)) {
        worst_add(&r->w, INFINITY, 1, file);
        return;
    }
    for (int i = 0; kind == 'g' && i < s.n; i++) {
        size_t n;
        float *want = tensor_floats(&s, s.tensors[i].name, &n);
        for (size_t k = 0; want && k < n; k++)
            largest = fmax(largest, fabs((double)want[k]));
        free(want);
    }
    for (int i = 0; i < s.n; i++) {
        char name[PARAM_NAME + 8];
        size_t n = 0;
        snprintf(name, sizeof name, "model.%s", s.tensors[i].name);
        int row = param_find(table, name), key = is_zero(r, name);
        float *want = tensor_floats(&s, s.tensors[i].name, &n);
        double d2 = 0, w2 = 0, most = row < 0 || !want || n != table->rows[row].size ? INFINITY : 0;
        for (size_t k = 0; most < INFINITY && k < n; k++) {
            double d = (double)block[table->rows[row].offset + k] - (double)want[k];
            d2 += d * d;
            w2 += (double)want[k] * (double)want[k];
            most = fmax(most, fabs(d));
        }
        if (kind == 'p')
            worst_add(&r->w, most, key ? 5e-4 : 5e-5, name);
        else if (key || isinf(most))
            worst_add(&r->w, most, 1e-5 * largest, name);
        else
            worst_add(&r->w, sqrt(d2), 1e-4 * sqrt(w2) + 1e-12, name);
        free(want);
    }
    st_close(&s);
}

static void check_scalar(struct rig *r, int step, const char *column, double got, double tolerance)
{
    double want = scalar_at(r->dir, step, column);
    worst_add(&r->w, fabs(got - want), tolerance * fabs(want) + 1e-15, column);
}

static void run_steps(struct rig *r)
{
    const struct param_table *table = &tuner_model(r->t)->table;
    int steps = (int)case_number(r->dir, "steps", 3);
    for (int s = 0; s < steps; s++) {
        size_t from = (size_t)s * (size_t)r->B, token = from * (size_t)r->T;
        struct tune_batch b = {.B = r->B, .T = r->T, .ids = r->ids + token, .mask = r->mask8 + token,
                               .segments = r->segments8 + token, .logits = r->logits};
        if (r->span) {
            b.start = r->start + from;
            b.end = r->end + from;
        } else if (r->hf.num_labels == 1) {
            b.targets = r->targets + from;
        } else {
            b.labels = r->labels + from;
        }
        double loss = tuner_step(r->t, &b);
        double norm = gradient_norm(r->math, r->pool, table, tuner_gradients(r->t));
        double rate = schedule_rate(&r->c, s);
        check_scalar(r, s, "loss", loss, 1e-5);
        check_scalar(r, s, "grad_norm", norm, 1e-4);
        check_scalar(r, s, "clip_scale", r->c.clip_norm / fmax(norm, r->c.clip_norm), 1e-4);
        check_scalar(r, s, "lr", rate, 1e-9);
        if (s == 0) {
            check_logits(r, r->span ? "start_logits" : "logits", r->span ? 2 : 1, 0);
            if (r->span)
                check_logits(r, "end_logits", 2, 1);
            check_block(r, "grads_step1.safetensors", tuner_gradients(r->t), 'g');
        }
        adamw_step(&r->o, r->math, r->pool, table, &r->c, tuner_values(r->t), tuner_gradients(r->t),
                   norm, rate, r->scale);
    }
    check_block(r, "params_step3.safetensors", tuner_values(r->t), 'p');
}

static void one_case(struct parity *p, const char *name, const struct math *math, const char *kernel)
{
    struct rig *r = calloc(1, sizeof *r);
    struct err err = {0};
    char label[256];
    snprintf(label, sizeof label, "%s/%s", name, kernel);
    if (!r)
        return;
    r->math = math;
    if (setup(r, p->root, name, &err)) {
        parity_fail(p, "finetune", label, err.text);
    } else {
        run_steps(r);
        parity_case(p, "finetune", label, r->w.ratio, 1, r->w.what);
    }
    teardown(r);
    free(r);
}

void parity_finetune(struct parity *p)
{
    static const char *const kernels[] = {"ref", "portable", "avx2", "avx512"};
    char **names = list_cases(p->root, "finetune");
    for (int i = 0; names && names[i]; i++)
        for (size_t k = 0; k < 4; k++) {
            const struct math *math = k ? math_select(kernels[k], NULL) : &math_ref;
            if (math)
                one_case(p, names[i], math, kernels[k]);
        }
    free_cases(names);
}
