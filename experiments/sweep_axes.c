/* The axes, rows and seeds of an experiment file. See sweep.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/sweep_int.h"
#include "src/base/err.h"

static int parse_range(struct sweep_axis *a, const char *value)
{
    const char *dots = strstr(value, "..");
    char *end;
    while (isspace((unsigned char)*value))
        value++;
    a->log = !strncmp(value, "log ", 4);
    if (!dots)
        return 0;
    a->low = strtod(value + (a->log ? 4 : 0), &end);
    a->high = strtod(dots + 2, &end);
    a->range = 1;
    return a->high > a->low && (!a->log || a->low > 0) ? 0 : -1;
}

static int add_axis(struct sweep_making *m, const struct sweep_entry *e, const char *field, struct err *err)
{
    struct sweep_axis *a = NULL;
    for (int i = 0; i < m->naxes; i++)
        if (!strcmp(m->axis[i].field, field))
            a = &m->axis[i]; /* a scale's list replaces the file's */
    if (!a && m->naxes == SWEEP_AXES_MAX)
        return sweep_file_error(&m->f, e->section, e->key, E_INPUT, "more than 12 axes", err);
    if (!a)
        a = &m->axis[m->naxes++];
    sweep_list_free(&a->values);
    *a = (struct sweep_axis){.field = field};
    if (!sweep_is_budget(field) && !config_find(field))
        return sweep_file_error(&m->f, e->section, e->key, E_INPUT, "there is no such field", err);
    if (m->mode == MODE_RANDOM && strstr(e->value, ".."))
        return parse_range(a, e->value) ? sweep_file_error(&m->f, e->section, e->key, E_INPUT,
                                                           "not a range LOW .. HIGH", err)
                                        : 0;
    if (sweep_list_parse(&a->values, e->value))
        return err_nomem(err, "an axis");
    return a->values.n ? 0 : sweep_file_error(&m->f, e->section, e->key, E_INPUT, "no value", err);
}

static int read_mode(struct sweep_making *m, struct err *err)
{
    static const char *const modes[] = {"grid", "list", "random"};
    const char *mode = sweep_file_get(&m->f, "sweep", "mode");
    const char *draws = sweep_file_get(&m->f, "sweep", "draws");
    const char *seed = sweep_file_get(&m->f, "sweep", "draw_seed");
    for (int i = 0; mode && i <= 3; i++) {
        if (i == 3)
            return sweep_file_error(&m->f, "sweep", "mode", E_INPUT,
                                    "it is not one of grid, list, random", err);
        m->mode = i;
        if (!strcmp(mode, modes[i]))
            break;
    }
    m->draws = draws ? atoi(draws) : 0;
    m->draw_seed = seed ? atol(seed) : 1;
    if (m->mode == MODE_RANDOM && (m->draws < 1 || m->draws > SWEEP_RUNS_MAX))
        return sweep_file_error(&m->f, "sweep", "draws", E_INPUT,
                                "mode random needs a number of draws from 1 to 10000", err);
    return 0;
}

int sweep_read_axes(struct sweep_making *m, struct err *err)
{
    int rc = read_mode(m, err);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; !rc && i < m->f.n; i++) {
            const struct sweep_entry *e = &m->f.entry[i];
            const char *key = e->key;
            if (strcmp(e->section, pass ? m->scale : "sweep"))
                continue;
            if (!pass && !strncmp(key, "row.", 4)) {
                if (m->nrows == SWEEP_ROWS_MAX)
                    return sweep_file_error(&m->f, e->section, key, E_INPUT, "more than 64 rows", err);
                m->row[m->nrows++] = e;
            } else if (!pass && strcmp(key, "mode") && strcmp(key, "draws") &&
                       strcmp(key, "draw_seed")) {
                rc = add_axis(m, e, key, err);
            } else if (pass && !strncmp(key, "sweep.", 6)) {
                rc = add_axis(m, e, key + 6, err);
            }
        }
    for (int i = 1; !rc && m->mode == MODE_LIST && i < m->naxes; i++)
        if (m->axis[i].values.n != m->axis[0].values.n)
            rc = sweep_file_error(&m->f, "sweep", m->axis[i].field, E_INPUT,
                                  "in mode list all axes have the same number of values", err);
    return rc;
}

static int count_seeds(struct sweep_making *m, const char *section, const char *key, const char *value,
                       struct err *err)
{
    char *end;
    long n = strtol(value, &end, 10);
    if (*end || n < 1 || n > SWEEP_SEEDS_MAX)
        return sweep_file_error(&m->f, section, key, E_INPUT, "it is not a number from 1 to 1000", err);
    for (m->nseeds = 0; m->nseeds < n; m->nseeds++)
        m->seed[m->nseeds] = m->nseeds + 1;
    return 0;
}

int sweep_read_seeds(struct sweep_making *m, struct err *err)
{
    const char *list = sweep_file_get(&m->f, "seeds", "seeds");
    const char *count = sweep_file_get(&m->f, "seeds", "count");
    const char *scale = sweep_file_get(&m->f, m->scale, "seeds");
    struct sweep_list l = {0};
    int rc = 0;
    if (m->o->seeds < 0 || m->o->seeds > SWEEP_SEEDS_MAX)
        return err_set(err, E_USAGE, "seeds: %d is outside 1 to %d", m->o->seeds, SWEEP_SEEDS_MAX);
    if (m->o->seeds) {
        char text[16];
        snprintf(text, sizeof text, "%d", m->o->seeds);
        return count_seeds(m, "seeds", "count", text, err);
    }
    if (scale || count)
        return count_seeds(m, scale ? m->scale : "seeds", scale ? "seeds" : "count",
                           scale ? scale : count, err);
    if (sweep_list_parse(&l, list ? list : "1"))
        rc = err_nomem(err, "seeds");
    for (int i = 0; !rc && i < l.n; i++) {
        char *end;
        long seed = strtol(l.item[i], &end, 10);
        if (*end || seed < 0 || seed > 2147483647 || m->nseeds == SWEEP_SEEDS_MAX)
            rc = sweep_file_error(&m->f, "seeds", "seeds", E_INPUT, "it is not a list of seeds", err);
        else
            m->seed[m->nseeds++] = seed;
    }
    sweep_list_free(&l);
    return rc;
}
