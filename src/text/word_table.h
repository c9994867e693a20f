/* Byte strings counted: a hash table that keeps the order of first sight. */
#ifndef ES_TEXT_WORD_TABLE_H
#define ES_TEXT_WORD_TABLE_H
#include <stddef.h>
#include <stdint.h>

struct word_entry {
    size_t at; /* in bytes; NUL-terminated */
    uint32_t len, hash;
    uint64_t count;
};
struct word_table {
    struct word_entry *entries;
    size_t n, cap;
    char *bytes;
    size_t used, room;
    uint32_t *slots; /* entry + 1, 0 free */
    size_t nslots;
};

/* Adds `count` to the word's count; its index, or -1 when memory is out. Start from zeroes. */
int64_t word_table_add(struct word_table *t, const char *word, size_t n, uint64_t count);
void word_table_free(struct word_table *t);
static inline const char *word_table_text(const struct word_table *t, size_t k)
{
    return t->bytes + t->entries[k].at;
}
#endif
