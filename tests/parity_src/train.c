/* Losses, gradients, clipping and AdamW of every objective against PyTorch, on every kernel set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/model/hf.h"
#include "src/objective/objective.h"
#include "src/optim/adamw.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"

struct rig {
    char dir[PATH_SIZE];
    struct config c;
    struct model m;
    struct net_shape gen, disc;
    int has_gen, frozen_gen, stage;
    struct learner *l;
    struct pool *pool;
    const struct math *math;
    struct adamw o;
    struct safetensors in;
    struct worst w;
    int tie;
    const char *main_name; /* "discriminator" or "main" */
};

static int is_frozen(const struct rig *r, const char *name)
{
    return r->frozen_gen && !strncmp(name, "generator.", 10);
}

static int setup(struct rig *r, const char *root, const char *name, const struct math *math, struct err *err)
{
    char text[64], path[PATH_SIZE + 128];
    memset(r, 0, sizeof *r);
    r->math = math;
    snprintf(r->dir, sizeof r->dir, "%s/train/%s", root, name);
    config_default(&r->c);
    case_text(r->dir, "objective", text, sizeof text);
    r->frozen_gen = !strcmp(text, "electra_stage2");
    r->stage = r->frozen_gen;
    const char *objective = r->frozen_gen                          ? "two_stage"
                            : !strcmp(text, "electra_adversarial") ? "adversarial"
                                                                   : text;
    int rc = config_set(&r->c, "objective", objective, err);
    case_text(r->dir, "tie", text, sizeof text);
    if (!rc)
        rc = config_set(&r->c, "tie", text, err);
    r->c.gen_weight = case_number(r->dir, "gen_weight", 1);
    r->c.disc_weight = case_number(r->dir, "disc_weight", 50);
    r->c.learning_rate = case_number(r->dir, "learning_rate", 0);
    r->c.steps = (long)case_number(r->dir, "num_train_steps", 1);
    r->c.warmup_steps = (long)case_number(r->dir, "warmup_steps", 0);
    r->c.lr_decay_power = case_number(r->dir, "lr_decay_power", 1);
    r->c.weight_decay = case_number(r->dir, "weight_decay", 0);
    r->c.clip_norm = case_number(r->dir, "clip_norm", 1);
    r->c.beta1 = case_number(r->dir, "beta1", 0.9);
    r->c.beta2 = case_number(r->dir, "beta2", 0.999);
    r->c.epsilon = case_number(r->dir, "epsilon", 1e-6);
    if (rc)
        return rc;
    const struct objective *obj = objective_get(r->c.objective);
    struct hf_dir main_dir, gen_dir;
    r->main_name = obj->main_prefix;
    r->has_gen = obj->has_generator;
    snprintf(path, sizeof path, "%s/%s", r->dir, r->main_name);
    rc = hf_read_config(path, &main_dir, NULL, NULL, err);
    snprintf(path, sizeof path, "%s/generator", r->dir);
    if (!rc && r->has_gen)
        rc = hf_read_config(path, &gen_dir, NULL, NULL, err);
    if (rc)
        return rc;
    r->disc = main_dir.shape;
    if (r->has_gen)
        r->gen = gen_dir.shape;
    int gen_heads = HEAD_MLM | (r->c.objective == OBJ_ADVERSARIAL ? HEAD_BASELINE : 0);
    rc = model_build_shapes(&r->m, r->has_gen ? &r->gen : NULL, gen_heads, &r->disc, obj->main_heads,
                            r->main_name, r->c.tie, err);
    for (int i = 0; !rc && i < r->m.table.n; i++)
        r->m.table.rows[i].frozen = is_frozen(r, r->m.table.rows[i].name);
    snprintf(path, sizeof path, "%s/inputs.safetensors", r->dir);
    return rc ? rc : st_open(&r->in, path, err);
}

static int start(struct rig *r, int B, int T, struct err *err)
{
    static const int special[5] = {0, 1, 2, 3, 4};
    char path[PATH_SIZE + 128];
    r->pool = pool_new(2, err);
    struct learner_args a = {.model = &r->m, .config = &r->c, .math = r->math, .pool = r->pool,
                             .max_T = T, .max_B = B, .vocab = r->disc.vocab, .special = special,
                             .train = 1};
    r->l = r->pool ? learner_new(&a, err) : NULL;
    if (!r->l)
        return E_NOMEM;
    r->o.m = calloc(r->m.table.floats, sizeof(float));
    r->o.v = calloc(r->m.table.floats, sizeof(float));
    snprintf(path, sizeof path, "%s/%s", r->dir, r->main_name);
    int rc = hf_load_weights(path, &r->m, &r->m.disc, learner_values(r->l), NULL, NULL, err);
    snprintf(path, sizeof path, "%s/generator", r->dir);
    if (!rc && r->has_gen)
        rc = hf_load_weights(path, &r->m, &r->m.gen, learner_values(r->l), NULL, NULL, err);
    return rc;
}

static void teardown(struct rig *r)
{
    learner_free(r->l);
    pool_free(r->pool);
    free(r->o.m);
    free(r->o.v);
    st_close(&r->in);
    model_free(&r->m);
}

static void check_scalar(struct rig *r, int step, const char *column, double got, double tolerance)
{
    double want = scalar_at(r->dir, step, column);
    if (!isnan(want))
        worst_add(&r->w, fabs(got - want), tolerance * fabs(want) + 1e-15, column);
}

/* What a file of tensors says, against a block of ours. kind: 'g' gradients, 'p' parameters, 'a'
 * moments. */
static void check_block(struct rig *r, const char *file, const char *prefix, const float *block,
                        char kind, double scale)
{
    char path[PATH_SIZE + 64];
    struct safetensors s;
    snprintf(path, sizeof path, "%s/%s", r->dir, file);
    if (st_open(&s, path, NULL))
        return;
    double largest = 0;
    for (int i = 0; kind == 'g' && i < s.n; i++) {
        size_t n;
        float *want = tensor_floats(&s, s.tensors[i].name, &n);
        for (size_t k = 0; want && k < n; k++)
            largest = fmax(largest, fabs((double)want[k]));
        free(want);
    }
    for (int i = 0; i < s.n; i++) {
        const char *name = s.tensors[i].name;
        size_t n, skip = strlen(prefix);
        if (strncmp(name, prefix, skip))
            continue;
        int row = param_find(&r->m.table, name + skip), key = strstr(name, "key.bias") != NULL;
        float *want = tensor_floats(&s, name, &n);
        if (row < 0 || !want || n != r->m.table.rows[row].size) {
            worst_add(&r->w, INFINITY, 1, name);
            free(want);
            continue;
        }
        const float *got = block + r->m.table.rows[row].offset;
        double d2 = 0, w2 = 0, most = 0;
        for (size_t k = 0; k < n; k++) {
            double d = (double)got[k] * scale - (double)want[k];
            d2 += d * d;
            w2 += (double)want[k] * (double)want[k];
            most = fmax(most, fabs(d));
        }
        if (kind == 'g' && key)
            worst_add(&r->w, most, 1e-5 * largest, name);
        else if (kind == 'g')
            worst_add(&r->w, sqrt(d2), 1e-4 * sqrt(w2) + 1e-12, name);
        else if (kind == 'p')
            worst_add(&r->w, most, key ? 5e-4 : 2e-5, name);
        else if (!key)
            worst_add(&r->w, sqrt(d2), 1e-3 * sqrt(w2) + 1e-12, name);
        free(want);
    }
    st_close(&s);
}

struct arrays {
    int32_t *ids, *gen, *disc, *labels, *mask, *segments, *positions, *sampled;
    float *weights;
    uint8_t *mask8, *segments8, *labels8;
    size_t n, slots;
};

static void to_bytes(uint8_t **out, const int32_t *x, size_t n)
{
    *out = malloc(n + 1);
    for (size_t i = 0; *out && x && i < n; i++)
        (*out)[i] = (uint8_t)x[i];
}

static int read_arrays(struct rig *r, struct arrays *a)
{
    const struct safetensors *s = &r->in;
    a->ids = tensor_ints(s, "original_ids", &a->n);
    a->gen = tensor_ints(s, "gen_input_ids", NULL);
    a->disc = tensor_ints(s, "disc_input_ids", NULL);
    a->labels = tensor_ints(s, "disc_labels", NULL);
    a->mask = tensor_ints(s, "attention_mask", NULL);
    a->segments = tensor_ints(s, "token_type_ids", NULL);
    a->positions = tensor_ints(s, "masked_positions", &a->slots);
    a->sampled = tensor_ints(s, "sampled_ids", NULL);
    a->weights = tensor_floats(s, "masked_weights", NULL);
    to_bytes(&a->mask8, a->mask, a->n);
    to_bytes(&a->segments8, a->segments, a->n);
    to_bytes(&a->labels8, a->labels, a->n);
    return a->ids && a->gen && a->mask && a->segments && a->positions && a->weights;
}

static void free_arrays(struct arrays *a)
{
    free(a->ids);
    free(a->gen);
    free(a->disc);
    free(a->labels);
    free(a->mask);
    free(a->segments);
    free(a->positions);
    free(a->sampled);
    free(a->weights);
    free(a->mask8);
    free(a->segments8);
    free(a->labels8);
}

static void run_steps(struct rig *r, struct arrays *a, int B, int T, int N)
{
    int steps = (int)case_number(r->dir, "steps", 5);
    for (int s = 0; s < steps; s++) {
        size_t at = (size_t)s * (size_t)B * (size_t)T, slot = (size_t)s * (size_t)B * (size_t)N;
        struct batch b = {.B = B, .T = T, .N = N, .ids = a->ids + at, .mask = a->mask8 + at,
                          .segments = a->segments8 + at, .gen_ids = a->gen + at,
                          .positions = a->positions + slot, .weights = a->weights + slot,
                          .sampled = a->sampled ? a->sampled + slot : NULL,
                          .disc_ids = a->disc ? a->disc + at : NULL, .labels = a->labels8 + at,
                          .given_samples = 1};
        struct losses out;
        learner_step(r->l, &b, r->stage, &out, NULL);
        float *g = learner_gradients(r->l);
        double norm = gradient_norm(r->math, r->pool, &r->m.table, g);
        double scale = norm > r->c.clip_norm ? r->c.clip_norm / norm : 1;
        double rate = schedule_rate(&r->c, s);
        check_scalar(r, s, "gen_loss", out.gen, 1e-5);
        check_scalar(r, s, "disc_loss", out.disc, 1e-5);
        check_scalar(r, s, "main_loss", out.main, 1e-5);
        check_scalar(r, s, "rl_loss", out.rl, 5e-5);
        check_scalar(r, s, "baseline_loss", out.baseline, 1e-5);
        check_scalar(r, s, "total_loss", out.total, r->c.objective == OBJ_ADVERSARIAL ? 5e-5 : 1e-5);
        check_scalar(r, s, "grad_norm", norm, 1e-4);
        check_scalar(r, s, "clip_scale", scale, 1e-4);
        check_scalar(r, s, "lr", rate, 1e-6);
        if (s == 0) {
            check_block(r, "grads_step1.safetensors", "", g, 'g', 1);
            check_block(r, "clipped_grads_step1.safetensors", "", g, 'g', scale);
        }
        adamw_step(&r->o, r->math, r->pool, &r->m.table, &r->c, learner_values(r->l), g, norm, rate, NULL);
        char file[64];
        snprintf(file, sizeof file, "params_step%d.safetensors", s + 1);
        check_block(r, file, "", learner_values(r->l), 'p', 1);
        snprintf(file, sizeof file, "adam_step%d.safetensors", s + 1);
        check_block(r, file, "adam_m.", r->o.m, 'a', 1);
        check_block(r, file, "adam_v.", r->o.v, 'a', 1);
    }
}

static void check_ties(struct rig *r)
{
    char path[PATH_SIZE + 64], a[PARAM_NAME], b[PARAM_NAME];
    snprintf(path, sizeof path, "%s/ties.tsv", r->dir);
    FILE *f = fopen(path, "r");
    while (f && fscanf(f, "%127s %127s", a, b) == 2) {
        int i = param_find(&r->m.table, a), j = param_find(&r->m.table, b);
        if (i < 0 || j < 0 || r->m.table.rows[i].offset != r->m.table.rows[j].offset)
            worst_add(&r->w, INFINITY, 1, a);
    }
    if (f)
        fclose(f);
}

static void one_case(struct parity *p, const char *name, const struct math *math, const char *kernel)
{
    struct rig r;
    struct arrays a = {0};
    struct err err = {0};
    char label[300];
    snprintf(label, sizeof label, "%s-%s", name, kernel);
    int rc = setup(&r, p->root, name, math, &err);
    const struct st_tensor *ids = rc ? NULL : st_find(&r.in, "original_ids");
    const struct st_tensor *pos = rc ? NULL : st_find(&r.in, "masked_positions");
    if (!rc && (!ids || !pos || ids->rank != 3 || pos->rank != 3))
        rc = err_set(&err, E_INPUT, "inputs.safetensors is not as expected");
    int B = rc ? 0 : (int)ids->shape[1], T = rc ? 0 : (int)ids->shape[2], N = rc ? 0 : (int)pos->shape[2];
    if (!rc)
        rc = start(&r, B, T, &err);
    if (!rc && !read_arrays(&r, &a))
        rc = err_set(&err, E_INPUT, "inputs.safetensors lacks a tensor");
    if (rc) {
        parity_fail(p, "train", label, err.text);
    } else {
        check_ties(&r);
        run_steps(&r, &a, B, T, N);
        parity_case(p, "train", label, r.w.ratio, 1, r.w.what);
    }
    free_arrays(&a);
    teardown(&r);
}

void parity_train(struct parity *p)
{
    static const char *const kernels[] = {"ref", "portable", "avx2", "avx512"};
    char **names = list_cases(p->root, "train");
    for (int i = 0; names && names[i]; i++)
        for (size_t k = 0; k < 4; k++) {
            const struct math *math = k ? math_select(kernels[k], NULL) : &math_ref;
            if (math)
                one_case(p, names[i], math, kernels[k]);
        }
    free_cases(names);
}
