/* See finetune_int.h: outputs of a whole set, and their scores. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/task/finetune_int.h"
#include "src/task/score.h"

/* A regression's outputs become scores, within the task's bounds. */
static void to_scores(const struct task_data *d, float *z, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        z[i] = d->range > 0 ? z[i] * d->range + d->low : z[i];
        if (d->bounded)
            z[i] = fminf(fmaxf(z[i], d->least), d->most);
    }
}

int evaluate_set(const struct evaluator *e, const struct task_set *s, struct task_outputs *out,
                 struct err *err)
{
    const struct item_set *items = task_set_items(s);
    struct batching order;
    int rc = batching_init(&order, items, e->batch, err), C = e->classes;
    float *logits = malloc((size_t)e->batch * (size_t)C * sizeof *logits);
    struct span_beam *beams = malloc((size_t)e->batch * sizeof *beams);
    memset(out, 0, sizeof *out);
    if (e->span)
        out->beams = malloc((items->n + 1) * sizeof *out->beams);
    else
        out->logits = malloc((items->n + 1) * (size_t)C * sizeof *out->logits);
    if (!rc && (!logits || !beams || (!out->beams && !out->logits)))
        rc = err_nomem(err, "predictions");
    if (!rc)
        batching_eval(&order, items);
    for (size_t from = 0; !rc && from < items->n; from += (size_t)e->batch) {
        size_t n = items->n - from < (size_t)e->batch ? items->n - from : (size_t)e->batch;
        struct tune_batch b = {.logits = e->span ? NULL : logits, .beams = e->span ? beams : NULL};
        batch_rows_fill(e->rows, items, order.order + from, (int)n, e->pad, &b);
        tuner_eval(e->tuner, &b);
        for (size_t i = 0; i < n; i++) {
            size_t item = order.order[from + i];
            if (e->span)
                out->beams[item] = beams[i];
            else
                memcpy(out->logits + item * (size_t)C, logits + i * (size_t)C,
                       (size_t)C * sizeof *logits);
        }
    }
    if (!rc && !e->span && task_is_regression(e->data->a->task))
        to_scores(e->data, out->logits, items->n);
    free(logits);
    free(beams);
    batching_free(&order);
    if (rc)
        task_outputs_free(out);
    return rc;
}

void task_outputs_free(struct task_outputs *o)
{
    free(o->logits);
    free(o->beams);
    memset(o, 0, sizeof *o);
}

static void add(struct finetune_result *r, const struct task_set *s, const char *name, double value)
{
    if (r->n == SCORES_MAX)
        return;
    struct finetune_score *x = &r->scores[r->n++];
    snprintf(x->name, sizeof x->name, "%s%s", name, s->suffix);
    x->value = value;
}

/* The main score comes first: puts it there. */
static void put_first(struct finetune_result *r, int from, const char *name)
{
    for (int i = from + 1; i < r->n; i++) {
        struct finetune_score x = r->scores[i];
        if (strncmp(x.name, name, strlen(name)))
            continue;
        memmove(&r->scores[from + 1], &r->scores[from], (size_t)(i - from) * sizeof x);
        r->scores[from] = x;
        return;
    }
}

static int score_classes_of(const struct task_data *d, const struct task_set *s,
                            const struct task_outputs *o, struct finetune_result *r, struct err *err)
{
    size_t n = s->examples.n;
    int C = d->labels.n, first = r->n == 0, same = 1;
    int *gold = malloc(n * sizeof *gold), *pred = malloc(n * sizeof *pred);
    size_t *count = calloc((size_t)C, sizeof *count), most = 0;
    struct class_scores x;
    int rc = gold && pred && count ? 0 : err_nomem(err, "predictions");
    for (size_t i = 0; !rc && i < n; i++) {
        const float *z = o->logits + i * (size_t)C;
        gold[i] = s->examples.rows[i].label;
        pred[i] = 0;
        for (int k = 1; k < C; k++)
            pred[i] = z[k] > z[pred[i]] ? k : pred[i];
        same &= pred[i] == pred[0];
        count[gold[i]]++;
        most = count[gold[i]] > most ? count[gold[i]] : most;
    }
    if (!rc)
        rc = score_classes(gold, pred, n, C, &x, err);
    if (!rc) {
        int at = r->n;
        add(r, s, "accuracy", 100 * x.accuracy);
        if (C == 2)
            add(r, s, "f1", 100 * x.f1);
        add(r, s, "f1_macro", 100 * x.f1_macro);
        add(r, s, "matthews", 100 * x.matthews);
        put_first(r, at, d->a->task->metric);
        if (first)
            r->majority = strcmp(d->a->task->metric, "matthews") ? 100 * (double)most / (double)n : 0;
        if (first && same && n > 1) {
            r->failed = 1;
            snprintf(r->why, sizeof r->why, "every dev example is called %s",
                     visible((char[60]){0}, 60, d->labels.names[pred[0]]));
        }
    }
    free(gold);
    free(pred);
    free(count);
    return rc;
}

static int score_numbers(const struct task_set *s, const struct task_outputs *o,
                         const struct task_data *d, struct finetune_result *r, struct err *err)
{
    size_t n = s->examples.n;
    int first = r->n == 0, at = r->n;
    double *gold = malloc(n * sizeof *gold), *pred = malloc(n * sizeof *pred);
    double low = INFINITY, high = -INFINITY, glow = INFINITY, ghigh = -INFINITY;
    struct regression_scores x;
    int rc = gold && pred ? 0 : err_nomem(err, "predictions");
    for (size_t i = 0; !rc && i < n; i++) {
        gold[i] = s->examples.rows[i].score;
        pred[i] = (double)o->logits[i];
        low = fmin(low, pred[i]);
        high = fmax(high, pred[i]);
        glow = fmin(glow, gold[i]);
        ghigh = fmax(ghigh, gold[i]);
    }
    if (!rc)
        rc = score_regression(gold, pred, n, &x, err);
    if (!rc) {
        add(r, s, "pearson", 100 * x.pearson);
        add(r, s, "spearman", 100 * x.spearman);
        put_first(r, at, d->a->task->metric);
        if (first)
            r->majority = NAN;
        if (first && n > 1 && !(high - low > 1e-3 * (ghigh - glow))) {
            r->failed = 1;
            snprintf(r->why, sizeof r->why, "every dev example gets the same score");
        }
    }
    free(gold);
    free(pred);
    return rc;
}

static void add_spans(const struct task_data *d, const struct task_set *s, struct squad_result *q,
                      size_t no_answer, struct finetune_result *r)
{
    double at = q->v2 ? null_threshold(&d->a->config) : INFINITY;
    int first = r->n == 0;
    size_t count[3] = {0};
    double f1 = squad_at(q->questions, q->n, at, 1, 0, &count[0]);
    double exact = squad_at(q->questions, q->n, at, 0, 0, &count[0]);
    add(r, s, "f1", f1);
    add(r, s, "exact", exact);
    if (q->v2) {
        add(r, s, "f1_answerable", squad_at(q->questions, q->n, at, 1, 1, &count[1]));
        add(r, s, "f1_no_answer", squad_at(q->questions, q->n, at, 1, 2, &count[2]));
        struct squad_best best = squad_best_threshold(q->questions, q->n, 0);
        add(r, s, "best_exact", best.score);
        add(r, s, "best_exact_threshold", best.threshold);
        best = squad_best_threshold(q->questions, q->n, 1);
        add(r, s, "best_f1", best.score);
        add(r, s, "best_f1_threshold", best.threshold);
    }
    if (!first)
        return;
    r->majority = q->v2 ? 100 * (double)count[2] / (double)(count[0] ? count[0] : 1) : NAN;
    if (q->v2 && (no_answer == 0 || no_answer == q->n)) {
        r->failed = 1;
        snprintf(r->why, sizeof r->why, "%s question is said to have an answer",
                 no_answer ? "no" : "every");
    } else if (!q->v2 && !(exact > 0) && q->n >= 50) {
        r->failed = 1;
        snprintf(r->why, sizeof r->why, "no answer is right");
    }
}

static int score_spans(const struct task_data *d, const struct task_set *s,
                       const struct task_outputs *o, struct finetune_result *r, struct err *err)
{
    struct span_answers a;
    struct squad_result q;
    int rc = decode_set(d, s, o, &a, err);
    if (rc)
        return rc;
    rc = squad_score_json(s->squad.json, a.predictions, a.null_odds, s->path, &q, NULL, NULL, err);
    if (!rc) {
        add_spans(d, s, &q, a.no_answer, r);
        squad_result_free(&q);
    }
    span_answers_free(&a);
    return rc;
}

int score_set(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
              struct finetune_result *r, struct err *err)
{
    return task_is_span(d->a->task)         ? score_spans(d, s, o, r, err)
           : task_is_regression(d->a->task) ? score_numbers(s, o, d, r, err)
                                            : score_classes_of(d, s, o, r, err);
}
