/* See encoder.h. */
#include "src/nn/encoder.h"

#include <math.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/nn/encoder_int.h"

#define TEAM_ROWS 128 /* at most in a piece of a team's work */

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

/* Floats between the pieces of t1: room for the widest rows. */
static size_t wide_row(const struct net_shape *s)
{
    return (size_t)max_int(max_int(3 * s->hidden, s->ffn), s->embedding);
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
    a->t1 = floats(arena, R, wide_row(s), &failed);
    a->t2 = floats(arena, R, (size_t)max_int(s->hidden, s->embedding), &failed);
    a->t3 = floats(arena, R, (size_t)max_int(s->hidden, s->embedding), &failed);
    a->dqkv = keep ? floats(arena, R, 3 * D, &failed) : NULL;
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
                   2 * R * (D > E ? D : E) + R * E + (keep ? R * 3 * D : 0);
    return total * sizeof(float) + (layers * 12 + 16) * 64 +
           (size_t)s->layers * sizeof(struct layer_acts);
}

struct dropout encoder_site(const struct encoder_run *r, int attention, uint32_t number)
{
    const struct encoder_drop *d = &r->drop;
    float p = attention ? r->net->shape.attention_dropout : r->net->shape.dropout;
    return (struct dropout){.p = d->on ? p : 0, .seed = d->seed,
                            .use = RNG_DROPOUT + ((d->site + number) << 16), .step = d->step};
}

const float *encoder_value(const struct encoder_run *r, int row)
{
    return param_at(r->table, r->values, row);
}

float *encoder_grad(const struct encoder_run *r, int row)
{
    return r->notes ? wgrad_small(r->notes, row) : param_at(r->table, r->grads, row);
}

void encoder_linear(const struct encoder_run *r, int R, int in, int out, const float *x, int w, float *y,
            int ldy)
{
    const float *packed = packs_forward(r->packs, w);
    if (packed)
        r->math->gemm_packed(R, out, in, x, in, packed, 0, y, ldy, r->ws);
    else
        r->math->gemm(0, 1, R, out, in, x, in, encoder_value(r, w), in, 0, y, ldy, r->ws);
}

void encoder_linear_grad(const struct encoder_run *r, int R, int in, int out, const float *x,
                 const float *dy, int lddy, int w, float beta, float *dx)
{
    if (r->notes)
        wgrad_product(r->notes, w, R, dy, lddy, x, in);
    else
        r->math->gemm(1, 0, out, in, R, dy, lddy, x, in, 1, encoder_grad(r, w), in, r->ws);
    const float *packed = dx ? packs_backward(r->packs, w) : NULL;
    if (packed)
        r->math->gemm_packed(R, in, out, dy, lddy, packed, beta, dx, in, r->ws);
    else if (dx)
        r->math->gemm(0, 0, R, in, out, dy, lddy, encoder_value(r, w), in, beta, dx, in, r->ws);
}

/* A pass on its way: the layer at hand. Rows from..from+n of it, in the order they lie in. */
struct pass {
    struct encoder_acts *a;
    int layer;
};

static void embed(const struct encoder_run *r, struct encoder_acts *a, int from, int n)
{
    const struct net *net = r->net;
    int E = net->shape.embedding;
    size_t at = (size_t)from * (size_t)E;
    const float *word = encoder_value(r, net->word), *position = encoder_value(r, net->position);
    const float *type = encoder_value(r, net->type);
    float *sum = a->t1 + (size_t)from * wide_row(&net->shape), *out = a->emb + at;
    for (int i = from; i < from + n; i++) {
        const float *w = word + (size_t)a->ids[i] * (size_t)E;
        const float *p = position + (size_t)(i % a->T) * (size_t)E;
        const float *t = type + (a->segments ? (size_t)a->segments[i] * (size_t)E : 0);
        float *x = sum + (size_t)(i - from) * (size_t)E;
        for (int k = 0; k < E; k++)
            x[k] = w[k] + t[k] + p[k];
    }
    struct dropout none = {0}, drop = encoder_site(r, 0, 0);
    r->math->norm(n, E, sum, NULL, NULL, &none, 0, encoder_value(r, net->eng), encoder_value(r, net->enb),
                  net->shape.eps, a->exhat + at, a->erstd + from, out);
    if (drop.p > 0)
        r->math->dropout(n, E, out, &drop, r->drop.row0 * (uint32_t)a->T + (uint32_t)from, out);
    if (net->pw >= 0) {
        int D = net->shape.hidden;
        float *h = a->h0 + (size_t)from * (size_t)D;
        encoder_linear(r, n, E, D, out, net->pw, h, D);
        r->math->bias(n, D, h, encoder_value(r, net->pb), h);
    }
}

static void layer_qkv(const struct encoder_run *r, struct encoder_acts *a, int i, int from, int n)
{
    const struct net_layer *w = &r->net->layer[i];
    const struct math *k = r->math;
    int D = r->net->shape.hidden;
    const float *x = encoder_hidden(r->net, a, i) + (size_t)from * (size_t)D;
    float *qkv = a->layer[i].qkv + (size_t)from * 3 * (size_t)D;
    const int ws[3] = {w->qw, w->kw, w->vw}, bs[3] = {w->qb, w->kb, w->vb};
    int together = packs_forward(r->packs, w->qw) && D % k->panel == 0;
    if (together)
        encoder_linear(r, n, D, 3 * D, x, w->qw, qkv, 3 * D);
    for (int j = 0; j < 3; j++) {
        const float *b = encoder_value(r, bs[j]);
        if (!together)
            encoder_linear(r, n, D, D, x, ws[j], qkv + j * D, 3 * D);
        for (int t = 0; t < n; t++)
            k->axpy((size_t)D, 1, b, qkv + (size_t)t * 3 * (size_t)D + j * D);
    }
}

uint32_t encoder_layer_site(int i)
{
    return 1 + 3 * (uint32_t)i;
}

static void layer_attention(const struct encoder_run *r, struct encoder_acts *a, int i)
{
    const struct net_shape *s = &r->net->shape;
    struct layer_acts *l = &a->layer[i];
    struct dropout drop = encoder_site(r, 1, encoder_layer_site(i));
    int D = s->hidden;
    r->math->attention(a->n, a->T, s->heads, D / s->heads, l->qkv, l->qkv + D, l->qkv + 2 * D, 3 * D,
                       a->mask, &drop, r->drop.row0, l->ctx, D, l->lse, r->ws);
}

const int *encoder_layer_rows(const struct encoder_run *r, const struct encoder_acts *a, int i, int *count)
{
    int some = a->chosen && i == r->net->shape.layers - 1;
    *count = some ? a->count : a->n * a->T;
    return some ? a->chosen : NULL;
}

void encoder_gather(int n, int D, const float *x, const int *rows, float *out)
{
    for (int i = 0; i < n; i++)
        memcpy(out + (size_t)i * (size_t)D, x + (size_t)rows[i] * (size_t)D, (size_t)D * sizeof *out);
}

void encoder_scatter(int n, int D, const float *x, const int *rows, float *out)
{
    for (int i = 0; i < n; i++)
        memcpy(out + (size_t)rows[i] * (size_t)D, x + (size_t)i * (size_t)D, (size_t)D * sizeof *out);
}

/* Math's norm; dropout goes by the rows' own numbers. */
static void norm_rows(const struct encoder_run *r, const int *rows, int n, const float *x, int b,
                      const float *residual, const struct dropout *drop, uint32_t row0, const int gb[2],
                      float *xhat, float *rstd, float *y)
{
    int D = r->net->shape.hidden, step = rows && drop->p > 0 ? 1 : n;
    for (int i = 0; i < n; i += step) {
        size_t at = (size_t)i * (size_t)D;
        r->math->norm(step, D, x + at, encoder_value(r, b), residual + at, drop,
                      row0 + (rows ? (uint32_t)rows[i] : 0), encoder_value(r, gb[0]), encoder_value(r, gb[1]),
                      r->net->shape.eps, xhat + at, rstd + i, y + at);
    }
}

/* All after attention: rows from..from+n of those that layer_rows tells. */
static void layer_dense(const struct encoder_run *r, struct encoder_acts *a, int i, int from, int n)
{
    const struct net_layer *w = &r->net->layer[i];
    const struct net_shape *s = &r->net->shape;
    struct layer_acts *l = &a->layer[i];
    const struct math *k = r->math;
    int D = s->hidden, F = s->ffn, count;
    const int *rows = encoder_layer_rows(r, a, i, &count);
    size_t at = (size_t)from * (size_t)D, wide = (size_t)from * (size_t)F;
    uint32_t row0 = r->drop.row0 * (uint32_t)a->T + (rows ? 0 : (uint32_t)from);
    uint32_t at_layer = encoder_layer_site(i);
    struct dropout d1 = encoder_site(r, 0, at_layer + 1), d2 = encoder_site(r, 0, at_layer + 2);
    float *t1 = a->t1 + (size_t)from * wide_row(s), *t2 = a->t2 + at, *t3 = a->t3 + at;
    const float *x = encoder_hidden(r->net, a, i) + at, *ctx = l->ctx + at;
    float *out = l->y2 + at;
    if (rows) {
        rows += from;
        encoder_gather(n, D, encoder_hidden(r->net, a, i), rows, t1);
        encoder_gather(n, D, l->ctx, rows, t3);
        x = t1;
        ctx = t3;
        out = t3;
    }
    encoder_linear(r, n, D, D, ctx, w->ow, t2, D);
    norm_rows(r, rows, n, t2, w->ob, x, &d1, row0, (int[]){w->n1g, w->n1b}, l->xhat1 + at, l->rstd1 + from,
              l->y1 + at);
    encoder_linear(r, n, D, F, l->y1 + at, w->f1w, t1, F);
    k->bias_gelu(n, F, t1, encoder_value(r, w->f1b), r->grads ? l->slope + wide : NULL, l->a + wide);
    encoder_linear(r, n, F, D, l->a + wide, w->f2w, t2, D);
    norm_rows(r, rows, n, t2, w->f2b, l->y1 + at, &d2, row0, (int[]){w->n2g, w->n2b}, l->xhat2 + at,
              l->rstd2 + from, out);
    if (rows)
        encoder_scatter(n, D, out, rows, l->y2);
}

/* Rows that lie between two attentions: nothing in them depends on another row. */
static void between(void *ud, const struct encoder_run *r, int from, int n)
{
    const struct pass *p = ud;
    if (p->layer < 0)
        embed(r, p->a, from, n);
    else
        layer_dense(r, p->a, p->layer, from, n);
    if (p->layer + 1 < r->net->shape.layers)
        layer_qkv(r, p->a, p->layer + 1, from, n);
}

struct team_task {
    const struct encoder_run *r;
    const struct pass *pass;
    int rows, piece;
    void (*task)(void *ud, const struct encoder_run *r, int from, int n);
    void *ud;
};

static void team_rows(void *ud, int task, int worker)
{
    const struct team_task *t = ud;
    struct encoder_run r = *t->r;
    int from = task * t->piece, left = t->rows - from;
    r.ws = t->r->team->ws[worker];
    r.team = NULL;
    t->task(t->ud, &r, from, left < t->piece ? left : t->piece);
}

void encoder_rows(const struct encoder_run *r, int rows,
                  void (*task)(void *ud, const struct encoder_run *r, int from, int n), void *ud)
{
    if (!r->team) {
        task(ud, r, 0, rows);
        return;
    }
    int threads = pool_threads(r->team->pool), each = (rows + threads - 1) / threads;
    struct team_task t = {.r = r, .rows = rows, .piece = max_int(1, each < TEAM_ROWS ? each : TEAM_ROWS),
                          .task = task, .ud = ud};
    pool_run(r->team->pool, (rows + t.piece - 1) / t.piece, team_rows, &t);
}

/* One head of one sequence; without dropout a head does not know its number. */
static void team_head(void *ud, int task, int worker)
{
    const struct team_task *t = ud;
    const struct encoder_acts *a = t->pass->a;
    const struct net_shape *s = &t->r->net->shape;
    const struct layer_acts *l = &a->layer[t->pass->layer];
    struct dropout none = {0};
    int D = s->hidden, hd = D / s->heads, seq = task / s->heads;
    size_t at = (size_t)seq * (size_t)a->T, column = (size_t)(task % s->heads) * (size_t)hd;
    const float *q = l->qkv + at * 3 * (size_t)D + column;
    t->r->math->attention(1, a->T, 1, hd, q, q + D, q + 2 * D, 3 * D, a->mask ? a->mask + at : NULL, &none, 0,
                          l->ctx + at * (size_t)D + column, D, l->lse + (size_t)task * (size_t)a->T,
                          t->r->team->ws[worker]);
}

void encoder_forward(const struct encoder_run *r, struct encoder_acts *a)
{
    struct pass p = {a, -1};
    encoder_rows(r, a->n * a->T, between, &p);
    for (p.layer = 0; p.layer < r->net->shape.layers; p.layer++) {
        struct team_task t = {.r = r, .pass = &p};
        int count;
        encoder_layer_rows(r, a, p.layer, &count);
        if (r->team)
            pool_run(r->team->pool, a->n * r->net->shape.heads, team_head, &t);
        else
            layer_attention(r, a, p.layer);
        encoder_rows(r, count, between, &p);
    }
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
