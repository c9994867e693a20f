/* An experiment file's entries become runs: rows times axes times seeds. See sweep.h. */
#include "experiments/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/prepare.h"
#include "experiments/speed.h"
#include "experiments/sweep_int.h"
#include "src/base/err.h"
#include "src/base/rng.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[120]){0}, 120, (s))

enum budget { BUDGET_STEPS, BUDGET_TOKENS, BUDGET_FLOPS, BUDGET_FLOPS_PAPER, BUDGET_MINUTES, BUDGET_HOURS, BUDGETS };
static const char *const budgets[BUDGETS] = {"steps", "tokens", "flops", "flops_paper", "minutes", "hours"};

/* A configuration on its way: the budget turns into steps when the rest is known. */
struct draft {
    struct config c;
    int budget;
    double amount, share; /* of the budget */
    int skip;
};

int sweep_is_budget(const char *field)
{
    int is = !strcmp(field, "share");
    for (int i = 0; i < BUDGETS; i++)
        is |= !strcmp(field, budgets[i]);
    return is;
}

/* 2.4M, 1e12, 500k */
static int amount(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (end == text)
        return -1;
    static const char units[] = "kMGTPE";
    const char *unit = *end ? strchr(units, *end) : NULL;
    for (const char *u = units; unit && u <= unit; u++)
        *out *= 1000;
    return end[unit != NULL] || !(*out > 0) || !isfinite(*out) ? -1 : 0;
}

static int set(struct draft *d, const char *key, const char *value, struct err *err)
{
    for (int i = 0; i < BUDGETS; i++) {
        if (strcmp(key, budgets[i]))
            continue;
        d->budget = i;
        if (i && amount(value, &d->amount))
            return err_set(err, E_USAGE, "%s: '%s' is not an amount such as 2.4M or 1e12", key,
                           SHOW(value));
    }
    if (!strcmp(key, "share"))
        return amount(value, &d->share) ? err_set(err, E_USAGE, "share: '%s' is not a number above 0",
                                                  SHOW(value)) : 0;
    if (!strcmp(key, "preset") || (d->budget && !strcmp(key, budgets[d->budget])))
        return 0;
    return config_set(&d->c, key, value, err);
}

static int set_in(const struct sweep_making *m, struct draft *d, const struct sweep_entry *e,
                  const char *key, const char *value, struct err *err)
{
    struct err why = {0};
    int rc = set(d, key, value, &why);
    return rc ? sweep_file_error(&m->f, e->section, e->key, rc, why.text, err) : 0;
}

/* Fields that hold for every run: preset, [run], [scale], overrides. */
static int base_draft(const struct sweep_making *m, struct draft *d, struct err *err)
{
    const char *preset = sweep_file_get(&m->f, m->scale, "preset");
    if (!preset)
        preset = sweep_file_get(&m->f, "run", "preset");
    *d = (struct draft){.share = 1};
    config_default(&d->c);
    for (const char *const *o = m->o->overrides; o && *o; o++)
        if (!strncmp(*o, "preset=", 7))
            preset = *o + 7;
    int rc = preset ? config_preset(&d->c, preset, err) : 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; !rc && i < m->f.n; i++) {
            const struct sweep_entry *e = &m->f.entry[i];
            int axis = !strncmp(e->key, "sweep.", 6) || (pass && !strcmp(e->key, "seeds"));
            if (!strcmp(e->section, pass ? m->scale : "run") && !axis)
                rc = set_in(m, d, e, e->key, e->value, err);
        }
    for (const char *const *o = m->o->overrides; !rc && o && *o; o++) {
        char key[64];
        const char *eq = strchr(*o, '=');
        if (!eq || eq - *o >= (int)sizeof key)
            return err_set(err, E_USAGE, "'%s' is not field=value", SHOW(*o));
        snprintf(key, sizeof key, "%.*s", (int)(eq - *o), *o);
        rc = set(d, key, eq + 1, err);
    }
    return rc;
}

/* --- one run -------------------------------------------------------------------------------- */

/* "a=1 b!=2": 1 when the configuration has these values. */
static int holds(const struct sweep_making *m, const struct sweep_entry *e, const struct config *c,
                 char *conditions, struct err *err)
{
    char *save = NULL;
    for (char *t = strtok_r(conditions, " \t", &save); t; t = strtok_r(NULL, " \t", &save)) {
        char *eq = strchr(t, '='), have[CONFIG_TEXT], want[CONFIG_TEXT];
        int unequal = eq && eq > t && eq[-1] == '!';
        if (!eq)
            return sweep_file_error(&m->f, e->section, e->key, E_INPUT,
                                    "a condition is not FIELD=VALUE", err);
        eq[unequal ? -1 : 0] = 0;
        const struct config_field *f = config_find(t);
        struct config copy = *c;
        struct err why = {0};
        if (!f || config_set(&copy, t, eq + 1, &why))
            return sweep_file_error(&m->f, e->section, e->key, E_INPUT,
                                    f ? why.text : "there is no such field", err);
        config_get(c, f, have, sizeof have);
        config_get(&copy, f, want, sizeof want);
        if ((strcmp(have, want) == 0) == unequal)
            return 0;
    }
    return 1;
}

/* "FIELD=VALUE FIELD=VALUE" or "skip". */
static int apply(const struct sweep_making *m, const struct sweep_entry *e, char *actions,
                 struct draft *d, struct err *err)
{
    char *save = NULL;
    int rc = 0;
    for (char *t = strtok_r(actions, " \t", &save); !rc && t; t = strtok_r(NULL, " \t", &save)) {
        char *eq = strchr(t, '=');
        if (!strcmp(t, "skip")) {
            d->skip = 1;
        } else if (!eq) {
            rc = sweep_file_error(&m->f, e->section, e->key, E_INPUT, "it is not FIELD=VALUE", err);
        } else {
            *eq = 0;
            rc = set_in(m, d, e, t, eq + 1, err);
        }
    }
    return rc;
}

static int apply_copy(const struct sweep_making *m, const struct sweep_entry *e, struct draft *d,
                      struct err *err)
{
    char *text = strdup(e->value);
    int rc = text ? apply(m, e, text, d, err) : err_nomem(err, "a row");
    free(text);
    return rc;
}

static int apply_when(const struct sweep_making *m, struct draft *d, struct err *err)
{
    int rc = 0;
    for (int i = 0; !rc && i < m->f.n; i++) {
        const struct sweep_entry *e = &m->f.entry[i];
        if (strcmp(e->section, "when"))
            continue;
        char *text = strdup(e->value), *then = text ? strstr(text, " then ") : NULL;
        if (!text)
            return err_nomem(err, "a condition");
        if (then) {
            *then = 0;
            rc = holds(m, e, &d->c, text, err);
            if (rc > 0)
                rc = apply(m, e, then + 6, d, err);
        } else {
            rc = sweep_file_error(&m->f, e->section, e->key, E_INPUT,
                                  "it is not CONDITIONS then FIELD=VALUE", err);
        }
        free(text);
    }
    return rc;
}

/* Steps from the budget, now that everything else is known. */
static int spend(const struct sweep_making *m, struct draft *d, struct err *err)
{
    struct config probe = d->c;
    double steps = 0;
    if (d->budget == BUDGET_STEPS) {
        steps = rint((double)d->c.steps * d->share);
    } else if (d->budget == BUDGET_TOKENS) {
        steps = ceil(d->amount * d->share / ((double)d->c.batch * (double)d->c.seq));
    } else {
        int V = prepare_vocab_size(m->w, &d->c, err);
        probe.steps = 100000;
        int rc = V < 0 ? V : config_resolve(&probe, err);
        if (rc)
            return rc;
        double flops = d->amount, rate = 0;
        if (d->budget >= BUDGET_MINUTES) {
            rc = speed_known(m->w, &probe, V, &rate, err);
            flops *= rate * (d->budget == BUDGET_HOURS ? 3600 : 60);
        }
        if (rc)
            return rc;
        steps = rint(flops * d->share / (sweep_flops(&probe, V, d->budget == BUDGET_FLOPS_PAPER) / 1e5));
    }
    if (steps < 1)
        steps = 1;
    if (steps > 1e9)
        return err_set(err, E_USAGE, "the budget is more than 1e9 steps");
    d->c.steps = (long)steps;
    return 0;
}

static int add_run(struct sweep_making *m, struct draft *d, int row, long seed, const char *label,
                   struct err *err)
{
    struct sweep *s = m->s;
    if (s->n >= SWEEP_RUNS_MAX)
        return err_set(err, E_USAGE, "%s: more than %d runs", SHOW(m->f.path), SWEEP_RUNS_MAX);
    if (!(s->n & (s->n - 1))) {
        size_t cap = s->n ? 2 * (size_t)s->n : 1;
        struct sweep_run *more = realloc(s->runs, cap * sizeof *more);
        if (!more)
            return err_nomem(err, "the runs of an experiment");
        s->runs = more;
    }
    struct sweep_run *r = &s->runs[s->n];
    struct err why = {0};
    d->c.seed = seed;
    r->config = d->c;
    r->row = row;
    snprintf(r->label, sizeof r->label, "%s", label);
    snprintf(r->config.name, sizeof r->config.name, "%s %.180s s%ld", s->name, label, seed);
    snprintf(r->config.tags, sizeof r->config.tags, SWEEP_TAG "%s,scale:%s", s->name, s->scale);
    int rc = config_resolve(&r->config, &why);
    if (!rc)
        rc = prepare_paths(m->w, &r->config, &why);
    if (rc)
        return err_set(err, rc, "%s, row %s: %s", SHOW(m->f.path), SHOW(label), why.text);
    s->n++;
    return 0;
}

/* --- all runs ------------------------------------------------------------------------------- */

/* Value of axis k in combination (or draw) i. */
static const char *value_at(const struct sweep_making *m, int k, int i, char *buffer, size_t size)
{
    const struct sweep_axis *a = &m->axis[k];
    if (m->mode == MODE_RANDOM) {
        double u = rng_uniform53((uint64_t)m->draw_seed, RNG_TEST, (uint32_t)i, (uint32_t)k, 0);
        if (!a->range)
            return a->values.item[(int)(u * a->values.n)];
        double x = a->log ? a->low * pow(a->high / a->low, u) : a->low + u * (a->high - a->low);
        const struct config_field *f = config_find(a->field);
        snprintf(buffer, size, f && f->type == CONFIG_INT ? "%.0f" : "%.4g", x);
        return buffer;
    }
    if (m->mode == MODE_LIST)
        return a->values.item[i];
    for (int j = m->naxes - 1; j > k; j--)
        i /= m->axis[j].values.n;
    return a->values.item[i % a->values.n];
}

static int combinations(const struct sweep_making *m)
{
    double n = 1;
    if (m->mode == MODE_RANDOM)
        return m->draws;
    if (m->mode == MODE_LIST)
        return m->naxes ? m->axis[0].values.n : 1;
    for (int i = 0; i < m->naxes; i++)
        n *= m->axis[i].values.n;
    return n > SWEEP_RUNS_MAX ? SWEEP_RUNS_MAX + 1 : (int)n;
}

static int make_draft(struct sweep_making *m, int row, int i, struct draft *d, char *label, size_t size,
                      struct err *err)
{
    int rc = base_draft(m, d, err);
    label[0] = 0;
    if (!rc && m->nrows) {
        rc = apply_copy(m, m->row[row], d, err);
        snprintf(label, size, "%s", m->row[row]->key + 4);
    }
    for (int k = 0; !rc && k < m->naxes; k++) {
        char buffer[64];
        const char *value = value_at(m, k, i, buffer, sizeof buffer);
        struct sweep_entry e = {(char *)"sweep", (char *)m->axis[k].field, NULL};
        rc = set_in(m, d, &e, m->axis[k].field, value, err);
        size_t n = strlen(label);
        snprintf(label + n, size - n, "%s%s=%s", n ? " " : "", m->axis[k].field, value);
    }
    if (!rc)
        rc = apply_when(m, d, err);
    if (!*label)
        snprintf(label, size, "all");
    if (!rc && !strcmp(d->c.corpus, "demo")) {
        char path[1100];
        rc = prepare_demo_text(m->w, path, sizeof path, err);
        if (!rc && strlen(path) >= sizeof d->c.corpus)
            rc = err_set(err, E_USAGE, "the workspace's path is too long: %s", SHOW(m->w->dir));
        if (!rc)
            memcpy(d->c.corpus, path, strlen(path) + 1);
    }
    if (!rc && !d->skip)
        rc = spend(m, d, err);
    return rc;
}

static int make_runs(struct sweep_making *m, struct err *err)
{
    int n = combinations(m), rc = 0;
    if (n > SWEEP_RUNS_MAX)
        return err_set(err, E_USAGE, "%s: more than %d runs", SHOW(m->f.path), SWEEP_RUNS_MAX);
    for (int s = 0; s < m->nseeds; s++) {
        int row = 0;
        for (int r = 0; r < (m->nrows ? m->nrows : 1); r++)
            for (int i = 0; !rc && i < n; i++) {
                struct draft d;
                char label[200];
                rc = make_draft(m, r, i, &d, label, sizeof label, err);
                if (!rc && !d.skip)
                    rc = add_run(m, &d, row++, m->seed[s], label, err);
            }
        m->s->rows = row;
    }
    if (!rc && !m->s->n)
        rc = err_set(err, E_INPUT, "%s: [when] leaves no run", SHOW(m->f.path));
    return rc;
}

static int check_scale(struct sweep_making *m, struct err *err)
{
    const char *scale = m->o->scale ? m->o->scale : "laptop";
    if (strcmp(scale, "ci") && strcmp(scale, "laptop") && strcmp(scale, "paper"))
        return err_set(err, E_USAGE, "scale: '%s' is not one of ci, laptop, paper", SHOW(scale));
    snprintf(m->scale, sizeof m->scale, "scale.%s", scale);
    snprintf(m->s->scale, sizeof m->s->scale, "%s", scale);
    return 0;
}

int sweep_load(struct sweep *s, const struct workspace *w, const char *path,
               const struct sweep_options *o, struct err *err)
{
    static const struct sweep_options none = {0};
    struct sweep_making *m = calloc(1, sizeof *m);
    const char *base = strrchr(path, '/');
    memset(s, 0, sizeof *s);
    if (!m)
        return err_nomem(err, "an experiment");
    *m = (struct sweep_making){.w = w, .o = o ? o : &none, .s = s};
    base = base ? base + 1 : path;
    visible_n(s->name, sizeof s->name, base, strcspn(base, "."));
    int rc = check_scale(m, err);
    if (!rc)
        rc = sweep_file_read(&m->f, path, err);
    if (!rc)
        rc = sweep_read_axes(m, err);
    if (!rc)
        rc = sweep_read_seeds(m, err);
    if (!rc)
        rc = make_runs(m, err);
    s->seeds = m->nseeds;
    for (int i = 0; i < m->naxes; i++)
        sweep_list_free(&m->axis[i].values);
    sweep_file_free(&m->f);
    free(m);
    if (rc)
        sweep_free(s);
    return rc;
}

void sweep_free(struct sweep *s)
{
    free(s->runs);
    memset(s, 0, sizeof *s);
}
