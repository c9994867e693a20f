/* The encoder's way back. See encoder.h. */
#include <string.h>

#include "src/nn/encoder_int.h"

static void norm_rows_grad(const struct encoder_run *r, const int *rows, int n, const float *dy,
                           const float *xhat, const float *rstd, const struct dropout *drop,
                           uint32_t row0, const int gb[2], float *dz, float *dx)
{
    int D = r->net->shape.hidden, step = rows && drop->p > 0 ? 1 : n;
    for (int i = 0; i < n; i += step) {
        size_t at = (size_t)i * (size_t)D;
        r->math->norm_grad(step, D, dy + at, xhat + at, rstd + i, encoder_value(r, gb[0]), drop,
                           row0 + (rows ? (uint32_t)rows[i] : 0), dz + at, dx + at, encoder_grad(r, gb[0]),
                           encoder_grad(r, gb[1]));
    }
}

/* Rows 0..n of x to their places among R rows, zeros between them. */
static void spread(int n, int R, int D, const int *rows, float *x)
{
    for (int i = n - 1, end = R; end > 0; i--) { /* from the end: a place is never before its row */
        int to = i >= 0 ? rows[i] : -1;
        if (to > i && i >= 0)
            memcpy(x + (size_t)to * (size_t)D, x + (size_t)i * (size_t)D, (size_t)D * sizeof *x);
        memset(x + (size_t)(to + 1) * (size_t)D, 0, (size_t)(end - to - 1) * (size_t)D * sizeof *x);
        end = to;
    }
}

/* The dense part: dh holds the gradient of the layer's output and then what flows past attention
 * into its input; t2 gets the gradient of ctx. */
static void dense_backward(const struct encoder_run *r, struct encoder_acts *a, int i, float *dh)
{
    const struct net_layer *w = &r->net->layer[i];
    const struct net_shape *s = &r->net->shape;
    struct layer_acts *l = &a->layer[i];
    const struct math *k = r->math;
    int D = s->hidden, F = s->ffn, n;
    const int *rows = encoder_layer_rows(r, a, i, &n);
    uint32_t row0 = r->drop.row0 * (uint32_t)a->T;
    uint32_t at_layer = encoder_layer_site(i);
    struct dropout d1 = encoder_site(r, 0, at_layer + 1), d2 = encoder_site(r, 0, at_layer + 2);
    float *dy = dh, *past = dh;
    const float *ctx = l->ctx;
    if (rows) {
        dy = past = a->t1;
        encoder_gather(n, D, dh, rows, dy);
    }

    /* second norm: dz -> t2 (residual, to y1), dx -> xhat2 (dense) */
    norm_rows_grad(r, rows, n, dy, l->xhat2, l->rstd2, &d2, row0, (int[]){w->n2g, w->n2b}, a->t2, l->xhat2);
    k->bias_grad(n, D, l->xhat2, encoder_grad(r, w->f2b));
    encoder_linear_grad(r, n, F, D, l->a, l->xhat2, D, w->f2w, 0, a->t1);
    k->gelu_grad((size_t)n * (size_t)F, l->slope, a->t1, l->slope);
    k->bias_grad(n, F, l->slope, encoder_grad(r, w->f1b));
    encoder_linear_grad(r, n, D, F, l->y1, l->slope, F, w->f1w, 1, a->t2); /* t2: all of dy1 */

    /* first norm: dz -> past (residual, to x), dx -> xhat1 (dense) */
    norm_rows_grad(r, rows, n, a->t2, l->xhat1, l->rstd1, &d1, row0, (int[]){w->n1g, w->n1b}, past, l->xhat1);
    k->bias_grad(n, D, l->xhat1, encoder_grad(r, w->ob));
    if (rows) {
        encoder_scatter(n, D, past, rows, dh);
        encoder_gather(n, D, l->ctx, rows, l->y2); /* the last layer's output has been read */
        ctx = l->y2;
    }
    encoder_linear_grad(r, n, D, D, ctx, l->xhat1, D, w->ow, 0, a->t2);
    if (rows)
        spread(n, a->n * a->T, D, rows, a->t2);
}

/* dh holds the gradient of the layer's output and then of its input. */
static void layer_backward(const struct encoder_run *r, struct encoder_acts *a, int i, float *dh)
{
    const struct net_layer *w = &r->net->layer[i];
    const struct net_shape *s = &r->net->shape;
    struct layer_acts *l = &a->layer[i];
    const struct math *k = r->math;
    const float *x = encoder_hidden(r->net, a, i);
    int D = s->hidden, R = a->n * a->T;
    struct dropout drop = encoder_site(r, 1, encoder_layer_site(i));
    dense_backward(r, a, i, dh);
    k->attention_grad(a->n, a->T, s->heads, D / s->heads, l->qkv, l->qkv + D, l->qkv + 2 * D,
                      3 * D, a->mask, &drop, r->drop.row0, l->ctx, D, l->lse, a->t2, a->dqkv,
                      a->dqkv + D, a->dqkv + 2 * D, 3 * D, r->ws);
    float *d = a->dqkv;
    a->dqkv = l->qkv;
    l->qkv = d;
    const int ws[3] = {w->qw, w->kw, w->vw}, bs[3] = {w->qb, w->kb, w->vb};
    for (int j = 0; j < 3; j++) {
        float *db = encoder_grad(r, bs[j]);
        for (int t = 0; t < R; t++)
            k->axpy((size_t)D, 1, d + (size_t)t * 3 * (size_t)D + j * D, db);
        encoder_linear_grad(r, R, D, D, x, d + j * D, 3 * D, ws[j], 1, dh);
    }
}

static void embed_backward(const struct encoder_run *r, struct encoder_acts *a, float *dh)
{
    const struct net *net = r->net;
    int E = net->shape.embedding, R = a->n * a->T;
    const float *de = dh;
    if (net->pw >= 0) {
        int D = net->shape.hidden;
        r->math->bias_grad(R, D, dh, encoder_grad(r, net->pb));
        encoder_linear_grad(r, R, E, D, a->emb, dh, D, net->pw, 0, a->t2);
        de = a->t2;
    }
    struct dropout none = {0}, drop = encoder_site(r, 0, 0);
    if (drop.p > 0) {
        r->math->dropout(R, E, de, &drop, r->drop.row0 * (uint32_t)a->T, a->t2);
        de = a->t2;
    }
    float *dsum = a->exhat;
    r->math->norm_grad(R, E, de, a->exhat, a->erstd, encoder_value(r, net->eng), &none, 0, dsum, NULL,
                       encoder_grad(r, net->eng), encoder_grad(r, net->enb));
    float *word = r->notes ? NULL : encoder_grad(r, net->word);
    float *position = encoder_grad(r, net->position), *type = encoder_grad(r, net->type);
    if (r->notes)
        wgrad_rows(r->notes, net->word, R, dsum, E, a->ids);
    for (int i = 0; i < R; i++) {
        const float *d = dsum + (size_t)i * (size_t)E;
        if (word)
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
