/* See str.h. */
#include "src/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void str_init(struct str *s)
{
    memset(s, 0, sizeof *s);
}

void str_free(struct str *s)
{
    free(s->data);
    str_init(s);
}

void str_clear(struct str *s)
{
    s->len = 0;
    if (s->data)
        s->data[0] = 0;
}

static int reserve(struct str *s, size_t more)
{
    if (s->failed)
        return -1;
    size_t need = s->len + more + 1;
    if (need <= s->cap)
        return 0;
    size_t cap = s->cap ? s->cap : 64;
    while (cap < need)
        cap *= 2;
    char *p = realloc(s->data, cap);
    if (!p) {
        s->failed = 1;
        return -1;
    }
    s->data = p;
    s->cap = cap;
    return 0;
}

void str_addn(struct str *s, const void *bytes, size_t n)
{
    if (reserve(s, n))
        return;
    memcpy(s->data + s->len, bytes, n);
    s->len += n;
    s->data[s->len] = 0;
}

char *str_copy(char *out, size_t size, const char *text)
{
    size_t n = strnlen(text, size ? size - 1 : 0);
    if (size) {
        memmove(out, text, n);
        out[n] = 0;
    }
    return out;
}

void str_add(struct str *s, const char *text)
{
    str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
    str_addn(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && !reserve(s, (size_t)n)) {
        vsnprintf(s->data + s->len, (size_t)n + 1, fmt, again);
        s->len += (size_t)n;
    }
    va_end(again);
}

const char *str_get(const struct str *s)
{
    return s->data ? s->data : "";
}

int str_contains(const char *text, const char *part)
{
    size_t n = strlen(part);
    for (; *text; text++)
        if (!strncasecmp(text, part, n))
            return 1;
    return !n;
}

char *str_grouped(char *out, size_t size, int64_t v)
{
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)v), first = v < 0;
    size_t used = 0;
    for (int i = 0; i < n && used + 2 < size; i++) {
        if (i > first && (n - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = 0;
    return out;
}
