/* Adversarial training by REINFORCE with a learned baseline (appendix F of the paper; scaling as
 * in the fixtures): R = the discriminator's loss at the sampled token (no gradient),
 *   q = baseline_head . stop(h), base = -log sigmoid(q),
 *   rl_loss = -sum w (R - base) log p_G(sample) / sum w,
 *   baseline_loss = sum w BCE(sigmoid(q), exp(-R)) / sum w. */
#include <math.h>

#include "src/objective/learner.h"

struct each {
    struct slice *x;
};

static float reward_row(void *ud, const struct mlm_row *row)
{
    struct slice *x = ((struct each *)ud)->x;
    const struct config *c = x->l->args.config;
    int at = x->s->rows[row->index], slot = x->s->slot[row->index];
    double w = x->b->weights[slot], z = (double)x->s->logits[at];
    int y = x->b->labels[(size_t)x->row * (size_t)x->b->T + (size_t)at];
    double R = fmax(z, 0) - z * y + log1p(exp(-fabs(z)));
    const float *h = encoder_out(x->gen.net, &x->s->gen) + (size_t)at * (size_t)x->gen.net->shape.hidden;
    double q = (double)unit_forward(&x->gen, x->gen.net->base_w, x->gen.net->base_b, h);
    double base = log1p(exp(-fabs(q))) + fmax(-q, 0), target = exp(-R);
    double share = w / x->weight_sum;
    x->out->rl -= share * (R - base) * row->log_prob;
    x->out->baseline += share * (fmax(q, 0) - q * target + log1p(exp(-fabs(q))));
    if (x->gen.grads)
        unit_backward(&x->gen, x->gen.net->base_w, x->gen.net->base_b, h,
                      (float)(share * (1 / (1 + exp(-q)) - target)), NULL);
    return (float)(c->gen_weight * share * (R - base));
}

static void adversarial(struct slice *x)
{
    struct each e = {x};
    slice_generator(x);
    slice_sample(x, 0);
    slice_discriminator(x, x->b->disc_ids, 0);
    slice_rtd(x, 0);
    if (x->train) {
        slice_rtd_backward(x, 0, x->disc_weight);
        slice_backward_disc(x);
    }
    int count = slice_slots(x);
    for (int i = 0; i < count; i++)
        x->s->targets[i] = x->b->sampled[x->s->slot[i]];
    mlm_pass(&x->gen, &x->s->head, encoder_out(x->gen.net, &x->s->gen), x->s->rows, x->s->targets,
             count, reward_row, &e, x->s->dgen);
    if (x->train)
        slice_backward_gen(x);
}

const struct objective_ops objective_adversarial = {
    .info = {.name = "adversarial", .help = "the generator is rewarded for fooling (REINFORCE)",
             .has_generator = 1, .main_heads = HEAD_RTD, .main_prefix = "discriminator",
             .stages = 1,
             .metrics = {METRIC_total_loss, METRIC_gen_loss, METRIC_disc_loss, METRIC_rl_loss,
                         METRIC_baseline_loss, METRIC_mlm_loss_masked, METRIC_unigram_loss,
                         METRIC_mlm_accuracy, METRIC_sampled_accuracy, METRIC_rtd_auc,
                         METRIC_rtd_auc_common, METRIC_rtd_precision, METRIC_rtd_recall,
                         METRIC_rtd_accuracy, METRIC_rtd_majority, METRIC_fake_share,
                         METRIC_disc_skill, METRIC_leaf_angle, -1}},
    .slice = adversarial};
