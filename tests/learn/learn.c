/* Does each objective learn? A generated order-1 Markov text (200 words, 8 successors each) whose
 * best scores are known is learnt in seconds:
 *
 *   with a discriminator   AUC on the common fakes above 0.8 (0.5 is a guess; adversarial: 0.6)
 *   the others             held-out masked cross-entropy within 0.3 nats of the source's entropy,
 *                          ln 8 = 2.08 from the left word alone; word frequencies give 5.3
 *
 * Usage: learn [OBJECTIVE...] [FIELD=VALUE...]. Prints a line an objective; exit 1 when one does not
 * learn. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/rng.h"
#include "src/data/corpus.h"
#include "src/train/run.h"

#define WORDS 200
#define SUCCESSORS 8
#define DOCS 700
#define LINES 20
#define LINE 16
#define AUC_LEAST 0.8
/* The rewarded generator forgets the text (masked cross-entropy 5.25, as word frequencies) and with it
 * the fakes that are hard: 0.63 to 0.67 in eight settings, 0.64 to 0.75 in four that began with a
 * jointly trained generator. No recipe was found that lifts it; one seed each, two layers: 0.652; with
 * temperature 2 0.649; 40 % masked 0.647, at temperature 2 0.653; disallow_correct 0.634; tie none
 * 0.638, with 40 % masked at temperature 1.5 0.634, with 40 % and disc_weight 20 0.632. */
#define AUC_ADVERSARIAL 0.6
#define ABOVE_ENTROPY 0.3
#define ALL_TOKENS_MOST 1.0 /* main loss of all_tokens_mlm: 1.9 untrained, 1.7 from frequencies */

static char dir[64];

static int die(const struct err *err)
{
    fprintf(stderr, "learn: %s\n", err->text);
    return 1;
}

static uint32_t draw(uint32_t use, uint32_t a, uint32_t b)
{
    return rng_u32(7, RNG_TEST, use, a, b);
}

/* The text, its vocabulary and the packed corpus below `dir`. */
static int make_corpus(struct err *err)
{
    char text[100], vocab[100], out[100];
    int w = 0;
    snprintf(text, sizeof text, "%s/text.txt", dir);
    snprintf(vocab, sizeof vocab, "%s/vocab.txt", dir);
    snprintf(out, sizeof out, "%s/corpus", dir);
    FILE *f = fopen(vocab, "w");
    if (!f)
        return err_errno(err, "cannot write %s", vocab);
    fputs("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", f);
    for (int i = 0; i < WORDS; i++)
        fprintf(f, "w%d\n", i);
    fclose(f);
    f = fopen(text, "w");
    if (!f)
        return err_errno(err, "cannot write %s", text);
    for (uint32_t d = 0; d < DOCS; d++) {
        for (uint32_t t = 0; t < LINES * LINE; t++) {
            fprintf(f, "w%d%c", w, t % LINE == LINE - 1 ? '\n' : ' ');
            w = (int)(draw(1, (uint32_t)w, draw(2, d, t) % SUCCESSORS) % WORDS);
        }
        fputc('\n', f);
    }
    fclose(f);
    const char *paths[] = {text};
    struct corpus_stats stats;
    struct corpus_build b = {.paths = paths, .npaths = 1, .vocab_path = vocab, .text.strip_accents = -1,
                             .out_dir = out};
    return corpus_build(&b, &stats, err);
}

/* Mean entropy of the next word: of SUCCESSORS draws some are the same. */
static double entropy(void)
{
    double sum = 0;
    for (uint32_t w = 0; w < WORDS; w++) {
        int times[WORDS] = {0};
        for (uint32_t k = 0; k < SUCCESSORS; k++)
            times[draw(1, w, k) % WORDS]++;
        for (int v = 0; v < WORDS; v++)
            if (times[v])
                sum -= (double)times[v] / SUCCESSORS * log((double)times[v] / SUCCESSORS);
    }
    return sum / WORDS;
}

static double last[2 * METRIC_VAL];

static void keep(void *ud, const struct event *e)
{
    (void)ud;
    for (int i = 0; e->kind == EVENT_METRICS && i < e->nmetrics; i++)
        last[e->metrics[i].id] = e->metrics[i].value;
    free(e->seq);
}

/* Fields of an objective over the common ones. */
static const struct {
    const char *objective, *fields;
    double least; /* AUC */
} recipes[] = {
    {"", "layers=1 hidden_size=64 ffn_size=128 heads=2 embedding_size=64 max_positions=16 generator_size=0.5 "
         "generator_heads=1 seq=8 batch=128 steps=2000 learning_rate=3e-3 warmup_steps=50 "
         "bias_correction=yes init=fan_in dropout=0 attention_dropout=0 output_bias_init=unigram "
         "mask_prob=0.25 eval_every=100000 snapshot_every=100000 checkpoint_every=100000 eval_sequences=256 "
         "log_every=100", AUC_LEAST},
    {"electra", "layers=2 disc_weight=20 mask_prob=0.4 steps=3000", AUC_LEAST},
    {"electra15", "layers=2 disc_weight=10 mask_prob=0.4 learning_rate=2e-3 steps=5000", AUC_LEAST},
    {"two_stage", "layers=2 disc_weight=20 mask_prob=0.4 steps=3000 generator_size=1 generator_heads=0", AUC_LEAST},
    {"replace_mlm", "generator_size=1 generator_heads=0 steps=1500", AUC_LEAST},
    {"all_tokens_mlm", "generator_size=1 generator_heads=0 steps=1500", AUC_LEAST},
    {"bert_mlm", "steps=1500", AUC_LEAST},
    {"adversarial", "steps=2000", AUC_ADVERSARIAL},
};

static int set_fields(struct config *c, const char *fields, struct err *err)
{
    char copy[1024], *save = NULL;
    snprintf(copy, sizeof copy, "%s", fields);
    for (char *t = strtok_r(copy, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
        char *eq = strchr(t, '=');
        if (!eq)
            return err_set(err, E_USAGE, "'%s' is not FIELD=VALUE", t);
        *eq = 0;
        int rc = config_set(c, t, eq + 1, err);
        if (rc)
            return rc;
    }
    return 0;
}

/* 1 when it learns, 0 when not; a negative code when it cannot run. */
static int learns(const char *objective, int nfields, char **fields, struct err *err)
{
    struct run_args a = {.id = 1, .sink = {.emit = keep}};
    char corpus[100], checkpoints[100];
    double start = clock_now();
    int rc = 0;
    snprintf(corpus, sizeof corpus, "%s/corpus", dir);
    snprintf(checkpoints, sizeof checkpoints, "%s/%s", dir, objective);
    double least = 1;
    config_default(&a.config);
    for (size_t i = 0; !rc && i < sizeof recipes / sizeof *recipes; i++) {
        if (*recipes[i].objective && strcmp(recipes[i].objective, objective))
            continue;
        least = recipes[i].least;
        rc = set_fields(&a.config, recipes[i].fields, err);
    }
    for (int i = 0; !rc && i < nfields; i++)
        rc = set_fields(&a.config, fields[i], err);
    if (!rc)
        rc = config_set(&a.config, "objective", objective, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        last[i] = NAN;
    a.corpus_dir = corpus;
    a.checkpoint_dir = checkpoints;
    rc = run_train(&a, err);
    if (rc)
        return rc;
    double auc = last[METRIC_VAL + METRIC_rtd_auc_common], seconds = clock_now() - start;
    double loss = last[METRIC_VAL + METRIC_mlm_loss_masked], most = entropy() + ABOVE_ENTROPY;
    double own = last[METRIC_VAL + METRIC_main_loss];
    int ok = isnan(auc) ? loss < most : auc > least;
    if (a.config.objective == OBJ_REPLACE_MLM) /* on a text with the generator's fakes in it */
        ok = ok && own < most;
    if (a.config.objective == OBJ_ALL_TOKENS_MLM)
        ok = ok && own < ALL_TOKENS_MOST;
    if (!isnan(auc))
        printf("%s %s: AUC on common fakes %.3f, above %.2f wanted; %.1f s\n", ok ? "PASS" : "FAIL", objective, auc,
               least, seconds);
    else
        printf("%s %s: masked cross-entropy %.3f, below %.3f wanted; main %.3f; %.1f s\n", ok ? "PASS" : "FAIL",
               objective, loss, most, own, seconds);
    fflush(stdout);
    return ok;
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"electra", "electra15", "replace_mlm", "all_tokens_mlm", "bert_mlm", "two_stage",
                          "adversarial"};
    struct err err = {0, ""};
    char *fields[64];
    const char *names[64];
    int nfields = 0, nnames = 0, bad = 0;
    for (int i = 1; i < argc && i < 64; i++) {
        if (strchr(argv[i], '='))
            fields[nfields++] = argv[i];
        else
            names[nnames++] = argv[i];
    }
    strcpy(dir, "/dev/shm/learn.XXXXXX");
    if (!mkdtemp(dir)) {
        strcpy(dir, "learn.XXXXXX");
        if (!mkdtemp(dir))
            return 1;
    }
    int rc = make_corpus(&err);
    for (int i = 0; rc >= 0 && i < (nnames ? nnames : 7); i++) {
        rc = learns(nnames ? names[i] : all[i], nfields, fields, &err);
        bad += rc == 0;
    }
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (system(command))
        fprintf(stderr, "learn: cannot remove %s\n", dir);
    return rc < 0 ? die(&err) : bad ? 1 : 0;
}
