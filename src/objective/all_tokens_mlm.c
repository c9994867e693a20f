/* All-Tokens MLM (section 3.4 of the paper): the main network predicts the original at every
 * token of the corrupted text, with a copy gate. With g the gate's logit, q = softmax(target):
 *   P = sigmoid(g) [target = input] + (1 - sigmoid(g)) q,   loss = -mean log P. */
#include <math.h>

#include "src/objective/learner.h"

struct each {
    struct slice *x;
    int off; /* first token of this pass */
};

static double log_sigmoid(double z)
{
    return z < 0 ? z - log1p(exp(z)) : -log1p(exp(-z));
}

static float gate_row(void *ud, const struct mlm_row *row)
{
    struct slice *x = ((struct each *)ud)->x;
    int at = x->s->rows[row->index];
    size_t global = (size_t)x->row * (size_t)x->b->T + (size_t)at;
    int copied = x->b->disc_ids[global] == x->b->ids[global];
    const float *h = encoder_out(x->disc.net, &x->s->disc) + (size_t)at * (size_t)x->disc.net->shape.hidden;
    double g = (double)unit_forward(&x->disc, x->disc.net->gate_w, x->disc.net->gate_b, h);
    double write = log_sigmoid(-g) + row->log_prob, log_p = write, share = 1, dg;
    double sigmoid = 1 / (1 + exp(-g));
    if (copied) {
        double copy = log_sigmoid(g), top = fmax(copy, write);
        log_p = top + log(exp(copy - top) + exp(write - top));
        share = exp(write - log_p);
        /* d(-log P)/dg = -s (1 - s) (1 - q) / P */
        dg = -exp(copy + log_sigmoid(-g) - log_p) * -expm1(row->log_prob);
    } else {
        dg = sigmoid;
    }
    x->out->main -= log_p / x->token_sum;
    double scale = x->disc_weight / x->token_sum;
    if (x->disc.grads)
        unit_backward(&x->disc, x->disc.net->gate_w, x->disc.net->gate_b, h, (float)(scale * dg),
                      x->s->ddisc + (size_t)at * (size_t)x->disc.net->shape.hidden);
    return (float)(scale * share);
}

static void all_tokens(struct slice *x)
{
    const struct config *c = x->l->args.config;
    struct each e = {x, 0};
    int count = 0, R = x->n * x->b->T;
    size_t from = (size_t)x->row * (size_t)x->b->T;
    if (x->gen.net)
        slice_generator(x);
    slice_sample(x, c->gen_weight);
    slice_discriminator(x, x->b->disc_ids, 0);
    for (int i = 0; i < R; i++) {
        if (x->b->mask && !x->b->mask[from + (size_t)i])
            continue;
        x->s->rows[count] = i;
        x->s->targets[count++] = x->b->ids[from + (size_t)i];
    }
    mlm_pass(&x->disc, &x->s->head, encoder_out(x->disc.net, &x->s->disc), x->s->rows, x->s->targets,
             count, gate_row, &e, x->s->ddisc);
    if (!x->train)
        return;
    slice_backward_disc(x);
    slice_backward_gen(x);
}

const struct objective_ops objective_all_tokens_mlm = {
    .info = {.name = "all_tokens_mlm", .help = "predicts every token, with a copy gate",
             .has_generator = 1, .main_heads = HEAD_MLM | HEAD_GATE, .main_prefix = "main",
             .stages = 1,
             .metrics = {METRIC_total_loss, METRIC_gen_loss, METRIC_main_loss,
                         METRIC_mlm_loss_masked, METRIC_unigram_loss, METRIC_mlm_accuracy,
                         METRIC_sampled_accuracy, METRIC_gen_entropy, -1}},
    .slice = all_tokens};
