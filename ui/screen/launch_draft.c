/* A draft: the fields that were chosen, and the runs and the command they stand for. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/prepare.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "ui/screen/launch.h"

#define SHOW(s) visible((char[120]){0}, 120, (s))

void draft_init(struct draft *d)
{
    memset(d, 0, sizeof *d);
    snprintf(d->value[LAUNCH_preset], CONFIG_TEXT, "tiny");
    d->set[LAUNCH_preset] = 1;
}

static void state_key(int field, char out[64])
{
    snprintf(out, 64, "launch.%s", config_fields[field].name);
}

static void recall(struct app *a, const char *key, char *out, size_t size)
{
    const char *v = app_state(a, key);
    snprintf(out, size, "%s", v ? v : "");
}

void draft_load(struct draft *d, struct app *a)
{
    char key[64];
    struct err err;
    draft_init(d);
    for (int i = 0; i < LAUNCH_FIELDS; i++) {
        state_key(i, key);
        const char *v = app_state(a, key);
        if (v && *v == '=')
            draft_put(d, i, v + 1, &err); /* a value of another version is left out */
    }
    recall(a, "sweep.file", d->file, sizeof d->file);
    recall(a, "sweep.scale", d->scale, sizeof d->scale);
    recall(a, "sweep.options", d->options, sizeof d->options);
    if (!file_exists(d->file))
        d->file[0] = 0;
}

void draft_save(const struct draft *d, struct app *a)
{
    char key[64], value[CONFIG_TEXT + 1];
    for (int i = 0; i < LAUNCH_FIELDS; i++) {
        state_key(i, key);
        snprintf(value, sizeof value, "%s%.255s", d->set[i] ? "=" : "", d->set[i] ? d->value[i] : "");
        if (*value || app_state(a, key))
            app_set_state(a, key, value);
    }
    app_set_state(a, "sweep.file", d->file);
    app_set_state(a, "sweep.scale", d->scale);
    app_set_state(a, "sweep.options", d->options);
}

void draft_plain(const struct draft *d, struct config *out)
{
    config_default(out);
    if (d->set[LAUNCH_preset])
        config_preset(out, d->value[LAUNCH_preset], NULL);
    else
        config_preset(out, config_fields[LAUNCH_preset].def, NULL);
}

/* Lists: a text field is one value unless there is a '|' in it. */
static const char *cut_of(int field, const char *text)
{
    if (strchr(text, '|'))
        return "|";
    return config_fields[field].type == CONFIG_TEXTUAL && field != LAUNCH_generator_size ? "" : ",";
}

/* "3-7" among seeds. */
static int seed_range(const char *t, struct draft_values *out, size_t *used, struct err *err)
{
    char *end;
    long a = strtol(t, &end, 10), b;
    if (end == t || *end != '-')
        return 0;
    const char *second = end + 1;
    b = strtol(second, &end, 10);
    if (end == second || *end || a < 0 || b < a)
        return 0;
    for (; a <= b; a++) {
        if (out->n == LAUNCH_VALUES)
            return err_set(err, E_USAGE, "seed: more than %d values", LAUNCH_VALUES);
        out->item[out->n++] = out->text + *used;
        *used += (size_t)snprintf(out->text + *used, sizeof out->text - *used, "%ld", a) + 1;
    }
    return 1;
}

int draft_split(int field, const char *text, struct draft_values *out, struct err *err)
{
    const char *cut = cut_of(field, text);
    size_t used = 0;
    out->n = 0;
    for (const char *p = text;; p++) {
        char one[CONFIG_TEXT];
        size_t n = *cut ? strcspn(p, cut) : strlen(p), last = n;
        for (; last && isspace((unsigned char)*p); last--, n--)
            p++;
        while (last && isspace((unsigned char)p[last - 1]))
            last--;
        snprintf(one, sizeof one, "%.*s", (int)last, p);
        int range = field == LAUNCH_seed ? seed_range(one, out, &used, err) : 0;
        if (range < 0)
            return range;
        if (!range && out->n == LAUNCH_VALUES)
            return err_set(err, E_USAGE, "%s: more than %d values", config_fields[field].name,
                           LAUNCH_VALUES);
        if (!range) {
            out->item[out->n++] = out->text + used;
            used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s", one) + 1;
        }
        p += n;
        if (!*p)
            return 0;
    }
}

/* Every value is one that the field can have, and stands there once, however it is written. */
static int check_values(int field, const struct draft_values *v, struct err *err)
{
    const struct config_field *f = &config_fields[field];
    char got[LAUNCH_VALUES][CONFIG_TEXT];
    struct config c;
    config_default(&c);
    for (int i = 0; i < v->n; i++) {
        int rc = field == LAUNCH_preset ? config_preset(&c, v->item[i], err) : config_set(&c, f->name, v->item[i], err);
        if (rc)
            return rc;
        config_get(&c, f, got[i], CONFIG_TEXT);
        for (int k = 0; k < i; k++)
            if (!strcmp(got[i], got[k]))
                return err_set(err, E_USAGE, "%s: %s stands there twice", f->name, SHOW(v->item[i]));
    }
    return 0;
}

int draft_put(struct draft *d, int field, const char *text, struct err *err)
{
    const struct config_field *f = &config_fields[field];
    struct draft_values v;
    struct config c;
    if (strlen(text) >= CONFIG_TEXT)
        return err_set(err, E_USAGE, "%s: longer than %d bytes", f->name, CONFIG_TEXT - 1);
    text += strspn(text, " ");
    int rc = *text ? draft_split(field, text, &v, err) : 0;
    if (rc)
        return rc;
    if (*text && v.n > 1 && (field == LAUNCH_preset || field == LAUNCH_name))
        return err_set(err, E_USAGE, "%s: it is one for all runs", f->name);
    if (*text && (rc = check_values(field, &v, err)))
        return rc;
    snprintf(d->value[field], CONFIG_TEXT, "%s", text);
    draft_plain(d, &c);
    char plain[CONFIG_TEXT];
    config_get(&c, f, plain, sizeof plain);
    d->set[field] = *text || (f->type == CONFIG_TEXTUAL && field != LAUNCH_generator_size && *plain);
    return 0;
}

const char *draft_get(const struct draft *d, const struct config *plain, int field, char *out,
                      size_t size)
{
    if (!d->set[field]) {
        return config_show(plain, &config_fields[field], out, size);
    }
    snprintf(out, size, "%s", d->value[field]);
    return out;
}

/* 1: with this field left to the preset the configuration comes out the same. */
static int needless(const struct draft *d, int field, const struct config *want)
{
    struct config c;
    char a[CONFIG_TEXT], b[CONFIG_TEXT];
    draft_plain(d, &c);
    for (int i = 0; i < LAUNCH_FIELDS; i++)
        if (i != field && i != LAUNCH_preset && d->set[i] &&
            config_set(&c, config_fields[i].name, d->value[i], NULL))
            return 0;
    if (config_resolve(&c, NULL))
        return 0;
    for (int i = 0; i < LAUNCH_FIELDS; i++)
        if (i != LAUNCH_name && i != LAUNCH_tags &&
            strcmp(config_get(&c, &config_fields[i], a, sizeof a),
                   config_get(want, &config_fields[i], b, sizeof b)))
            return 0;
    return 1;
}

void draft_from_config(struct draft *d, const struct config *c)
{
    struct config want = *c;
    config_resolve(&want, NULL);
    memset(d, 0, sizeof *d);
    for (int i = 0; i < LAUNCH_FIELDS; i++) {
        config_get(&want, &config_fields[i], d->value[i], CONFIG_TEXT);
        d->set[i] = i != LAUNCH_name && i != LAUNCH_tags;
    }
    for (int i = 0; i < LAUNCH_FIELDS; i++)
        if (i != LAUNCH_preset && d->set[i] && needless(d, i, &want))
            d->set[i] = 0;
}

/* --- runs ------------------------------------------------------------------------------------- */

int draft_find_axes(const struct draft *d, struct draft_axes *x, int *bad, struct err *err)
{
    x->n = 0;
    x->runs = 1;
    for (int k = 0; k <= LAUNCH_FIELDS; k++) {
        int i = k ? k - 1 : LAUNCH_seed;
        if (!d->set[i] || !*d->value[i] || (k && i == LAUNCH_seed) || i == LAUNCH_preset ||
            i == LAUNCH_name)
            continue;
        *bad = i;
        int rc = draft_split(i, d->value[i], &x->v[x->n], err);
        if (rc)
            return rc;
        if (x->v[x->n].n < 2)
            continue;
        x->field[x->n] = i;
        x->runs *= x->v[x->n++].n;
        if (x->runs > LAUNCH_RUNS)
            return err_set(err, E_USAGE, "%s: with it there are more than %d runs",
                           config_fields[i].name, LAUNCH_RUNS);
    }
    *bad = -1;
    return 0;
}

/* The field that a sentence about a configuration begins with. */
static int field_of(const char *text)
{
    for (int i = 0; i < LAUNCH_FIELDS; i++) {
        size_t n = strlen(config_fields[i].name);
        if (!strncmp(text, config_fields[i].name, n) && (text[n] == ':' || text[n] == ' '))
            return i;
    }
    return -1;
}

const char *draft_axis_value(const struct draft_axes *x, int axis, long index)
{
    long stride = x->runs;
    for (int k = 0; k <= axis; k++)
        stride /= x->v[k].n;
    return x->v[axis].item[index / stride % x->v[axis].n];
}

static int one_run(const struct draft *d, const struct draft_axes *x, long index, struct sweep_run *r,
                   int *bad, struct err *err)
{
    struct config *c = &r->config;
    int rc = 0;
    draft_plain(d, c);
    for (int i = 0; i < LAUNCH_FIELDS && !rc; i++)
        if (d->set[i] && i != LAUNCH_preset) {
            const char *value = d->value[i];
            for (int k = 0; k < x->n; k++)
                if (x->field[k] == i)
                    value = draft_axis_value(x, k, index);
            struct draft_values v;
            if (value == d->value[i] && *value && !draft_split(i, value, &v, err))
                value = v.item[0]; /* without the blanks around it */
            *bad = i;
            rc = config_set(c, config_fields[i].name, value, err);
        }
    if (!rc && (rc = config_resolve(c, err)))
        *bad = field_of(err->text);
    return rc;
}

/* A generator that is a table of frequencies has no size: of several sizes the first one stands for
 * all. */
static int is_idle(const struct draft_axes *x, long index, const struct config *c, struct err *err)
{
    for (int k = 0; k < x->n && c->generator != GEN_MLM; k++)
        if (x->field[k] == LAUNCH_generator_size && draft_axis_value(x, k, index) != x->v[k].item[0])
            return err_set(err, E_USAGE, "generator: without a network it has no size, so one stands for all");
    return 0;
}

/* "tiny-wiki": preset, text, and an objective that is not the usual one. */
static void made_up_name(const struct draft *d, struct config *c)
{
    char objective[40] = "", preset[40];
    const char *base = strrchr(c->corpus, '/');
    base = base ? base + 1 : c->corpus;
    if (d->set[LAUNCH_objective])
        config_get(c, &config_fields[LAUNCH_objective], objective, sizeof objective);
    config_get(c, &config_fields[LAUNCH_preset], preset, sizeof preset);
    snprintf(c->name, sizeof c->name, "%s%s%.*s%s%s", preset, *base ? "-" : "",
             (int)strcspn(base, ".,"), base, *objective ? "-" : "", objective);
}

static const char *sweep_name(const struct draft *d)
{
    return d->set[LAUNCH_name] && *d->value[LAUNCH_name] ? d->value[LAUNCH_name] : "sweep";
}

void draft_label(const struct draft_axes *x, long index, char *out, size_t size)
{
    *out = 0;
    for (int k = 0; k < x->n; k++) {
        size_t used = strlen(out);
        if (x->field[k] != LAUNCH_seed)
            snprintf(out + used, size - used, "%s%s=%s", used ? " " : "",
                     config_fields[x->field[k]].name, draft_axis_value(x, k, index));
    }
}

static void name_run(const struct draft *d, const struct draft_axes *x, long index, struct sweep_run *r)
{
    draft_label(x, index, r->label, sizeof r->label);
    if (x->runs == 1 && !*r->config.name)
        made_up_name(d, &r->config);
    if (x->runs == 1)
        return;
    const char *name = sweep_name(d);
    char tags[CONFIG_TEXT];
    snprintf(r->config.name, CONFIG_TEXT, "%.50s%s%.150s s%ld", name, *r->label ? " " : "", r->label,
             r->config.seed);
    snprintf(tags, sizeof tags, "%.150s%s" SWEEP_TAG "%.50s", r->config.tags, *r->config.tags ? "," : "",
             name);
    memcpy(r->config.tags, tags, sizeof tags);
    if (!*r->label)
        snprintf(r->label, sizeof r->label, "all");
}

/* Names become paths as the host will see them. "demo" is the demo's text, written when a run of it
 * is started. */
static int find_text(const struct workspace *w, struct config *c, int *bad, struct err *err)
{
    char demo[1000];
    *bad = LAUNCH_corpus;
    if (!*c->corpus)
        return err_set(err, E_USAGE, "corpus: name a packed corpus or a text file");
    if (!strcmp(c->corpus, "demo")) {
        snprintf(demo, sizeof demo, "%s/demo.txt", w->dir);
        if (strlen(demo) >= CONFIG_TEXT)
            return err_set(err, E_USAGE, "corpus: the workspace's path is too long");
        memcpy(c->corpus, demo, strlen(demo) + 1);
        if (file_exists(demo))
            return prepare_paths(w, c, err);
        return 0;
    }
    int rc = prepare_paths(w, c, err);
    if (rc)
        *bad = field_of(err->text);
    return rc;
}

/* All combinations that can be, seed by seed. */
static int make_runs(const struct draft *d, const struct draft_axes *x, struct sweep *out,
                     struct draft_left *left, int *bad, struct err *err)
{
    struct err why = { 0 };
    int field = -1;
    out->runs = calloc((size_t)x->runs, sizeof *out->runs);
    if (!out->runs)
        return err_nomem(err, "the runs of a form");
    out->seeds = x->n && x->field[0] == LAUNCH_seed ? x->v[0].n : 1;
    long rows = x->runs / out->seeds;
    for (long i = 0, row = 0; i < x->runs; i++) {
        struct sweep_run *r = &out->runs[out->n];
        row = i % rows ? row : 0;
        int rc = one_run(d, x, i, r, &field, &why);
        if (!rc)
            rc = is_idle(x, i, &r->config, &why);
        if (rc && !left->n++) {
            snprintf(left->why, sizeof left->why, "%.*s", (int)sizeof left->why - 1, why.text);
            *bad = field;
            *err = why;
        }
        if (rc)
            continue;
        name_run(d, x, i, r);
        r->row = (int)row++;
        out->n++;
    }
    out->rows = out->n / out->seeds;
    if (!out->n)
        return err->code;
    memset(err, 0, sizeof *err);
    return 0;
}

int draft_runs(const struct draft *d, const struct workspace *w, struct sweep *out,
               struct draft_left *left, int *bad, struct err *err)
{
    struct draft_left none;
    left = left ? left : &none;
    memset(left, 0, sizeof *left);
    *bad = -1;
    if (d->file[0])
        return draft_sweep(d, w, out, err);
    struct draft_axes *x = malloc(sizeof *x);
    memset(out, 0, sizeof *out);
    if (!x)
        return err_nomem(err, "the runs of a form");
    int rc = draft_find_axes(d, x, bad, err);
    if (!rc)
        rc = make_runs(d, x, out, left, bad, err);
    if (rc)
        sweep_free(out);
    for (int i = 0; i < out->n && !rc; i++)
        rc = find_text(w, &out->runs[i].config, bad, err);
    if (!rc) {
        *bad = LAUNCH_vocab; /* of the first run; the others' are looked at when they are prepared */
        rc = prepare_vocab_check(w, &out->runs[0].config, err);
    }
    if (!rc)
        *bad = -1;
    snprintf(out->name, sizeof out->name, "%.60s", sweep_name(d));
    free(x);
    return rc;
}
