/* Shared by the files of the Curves screen. */
#ifndef ES_UI_CURVES_INT_H
#define ES_UI_CURVES_INT_H
#include <stdint.h>
#include <stdio.h>

#include "src/base/arena.h"
#include "ui/app/app.h"
#include "ui/screen/screen.h"
#include "ui/widget/chart.h"

struct csv_out;
struct err;

#define CURVES_RUNS 51     /* marked ones and the selected one */
#define CURVES_LINES 4     /* lines of one run in one chart */
#define CURVES_CHARTS 16

/* One chart: what stands together. suffix follows the run's letter at the line's end. */
struct curve_line_def {
    int metric;             /* metric id, held-out ones + METRIC_VAL */
    char suffix;            /* 0: none */
    uint8_t style;          /* enum chart_style */
    const char *name;       /* in the legend: "train", "held-out" */
};
struct curve_def {
    const char *title;
    struct curve_line_def lines[CURVES_LINES];
    int nlines;
    double y_lo, y_hi;      /* NAN: from the data */
    enum scale_unit unit;
};
extern const struct curve_def curve_defs[CURVES_CHARTS];
extern const int curve_ndefs;

enum { LOG_Y = 1, LOG_X = 2, LOG_STATES = 4 };
enum curve_axis { AXIS_STEP, AXIS_TIME, AXIS_TOKENS, AXIS_FLOPS, AXIS_COUNT };
const char *curve_axis_name(int axis);

struct curve_point { int64_t first, last; double last_value; }; /* steps of a sample; its newest value */
struct curve_line {
    const struct curve_line_def *def;
    int run;                     /* index into curves.runs */
    struct chart_sample *samples;
    struct curve_point *steps;
    double *smooth, *lo, *hi;    /* NULL: none */
    int n, seeds;                /* seeds > 1: the mean of so many runs */
};
/* The loaded data of one visible chart. */
struct curve_chart {
    int def;
    struct arena arena;
    uint64_t key;                /* of what was loaded */
    struct curve_line *lines;
    int nlines;
    struct scale_range range;
    uint64_t range_key;          /* the range starts afresh when this changes */
    struct chart_mark *marks;
    int nmarks;
    struct chart chart;          /* as drawn last */
    struct chart_drawn drawn;
    struct chart_series *series; /* as drawn last; [nlines] */
    struct rect area;            /* with title; h 0: not on the screen */
};
struct curve_run {
    int64_t id;
    char letter;
    char name[256], tags[256];
    int state;
    uint8_t role;
    int ghost;                   /* the run that all others are held against: a dim dashed line */
    uint64_t group;              /* config without seed */
    long seed, apart[2];         /* apart: steps between two points, trained and held-out */
    double end[AXIS_COUNT];      /* last x; 0: nothing yet */
};
struct curves {
    struct curve_run runs[CURVES_RUNS];
    int nruns, focus_run;        /* focus_run: index of the selected run, -1 */
    int tail;                    /* columns of what differs in the names of a sweep, the widest */
    uint8_t has[2 * METRIC_COUNT]; /* metric (then held-out) of any run shown */
    int charts[CURVES_CHARTS], ncharts; /* defs with data */
    int focus;                   /* index into charts */
    struct curve_chart slots[CURVES_CHARTS]; /* by def */
    int axis, smooth, log, band, follow, maximised;
    int64_t ghost;               /* run; 0 none */
    int ghost_alone;             /* it is neither marked nor selected: the last of runs */
    int zoomed;
    double x0, x1;               /* the window when zoomed */
    int drag, drag_chart;        /* button held since it was pressed in this chart; 0 none */
    double drag_x0, drag_x1;     /* where it was pressed, where it is */
    struct app *app;
    double cursor;               /* x; NAN: none */
    int64_t version;             /* of the store; frozen: the last one looked at */
    uint64_t serial;             /* counts reloads of the list of runs */
    int live;                    /* a run shown is at work */
};

#define CURVES_SMOOTHS 8
extern const double curves_smooths[CURVES_SMOOTHS];

/* Runs, metrics, charts that have data. Returns 1 when something changed. */
int curves_reload(struct curves *s, struct app *a);
/* The window [x0, x1] on the x axis; x0 > 0 where that is logarithmic. */
void curves_window(const struct curves *s, double *x0, double *x1);
/* x as it is laid out (its logarithm on a log axis), and back. */
double curves_out(const struct curves *s, double x);
double curves_back(const struct curves *s, double u);
/* Zoom to [x0, x1], by a factor about x (NAN: the end of a live run, else the middle), pan. */
void curves_zoom_to(struct curves *s, double x0, double x1);
void curves_zoom(struct curves *s, double factor, double at);
void curves_pan(struct curves *s, double by);
void curves_select_chart(struct curves *s, struct app *a, int by);
void curves_mouse(void *self, struct app *a, const struct mouse *m); /* curves_move.c */
void curves_move_cursor(struct curves *s, int cells);
/* Loads a chart's lines for a plot of `cols` dot columns, if what is there is not that already. */
void curves_load(struct curves *s, struct app *a, struct curve_chart *c, int cols);
/* A bucket of the store at x: a chart's n counts finite points only. */
struct chart_sample chart_bucket(double x, const struct query_bucket *b);
/* x of a step by a line's samples, NAN when the step is outside. */
double curves_x_of_step(const struct curves *s, const struct curve_line *l, int64_t step);
/* 1: the sample lies in the window; those beside it are there for the line. */
int curves_inside(const struct curves *s, const struct chart_sample *p);
/* The sample nearest to x, -1: none. */
int curves_nearest(const struct curve_line *l, double x);
const struct curve_chart *curves_focused(const struct curves *s);
void curves_draw(void *self, struct app *a, struct grid *g, struct rect area);
/* "A", "Av" */
void curves_label(const struct curves *s, const struct curve_line *l, char out[4]);
/* Of its run; of a mean without the seed. */
char *curves_line_name(const struct curves *s, const struct curve_line *l, char *out, size_t size);
/* "1 cell = 1.6k steps"; "ema .60", "ema .995" */
void curves_cell_text(const struct curves *s, const struct chart_drawn *d, char *out, size_t size);
void curves_ema_text(const struct curves *s, char *out, size_t size);
/* curves_legend.c */
void curves_legend(struct curves *s, struct app *a, struct grid *g, struct rect r);
void curves_strip(struct curves *s, struct grid *g, struct rect r);
/* "251,000" steps, "8h54", "4.1G": an x value of the axis. */
char *curves_x_text(int axis, double x, char *out, size_t size);
int curves_export(void *self, struct app *a, struct csv_out *out, struct err *err);
/* The charts on the screen as a picture, below each other (curves_svg.c). Returns lines drawn. */
int curves_svg(void *self, struct app *a, FILE *f, struct err *err);
#endif
