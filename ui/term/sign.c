/* See sign.h. */
#include "ui/term/sign.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "src/base/visible.h"

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

/* Ranges of characters by kind: punctuation, box drawing, blocks, shapes, arrows, dots of braille,
 * mathematical signs, other marks. */
static const struct { char kind; unsigned from, to; const char *sample; } kinds[] = {
    { 'p', 0xA1, 0x2FF, "\xC2\xB7" },        { 't', 0x2010, 0x206F, "\xE2\x80\xA6" },
    { 'a', 0x2190, 0x21FF, "\xE2\x86\x92" }, { 'm', 0x2200, 0x22FF, "\xE2\x88\x92" },
    { 'x', 0x2500, 0x257F, "\xE2\x94\x82" }, { 'b', 0x2580, 0x259F, "\xE2\x96\x88" },
    { 's', 0x25A0, 0x25FF, "\xE2\x97\x8F" }, { 'c', 0x2600, 0x27BF, "\xE2\x9C\x93" },
    { 'd', 0x2800, 0x28FF, "\xE2\xA3\xBF" },
};
#define KINDS ((int)(sizeof kinds / sizeof kinds[0]))
static char wide[KINDS + 1];

const char *sign_kinds(void)
{
    static char all[KINDS + 1];
    for (int i = 0; i < KINDS; i++)
        all[i] = kinds[i].kind;
    return all;
}

const char *sign_kind_sample(char kind)
{
    for (int i = 0; i < KINDS; i++)
        if (kinds[i].kind == kind)
            return kinds[i].sample;
    return "";
}

void sign_set_wide(const char *which)
{
    int n = 0;
    for (int i = 0; i < KINDS; i++)
        if (strchr(which, kinds[i].kind))
            wide[n++] = kinds[i].kind;
    wide[n] = 0;
}

int sign_is_wide(const char *utf8)
{
    uint32_t cp = 0;
    if (!*wide || (unsigned char)utf8[0] < 0x80 ||
        !utf8_decode((const unsigned char *)utf8, strlen(utf8), &cp))
        return 0;
    for (int i = 0; i < KINDS; i++)
        if (cp >= kinds[i].from && cp <= kinds[i].to)
            return strchr(wide, kinds[i].kind) != NULL;
    return 0;
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
