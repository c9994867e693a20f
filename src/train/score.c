/* Scoring of texts: text -> tokens -> masked -> generator's samples -> discriminator. Every chosen
 * position shows [MASK]; special tokens written in the text are text. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/base/visible.h"
#include "src/model/hf.h"
#include "src/text/vocab.h"
#include "src/train/run.h"
#include "src/train/score_int.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define THREADS_MOST 4
#define TOKENS_MOST 4096
#define TEXT_MOST (1u << 20)

static void tell(struct scorer *s, const char *text)
{
    if (s->warn)
        s->warn(s->ud, text);
}

/* A network on disk. */
struct source {
    const char *dir;
    struct hf_dir hf;
};

/* main/ of a checkpoint is a masked language model in the discriminator's place. */
static int is_main(const char *dir)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    return n >= 4 && !strncmp(dir + n - 4, "main", 4) && (n == 4 || dir[n - 5] == '/');
}

static int read_source(struct scorer *s, struct source *x, int wants_generator, struct err *err)
{
    int rc = hf_read_config(x->dir, &x->hf, s->warn, s->ud, err);
    if (!rc && (!x->hf.architecture[0] || !!x->hf.is_generator == wants_generator))
        return hf_check_size(x->dir, &x->hf.shape, err);
    return rc ? rc : err_set(err, E_INPUT, wants_generator
                       ? "%s holds a %s, not a generator (ElectraForMaskedLM): give it as the model"
                       : "%s holds a generator (%s), not a discriminator (ElectraForPreTraining): give it "
                         "as the generator", SHOW(x->dir), SHOW(x->hf.architecture));
}

static int load_vocab(struct scorer *s, const struct source *disc, const struct source *gen, struct err *err)
{
    const struct source *from = disc->dir && disc->hf.has_vocab ? disc : gen->dir ? gen : disc;
    char path[4096];
    snprintf(path, sizeof path, "%s/vocab.txt", from->dir);
    s->vocab = vocab_load(path, s->warn, s->ud, err);
    if (!s->vocab)
        return E_INPUT;
    int lines = vocab_size(s->vocab), rows = from->hf.shape.vocab;
    if (lines > rows)
        return err_set(err, E_INPUT, "%s has %d tokens, config.json beside it says vocab_size %d", SHOW(path),
                       lines, rows);
    if (lines < rows) {
        char text[512];
        snprintf(text, sizeof text, "%s has %d tokens, fewer than vocab_size %d", SHOW(path), lines, rows);
        tell(s, text);
    }
    for (int i = 0; i < VOCAB_SPECIALS; i++)
        s->special[i] = vocab_special(s->vocab, i);
    if (!disc->dir || !gen->dir)
        return 0;
    if (disc->hf.shape.vocab != gen->hf.shape.vocab)
        return err_set(err, E_INPUT, "the generator's vocab_size is %d, the discriminator's %d",
                       gen->hf.shape.vocab, disc->hf.shape.vocab);
    if (from == gen || !gen->hf.has_vocab)
        return 0;
    snprintf(path, sizeof path, "%s/vocab.txt", gen->dir);
    struct vocab *other = vocab_load(path, s->warn, s->ud, err);
    if (!other)
        return E_INPUT;
    int same = vocab_hash(other) == vocab_hash(s->vocab);
    vocab_free(other);
    return same ? 0 : err_set(err, E_INPUT, "generator %s and discriminator %s have different vocabularies",
                              SHOW(gen->dir), SHOW(disc->dir));
}

static int build(struct scorer *s, const struct source *disc, const struct source *gen, struct err *err)
{
    int V = disc->dir ? disc->hf.shape.vocab : gen->hf.shape.vocab;
    /* a learner has a main network; where none is given, the smallest there is, never run */
    struct net_shape none = {.vocab = V, .positions = 4, .types = 2, .embedding = 1, .hidden = 1,
                             .layers = 1, .heads = 1, .ffn = 1, .eps = 1e-12f};
    const struct net_shape *d = disc->dir ? &disc->hf.shape : &none;
    const struct net_shape *g = gen->dir ? &gen->hf.shape : NULL;
    int positions = d == &none || (g && g->positions < d->positions) ? g->positions : d->positions;
    s->longest = positions < TOKENS_MOST ? positions : TOKENS_MOST;
    if (s->longest < 3)
        return err_set(err, E_INPUT, "%s: max_position_embeddings %d leaves no room for a token",
                       SHOW(disc->dir ? disc->dir : gen->dir), positions);
    int rc = model_build_shapes(&s->model, g, HEAD_MLM, d, HEAD_RTD, "discriminator", TIE_NONE, err);
    if (rc)
        return rc;
    s->config.objective = s->has_disc ? OBJ_ELECTRA : OBJ_TWO_STAGE; /* whose first stage is the generator */
    s->config.shards = 1;
    s->config.mask_token_share = 1;
    struct learner_args la = {.model = &s->model, .config = &s->config, .math = s->math, .pool = s->pool,
                              .max_T = s->longest, .max_B = 1, .vocab = V, .special = s->special};
    s->learner = learner_new(&la, err);
    s->logits = calloc((size_t)s->longest, sizeof *s->logits);
    if (!s->learner || !s->logits)
        return s->learner ? err_nomem(err, "a scorer") : E_NOMEM;
    rc = batch_room_init(&s->room, (size_t)s->longest, (size_t)s->longest, err);
    float *values = learner_values(s->learner);
    if (!rc && disc->dir)
        rc = hf_load_weights(disc->dir, &s->model, &s->model.disc, values, s->warn, s->ud, err);
    if (!rc && gen->dir)
        rc = hf_load_weights(gen->dir, &s->model, &s->model.gen, values, s->warn, s->ud, err);
    return rc;
}

static int open_sources(struct scorer *s, struct source *disc, struct source *gen, const char *cpu,
                        struct err *err)
{
    int rc = 0;
    if (disc->dir && is_main(disc->dir)) {
        if (!gen->dir)
            gen->dir = disc->dir;
        disc->dir = NULL;
    }
    if (!disc->dir && !gen->dir)
        return err_set(err, E_USAGE, "there is no model to score with");
    if (disc->dir)
        rc = read_source(s, disc, 0, err);
    if (!rc && gen->dir)
        rc = read_source(s, gen, 1, err);
    s->has_disc = disc->dir != NULL;
    s->has_gen = gen->dir != NULL;
    if (!rc)
        rc = load_vocab(s, disc, gen, err);
    if (rc)
        return rc;
    struct wordpiece_options text = s->has_disc ? disc->hf.text : gen->hf.text;
    text.special_in_text = 0;
    s->wordpiece = wordpiece_new(s->vocab, &text, err);
    s->math = math_select(cpu ? cpu : "auto", err);
    int threads = core_threads(0);
    s->pool = s->math ? pool_new(threads < THREADS_MOST ? threads : THREADS_MOST, err) : NULL;
    if (!s->wordpiece || !s->pool)
        return E_FAIL;
    return build(s, disc, gen, err);
}

struct scorer *scorer_open(const char *disc_dir, const char *gen_dir, const char *cpu,
                           void (*warn)(void *, const char *), void *ud, struct err *err)
{
    struct source disc = {.dir = disc_dir}, gen = {.dir = gen_dir};
    struct scorer *s = calloc(1, sizeof *s);
    if (!s) {
        err_nomem(err, "a scorer");
        return NULL;
    }
    s->warn = warn;
    s->ud = ud;
    config_default(&s->config);
    if (open_sources(s, &disc, &gen, cpu, err)) {
        scorer_close(s);
        return NULL;
    }
    return s;
}

void scorer_close(struct scorer *s)
{
    if (!s)
        return;
    batch_room_free(&s->room);
    free(s->logits);
    learner_free(s->learner);
    model_free(&s->model);
    pool_free(s->pool);
    wordpiece_free(s->wordpiece);
    vocab_free(s->vocab);
    free(s);
}

const struct vocab *scorer_vocab(const struct scorer *s)
{
    return s->vocab;
}

/* With masks, "[MASK]" in the text is the token, else it is text. */
static int encode(struct scorer *s, const char *text, size_t bytes, int masks, struct ids *ids)
{
    static const char mask[] = "[MASK]";
    int rc = 0;
    for (const char *at; !rc && masks && (at = strstr(text, mask));) {
        rc = wordpiece_encode(s->wordpiece, text, (size_t)(at - text), ids);
        if (!rc)
            rc = ids_push(ids, s->special[VOCAB_MASK]);
        at += sizeof mask - 1;
        bytes -= (size_t)(at - text);
        text = at;
    }
    return rc ? rc : wordpiece_encode(s->wordpiece, text, bytes, ids);
}

int scorer_tokenise(struct scorer *s, const char *text, int masks, struct err *err)
{
    struct ids ids = {0};
    size_t bytes = strlen(text);
    if (bytes > TEXT_MOST)
        return err_set(err, E_INPUT, "the text is longer than %u bytes", TEXT_MOST);
    int rc = ids_push(&ids, s->special[VOCAB_CLS]);
    if (!rc)
        rc = encode(s, text, bytes, masks, &ids);
    if (!rc && ids.len == 1) {
        ids_free(&ids);
        return err_set(err, E_INPUT, "the text holds no token");
    }
    if (!rc && ids.len >= (size_t)s->longest) {
        char note[160];
        snprintf(note, sizeof note, "the text has %zu tokens, the model takes %d: the rest is left out",
                 ids.len + 1, s->longest);
        tell(s, note);
        ids.len = (size_t)s->longest - 1;
    }
    if (!rc)
        rc = ids_push(&ids, s->special[VOCAB_SEP]);
    if (rc) {
        ids_free(&ids);
        return err_nomem(err, "a text's tokens");
    }
    memcpy(s->room.ids, ids.data, ids.len * sizeof *ids.data);
    int n = (int)ids.len;
    ids_free(&ids);
    return n;
}

/* Where the text itself says [MASK]. */
static int masks_in_text(const struct scorer *s, int T, int *at)
{
    int n = 0;
    for (int t = 1; t < T - 1; t++)
        if (s->room.ids[t] == s->special[VOCAB_MASK])
            at[n++] = t;
    return n;
}

static int in_list(const int *list, int n, int v)
{
    for (int i = 0; i < n; i++)
        if (list[i] == v)
            return 1;
    return 0;
}

/* Of a position that the text leaves open nobody knows whether it is replaced. */
static void leave_open(const struct scorer *s, int T, struct token_row *rows)
{
    for (int t = 1; t < T - 1; t++)
        if (rows[t].original == s->special[VOCAB_MASK]) {
            rows[t].label = rows[t].same = 0;
            rows[t].disc_loss = rows[t].gen_loss = NAN;
        }
}

static int choose(struct scorer *s, const struct scorer_args *a, int T, struct err *err)
{
    struct batch *b = &s->room.b;
    s->config.mask_prob = a->mask_prob > 0 ? a->mask_prob : 0.15;
    if (s->config.mask_prob > 0.9)
        return err_set(err, E_USAGE, "a share of %g of the tokens cannot be masked: 0.9 is the most",
                       a->mask_prob);
    batch_room_set(&s->room, &s->config, 1, T);
    b->mask = b->segments = NULL;
    b->seed = a->seed;
    b->use_mask = RNG_PROBE;
    b->use_kind = RNG_PROBE + (1u << 24);
    b->use_sample = RNG_PROBE + (2u << 24);
    int at[TOKENS_MOST], n = a->masks ? masks_in_text(s, T, at) : 0;
    for (int i = 0; a->mask_positions && i < a->nmask && i < T && n < TOKENS_MOST; i++)
        if (!in_list(at, a->masks ? n : 0, a->mask_positions[i]))
            at[n++] = a->mask_positions[i];
    if (a->mask_positions && a->nmask > T)
        return batch_room_mask_at(&s->room, a->mask_positions, a->nmask, s->special[VOCAB_MASK], err);
    if (a->mask_positions || n)
        return batch_room_mask_at(&s->room, at, n, s->special[VOCAB_MASK], err);
    batch_mask(b, &s->config, s->special, s->model.disc.shape.vocab);
    return 0;
}

/* The discriminator alone: nothing is masked, every token is the original. */
static void score_alone(struct scorer *s, int T, struct token_row *rows)
{
    learner_disc_logits(s->learner, 1, T, s->room.ids, NULL, s->logits);
    for (int t = 0; t < T; t++) {
        double z = (double)s->logits[t];
        int32_t id = s->room.ids[t];
        rows[t] = (struct token_row){.original = id, .masked = id, .sampled = id, .gen_prob = NAN,
                                     .gen_entropy = NAN, .gen_loss = NAN,
                                     .disc_prob = (float)(1 / (1 + exp(-z))),
                                     .disc_loss = (float)(fmax(z, 0) + log1p(exp(-fabs(z))))};
        for (int k = 0; k < EVENT_TOPK; k++)
            rows[t].top_id[k] = -1;
    }
}

int scorer_score(struct scorer *s, const struct scorer_args *a, struct token_seq **out, struct err *err)
{
    int T = scorer_tokenise(s, a->text, a->masks && s->has_gen, err), rc = 0;
    if (T < 0)
        return T;
    if (s->has_gen)
        rc = choose(s, a, T, err);
    else if (a->mask_positions && a->nmask)
        tell(s, "without a generator no position is masked");
    if (rc)
        return rc;
    struct token_seq *seq = calloc(1, sizeof *seq + (size_t)T * sizeof seq->rows[0]);
    if (!seq)
        return err_nomem(err, "a scored text");
    seq->n = T;
    struct losses ignored;
    if (s->has_gen)
        learner_eval(s->learner, &s->room.b, 0, &ignored, NULL, seq->rows);
    else
        score_alone(s, T, seq->rows);
    if (a->masks)
        leave_open(s, T, seq->rows);
    *out = seq;
    return 0;
}
