/* Corpus and sequences on a made-up text of numbers, so that every token says where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/config/config.h"
#include "src/data/corpus.h"
#include "src/text/vocab.h"

#define DOCS 600
#define LEN 40
#define WORDS 2000

static char dir[64], text_path[128], vocab_path[128], out_path[128];
static struct corpus *corpus;
static struct corpus_stats built;

/* Word of place i in document d: neighbours follow each other, so packing shows its order. */
static int word(int d, int i)
{
    return (d * 37 + i) % WORDS;
}

static int build(const char *text, struct err *err)
{
    const char *paths[] = {text};
    struct corpus_build b = {.paths = paths, .npaths = 1, .vocab_path = vocab_path,
                             .text.strip_accents = -1, .out_dir = out_path};
    return corpus_build(&b, &built, err);
}

static int setup(void **state)
{
    (void)state;
    struct err err = {0, ""};
    strcpy(dir, "test_corpus.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(text_path, sizeof text_path, "%s/text.txt", dir);
    snprintf(vocab_path, sizeof vocab_path, "%s/vocab.txt", dir);
    snprintf(out_path, sizeof out_path, "%s/corpus", dir);
    FILE *f = fopen(vocab_path, "w");
    fputs("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", f);
    for (int i = 0; i < WORDS; i++)
        fprintf(f, "w%d\n", i);
    fclose(f);
    f = fopen(text_path, "w");
    for (int d = 0; d < DOCS; d++) {
        for (int i = 0; i < LEN; i++)
            fprintf(f, "w%d%c", word(d, i), i % 10 == 9 ? '\n' : ' ');
        fputc('\n', f);
    }
    fclose(f);
    if (build(text_path, &err) || !(corpus = corpus_open(out_path, 1, &err))) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    corpus_close(corpus);
    return file_remove_tree(dir, NULL);
}

static void statistics_count_the_text(void **state)
{
    (void)state;
    assert_int_equal(built.documents, DOCS);
    assert_int_equal(built.tokens, DOCS * LEN);
    assert_int_equal(built.unk, 0);
    assert_int_equal(built.train_tokens + built.heldout_tokens, built.tokens);
    assert_true(built.heldout_tokens <= built.tokens / 8 && built.heldout_tokens > built.tokens / 9);
    assert_int_equal(built.heldout_documents * LEN, built.heldout_tokens);
    uint64_t sum = 0;
    for (int i = 0; i < vocab_size(corpus_vocab(corpus)); i++)
        sum += corpus_counts(corpus)[i];
    assert_int_equal(sum, built.train_tokens);
}

/* Over eleven epochs every token is met eleven times, what is still to be carried
 * over apart. */
static void an_epoch_loses_and_doubles_nothing(void **state)
{
    (void)state;
    enum { T = 13 };
    struct sequences *s = sequences_open(corpus, T, 0, 0, 7, NULL);
    assert_non_null(s);
    uint64_t n = sequences_count(s);
    uint64_t stream = built.train_tokens + built.documents - built.heldout_documents;
    assert_int_equal(n, stream / (T - 2));
    int V = vocab_size(corpus_vocab(corpus));
    int64_t *seen = calloc((size_t)V, sizeof *seen);
    int32_t ids[T];
    uint8_t seg[T], mask[T];
    const uint64_t epochs = T - 2; /* 11 epochs of the stream hold a whole number of cuts */
    for (uint64_t r = 0; r < n * epochs; r++) {
        sequences_get(s, r, ids, seg, mask);
        assert_int_equal(ids[0], 2);
        assert_int_equal(ids[T - 1], 3);
        for (int i = 1; i < T - 1; i++)
            seen[ids[i]]++;
    }
    uint64_t missing = 0;
    for (int i = 4; i < V; i++) {
        int64_t want = (int64_t)(corpus_counts(corpus)[i] * epochs);
        assert_true(seen[i] <= want);
        missing += (uint64_t)(want - seen[i]);
    }
    assert_true(missing <= (stream - n * (T - 2)) * epochs);
    free(seen);
    sequences_close(s);
}

static void epochs_have_orders_of_their_own(void **state)
{
    (void)state;
    struct sequences *s = sequences_open(corpus, 16, 1, 0, 7, NULL);
    struct sequences *again = sequences_open(corpus, 16, 1, 0, 7, NULL);
    uint64_t n = sequences_count(s);
    int32_t a[16], b[16], c[16];
    uint8_t seg[16], mask[16];
    int moved = 0;
    for (uint64_t r = 0; r < n; r++) {
        sequences_get(s, r, a, seg, mask);
        sequences_get(s, r + n, b, seg, mask);
        sequences_get(again, r, c, seg, mask);
        assert_memory_equal(a, c, sizeof a);
        moved += memcmp(a, b, sizeof a) != 0;
    }
    assert_true((uint64_t)moved > n / 2);
    sequences_close(s);
    sequences_close(again);
}

static void few_heldout_sequences_are_an_error_that_helps(void **state)
{
    (void)state;
    struct err err = {0, ""};
    assert_null(sequences_open(corpus, 512, 0, 1, 7, &err));
    assert_int_equal(err.code, E_INPUT);
    assert_non_null(strstr(err.text, "--validation"));
}

static void common_fakes_do_not_depend_on_the_seed(void **state)
{
    (void)state;
    enum { T = 8 };
    struct sequences *s = sequences_open(corpus, T, 0, 1, 7, NULL);
    struct sequences *o = sequences_open(corpus, T, 0, 1, 99, NULL);
    assert_non_null(s);
    int32_t a[T], b[T], x[T];
    uint8_t la[T], lb[T], seg[T], mask[T];
    int fakes = 0, total = 0;
    for (uint64_t r = 0; r < sequences_count(s); r++) {
        assert_int_equal(common_fakes(corpus, s, r, T, 0.5, a, la, NULL), 0);
        assert_int_equal(common_fakes(corpus, o, r, T, 0.5, b, lb, NULL), 0);
        sequences_get(s, r, x, seg, mask);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_equal(la, lb, sizeof la);
        for (int i = 0; i < T; i++, total++) {
            assert_int_equal(la[i], a[i] != x[i]);
            fakes += la[i];
        }
    }
    assert_true(fakes > 0 && fakes < total / 2);
    sequences_close(s);
    sequences_close(o);
}

/* A manifest whose numbers are not those of the pieces is not believed: tables go by them. */
static void numbers_of_the_manifest_are_checked(void **state)
{
    (void)state;
    static const char *const keys[] = {"\"train_tokens\"", "\"heldout_tokens\"", "\"tokens\""};
    static const char *const values[] = {": 0", ": 1", ": 2305843009213693951", ": 4611686018427387904"};
    char path[256], *text;
    size_t size;
    snprintf(path, sizeof path, "%s/manifest.json", out_path);
    assert_int_equal(file_read(path, 1 << 16, &text, &size, NULL), 0);
    for (int k = 0; k < 3; k++) {
        char *key = strstr(text, keys[k]), *rest = key + strcspn(key, ",}");
        for (int v = 0; v < 4; v++) {
            struct err err = {0, ""};
            FILE *f = fopen(path, "w");
            assert_non_null(key);
            fprintf(f, "%.*s%s%s%s", (int)(key - text), text, keys[k], values[v], rest);
            fclose(f);
            assert_null(corpus_open(out_path, 0, &err));
            assert_non_null(strstr(err.text, "damaged"));
        }
    }
    assert_int_equal(file_write_atomic(path, text, size, NULL), 0);
    free(text);
}

static void damage_is_found(void **state)
{
    (void)state;
    char path[256];
    struct err err = {0, ""};
    snprintf(path, sizeof path, "%s/tokens.u32", out_path);
    corpus_close(corpus);
    FILE *f = fopen(path, "r+");
    int first = fgetc(f);
    rewind(f);
    fputc(first ^ 1, f);
    fclose(f);
    corpus = corpus_open(out_path, 1, &err);
    assert_null(corpus);
    assert_non_null(strstr(err.text, "damaged"));
    f = fopen(path, "r+");
    fputc(first, f);
    fclose(f);
    assert_int_equal(truncate(path, 100), 0);
    assert_null(corpus_open(out_path, 0, &err));
}

static void blank_text_is_refused(void **state)
{
    (void)state;
    struct err err = {0, ""};
    char path[160];
    snprintf(path, sizeof path, "%s/blank.txt", dir);
    assert_int_equal(file_write_atomic(path, " \n\t\n", 4, NULL), 0);
    assert_int_equal(build(path, &err), E_INPUT);
    assert_non_null(strstr(err.text, "blank.txt"));
}

/* A text without blank lines is cut into pieces: of few pieces by chance none is held out. */
static void one_long_document_is_held_out_in_part(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct corpus_stats stats;
    char out[160], path[160];
    snprintf(out, sizeof out, "%s/long", dir);
    snprintf(path, sizeof path, "%s/long.txt", dir);
    const char *paths[] = {path};
    struct corpus_build b = {.paths = paths, .npaths = 1, .vocab_path = vocab_path,
                             .text.strip_accents = -1, .out_dir = out};
    static const int lines[] = {9000, 30000, 2000};
    static const uint64_t least[] = {10240, 10240, 2048};
    for (int k = 0; k < 3; k++) {
        FILE *f = fopen(path, "w");
        for (int i = 0; i < lines[k] * 10; i++)
            fprintf(f, "w%d%c", word(k, i * 7), i % 10 == 9 ? '\n' : ' ');
        fclose(f);
        assert_int_equal(corpus_build(&b, &stats, &err), 0);
        assert_int_equal(stats.tokens, lines[k] * 10);
        assert_true(stats.heldout_tokens >= least[k] && stats.heldout_tokens <= stats.tokens / 8);
        struct corpus *c = corpus_open(out, 1, &err);
        assert_non_null(c);
        uint64_t sum = 0;
        for (int i = 0; i < vocab_size(corpus_vocab(c)); i++)
            sum += corpus_counts(c)[i];
        assert_int_equal(sum, stats.train_tokens);
        struct sequences *s = sequences_open(c, k < 2 ? 128 : 24, 0, 1, 7, &err);
        assert_non_null(s);
        sequences_close(s);
        corpus_close(c);
    }
}

static void text_to_validate_on_is_the_whole_held_out_split(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct corpus_stats stats;
    char out[160], held[160];
    snprintf(out, sizeof out, "%s/validated", dir);
    snprintf(held, sizeof held, "%s/held.txt", dir);
    assert_int_equal(file_write_atomic(held, "w1 w2 w3\n\nw4 w5\n", 16, NULL), 0);
    const char *paths[] = {text_path}, *heldout[] = {held};
    struct corpus_build b = {.paths = paths, .npaths = 1, .heldout_paths = heldout, .nheldout = 1,
                             .vocab_path = vocab_path, .text.strip_accents = -1, .out_dir = out};
    assert_int_equal(corpus_build(&b, &stats, &err), 0);
    assert_int_equal(stats.train_tokens, DOCS * LEN);
    assert_int_equal(stats.heldout_tokens, 5);
    assert_int_equal(stats.heldout_documents, 2);
}

/* One row of pack=faithful: [CLS] A [SEP] or [CLS] A [SEP] B [SEP], padded. Documents here have
 * four lines of ten words, so A and B are whole lines that follow each other. Returns the tokens
 * kept; *two: there is a B. */
static int check_faithful_row(const int32_t *ids, const uint8_t *segments, const uint8_t *mask, int T,
                              int *two)
{
    int used = 0, seps = 0, kept = 0;
    int32_t before = -1;
    while (used < T && mask[used])
        used++;
    assert_int_equal(ids[0], 2);
    assert_int_equal(ids[used - 1], 3);
    for (int t = 0; t < T; t++) {
        assert_int_equal(mask[t], t < used);
        assert_int_equal(segments[t], t < used && seps == 1);
        if (t >= used)
            assert_int_equal(ids[t], 0);
        else if (ids[t] == 3)
            seps++;
        else if (t) {
            if (before >= 0)
                assert_int_equal(ids[t], (before - 5 + 1) % WORDS + 5);
            before = ids[t];
            kept++;
        }
    }
    *two = seps == 2;
    assert_true(seps == 1 || seps == 2);
    return kept;
}

static void faithful_packs_as_released(void **state)
{
    (void)state;
    enum { T = 32 };
    struct err err = {0, ""};
    int32_t ids[T], again[T];
    uint8_t segments[T], mask[T];
    struct sequences *s = sequences_open(corpus, T, PACK_FAITHFUL, 0, 7, &err);
    struct sequences *same = sequences_open(corpus, T, PACK_FAITHFUL, 0, 7, &err);
    struct sequences *other = sequences_open(corpus, T, PACK_FAITHFUL, 0, 8, &err);
    assert_non_null(s);
    assert_non_null(same);
    assert_non_null(other);
    uint64_t n = sequences_count(s), kept = 0, twos = 0, shorter = 0, differ = 0;
    for (uint64_t row = 0; row < n; row++) {
        int two;
        sequences_get(s, row, ids, segments, mask);
        int tokens = check_faithful_row(ids, segments, mask, T, &two);
        kept += (uint64_t)tokens;
        twos += (uint64_t)two;
        shorter += tokens < 29;
        sequences_get(same, row, again, segments, mask);
        assert_memory_equal(ids, again, sizeof ids);
        sequences_get(other, row, again, segments, mask);
        differ += memcmp(ids, again, sizeof ids) != 0;
    }
    assert_int_equal(kept + sequences_dropped(s), built.train_tokens);
    assert_true(sequences_dropped(s) > 0);
    assert_true(twos > n * 7 / 10 && twos < n * 95 / 100); /* 10 % are single on purpose */
    assert_true(shorter > n / 50 && shorter < n / 4);      /* 5 % have a shorter target */
    assert_true(differ > n / 2);
    sequences_close(s);
    sequences_close(same);
    sequences_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_count_the_text),
        cmocka_unit_test(an_epoch_loses_and_doubles_nothing),
        cmocka_unit_test(epochs_have_orders_of_their_own),
        cmocka_unit_test(few_heldout_sequences_are_an_error_that_helps),
        cmocka_unit_test(common_fakes_do_not_depend_on_the_seed),
        cmocka_unit_test(faithful_packs_as_released),
        cmocka_unit_test(numbers_of_the_manifest_are_checked),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(blank_text_is_refused),
        cmocka_unit_test(one_long_document_is_held_out_in_part),
        cmocka_unit_test(text_to_validate_on_is_the_whole_held_out_split),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
