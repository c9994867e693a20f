/* See finetune_int.h: the dev examples that the tuned network got wrong, the surest first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/task/finetune_int.h"

struct wrong { size_t place; int said; double confidence; };

static int by_confidence(const void *x, const void *y)
{
    const struct wrong *a = x, *b = y;
    if (a->confidence < b->confidence || a->confidence > b->confidence)
        return a->confidence < b->confidence ? 1 : -1;
    return a->place < b->place ? -1 : 1;
}

/* The class with the largest logit, and its probability. */
static int most_likely(const float *z, int classes, double *p)
{
    double sum = 0;
    int best = 0;
    for (int k = 1; k < classes; k++)
        best = z[k] > z[best] ? k : best;
    for (int k = 0; k < classes; k++)
        sum += exp((double)z[k] - (double)z[best]);
    *p = 1 / sum;
    return best;
}

static size_t collect(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
                      struct wrong *out)
{
    size_t n = 0;
    int numbers = task_is_regression(d->a->task), C = numbers ? 1 : d->labels.n;
    for (size_t i = 0; i < s->examples.n; i++) {
        const struct example *x = &s->examples.rows[i];
        const float *z = o->logits + i * (size_t)C;
        struct wrong w = {.place = i};
        if (numbers)
            w.confidence = fabs((double)z[0] - x->score); /* how far off it is */
        else
            w.said = most_likely(z, C, &w.confidence);
        if (numbers || w.said != x->label)
            out[n++] = w;
    }
    return n;
}

static void describe(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
                     const struct wrong *w, struct finetune_mistake *m)
{
    const struct example *x = &s->examples.rows[w->place];
    visible(m->text, sizeof m->text, examples_text(&s->examples, x->a));
    visible(m->second, sizeof m->second, examples_text(&s->examples, x->b));
    m->place = (int64_t)x->row;
    m->confidence = w->confidence;
    if (task_is_regression(d->a->task)) {
        snprintf(m->label, sizeof m->label, "%.2f", x->score);
        snprintf(m->said, sizeof m->said, "%.2f", (double)o->logits[w->place]);
    } else {
        visible(m->label, sizeof m->label, x->label >= 0 ? d->labels.names[x->label] : "");
        visible(m->said, sizeof m->said, d->labels.names[w->said]);
    }
}

int tell_mistakes(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
                  struct err *err)
{
    if (!d->a->mistakes || task_is_span(d->a->task))
        return 0;
    struct wrong *all = malloc((s->examples.n + 1) * sizeof *all);
    struct finetune_mistake *told = malloc(MISTAKES_MAX * sizeof *told);
    int rc = all && told ? 0 : err_nomem(err, "the mistakes");
    if (!rc) {
        struct finetune_mistakes m = {.seed = (int)d->a->config.seed, .rows = told};
        m.wrong = collect(d, s, o, all);
        m.of = s->examples.n;
        qsort(all, m.wrong, sizeof *all, by_confidence);
        m.n = m.wrong < MISTAKES_MAX ? (int)m.wrong : MISTAKES_MAX;
        for (int i = 0; i < m.n; i++)
            describe(d, s, o, &all[i], &told[i]);
        d->a->mistakes(d->a->ud, &m);
    }
    free(all);
    free(told);
    return rc;
}
