#include "ui/term/jamo.h"

#include <stdint.h>
#include <string.h>

#include "src/base/visible.h"

/* Leads from U+1100 and tails from U+11A8 as the letters after U+3130. */
static const uint8_t leads[] = {1, 2, 4, 7, 8, 9, 17, 18, 19, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30};
static const uint8_t tails[] = {1,  2,  3,  4,  5,  6,  7,  9,  10, 11, 12, 13, 14, 15,
                                16, 17, 18, 20, 21, 22, 23, 24, 26, 27, 28, 29, 30};

static uint32_t letter(uint32_t cp)
{
    if (cp >= 0x1100 && cp < 0x1100 + sizeof leads)
        return 0x3130u + leads[cp - 0x1100];
    if (cp >= 0x1161 && cp <= 0x1175)
        return 0x314F + (cp - 0x1161);
    if (cp >= 0x11A8 && cp < 0x11A8 + sizeof tails)
        return 0x3130u + tails[cp - 0x11A8];
    return 0;
}

void jamo_stand_alone(char *utf8)
{
    char *end = utf8 + strlen(utf8);
    for (char *p = strchr(utf8, 0xE1); p && p < end;) {
        uint32_t cp;
        int n = utf8_decode((const unsigned char *)p, (size_t)(end - p), &cp);
        uint32_t alone = n == 3 ? letter(cp) : 0;
        if (alone)
            utf8_encode(alone, p);
        p = strchr(p + (n ? n : 1), 0xE1);
    }
}
