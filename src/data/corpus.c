/* Opening a packed corpus, and the common fakes on it. See corpus.h. */
#include "src/data/corpus.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/base/visible.h"
#include "src/data/corpus_int.h"
#include "src/data/sequences.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define MANIFEST_MAX ((size_t)1 << 20)

static uint64_t number(json_t *j, const char *key)
{
    json_int_t x = json_integer_value(json_object_get(j, key));
    return x > 0 ? (uint64_t)x : 0;
}

static int read_manifest(struct corpus *c, const char *dir, struct err *err)
{
    char path[4200];
    char *text;
    size_t size;
    snprintf(path, sizeof path, "%s/manifest.json", dir);
    int rc = file_read(path, MANIFEST_MAX, &text, &size, err);
    if (rc)
        return rc;
    json_t *j = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    const char *hash = json_string_value(json_object_get(j, "hash"));
    if (!j || number(j, "version") != 1 || !hash) {
        json_decref(j);
        return err_set(err, E_INPUT, "%s is not a corpus manifest of version 1", SHOW(path));
    }
    c->hash = strtoull(hash, NULL, 16);
    c->text = (struct wordpiece_options){
        .cased = json_is_true(json_object_get(j, "cased")),
        .strip_accents = (int)json_integer_value(json_object_get(j, "strip_accents")),
        .no_cjk_split = json_is_true(json_object_get(j, "no_cjk_split"))};
    struct corpus_stats *s = &c->stats;
    s->bytes = number(j, "bytes");
    s->lines = number(j, "lines");
    s->documents = number(j, "documents");
    s->tokens = number(j, "tokens");
    s->unk = number(j, "unk");
    s->invalid = number(j, "invalid");
    s->nul_bytes = number(j, "nul_bytes");
    s->train_tokens = number(j, "train_tokens");
    s->heldout_tokens = number(j, "heldout_tokens");
    s->heldout_documents = number(j, "heldout_documents");
    json_decref(j);
    return 0;
}

static int map_part(const char *dir, const char *name, struct map *m, struct err *err)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return file_map(path, m, err);
}

/* The numbers of the manifest are those of the pieces: tables are allocated by them. */
static int check_parts(struct corpus *c, const char *dir, int verify, struct err *err)
{
    int V = vocab_size(c->vocab);
    uint64_t next = 0, heldout = 0;
    int ok = c->tokens.size / 4 == c->stats.tokens && c->tokens.size % 4 == 0 &&
             c->pieces.size % sizeof(struct piece) == 0 && c->counts.size == (size_t)V * 8;
    for (size_t i = 0; ok && i < c->npieces; i++) {
        const struct piece *p = &c->piece[i];
        ok = p->first == next && p->length > 0 && p->length <= PIECE_TOKENS;
        next += p->length;
        heldout += p->flags & PIECE_HELDOUT ? p->length : 0;
    }
    ok = ok && next == c->stats.tokens && heldout == c->stats.heldout_tokens &&
         next - heldout == c->stats.train_tokens;
    for (uint64_t i = 0; ok && i < c->stats.tokens; i++)
        ok = c->ids[i] < (uint32_t)V;
    for (size_t i = 0; ok && i < c->nlines; i++)
        ok = c->line_end[i] > (i ? c->line_end[i - 1] : 0) && c->line_end[i] <= c->stats.tokens;
    if (ok && verify) {
        XXH3_state_t *h = XXH3_createState();
        XXH3_64bits_reset(h);
        XXH3_64bits_update(h, c->ids, c->tokens.size);
        XXH3_64bits_update(h, &(uint64_t){vocab_hash(c->vocab)}, 8);
        ok = XXH3_64bits_digest(h) == c->hash;
        XXH3_freeState(h);
    }
    return ok ? 0 : err_set(err, E_INPUT, "the corpus in %s is damaged: build it again", SHOW(dir));
}

static int unigram(struct corpus *c, struct err *err)
{
    int V = vocab_size(c->vocab);
    double total = V;
    c->log_unigram = malloc((size_t)V * sizeof *c->log_unigram);
    c->cumulative = malloc(((size_t)V + 1) * sizeof *c->cumulative);
    if (!c->log_unigram || !c->cumulative)
        return err_nomem(err, "token frequencies");
    for (int v = 0; v < V; v++)
        total += (double)c->count[v];
    c->cumulative[0] = 0;
    for (int v = 0; v < V; v++) {
        c->log_unigram[v] = (float)log(((double)c->count[v] + 1) / total);
        c->cumulative[v + 1] = c->cumulative[v] + (double)c->count[v];
    }
    return 0;
}

struct corpus *corpus_open(const char *dir, int verify, struct err *err)
{
    struct corpus *c = calloc(1, sizeof *c);
    char path[4200];
    if (!c) {
        err_nomem(err, "a corpus");
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    int rc = read_manifest(c, dir, err);
    if (!rc && !(c->vocab = vocab_load(path, NULL, NULL, err)))
        rc = E_INPUT;
    if (!rc)
        rc = map_part(dir, "tokens.u32", &c->tokens, err);
    if (!rc)
        rc = map_part(dir, "pieces.bin", &c->pieces, err);
    if (!rc)
        rc = map_part(dir, "counts.u64", &c->counts, err);
    snprintf(path, sizeof path, "%s/lines.u64", dir);
    if (!rc && file_exists(path))
        rc = map_part(dir, "lines.u64", &c->lines, err);
    if (!rc) {
        c->line_end = (const uint64_t *)(const void *)c->lines.data;
        c->nlines = c->lines.size / sizeof *c->line_end;
        c->ids = (const uint32_t *)(const void *)c->tokens.data;
        c->piece = (const struct piece *)(const void *)c->pieces.data;
        c->npieces = c->pieces.size / sizeof(struct piece);
        c->count = (const uint64_t *)(const void *)c->counts.data;
        rc = check_parts(c, dir, verify, err);
    }
    if (!rc)
        rc = unigram(c, err);
    if (!rc)
        return c;
    corpus_close(c);
    return NULL;
}

void corpus_close(struct corpus *c)
{
    if (!c)
        return;
    file_unmap(&c->tokens);
    file_unmap(&c->pieces);
    file_unmap(&c->counts);
    file_unmap(&c->lines);
    vocab_free(c->vocab);
    pthread_mutex_destroy(&c->lock);
    free(c->log_unigram);
    free(c->cumulative);
    free(c->bigram);
    free(c->left);
    free(c);
}

int corpus_read_counts(const char *dir, int V, uint64_t **out, struct err *err)
{
    struct map m;
    *out = NULL;
    int rc = map_part(dir, "counts.u64", &m, err);
    if (rc)
        return rc;
    if (V < 1 || m.size != (size_t)V * 8)
        rc = err_set(err, E_INPUT, "the corpus in %s counts other tokens than its vocabulary has", SHOW(dir));
    else if (!(*out = malloc(m.size)))
        rc = err_nomem(err, "token frequencies");
    if (!rc)
        memcpy(*out, m.data, m.size);
    file_unmap(&m);
    return rc;
}

const struct vocab *corpus_vocab(const struct corpus *c)
{
    return c->vocab;
}

const struct wordpiece_options *corpus_text_options(const struct corpus *c)
{
    return &c->text;
}

const struct corpus_stats *corpus_stats(const struct corpus *c)
{
    return &c->stats;
}

uint64_t corpus_hash(const struct corpus *c)
{
    return c->hash;
}

const float *corpus_log_unigram(const struct corpus *c)
{
    return c->log_unigram;
}

const uint64_t *corpus_counts(const struct corpus *c)
{
    return c->count;
}

static int by_pair(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Pairs of neighbours within the pieces of the training split, sorted: a row of the table is all
 * successors of a token, as often as they occur. */
static int build_bigrams(struct corpus *c, struct err *err)
{
    int V = vocab_size(c->vocab);
    c->bigram = malloc((c->stats.train_tokens + 1) * sizeof *c->bigram);
    c->left = calloc((size_t)V + 2, sizeof *c->left);
    if (!c->bigram || !c->left)
        return err_nomem(err, "bigram counts");
    for (size_t i = 0; i < c->npieces; i++) {
        const struct piece *p = &c->piece[i];
        for (uint32_t k = 1; !(p->flags & PIECE_HELDOUT) && k < p->length; k++)
            c->bigram[c->nbigrams++] =
                (uint64_t)c->ids[p->first + k - 1] << 32 | c->ids[p->first + k];
    }
    qsort(c->bigram, c->nbigrams, sizeof *c->bigram, by_pair);
    size_t at = 0;
    for (int v = 0; v <= V; v++) {
        while (at < c->nbigrams && c->bigram[at] >> 32 < (uint64_t)v)
            at++;
        c->left[v] = at;
    }
    c->has_bigrams = 1;
    return 0;
}

static int32_t draw_unigram(const struct corpus *c, double u)
{
    int V = vocab_size(c->vocab), low = 0, high = V - 1;
    double at = u * c->cumulative[V];
    while (low < high) {
        int mid = (low + high) / 2;
        if (c->cumulative[mid + 1] > at)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

int common_fakes(const struct corpus *corpus, const struct sequences *heldout, uint64_t row, int T,
                 double mask_prob, int32_t *corrupted, uint8_t *labels, struct err *err)
{
    struct corpus *c = (struct corpus *)corpus; /* the table is built once, under its lock */
    pthread_mutex_lock(&c->lock);
    int rc = c->has_bigrams ? 0 : build_bigrams(c, err);
    pthread_mutex_unlock(&c->lock);
    if (rc)
        return rc;
    uint8_t segments[4096], mask[4096];
    sequences_get(heldout, row, corrupted, segments, mask);
    int32_t left = -1;
    for (int t = 0; t < T; t++) {
        int32_t original = corrupted[t];
        uint64_t position = sequences_position(heldout, row, t);
        uint32_t w[4];
        labels[t] = 0;
        rng_words(c->hash, RNG_COMMON, (uint32_t)(position >> 32), 0, (uint32_t)position, w);
        int special = !mask[t];
        for (int k = 0; k < VOCAB_SPECIALS; k++)
            special |= k != VOCAB_UNK && original == vocab_special(c->vocab, k);
        if (!special && w[0] * 0x1p-32 < mask_prob) {
            double u = w[2] * 0x1p-32;
            size_t from = left >= 0 ? c->left[left] : 0, n = left >= 0 ? c->left[left + 1] - from : 0;
            corrupted[t] = w[1] * 0x1p-32 < 0.7 && n ? (int32_t)(uint32_t)c->bigram[from + (size_t)(u * (double)n)]
                                                     : draw_unigram(c, u);
            labels[t] = corrupted[t] != original;
        }
        left = original;
    }
    return 0;
}
