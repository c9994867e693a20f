/* exchange write DIR SHAPE: four networks with random weights in Hugging Face's layout, DIR/KIND,
 * each with io.safetensors: inputs and what we compute from them.
 * exchange check DIR: computes the same of every DIR/KIND and compares with its io.safetensors.
 * See exchange.py for the other side. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/rng.h"
#include "src/base/str.h"
#include "src/model/hf.h"
#include "src/model/safetensors.h"
#include "src/nn/head.h"
#include "src/task/tuner_int.h"
#include "src/text/vocab.h"

enum { B = 3, T = 16, CLASSES = 3 };
static const char *const kinds[] = {"pretraining", "mlm", "class", "qa"};
static const char *const architectures[] = {"ElectraForPreTraining", "ElectraForMaskedLM",
                                            "ElectraForSequenceClassification",
                                            "ElectraForQuestionAnswering"};

static void fail(const char *what, const struct err *err)
{
    fprintf(stderr, "%s: %s\n", what, err->text);
    exit(1);
}

struct net_io {
    int32_t ids[B * T], mask[B * T], segments[B * T];
    uint8_t mask8[B * T], segments8[B * T];
    float *out;
    size_t n, row; /* numbers of out; numbers a position (0: not by position) */
};

/* A network of any kind: the tuner's for fine-tuned ones, else a plain model. */
struct any {
    int kind;
    struct tuner *tuner;
    struct model own;
    const struct model *m;
    float *values;
    struct pool *pool;
};

static void any_new(struct any *a, int kind, const struct net_shape *shape, int classes)
{
    struct err err = {0};
    memset(a, 0, sizeof *a);
    a->kind = kind;
    a->pool = pool_new(1, &err);
    if (kind >= 2) {
        struct tuner_args t = {.shape = shape, .head = kind == 2 ? TUNE_CLASS_HF : TUNE_SPAN_HF,
                               .labels = classes, .math = &math_ref, .pool = a->pool, .max_T = T,
                               .max_B = B, .shards = 1};
        if (!(a->tuner = tuner_new(&t, &err)))
            fail("tuner", &err);
        a->m = tuner_model(a->tuner);
        a->values = tuner_values(a->tuner);
        return;
    }
    if (model_build_shapes(&a->own, NULL, 0, shape, kind ? HEAD_MLM : HEAD_RTD, "model", 0, &err))
        fail("model", &err);
    a->m = &a->own;
    a->values = calloc(a->own.table.floats, sizeof *a->values);
}

static void any_free(struct any *a)
{
    if (!a->tuner)
        free(a->values);
    tuner_free(a->tuner);
    model_free(&a->own);
    pool_free(a->pool);
}

static void mlm_logits(const struct encoder_run *r, const float *h, float *out)
{
    const struct net *net = r->net;
    int R = B * T, D = net->shape.hidden, E = net->shape.embedding, V = net->shape.vocab;
    struct dropout none = {0};
    float *u = calloc((size_t)R * (size_t)E * 4 + R, sizeof *u), *y = u + R * E, *x = y + R * E;
    const struct math *k = r->math;
#define AT(row) param_at(r->table, r->values, row)
    k->gemm(0, 1, R, E, D, h, D, AT(net->mlm_w), D, 0, y, E, r->ws);
    k->bias_gelu(R, E, y, AT(net->mlm_b), u, y);
    k->norm(R, E, y, NULL, NULL, &none, 0, AT(net->mlm_g), AT(net->mlm_nb), net->shape.eps, x,
            x + 2 * R * E, u);
    k->gemm(0, 1, R, V, E, u, E, AT(net->word), E, 0, out, V, r->ws);
    k->bias(R, V, out, AT(net->mlm_bias), out);
#undef AT
    free(u);
}

static void plain_outputs(struct any *a, struct net_io *io)
{
    struct arena arena;
    struct math_ws ws;
    struct encoder_acts acts;
    struct head_acts head;
    const struct net *net = &a->m->disc;
    arena_init(&arena);
    math_ws_init(&ws, NULL);
    if (encoder_acts_init(&acts, net, B, T, 0, &arena) ||
        head_acts_init(&head, net->shape.vocab, net->shape.hidden, net->shape.embedding, B * T, 0, &arena))
        exit(1);
    struct encoder_run r = {.math = &math_ref, .ws = &ws, .table = &a->m->table, .net = net,
                            .values = a->values};
    acts.n = B;
    acts.T = T;
    acts.ids = io->ids;
    acts.segments = io->segments8;
    acts.mask = io->mask8;
    encoder_forward(&r, &acts);
    if (a->kind)
        mlm_logits(&r, encoder_out(net, &acts), io->out);
    else
        rtd_forward(&r, &head, encoder_out(net, &acts), B * T, io->out);
    math_ws_free(&ws);
    arena_free(&arena);
}

static void outputs(struct any *a, struct net_io *io, int classes)
{
    size_t V = (size_t)a->m->disc.shape.vocab;
    io->row = a->kind == 0 ? 1 : a->kind == 1 ? V : a->kind == 3 ? 2 : 0;
    io->n = io->row ? (size_t)B * T * io->row : (size_t)B * (size_t)classes;
    io->out = calloc(io->n, sizeof *io->out);
    for (int i = 0; i < B * T; i++) {
        io->mask8[i] = (uint8_t)io->mask[i];
        io->segments8[i] = (uint8_t)io->segments[i];
    }
    if (a->kind < 2) {
        plain_outputs(a, io);
        return;
    }
    struct tune_batch b = {.B = B, .T = T, .ids = io->ids, .mask = io->mask8,
                           .segments = io->segments8, .logits = io->out};
    tuner_eval(a->tuner, &b);
}

static void inputs(struct net_io *io, int V)
{
    for (uint32_t i = 0; i < B * T; i++) {
        int t = (int)i % T, row = (int)i / T;
        io->mask[i] = t < T - 4 * row;
        io->segments[i] = io->mask[i] && t > 5;
        io->ids[i] = !io->mask[i] ? 0 : t ? (int32_t)(5 + rng_u32(3, RNG_TEST, 0, 0, i) % (uint32_t)(V - 5)) : 2;
    }
}

static struct vocab *make_vocab(int V)
{
    struct str s;
    struct err err = {0};
    int n = 5;
    str_init(&s);
    str_add(&s, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n");
    for (int c = 33; c < 127; c++)
        if (c < 'A' || c > 'Z') {
            str_addf(&s, "%c\n", c);
            n++;
        }
    for (int c = 'a'; c <= 'z'; c++, n++)
        str_addf(&s, "##%c\n", c);
    static const char *const more[] = {"the", "cat", "sat", "##ing", "猫", "한국", "##어", "straße", "é"};
    for (int i = 0; i < 9; i++, n++)
        str_addf(&s, "%s\n", more[i]);
    for (; n < V; n++)
        str_addf(&s, "w%dx\n", n);
    struct vocab *v = vocab_parse("vocabulary", str_get(&s), s.len, NULL, NULL, &err);
    str_free(&s);
    if (!v)
        fail("vocabulary", &err);
    return v;
}

static void write_tokens(const char *dir, const struct vocab *v)
{
    static const char *const lines[] = {"The cat sat.", "Sitting, cats!", "猫猫 한국어 Straße café",
                                        "a\tb  [MASK] (x)", "W100X zz-top 3.14"};
    struct wordpiece_options o = {.strip_accents = -1};
    struct str out;
    char path[4200];
    struct wordpiece *w = wordpiece_new(v, &o, NULL);
    str_init(&out);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct ids ids = {0};
        wordpiece_encode(w, lines[i], strlen(lines[i]), &ids);
        for (size_t k = 0; k < ids.len; k++)
            str_addf(&out, "%s%d", k ? " " : "", ids.data[k]);
        str_addf(&out, "\n%s\n", lines[i]);
        ids_free(&ids);
    }
    snprintf(path, sizeof path, "%s/tokens.txt", dir);
    file_write_atomic(path, str_get(&out), out.len, NULL);
    str_free(&out);
    wordpiece_free(w);
}

/* Start values give outputs near 0, where 1e-5 proves little: heads are made larger. */
static void enlarge_heads(const struct model *m, float *values)
{
    for (int i = 0; i < m->table.n; i++) {
        const struct param *p = &m->table.rows[i];
        for (size_t k = 0; p->layer == m->disc.shape.layers + 2 && p->rank == 2 && k < p->size; k++)
            values[p->offset + k] *= p->alias < 0 ? 10 : 1;
    }
}

static int do_write(const char *root, const char *preset)
{
    struct config c;
    struct err err = {0};
    struct net_shape gen, disc;
    struct wordpiece_options text = {.strip_accents = -1};
    static const char *const labels[CLASSES] = {"no", "perhaps", "yes"};
    config_default(&c);
    if (config_preset(&c, preset, &err) || config_resolve(&c, &err))
        fail(preset, &err);
    model_shapes(&c, 2048, &gen, &disc);
    struct vocab *v = make_vocab(disc.vocab);
    for (int kind = 0; kind < 4; kind++) {
        char dir[4096], path[4200];
        struct any a;
        struct net_io io;
        struct hf_head head = {.architecture = architectures[kind], .num_labels = CLASSES,
                               .labels = kind == 2 ? labels : NULL, .classifier_dropout = -1};
        snprintf(dir, sizeof dir, "%s/%s", root, kinds[kind]);
        any_new(&a, kind, &disc, CLASSES);
        param_init_block(&a.m->table, 7, a.values);
        enlarge_heads(a.m, a.values);
        inputs(&io, disc.vocab);
        outputs(&a, &io, CLASSES);
        if (file_mkdirs(dir, &err) ||
            hf_save_as(dir, a.m, &a.m->disc, a.values, v, &text, kind < 2 ? NULL : &head, &err))
            fail(dir, &err);
        /* the last two in shards with an index: about five, and a file a tensor */
        uint64_t most = kind == 3 ? 1 : param_count(&a.m->table) * sizeof(float) / 5;
        if (kind >= 2 && hf_shard(dir, most, &err))
            fail(dir, &err);
        const struct st_write t[] = {
            {"attention_mask", ST_I32, 2, {B, T}, io.mask}, {"input_ids", ST_I32, 2, {B, T}, io.ids},
            {"out", ST_F32, 1, {(int64_t)io.n}, io.out}, {"token_type_ids", ST_I32, 2, {B, T}, io.segments}};
        snprintf(path, sizeof path, "%s/io.safetensors", dir);
        if (st_write(path, t, 4, (const char *const[]){NULL}, NULL, &err))
            fail(path, &err);
        write_tokens(dir, v);
        free(io.out);
        any_free(&a);
    }
    vocab_free(v);
    return 0;
}

static int check_one(const char *root, int kind)
{
    char dir[4096], path[4200];
    struct err err = {0};
    struct hf_dir hf;
    struct safetensors s;
    struct any a;
    struct net_io io;
    snprintf(dir, sizeof dir, "%s/%s", root, kinds[kind]);
    if (hf_read_config(dir, &hf, NULL, NULL, &err))
        fail(dir, &err);
    if (strcmp(hf.architecture, architectures[kind]) || (kind == 2 && hf.num_labels != CLASSES)) {
        fprintf(stderr, "%s: read as %s with %d labels\n", dir, hf.architecture, hf.num_labels);
        return 1;
    }
    any_new(&a, kind, &hf.shape, hf.num_labels);
    if (hf_load_weights(dir, a.m, &a.m->disc, a.values, NULL, NULL, &err))
        fail(dir, &err);
    snprintf(path, sizeof path, "%s/io.safetensors", dir);
    if (st_open(&s, path, &err) || st_ints(st_find(&s, "input_ids"), io.ids, &err) ||
        st_ints(st_find(&s, "attention_mask"), io.mask, &err) ||
        st_ints(st_find(&s, "token_type_ids"), io.segments, &err))
        fail(path, &err);
    outputs(&a, &io, hf.num_labels);
    const struct st_tensor *out = st_find(&s, "out");
    float *want = calloc(out->elements, sizeof *want);
    double worst = out->elements == io.n ? 0 : INFINITY;
    st_floats(out, want, NULL, NULL);
    for (size_t i = 0; i < io.n && worst < INFINITY; i++) {
        double d = fabs((double)io.out[i] - (double)want[i]);
        if (!io.row || io.mask[i / io.row])
            worst = fmax(worst, d / (1e-5 + 1e-5 * fabs((double)want[i])));
    }
    printf("here %s: %.3g of the tolerance\n", kinds[kind], worst);
    free(want);
    free(io.out);
    st_close(&s);
    any_free(&a);
    return !(worst <= 1);
}

int main(int argc, char **argv)
{
    math_init();
    if (argc == 4 && !strcmp(argv[1], "write"))
        return do_write(argv[2], argv[3]);
    if (argc != 3 || strcmp(argv[1], "check")) {
        fprintf(stderr, "usage: exchange write DIR SHAPE | exchange check DIR\n");
        return 2;
    }
    int bad = 0;
    for (int kind = 0; kind < 4; kind++)
        bad |= check_one(argv[2], kind);
    return bad;
}
