/* See replay.h. */
#include "src/train/replay.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/train/run_int.h"

#define SPREAD_LEAST 0.01 /* of the median: below, differences are rounding */
#define WEIGHT_LEAST 1e-6 /* below, a tensor is rounding: the keys' biases have no gradient */

struct work {
    const struct replay_args *a;
    struct replay *out;
    struct run *r;
    struct err *err;
    int rc; /* of a.metrics */
};

static void on_event(void *ud, const struct event *e)
{
    struct work *w = ud;
    if (e->kind == EVENT_METRICS && !w->rc && w->a->metrics)
        w->rc = w->a->metrics(w->a->ud, e, w->err);
    free(e->seq);
}

static int by_value(const void *a, const void *b)
{
    double u = *(const double *)a, v = *(const double *)b;
    return (u > v) - (u < v);
}

static int by_unusual(const void *a, const void *b)
{
    const struct replay_sequence *x = a, *y = b;
    double u = x->unusual, v = y->unusual;
    return u != v ? (u < v) - (u > v) : (x->row > y->row) - (x->row < y->row);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_value);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double figure(const struct replay_sequence *s, int which)
{
    const double all[] = {s->norm, s->losses.gen, s->losses.disc, s->losses.main};
    return isnan(all[which]) ? INFINITY : all[which]; /* the one to look at */
}

/* Garbled text has a loss like no other, a broken sequence a gradient like no other; neither is seen
 * in the other figure, nor in the total, where the weight of the discriminator's loss hides the
 * generator's. */
static int rank(struct replay *r, struct err *err)
{
    int n = r->nsequences;
    double *v = calloc((size_t)n + 1, sizeof *v);
    if (!v)
        return err_nomem(err, "the order of the sequences");
    for (int which = 0; which < 4; which++) {
        for (int i = 0; i < n; i++)
            v[i] = figure(&r->sequences[i], which);
        double middle = median(v, n);
        for (int i = 0; i < n; i++)
            v[i] = fabs(v[i] - middle);
        double spread = fmax(1.4826 * median(v, n), SPREAD_LEAST * fabs(middle));
        for (int i = 0; i < n && spread > 0; i++) {
            double above = (figure(&r->sequences[i], which) - middle) / spread;
            r->sequences[i].unusual = fmax(r->sequences[i].unusual, isnan(above) ? 0 : above);
        }
    }
    free(v);
    qsort(r->sequences, (size_t)n, sizeof *r->sequences, by_unusual);
    return 0;
}

static int by_ratio(const void *a, const void *b)
{
    const struct replay_tensor *x = a, *y = b;
    double u = isnan(x->ratio) ? -1 : x->ratio, v = isnan(y->ratio) ? -1 : y->ratio;
    return u != v ? (u < v) - (u > v) : strcmp(x->name, y->name);
}

/* The batch's row k as a batch of its own, with the samples and the dropout it had. */
static struct batch row_of(const struct batch *b, int k)
{
    struct batch one = *b;
    size_t at = (size_t)k * (size_t)b->T, slot = (size_t)k * (size_t)b->N;
    one.B = 1;
    one.row0 = b->row0 + (uint32_t)k;
    one.given_samples = 1;
    one.ids += at;
    one.mask = b->mask ? b->mask + at : NULL;
    one.segments = b->segments ? b->segments + at : NULL;
    one.gen_ids += at;
    one.disc_ids += at;
    one.labels += at;
    one.positions += slot;
    one.weights += slot;
    one.sampled += slot;
    return one;
}

static int look_at_row(struct work *w, int k, uint64_t first, int phase)
{
    struct core *c = &w->r->core;
    struct batch one = row_of(&c->train.b, k);
    struct replay_sequence *s = &w->out->sequences[w->out->nsequences];
    struct losses ignored;
    s->row = k;
    s->place = first + (uint64_t)k;
    s->tokens = malloc((size_t)one.T * sizeof *s->tokens);
    if (!s->tokens)
        return err_nomem(w->err, "a sequence");
    w->out->nsequences++;
    learner_step(c->learner, &one, phase, &s->losses, NULL);
    s->norm = gradient_norm(c->math, c->pool, &c->model.table, learner_gradients(c->learner));
    learner_eval(c->learner, &one, phase, &ignored, NULL, s->tokens);
    for (int t = 0; t < one.T; t++)
        s->n += !one.mask || one.mask[t];
    return 0;
}

static double norm(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sqrt(sum);
}

static int look_at_tensors(struct work *w, const float *before, const float *after)
{
    const struct param_table *t = &w->r->core.model.table;
    w->out->tensors = calloc((size_t)t->n, sizeof *w->out->tensors);
    if (!w->out->tensors)
        return err_nomem(w->err, "the tensors' changes");
    for (int i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        double change = 0;
        if (p->alias >= 0)
            continue;
        struct replay_tensor *x = &w->out->tensors[w->out->ntensors++];
        for (size_t k = p->offset; k < p->offset + p->size; k++) {
            double d = (double)after[k] - (double)before[k];
            change += d * d;
        }
        snprintf(x->name, sizeof x->name, "%s", p->name);
        x->weight = norm(before + p->offset, p->size);
        x->update = sqrt(change);
        x->ratio = x->weight > WEIGHT_LEAST ? x->update / x->weight : NAN;
    }
    qsort(w->out->tensors, (size_t)w->out->ntensors, sizeof *w->out->tensors, by_ratio);
    return 0;
}

/* The step itself, then its sequences one by one on the weights from before it. */
static int look(struct work *w, float *before, float *after)
{
    struct run *r = w->r;
    struct core *c = &r->core;
    struct replay *out = w->out;
    struct update u = {0};
    size_t bytes = c->model.table.floats * sizeof(float);
    float *values = learner_values(c->learner);
    int64_t index = r->s.step;
    int phase = run_phase(r, index), rc = 0;
    if (index == r->phase_first)
        run_switch(r); /* so that `before` is what the step begins with; twice is as once */
    memcpy(before, values, bytes);
    run_advance(r, &u);
    memcpy(after, values, bytes);
    out->losses = u.losses;
    out->norm = u.norm;
    out->rate = u.rate;
    out->finite = u.finite;
    out->T = c->train.b.T;
    rc = w->rc ? w->rc : look_at_tensors(w, before, after);
    out->sequences = calloc((size_t)c->train.b.B, sizeof *out->sequences);
    if (!rc && !out->sequences)
        rc = err_nomem(w->err, "the sequences");
    memcpy(values, before, bytes);
    for (int k = 0; !rc && k < c->train.b.B; k++)
        rc = look_at_row(w, k, r->s.row - (uint64_t)c->train.b.B, phase);
    memcpy(values, after, bytes);
    return rc ? rc : rank(out, w->err);
}

static int walk(struct work *w)
{
    struct run *r = w->r;
    const struct replay_args *a = w->a;
    size_t bytes = r->core.model.table.floats * sizeof(float);
    float *before = malloc(bytes), *after = malloc(bytes);
    int rc = before && after ? 0 : err_nomem(w->err, "a copy of the weights");
    w->out->from = r->s.step;
    while (!rc && r->s.step < a->until) {
        struct update u = {0};
        if (a->progress)
            a->progress(a->ud, r->s.step);
        if (r->s.step + 1 == a->step)
            rc = look(w, before, after);
        else
            run_advance(r, &u);
        r->s.step++;
        rc = rc ? rc : w->rc;
    }
    free(before);
    free(after);
    return rc;
}

int replay_step(const struct replay_args *a, struct replay *out, struct err *err)
{
    struct work w = {.a = a, .out = out, .err = err};
    struct run_args args = {.config = a->config, .corpus_dir = a->corpus_dir, .resume = a->from,
                            .branch = a->branch, .sink = {.emit = on_event, .ud = &w}};
    memset(out, 0, sizeof *out);
    if (a->step < 1 || a->until < a->step || a->until > a->config.steps)
        return err_set(err, E_USAGE, "step %" PRId64 " is outside 1 to %ld", a->step, a->config.steps);
    w.r = calloc(1, sizeof *w.r);
    if (!w.r)
        return err_nomem(err, "a run");
    int rc = run_open(w.r, &args, err);
    if (!rc && w.r->s.step >= a->step)
        rc = err_set(err, E_INPUT, "the checkpoint of step %" PRId64 " is not before step %" PRId64,
                     w.r->s.step, a->step);
    if (!rc)
        rc = walk(&w);
    if (!rc) {
        out->corpus = w.r->corpus;
        w.r->corpus = NULL;
    }
    run_close(w.r);
    free(w.r);
    return rc;
}

void replay_free(struct replay *r)
{
    for (int i = 0; i < r->nsequences; i++)
        free(r->sequences[i].tokens);
    free(r->sequences);
    free(r->tensors);
    corpus_close(r->corpus);
    memset(r, 0, sizeof *r);
}
