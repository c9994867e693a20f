/* Names of runs in columns. A member of a sweep is called "SWEEP what-differs sN": where that does
 * not fit, the sweep's part gives way, at the same place for all, and what differs stays whole. */
#ifndef ES_UI_RUN_NAME_H
#define ES_UI_RUN_NAME_H
#include <stddef.h>

#include "db/query.h"
#include "ui/term/grid.h"

/* Bytes of the name that are its sweep's, with the blank after them; 0: it is no member's name. */
size_t run_stem(const char *name, const char *tags);
/* Columns of what differs; 0: it is no member's name. */
int run_tail(const char *name, const char *tags);
/* Writes a name into w columns; `tail`: the widest one of the list (0: this name's own), which says
 * what is left for the stem. Returns the columns written. */
int run_name_draw(struct grid *g, struct rect clip, int y, int x, int w, int tail, struct style s,
                  const char *name, const char *tags);
/* The columns that it writes. */
int run_name_columns(int w, int tail, const char *name, const char *tags);
/* Tags without what the name says already, the scale last. */
char *run_tags(const struct query_run *r, char *out, size_t size);
#endif
