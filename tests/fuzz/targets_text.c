/* Text: vocabularies, tokens, corpora, what a terminal may see. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/config/config.h"
#include "src/data/corpus.h"
#include "src/text/corpus_reader.h"
#include "src/text/vocab.h"
#include "src/text/vocab_train.h"
#include "src/text/wordpiece.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "[PAD]\n", "[UNK]\n", "[CLS]\n", "[SEP]\n", "[MASK]\n", "##", "\n", "\r\n", "the",
    "\xEF\xBB\xBF", "[MASK]", " ", NULL};
static const char small_vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nt\nhe\n##a\n##b\n##"
                                  "h\n##e\nthe\n##\n.\n한\n##국\n猫\n;\n[\n]\n";
static const char sample[] =
    "The \xED\x95\x9C\xEA\xB5\xAD cat's [MASK] na\xC3\xAFve \xE7\x8C\xAB\xE7\x8C\xAB a.b\tthe";
static struct vocab *vocab;

static void make_vocab(void)
{
    vocab = vocab_parse("vocab.txt", small_vocab, sizeof small_vocab - 1, NULL, NULL, NULL);
    fuzz_check(vocab != NULL, "the fuzzer's vocabulary");
}

/* Ids and their places are what the header promises. */
static void encode(struct wordpiece *w, const struct vocab *v, const char *text, size_t size)
{
    struct ids ids = {0}, plain = {0}, start = {0}, end = {0};
    fuzz_check(!wordpiece_encode_offsets(w, text, size, &ids, &start, &end), "no memory");
    fuzz_check(!wordpiece_encode(w, text, size, &plain), "no memory");
    fuzz_check(ids.len == plain.len && ids.len == start.len && ids.len == end.len,
               "%zu ids, %zu, %zu, %zu", ids.len, plain.len, start.len, end.len);
    for (size_t i = 0; i < ids.len; i++) {
        fuzz_check(ids.data[i] == plain.data[i], "id %zu differs with offsets", i);
        fuzz_check(ids.data[i] >= 0 && ids.data[i] < vocab_size(v), "id %d", ids.data[i]);
        fuzz_check(start.data[i] >= (i ? start.data[i - 1] : 0) && start.data[i] < end.data[i] &&
                       (size_t)end.data[i] <= size,
                   "token %zu stands at %d to %d", i, start.data[i], end.data[i]);
    }
    ids_free(&ids);
    ids_free(&plain);
    ids_free(&start);
    ids_free(&end);
}

static struct wordpiece_options options(unsigned bits)
{
    return (struct wordpiece_options){.cased = bits & 1,
                                      .strip_accents = (int)(bits >> 1) % 3 - 1,
                                      .no_cjk_split = bits >> 3 & 1,
                                      .special_in_text = bits >> 4 & 1};
}

void fuzz_setup_vocab(struct fuzz *f)
{
    fuzz_seed_text(f, small_vocab);
    fuzz_seed_fixtures(f, "vocab", "vocab.txt", 0);
    f->dict = words;
}

int fuzz_run_vocab(const char *data, size_t size)
{
    struct err err = {0};
    struct vocab *v = vocab_parse("v", data, size, fuzz_warn, NULL, &err);
    if (!v)
        return fuzz_refused(err.code, &err);
    struct wordpiece_options o = {.strip_accents = -1, .special_in_text = 1};
    struct wordpiece *w = wordpiece_new(v, &o, &err);
    fuzz_check(w != NULL, "%s", err.text);
    for (int i = 0; i < vocab_size(v); i++) {
        const char *token = vocab_token(v, i);
        int id = vocab_id(v, token, strlen(token));
        fuzz_check(id < vocab_size(v), "id %d", id);
    }
    encode(w, v, sample, sizeof sample - 1);
    wordpiece_free(w);
    vocab_free(v);
    return 0;
}

/* The first byte says how: its low bits are the options. */
void fuzz_setup_wordpiece(struct fuzz *f)
{
    make_vocab();
    fuzz_seed_text(f, " The cat's na\xC3\xAFve [MASK] 3.14 (x)\n");
    fuzz_seed_text(f, "$the \xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4 \xE7\x8C\xAB\xE7\x8C\xAB "
                      "\xE1\x84\x92\xE1\x85\xA1");
    fuzz_seed_text(f, "8[CLS][MASK] [SEP] a\xCC\x81\xCC\xA3 \xC4\xB0stanbul \xEF\xAC\x81");
    fuzz_seed_text(f, "3aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "aaaaaaaaaaaaaaaaaaa"
                      "aaaaaaaaaaaaaaaaaaaa");
    fuzz_seed_fixtures(f, "corpus", "corpus.txt", '!');
    f->dict = words;
}

int fuzz_run_wordpiece(const char *data, size_t size)
{
    struct wordpiece_options o = options(size ? (unsigned char)data[0] : 0);
    struct wordpiece *w = wordpiece_new(vocab, &o, NULL);
    if (!w)
        abort();
    encode(w, vocab, data, size);
    wordpiece_free(w);
    return 0;
}

void fuzz_setup_vocab_train(struct fuzz *f)
{
    fuzz_seed_text(f, "Pthe cat sat on the mat. the hat\nthe cat ate the rat");
    fuzz_seed_text(f, "p\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4 \xED\x95\x9C\xEA\xB5\xAD "
                      "\xEA\xB5\xAD\xEC\x96\xB4 aaaa aaa aa");
    f->dict = words;
}

int fuzz_run_vocab_train(const char *data, size_t size)
{
    struct vocab_train_options o = {.size = 5 + (size ? (unsigned char)data[0] : 0),
                                    .min_frequency = 2,
                                    .text = options(size > 1 ? (unsigned char)data[1] & 15 : 0)};
    struct err err = {0};
    struct vocab_trainer *t = vocab_trainer_new(&o, &err);
    char *text;
    size_t n, half = size / 2;
    int rc = t ? vocab_trainer_add(t, data, half, &err) : err.code;
    if (!rc)
        rc = vocab_trainer_add(t, data + half, size - half, &err);
    if (!rc)
        rc = vocab_trainer_finish(t, &text, &n, &err);
    vocab_trainer_free(t);
    if (fuzz_refused(rc, &err))
        return rc;
    struct vocab *v = vocab_parse("v", text, n, NULL, NULL, &err);
    fuzz_check(v != NULL, "a trained vocabulary that is refused: %s", err.text);
    fuzz_check(vocab_size(v) <= o.size, "%d tokens, %d were asked for", vocab_size(v), o.size);
    vocab_free(v);
    free(text);
    return 0;
}

void fuzz_setup_visible(struct fuzz *f)
{
    fuzz_seed_text(
        f, "(plain text \xED\x95\x9C \x1b[31mred\x1b[m \xE2\x80\xAE e\xCC\x81\xCC\x81\xCC\x81");
    fuzz_seed_text(f, "!\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB \xEF\xBF\xBF \xC2\x85");
}

int fuzz_run_visible(const char *data, size_t size)
{
    size_t room = size ? 1 + (unsigned char)data[0] : 1, n;
    char *out = malloc(room), *text = fuzz_text(data, size);
    if (!out)
        abort();
    for (int i = 0; i < 2; i++) {
        if (i)
            visible(out, room, text);
        else
            visible_n(out, room, data, size);
        n = strnlen(out, room);
        fuzz_check(n < room, "no end");
        for (size_t k = 0; k < n;) {
            uint32_t cp;
            int len = utf8_decode((unsigned char *)out + k, n - k, &cp);
            fuzz_check(len && !visible_is_control(cp), "byte %zu of what is shown", k);
            k += (size_t)len;
        }
    }
    free(out);
    free(text);
    return 0;
}

/* --- text files ----------------------------------------------------------------------------- */

static void seed_packed(struct fuzz *f, const char *text)
{
    unsigned char out[4096];
    z_stream z = {0};
    size_t n = ZSTD_compress(out, sizeof out, text, strlen(text), 1);
    fuzz_seed(f, out, n);
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    z.next_in = (unsigned char *)(uintptr_t)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = out;
    z.avail_out = sizeof out;
    fuzz_check(deflate(&z, Z_FINISH) == Z_STREAM_END, "gzip");
    fuzz_seed(f, out, z.total_out);
    deflateEnd(&z);
}

void fuzz_setup_corpus_text(struct fuzz *f)
{
    static const char text[] = "One line.\nAnother one, longer.\n\nA second document.\r\nno end";
    fuzz_seed_text(f, text);
    seed_packed(f, text);
    seed_packed(f, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n");
    fuzz_seed_fixtures(f, "corpus", "corpus.txt", 0);
    f->dict = words;
}

int fuzz_run_corpus_text(const char *data, size_t size)
{
    static const char *const paths[] = {"t", "t"};
    struct corpus_line line;
    struct err err = {0};
    fuzz_file("t", data, size);
    struct corpus_reader *r = corpus_reader_open(paths, 2, &err);
    fuzz_check(r != NULL, "%s", err.text);
    int rc;
    size_t sum = 0;
    while ((rc = corpus_reader_next(r, &line, &err)) > 0) {
        for (size_t i = 0; i < line.len; i++)
            sum += line.text[i] == '\n';
        fuzz_check(line.number > 0, "line 0");
    }
    fuzz_check(!sum, "a line with an end inside");
    corpus_reader_close(r);
    return fuzz_refused(rc, &err);
}

/* --- a packed corpus ------------------------------------------------------------------------ */

static const char *const parts[] = {
    "manifest.json", "tokens.u32", "pieces.bin", "lines.u64", "counts.u64", "vocab.txt"};
#define PARTS ((int)(sizeof parts / sizeof *parts))
static char *part_data[PARTS];
static size_t part_size[PARTS];

static void part_path(int i, char path[100])
{
    snprintf(path, 100, "packed/%s", parts[i]);
}

static void write_text(const char *path, int lines)
{
    FILE *t = fopen(path, "w");
    for (int i = 0; t && i < lines; i++)
        fprintf(t, "the a b.\nthe%s the a;\n%s", i % 7 ? " a a b" : "", i % 3 ? "\n" : "");
    if (!t || fclose(t))
        abort();
}

/* The first byte says which file the others are. */
void fuzz_setup_corpus_dir(struct fuzz *f)
{
    static const char *const text[] = {"text"}, *const held[] = {"held"};
    static const char *const keys[] = {
        "\"train_tokens\": 0", "\"train_tokens\": 2305843009213693951", "\"tokens\": 0",
        "\"strip_accents\": 7", "{", "}", NULL};
    struct corpus_stats stats;
    struct err err = {0};
    struct corpus_build b = {.paths = text,
                             .npaths = 1,
                             .heldout_paths = held,
                             .nheldout = 1,
                             .vocab_path = "v",
                             .out_dir = "packed",
                             .text.strip_accents = -1};
    write_text("text", 80);
    write_text("held", 140);
    fuzz_file("v", small_vocab, sizeof small_vocab - 1);
    fuzz_check(!corpus_build(&b, &stats, &err), "%s", err.text);
    for (int i = 0; i < PARTS; i++) {
        char path[100];
        part_path(i, path);
        fuzz_check(!file_read(path, FUZZ_INPUT_MAX - 1, &part_data[i], &part_size[i], &err), "%s",
                   err.text);
        char *seed = malloc(part_size[i] + 1);
        if (!seed)
            abort();
        seed[0] = (char)('0' + i);
        memcpy(seed + 1, part_data[i], part_size[i]);
        fuzz_seed(f, seed, part_size[i] + 1);
        free(seed);
    }
    f->dict = keys;
}

static void read_rows(const struct corpus *c, int pack, int heldout)
{
    int32_t ids[16];
    uint8_t segments[16], mask[16], labels[16];
    struct err err = {0};
    struct sequences *s = sequences_open(c, 16, pack, heldout, 1, &err);
    if (!s) {
        fuzz_refused(err.code, &err);
        return;
    }
    uint64_t n = sequences_count(s);
    for (uint64_t i = 0; i < 40; i++) {
        sequences_get(s, i < 20 ? i : i * n / 19 - i % 3, ids, segments, mask);
        for (int t = 0; t < 16; t++)
            fuzz_check(ids[t] >= 0 && ids[t] < vocab_size(corpus_vocab(c)), "id %d", ids[t]);
    }
    if (heldout && pack == PACK_JOIN)
        fuzz_refused(common_fakes(c, s, 3, 16, 0.3, ids, labels, &err), &err);
    sequences_close(s);
}

int fuzz_run_corpus_dir(const char *data, size_t size)
{
    static int broken = -1; /* the part that is not as it was built */
    char path[100];
    struct err err = {0};
    int which = size ? ((unsigned char)data[0] - '0') % PARTS : 0;
    which = which < 0 ? 0 : which;
    if (broken >= 0 && broken != which) {
        part_path(broken, path);
        fuzz_file(path, part_data[broken], part_size[broken]);
    }
    broken = which;
    part_path(which, path);
    fuzz_file(path, size ? data + 1 : "", size ? size - 1 : 0);
    struct corpus *c = corpus_open("packed", size % 8 == 0, &err);
    if (!c)
        return fuzz_refused(err.code, &err);
    for (int pack = PACK_JOIN; pack <= PACK_FAITHFUL; pack++)
        for (int heldout = 0; heldout < 2; heldout++)
            read_rows(c, pack, heldout);
    corpus_close(c);
    return 0;
}
