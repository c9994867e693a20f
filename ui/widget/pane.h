/* Panes share one line with their neighbours; the title sits in the line. Lines that cross or
 * meet are joined by what is on the grid already. */
#ifndef ES_UI_PANE_H
#define ES_UI_PANE_H
#include "ui/term/grid.h"

/* Columns [x, x+w); its ends join a line they lie on. */
void pane_hline(struct grid *g, int y, int x, int w, struct style s);
/* Rows [y, y+h); its ends join a line they lie on or between, and stop short of a title. */
void pane_vline(struct grid *g, int y, int x, int h, struct style s);
/* A line with title parts in it: "─ runs 9 of 143 ─ status:running ─────". The first part is the
 * name: bold and accent when focused, with a sign before it. Parts that do not fit are left out, the
 * last one first; a NULL or empty part is skipped. */
void pane_title(struct grid *g, int y, int x, int w, int focused, const char *const *parts, int n);
/* The same with one part made by printf. */
void pane_titlef(struct grid *g, int y, int x, int w, int focused, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
#endif
