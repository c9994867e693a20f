/* The tokens lie in one block of bytes, each with its NUL; a trie finds them. Ids are line
 * numbers, whatever the lines hold. */
#include "src/text/vocab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/text/vocab_trie.h"

#define VOCAB_BYTES_MAX ((size_t)16 << 20)

struct vocab {
    char *bytes;     /* the tokens, each followed by a NUL */
    size_t size;
    uint32_t *start; /* [n + 1] */
    int n;
    int special[VOCAB_SPECIALS];
    uint64_t hash;
    struct trie trie;
    uint32_t continued;
};

static const char *const special_names[VOCAB_SPECIALS] = { "[PAD]", "[UNK]", "[CLS]", "[SEP]",
                                                           "[MASK]" };

/* What a kind of flaw was seen in: told once, with the first line and how many there were. */
struct flaw {
    int count, line;
};

static void note(struct flaw *f, int line)
{
    if (!f->count++)
        f->line = line;
}

static void tell(const struct flaw *f, const char *name, const char *what,
                 void (*warn)(void *ud, const char *text), void *ud)
{
    if (!f->count || !warn)
        return;
    char shown[256], text[512];
    snprintf(text, sizeof text, "%s, line %d: %s (%d such line%s)",
             visible(shown, sizeof shown, name), f->line, what, f->count,
             f->count == 1 ? "" : "s");
    warn(ud, text);
}

static int utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int size = utf8_decode((const unsigned char *)s + i, n - i, &cp);
        if (!size)
            return 0;
        i += (size_t)size;
    }
    return 1;
}

/* Cuts data into lines and fills bytes, start, n and the trie. */
static int read_lines(struct vocab *v, const char *name, const char *data, size_t size,
                      void (*warn)(void *ud, const char *text), void *ud)
{
    struct flaw bom = { 0, 0 }, crlf = bom, twice = bom, empty = bom, invalid = bom;
    if (size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3)) {
        data += 3;
        size -= 3;
        note(&bom, 1);
    }
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    lines += size > 0 && data[size - 1] != '\n';
    v->bytes = malloc(size + 2);
    v->start = malloc((lines + 1) * sizeof *v->start);
    if (!v->bytes || !v->start || trie_init(&v->trie))
        return E_NOMEM;
    for (size_t i = 0; i < size;) {
        const char *stop = memchr(data + i, '\n', size - i);
        size_t end = stop ? (size_t)(stop - data) : size, len = end - i;
        int line = v->n + 1;
        if (len && data[end - 1] == '\r') {
            len--;
            note(&crlf, line);
        }
        v->start[v->n] = (uint32_t)v->size;
        memcpy(v->bytes + v->size, data + i, len);
        v->size += len;
        v->bytes[v->size++] = 0;
        int32_t earlier = -1;
        if (!len)
            note(&empty, line);
        else if (!utf8_valid(data + i, len))
            note(&invalid, line);
        else if (trie_add(&v->trie, data + i, len, v->n, &earlier))
            return E_NOMEM;
        if (earlier >= 0)
            note(&twice, line);
        v->n++;
        i = end + 1;
    }
    v->start[v->n] = (uint32_t)v->size;
    tell(&bom, name, "a byte order mark was skipped", warn, ud);
    tell(&crlf, name, "the line ends with CR LF; the CR was dropped", warn, ud);
    tell(&empty, name, "the token is empty; its id is kept unused", warn, ud);
    tell(&invalid, name, "the token is not UTF-8; its id is kept unused", warn, ud);
    tell(&twice, name, "the token stood on an earlier line too; the last id is used", warn, ud);
    return 0;
}

struct vocab *vocab_parse(const char *name, const char *data, size_t size,
                          void (*warn)(void *ud, const char *text), void *ud, struct err *err)
{
    char shown[256];
    if (size > VOCAB_BYTES_MAX) {
        err_set(err, E_INPUT, "%s: a vocabulary of more than 16 MiB is not one",
                visible(shown, sizeof shown, name));
        return NULL;
    }
    struct vocab *v = calloc(1, sizeof *v);
    if (!v || read_lines(v, name, data, size, warn, ud)) {
        err_nomem(err, "the vocabulary");
        vocab_free(v);
        return NULL;
    }
    for (int k = 0; k < VOCAB_SPECIALS; k++) {
        v->special[k] = vocab_id(v, special_names[k], strlen(special_names[k]));
        if (v->special[k] < 0) {
            err_set(err, E_INPUT, "%s: there is no %s token, which pre-training needs",
                    visible(shown, sizeof shown, name), special_names[k]);
            vocab_free(v);
            return NULL;
        }
    }
    const struct trie_edge *inside = trie_find(&v->trie, "##", 2);
    v->continued = inside ? inside->next : 0;
    v->hash = XXH64(v->bytes, v->size, 0);
    return v;
}

struct vocab *vocab_load(const char *path, void (*warn)(void *ud, const char *text), void *ud,
                         struct err *err)
{
    char *data;
    size_t size;
    if (file_read(path, VOCAB_BYTES_MAX, &data, &size, err))
        return NULL;
    struct vocab *v = vocab_parse(path, data, size, warn, ud, err);
    free(data);
    return v;
}

void vocab_free(struct vocab *v)
{
    if (!v)
        return;
    trie_free(&v->trie);
    free(v->bytes);
    free(v->start);
    free(v);
}

int vocab_size(const struct vocab *v)
{
    return v->n;
}

const char *vocab_token(const struct vocab *v, int id)
{
    return id < 0 || id >= v->n ? "" : v->bytes + v->start[id];
}

int vocab_id(const struct vocab *v, const char *token, size_t n)
{
    const struct trie_edge *e = trie_find(&v->trie, token, n);
    return e ? e->value : -1;
}

int vocab_special(const struct vocab *v, int which)
{
    return v->special[which];
}

uint64_t vocab_hash(const struct vocab *v)
{
    return v->hash;
}

int vocab_write(const struct vocab *v, const char *path, struct err *err)
{
    char *text = malloc(v->size + 1);
    if (!text)
        return err_nomem(err, "the vocabulary's text");
    memcpy(text, v->bytes, v->size);
    for (int k = 0; k < v->n; k++)
        text[v->start[k + 1] - 1] = '\n';
    int rc = file_write_new(path, text, v->size, err);
    free(text);
    return rc;
}

const struct trie *vocab_trie(const struct vocab *v)
{
    return &v->trie;
}

uint32_t vocab_continued(const struct vocab *v)
{
    return v->continued;
}
