/* Which fields tell runs apart, and the rows they make. See ablation_int.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/ablation_int.h"
#include "src/base/err.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[128]){0}, 128, (s))

/* Asked for first, so that what follows from them (steps of equal budgets, resolved sizes) is not
 * a column of its own. */
static const char *const first_fields[] = {
    "objective", "tie", "generator", "generator_size", "mask_prob", "hidden_size", "layers",
};
#define FIRST ((int)(sizeof first_fields / sizeof first_fields[0]))

char *ablation_level(const struct config *c, const struct config_field *f, char *out, int size)
{
    static const struct { double value; const char *text; } names[] = {
        {1 / 8., "1/8"}, {1 / 6., "1/6"}, {1 / 4., "1/4"}, {1 / 3., "1/3"}, {1 / 2., "1/2"},
        {2 / 3., "2/3"}, {3 / 4., "3/4"}, {1, "1"},
    };
    config_show(c, f, out, (size_t)size);
    if (strcmp(f->name, "generator_size"))
        return out;
    double v = config_fraction(out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (fabs(v - names[i].value) < 1e-9)
            snprintf(out, (size_t)size, "%s", names[i].text);
    return out;
}

/* 1: all runs have the same value; without formatting it. */
static int is_constant(const struct work *w, const struct config_field *f)
{
    static const size_t sizes[] = {sizeof(long), sizeof(double), CONFIG_TEXT, sizeof(int), sizeof(int)};
    const char *first = (const char *)&w->used[0].run->config + f->offset;
    for (int i = 1; i < w->n; i++) {
        const char *mine = (const char *)&w->used[i].run->config + f->offset;
        if (f->type == CONFIG_TEXTUAL ? strcmp(first, mine) : memcmp(first, mine, sizes[f->type]))
            return 0;
    }
    return 1;
}

/* code[i]: a number for the level of used[i], the same for equal levels. */
static void number_levels(const struct work *w, const struct config_field *f, int *code, char **seen)
{
    char text[CONFIG_TEXT];
    int n = 0;
    for (int i = 0; i < w->n; i++) {
        ablation_level(&w->used[i].run->config, f, text, sizeof text);
        for (code[i] = 0; code[i] < n && strcmp(seen[code[i]], text);)
            code[i]++;
        if (code[i] == n && (seen[n] = arena_strdup(&w->t->arena, text)))
            n++;
    }
}

/* Parts that the runs fall into; part[i] of used[i]. Returns 1 when `f` split any of them. */
static int split(const struct work *w, const struct config_field *f, int *part, int *nparts)
{
    struct arena *a = &w->t->arena;
    size_t room = (size_t)w->n + 1;
    int n = 0, *fresh, *first, *code;
    char **seen;
    if (is_constant(w, f))
        return 0;
    fresh = arena_alloc(a, room, sizeof *fresh);
    first = arena_alloc(a, room, sizeof *first); /* a run of each part */
    code = arena_alloc(a, room, sizeof *code);
    seen = arena_alloc(a, room, sizeof *seen);
    if (!fresh || !first || !code || !seen)
        return 0;
    number_levels(w, f, code, seen);
    for (int i = 0; i < w->n; i++) {
        int k = 0;
        while (k < n && (part[first[k]] != part[i] || code[first[k]] != code[i]))
            k++;
        if (k == n)
            first[n++] = i;
        fresh[i] = k;
    }
    int more = n > *nparts;
    if (more)
        memcpy(part, fresh, (size_t)w->n * sizeof *part);
    *nparts = n;
    return more;
}

static int is_candidate(const struct config_field *f)
{
    return f->flags & CONFIG_ID && strcmp(f->name, "seed") != 0;
}

/* Fields in order, each only if it tells runs apart that the ones before do not. */
static int find_differing(struct work *w, struct err *err)
{
    const int most = (int)(sizeof w->differ / sizeof w->differ[0]);
    int *part = arena_zalloc(&w->t->arena, (size_t)w->n + 1, sizeof *part), nparts = 1;
    if (!part)
        return err_nomem(err, "the table of ablations");
    for (int k = -FIRST; w->n && k < config_nfields && w->ndiffer < most; k++) {
        const struct config_field *f =
            k < 0 ? config_find(first_fields[k + FIRST]) : &config_fields[k];
        int known = !f || !is_candidate(f);
        for (int i = 0; i < w->ndiffer; i++)
            known |= w->differ[i] == f;
        if (!known && split(w, f, part, &nparts))
            w->differ[w->ndiffer++] = f;
    }
    return 0;
}

static int add_field(struct ablation *t, const struct config_field *f, struct err *err)
{
    for (int i = 0; i < t->nfields; i++)
        if (t->fields[i].field == f)
            return 0;
    if (t->nfields == ABLATION_FIELDS)
        return err_set(err, E_USAGE, "runs can be grouped by %d fields at most", ABLATION_FIELDS);
    t->fields[t->nfields++].field = f;
    return 0;
}

static int choose_fields(struct work *w, struct err *err)
{
    int rc = 0;
    if (!w->a->by || !*w->a->by) {
        for (int i = 0; i < w->ndiffer && i < ABLATION_FIELDS && !rc; i++)
            rc = add_field(w->t, w->differ[i], err);
        return rc;
    }
    for (const char *p = w->a->by; *p && !rc;) {
        char name[64];
        size_t n = strcspn(p, ", ");
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        p += n;
        p += strspn(p, ", ");
        const struct config_field *f = config_find(name);
        if (!n)
            continue;
        rc = !f ? err_set(err, E_USAGE, "'%s' is not a field of a run to group by", SHOW(name))
                : add_field(w->t, f, err);
    }
    return rc;
}

static const struct config_field *sorting; /* qsort has no argument of its own */

static int by_level(const void *x, const void *y)
{
    const char *a = *(const char *const *)x, *b = *(const char *const *)y;
    if (sorting->type == CONFIG_CHOICE) {
        char text[64];
        for (int i = 0; *config_choice(sorting, i, text, sizeof text); i++) {
            if (!strcmp(text, a))
                return strcmp(a, b) ? -1 : 0;
            if (!strcmp(text, b))
                return 1;
        }
    }
    double u = config_fraction(a), v = config_fraction(b);
    if (sorting->type != CONFIG_TEXTUAL || !strcmp(sorting->name, "generator_size")) {
        if (u < v || u > v)
            return u < v ? -1 : 1;
    }
    return strcmp(a, b);
}

static int find_levels(struct work *w, struct ablation_field *f, struct err *err)
{
    char text[CONFIG_TEXT];
    f->levels = arena_alloc(&w->t->arena, (size_t)w->n + 1, sizeof *f->levels);
    if (!f->levels)
        return err_nomem(err, "the table of ablations");
    for (int i = 0; i < w->n; i++) {
        int k = 0;
        ablation_level(&w->used[i].run->config, f->field, text, sizeof text);
        while (k < f->nlevels && strcmp(f->levels[k], text))
            k++;
        if (k == f->nlevels && !(f->levels[f->nlevels++] = arena_strdup(&w->t->arena, text)))
            return err_nomem(err, "the table of ablations");
    }
    sorting = f->field;
    qsort(f->levels, (size_t)f->nlevels, sizeof *f->levels, by_level);
    return 0;
}

static void values_of(const struct ablation *t, const struct query_run *r, int *value)
{
    char text[CONFIG_TEXT];
    for (int k = 0; k < t->nfields; k++) {
        const struct ablation_field *f = &t->fields[k];
        ablation_level(&r->config, f->field, text, sizeof text);
        value[k] = 0;
        while (value[k] + 1 < f->nlevels && strcmp(f->levels[value[k]], text))
            value[k]++;
    }
}

/* What a pair of runs must share beside the row: seed, and the fields that are not grouped by. */
static int64_t pair_key(const struct work *w, const struct query_run *r)
{
    char text[CONFIG_TEXT];
    uint64_t h = (uint64_t)r->config.seed;
    for (int i = 0; i < w->ndiffer; i++) {
        int grouped = 0;
        for (int k = 0; k < w->t->nfields; k++)
            grouped |= w->t->fields[k].field == w->differ[i];
        if (grouped)
            continue;
        ablation_level(&r->config, w->differ[i], text, sizeof text);
        for (const char *p = text; *p; p++)
            h = (h ^ (unsigned char)*p) * 0x100000001B3u;
        h *= 0x9E3779B97F4A7C15u;
    }
    return (int64_t)(h & INT64_MAX);
}

static int same_values(const int *a, const int *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

static const struct ablation *ordering;

static int by_values(const void *x, const void *y)
{
    const struct ablation_row *a = x, *b = y;
    for (int k = 0; k < ordering->nfields; k++)
        if (a->value[k] != b->value[k])
            return a->value[k] < b->value[k] ? -1 : 1;
    return 0;
}

static int by_row_and_seed(const void *x, const void *y)
{
    const struct used *a = x, *b = y;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    if (a->run->config.seed != b->run->config.seed)
        return a->run->config.seed < b->run->config.seed ? -1 : 1;
    return a->run->id < b->run->id ? -1 : 1;
}

static void write_label(const struct ablation *t, struct ablation_row *r)
{
    size_t n = 0;
    snprintf(r->label, sizeof r->label, "all runs");
    for (int k = 0; k < t->nfields && n < sizeof r->label; k++) {
        const struct ablation_field *f = &t->fields[k];
        n += (size_t)snprintf(r->label + n, sizeof r->label - n, "%s%s=%s", k ? " " : "",
                              f->field->name, f->levels[r->value[k]]);
    }
}

static void find_rows(struct work *w)
{
    struct ablation *t = w->t;
    int value[ABLATION_FIELDS];
    for (int i = 0; i < w->n; i++) {
        int k = 0;
        values_of(t, w->used[i].run, value);
        while (k < t->nrows && !same_values(t->rows[k].value, value, t->nfields))
            k++;
        if (k == t->nrows)
            memcpy(t->rows[t->nrows++].value, value, sizeof value);
    }
    ordering = t;
    qsort(t->rows, (size_t)t->nrows, sizeof t->rows[0], by_values);
    for (int i = 0; i < w->n; i++) {
        struct used *u = &w->used[i];
        values_of(t, u->run, value);
        for (u->row = 0; !same_values(t->rows[u->row].value, value, t->nfields);)
            u->row++;
        u->seed = pair_key(w, u->run);
        t->rows[u->row].n++;
    }
    qsort(w->used, (size_t)w->n, sizeof w->used[0], by_row_and_seed);
}

static int fill_rows(struct work *w, struct err *err)
{
    struct ablation *t = w->t;
    int at = 0;
    for (int i = 0; i < t->nrows; i++) {
        struct ablation_row *r = &t->rows[i];
        r->seeds = arena_alloc(&t->arena, (size_t)r->n, sizeof *r->seeds);
        r->runs = arena_alloc(&t->arena, (size_t)r->n, sizeof *r->runs);
        if (!r->seeds || !r->runs)
            return err_nomem(err, "the table of ablations");
        for (int k = 0; k < r->n; k++, at++) {
            r->seeds[k] = w->used[at].run->config.seed;
            r->runs[k] = w->used[at].run->id;
            r->unfinished += w->used[at].run->state != RUN_DONE;
        }
        r->paper = NAN;
        write_label(t, r);
    }
    return 0;
}

/* How many of its fields have the default value; the earlier fields weigh more. */
static int defaultness(const struct ablation *t, const struct ablation_row *r)
{
    struct config c;
    char text[CONFIG_TEXT];
    int sum = 0;
    config_default(&c);
    for (int k = 0; k < t->nfields; k++) {
        const struct ablation_field *f = &t->fields[k];
        ablation_level(&c, f->field, text, sizeof text);
        sum = 2 * sum + !strcmp(f->levels[r->value[k]], text);
    }
    return sum;
}

/* The row of default values, among those that can be tested where there is one. */
static int usual_row(const struct ablation *t)
{
    int best = t->nrows ? 0 : -1;
    for (int i = 1; i < t->nrows; i++) {
        int d = (t->rows[i].n >= STATS_LEAST) - (t->rows[best].n >= STATS_LEAST);
        d = d ? d : defaultness(t, &t->rows[i]) - defaultness(t, &t->rows[best]);
        if (d > 0 || (d == 0 && t->rows[i].n > t->rows[best].n))
            best = i;
    }
    return best;
}

/* 1: the row has what "field=value field=value" asks for; E_USAGE when that is no such text. */
static int row_matches(const struct ablation *t, const struct ablation_row *r, const char *text,
                       struct err *err)
{
    for (const char *p = text; *p;) {
        char pair[200];
        size_t n = strcspn(p, ", ");
        snprintf(pair, sizeof pair, "%.*s", (int)n, p);
        p += n;
        p += strspn(p, ", ");
        char *value = strchr(pair, '=');
        if (!value)
            return err_set(err, E_USAGE, "the baseline '%s' is neither a row's number nor "
                           "field=value", SHOW(text));
        *value++ = 0;
        const struct config_field *f = config_find(pair);
        int k = 0;
        while (k < t->nfields && t->fields[k].field != f)
            k++;
        if (k == t->nfields)
            return err_set(err, E_USAGE, "the baseline names '%s', which rows are not grouped by",
                           SHOW(pair));
        if (strcmp(t->fields[k].levels[r->value[k]], value))
            return 0;
    }
    return 1;
}

int ablation_find_row(const struct ablation *t, const char *text, struct err *err)
{
    char *end;
    long number = strtol(text, &end, 10);
    int found = -1;
    if (end > text && !*end)
        return number >= 1 && number <= t->nrows
                   ? (int)number - 1
                   : err_set(err, E_USAGE, "there is no row %ld: the table has %d", number, t->nrows);
    for (int i = 0; i < t->nrows; i++) {
        int m = row_matches(t, &t->rows[i], text, err);
        if (m < 0)
            return m;
        if (m && found >= 0)
            return err_set(err, E_USAGE, "the baseline '%s' names more than one row", SHOW(text));
        if (m)
            found = i;
    }
    return found >= 0 ? found : err_set(err, E_USAGE, "no row is '%s'", SHOW(text));
}

int ablation_group(struct work *w, struct err *err)
{
    struct ablation *t = w->t;
    int rc = find_differing(w, err);
    if (!rc)
        rc = choose_fields(w, err);
    for (int k = 0; k < t->nfields && !rc; k++)
        rc = find_levels(w, &t->fields[k], err);
    if (rc)
        return rc;
    t->rows = arena_zalloc(&t->arena, (size_t)w->n + 1, sizeof *t->rows);
    if (!t->rows)
        return err_nomem(err, "the table of ablations");
    find_rows(w);
    rc = fill_rows(w, err);
    t->baseline = usual_row(t);
    if (!rc && w->a->baseline && *w->a->baseline && t->nrows) {
        int row = ablation_find_row(t, w->a->baseline, err);
        if (row < 0)
            return row;
        t->baseline = row;
    }
    return rc;
}
