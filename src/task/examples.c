/* See examples.h: rows into examples, whatever the file's layout. */
#include "src/task/examples.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/task/readers.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define SHOW_N(s, n) visible_n((char[64]){0}, 64, (s), (n))
#define WARNINGS_MAX 5

int label_set_find(const struct label_set *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->names[i], name))
            return i;
    return -1;
}

int label_set_add(struct label_set *s, const char *name, size_t n, struct err *err)
{
    if (s->n == LABELS_MAX)
        return err_set(err, E_INPUT, "there are more than %d different labels", LABELS_MAX);
    if (!s->names)
        s->names = calloc(LABELS_MAX, sizeof *s->names);
    char *copy = s->names ? strndup(name, n) : NULL;
    if (!copy)
        return err_nomem(err, "labels");
    s->names[s->n++] = copy;
    return 0;
}

int label_set_parse(struct label_set *s, const char *list, char by, struct err *err)
{
    memset(s, 0, sizeof *s);
    for (const char *at = list; *at;) {
        const char *end = strchr(at, by);
        size_t n = end ? (size_t)(end - at) : strlen(at);
        int rc = label_set_add(s, at, n, err);
        if (rc)
            return rc;
        at += n + (end != NULL);
    }
    return 0;
}

void label_set_free(struct label_set *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->names[i]);
    free(s->names);
    memset(s, 0, sizeof *s);
}

const char *examples_text(const struct examples *e, size_t at)
{
    return str_get(&e->text) + at;
}

void examples_free(struct examples *e)
{
    free(e->rows);
    str_free(&e->text);
    memset(e, 0, sizeof *e);
}

/* Column numbers below -1 count from the end; -1 is the last. Absent is COLUMN_NONE. */
static const struct cell *cell_at(const struct cell *cells, int n, int column)
{
    int at = column < 0 ? n + column : column;
    return at >= 0 && at < n ? &cells[at] : NULL;
}

static int skip_row(struct row_reader *r, int n)
{
    char text[400];
    if (r->a->whole)
        return err_set(r->err, E_INPUT, "%s line %zu: %d columns are too few, and without this row the "
                       "predictions would not be those of the file's rows", SHOW(r->a->path), r->line, n);
    r->e->skipped++;
    if (++r->told > WARNINGS_MAX || !r->a->warn)
        return 0;
    snprintf(text, sizeof text, "%s line %zu: %d columns are too few, the line is skipped",
             SHOW(r->a->path), r->line, n);
    r->a->warn(r->a->ud, text);
    return 0;
}

/* Empty lines are no rows; one between rows of a file that must be whole may be a row that was lost. */
static int check_empty(struct row_reader *r, int n)
{
    if (!n && !r->empty)
        r->empty = r->line;
    if (!n || !r->empty || !r->a->whole)
        return 0;
    return err_set(r->err, E_INPUT, "%s line %zu is empty, and rows follow it: the predictions would not be "
                   "those of the file's rows", SHOW(r->a->path), r->empty);
}

static int take_score(struct row_reader *r, const struct cell *c, double *out)
{
    char buf[64], *end;
    size_t n = c->n < sizeof buf - 1 ? c->n : sizeof buf - 1;
    memcpy(buf, c->text, n);
    buf[n] = 0;
    *out = strtod(buf, &end);
    if (end == buf || *end || n < c->n || !isfinite(*out))
        return err_set(r->err, E_INPUT, "%s line %zu: the score \"%s\" is not a number",
                       SHOW(r->a->path), r->line, SHOW_N(c->text, c->n));
    return 0;
}

static int take_label(struct row_reader *r, const struct cell *c, int *out)
{
    struct label_set *set = r->a->labels;
    for (*out = 0; *out < set->n; (*out)++)
        if (strlen(set->names[*out]) == c->n && !memcmp(set->names[*out], c->text, c->n))
            return 0;
    if (!c->n)
        return err_set(r->err, E_INPUT, "%s line %zu: the label is empty", SHOW(r->a->path), r->line);
    if (r->a->collect && memchr(c->text, 0, c->n))
        return err_set(r->err, E_INPUT, "%s line %zu: the label holds a NUL byte", SHOW(r->a->path), r->line);
    if (r->a->collect)
        return label_set_add(set, c->text, c->n, r->err);
    char list[160] = "";
    for (int i = 0; i < set->n && strlen(list) < 100; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                 visible((char[24]){0}, 24, set->names[i]));
    return err_set(r->err, E_INPUT, "%s line %zu: the label \"%s\" is none of %s", SHOW(r->a->path),
                   r->line, SHOW_N(c->text, c->n), list);
}

static int take_text(struct row_reader *r, const struct cell *c, size_t *at)
{
    struct str *s = &r->e->text;
    *at = s->len;
    for (size_t i = 0; i < c->n; i++) /* a NUL would end the text early */
        if (!c->text[i]) {
            for (size_t k = 0; k < c->n; k++)
                str_addc(s, c->text[k] ? c->text[k] : ' ');
            str_addn(s, "", 1);
            return s->failed ? err_nomem(r->err, "sentences") : 0;
        }
    str_addn(s, c->text, c->n);
    str_addn(s, "", 1);
    return s->failed ? err_nomem(r->err, "sentences") : 0;
}

int examples_row(struct row_reader *r, const struct cell *cells, int n)
{
    struct examples *e = r->e;
    int rc = check_empty(r, n);
    if (rc || !n)
        return rc;
    const struct cell *label = r->label == COLUMN_NONE ? NULL : cell_at(cells, n, r->label);
    const struct cell *a = cell_at(cells, n, r->first);
    const struct cell *b = r->second == COLUMN_NONE ? NULL : cell_at(cells, n, r->second);
    if (!a || (r->second != COLUMN_NONE && !b) || (r->label != COLUMN_NONE && !label) ||
        (r->label < 0 && r->label != COLUMN_NONE && n < 3))
        return skip_row(r, n);
    if (e->n == e->cap) {
        size_t cap = e->cap ? 2 * e->cap : 1024;
        void *rows = realloc(e->rows, cap * sizeof *e->rows);
        if (!rows)
            return err_nomem(r->err, "examples");
        e->rows = rows;
        e->cap = cap;
    }
    struct example *x = &e->rows[e->n];
    *x = (struct example){.label = -1, .line = r->line, .row = e->n + e->skipped};
    rc = take_text(r, a, &x->a);
    if (!rc && b)
        rc = take_text(r, b, &x->b);
    if (!rc && label)
        rc = r->a->regression ? take_score(r, label, &x->score) : take_label(r, label, &x->label);
    e->n += !rc;
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Collected labels are numbered by their bytes, not by where they stand in the file. */
static int sort_labels(struct examples *e, struct label_set *set, struct err *err)
{
    char **old = malloc(((size_t)set->n + 1) * sizeof *old);
    if (!old)
        return err_nomem(err, "labels");
    memcpy(old, set->names, (size_t)set->n * sizeof *old);
    qsort(set->names, (size_t)set->n, sizeof *set->names, by_text);
    for (size_t i = 0; i < e->n; i++)
        e->rows[i].label = label_set_find(set, old[e->rows[i].label]);
    free(old);
    return 0;
}

int examples_read(struct examples *e, const struct examples_args *a, struct err *err)
{
    memset(e, 0, sizeof *e);
    str_init(&e->text);
    str_addn(&e->text, "", 1);
    struct row_reader r = {.e = e, .a = a, .err = err};
    int rc = a->layout == LAYOUT_TABLE ? read_table(&r) : read_glue(&r);
    if (!rc && !e->n)
        rc = err_set(err, E_INPUT, "%s holds no example", SHOW(a->path));
    if (!rc && r.told > WARNINGS_MAX && a->warn) {
        char text[300];
        snprintf(text, sizeof text, "%s: %zu lines with too few columns were skipped", SHOW(a->path),
                 e->skipped);
        a->warn(a->ud, text);
    }
    if (!rc && a->labelled && a->collect)
        rc = sort_labels(e, a->labels, err);
    if (rc)
        examples_free(e);
    return rc;
}
