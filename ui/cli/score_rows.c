/* See score_rows.h. */
#include "ui/cli/score_rows.h"

#include "src/base/clock.h"

void score_rows_heading(struct csv_out *out)
{
    static const char *const names[] = {"run", "checkpoint_step", "model", "task", "metric", "seed",
                                        "value", "n", "state", "settings", "program", "time"};
    csv_heads(out, names, sizeof names / sizeof names[0]);
    csv_end_row(out);
}

int score_rows(struct csv_out *out, struct query *q, int64_t run, const char *task, struct err *err)
{
    struct arena a;
    struct query_score *rows;
    char time[24];
    arena_init(&a);
    int n = query_scores(q, run, task, &a, &rows, err);
    for (int i = 0; i < n; i++) {
        csv_int(out, rows[i].run);
        csv_int(out, rows[i].checkpoint_step);
        csv_text(out, rows[i].model);
        csv_text(out, rows[i].task);
        csv_text(out, rows[i].metric);
        csv_int(out, rows[i].seed);
        csv_real(out, rows[i].value);
        csv_int(out, rows[i].n);
        csv_text(out, rows[i].state);
        csv_text(out, rows[i].settings);
        csv_text(out, rows[i].program);
        clock_iso(rows[i].time, time, sizeof time);
        csv_text(out, time);
        csv_end_row(out);
    }
    arena_free(&a);
    return n < 0 ? n : 0;
}
