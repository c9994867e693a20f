/* Small pictures of numbers: bars, progress, sparklines, the leaves. One row each. */
#ifndef ES_UI_BAR_H
#define ES_UI_BAR_H
#include "ui/term/grid.h"

/* A quantity 0..1 in eighths of a cell on a dim track; ASCII [###---]. */
void bar_draw(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
              double share);
/* Progress 0..1 as a line. */
void progress_draw(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
                   double share);
/* n values, newest at the right, over their own minimum and maximum; NaN is a gap unless
 * bad[i], then '!'. bad may be NULL. */
void spark_draw(struct grid *g, struct rect clip, int y, int x, int width, struct style s,
                const double *v, const unsigned char *bad, int n);
/* The electroscope's gold leaves, three cells: shut below .05, then two leaves that
 * go apart in five steps (closer, bold, wider, bold, green). */
void leaves_draw(struct grid *g, struct rect clip, int y, int x, double angle);
#endif
