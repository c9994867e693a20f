/* Token rows for the fixture store: see fixture.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/store.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"

#define NEWEST 9
#define MLM 3

/* "##ᅡᆫ" and "한" are decomposed, as uncased vocabularies have them. */
static const char *const words[] = {
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "chef", "cooked", "meal", "for", "hungry",
    "angry", "kids", "in", "old", "kitchen", "house", ".", "young", "poor", "##ing", "##ed", "bath",
    "rates", "rose", "fell", "a", "third", "month", "나는",
    ("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB" "\xE1\x84\x80\xE1\x85\xB3\xE1\x86\xAF"), "##을",
    "배운다", "가르친다", "日本", "\xF0\x9F\x98\x80"};
#define WORDS ((int)(sizeof words / sizeof words[0]))

static int id_of(const char *w)
{
    for (int i = 0; i < WORDS; i++)
        if (!strcmp(words[i], w)) return i;
    abort();
}

static int write_vocab(const char *dir, struct err *err)
{
    char path[600], text[2000] = "";
    snprintf(path, sizeof path, "%s/corpora/wiki", dir);
    if (file_mkdirs(path, err)) return -1;
    for (int i = 0; i < WORDS; i++) {
        strcat(text, words[i]);
        strcat(text, "\n");
    }
    strcat(path, "/vocab.txt");
    int rc = file_write_atomic(path, text, strlen(text), err);
    uint64_t count[WORDS]; /* the first pieces are the most frequent */
    for (int i = 0; i < WORDS; i++) count[i] = (uint64_t)(WORDS - i);
    snprintf(path, sizeof path, "%s/corpora/wiki/counts.u64", dir);
    return rc ? rc : file_write_atomic(path, count, sizeof count, err);
}

static struct token_row row(int original)
{
    struct token_row r = {.original = original, .masked = original, .sampled = original,
                          .gen_prob = NAN, .disc_prob = NAN, .gen_entropy = NAN, .disc_loss = NAN,
                          .gen_loss = NAN};
    for (int k = 0; k < EVENT_TOPK; k++) r.top_id[k] = -1, r.top_prob[k] = NAN;
    return r;
}

static void choose(struct token_row *r, const char *sample, float prob, int rank)
{
    static const char *const best[] = {"hungry", "young", "poor", "angry"};
    r->masked = 4, r->sampled = id_of(sample);
    r->chosen = 1, r->same = r->sampled == r->original, r->label = !r->same;
    r->gen_prob = prob, r->gen_rank = rank, r->gen_entropy = 2.5F, r->gen_loss = 1.25F;
    for (int k = 0; k < 4; k++) r->top_id[k] = id_of(best[k]), r->top_prob[k] = .4F / (float)(k + 1);
}

/* share: how far the training is, 0..1; replaced tokens are seen better and better. */
static struct token_seq *sentence(const char *text, int number, double share, int disc)
{
    char copy[300];
    struct token_seq *q = calloc(1, sizeof *q + 160 * sizeof q->rows[0]);
    if (!q) abort();
    q->sentence = number;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *w = strtok(copy, " "); w && q->n < 160; w = strtok(NULL, " ")) {
        char *to = strchr(w, '>'); /* original>sample */
        if (to) *to++ = 0;
        struct token_row r = row(id_of(w));
        if (to) choose(&r, to, .061F, r.original == id_of(to) ? 1 : 4);
        if (disc) {
            double p = r.label ? .1 + .87 * share : .02 + .03 * (q->n % 3);
            if (!strcmp(w, "old")) p = .11 + .44 * share; /* a false alarm */
            if (!strcmp(w, "kitchen")) p = .38;
            r.disc_prob = (float)p;
            r.disc_loss = (float)(r.label ? -log(p) : -log(1 - p));
        }
        q->rows[q->n++] = r;
    }
    return q;
}

static void emit(struct event_sink sink, int64_t run, int source, int64_t step, struct token_seq *q)
{
    struct event e = {.kind = EVENT_TOKENS, .run = run, .step = step, .source = source, .seq = q};
    sink.emit(sink.ud, &e);
}

#define CHEF "[CLS] the chef>chef cooked the meal for the hungry>angry kids in the old kitchen>house . [SEP]"
#define RATES "[CLS] rates rose>fell for a third month . [SEP]"
#define KOREAN "[CLS] 나는 \xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB\xE1\x84\x80\xE1\x85\xB3\xE1\x86\xAF ##을 " \
               "배운다>가르친다 日本 \xF0\x9F\x98\x80 bath ##ing . [SEP]"

static void emit_all(struct event_sink sink)
{
    static const int64_t steps[] = {1000, 10000, 50000, 100000, 200000, 400000};
    for (int k = 0; k < 6; k++) {
        double share = (k + 1) / 6.;
        emit(sink, NEWEST, TOKENS_PROBE, steps[k], sentence(CHEF, 0, share, 1));
        emit(sink, NEWEST, TOKENS_SNAPSHOT, steps[k], sentence(CHEF, 0, share, 1));
        emit(sink, NEWEST, TOKENS_SNAPSHOT, steps[k], sentence(RATES, 1, share, 1));
        emit(sink, NEWEST, TOKENS_SNAPSHOT, steps[k], sentence(KOREAN, 2, share, 1));
    }
    emit(sink, NEWEST, TOKENS_USER, steps[5], sentence(CHEF, 7, 1, 1)); /* an own one */
    emit(sink, MLM, TOKENS_SNAPSHOT, 1000000, sentence(CHEF, 0, 1, 0));
}

int fixture_tokens(const char *dir)
{
    struct err err = {0};
    char path[600], sql[200];
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *s = store_open(path, &err);
    struct recorder *r = s ? recorder_start(s, NULL, NULL, &err) : NULL;
    int rc = r ? write_vocab(dir, &err) : -1;
    if (r && !rc) emit_all(recorder_sink(r));
    if (r && recorder_flush(r, &err)) rc = -1;
    if (r) recorder_stop(r);
    if (s) store_close(s);
    if (rc) fprintf(stderr, "fixture: %s\n", err.text);
    snprintf(sql, sizeof sql, "UPDATE sequence SET written=%f", FIXTURE_UTC - 1);
    return rc ? rc : fixture_sql(dir, sql);
}
