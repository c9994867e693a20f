/* See task.h. */
#include "src/task/task.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"

const struct task task_table[] = {
#define T(id, dir, layout, labels, metric, epochs, unordered, train, dev, test, columns, tests, sub, help) \
    {#id, dir, LAYOUT_##layout, labels, metric, epochs, unordered, train, dev, test, columns, tests, sub, help},
#include "src/task/task.def"
#undef T
};
const int task_count = sizeof task_table / sizeof task_table[0];

/* Equal but for case and dashes. */
static int same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '-' || *a == '_')
            a++;
        while (*b == '-' || *b == '_')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return 0;
        if (!*a)
            return 1;
    }
}

const struct task *task_find(const char *name)
{
    /* what other programs call them */
    static const char *const alias[][2] = {{"squad", "squad1"}, {"squadv1", "squad1"},
                                           {"squadv2", "squad2"}, {"sst", "sst2"}, {"sts", "stsb"}};
    for (size_t i = 0; i < sizeof alias / sizeof alias[0]; i++)
        if (same_name(alias[i][0], name))
            name = alias[i][1];
    for (int i = 0; i < task_count; i++)
        if (same_name(task_table[i].name, name))
            return &task_table[i];
    return NULL;
}

int task_get(const char *name, const struct task **out, struct err *err)
{
    char list[400] = "";
    *out = task_find(name);
    if (*out)
        return 0;
    for (int i = 0; i < task_count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i ? ", " : "",
                 task_table[i].name);
    return err_set(err, E_USAGE, "there is no task %s: the tasks are %s",
                   visible((char[64]){0}, 64, name), list);
}

int task_is_span(const struct task *t)
{
    return t->layout == LAYOUT_SQUAD;
}

int task_is_regression(const struct task *t)
{
    return !task_is_span(t) && (!*t->labels || strstr(t->labels, " to "));
}

int task_bounds(const struct task *t, double *low, double *high)
{
    return task_is_regression(t) && sscanf(t->labels, "%lf to %lf", low, high) == 2;
}

int task_part(const char *list, char by, int i, char *out, int size)
{
    for (; i > 0 && list; i--) {
        list = strchr(list, by);
        list = list ? list + 1 : NULL;
    }
    if (!list || !*list)
        return 0;
    const char *end = strchr(list, by);
    snprintf(out, (size_t)size, "%.*s", end ? (int)(end - list) : (int)strlen(list), list);
    return 1;
}
