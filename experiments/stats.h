/* Statistics of a few seeds: pure functions on doubles. p values are two-sided and exact for the
 * t distribution (incomplete beta by continued fraction: Press et al., Numerical Recipes, 6.4). */
#ifndef ES_EXPERIMENTS_STATS_H
#define ES_EXPERIMENTS_STATS_H
#include <stdint.h>

#define STATS_LEVEL 0.95
#define STATS_LEAST 3    /* fewer seeds are never tested */
#define STATS_FURTHER 99 /* more further seeds than this are not worth a number */

/* Of n finite values; NAN where there are too few (sd from n = 2). Quartiles interpolate between
 * the ordered values (type 7, as R and NumPy do). */
struct stats {
    int n;
    double mean, sd, median, q1, q3, min, max;
};
/* Values that are not finite are left out. */
void stats_of(const double *v, int n, struct stats *out);

/* I_x(a, b), the regularised incomplete beta function. */
double stats_beta(double a, double b, double x);
/* P(|T| > |t|) at df degrees of freedom. */
double stats_t_p(double t, double df);
/* The t that |T| stays below with probability `level`. */
double stats_t_quantile(double level, double df);

enum stats_kind { STATS_NONE, STATS_PAIRED, STATS_WELCH };
/* "-", "paired t", "Welch t" */
const char *stats_kind_name(int kind);
/* A difference of means (a - b). Without a test: the difference, the rest NAN. */
struct stats_test {
    enum stats_kind kind;
    int n;                  /* pairs, or the smaller of the two */
    double diff, se, t, df, p;
    double lo, hi;          /* 95 % interval by t */
    double boot_lo, boot_hi; /* 95 % percentile interval of the bootstrap over seeds */
    double sd;              /* of one seed: pooled over a and b */
};
/* One arm: its values by seed. */
struct stats_arm {
    const double *values;
    const int64_t *seeds;
    int n;
};
/* Paired by seed where at least STATS_LEAST seeds are in both, else Welch's test where both have
 * as many, else none. The bootstrap's draws are keyed by `key`. */
void stats_compare(const struct stats_arm *a, const struct stats_arm *b, uint64_t key,
                   struct stats_test *out);
/* Percentile interval of the mean of d[n] over resamples with replacement (Philox, keyed). */
void stats_bootstrap(const double *d, int n, uint64_t key, double *lo, double *hi);

/* Holm's step-down correction of p[n] (NAN: not tested, not counted) into out[n]. */
void stats_holm(const double *p, int n, double *out);

enum stats_verdict { STATS_FEW, STATS_REAL, STATS_NOISE, STATS_UNDECIDED };
/* "few", "real", "noise", "undecided" */
const char *stats_verdict_name(int verdict);
/* Real: the corrected p is below .05. Noise: the interval lies within one standard deviation of
 * a seed, so that a difference, if there is one, is smaller than what another seed does. Else
 * undecided, and *further is the number of seeds more that would decide it if means and
 * deviations stayed as they are (0: more than STATS_FURTHER). Few: not tested; *further: seeds
 * until it is. `have`: seeds of the smaller arm. further may be NULL. */
enum stats_verdict stats_verdict(const struct stats_test *t, double p_holm, int have, int *further);
#endif
