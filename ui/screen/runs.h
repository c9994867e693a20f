/* The Runs screen's parts: the list (runs_table.c), the filter, detail and events
 * (runs_detail.c), the first minute (runs_first.c). */
#ifndef ES_UI_RUNS_H
#define ES_UI_RUNS_H
#include "db/query.h"
#include "experiments/estimate.h"
#include "ui/app/app.h"
#include "ui/screen/runs_filter.h"
#include "ui/widget/table.h"

enum run_column {
    COL_NAME, COL_OBJECTIVE, COL_TIE, COL_GEN, COL_SEED, COL_STEP, COL_TOKENS, COL_LOSS,
    COL_GEN_LOSS, COL_DISC_LOSS, COL_AUC, COL_TREND, COL_RATE, COL_STATE, COL_TAGS, COL_COUNT
};
extern const struct column run_columns[COL_COUNT];

#define THREADS_SHOWN 16
/* Of a run at the last two ticks: what changed is bold for one. */
struct seen { double loss, auc, loss_before, auc_before; };
struct runs {
    struct app *app;
    const struct query_run *all;
    int nall, n, archived;       /* runs in the store, rows shown */
    int64_t *ids;                /* [n] rows in order, by run */
    const struct query_run **rows;
    int rows_cap;
    int64_t *known;              /* ids of the last read, to see new runs */
    int nknown;
    struct seen *seen;           /* [nknown], as `all` */
    int64_t cursor;              /* run under the cursor */
    int top, scroll, sort, descending, page;
    char filter_text[256], find[64], error[160];
    struct filter filter;
    int focus, maximised, detail; /* focus: 0 list, 1 events; detail: its page is open */
    int event_top, page_top;
    struct arena arena;          /* events */
    struct query_event *events;
    int nevents;
    struct query_threads threads, before;
    int64_t threads_of;
    struct rect list;            /* where the rows were drawn, for the mouse */
    int choice;                  /* of the first-minute page */
    struct first { struct machine machine; int known, has_text; char costs[96]; } first;
};

/* Values; NAN when there is none. Loss is the newest in training (the held-out one where there is
 * no other), AUC is held-out: on the common fakes where they were scored. */
double run_last(const struct query_run *r, int metric);
double run_val(const struct query_run *r, int metric);
double run_loss(const struct query_run *r);
double run_auc(const struct query_run *r);
double run_eta(const struct query_run *r);   /* seconds; NAN unknown */
/* The generator's size as people say it: "1/4". */
char *run_generator(const struct query_run *r, char *out, size_t size);
/* A column's text, and how it looks. */
void run_cell(const struct runs *s, const struct query_run *r, int col, char *out, size_t size,
              struct style *style);
/* Ancestors of a run among the rows shown, at most 4: how far its name is indented. */
int run_depth(const struct runs *s, const struct query_run *r);
/* Where a run stands in words: ETA, reason, age. */
void run_standing(const struct runs *s, const struct query_run *r, char *out, size_t size);
int run_compare(const struct query_run *a, const struct query_run *b, int col);

/* Filters and sorts again, keeping the cursor on its run. */
void runs_arrange(struct runs *s);
int runs_cursor_row(const struct runs *s);
const struct query_run *runs_current(const struct runs *s);
void runs_draw_list(struct runs *s, struct grid *g, struct rect area);
void runs_draw_detail(struct runs *s, struct grid *g, struct rect area);
void runs_draw_page(struct runs *s, struct grid *g, struct rect area);
void runs_draw_events(struct runs *s, struct grid *g, struct rect area);
void runs_draw_threads(struct runs *s, struct grid *g, struct rect area);
void runs_draw_first(struct runs *s, struct grid *g, struct rect area);
int runs_first_act(struct runs *s, int action);
void runs_read_side(struct runs *s);

/* Actions on the marked runs, or on the one under the cursor (runs_act.c). */
int runs_act(struct runs *s, int action);
int runs_can(struct runs *s, int action);
#endif
