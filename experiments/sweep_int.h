/* Between reading an experiment file (sweep_file.c) and making runs of it (sweep.c). */
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
#endif
