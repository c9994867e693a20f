/* See squad.h: the best answers of a question out of the beams of its windows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/task/squad.h"

struct candidate {
    double score;
    int window, first, last; /* pieces of the passage */
};

/* The window in which a piece has the most context on its poorer side; ties: the first. */
static int best_window(const struct squad_windows *w, size_t from, size_t to, int piece)
{
    double best = -1;
    int at = -1;
    for (size_t i = from; i < to; i++) {
        const struct squad_window *x = &w->rows[i];
        int left = piece - x->first, right = x->first + x->count - 1 - piece;
        if (left < 0 || right < 0)
            continue;
        double score = (left < right ? left : right) + 0.01 * x->count;
        if (score > best) {
            best = score;
            at = (int)i;
        }
    }
    return at;
}

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->window != y->window)
        return x->window - y->window;
    return x->first != y->first ? x->first - y->first : x->last - y->last;
}

static size_t collect(struct candidate *out, const struct squad_windows *w, size_t from, size_t to,
                      size_t window, const struct span_beam *beam)
{
    const struct squad_window *x = &w->rows[window];
    size_t n = 0;
    for (int k = 0; k < beam->starts; k++) {
        int first = beam->start[k].at - x->offset;
        if (first < 0 || first >= x->count ||
            best_window(w, from, to, x->first + first) != (int)window)
            continue;
        for (int j = 0; j < beam->start[k].ends; j++) {
            int last = beam->start[k].end[j].at - x->offset;
            if (last < first || last >= x->count || last - first + 1 > SQUAD_ANSWER_MAX)
                continue;
            out[n++] = (struct candidate){
                .score = (double)beam->start[k].score + (double)beam->start[k].end[j].score,
                .window = (int)window, .first = x->first + first, .last = x->first + last};
        }
    }
    return n;
}

static int add_answer(struct squad_prediction *p, const char *text, size_t n, double score)
{
    for (int i = 0; i < p->n; i++)
        if (strlen(p->best[i].text) == n && !memcmp(p->best[i].text, text, n))
            return 0;
    char *copy = strndup(text, n);
    if (!copy)
        return E_NOMEM;
    p->best[p->n++] = (struct squad_answer){.text = copy, .score = score};
    return 0;
}

int squad_decode(struct squad_prediction *p, const struct squad_set *s,
                 const struct squad_windows *w, size_t from, size_t to,
                 const struct span_beam *beams, int hf, struct err *err)
{
    size_t n = 0;
    struct candidate *c = malloc((to - from + 1) * SPAN_BEAM * SPAN_BEAM * sizeof *c);
    memset(p, 0, sizeof *p);
    if (!c)
        return err_nomem(err, "candidate answers");
    p->null_score = INFINITY;
    for (size_t i = from; i < to; i++) {
        n += collect(c + n, w, from, to, i, &beams[i]);
        p->null_score = fmin(p->null_score, (double)beams[i].null_score);
    }
    qsort(c, n, sizeof *c, by_score);
    const struct squad_item *q = &s->questions[w->rows[from].question];
    const struct squad_doc *d = &w->docs[q->doc];
    int rc = 0;
    for (size_t i = 0; !rc && i < n && p->n < SQUAD_NBEST; i++) {
        int32_t start = d->start.data[c[i].first], end = d->end.data[c[i].last];
        rc = add_answer(p, q->context + start, (size_t)(end - start), c[i].score);
    }
    free(c);
    if (!rc && !p->n)
        rc = add_answer(p, "empty", 5, -1e9);
    if (hf)
        p->null_score -= p->best[0].score;
    if (rc) {
        squad_prediction_free(p);
        return err_nomem(err, "answers");
    }
    return 0;
}

void squad_prediction_free(struct squad_prediction *p)
{
    for (int i = 0; i < p->n; i++)
        free(p->best[i].text);
    memset(p, 0, sizeof *p);
}
