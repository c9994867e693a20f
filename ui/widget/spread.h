/* A strip plot: a row a group, its values as dots on a line from the least to the greatest, their centre,
 * and the centre of one group that all are compared with. */
#ifndef ES_UI_SPREAD_H
#define ES_UI_SPREAD_H
#include "ui/term/grid.h"

struct spread_row {
    const char *label;
    const double *values; /* those that are not finite are left out */
    int n, on;            /* on: the row under the cursor */
    double centre;        /* NAN: nothing is drawn */
};
/* Rows from the top of area on, apart where there is room, the axis after them. base: the centre to compare
 * with; NAN: none. lo..hi: the least and the greatest value there is, also of rows that are not shown. */
void spread_plot(struct grid *g, struct rect area, const struct spread_row *rows, int n, double lo, double hi,
                 double base, int share);
#endif
