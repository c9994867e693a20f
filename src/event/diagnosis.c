/* See diagnosis.h. */
#include "src/event/diagnosis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/event/event.h"

/* Steps in which a discriminator that says nothing is normal (the first plateau). */
#define PLATEAU_STEPS 10000
#define PLATEAU_SHARE 0.25
#define FEW_STEPS 2000

const char *diagnosis_title(int rule)
{
    static const char *const titles[] = {
        "a loss is not a number", "almost nothing is replaced",
        "samples nearly always equal the original", "the loss is near zero",
        "the discriminator says original everywhere", "the discriminator says replaced everywhere",
        "the generator knows word frequencies, no more", "held-out loss rises"};
    return rule >= 0 && rule < DIAG_RULES ? titles[rule] : "";
}

const char *diagnosis_short(int rule)
{
    static const char *const words[] = {"loss is nan", "nothing replaced", "samples the original",
                                        "loss near zero", "says original", "says replaced",
                                        "generator stuck", "held-out rises"};
    return rule >= 0 && rule < DIAG_RULES ? words[rule] : "";
}

void diagnosis_input_init(struct diagnosis_input *in, const struct config *c)
{
    memset(in, 0, sizeof *in);
    in->config = c;
    in->recall_before = NAN;
    in->val_step = -1;
    for (int i = 0; i < METRIC_COUNT; i++) in->last[i] = in->val[i] = in->val_best[i] = NAN;
}

/* 1: held-out values that are older than half the steps say little where training has newer ones. */
static int stale(const struct diagnosis_input *in)
{
    return in->val_step >= 0 && 2 * in->val_step < in->step;
}

/* The held-out value where there is one that is not stale. */
static double of(const struct diagnosis_input *in, int metric)
{
    if (isnan(in->val[metric]) || (stale(in) && !isnan(in->last[metric])))
        return in->last[metric];
    return in->val[metric];
}

/* " (held-out, step 1171)", "" for a training value. */
static const char *whence(const struct diagnosis_input *in, int metric, char out[48])
{
    *out = 0;
    if (!isnan(in->val[metric]) && !(stale(in) && !isnan(in->last[metric])) && in->val_step >= 0)
        snprintf(out, 48, " (held-out, step %lld)", (long long)in->val_step);
    return out;
}

static int has_discriminator(const struct config *c)
{
    return c->objective == OBJ_ELECTRA || c->objective == OBJ_ELECTRA15 ||
           c->objective == OBJ_TWO_STAGE || c->objective == OBJ_ADVERSARIAL;
}

/* Too early to judge: the first quarter of a run, at most 10,000 steps. */
static int early(const struct diagnosis_input *in)
{
    double limit = PLATEAU_SHARE * (double)in->config->steps;
    return (double)in->step < (limit < PLATEAU_STEPS ? limit : PLATEAU_STEPS);
}

#define SAY(field, ...) snprintf(d->field, sizeof d->field, __VA_ARGS__)

static int not_finite(const struct diagnosis_input *in, struct diagnosis *d)
{
    if (!in->not_finite) return 0;
    d->severity = SEV_ERROR;
    SAY(seen, "total loss is not a number at step %lld", (long long)in->step);
    SAY(expected, "a finite loss at every step");
    SAY(look, "learning rate %g (try a third of it), gradient norm before it, warm-up of %ld "
              "steps; the last checkpoint is from before",
        in->config->learning_rate, in->config->warmup_steps);
    return 1;
}

static int nothing_replaced(const struct diagnosis_input *in, struct diagnosis *d)
{
    double fakes = of(in, METRIC_fake_share), same = of(in, METRIC_sampled_accuracy);
    double mask = in->config->mask_prob;
    if (!has_discriminator(in->config) || !(fakes < 0.1 * mask)) return 0;
    d->severity = SEV_WARN;
    SAY(seen, "%.2f %% of the tokens are replaced", 100 * fakes);
    SAY(expected, "mask_prob x share of samples that differ: about %.1f %% for a trained generator",
        100 * mask * 0.4);
    if (same > 0.85)
        SAY(look, "the generator finds the original at %.0f %% of the masked positions: smaller "
                  "generator_size, or text that repeats less", 100 * same);
    else
        SAY(look, "mask_prob %.2f, temperature %.2f", mask, in->config->temperature);
    return 1;
}

static int same_often(const struct diagnosis_input *in, struct diagnosis *d)
{
    double same = of(in, METRIC_sampled_accuracy);
    if (!has_discriminator(in->config) || !(same > 0.85)) return 0;
    d->severity = SEV_WARN;
    SAY(seen, "%.0f %% of the samples equal the original", 100 * same);
    SAY(expected, "about 60 %% for a trained generator of a quarter's width");
    SAY(look, "generator_size %.16s (too strong for this text), disallow_correct, or text that "
              "repeats itself", in->config->generator_size);
    return 1;
}

static int near_zero(const struct diagnosis_input *in, struct diagnosis *d)
{
    double gen = in->last[METRIC_gen_loss], main_loss = in->last[METRIC_main_loss];
    double loss = isnan(gen) ? main_loss : gen;
    if (!(loss < 0.2)) return 0;
    d->severity = SEV_WARN;
    SAY(seen, "masked-token loss is %.3f after %lld steps", loss, (long long)in->step);
    SAY(expected, "1.3 to 2.5 at the end of a full pre-training");
    d->cause = 1;
    SAY(look, "the size of the corpus against %.3g tokens trained: the text is being learnt by "
              "heart; compare with the held-out loss", (double)in->tokens);
    return 1;
}

/* Per cent of the total loss that the discriminator's part is; NAN: not known. */
static double disc_part(const struct config *c, double gen_loss, double disc_loss)
{
    double disc = c->disc_weight * disc_loss, all = c->gen_weight * gen_loss + disc;
    return all > 0 ? 100 * disc / all : NAN;
}

void diagnosis_why_original(const struct config *c, int64_t step, double gen_loss, double disc_loss,
                            char *out, size_t size)
{
    double part = disc_part(c, gen_loss, disc_loss);
    if (c->disc_weight <= 0)
        snprintf(out, size, "disc_weight is 0, 50 is usual: the discriminator is not trained at all");
    else if (c->disc_weight < 10 && !isnan(part))
        snprintf(out, size, "disc_weight is %g, 50 is usual: the discriminator's loss is %.2g %% of the sum",
                 c->disc_weight, part);
    else if (c->disc_weight < 10)
        snprintf(out, size, "disc_weight is %g, 50 is usual: the discriminator's loss hardly counts",
                 c->disc_weight);
    else if (c->learning_rate > 4e-3 || c->learning_rate < 1e-5)
        snprintf(out, size, "learning rate %g: far %s what works (1e-4 to 1e-3; disc_weight is %g, as usual)",
                 c->learning_rate, c->learning_rate < 1e-5 ? "below" : "above", c->disc_weight);
    else if (step < FEW_STEPS)
        snprintf(out, size, "the number of steps: after %lld many a discriminator still says original "
                 "everywhere; then learning rate %g, disc_weight %g", (long long)step, c->learning_rate,
                 c->disc_weight);
    else if (c->hidden_size >= 768 && c->learning_rate > 2.5e-4)
        snprintf(out, size, "learning rate %g is high for width %ld: 1e-4 to 2e-4 cured this for others",
                 c->learning_rate, c->hidden_size);
    else
        snprintf(out, size, "learning rate %g, disc_weight %g, a generator too far ahead (sampled accuracy; "
                 "try a smaller one or two_stage), vocabulary, order of the text", c->learning_rate,
                 c->disc_weight);
}

static int all_original(const struct diagnosis_input *in, struct diagnosis *d)
{
    double said = of(in, METRIC_said_share), fakes = of(in, METRIC_fake_share);
    double recall = of(in, METRIC_rtd_recall);
    char from[48];
    if (!has_discriminator(in->config) || !(fakes > 0.005)) return 0;
    if (!(recall < 0.05) && !(said < 0.1 * fakes)) return 0;
    if (recall >= 0.2) return 0;
    d->severity = early(in) ? SEV_INFO : SEV_WARN;
    if (!isnan(in->recall_before))
        SAY(seen, "%.2f %% of the tokens are said replaced, %.1f %% are; recall %.3f, earlier %.3f%s",
            100 * said, 100 * fakes, recall, in->recall_before, whence(in, METRIC_rtd_recall, from));
    else
        SAY(seen, "%.2f %% of the tokens are said replaced, %.1f %% are; recall %.3f%s", 100 * said,
            100 * fakes, recall, whence(in, METRIC_rtd_recall, from));
    if (early(in)) {
        SAY(expected, "this, for now: recall near 0 and AUC .5 to .7 are usual in the first "
                      "thousands of steps");
        SAY(look, "recall and disc skill over the next steps");
        return 1;
    }
    SAY(expected, "recall .3 to .5, said replaced near half the true share: about %.1f %%", 50 * fakes);
    d->cause = 1;
    diagnosis_why_original(in->config, in->step, in->last[METRIC_gen_loss], in->last[METRIC_disc_loss],
                           d->look, sizeof d->look);
    return 1;
}

static int all_replaced(const struct diagnosis_input *in, struct diagnosis *d)
{
    double said = of(in, METRIC_said_share), fakes = of(in, METRIC_fake_share);
    if (!has_discriminator(in->config) || !(said > 0.5 && said > 3 * fakes)) return 0;
    d->severity = early(in) ? SEV_INFO : SEV_WARN;
    SAY(seen, "%.0f %% of the tokens are said replaced, %.1f %% are", 100 * said, 100 * fakes);
    SAY(expected, "fewer said than true: a discriminator is careful");
    SAY(look, "%s", early(in) ? "the next steps: an untrained head starts near one half"
                              : "weights that were not loaded, learning rate, disc_last_scale");
    return 1;
}

static int generator_stuck(const struct diagnosis_input *in, struct diagnosis *d)
{
    double loss = of(in, METRIC_mlm_loss_masked), unigram = of(in, METRIC_unigram_loss);
    if (isnan(loss)) loss = of(in, METRIC_gen_loss);
    if (isnan(loss)) loss = of(in, METRIC_main_loss);
    if (in->config->generator != GEN_MLM || !(loss > unigram - 0.15)) return 0;
    d->severity = early(in) ? SEV_INFO : SEV_WARN;
    SAY(seen, "loss at masked positions %.3f, word frequencies alone give %.3f", loss, unigram);
    if (early(in)) {
        SAY(expected, "this, for now: frequencies are learnt first");
        SAY(look, "whether it falls below %.3f", unigram);
        return 1;
    }
    SAY(expected, "clearly below the loss of word frequencies by now");
    SAY(look, "learning rate %g and its warm-up of %ld steps, tie, number of steps (%lld of "
              "%ld)", in->config->learning_rate, in->config->warmup_steps, (long long)in->step,
        in->config->steps);
    return 1;
}

static int overfit(const struct diagnosis_input *in, struct diagnosis *d)
{
    double val = in->val[METRIC_total_loss], best = in->val_best[METRIC_total_loss];
    double train = in->last[METRIC_total_loss];
    if (!(val > 1.1 * best) || !(train < 0.85 * val)) return 0;
    d->severity = SEV_WARN;
    SAY(seen, "held-out loss %.3f, best so far %.3f, training loss %.3f", val, best, train);
    SAY(expected, "held-out loss near its best while training goes on");
    SAY(look, "more text, fewer steps, dropout %.2f; the best checkpoint is kept",
        in->config->dropout);
    return 1;
}

int diagnose(const struct diagnosis_input *in, struct diagnosis out[DIAG_RULES])
{
    static int (*const rules[DIAG_RULES])(const struct diagnosis_input *, struct diagnosis *) = {
        not_finite, nothing_replaced, same_often, near_zero, all_original, all_replaced,
        generator_stuck, overfit};
    int n = 0;
    for (int severity = SEV_ERROR; severity >= SEV_INFO; severity--)
        for (int r = 0; r < DIAG_RULES; r++) {
            struct diagnosis d = {.rule = (enum diagnosis_rule)r};
            if (rules[r](in, &d) && d.severity == severity) out[n++] = d;
        }
    return n;
}
