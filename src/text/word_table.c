#include "src/text/word_table.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static int grow_slots(struct word_table *t)
{
    size_t nslots = t->nslots ? 2 * t->nslots : 1024;
    uint32_t *slots = calloc(nslots, sizeof *slots);
    if (!slots)
        return -1;
    for (size_t k = 0; k < t->n; k++) {
        size_t i = t->entries[k].hash & (nslots - 1);
        while (slots[i])
            i = (i + 1) & (nslots - 1);
        slots[i] = (uint32_t)k + 1;
    }
    free(t->slots);
    t->slots = slots;
    t->nslots = nslots;
    return 0;
}

static int make_room(struct word_table *t, size_t n)
{
    if (2 * (t->n + 1) > t->nslots && grow_slots(t))
        return -1;
    if (t->n == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 512;
        struct word_entry *entries = realloc(t->entries, cap * sizeof *entries);
        if (!entries)
            return -1;
        t->entries = entries;
        t->cap = cap;
    }
    if (t->used + n + 1 > t->room) {
        size_t room = t->room ? t->room : 8192;
        while (room < t->used + n + 1)
            room *= 2;
        char *bytes = realloc(t->bytes, room);
        if (!bytes)
            return -1;
        t->bytes = bytes;
        t->room = room;
    }
    return 0;
}

int64_t word_table_add(struct word_table *t, const char *word, size_t n, uint64_t count)
{
    if (t->n >= UINT32_MAX - 1 || n >= UINT32_MAX || make_room(t, n))
        return -1;
    uint32_t hash = (uint32_t)XXH3_64bits(word, n);
    size_t i = hash & (t->nslots - 1);
    for (; t->slots[i]; i = (i + 1) & (t->nslots - 1)) {
        struct word_entry *e = &t->entries[t->slots[i] - 1];
        if (e->hash == hash && e->len == n && !memcmp(t->bytes + e->at, word, n)) {
            e->count += count;
            return t->slots[i] - 1;
        }
    }
    t->entries[t->n] = (struct word_entry){ t->used, (uint32_t)n, hash, count };
    memcpy(t->bytes + t->used, word, n);
    t->bytes[t->used + n] = 0;
    t->used += n + 1;
    t->slots[i] = (uint32_t)++t->n;
    return (int64_t)t->n - 1;
}

void word_table_free(struct word_table *t)
{
    free(t->entries);
    free(t->bytes);
    free(t->slots);
    memset(t, 0, sizeof *t);
}
