/* WordPiece against the reference tokenizer: every line under every vocabulary and setting,
 * pairs cut to length, and digests of whole files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "src/text/corpus_reader.h"
#include "src/text/vocab.h"
#include "src/text/wordpiece.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"
#include "tests/parity_src/sha256.h"

#define GROUP "tokenizer"
#define FILE_MAX ((size_t)256 << 20)

static const char *const vocab_names[] = { "mini", "bert", "koelectra" };
enum { NVOCABS = 3, NCONFIGS = 5 };

static const struct {
    const char *name;
    struct wordpiece_options o;
} configs[NCONFIGS] = {
    { "lower", { .strip_accents = -1 } },
    { "lower_keep_accents", { .strip_accents = 0 } },
    { "cased", { .cased = 1, .strip_accents = -1 } },
    { "cased_strip", { .cased = 1, .strip_accents = 1 } },
    { "lower_nochinese", { .strip_accents = -1, .no_cjk_split = 1 } },
};

struct line {
    char *text;
    size_t len;
};
struct lines {
    struct line *data;
    size_t n;
};

/* The next field of a line of tab-separated text; the cursor moves behind it. */
static char *field(char **cursor)
{
    char *start = *cursor, *stop = strchr(start, '\t');
    *cursor = stop ? stop + 1 : start + strlen(start);
    if (stop)
        *stop = 0;
    return start;
}

static char *next_row(char **cursor)
{
    if (!**cursor)
        return NULL;
    char *start = *cursor, *stop = strchr(start, '\n');
    *cursor = stop ? stop + 1 : start + strlen(start);
    if (stop)
        *stop = 0;
    return start;
}

static char *table(struct parity *p, const char *file, int must)
{
    char path[1024], *data;
    size_t size;
    struct err err = { 0, "" };
    snprintf(path, sizeof path, "%s/tokenizer/%s", p->root, file);
    if (!must && !file_exists(path))
        return NULL;
    if (!file_read(path, FILE_MAX, &data, &size, &err))
        return data;
    parity_fail(p, GROUP, file, err.text);
    return NULL;
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static void load_lines(struct parity *p, struct lines *lines)
{
    char *data = table(p, "lines.tsv", 1), *cursor = data, *row;
    size_t cap = 0;
    if (!data)
        return;
    next_row(&cursor);
    while ((row = next_row(&cursor))) {
        if (lines->n == cap) {
            cap = cap ? 2 * cap : 64;
            lines->data = realloc(lines->data, cap * sizeof *lines->data);
        }
        field(&row);
        field(&row);
        const char *hex = strcmp(row, "-") ? row : "";
        struct line *l = &lines->data[lines->n++];
        l->len = strlen(hex) / 2;
        l->text = malloc(l->len + 1);
        for (size_t i = 0; i < l->len; i++)
            l->text[i] = (char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    free(data);
}

static struct vocab *load_vocab(struct parity *p, const char *name, int *absent)
{
    char path[1024];
    struct err err = { 0, "" };
    if (!strcmp(name, "mini"))
        snprintf(path, sizeof path, "%s/tokenizer/mini_vocab.txt", p->root);
    else
        snprintf(path, sizeof path, "%s/%s", p->vocab_dir,
                 !strcmp(name, "bert") ? "bert-base-uncased-vocab.txt"
                                       : "koelectra-v3-vocab.txt");
    *absent = !file_exists(path);
    if (*absent)
        return NULL;
    struct vocab *v = vocab_load(path, NULL, NULL, &err);
    if (!v)
        parity_fail(p, GROUP, name, err.text);
    return v;
}

static void join(struct str *out, const int32_t *ids, size_t n)
{
    str_clear(out);
    for (size_t k = 0; k < n; k++)
        str_addf(out, k ? " %d" : "%d", (int)ids[k]);
    if (!n)
        str_add(out, "-");
}

/* What is checked: the lines under one vocabulary. */
struct subject {
    struct parity *p;
    const struct vocab *v;
    const char *vocab;
    const struct lines *lines;
};

/* One column of one table: column 1 is fast_ids, 2 fast_split_special_ids. */
static void check_column(const struct subject *s, int config, int column)
{
    struct parity *p = s->p;
    const struct lines *lines = s->lines;
    char file[128], name[128], why[256] = "";
    snprintf(file, sizeof file, "expected_%s_%s.tsv", s->vocab, configs[config].name);
    snprintf(name, sizeof name, "%s/%s/%s", s->vocab, configs[config].name,
             column == 1 ? "fast_ids" : "fast_split_special_ids");
    char *data = table(p, file, 0), *cursor = data, *row;
    if (!data) {
        parity_skip(p, GROUP, name, "no table");
        return;
    }
    struct wordpiece_options o = configs[config].o;
    o.special_in_text = column == 1;
    struct err err = { 0, "no memory" };
    struct wordpiece *w = wordpiece_new(s->v, &o, &err);
    struct ids ids = { 0 };
    struct str got;
    str_init(&got);
    size_t seen = 0, wrong = 0;
    next_row(&cursor);
    while (w && (row = next_row(&cursor))) {
        size_t id = strtoul(field(&row), NULL, 10);
        const char *fast = field(&row), *split = field(&row);
        const char *want = column == 1 || !strcmp(split, "=") ? fast : split;
        if (id >= lines->n)
            continue;
        ids.len = 0;
        wordpiece_encode(w, lines->data[id].text, lines->data[id].len, &ids);
        join(&got, ids.data, ids.len);
        seen++;
        if (strcmp(str_get(&got), want) && !wrong++)
            snprintf(why, sizeof why, "line %zu: %.80s, expected %.80s", id, str_get(&got),
                     want);
    }
    char what[64];
    snprintf(what, sizeof what, "%zu lines equal", seen);
    if (wrong || !seen)
        parity_fail(p, GROUP, name, w ? (seen ? why : "no lines") : err.text);
    else
        parity_pass(p, GROUP, name, what);
    str_free(&got);
    ids_free(&ids);
    wordpiece_free(w);
    free(data);
}

/* [CLS] A [SEP] B [SEP] of at most max ids: the longer side loses its last (B when equal).
 * out: ids and token types. */
static void pair_ids(const struct vocab *v, struct ids side[2], int sides, size_t max,
                     struct ids out[2])
{
    while (side[0].len + side[1].len + (size_t)sides + 1 > max && side[0].len + side[1].len > 0)
        side[side[0].len > side[1].len ? 0 : 1].len--;
    out[0].len = out[1].len = 0;
    ids_push(&out[0], vocab_special(v, VOCAB_CLS));
    for (int type = 0; type < sides; type++) {
        for (size_t k = 0; k < side[type].len; k++)
            ids_push(&out[0], side[type].data[k]);
        ids_push(&out[0], vocab_special(v, VOCAB_SEP));
        while (out[1].len < out[0].len)
            ids_push(&out[1], type);
    }
}

static void check_pairs(const struct subject *s)
{
    struct parity *p = s->p;
    const struct lines *lines = s->lines;
    char file[128], why[256] = "";
    snprintf(file, sizeof file, "pairs_%s_lower.tsv", s->vocab);
    char *data = table(p, file, 0), *cursor = data, *row;
    if (!data)
        return;
    struct wordpiece_options o = { .strip_accents = -1 };
    struct err err = { 0, "no memory" };
    struct wordpiece *w = wordpiece_new(s->v, &o, &err);
    struct ids side[2] = { { 0 }, { 0 } }, out[2] = { { 0 }, { 0 } };
    struct str got, got_types;
    str_init(&got);
    str_init(&got_types);
    size_t seen = 0, wrong = 0;
    next_row(&cursor);
    while (w && (row = next_row(&cursor))) {
        size_t la = strtoul(field(&row), NULL, 10);
        const char *second = field(&row);
        size_t lb = strtoul(second, NULL, 10), max = strtoul(field(&row), NULL, 10);
        const char *want = field(&row), *want_types = field(&row);
        int has_b = strcmp(second, "-") != 0;
        if (la >= lines->n || (has_b && lb >= lines->n))
            continue;
        side[0].len = side[1].len = 0;
        wordpiece_encode(w, lines->data[la].text, lines->data[la].len, &side[0]);
        if (has_b)
            wordpiece_encode(w, lines->data[lb].text, lines->data[lb].len, &side[1]);
        pair_ids(s->v, side, 1 + has_b, max, out);
        join(&got, out[0].data, out[0].len);
        join(&got_types, out[1].data, out[1].len);
        seen++;
        if ((strcmp(str_get(&got), want) || strcmp(str_get(&got_types), want_types)) &&
            !wrong++)
            snprintf(why, sizeof why, "pair %zu: %.80s, expected %.80s", seen, str_get(&got),
                     want);
    }
    char what[64];
    snprintf(what, sizeof what, "%zu pairs equal", seen);
    if (wrong || !seen)
        parity_fail(p, GROUP, file, seen ? why : "no pairs");
    else
        parity_pass(p, GROUP, file, what);
    str_free(&got);
    str_free(&got_types);
    for (int k = 0; k < 2; k++) {
        ids_free(&side[k]);
        ids_free(&out[k]);
    }
    wordpiece_free(w);
    free(data);
}

/* FNV-1a 64 over every id as four bytes, low first. */
static uint64_t fnv(uint64_t h, uint32_t id)
{
    for (int k = 0; k < 4; k++)
        h = (h ^ (id >> (8 * k) & 255)) * 0x100000001B3u;
    return h;
}

/* Of at most *lines lines; *lines becomes the number of tokens. */
static uint64_t digest(struct parity *p, const struct vocab *v, const char *path, int config,
                       size_t *lines)
{
    struct err err = { 0, "" };
    struct wordpiece *w = wordpiece_new(v, &configs[config].o, &err);
    struct corpus_reader *r = corpus_reader_open(&path, 1, &err);
    struct corpus_line line;
    struct ids ids = { 0 };
    size_t most = *lines;
    *lines = 0;
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t k = 0; w && r && k < most && corpus_reader_next(r, &line, &err) > 0; k++) {
        ids.len = 0;
        wordpiece_encode(w, line.text, line.len, &ids);
        *lines += ids.len;
        for (size_t i = 0; i < ids.len; i++)
            h = fnv(h, (uint32_t)ids.data[i]);
        h = fnv(h, 0xFFFFFFFFu);
    }
    if (err.code)
        parity_fail(p, GROUP, path, err.text);
    ids_free(&ids);
    corpus_reader_close(r);
    wordpiece_free(w);
    return h;
}

static int config_find(const char *name)
{
    for (int k = 0; k < NCONFIGS; k++) {
        if (!strcmp(configs[k].name, name))
            return k;
    }
    return -1;
}

static void check_file(struct parity *p, struct vocab *const vocabs[NVOCABS], char *row,
                       char last[1024], char sha[65])
{
    const char *file = field(&row), *want_sha = field(&row), *vocab = field(&row);
    const char *config = field(&row);
    size_t lines = strtoul(field(&row), NULL, 10), want = strtoul(field(&row), NULL, 10);
    field(&row);
    uint64_t want_hash = strtoull(field(&row), NULL, 16);
    char path[1024], name[256], what[128];
    snprintf(path, sizeof path, "%s/../%s", p->vocab_dir, file);
    snprintf(name, sizeof name, "%s/%s/%s", file, vocab, config);
    int v = 0, c = config_find(config);
    while (v < NVOCABS && strcmp(vocab_names[v], vocab))
        v++;
    if (v == NVOCABS || c < 0 || !vocabs[v] || !file_exists(path)) {
        parity_skip(p, GROUP, name, "the file or the vocabulary is not here");
        return;
    }
    struct map map;
    struct err err = { 0, "" };
    if (strcmp(last, path)) {
        if (file_map(path, &map, &err)) {
            parity_fail(p, GROUP, name, err.text);
            return;
        }
        sha256_hex(map.data, map.size, sha);
        file_unmap(&map);
        snprintf(last, 1024, "%s", path);
    }
    if (strcmp(sha, want_sha)) {
        parity_skip(p, GROUP, name, "another version of the file");
        return;
    }
    size_t tokens = lines;
    uint64_t h = digest(p, vocabs[v], path, c, &tokens);
    snprintf(what, sizeof what, "%zu tokens (expected %zu), digest %016" PRIx64, tokens, want,
             h);
    if (h == want_hash && tokens == want)
        parity_pass(p, GROUP, name, what);
    else
        parity_fail(p, GROUP, name, what);
}

void parity_tokenizer(struct parity *p)
{
    struct lines lines = { 0 };
    struct vocab *vocabs[NVOCABS];
    char last[1024] = "", sha[65] = "", *row;
    if (!has_group(p->root, GROUP))
        return;
    load_lines(p, &lines);
    for (int v = 0; v < NVOCABS; v++) {
        int absent;
        vocabs[v] = load_vocab(p, vocab_names[v], &absent);
        if (absent)
            parity_skip(p, GROUP, vocab_names[v], "the vocabulary is not here");
        struct subject s = { p, vocabs[v], vocab_names[v], &lines };
        for (int c = 0; vocabs[v] && c < NCONFIGS; c++) {
            check_column(&s, c, 1);
            check_column(&s, c, 2);
        }
        if (vocabs[v])
            check_pairs(&s);
    }
    char *data = table(p, "file_digests.tsv", 0), *cursor = data;
    if (data && next_row(&cursor)) {
        while ((row = next_row(&cursor)))
            check_file(p, vocabs, row, last, sha);
    }
    free(data);
    for (int v = 0; v < NVOCABS; v++)
        vocab_free(vocabs[v]);
    for (size_t k = 0; k < lines.n; k++)
        free(lines.data[k].text);
    free(lines.data);
}
