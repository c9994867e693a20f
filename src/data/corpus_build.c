/* Building a packed corpus: tokens.u32, pieces.bin, lines.u64, counts.u64, vocab.txt and
 * manifest.json, in a directory that is renamed into place when whole. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/data/corpus_int.h"
#include "src/text/corpus_reader.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

/* Every 50th piece by hash is held out. Of a short text that may be none at all: then those next in
 * order of their hashes go too, up to 80 sequences of 128, and an eighth of the text. */
enum { HELDOUT_EVERY = 50, HELDOUT_TOKENS = 80 * 128, HELDOUT_SHARE = 8 };

/* A piece that may yet be held out. */
struct candidate {
    uint64_t hash, number;
};

struct builder {
    const struct corpus_build *b;
    struct vocab *vocab;
    struct wordpiece *wp;
    struct ids doc;
    FILE *tokens, *pieces, *lines;
    uint64_t *count;
    XXH3_state_t *hash;
    struct corpus_stats stats;
    int reading_heldout;
    struct candidate *candidates; /* only while too little is held out */
    size_t ncandidates, cap;
    uint64_t npieces;
    char tmp[4096];
};

static int enough_heldout(const struct builder *u)
{
    return u->b->nheldout || u->stats.heldout_tokens >= HELDOUT_TOKENS;
}

static int add_candidate(struct builder *u, uint64_t hash, struct err *err)
{
    if (u->ncandidates == u->cap) {
        size_t cap = u->cap ? 2 * u->cap : 256;
        struct candidate *more = realloc(u->candidates, cap * sizeof *more);
        if (!more)
            return err_nomem(err, "packing");
        u->candidates = more;
        u->cap = cap;
    }
    u->candidates[u->ncandidates++] = (struct candidate){hash, u->npieces};
    return 0;
}

static int write_piece(struct builder *u, const int32_t *ids, size_t n, int continues, struct err *err)
{
    struct piece p = {.first = u->stats.tokens, .length = (uint32_t)n,
                      .flags = continues ? PIECE_CONTINUES : 0};
    uint64_t hash = XXH3_64bits(ids, n * sizeof *ids);
    int heldout = u->b->nheldout ? u->reading_heldout : hash % HELDOUT_EVERY == 0, rc = 0;
    if (!heldout && !enough_heldout(u))
        rc = add_candidate(u, hash, err);
    u->npieces++;
    p.flags |= heldout ? PIECE_HELDOUT : 0;
    u->stats.tokens += n;
    *(heldout ? &u->stats.heldout_tokens : &u->stats.train_tokens) += n;
    u->stats.heldout_documents += (uint64_t)heldout;
    int unk = vocab_special(u->vocab, VOCAB_UNK);
    for (size_t i = 0; i < n; i++) {
        u->stats.unk += ids[i] == unk;
        if (!heldout)
            u->count[ids[i]]++;
    }
    XXH3_64bits_update(u->hash, ids, n * sizeof *ids);
    if (!rc && (fwrite(ids, sizeof *ids, n, u->tokens) != n || fwrite(&p, sizeof p, 1, u->pieces) != 1))
        rc = err_errno(err, "cannot write the corpus in %s", SHOW(u->tmp));
    return rc;
}

static int end_document(struct builder *u, struct err *err)
{
    int rc = 0;
    if (!u->doc.len)
        return 0;
    u->stats.documents++;
    for (size_t at = 0; !rc && at < u->doc.len; at += PIECE_TOKENS) {
        size_t n = u->doc.len - at < PIECE_TOKENS ? u->doc.len - at : PIECE_TOKENS;
        rc = write_piece(u, u->doc.data + at, n, at > 0, err);
    }
    u->doc.len = 0;
    return rc;
}

static int write_line_end(struct builder *u, struct err *err)
{
    uint64_t end = u->stats.tokens + u->doc.len;
    if (fwrite(&end, sizeof end, 1, u->lines) != 1)
        return err_errno(err, "cannot write the corpus in %s", SHOW(u->tmp));
    return 0;
}

static int read_paths(struct builder *u, const char *const *paths, int npaths, struct err *err)
{
    const struct corpus_build *b = u->b;
    struct corpus_reader *r = corpus_reader_open(paths, npaths, err);
    struct corpus_line line;
    uint64_t before = u->stats.tokens;
    int rc = r ? 0 : E_INPUT, more = 1;
    while (!rc && (more = corpus_reader_next(r, &line, err)) > 0) {
        u->stats.lines++;
        if (line.blank || line.file_end)
            rc = end_document(u, err);
        if (line.blank || rc)
            continue;
        if (memchr(line.text, 0, line.len))
            u->stats.nul_bytes++;
        size_t had = u->doc.len;
        if (wordpiece_encode(u->wp, line.text, line.len, &u->doc))
            rc = err_nomem(err, "a document");
        else if (u->doc.len > had)
            rc = write_line_end(u, err);
        if (b->progress && u->stats.lines % 1024 == 0 &&
            b->progress(b->ud, "packing", corpus_reader_progress(r)))
            rc = err_set(err, E_STOPPED, "packing was stopped");
    }
    if (more < 0)
        rc = more;
    if (!rc)
        rc = end_document(u, err);
    if (r)
        u->stats.bytes += corpus_reader_bytes(r);
    corpus_reader_close(r);
    if (!rc && u->stats.tokens == before)
        rc = err_set(err, E_INPUT, "%s: there is no text in it", SHOW(paths[0]));
    return rc;
}

static int read_all(struct builder *u, struct err *err)
{
    const struct corpus_build *b = u->b;
    int rc = read_paths(u, b->paths, b->npaths, err);
    if (!rc && b->nheldout) {
        u->reading_heldout = 1;
        rc = read_paths(u, b->heldout_paths, b->nheldout, err);
    }
    u->stats.invalid = wordpiece_invalid(u->wp);
    return rc;
}

static int by_hash(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    return x->hash != y->hash ? (x->hash > y->hash) - (x->hash < y->hash)
                              : (x->number > y->number) - (x->number < y->number);
}

/* Holds a written piece out; 1 where that would be too much of the text. */
static int move_to_heldout(struct builder *u, uint64_t number, uint64_t most, struct err *err)
{
    struct piece p;
    int32_t ids[PIECE_TOKENS];
    long at = (long)(number * sizeof p);
    if (fseek(u->pieces, at, SEEK_SET) || fread(&p, sizeof p, 1, u->pieces) != 1)
        return err_errno(err, "cannot read the corpus in %s", SHOW(u->tmp));
    if (u->stats.heldout_tokens + p.length > most)
        return 1;
    if (fseek(u->tokens, (long)(p.first * sizeof *ids), SEEK_SET) ||
        fread(ids, sizeof *ids, p.length, u->tokens) != p.length)
        return err_errno(err, "cannot read the corpus in %s", SHOW(u->tmp));
    p.flags |= PIECE_HELDOUT;
    if (fseek(u->pieces, at, SEEK_SET) || fwrite(&p, sizeof p, 1, u->pieces) != 1)
        return err_errno(err, "cannot write the corpus in %s", SHOW(u->tmp));
    for (uint32_t i = 0; i < p.length; i++)
        u->count[ids[i]]--;
    u->stats.train_tokens -= p.length;
    u->stats.heldout_tokens += p.length;
    u->stats.heldout_documents++;
    return 0;
}

static int hold_more_out(struct builder *u, struct err *err)
{
    uint64_t most = u->stats.tokens / HELDOUT_SHARE;
    int rc = 0;
    if (u->ncandidates)
        qsort(u->candidates, u->ncandidates, sizeof *u->candidates, by_hash);
    for (size_t k = 0; k < u->ncandidates && rc >= 0 && !enough_heldout(u); k++) {
        rc = move_to_heldout(u, u->candidates[k].number, most, err);
        if (rc > 0 && u->stats.heldout_tokens > 0)
            break; /* to go on to the next that fits would choose the short ones */
    }
    return rc < 0 ? rc : 0;
}

static int finish_file(FILE **f, int rc, const char *dir, struct err *err)
{
    if (*f && !rc && (fflush(*f) || fsync(fileno(*f))))
        rc = err_errno(err, "cannot write the corpus in %s", SHOW(dir));
    if (*f && fclose(*f) && !rc)
        rc = err_errno(err, "cannot write the corpus in %s", SHOW(dir));
    *f = NULL;
    return rc;
}

static int write_manifest(struct builder *u, struct err *err)
{
    const struct corpus_stats *s = &u->stats;
    const struct wordpiece_options *t = &u->b->text;
    char path[4200], hash[32];
    XXH3_64bits_update(u->hash, &(uint64_t){vocab_hash(u->vocab)}, 8);
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)XXH3_64bits_digest(u->hash));
    json_t *j = json_pack(
        "{s:i, s:s, s:i, s:b, s:i, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "version", 1,
        "hash", hash, "vocab_size", vocab_size(u->vocab), "cased", t->cased, "strip_accents",
        t->strip_accents, "no_cjk_split", t->no_cjk_split, "bytes", (json_int_t)s->bytes, "lines",
        (json_int_t)s->lines, "documents", (json_int_t)s->documents, "tokens", (json_int_t)s->tokens,
        "unk", (json_int_t)s->unk, "invalid", (json_int_t)s->invalid, "nul_bytes",
        (json_int_t)s->nul_bytes, "train_tokens", (json_int_t)s->train_tokens, "heldout_tokens",
        (json_int_t)s->heldout_tokens, "heldout_documents", (json_int_t)s->heldout_documents);
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    json_decref(j);
    if (!text)
        return err_nomem(err, "a manifest");
    snprintf(path, sizeof path, "%s/manifest.json", u->tmp);
    int rc = file_write_new(path, text, strlen(text), err);
    free(text);
    return rc;
}

static FILE *create(const char *dir, const char *name, struct err *err)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w+b");
    if (!f)
        err_errno(err, "cannot create %s", SHOW(path));
    return f;
}

static int write_all(struct builder *u, struct err *err)
{
    char path[4200];
    u->tokens = create(u->tmp, "tokens.u32", err);
    u->pieces = u->tokens ? create(u->tmp, "pieces.bin", err) : NULL;
    u->lines = u->pieces ? create(u->tmp, "lines.u64", err) : NULL;
    if (!u->lines)
        return E_IO;
    int rc = read_all(u, err);
    if (!rc)
        rc = hold_more_out(u, err);
    rc = finish_file(&u->tokens, rc, u->tmp, err);
    rc = finish_file(&u->pieces, rc, u->tmp, err);
    rc = finish_file(&u->lines, rc, u->tmp, err);
    snprintf(path, sizeof path, "%s/counts.u64", u->tmp);
    if (!rc)
        rc = file_write_new(path, u->count, (size_t)vocab_size(u->vocab) * sizeof *u->count, err);
    snprintf(path, sizeof path, "%s/vocab.txt", u->tmp);
    if (!rc)
        rc = vocab_write(u->vocab, path, err);
    if (!rc)
        rc = write_manifest(u, err);
    return rc ? rc : file_sync_dir(u->tmp, err);
}

int corpus_build(const struct corpus_build *b, struct corpus_stats *stats, struct err *err)
{
    struct builder u = {.b = b};
    int rc = 0;
    snprintf(u.tmp, sizeof u.tmp, "%s.tmp.%ld", b->out_dir, (long)getpid());
    u.vocab = vocab_load(b->vocab_path, b->warn, b->ud, err);
    if (!u.vocab)
        return E_INPUT;
    u.wp = wordpiece_new(u.vocab, &b->text, err);
    u.count = calloc((size_t)vocab_size(u.vocab) + 1, sizeof *u.count);
    u.hash = XXH3_createState();
    if (!u.wp || !u.count || !u.hash)
        rc = err_nomem(err, "packing");
    if (!rc)
        rc = file_mkdirs(u.tmp, err);
    if (!rc) {
        XXH3_64bits_reset(u.hash);
        rc = write_all(&u, err);
    }
    if (u.tokens)
        fclose(u.tokens);
    if (u.pieces)
        fclose(u.pieces);
    if (u.lines)
        fclose(u.lines);
    if (!rc && file_exists(b->out_dir))
        rc = file_remove_tree(b->out_dir, err);
    if (!rc && rename(u.tmp, b->out_dir))
        rc = err_errno(err, "cannot rename %s", SHOW(u.tmp));
    if (rc)
        file_remove_tree(u.tmp, NULL);
    if (!rc && u.stats.invalid && b->warn) {
        char text[200];
        snprintf(text, sizeof text, "%llu bytes of invalid UTF-8 were replaced", (unsigned long long)u.stats.invalid);
        b->warn(b->ud, text);
    }
    if (!rc && u.stats.nul_bytes && b->warn) {
        char text[200];
        snprintf(text, sizeof text, "NUL bytes in %llu lines were dropped", (unsigned long long)u.stats.nul_bytes);
        b->warn(b->ud, text);
    }
    if (stats)
        *stats = u.stats;
    ids_free(&u.doc);
    wordpiece_free(u.wp);
    vocab_free(u.vocab);
    free(u.count);
    free(u.candidates);
    XXH3_freeState(u.hash);
    return rc;
}
