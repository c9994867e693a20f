/* Classification and regression on the hidden state of [CLS]: as released (one linear layer) and
 * as Hugging Face has it (dense, GELU, out_proj). */
#include <string.h>

#include "src/task/tuner_int.h"

enum { W, B, OW, OB };

static int declare_released(struct tuner *t, struct err *err)
{
    int D = t->shape.hidden, C = t->args.labels;
    t->head[W] = head_param(t, "classifier.weight", C, D, 2, 1, err);
    t->head[B] = head_param(t, "classifier.bias", 1, C, 1, 1, err);
    return t->head[W] < 0 ? t->head[W] : t->head[B] < 0 ? t->head[B] : 0;
}

static int declare_hf(struct tuner *t, struct err *err)
{
    int D = t->shape.hidden, C = t->args.labels, rc = 0;
    t->head[W] = head_param(t, "classifier.dense.weight", D, D, 2, 0, err);
    t->head[B] = head_param(t, "classifier.dense.bias", 1, D, 1, 0, err);
    t->head[OW] = head_param(t, "classifier.out_proj.weight", C, D, 2, 0, err);
    t->head[OB] = head_param(t, "classifier.out_proj.bias", 1, C, 1, 0, err);
    for (int i = W; i <= OB; i++)
        rc = t->head[i] < 0 ? t->head[i] : rc;
    return rc;
}

/* Dropped hidden states of [CLS] -> s->x. */
static void gather(struct tune_slice *x)
{
    int D = x->t->shape.hidden;
    const float *h = encoder_out(&x->t->model.disc, &x->s->acts);
    struct dropout drop = head_drop(x, 0);
    for (int i = 0; i < x->n; i++)
        memcpy(x->s->x + (size_t)i * (size_t)D, h + (size_t)i * (size_t)x->b->T * (size_t)D,
               (size_t)D * sizeof(float));
    if (drop.p > 0)
        x->run.math->dropout(x->n, D, x->s->x, &drop, x->run.drop.row0, x->s->x);
}

/* Gradient of the dropped states -> rows of s->dh. */
static void scatter(struct tune_slice *x, float *dx)
{
    int D = x->t->shape.hidden;
    struct dropout drop = head_drop(x, 0);
    if (drop.p > 0)
        x->run.math->dropout(x->n, D, dx, &drop, x->run.drop.row0, dx);
    memset(x->s->dh, 0, (size_t)x->n * (size_t)x->b->T * (size_t)D * sizeof(float));
    for (int i = 0; i < x->n; i++)
        memcpy(x->s->dh + (size_t)i * (size_t)x->b->T * (size_t)D, dx + (size_t)i * (size_t)D,
               (size_t)D * sizeof(float));
}

/* Loss and gradient of the logits in s->z. */
static void loss(struct tune_slice *x)
{
    int C = x->t->args.labels;
    const struct tune_batch *b = x->b;
    for (int i = 0; i < x->n; i++) {
        float *z = x->s->z + i * C, *dz = x->s->dz + i * C;
        if (C == 1 && b->targets) {
            double d = (double)z[0] - (double)b->targets[x->row + i];
            x->loss += x->scale * d * d;
            dz[0] = (float)(2 * x->scale * d);
        } else if (C > 1 && b->labels) {
            x->loss += x->scale * head_cross_entropy(C, z, 1, b->labels[x->row + i], x->scale, dz);
        }
    }
    if (b->logits)
        memcpy(b->logits + (size_t)x->row * (size_t)C, x->s->z,
               (size_t)x->n * (size_t)C * sizeof(float));
}

static void slice_released(struct tune_slice *x)
{
    int D = x->t->shape.hidden, C = x->t->args.labels;
    gather(x);
    head_linear(x, x->n, D, C, x->s->x, W, B, x->s->z);
    loss(x);
    if (!x->run.grads)
        return;
    head_linear_grad(x, x->n, D, C, x->s->x, x->s->dz, W, B, x->s->y);
    scatter(x, x->s->y);
}

static void slice_hf(struct tune_slice *x)
{
    int D = x->t->shape.hidden, C = x->t->args.labels, n = x->n;
    const struct math *k = x->run.math;
    struct tune_scratch *s = x->s;
    struct dropout drop = head_drop(x, 1);
    gather(x);
    k->gemm(0, 1, n, D, D, s->x, D, head_value(x, W), D, 0, s->y, D, x->run.ws);
    k->bias_gelu(n, D, s->y, head_value(x, B), s->u, s->y);
    if (drop.p > 0)
        k->dropout(n, D, s->y, &drop, x->run.drop.row0, s->y);
    head_linear(x, n, D, C, s->y, OW, OB, s->z);
    loss(x);
    if (!x->run.grads)
        return;
    head_linear_grad(x, n, D, C, s->y, s->dz, OW, OB, s->dropped);
    if (drop.p > 0)
        k->dropout(n, D, s->dropped, &drop, x->run.drop.row0, s->dropped);
    k->gelu_grad((size_t)n * (size_t)D, s->u, s->dropped, s->dropped);
    head_linear_grad(x, n, D, D, s->x, s->dropped, W, B, s->y);
    scatter(x, s->y);
}

const struct head_ops head_class = {.name = "released", .architecture = "ElectraReleasedClassifier",
                                    .declare = declare_released, .slice = slice_released};
const struct head_ops head_class_hf = {.name = "hf",
                                       .architecture = "ElectraForSequenceClassification",
                                       .declare = declare_hf, .slice = slice_hf};
