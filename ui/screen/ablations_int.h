/* Shared by the files of the Ablations screen. */
#ifndef ES_UI_ABLATIONS_INT_H
#define ES_UI_ABLATIONS_INT_H
#include "experiments/ablation.h"
#include "ui/app/app.h"
#include "ui/screen/filter_field.h"
#include "ui/widget/table.h"

#define ABLATIONS_SWEEP 64

enum ablations_statistic { SHOW_MEAN, SHOW_MEDIAN, SHOW_EACH, SHOW_COUNT };
/* What a column of the table is of. */
enum ablations_kind { AB_FIELD, AB_N, AB_STEP, AB_RANKED, AB_DIFF, AB_P, AB_VERDICT, AB_METRIC };
struct ablations_column {
    enum ablations_kind kind;
    int index;               /* of the field or metric */
    int decimals, share;     /* share: no zero before the point */
    char title[40];
};
struct ablations {
    struct app *app;
    struct ablation t;
    int loaded;              /* t holds a table */
    uint64_t key;            /* of the runs that t was made of */
    char error[512];         /* why there is no table */
    char complaint[480];     /* what is seen in most of its runs; "": nothing */
    int complains;           /* 1: it is more than usual this early */
    char along[300];         /* see ablations_along */
    char by[256], baseline[160], metric[96], shown[256];
    char sweep[ABLATIONS_SWEEP];      /* the runs of this sweep; "": all */
    char next[ABLATIONS_SWEEP + 8];   /* where Tab leads: "all runs", "sweep NAME" */
    int nsweeps;
    struct filter_field filter;
    int statistic, unfinished, sorted; /* sorted: best first, else in the order of the levels */
    int *order;              /* [t.nrows], in t's arena */
    char cursor[160];        /* label of the row under the cursor */
    int row;                 /* its place in `order` */
    int top, scroll, page, maximised, detail, seed; /* detail: the row's page; seed: its cursor */
    struct ablations_column cols[TABLE_COLUMNS];
    struct column layout[TABLE_COLUMNS];
    struct table_layout layout_shown; /* as drawn last */
    int ncols;
    struct rect list;        /* rows as drawn, for the mouse */
};

/* Makes the table anew when the runs changed or `force`. Returns 1 when it did. */
int ablations_load(struct ablations *s, int force);
/* The row under the cursor; NULL when there is none. */
const struct ablation_row *ablations_current(const struct ablations *s);
/* Opens Launch on the whole grid of the table (ablations_launch.c). */
void ablations_launch(struct ablations *s);
/* ablations_sweep.c: the sweep that was chosen, else the newest; the next one, then all runs. */
void ablations_choose_sweep(struct ablations *s);
void ablations_next_sweep(struct ablations *s, int by);
int ablations_in_sweep(const struct ablations *s, const struct query_run *r);
void ablations_draw(void *self, struct app *a, struct grid *g, struct rect area);
/* ablations_export.c: what is shown, for `e`; and every metric, from the palette. */
int ablations_export(void *self, struct app *a, struct csv_out *out, struct err *err);
int ablations_command(void *self, struct app *a, int i, struct choice *out);
void ablations_run_command(void *self, struct app *a, const char *name);
/* ablations_table.c */
#define ABLATIONS_NOISE "noise: less than another seed changes"
void ablations_columns(struct ablations *s);
void ablations_cell(const struct ablations *s, int row, const struct ablations_column *c, char *out,
                    size_t size, struct style *style);
/* A short heading for a field or metric. */
const char *ablations_title(const char *name);
/* "none, 1/4": the levels of a row. */
char *ablations_levels(const struct ablation *t, const int *value, char *out, size_t size);
/* A number of the ranked metric, or of another one; share: without a zero before the point. */
char *ablations_number(double v, int decimals, int share, char *out, size_t size);
/* The median where that is shown, else the mean. */
double ablations_centre(const struct ablations *s, const struct stats *x);
/* Decimals of a metric's values: two digits of their largest deviation. */
int ablations_decimals(const struct ablation *t, int m);
/* ablations_page.c: the page of a row; the plot of all rows' seeds (ablations_draw.c). */
void ablations_draw_page(struct ablations *s, struct grid *g, struct rect area);
/* The seeds of the row under the cursor and its metrics, below the table. */
void ablations_draw_below(struct ablations *s, struct grid *g, struct rect area);
/* "! differ with the rows, too: learning_rate": a difference may be theirs. "": nothing does. */
void ablations_along(const struct ablations *s, char *out, size_t size);
void ablations_draw_spread(struct ablations *s, struct grid *g, struct rect area);
/* "best by AUC common: none, .590 ± .043 on 3 seeds": the answer that is looked for first. */
void ablations_best(const struct ablations *s, char *out, size_t size);
/* One sentence about the row: difference, interval, test, verdict. */
void ablations_sentence(const struct ablations *s, int row, char *out, size_t size);
#endif
