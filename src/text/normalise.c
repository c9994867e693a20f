/* Each code point passes clean -> CJK -> strip -> lower -> split on its own; that equals the
 * reference's passes over the whole text because no pass looks at its neighbours, save for the
 * canonical ordering of combining marks, which order_mark does. */
#include "src/text/normalise.h"

#include <string.h>

#include "src/base/visible.h"
#include "src/text/unicode_table.h"
#include "src/text/wordpiece.h"

static int is_hangul(uint32_t cp)
{
    return cp >= 0xAC00 && cp <= 0xD7A3;
}

static uint32_t flags_of(uint32_t cp)
{
    if (is_hangul(cp))
        return 0;
    if (cp >= 0x4E00 && cp <= 0x9FFF)
        return UNI_CJK;
    unsigned lo = 0, hi = uni_nranges;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (cp > uni_ranges[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < uni_nranges && cp >= uni_ranges[lo].first ? uni_ranges[lo].flags : 0;
}

/* Writes the image of cp; returns how many code points it has. */
static int expand(uint32_t to, uint32_t out[3])
{
    if (!(to & UNI_MORE)) {
        out[0] = to;
        return 1;
    }
    const uint32_t *more = uni_more[to & ~UNI_MORE];
    memcpy(out, more, 3 * sizeof *out);
    return more[2] ? 3 : 2;
}

static int lower(uint32_t cp, uint32_t out[3])
{
    unsigned lo = 0, hi = uni_nlower;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (cp > uni_lower[mid].last)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < uni_nlower && cp >= uni_lower[lo].first &&
        (cp - uni_lower[lo].first) % uni_lower[lo].step == 0) {
        uint32_t to = uni_lower[lo].to;
        return expand(to & UNI_MORE ? to : to + (cp - uni_lower[lo].first), out);
    }
    out[0] = cp;
    return 1;
}

static int decompose(uint32_t cp, uint32_t out[3])
{
    if (is_hangul(cp)) { /* the Unicode standard, section 3.12 */
        uint32_t s = cp - 0xAC00, t = s % 28;
        out[0] = 0x1100 + s / 588;
        out[1] = 0x1161 + s % 588 / 28;
        out[2] = 0x11A7 + t;
        return t ? 3 : 2;
    }
    unsigned lo = 0, hi = uni_nstrip;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (cp > uni_strip[mid].from)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < uni_nstrip && uni_strip[lo].from == cp)
        return expand(uni_strip[lo].to, out);
    out[0] = cp;
    return 1;
}

static int end_word(struct normaliser *n)
{
    if (!n->cur.chars)
        return 0;
    n->cur.text = n->buf;
    int rc = n->word(n->ud, &n->cur);
    n->cur.chars = n->cur.len = 0;
    return rc;
}

static void put(struct normaliser *n, uint32_t cp, size_t start, size_t end)
{
    if (!n->cur.chars++)
        n->cur.start = start;
    n->cur.end = end;
    if (n->cur.chars <= WORD_CHARS_MAX)
        n->cur.len += (size_t)utf8_encode(cp, n->buf + n->cur.len);
}

/* Combining classes of the marks that survive stripping: spacing marks, and marks newer than
 * the reference's list of accents. Marks newer than Unicode 9 have no class there. */
static const struct mark {
    uint32_t first, last;
    int class;
} marks[] = {
    { 0x8D4, 0x8E1, 230 },     { 0x1B44, 0x1B44, 9 },     { 0x1BAA, 0x1BAA, 9 },
    { 0x1BF2, 0x1BF3, 9 },     { 0x1DFB, 0x1DFB, 230 },   { 0x302E, 0x302F, 224 },
    { 0xA953, 0xA953, 9 },     { 0xA9C0, 0xA9C0, 9 },     { 0x111C0, 0x111C0, 9 },
    { 0x11235, 0x11235, 9 },   { 0x1134D, 0x1134D, 9 },   { 0x11442, 0x11442, 9 },
    { 0x11446, 0x11446, 7 },   { 0x116B6, 0x116B6, 9 },   { 0x11C3F, 0x11C3F, 9 },
    { 0x1D165, 0x1D166, 216 }, { 0x1D16D, 0x1D16D, 226 }, { 0x1D16E, 0x1D172, 216 },
    { 0x1E000, 0x1E006, 230 }, { 0x1E008, 0x1E018, 230 }, { 0x1E01B, 0x1E021, 230 },
    { 0x1E023, 0x1E024, 230 }, { 0x1E026, 0x1E02A, 230 }, { 0x1E944, 0x1E949, 230 },
    { 0x1E94A, 0x1E94A, 7 },
};

static int mark_class(uint32_t cp)
{
    if (cp < marks[0].first || (cp >= 0x1100 && cp <= 0x11FF) || (cp >= 0x3030 && cp <= 0xA952))
        return 0;
    size_t k = 0;
    while (k < sizeof marks / sizeof *marks && cp > marks[k].last)
        k++;
    return k < sizeof marks / sizeof *marks && cp >= marks[k].first ? marks[k].class : 0;
}

/* Moves the mark just put before marks of a higher class. */
static void order_mark(struct normaliser *n, uint32_t cp)
{
    if (n->cur.chars > WORD_CHARS_MAX)
        return;
    char mark[4];
    size_t size = (size_t)utf8_encode(cp, mark);
    int class = mark_class(cp);
    size_t at = n->cur.len - size;
    while (at > 0) {
        size_t before = at - 1;
        while (before > 0 && ((unsigned char)n->buf[before] & 0xC0) == 0x80)
            before--;
        uint32_t prev = 0;
        utf8_decode((const unsigned char *)n->buf + before, at - before, &prev);
        if (mark_class(prev) <= class)
            break;
        memmove(n->buf + before + size, n->buf + before, at - before);
        memcpy(n->buf + before, mark, size);
        at = before;
    }
}

/* A code point of the normalised text: split. */
static int emit(struct normaliser *n, uint32_t cp, size_t start, size_t end)
{
    uint32_t flags = flags_of(cp);
    if (flags & UNI_SPLIT)
        return end_word(n);
    if (flags & UNI_PUNCT) {
        int rc = end_word(n);
        put(n, cp, start, end);
        return rc ? rc : end_word(n);
    }
    put(n, cp, start, end);
    return 0;
}

static int normalise_char(struct normaliser *n, uint32_t cp, uint32_t flags, size_t start,
                          size_t end)
{
    uint32_t parts[3] = { cp, 0, 0 };
    int nparts = 1;
    if (n->strip) {
        if (flags & UNI_STRIP) {
            if (n->cur.chars && n->cur.end == start)
                n->cur.end = end;
            return 0;
        }
        nparts = decompose(cp, parts);
    }
    for (int i = 0; i < nparts; i++) {
        uint32_t small[3] = { parts[i], 0, 0 };
        int nsmall = n->lower ? lower(parts[i], small) : 1;
        for (int k = 0; k < nsmall; k++) {
            int rc = emit(n, small[k], start, end);
            if (rc)
                return rc;
        }
        if (n->strip && n->cur.chars > 1 && mark_class(parts[i]))
            order_mark(n, parts[i]);
    }
    return 0;
}

static int code_point(struct normaliser *n, uint32_t cp, size_t start, size_t end)
{
    uint32_t flags = flags_of(cp);
    if (flags & UNI_REMOVED)
        return 0;
    if (flags & UNI_SPACE)
        return end_word(n);
    if (!(flags & UNI_CJK) || !n->cjk)
        return normalise_char(n, cp, flags, start, end);
    int rc = end_word(n);
    if (!rc)
        rc = normalise_char(n, cp, flags, start, end);
    return rc ? rc : end_word(n);
}

/* A Hangul syllable: it has no case, and its letters are neither marks nor punctuation, so that
 * code_point would come to the same. */
static void put_syllable(struct normaliser *n, uint32_t cp, size_t start, size_t end)
{
    if (!n->strip) {
        put(n, cp, start, end);
        return;
    }
    uint32_t parts[3];
    int nparts = decompose(cp, parts);
    for (int i = 0; i < nparts; i++)
        put(n, parts[i], start, end);
}

void normaliser_init(struct normaliser *n, const struct wordpiece_options *o,
                     int (*word)(void *ud, const struct text_word *w), void *ud)
{
    memset(n, 0, sizeof *n);
    n->lower = !o->cased;
    n->strip = o->strip_accents < 0 ? n->lower : o->strip_accents;
    n->cjk = !o->no_cjk_split;
    n->word = word;
    n->ud = ud;
}

int normaliser_run(struct normaliser *n, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    n->cur.chars = n->cur.len = 0;
    for (size_t i = 0; i < len;) {
        unsigned char c = s[i];
        /* Letters and digits stay themselves, but for their case. */
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            put(n, c, i, i + 1);
            i++;
            continue;
        }
        uint32_t cp;
        int size = utf8_decode(s + i, len - i, &cp);
        if (!size) {
            n->invalid++;
            i++;
            continue;
        }
        int rc = 0;
        if (is_hangul(cp))
            put_syllable(n, cp, i, i + (size_t)size);
        else
            rc = code_point(n, cp, i, i + (size_t)size);
        if (rc)
            return rc;
        i += (size_t)size;
    }
    return end_word(n);
}

int text_is_blank(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        int size = utf8_decode(s + i, len - i, &cp);
        if (!size || !(flags_of(cp) & (UNI_SPACE | UNI_SPLIT)))
            return 0;
        i += (size_t)size;
    }
    return 1;
}
