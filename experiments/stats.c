/* See stats.h. */
#include "experiments/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/rng.h"

#define DRAWS 2000

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* v ascending. */
static double quantile(const double *v, int n, double q)
{
    double at = q * (n - 1);
    int i = (int)floor(at);
    return i + 1 < n ? v[i] + (v[i + 1] - v[i]) * (at - i) : v[n - 1];
}

static double mean_of(const double *v, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += v[i];
    return sum / n;
}

/* Sum of squares round the mean. */
static double squares(const double *v, int n, double mean)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (v[i] - mean) * (v[i] - mean);
    return sum;
}

void stats_of(const double *v, int n, struct stats *out)
{
    *out = (struct stats){0, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    double *x = malloc(((size_t)(n > 0 ? n : 0) + 1) * sizeof *x);
    int k = 0;
    if (!x)
        return;
    for (int i = 0; i < n; i++)
        if (isfinite(v[i]))
            x[k++] = v[i];
    out->n = k;
    if (k) {
        qsort(x, (size_t)k, sizeof *x, by_value);
        out->mean = mean_of(x, k);
        out->sd = k > 1 ? sqrt(squares(x, k, out->mean) / (k - 1)) : NAN;
        out->median = quantile(x, k, .5);
        out->q1 = quantile(x, k, .25);
        out->q3 = quantile(x, k, .75);
        out->min = x[0];
        out->max = x[k - 1];
    }
    free(x);
}

/* The continued fraction of the incomplete beta function, by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), h;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    h = d;
    for (int m = 1; m < 1000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double step = 1;
        for (int k = 0; k < 2; k++) {
            double term = k ? odd : even;
            d = 1 + term * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + term / c;
            c = fabs(c) < tiny ? tiny : c;
            step = d * c;
            h *= step;
        }
        if (fabs(step - 1) < 1e-15)
            break;
    }
    return h;
}

double stats_beta(double a, double b, double x)
{
    if (!(x > 0))
        return 0;
    if (x >= 1)
        return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stats_t_p(double t, double df)
{
    if (isnan(t) || !(df > 0))
        return NAN;
    return isinf(t) ? 0 : stats_beta(df / 2, .5, df / (df + t * t));
}

double stats_t_quantile(double level, double df)
{
    double lo = 0, hi = 1, p = 1 - level;
    if (!(df > 0) || !(level > 0) || level >= 1)
        return NAN;
    while (stats_t_p(hi, df) > p && hi < 1e300)
        hi *= 2;
    for (int i = 0; i < 200 && hi - lo > 1e-14 * hi; i++) {
        double mid = (lo + hi) / 2;
        if (stats_t_p(mid, df) > p)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}

const char *stats_kind_name(int kind)
{
    static const char *const names[] = {"-", "paired t", "Welch t"};
    return names[kind];
}

/* Uniform index below n. */
static int pick(uint64_t key, uint32_t draw, uint32_t i, int n)
{
    return (int)(rng_uniform53(key, RNG_BOOTSTRAP, 0, draw, i) * n);
}

static void percentiles(double *means, double *lo, double *hi)
{
    qsort(means, DRAWS, sizeof *means, by_value);
    *lo = quantile(means, DRAWS, (1 - STATS_LEVEL) / 2);
    *hi = quantile(means, DRAWS, (1 + STATS_LEVEL) / 2);
}

/* Of mean(a) - mean(b); b NULL: of mean(a). */
static void bootstrap(const double *a, int na, const double *b, int nb, uint64_t key, double *lo,
                      double *hi)
{
    double *means = malloc(DRAWS * sizeof *means);
    *lo = *hi = NAN;
    if (!means || na < 1)
        goto out;
    for (uint32_t d = 0; d < DRAWS; d++) {
        double sum_a = 0, sum_b = 0;
        for (int i = 0; i < na; i++)
            sum_a += a[pick(key, d, (uint32_t)i, na)];
        for (int i = 0; b && i < nb; i++)
            sum_b += b[pick(key, d, (uint32_t)(na + i), nb)];
        means[d] = sum_a / na - (b ? sum_b / nb : 0);
    }
    percentiles(means, lo, hi);
out:
    free(means);
}

void stats_bootstrap(const double *d, int n, uint64_t key, double *lo, double *hi)
{
    bootstrap(d, n, NULL, 0, key, lo, hi);
}

/* t, p and interval from difference, standard error and degrees of freedom. */
static void finish(struct stats_test *out)
{
    out->t = out->se > 0 ? out->diff / out->se : out->diff ? copysign(INFINITY, out->diff) : 0;
    out->p = stats_t_p(out->t, out->df);
    double half = stats_t_quantile(STATS_LEVEL, out->df) * out->se;
    out->lo = out->diff - half;
    out->hi = out->diff + half;
}

static void paired(const double *d, int n, uint64_t key, struct stats_test *out)
{
    out->kind = STATS_PAIRED;
    out->n = n;
    out->diff = mean_of(d, n);
    out->se = sqrt(squares(d, n, out->diff) / (n - 1) / n);
    out->df = n - 1;
    finish(out);
    stats_bootstrap(d, n, key, &out->boot_lo, &out->boot_hi);
}

static void welch(const double *a, int na, const double *b, int nb, uint64_t key,
                  struct stats_test *out)
{
    double ma = mean_of(a, na), mb = mean_of(b, nb);
    double va = squares(a, na, ma) / (na - 1) / na, vb = squares(b, nb, mb) / (nb - 1) / nb;
    out->kind = STATS_WELCH;
    out->n = na < nb ? na : nb;
    out->diff = ma - mb;
    out->se = sqrt(va + vb);
    out->df = va + vb > 0 ? (va + vb) * (va + vb) / (va * va / (na - 1) + vb * vb / (nb - 1))
                          : na + nb - 2;
    finish(out);
    bootstrap(a, na, b, nb, key, &out->boot_lo, &out->boot_hi);
}

/* The finite values of an arm. */
static int usable(const struct stats_arm *a, double *v, int64_t *seeds)
{
    int n = 0;
    for (int i = 0; i < a->n; i++) {
        if (!isfinite(a->values[i]))
            continue;
        v[n] = a->values[i];
        seeds[n++] = a->seeds[i];
    }
    return n;
}

static void compare(const struct stats_arm *a, const struct stats_arm *b, double *room,
                    int64_t *seeds, uint64_t key, struct stats_test *out)
{
    double *va = room, *vb = va + a->n, *d = vb + b->n;
    int64_t *sa = seeds, *sb = sa + a->n;
    int na = usable(a, va, sa), nb = usable(b, vb, sb), n = 0;
    if (!na || !nb)
        return;
    double ma = mean_of(va, na), mb = mean_of(vb, nb);
    out->diff = ma - mb;
    if (na + nb > 2)
        out->sd = sqrt((squares(va, na, ma) + squares(vb, nb, mb)) / (na + nb - 2));
    for (int i = 0; i < na; i++)
        for (int k = 0; k < nb; k++)
            if (sa[i] == sb[k]) {
                d[n++] = va[i] - vb[k];
                break;
            }
    if (n >= STATS_LEAST)
        paired(d, n, key, out);
    else if (na >= STATS_LEAST && nb >= STATS_LEAST)
        welch(va, na, vb, nb, key, out);
}

void stats_compare(const struct stats_arm *a, const struct stats_arm *b, uint64_t key,
                   struct stats_test *out)
{
    size_t n = (size_t)a->n + (size_t)b->n;
    *out = (struct stats_test){STATS_NONE, 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    double *room = malloc((n + (size_t)a->n + 1) * sizeof *room);
    int64_t *seeds = malloc((n + 1) * sizeof *seeds);
    if (room && seeds)
        compare(a, b, room, seeds, key, out);
    free(room);
    free(seeds);
}

void stats_holm(const double *p, int n, double *out)
{
    int tested = 0, done = 0;
    double least = 0;
    for (int i = 0; i < n; i++) {
        out[i] = NAN;
        tested += !isnan(p[i]);
    }
    while (done < tested) {
        int next = -1;
        for (int i = 0; i < n; i++)
            if (!isnan(p[i]) && isnan(out[i]) && (next < 0 || p[i] < p[next]))
                next = i;
        least = fmax(least, fmin(1, p[next] * (tested - done)));
        out[next] = least;
        done++;
    }
}

const char *stats_verdict_name(int verdict)
{
    static const char *const names[] = {"few", "real", "noise", "undecided"};
    return names[verdict];
}

/* What n seeds would say if difference and deviations stayed: 1 decided. factor: of Holm. */
static int decides(const struct stats_test *t, int n, double factor)
{
    double df = t->kind == STATS_PAIRED ? n - 1 : t->df * (n - 1) / (t->n - 1);
    double se = t->se * sqrt((double)t->n / n);
    if (stats_t_p(se > 0 ? t->diff / se : INFINITY, df) * factor < 1 - STATS_LEVEL)
        return 1;
    return fabs(t->diff) + stats_t_quantile(STATS_LEVEL, df) * se < t->sd;
}

enum stats_verdict stats_verdict(const struct stats_test *t, double p_holm, int have, int *further)
{
    int none;
    further = further ? further : &none;
    *further = 0;
    if (t->kind == STATS_NONE) {
        *further = have < STATS_LEAST ? STATS_LEAST - have : 1;
        return STATS_FEW;
    }
    if (p_holm < 1 - STATS_LEVEL)
        return STATS_REAL;
    if (fmax(fabs(t->lo), fabs(t->hi)) < t->sd || !(t->sd > 0))
        return STATS_NOISE;
    double factor = t->p > 0 ? fmax(1, p_holm / t->p) : 1;
    for (int more = 1; more <= STATS_FURTHER && !*further; more++)
        if (decides(t, t->n + more, factor))
            *further = more;
    return STATS_UNDECIDED;
}
