/* See model.h. */
#include "src/model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"

struct build {
    struct param_table *t;
    struct net *net;
    const struct net *shared; /* network whose tensors are taken over, or NULL */
    int tie, init, failed;
    float last_scale;
    struct err *err;
};

enum part { PART_WORD_POS, PART_EMBEDDING, PART_ENCODER, PART_HEAD };

static int is_shared(const struct build *b, enum part part)
{
    if (!b->shared)
        return 0;
    return part == PART_WORD_POS    ? b->tie >= TIE_WORD_POS
           : part == PART_EMBEDDING ? b->tie >= TIE_EMBEDDINGS
           : part == PART_ENCODER   ? b->tie == TIE_ALL
                                    : 0;
}

/* Declares a tensor, or ties it to `other` of the shared network. */
static int declare(struct build *b, enum part part, int other, const char *name, int rows, int cols,
                   int rank, enum param_init init, float std, int layer)
{
    char full[PARAM_NAME];
    snprintf(full, sizeof full, "%s.%s", b->net->prefix, name);
    int i = is_shared(b, part) ? param_tie(b->t, full, other, b->err)
                               : param_add(b->t, full, rows, cols, rank, init, std, layer, b->err);
    if (i < 0)
        b->failed = i;
    return i;
}

static float linear_std(const struct build *b, int fan_in)
{
    return b->init == INIT_BERT ? 0.02f : 1 / sqrtf((float)fan_in);
}

static void declare_linear(struct build *b, enum part part, int ow, int ob, const char *name, int out,
                           int in, int layer, int *w, int *bias)
{
    char full[PARAM_NAME];
    enum param_init init = b->init == INIT_BERT ? INIT_TRUNC_NORMAL : INIT_NORMAL;
    snprintf(full, sizeof full, "%s.weight", name);
    *w = declare(b, part, ow, full, out, in, 2, init, linear_std(b, in), layer);
    snprintf(full, sizeof full, "%s.bias", name);
    *bias = declare(b, part, ob, full, 1, out, 1, INIT_ZEROS, 0, layer);
}

static void declare_norm(struct build *b, enum part part, int og, int ob, const char *name, int n,
                         int layer, int *g, int *bias)
{
    char full[PARAM_NAME];
    snprintf(full, sizeof full, "%s.weight", name);
    *g = declare(b, part, og, full, 1, n, 1, INIT_ONES, 0, layer);
    snprintf(full, sizeof full, "%s.bias", name);
    *bias = declare(b, part, ob, full, 1, n, 1, INIT_ZEROS, 0, layer);
}

static void declare_layer(struct build *b, int i)
{
    const struct net_shape *s = &b->net->shape;
    struct net_layer *l = &b->net->layer[i];
    static const struct net_layer none = {0};
    const struct net_layer *o = is_shared(b, PART_ENCODER) ? &b->shared->layer[i] : &none;
    enum part p = PART_ENCODER;
    int D = s->hidden, F = s->ffn, depth = i + 1;
    char name[96];
#define NAME(suffix) (snprintf(name, sizeof name, "electra.encoder.layer.%d.%s", i, suffix), name)
    declare_linear(b, p, o->qw, o->qb, NAME("attention.self.query"), D, D, depth, &l->qw, &l->qb);
    declare_linear(b, p, o->kw, o->kb, NAME("attention.self.key"), D, D, depth, &l->kw, &l->kb);
    declare_linear(b, p, o->vw, o->vb, NAME("attention.self.value"), D, D, depth, &l->vw, &l->vb);
    declare_linear(b, p, o->ow, o->ob, NAME("attention.output.dense"), D, D, depth, &l->ow, &l->ob);
    declare_norm(b, p, o->n1g, o->n1b, NAME("attention.output.LayerNorm"), D, depth, &l->n1g, &l->n1b);
    declare_linear(b, p, o->f1w, o->f1b, NAME("intermediate.dense"), F, D, depth, &l->f1w, &l->f1b);
    declare_linear(b, p, o->f2w, o->f2b, NAME("output.dense"), D, F, depth, &l->f2w, &l->f2b);
    declare_norm(b, p, o->n2g, o->n2b, NAME("output.LayerNorm"), D, depth, &l->n2g, &l->n2b);
#undef NAME
}

static void declare_heads(struct build *b)
{
    struct net *net = b->net;
    int D = net->shape.hidden, E = net->shape.embedding, V = net->shape.vocab;
    int top = net->shape.layers + 2;
    if (net->heads & HEAD_MLM) {
        char full[PARAM_NAME];
        declare_norm(b, PART_HEAD, 0, 0, "generator_predictions.LayerNorm", E, top, &net->mlm_g, &net->mlm_nb);
        declare_linear(b, PART_HEAD, 0, 0, "generator_predictions.dense", E, D, top, &net->mlm_w, &net->mlm_b);
        net->mlm_bias = declare(b, PART_HEAD, 0, "generator_lm_head.bias", 1, V, 1, INIT_ZEROS, 0, top);
        snprintf(full, sizeof full, "%s.generator_lm_head.weight", net->prefix);
        if (net->word >= 0 && param_tie(b->t, full, net->word, b->err) < 0)
            b->failed = E_FAIL;
    }
    if (net->heads & HEAD_RTD) {
        declare_linear(b, PART_HEAD, 0, 0, "discriminator_predictions.dense", D, D, top, &net->rtd_w, &net->rtd_b);
        net->rtd_ow = declare(b, PART_HEAD, 0, "discriminator_predictions.dense_prediction.weight", 1,
                              D, 2, INIT_GLOROT, b->last_scale, top);
        net->rtd_ob = declare(b, PART_HEAD, 0, "discriminator_predictions.dense_prediction.bias", 1, 1,
                              1, INIT_ZEROS, 0, top);
    }
    if (net->heads & HEAD_GATE) {
        net->gate_w = declare(b, PART_HEAD, 0, "copy_gate.weight", 1, D, 2, INIT_TRUNC_NORMAL, 0.02f, top);
        net->gate_b = declare(b, PART_HEAD, 0, "copy_gate.bias", 1, 1, 1, INIT_ZEROS, 0, top);
    }
    if (net->heads & HEAD_BASELINE) {
        net->base_w = declare(b, PART_HEAD, 0, "baseline_head.weight", 1, D, 2, INIT_TRUNC_NORMAL, 0.02f, top);
        net->base_b = declare(b, PART_HEAD, 0, "baseline_head.bias", 1, 1, 1, INIT_ZEROS, 0, top);
    }
}

static int declare_net(struct build *b, const char *prefix, const struct net_shape *s, int heads)
{
    struct net *net = b->net;
    const struct net *o = b->shared;
    memset(net, -1, sizeof *net);
    snprintf(net->prefix, sizeof net->prefix, "%s", prefix);
    net->shape = *s;
    net->heads = heads;
    net->layer = calloc((size_t)s->layers, sizeof *net->layer);
    if (!net->layer)
        return err_nomem(b->err, "a network");
    int E = s->embedding, D = s->hidden;
    enum param_init tn = INIT_TRUNC_NORMAL;
    net->word = declare(b, PART_WORD_POS, o ? o->word : 0, "electra.embeddings.word_embeddings.weight",
                        s->vocab, E, 2, tn, 0.02f, 0);
    net->position = declare(b, PART_WORD_POS, o ? o->position : 0,
                            "electra.embeddings.position_embeddings.weight", s->positions, E, 2, tn,
                            0.02f, 0);
    net->type = declare(b, PART_EMBEDDING, o ? o->type : 0,
                        "electra.embeddings.token_type_embeddings.weight", s->types, E, 2, tn, 0.02f, 0);
    declare_norm(b, PART_EMBEDDING, o ? o->eng : 0, o ? o->enb : 0, "electra.embeddings.LayerNorm", E, 0,
                 &net->eng, &net->enb);
    if (E != D) {
        enum param_init init = b->init == INIT_BERT ? INIT_GLOROT : INIT_NORMAL;
        net->pw = declare(b, PART_ENCODER, o ? o->pw : 0, "electra.embeddings_project.weight", D, E, 2,
                          init, b->init == INIT_BERT ? 1 : linear_std(b, E), 0);
        net->pb = declare(b, PART_ENCODER, o ? o->pb : 0, "electra.embeddings_project.bias", 1, D, 1,
                          INIT_ZEROS, 0, 0);
    }
    for (int i = 0; i < s->layers; i++)
        declare_layer(b, i);
    declare_heads(b);
    return b->failed;
}

static int build_nets(struct model *m, const struct net_shape *gen, int gen_heads,
                      const struct net_shape *disc, int disc_heads, const char *disc_prefix, int tie,
                      int init, float last_scale, struct err *err)
{
    memset(m, 0, sizeof *m);
    m->tie = tie;
    struct build b = {.t = &m->table, .tie = tie, .init = init, .last_scale = last_scale, .err = err};
    int rc = 0;
    if (disc) {
        b.net = &m->disc;
        rc = declare_net(&b, disc_prefix, disc, disc_heads);
    }
    if (!rc && gen) {
        if (disc && tie != TIE_NONE && gen->embedding != disc->embedding)
            rc = err_set(err, E_INPUT, "the generator's embeddings are %d wide, the discriminator's %d: "
                         "they cannot be shared", gen->embedding, disc->embedding);
        b.net = &m->gen;
        b.shared = disc ? &m->disc : NULL;
        if (!rc)
            rc = declare_net(&b, "generator", gen, gen_heads);
    }
    if (rc) {
        model_free(m);
        return rc;
    }
    param_layout(&m->table);
    return 0;
}

int model_build_shapes(struct model *m, const struct net_shape *gen, int gen_heads,
                       const struct net_shape *disc, int disc_heads, const char *disc_prefix,
                       int tie, struct err *err)
{
    return build_nets(m, gen, gen_heads, disc, disc_heads, disc_prefix, tie, INIT_BERT, 1, err);
}

/* two_stage copies the generator into the discriminator: both of one shape, nothing shared. */
static int is_copied(const struct config *c)
{
    return c->objective == OBJ_TWO_STAGE && c->two_stage_copy;
}

void model_shapes(const struct config *c, int V, struct net_shape *gen, struct net_shape *disc)
{
    *disc = (struct net_shape){
        .vocab = V, .positions = (int)c->max_positions, .types = 2,
        .embedding = (int)c->embedding_size, .hidden = (int)c->hidden_size, .layers = (int)c->layers,
        .heads = (int)c->heads, .ffn = (int)c->ffn_size, .eps = 1e-12f,
        .dropout = (float)c->dropout, .attention_dropout = (float)c->attention_dropout};
    *gen = *disc;
    gen->hidden = (int)c->generator_hidden_size;
    gen->heads = (int)c->generator_heads;
    gen->layers = (int)c->generator_layers;
    gen->ffn = 4 * gen->hidden;
    if (c->tie == TIE_NONE && !is_copied(c))
        gen->embedding = gen->hidden;
    if (c->tie == TIE_ALL || is_copied(c))
        gen->ffn = disc->ffn;
}

/* Which networks an objective trains: [objective] = {generator, its heads, main heads, prefix}. */
static const struct {
    int generator, gen_heads, main_heads;
    const char *prefix;
} nets[] = {
    [OBJ_ELECTRA] = {1, HEAD_MLM, HEAD_RTD, "discriminator"},
    [OBJ_ELECTRA15] = {1, HEAD_MLM, HEAD_RTD, "discriminator"},
    [OBJ_REPLACE_MLM] = {1, HEAD_MLM, HEAD_MLM, "main"},
    [OBJ_ALL_TOKENS_MLM] = {1, HEAD_MLM, HEAD_MLM | HEAD_GATE, "main"},
    [OBJ_BERT_MLM] = {0, 0, HEAD_MLM, "main"},
    [OBJ_TWO_STAGE] = {1, HEAD_MLM, HEAD_RTD, "discriminator"},
    [OBJ_ADVERSARIAL] = {1, HEAD_MLM | HEAD_BASELINE, HEAD_RTD, "discriminator"},
};

int model_build(struct model *m, const struct config *c, int V, struct err *err)
{
    struct net_shape gen, disc;
    model_shapes(c, V, &gen, &disc);
    int with_generator = nets[c->objective].generator && c->generator == GEN_MLM;
    if (!with_generator && (c->objective == OBJ_ADVERSARIAL || c->objective == OBJ_TWO_STAGE))
        return err_set(err, E_USAGE, "generator: objectives two_stage and adversarial train a "
                       "generator, so it must be mlm");
    return build_nets(m, with_generator ? &gen : NULL, nets[c->objective].gen_heads, &disc,
                      nets[c->objective].main_heads, nets[c->objective].prefix,
                      is_copied(c) ? TIE_NONE : c->tie, c->init,
                      (float)c->disc_last_scale, err);
}

void model_free(struct model *m)
{
    free(m->gen.layer);
    free(m->disc.layer);
    param_table_free(&m->table);
    memset(m, 0, sizeof *m);
}

/* Matrix products of one forward pass over `tokens` in sequences of T. */
static double encoder_flops(const struct net_shape *s, double tokens, double T)
{
    double D = s->hidden, F = s->ffn, E = s->embedding;
    double f = s->embedding != s->hidden ? 2 * E * D * tokens : 0;
    return f + s->layers * tokens * (2 * (4 * D * D + 2 * D * F) + 4 * T * D);
}

/* What the last layer does not do where only `rows` of its outputs are read: all but the products of
 * query, key and value and attention (encoder.h: chosen). */
static double spared_flops(const struct net_shape *s, double tokens, double rows)
{
    double D = s->hidden, F = s->ffn;
    return (tokens - rows) * 2 * (D * D + 2 * D * F);
}

static double mlm_flops(const struct net_shape *s, double rows)
{
    double E = s->embedding;
    return rows * 2 * (s->hidden * E + E * s->vocab);
}

/* The paper's per-token constants: dropout 4, layer norm 5, GELU 8, softmax 5, and one-hot
 * look-ups counted as products (electra.md section 8.9). */
static double paper_extra(const struct net_shape *s, double tokens, double T)
{
    double D = s->hidden, F = s->ffn, E = s->embedding, H = s->heads;
    double layer = 2 * (4 + 5 + 1) * D + 8 * F + (5 + 4) * H * T;
    return tokens * (2 * E * ((double)s->vocab + s->positions + s->types) + 9 * E + s->layers * layer);
}

double model_flops(const struct config *c, int V, int seq, int batch, int paper)
{
    struct net_shape gen, disc;
    model_shapes(c, V, &gen, &disc);
    double tokens = (double)seq * batch, masked = batch * (double)(int)(c->mask_prob * seq + 0.5);
    int with_generator = nets[c->objective].generator && c->generator == GEN_MLM;
    int heads = nets[c->objective].main_heads;
    if (paper)
        masked = 0.15625 * tokens;
    double f = encoder_flops(&disc, tokens, seq);
    if (with_generator)
        f += encoder_flops(&gen, tokens, seq) + mlm_flops(&gen, masked);
    if (heads & HEAD_RTD)
        f += tokens * 2 * ((double)disc.hidden * disc.hidden + disc.hidden);
    if (heads & HEAD_MLM)
        f += mlm_flops(&disc, heads & HEAD_GATE ? tokens : masked);
    if (!paper && with_generator)
        f -= spared_flops(&gen, tokens, masked);
    if (!paper && (heads & HEAD_MLM) && !(heads & HEAD_GATE))
        f -= spared_flops(&disc, tokens, masked);
    if (!paper)
        return 3 * f;
    f += paper_extra(&disc, tokens, seq) + (with_generator ? paper_extra(&gen, tokens, seq) : 0);
    return 2 * f;
}

uint64_t model_memory(const struct config *c, int V, int threads)
{
    struct model m;
    if (model_build(&m, c, V, NULL))
        return 0;
    long shards = c->shards < c->batch ? c->shards : c->batch;
    uint64_t bytes = (uint64_t)m.table.floats * sizeof(float) * 4;
    bytes += packs_floats(math_select("auto", NULL), &m.table, &m.gen, &m.disc) * sizeof(float);
    uint64_t shard = ((uint64_t)c->batch + (uint64_t)shards - 1) / (uint64_t)shards * (uint64_t)c->seq;
    uint64_t slice = c->seq > STEP_TOKENS ? (uint64_t)c->seq : STEP_TOKENS;
    uint64_t rows = shard < slice ? shard : slice, wave = 2 * (uint64_t)(threads > 0 ? threads : 1);
    uint64_t slices = ((uint64_t)c->batch * (uint64_t)c->seq + rows - 1) / rows;
    double masked = nets[c->objective].main_heads & HEAD_GATE ? 1 : c->mask_prob;
    uint64_t each = encoder_acts_bytes(&m.disc, 1, (int)rows, 1) +
                    (m.gen.layer ? encoder_acts_bytes(&m.gen, 1, (int)rows, 1) : 0) +
                    (uint64_t)V * ((uint64_t)(masked * (double)rows) + 1) * sizeof(float) +
                    rows * 4 * (uint64_t)m.disc.shape.hidden * sizeof(float);
    model_free(&m);
    return bytes + (wave < slices ? wave : slices) * each;
}
