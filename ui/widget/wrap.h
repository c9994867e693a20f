/* Running text in a rectangle. */
#ifndef ES_UI_WRAP_H
#define ES_UI_WRAP_H
#include "ui/term/grid.h"

/* Words of `text` wrapped at r's width, a line break at each newline, a word longer than a line cut
 * into pieces; "…" ends what does not fit. Returns the rows used; g NULL: only counts them. */
int wrap_text(struct grid *g, struct rect r, struct style s, const char *text);
#endif
