/* See sign.h. */
#include "ui/term/sign.h"

#include <stddef.h>
#include <string.h>

static const struct { const char *utf8, *ascii; } table[SIGN_COUNT] = {
#define S(name, utf8, ascii) { utf8, ascii },
#include "ui/term/sign.def"
#undef S
};

const char *sign(int s)
{
    return s >= 0 && s < SIGN_COUNT ? table[s].utf8 : "?";
}

const char *sign_ascii(int s)
{
    return s >= 0 && s < SIGN_COUNT ? table[s].ascii : "?";
}

const char *sign_fold(const char *utf8)
{
    if ((unsigned char)utf8[0] < 0x80)
        return NULL;
    for (int i = 0; i < SIGN_COUNT; i++)
        if (!strcmp(table[i].utf8, utf8))
            return table[i].ascii;
    return NULL;
}
