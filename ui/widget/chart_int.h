/* Shared by the files of the chart widget. */
#ifndef ES_UI_CHART_INT_H
#define ES_UI_CHART_INT_H
#include "ui/widget/chart.h"
#include "ui/widget/raster.h"

struct canvas {
    struct grid *g;
    struct rect clip, plot;
    const struct chart *c;
    struct chart_drawn *out;
    double lo, hi;               /* in axis units: log10 when log_y */
    struct raster line;          /* the series being drawn */
    int16_t *owner;              /* [h*w] series in the cell, -1: free */
    uint8_t *dots, *dim, *band;  /* [h*w] */
    struct chart_column *cols;   /* [2w] */
    uint8_t *rail;               /* [w] 1 + chart_mark_kind */
    int edge_x[2], edge_w[2];    /* what says how far values go above (0) and below (1); w 0: nothing does */
};
/* Value to axis units; NAN where it has no place (log of <= 0). */
double chart_axis(const struct chart *c, double v);
/* Dot row of a value; may lie outside 0..4h-1 by one (clipped strokes reach the edge). */
int chart_dot_row(const struct canvas *v, double value);
/* Fills v->lo, v->hi, out->y_lo, out->y_hi. */
void chart_fit(struct canvas *v);
void chart_axes(struct canvas *v);
void chart_rail(struct canvas *v);
void chart_labels(struct canvas *v);
void chart_edges(struct canvas *v);
#endif
