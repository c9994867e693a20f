/* See sheet.h. */
#include "ui/cli/sheet.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/arena.h"
#include "src/base/err.h"
#include "src/base/visible.h"
#include "ui/cli/print.h"

#define CELL 1024

struct sheet {
    struct arena arena;
    const char *align;
    int cols, n, cap, failed; /* n: cells */
    const char **cells;
};

struct sheet *sheet_new(const char *align)
{
    struct sheet *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    arena_init(&s->arena);
    s->align = arena_strdup(&s->arena, align);
    s->cols = (int)strlen(align);
    s->failed = !s->align;
    return s;
}

void sheet_cell(struct sheet *s, const char *text)
{
    char shown[CELL];
    if (!s || s->failed)
        return;
    if (s->n == s->cap) {
        int cap = s->cap ? 2 * s->cap : 64;
        const char **more = realloc(s->cells, (size_t)cap * sizeof *more);
        if (!more) {
            s->failed = 1;
            return;
        }
        s->cells = more;
        s->cap = cap;
    }
    s->cells[s->n] = arena_strdup(&s->arena, visible(shown, sizeof shown, text));
    s->failed |= !s->cells[s->n++];
}

void sheet_cellf(struct sheet *s, const char *fmt, ...)
{
    char text[CELL];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    sheet_cell(s, text);
}

static void pad(FILE *f, int n)
{
    for (; n > 0; n--)
        fputc(' ', f);
}

static void print_plain(const struct sheet *s, FILE *f)
{
    int *w = calloc((size_t)s->cols + 1, sizeof *w);
    for (int i = 0; w && i < s->n; i++) {
        int cols = print_columns(s->cells[i]);
        w[i % s->cols] = cols > w[i % s->cols] ? cols : w[i % s->cols];
    }
    for (int i = 0; w && i < s->n; i++) {
        int c = i % s->cols, last = c == s->cols - 1, gap = w[c] - print_columns(s->cells[i]);
        pad(f, s->align[c] == 'r' ? gap : 0);
        fputs(s->cells[i], f);
        pad(f, last ? 0 : (s->align[c] == 'r' ? 0 : gap) + 2);
        if (last)
            fputc('\n', f);
    }
    free(w);
}

static void md_text(FILE *f, const char *text)
{
    for (; *text; text++) {
        if (strchr("|\\*_`<", *text))
            fputc('\\', f);
        fputc(*text, f);
    }
}

static void print_md(const struct sheet *s, FILE *f)
{
    for (int i = 0; i < s->n; i++) {
        int c = i % s->cols;
        fputs(c ? " " : "| ", f);
        md_text(f, s->cells[i]);
        fputs(c == s->cols - 1 ? " |\n" : " |", f);
        if (i != s->cols - 1)
            continue;
        for (int k = 0; k < s->cols; k++)
            fputs(s->align[k] == 'r' ? "|---:" : "|---", f);
        fputs("|\n", f);
    }
}

static void tex_text(FILE *f, const char *text)
{
    static const struct { const char *from, *to; } words[] = {
        {"\xC2\xB1", "$\\pm$"}, {"\xE2\x88\x92", "$-$"}, {"\\", "\\textbackslash{}"},
        {"~", "\\textasciitilde{}"}, {"^", "\\textasciicircum{}"},
        {"&", "\\&"}, {"%", "\\%"}, {"$", "\\$"}, {"#", "\\#"}, {"_", "\\_"}, {"{", "\\{"},
        {"}", "\\}"}, {"<", "$<$"}, {">", "$>$"}, {"*", "$^*$"},
    };
    while (*text) {
        size_t k = 0, n = sizeof words / sizeof words[0];
        while (k < n && strncmp(text, words[k].from, strlen(words[k].from)))
            k++;
        if (k < n) {
            fputs(words[k].to, f);
            text += strlen(words[k].from);
        } else
            fputc(*text++, f);
    }
}

static void print_tex(const struct sheet *s, FILE *f)
{
    fprintf(f, "\\begin{tabular}{%s}\n\\hline\n", s->align);
    for (int i = 0; i < s->n; i++) {
        int last = i % s->cols == s->cols - 1;
        tex_text(f, s->cells[i]);
        fputs(last ? " \\\\\n" : " & ", f);
        if (i == s->cols - 1)
            fputs("\\hline\n", f);
    }
    fputs("\\hline\n\\end{tabular}\n", f);
}

int sheet_end(struct sheet *s, FILE *f, enum sheet_form form, struct err *err)
{
    int failed = !s || s->failed;
    if (!failed && form == SHEET_MD)
        print_md(s, f);
    else if (!failed && form == SHEET_TEX)
        print_tex(s, f);
    else if (!failed)
        print_plain(s, f);
    if (s) {
        arena_free(&s->arena);
        free(s->cells);
    }
    free(s);
    if (failed)
        return err_nomem(err, "a table");
    return fflush(f) ? err_errno(err, "cannot write the table") : 0;
}
