/* See visible.h. */
#include "src/base/visible.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

int utf8_decode(const unsigned char *s, size_t n, uint32_t *cp)
{
    if (!n)
        return 0;
    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    int len = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || (size_t)len > n)
        return 0;
    uint32_t c = s[0] & (0xFFu >> (len + 1));
    for (int i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3Fu);
    }
    if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10FFFF)) ||
        (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *cp = c;
    return len;
}

int utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

int visible_is_control(uint32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0))
        return 1;
    if (cp < 0x300)
        return cp == 0xAD;
    if (cp == 0x2028 || cp == 0x2029 || cp == 0x034F || cp == 0x115F || cp == 0x1160 ||
        cp == 0x3164 || cp == 0xFFA0 || cp == 0x17B4 || cp == 0x17B5)
        return 1;
    if ((cp >= 0xFE00 && cp <= 0xFE0F) || (cp >= 0xE0000 && cp <= 0xE0FFF))
        return 1;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
        return 1;
    default:
        return 0;
    }
}

static int is_mark(uint32_t cp)
{
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)cp);
    return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME;
}

char *visible_n(char *out, size_t size, const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t used = 0, safe = 0; /* safe: where an ellipsis still fits */
    int marks = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp = 0;
        char piece[16];
        int len = utf8_decode(s + i, n - i, &cp), wrote;
        if (!len) {
            wrote = snprintf(piece, sizeof piece, "<%02X>", s[i]);
            len = 1;
        } else if (visible_is_control(cp)) {
            wrote = cp < 0x100 ? snprintf(piece, sizeof piece, "<%02X>", (unsigned)cp)
                               : snprintf(piece, sizeof piece, "<U+%04X>", (unsigned)cp);
        } else {
            marks = cp >= 0x300 && is_mark(cp) ? marks + 1 : 0;
            wrote = marks > 8 ? 0 : len;
            memcpy(piece, s + i, (size_t)len);
        }
        if (used + (size_t)wrote + 1 > size) {
            used = safe;
            if (used + 4 <= size) {
                memcpy(out + used, "\xE2\x80\xA6", 3);
                used += 3;
            }
            break;
        }
        memcpy(out + used, piece, (size_t)wrote);
        used += (size_t)wrote;
        if (used + 4 <= size)
            safe = used;
        i += (size_t)len;
    }
    if (size)
        out[used < size ? used : size - 1] = 0;
    return out;
}

char *visible(char *out, size_t size, const char *text)
{
    return visible_n(out, size, text, strlen(text));
}
