#include "src/text/trie.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"

enum { BITS_FIRST = 10 };

static int resize(struct trie *t, int bits)
{
    struct trie old = *t;
    t->edges = calloc((size_t)1 << bits, sizeof *t->edges);
    if (!t->edges) {
        *t = old;
        return E_NOMEM;
    }
    t->shift = 32 - bits;
    t->mask = ((uint32_t)1 << bits) - 1;
    for (size_t k = 0; old.edges && k <= old.mask; k++) {
        if (!old.edges[k].next)
            continue;
        uint32_t i = trie_slot(t, old.edges[k].node, old.edges[k].cp);
        while (t->edges[i].next)
            i = (i + 1) & t->mask;
        t->edges[i] = old.edges[k];
    }
    free(old.edges);
    return 0;
}

int trie_init(struct trie *t)
{
    memset(t, 0, sizeof *t);
    t->nodes = 1;
    return resize(t, BITS_FIRST);
}

void trie_free(struct trie *t)
{
    free(t->edges);
    memset(t, 0, sizeof *t);
}

/* The edge, made where it is missing; NULL when memory ran out. */
static struct trie_edge *step(struct trie *t, uint32_t node, uint32_t cp)
{
    if (2 * t->nodes > t->mask && resize(t, 33 - t->shift))
        return NULL;
    uint32_t i = trie_slot(t, node, cp);
    for (; t->edges[i].next; i = (i + 1) & t->mask) {
        if (t->edges[i].node == node && t->edges[i].cp == cp)
            return &t->edges[i];
    }
    t->edges[i] = (struct trie_edge){ node, cp, t->nodes++, -1 };
    return &t->edges[i];
}

int trie_add(struct trie *t, const char *key, size_t n, int32_t value, int32_t *old)
{
    struct trie_edge *e = NULL;
    for (size_t k = 0; k < n;) {
        uint32_t cp;
        k += (size_t)utf8_decode((const unsigned char *)key + k, n - k, &cp);
        e = step(t, e ? e->next : 0, cp);
        if (!e)
            return E_NOMEM;
    }
    *old = e ? e->value : -1;
    if (e)
        e->value = value;
    return 0;
}

const struct trie_edge *trie_find(const struct trie *t, const char *key, size_t n)
{
    const struct trie_edge *e = NULL;
    for (size_t k = 0; k < n;) {
        uint32_t cp;
        int size = utf8_decode((const unsigned char *)key + k, n - k, &cp);
        e = size ? trie_step(t, e ? e->next : 0, cp) : NULL;
        if (!e)
            return NULL;
        k += (size_t)size;
    }
    return e;
}
