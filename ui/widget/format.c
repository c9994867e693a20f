/* See format.h. */
#include "ui/widget/format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/str.h"

static int odd(char *out, size_t size, double v)
{
    if (isfinite(v))
        return 0;
    snprintf(out, size, "%s", isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
    return 1;
}

static char *si(char *out, size_t size, double v, const char *units, int strip)
{
    char digits[FMT];
    double a = fabs(v);
    int k = 0;
    while (a >= 999.5 && units[k + 1]) {
        a /= 1000;
        k++;
    }
    int decimals = !k && a == floor(a) ? 0 : a < 9.995 ? 2 : a < 99.95 ? 1 : 0;
    snprintf(digits, sizeof digits, "%.*f", decimals, a);
    if (strip && strchr(digits, '.')) {
        size_t n = strlen(digits);
        while (digits[n - 1] == '0')
            digits[--n] = 0;
        if (digits[n - 1] == '.')
            digits[n - 1] = 0;
    }
    char unit[2] = { units[k] == ' ' ? 0 : units[k], 0 };
    snprintf(out, size, "%s%s%s", v < 0 ? "-" : "", digits, unit);
    return out;
}

char *fmt_count(char *out, size_t size, double v)
{
    return odd(out, size, v) ? out : si(out, size, v, " kMGTPE", 0);
}

char *fmt_round(char *out, size_t size, double v)
{
    static const char units[] = " kMGTPE";
    char *end;
    if (odd(out, size, v))
        return out;
    si(out, size, v, units, 1);
    double back = strtod(out, &end);
    for (const char *u = strchr(units, *end ? *end : ' '); u > units; u--)
        back *= 1000;
    if (fabs(back - v) > 1e-9 * fabs(v) && fabs(v) >= 1000 && fabs(v) < 1e15)
        fmt_exact(out, size, llround(v));
    return out;
}

char *fmt_exact(char *out, size_t size, int64_t v)
{
    return str_grouped(out, size, v);
}

/* Drops the zero before the point of a number below one. */
static const char *bare(const char *digits)
{
    return digits[0] == '0' && digits[1] == '.' ? digits + 1 : digits;
}

char *fmt_fixed(char *out, size_t size, double v, int decimals)
{
    if (!odd(out, size, v))
        snprintf(out, size, "%s%.*f", v < 0 ? "−" : "", decimals, fabs(v));
    return out;
}

char *fmt_prob(char *out, size_t size, double p)
{
    if (odd(out, size, p))
        return out;
    if (p < 0 || p > 1) { /* no probability, but a skill or an angle */
        char digits[FMT];
        snprintf(digits, sizeof digits, "%.3f", fabs(p));
        snprintf(out, size, "%s%s", p < 0 && strpbrk(digits, "123456789") ? "−" : "", bare(digits));
    } else if (p == 1)
        snprintf(out, size, "1.000");
    else if (p > 0 && p < .001)
        snprintf(out, size, "<.001");
    else if (p > .999)
        snprintf(out, size, ">.999");
    else
        snprintf(out, size, ".%03d", (int)lround(p * 1000));
    return out;
}

char *fmt_signed(char *out, size_t size, double v, int decimals)
{
    char digits[FMT];
    if (odd(out, size, v))
        return out;
    snprintf(digits, sizeof digits, "%.*f", decimals, fabs(v));
    int zero = !strpbrk(digits, "123456789");
    snprintf(out, size, "%s%s", zero ? "" : v < 0 ? "−" : "+", bare(digits));
    return out;
}

char *fmt_exp(char *out, size_t size, double v)
{
    char text[FMT];
    int exponent = 0;
    if (odd(out, size, v))
        return out;
    if (v == 0) {
        snprintf(out, size, "0");
        return out;
    }
    snprintf(text, sizeof text, "%.1e", v);
    char *e = strchr(text, 'e');
    sscanf(e + 1, "%d", &exponent);
    *e = 0;
    snprintf(out, size, "%se%d", text, exponent);
    return out;
}

char *fmt_rate(char *out, size_t size, double v, const char *unit)
{
    char n[FMT];
    snprintf(out, size, "%s %s", fmt_count(n, sizeof n, v < 1000 ? round(v) : v), unit);
    return out;
}

char *fmt_size(char *out, size_t size, double bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
    int k = 0;
    if (odd(out, size, bytes))
        return out;
    while (bytes >= 999.5 && k < 5) {
        bytes /= 1000;
        k++;
    }
    snprintf(out, size, "%.*f %s", k && bytes < 9.95 ? 1 : 0, bytes, units[k]);
    return out;
}

char *fmt_time(char *out, size_t size, double seconds)
{
    if (odd(out, size, seconds))
        return out;
    long s = lround(seconds < 0 ? 0 : seconds > 1e15 ? 1e15 : seconds);
    if (s < 3600)
        snprintf(out, size, "%ld:%02ld", s / 60, s % 60);
    else if (s < 36000)
        snprintf(out, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else if (s < 86400)
        snprintf(out, size, "%ldh%02ld", s / 3600, s / 60 % 60);
    else
        snprintf(out, size, "%ldd%02ldh", s / 86400, s / 3600 % 24);
    return out;
}

char *fmt_age(char *out, size_t size, double seconds)
{
    long s = seconds > 0 ? lround(seconds > 1e15 ? 1e15 : seconds) : 0;
    if (s < 60)
        snprintf(out, size, "%ld s", s);
    else if (s < 3600)
        snprintf(out, size, "%ld min", s / 60);
    else if (s < 86400)
        snprintf(out, size, "%ld h", s / 3600);
    else
        snprintf(out, size, "%ld d", s / 86400);
    return out;
}

char *fmt_mean(char *out, size_t size, double mean, double sd, int n)
{
    char m[FMT], s[FMT];
    if (n < 2 || !isfinite(sd) || !isfinite(mean)) {
        snprintf(out, size, "%s (%d)", fmt_fixed(m, sizeof m, mean, 3), n);
        return out;
    }
    int decimals = sd > 0 ? 1 - (int)floor(log10(sd)) : 3;
    decimals = decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
    fmt_fixed(m, sizeof m, mean, decimals);
    fmt_fixed(s, sizeof s, sd, decimals);
    snprintf(out, size, "%s ± %s (%d)", fabs(mean) < 1 ? bare(m) : m, bare(s), n);
    return out;
}

char *fmt_metric(char *out, size_t size, double v, const char *unit, int decimals, int share)
{
    if (share)
        return fmt_prob(out, size, v);
    if (!strcmp(unit, "FLOP") || (decimals > 6 && v != 0))
        return fmt_exp(out, size, v);
    if (!decimals)
        return fmt_count(out, size, v);
    return fmt_fixed(out, size, v, decimals);
}
