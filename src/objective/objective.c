/* The table of objectives, masking (electra.md section 3), and the AUC. */
#include "src/objective/objective.h"

#include <math.h>
#include <string.h>

#include "src/base/rng.h"
#include "src/objective/learner.h"
#include "src/text/vocab.h"

static const struct objective_ops *const table[] = {
#define O(name) &objective_##name,
#include "src/objective/objective.def"
#undef O
};

const struct objective_ops *objective_ops(int choice)
{
    return table[choice];
}

const struct objective *objective_get(int choice)
{
    return &table[choice]->info;
}

double objective_disc_weight(const struct config *c, int64_t index)
{
    int64_t first = c->objective == OBJ_TWO_STAGE ? (c->steps + 1) / 2 : 0, at = index - first + 1;
    if (!c->disc_weight_ramp_steps || at >= c->disc_weight_ramp_steps)
        return c->disc_weight;
    return at <= 0 ? 0 : c->disc_weight * (double)at / (double)c->disc_weight_ramp_steps;
}

int batch_slots(const struct config *c, int T)
{
    int n = (int)((c->mask_prob + 0.005) * T);
    return n < 1 ? 1 : n;
}

/* Draws k of the candidates without replacement: a partial Fisher-Yates over `free`. */
static void choose_exact(const struct batch *b, int row, int *candidates, int n, int k, int32_t *out)
{
    for (int i = 0; i < k; i++) {
        double u = rng_uniform53(b->seed, b->use_mask, b->step, b->row0 + (uint32_t)row, (uint32_t)i);
        int j = i + (int)(u * (n - i));
        int t = candidates[j];
        candidates[j] = candidates[i];
        candidates[i] = t;
        out[i] = t;
    }
    for (int i = 1; i < k; i++) /* ascending */
        for (int j = i; j > 0 && out[j - 1] > out[j]; j--) {
            int32_t t = out[j];
            out[j] = out[j - 1];
            out[j - 1] = t;
        }
}

void batch_mask(struct batch *b, const struct config *c, const int special[5], int V)
{
    for (int r = 0; r < b->B; r++) {
        const int32_t *ids = b->ids + (size_t)r * (size_t)b->T;
        int32_t *gen = b->gen_ids + (size_t)r * (size_t)b->T;
        int32_t *pos = b->positions + (size_t)r * (size_t)b->N;
        float *w = b->weights + (size_t)r * (size_t)b->N;
        int candidates[4096], n = 0, tokens = 0;
        uint32_t row = b->row0 + (uint32_t)r;
        memcpy(gen, ids, (size_t)b->T * sizeof *gen);
        for (int t = 0; t < b->T; t++) {
            if (b->mask && !b->mask[(size_t)r * (size_t)b->T + (size_t)t])
                continue;
            tokens++;
            if (ids[t] != special[VOCAB_CLS] && ids[t] != special[VOCAB_SEP] &&
                ids[t] != special[VOCAB_MASK] && ids[t] != special[VOCAB_PAD])
                candidates[n++] = t;
        }
        int k = (int)nearbyint(c->mask_prob * tokens); /* half to even, as released */
        k = k > b->N ? b->N : k < 1 ? 1 : k;
        if (c->masking == MASKING_EXACT && k > n)
            k = n;
        if (!n)
            k = 0;
        if (c->masking == MASKING_EXACT)
            choose_exact(b, r, candidates, n, k, pos);
        else
            for (int i = 0; i < k; i++)
                pos[i] = candidates[(int)(rng_uniform53(b->seed, b->use_mask, b->step, row, (uint32_t)i) * n)];
        for (int i = 0; i < b->N; i++) {
            w[i] = i < k;
            if (i >= k) {
                pos[i] = 0;
                continue;
            }
            uint32_t words[4];
            rng_words(b->seed, b->use_kind, b->step, row, (uint32_t)i, words);
            double u = words[0] * 0x1p-32;
            if (u < c->mask_token_share)
                gen[pos[i]] = special[VOCAB_MASK];
            else if (u < c->mask_token_share + c->random_token_share)
                gen[pos[i]] = (int32_t)(((uint64_t)words[1] * (uint64_t)V) >> 32);
        }
    }
}

/* Bins are equal in P(replaced) on a logit scale of -16..16. */
void auc_add(struct auc *a, float logit, int fake)
{
    float x = (logit + 16.0f) * (AUC_BINS / 32.0f);
    int bin = !(x > 0) ? 0 : x >= AUC_BINS ? AUC_BINS - 1 : (int)x;
    (fake ? a->fake : a->real)[bin]++;
}

double auc_value(const struct auc *a)
{
    double fakes = 0, reals = 0, sum = 0;
    for (int i = 0; i < AUC_BINS; i++) {
        sum += a->fake[i] * (reals + 0.5 * a->real[i]);
        fakes += a->fake[i];
        reals += a->real[i];
    }
    return fakes > 0 && reals > 0 ? sum / (fakes * reals) : NAN;
}
