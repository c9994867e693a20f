/* A growing byte string, always NUL-terminated. Out of memory is remembered in `failed`
 * (appends then do nothing), so that callers check once at the end. */
#ifndef ES_BASE_STR_H
#define ES_BASE_STR_H
#include <stddef.h>
#include <stdint.h>

struct str {
    char *data;   /* never NULL after the first append; use str_get */
    size_t len, cap;
    int failed;
};

void str_init(struct str *s);
void str_free(struct str *s);
void str_clear(struct str *s);
void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *bytes, size_t n);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "" when empty. Valid until the next append. */
const char *str_get(const struct str *s);
/* 1: `part` occurs in `text`, ASCII letters of either case; an empty part does in any. */
int str_contains(const char *text, const char *part);
/* The text, cut to fit: "%s" of snprintf without what a printf costs, which is much in a program that
 * libquadmath (OpenBLAS brings it) hooks its own conversions into. Returns out. */
char *str_copy(char *out, size_t size, const char *text);
/* "12,345", "-1,000". */
char *str_grouped(char *out, size_t size, int64_t v);
#endif
