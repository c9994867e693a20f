/* From styles to what a terminal can show. */
#ifndef ES_UI_THEME_H
#define ES_UI_THEME_H
#include "ui/term/grid.h"

enum theme { THEME_DARK, THEME_LIGHT, THEME_MONO, THEME_COUNT };
/* A cell's looks: -1 is the terminal's own colour. */
struct looks { int fg, bg, attr; };
/* `colors`: what the terminal has (256, 16, 8; fewer: mono). */
struct looks theme_looks(int theme, int colors, struct style s);
/* "dark", "light", "mono"; -1 if unknown. */
int theme_find(const char *name);
const char *theme_name(int theme);
/* $COLORFGBG ("15;0"): THEME_LIGHT on a light background, else THEME_DARK. */
int theme_of_terminal(const char *colorfgbg);
#endif
