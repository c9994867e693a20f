/* The Runs screen's parts: the list (runs_table.c), its groups (runs_group.c), saved views and
 * columns (runs_views.c), the filter, detail (runs_detail.c), events and threads (runs_side.c), the
 * first minute (runs_first.c). */
#ifndef ES_UI_RUNS_H
#define ES_UI_RUNS_H
#include "db/query.h"
#include "experiments/estimate.h"
#include "ui/app/app.h"
#include "ui/screen/run_orders.h"
#include "ui/screen/runs_filter.h"
#include "ui/widget/table.h"

enum run_column {
    COL_NAME, COL_OBJECTIVE, COL_TIE, COL_GEN, COL_SEED, COL_STEP, COL_TOKENS, COL_LOSS,
    COL_GEN_LOSS, COL_DISC_LOSS, COL_AUC, COL_TREND, COL_RATE, COL_STATE, COL_TAGS, COL_COUNT
};
extern const struct column run_columns[COL_COUNT];
#define RUN_EXTRA 8          /* columns of one's own choice: any field */
#define RUN_COLUMNS (COL_COUNT + RUN_EXTRA)
#define RUN_GROUP_FIELDS 4
/* Runs that agree in the fields grouped by. */
struct run_group {
    char label[128];
    int first, n, closed;    /* of the runs that match */
    double mean[COL_COUNT];  /* over those that have a number, NAN none */
};

enum { FOCUS_LIST, FOCUS_EVENTS, FOCUS_THREADS, FOCUS_COUNT };
/* Of a run at the last two ticks: what changed is bold for one. */
struct seen { double loss, auc, loss_before, auc_before; int state; };
struct runs {
    struct app *app;
    const struct query_run *all;
    int nall, n;                 /* runs in the store, lines shown */
    int64_t *ids;                /* [n] lines in order, by run; a group's heading: -1 - its index */
    const struct query_run **rows; /* [n] NULL for a heading */
    const struct query_run **matched; /* [nmatched] what the filter lets through, in order */
    int *place;                  /* [nmatched] their index in `all` */
    int nmatched, rows_cap;
    struct run_group *groups;    /* [ngroups] */
    int ngroups;
    char group_text[128], closed[512]; /* fields; labels of closed groups, '\x1f' between */
    int group_field[RUN_GROUP_FIELDS], ngroup_fields;
    char columns_text[256];      /* "": those that fit */
    uint8_t chosen[COL_COUNT];
    int extra[RUN_EXTRA], nextra; /* fields */
    int64_t *known;              /* ids of the last read, to see new runs */
    int nknown;
    struct seen *seen;           /* [nknown], as `all` */
    int64_t cursor;              /* line under the cursor, as in ids */
    int64_t selected;            /* app_selected at the last look */
    int preview, preview_width;  /* most rows that a preview needed at that width */
    int standing, standing_width; /* most columns that the words of a state needed at that width */
    int top, scroll, sort, descending, page;
    int tail;                    /* columns of what differs in the names of a sweep, the widest */
    char filter_text[256], filter_before[256], find[64], error[160];
    struct filter filter;
    int focus, maximised, detail; /* detail: the run's page is open */
    int wide;                    /* as drawn last: all panes stand at once */
    int event_top, page_top;
    struct run_orders orders;
    struct arena arena;          /* events */
    struct query_event *events;
    int nevents, events_shown;   /* events_shown: the newest were in the last picture */
    struct query_event *own;     /* [nown] of the run under the cursor */
    int nown;
    struct query_threads threads, before;
    int64_t threads_of;
    struct rect list, event_area; /* where the rows, and the events, were drawn, for the mouse */
    struct table_layout shown;   /* columns as drawn last */
    int choice;                  /* of the first-minute page */
    struct first { struct machine machine; int known, has_text, guess; double measured; char costs[96], time[32], source[200]; } first;
};

/* Values; NAN when there is none. Loss is the newest in training (the held-out one where there is
 * no other), AUC is held-out: on the common fakes where they were scored. */
double run_last(const struct query_run *r, int metric);
double run_val(const struct query_run *r, int metric);
double run_loss(const struct query_run *r);
double run_auc(const struct query_run *r);
/* 1: that is on the fakes of its own generator, and compares with no other run's. */
int run_auc_is_own(const struct query_run *r);
double run_eta(const struct query_run *r);   /* seconds; NAN unknown */
/* The generator's size as people say it: "1/4". */
char *run_generator(const struct query_run *r, char *out, size_t size);
/* A column's text, and how it looks. */
void run_cell(const struct runs *s, const struct query_run *r, int col, char *out, size_t size,
              struct style *style);
/* The number that a column shows, NAN when it is none. */
double run_number(const struct query_run *r, int col);
/* As the column writes it. */
char *run_format(int col, char *out, size_t size, double v);
/* 1: a column of numbers has one for this run, be it nan. */
int run_has_number(const struct query_run *r, int col);
/* The configuration that the run's preset stands for. Returns its name. */
const char *run_preset(const struct query_run *r, struct config *plain);
/* Ancestors of a run among the rows shown, at most 4: how far its name is indented. */
int run_depth(const struct runs *s, const struct query_run *r);
/* Where a run stands in words: ETA, reason, age. */
void run_standing(const struct runs *s, const struct query_run *r, char *out, size_t size);
int run_compare(const struct query_run *a, const struct query_run *b, int col);

/* Filters and sorts again, keeping the cursor on its run. */
void runs_arrange(struct runs *s);
/* Puts the cursor on a run, opening its group. 0: it is not among those that match. */
int runs_show(struct runs *s, int64_t run);
/* Grouping (runs_group.c): fields by name; "" none. Returns 0, or E_USAGE with s->error set. */
int runs_group_by(struct runs *s, const char *text);
/* Cuts the matched runs into groups, in order; then lays out the lines. */
void runs_group(struct runs *s);
void runs_group_means(struct runs *s);
const struct run_group *runs_current_group(const struct runs *s); /* NULL: the cursor is on a run */
void runs_toggle_group(struct runs *s);
void runs_mark_group(struct runs *s);
void runs_draw_group(struct runs *s, struct grid *g, struct rect area);
/* Columns and saved views (runs_views.c). */
int runs_choose_columns(struct runs *s, const char *text);
void runs_ask_columns(struct runs *s);
void runs_ask_group(struct runs *s);
void runs_ask_sort(struct runs *s);
void runs_ask_view(struct runs *s);
/* runs_export.c: what is shown, for `e`; every field, and the views, from the palette. */
int runs_export(void *self, struct app *a, struct csv_out *out, struct err *err);
int runs_command(void *self, struct app *a, int i, struct choice *out);
void runs_run_command(void *self, struct app *a, const char *name);
int runs_view_command(void *self, struct app *a, int i, struct choice *out);
void runs_run_view(void *self, struct app *a, const char *name);
/* Takes a filter, says what is wrong with it. 0 or E_USAGE. */
int runs_filter(struct runs *s, const char *text);
/* Heading of a column, own choices included; its index by the beginning of a name, -2 none, -1
 * "started". */
const char *runs_column_title(const struct runs *s, int col);
int runs_find_column(const struct runs *s, const char *name);
void runs_keep_sort(struct runs *s);
/* By a column; by the one sorted by already: the other way round. */
void runs_sort_by(struct runs *s, int col);
int runs_cursor_row(const struct runs *s);
const struct query_run *runs_current(const struct runs *s);
void runs_draw_list(struct runs *s, struct grid *g, struct rect area);
void runs_draw_title(struct runs *s, struct grid *g, struct rect area);
/* Rows that its preview needs where something is unusual, 0: as ever. */
int runs_detail_rows(const struct runs *s, int width);
/* The same for whichever of the `rows` lines in sight needs most, so that the list keeps its height. */
int runs_preview_rows(struct runs *s, int width, int rows);
void runs_draw_detail(struct runs *s, struct grid *g, struct rect area);
void runs_draw_page(struct runs *s, struct grid *g, struct rect area);
void runs_draw_events(struct runs *s, struct grid *g, struct rect area);
/* Returns the rows used: one, or up to those of `row` with its text wrapped. `own`: the run is known,
 * its name is left out. */
int runs_draw_event(const struct runs *s, struct grid *g, struct rect row, const struct query_event *e,
                    int own);
void runs_draw_threads(struct runs *s, struct grid *g, struct rect area);
void runs_draw_first(struct runs *s, struct grid *g, struct rect area);
int runs_first_act(struct runs *s, int action);
/* What Enter does there. */
const char *runs_first_word(const struct runs *s);
void runs_read_side(struct runs *s);
/* The newest of a run (0: of all), newest first, at most `most`, into the arena. Returns their number. */
int runs_read_events(struct runs *s, int64_t run, int most, struct query_event **out);

/* Actions on the marked runs, or on the one under the cursor (runs_act.c). */
int runs_act(struct runs *s, int action);
int runs_can(struct runs *s, int action);
/* 1: the line has what was looked for. */
int runs_found(const struct runs *s, int row);
/* The footer's word where it is not the table's. */
const char *runs_word(struct runs *s, int action);
#endif
