/* How much memory is taken: told by the sanitizer, or counted by standing before the C library's
 * allocator. Under the thread sanitizer it is not known. */
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

#if defined(__SANITIZE_ADDRESS__)
#define BY_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BY_SANITIZER 1
#elif __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define UNKNOWN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define UNKNOWN 1
#endif

#ifndef UNKNOWN
static _Atomic int64_t taken, limit = INT64_MAX;
static void (*on_limit)(int64_t bytes);

static void take(int64_t n)
{
    int64_t now = atomic_fetch_add(&taken, n) + n, most = atomic_load(&limit);
    if (now > most && atomic_compare_exchange_strong(&limit, &most, INT64_MAX))
        on_limit(now);
}
#endif

#ifdef BY_SANITIZER
/* Of sanitizer/allocator_interface.h, which not every compiler brings. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *p, size_t n),
                                              void (*on_free)(const volatile void *p));
size_t __sanitizer_get_allocated_size(const volatile void *p);

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=1:max_allocation_size_mb=4096:strict_string_checks=1";
}

static void on_malloc(const volatile void *p, size_t n)
{
    (void)p;
    take((int64_t)n);
}

static void on_free(const volatile void *p)
{
    if (p)
        take(-(int64_t)__sanitizer_get_allocated_size(p));
}

static void begin(void)
{
    static int begun;
    if (!begun++)
        __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#elif !defined(UNKNOWN)
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

/* What is asked for is weighed before it is given: a huge request need not succeed to be seen. */
static void *given(void *p, size_t asked)
{
    take((int64_t)(p ? malloc_usable_size(p) : 0) - (int64_t)asked);
    return p;
}

static size_t asked(size_t n)
{
    n = n > (size_t)1 << 48 ? (size_t)1 << 48 : n;
    take((int64_t)n);
    return n;
}

void *malloc(size_t n)
{
    size_t a = asked(n);
    return given(__libc_malloc(n), a);
}

void *calloc(size_t n, size_t size)
{
    size_t all;
    size_t a = asked(__builtin_mul_overflow(n, size, &all) ? SIZE_MAX : all);
    return given(__libc_calloc(n, size), a);
}

void *realloc(void *p, size_t n)
{
    int64_t before = (int64_t)malloc_usable_size(p);
    size_t a = asked(n);
    void *q = __libc_realloc(p, n);
    if (q || !n)
        take(-before);
    return given(q, a);
}

void *memalign(size_t align, size_t n)
{
    size_t a = asked(n);
    return given(__libc_memalign(align, n), a);
}

void *aligned_alloc(size_t align, size_t n)
{
    return memalign(align, n);
}

int posix_memalign(void **out, size_t align, size_t n)
{
    void *p = memalign(align, n);
    if (p)
        *out = p;
    return p ? 0 : 12; /* ENOMEM */
}

void free(void *p)
{
    take(-(int64_t)malloc_usable_size(p));
    __libc_free(p);
}

static void begin(void)
{
}
#endif

#ifdef UNKNOWN
int64_t fuzz_memory(void)
{
    return -1;
}

void fuzz_memory_limit(int64_t most, void (*call)(int64_t bytes))
{
    (void)most;
    (void)call;
}
#else
int64_t fuzz_memory(void)
{
    begin();
    return atomic_load(&taken);
}

void fuzz_memory_limit(int64_t most, void (*call)(int64_t bytes))
{
    on_limit = call;
    atomic_store(&limit, most ? fuzz_memory() + most : INT64_MAX);
}
#endif
