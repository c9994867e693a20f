/* Numbers as people read them. Each function writes at most `size` bytes (FMT is enough for all)
 * and returns `out`. NaN is "nan", infinities "inf" and "-inf". */
#ifndef ES_UI_FORMAT_H
#define ES_UI_FORMAT_H
#include <stddef.h>
#include <stdint.h>

#define FMT 32
/* "999", "1.25k", "412k", "6.80G": three digits, so that a growing number keeps its width. */
char *fmt_count(char *out, size_t size, double v);
/* For numbers of a configuration: the same without closing zeros ("1M") where that is the number, else
 * as fmt_exact ("2,343"). */
char *fmt_round(char *out, size_t size, double v);
/* "412,000" */
char *fmt_exact(char *out, size_t size, int64_t v);
/* Losses and other plain decimals: "11.42" */
char *fmt_fixed(char *out, size_t size, double v, int decimals);
/* Probabilities, accuracies, AUC: ".961", "<.001", ">.999", "1.000" */
char *fmt_prob(char *out, size_t size, double p);
/* A difference: "+.012", "−.600" */
char *fmt_signed(char *out, size_t size, double v, int decimals);
/* Learning rates "1.9e-4"; FLOPs "3.1e15" */
char *fmt_exp(char *out, size_t size, double v);
/* "18.4k tok/s" */
char *fmt_rate(char *out, size_t size, double v, const char *unit);
/* "1.4 GB" (powers of 1000) */
char *fmt_size(char *out, size_t size, double bytes);
/* Durations: "0:42", "1:20:07", "20h50", "3d04h" */
char *fmt_time(char *out, size_t size, double seconds);
/* Ages: "12 s", "4 min", "3 h", "2 d" */
char *fmt_age(char *out, size_t size, double seconds);
/* Mean and spread: sd with two significant digits, the mean to the same decimal:
 * "11.45 ± .043 (3)"; n = 1 has no sd. */
char *fmt_mean(char *out, size_t size, double mean, double sd, int n);
/* A number of a metric: 0..1 shares as fmt_prob, the rest by its decimals and size. `unit` and
 * `decimals` as in metric.def. */
char *fmt_metric(char *out, size_t size, double v, const char *unit, int decimals, int share);
#endif
