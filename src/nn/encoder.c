/* See encoder.h. */
#include "src/nn/encoder.h"

#include <math.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static float *floats(struct arena *a, size_t rows, size_t cols, int *failed)
{
    float *p = arena_alloc(a, rows * cols, sizeof(float));
    *failed |= !p;
    return p;
}

int encoder_acts_init(struct encoder_acts *a, const struct net *net, int n, int T, int keep,
                      struct arena *arena)
{
    const struct net_shape *s = &net->shape;
    size_t R = (size_t)n * (size_t)T, D = (size_t)s->hidden, E = (size_t)s->embedding;
    size_t F = (size_t)s->ffn;
    int failed = 0;
    memset(a, 0, sizeof *a);
    a->layer = arena_zalloc(arena, (size_t)s->layers, sizeof *a->layer);
    if (!a->layer)
        return E_NOMEM;
    a->exhat = floats(arena, R, E, &failed);
    a->erstd = floats(arena, R, 1, &failed);
    a->emb = floats(arena, R, E, &failed);
    a->h0 = E == D ? a->emb : floats(arena, R, D, &failed);
    for (int i = 0; i < s->layers; i++) {
        struct layer_acts *l = &a->layer[i];
        if (i && !keep) {
            *l = a->layer[0];
            if (i % 2) /* a layer's output is the next one's input: two buffers in turn */
                l->y2 = i == 1 ? floats(arena, R, D, &failed) : a->layer[1].y2;
            continue;
        }
        l->qkv = floats(arena, R, 3 * D, &failed);
        l->lse = floats(arena, R, (size_t)s->heads, &failed);
        l->ctx = floats(arena, R, D, &failed);
        l->xhat1 = floats(arena, R, D, &failed);
        l->rstd1 = floats(arena, R, 1, &failed);
        l->y1 = floats(arena, R, D, &failed);
        l->slope = floats(arena, R, F, &failed);
        l->a = floats(arena, R, F, &failed);
        l->xhat2 = floats(arena, R, D, &failed);
        l->rstd2 = floats(arena, R, 1, &failed);
        l->y2 = floats(arena, R, D, &failed);
    }
    a->t1 = floats(arena, R, (size_t)max_int(max_int(3 * s->hidden, s->ffn), s->embedding), &failed);
    a->t2 = floats(arena, R, (size_t)max_int(s->hidden, s->embedding), &failed);
    a->t3 = floats(arena, R, (size_t)max_int(s->hidden, s->embedding), &failed);
    return failed ? E_NOMEM : 0;
}

size_t encoder_acts_bytes(const struct net *net, int n, int T, int keep)
{
    const struct net_shape *s = &net->shape;
    size_t R = (size_t)n * (size_t)T, D = (size_t)s->hidden, E = (size_t)s->embedding;
    size_t F = (size_t)s->ffn, wide = 3 * D > F ? 3 * D : F;
    size_t layer = R * (3 * D + (size_t)s->heads + 5 * D + 2 + 2 * F);
    size_t layers = keep ? (size_t)s->layers : 1;
    size_t total = R * (2 * E + 1 + D) + layer * layers + (keep ? 0 : R * D) + R * wide +
                   2 * R * (D > E ? D : E) + R * E;
    return total * sizeof(float) + (layers * 12 + 16) * 64 +
           (size_t)s->layers * sizeof(struct layer_acts);
}

static struct dropout site(const struct encoder_run *r, int attention, uint32_t number)
{
    const struct encoder_drop *d = &r->drop;
    float p = attention ? r->net->shape.attention_dropout : r->net->shape.dropout;
    return (struct dropout){.p = d->on ? p : 0, .seed = d->seed,
                            .use = RNG_DROPOUT + ((d->site + number) << 16), .step = d->step};
}

static const float *value(const struct encoder_run *r, int row)
{
    return param_at(r->table, r->values, row);
}

static float *grad(const struct encoder_run *r, int row)
{
    return param_at(r->table, r->grads, row);
}

static uint8_t *fresh(const struct encoder_run *r, int row)
{
    static uint8_t never = 0;
    const struct param *p = &r->table->rows[row];
    return r->fresh ? &r->fresh[p->alias >= 0 ? p->alias : row] : &never;
}

float *encoder_grad(const struct encoder_run *r, int w)
{
    float *g = grad(r, w);
    if (*fresh(r, w)) {
        memset(g, 0, r->table->rows[w].size * sizeof *g);
        *fresh(r, w) = 0;
    }
    return g;
}

void encoder_linear(const struct encoder_run *r, int R, int in, int out, const float *x, int w, float *y,
            int ldy)
{
    const float *packed = packs_forward(r->packs, w);
    if (packed)
        r->math->gemm_packed(R, out, in, x, in, packed, 0, y, ldy, r->ws);
    else
        r->math->gemm(0, 1, R, out, in, x, in, value(r, w), in, 0, y, ldy, r->ws);
}

void encoder_linear_grad(const struct encoder_run *r, int R, int in, int out, const float *x,
                 const float *dy, int lddy, int w, float beta, float *dx)
{
    r->math->gemm(1, 0, out, in, R, dy, lddy, x, in, *fresh(r, w) ? 0 : 1, grad(r, w), in, r->ws);
    if (*fresh(r, w))
        *fresh(r, w) = 0;
    const float *packed = dx ? packs_backward(r->packs, w) : NULL;
    if (packed)
        r->math->gemm_packed(R, in, out, dy, lddy, packed, beta, dx, in, r->ws);
    else if (dx)
        r->math->gemm(0, 0, R, in, out, dy, lddy, value(r, w), in, beta, dx, in, r->ws);
}

static void embed(const struct encoder_run *r, struct encoder_acts *a)
{
    const struct net *net = r->net;
    int E = net->shape.embedding, R = a->n * a->T;
    const float *word = value(r, net->word), *position = value(r, net->position);
    const float *type = value(r, net->type);
    for (int i = 0; i < R; i++) {
        const float *w = word + (size_t)a->ids[i] * (size_t)E;
        const float *p = position + (size_t)(i % a->T) * (size_t)E;
        const float *t = type + (a->segments ? (size_t)a->segments[i] * (size_t)E : 0);
        float *x = a->t1 + (size_t)i * (size_t)E;
        for (int k = 0; k < E; k++)
            x[k] = w[k] + t[k] + p[k];
    }
    struct dropout none = {0}, drop = site(r, 0, 0);
    r->math->norm(R, E, a->t1, NULL, NULL, &none, 0, value(r, net->eng), value(r, net->enb),
                  net->shape.eps, a->exhat, a->erstd, a->emb);
    if (drop.p > 0)
        r->math->dropout(R, E, a->emb, &drop, r->drop.row0 * (uint32_t)a->T, a->emb);
    if (net->pw >= 0) {
        int D = net->shape.hidden;
        encoder_linear(r, R, E, D, a->emb, net->pw, a->h0, D);
        r->math->bias(R, D, a->h0, value(r, net->pb), a->h0);
    }
}

static void layer_forward(const struct encoder_run *r, struct encoder_acts *a, int i,
                          const float *x)
{
    const struct net_layer *w = &r->net->layer[i];
    const struct net_shape *s = &r->net->shape;
    struct layer_acts *l = &a->layer[i];
    const struct math *k = r->math;
    int D = s->hidden, F = s->ffn, R = a->n * a->T;
    uint32_t number = 1 + 3 * (uint32_t)i, row0 = r->drop.row0 * (uint32_t)a->T;
    const int ws[3] = {w->qw, w->kw, w->vw}, bs[3] = {w->qb, w->kb, w->vb};
    int together = packs_forward(r->packs, w->qw) && D % k->panel == 0;
    if (together)
        encoder_linear(r, R, D, 3 * D, x, w->qw, l->qkv, 3 * D);
    for (int j = 0; j < 3; j++) {
        const float *b = value(r, bs[j]);
        if (!together)
            encoder_linear(r, R, D, D, x, ws[j], l->qkv + j * D, 3 * D);
        for (int t = 0; t < R; t++)
            k->axpy((size_t)D, 1, b, l->qkv + (size_t)t * 3 * (size_t)D + j * D);
    }
    struct dropout adrop = site(r, 1, number), d1 = site(r, 0, number + 1), d2 = site(r, 0, number + 2);
    k->attention(a->n, a->T, s->heads, D / s->heads, l->qkv, l->qkv + D, l->qkv + 2 * D, 3 * D,
                 a->mask, &adrop, r->drop.row0, l->ctx, D, l->lse, r->ws);
    encoder_linear(r, R, D, D, l->ctx, w->ow, a->t2, D);
    k->norm(R, D, a->t2, value(r, w->ob), x, &d1, row0, value(r, w->n1g), value(r, w->n1b), s->eps,
            l->xhat1, l->rstd1, l->y1);
    encoder_linear(r, R, D, F, l->y1, w->f1w, a->t1, F);
    k->bias_gelu(R, F, a->t1, value(r, w->f1b), r->grads ? l->slope : NULL, l->a);
    encoder_linear(r, R, F, D, l->a, w->f2w, a->t2, D);
    k->norm(R, D, a->t2, value(r, w->f2b), l->y1, &d2, row0, value(r, w->n2g), value(r, w->n2b),
            s->eps, l->xhat2, l->rstd2, l->y2);
}

void encoder_forward(const struct encoder_run *r, struct encoder_acts *a)
{
    embed(r, a);
    for (int i = 0; i < r->net->shape.layers; i++)
        layer_forward(r, a, i, encoder_hidden(r->net, a, i));
}

float *encoder_hidden(const struct net *net, const struct encoder_acts *a, int i)
{
    (void)net;
    return i ? a->layer[i - 1].y2 : a->h0;
}

float *encoder_out(const struct net *net, const struct encoder_acts *a)
{
    return encoder_hidden(net, a, net->shape.layers);
}

/* dh holds the gradient of the layer's output and then of its input. */
static void layer_backward(const struct encoder_run *r, struct encoder_acts *a, int i, float *dh)
{
    const struct net_layer *w = &r->net->layer[i];
    const struct net_shape *s = &r->net->shape;
    struct layer_acts *l = &a->layer[i];
    const struct math *k = r->math;
    const float *x = encoder_hidden(r->net, a, i);
    int D = s->hidden, F = s->ffn, R = a->n * a->T;
    uint32_t number = 1 + 3 * (uint32_t)i, row0 = r->drop.row0 * (uint32_t)a->T;
    struct dropout adrop = site(r, 1, number), d1 = site(r, 0, number + 1), d2 = site(r, 0, number + 2);

    /* second norm: dz -> t2 (residual, to y1), dx -> t3 (dense) */
    k->norm_grad(R, D, dh, l->xhat2, l->rstd2, value(r, w->n2g), &d2, row0, a->t2, a->t3,
                 grad(r, w->n2g), grad(r, w->n2b));
    k->bias_grad(R, D, a->t3, grad(r, w->f2b));
    encoder_linear_grad(r, R, F, D, l->a, a->t3, D, w->f2w, 0, a->t1);
    k->gelu_grad((size_t)R * (size_t)F, l->slope, a->t1, a->t1);
    k->bias_grad(R, F, a->t1, grad(r, w->f1b));
    encoder_linear_grad(r, R, D, F, l->y1, a->t1, F, w->f1w, 1, a->t2); /* t2: all of dy1 */

    /* first norm: dz -> dh (residual, to x), dx -> t3 (dense) */
    k->norm_grad(R, D, a->t2, l->xhat1, l->rstd1, value(r, w->n1g), &d1, row0, dh, a->t3,
                 grad(r, w->n1g), grad(r, w->n1b));
    k->bias_grad(R, D, a->t3, grad(r, w->ob));
    encoder_linear_grad(r, R, D, D, l->ctx, a->t3, D, w->ow, 0, a->t2); /* t2: d ctx */
    k->attention_grad(a->n, a->T, s->heads, D / s->heads, l->qkv, l->qkv + D, l->qkv + 2 * D,
                      3 * D, a->mask, &adrop, r->drop.row0, l->ctx, D, l->lse, a->t2, a->t1,
                      a->t1 + D, a->t1 + 2 * D, 3 * D, r->ws);
    const int ws[3] = {w->qw, w->kw, w->vw}, bs[3] = {w->qb, w->kb, w->vb};
    for (int j = 0; j < 3; j++) {
        float *db = grad(r, bs[j]);
        for (int t = 0; t < R; t++)
            k->axpy((size_t)D, 1, a->t1 + (size_t)t * 3 * (size_t)D + j * D, db);
        encoder_linear_grad(r, R, D, D, x, a->t1 + j * D, 3 * D, ws[j], 1, dh);
    }
}

static void embed_backward(const struct encoder_run *r, struct encoder_acts *a, float *dh)
{
    const struct net *net = r->net;
    int E = net->shape.embedding, R = a->n * a->T;
    const float *de = dh;
    if (net->pw >= 0) {
        int D = net->shape.hidden;
        r->math->bias_grad(R, D, dh, grad(r, net->pb));
        encoder_linear_grad(r, R, E, D, a->emb, dh, D, net->pw, 0, a->t2);
        de = a->t2;
    }
    struct dropout none = {0}, drop = site(r, 0, 0);
    if (drop.p > 0) {
        r->math->dropout(R, E, de, &drop, r->drop.row0 * (uint32_t)a->T, a->t2);
        de = a->t2;
    }
    r->math->norm_grad(R, E, de, a->exhat, a->erstd, value(r, net->eng), &none, 0, a->t3, NULL,
                       grad(r, net->eng), grad(r, net->enb));
    float *word = encoder_grad(r, net->word), *position = grad(r, net->position), *type = grad(r, net->type);
    for (int i = 0; i < R; i++) {
        const float *d = a->t3 + (size_t)i * (size_t)E;
        r->math->axpy((size_t)E, 1, d, word + (size_t)a->ids[i] * (size_t)E);
        r->math->axpy((size_t)E, 1, d, position + (size_t)(i % a->T) * (size_t)E);
        r->math->axpy((size_t)E, 1, d, type + (a->segments ? (size_t)a->segments[i] * (size_t)E : 0));
    }
}

void encoder_backward(const struct encoder_run *r, struct encoder_acts *a, float *dh)
{
    for (int i = r->net->shape.layers - 1; i >= 0; i--)
        layer_backward(r, a, i, dh);
    embed_backward(r, a, dh);
}
