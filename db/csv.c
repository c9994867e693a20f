/* See csv.h. */
#include "db/csv.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"

struct csv_out {
    FILE *f;
    int columns; /* in this row so far */
    int failed, saved_errno;
};

struct csv_out *csv_new(FILE *f)
{
    struct csv_out *c = calloc(1, sizeof *c);
    if (c)
        c->f = f;
    return c;
}

static void note(struct csv_out *c, int failed)
{
    if (failed && !c->failed) {
        c->failed = 1;
        c->saved_errno = errno;
    }
}

static void comma(struct csv_out *c)
{
    if (c->columns++)
        note(c, fputc(',', c->f) == EOF);
}

static int needs_quotes(const char *text, size_t n)
{
    return n && (strpbrk(text, ",\"\r\n") || text[0] == ' ' || text[n - 1] == ' ' ||
                 text[0] == '\t' || text[n - 1] == '\t');
}

static int is_number(const char *text)
{
    char *end;
    strtod(text, &end);
    return end != text && !*end && !strpbrk(text, " \t\r\nxXpP");
}

/* Would a spreadsheet run it? Blanks (also U+00A0, U+3000) in front don't hide it, and the
 * full-width forms of = + - @ (U+FF1D, FF0B, FF0D, FF20) count. */
static int is_formula(const char *text)
{
    const char *p = text;
    for (;;) {
        if (*p == ' ')
            p++;
        else if (!strncmp(p, "\xc2\xa0", 2))
            p += 2;
        else if (!strncmp(p, "\xe3\x80\x80", 3))
            p += 3;
        else
            break;
    }
    if (*p && strchr("=+-@\t\r\n", *p))
        return !is_number(text);
    return !strncmp(p, "\xef\xbc\x9d", 3) || !strncmp(p, "\xef\xbc\x8b", 3) ||
           !strncmp(p, "\xef\xbc\x8d", 3) || !strncmp(p, "\xef\xbc\xa0", 3);
}

static void write_cell(struct csv_out *c, const char *text)
{
    size_t n = strlen(text);
    comma(c);
    if (needs_quotes(text, n))
        note(c, csv_fwrite(c->f, text, n) != 0); /* quotes the field, doubles quotes in it */
    else
        note(c, fwrite(text, 1, n, c->f) != n);
}

/* The text with an apostrophe in front if `quote`, and U+FFFD for bytes that are not UTF-8. */
static void write_changed(struct csv_out *c, const char *text, int quote)
{
    size_t n = strlen(text), used = 0;
    char *safe = malloc(3 * n + 2);
    if (!safe) {
        errno = ENOMEM;
        note(c, 1);
        return;
    }
    if (quote)
        safe[used++] = '\'';
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int len = utf8_decode((const unsigned char *)text + i, n - i, &cp);
        memcpy(safe + used, len ? text + i : "\xef\xbf\xbd", len ? (size_t)len : 3);
        used += len ? (size_t)len : 3;
        i += len ? (size_t)len : 1;
    }
    safe[used] = 0;
    write_cell(c, safe);
    free(safe);
}

static int is_utf8(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int len = utf8_decode((const unsigned char *)text + i, n - i, &cp);
        if (!len)
            return 0;
        i += (size_t)len;
    }
    return 1;
}

void csv_text(struct csv_out *c, const char *text)
{
    int formula = text && is_formula(text);
    if (text && (formula || !is_utf8(text)))
        write_changed(c, text, formula);
    else
        write_cell(c, text ? text : "");
}

void csv_int(struct csv_out *c, int64_t v)
{
    comma(c);
    note(c, fprintf(c->f, "%" PRId64, v) < 0);
}

static void write_real(struct csv_out *c, double v, int digits)
{
    comma(c);
    int rc = isnan(v)   ? fputs("nan", c->f)
             : isinf(v) ? fputs(v > 0 ? "inf" : "-inf", c->f)
                        : fprintf(c->f, "%.*g", digits, v);
    note(c, rc < 0);
}

void csv_float(struct csv_out *c, float v)
{
    write_real(c, (double)v, 9);
}

void csv_real(struct csv_out *c, double v)
{
    write_real(c, v, 17);
}

void csv_known(struct csv_out *c, double v)
{
    if (isnan(v))
        csv_text(c, "");
    else
        csv_real(c, v);
}

void csv_known_float(struct csv_out *c, float v)
{
    if (isnan(v))
        csv_text(c, "");
    else
        csv_float(c, v);
}

void csv_heads(struct csv_out *c, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        csv_text(c, names[i]);
}

void csv_end_row(struct csv_out *c)
{
    note(c, fputs("\r\n", c->f) < 0);
    c->columns = 0;
}

int csv_finish(struct csv_out *c, struct err *err)
{
    note(c, fflush(c->f) != 0 || ferror(c->f));
    int rc = 0;
    if (c->failed) {
        errno = c->saved_errno ? c->saved_errno : EIO;
        rc = errno == EPIPE ? err_set(err, E_IO, "cannot write CSV: the pipe is closed")
                            : err_errno(err, "cannot write CSV");
    }
    free(c);
    return rc;
}
