/* See metric_label.h. "own": on the run's own fakes, which depend on its generator. */
#include "ui/screen/metric_label.h"

#include <stddef.h>
#include <string.h>

static const struct { const char *name, *label; } labels[] = {
    {"val_rtd_auc_common", "AUC common"}, {"val_rtd_auc", "AUC own"},
    {"val_mlm_loss_masked", "loss [MASK]"}, {"val_mlm_accuracy", "masked accuracy"},
    {"val_disc_skill", "skill own"}, {"val_disc_loss", "disc loss own"},
    {"val_main_loss", "main loss own"}, {"val_total_loss", "total loss held-out"},
    {"val_rtd_recall", "recall own"}, {"val_rtd_precision", "precision own"},
    {"val_sampled_accuracy", "samples right own"}, {"total_loss", "total loss"},
    {"gen_loss", "generator loss"}, {"disc_loss", "disc loss"}, {"tokens_per_s", "tokens/s"},
    {"flops", "FLOPs"}, {"flops_paper", "FLOPs by the paper"},
};

const char *metric_label(const char *name)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (!strcmp(labels[i].name, name))
            return labels[i].label;
    return name;
}
