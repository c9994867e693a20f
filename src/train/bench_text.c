/* See bench_text.h. */
#include "src/train/bench_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/text/vocab.h"
#include "src/text/vocab_train.h"
#include "src/text/wordpiece.h"

enum { TRAIN_BYTES = 10 * 1000 * 1000, ROUNDS_MOST = 15, WORDS = 60000, LINE = 90, SYLLABLES = 1000 };

static const struct wordpiece_options options = {.strip_accents = -1};

static double median(double *x, int n)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && x[j - 1] > x[j]; j--) {
            double t = x[j];
            x[j] = x[j - 1];
            x[j - 1] = t;
        }
    return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

static int encode(const struct vocab *v, const char *text, size_t n, size_t *tokens, struct err *err)
{
    struct ids ids = {0};
    struct wordpiece *w = wordpiece_new(v, &options, err);
    int rc = w ? 0 : err->code;
    for (const char *p = text, *end = text + n; !rc && p < end;) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        size_t size = line ? (size_t)(line - p) + 1 : (size_t)(end - p);
        rc = wordpiece_encode(w, p, size, &ids);
        p += size;
    }
    *tokens = ids.len;
    wordpiece_free(w);
    ids_free(&ids);
    return rc == E_NOMEM ? err_nomem(err, "token ids") : rc;
}

static int train(const char *text, size_t n, int size, char **out, size_t *bytes, struct err *err)
{
    struct vocab_train_options o = {.size = size, .min_frequency = 2, .text = options};
    struct vocab_trainer *t = vocab_trainer_new(&o, err);
    int rc = t ? vocab_trainer_add(t, text, n, err) : err->code;
    if (!rc)
        rc = vocab_trainer_finish(t, out, bytes, err);
    vocab_trainer_free(t);
    return rc;
}

int bench_text(const char *text, size_t n, const struct vocab *v, int size, int rounds,
               struct bench_text_report *out, struct err *err)
{
    double seconds[ROUNDS_MOST];
    struct vocab *own = NULL;
    size_t part = n < TRAIN_BYTES ? n : TRAIN_BYTES, tokens = 0;
    int rc = 0;
    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MOST ? ROUNDS_MOST : rounds;
    memset(out, 0, sizeof *out);
    out->mb = (double)n * 1e-6;
    out->train_mb = (double)part * 1e-6;
    for (int i = 0; !v && i < rounds && !rc; i++) {
        char *list = NULL;
        size_t bytes;
        double start = clock_thread_cpu();
        rc = train(text, part, size, &list, &bytes, err);
        seconds[i] = clock_thread_cpu() - start;
        if (!rc && i == rounds - 1)
            rc = (own = vocab_parse("the trained vocabulary", list, bytes, NULL, NULL, err)) ? 0 : err->code;
        free(list);
    }
    if (!v && !rc)
        out->train_seconds = median(seconds, rounds);
    v = v ? v : own;
    for (int i = 0; i < rounds && !rc; i++) {
        double start = clock_thread_cpu();
        rc = encode(v, text, n, &tokens, err);
        seconds[i] = clock_thread_cpu() - start;
    }
    if (!rc) {
        out->mb_per_s = out->mb / median(seconds, rounds);
        out->tokens = (double)tokens;
        out->vocab_size = vocab_size(v);
    }
    vocab_free(own);
    return rc;
}

static uint32_t draw(uint32_t use, uint32_t a, uint32_t b)
{
    return rng_u32(1, RNG_TEST, use, a, b);
}

/* Word number i of the lexicon: frequent ones are short. Returns its bytes. */
static size_t word(int korean, uint32_t i, char *out)
{
    static const char *const onset[] = {"b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "w", "st", "th"};
    static const char *const rest[] = {"a", "e", "i", "o", "u", "an", "en", "er", "in", "on", "al", "es", "ing", "ed", "ou", "ai"};
    int syllables = 1 + (i > 60) + (i > 2000) + (int)(draw(0, i, 0) % 2);
    size_t n = 0;
    for (int k = 0; k < syllables; k++) {
        uint32_t u = draw(1, i, (uint32_t)k);
        if (korean) { /* one of the 11,172 syllables at U+AC00, some far more often than others */
            uint32_t at = 0xac00 + draw(2, u % SYLLABLES * (u >> 16) % SYLLABLES, 0) % 11172;
            out[n++] = (char)(0xe0 | at >> 12);
            out[n++] = (char)(0x80 | (at >> 6 & 0x3f));
            out[n++] = (char)(0x80 | (at & 0x3f));
        } else {
            n += (size_t)sprintf(out + n, "%s%s", onset[u % 16], rest[u >> 8 & 15]);
        }
    }
    return n;
}

char *bench_text_made(int korean, size_t n, size_t *size, struct err *err)
{
    char *text = malloc(n + 2 * LINE);
    size_t at = 0, line = 0;
    if (!text) {
        err_nomem(err, "made-up text");
        return NULL;
    }
    for (uint32_t i = 0; at < n; i++) {
        /* rank r with probability about 1/r */
        double u = rng_uniform53(1, RNG_TEST, 3, 0, i);
        at += word(korean, (uint32_t)exp(u * log(WORDS)), text + at);
        if (i % 9 == 8)
            text[at++] = i % 2 ? ',' : '.';
        int end = at - line > LINE;
        text[at++] = end ? '\n' : ' ';
        line = end ? at : line;
    }
    *size = at;
    return text;
}
