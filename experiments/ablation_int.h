/* Shared by the files of the ablation history. */
#ifndef ES_EXPERIMENTS_ABLATION_INT_H
#define ES_EXPERIMENTS_ABLATION_INT_H
#include "experiments/ablation.h"

/* A run that is used, and its row. */
struct used {
    const struct query_run *run;
    int row;
    int64_t seed;   /* what pairs match on: the seed, and what else differs inside the rows */
};
struct work {
    struct ablation *t;
    struct query *q;
    const struct ablation_args *a;
    struct used *used;
    int n;
    const struct config_field *differ[ABLATION_FIELDS * 4]; /* fields that tell runs apart */
    int ndiffer;
};

/* ablation_group.c: which fields differ, the fields grouped by, rows of runs by seed. */
int ablation_group(struct work *w, struct err *err);
/* A field's value as a level: "1/4" for a generator size of 0.25. Returns out. */
char *ablation_level(const struct config *c, const struct config_field *f, char *out, int size);
/* Index of the row that `text` names, by number or by field=value; a negative code if none. */
int ablation_find_row(const struct ablation *t, const char *text, struct err *err);

/* ablation_values.c: metrics, the place to read them at, values, tests. */
int ablation_values(struct work *w, struct err *err);

/* ablation_effects.c: main effects, missing cells, the paper's numbers. */
int ablation_effects(struct ablation *t, struct err *err);
#endif
