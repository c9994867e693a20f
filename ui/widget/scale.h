/* Axes of a chart: ticks, their labels, and the y range. Pure functions on numbers. */
#ifndef ES_UI_SCALE_H
#define ES_UI_SCALE_H
#include <stddef.h>

#define TICKS_MAX 24
enum scale_unit {
    SCALE_PLAIN,  /* 0.50, 12.5k */
    SCALE_SHARE,  /* .50, 1.00: probabilities */
    SCALE_COUNT,  /* 250k, 1.5M: one unit for all labels, never a fraction of one */
    SCALE_FLOPS,  /* 1.5e15, as FLOPs are written everywhere */
    SCALE_TIME    /* seconds: 0:30, 1:20:00, 20h, 3d */
};
struct ticks {
    int n, decimals;
    double at[TICKS_MAX];
    char label[TICKS_MAX][16]; /* at most 6 columns unless SCALE_TIME */
};
/* Multiples of {1, 2, 2.5, 5} x 10^k inside [lo, hi], the finest with at most `max` of them; all
 * labels have the same decimals. No ticks when lo >= hi or either is not finite. */
void ticks_linear(struct ticks *t, double lo, double hi, int max, enum scale_unit unit);
/* Decades inside [lo, hi] (both > 0), with 2 and 5 under two decades; every second or third
 * decade when there are more than `max`. Narrower than one step: as ticks_linear. */
void ticks_log(struct ticks *t, double lo, double hi, int max, enum scale_unit unit);
/* Seconds: multiples of 1 2 5 10 15 30 s and min, 1 2 3 6 12 h, 1 2 7 14 28 d. */
void ticks_time(struct ticks *t, double lo, double hi, int max);
/* A value as read at the cursor or the edge of a chart (ui/widget/format.h). */
char *scale_value(double v, enum scale_unit unit, char *out, size_t size);
/* The y range of a chart: widens at once, narrows only after the wanted range has stayed under
 * 60 % of it for 5 seconds, so that live data do not make the axis jump. Zeroed to start. */
struct scale_range {
    double lo, hi;
    double narrow_since; /* 0: not waiting */
    int set;
};
/* Returns 1 when lo or hi changed. now: monotonic seconds, > 0. */
int scale_range_update(struct scale_range *r, double lo, double hi, double now);
/* The p-th percentile (0..100, nearest rank) of v[0..n); reorders v. NaN when n = 0. */
double scale_percentile(double *v, size_t n, double p);
/* The next upper end from {1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8} x 10^k, >= v: x axes of live
 * runs grow by it and not at every step. 0 gives 1. */
double scale_ceiling(double v);
#endif
