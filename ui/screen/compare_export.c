/* What `e` writes of the Compare screen: the two tables, or the pane that Tab chose where it shows
 * something else: the curves' points, the sentence's tokens. */
#include <math.h>
#include <stdio.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "ui/screen/compare_int.h"

/* Every point of the curves, and what it is less the first run's. */
static int export_curve(const struct comparison *s, struct csv_out *out)
{
    static const char *const names[] = { "metric", "run", "name", "step", "min", "max", "mean", "less_first" };
    int rows = 0;
    csv_heads(out, names, sizeof names / sizeof names[0]);
    csv_end_row(out);
    for (int i = 0; i < s->c.n; i++)
        for (int k = 0, d = 0; k < s->curve[i].n; k++, rows++) {
            const struct chart_sample *p = &s->curve[i].samples[k];
            while (d < s->less[i].n && s->less[i].samples[d].x < p->x)
                d++;
            int has = d < s->less[i].n && !(s->less[i].samples[d].x > p->x);
            csv_text(out, s->c.metrics[s->metric].name);
            csv_int(out, s->c.runs[i]->id);
            csv_text(out, s->c.runs[i]->name);
            csv_real(out, p->x);
            csv_known(out, p->n ? p->min : NAN);
            csv_known(out, p->n ? p->max : NAN);
            csv_known(out, p->n ? p->mean : NAN);
            csv_known(out, i && has ? s->less[i].samples[d].mean : NAN);
            csv_end_row(out);
        }
    return rows;
}

/* A row a token: what stood there originally, then for each run what it saw and what it said. */
static int export_sentence(const struct comparison *s, struct csv_out *out)
{
    const struct token_seq *first = s->nseqs[0] ? compare_sequence(s, 0) : NULL;
    static const char *const names[] = { "run", "name", "step", "token", "original", "shown", "replaced", "p_replaced" };
    int rows = 0;
    csv_heads(out, names, sizeof names / sizeof names[0]);
    csv_end_row(out);
    for (int i = 0; first && i < s->c.n; i++) {
        const struct token_seq *q = compare_sequence(s, i);
        for (int t = 0; q && t < q->n; t++, rows++) {
            csv_int(out, s->c.runs[i]->id);
            csv_text(out, s->c.runs[i]->name);
            csv_int(out, s->step_of[i]);
            csv_int(out, t);
            csv_text(out, compare_piece(s, q->rows[t].original));
            csv_text(out, compare_piece(s, q->rows[t].sampled));
            csv_int(out, q->rows[t].label);
            csv_known_float(out, q->rows[t].disc_prob);
            csv_end_row(out);
        }
    }
    return rows;
}

int compare_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    const struct comparison *s = self;
    (void)a;
    if (!s->loaded)
        return err_set(err, E_NOTFOUND, "mark two to %d runs first", COMPARE_RUNS);
    if (s->focus == PANE_CURVE)
        return export_curve(s, out);
    if (s->focus == PANE_SENTENCE)
        return export_sentence(s, out);
    return compare_csv(&s->c, s->all, out);
}
