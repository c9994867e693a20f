/* The sampler against chi-square tables, and how many positions are masked. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/rng.h"
#include "src/math/math.h"
#include "src/objective/objective.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"

enum { MOST = 4096 };

static double chi_square(const char *path, int V, double temperature, int draws, int bins)
{
    static float logits[MOST], probs[MOST];
    static double share[MOST], count[MOST];
    static int bin[MOST];
    char line[256];
    FILE *f = fopen(path, "r");
    if (!f || V > MOST || !fgets(line, sizeof line, f)) {
        if (f)
            fclose(f);
        return NAN;
    }
    memset(share, 0, sizeof share);
    memset(count, 0, sizeof count);
    int token, at;
    double logit, p, expected;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%d %lf %lf %lf %d", &token, &logit, &p, &expected, &at) == 5 && token < V) {
            logits[token] = (float)(logit / temperature);
            bin[token] = at;
            share[at] += p;
        }
    fclose(f);
    const struct math *k = math_select("auto", NULL);
    float lse, entropy;
    int best;
    memcpy(probs, logits, (size_t)V * sizeof *probs);
    k->softmax(1, V, probs, NULL, &lse, &entropy, &best);
    for (int i = 0; i < draws; i++)
        count[bin[k->sample(V, probs, rng_uniform53(11, RNG_SAMPLE, 1, 0, (uint32_t)i))]]++;
    double chi = 0;
    for (int b = 0; b < bins; b++)
        if (share[b] > 0)
            chi += pow(count[b] - draws * share[b], 2) / (draws * share[b]);
    return chi;
}

static void chi_cases(struct parity *p)
{
    char path[PATH_SIZE], line[512], name[128], label[200];
    int V, draws, bins, df;
    double temperature, loose, strict;
    snprintf(path, sizeof path, "%s/sampling/cases.tsv", p->root);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%127s %d %lf %d %d %d %lf %lf", name, &V, &temperature, &draws, &bins, &df, &loose,
                   &strict) != 8)
            continue;
        snprintf(path, sizeof path, "%s/sampling/%s.tsv", p->root, name);
        snprintf(label, sizeof label, "%s", name);
        parity_case(p, "sampling", label, chi_square(path, V, temperature, draws, bins), strict, "chi-square");
    }
    if (f)
        fclose(f);
}

/* Masks one row of `tokens` tokens and counts the slots that are used. */
static int masked_of(int T, int tokens)
{
    static int32_t ids[4096], gen[4096], positions[4096];
    static float weights[4096];
    static uint8_t mask[4096];
    static const int special[5] = {0, 1, 2, 3, 4};
    struct config c;
    config_default(&c);
    for (int t = 0; t < T; t++) {
        ids[t] = t == 0 ? 2 : t == tokens - 1 ? 3 : t < tokens ? 10 : 0;
        mask[t] = t < tokens;
    }
    struct batch b = {.B = 1, .T = T, .N = batch_slots(&c, T), .ids = ids, .mask = mask, .gen_ids = gen,
                      .positions = positions, .weights = weights, .seed = 1, .use_mask = RNG_MASK,
                      .use_kind = RNG_MASK_KIND};
    c.masking = MASKING_FAITHFUL; /* the released rule, with replacement */
    batch_mask(&b, &c, special, 100);
    int used = 0;
    for (int i = 0; i < b.N; i++)
        used += weights[i] > 0;
    return used;
}

static void count_cases(struct parity *p)
{
    char path[PATH_SIZE], line[256];
    int T, tokens, most, want, wrong = 0, seen = 0;
    snprintf(path, sizeof path, "%s/sampling/num_masked.tsv", p->root);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%d %d %d %d", &T, &tokens, &most, &want) != 4 || T > 4096)
            continue;
        seen++;
        /* a row of special tokens only has nothing to mask; the table counts one all the same */
        wrong += tokens > 2 && masked_of(T, tokens) != want;
    }
    if (f)
        fclose(f);
    if (seen)
        parity_case(p, "sampling", "num_masked", wrong, 0.5, "");
}

static void share_cases(struct parity *p)
{
    char path[PATH_SIZE], line[256], name[64];
    double trials, share;
    long low, high;
    snprintf(path, sizeof path, "%s/sampling/binomial_bounds.tsv", p->root);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%63s %lf %lf %ld %ld", name, &trials, &share, &low, &high) != 5)
            continue;
        int n = (int)trials;
        long hits = 0;
        float *x = malloc((size_t)n * sizeof *x);
        if (!strncmp(name, "dropout", 7)) {
            struct dropout d = {.p = (float)share, .seed = 3, .use = RNG_DROPOUT, .step = 1};
            for (int i = 0; i < n; i++)
                x[i] = 1;
            math_select("auto", NULL)->dropout(n / 1000, 1000, x, &d, 0, x);
            for (int i = 0; i < n; i++)
                hits += x[i] == 0;
        } else {
            for (int i = 0; i < n; i++)
                hits += rng_uniform(5, RNG_MASK_KIND, 1, 0, (uint32_t)i) < share;
        }
        free(x);
        double middle = 0.5 * (double)(low + high), half = 0.5 * (double)(high - low);
        parity_case(p, "sampling", name, fabs((double)hits - middle), half, "");
    }
    if (f)
        fclose(f);
}

void parity_sampling(struct parity *p)
{
    chi_cases(p);
    count_cases(p);
    share_cases(p);
}
