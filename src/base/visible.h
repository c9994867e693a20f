/* The one sanitiser: every byte that did not come from our own source passes it before it
 * reaches a terminal or an error text. C0, DEL, C1, line and paragraph separators, bidi
 * controls, zero-width, tags, private use and invalid UTF-8 become <1B>, <U+202E>; more than
 * eight combining marks in a row are dropped. */
#ifndef ES_BASE_VISIBLE_H
#define ES_BASE_VISIBLE_H
#include <stddef.h>
#include <stdint.h>

/* Writes the visible form of a NUL-terminated string, cut at a character with "…" when out of
 * room. Returns out. */
char *visible(char *out, size_t size, const char *text);
/* The same for n bytes. */
char *visible_n(char *out, size_t size, const char *text, size_t n);
/* Decodes one code point. Returns its length in bytes, or 0 for an invalid byte (skip one). */
int utf8_decode(const unsigned char *s, size_t n, uint32_t *cp);
/* Encodes; returns the length (1-4). */
int utf8_encode(uint32_t cp, char out[4]);
/* 1 if the code point must not reach a terminal. */
int visible_is_control(uint32_t cp);
#endif
