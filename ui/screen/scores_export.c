/* What `e` writes of the Scores screen: the table as it is shown, with all digits; what tuned networks
 * got wrong, where that is shown; and every statistic from the palette. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "ui/screen/scores_int.h"

#define ALL "export-all"

static const char *second(int statistic)
{
    static const char *const names[SHOW_COUNT] = { "iqr", "sd", "stuck" };
    return names[statistic];
}

/* The two columns of a task: "cola matthews", "cola iqr". */
static void task_heads(const struct scores *s, int k, struct csv_out *out)
{
    const struct score_task *t = &s->t.tasks[k];
    char text[160];
    snprintf(text, sizeof text, "%s %s", t->name, s->statistic == SHOW_SEEDS ? "seeds" : t->metric);
    csv_text(out, text);
    snprintf(text, sizeof text, "%s %s", t->name, second(s->statistic));
    csv_text(out, text);
}

static void task_cells(const struct scores *s, const struct score_cell *c, struct csv_out *out)
{
    if (s->statistic == SHOW_SEEDS) {
        csv_int(out, c->seeds);
        csv_int(out, c->stuck);
        return;
    }
    int median = s->statistic == SHOW_MEDIAN;
    csv_known(out, c->s.n ? median ? c->s.median : c->s.mean : NAN);
    csv_known(out, c->s.n > 1 ? median ? c->s.q3 - c->s.q1 : c->s.sd : NAN);
}

/* A cell of a row of the table; r NULL: of its last line, what a constant answer gives. */
static void cell(const struct scores *s, const struct score_row *r, int col, struct csv_out *out)
{
    int k = col - 1, task = k >= 0 && k < s->t.ntasks;
    if (k < 0) {
        csv_text(out, r ? r->label : "majority class");
    } else if (r && task) {
        task_cells(s, &r->cell[k], out);
    } else {
        csv_known(out, r ? r->glue : task ? s->t.tasks[k].majority : NAN);
        if (r)
            csv_int(out, r->glue_tasks);
        else
            csv_text(out, "");
    }
}

static int export_table(const struct scores *s, struct csv_out *out)
{
    int n = s->shown.n ? s->shown.n : s->t.ntasks + 2; /* all where nothing was drawn yet */
    for (int i = 0; i < n; i++) {
        int k = (s->shown.n ? s->shown.col[i] : i) - 1;
        if (k >= 0 && k < s->t.ntasks) {
            task_heads(s, k, out);
        } else {
            csv_text(out, k < 0 ? "start" : "glue");
            if (k >= 0)
                csv_text(out, "glue_tasks");
        }
    }
    csv_end_row(out);
    for (int row = 0; row <= s->t.nrows; row++) {
        for (int i = 0; i < n; i++)
            cell(s, row < s->t.nrows ? &s->t.rows[row] : NULL, s->shown.n ? s->shown.col[i] : i, out);
        csv_end_row(out);
    }
    return s->t.nrows + 1;
}

static int nothing(struct err *err)
{
    return err_set(err, E_NOTFOUND, "there are no scores to export yet");
}

int scores_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    const struct scores *s = self;
    (void)a;
    if (s->errors)
        return scores_export_errors(s, out);
    return s->loaded && s->t.nrows ? export_table(s, out) : nothing(err);
}

static int export_all(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    const struct scores *s = self;
    (void)a;
    return s->loaded ? score_table_csv(&s->t, out) : nothing(err);
}

int scores_command(void *self, struct app *a, int i, struct choice *out)
{
    const struct scores *s = self;
    (void)a;
    if (i || !s->loaded || !s->t.nrows)
        return 0;
    snprintf(out->name, sizeof out->name, ALL);
    snprintf(out->help, sizeof out->help, "a row for each start and task, with every statistic");
    return 1;
}

void scores_run_command(void *self, struct app *a, const char *name)
{
    (void)self;
    (void)name;
    app_export(a, "export every statistic to:", "scores-all", export_all);
}
