/* See pieces.h. */
#include "experiments/pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/data/corpus.h"
#include "src/text/vocab.h"

struct pieces {
    struct vocab *vocab;
    int32_t *rank; /* [V], NULL: not known */
};

/* The first of the run's places that exists; "" when none does. */
static void find_file(const struct workspace *w, const struct config *c, const char *checkpoint,
                      char *out, size_t size)
{
    static const char *const nets[] = {"discriminator", "generator", "main"};
    for (size_t i = 0; checkpoint && *checkpoint && i < sizeof nets / sizeof *nets; i++) {
        snprintf(out, size, "%s/%s/vocab.txt", checkpoint, nets[i]);
        if (file_exists(out)) return;
    }
    if (*c->corpus && !strchr(c->corpus, '/') && !strchr(c->corpus, ',')) {
        snprintf(out, size, "%s/%s/vocab.txt", w->corpora, c->corpus);
        if (file_exists(out)) return;
    }
    snprintf(out, size, "%s", c->vocab);
    if (!*c->vocab || !file_exists(out)) *out = 0;
}

struct frequency {
    uint64_t count;
    int id;
};

static int by_count(const void *a, const void *b)
{
    const struct frequency *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : x->id - y->id;
}

/* From the counts that lie beside the corpus' vocabulary; none there: the ranks stay unknown. */
static void read_ranks(struct pieces *p, const struct workspace *w, const struct config *c)
{
    char dir[4200];
    int n = vocab_size(p->vocab);
    uint64_t *count = NULL;
    if (!*c->corpus || strchr(c->corpus, ','))
        return;
    if (*c->corpus == '/')
        snprintf(dir, sizeof dir, "%s", c->corpus);
    else
        snprintf(dir, sizeof dir, "%s/%s", w->corpora, c->corpus);
    struct frequency *f = calloc((size_t)n, sizeof *f);
    p->rank = calloc((size_t)n, sizeof *p->rank);
    if (!f || !p->rank || corpus_read_counts(dir, n, &count, NULL)) {
        free(f);
        free(p->rank);
        p->rank = NULL;
        return;
    }
    for (int i = 0; i < n; i++)
        f[i] = (struct frequency){count[i], i};
    qsort(f, (size_t)n, sizeof *f, by_count);
    for (int i = 0; i < n && f[i].count; i++)
        p->rank[f[i].id] = i + 1;
    free(count);
    free(f);
}

struct pieces *pieces_open(const struct workspace *w, const struct config *c,
                           const char *checkpoint, struct err *err)
{
    char path[4200];
    find_file(w, c, checkpoint, path, sizeof path);
    if (!*path) {
        err_set(err, E_NOTFOUND, "no vocabulary: neither a checkpoint, nor the corpus %s, nor "
                "the vocab setting has one", visible((char[300]){0}, 300, c->corpus));
        return NULL;
    }
    struct vocab *v = vocab_load(path, NULL, NULL, err);
    if (!v) return NULL;
    struct pieces *p = calloc(1, sizeof *p);
    if (!p) {
        vocab_free(v);
        err_nomem(err, "a vocabulary");
        return NULL;
    }
    p->vocab = v;
    read_ranks(p, w, c);
    return p;
}

void pieces_close(struct pieces *p)
{
    if (!p) return;
    vocab_free(p->vocab);
    free(p->rank);
    free(p);
}

int pieces_rank(const struct pieces *p, int id)
{
    return p->rank && id >= 0 && id < vocab_size(p->vocab) ? p->rank[id] : 0;
}

int pieces_ranked(const struct pieces *p) { return p->rank != NULL; }

int pieces_size(const struct pieces *p) { return vocab_size(p->vocab); }

const char *pieces_get(const struct pieces *p, int id)
{
    return id >= 0 && id < vocab_size(p->vocab) ? vocab_token(p->vocab, id) : NULL;
}

int pieces_special(const struct pieces *p, int id)
{
    for (int i = 0; i < VOCAB_SPECIALS; i++)
        if (vocab_special(p->vocab, i) == id) return 1;
    return 0;
}
