/* Shared by the files of the Launch screen: the draft (launch_draft.c,
 * launch_command.c), what it stands for (launch_cost.c), its looks (launch_draw.c), its keys (launch.c). */
#ifndef ES_UI_LAUNCH_H
#define ES_UI_LAUNCH_H
#include "experiments/estimate.h"
#include "src/base/err.h"
#include "src/base/str.h"
#include "ui/app/app.h"

/* The rows of config.def. */
enum launch_field {
#define F(type, name, ...) LAUNCH_##name,
#include "src/config/config.def"
#undef F
    LAUNCH_FIELDS
};
#define LAUNCH_MORE (-1)   /* the row that opens the other fields */
#define LAUNCH_VALUES 64   /* of one field */
#define LAUNCH_RUNS 1000   /* of one draft */

/* What was chosen; the rest is the preset's. Several values make an axis: at '|', or at ',' where
 * the field is not a text. */
struct draft {
    char value[LAUNCH_FIELDS][CONFIG_TEXT];
    uint8_t set[LAUNCH_FIELDS];
    /* An experiment file in the place of all that (launch_sweep.c); "": none. */
    char file[1024], scale[16], options[256];
};
struct draft_values {
    char text[LAUNCH_VALUES * 12 + CONFIG_TEXT];
    char *item[LAUNCH_VALUES];
    int n;
};
/* The fields with several values; seeds first, so that a table fills seed by seed. */
struct draft_axes {
    struct draft_values v[LAUNCH_FIELDS];
    int field[LAUNCH_FIELDS], n;
    long runs; /* all combinations */
};
/* Combinations that are no runs (tie=all at another generator size), and the first's reason. */
struct draft_left {
    int n;
    char why[256];
};
enum launch_button { BUTTON_START, BUTTON_MEASURE, BUTTON_SAVE, BUTTON_OPEN, BUTTON_COPY, BUTTONS };
struct launch_measure;
struct launch {
    struct app *app;
    struct draft draft, before;      /* before: for undo */
    int row[LAUNCH_FIELDS + 1], nrows, cursor, top, more;
    int focus, button;               /* focus: 0 form, 1 buttons */
    int editing;                     /* field, -1 */
    char file[1024];                 /* experiment file to open, once its scale is known */
    char typed[CONFIG_TEXT], typed_error[256], find[64];
    /* What the draft stands for. */
    struct sweep runs;
    struct draft_left left;
    struct estimate cost;
    int has_cost, bad;               /* bad: field of the error, -1 */
    struct err err;
    struct str command;
    struct config plain;             /* the preset alone */
    struct machine machine;
    struct measured_speed measured;
    struct packed_corpus *corpora;
    int ncorpora;
    uint64_t seen;                   /* of the store's runs and their states */
    struct launch_measure *measure;  /* at work, or NULL */
    struct rect form;                /* where the rows were drawn, for the mouse */
    struct rect button_at[BUTTONS];
};

/* Opens the Launch screen on a copy of the run's configuration. */
void launch_from_run(struct app *a, int64_t run);
/* ... on a sweep from it (0: from the usual values): "tie=none|all;seed=1|2" sets fields. */
void launch_from_cells(struct app *a, int64_t run, const char *fields);
/* ... on a form that starts from the weights in a directory. */
void launch_from_model(struct app *a, const char *dir);

/* launch_draft.c */
void draft_init(struct draft *d);
void draft_load(struct draft *d, struct app *a);
void draft_save(const struct draft *d, struct app *a);
/* The fewest fields that give this configuration again. */
void draft_from_config(struct draft *d, const struct config *c);
/* Default and preset, nothing else. */
void draft_plain(const struct draft *d, struct config *out);
/* The value as it stands in the form. */
const char *draft_get(const struct draft *d, const struct config *plain, int field, char *out,
                      size_t size);
/* Checks every value; "" gives the field back to the preset. Nothing is changed on error. */
int draft_put(struct draft *d, int field, const char *text, struct err *err);
/* 0, or E_USAGE: more values than LAUNCH_VALUES. */
int draft_split(int field, const char *text, struct draft_values *out, struct err *err);
/* E_USAGE: more than LAUNCH_RUNS. */
int draft_find_axes(const struct draft *d, struct draft_axes *x, int *bad, struct err *err);
/* Of the combination `index`: the value of an axis; "tie=none mask_prob=0.2", without the seed. */
const char *draft_axis_value(const struct draft_axes *x, int axis, long index);
void draft_label(const struct draft_axes *x, long index, char *out, size_t size);
/* All runs of the draft, resolved and named; combinations that cannot be are in *left (may be NULL)
 * where others can. *bad: field of the error, -1. A corpus that cannot be used is an error too, but
 * the runs are there. */
int draft_runs(const struct draft *d, const struct workspace *w, struct sweep *out,
               struct draft_left *left, int *bad, struct err *err);

/* launch_command.c */
/* The command that does the same. */
/* " --workspace DIR", quoted for a shell, where it is not the usual one. */
void launch_add_workspace(const struct workspace *w, struct str *out);
void draft_command(const struct draft *d, const struct workspace *w, const struct sweep *runs,
                   struct str *out);
/* The sections of an experiment file that makes the same runs. */
void draft_file(const struct draft *d, const struct sweep *runs, struct str *out);

/* launch_file.c */
/* The form of an experiment file; where its rows are no grid of fields the file stands in the form's
 * place. scale as sweep_load. */
int draft_open(struct draft *d, const struct workspace *w, const char *path, const char *scale,
               struct err *err);
/* Ask for a file, then write the form into it, or fill the form from it. */
void launch_save(struct launch *s);
void launch_open(struct launch *s);

/* launch_sweep.c */
/* The runs of d->file, as `electroscope sweep` makes them. sweep_free in every case. */
int draft_sweep(const struct draft *d, const struct workspace *w, struct sweep *out, struct err *err);
/* " --scale ci --steps=20" */
void draft_sweep_options(const struct draft *d, struct str *out);
void launch_options(struct launch *s);
void launch_close_file(struct launch *s);
int launch_export_plan(void *self, struct app *a, struct csv_out *out, struct err *err);
void launch_draw_sweep(struct launch *s, struct grid *g, struct rect area);

/* launch_cost.c */
void launch_recount(struct launch *s);
/* Hands the runs to the host, `again` though the store has them. */
void launch_submit(struct launch *s, int again);
/* Where the store has all of the sweep: runs of other sweeps become this one's too. */
void launch_share(struct launch *s);
void launch_measure_start(struct launch *s);
/* 1: it has ended, and what it found is in s->measured. */
int launch_measure_take(struct launch *s);
/* The speed that was measured here last, if it was. */
struct measured_speed launch_measured(struct app *a);
void launch_measure_drop(struct launch *s);

/* launch_orders.c; take: 1 when there was one. `before` comes back with `u`. */
int launch_take_orders(struct launch *s);
void launch_remember(struct launch *s, const struct draft *before, const char *what);

/* launch.c: after the draft was changed. */
void launch_changed(struct launch *s);

/* launch_draw.c */
void launch_draw(void *self, struct app *a, struct grid *g, struct rect area);
#endif
