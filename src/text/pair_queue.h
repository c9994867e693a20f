/* Pairs of neighbouring pieces with their counts, the words they occur in, and a heap that
 * yields the most frequent pair; ties by the bytes of (left, right). Counts in the heap may be
 * out of date: pair_queue_pop mends them as they surface. */
#ifndef ES_TEXT_PAIR_QUEUE_H
#define ES_TEXT_PAIR_QUEUE_H
#include <stddef.h>
#include <stdint.h>

#include "src/text/word_table.h"

struct pair {
    uint32_t left, right;
    int64_t count;
    uint32_t *words; /* may hold a word twice, or one that lost the pair */
    uint32_t nwords, cap;
    uint32_t touched; /* the merge that last raised the count */
};
struct pair_heap_item {
    int64_t count;
    uint64_t name; /* the first bytes of left, the first one highest: settles most ties */
    uint32_t pair;
};
struct pair_queue {
    const struct word_table *pieces; /* names, for ties */
    struct pair *pairs;
    size_t n, cap;
    uint32_t *slots; /* pair + 1, 0 free */
    size_t nslots;
    struct pair_heap_item *heap;
    size_t nheap, heap_cap;
    int64_t least; /* rarer pairs do not go on the heap */
    int failed;    /* memory ran out */
};

void pair_queue_init(struct pair_queue *q, const struct word_table *pieces, int64_t least);
void pair_queue_free(struct pair_queue *q);
/* Changes the count of a pair; a rise also notes the word. Returns the pair's index. */
size_t pair_queue_change(struct pair_queue *q, uint32_t left, uint32_t right, int64_t by,
                         uint32_t word);
/* Puts the pair with its present count on the heap, unless it is too rare. */
void pair_queue_push(struct pair_queue *q, size_t pair);
/* Takes the most frequent pair off the heap; -1 when none that is frequent enough is left. */
int64_t pair_queue_pop(struct pair_queue *q);
#endif
