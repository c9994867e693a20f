/* Shared by the files of the Scores screen. */
#ifndef ES_UI_SCORES_INT_H
#define ES_UI_SCORES_INT_H
#include "experiments/score_table.h"
#include "ui/app/app.h"
#include "ui/screen/filter_field.h"
#include "ui/widget/table.h"

enum { SHOW_MEDIAN, SHOW_MEAN, SHOW_SEEDS, SHOW_COUNT };
struct scores {
    struct app *app;
    struct score_table t;
    int loaded, row, task, top, maximised, statistic;
    int64_t version;
    struct filter_field filter;  /* of starts, by their runs */
    int starts;                  /* before it */
    char error[512];
    struct column cols[SCORE_TASKS + 3];
    char titles[SCORE_TASKS][80];
    struct rect list;
    struct table_layout shown;   /* columns as drawn last */
    struct arena side;           /* of the fine-tunings */
    struct query_tuning *jobs;
    int njobs;
    int errors, seed;            /* errors: they are shown, of the cell's seed number `seed` */
    struct arena wrong_arena;
    struct query_mistake *wrong;
    int nwrong, wrong_row, wrong_top, replaced; /* replaced: by those of a later fine-tuning */
    struct { int row, task, seed; int64_t version; } wrong_of; /* what they were read of; row -1: nothing */
};
/* Fine-tunings at work, and those that ended without a score (scores_side.c). */
void scores_load_side(struct scores *s, struct query *q);
void scores_draw_jobs(struct scores *s, struct grid *g, struct rect area);
/* What the networks tuned with the cell's settings got wrong. */
void scores_load_errors(struct scores *s);
void scores_draw_errors(struct scores *s, struct grid *g, struct rect area);
/* The surest of them, below the table; the seeds of all starts on one scale, beside the cell's. */
void scores_draw_surest(struct scores *s, struct grid *g, struct rect area);
void scores_draw_spread(const struct scores *s, struct grid *g, struct rect area);
/* scores_export.c: what is shown, for `e`; every statistic, from the palette. */
int scores_export(void *self, struct app *a, struct csv_out *out, struct err *err);
int scores_command(void *self, struct app *a, int i, struct choice *out);
void scores_run_command(void *self, struct app *a, const char *name);
int scores_export_errors(const struct scores *s, struct csv_out *out);
#endif
