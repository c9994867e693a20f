/* Shared by the files of the Compare screen. */
#ifndef ES_UI_COMPARE_INT_H
#define ES_UI_COMPARE_INT_H
#include "experiments/compare.h"
#include "experiments/pieces.h"
#include "ui/app/app.h"
#include "ui/widget/chart.h"

enum { PANE_CONFIG, PANE_RESULTS, PANE_CURVE, PANE_SENTENCE, PANE_COUNT };
/* A line of the chart: a run's metric, or its difference to the first run's. */
struct compare_curve {
    struct chart_sample *samples;
    int n;
};
struct comparison {
    struct app *app;
    struct compare c;
    int loaded, live;
    int64_t ids[COMPARE_RUNS];
    int n;                      /* runs asked for: marked ones, and the selected one */
    uint64_t key;
    char error[512];
    int at, all;                /* enum compare_at; all: equal fields too */
    int focus, maximised, top[PANE_COUNT];
    /* curve */
    int metric;                 /* index into c.metrics */
    int64_t end;                /* last step of any run */
    struct compare_curve curve[COMPARE_RUNS], less[COMPARE_RUNS];
    /* sentence */
    struct pieces *pieces;
    int64_t pieces_of;
    struct token_seq **seqs[COMPARE_RUNS];
    int nseqs[COMPARE_RUNS], source, sentence, token;
    int64_t step_of[COMPARE_RUNS];
};
/* Reads what is marked. Returns 1 when something changed. */
int compare_load(struct comparison *s, int force);
/* The chart's lines for a plot of so many dot columns; into c.arena. */
void compare_load_curve(struct comparison *s);
/* The same sentence in run i as the first run's current one; NULL when it has none. */
const struct token_seq *compare_sequence(const struct comparison *s, int i);
/* A vocabulary's piece; one that goes on a word begins with a dot, as on Tokens. */
const char *compare_piece(const struct comparison *s, int32_t id);
int compare_export(void *self, struct app *a, struct csv_out *out, struct err *err);
void compare_draw(void *self, struct app *a, struct grid *g, struct rect area);
#endif
