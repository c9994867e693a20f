#include "ui/widget/scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/widget/format.h"

static const double FACTORS[] = {1, 2, 2.5, 5};

/* Multiples of step inside [lo, hi]. */
static int count_multiples(double lo, double hi, double step)
{
    double first = ceil(lo / step - 1e-9), last = floor(hi / step + 1e-9);
    if (last < first) return 0;
    return last - first >= TICKS_MAX ? TICKS_MAX + 1 : (int)(last - first) + 1;
}

static int fill_multiples(struct ticks *t, double lo, double hi, double step)
{
    double first = ceil(lo / step - 1e-9);
    int n = count_multiples(lo, hi, step);
    for (int i = 0; i < n && i < TICKS_MAX; i++) {
        t->at[i] = (first + i) * step;
        if (fabs(t->at[i]) < step * 1e-9) t->at[i] = 0;
    }
    return n < TICKS_MAX ? n : TICKS_MAX;
}

static int on_both(double lo, double hi, double step)
{
    return fabs(lo / step - round(lo / step)) < 1e-9 && fabs(hi / step - round(hi / step)) < 1e-9;
}

/* Decimals that show step exactly: 0.25 needs 2, 0.5 one, 2.5 one, 20 none. */
static int decimals_of(double step)
{
    int d = 0;
    while (d < 9 && fabs(step - round(step)) > 1e-6 * step) step *= 10, d++;
    return d;
}

static const struct { double size; const char *sign; } SI[] = {
    {1, ""}, {1e3, "k"}, {1e6, "M"}, {1e9, "G"}, {1e12, "T"}, {1e15, "P"}, {1e18, "E"}};

static int si_of(double v)
{
    int i = 0;
    while (i < 6 && fabs(v) >= SI[i + 1].size * 0.9995) i++;
    return i;
}

static void drop_zero(char *s)
{
    char *z = s + (*s == '-');
    if (z[0] == '0' && z[1] == '.') memmove(z, z + 1, strlen(z));
}

/* Equal unit and decimals for all ticks; e-notation when they would not fit six columns. */
static void label_linear(struct ticks *t, double step, enum scale_unit unit)
{
    double top = 0;
    for (int i = 0; i < t->n; i++) top = fmax(top, fabs(t->at[i]));
    int si = unit == SCALE_SHARE || top < 1e4 ? 0 : si_of(top);
    if (unit == SCALE_COUNT && top >= 1e3) si = si_of(top);
    double size = SI[si].size;
    t->decimals = decimals_of(step / size);
    for (int i = 0; i < t->n && unit == SCALE_FLOPS; i++) fmt_exp(t->label[i], sizeof t->label[i], t->at[i]);
    if (unit == SCALE_FLOPS) return;
    int small = top > 0 && unit != SCALE_SHARE && (top < 0.0095 || t->decimals > 4);
    for (int i = 0; i < t->n; i++) {
        char *out = t->label[i];
        double v = t->at[i] / size;
        if (small) {
            snprintf(out, sizeof t->label[i], v == 0 ? "0" : "%.1e", v);
            char *e = strstr(out, "e-0");
            if (e) memmove(e + 2, e + 3, strlen(e + 2)); /* 1.0e-04 -> 1.0e-4 */
            continue;
        }
        snprintf(out, sizeof t->label[i], "%.*f%s", t->decimals, v,
                 si && t->at[i] == 0 ? "" : SI[si].sign);
        if (t->at[i] == 0 && unit == SCALE_COUNT) snprintf(out, sizeof t->label[i], "0");
        if (unit == SCALE_SHARE) drop_zero(out);
    }
}

void ticks_linear(struct ticks *t, double lo, double hi, int max, enum scale_unit unit)
{
    t->n = t->decimals = 0;
    if (!isfinite(lo) || !isfinite(hi) || !(hi > lo) || max < 1) return;
    if (max > TICKS_MAX) max = TICKS_MAX;
    int k = (int)floor(log10((hi - lo) / max)) - 1;
    double step = 0;
    for (int f = 0;; f++) {
        step = FACTORS[f % 4] * pow(10, k + f / 4);
        if (unit == SCALE_COUNT && step < 1) continue;
        if (count_multiples(lo, hi, step) > max) continue;
        /* The next step instead, when that one has ticks on both ends and this one has not. */
        double next = FACTORS[(f + 1) % 4] * pow(10, k + (f + 1) / 4);
        if (!on_both(lo, hi, step) && on_both(lo, hi, next) && count_multiples(lo, hi, next) > 2)
            step = next;
        break;
    }
    t->n = fill_multiples(t, lo, hi, step);
    label_linear(t, step, unit);
}

/* 0.001 0.01 0.1 1 10 ... 10k in the shortest form that fits six columns. */
static void label_log(struct ticks *t, enum scale_unit unit)
{
    t->decimals = 0;
    for (int i = 0; i < t->n; i++) {
        char *out = t->label[i];
        double v = t->at[i];
        int si = v >= 1e4 ? si_of(v) : 0;
        if (unit == SCALE_FLOPS)
            fmt_exp(out, sizeof t->label[i], v);
        else if (v < 0.999e-3 || v >= 1e21)
            snprintf(out, sizeof t->label[i], "%.0e", v);
        else
            snprintf(out, sizeof t->label[i], "%g%s", v / SI[si].size, SI[si].sign);
        char *e = strstr(out, "e-0");
        if (e) memmove(e + 2, e + 3, strlen(e + 2));
        if (unit == SCALE_SHARE) drop_zero(out);
        if (unit == SCALE_TIME) /* decades of seconds: 0.1 s, 10 s, 10k s */
            strncat(out, " s", sizeof t->label[i] - strlen(out) - 1);
    }
}

void ticks_log(struct ticks *t, double lo, double hi, int max, enum scale_unit unit)
{
    static const double subs[] = {1, 2, 5};
    t->n = t->decimals = 0;
    if (!(lo > 0) || !isfinite(hi) || !(hi > lo) || max < 1) return;
    if (max > TICKS_MAX) max = TICKS_MAX;
    int fine = log10(hi / lo) < 2, first = (int)floor(log10(lo)), last = (int)ceil(log10(hi));
    for (int skip = 1; skip <= 64; skip++) {
        int n = 0;
        for (int k = first; k <= last; k++) {
            if (((k % skip) + skip) % skip) continue;
            for (int s = 0; s < (fine && skip == 1 ? 3 : 1); s++) {
                double v = subs[s] * pow(10, k);
                if (v < lo * (1 - 1e-9) || v > hi * (1 + 1e-9)) continue;
                if (n < TICKS_MAX) t->at[n] = v;
                n++;
            }
        }
        if (n > max && fine) {
            fine = 0, skip = 0; /* decades alone, from the start */
            continue;
        }
        if (n > max) continue;
        t->n = n;
        break;
    }
    if (t->n < 2) {
        ticks_linear(t, lo, hi, max, unit);
        return;
    }
    label_log(t, unit);
}

void ticks_time(struct ticks *t, double lo, double hi, int max)
{
    static const double steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600,
                                   7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600,
                                   2419200};
    int nsteps = (int)(sizeof steps / sizeof *steps), i = 0;
    t->n = t->decimals = 0;
    if (!isfinite(lo) || !isfinite(hi) || !(hi > lo) || max < 1) return;
    if (max > TICKS_MAX) max = TICKS_MAX;
    while (i < nsteps && count_multiples(lo, hi, steps[i]) > max) i++;
    double step = i < nsteps ? steps[i] : 2419200 * ceil((hi - lo) / (2419200.0 * max));
    t->n = fill_multiples(t, lo, hi, step);
    for (i = 0; i < t->n; i++) {
        double v = t->at[i];
        char *out = t->label[i];
        size_t size = sizeof t->label[i];
        if (step >= 86400)
            snprintf(out, size, "%.0fd", v / 86400);
        else if (step >= 3600)
            snprintf(out, size, "%.0fh", v / 3600);
        else if (hi >= 3600 && step >= 60)
            snprintf(out, size, "%dh%02d", (int)(v / 3600), (int)(v / 60) % 60);
        else
            fmt_time(out, size, v);
    }
}

char *scale_value(double v, enum scale_unit unit, char *out, size_t size)
{
    double a = fabs(v);
    if (unit == SCALE_SHARE) return fmt_prob(out, size, v);
    if (unit == SCALE_TIME) return fmt_time(out, size, v);
    if (unit == SCALE_FLOPS) return fmt_exp(out, size, v);
    if (unit == SCALE_COUNT || a >= 1e4) return fmt_count(out, size, v);
    if (a > 0 && a < 1e-2) return fmt_exp(out, size, v);
    return fmt_fixed(out, size, v, a == 0 ? 0 : a < 1 ? 4 : 3);
}

int scale_range_update(struct scale_range *r, double lo, double hi, double now)
{
    if (!isfinite(lo) || !isfinite(hi)) return 0;
    double old_lo = r->lo, old_hi = r->hi;
    if (!(hi > lo)) {
        double pad = lo == 0 ? 1 : fabs(lo) * 0.05;
        lo -= pad, hi += pad;
    }
    if (!r->set) {
        r->lo = lo, r->hi = hi, r->set = 1, r->narrow_since = 0;
        return 1;
    }
    if (lo < r->lo) r->lo = lo;
    if (hi > r->hi) r->hi = hi;
    if (hi - lo >= 0.6 * (r->hi - r->lo)) {
        r->narrow_since = 0;
    } else if (r->narrow_since <= 0) {
        r->narrow_since = now;
    } else if (now - r->narrow_since >= 5) {
        r->lo = lo, r->hi = hi, r->narrow_since = 0;
    }
    return r->lo != old_lo || r->hi != old_hi;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double scale_percentile(double *v, size_t n, double p)
{
    if (!n) return NAN;
    qsort(v, n, sizeof *v, by_value);
    double rank = p / 100 * (double)(n - 1);
    /* towards the middle: 1 of 200 values may fall outside at either end, none of 50 */
    size_t i = (size_t)(p < 50 ? floor(rank) : ceil(rank));
    return v[i < n ? i : n - 1];
}

double scale_ceiling(double v)
{
    static const double f[] = {1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
    if (!(v > 0) || !isfinite(v)) return 1;
    double unit = pow(10, floor(log10(v)));
    for (size_t i = 0; i < sizeof f / sizeof *f; i++)
        if (f[i] * unit >= v * (1 - 1e-12)) return f[i] * unit;
    return 10 * unit;
}
