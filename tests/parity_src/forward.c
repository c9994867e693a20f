/* Hidden states of every layer and logits of Hugging Face models, on every kernel set. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/model/hf.h"
#include "src/nn/head.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"

struct shape {
    int B, T;
    int32_t *ids;
    uint8_t *segments, *mask;
};

static void compare(struct worst *w, const struct safetensors *expected, const char *name,
                    const float *got, const struct shape *s, size_t width)
{
    size_t n;
    float *want = tensor_floats(expected, name, &n);
    if (!want || n != (size_t)s->B * (size_t)s->T * width) {
        worst_add(w, INFINITY, 1, want ? "another shape" : "missing in the expected file");
        free(want);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (s->mask[i / width])
            worst_add(w, fabs((double)got[i] - (double)want[i]), 1e-5 + 1e-5 * fabs((double)want[i]), name);
    free(want);
}

static float keep_logits(void *ud, const struct mlm_row *row)
{
    double *lse = ud;
    lse[row->index] = row->log_prob;
    return 0;
}

/* Generator logits: hidden -> dense -> GELU -> norm -> table + bias, by the same kernels. */
static void mlm_logits(const struct encoder_run *r, const float *h, int R, float *out)
{
    const struct net *net = r->net;
    int D = net->shape.hidden, E = net->shape.embedding, V = net->shape.vocab;
    size_t re = (size_t)R * (size_t)E;
    float *a = malloc(4 * re * sizeof *a + (size_t)R * sizeof *a), *u = a + re, *x = u + re, *y = x + re;
    struct dropout none = {0};
#define AT(row) param_at(r->table, r->values, row)
    r->math->gemm(0, 1, R, E, D, h, D, AT(net->mlm_w), D, 0, a, E, r->ws);
    r->math->bias_gelu(R, E, a, AT(net->mlm_b), u, x);
    r->math->norm(R, E, x, NULL, NULL, &none, 0, AT(net->mlm_g), AT(net->mlm_nb), net->shape.eps, u,
                  y + re, y);
    r->math->gemm(0, 1, R, V, E, y, E, AT(net->word), E, 0, out, V, r->ws);
    r->math->bias(R, V, out, AT(net->mlm_bias), out);
#undef AT
    free(a);
}

static void one_net(struct parity *p, const char *dir, const char *model_dir, int generator,
                    const struct math *math, const struct shape *s, const char *label)
{
    char path[PATH_SIZE + 64];
    struct err err = {0};
    struct hf_dir hf;
    struct model m;
    struct safetensors expected;
    snprintf(path, sizeof path, "%s/%s", model_dir, generator ? "generator" : "discriminator");
    if (hf_read_config(path, &hf, NULL, NULL, &err) ||
        model_build_shapes(&m, NULL, 0, &hf.shape, generator ? HEAD_MLM : HEAD_RTD, "main", 0, &err)) {
        parity_fail(p, "forward", label, err.text);
        return;
    }
    float *values = calloc(m.table.floats, sizeof *values);
    if (hf_load_weights(path, &m, &m.disc, values, NULL, NULL, &err)) {
        parity_fail(p, "forward", label, err.text);
        free(values);
        model_free(&m);
        return;
    }
    snprintf(path, sizeof path, "%s/expected_%s.safetensors", dir, generator ? "generator" : "discriminator");
    if (st_open(&expected, path, &err)) {
        parity_fail(p, "forward", label, err.text);
        free(values);
        model_free(&m);
        return;
    }
    struct arena arena;
    struct math_ws ws;
    struct encoder_acts acts;
    struct head_acts head;
    int R = s->B * s->T;
    size_t D = (size_t)hf.shape.hidden, V = (size_t)hf.shape.vocab;
    arena_init(&arena);
    math_ws_init(&ws, NULL);
    encoder_acts_init(&acts, &m.disc, s->B, s->T, 1, &arena);
    head_acts_init(&head, hf.shape.vocab, hf.shape.hidden, hf.shape.embedding, R, 0, &arena);
    struct encoder_run r = {.math = math, .ws = &ws, .table = &m.table, .net = &m.disc, .values = values};
    acts.n = s->B;
    acts.T = s->T;
    acts.ids = s->ids;
    acts.segments = s->segments;
    acts.mask = s->mask;
    encoder_forward(&r, &acts);
    struct worst w = {0};
    for (int i = 0; i <= hf.shape.layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "hidden_states.%d", i);
        compare(&w, &expected, name, encoder_hidden(&m.disc, &acts, i), s, D);
    }
    float *logits = malloc((size_t)R * (generator ? V : 1) * sizeof *logits);
    const float *out = encoder_out(&m.disc, &acts);
    if (generator) {
        mlm_logits(&r, out, R, logits);
        compare(&w, &expected, "logits", logits, s, V);
        /* the head that training uses agrees with these logits */
        int row = 1, target = 7 % hf.shape.vocab;
        double lp, lse = 0, top = -INFINITY;
        mlm_pass(&r, &head, out, &row, &target, 1, keep_logits, &lp, NULL);
        for (size_t v = 0; v < V; v++)
            top = fmax(top, (double)logits[V + v]);
        for (size_t v = 0; v < V; v++)
            lse += exp((double)logits[V + v] - top);
        worst_add(&w, fabs((double)logits[V + (size_t)target] - top - log(lse) - lp), 2e-5, "mlm_pass");
    } else {
        rtd_forward(&r, &head, out, R, logits);
        compare(&w, &expected, "logits", logits, s, 1);
    }
    parity_case(p, "forward", label, w.ratio, 1, w.what);
    free(logits);
    free(values);
    math_ws_free(&ws);
    arena_free(&arena);
    st_close(&expected);
    model_free(&m);
}

static uint8_t *bytes(const int32_t *x, size_t n)
{
    uint8_t *out = malloc(n + 1);
    for (size_t i = 0; out && x && i < n; i++)
        out[i] = (uint8_t)x[i];
    return out;
}

void parity_forward(struct parity *p)
{
    static const char *const kernels[] = {"ref", "portable", "avx2", "avx512"};
    char **names = list_cases(p->root, "forward");
    for (int i = 0; names && names[i]; i++) {
        char dir[PATH_SIZE], model[PATH_SIZE], path[PATH_SIZE + 64];
        struct safetensors in;
        struct err err = {0};
        snprintf(dir, sizeof dir, "%s/forward/%s", p->root, names[i]);
        snprintf(path, sizeof path, "%s/inputs.safetensors", dir);
        char model_name[256];
        if (!case_text(dir, "model", model_name, sizeof model_name))
            snprintf(model_name, sizeof model_name, "%s", names[i]);
        const char *base = strrchr(model_name, '/');
        snprintf(model, sizeof model, "%s/models/%s", p->root, base ? base + 1 : model_name);
        if (st_open(&in, path, &err)) {
            parity_fail(p, "forward", names[i], err.text);
            continue;
        }
        const struct st_tensor *t = st_find(&in, "input_ids");
        size_t n = 0;
        struct shape s = {.B = t ? (int)t->shape[0] : 0, .T = t ? (int)t->shape[1] : 0};
        s.ids = tensor_ints(&in, "input_ids", &n);
        int32_t *mask = tensor_ints(&in, "attention_mask", NULL), *seg = tensor_ints(&in, "token_type_ids", NULL);
        s.mask = bytes(mask, n);
        s.segments = bytes(seg, n);
        for (size_t k = 0; k < 4; k++) {
            char label[300];
            const struct math *math = k ? math_select(kernels[k], NULL) : &math_ref;
            for (int g = 0; math && g < 2; g++) {
                snprintf(label, sizeof label, "%s-%s-%s", names[i], g ? "generator" : "discriminator", kernels[k]);
                one_net(p, dir, model, g, math, &s, label);
            }
        }
        free(s.ids);
        free(s.mask);
        free(s.segments);
        free(mask);
        free(seg);
        st_close(&in);
    }
    free_cases(names);
}
