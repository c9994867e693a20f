/* MB/s of the tokenizer and seconds of vocabulary training, in CPU time of one thread. Not a
 * test: run by hand with a vocabulary and text files (a file's first 10 MB train a vocabulary of
 * 30,000 tokens). Best and median of five rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/text/vocab.h"
#include "src/text/vocab_train.h"
#include "src/text/wordpiece.h"

enum { ROUNDS = 5, TRAIN_BYTES = 10 * 1000 * 1000, TRAIN_SIZE = 30000 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Line by line, as `corpus` reads it; a fresh tokenizer, so the cache is filled again. */
static double encode(const struct vocab *v, const char *text, size_t n, size_t *tokens)
{
    struct wordpiece_options options = {.strip_accents = -1};
    struct ids ids = {0};
    double start = clock_thread_cpu();
    struct wordpiece *w = wordpiece_new(v, &options, NULL);
    for (const char *p = text, *end = text + n; w && p < end;) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        size_t size = line ? (size_t)(line - p) + 1 : (size_t)(end - p);
        if (wordpiece_encode(w, p, size, &ids))
            exit(1);
        p += size;
    }
    double seconds = clock_thread_cpu() - start;
    *tokens = ids.len;
    wordpiece_free(w);
    ids_free(&ids);
    return seconds;
}

static double train(const char *text, size_t n, int *got)
{
    struct vocab_train_options o = {.size = TRAIN_SIZE, .min_frequency = 2,
                                    .text = {.strip_accents = -1}};
    char *out = NULL;
    size_t size = 0;
    double start = clock_thread_cpu();
    struct vocab_trainer *t = vocab_trainer_new(&o, NULL);
    if (!t || vocab_trainer_add(t, text, n, NULL) || vocab_trainer_finish(t, &out, &size, NULL))
        exit(1);
    double seconds = clock_thread_cpu() - start;
    *got = 0;
    for (size_t i = 0; i < size; i++)
        *got += out[i] == '\n';
    vocab_trainer_free(t);
    free(out);
    return seconds;
}

static char *read_all(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    if (!f || fseek(f, 0, SEEK_END) || !(data = malloc((size_t)ftell(f) + 1)))
        exit(1);
    *n = (size_t)ftell(f);
    rewind(f);
    *n = fread(data, 1, *n, f);
    fclose(f);
    return data;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct vocab *v = argc > 2 ? vocab_load(argv[1], NULL, NULL, &err) : NULL;
    if (!v) {
        fprintf(stderr, "%s\n", argc > 2 ? err.text : "usage: text_speed VOCAB FILE...");
        return 1;
    }
    printf("%-24s %9s %12s %12s %10s %14s\n", "file", "MB", "best MB/s", "median MB/s", "tokens",
           "training s");
    for (int i = 2; i < argc; i++) {
        size_t n, tokens;
        int got;
        char *text = read_all(argv[i], &n), *name = strrchr(argv[i], '/');
        double seconds[ROUNDS];
        for (int r = 0; r < ROUNDS; r++)
            seconds[r] = encode(v, text, n, &tokens);
        qsort(seconds, ROUNDS, sizeof *seconds, by_value);
        double mb = (double)n * 1e-6, took = train(text, n < TRAIN_BYTES ? n : TRAIN_BYTES, &got);
        printf("%-24s %9.2f %12.1f %12.1f %10zu %8.2f (%d)\n", name ? name + 1 : argv[i], mb,
               mb / seconds[0], mb / seconds[ROUNDS / 2], tokens, took, got);
        free(text);
    }
    vocab_free(v);
    return 0;
}
