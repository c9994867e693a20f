/* GLUE's files: columns between tabs, no quoting (a quote is a character), CRLF or LF, a byte
 * order mark perhaps, a heading or none (electra.md section 7.1). */
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/task/readers.h"

#define CELLS_MAX 64

/* "1,3" -> numbers; COLUMN_NONE where there is none. */
static void parse_columns(struct row_reader *r)
{
    int *to[3] = {&r->label, &r->first, &r->second};
    int from = r->a->labelled ? 0 : 1;
    char part[16];
    r->label = r->first = r->second = COLUMN_NONE;
    for (int i = 0; i + from < 3 && task_part(r->a->columns, ',', i, part, sizeof part); i++)
        *to[i + from] = (int)strtol(part, NULL, 10);
}

static int split(const char *line, size_t n, struct cell *cells)
{
    int count = 0;
    const char *end = line + n;
    while (count < CELLS_MAX) {
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        cells[count++] = (struct cell){line, (size_t)((tab ? tab : end) - line)};
        if (!tab)
            break;
        line = tab + 1;
    }
    return count;
}

int read_glue(struct row_reader *r)
{
    char *data;
    size_t size, at = 0;
    struct cell cells[CELLS_MAX];
    int rc = file_read(r->a->path, TASK_FILE_MAX, &data, &size, r->err);
    if (rc)
        return rc;
    parse_columns(r);
    if (size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3))
        at = 3;
    while (!rc && at < size) {
        const char *line = data + at, *nl = memchr(line, '\n', size - at);
        size_t n = nl ? (size_t)(nl - line) : size - at;
        at += n + 1;
        r->line++;
        if (n && line[n - 1] == '\r')
            n--;
        if (r->line > 1 || !r->a->heading)
            rc = examples_row(r, cells, n ? split(line, n, cells) : 0);
    }
    free(data);
    return rc;
}
