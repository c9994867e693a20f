#include "src/text/trie.h"

#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"

int trie_init(struct trie *t, size_t bytes)
{
    memset(t, 0, sizeof *t);
    int bits = 6;
    while (((size_t)1 << bits) < 2 * (bytes + 1))
        bits++;
    t->shift = 32 - bits;
    t->mask = ((uint32_t)1 << bits) - 1;
    t->nodes = 1;
    t->edges = calloc((size_t)1 << bits, sizeof *t->edges);
    t->value = malloc((bytes + 1) * sizeof *t->value);
    if (!t->edges || !t->value) {
        trie_free(t);
        return E_NOMEM;
    }
    t->value[0] = -1;
    return 0;
}

void trie_free(struct trie *t)
{
    free(t->edges);
    free(t->value);
    memset(t, 0, sizeof *t);
}

int32_t trie_add(struct trie *t, const char *key, size_t n, int32_t value)
{
    uint32_t node = 0;
    for (size_t k = 0; k < n; k++) {
        uint32_t edge = node << 8 | (unsigned char)key[k];
        uint32_t i = (edge * 0x9E3779B1u) >> t->shift;
        while (t->edges[i].next && t->edges[i].key != edge)
            i = (i + 1) & t->mask;
        if (!t->edges[i].next) {
            t->edges[i].key = edge;
            t->edges[i].next = t->nodes;
            t->value[t->nodes++] = -1;
        }
        node = t->edges[i].next;
    }
    int32_t old = t->value[node];
    t->value[node] = value;
    return old;
}

uint32_t trie_walk(const struct trie *t, uint32_t node, const char *key, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        node = trie_next(t, node, (unsigned char)key[k]);
        if (!node)
            return 0;
    }
    return node;
}
