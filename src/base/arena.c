/* See arena.h. */
#include "src/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/large.h"

#define ALIGN 64u
#define BLOCK (256u * 1024u)

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    unsigned char *data;
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *b = malloc(sizeof *b);
    if (!b)
        return NULL;
    b->data = large_alloc(size);
    if (!b->data) {
        free(b);
        return NULL;
    }
    b->next = NULL;
    b->size = size;
    b->used = 0;
    return b;
}

void arena_init(struct arena *a)
{
    memset(a, 0, sizeof *a);
}

int arena_fixed(struct arena *a, size_t bytes)
{
    arena_init(a);
    a->fixed = 1;
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    a->head = block_new(bytes ? bytes : ALIGN);
    return a->head ? 0 : E_NOMEM;
}

void *arena_alloc(struct arena *a, size_t n, size_t size)
{
    if (size && n > (SIZE_MAX - ALIGN) / size)
        return NULL;
    size_t bytes = (n * size + ALIGN - 1) / ALIGN * ALIGN;
    if (!bytes)
        bytes = ALIGN;
    struct arena_block *b = a->head;
    if (!b || b->size - b->used < bytes) {
        if (a->fixed)
            return NULL;
        b = block_new(bytes > BLOCK ? bytes : BLOCK);
        if (!b)
            return NULL;
        b->next = a->head;
        a->head = b;
    }
    void *p = b->data + b->used;
    b->used += bytes;
    a->used += bytes;
    if (a->used > a->peak)
        a->peak = a->used;
    return p;
}

void *arena_zalloc(struct arena *a, size_t n, size_t size)
{
    void *p = arena_alloc(a, n, size);
    if (p)
        memset(p, 0, n * size);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = arena_alloc(a, n, 1);
    if (p)
        memcpy(p, s, n);
    return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1, 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

void arena_reset(struct arena *a)
{
    a->used = 0;
    if (!a->head)
        return;
    struct arena_block *b = a->head->next;
    while (b) {
        struct arena_block *next = b->next;
        free(b->data);
        free(b);
        b = next;
    }
    a->head->next = NULL;
    a->head->used = 0;
}

void arena_free(struct arena *a)
{
    struct arena_block *b = a->head;
    while (b) {
        struct arena_block *next = b->next;
        free(b->data);
        free(b);
        b = next;
    }
    arena_init(a);
}
