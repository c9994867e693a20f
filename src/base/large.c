/* See large.h. */
#include "src/base/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LINE 64u
#define LEAST (1u << 20)
#define PAGE ((size_t)2 << 20)

void *large_alloc(size_t bytes)
{
    size_t align = bytes < LEAST ? LINE : PAGE;
    void *p = NULL;
    if (bytes > SIZE_MAX - PAGE)
        return NULL;
    bytes = (bytes + align - 1) / align * align;
    if (posix_memalign(&p, align, bytes ? bytes : LINE))
        return NULL;
#ifdef MADV_HUGEPAGE
    if (align == PAGE)
        madvise(p, bytes, MADV_HUGEPAGE); /* advice: refused, it works all the same */
#endif
    return p;
}
