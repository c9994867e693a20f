/* What a trained vocabulary must hold, on the fixture's corpus. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/text/corpus_reader.h"
#include "src/text/normalise.h"
#include "src/text/vocab.h"
#include "src/text/vocab_train.h"
#include "src/text/word_table.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"

#define GROUP "vocabtrain"
#define FILE_MAX ((size_t)16 << 20)

static const struct wordpiece_options lower = { .strip_accents = -1 };

static int read_table(const struct parity *p, const char *file, char **data, struct err *err)
{
    char path[1024];
    size_t size;
    snprintf(path, sizeof path, "%s/vocabtrain/%s", p->root, file);
    return file_read(path, FILE_MAX, data, &size, err);
}

/* Calls `line` for every line of the corpus until one returns non-zero. */
static int each_line(const struct parity *p, int (*line)(void *ud, const char *text, size_t n),
                     void *ud, struct err *err)
{
    char path[1024];
    const char *paths[1] = { path };
    snprintf(path, sizeof path, "%s/vocabtrain/corpus.txt", p->root);
    struct corpus_reader *r = corpus_reader_open(paths, 1, err);
    if (!r)
        return err->code;
    struct corpus_line l;
    int rc;
    while ((rc = corpus_reader_next(r, &l, err)) > 0) {
        rc = line(ud, l.text, l.len);
        if (rc)
            break;
    }
    corpus_reader_close(r);
    return rc;
}

static int add_line(void *ud, const char *text, size_t n)
{
    return vocab_trainer_add(ud, text, n, NULL);
}

static int train(const struct parity *p, int size, char **out, size_t *bytes, struct err *err)
{
    struct vocab_train_options o = { .size = size, .min_frequency = 2, .text = lower };
    struct vocab_trainer *t = vocab_trainer_new(&o, err);
    if (!t)
        return err->code;
    int rc = each_line(p, add_line, t, err);
    if (!rc)
        rc = vocab_trainer_finish(t, out, bytes, err);
    vocab_trainer_free(t);
    return rc;
}

struct tally {
    struct wordpiece *w;
    struct ids ids;
};

static int encode_line(void *ud, const char *text, size_t n)
{
    struct tally *t = ud;
    return wordpiece_encode(t->w, text, n, &t->ids);
}

static void keep_warning(void *ud, const char *text)
{
    snprintf(ud, 512, "%s", text);
}

/* "" or the first letter of the alphabet that is missing. */
static void missing_letter(const struct parity *p, const struct vocab *v, char why[512])
{
    struct err err = { 0, "" };
    char *data, *rest;
    if (read_table(p, "alphabet.tsv", &data, &err)) {
        snprintf(why, 512, "%s", err.text);
        return;
    }
    for (char *row = strtok_r(data, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest)) {
        char *tab = strchr(row, '\t'), *tail, name[16];
        if (!tab)
            continue;
        long in_front = strtol(tab, &tail, 10), behind = strtol(tail, NULL, 10);
        *tab = 0;
        if (in_front && vocab_id(v, row, strlen(row)) < 0)
            snprintf(why, 512, "%.8s is missing", row);
        snprintf(name, sizeof name, "##%.8s", row);
        if (behind && vocab_id(v, name, strlen(name)) < 0)
            snprintf(why, 512, "%.12s is missing", name);
    }
    free(data);
}

static void check_vocab(const struct parity *p, const struct vocab *v, int size, char why[512])
{
    static const char *const specials[] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" };
    if (vocab_size(v) > size)
        snprintf(why, 512, "%d tokens, %d asked for", vocab_size(v), size);
    for (int k = 0; k < 5; k++) {
        if (vocab_id(v, specials[k], strlen(specials[k])) != k)
            snprintf(why, 512, "%s is not token %d", specials[k], k);
    }
    for (int k = 0; k < vocab_size(v); k++) {
        const char *token = vocab_token(v, k);
        if (text_is_blank(token, strlen(token)) || strpbrk(token, " \t\r\n"))
            snprintf(why, 512, "token %d is white space", k);
    }
    missing_letter(p, v, why);
}

static void check_size(struct parity *p, int size, double allowed)
{
    char name[64], why[512] = "", *text = NULL, *again = NULL;
    size_t bytes = 0, bytes_again = 0;
    struct err err = { 0, "" };
    struct vocab *v = NULL;
    struct tally t = { NULL, { 0 } };
    snprintf(name, sizeof name, "size %d", size);
    if (!train(p, size, &text, &bytes, &err) && !train(p, size, &again, &bytes_again, &err)) {
        v = vocab_parse(name, text, bytes, keep_warning, why, &err);
        t.w = v ? wordpiece_new(v, &lower, &err) : NULL;
    }
    if (!t.w || each_line(p, encode_line, &t, &err)) {
        parity_fail(p, GROUP, name, err.text);
    } else {
        if (bytes != bytes_again || memcmp(text, again, bytes))
            snprintf(why, sizeof why, "two runs differ");
        check_vocab(p, v, size, why);
        for (size_t k = 0; k < t.ids.len; k++) {
            if (t.ids.data[k] == VOCAB_UNK)
                snprintf(why, sizeof why, "[UNK] in its own corpus");
        }
        if (*why)
            parity_fail(p, GROUP, name, why);
        else
            parity_case(p, GROUP, name, (double)t.ids.len, allowed, "tokens for the corpus");
    }
    ids_free(&t.ids);
    wordpiece_free(t.w);
    vocab_free(v);
    free(text);
    free(again);
}

static int count_word(void *ud, const struct text_word *w)
{
    return word_table_add(ud, w->text, w->len, 1) < 0;
}

static int count_line(void *ud, const char *text, size_t n)
{
    return normaliser_run(ud, text, n);
}

static void check_counts(struct parity *p)
{
    struct word_table table = { 0 };
    struct normaliser norm;
    struct err err = { 0, "" };
    char *data = NULL, *rest, why[512] = "", what[64];
    size_t rows = 0;
    normaliser_init(&norm, &lower, count_word, &table);
    if (read_table(p, "word_counts.tsv", &data, &err) ||
        each_line(p, count_line, &norm, &err)) {
        parity_fail(p, GROUP, "word_counts", err.text);
        free(data);
        word_table_free(&table);
        return;
    }
    for (char *row = strtok_r(data, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest)) {
        char *tab = strchr(row, '\t');
        if (!tab)
            continue;
        rows++;
        int64_t k = word_table_add(&table, row, (size_t)(tab - row), 0);
        unsigned long long got = k < 0 ? 0 : table.entries[k].count;
        unsigned long long want = strtoull(tab, NULL, 10);
        if (got != want)
            snprintf(why, sizeof why, "row %zu: counted %llu times, expected %llu", rows, got,
                     want);
    }
    if (table.n != rows)
        snprintf(why, sizeof why, "%zu words, expected %zu", table.n, rows);
    snprintf(what, sizeof what, "%zu words equal", rows);
    if (*why)
        parity_fail(p, GROUP, "word_counts", why);
    else
        parity_pass(p, GROUP, "word_counts", what);
    free(data);
    word_table_free(&table);
}

void parity_vocabtrain(struct parity *p)
{
    struct err err = { 0, "" };
    char *data, *rest;
    if (!has_group(p->root, GROUP))
        return;
    check_counts(p);
    if (read_table(p, "properties.tsv", &data, &err)) {
        parity_fail(p, GROUP, "properties", err.text);
        return;
    }
    char *row = strtok_r(data, "\n", &rest);
    while ((row = strtok_r(NULL, "\n", &rest))) {
        int size, reached, words, tokens, unk, allowed;
        if (sscanf(row, "%d\t%d\t%d\t%d\t%d\t%d", &size, &reached, &words, &tokens, &unk,
                   &allowed) != 6)
            parity_fail(p, GROUP, "properties", "a row has not six numbers");
        else /* never more than the reference and 2 percent */
            check_size(p, size, allowed < 1.02 * tokens ? allowed : 1.02 * tokens);
    }
    free(data);
}
