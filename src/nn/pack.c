/* See pack.h. */
#include "src/nn/pack.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/large.h"
#include "src/nn/encoder.h"

enum { PIECE = 1 << 17 }; /* floats a task packs, about */

struct pack_piece {
    int row, backward, from, n; /* columns [from, from + n) of op(B) */
    size_t at;
};

static int add_piece(struct weight_packs *p, struct pack_piece piece)
{
    if (p->count == p->cap) {
        int cap = p->cap ? 2 * p->cap : 256;
        struct pack_piece *more = realloc(p->pieces, (size_t)cap * sizeof *more);
        if (!more)
            return E_NOMEM;
        p->pieces = more;
        p->cap = cap;
    }
    p->pieces[p->count++] = piece;
    return 0;
}

/* One direction of one weight [out,in]: op(B) is [in,out] forward, [out,in] backward. */
static int add_direction(struct weight_packs *p, int row, int backward)
{
    const struct param *w = &p->table->rows[row];
    size_t *at = &(backward ? p->backward : p->forward)[row];
    int N = backward ? w->cols : w->rows, K = backward ? w->rows : w->cols, rc = 0;
    if (*at)
        return 0;
    *at = p->floats + 1;
    int step = (PIECE / K + 1 + p->math->panel - 1) / p->math->panel * p->math->panel;
    for (int from = 0; from < N && !rc; from += step) {
        int n = N - from < step ? N - from : step;
        rc = add_piece(p, (struct pack_piece){row, backward, from, n,
                                              p->floats + (size_t)from * (size_t)K});
    }
    p->floats += p->math->packed_floats(N, K);
    return rc;
}

static int add_weight(struct weight_packs *p, int row)
{
    int c = row < 0 ? -1 : param_canonical(p->table, row);
    if (c < 0)
        return 0;
    int rc = p->train ? add_direction(p, c, 1) : 0;
    return rc ? rc : add_direction(p, c, 0);
}

/* The forward copies of query, key and value lie one after the other: one product makes all. */
static int add_net(struct weight_packs *p, const struct net *net)
{
    int rc = 0;
    if (!net || !net->layer)
        return 0;
    for (int i = 0; i < net->shape.layers && !rc; i++) {
        const struct net_layer *l = &net->layer[i];
        const int rows[6] = {l->qw, l->kw, l->vw, l->ow, l->f1w, l->f2w};
        for (int k = 0; k < 3 && !rc; k++)
            rc = add_direction(p, param_canonical(p->table, rows[k]), 0);
        for (int k = 0; k < 6 && !rc; k++)
            rc = add_weight(p, rows[k]);
    }
    if (!rc)
        rc = add_weight(p, net->pw);
    if (!rc && net->heads & HEAD_MLM)
        rc = add_weight(p, net->word);
    if (!rc && net->heads & HEAD_MLM)
        rc = add_weight(p, net->mlm_w);
    if (!rc && net->heads & HEAD_RTD)
        rc = add_weight(p, net->rtd_w);
    return rc;
}

static int plan(struct weight_packs *p, const struct math *math, const struct param_table *table,
                const struct net *a, const struct net *b, int train)
{
    memset(p, 0, sizeof *p);
    p->train = train;
    p->math = math;
    p->table = table;
    p->forward = calloc((size_t)table->n + 1, sizeof *p->forward);
    p->backward = calloc((size_t)table->n + 1, sizeof *p->backward);
    if (!p->forward || !p->backward || add_net(p, a) || add_net(p, b))
        return E_NOMEM;
    return 0;
}

int packs_init(struct weight_packs *p, const struct math *math, const struct param_table *table,
               const struct net *a, const struct net *b, int train, struct err *err)
{
    int rc = plan(p, math, table, a, b, train);
    if (!rc && p->floats) {
        p->block = large_alloc(p->floats * sizeof *p->block);
        rc = p->block ? 0 : E_NOMEM;
    }
    return rc ? err_nomem(err, "packed weights") : 0;
}

size_t packs_floats(const struct math *math, const struct param_table *table,
                    const struct net *a, const struct net *b)
{
    struct weight_packs p;
    plan(&p, math, table, a, b, 1);
    size_t floats = p.floats;
    packs_free(&p);
    return floats;
}

void packs_free(struct weight_packs *p)
{
    free(p->block);
    free(p->forward);
    free(p->backward);
    free(p->pieces);
    memset(p, 0, sizeof *p);
}

struct filling {
    struct weight_packs *p;
    const float *values;
    int train;
};

static void fill_piece(void *ud, int task, int worker)
{
    struct filling *f = ud;
    const struct pack_piece *t = &f->p->pieces[task];
    const struct param *w = &f->p->table->rows[t->row];
    const float *from = f->values + w->offset;
    (void)worker;
    if (t->backward && !f->train)
        return;
    if (t->backward)
        f->p->math->pack(0, t->n, w->rows, from + t->from, w->cols, f->p->block + t->at);
    else
        f->p->math->pack(1, t->n, w->cols, from + (size_t)t->from * (size_t)w->cols, w->cols,
                         f->p->block + t->at);
}

void packs_fill(struct weight_packs *p, struct pool *pool, const float *values, int train)
{
    struct filling f = {p, values, train};
    pool_run(pool, p->count, fill_piece, &f);
}

static const float *packed(const struct weight_packs *p, const size_t *offsets, int row)
{
    size_t at = offsets[param_canonical(p->table, row)];
    return at ? p->block + at - 1 : NULL;
}

const float *packs_forward(const struct weight_packs *p, int row)
{
    return p ? packed(p, p->forward, row) : NULL;
}

const float *packs_backward(const struct weight_packs *p, int row)
{
    return p ? packed(p, p->backward, row) : NULL;
}
