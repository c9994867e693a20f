/* JSON output: see print.h. */
#include <math.h>
#include <string.h>

#include "src/base/visible.h"
#include "ui/cli/print.h"

static void quoted(FILE *f, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = strlen(text);
    fputc('"', f);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        int len = utf8_decode(s + i, n - i, &cp);
        if (!len)
            cp = 0xFFFD; /* no UTF-8: JSON has no other way to say it */
        i += len ? (size_t)len : 1;
        if (cp == '"' || cp == '\\')
            fprintf(f, "\\%c", (int)cp);
        else if (cp >= 0x20 && cp < 0x7F)
            fputc((int)cp, f);
        else if (cp < 0x10000)
            fprintf(f, "\\u%04x", cp);
        else
            fprintf(f, "\\u%04x\\u%04x", 0xD7C0 + (cp >> 10), 0xDC00 + (cp & 0x3FF));
    }
    fputc('"', f);
}

static void begin(struct json_out *j, const char *key)
{
    if (j->comma)
        fputc(',', j->f);
    j->comma = 1;
    if (key) {
        quoted(j->f, key);
        fputc(':', j->f);
    }
}

void json_open(struct json_out *j, const char *key, char bracket)
{
    begin(j, key);
    fputc(bracket, j->f);
    j->comma = 0;
}

void json_close(struct json_out *j, char bracket)
{
    fputc(bracket, j->f);
    j->comma = 1;
}

void json_text(struct json_out *j, const char *key, const char *text)
{
    begin(j, key);
    quoted(j->f, text);
}

void json_int(struct json_out *j, const char *key, int64_t v)
{
    begin(j, key);
    fprintf(j->f, "%lld", (long long)v);
}

static void number(struct json_out *j, const char *key, double v, int digits)
{
    begin(j, key);
    if (isnan(v))
        fputs("\"nan\"", j->f);
    else if (isinf(v))
        fputs(v > 0 ? "\"inf\"" : "\"-inf\"", j->f);
    else
        fprintf(j->f, "%.*g", digits, v);
}

void json_float(struct json_out *j, const char *key, float v)
{
    number(j, key, (double)v, 9);
}

void json_double(struct json_out *j, const char *key, double v)
{
    number(j, key, v, 17);
}

void json_bool(struct json_out *j, const char *key, int v)
{
    begin(j, key);
    fputs(v ? "true" : "false", j->f);
}

void json_end(struct json_out *j)
{
    fputc('\n', j->f);
    fflush(j->f);
    j->comma = 0;
}
