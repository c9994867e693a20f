/* See head.h. */
#include "src/nn/head.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "src/base/err.h"

int head_acts_init(struct head_acts *a, int V, int D, int E, int R, int noted, struct arena *arena)
{
    size_t C = HEAD_CHUNK, v = (size_t)V, d = (size_t)D, e = (size_t)E, r = (size_t)R;
    size_t n = noted > HEAD_CHUNK ? (size_t)noted : C;
    memset(a, 0, sizeof *a);
    a->V = V;
    a->D = D;
    a->E = E;
    a->rows = (int)n;
    a->h = arena_alloc(arena, n * d, sizeof(float));
    a->u = arena_alloc(arena, n * e, sizeof(float));
    a->e = arena_alloc(arena, n * e, sizeof(float));
    a->y = arena_alloc(arena, C * e, sizeof(float));
    a->xhat = arena_alloc(arena, C * e, sizeof(float));
    a->rstd = arena_alloc(arena, C, sizeof(float));
    a->dh = arena_alloc(arena, C * d, sizeof(float));
    a->lse = arena_alloc(arena, C, sizeof(float));
    a->entropy = arena_alloc(arena, C, sizeof(float));
    a->row = arena_alloc(arena, v, sizeof(float));
    a->argmax = arena_alloc(arena, C, sizeof(int));
    a->ru = arena_alloc(arena, r * d, sizeof(float));
    a->ra = arena_alloc(arena, r * d, sizeof(float));
    a->dz = arena_alloc(arena, r, sizeof(float));
    a->logits = arena_alloc(arena, n * v, sizeof(float)); /* last: the end may never be touched */
    return a->h && a->u && a->y && a->xhat && a->rstd && a->e && a->dh && a->logits && a->lse &&
                   a->entropy && a->row && a->argmax && a->ru && a->ra && a->dz
               ? 0
               : E_NOMEM;
}

/* The same room from row `at` on. */
static struct head_acts part(const struct head_acts *a, int at)
{
    struct head_acts p = *a;
    size_t n = (size_t)at;
    p.h += n * (size_t)a->D;
    p.u += n * (size_t)a->E;
    p.e += n * (size_t)a->E;
    p.logits += n * (size_t)a->V;
    return p;
}

static const float *value(const struct encoder_run *r, int row)
{
    return param_at(r->table, r->values, row);
}

static const struct dropout no_dropout = {0};

struct word_columns {
    const float *x;
    float *logits;
    int C;
};

/* The output layer's product for panels from..from+n of the vocabulary. */
static void word_product(void *ud, const struct encoder_run *r, int from, int n)
{
    const struct word_columns *t = ud;
    int E = r->net->shape.embedding, V = r->net->shape.vocab, panel = r->math->panel;
    int first = from * panel, end = (from + n) * panel < V ? (from + n) * panel : V;
    const float *packed = packs_forward(r->packs, r->net->word);
    size_t at = (size_t)first * (size_t)E;
    if (packed)
        r->math->gemm_packed(t->C, end - first, E, t->x, E, packed + at, 0, t->logits + first, V, r->ws);
    else
        r->math->gemm(0, 1, t->C, end - first, E, t->x, E, value(r, r->net->word) + at, E, 0,
                      t->logits + first, V, r->ws);
}

/* Hidden rows -> probabilities, for C <= HEAD_CHUNK rows; log p of the targets into lp. */
static void chunk_forward(const struct encoder_run *r, struct head_acts *a, const float *hidden,
                          const int *rows, const int *targets, int C, double *lp)
{
    const struct net *net = r->net;
    int D = net->shape.hidden, E = net->shape.embedding, V = net->shape.vocab;
    const float *bias = value(r, net->mlm_bias);
    for (int i = 0; i < C; i++)
        memcpy(a->h + (size_t)i * (size_t)D, hidden + (size_t)rows[i] * (size_t)D,
               (size_t)D * sizeof(float));
    encoder_linear(r, C, D, E, a->h, net->mlm_w, a->e, E);
    r->math->bias_gelu(C, E, a->e, value(r, net->mlm_b), a->u, a->y);
    r->math->norm(C, E, a->y, NULL, NULL, &no_dropout, 0, value(r, net->mlm_g),
                  value(r, net->mlm_nb), net->shape.eps, a->xhat, a->rstd, a->e);
    struct word_columns words = {a->e, a->logits, C};
    encoder_rows(r, (V + r->math->panel - 1) / r->math->panel, word_product, &words);
    for (int i = 0; i < C; i++)
        lp[i] = (double)a->logits[(size_t)i * (size_t)V + (size_t)targets[i]] + bias[targets[i]];
    r->math->softmax(C, V, a->logits, bias, a->lse, a->entropy, a->argmax);
    for (int i = 0; i < C; i++)
        lp[i] -= a->lse[i];
}

/* a->logits holds the gradient of the logits. */
static void chunk_backward(const struct encoder_run *r, struct head_acts *a, const int *rows, int C,
                           float *dh)
{
    const struct net *net = r->net;
    int D = net->shape.hidden, E = net->shape.embedding, V = net->shape.vocab;
    r->math->bias_grad(C, V, a->logits, encoder_grad(r, net->mlm_bias));
    encoder_linear_grad(r, C, E, V, a->e, a->logits, V, net->word, 0, a->y);
    r->math->norm_grad(C, E, a->y, a->xhat, a->rstd, value(r, net->mlm_g), &no_dropout, 0, a->xhat,
                       NULL, encoder_grad(r, net->mlm_g), encoder_grad(r, net->mlm_nb));
    r->math->gelu_grad((size_t)C * (size_t)E, a->u, a->xhat, a->u);
    r->math->bias_grad(C, E, a->u, encoder_grad(r, net->mlm_b));
    encoder_linear_grad(r, C, D, E, a->h, a->u, E, net->mlm_w, 0, a->dh);
    for (int i = 0; i < C; i++)
        r->math->axpy((size_t)D, 1, a->dh + (size_t)i * (size_t)D, dh + (size_t)rows[i] * (size_t)D);
}

void mlm_pass(const struct encoder_run *r, struct head_acts *all, const float *hidden,
              const int *rows, const int *targets, int count,
              float (*each)(void *ud, const struct mlm_row *row), void *ud, float *dh)
{
    int V = r->net->shape.vocab;
    for (int from = 0; from < count; from += HEAD_CHUNK) {
        int C = count - from < HEAD_CHUNK ? count - from : HEAD_CHUNK;
        double lp[HEAD_CHUNK];
        int any = 0, noted = r->notes && dh;
        struct head_acts view = part(all, noted ? all->used : 0), *a = &view;
        assert(!noted || all->used + C <= all->rows);
        chunk_forward(r, a, hidden, rows + from, targets + from, C, lp);
        for (int i = 0; i < C; i++) {
            float *p = a->logits + (size_t)i * (size_t)V;
            struct mlm_row row = {.index = from + i, .log_prob = lp[i], .p = p,
                                  .entropy = a->entropy[i], .argmax = a->argmax[i]};
            float c = each(ud, &row);
            any |= c != 0;
            if (r->grads && dh) {
                for (int v = 0; v < V; v++)
                    p[v] *= c;
                p[targets[from + i]] -= c;
            }
        }
        if (any && r->grads && dh) {
            chunk_backward(r, a, rows + from, C, dh);
            all->used += noted ? C : 0;
        }
    }
}

struct rtd_rows {
    struct head_acts *a;
    const float *hidden;
    float *logits;
};

static void rtd_some(void *ud, const struct encoder_run *r, int from, int n)
{
    const struct rtd_rows *t = ud;
    const struct net *net = r->net;
    int D = net->shape.hidden;
    const float *w = value(r, net->rtd_ow);
    float b = value(r, net->rtd_ob)[0];
    float *ra = t->a->ra + (size_t)from * (size_t)D, *ru = t->a->ru + (size_t)from * (size_t)D;
    encoder_linear(r, n, D, D, t->hidden + (size_t)from * (size_t)D, net->rtd_w, ra, D);
    r->math->bias_gelu(n, D, ra, value(r, net->rtd_b), ru, ra);
    for (int i = 0; i < n; i++) {
        const float *x = ra + (size_t)i * (size_t)D;
        double sum = 0;
        for (int k = 0; k < D; k++)
            sum += (double)x[k] * w[k];
        t->logits[from + i] = (float)(sum + b);
    }
}

void rtd_forward(const struct encoder_run *r, struct head_acts *a, const float *hidden, int R,
                 float *logits)
{
    struct rtd_rows t = {a, hidden, logits};
    encoder_rows(r, R, rtd_some, &t);
}

void rtd_backward(const struct encoder_run *r, struct head_acts *a, const float *hidden, int R,
                  const float *dlogits, float *dh)
{
    const struct net *net = r->net;
    int D = net->shape.hidden;
    const float *w = value(r, net->rtd_ow);
    float *dw = encoder_grad(r, net->rtd_ow), db = 0;
    for (int i = 0; i < R; i++) {
        float *x = a->ra + (size_t)i * (size_t)D, d = dlogits[i];
        db += d;
        for (int k = 0; k < D; k++)
            dw[k] += d * x[k];
        for (int k = 0; k < D; k++)
            x[k] = d * w[k];
    }
    encoder_grad(r, net->rtd_ob)[0] += db;
    r->math->gelu_grad((size_t)R * (size_t)D, a->ru, a->ra, a->ra);
    r->math->bias_grad(R, D, a->ra, encoder_grad(r, net->rtd_b));
    encoder_linear_grad(r, R, D, D, hidden, a->ra, D, net->rtd_w, 0, dh);
}

float unit_forward(const struct encoder_run *r, int w, int b, const float *h)
{
    const float *x = value(r, w);
    double sum = value(r, b)[0];
    for (int k = 0; k < r->net->shape.hidden; k++)
        sum += (double)h[k] * x[k];
    return (float)sum;
}

void unit_backward(const struct encoder_run *r, int w, int b, const float *h, float d, float *dh)
{
    size_t D = (size_t)r->net->shape.hidden;
    r->math->axpy(D, d, h, encoder_grad(r, w));
    encoder_grad(r, b)[0] += d;
    if (dh)
        r->math->axpy(D, d, value(r, w), dh);
}
