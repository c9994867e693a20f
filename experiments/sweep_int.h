/* Between reading an experiment file (sweep_file.c, sweep_axes.c) and making runs of it (sweep.c). */
#ifndef ES_EXPERIMENTS_SWEEP_INT_H
#define ES_EXPERIMENTS_SWEEP_INT_H
#include "experiments/sweep.h"

struct sweep_entry {
    char *section, *key, *value;
};
struct sweep_file {
    const char *path;
    struct sweep_entry *entry;
    int n, cap, failed;
};
int sweep_file_read(struct sweep_file *f, const char *path, struct err *err);
void sweep_file_free(struct sweep_file *f);
/* NULL if absent. */
const char *sweep_file_get(const struct sweep_file *f, const char *section, const char *key);
/* "%s [%s] %s: why" with everything made visible. Returns code. */
int sweep_file_error(const struct sweep_file *f, const char *section, const char *key, int code,
                     const char *why, struct err *err);

/* A value cut into its parts: at '|' if there is one, else at ','. */
struct sweep_list {
    char **item;
    int n;
    char *text;
};
int sweep_list_parse(struct sweep_list *l, const char *value);
void sweep_list_free(struct sweep_list *l);

#define SWEEP_AXES_MAX 12
#define SWEEP_ROWS_MAX 64
#define SWEEP_SEEDS_MAX 1000

enum sweep_mode { MODE_GRID, MODE_LIST, MODE_RANDOM };

struct sweep_axis {
    const char *field;
    struct sweep_list values;
    int range, log; /* mode random: LOW .. HIGH */
    double low, high;
};

/* An experiment file on its way to runs. */
struct sweep_making {
    const struct workspace *w;
    const struct sweep_options *o;
    struct sweep_file f;
    struct sweep *s;
    char scale[32]; /* "scale.laptop" */
    int mode, draws;
    long draw_seed;
    struct sweep_axis axis[SWEEP_AXES_MAX];
    int naxes;
    const struct sweep_entry *row[SWEEP_ROWS_MAX];
    int nrows;
    long seed[SWEEP_SEEDS_MAX];
    int nseeds;
};

/* Fills mode, axes and rows from [sweep], and from the scale's own; then the seeds. */
int sweep_read_axes(struct sweep_making *m, struct err *err);
int sweep_read_seeds(struct sweep_making *m, struct err *err);
/* steps, tokens, flops ... or share: what an axis may be besides a field of a run. */
int sweep_is_budget(const char *field);
#endif
