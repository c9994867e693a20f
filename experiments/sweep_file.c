/* Reading an experiment file into its entries. See sweep.h for what they mean. */
#include <ctype.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/sweep_int.h"
#include "src/base/err.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[120]){0}, 120, (s))
#define ENTRIES_MAX 4096

static int keep(void *user, const char *section, const char *key, const char *value)
{
    struct sweep_file *f = user;
    if (f->n == f->cap && f->cap < ENTRIES_MAX) {
        int cap = f->cap ? 2 * f->cap : 64;
        struct sweep_entry *more = realloc(f->entry, (size_t)cap * sizeof *more);
        if (more) {
            f->entry = more;
            f->cap = cap;
        }
    }
    if (f->n == f->cap) {
        f->failed = 1;
        return 0;
    }
    struct sweep_entry *e = &f->entry[f->n++];
    *e = (struct sweep_entry){strdup(section), strdup(key), strdup(value)};
    f->failed |= !e->section || !e->key || !e->value;
    return !f->failed;
}

static int known_section(const char *s)
{
    static const char *const names[] = {"run", "sweep", "seeds", "when", "scale.ci",
                                        "scale.laptop", "scale.paper"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(s, names[i]))
            return 1;
    return 0;
}

int sweep_file_error(const struct sweep_file *f, const char *section, const char *key, int code,
                     const char *why, struct err *err)
{
    return err_set(err, code, "%s [%s] %s: %s", SHOW(f->path), SHOW(section), SHOW(key), why);
}

static int check(const struct sweep_file *f, struct err *err)
{
    for (int i = 0; i < f->n; i++) {
        const struct sweep_entry *e = &f->entry[i];
        if (!known_section(e->section))
            return sweep_file_error(f, e->section, e->key, E_INPUT,
                                    "there is no such section (run, sweep, seeds, when, scale.ci, "
                                    "scale.laptop, scale.paper)", err);
        for (int k = 0; k < i; k++)
            if (!strcmp(f->entry[k].section, e->section) && !strcmp(f->entry[k].key, e->key))
                return sweep_file_error(f, e->section, e->key, E_INPUT, "it is given twice", err);
    }
    return 0;
}

int sweep_file_read(struct sweep_file *f, const char *path, struct err *err)
{
    memset(f, 0, sizeof *f);
    f->path = path;
    int line = ini_parse(path, keep, f);
    if (line == -1)
        return err_errno(err, "cannot open %s", SHOW(path));
    if (f->failed || line == -2)
        return err_nomem(err, "an experiment file");
    if (line > 0)
        return err_set(err, E_INPUT, "%s line %d: neither [section] nor key = value", SHOW(path), line);
    return check(f, err);
}

void sweep_file_free(struct sweep_file *f)
{
    for (int i = 0; i < f->n; i++) {
        free(f->entry[i].section);
        free(f->entry[i].key);
        free(f->entry[i].value);
    }
    free(f->entry);
    memset(f, 0, sizeof *f);
}

const char *sweep_file_get(const struct sweep_file *f, const char *section, const char *key)
{
    for (int i = 0; i < f->n; i++)
        if (!strcmp(f->entry[i].section, section) && !strcmp(f->entry[i].key, key))
            return f->entry[i].value;
    return NULL;
}

int sweep_list_parse(struct sweep_list *l, const char *value)
{
    const char *cut = strchr(value, '|') ? "|" : ",";
    char *save = NULL;
    int cap = 2;
    memset(l, 0, sizeof *l);
    for (const char *p = value; *p; p++)
        cap += *p == *cut;
    l->text = strdup(value);
    l->item = calloc((size_t)cap, sizeof *l->item);
    if (!l->text || !l->item)
        return E_NOMEM;
    for (char *t = strtok_r(l->text, cut, &save); t; t = strtok_r(NULL, cut, &save)) {
        while (isspace((unsigned char)*t))
            t++;
        size_t n = strlen(t);
        while (n && isspace((unsigned char)t[n - 1]))
            t[--n] = 0;
        if (n)
            l->item[l->n++] = t;
    }
    return 0;
}

void sweep_list_free(struct sweep_list *l)
{
    free(l->item);
    free(l->text);
    memset(l, 0, sizeof *l);
}
