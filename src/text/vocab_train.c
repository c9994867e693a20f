/* Words are counted as they come. At the end the alphabet goes in first, then the most
 * frequent pair of neighbouring pieces becomes a new piece again and again: byte-pair merges
 * (Sennrich et al., 2016) on "##" pieces, as Hugging Face's WordPiece trainer does it. Counts
 * of pairs are kept up to date word by word. */
#include "src/text/vocab_train.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/text/normalise.h"
#include "src/text/pair_queue.h"
#include "src/text/vocab.h"
#include "src/text/word_table.h"

#define PIECE_MAX (4 * WORD_CHARS_MAX + 8)
#define SIZE_MAX_ASKED (1 << 22)

static const char *const specials[VOCAB_SPECIALS] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]",
                                                      "[MASK]" };

struct vocab_trainer {
    struct vocab_train_options o;
    struct normaliser norm;
    struct word_table words, pieces; /* pieces: names; count > 0: chosen, in this order */
    uint32_t *symbols;               /* the words as pieces, one after another */
    uint32_t *first, *length;        /* of each word in symbols */
    struct pair_queue queue;
    uint32_t *chosen; /* [o.size] */
    int nchosen;
};

static int count_word(void *ud, const struct text_word *w)
{
    struct vocab_trainer *t = ud;
    /* The tokenizer makes [UNK] of longer words whatever the vocabulary holds. */
    if (w->chars > WORD_CHARS_MAX)
        return 0;
    return word_table_add(&t->words, w->text, w->len, 1) < 0 ? E_NOMEM : 0;
}

struct vocab_trainer *vocab_trainer_new(const struct vocab_train_options *o, struct err *err)
{
    if (o->size <= VOCAB_SPECIALS || o->size > SIZE_MAX_ASKED) {
        err_set(err, E_USAGE, "a vocabulary of %d tokens cannot be made: the size must lie "
                "between %d and %d", o->size, VOCAB_SPECIALS + 1, SIZE_MAX_ASKED);
        return NULL;
    }
    if (o->min_frequency < 1) {
        err_set(err, E_USAGE, "the minimum frequency is %d but must be at least 1",
                o->min_frequency);
        return NULL;
    }
    struct vocab_trainer *t = calloc(1, sizeof *t);
    if (!t) {
        err_nomem(err, "the vocabulary trainer");
        return NULL;
    }
    t->o = *o;
    normaliser_init(&t->norm, &o->text, count_word, t);
    return t;
}

void vocab_trainer_free(struct vocab_trainer *t)
{
    if (!t)
        return;
    word_table_free(&t->words);
    word_table_free(&t->pieces);
    pair_queue_free(&t->queue);
    free(t->symbols);
    free(t->first);
    free(t->length);
    free(t->chosen);
    free(t);
}

int vocab_trainer_add(struct vocab_trainer *t, const char *text, size_t n, struct err *err)
{
    return normaliser_run(&t->norm, text, n) ? err_nomem(err, "the counts of the words") : 0;
}

static int tell(struct vocab_trainer *t, const char *stage, double done, struct err *err)
{
    if (t->o.progress && t->o.progress(t->o.ud, stage, done))
        return err_set(err, E_STOPPED, "the training of the vocabulary was stopped");
    return 0;
}

static int reserve(struct vocab_trainer *t)
{
    size_t n = t->words.n + 1;
    t->symbols = malloc((t->words.used + 1) * sizeof *t->symbols);
    t->first = malloc(n * sizeof *t->first);
    t->length = malloc(n * sizeof *t->length);
    t->chosen = malloc((size_t)t->o.size * sizeof *t->chosen);
    if (!t->symbols || !t->first || !t->length || !t->chosen || t->words.used > UINT32_MAX)
        return E_NOMEM;
    return 0;
}

/* Cuts every word into its characters: c in front, ##c behind. */
static int spell(struct vocab_trainer *t)
{
    uint32_t used = 0;
    for (size_t k = 0; k < t->words.n; k++) {
        const struct word_entry *w = &t->words.entries[k];
        const unsigned char *s = (const unsigned char *)word_table_text(&t->words, k);
        t->first[k] = used;
        for (size_t i = 0; i < w->len;) {
            uint32_t cp;
            char name[8] = "##";
            size_t size = (size_t)utf8_decode(s + i, w->len - i, &cp), prefix = i ? 2 : 0;
            memcpy(name + prefix, s + i, size);
            int64_t piece = word_table_add(&t->pieces, name, prefix + size, w->count);
            if (piece < 0)
                return E_NOMEM;
            t->symbols[used++] = (uint32_t)piece;
            i += size;
        }
        t->length[k] = used - t->first[k];
    }
    return 0;
}

struct letter {
    const char *name;
    uint64_t count;
    uint32_t piece;
};

static int by_count(const void *a, const void *b)
{
    const struct letter *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    const struct letter *x = a, *y = b;
    int inside = !strncmp(x->name, "##", 2) && x->name[2];
    int inside_y = !strncmp(y->name, "##", 2) && y->name[2];
    return inside != inside_y ? inside - inside_y : strcmp(x->name, y->name);
}

/* The alphabet, by code point; where it does not fit, its most frequent part. Afterwards a
 * piece's count says whether it is in the vocabulary. */
static int choose_alphabet(struct vocab_trainer *t)
{
    size_t n = t->pieces.n, room = (size_t)(t->o.size - VOCAB_SPECIALS);
    struct letter *letters = malloc((n + 1) * sizeof *letters);
    if (!letters)
        return E_NOMEM;
    for (size_t k = 0; k < n; k++) {
        letters[k] = (struct letter){ word_table_text(&t->pieces, k),
                                      t->pieces.entries[k].count, (uint32_t)k };
        t->pieces.entries[k].count = 0;
    }
    if (n > room) {
        qsort(letters, n, sizeof *letters, by_count);
        n = room;
    }
    qsort(letters, n, sizeof *letters, by_name);
    for (size_t k = 0; k < n; k++) {
        t->chosen[t->nchosen++] = letters[k].piece;
        t->pieces.entries[letters[k].piece].count = 1;
    }
    free(letters);
    return 0;
}

static void count_pairs(struct vocab_trainer *t)
{
    for (size_t k = 0; k < t->words.n; k++) {
        const uint32_t *s = t->symbols + t->first[k];
        for (uint32_t i = 0; i + 1 < t->length[k]; i++)
            pair_queue_change(&t->queue, s[i], s[i + 1], (int64_t)t->words.entries[k].count,
                              (uint32_t)k);
    }
    for (size_t k = 0; k < t->queue.n && !t->queue.failed; k++)
        pair_queue_push(&t->queue, k);
}

/* Pairs whose count a merge has raised, each once. */
struct raised {
    uint32_t *pairs;
    size_t n, cap;
    uint32_t merge;
};

static void change(struct vocab_trainer *t, uint32_t left, uint32_t right, int64_t by,
                   uint32_t word, struct raised *r)
{
    size_t k = pair_queue_change(&t->queue, left, right, by, word);
    if (t->queue.failed || by < 0 || t->queue.pairs[k].touched == r->merge)
        return;
    t->queue.pairs[k].touched = r->merge;
    if (r->n == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 256;
        uint32_t *pairs = realloc(r->pairs, cap * sizeof *pairs);
        if (!pairs) {
            t->queue.failed = 1;
            return;
        }
        r->pairs = pairs;
        r->cap = cap;
    }
    r->pairs[r->n++] = (uint32_t)k;
}

/* Replaces the pair in one word and moves the counts of its neighbours. */
static void merge_in_word(struct vocab_trainer *t, uint32_t word, const uint32_t pair[2],
                          uint32_t piece, struct raised *r)
{
    uint32_t *s = t->symbols + t->first[word], n = t->length[word], out = 0;
    int64_t count = (int64_t)t->words.entries[word].count;
    for (uint32_t i = 0; i < n; i++) {
        if (i + 1 == n || s[i] != pair[0] || s[i + 1] != pair[1]) {
            s[out++] = s[i];
            continue;
        }
        if (out) {
            change(t, s[out - 1], pair[0], -count, word, r);
            change(t, s[out - 1], piece, count, word, r);
        }
        change(t, pair[0], pair[1], -count, word, r);
        if (i + 2 < n) {
            change(t, pair[1], s[i + 2], -count, word, r);
            change(t, piece, s[i + 2], count, word, r);
        }
        s[out++] = piece;
        i++;
    }
    t->length[word] = out;
}

static int64_t join_names(struct vocab_trainer *t, uint32_t left, uint32_t right)
{
    char name[2 * PIECE_MAX];
    const char *tail = word_table_text(&t->pieces, right) + 2;
    size_t a = t->pieces.entries[left].len, b = t->pieces.entries[right].len - 2;
    memcpy(name, word_table_text(&t->pieces, left), a);
    memcpy(name + a, tail, b);
    return word_table_add(&t->pieces, name, a + b, 0);
}

static int merge(struct vocab_trainer *t, size_t k, struct raised *r)
{
    const uint32_t pair[2] = { t->queue.pairs[k].left, t->queue.pairs[k].right };
    int64_t piece = join_names(t, pair[0], pair[1]);
    if (piece < 0)
        return E_NOMEM;
    /* Two ways of merging may make one piece: it is chosen once. */
    if (!t->pieces.entries[piece].count) {
        t->pieces.entries[piece].count = 1;
        t->chosen[t->nchosen++] = (uint32_t)piece;
    }
    uint32_t *words = t->queue.pairs[k].words, nwords = t->queue.pairs[k].nwords;
    t->queue.pairs[k].words = NULL;
    t->queue.pairs[k].nwords = t->queue.pairs[k].cap = 0;
    r->n = 0;
    r->merge++;
    for (uint32_t i = 0; i < nwords; i++)
        merge_in_word(t, words[i], pair, (uint32_t)piece, r);
    free(words);
    for (size_t i = 0; i < r->n && !t->queue.failed; i++)
        pair_queue_push(&t->queue, r->pairs[i]);
    return t->queue.failed ? E_NOMEM : 0;
}

static int merge_all(struct vocab_trainer *t, struct err *err)
{
    struct raised raised = { NULL, 0, 0, 0 };
    int rc = 0, room = t->o.size - VOCAB_SPECIALS, alphabet = t->nchosen;
    while (!rc && t->nchosen < room) {
        if (raised.merge % 64 == 0)
            rc = tell(t, "merging", (double)(t->nchosen - alphabet) / (room - alphabet), err);
        int64_t k = rc ? -1 : pair_queue_pop(&t->queue);
        if (k < 0)
            break;
        if (merge(t, (size_t)k, &raised))
            rc = err_nomem(err, "the pairs of the vocabulary");
    }
    free(raised.pairs);
    return rc;
}

static int write_out(struct vocab_trainer *t, char **out, size_t *size, struct err *err)
{
    struct str s;
    str_init(&s);
    for (int k = 0; k < VOCAB_SPECIALS; k++)
        str_addf(&s, "%s\n", specials[k]);
    for (int k = 0; k < t->nchosen; k++) {
        const struct word_entry *e = &t->pieces.entries[t->chosen[k]];
        str_addn(&s, t->pieces.bytes + e->at, e->len);
        str_addc(&s, '\n');
    }
    if (s.failed) {
        str_free(&s);
        return err_nomem(err, "the vocabulary's text");
    }
    *out = s.data;
    *size = s.len;
    return 0;
}

int vocab_trainer_finish(struct vocab_trainer *t, char **out, size_t *size, struct err *err)
{
    if (!t->words.n)
        return err_set(err, E_INPUT, "there is no text to train a vocabulary on");
    if (t->symbols)
        return err_set(err, E_USAGE, "this training of a vocabulary has ended already");
    int rc = tell(t, "counting pairs", 0, err);
    if (rc)
        return rc;
    if (reserve(t) || spell(t) || choose_alphabet(t))
        return err_nomem(err, "the words of the vocabulary");
    pair_queue_init(&t->queue, &t->pieces, t->o.min_frequency);
    if (t->nchosen < t->o.size - VOCAB_SPECIALS)
        count_pairs(t);
    if (t->queue.failed)
        return err_nomem(err, "the pairs of the vocabulary");
    rc = merge_all(t, err);
    if (!rc)
        rc = tell(t, "merging", 1, err);
    return rc ? rc : write_out(t, out, size, err);
}
