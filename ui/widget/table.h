/* A table's columns: which fit a width, and where they stand. A column has a priority (0: never
 * goes; then the highest number goes first) and a width; one column may flex between a minimum
 * and a maximum. Columns that do not fit can be scrolled to: the columns of priority 0 stay. */
#ifndef ES_UI_TABLE_H
#define ES_UI_TABLE_H
#include "ui/term/grid.h"

#define TABLE_COLUMNS 40
#define COLUMN_NEVER 1000    /* priority of a column that is not shown at all */
enum { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_MIDDLE_CUT };
struct column {
    const char *title;
    int priority, min, max, align;
};
struct table_layout {
    int n;                        /* columns shown, in order */
    int col[TABLE_COLUMNS];       /* their index */
    int x[TABLE_COLUMNS], w[TABLE_COLUMNS];
    int more_left, more_right;    /* columns off the edges */
};
/* `scroll` columns that may go are skipped at the left. Columns are one space apart. */
void table_layout(struct table_layout *t, const struct column *cols, int n, int width, int scroll);
/* How far `scroll` makes sense: past it the last column is on the screen. */
int table_max_scroll(const struct column *cols, int n, int width);
/* Headings at row y of area; the sorted column (or -1) gets its arrow. Marks of columns off the edges
 * stand in the cell before area and in its last one: keep both free. */
void table_head(struct grid *g, struct rect area, int y, const struct table_layout *t,
                const struct column *cols, int sorted, int descending);
void table_cell(struct grid *g, struct rect area, int y, const struct table_layout *t,
                const struct column *cols, int shown, struct style s, const char *text);
/* First row shown so that `cursor` is among `rows` of `n`, moving as little as needed. */
int table_top(int top, int cursor, int rows, int n);
#endif
