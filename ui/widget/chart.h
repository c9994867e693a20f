/* A chart of lines in cells: braille dots (or ASCII), a fixed 7-column gutter with y labels, a
 * rail of marks and x labels below. The reduction keeps minimum and maximum of every dot column,
 * so a spike or a NaN is on the picture at every zoom. It knows no store: callers hand samples. */
#ifndef ES_UI_CHART_H
#define ES_UI_CHART_H
#include <stdint.h>

#include "ui/term/grid.h"
#include "ui/widget/scale.h"

#define CHART_GUTTER 7
#define CHART_SERIES_MAX 256

/* One point, or a bucket of n points: finite minimum, maximum, mean; x ascending. Those beside the
 * window are not drawn, but lines go towards them. */
struct chart_sample {
    double x, min, max, mean;
    unsigned n, nonfinite;
};
enum chart_style {
    CHART_LINE,
    CHART_POINTS,   /* few points (held-out values): blobs of 2 x 2 dots, dotted between */
    CHART_REFERENCE /* dim and dashed, its name at its end: a baseline, no letter */
};
struct chart_series {
    const struct chart_sample *samples;
    int n;
    const double *smooth;    /* [n]: drawn instead, the samples dim behind; NULL: none */
    const double *lo, *hi;   /* [n]: band behind the line; NULL: none */
    char label[4];           /* "A", "Av": at the line's end */
    const char *name;        /* for CHART_REFERENCE */
    uint8_t role;
    enum chart_style style;
};
enum chart_mark_kind { CHART_CHECKPOINT, CHART_PHASE, CHART_RESUME, CHART_DIP, CHART_SPIKE,
                       CHART_NAN };
struct chart_mark {
    double x;
    enum chart_mark_kind kind; /* spikes and NaN are found by the chart itself */
};
struct chart {
    double x0, x1;
    enum scale_unit x_unit, y_unit;
    int log_x, log_y;
    double y_lo, y_hi;          /* fixed range, or NAN: from the data */
    struct scale_range *range;  /* kept by the caller between draws; NULL: none */
    double now;
    const struct chart_series *series;
    int nseries, focus;         /* focus: drawn in front; -1: none */
    const struct chart_mark *marks;
    int nmarks;
    double cursor;              /* x, NAN: none */
    int repeat_letters;         /* mono and ASCII: the letter every 12 cells */
};
struct chart_drawn {
    struct rect plot;           /* where the dots are */
    double per_cell;            /* x units a cell */
    double y_lo, y_hi;
    int spikes, nans;           /* rail cells with values off the range, with NaN */
    int16_t covered[CHART_SERIES_MAX]; /* index of the series in front, -1: seen */
};

/* What one dot column shows of a series. */
struct chart_column {
    double min, max, mean; /* of the finite points, NAN when n = 0 */
    unsigned n, nonfinite;
};
/* Bins samples over [x0, x1] into ncols columns; smooth (may be NULL) gives the values instead
 * of the samples' own. Points outside the window are dropped. */
void chart_bin(const struct chart_sample *s, const double *smooth, int n, double x0, double x1,
               int log_x, int ncols, struct chart_column *out);
/* Draws into r (any size). out may be NULL. 0 or E_NOMEM. */
int chart_draw(struct grid *g, struct rect r, const struct chart *c, struct chart_drawn *out);
/* The x under a cell column of a drawn chart, and back (-1: outside). */
double chart_x_at(const struct chart *c, const struct chart_drawn *d, int col);
int chart_col_of(const struct chart *c, const struct chart_drawn *d, double x);
/* Debiased exponential mean over samples: each point decays the past by `decay`; a bucket of n
 * points decays it by decay^(n * share). state[2] (value, weight) carries over from samples
 * before the window; zeroed to start. */
void chart_smooth(const struct chart_sample *s, int n, double decay, double share,
                  double state[2], double *out);
#endif
