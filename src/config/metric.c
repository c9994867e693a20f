/* See metric.h. */
#include "src/config/metric.h"

#include <stddef.h>
#include <string.h>

const struct metric_info metric_table[METRIC_COUNT] = {
#define M(name_, better_, decimals_, unit_, help_)                                              \
    {.name = #name_, .unit = unit_, .help = help_, .better = better_, .decimals = decimals_},
#include "src/config/metric.def"
#undef M
};

static const char *const val_names[METRIC_COUNT] = {
#define M(name_, better_, decimals_, unit_, help_) "val_" #name_,
#include "src/config/metric.def"
#undef M
};

const char *metric_name(int id)
{
    if (id >= METRIC_VAL && id < METRIC_VAL + METRIC_COUNT)
        return val_names[id - METRIC_VAL];
    return id >= 0 && id < METRIC_COUNT ? metric_table[id].name : NULL;
}

int metric_find(const char *name)
{
    int val = !strncmp(name, "val_", 4) ? METRIC_VAL : 0;
    for (int i = 0; i < METRIC_COUNT; i++)
        if (!strcmp(metric_table[i].name, val ? name + 4 : name))
            return i + val;
    return -1;
}

const struct metric_info *metric_get(int id)
{
    int row = id >= METRIC_VAL ? id - METRIC_VAL : id;
    return row >= 0 && row < METRIC_COUNT ? &metric_table[row] : NULL;
}

int metric_is_share(int id)
{
    int row = id >= METRIC_VAL ? id - METRIC_VAL : id;
    const struct metric_info *m = metric_get(id);
    return m && !*m->unit && m->decimals == 3 && row != METRIC_grad_norm && row != METRIC_rl_loss &&
           row != METRIC_baseline_loss;
}
