/* electroscope scores: what fine-tuning gave, a row for each task and start: median over the seeds,
 * its spread, the baseline of the most frequent answer; and GLUE as one number. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "db/query.h"
#include "experiments/finetune_run.h"
#include "src/base/visible.h"
#include "src/task/glue_average.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"
#include "ui/cli/score_rows.h"
#include "ui/cli/sheet.h"

struct scores_args {
    const char *run, *task;
    int all, csv, json, md;
};

/* All seeds of one task, metric and start under the same settings. */
struct group {
    const struct query_score *first;
    int from, n, stuck;
    double majority, last; /* last: time of the newest seed */
    struct finetune_summary summary;
};

struct table {
    struct query_score *rows;
    struct group *groups;
    int nrows, ngroups;
};

static int same_start(const struct query_score *a, const struct query_score *b)
{
    return a->run == b->run && a->checkpoint_step == b->checkpoint_step && !strcmp(a->model, b->model) &&
           !strstr(a->settings, "random_init") == !strstr(b->settings, "random_init");
}

static int same_group(const struct query_score *a, const struct query_score *b)
{
    return same_start(a, b) && !strcmp(a->settings, b->settings) && !strcmp(a->task, b->task);
}

/* By task, start, settings, metric, seed. */
static int by_group(const void *a, const void *b)
{
    const struct query_score *x = a, *y = b;
    int d = strcmp(x->task, y->task);
    if (!d && x->run != y->run)
        return x->run < y->run ? -1 : 1;
    if (!d && x->checkpoint_step != y->checkpoint_step)
        return x->checkpoint_step < y->checkpoint_step ? -1 : 1;
    d = d ? d : strcmp(x->model, y->model);
    d = d ? d : strcmp(x->settings, y->settings);
    d = d ? d : strcmp(x->metric, y->metric);
    return d ? d : x->seed < y->seed ? -1 : x->seed > y->seed;
}

static int make_groups(struct table *t, struct err *err)
{
    qsort(t->rows, (size_t)t->nrows, sizeof *t->rows, by_group);
    t->groups = calloc((size_t)t->nrows + 1, sizeof *t->groups);
    double *values = malloc(((size_t)t->nrows + 1) * sizeof *values);
    if (!t->groups || !values) {
        free(values);
        return err_nomem(err, "scores");
    }
    for (int i = 0; i < t->nrows;) {
        struct group *g = &t->groups[t->ngroups++];
        *g = (struct group){.first = &t->rows[i], .from = i, .majority = NAN};
        for (; i < t->nrows && same_group(g->first, &t->rows[i]) &&
               !strcmp(g->first->metric, t->rows[i].metric); i++) {
            values[g->n++] = t->rows[i].value;
            g->stuck += !strcmp(t->rows[i].state, "stuck");
            g->last = fmax(g->last, t->rows[i].time);
        }
        finetune_summarise(values, g->n, &g->summary);
    }
    for (int i = 0; i < t->ngroups; i++)
        for (int k = 0; k < t->ngroups; k++)
            if (!strcmp(t->groups[k].first->metric, "majority") &&
                same_group(t->groups[i].first, t->groups[k].first))
                t->groups[i].majority = t->groups[k].summary.median;
    free(values);
    return 0;
}

static int is_main(const struct group *g)
{
    const struct task *task = task_find(g->first->task);
    return !strcmp(task ? task->metric : "accuracy", g->first->metric); /* minimal pairs are no task */
}

static const char *start_name(const struct query_score *s, char *out, size_t size)
{
    char model[64];
    if (s->run)
        snprintf(out, size, "run %" PRId64 " @ %" PRId64, s->run, s->checkpoint_step);
    else
        snprintf(out, size, "%s", visible(model, sizeof model, s->model));
    if (strstr(s->settings, "random_init"))
        snprintf(out + strlen(out), size - strlen(out), ", random");
    return out;
}

/* Of one start: the median of the newest settings. */
struct lookup {
    const struct table *t;
    const struct query_score *start;
};

static double median_of(void *ud, const char *task, const char *metric)
{
    const struct lookup *l = ud;
    const struct group *best = NULL;
    for (int i = 0; i < l->t->ngroups; i++) {
        const struct group *g = &l->t->groups[i];
        if (same_start(g->first, l->start) && !strcmp(g->first->task, task) &&
            !strcmp(g->first->metric, metric) && (!best || g->last > best->last))
            best = g;
    }
    return best ? best->summary.median : NAN;
}

/* Calls each(t, start) once for every start. */
static void each_start(const struct table *t, void (*each)(const struct table *t, const struct query_score *start))
{
    for (int i = 0; i < t->ngroups; i++) {
        int first = 1;
        for (int k = 0; k < i && first; k++)
            first = !same_start(t->groups[k].first, t->groups[i].first);
        if (first)
            each(t, t->groups[i].first);
    }
}

static void print_average(const struct table *t, const struct query_score *start)
{
    struct lookup l = {t, start};
    char name[128];
    int n[2];
    double paper = glue_average(median_of, &l, 0, &n[0]), board = glue_average(median_of, &l, 1, &n[1]);
    if (!n[1])
        return;
    print_cell(stdout, start_name(start, name, sizeof name), 24, 1);
    printf(" GLUE");
    if (n[0])
        printf("  as the paper counts it %.2f (%d of %d tasks)", paper, n[0], GLUE_PAPER_TASKS);
    printf("  as the board does %.2f (%d of %d)\n", board, n[1], GLUE_BOARD_TASKS);
}

static void print_table(const struct table *t, int all)
{
    char name[128];
    printf("%-14s %-12s %-24s %5s %8s %8s %8s %8s %8s %8s %5s\n", "task", "score", "start", "seeds",
           "median", "q1", "q3", "min", "max", "majority", "stuck");
    for (int i = 0; i < t->ngroups; i++) {
        const struct group *g = &t->groups[i];
        const struct finetune_summary *s = &g->summary;
        if (!strcmp(g->first->metric, "majority") || (!all && !is_main(g)))
            continue;
        print_cell(stdout, g->first->task, 14, 1);
        putchar(' ');
        print_cell(stdout, g->first->metric, 12, 1);
        putchar(' ');
        print_cell(stdout, start_name(g->first, name, sizeof name), 24, 1);
        printf(" %5d %8.2f %8.2f %8.2f %8.2f %8.2f ", g->n, s->median, s->q1, s->q3, s->min, s->max);
        isfinite(g->majority) && is_main(g) ? printf("%8.2f", g->majority) : printf("%8s", "-");
        printf(" %5d\n", g->stuck);
    }
    putchar('\n');
    each_start(t, print_average);
}

static void json_average(const struct table *t, const struct query_score *start)
{
    struct lookup l = {t, start};
    struct json_out j = {.f = stdout};
    int n[2];
    double paper = glue_average(median_of, &l, 0, &n[0]), board = glue_average(median_of, &l, 1, &n[1]);
    if (!n[1])
        return;
    json_open(&j, NULL, '{');
    json_int(&j, "run", start->run);
    json_int(&j, "checkpoint_step", start->checkpoint_step);
    json_text(&j, "model", start->model);
    json_bool(&j, "random_init", strstr(start->settings, "random_init") != NULL);
    json_double(&j, "glue_paper", paper);
    json_int(&j, "paper_tasks", n[0]);
    json_double(&j, "glue_board", board);
    json_int(&j, "board_tasks", n[1]);
    json_close(&j, '}');
    json_end(&j);
}

static void print_json(const struct table *t)
{
    for (int i = 0; i < t->ngroups; i++) {
        const struct group *g = &t->groups[i];
        struct json_out j = {.f = stdout};
        json_open(&j, NULL, '{');
        json_text(&j, "task", g->first->task);
        json_text(&j, "metric", g->first->metric);
        json_int(&j, "run", g->first->run);
        json_int(&j, "checkpoint_step", g->first->checkpoint_step);
        json_text(&j, "model", g->first->model);
        json_text(&j, "settings", g->first->settings);
        json_int(&j, "seeds", g->n);
        json_int(&j, "stuck", g->stuck);
        json_double(&j, "median", g->summary.median);
        json_double(&j, "q1", g->summary.q1);
        json_double(&j, "q3", g->summary.q3);
        json_double(&j, "min", g->summary.min);
        json_double(&j, "max", g->summary.max);
        json_close(&j, '}');
        json_end(&j);
    }
    each_start(t, json_average);
}

static int print_md(const struct table *t, int all, struct err *err)
{
    static const char *const heads[] = {"task", "score", "start", "seeds", "median", "q1", "q3", "majority",
                                        "stuck"};
    char name[128];
    struct sheet *s = sheet_new("lllrrrrrr");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        sheet_cell(s, heads[i]);
    for (int i = 0; i < t->ngroups; i++) {
        const struct group *g = &t->groups[i];
        if (!strcmp(g->first->metric, "majority") || (!all && !is_main(g)))
            continue;
        sheet_cell(s, g->first->task);
        sheet_cell(s, g->first->metric);
        sheet_cell(s, start_name(g->first, name, sizeof name));
        sheet_cellf(s, "%d", g->n);
        sheet_cellf(s, "%.2f", g->summary.median);
        sheet_cellf(s, "%.2f", g->summary.q1);
        sheet_cellf(s, "%.2f", g->summary.q3);
        isfinite(g->majority) && is_main(g) ? sheet_cellf(s, "%.2f", g->majority) : sheet_cell(s, "-");
        sheet_cellf(s, "%d", g->stuck);
    }
    return sheet_end(s, stdout, SHEET_MD, err);
}

static int find_run(struct query *q, const char *name, int64_t *id, struct err *err)
{
    *id = 0;
    if (!name)
        return 0;
    struct query_run *run = calloc(1, sizeof *run);
    int rc = run ? query_run_find(q, name, run, err) : err_nomem(err, "the run");
    *id = rc ? 0 : run->id;
    free(run);
    return rc;
}

static int print_all(struct query *q, const struct scores_args *a, int64_t run, const char *task,
                     struct err *err)
{
    struct arena arena;
    struct table t = {0};
    arena_init(&arena);
    t.nrows = query_scores(q, run, task, &arena, &t.rows, err);
    int rc = t.nrows < 0 ? t.nrows : make_groups(&t, err);
    if (!rc && a->json)
        print_json(&t);
    else if (!rc && a->md)
        rc = print_md(&t, a->all, err);
    else if (!rc && !t.ngroups)
        fputs("no scores yet: electroscope finetune makes them\n", stderr);
    else if (!rc)
        print_table(&t, a->all);
    free(t.groups);
    arena_free(&arena);
    return rc;
}

static int csv(struct query *q, int64_t run, const char *task, struct err *err)
{
    struct csv_out *out = csv_new(stdout);
    if (!out)
        return err_nomem(err, "the rows");
    score_rows_heading(out);
    int rc = score_rows(out, q, run, task, err), end = csv_finish(out, rc ? NULL : err);
    return rc ? rc : end;
}

static int run(struct cli *c, struct err *err)
{
    const struct scores_args *a = c->own;
    const struct task *task = NULL;
    struct workspace w;
    int64_t id = 0;
    if (a->csv + a->json + a->md > 1)
        return err_set(err, E_USAGE, "scores: one of --csv, --json and --md");
    int rc = a->task ? task_get(a->task, &task, err) : 0;
    if (!rc)
        rc = cli_workspace(c, 0, &w, err);
    struct query *q = rc ? NULL : query_open(w.db, err);
    if (!q)
        return rc ? rc : err->code;
    rc = find_run(q, a->run, &id, err);
    if (!rc)
        rc = a->csv ? csv(q, id, task ? task->name : NULL, err)
                    : print_all(q, a, id, task ? task->name : NULL, err);
    query_close(q);
    return rc;
}

static const struct option_row options[] = {
    {.name = "run", .kind = OPTION_TEXT, .offset = offsetof(struct scores_args, run), .arg = "RUN",
     .help = "of this run only"},
    {.name = "task", .kind = OPTION_TEXT, .offset = offsetof(struct scores_args, task), .arg = "TASK",
     .help = "of this task only"},
    {.name = "all", .kind = OPTION_FLAG, .offset = offsetof(struct scores_args, all),
     .help = "every score of a task, not the main one alone"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = offsetof(struct scores_args, csv),
     .help = "every seed as CSV, the rows of export scores"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct scores_args, json),
     .help = "one JSON object a line"},
    {.name = "md", .kind = OPTION_FLAG, .offset = offsetof(struct scores_args, md),
     .help = "a Markdown table"},
    {.name = NULL},
};

const struct command cmd_scores = {.options = options, .own_size = sizeof(struct scores_args),
                                   .max_args = 0, .run = run};
