/* See finetune_int.h: prediction files. GLUE's board takes index and prediction between tabs;
 * SQuAD's script a JSON object from question to text, and one to the odds of no answer. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/task/finetune_int.h"

/* Probabilities of the answers kept: softmax over their scores. */
static json_t *nbest_json(const struct squad_prediction *p)
{
    json_t *list = json_array();
    double sum = 0;
    for (int i = 0; i < p->n; i++)
        sum += exp(p->best[i].score - p->best[0].score);
    for (int i = 0; i < p->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:f, s:f}", "text", p->best[i].text, "probability",
                                              exp(p->best[i].score - p->best[0].score) / sum, "score",
                                              p->best[i].score));
    return list;
}

double null_threshold(const struct finetune_config *c)
{
    return c->null_threshold > -1000 ? c->null_threshold : c->head == FINETUNE_HF ? 0 : -2.75;
}

static int add_question(const struct task_data *d, const struct task_set *s,
                        const struct task_outputs *o, size_t from, size_t to,
                        struct span_answers *out, struct err *err)
{
    struct squad_prediction p;
    const char *id = s->squad.questions[s->windows.rows[from].question].id;
    int hf = d->a->config.head == FINETUNE_HF;
    int rc = squad_decode(&p, &s->squad, &s->windows, from, to, o->beams, hf, err);
    if (rc)
        return rc;
    out->no_answer += p.null_score > null_threshold(&d->a->config);
    rc |= json_object_set_new(out->predictions, id, json_string(p.best[0].text));
    rc |= json_object_set_new(out->null_odds, id, json_real(p.null_score));
    rc |= json_object_set_new(out->nbest, id, nbest_json(&p));
    squad_prediction_free(&p);
    return rc ? err_nomem(err, "answers") : 0;
}

int decode_set(const struct task_data *d, const struct task_set *s, const struct task_outputs *o,
               struct span_answers *out, struct err *err)
{
    size_t n = s->windows.items.n, to;
    int rc = 0;
    *out = (struct span_answers){.predictions = json_object(), .null_odds = json_object(),
                                 .nbest = json_object()};
    for (size_t from = 0; !rc && from < n; from = to) {
        for (to = from + 1; to < n && s->windows.rows[to].question == s->windows.rows[from].question;)
            to++;
        rc = add_question(d, s, o, from, to, out, err);
    }
    if (rc)
        span_answers_free(out);
    return rc;
}

void span_answers_free(struct span_answers *a)
{
    json_decref(a->predictions);
    json_decref(a->null_odds);
    json_decref(a->nbest);
    memset(a, 0, sizeof *a);
}

static int write_json(const char *dir, const char *name, json_t *j, struct err *err)
{
    char path[TASK_PATH + 64];
    char *text = json_dumps(j, JSON_INDENT(1));
    if (!text)
        return err_nomem(err, name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int rc = file_write_atomic(path, text, strlen(text), err);
    free(text);
    return rc;
}

static int write_spans(const struct task_data *d, const struct task_set *s,
                       const struct task_outputs *o, struct err *err)
{
    struct span_answers a;
    int rc = decode_set(d, s, o, &a, err);
    if (rc)
        return rc;
    json_t *final = json_object(), *text;
    const char *id;
    json_object_foreach((json_t *)a.predictions, id, text) {
        double null = json_real_value(json_object_get(a.null_odds, id));
        int none = s->squad.v2 && null > null_threshold(&d->a->config);
        json_object_set_new(final, id, json_string(none ? "" : json_string_value(text)));
    }
    rc = write_json(d->a->output, "predictions.json", final, err);
    if (!rc && s->squad.v2)
        rc = write_json(d->a->output, "null_odds.json", a.null_odds, err);
    if (!rc)
        rc = write_json(d->a->output, "nbest_predictions.json", a.nbest, err);
    json_decref(final);
    span_answers_free(&a);
    return rc;
}

/* row: of the file, rows that were left out counted. */
static void add_row(struct str *out, const struct task_data *d, const float *z, size_t row)
{
    int best = 0;
    if (task_is_regression(d->a->task)) {
        str_addf(out, "%zu\t%.4f\n", row, (double)z[0]);
        return;
    }
    for (int k = 1; k < d->labels.n; k++)
        best = z[k] > z[best] ? k : best;
    str_addf(out, "%zu\t%s\n", row, d->labels.names[best]);
}

int write_predictions(const struct task_data *d, const struct task_set *s,
                      const struct task_outputs *o, enum task_part_kind part, int number,
                      struct err *err)
{
    char path[TASK_PATH + 300], name[256];
    int rc = file_mkdirs(d->a->output, err);
    if (rc || task_is_span(d->a->task))
        return rc ? rc : write_spans(d, s, o, err);
    if (part == PART_DEV)
        snprintf(name, sizeof name, "dev%s", s->suffix);
    else if (!task_part(d->a->task->submission, '|', number, name, sizeof name))
        snprintf(name, sizeof name, "test");
    struct str out;
    str_init(&out);
    str_add(&out, "index\tprediction\n");
    for (size_t i = 0; i < s->examples.n; i++)
        add_row(&out, d, o->logits + i * (size_t)task_outputs(d), s->examples.rows[i].row);
    snprintf(path, sizeof path, "%s/%s.tsv", d->a->output, name);
    rc = out.failed ? err_nomem(err, "predictions")
                    : file_write_atomic(path, str_get(&out), out.len, err);
    str_free(&out);
    return rc;
}
