/* See score.h: classification and regression. */
#include "src/task/score.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/err.h"

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

int score_classes(const int *gold, const int *pred, size_t n, int classes,
                  struct class_scores *out, struct err *err)
{
    double *table = calloc((size_t)classes * (size_t)classes + 2 * (size_t)classes, sizeof *table);
    if (!table)
        return err_nomem(err, "a confusion table");
    double *is = table + (size_t)classes * (size_t)classes, *said = is + classes;
    double right = 0;
    for (size_t i = 0; i < n; i++) {
        table[gold[i] * classes + pred[i]]++;
        is[gold[i]]++;
        said[pred[i]]++;
        right += gold[i] == pred[i];
    }
    /* Matthews for any number of classes (Gorodkin's R_K). */
    double total = (double)n, both = 0, gg = 0, pp = 0;
    double f1_sum = 0, present = 0;
    for (int k = 0; k < classes; k++) {
        both += is[k] * said[k];
        gg += is[k] * is[k];
        pp += said[k] * said[k];
        if (is[k] + said[k] > 0) {
            f1_sum += 2 * table[k * classes + k] / (is[k] + said[k]);
            present++;
        }
    }
    double under = sqrt(total * total - gg) * sqrt(total * total - pp);
    int one = classes > 1 ? 1 : 0;
    double hit = table[one * classes + one];
    out->accuracy = ratio(right, total);
    out->matthews = under > 0 ? (right * total - both) / under : 0;
    out->precision = ratio(hit, said[one]);
    out->recall = ratio(hit, is[one]);
    out->f1 = ratio(2 * hit, is[one] + said[one]);
    out->f1_macro = ratio(f1_sum, present);
    free(table);
    return 0;
}

static double pearson(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i];
        my += y[i];
    }
    mx /= (double)n;
    my /= (double)n;
    double xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        double dx = x[i] - mx, dy = y[i] - my;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    if (!(xx > 0) || !(yy > 0))
        return NAN;
    double r = xy / (sqrt(xx) * sqrt(yy));
    return r > 1 ? 1 : r < -1 ? -1 : r;
}

struct item {
    double value;
    size_t index;
};

static int by_value(const void *a, const void *b)
{
    double x = ((const struct item *)a)->value, y = ((const struct item *)b)->value;
    return (x > y) - (x < y);
}

static void rank_values(const double *x, size_t n, struct item *items, double *rank)
{
    for (size_t i = 0; i < n; i++)
        items[i] = (struct item){x[i], i};
    qsort(items, n, sizeof *items, by_value);
    for (size_t i = 0; i < n;) {
        size_t j = i;
        while (j < n && items[j].value == items[i].value)
            j++;
        for (size_t k = i; k < j; k++)
            rank[items[k].index] = 0.5 * (double)(i + 1 + j);
        i = j;
    }
}

int score_regression(const double *gold, const double *pred, size_t n,
                     struct regression_scores *out, struct err *err)
{
    struct item *items = malloc((n + 1) * sizeof *items);
    double *ranks = malloc((2 * n + 1) * sizeof *ranks);
    if (!items || !ranks) {
        free(items);
        free(ranks);
        return err_nomem(err, "ranks");
    }
    rank_values(gold, n, items, ranks);
    rank_values(pred, n, items, ranks + n);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (gold[i] - pred[i]) * (gold[i] - pred[i]);
    out->pearson = pearson(gold, pred, n);
    out->spearman = pearson(ranks, ranks + n, n);
    out->mse = n ? sum / (double)n : NAN;
    free(items);
    free(ranks);
    return 0;
}
