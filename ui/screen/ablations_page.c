/* The page of one row of the table of ablations: its seeds with every metric, then each metric's
 * statistics and what the difference to the baseline is worth, with all their digits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/ablations_int.h"
#include "ui/screen/run_name.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define DIM STYLE(ROLE_DIM, 0)
#define VALUE_W 15       /* a metric's column among the seeds */

/* One more digit than the table has; numbers below one have no zero before the point. */
static char *digits(const struct ablation *t, int m, double v, char out[FMT])
{
    return ablations_number(v, ablations_decimals(t, m) + 1, fabs(v) < 1, out, FMT);
}

static const char *verdict_means(int verdict)
{
    switch (verdict) {
    case STATS_REAL: return "real: p is below .05 after Holm's correction for the rows of the table";
    case STATS_NOISE: return ABLATIONS_NOISE " (the 95 % interval lies within one deviation of a seed)";
    case STATS_UNDECIDED: return "undecided: the interval is too wide to tell; more seeds narrow it";
    default: return "few: under three seeds nothing is tested";
    }
}

/* Metrics with a column of their own: the ranked one first, then as many as fit. */
static int seed_columns(const struct ablation *t, int w, int out[ABLATION_METRICS])
{
    int n = 0, most = (w - 40) / VALUE_W;
    if (t->ranked >= 0)
        out[n++] = t->ranked;
    for (int m = 0; m < t->nmetrics && n < most; m++)
        if (m != t->ranked)
            out[n++] = m;
    return n;
}

static void seed_line(struct ablations *s, struct grid *g, struct rect in, int y, int k, const int *col, int n)
{
    const struct ablation *t = &s->t;
    const struct ablation_row *r = ablations_current(s);
    const struct query_run *run = app_run(s->app, r->runs[k]);
    struct rect row = {y, in.x - 3, 1, in.w + 3};
    char v[FMT];
    if (app_is_marked(s->app, r->runs[k]))
        grid_cell(g, row, y, row.x + 1, STYLE(ROLE_ACCENT, ATTR_BOLD), sign(SIGN_MARK));
    grid_textf(g, in, y, in.x, 12, STYLE(ROLE_TEXT, 0), "%-5lld %lld", (long long)r->seeds[k], (long long)r->runs[k]);
    for (int i = 0; i < n; i++)
        grid_right(g, in, y, in.x + 12 + VALUE_W * i, VALUE_W - 1, STYLE(t->metrics[col[i]].own ? ROLE_DIM : ROLE_TEXT, 0),
                   digits(t, col[i], r->cell[col[i]].values[k], v));
    int x = in.x + 13 + VALUE_W * n;
    if (run)
        run_name_draw(g, in, y, x, in.x + in.w - x, 0, STYLE(ROLE_TEXT, 0), run->name, run->tags);
    if (k != s->seed || !s->detail)
        return;
    grid_cell(g, row, y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    grid_back(g, row, BACK_SELECTED);
    g->cursor_y = y;
    g->cursor_x = row.x;
}

/* Returns the rows used. */
static int draw_seeds(struct ablations *s, struct grid *g, struct rect in, int rows)
{
    const struct ablation_row *r = ablations_current(s);
    int col[ABLATION_METRICS], n = seed_columns(&s->t, in.w, col), y = in.y;
    s->seed = s->seed >= r->n ? r->n - 1 : s->seed;
    rows = rows < 1 ? 1 : rows > r->n ? r->n : rows;
    int top = table_top(0, s->seed, rows, r->n);
    grid_text(g, in, y, in.x, -1, DIM, "seed  run");
    for (int i = 0; i < n; i++)
        grid_right(g, in, y, in.x + 12 + VALUE_W * i, VALUE_W - 1, DIM, ablations_title(s->t.metrics[col[i]].name));
    grid_text(g, in, y++, in.x + 13 + VALUE_W * n, -1, DIM, "name");
    for (int k = top; k < top + rows; k++)
        seed_line(s, g, in, y++, k, col, n);
    return y - in.y;
}

/* A row of the table of metrics: heading, where it stands, width; `wide`: only there. */
enum { M_N, M_MEAN, M_SD, M_MEDIAN, M_Q1, M_Q3, M_DIFF, M_INTERVAL, M_P, M_VERDICT, M_COUNT };
static const struct { const char *head; int w, wide; } columns[M_COUNT] = {
    {"n", 3, 0}, {"mean", 9, 0}, {"sd", 8, 0}, {"median", 9, 1}, {"q1", 8, 1}, {"q3", 8, 1},
    {"difference", 10, 0}, {"95 % interval", 18, 0}, {"p", 6, 1}, {" verdict", 11, 0},
};

static void metric_cell(const struct ablations *s, const struct ablation_row *r, int m, int col, char *out, size_t size)
{
    const struct ablation_cell *x = &r->cell[m];
    const double v[] = {0, x->s.mean, x->s.sd, x->s.median, x->s.q1, x->s.q3};
    int base = r == &s->t.rows[s->t.baseline], own = s->t.metrics[m].own, d = ablations_decimals(&s->t, m) + 1;
    int tested = !base && !own && x->test.kind != STATS_NONE;
    char a[FMT], b[FMT];
    *out = 0;
    if (col == M_N)
        snprintf(out, size, "%d", x->s.n);
    else if (col <= M_Q3)
        snprintf(out, size, "%s", digits(&s->t, m, v[col], a));
    else if (col == M_VERDICT)
        snprintf(out, size, " %s", own ? "own fakes" : base ? "baseline" : x->s.n ? stats_verdict_name(x->verdict) : "-");
    else if (col == M_DIFF && !base && !own && !isnan(x->test.diff))
        snprintf(out, size, "%s", fmt_signed(a, sizeof a, x->test.diff, d));
    else if (col == M_INTERVAL && tested)
        snprintf(out, size, "%s to %s", fmt_signed(a, sizeof a, x->test.lo, d), fmt_signed(b, sizeof b, x->test.hi, d));
    else if (col == M_P && tested)
        fmt_prob(out, size, x->p_holm);
    else
        snprintf(out, size, "-");
}

/* Returns the rows used. */
static int draw_metrics(const struct ablations *s, struct grid *g, struct rect in)
{
    const struct ablation *t = &s->t;
    const struct ablation_row *r = ablations_current(s);
    int wide = in.w >= 112, name = wide ? 15 : 14, y = in.y;
    for (int m = -1; m < t->nmetrics && y < in.y + in.h; m++, y++) {
        struct style style = m < 0 || t->metrics[m].own ? DIM : STYLE(ROLE_TEXT, m == t->ranked ? ATTR_BOLD : 0);
        int x = in.x + name;
        grid_middle(g, in, y, in.x, name, style, m < 0 ? "metric" : ablations_title(t->metrics[m].name));
        for (int c = 0; c < M_COUNT; c++) {
            char text[FMT * 3];
            if (columns[c].wide && !wide)
                continue;
            if (m < 0)
                snprintf(text, sizeof text, "%s", columns[c].head);
            else
                metric_cell(s, r, m, c, text, sizeof text);
            if (c == M_VERDICT)
                grid_text(g, in, y, x, columns[c].w, style, text);
            else
                grid_right(g, in, y, x, columns[c].w, style, text);
            x += columns[c].w + (c != M_P);
        }
        if (m >= 0 && in.w >= 150)
            grid_end(g, in, y, x + 1, in.x + in.w - x - 2, DIM, t->metrics[m].help);
    }
    return y - in.y;
}

void ablations_draw_below(struct ablations *s, struct grid *g, struct rect area)
{
    const struct ablation_row *r = ablations_current(s);
    struct rect in = {area.y + 1, area.x + 3, area.h - 1, area.w - 3};
    char seeds[32];
    snprintf(seeds, sizeof seeds, "%d seed%s", r->n, r->n == 1 ? "" : "s");
    const char *parts[] = {r->label, seeds, "Enter opens them"};
    pane_title(g, area.y, area.x, area.w, 0, parts, 3);
    int used = draw_seeds(s, g, in, in.h - 1);
    in.y += used + 1;
    in.h -= used + 1;
    if (in.h > 1)
        draw_metrics(s, g, in);
}

void ablations_draw_page(struct ablations *s, struct grid *g, struct rect area)
{
    const struct ablation *t = &s->t;
    const struct ablation_row *r = ablations_current(s);
    struct rect in = {area.y + 1, area.x + 3, area.h - 1, area.w - 3};
    char text[700], where[120];
    const char *parts[] = {r->label, ablation_where(t, where, sizeof where)};
    pane_title(g, area.y, area.x, area.w, 1, parts, 2);
    ablations_sentence(s, s->order[s->row], text, sizeof text);
    int used = wrap_text(g, in, STYLE(ROLE_TEXT, ATTR_BOLD), text), end = area.y + area.h;
    in.y += used;
    if (t->ranked >= 0 && r != &t->rows[t->baseline] && area.h >= 18) {
        struct rect line = {in.y, in.x, end - in.y, in.w};
        in.y += wrap_text(g, line, DIM, verdict_means(r->cell[t->ranked].verdict));
    }
    if (*s->along) {
        struct rect line = {in.y, in.x, end - in.y, in.w};
        in.y += wrap_text(g, line, STYLE(ROLE_WARN, 0), s->along);
    }
    in.y += area.h >= 18;
    in.h = end - in.y;
    used = draw_seeds(s, g, in, in.h - t->nmetrics - 3);
    in.y += used + 1;
    in.h = end - in.y;
    if (in.h < 1)
        return;
    in.y += draw_metrics(s, g, in) + 1;
    int left = end - in.y, tall = 3 * t->nrows + 3; /* where there is room, how the rows lie to each other */
    if (left >= t->nrows + 3)
        ablations_draw_spread(s, g, (struct rect){in.y, area.x, left < tall ? left : tall, area.w});
}
