/* See glue_average.h. */
#include "src/task/glue_average.h"

#include <math.h>
#include <stddef.h>

static const struct {
    const char *task, *metric, *second; /* second: the board's other score */
} tasks[GLUE_BOARD_TASKS] = {
    {"cola", "matthews", NULL}, {"sst2", "accuracy", NULL},     {"mrpc", "accuracy", "f1"},
    {"stsb", "spearman", "pearson"}, {"qqp", "accuracy", "f1"}, {"mnli", "accuracy", "accuracy_mm"},
    {"qnli", "accuracy", NULL}, {"rte", "accuracy", NULL},      {"wnli", "accuracy", NULL},
};

double glue_average(double (*value)(void *ud, const char *task, const char *metric), void *ud,
                    int board, int *n)
{
    double sum = 0;
    *n = 0;
    for (int i = 0; i < (board ? GLUE_BOARD_TASKS : GLUE_PAPER_TASKS); i++) {
        double x = value(ud, tasks[i].task, tasks[i].metric);
        double y = board && tasks[i].second ? value(ud, tasks[i].task, tasks[i].second) : NAN;
        if (isnan(x))
            continue;
        sum += isnan(y) ? x : (x + y) / 2;
        ++*n;
    }
    return *n ? sum / *n : NAN;
}
