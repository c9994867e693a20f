/* The cell grid every screen draws into. It knows no curses: ncurses is one sink (ui/term/sink.h),
 * the golden tests' text dump another. A cell holds one grapheme cluster; a wide one is followed
 * by a cell of width 0. Styles are roles, never colour numbers: theme.def gives them colours.
 * Foreign text is made visible (src/base/visible.h) and measured here, so callers pass it raw. */
#ifndef ES_UI_GRID_H
#define ES_UI_GRID_H
#include <stddef.h>
#include <stdint.h>

enum role { ROLE_TEXT, ROLE_DIM, ROLE_ACCENT, ROLE_GOOD, ROLE_WARN, ROLE_BAD,
            ROLE_SERIES1, ROLE_SERIES2, ROLE_SERIES3, ROLE_SERIES4, ROLE_SERIES5, ROLE_SERIES6,
            ROLE_COUNT };
enum back { BACK_NONE, BACK_SELECTED, BACK_BAND, BACK_HEAT1, BACK_HEAT2, BACK_HEAT3, BACK_HEAT4,
            BACK_TRACK, BACK_COUNT };
enum { ATTR_BOLD = 1, ATTR_UNDERLINE = 2, ATTR_REVERSE = 4 };
struct style { uint8_t role, back, attr; };
#define STYLE(role, attr) ((struct style){(role), BACK_NONE, (attr)})

#define CELL_BYTES 29
struct cell {
    char text[CELL_BYTES]; /* UTF-8, NUL-terminated; "" = second half of a wide cell */
    struct style style;
};
struct rect { int y, x, h, w; };
struct grid {
    int h, w;
    int cursor_y, cursor_x;  /* the hardware cursor; -1: hidden */
    int ascii;               /* 1: signs come from the ASCII column of sign.def */
    struct cell *cells;      /* [h*w] */
    int cells_cap;
};
int grid_resize(struct grid *g, int h, int w); /* 0 or E_NOMEM; clears */
void grid_free(struct grid *g);
void grid_clear(struct grid *g);
/* Text at (y,x) inside `clip`, at most `width` columns (width < 0: to the clip's edge); cut at a
 * grapheme border, half of a wide character becomes a space. NFC-normalised, made visible.
 * Returns the columns written. */
int grid_text(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
              const char *utf8);
int grid_textf(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
               const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* Right-aligned in `width` columns. */
int grid_right(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
               const char *utf8);
/* Sentences: cut at the end with an ellipsis when too wide. */
int grid_end(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
             const char *utf8);
/* Names: cut in the middle with an ellipsis when too wide. */
int grid_middle(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
                const char *utf8);
void grid_fill(struct grid *g, struct rect r, struct style s, const char *utf8);
/* Sets only the background (selection, heat, band) of a run of cells. */
void grid_back(struct grid *g, struct rect r, uint8_t back);
/* One braille or block cell, set directly. */
void grid_cell(struct grid *g, struct rect clip, int y, int x, struct style s, const char *utf8);
/* Columns of a text after NFC and visible(). */
int text_columns(const char *utf8);
/* Plain text of the grid, a line a row; `styles` likewise, a letter a cell (see grid.c). */
char *grid_dump(const struct grid *g, char **styles);
#endif
