/* Scores: classification, regression, SQuAD. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/task/score.h"
#include "tests/parity_src/parity.h"
#include "tests/parity_src/util.h"

static size_t read_pairs(const char *path, double *gold, double *pred, size_t max)
{
    FILE *f = fopen(path, "r");
    char line[256];
    size_t n = 0;
    if (f && !fgets(line, sizeof line, f))
        n = 0;
    while (f && n < max && fgets(line, sizeof line, f))
        n += sscanf(line, "%lf %lf", &gold[n], &pred[n]) == 2;
    if (f)
        fclose(f);
    return n;
}

enum { MOST = 100000 };

static double measure(const char *root, const char *name, const char *metric, int classes)
{
    static double gold[MOST], pred[MOST];
    static int ig[MOST], ip[MOST];
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/metrics/%s_%s.tsv", root, classes ? "cls" : "reg", name);
    size_t n = read_pairs(path, gold, pred, MOST);
    if (!classes) {
        struct regression_scores r;
        score_regression(gold, pred, n, &r, NULL);
        return !strcmp(metric, "pearson") ? r.pearson : !strcmp(metric, "spearman") ? r.spearman : r.mse;
    }
    int most = 1;
    for (size_t i = 0; i < n; i++) {
        ig[i] = (int)gold[i];
        ip[i] = (int)pred[i];
        most = ig[i] > most ? ig[i] : ip[i] > most ? ip[i] : most;
    }
    struct class_scores s;
    score_classes(ig, ip, n, most + 1, &s, NULL);
    return !strcmp(metric, "accuracy")    ? s.accuracy
           : !strcmp(metric, "matthews")  ? s.matthews
           : !strcmp(metric, "precision") ? s.precision
           : !strcmp(metric, "recall")    ? s.recall
           : !strcmp(metric, "f1")        ? s.f1
                                          : s.f1_macro;
}

static void table(struct parity *p, int classes)
{
    char path[PATH_SIZE], name[128], metric[128], value[128], line[512], label[300];
    snprintf(path, sizeof path, "%s/metrics/%s_expected.tsv", p->root, classes ? "cls" : "reg");
    FILE *f = fopen(path, "r");
    if (!f || !fgets(line, sizeof line, f)) {
        if (f)
            fclose(f);
        return;
    }
    while (fgets(line, sizeof line, f) && sscanf(line, "%127s %127s %127s", name, metric, value) == 3) {
        double want = strtod(value, NULL), got = measure(p->root, name, metric, classes);
        double tolerance = strcmp(name, "big_offset") || !strcmp(metric, "mse") ? 1e-9 : 1e-7;
        tolerance *= fmax(1, fabs(want)); /* the expected values have 12 digits */
        snprintf(label, sizeof label, "%s/%s", name, metric);
        parity_case(p, "metrics", label, isnan(want) && isnan(got) ? 0 : fabs(got - want), tolerance, "");
    }
    fclose(f);
}

static double squad_value(struct squad_result *r, const char *metric)
{
    const char *at = strchr(metric, '@');
    double threshold = at ? strtod(at + 1, NULL) : 1e30;
    int subset = !strncmp(metric, "HasAns_", 7) ? 1 : !strncmp(metric, "NoAns_", 6) ? 2 : 0;
    const char *kind = subset == 1 ? metric + 7 : subset == 2 ? metric + 6 : metric;
    size_t count;
    double value = squad_at(r->questions, r->n, threshold, !strncmp(kind, "f1", 2), subset, &count);
    if (!strcmp(kind, "total"))
        return (double)count;
    if (strncmp(metric, "best_", 5))
        return value;
    struct squad_best b = squad_best_threshold(r->questions, r->n, !strncmp(metric + 5, "f1", 2));
    return strstr(metric, "thresh") ? b.threshold : b.score;
}

static void squad(struct parity *p, int version)
{
    char data[PATH_SIZE], preds[PATH_SIZE], na[PATH_SIZE], path[PATH_SIZE], line[256], metric[64], label[96];
    struct squad_result r;
    struct err err = {0};
    double want;
    snprintf(data, sizeof data, "%s/metrics/squad/v%d_data.json", p->root, version);
    snprintf(preds, sizeof preds, "%s/metrics/squad/v%d_predictions.json", p->root, version);
    snprintf(na, sizeof na, "%s/metrics/squad/v%d_na_probs.json", p->root, version);
    snprintf(path, sizeof path, "%s/metrics/squad/v%d_expected.tsv", p->root, version);
    FILE *f = fopen(path, "r");
    if (!f)
        return;
    snprintf(label, sizeof label, "squad_v%d", version);
    if (squad_score_files(data, preds, version == 2 ? na : NULL, &r, NULL, NULL, &err)) {
        parity_fail(p, "metrics", label, err.text);
        fclose(f);
        return;
    }
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%63s %lf", metric, &want) == 2) {
            snprintf(label, sizeof label, "squad_v%d/%s", version, metric);
            parity_case(p, "metrics", label, fabs(squad_value(&r, metric) - want), 1e-7, "");
        }
    fclose(f);
    double worst = 0;
    snprintf(path, sizeof path, "%s/metrics/squad/v%d_per_question.tsv", p->root, version);
    f = fopen(path, "r");
    char id[64];
    double exact, f1;
    for (size_t i = 0; f && fgets(line, sizeof line, f);) {
        if (sscanf(line, "%63s %lf %lf", id, &exact, &f1) != 3)
            continue;
        if (i >= r.n || strcmp(r.questions[i].id, id))
            worst = INFINITY;
        else
            worst = fmax(worst, fmax(fabs(r.questions[i].exact - exact), fabs(r.questions[i].f1 - f1)));
        i++;
    }
    if (f)
        fclose(f);
    snprintf(label, sizeof label, "squad_v%d/per_question", version);
    parity_case(p, "metrics", label, worst, 1e-9, "");
    squad_result_free(&r);
}

void parity_metrics(struct parity *p)
{
    table(p, 1);
    table(p, 0);
    squad(p, 1);
    squad(p, 2);
}
