/* The metric table. A metric's id is its row; held-out twins are METRIC_VAL + row. */
#ifndef ES_CONFIG_METRIC_H
#define ES_CONFIG_METRIC_H

enum metric_id {
#define M(name, better, decimals, unit, help) METRIC_##name,
#include "src/config/metric.def"
#undef M
    METRIC_COUNT,
    METRIC_VAL = 1000
};

struct metric_info {
    const char *name, *unit, *help;
    int better, decimals;
};

extern const struct metric_info metric_table[METRIC_COUNT];

/* "val_disc_loss" for METRIC_VAL + METRIC_disc_loss. Static text; NULL if out of range. */
const char *metric_name(int id);
/* -1 if unknown. */
int metric_find(const char *name);
const struct metric_info *metric_get(int id);
/* 1: of 0 to 1, or near it: written without a zero before the point. `id` may be of a held-out one. */
int metric_is_share(int id);
#endif
