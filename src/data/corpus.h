/* A packed corpus on disk: DIR/vocab.txt, DIR/tokenizer.json-free settings and token shards with
 * a checksummed manifest (manifest.json), mmap'd. Documents are kept as token runs; sequences
 * are cut from them at reading time, so one corpus serves every length. */
#ifndef ES_DATA_CORPUS_H
#define ES_DATA_CORPUS_H
#include <stddef.h>
#include <stdint.h>

#include "src/text/wordpiece.h"

struct err;
struct vocab;
struct corpus;

struct corpus_stats {
    uint64_t bytes, lines, documents, words, tokens, unk, invalid, nul_bytes, long_words;
    uint64_t train_tokens, heldout_tokens, heldout_documents;
};

struct corpus_build {
    const char *const *paths;
    int npaths;
    /* Held-out text of its own: then no document of `paths` is held out. nheldout 0: none. */
    const char *const *heldout_paths;
    int nheldout;
    const char *vocab_path;
    struct wordpiece_options text;
    const char *out_dir; /* written beside, then renamed */
    int (*progress)(void *ud, const char *stage, double done);
    void (*warn)(void *ud, const char *text);
    void *ud;
};
/* Tokenises and writes. E_INPUT when there is no text at all. Each document's split (held-out:
 * every 50th by hash, and more of a short text: corpus_build.c) is fixed here. */
int corpus_build(const struct corpus_build *b, struct corpus_stats *stats, struct err *err);
/* Checks the manifest's checksums (cheaply: header and sizes; `verify` reads all). */
struct corpus *corpus_open(const char *dir, int verify, struct err *err);
void corpus_close(struct corpus *c);
const struct vocab *corpus_vocab(const struct corpus *c);
const struct wordpiece_options *corpus_text_options(const struct corpus *c);
const struct corpus_stats *corpus_stats(const struct corpus *c);
uint64_t corpus_hash(const struct corpus *c); /* of the token ids and the vocabulary */
/* log p of each id by frequency on the training split, add-one smoothed over ids: [V].
 * Owned by the corpus. */
const float *corpus_log_unigram(const struct corpus *c);
const uint64_t *corpus_counts(const struct corpus *c);
/* The counts alone, without opening the corpus: *out is [V], to be freed. E_INPUT when the file does
 * not hold V of them. */
int corpus_read_counts(const char *dir, int V, uint64_t **out, struct err *err);

/* Sequences of length T of one split. `heldout` 0: training, 1: held-out. pack as in config.
 * The sequence set is fixed by (corpus, T, pack); with pack=join all tokens are used: the
 * remainder of the epoch is carried over into the next. */
struct sequences;
struct sequences *sequences_open(const struct corpus *c, int T, int pack, int heldout,
                                 uint64_t seed, struct err *err);
void sequences_close(struct sequences *s);
/* Tokens of an epoch that no sequence holds (pack=faithful cuts segments, as released). */
uint64_t sequences_dropped(const struct sequences *s);
uint64_t sequences_count(const struct sequences *s); /* in one epoch, at least */
/* Row number `row` of the endless training stream (row = sum of the batch sizes before + place
 * in the batch): epoch and keyed permutation are pure functions of it. Writes ids [T], segments
 * [T], mask [T] (1 = token, 0 = padding). For the held-out split row counts from 0 in file order
 * and wraps. Thread-safe. */
void sequences_get(const struct sequences *s, uint64_t row, int32_t *ids, uint8_t *segments,
                   uint8_t *mask);

/* Common fakes of contracts.md: the same corrupted held-out set for every run on this corpus.
 * For sequence `row` of the held-out split at length T: corrupted ids and labels (1 = replaced).
 * Replacements from 0.7 bigram of the left token + 0.3 unigram, counted on the training split. */
int common_fakes(const struct corpus *c, const struct sequences *heldout, uint64_t row, int T,
                 double mask_prob, int32_t *corrupted, uint8_t *labels, struct err *err);
#endif
