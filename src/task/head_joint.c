/* The question-answering head as released (electra.md section 7.3): a start logit a token; an end
 * logit a token given the start, from both hidden states through 512 GELU units; and whether there
 * is an answer at all, from [CLS] and the mean state under the start distribution. Training feeds
 * the gold start, decoding the 20 best. Only [CLS] and the passage can be chosen. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/task/tuner_int.h"

enum { SW, SB, HW, HB, EW, EB, AW, AB, CW, CB };
#define ANSWERABLE_WEIGHT 0.5

static int declare(struct tuner *t, struct err *err)
{
    static const struct { const char *name; int rows, wide; } layers[] = {
        {"qa_start", 1, 1}, {"qa_end_hidden", JOINT_HIDDEN, 2}, {"qa_end", 1, 0},
        {"qa_answer_hidden", JOINT_HIDDEN, 2}, {"qa_answer", 1, 0}};
    int rc = 0;
    for (int i = 0; !rc && i < 5; i++) {
        char name[64];
        int cols = layers[i].wide ? layers[i].wide * t->shape.hidden : JOINT_HIDDEN;
        snprintf(name, sizeof name, "%s.weight", layers[i].name);
        t->head[2 * i] = head_param(t, name, layers[i].rows, cols, 2, 1, err);
        snprintf(name, sizeof name, "%s.bias", layers[i].name);
        t->head[2 * i + 1] = head_param(t, name, 1, layers[i].rows, 1, 1, err);
        rc = t->head[2 * i] < 0 ? t->head[2 * i] : t->head[2 * i + 1] < 0 ? t->head[2 * i + 1] : 0;
    }
    return rc;
}

/* One window: sequence number `row` of the batch, its hidden states and their gradient. */
struct window {
    struct tune_slice *x;
    int row, T, D;
    const float *h;     /* [T,D] */
    float *dh;          /* [T,D] */
    float *zs, *ze;     /* [T] logits of start and end, masked */
    float *dzs, *dze;   /* [T] */
};

static int may_answer(const struct window *w, int t)
{
    size_t at = (size_t)w->row * (size_t)w->T + (size_t)t;
    const struct tune_batch *b = w->x->b;
    return t == 0 || ((!b->mask || b->mask[at]) && (!b->segments || b->segments[at]));
}

#define LANES 8 /* sums at work side by side: one alone waits for each addition */

static float dot(int n, const float *a, const float *b)
{
    double sum[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            sum[k] += (double)a[i + k] * (double)b[i + k];
    for (; i < n; i++)
        sum[0] += (double)a[i] * (double)b[i];
    for (int k = LANES / 2; k > 0; k /= 2)
        for (int j = 0; j < k; j++)
            sum[j] += sum[j + k];
    return (float)sum[0];
}

/* out[512] = W[:, from:from+D] v: one half of a layer that reads two states side by side. */
static void half_layer(const struct window *w, int layer, int half, const float *v, float *out)
{
    const float *m = head_value(w->x, layer) + half * w->D;
    for (int i = 0; i < JOINT_HIDDEN; i++)
        out[i] = dot(w->D, m + (size_t)i * 2 * (size_t)w->D, v);
}

/* Its gradient: dW[:, half] += dy v^T, dv += W[:, half]^T dy. */
static void half_layer_grad(const struct window *w, int layer, int half, const float *v,
                            const float *dy, float *dv)
{
    const struct math *k = w->x->run.math;
    size_t D = (size_t)w->D;
    const float *m = head_value(w->x, layer) + (size_t)half * D;
    float *dm = head_grad(w->x, layer) + (size_t)half * D;
    for (size_t i = 0; i < JOINT_HIDDEN; i++) {
        k->axpy(D, dy[i], v, dm + i * 2 * D);
        k->axpy(D, dy[i], m + i * 2 * D, dv);
    }
}

static void start_logits(struct window *w)
{
    const float *v = head_value(w->x, SW);
    float b = head_value(w->x, SB)[0];
    for (int t = 0; t < w->T; t++)
        w->zs[t] = dot(w->D, w->h + (size_t)t * (size_t)w->D, v) + b - (may_answer(w, t) ? 0 : 1000);
}

/* shift[512] = W_a h_start + b: what a start adds to the hidden layer of every end. */
static void start_shift(struct window *w, int start, float *shift)
{
    half_layer(w, HW, 0, w->h + (size_t)start * (size_t)w->D, shift);
    w->x->run.math->bias(1, JOINT_HIDDEN, shift, head_value(w->x, HB), shift);
}

/* The same of many starts at once, [n,512]. */
static void start_shifts(struct window *w, const int *starts, int n, float *shift)
{
    struct tune_scratch *s = w->x->s;
    const struct math *k = w->x->run.math;
    size_t D = (size_t)w->D;
    for (int i = 0; i < n; i++)
        memcpy(s->dropped + (size_t)i * D, w->h + (size_t)starts[i] * D, D * sizeof(float));
    k->gemm(0, 1, n, JOINT_HIDDEN, w->D, s->dropped, w->D, head_value(w->x, HW), 2 * w->D, 0, shift,
            JOINT_HIDDEN, w->x->run.ws);
    k->bias(n, JOINT_HIDDEN, shift, head_value(w->x, HB), shift);
}

/* End logits given a start: s->u = W_b h (kept for all starts), s->y = GELU(s->u + shift); its slope
 * into s->wide when training. */
static void end_logits(struct window *w, const float *shift)
{
    struct tune_scratch *s = w->x->s;
    const struct math *k = w->x->run.math;
    float eb = head_value(w->x, EB)[0];
    k->bias_gelu(w->T, JOINT_HIDDEN, s->u, shift, w->x->run.grads ? s->wide : NULL, s->y);
    k->gemm(0, 1, w->T, 1, JOINT_HIDDEN, s->y, JOINT_HIDDEN, head_value(w->x, EW), JOINT_HIDDEN, 0,
            w->ze, 1, w->x->run.ws);
    for (int t = 0; t < w->T; t++)
        w->ze[t] += eb - (may_answer(w, t) ? 0 : 1000);
}

static void end_grad(struct window *w, int start, float *sum)
{
    struct tune_scratch *s = w->x->s;
    const struct math *k = w->x->run.math;
    const float *v = head_value(w->x, EW);
    int D = w->D, T = w->T;
    float *de = head_grad(w->x, EW);
    for (int t = 0; t < T; t++) {
        float *y = s->y + (size_t)t * JOINT_HIDDEN, d = w->dze[t];
        k->axpy(JOINT_HIDDEN, d, y, de);
        head_grad(w->x, EB)[0] += d;
        for (int i = 0; i < JOINT_HIDDEN; i++)
            y[i] = d * v[i];
    }
    k->gelu_grad((size_t)T * JOINT_HIDDEN, s->wide, s->y, s->y);
    k->bias_grad(T, JOINT_HIDDEN, s->y, head_grad(w->x, HB));
    k->gemm(1, 0, JOINT_HIDDEN, D, T, s->y, JOINT_HIDDEN, w->h, D, 1, head_grad(w->x, HW) + D,
            2 * D, w->x->run.ws);
    k->gemm(0, 0, T, D, JOINT_HIDDEN, s->y, JOINT_HIDDEN, head_value(w->x, HW) + D, 2 * D, 1,
            w->dh, D, w->x->run.ws);
    memset(sum, 0, JOINT_HIDDEN * sizeof *sum);
    k->bias_grad(T, JOINT_HIDDEN, s->y, sum);
    half_layer_grad(w, HW, 0, w->h + (size_t)start * (size_t)D, sum,
                    w->dh + (size_t)start * (size_t)D);
}

/* p[T] = softmax of the start logits. */
static void start_probabilities(const struct window *w, float *p)
{
    double top = -INFINITY, sum = 0;
    for (int t = 0; t < w->T; t++)
        top = fmax(top, (double)w->zs[t]);
    for (int t = 0; t < w->T; t++)
        sum += exp((double)w->zs[t] - top);
    for (int t = 0; t < w->T; t++)
        p[t] = (float)(exp((double)w->zs[t] - top) / sum);
}

/* Memory of the answerability part, in s->small. */
struct answer {
    float *mean, *u, *y, *dmean, *half; /* [D], [512], [512], [D], [512] */
};

static struct answer answer_parts(const struct window *w)
{
    float *m = w->x->s->small;
    return (struct answer){.mean = m, .dmean = m + w->D, .u = m + 2 * w->D,
                           .y = m + 2 * w->D + JOINT_HIDDEN,
                           .half = m + 2 * w->D + 2 * JOINT_HIDDEN};
}

/* The logit of "no answer". */
static float answer_logit(const struct window *w, const float *p)
{
    struct answer a = answer_parts(w);
    memset(a.mean, 0, (size_t)w->D * sizeof(float));
    for (int t = 0; t < w->T; t++)
        w->x->run.math->axpy((size_t)w->D, p[t], w->h + (size_t)t * (size_t)w->D, a.mean);
    half_layer(w, AW, 0, w->h, a.u);
    half_layer(w, AW, 1, a.mean, a.half);
    for (int i = 0; i < JOINT_HIDDEN; i++)
        a.u[i] += a.half[i];
    w->x->run.math->bias_gelu(1, JOINT_HIDDEN, a.u, head_value(w->x, AB), a.u, a.y);
    return dot(JOINT_HIDDEN, a.y, head_value(w->x, CW)) + head_value(w->x, CB)[0];
}

static void answer_grad(struct window *w, const float *p, float d)
{
    struct answer a = answer_parts(w);
    const struct math *k = w->x->run.math;
    const float *v = head_value(w->x, CW);
    float *ab = head_grad(w->x, AB);
    k->axpy(JOINT_HIDDEN, d, a.y, head_grad(w->x, CW));
    head_grad(w->x, CB)[0] += d;
    for (int i = 0; i < JOINT_HIDDEN; i++)
        a.y[i] = d * v[i];
    k->gelu_grad(JOINT_HIDDEN, a.u, a.y, a.y);
    k->axpy(JOINT_HIDDEN, 1, a.y, ab);
    half_layer_grad(w, AW, 0, w->h, a.y, w->dh);
    memset(a.dmean, 0, (size_t)w->D * sizeof(float));
    half_layer_grad(w, AW, 1, a.mean, a.y, a.dmean);
    double mean = 0;
    for (int t = 0; t < w->T; t++)
        mean += (double)p[t] * (double)dot(w->D, a.dmean, w->h + (size_t)t * (size_t)w->D);
    for (int t = 0; t < w->T; t++) {
        const float *h = w->h + (size_t)t * (size_t)w->D;
        w->dzs[t] += p[t] * (float)((double)dot(w->D, a.dmean, h) - mean);
        k->axpy((size_t)w->D, p[t], a.dmean, w->dh + (size_t)t * (size_t)w->D);
    }
}

static void start_grad(struct window *w)
{
    const struct math *k = w->x->run.math;
    size_t D = (size_t)w->D;
    for (size_t t = 0; t < (size_t)w->T; t++) {
        k->axpy(D, w->dzs[t], w->h + t * D, head_grad(w->x, SW));
        head_grad(w->x, SB)[0] += w->dzs[t];
        k->axpy(D, w->dzs[t], head_value(w->x, SW), w->dh + t * D);
    }
}

static void with_labels(struct window *w, float *p)
{
    struct tune_slice *x = w->x;
    const struct tune_batch *b = x->b;
    int start = b->start[w->row], end = b->end[w->row];
    float *shift = x->s->small + 2 * w->D + 3 * JOINT_HIDDEN;
    double c = x->scale / 2, ca = x->scale * ANSWERABLE_WEIGHT;
    double z = (double)answer_logit(w, p), y = b->impossible ? b->impossible[w->row] : 0;
    start_shift(w, start, shift);
    end_logits(w, shift);
    x->loss += c * head_cross_entropy(w->T, w->zs, 1, start, c, w->dzs);
    x->loss += c * head_cross_entropy(w->T, w->ze, 1, end, c, w->dze);
    x->loss += ca * (fmax(z, 0) - z * y + log1p(exp(-fabs(z))));
    if (!x->run.grads)
        return;
    memset(w->dh, 0, (size_t)w->T * (size_t)w->D * sizeof(float));
    end_grad(w, start, shift);
    answer_grad(w, p, (float)(ca * (1 / (1 + exp(-z)) - y)));
    start_grad(w);
}

/* log(sum exp z) over the window. */
static double log_sum(int n, const float *z)
{
    return head_cross_entropy(n, z, 1, 0, 0, NULL) + (double)z[0];
}

static void fill_beam(struct window *w, float *p)
{
    struct span_beam *beam = &w->x->b->beams[w->row];
    float *shift = w->x->s->wide; /* free here: nothing is trained */
    double all_starts = log_sum(w->T, w->zs);
    int at[SPAN_BEAM];
    beam->null_score = answer_logit(w, p);
    beam->starts = head_top(w->T, w->zs, 1, SPAN_BEAM, at);
    start_shifts(w, at, beam->starts, shift);
    for (int k = 0; k < beam->starts; k++) {
        int ends[SPAN_BEAM];
        beam->start[k].at = at[k];
        beam->start[k].score = (float)((double)w->zs[at[k]] - all_starts);
        end_logits(w, shift + (size_t)k * JOINT_HIDDEN);
        beam->start[k].ends = head_top(w->T, w->ze, 1, SPAN_BEAM, ends);
        double all_ends = log_sum(w->T, w->ze);
        for (int j = 0; j < beam->start[k].ends; j++) {
            beam->start[k].end[j].at = ends[j];
            beam->start[k].end[j].score = (float)((double)w->ze[ends[j]] - all_ends);
        }
    }
}

static void slice(struct tune_slice *x)
{
    int T = x->b->T, D = x->t->shape.hidden;
    struct tune_scratch *s = x->s;
    const float *h = encoder_out(&x->t->model.disc, &s->acts);
    for (int i = 0; i < x->n; i++) {
        size_t from = (size_t)i * (size_t)T * (size_t)D;
        struct window w = {.x = x, .row = x->row + i, .T = T, .D = D, .h = h + from,
                           .dh = s->dh + from, .zs = s->z, .ze = s->z + T, .dzs = s->dz,
                           .dze = s->dz + T};
        float *p = s->x; /* [T]: the classification heads' memory is free here */
        start_logits(&w);
        start_probabilities(&w, p);
        x->run.math->gemm(0, 1, T, JOINT_HIDDEN, D, w.h, D, head_value(x, HW) + D, 2 * D, 0, s->u,
                          JOINT_HIDDEN, x->run.ws);
        if (x->b->start && x->b->end)
            with_labels(&w, p);
        if (x->b->beams && !x->run.grads)
            fill_beam(&w, p);
    }
}

const struct head_ops head_span_joint = {.name = "released",
                                         .architecture = "ElectraReleasedQuestionAnswering",
                                         .declare = declare, .slice = slice};
