/* See adamw.h. */
#include "src/optim/adamw.h"

#include <math.h>

#define CHUNK 65536 /* floats a task */

double schedule_rate(const struct config *c, int64_t s)
{
    double S = (double)c->steps, at = (double)s < S ? (double)s : S;
    double decay = c->lr_decay_power > 0 ? pow(1 - at / S, c->lr_decay_power) : 1;
    double W = (double)c->warmup_steps, warm = W > 0 && (double)s < W ? (double)s / W : 1;
    return c->learning_rate * decay * warm;
}

struct update {
    struct adamw *o;
    const struct math *k;
    const struct param_table *t;
    const struct config *c;
    float *values;
    const float *grads;
    double scale, rate, c1, c2;
    const double *lr_scale;
};

static int is_updated(const struct param *p)
{
    return p->alias < 0 && !p->frozen;
}

double gradient_norm(const struct math *k, struct pool *pool, const struct param_table *t,
                     const float *grads)
{
    double sum = 0;
    (void)pool;
    for (int i = 0; i < t->n; i++)
        if (is_updated(&t->rows[i]))
            sum += k->sumsq(t->rows[i].size, grads + t->rows[i].offset);
    return sqrt(sum);
}

static void update_row(void *ud, int task, int worker)
{
    struct update *u = ud;
    const struct param *p = &u->t->rows[task];
    (void)worker;
    if (!is_updated(p))
        return;
    double lr = u->rate * (u->lr_scale && p->layer >= 0 ? u->lr_scale[p->layer] : 1);
    for (size_t from = 0; from < p->size; from += CHUNK) {
        size_t at = p->offset + from, n = p->size - from < CHUNK ? p->size - from : CHUNK;
        u->k->adamw(n, u->values + at, u->grads + at, u->o->m + at, u->o->v + at, (float)u->scale,
                    (float)lr, u->c->beta1, u->c->beta2, (float)u->c->epsilon,
                    p->decay ? (float)u->c->weight_decay : 0, (float)u->c1, (float)u->c2);
    }
}

void adamw_step(struct adamw *o, const struct math *k, struct pool *pool,
                const struct param_table *t, const struct config *c, float *values,
                const float *grads, double norm, double rate, const double *lr_scale)
{
    struct update u = {.o = o, .k = k, .t = t, .c = c, .values = values, .grads = grads,
                       .scale = c->clip_norm > 0 && norm > c->clip_norm ? c->clip_norm / norm : 1,
                       .rate = rate, .c1 = 1, .c2 = 1, .lr_scale = lr_scale};
    o->updates++;
    if (c->bias_correction) {
        u.c1 = 1 / (1 - pow(c->beta1, (double)o->updates));
        u.c2 = 1 / (1 - pow(c->beta2, (double)o->updates));
    }
    pool_run(pool, t->n, update_row, &u);
}
