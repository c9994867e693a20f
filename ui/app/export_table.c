/* See export_table.h. */
#include "ui/app/export_table.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"

enum export_form export_form_of(const char *path)
{
    static const struct { const char *end; enum export_form form; } forms[] = {
        { ".md", EXPORT_MARKDOWN }, { ".tex", EXPORT_LATEX }, { ".svg", EXPORT_SVG },
    };
    size_t n = strlen(path);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t m = strlen(forms[i].end);
        if (n > m && !strcmp(path + n - m, forms[i].end))
            return forms[i].form;
    }
    return EXPORT_CSV;
}

/* The cell at p, without its quotes, into `out` (large enough). Returns where the next one begins;
 * *end: 1 when the row ends with it. */
static const char *next_cell(const char *p, const char *stop, char *out, int *end)
{
    int quoted = p < stop && *p == '"';
    p += quoted;
    for (; p < stop; p++) {
        if (quoted && *p == '"' && p + 1 < stop && p[1] == '"')
            p++;
        else if (quoted ? *p == '"' : *p == ',' || *p == '\r' || *p == '\n')
            break;
        *out++ = *p;
    }
    *out = 0;
    p += quoted && p < stop;
    *end = p >= stop || *p != ',';
    if (!*end)
        return p + 1;
    while (p < stop && (*p == '\r' || *p == '\n'))
        p++;
    return p;
}

static int is_number(const char *text)
{
    char *end;
    if (!*text)
        return 1; /* a missing value */
    strtod(text, &end);
    return !*end;
}

/* right[k]: column k holds numbers alone. Returns the number of columns. */
static size_t look_at_columns(const char *csv, const char *stop, char *cell, unsigned char *right)
{
    size_t columns = 0, k = 0;
    int end, row = 0;
    for (const char *p = csv; p < stop;) {
        p = next_cell(p, stop, cell, &end);
        if (!row) {
            right[k] = 1;
            columns = k + 1;
        } else if (k < columns && !is_number(cell)) {
            right[k] = 0;
        }
        k = end ? 0 : k + 1;
        row += end;
    }
    return columns;
}

static void put_markdown(const char *text, FILE *f)
{
    for (; *text; text++) {
        if (strchr("|\\`*<~", *text)) /* else a cell becomes code, bold, a tag */
            fputc('\\', f);
        fputc(iscntrl((unsigned char)*text) ? ' ' : *text, f);
    }
}

static void put_latex(const char *text, FILE *f)
{
    for (; *text; text++) {
        if (strchr("&%$#_{}", *text))
            fprintf(f, "\\%c", *text);
        else if (*text == '\\')
            fputs("\\textbackslash{}", f);
        else if (*text == '~' || *text == '^')
            fprintf(f, "\\%c{}", *text);
        else if (strchr("<>|", *text)) /* other signs in the old text encoding */
            fputs(*text == '<' ? "\\textless{}" : *text == '>' ? "\\textgreater{}" : "\\textbar{}", f);
        else
            fputc(iscntrl((unsigned char)*text) ? ' ' : *text, f);
    }
}

static void rule_of(enum export_form form, size_t columns, const unsigned char *right, FILE *f)
{
    for (size_t i = 0; i < columns; i++)
        if (form == EXPORT_MARKDOWN)
            fputs(right[i] ? "|--:" : "|---", f);
        else
            fputc(right[i] ? 'r' : 'l', f);
}

int export_table(enum export_form form, const char *csv, size_t n, FILE *f, struct err *err)
{
    const char *stop = csv + n;
    int end, row = 0, latex = form == EXPORT_LATEX;
    size_t k = 0;
    char *cell = malloc(n + 1);
    unsigned char *right = calloc(n + 1, 1);
    if (!cell || !right) {
        free(cell);
        free(right);
        return err_nomem(err, "a table to export");
    }
    size_t columns = look_at_columns(csv, stop, cell, right);
    if (latex) {
        fputs("\\begin{tabular}{", f);
        rule_of(form, columns, right, f);
        fputs("}\n\\toprule\n", f);
    }
    for (const char *p = csv; p < stop;) {
        p = next_cell(p, stop, cell, &end);
        if (latex)
            fputs(k ? " & " : "", f), put_latex(cell, f);
        else
            fputs(k ? " | " : "| ", f), put_markdown(cell, f);
        k = end ? 0 : k + 1;
        if (!end)
            continue;
        fputs(latex ? " \\\\\n" : " |\n", f);
        if (!row++ && latex) {
            fputs("\\midrule\n", f);
        } else if (row == 1) {
            rule_of(form, columns, right, f);
            fputs("|\n", f);
        }
    }
    if (latex)
        fputs("\\bottomrule\n\\end{tabular}\n", f);
    free(cell);
    free(right);
    return 0;
}
