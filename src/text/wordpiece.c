/* A run is what stands between ASCII white space and ASCII punctuation; its ids depend on its
 * bytes alone, so short runs are looked up whole in a cache and only new ones are normalised
 * and matched. The cache is one table of slots and one block of keys and ids; when either is
 * full both start anew. */
#include "src/text/wordpiece.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/text/normalise.h"
#include "src/text/vocab_trie.h"

enum { IN_RUN, SPACE, PUNCT };

#define SLOTS (1u << 17)
#define SLOTS_FULL (SLOTS / 2)
#define STORE_INTS (1u << 21)
#define KEY_MAX 64
#define IDS_MAX 250

struct slot {
    uint64_t hash;
    uint32_t at;  /* in store: the key, padded to whole ints, then the ids */
    uint8_t len;  /* 0: free */
    uint8_t nids;
    uint16_t words;
};

struct wordpiece {
    const struct vocab *vocab;
    const struct trie *trie;
    uint32_t continued;
    int32_t unk, punct[128];
    uint8_t class[256];
    int special_in_text;
    struct normaliser norm;
    struct wordpiece_counts counts;
    struct slot *slots;
    int32_t *store;
    uint32_t used_slots, used_ints;
    /* while a run is encoded */
    struct ids *out, *start, *end;
    size_t base; /* of the run in the text */
};

int ids_push(struct ids *ids, int32_t id)
{
    if (ids->len == ids->cap) {
        size_t cap = ids->cap ? 2 * ids->cap : 256;
        int32_t *data = realloc(ids->data, cap * sizeof *data);
        if (!data)
            return E_NOMEM;
        ids->data = data;
        ids->cap = cap;
    }
    ids->data[ids->len++] = id;
    return 0;
}

void ids_free(struct ids *ids)
{
    free(ids->data);
    memset(ids, 0, sizeof *ids);
}

static int push(struct wordpiece *w, int32_t id, size_t start, size_t end)
{
    int rc = ids_push(w->out, id);
    if (!rc && w->start)
        rc = ids_push(w->start, (int32_t)(w->base + start));
    if (!rc && w->end)
        rc = ids_push(w->end, (int32_t)(w->base + end));
    return rc;
}

/* A code point of a normalised word, and its length: the bytes are known to be UTF-8. */
static size_t known_utf8(const unsigned char *s, uint32_t *cp)
{
    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    if (s[0] < 0xE0) {
        *cp = (s[0] & 0x1Fu) << 6 | (s[1] & 0x3Fu);
        return 2;
    }
    if (s[0] < 0xF0) {
        *cp = (s[0] & 0x0Fu) << 12 | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
        return 3;
    }
    *cp = (s[0] & 0x07u) << 18 | (s[1] & 0x3Fu) << 12 | (s[2] & 0x3Fu) << 6 | (s[3] & 0x3Fu);
    return 4;
}

/* Greedy longest match; a word with a part that no piece fits is [UNK] as a whole. */
static int match_word(void *ud, const struct text_word *word)
{
    struct wordpiece *w = ud;
    size_t first = w->out->len, pos = 0;
    w->counts.words++;
    if (word->chars > WORD_CHARS_MAX) {
        w->counts.long_words++;
        return push(w, w->unk, word->start, word->end);
    }
    while (pos < word->len) {
        uint32_t node = pos ? w->continued : 0;
        size_t best_end = 0;
        int32_t best = -1;
        for (size_t i = pos; (i == 0 || node) && i < word->len;) {
            uint32_t cp;
            i += known_utf8((const unsigned char *)word->text + i, &cp);
            const struct trie_edge *e = trie_step(w->trie, node, cp);
            if (!e)
                break;
            node = e->next;
            if (e->value >= 0) {
                best = e->value;
                best_end = i;
            }
        }
        if (best < 0) {
            size_t pushed = w->out->len - first;
            w->out->len = first;
            if (w->start)
                w->start->len -= pushed;
            if (w->end)
                w->end->len -= pushed;
            return push(w, w->unk, word->start, word->end);
        }
        int rc = push(w, best, word->start, word->end);
        if (rc)
            return rc;
        pos = best_end;
    }
    return 0;
}

static struct slot *find_slot(struct wordpiece *w, uint64_t hash, const char *text, size_t n)
{
    uint32_t i = (uint32_t)hash & (SLOTS - 1);
    while (w->slots[i].len) {
        struct slot *s = &w->slots[i];
        if (s->hash == hash && s->len == n && !memcmp(w->store + s->at, text, n))
            return s;
        i = (i + 1) & (SLOTS - 1);
    }
    return &w->slots[i];
}

static void remember(struct wordpiece *w, struct slot *slot, uint64_t hash, const char *text,
                     size_t n, const int32_t *ids, size_t nids, size_t words)
{
    size_t ints = (n + 3) / 4;
    if (nids > IDS_MAX)
        return;
    if (w->used_slots == SLOTS_FULL || w->used_ints + ints + nids > STORE_INTS) {
        memset(w->slots, 0, SLOTS * sizeof *w->slots);
        w->used_slots = w->used_ints = 0;
        slot = &w->slots[(uint32_t)hash & (SLOTS - 1)];
    }
    *slot = (struct slot){ .hash = hash, .at = w->used_ints, .len = (uint8_t)n,
                           .nids = (uint8_t)nids, .words = (uint16_t)words };
    memcpy(w->store + w->used_ints, text, n);
    if (nids)
        memcpy(w->store + w->used_ints + ints, ids, nids * sizeof *ids);
    w->used_slots++;
    w->used_ints += (uint32_t)(ints + nids);
}

static int encode_run(struct wordpiece *w, const char *text, size_t n)
{
    if (n > KEY_MAX || w->start || w->end)
        return normaliser_run(&w->norm, text, n);
    uint64_t hash = XXH3_64bits(text, n);
    struct slot *slot = find_slot(w, hash, text, n);
    if (slot->len) {
        const int32_t *ids = w->store + slot->at + (n + 3) / 4;
        w->counts.words += slot->words;
        if (w->out->cap - w->out->len >= slot->nids) {
            for (int k = 0; k < slot->nids; k++)
                w->out->data[w->out->len + (size_t)k] = ids[k];
            w->out->len += slot->nids;
            return 0;
        }
        for (int k = 0; k < slot->nids; k++) {
            if (ids_push(w->out, ids[k]))
                return E_NOMEM;
        }
        return 0;
    }
    size_t first = w->out->len, invalid = w->norm.invalid, words = w->counts.words;
    int rc = normaliser_run(&w->norm, text, n);
    if (!rc && w->norm.invalid == invalid)
        remember(w, slot, hash, text, n, w->out->data + first, w->out->len - first,
                 w->counts.words - words);
    return rc;
}

static int encode_plain(struct wordpiece *w, const char *text, size_t from, size_t to)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = from; i < to;) {
        if (w->class[s[i]] == SPACE) {
            i++;
            continue;
        }
        w->base = i;
        int rc;
        if (w->class[s[i]] == PUNCT) {
            w->counts.words++;
            rc = push(w, w->punct[s[i]], 0, 1);
            i++;
        } else {
            size_t end = i + 1;
            while (end < to && w->class[s[end]] == IN_RUN)
                end++;
            rc = encode_run(w, text + i, end - i);
            i = end;
        }
        if (rc)
            return rc;
    }
    return 0;
}

/* The special token that stands at text, or -1; *size becomes its length. */
static int special_at(const struct wordpiece *w, const char *text, size_t n, size_t *size)
{
    for (int k = 0; k < VOCAB_SPECIALS; k++) {
        const char *name = vocab_token(w->vocab, vocab_special(w->vocab, k));
        size_t len = strlen(name);
        if (n >= len && !memcmp(text, name, len)) {
            *size = len;
            return k;
        }
    }
    return -1;
}

int wordpiece_encode_offsets(struct wordpiece *w, const char *text, size_t n, struct ids *out,
                             struct ids *start, struct ids *end)
{
    w->out = out;
    w->start = start;
    w->end = end;
    size_t from = 0, size = 0;
    for (size_t i = 0; w->special_in_text && i < n;) {
        const char *open = memchr(text + i, '[', n - i);
        if (!open)
            break;
        i = (size_t)(open - text);
        int which = special_at(w, open, n - i, &size);
        if (which < 0) {
            i++;
            continue;
        }
        int rc = encode_plain(w, text, from, i);
        w->base = i;
        w->counts.words++;
        if (!rc)
            rc = push(w, vocab_special(w->vocab, which), 0, size);
        if (rc)
            return rc;
        from = i += size;
    }
    return encode_plain(w, text, from, n);
}

int wordpiece_encode(struct wordpiece *w, const char *text, size_t n, struct ids *out)
{
    return wordpiece_encode_offsets(w, text, n, out, NULL, NULL);
}

struct wordpiece *wordpiece_new(const struct vocab *v, const struct wordpiece_options *o,
                                struct err *err)
{
    struct wordpiece *w = calloc(1, sizeof *w);
    if (w) {
        w->slots = calloc(SLOTS, sizeof *w->slots);
        w->store = malloc(STORE_INTS * sizeof *w->store);
    }
    if (!w || !w->slots || !w->store) {
        err_nomem(err, "the tokenizer");
        wordpiece_free(w);
        return NULL;
    }
    w->vocab = v;
    w->trie = vocab_trie(v);
    w->continued = vocab_continued(v);
    w->unk = vocab_special(v, VOCAB_UNK);
    w->special_in_text = o->special_in_text;
    normaliser_init(&w->norm, o, match_word, w);
    for (int c = 0; c < 128; c++) {
        char byte = (char)c;
        int punct = (c > 32 && c < 48) || (c > 57 && c < 65) || (c > 90 && c < 97) ||
                    (c > 122 && c < 127);
        w->class[c] = punct ? PUNCT : c == ' ' || c == '\t' || c == '\n' || c == '\r' ? SPACE
                                                                                     : IN_RUN;
        int id = vocab_id(v, &byte, 1);
        w->punct[c] = id < 0 ? w->unk : id;
    }
    return w;
}

void wordpiece_free(struct wordpiece *w)
{
    if (!w)
        return;
    free(w->slots);
    free(w->store);
    free(w);
}

const struct wordpiece_counts *wordpiece_counts(struct wordpiece *w)
{
    w->counts.invalid = w->norm.invalid;
    return &w->counts;
}

size_t wordpiece_invalid(const struct wordpiece *w)
{
    return w->norm.invalid;
}
