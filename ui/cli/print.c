/* See print.h. */
#include "ui/cli/print.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

#include "config.h"
#include "db/store.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/visible.h"
#include "src/math/math.h"

void print_text(FILE *f, const char *text)
{
    char out[4096];
    if (!isatty(fileno(f))) {
        fputs(text, f);
        return;
    }
    if (strlen(text) * 10 < sizeof out) {
        fputs(visible(out, sizeof out, text), f);
        return;
    }
    for (size_t n = strlen(text), part; n; n -= part, text += part) {
        part = n < 256 ? n : 256; /* cut before a byte that begins a character */
        while (part < n && part > 250 && ((unsigned char)text[part] & 0xC0) == 0x80)
            part--;
        fputs(visible_n(out, sizeof out, text, part), f);
    }
}

/* Columns of visible text; *cut: bytes that fit into `columns`. */
static int measure(const char *s, int columns, size_t *cut)
{
    int width = 0;
    size_t i = 0, n = strlen(s);
    while (i < n) {
        uint32_t cp;
        int len = utf8_decode((const unsigned char *)s + i, n - i, &cp);
        int w = len ? utf8proc_charwidth((utf8proc_int32_t)cp) : 1;
        if (width + w > columns)
            break;
        width += w;
        i += len ? (size_t)len : 1;
    }
    *cut = i;
    return width;
}

int print_columns(const char *text)
{
    char out[2048];
    size_t cut;
    return measure(visible(out, sizeof out, text), 1 << 20, &cut);
}

void print_cell(FILE *f, const char *text, int columns, int pad)
{
    char out[2048];
    size_t cut;
    visible(out, sizeof out, text);
    int width = measure(out, columns, &cut);
    if (out[cut] && columns > 1) {
        width = measure(out, columns - 1, &cut) + 1;
        snprintf(out + cut, sizeof out - cut, "\xE2\x80\xA6");
        cut += 3;
    }
    fwrite(out, 1, cut, f);
    for (; pad && width < columns; width++)
        fputc(' ', f);
}

void print_name(FILE *f, const char *name, int columns)
{
    char out[2048];
    size_t head, tail = 0, fits;
    visible(out, sizeof out, name);
    int width = measure(out, columns, &head), end = (columns - 1) / 2;
    if (out[head] && columns > 2) {
        width = measure(out, columns - 1 - end, &head);
        do { /* the longest end that fits, from the beginning of a character */
            tail++;
        } while (((unsigned char)out[tail] & 0xC0) == 0x80 || (measure(out + tail, end, &fits), out[tail + fits]));
        width += 1 + measure(out + tail, end, &fits);
    }
    fwrite(out, 1, head, f);
    if (tail)
        fprintf(f, "\xE2\x80\xA6%s", out + tail);
    for (; width < columns; width++)
        fputc(' ', f);
}

int print_width(void)
{
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
        return 10000;
    return size.ws_col;
}

void print_version(FILE *f)
{
    const struct math *m = math_select("auto", NULL);
    fprintf(f, "electroscope %s\nSQLite %s, kernel set %s, OpenBLAS core %s\n", PACKAGE_VERSION,
            store_sqlite_version(), m ? m->name : "none", math_blas_core());
}

void print_warning(void *ud, const char *text)
{
    char out[1024];
    (void)ud;
    fprintf(stderr, "electroscope: warning: %s\n", visible(out, sizeof out, text));
}

char *print_count(double n, char *out, size_t size)
{
    static const char units[] = "kMGTPE";
    int u = -1;
    double x = n;
    while (fabs(x) >= 999.5 && u < (int)sizeof units - 2) {
        x /= 1000;
        u++;
    }
    if (u < 0)
        snprintf(out, size, "%.0f", n);
    else
        snprintf(out, size, "%.*f%c", fabs(x) < 9.995 ? 2 : fabs(x) < 99.95 ? 1 : 0, x, units[u]);
    return out;
}

char *print_duration(double seconds, char *out, size_t size)
{
    long s = lround(seconds < 0 ? 0 : seconds);
    if (s < 60)
        snprintf(out, size, "%ld s", s);
    else if (s < 3600)
        snprintf(out, size, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(out, size, "%ld h %02ld min", s / 3600, s / 60 % 60);
    return out;
}

void progress_start(struct progress *p, const char *unit)
{
    memset(p, 0, sizeof *p);
    p->start = clock_now();
    p->shown = p->start;
    p->unit = unit;
    p->tty = isatty(STDERR_FILENO);
}

int progress_show(void *progress, const char *stage, double done)
{
    struct progress *p = progress;
    double now = clock_now();
    if (now - p->shown < (p->tty ? 0.2 : 5))
        return 0;
    p->shown = now;
    char line[256], left[64] = "", rate[64] = "", eta[32], count[32];
    double used = now - p->start;
    if (done > 0.01 && used > 1)
        snprintf(left, sizeof left, ", %s left", print_duration(used / done - used, eta, sizeof eta));
    if (p->total > 0 && done > 0 && used > 0)
        snprintf(rate, sizeof rate, ", %s %s/s",
                 print_count(p->total * done / used, count, sizeof count), p->unit);
    if (done < 0)
        snprintf(line, sizeof line, "%s, %s", stage, print_duration(used, eta, sizeof eta));
    else if (p->tty) {
        char bar[25];
        int full = (int)(done * 24 + 0.5);
        for (int i = 0; i < 24; i++)
            bar[i] = i < full ? '#' : '-';
        bar[24] = 0;
        snprintf(line, sizeof line, "[%s] %3.0f %% %s%s%s", bar, done * 100, stage, rate, left);
    } else
        snprintf(line, sizeof line, "%s: %.0f %%%s%s", stage, done * 100, rate, left);
    if (p->tty) {
        fprintf(stderr, "\r%-*s", p->width, line);
        p->width = (int)strlen(line);
    } else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    return 0;
}

void progress_end(struct progress *p)
{
    if (p->width)
        fprintf(stderr, "\r%*s\r", p->width, "");
    p->width = 0;
    fflush(stderr);
}
