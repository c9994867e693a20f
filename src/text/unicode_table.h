/* What the reference normaliser does with each code point, as tables of ranges. The .c file is
 * made by gen_unicode.awk from tests/fixtures/tokenizer/unicode; do not edit it by hand. */
#ifndef ES_TEXT_UNICODE_TABLE_H
#define ES_TEXT_UNICODE_TABLE_H
#include <stdint.h>

enum {
    UNI_REMOVED = 1, /* dropped by cleaning */
    UNI_SPACE = 2,   /* cleaning turns it into U+0020 */
    UNI_CJK = 4,     /* gets spaces around it */
    UNI_PUNCT = 8,   /* a word of its own */
    UNI_STRIP = 16,  /* dropped with accents */
    UNI_SPLIT = 32   /* white space of the pre-tokeniser */
};

struct uni_range {
    uint32_t first, last, flags;
};
/* first, first + step, ... last become to, to + step, ... */
struct uni_run {
    uint32_t first, last, step, to;
};
/* to with UNI_MORE set is an index into uni_more: zero-filled code points. */
struct uni_pair {
    uint32_t from, to;
};
#define UNI_MORE 0x80000000u

extern const struct uni_range uni_ranges[];
extern const unsigned uni_nranges;
extern const struct uni_run uni_lower[];
extern const unsigned uni_nlower;
extern const struct uni_pair uni_strip[];
extern const unsigned uni_nstrip;
extern const uint32_t uni_more[][3];
#endif
