#include "src/text/pair_queue.h"

#include <stdlib.h>
#include <string.h>

void pair_queue_init(struct pair_queue *q, const struct word_table *pieces, int64_t least)
{
    memset(q, 0, sizeof *q);
    q->pieces = pieces;
    q->least = least;
}

void pair_queue_free(struct pair_queue *q)
{
    for (size_t k = 0; k < q->n; k++)
        free(q->pairs[k].words);
    free(q->pairs);
    free(q->slots);
    free(q->heap);
    memset(q, 0, sizeof *q);
}

static size_t slot_of(uint32_t left, uint32_t right, size_t nslots)
{
    uint64_t h = ((uint64_t)left << 32 | right) * 0x9E3779B97F4A7C15u;
    return (size_t)(h >> 32) & (nslots - 1);
}

static int grow(struct pair_queue *q)
{
    if (2 * (q->n + 1) > q->nslots) {
        size_t nslots = q->nslots ? 2 * q->nslots : 4096;
        uint32_t *slots = calloc(nslots, sizeof *slots);
        if (!slots)
            return -1;
        for (size_t k = 0; k < q->n; k++) {
            size_t i = slot_of(q->pairs[k].left, q->pairs[k].right, nslots);
            while (slots[i])
                i = (i + 1) & (nslots - 1);
            slots[i] = (uint32_t)k + 1;
        }
        free(q->slots);
        q->slots = slots;
        q->nslots = nslots;
    }
    if (q->n == q->cap) {
        size_t cap = q->cap ? 2 * q->cap : 1024;
        struct pair *pairs = realloc(q->pairs, cap * sizeof *pairs);
        if (!pairs)
            return -1;
        q->pairs = pairs;
        q->cap = cap;
    }
    return 0;
}

static void note_word(struct pair_queue *q, struct pair *p, uint32_t word)
{
    if (p->nwords && p->words[p->nwords - 1] == word)
        return;
    if (p->nwords == p->cap) {
        uint32_t cap = p->cap ? 2 * p->cap : 4;
        uint32_t *words = realloc(p->words, cap * sizeof *words);
        if (!words) {
            q->failed = 1;
            return;
        }
        p->words = words;
        p->cap = cap;
    }
    p->words[p->nwords++] = word;
}

size_t pair_queue_change(struct pair_queue *q, uint32_t left, uint32_t right, int64_t by,
                         uint32_t word)
{
    if (q->failed || grow(q)) {
        q->failed = 1;
        return 0;
    }
    size_t i = slot_of(left, right, q->nslots);
    while (q->slots[i]) {
        struct pair *p = &q->pairs[q->slots[i] - 1];
        if (p->left == left && p->right == right)
            break;
        i = (i + 1) & (q->nslots - 1);
    }
    if (!q->slots[i]) {
        q->pairs[q->n] = (struct pair){ .left = left, .right = right };
        q->slots[i] = (uint32_t)++q->n;
    }
    size_t k = q->slots[i] - 1;
    q->pairs[k].count += by;
    if (by > 0)
        note_word(q, &q->pairs[k], word);
    return k;
}

/* Names are NUL-terminated UTF-8: the order of bytes is that of code points. */
static int before(const struct pair_queue *q, struct pair_heap_item a, struct pair_heap_item b)
{
    if (a.count != b.count)
        return a.count > b.count;
    if (a.name != b.name)
        return a.name < b.name;
    const struct pair *pa = &q->pairs[a.pair], *pb = &q->pairs[b.pair];
    int order = pa->left == pb->left ? 0
                                     : strcmp(word_table_text(q->pieces, pa->left),
                                              word_table_text(q->pieces, pb->left));
    if (!order)
        order = strcmp(word_table_text(q->pieces, pa->right),
                       word_table_text(q->pieces, pb->right));
    return order < 0;
}

static uint64_t first_bytes(const char *name)
{
    uint64_t key = 0;
    for (int i = 0; i < 8; i++) {
        key = key << 8 | (unsigned char)*name;
        name += *name != 0;
    }
    return key;
}

static void sink(struct pair_queue *q, struct pair_heap_item item)
{
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= q->nheap)
            break;
        if (child + 1 < q->nheap && before(q, q->heap[child + 1], q->heap[child]))
            child++;
        if (!before(q, q->heap[child], item))
            break;
        q->heap[i] = q->heap[child];
        i = child;
    }
    q->heap[i] = item;
}

void pair_queue_push(struct pair_queue *q, size_t pair)
{
    if (q->pairs[pair].count < q->least)
        return;
    if (q->nheap == q->heap_cap) {
        size_t cap = q->heap_cap ? 2 * q->heap_cap : 1024;
        struct pair_heap_item *heap = realloc(q->heap, cap * sizeof *heap);
        if (!heap) {
            q->failed = 1;
            return;
        }
        q->heap = heap;
        q->heap_cap = cap;
    }
    const char *left = word_table_text(q->pieces, q->pairs[pair].left);
    struct pair_heap_item item = { q->pairs[pair].count, first_bytes(left), (uint32_t)pair };
    size_t i = q->nheap++;
    while (i && before(q, item, q->heap[(i - 1) / 2])) {
        q->heap[i] = q->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    q->heap[i] = item;
}

int64_t pair_queue_pop(struct pair_queue *q)
{
    while (q->nheap) {
        struct pair_heap_item top = q->heap[0];
        int64_t count = q->pairs[top.pair].count;
        if (top.count != count && count >= q->least) {
            top.count = count;
            sink(q, top);
            continue;
        }
        struct pair_heap_item last = q->heap[--q->nheap];
        if (q->nheap)
            sink(q, last);
        if (count >= q->least)
            return top.pair;
    }
    return -1;
}
