/* Keys that an input method changed, read as the keys that were struck. With a Korean two-set
 * keyboard 'j' arrives as ㅓ, and 'r' then 'k' as 가; a full-width 'ｑ' is q. Fields get the text
 * as it came. */
#include <stdio.h>
#include <string.h>

#include "src/base/visible.h"
#include "ui/app/app_int.h"

/* The 51 compatibility jamo from U+3131 on, as the keys of the two-set layout. */
static const char *const jamo[] = {
    "r", "R", "rt", "s", "sw", "sg", "e", "E", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a",
    "q", "Q", "qt", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g",
    "k", "o", "i", "O", "j", "p", "u", "P", "h", "hk", "ho", "hl", "y", "n", "nj", "np", "nl",
    "b", "m", "ml", "l",
};
/* A syllable is lead, vowel, tail; leads and tails by their place among the jamo above. */
static const unsigned char lead[] = { 0, 1, 3, 6, 7, 8, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26,
                                      27, 28, 29 };
static const unsigned char tail[] = { 0, 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
                                      19, 20, 21, 22, 23, 25, 26, 27, 28, 29 };

int keys_meant(const char *name, char out[4][16])
{
    char struck[16] = "";
    uint32_t cp = 0;
    int len = utf8_decode((const unsigned char *)name, strlen(name), &cp);
    if (len && !name[len] && cp >= 0x3131 && cp <= 0x3163) {
        snprintf(struck, sizeof struck, "%s", jamo[cp - 0x3131]);
    } else if (len && !name[len] && cp >= 0xAC00 && cp <= 0xD7A3) {
        unsigned s = cp - 0xAC00, t = s % 28;
        snprintf(struck, sizeof struck, "%s%s%s", jamo[lead[s / 588]], jamo[30 + s / 28 % 21],
                 t ? jamo[tail[t]] : "");
    } else if (len && !name[len] && cp >= 0xFF01 && cp <= 0xFF5E) {
        struck[0] = (char)(cp - 0xFF01 + '!');
    } else {
        snprintf(out[0], 16, "%s", cp == 0x3000 ? "Space" : name);
        return 1;
    }
    int n = 0;
    for (; n < 4 && struck[n]; n++) {
        out[n][0] = struck[n];
        out[n][1] = 0;
    }
    return n;
}
