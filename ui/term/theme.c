/* See theme.h; the colours are in theme.def. */
#include "ui/term/theme.h"

#include <stdlib.h>
#include <string.h>

static const struct { int fg[2], sixteen, sixteen_attr, mono; } roles[ROLE_COUNT] = {
#define R(role, dark, light, sixteen, sixteen_attr, mono) \
    [ROLE_##role] = { { dark, light }, sixteen, sixteen_attr, mono },
#include "ui/term/theme.def"
#undef R
};
static const struct { int fg[2], bg[2], sixteen, sixteen_attr, mono; } backs[BACK_COUNT] = {
#define B(back, dfg, dbg, lfg, lbg, sixteen, sixteen_attr, mono) \
    [BACK_##back] = { { dfg, lfg }, { dbg, lbg }, sixteen, sixteen_attr, mono },
#include "ui/term/theme.def"
#undef B
};

struct looks theme_looks(int theme, int colors, struct style s)
{
    struct looks k = { -1, -1, s.attr };
    int role = s.role < ROLE_COUNT ? s.role : ROLE_TEXT;
    int back = s.back < BACK_COUNT ? s.back : BACK_NONE;
    if (back == BACK_HEAT3 || back == BACK_HEAT4)
        k.attr |= ATTR_BOLD;
    if (theme == THEME_MONO || colors < 8) {
        k.attr |= roles[role].mono | backs[back].mono;
        return k;
    }
    if (colors < 256) {
        k.fg = backs[back].sixteen == -2 ? roles[role].sixteen : backs[back].sixteen;
        k.attr |= roles[role].sixteen_attr | backs[back].sixteen_attr;
        if (k.fg == 8 && colors < 16)
            k.fg = -1; /* bright black may be black: plain rather than unreadable */
        if (theme == THEME_LIGHT && k.fg == 7)
            k.fg = -1;
        return k;
    }
    int t = theme == THEME_LIGHT;
    k.fg = backs[back].fg[t] == -2 ? roles[role].fg[t] : backs[back].fg[t];
    k.bg = backs[back].bg[t];
    return k;
}

static const char *const names[THEME_COUNT] = { "dark", "light", "mono" };

int theme_find(const char *name)
{
    for (int i = 0; i < THEME_COUNT; i++)
        if (!strcmp(name, names[i]))
            return i;
    return -1;
}

const char *theme_name(int theme)
{
    return theme >= 0 && theme < THEME_COUNT ? names[theme] : "dark";
}

int theme_of_terminal(const char *colorfgbg)
{
    const char *last = colorfgbg ? strrchr(colorfgbg, ';') : NULL;
    if (!last || last[1] < '0' || last[1] > '9')
        return THEME_DARK;
    int bg = atoi(last + 1);
    return bg == 7 || bg >= 9 ? THEME_LIGHT : THEME_DARK;
}
