/* See health.h. The figures: electra.md 9.3 and 9.4 (recall near 0 is usual in the first 5 to 10
 * thousand steps; users whose discriminator said "original" for tens of thousands; a loss of zero
 * after seconds on a corpus too small). */
#include "src/train/health.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/event/diagnosis.h"

#define HORIZON_SHARE 0.25   /* of a phase: the first plateau, at most */
#define HORIZON_STEPS 10000
#define HORIZON_LEAST 100    /* a run of seconds says little */
#define FOUND_LEAST 0.001    /* recall of a discriminator that finds nothing */
#define FAKES_LEAST 100      /* fakes in a block that a recall is worth saying of */
#define NEAR_ZERO 0.2        /* nats */
#define FLAT 1e-3            /* a spike is at least 6 times this share of the mean */

void health_init(struct health *h)
{
    memset(h, 0, sizeof *h);
    h->good = -1;
}

static void new_block(struct health *h)
{
    h->steps = 0;
    h->fake_n = h->said = h->found = h->masked_n = h->masked_sum = h->unigram_sum = h->slots = h->gen_sum = 0;
}

void health_turn(struct health *h)
{
    h->n = 0;
    new_block(h);
}

int64_t health_block(const struct config *c)
{
    int64_t n = c->steps / 20;
    return n < 10 ? 10 : n > HEALTH_WINDOW ? HEALTH_WINDOW : n;
}

static int past_horizon(const struct health_step *s)
{
    double steps = HORIZON_SHARE * (double)s->steps;
    return (double)(s->step - s->first) > fmax(HORIZON_LEAST, fmin(steps, HORIZON_STEPS));
}

static void say(struct health_finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct health_finding *f, const char *fmt, ...)
{
    va_list ap;
    size_t n = strlen(f->text);
    va_start(ap, fmt);
    vsnprintf(f->text + n, sizeof f->text - n, fmt, ap);
    va_end(ap);
}

/* --- the rules: 1 if it holds, with the text ------------------------------------------------ */

static int spike(const struct health *h, const struct health_step *s, struct health_finding *f)
{
    double mean = 0, square = 0, loss = s->losses->total;
    if (h->n < HEALTH_WINDOW)
        return 0;
    for (int i = 0; i < HEALTH_WINDOW; i++)
        mean += h->window[i] / HEALTH_WINDOW;
    for (int i = 0; i < HEALTH_WINDOW; i++)
        square += (h->window[i] - mean) * (h->window[i] - mean) / HEALTH_WINDOW;
    double sd = fmax(sqrt(square), FLAT * fabs(mean));
    if (!(loss > mean + HEALTH_SIGMAS * sd))
        return 0;
    say(f, "loss spike at step %" PRId64 ": total loss %.4g, %.1f standard deviations above the %d steps "
        "before (%.4g)", s->step, loss, (loss - mean) / sd, HEALTH_WINDOW, mean);
    return 1;
}

static int discriminator_learns(const struct health_step *s)
{
    return s->config->objective == OBJ_TWO_STAGE ? s->phase == 1
                                                 : objective_get(s->config->objective)->main_heads & HEAD_RTD;
}

/* Nats a masked token in the block; NAN where there was none. */
static double mean_masked(const struct health *h, double sum)
{
    return h->masked_n > 0 && h->unigram_sum > 0 ? sum / h->masked_n : NAN;
}

static int all_original(const struct health *h, const struct health_step *s, struct health_finding *f)
{
    int64_t step = s->step - s->first;
    double seen = h->steps ? h->fake_n / (double)h->steps * (double)step : 0;
    if (!discriminator_learns(s) || !diagnosis_may_warn(s->config, step, s->steps, seen) ||
        h->fake_n < FAKES_LEAST || h->found >= FOUND_LEAST * h->fake_n ||
        diagnosis_excuses_original(s->config, s->step, mean_masked(h, h->masked_sum),
                                   mean_masked(h, h->unigram_sum)))
        return 0;
    char why[240];
    diagnosis_why_original(s->config, s->step, s->losses->gen, s->losses->disc, why, sizeof why);
    say(f, "the discriminator says original everywhere: %s; of %.0f fakes in the %" PRId64 " steps up to %" PRId64
        " it found %.0f", why, h->fake_n, h->steps, s->step, h->found);
    return 1;
}

/* Whose masked-token loss is minimised by this phase of the objective. */
static int mlm_learns(const struct health_step *s)
{
    const struct config *c = s->config;
    if (c->objective == OBJ_TWO_STAGE && s->phase == 1)
        return 0;
    return c->objective == OBJ_BERT_MLM || (c->objective != OBJ_ADVERSARIAL && c->generator == GEN_MLM);
}

static int generator_stuck(const struct health *h, const struct health_step *s, struct health_finding *f)
{
    double loss = mean_masked(h, h->masked_sum), unigram = mean_masked(h, h->unigram_sum);
    if (!mlm_learns(s) || !past_horizon(s) ||
        !diagnosis_generator_may_warn(s->config, s->step, (double)s->tokens) ||
        !(loss > unigram - DIAG_UNDER_UNIGRAM))
        return 0;
    say(f, "%s knows word frequencies, no more: masked-token loss %.3f in the %" PRId64 " steps up to %" PRId64 ", word "
        "frequencies alone give %.3f; look at learning rate %g, sequence length and number of steps",
        s->config->objective == OBJ_BERT_MLM ? "the model" : "the generator", loss, h->steps, s->step, unigram,
        s->config->learning_rate);
    return 1;
}

static int near_zero(const struct health *h, const struct health_step *s, struct health_finding *f)
{
    if (!mlm_learns(s) || !(h->slots > 0) || !(h->gen_sum < NEAR_ZERO * h->slots))
        return 0;
    say(f, "masked-token loss %.3f in the %" PRId64 " steps up to %" PRId64 ": the corpus is too small for "
        "this run and is being learnt by heart", h->gen_sum / h->slots, h->steps, s->step);
    return 1;
}

static const struct {
    int slow;      /* judged at the end of a block, said once until it is healthy again */
    int before;    /* a checkpoint from before it is good */
    size_t policy; /* field of the configuration */
    int (*holds)(const struct health *h, const struct health_step *s, struct health_finding *f);
} rules[HEALTH_RULES] = {
    [HEALTH_SPIKE] = {0, 1, offsetof(struct config, on_spike), spike},
    [HEALTH_ALL_ORIGINAL] = {1, 0, offsetof(struct config, on_all_original), all_original},
    [HEALTH_GENERATOR_STUCK] = {1, 0, offsetof(struct config, on_generator_stuck), generator_stuck},
    [HEALTH_NEAR_ZERO] = {1, 0, offsetof(struct config, on_near_zero), near_zero},
};

/* --- one step ------------------------------------------------------------------------------- */

static void take(struct health *h, const struct health_step *s)
{
    const struct losses *l = s->losses;
    h->steps++;
    h->fake_n += l->fake_n;
    h->said += l->tp + l->fp;
    h->found += l->tp;
    h->masked_n += l->masked_n;
    h->masked_sum += l->masked_sum;
    h->unigram_sum += l->unigram_sum;
    /* bert_mlm has its only loss in `main` */
    int bert = s->config->objective == OBJ_BERT_MLM;
    h->slots += bert ? 1 : l->gen_weight;
    h->gen_sum += bert ? l->main : l->gen_sum;
}

static void remember_loss(struct health *h, double loss)
{
    if (h->n == HEALTH_WINDOW)
        memmove(h->window, h->window + 1, (size_t)--h->n * sizeof *h->window);
    h->window[h->n++] = loss;
}

static void which_checkpoint(const struct health *h, int before, struct health_finding *f)
{
    if (!before && h->good >= 0)
        say(f, "; the newest checkpoint is of step %" PRId64, h->good);
    else if (!before)
        return;
    else if (h->good < 0)
        say(f, "; there is no checkpoint from before it");
    else
        say(f, "; the checkpoint of step %" PRId64 " is from before it and good", h->good);
}

int health_step(struct health *h, const struct health_step *s, struct health_finding out[HEALTH_RULES])
{
    int n = 0, spiked = 0, block;
    take(h, s);
    block = h->steps >= health_block(s->config);
    for (int r = 0; r < HEALTH_RULES; r++) {
        struct health_finding *f = &out[n];
        int64_t bit = INT64_C(1) << r;
        if (rules[r].slow && !block)
            continue;
        f->rule = (enum health_rule)r;
        f->text[0] = 0;
        if (!rules[r].holds(h, s, f)) {
            h->told &= ~bit;
            continue;
        }
        spiked |= r == HEALTH_SPIKE;
        if (rules[r].slow && h->told & bit)
            continue;
        h->told |= bit;
        f->policy = *(const int *)((const char *)s->config + rules[r].policy);
        which_checkpoint(h, rules[r].before, f);
        n++;
    }
    if (spiked) /* a window of its own for what comes after: one event a spike */
        h->n = 0;
    remember_loss(h, s->losses->total);
    if (block)
        new_block(h);
    return n;
}

/* --- with the checkpoint -------------------------------------------------------------------- */

#define WHOLE(f) f(good) f(told) f(n) f(steps)
#define REALS(f) f(fake_n) f(said) f(found) f(masked_n) f(masked_sum) f(unigram_sum) f(slots) f(gen_sum)

void health_write(const struct health *h, struct str *out)
{
#define PUT_WHOLE(f) str_addf(out, "%" PRId64 " ", h->f);
#define PUT_REAL(f) str_addf(out, "%.17g ", h->f);
    WHOLE(PUT_WHOLE)
    REALS(PUT_REAL)
    for (int64_t i = 0; i < h->n; i++)
        str_addf(out, "%.17g ", h->window[i]);
}

int health_read(struct health *h, const char *text)
{
    char *end;
    health_init(h);
#define GET(call)                       \
    call;                               \
    if (end == text || *end != ' ')     \
        return health_init(h), E_INPUT; \
    text = end;
#define GET_WHOLE(f) GET(h->f = strtoll(text, &end, 10))
#define GET_REAL(f) GET(h->f = strtod(text, &end))
    WHOLE(GET_WHOLE)
    REALS(GET_REAL)
    if (h->n < 0 || h->n > HEALTH_WINDOW)
        return health_init(h), E_INPUT;
    for (int64_t i = 0; i < h->n; i++) {
        GET_REAL(window[i])
    }
    return 0;
}
