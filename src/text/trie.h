/* A byte trie over the tokens of a vocabulary, edges in one hash table. */
#ifndef ES_TEXT_TRIE_H
#define ES_TEXT_TRIE_H
#include <stddef.h>
#include <stdint.h>

struct trie_edge {
    uint32_t key;  /* node << 8 | byte */
    uint32_t next; /* 0: free slot */
};
struct trie {
    struct trie_edge *edges;
    int32_t *value; /* by node: a token id, or -1 */
    uint32_t mask, nodes;
    int shift;
};

/* Room for tokens of `bytes` bytes together (below 2^24). 0 or E_NOMEM. */
int trie_init(struct trie *t, size_t bytes);
void trie_free(struct trie *t);
/* A later value of the same key replaces the earlier one; returns the earlier, or -1. */
int32_t trie_add(struct trie *t, const char *key, size_t n, int32_t value);
/* The node reached from `node` by n bytes; 0 when there is none. */
uint32_t trie_walk(const struct trie *t, uint32_t node, const char *key, size_t n);

static inline uint32_t trie_next(const struct trie *t, uint32_t node, unsigned char byte)
{
    uint32_t key = node << 8 | byte;
    for (uint32_t i = (key * 0x9E3779B1u) >> t->shift;; i = (i + 1) & t->mask) {
        if (t->edges[i].next == 0 || t->edges[i].key == key)
            return t->edges[i].next;
    }
}
#endif
