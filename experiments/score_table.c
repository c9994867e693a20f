/* See score_table.h. */
#include "experiments/score_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "experiments/scores.h"
#include "src/base/err.h"
#include "src/task/finetune.h"
#include "src/task/glue_average.h"
#include "src/task/task.h"

const int score_errors_kept = MISTAKES_MAX;

static int is_random(const struct query_score *s)
{
    return strstr(s->settings, "random_init") != NULL;
}

static int same_start(const struct query_score *a, const struct query_score *b)
{
    return a->run == b->run && a->checkpoint_step == b->checkpoint_step && !strcmp(a->model, b->model) &&
           is_random(a) == is_random(b);
}

static const char *main_metric(const char *task)
{
    const struct task *t = task_find(task);
    return t ? t->metric : "accuracy";
}

static int by_start(const void *x, const void *y)
{
    const struct query_score *a = x, *b = y;
    if (a->run != b->run)
        return a->run > b->run ? -1 : 1;
    if (a->checkpoint_step != b->checkpoint_step)
        return a->checkpoint_step > b->checkpoint_step ? -1 : 1;
    int d = strcmp(a->model, b->model);
    d = d ? d : is_random(a) - is_random(b);
    d = d ? d : strcmp(a->task, b->task);
    d = d ? d : strcmp(a->metric, b->metric);
    d = d ? d : strcmp(a->settings, b->settings);
    return d ? d : a->seed < b->seed ? -1 : a->seed > b->seed;
}

static int task_of(struct score_table *t, const char *name)
{
    for (int i = 0; i < t->ntasks; i++)
        if (!strcmp(t->tasks[i].name, name))
            return i;
    if (t->ntasks == SCORE_TASKS) {
        t->left_out++;
        return -1;
    }
    struct score_task *x = &t->tasks[t->ntasks];
    snprintf(x->name, sizeof x->name, "%s", name);
    snprintf(x->metric, sizeof x->metric, "%s", main_metric(name));
    x->majority = NAN;
    return t->ntasks++;
}

/* In the order of task.def, then the alphabet, whatever the store holds first. */
static void list_tasks(struct score_table *t)
{
    for (int k = 0; k < task_count; k++)
        for (int i = 0; i < t->nscores; i++)
            if (!strcmp(t->scores[i].task, task_table[k].name)) {
                task_of(t, task_table[k].name);
                break;
            }
    for (int i = 0; i < t->nscores; i++) {
        int k = task_of(t, t->scores[i].task);
        if (k >= 0 && !strcmp(t->scores[i].metric, "majority"))
            t->tasks[k].majority = t->scores[i].value;
    }
}

/* Seeds of one start, task and settings: scores [at, end). The newest settings stay. */
static int fill_cell(struct score_table *t, struct score_cell *c, int at, int end)
{
    double *v = arena_alloc(&t->arena, (size_t)(end - at), sizeof *v), newest = 0, had = 0;
    if (!v)
        return E_NOMEM;
    for (int i = at; i < end; i++) {
        v[i - at] = t->scores[i].value;
        newest = fmax(newest, t->scores[i].time);
    }
    for (int i = 0; i < c->seeds; i++)
        had = fmax(had, t->scores[c->first + i].time);
    if (c->seeds && had >= newest)
        return 0;
    *c = (struct score_cell){.first = at, .seeds = end - at};
    stats_of(v, end - at, &c->s);
    for (int i = at; i < end; i++)
        c->stuck += !strcmp(t->scores[i].state, "stuck");
    return 0;
}

static void label(struct query *q, struct score_row *r)
{
    struct query_run *run = r->run ? malloc(sizeof *run) : NULL;
    char id[32], *slash = strrchr(r->model, '/');
    snprintf(id, sizeof id, "%" PRId64, r->run);
    if (run && !query_run_find(q, id, run, NULL))
        snprintf(r->label, sizeof r->label, "%.60s @ %" PRId64, run->name, r->step);
    else if (r->run)
        snprintf(r->label, sizeof r->label, "run %s @ %" PRId64, id, r->step);
    else
        snprintf(r->label, sizeof r->label, "%.80s", slash && slash[1] ? slash + 1 : r->model);
    if (r->random)
        snprintf(r->label + strlen(r->label), sizeof r->label - strlen(r->label), ", random");
    free(run);
}

static int fill_rows(struct score_table *t, struct query *q)
{
    for (int i = 0; i < t->nscores;) {
        const struct query_score *s = &t->scores[i];
        int end = i, k = task_of(t, s->task);
        while (end < t->nscores && same_start(s, &t->scores[end]) && !strcmp(s->task, t->scores[end].task) &&
               !strcmp(s->metric, t->scores[end].metric) && !strcmp(s->settings, t->scores[end].settings))
            end++;
        struct score_row *r = t->nrows ? &t->rows[t->nrows - 1] : NULL;
        if (!r || r->run != s->run || r->step != s->checkpoint_step || strcmp(r->model, s->model) ||
            r->random != is_random(s)) {
            r = &t->rows[t->nrows++];
            *r = (struct score_row){.run = s->run, .step = s->checkpoint_step, .model = s->model,
                                    .random = is_random(s), .glue = NAN};
            label(q, r);
        }
        if (k >= 0 && !strcmp(s->metric, t->tasks[k].metric) && fill_cell(t, &r->cell[k], i, end))
            return E_NOMEM;
        i = end;
    }
    return 0;
}

struct lookup {
    const struct score_table *t;
    const struct score_row *row;
};

/* Of the seeds in the row's cell; other metrics of a task by the same start and settings. */
static double median_of(void *ud, const char *task, const char *metric)
{
    const struct lookup *l = ud;
    double v[64];
    int n = 0;
    for (int k = 0; k < l->t->ntasks; k++) {
        const struct score_cell *c = &l->row->cell[k];
        if (strcmp(l->t->tasks[k].name, task) || !c->seeds)
            continue;
        if (!strcmp(l->t->tasks[k].metric, metric))
            return c->s.median;
        const struct query_score *like = &l->t->scores[c->first];
        for (int i = 0; i < l->t->nscores && n < 64; i++) {
            const struct query_score *s = &l->t->scores[i];
            if (same_start(s, like) && !strcmp(s->task, task) && !strcmp(s->metric, metric) &&
                !strcmp(s->settings, like->settings))
                v[n++] = s->value;
        }
    }
    struct stats x;
    stats_of(v, n, &x);
    return x.median;
}

int score_table_open(struct score_table *t, struct query *q, struct err *err)
{
    memset(t, 0, sizeof *t);
    arena_init(&t->arena);
    t->nscores = query_scores(q, 0, NULL, &t->arena, &t->scores, err);
    if (t->nscores < 0)
        return t->nscores;
    t->rows = arena_zalloc(&t->arena, (size_t)t->nscores + 1, sizeof *t->rows);
    if (!t->rows)
        return err_nomem(err, "the table of scores");
    if (t->nscores)
        qsort(t->scores, (size_t)t->nscores, sizeof *t->scores, by_start);
    list_tasks(t);
    t->left_out = 0;
    if (fill_rows(t, q))
        return err_nomem(err, "the table of scores");
    for (int i = 0; i < t->nrows; i++) {
        struct lookup l = {t, &t->rows[i]};
        double glue = glue_average(median_of, &l, 0, &t->rows[i].glue_tasks);
        t->rows[i].glue = t->rows[i].glue_tasks ? glue : NAN;
    }
    return 0;
}

void score_table_close(struct score_table *t)
{
    arena_free(&t->arena);
    memset(t, 0, sizeof *t);
}

int score_table_csv(const struct score_table *t, struct csv_out *out)
{
    static const char *const heads[] = {"run", "checkpoint_step", "model", "start", "task", "metric", "seeds",
                                        "stuck", "median", "q1", "q3", "mean", "sd", "min", "max", "majority",
                                        "settings"};
    int rows = 0;
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int i = 0; i < t->nrows; i++)
        for (int k = 0; k < t->ntasks; k++) {
            const struct score_row *r = &t->rows[i];
            const struct score_cell *c = &r->cell[k];
            if (!c->seeds)
                continue;
            rows++;
            csv_int(out, r->run);
            csv_int(out, r->step);
            csv_text(out, r->model);
            csv_text(out, r->label);
            csv_text(out, t->tasks[k].name);
            csv_text(out, t->tasks[k].metric);
            csv_int(out, c->seeds);
            csv_int(out, c->stuck);
            csv_known(out, c->s.median);
            csv_known(out, c->s.q1);
            csv_known(out, c->s.q3);
            csv_known(out, c->s.mean);
            csv_known(out, c->s.sd);
            csv_known(out, c->s.min);
            csv_known(out, c->s.max);
            csv_known(out, t->tasks[k].majority);
            csv_text(out, t->scores[c->first].settings);
            csv_end_row(out);
        }
    return rows;
}

/* 1: a later fine-tuning of the same run, step, model, task and seed by other settings wrote its errors in
 * the place of this one's. Those of random weights have a place of their own since they are told apart. */
static int is_replaced(struct query *q, const struct score_table *t, const struct query_score *x, struct arena *a)
{
    for (int i = 0; i < t->nscores; i++) {
        const struct query_score *y = &t->scores[i];
        struct query_mistake *apart;
        struct query_score own;
        if (!(y->time > x->time) || y->run != x->run || y->checkpoint_step != x->checkpoint_step || y->seed != x->seed ||
            strcmp(y->model, x->model) || strcmp(y->task, x->task) || !strcmp(y->settings, x->settings))
            continue;
        own = *y;
        score_tuned_as(y->model, is_random(y), own.model, sizeof own.model);
        if (!is_random(y) || is_random(x) || query_mistakes(q, &own, a, &apart, NULL) <= 0)
            return 1;
    }
    return 0;
}

int score_errors(struct query *q, const struct score_table *t, const struct query_score *x, struct arena *a,
                 struct query_mistake **out, int *replaced)
{
    struct query_score own = *x;
    score_tuned_as(x->model, is_random(x), own.model, sizeof own.model);
    *replaced = is_replaced(q, t, x, a);
    int n = *replaced ? 0 : query_mistakes(q, &own, a, out, NULL);
    if (!n && !*replaced && is_random(x)) /* told before random weights had a place of their own */
        n = query_mistakes(q, x, a, out, NULL);
    return n < 0 ? 0 : n;
}
