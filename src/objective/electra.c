/* ELECTRA, joint (section 3.1 of the paper): the generator's masked LM plus replaced token
 * detection over all tokens; and ELECTRA 15 %, which looks at the chosen positions only. */
#include "src/objective/learner.h"

static void joint(struct slice *x, int only_chosen)
{
    const struct config *c = x->l->args.config;
    if (x->gen.net)
        slice_generator(x);
    slice_sample(x, c->gen_weight);
    slice_discriminator(x, x->b->disc_ids, 0);
    slice_rtd(x, only_chosen);
    if (!x->train)
        return;
    slice_rtd_backward(x, only_chosen, x->disc_weight);
    slice_backward_disc(x);
    slice_backward_gen(x);
}

static void electra(struct slice *x)
{
    joint(x, 0);
}

static void electra15(struct slice *x)
{
    joint(x, 1);
}

#define RTD_METRICS                                                                            \
    METRIC_total_loss, METRIC_gen_loss, METRIC_disc_loss, METRIC_mlm_loss_masked,              \
        METRIC_unigram_loss, METRIC_mlm_accuracy, METRIC_sampled_accuracy, METRIC_gen_entropy, \
        METRIC_rtd_auc, METRIC_rtd_auc_common, METRIC_rtd_precision, METRIC_rtd_recall,        \
        METRIC_rtd_accuracy, METRIC_rtd_majority, METRIC_fake_share, METRIC_said_share,        \
        METRIC_disc_skill, METRIC_leaf_angle, -1

const struct objective_ops objective_electra = {
    .info = {.name = "electra", .help = "generator and discriminator, joint", .has_generator = 1,
             .main_heads = HEAD_RTD, .main_prefix = "discriminator", .stages = 1,
             .metrics = {RTD_METRICS}},
    .slice = electra};

const struct objective_ops objective_electra15 = {
    .info = {.name = "electra15", .help = "discriminator loss at the chosen positions only",
             .has_generator = 1, .main_heads = HEAD_RTD, .main_prefix = "discriminator",
             .stages = 1, .metrics = {RTD_METRICS}},
    .slice = electra15};
