/* Hugging Face's question-answering head: a start and an end logit for every token, independent
 * of each other; the softmax goes over all T positions, padding included. */
#include <math.h>
#include <string.h>

#include "src/task/tuner_int.h"

enum { W, B };

static int declare(struct tuner *t, struct err *err)
{
    t->head[W] = head_param(t, "qa_outputs.weight", 2, t->shape.hidden, 2, 0, err);
    t->head[B] = head_param(t, "qa_outputs.bias", 1, 2, 1, 0, err);
    return t->head[W] < 0 ? t->head[W] : t->head[B] < 0 ? t->head[B] : 0;
}

/* The best starts and ends among the tokens of one window. */
static void fill_beam(struct tune_slice *x, int i, const float *z)
{
    struct span_beam *beam = &x->b->beams[x->row + i];
    int T = x->b->T, at[SPAN_BEAM], len = 0;
    const uint8_t *mask = x->b->mask ? x->b->mask + (size_t)(x->row + i) * (size_t)T : NULL;
    while (len < T && (!mask || mask[len]))
        len++;
    beam->starts = head_top(len, z, 2, SPAN_BEAM, at);
    beam->null_score = z[0] + z[1];
    for (int k = 0; k < beam->starts; k++) {
        beam->start[k].at = at[k];
        beam->start[k].score = z[2 * at[k]];
    }
    int ends = head_top(len, z + 1, 2, SPAN_BEAM, at);
    for (int k = 0; k < beam->starts; k++) {
        beam->start[k].ends = ends;
        for (int j = 0; j < ends; j++) {
            beam->start[k].end[j].at = at[j];
            beam->start[k].end[j].score = z[2 * at[j] + 1];
        }
    }
}

static void slice(struct tune_slice *x)
{
    const struct tune_batch *b = x->b;
    int T = b->T, D = x->t->shape.hidden, R = x->n * T;
    const float *h = encoder_out(&x->t->model.disc, &x->s->acts);
    head_linear(x, R, D, 2, h, W, B, x->s->z);
    for (int i = 0; i < x->n; i++) {
        float *z = x->s->z + (size_t)i * (size_t)T * 2, *dz = x->s->dz + (size_t)i * (size_t)T * 2;
        if (b->start && b->end) {
            double c = x->scale / 2;
            x->loss += c * head_cross_entropy(T, z, 2, b->start[x->row + i], c, dz);
            x->loss += c * head_cross_entropy(T, z + 1, 2, b->end[x->row + i], c, dz + 1);
        }
        if (b->beams)
            fill_beam(x, i, z);
    }
    if (b->logits)
        memcpy(b->logits + (size_t)x->row * (size_t)T * 2, x->s->z, (size_t)R * 2 * sizeof(float));
    if (x->run.grads)
        head_linear_grad(x, R, D, 2, h, x->s->dz, W, B, x->s->dh);
}

const struct head_ops head_span_hf = {.name = "hf", .architecture = "ElectraForQuestionAnswering",
                                      .declare = declare, .slice = slice};
