/* See verdict.h. The limits come from small runs on real text: a generator that has not found
 * context stays within 0.04 nats of the unigram model for as long as it is trained; one that has
 * found its neighbours falls by 0.3 and more. */
#include "src/event/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PLATEAU 0.05    /* nats under unigram: not more than noise and frequencies */
#define NEIGHBOURS 0.3  /* nats under unigram: only context gives that */
#define GUESSES 0.55    /* AUC below: no better than chance on a few thousand tokens */
#define RANKS 0.6
#define PAST_BEST 0.05  /* nats above the best: over-fitting or a loss spike */

void verdict_input_init(struct verdict_input *in)
{
    memset(in, 0, sizeof *in);
    for (int i = 0; i < METRIC_COUNT; i++)
        in->last[i] = in->val[i] = in->best[i] = NAN;
}

static double newest(const struct verdict_input *in, int metric)
{
    return isnan(in->val[metric]) ? in->last[metric] : in->val[metric];
}

/* The language model's loss where [MASK] stood; the plainer losses where that is not known. */
static int mlm_metric(const struct verdict_input *in)
{
    static const int order[] = {METRIC_mlm_loss_masked, METRIC_gen_loss, METRIC_main_loss};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        if (!isnan(newest(in, order[i])))
            return order[i];
    return -1;
}

static void generator_words(double loss, double unigram, char *out, size_t size)
{
    double under = unigram - loss;
    if (under < PLATEAU)
        snprintf(out, size, "generator still on the unigram plateau (%.2f nats, unigram %.2f)",
                 loss, unigram);
    else if (under < NEIGHBOURS)
        snprintf(out, size, "generator leaves the unigram plateau (%.2f nats under)", under);
    else
        snprintf(out, size, "generator knows neighbours (%.2f nats under unigram)", under);
}

static void discriminator_words(const struct verdict_input *in, double auc, int plateau,
                                char *out, size_t size)
{
    double right = newest(in, METRIC_rtd_accuracy), majority = newest(in, METRIC_rtd_majority);
    if (plateau && auc > 0.75)
        snprintf(out, size, "discriminator only sees nonsense fakes (AUC own %.2f)", auc);
    else if (auc < GUESSES)
        snprintf(out, size, "discriminator guesses (AUC own %.2f)", auc);
    else if (right > majority + 0.001)
        snprintf(out, size, "discriminator beats the majority (%.1f %% against %.1f %%, AUC own %.2f)",
                 right * 100, majority * 100, auc);
    else if (auc >= RANKS)
        snprintf(out, size, "discriminator ranks fakes above originals (AUC own %.2f)", auc);
    else
        snprintf(out, size, "discriminator begins to tell fakes (AUC own %.2f)", auc);
}

enum verdict verdict_say(const struct verdict_input *in, char *out, size_t size)
{
    char gen[128] = "", disc[128] = "", past[96] = "";
    int mlm = mlm_metric(in);
    double loss = mlm < 0 ? NAN : newest(in, mlm), unigram = newest(in, METRIC_unigram_loss);
    double auc = newest(in, METRIC_rtd_auc), under = unigram - loss;
    *out = 0;
    if (in->broken) {
        snprintf(out, size, "this run broke: its loss is not finite at step %lld",
                 (long long)in->step);
        return VERDICT_BROKEN;
    }
    int has_gen = !isnan(under), has_disc = !isnan(auc);
    if (!has_gen && !has_disc)
        return VERDICT_NONE;
    int plateau = has_gen && under < PLATEAU, guesses = has_disc && auc < GUESSES;
    if (in->steps && in->step * 2 >= in->steps && (plateau || !has_gen) && (guesses || !has_disc)) {
        int n = snprintf(out, size, "this run does not learn: after %lld of %lld steps",
                         (long long)in->step, (long long)in->steps);
        if (n > 0 && (size_t)n < size && has_gen)
            n += snprintf(out + n, size - (size_t)n, " %.2f nats %s unigram", fabs(under),
                          under < 0 ? "above" : "under");
        if (n > 0 && (size_t)n < size && has_disc)
            snprintf(out + n, size - (size_t)n, "%s AUC own %.2f", has_gen ? "," : "", auc);
        return VERDICT_STUCK;
    }
    if (has_gen)
        generator_words(loss, unigram, gen, sizeof gen);
    if (has_disc)
        discriminator_words(in, auc, plateau, disc, sizeof disc);
    if (has_gen && in->val[mlm] - in->best[mlm] > PAST_BEST)
        snprintf(past, sizeof past, "; past its best (%.2f nats)", in->best[mlm]);
    snprintf(out, size, "%s%s%s%s", gen, has_gen && has_disc ? "; " : "", disc, past);
    if (plateau)
        return VERDICT_PLATEAU;
    if (guesses || (has_disc && auc < RANKS) || (has_gen && under < NEIGHBOURS))
        return VERDICT_LEARNING;
    return VERDICT_LEARNT;
}
