/* A region of memory freed as a whole. Two uses: growing (arena_alloc takes more blocks as
 * needed: loading, one frame of a screen) and fixed (arena_fixed reserves once; a request past
 * the end returns NULL: one training step). Memory is 64-byte aligned and not zeroed.
 * Not thread-safe: one arena, one thread. */
#ifndef ES_BASE_ARENA_H
#define ES_BASE_ARENA_H
#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *head;
    size_t used;  /* bytes handed out since the last reset */
    size_t peak;  /* largest `used` ever */
    int fixed;
};

void arena_init(struct arena *a);
/* Reserves `bytes` once. Returns 0 or E_NOMEM. */
int arena_fixed(struct arena *a, size_t bytes);
/* n * size bytes, overflow checked; NULL when memory is out. */
void *arena_alloc(struct arena *a, size_t n, size_t size);
void *arena_zalloc(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Keeps the memory, forgets the contents. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);
#endif
