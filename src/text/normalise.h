/* Text into words, as the reference tokenizer does it before WordPiece: clean, spaces round
 * CJK, canonical decomposition and accents dropped, lower-case, split at white space and
 * punctuation. Works code point by code point on a fixed buffer: nothing is allocated. */
#ifndef ES_TEXT_NORMALISE_H
#define ES_TEXT_NORMALISE_H
#include <stddef.h>
#include <stdint.h>

#define WORD_CHARS_MAX 100 /* a longer word is [UNK] */

struct text_word {
    const char *text;  /* normalised; the whole word only when chars <= WORD_CHARS_MAX */
    size_t len;        /* bytes in text */
    size_t chars;      /* code points of the whole word */
    size_t start, end; /* byte range of the input it came from */
};

struct normaliser {
    int lower, strip, cjk;
    size_t invalid; /* bytes that were no UTF-8, skipped */
    /* Told about every word; non-zero stops and is returned. */
    int (*word)(void *ud, const struct text_word *w);
    void *ud;
    /* the word being built */
    struct text_word cur;
    char buf[4 * WORD_CHARS_MAX + 8];
};

struct wordpiece_options;
void normaliser_init(struct normaliser *n, const struct wordpiece_options *o,
                     int (*word)(void *ud, const struct text_word *w), void *ud);
/* Splits `len` bytes; words never span two calls. 0 or what `word` returned. */
int normaliser_run(struct normaliser *n, const char *text, size_t len);
/* 1 when the text holds white space only. */
int text_is_blank(const char *text, size_t len);
#endif
