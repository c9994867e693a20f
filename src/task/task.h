/* The table of fine-tuning tasks (task.def) and what its rows mean. */
#ifndef ES_TASK_TASK_H
#define ES_TASK_TASK_H

struct err;
enum task_layout { LAYOUT_GLUE_PLAIN, LAYOUT_GLUE, LAYOUT_TABLE, LAYOUT_SQUAD };

struct task {
    const char *name, *dir;
    enum task_layout layout;
    const char *labels, *metric;
    int epochs, unordered;
    const char *train, *dev, *test;
    const char *columns, *tests, *submission, *help;
};
extern const struct task task_table[];
extern const int task_count;

/* By name; dashes and case do not matter ("SST-2" is sst2). NULL if unknown. */
const struct task *task_find(const char *name);
/* The same; E_USAGE lists the names. */
int task_get(const char *name, const struct task **out, struct err *err);
int task_is_span(const struct task *t);
int task_is_regression(const struct task *t);
/* 1: the scores of a regression have bounds, which predictions are held to. */
int task_bounds(const struct task *t, double *low, double *high);
/* Part number i of a list separated by `by`; returns 0 when there is none. */
int task_part(const char *list, char by, int i, char *out, int size);
#endif
