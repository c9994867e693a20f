/* See sequences.h. With pack=join a split is one endless stream, its documents joined with [SEP];
 * sequence i of epoch e is [CLS], the T-2 tokens from (e n + i)(T-2) on (modulo the stream), and
 * [SEP]: what is left over at the end of one epoch begins the next, so no token is dropped. With
 * pack=document each document is cut by itself and padded; pack=faithful is faithful.h's. */
#include "src/data/sequences.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/config/config.h"
#include "src/data/corpus_int.h"
#include "src/data/faithful.h"

#define HELDOUT_LEAST 64

struct run { /* one piece in the stream */
    uint64_t at;    /* stream position of its first token (after the [SEP] that joins it) */
    uint64_t first; /* token number */
    uint32_t length;
    uint64_t sequences; /* pack=document: sequences before this piece */
};
struct sequences {
    const struct corpus *c;
    int T, pack, heldout;
    uint64_t seed, length, n;
    struct run *run;
    size_t nruns;
    int32_t cls, sep, pad;
    struct faithful *faithful; /* pack=faithful */
};

/* The examples of the released builder. Held-out ones are the same for every run. */
static int open_faithful(struct sequences *s, struct err *err)
{
    struct span *docs = malloc((s->nruns + 1) * sizeof *docs);
    size_t n = 0;
    if (!docs)
        return err_nomem(err, "sequences");
    for (size_t i = 0; i < s->nruns; i++) {
        const struct run *r = &s->run[i];
        int joined = i && r[-1].at + r[-1].length == r->at;
        if (!joined)
            docs[n++].first = r->first;
        docs[n - 1].end = r->first + r->length;
    }
    int rc = faithful_new(s->c, docs, n, s->T, s->heldout ? 0 : s->seed, &s->faithful, err);
    s->n = rc ? 0 : faithful_count(s->faithful);
    free(docs);
    return rc;
}

struct sequences *sequences_open(const struct corpus *c, int T, int pack, int heldout, uint64_t seed,
                                 struct err *err)
{
    struct sequences *s = calloc(1, sizeof *s);
    if (s)
        s->run = malloc((c->npieces + 1) * sizeof *s->run);
    if (!s || !s->run) {
        free(s);
        err_nomem(err, "sequences");
        return NULL;
    }
    *s = (struct sequences){.c = c, .T = T, .pack = pack, .heldout = heldout, .seed = seed, .run = s->run,
                            .cls = vocab_special(c->vocab, VOCAB_CLS),
                            .sep = vocab_special(c->vocab, VOCAB_SEP),
                            .pad = vocab_special(c->vocab, VOCAB_PAD)};
    uint64_t body = (uint64_t)T - 2;
    for (size_t i = 0; i < c->npieces; i++) {
        const struct piece *p = &c->piece[i];
        if (!(p->flags & PIECE_HELDOUT) != !heldout)
            continue;
        int joined = s->nruns && s->run[s->nruns - 1].first + s->run[s->nruns - 1].length == p->first &&
                     (p->flags & PIECE_CONTINUES);
        s->length += s->nruns && !joined;
        s->run[s->nruns++] = (struct run){s->length, p->first, p->length, s->n};
        s->length += p->length;
        s->n += (p->length + body - 1) / body;
    }
    if (pack == PACK_JOIN)
        s->n = s->length / body;
    if (pack == PACK_FAITHFUL && open_faithful(s, err)) {
        sequences_close(s);
        return NULL;
    }
    uint64_t least = heldout ? HELDOUT_LEAST : 1;
    if (s->n < least) {
        if (heldout)
            err_set(err, E_INPUT, "the corpus holds out only %llu sequences of %d tokens, fewer than %d: "
                    "give a text file with --validation", (unsigned long long)s->n, T, HELDOUT_LEAST);
        else
            err_set(err, E_INPUT, "the corpus is shorter than one sequence of %d tokens", T);
        sequences_close(s);
        return NULL;
    }
    return s;
}

void sequences_close(struct sequences *s)
{
    if (!s)
        return;
    faithful_free(s->faithful);
    free(s->run);
    free(s);
}

uint64_t sequences_dropped(const struct sequences *s)
{
    return s->faithful ? faithful_dropped(s->faithful) : 0;
}

uint64_t sequences_count(const struct sequences *s)
{
    return s->n;
}

/* The run that holds stream position `at`, or the one after it when `at` is a joining [SEP]. */
static size_t find_run(const struct sequences *s, uint64_t at)
{
    size_t low = 0, high = s->nruns - 1;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->run[mid].at + s->run[mid].length > at)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

static uint64_t start_of(const struct sequences *s, uint64_t row)
{
    uint64_t epoch = row / s->n, i = row % s->n, body = (uint64_t)s->T - 2;
    if (s->heldout)
        return i * body;
    i = rng_permute(s->seed, RNG_ORDER, (uint32_t)epoch, (uint32_t)s->n, (uint32_t)i);
    return (epoch * s->n + i) * body % s->length;
}

uint64_t sequences_position(const struct sequences *s, uint64_t row, int t)
{
    return (start_of(s, row) + (uint64_t)t) % s->length;
}

/* Which of the n padded sequences a row is. */
static uint64_t place_of(const struct sequences *s, uint64_t row)
{
    uint64_t i = row % s->n;
    return s->heldout ? i
                      : rng_permute(s->seed, RNG_ORDER, (uint32_t)(row / s->n), (uint32_t)s->n, (uint32_t)i);
}

static void get_document(const struct sequences *s, uint64_t row, int32_t *ids, uint8_t *mask)
{
    uint64_t i = place_of(s, row), body = (uint64_t)s->T - 2;
    size_t low = 0, high = s->nruns - 1;
    while (low < high) {
        size_t mid = (low + high + 1) / 2;
        if (s->run[mid].sequences <= i)
            low = mid;
        else
            high = mid - 1;
    }
    const struct run *r = &s->run[low];
    uint64_t from = (i - r->sequences) * body;
    uint64_t n = r->length - from < body ? r->length - from : body;
    ids[0] = s->cls;
    for (uint64_t k = 0; k < n; k++)
        ids[1 + k] = (int32_t)s->c->ids[r->first + from + k];
    ids[1 + n] = s->sep;
    for (int t = 0; t < s->T; t++) {
        mask[t] = (uint64_t)t < n + 2;
        if (!mask[t])
            ids[t] = s->pad;
    }
}

void sequences_get(const struct sequences *s, uint64_t row, int32_t *ids, uint8_t *segments,
                   uint8_t *mask)
{
    memset(segments, 0, (size_t)s->T);
    if (s->faithful) {
        faithful_get(s->faithful, place_of(s, row), ids, segments, mask);
        return;
    }
    if (s->pack == PACK_DOCUMENT) {
        get_document(s, row, ids, mask);
        return;
    }
    memset(mask, 1, (size_t)s->T);
    uint64_t at = start_of(s, row);
    size_t r = find_run(s, at);
    ids[0] = s->cls;
    ids[s->T - 1] = s->sep;
    for (int t = 1; t < s->T - 1; t++) {
        if (at >= s->run[r].at + s->run[r].length && r + 1 < s->nruns)
            r++;
        ids[t] = at < s->run[r].at ? s->sep : (int32_t)s->c->ids[s->run[r].first + (at - s->run[r].at)];
        if (++at == s->length) {
            at = 0;
            r = 0;
        }
    }
}
