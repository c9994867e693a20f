/* Any table with a heading, columns by name. Comma-separated files are read as RFC 4180 has it;
 * in tab-separated ones a quote is a character. */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/task/readers.h"

#define CELLS_MAX 256
#define SHOW(s) visible((char[200]){0}, 200, (s))

struct table {
    struct row_reader *r;
    struct str text;              /* of the row's cells */
    size_t from[CELLS_MAX + 1];
    size_t ends;                  /* of lines, inside the row's quotes */
    int n, rows, rc, last;        /* last: what ended the row before */
};

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

static void on_cell(void *data, size_t n, void *ud)
{
    struct table *t = ud;
    for (size_t i = 0; i < n; i++)
        t->ends += ((char *)data)[i] == '\n';
    if (t->n == CELLS_MAX)
        return;
    t->from[t->n++] = t->text.len;
    str_addn(&t->text, data ? data : "", data ? n : 0);
    t->from[t->n] = t->text.len;
}

static int find(const struct table *t, const char *name)
{
    size_t want = strlen(name);
    for (int i = 0; i < t->n; i++) {
        size_t n = t->from[i + 1] - t->from[i];
        if (n == want && !memcmp(str_get(&t->text) + t->from[i], name, n))
            return i;
    }
    return -1;
}

/* Column numbers from the heading. The second text is optional where the first is not the
 * default, so that "label,text" reads single sentences. */
static int take_heading(struct table *t)
{
    struct row_reader *r = t->r;
    int *to[3] = {&r->label, &r->first, &r->second}, from = r->a->labelled ? 0 : 1;
    char name[128];
    r->label = r->first = r->second = COLUMN_NONE;
    for (int i = 0; i + from < 3 && task_part(r->a->columns, ',', i, name, sizeof name); i++) {
        int at = find(t, name);
        if (at < 0)
            return err_set(r->err, E_INPUT, "%s line %zu: there is no column %s in the heading",
                           SHOW(r->a->path), r->line, SHOW(name));
        *to[i + from] = at;
    }
    return 0;
}

static void on_row(int c, void *ud)
{
    struct table *t = ud;
    struct cell cells[CELLS_MAX];
    int rest = c == '\n' && t->last == '\r' && !t->n; /* of CR LF */
    t->last = c;
    if (t->rc || rest || (c < 0 && !t->n))
        return;
    t->r->line++;
    if (t->text.failed) {
        t->rc = err_nomem(t->r->err, "a row");
        return;
    }
    for (int i = 0; i < t->n; i++)
        cells[i] = (struct cell){str_get(&t->text) + t->from[i], t->from[i + 1] - t->from[i]};
    if (t->rows || t->n)
        t->rc = t->rows++ ? examples_row(t->r, cells, t->n) : take_heading(t);
    str_clear(&t->text);
    t->r->line += t->ends;
    t->n = 0;
    t->ends = 0;
}

static char separator(const struct examples_args *a)
{
    size_t n = strlen(a->path);
    return a->separator ? a->separator : n > 4 && !strcmp(a->path + n - 4, ".csv") ? ',' : '\t';
}

int read_table(struct row_reader *r)
{
    char *data;
    size_t size;
    int rc = file_read(r->a->path, TASK_FILE_MAX, &data, &size, r->err);
    if (rc)
        return rc;
    struct table *t = calloc(1, sizeof *t);
    struct csv_parser p;
    if (!t || csv_init(&p, CSV_REPALL_NL)) { /* empty lines too: they are counted */
        free(t);
        free(data);
        return err_nomem(r->err, "a table");
    }
    t->r = r;
    str_init(&t->text);
    csv_set_delim(&p, (unsigned char)separator(r->a));
    csv_set_space_func(&p, no_space);
    if (separator(r->a) == '\t')
        csv_set_quote(&p, 0); /* text has no NUL left by then */
    for (size_t i = 0; separator(r->a) == '\t' && i < size; i++)
        data[i] = data[i] ? data[i] : ' ';
    size_t skip = size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3) ? 3 : 0;
    if (csv_parse(&p, data + skip, size - skip, on_cell, on_row, t) != size - skip && !t->rc)
        t->rc = err_set(r->err, E_INPUT, "%s line %zu: %s", SHOW(r->a->path), r->line + 1,
                        csv_strerror(csv_error(&p)));
    if (!t->rc)
        csv_fini(&p, on_cell, on_row, t);
    rc = t->rc;
    if (!rc && !t->rows)
        rc = err_set(r->err, E_INPUT, "%s holds no example", SHOW(r->a->path));
    csv_free(&p);
    str_free(&t->text);
    free(t);
    free(data);
    return rc;
}
