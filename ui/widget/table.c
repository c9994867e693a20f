/* See table.h. */
#include "ui/widget/table.h"

#include <stdio.h>
#include <string.h>

#include "ui/term/sign.h"

/* Width of the columns in `in` at their minimum, spaces between them included. */
static int least(const struct column *cols, int n, const unsigned char *in)
{
    int w = 0, count = 0;
    for (int i = 0; i < n; i++) {
        if (in[i]) {
            w += cols[i].min;
            count++;
        }
    }
    return w + (count ? count - 1 : 0);
}

/* Drops the least wanted columns, the rightmost of equals first, until the rest fits. */
static void drop(const struct column *cols, int n, unsigned char *in, int width)
{
    while (least(cols, n, in) > width) {
        int worst = -1;
        for (int i = 0; i < n; i++)
            if (in[i] && cols[i].priority > 0 &&
                (worst < 0 || cols[i].priority >= cols[worst].priority))
                worst = i;
        if (worst < 0)
            return;
        in[worst] = 0;
    }
}

/* Spare columns go round to those that can grow, one each, so that no one takes all. */
static void grow(const struct column *cols, int n, const unsigned char *in, int spare, int *w)
{
    for (int given = 1; spare > 0 && given;) {
        given = 0;
        for (int i = 0; i < n && spare > 0; i++) {
            if (!in[i] || w[i] >= cols[i].max)
                continue;
            w[i]++;
            spare--;
            given = 1;
        }
    }
}

static void place(struct table_layout *t, const struct column *cols, int n,
                  const unsigned char *in, int width)
{
    int w[TABLE_COLUMNS], x = 0;
    for (int i = 0; i < n; i++)
        w[i] = cols[i].min;
    grow(cols, n, in, width - least(cols, n, in), w);
    t->n = 0;
    for (int i = 0; i < n; i++) {
        if (!in[i])
            continue;
        t->col[t->n] = i;
        t->x[t->n] = x;
        t->w[t->n] = w[i];
        x += t->w[t->n++] + 1;
    }
}

/* The columns that scrolling goes through are shown from the left, in order, as many as fit
 * beside those that never go. */
static void scrolled(const struct column *cols, int n, unsigned char *in, int width, int scroll)
{
    for (int i = 0; i < n; i++)
        in[i] = cols[i].priority == 0;
    for (int i = 0, skip = scroll; i < n; i++) {
        if (cols[i].priority == 0 || cols[i].priority == COLUMN_NEVER || skip-- > 0)
            continue;
        in[i] = 1;
        if (least(cols, n, in) > width) {
            in[i] = 0;
            return;
        }
    }
}

/* Marks the columns that may be shown; returns their number, *last the last of them. */
static int shown(const struct column *cols, int n, unsigned char *in, int *last)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        in[i] = cols[i].priority != COLUMN_NEVER;
        count += in[i];
        if (in[i])
            *last = i;
    }
    return count;
}

void table_layout(struct table_layout *t, const struct column *cols, int n, int width, int scroll)
{
    unsigned char in[TABLE_COLUMNS] = { 0 };
    int end = -1;
    n = n > TABLE_COLUMNS ? TABLE_COLUMNS : n;
    memset(t, 0, sizeof *t);
    int wanted = shown(cols, n, in, &end);
    if (scroll > 0)
        scrolled(cols, n, in, width, scroll);
    else
        drop(cols, n, in, width);
    place(t, cols, n, in, width);
    int last = t->n ? t->col[t->n - 1] : -1;
    t->more_left = scroll > 0 ? scroll : 0;
    t->more_right = scroll > 0 ? last < end : wanted - t->n;
}

int table_max_scroll(const struct column *cols, int n, int width)
{
    unsigned char in[TABLE_COLUMNS] = { 0 };
    int end = -1, movable = 0;
    n = n > TABLE_COLUMNS ? TABLE_COLUMNS : n;
    shown(cols, n, in, &end);
    if (end < 0 || least(cols, n, in) <= width)
        return 0;
    for (int i = 0; i < n; i++)
        movable += cols[i].priority != 0 && cols[i].priority != COLUMN_NEVER;
    for (int s = 1; s < movable; s++) {
        scrolled(cols, n, in, width, s);
        if (in[end])
            return s;
    }
    return movable > 1 ? movable - 1 : 0;
}

void table_cell(struct grid *g, struct rect area, int y, const struct table_layout *t,
                const struct column *cols, int shown, struct style s, const char *text)
{
    int x = area.x + t->x[shown], w = t->w[shown], align = cols[t->col[shown]].align;
    if (align == ALIGN_RIGHT)
        grid_right(g, area, y, x, w, s, text);
    else if (align == ALIGN_MIDDLE_CUT)
        grid_middle(g, area, y, x, w, s, text);
    else
        grid_end(g, area, y, x, w, s, text);
}

void table_head(struct grid *g, struct rect area, int y, const struct table_layout *t,
                const struct column *cols, int sorted, int descending)
{
    for (int i = 0; i < t->n; i++) {
        char title[64];
        const char *name = cols[t->col[i]].title;
        const char *arrow = t->col[i] != sorted ? "" : sign(descending ? SIGN_DESCENDING : SIGN_ASCENDING);
        struct style style = STYLE(*arrow ? ROLE_ACCENT : ROLE_DIM, 0);
        int fits = text_columns(name) + 1 <= t->w[i], behind = t->x[i] + t->w[i];
        int apart = *arrow && g->ascii && text_columns(name) + 2 <= t->w[i]; /* there it is a letter */
        snprintf(title, sizeof title, "%s%s%s", name, apart ? " " : "", fits ? arrow : "");
        table_cell(g, area, y, t, cols, i, style, title);
        if (*arrow && !fits && behind < area.w - 1) /* in the space after the column */
            grid_cell(g, area, y, area.x + behind, style, arrow);
    }
    struct rect before = {area.y, area.x - 1, area.h, 1}; /* no letter of a heading is there */
    if (t->more_left)
        grid_cell(g, area.x > 0 ? before : area, y, area.x > 0 ? area.x - 1 : area.x, STYLE(ROLE_ACCENT, 0),
                  sign(SIGN_MORE_LEFT));
    if (t->more_right)
        grid_cell(g, area, y, area.x + area.w - 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_MORE_RIGHT));
}

int table_top(int top, int cursor, int rows, int n)
{
    if (rows < 1)
        return cursor < 0 ? 0 : cursor;
    if (cursor < top)
        top = cursor;
    if (cursor >= top + rows)
        top = cursor - rows + 1;
    if (top > n - rows)
        top = n - rows;
    return top < 0 ? 0 : top;
}
