/* See adamw.h. */
#include "src/optim/adamw.h"

#include <math.h>

enum {
    CHUNK = 65536,    /* floats a task, at least */
    MAX_PIECES = 8192 /* more than a table has rows, twice */
};

double schedule_rate(const struct config *c, int64_t s)
{
    double S = (double)c->steps, at = (double)s < S ? (double)s : S;
    double decay = c->lr_decay_power > 0 ? pow(1 - at / S, c->lr_decay_power) : 1;
    double W = (double)c->warmup_steps, warm = W > 0 && (double)s < W ? (double)s / W : 1;
    return c->learning_rate * decay * warm;
}

/* All numbers that are updated, in pieces: a function of the table alone, so that sums over
 * pieces have one order. */
struct pieces {
    const struct param_table *t;
    size_t floats; /* of a piece */
    int count;
};

static int is_updated(const struct param *p)
{
    return p->alias < 0 && !p->frozen;
}

static int pieces_of(const struct pieces *c, const struct param *p)
{
    return is_updated(p) ? (int)((p->size + c->floats - 1) / c->floats) : 0;
}

static struct pieces cut(const struct param_table *t)
{
    struct pieces c = {.t = t, .floats = CHUNK};
    while (t->floats / c.floats + (size_t)t->n > MAX_PIECES && c.floats < t->floats)
        c.floats *= 2;
    for (int i = 0; i < t->n; i++)
        c.count += pieces_of(&c, &t->rows[i]);
    return c;
}

/* Piece number `task`: its row, where it starts in the block and how long it is. */
static const struct param *piece(const struct pieces *c, int task, size_t *at, size_t *n)
{
    const struct param *p = c->t->rows;
    for (int k; task >= (k = pieces_of(c, p)); p++)
        task -= k;
    size_t from = (size_t)task * c->floats;
    *at = p->offset + from;
    *n = p->size - from < c->floats ? p->size - from : c->floats;
    return p;
}

struct squares {
    const struct math *k;
    struct pieces pieces;
    const float *grads;
    double sums[MAX_PIECES];
};

static void squares_piece(void *ud, int task, int worker)
{
    struct squares *s = ud;
    size_t at, n;
    (void)worker;
    piece(&s->pieces, task, &at, &n);
    s->sums[task] = s->k->sumsq(n, s->grads + at);
}

double gradient_norm(const struct math *k, struct pool *pool, const struct param_table *t,
                     const float *grads)
{
    struct squares s = {.k = k, .pieces = cut(t), .grads = grads};
    double sum = 0;
    pool_run(pool, s.pieces.count, squares_piece, &s);
    for (int i = 0; i < s.pieces.count; i++)
        sum += s.sums[i];
    return sqrt(sum);
}

struct update {
    struct adamw *o;
    const struct math *k;
    struct pieces pieces;
    const struct config *c;
    float *values;
    const float *grads;
    double scale, rate, c1, c2;
    const double *lr_scale;
};

static void update_piece(void *ud, int task, int worker)
{
    struct update *u = ud;
    size_t at, n;
    const struct param *p = piece(&u->pieces, task, &at, &n);
    (void)worker;
    double lr = u->rate * (u->lr_scale && p->layer >= 0 ? u->lr_scale[p->layer] : 1);
    u->k->adamw(n, u->values + at, u->grads + at, u->o->m + at, u->o->v + at, (float)u->scale,
                (float)lr, u->c->beta1, u->c->beta2, (float)u->c->epsilon,
                p->decay ? (float)u->c->weight_decay : 0, (float)u->c1, (float)u->c2);
}

void adamw_step(struct adamw *o, const struct math *k, struct pool *pool,
                const struct param_table *t, const struct config *c, float *values,
                const float *grads, double norm, double rate, const double *lr_scale)
{
    struct update u = {.o = o, .k = k, .pieces = cut(t), .c = c, .values = values, .grads = grads,
                       .scale = c->clip_norm > 0 && norm > c->clip_norm ? c->clip_norm / norm : 1,
                       .rate = rate, .c1 = 1, .c2 = 1, .lr_scale = lr_scale};
    o->updates++;
    if (c->bias_correction) {
        u.c1 = 1 / (1 - pow(c->beta1, (double)o->updates));
        u.c2 = 1 / (1 - pow(c->beta2, (double)o->updates));
    }
    pool_run(pool, u.pieces.count, update_piece, &u);
}
