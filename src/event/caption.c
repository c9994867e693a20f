/* See caption.h. The limits are those of verdict.c. */
#include "src/event/caption.h"

#include <math.h>
#include <stdio.h>

#define SAME 0.05     /* nats from unigram entropy: the generator knows frequencies, no more */
#define GUESSES 0.55  /* AUC below: no better than chance on a few thousand tokens */
#define SILENT 0.05   /* recall below: it says original everywhere, as the diagnosis has it */

static double newest(const struct verdict_input *in, int metric)
{
    return isnan(in->val[metric]) ? in->last[metric] : in->val[metric];
}

/* The language model's loss at [MASK], or the next best there is. */
static double model_loss(const struct verdict_input *in)
{
    double v = newest(in, METRIC_mlm_loss_masked);
    if (isnan(v))
        v = newest(in, METRIC_gen_loss);
    return isnan(v) ? newest(in, METRIC_main_loss) : v;
}

enum caption caption_say(const struct caption_input *in, char *out, size_t size)
{
    const struct verdict_input *r = &in->run;
    double loss = model_loss(r), unigram = newest(r, METRIC_unigram_loss);
    double auc = newest(r, METRIC_rtd_auc_common);
    const char *which = isnan(auc) ? "own" : "common";
    auc = isnan(auc) ? newest(r, METRIC_rtd_auc) : auc;
    enum verdict v = verdict_say(r, out, size);
    enum caption c;
    int n;
    if (v == VERDICT_BROKEN)
        return CAPTION_BROKEN;
    if (v == VERDICT_STUCK)
        return CAPTION_STUCK;
    if (in->caught_step >= 0 && r->step - in->caught_step <= r->steps / 20) {
        snprintf(out, size, "first replaced word caught at step %lld%s%s", (long long)in->caught_step,
                 in->caught_word ? ": " : "", in->caught_word ? in->caught_word : "");
        return CAPTION_CAUGHT;
    }
    if (in->longer_step > 0) {
        snprintf(out, size, "sequences of %ld tokens from step %lld on: losses rise until they are learnt",
                 in->longer_seq, (long long)in->longer_step);
        return CAPTION_LONGER;
    }
    if (isnan(loss) || isnan(unigram)) {
        if (isnan(auc))
            *out = 0;
        return isnan(auc) ? CAPTION_NONE : auc < GUESSES ? CAPTION_GUESSING : CAPTION_TELLING;
    }
    if (loss > unigram + SAME) {
        c = CAPTION_FREQUENCIES_COMING;
        n = snprintf(out, size, "generator learns the word frequencies: loss %.2f, unigram entropy %.2f",
                     loss, unigram);
    } else if (loss > unigram - SAME) {
        c = CAPTION_FREQUENCIES;
        n = snprintf(out, size, "generator knows word frequencies: %sloss %.2f near unigram entropy %.2f",
                     isnan(r->val[METRIC_unigram_loss]) ? "" : "held-out ", loss, unigram);
    } else {
        c = auc < GUESSES ? CAPTION_GUESSING : CAPTION_TELLING;
        n = snprintf(out, size, "generator uses the words around: %.2f nats under unigram entropy",
                     unigram - loss);
        if (n > 0 && (size_t)n < size && !isnan(auc))
            n += snprintf(out + n, size - (size_t)n, "; discriminator %s (AUC %s %.2f)",
                          c == CAPTION_GUESSING ? "still guesses"
                          : newest(r, METRIC_rtd_recall) < SILENT ? "ranks fakes, but says none of them"
                                                                  : "tells fakes", which, auc);
    }
    return c;
}
