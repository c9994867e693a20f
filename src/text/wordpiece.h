/* BERT tokenisation: clean, spaces round CJK, strip accents, lower-case, split at white space
 * and punctuation, greedy longest match. Equal to Hugging Face's fast BertTokenizer, with
 * special-token strings in text treated as text unless asked. A word cache makes it fast; one
 * tokenizer per thread, nothing allocated per token. */
#ifndef ES_TEXT_WORDPIECE_H
#define ES_TEXT_WORDPIECE_H
#include <stddef.h>
#include <stdint.h>

struct err;
struct vocab;

struct wordpiece_options {
    int cased;           /* 0: lower-case */
    int strip_accents;   /* -1: as lower-casing */
    int no_cjk_split;
    int special_in_text; /* recognise [MASK] and the like */
};

struct ids {
    int32_t *data;
    size_t len, cap;
};

struct wordpiece;
struct wordpiece *wordpiece_new(const struct vocab *v, const struct wordpiece_options *o,
                                struct err *err);
void wordpiece_free(struct wordpiece *w);
/* Appends the ids of n bytes of text. Invalid UTF-8 is counted and replaced (skipped).
 * Returns 0 or E_NOMEM. */
int wordpiece_encode(struct wordpiece *w, const char *text, size_t n, struct ids *out);
/* Like encode, also appending for every id the byte offsets [start, end) of the word it came
 * from in `text` (for question answering and own sentences). */
int wordpiece_encode_offsets(struct wordpiece *w, const char *text, size_t n, struct ids *out,
                             struct ids *start, struct ids *end);
size_t wordpiece_invalid(const struct wordpiece *w); /* invalid bytes seen so far */
/* What has been seen so far: invalid bytes, words, words of more than 100 characters. */
struct wordpiece_counts {
    size_t invalid, words, long_words;
};
const struct wordpiece_counts *wordpiece_counts(struct wordpiece *w);
void ids_free(struct ids *ids);
int ids_push(struct ids *ids, int32_t id); /* 0 or E_NOMEM */
#endif
