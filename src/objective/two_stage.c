/* Two-stage training (section 3.2 of the paper): first the generator alone, then the
 * discriminator on samples of the frozen generator. */
#include "src/objective/learner.h"

static void two_stage(struct slice *x)
{
    const struct config *c = x->l->args.config;
    if (x->gen.net)
        slice_generator(x);
    slice_sample(x, x->stage == 0 ? c->gen_weight : 0);
    if (x->stage == 0) {
        if (x->train)
            slice_backward_gen(x);
        return;
    }
    slice_discriminator(x, x->b->disc_ids, 0);
    slice_rtd(x, 0);
    if (!x->train)
        return;
    slice_rtd_backward(x, 0, x->disc_weight);
    slice_backward_disc(x);
}

const struct objective_ops objective_two_stage = {
    .info = {.name = "two_stage", .help = "the generator first, then the discriminator",
             .has_generator = 1, .main_heads = HEAD_RTD, .main_prefix = "discriminator",
             .stages = 2,
             .metrics = {METRIC_total_loss, METRIC_gen_loss, METRIC_disc_loss,
                         METRIC_mlm_loss_masked, METRIC_unigram_loss, METRIC_mlm_accuracy,
                         METRIC_sampled_accuracy, METRIC_rtd_auc, METRIC_rtd_auc_common,
                         METRIC_rtd_precision, METRIC_rtd_recall, METRIC_rtd_accuracy,
                         METRIC_rtd_majority, METRIC_fake_share, METRIC_disc_skill, -1}},
    .slice = two_stage};
