/* See diagnosis.h. */
#include "src/event/diagnosis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/str.h"
#include "src/event/event.h"

/* When a rule may warn. Before it the same numbers are those of healthy runs too: the demo (2,343 steps
 * of 1,024 tokens) has recall below .05 until half of its steps, longer runs for thousands of them. Where
 * the configuration names a cause, less evidence is asked for. */
#define PLATEAU_STEPS 10000
struct evidence { double share; int64_t steps; double fakes; };
static const struct evidence WITH_CAUSE = {.25, 100, 1e5}, WITHOUT_CAUSE = {.6, 1000, 2.5e5};
#define LEAST_TOKENS 5e5   /* from which a generator that knows no context is worth a word */
#define LEAST_IN_VALUE 50  /* fakes, or masked tokens, behind a value */
#define LEAST_STEPS 500    /* and these: a run of seconds says little */
#define FEW_STEPS 2000
#define BLIND_FROM 10      /* steps: the very first are of random weights */
#define NEW_STAGE .1       /* of the steps: in which longer sequences excuse much */

const char *diagnosis_title(int rule)
{
    static const char *const titles[] = {
        "a loss is not a number", "the loss is worse than a blind guess", "almost nothing is replaced",
        "samples nearly always equal the original", "the loss is near zero",
        "the discriminator says original everywhere", "the discriminator says replaced everywhere",
        "the generator knows word frequencies, no more", "held-out loss rises"};
    return rule >= 0 && rule < DIAG_RULES ? titles[rule] : "";
}

const char *diagnosis_short(int rule)
{
    static const char *const words[] = {"loss is nan", "loss diverged", "nothing replaced", "samples the original",
                                        "loss near zero", "says original", "says replaced",
                                        "generator stuck", "held-out rises"};
    return rule >= 0 && rule < DIAG_RULES ? words[rule] : "";
}

void diagnosis_input_init(struct diagnosis_input *in, const struct config *c)
{
    memset(in, 0, sizeof *in);
    in->config = c;
    in->recall_before = in->stage_best = NAN;
    in->val_step = -1;
    for (int i = 0; i < METRIC_COUNT; i++) in->last[i] = in->val[i] = in->val_best[i] = NAN;
}

/* 1: held-out values that are older than half the steps say little where training has newer ones. */
static int stale(const struct diagnosis_input *in)
{
    return in->val_step >= 0 && in->val_step < in->step - in->val_step;
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
    char step[32];
    *out = 0;
    if (!isnan(in->val[metric]) && !(stale(in) && !isnan(in->last[metric])) && in->val_step >= 0)
        snprintf(out, 48, " (held-out, step %s)", str_grouped(step, sizeof step, in->val_step));
    return out;
}

static int has_discriminator(const struct config *c)
{
    return c->objective == OBJ_ELECTRA || c->objective == OBJ_ELECTRA15 ||
           c->objective == OBJ_TWO_STAGE || c->objective == OBJ_ADVERSARIAL;
}

/* two_stage trains one network after the other: the step within the phase, and the phase's steps. */
static int64_t in_phase(const struct config *c, int64_t step, int64_t *steps)
{
    int64_t half = c->steps / 2;
    *steps = c->steps;
    if (c->objective != OBJ_TWO_STAGE) return step;
    *steps = half;
    return step > half ? step - half : step;
}

/* Too early to judge: the first quarter of a run, at least 100 and at most 10,000 steps. */
static int early(const struct diagnosis_input *in)
{
    int64_t steps, step = in_phase(in->config, in->step, &steps);
    double limit = fmin(.25 * (double)steps, PLATEAU_STEPS);
    return (double)step < fmax(limit, 100);
}

static int usual_rate(const struct config *c) { return c->learning_rate <= 4e-3 && c->learning_rate >= 1e-5; }

static int named_cause(const struct config *c)
{
    return (c->disc_weight >= 0 && c->disc_weight < 10) || !usual_rate(c);
}

int64_t diagnosis_from_step(const struct config *c, int64_t steps)
{
    const struct evidence *e = named_cause(c) ? &WITH_CAUSE : &WITHOUT_CAUSE;
    double from = fmin(e->share * (double)steps, PLATEAU_STEPS);
    from = fmax(from, (double)e->steps);
    return (int64_t)fmax(from, (double)c->disc_weight_ramp_steps);
}

int diagnosis_may_warn(const struct config *c, int64_t step, int64_t steps, double fakes)
{
    const struct evidence *e = named_cause(c) ? &WITH_CAUSE : &WITHOUT_CAUSE;
    return step >= diagnosis_from_step(c, steps) && fakes >= e->fakes;
}

int diagnosis_new_stage(const struct config *c, int64_t step, double share, struct seq_stage *out)
{
    struct seq_stage all[SEQ_STAGES_MAX];
    int n = *c->seq_stages ? config_stages(c, all, NULL) : 1;
    for (int i = 1; i < n; i++)
        if (step > all[i].first && (double)(step - all[i].first) <= share * (double)c->steps) {
            *out = all[i];
            return 1;
        }
    return 0;
}

int64_t diagnosis_stage_first(const struct config *c, int64_t step)
{
    struct seq_stage now;
    int64_t half = c->steps / 2, first = diagnosis_new_stage(c, step, 1, &now) ? now.first : 0;
    return c->objective == OBJ_TWO_STAGE && step > half && half > first ? half : first;
}

/* 1: the newest value of a share is of so many tokens that it says something. */
static int enough(const struct diagnosis_input *in, int metric, double share)
{
    const struct config *c = in->config;
    int held_out = !isnan(in->val[metric]) && !(stale(in) && !isnan(in->last[metric]));
    double rows = held_out && c->eval_sequences > 0 ? (double)c->eval_sequences : (double)c->batch;
    return rows * (double)c->seq * share >= LEAST_IN_VALUE;
}

/* The generator's loss at masked positions. */
static double generator_loss(const struct diagnosis_input *in)
{
    double loss = of(in, METRIC_mlm_loss_masked);
    if (isnan(loss)) loss = of(in, METRIC_gen_loss);
    return isnan(loss) ? of(in, METRIC_main_loss) : loss;
}

/* 1: it knows how frequent words are, no more. */
static int knows_no_context(const struct diagnosis_input *in)
{
    return in->config->generator == GEN_MLM &&
           generator_loss(in) > of(in, METRIC_unigram_loss) - DIAG_UNDER_UNIGRAM;
}

int diagnosis_generator_may_warn(const struct config *c, int64_t step, double tokens)
{
    struct seq_stage now;
    if (diagnosis_new_stage(c, step, NEW_STAGE, &now)) return 0;
    return (tokens >= LEAST_TOKENS && step >= LEAST_STEPS) || !usual_rate(c) || c->gen_weight < .1;
}

int diagnosis_excuses_original(const struct config *c, int64_t step, double gen_loss, double unigram)
{
    struct seq_stage now;
    return diagnosis_new_stage(c, step, NEW_STAGE, &now) ||
           (!named_cause(c) && c->generator == GEN_MLM && gen_loss > unigram - DIAG_UNDER_UNIGRAM);
}

/* The likeliest cause of a generator that does not find context; 0: none that stands out. */
static int why_stuck(const struct diagnosis_input *in, char *out, size_t size)
{
    const struct config *c = in->config;
    if (!usual_rate(c))
        snprintf(out, size, "learning rate is %g, 1e-4 to 1e-3 is usual", c->learning_rate);
    else if (c->gen_weight < .1)
        snprintf(out, size, "gen_weight is %g, 1 is usual: the generator's loss hardly counts",
                 c->gen_weight);
    else if (c->warmup_steps > c->steps / 2)
        snprintf(out, size, "warm-up is %ld of %ld steps, a tenth is usual", c->warmup_steps, c->steps);
    else if (c->seq >= 32 && !*c->seq_stages && !*c->init_generator && in->tokens < 50000000)
        snprintf(out, size, "seq is %ld from the first step, 8 or 16 come first in short runs (seq_stages "
                 "8:0.45,%ld): %.2g M tokens are few to find context in long sequences", c->seq, c->seq,
                 1e-6 * (double)in->tokens);
    else
        return 0;
    return 1;
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

/* Pieces; where the configuration leaves them to the text's vocabulary, as many as are usual. */
static long vocabulary(const struct config *c) { return c->vocab_size > 1 ? c->vocab_size : 30522; }

/* 1: the loss is a nat above that of giving every piece of the vocabulary the same probability. */
static int is_blind(const struct diagnosis_input *in)
{
    return in->step >= BLIND_FROM && generator_loss(in) > log((double)vocabulary(in->config)) + 1;
}

static int diverged(const struct diagnosis_input *in, struct diagnosis *d)
{
    const struct config *c = in->config;
    char from[48];
    if (in->not_finite || c->generator != GEN_MLM || !is_blind(in)) return 0;
    d->severity = SEV_WARN;
    SAY(seen, "loss at masked positions %.3f, a blind guess among all pieces has at most %.2f%s", generator_loss(in),
        log((double)vocabulary(c)), whence(in, METRIC_mlm_loss_masked, from));
    SAY(expected, "below that from the first steps on");
    d->cause = !usual_rate(c);
    if (d->cause)
        SAY(look, "learning rate is %g, 1e-4 to 1e-3 is usual: the steps overshoot", c->learning_rate);
    else
        SAY(look, "learning rate %g (try a third of it), warm-up of %ld steps, clip_norm %g (0 clips nothing)",
            c->learning_rate, c->warmup_steps, c->clip_norm);
    return 1;
}

static int nothing_replaced(const struct diagnosis_input *in, struct diagnosis *d)
{
    double fakes = of(in, METRIC_fake_share), same = of(in, METRIC_sampled_accuracy);
    const struct config *c = in->config;
    if (!has_discriminator(c) || !(fakes < 0.1 * c->mask_prob || fakes < .01)) return 0;
    if (!enough(in, METRIC_fake_share, fmax(c->mask_prob, .02))) return 0;
    d->severity = SEV_WARN;
    d->cause = 1;
    SAY(seen, "%.2f %% of the tokens are replaced", 100 * fakes);
    SAY(expected, "mask_prob x share of samples that differ: about 6 %% at mask_prob .15");
    if (c->mask_prob < .05)
        SAY(look, "mask_prob is %g, 0.15 is usual: hardly a token is masked", c->mask_prob);
    else if (c->temperature < .7)
        SAY(look, "temperature is %g, 1 is usual: the generator takes its best token, the original at "
                  "%.0f %% of the masked positions", c->temperature, 100 * same);
    else if (same > .85)
        SAY(look, "the generator finds the original at %.0f %% of the masked positions, 40 to 60 %% is "
                  "usual: generator_size is %.16s (0.25 is usual), or the text repeats itself",
            100 * same, c->generator_size);
    else
        d->cause = 0, SAY(look, "mask_prob %g, temperature %g", c->mask_prob, c->temperature);
    return 1;
}

static int same_often(const struct diagnosis_input *in, struct diagnosis *d)
{
    double same = of(in, METRIC_sampled_accuracy);
    const struct config *c = in->config;
    if (!has_discriminator(c) || !(same > 0.85) ||
        !enough(in, METRIC_sampled_accuracy, c->mask_prob)) return 0;
    d->severity = SEV_WARN;
    d->cause = 1;
    SAY(seen, "%.0f %% of the samples equal the original", 100 * same);
    SAY(expected, "40 to 60 %% for a trained generator of a quarter's width");
    if (c->temperature < .7)
        SAY(look, "temperature is %g, 1 is usual: the generator takes its best token", c->temperature);
    else if (config_fraction(c->generator_size) > .5)
        SAY(look, "generator_size is %.16s, 0.25 is usual: it is too strong for this text; or "
                  "disallow_correct", c->generator_size);
    else
        SAY(look, "the text: it repeats itself, or is too short for %.2g M tokens of training",
            1e-6 * (double)in->tokens);
    return 1;
}

static int near_zero(const struct diagnosis_input *in, struct diagnosis *d)
{
    double gen = in->last[METRIC_gen_loss], main_loss = in->last[METRIC_main_loss];
    double loss = isnan(gen) ? main_loss : gen, val = in->val[METRIC_mlm_loss_masked];
    const struct config *c = in->config;
    if (!(loss < 0.2) || (double)(c->batch * c->seq) * c->mask_prob < LEAST_IN_VALUE) return 0;
    if (c->objective == OBJ_TWO_STAGE && in->step > c->steps / 2) return 0; /* the generator rests */
    d->severity = SEV_WARN;
    SAY(seen, "masked-token loss is %.3f after %lld steps", loss, (long long)in->step);
    SAY(expected, "1.3 to 2.5 at the end of a full pre-training");
    d->cause = 1;
    if (!isnan(val) && val > 1)
        SAY(look, "the corpus is too small for %.2g M tokens of training: held-out loss is %.2f, so the text is "
                  "being learnt by heart", 1e-6 * (double)in->tokens, val);
    else
        SAY(look, "the corpus is too small, or repeats itself, for %.2g M tokens of training: it is being learnt "
                  "by heart", 1e-6 * (double)in->tokens);
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
    else if (!usual_rate(c))
        snprintf(out, size, "learning rate %g: far %s what works (1e-4 to 1e-3; disc_weight is %g, as usual)",
                 c->learning_rate, c->learning_rate < 1e-5 ? "below" : "above", c->disc_weight);
    else if (config_fraction(c->generator_size) >= .5 && c->generator == GEN_MLM)
        snprintf(out, size, "generator_size is %.16s, 0.25 is usual: its fakes are hard to tell from originals",
                 c->generator_size);
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

/* Why recall near 0 is no finding yet; 0: it is one. */
static int wait_for_original(const struct diagnosis_input *in, double recall, double fakes,
                             struct diagnosis *d)
{
    int64_t steps, step = in_phase(in->config, in->step, &steps);
    int64_t from = diagnosis_from_step(in->config, steps);
    char n[32];
    struct seq_stage now;
    double seen = fakes * (double)in->tokens * (double)step / fmax((double)in->step, 1);
    if (!diagnosis_may_warn(in->config, step, steps, seen)) {
        SAY(expected, "this, for now: recall near 0 is usual up to about step %s", str_grouped(n, sizeof n, from));
        if (steps < from)
            SAY(look, "a longer run: %s steps are too few to tell", str_grouped(n, sizeof n, steps));
        else
            SAY(look, step < from ? "recall and AUC own after step %s"
                                  : "the next steps: few fakes were trained on up to step %s",
                str_grouped(n, sizeof n, step < from ? from : step));
    } else if (diagnosis_new_stage(in->config, in->step, NEW_STAGE, &now)) {
        SAY(expected, "this, for now: sequences are %ld tokens long since step %ld", now.seq, now.first);
        SAY(look, "recall over the next steps");
    } else if (!named_cause(in->config) && knows_no_context(in)) {
        SAY(expected, "this, while the generator knows word frequencies only");
        SAY(look, "the generator first: its loss is %.2f, frequencies alone give %.2f", generator_loss(in),
            of(in, METRIC_unigram_loss));
    } else if (!named_cause(in->config) && recall >= .02 && recall > 2 * in->recall_before) {
        SAY(expected, "this, for now: recall is rising");
        SAY(look, "recall over the next steps");
    } else {
        return 0;
    }
    return 1;
}

static int all_original(const struct diagnosis_input *in, struct diagnosis *d)
{
    double said = of(in, METRIC_said_share), fakes = of(in, METRIC_fake_share);
    double recall = of(in, METRIC_rtd_recall);
    char from[48], before[48] = "";
    if (!has_discriminator(in->config) || !(fakes > 0.005)) return 0;
    if (in->config->objective == OBJ_TWO_STAGE && in->step <= in->config->steps / 2) return 0;
    if (!enough(in, METRIC_fake_share, fakes)) return 0;
    if (!(recall < 0.05) && !(said < 0.1 * fakes)) return 0;
    if (recall >= 0.2) return 0;
    if (!isnan(in->recall_before)) snprintf(before, sizeof before, " (%.3f at half time)", in->recall_before);
    if (isnan(said)) SAY(seen, "%.1f %% of the tokens are replaced; ", 100 * fakes);
    else SAY(seen, "%.2f %% of the tokens are said replaced, %.1f %% are; ", 100 * said, 100 * fakes);
    size_t n = strlen(d->seen);
    snprintf(d->seen + n, sizeof d->seen - n, "recall %.3f%s%s", recall, before,
             whence(in, METRIC_rtd_recall, from));
    d->severity = SEV_INFO;
    if (wait_for_original(in, recall, fakes, d)) return 1;
    d->severity = SEV_WARN;
    SAY(expected, "recall .2 to .5; said replaced near half the true share, about %.1f %%", 50 * fakes);
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
    double loss = generator_loss(in), unigram = of(in, METRIC_unigram_loss);
    struct seq_stage now;
    int longer = diagnosis_new_stage(in->config, in->step, NEW_STAGE, &now);
    int wait = early(in) || !diagnosis_generator_may_warn(in->config, in->step, (double)in->tokens);
    if (!knows_no_context(in) || is_blind(in)) return 0;
    d->severity = wait ? SEV_INFO : SEV_WARN;
    SAY(seen, "loss at masked positions %.3f, word frequencies alone give %.3f", loss, unigram);
    if (wait) {
        if (longer)
            SAY(expected, "this, for now: sequences are %ld tokens long since step %ld", now.seq, now.first);
        else SAY(expected, "this, for now: frequencies are learnt first");
        SAY(look, "whether it falls below %.2f", unigram - DIAG_UNDER_UNIGRAM);
        return 1;
    }
    SAY(expected, "clearly below the loss of word frequencies by now");
    d->cause = why_stuck(in, d->look, sizeof d->look);
    if (!d->cause)
        SAY(look, "learning rate %g and its warm-up of %ld steps, tie, number of steps (%lld of %ld)",
            in->config->learning_rate, in->config->warmup_steps, (long long)in->step, in->config->steps);
    return 1;
}

static int overfit(const struct diagnosis_input *in, struct diagnosis *d)
{
    double val = in->val[METRIC_total_loss], best = in->val_best[METRIC_total_loss];
    double train = in->last[METRIC_total_loss];
    int64_t first = diagnosis_stage_first(in->config, in->step);
    if (early(in) || (first && (double)(in->step - first) <= NEW_STAGE * (double)in->config->steps)) return 0;
    if (first) best = in->stage_best; /* the run's best is of shorter sequences, or of the other network */
    if (!(val > 1.1 * best) || !(train < 0.85 * val)) return 0;
    d->severity = SEV_WARN;
    SAY(seen, "held-out loss %.3f, best so far %.3f%s, training loss %.3f", val, best,
        first ? " in this stage" : "", train);
    SAY(expected, "held-out loss near its best while training goes on");
    SAY(look, "more text, fewer steps, dropout %.2f; the best checkpoint is kept",
        in->config->dropout);
    return 1;
}

int diagnose(const struct diagnosis_input *in, struct diagnosis out[DIAG_RULES])
{
    static int (*const rules[DIAG_RULES])(const struct diagnosis_input *, struct diagnosis *) = {
        not_finite, diverged, nothing_replaced, same_often, near_zero, all_original, all_replaced,
        generator_stuck, overfit};
    int n = 0;
    for (int severity = SEV_ERROR; severity >= SEV_INFO; severity--)
        for (int r = 0; r < DIAG_RULES; r++) {
            struct diagnosis d = {.rule = (enum diagnosis_rule)r};
            if (rules[r](in, &d) && d.severity == severity) out[n++] = d;
        }
    return n;
}
