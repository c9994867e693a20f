/* See pane.h. */
#include "ui/widget/pane.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ui/term/sign.h"

enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

static const struct { int sign, arms; } joints[] = {
    { SIGN_HLINE, LEFT | RIGHT },          { SIGN_VLINE, UP | DOWN },
    { SIGN_TEE_DOWN, LEFT | RIGHT | DOWN }, { SIGN_TEE_UP, LEFT | RIGHT | UP },
    { SIGN_TEE_RIGHT, UP | DOWN | RIGHT }, { SIGN_TEE_LEFT, UP | DOWN | LEFT },
    { SIGN_CROSS, UP | DOWN | LEFT | RIGHT }, { SIGN_CORNER_TL, DOWN | RIGHT },
    { SIGN_CORNER_TR, DOWN | LEFT }, { SIGN_CORNER_BL, UP | RIGHT }, { SIGN_CORNER_BR, UP | LEFT },
};
#define JOINTS ((int)(sizeof joints / sizeof joints[0]))

static int arms_at(const struct grid *g, int y, int x)
{
    if (y < 0 || x < 0 || y >= g->h || x >= g->w)
        return 0;
    const char *t = g->cells[y * g->w + x].text;
    if (t[0] == ' ')
        return 0;
    for (int i = 0; i < JOINTS; i++)
        if (!strcmp(t, sign(joints[i].sign)))
            return joints[i].arms;
    if (g->ascii && (!strcmp(t, "+") || !strcmp(t, "-") || !strcmp(t, "|")))
        return t[0] == '-' ? LEFT | RIGHT : t[0] == '|' ? UP | DOWN : UP | DOWN | LEFT | RIGHT;
    return 0;
}

static void join(struct grid *g, int y, int x, int arms, struct style s)
{
    struct rect all = { 0, 0, g->h, g->w };
    arms |= arms_at(g, y, x);
    for (int i = 0; i < JOINTS; i++) {
        if (joints[i].arms == arms) {
            grid_cell(g, all, y, x, s, sign(joints[i].sign));
            return;
        }
    }
    grid_cell(g, all, y, x, s, sign(arms & (UP | DOWN) ? SIGN_VLINE : SIGN_HLINE));
}

/* A line beside that runs into this cell, as an arm of this cell. */
static int met(const struct grid *g, int y, int x)
{
    return (arms_at(g, y, x - 1) & RIGHT ? LEFT : 0) | (arms_at(g, y, x + 1) & LEFT ? RIGHT : 0);
}

/* A vertical line at (y,x), if one is there, gets an arm towards the end of a horizontal one. */
static void lean(struct grid *g, int y, int x, int arm, struct style s)
{
    if (arms_at(g, y, x) & (UP | DOWN) && !(g->ascii && arms_at(g, y, x) & RIGHT))
        join(g, y, x, arm, s);
}

void pane_hline(struct grid *g, int y, int x, int w, struct style s)
{
    for (int i = 0; i < w; i++) {
        int arms = LEFT | RIGHT, on = arms_at(g, y, x + i) & (UP | DOWN);
        if (i == 0 && on && x > 0)
            arms = RIGHT;
        if (i == w - 1 && on && x + w < g->w)
            arms = LEFT;
        join(g, y, x + i, arms, s);
    }
    lean(g, y, x - 1, RIGHT, s);
    lean(g, y, x + w, LEFT, s);
}

/* 1: a letter of a title stands at an end of the line, which then stops short of it. */
static int is_title(const struct grid *g, int y, int x)
{
    return y >= 0 && x >= 0 && y < g->h && x < g->w && !arms_at(g, y, x) &&
           strcmp(g->cells[y * g->w + x].text, " ") != 0;
}

void pane_vline(struct grid *g, int y, int x, int h, struct style s)
{
    for (int i = 0; i < h; i++) {
        int end = i == 0 || i == h - 1, arms = UP | DOWN;
        int beside = end || !g->ascii ? met(g, y + i, x) : 0;
        if (end && is_title(g, y + i, x))
            continue;
        if (end && h > 1 && (beside || arms_at(g, y + i, x)))
            arms = i ? UP : DOWN;
        join(g, y + i, x, arms | beside, s);
    }
}

void pane_title(struct grid *g, int y, int x, int w, int focused, const char *const *parts, int n)
{
    struct rect line = { y, x, 1, w };
    struct style dim = STYLE(focused ? ROLE_ACCENT : ROLE_DIM, 0);
    int at = 2;
    pane_hline(g, y, x, w, dim);
    if (focused && w > 4) /* seen without colour, too */
        grid_cell(g, line, y, x, dim, sign(SIGN_CURSOR));
    for (int i = 0; i < n; i++) {
        int last = w - at - 2;
        if (!parts[i] || !parts[i][0])
            continue;
        int cols = text_columns(parts[i]);
        if (i > 0 && cols > last)
            break;
        struct style s = i ? STYLE(ROLE_DIM, 0)
                           : STYLE(focused ? ROLE_ACCENT : ROLE_TEXT, focused ? ATTR_BOLD : 0);
        if (last < 1)
            break;
        grid_cell(g, line, y, x + at - 1, dim, " ");
        int used = i ? grid_text(g, line, y, x + at, last, s, parts[i])
                     : grid_middle(g, line, y, x + at, last, s, parts[i]);
        grid_cell(g, line, y, x + at + used, dim, " ");
        at += used + 3;
    }
}

void pane_titlef(struct grid *g, int y, int x, int w, int focused, const char *fmt, ...)
{
    char text[256];
    const char *parts[1] = { text };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pane_title(g, y, x, w, focused, parts, 1);
}
