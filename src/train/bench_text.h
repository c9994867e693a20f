/* Speed of the tokenizer and of vocabulary training, in CPU time of the calling thread. */
#ifndef ES_TRAIN_BENCH_TEXT_H
#define ES_TRAIN_BENCH_TEXT_H
#include <stddef.h>

struct err;
struct vocab;
struct bench_text_report {
    double mb;            /* of the text, 1e6 bytes */
    double mb_per_s;      /* tokenizing, median over the rounds, each with a cold word cache */
    double tokens;        /* of the text */
    double train_mb;      /* of the text's beginning, which trains a vocabulary */
    double train_seconds; /* median; 0 when a vocabulary was given */
    int vocab_size;       /* of the vocabulary that tokenizes */
};
/* Trains a vocabulary of `size` tokens on the first bytes of the text (10 MB at most) and tokenizes
 * all of it, line by line; with v (may be NULL) it only tokenizes. size of the text: 1 or more. */
int bench_text(const char *text, size_t n, const struct vocab *v, int size, int rounds,
               struct bench_text_report *out, struct err *err);
/* Made-up text of about n bytes, for a machine without any: words of syllables, by Zipf's law, in
 * lines. Always the same. malloc'd and free'd by the caller; NULL with err set. */
char *bench_text_made(int korean, size_t n, size_t *size, struct err *err);
#endif
