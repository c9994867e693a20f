/* A trie over the code points of a vocabulary's tokens, edges in one hash table. A step is one
 * look into the table: an edge carries the token that ends there. */
#ifndef ES_TEXT_TRIE_H
#define ES_TEXT_TRIE_H
#include <stddef.h>
#include <stdint.h>

struct trie_edge {
    uint32_t node, cp; /* from this node by this code point */
    uint32_t next;     /* to this one; 0: free slot */
    int32_t value;     /* of the key that ends there, or -1 */
};
struct trie {
    struct trie_edge *edges;
    uint32_t mask, nodes; /* nodes: in use, the root (0) included */
    int shift;
};

/* 0 or E_NOMEM. */
int trie_init(struct trie *t);
void trie_free(struct trie *t);
/* A key of valid UTF-8; a later value of the same key replaces the earlier one. *old becomes the
 * earlier one, or -1. 0 or E_NOMEM. */
int trie_add(struct trie *t, const char *key, size_t n, int32_t value, int32_t *old);
/* The edge that the last of n bytes of UTF-8 leads over, from the root; NULL when there is none
 * (or no such key, or not UTF-8). */
const struct trie_edge *trie_find(const struct trie *t, const char *key, size_t n);

static inline uint32_t trie_slot(const struct trie *t, uint32_t node, uint32_t cp)
{
    return (node * 0x9E3779B1u ^ cp * 0x85EBCA6Bu) * 0xC2B2AE35u >> t->shift;
}

/* The edge from a node by a code point, or NULL. */
static inline const struct trie_edge *trie_step(const struct trie *t, uint32_t node, uint32_t cp)
{
    for (uint32_t i = trie_slot(t, node, cp);; i = (i + 1) & t->mask) {
        const struct trie_edge *e = &t->edges[i];
        if (!e->next)
            return NULL;
        if (e->node == node && e->cp == cp)
            return e;
    }
}
#endif
