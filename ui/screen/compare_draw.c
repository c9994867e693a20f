/* Drawing of the Compare screen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/screen/compare_int.h"
#include "ui/screen/metric_label.h"
#include "ui/screen/run_name.h"
#include "ui/screen/screen.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

#define NAME 20
#define RUN_FAIR 11
#define RUN_LEAST 8 /* columns of a run in which something can be read */

static uint8_t role_of(int i)
{
    return (uint8_t)(i < 6 ? ROLE_SERIES1 + i : ROLE_TEXT);
}

/* Columns of a pane: names, then a column a run, then (two runs) the difference. */
struct columns {
    int name, run, diff, n;
};

/* longest: columns of the longest name. It is whole where runs then keep RUN_FAIR columns. */
static struct columns columns_of(const struct comparison *s, int w, int diff, int longest)
{
    struct columns c = {.name = longest + 1, .n = s->c.n, .diff = diff && s->c.n == 2 && w >= 56 ? 10 : 0};
    int most = w - 4 - c.diff - c.n * (RUN_FAIR + 1);
    most = most < NAME ? NAME : most;
    c.name = c.name > most ? most : c.name;
    c.run = (w - 4 - c.name - c.diff) / c.n - 1;
    c.run = c.run > 32 ? 32 : c.run < 6 ? 6 : c.run;
    return c;
}

/* right: over numbers */
static void head(const struct comparison *s, struct grid *g, struct rect in, const struct columns *c, int right)
{
    int tail = 0;
    for (int i = 0; i < c->n; i++) {
        int mine = run_tail(s->c.runs[i]->name, s->c.runs[i]->tags);
        tail = mine > tail ? mine : tail;
    }
    for (int i = 0; i < c->n; i++) {
        int x = in.x + c->name + i * (c->run + 1) + 1;
        const struct query_run *r = s->c.runs[i];
        int w = c->run - 2, spare = right ? w - run_name_columns(w, tail, r->name, r->tags) : 0;
        x += spare;
        grid_cell(g, in, in.y, x, STYLE(role_of(i), ATTR_BOLD), (char[2]){(char)('A' + i), 0});
        run_name_draw(g, in, in.y, x + 2, w, tail, STYLE(role_of(i), ATTR_BOLD), r->name, r->tags);
    }
    if (c->diff)
        grid_right(g, in, in.y, in.x + c->name + 2 * (c->run + 1) + 1, c->diff, STYLE(ROLE_DIM, 0), "B − A");
}

static int scrolled(struct comparison *s, int pane, int rows, int n)
{
    int most = n > rows ? n - rows : 0;
    s->top[pane] = s->top[pane] > most ? most : s->top[pane];
    return s->top[pane];
}

/* Bytes of the folders that all values of a line share: whole paths differ behind them. */
static size_t shared_folders(const struct compare *c, const struct compare_line *l)
{
    const char *slash = *l->value[0] == '/' ? strrchr(l->value[0], '/') : NULL;
    size_t n = slash ? (size_t)(slash + 1 - l->value[0]) : 0;
    for (int r = 1; r < c->n; r++)
        while (n && strncmp(l->value[0], l->value[r], n))
            do n--;
            while (n && l->value[0][n - 1] != '/');
    return n;
}

/* "rows 1 to 9 of 24" where not all rows are on the screen. */
static const char *rows_shown(int top, int rows, int n, char *out, size_t size)
{
    snprintf(out, size, "rows %d to %d of %d", top + 1, top + rows < n ? top + rows : n, n);
    return rows < n ? out : NULL;
}

/* A count that is no field of the configuration has its separators. */
static const char *value_text(const struct compare_line *l, int r, size_t cut, char *out, size_t size)
{
    const char *v = l->value[r];
    if (!config_find(l->name) && *v && v[strspn(v, "0123456789")] == 0 && strlen(v) < 18)
        return fmt_exact(out, size, strtoll(v, NULL, 10));
    return *v ? v + cut : "-";
}

static void draw_config(struct comparison *s, struct grid *g, struct rect area)
{
    const struct compare *c = &s->c;
    char equal[64], part[48], text[FMT];
    int lines = s->all ? c->nlines : c->ndiffer, rows = area.h - 2;
    struct rect in = {area.y + 1, area.x + 1, area.h - 1, area.w - 1};
    int longest = 0;
    for (int i = 0; i < lines; i++)
        longest = text_columns(c->lines[i].name) > longest ? text_columns(c->lines[i].name) : longest;
    struct columns k = columns_of(s, area.w, 0, longest);
    snprintf(equal, sizeof equal, "%d differ%s · = %s equal ones", c->ndiffer,
             c->ndiffer == 1 ? "s" : "", s->all ? "hides" : "shows");
    int top = scrolled(s, PANE_CONFIG, rows, lines);
    const char *parts[] = {"configuration", equal, rows_shown(top, rows, lines, part, sizeof part)};
    pane_title(g, area.y, area.x, area.w, s->focus == PANE_CONFIG, parts, 3);
    head(s, g, in, &k, 0);
    for (int i = 0; i < rows && top + i < lines; i++) {
        const struct compare_line *l = &c->lines[top + i];
        struct style style = STYLE(l->differs ? ROLE_TEXT : ROLE_DIM, 0);
        size_t cut = shared_folders(c, l);
        int y = in.y + 1 + i;
        grid_end(g, in, y, in.x, k.name - 1, STYLE(ROLE_DIM, 0), l->name);
        for (int r = 0; r < c->n; r++)
            grid_middle(g, in, y, in.x + k.name + r * (k.run + 1) + 1, k.run, style,
                        value_text(l, r, cut, text, sizeof text));
    }
    if (!lines)
        grid_text(g, in, in.y + 1, in.x, -1, STYLE(ROLE_TEXT, 0), "Nothing differs.");
}

static const char *at_name(const struct compare *c, char *out, size_t size)
{
    char step[FMT];
    if (c->at == COMPARE_COMMON)
        snprintf(out, size, "at last common step %s (a)", fmt_exact(step, sizeof step, c->step));
    else
        snprintf(out, size, "%s (a)", c->at == COMPARE_LAST ? "at each run's end" : "best of each run");
    return out;
}

static void number(const struct compare_metric *m, double v, char *out, size_t size)
{
    if (isnan(v))
        snprintf(out, size, "-");
    else if (m->share)
        fmt_prob(out, size, v);
    else if (fabs(v) >= 1e7)
        fmt_exp(out, size, v);
    else if (!m->decimals && fabs(v) >= 1000)
        fmt_exact(out, size, (int64_t)llround(v));
    else
        fmt_fixed(out, size, v, m->decimals);
}

static void result_row(const struct comparison *s, struct grid *g, struct rect in, int y, const struct columns *k,
                       const struct compare_metric *m)
{
    char text[FMT];
    uint8_t role = m->own ? ROLE_DIM : ROLE_TEXT;
    grid_end(g, in, y, in.x, k->name - 1, STYLE(ROLE_DIM, 0), metric_label(m->name));
    for (int r = 0; r < s->c.n; r++) {
        number(m, m->value[r], text, sizeof text);
        grid_right(g, in, y, in.x + k->name + r * (k->run + 1) + 1, k->run,
                   STYLE(role, m->best == r ? ATTR_BOLD : 0), text);
    }
    double d = m->value[1] - m->value[0];
    if (!k->diff || isnan(d))
        return;
    if (fabs(d) >= 1e5) {
        char exact[FMT];
        snprintf(text, sizeof text, "%s%.20s", d < 0 ? sign(SIGN_MINUS) : "+", fmt_exp(exact, sizeof exact, fabs(d)));
    } else if (!m->decimals && fabs(d) >= 1000) {
        char exact[FMT];
        fmt_exact(exact, sizeof exact, (int64_t)llround(fabs(d)));
        snprintf(text, sizeof text, "%s%.20s", d < 0 ? sign(SIGN_MINUS) : "+", exact);
    } else
        fmt_signed(text, sizeof text, d, m->decimals > 4 ? 4 : m->decimals);
    grid_right(g, in, y, in.x + k->name + 2 * (k->run + 1) + 1, k->diff, STYLE(role, 0), text);
}

/* 1: not all runs are of one text: held-out losses and common fakes differ with it. */
static int texts_differ(const struct compare *c)
{
    uint64_t known = 0;
    for (int i = 0; i < c->n; i++) {
        uint64_t hash = c->runs[i]->corpus_hash;
        if (known && hash && hash != known)
            return 1;
        known = hash ? hash : known;
    }
    return 0;
}

static void draw_results(struct comparison *s, struct grid *g, struct rect area)
{
    char where[80], part[48];
    int rows = area.h - 2;
    struct rect in = {area.y + 1, area.x + 1, area.h - 1, area.w - 1};
    int longest = 0;
    for (int i = 0; i < s->c.nmetrics; i++) {
        int w = text_columns(metric_label(s->c.metrics[i].name));
        longest = w > longest ? w : longest;
    }
    struct columns k = columns_of(s, area.w, 1, longest);
    int top = scrolled(s, PANE_RESULTS, rows, s->c.nmetrics);
    const char *parts[] = {"results", at_name(&s->c, where, sizeof where), texts_differ(&s->c) ? "! texts differ" : NULL,
                           rows_shown(top, rows, s->c.nmetrics, part, sizeof part)};
    pane_title(g, area.y, area.x, area.w, s->focus == PANE_RESULTS, parts, 4);
    head(s, g, in, &k, 1);
    for (int i = 0; i < rows && top + i < s->c.nmetrics; i++)
        result_row(s, g, in, in.y + 1 + i, &k, &s->c.metrics[top + i]);
}

static void chart_of(const struct comparison *s, struct grid *g, struct rect r, const struct compare_curve *lines,
                     int first)
{
    struct chart_series series[COMPARE_RUNS];
    int n = 0, points = s->c.metrics[s->metric].id >= METRIC_VAL;
    for (int i = first; i < s->c.n; i++) {
        if (!lines[i].n)
            continue;
        series[n] = (struct chart_series){.samples = lines[i].samples, .n = lines[i].n, .role = role_of(i),
                                          .style = points ? CHART_POINTS : CHART_LINE};
        series[n++].label[0] = (char)('A' + i);
    }
    struct chart c = {.x0 = 0, .x1 = (double)s->end, .x_unit = SCALE_COUNT, .y_lo = NAN, .y_hi = NAN,
                      .now = app_now(s->app), .series = series, .nseries = n, .focus = -1, .cursor = NAN,
                      .repeat_letters = app_mono(s->app) || g->ascii};
    c.y_unit = s->c.metrics[s->metric].share && !first ? SCALE_SHARE : SCALE_PLAIN;
    if (n)
        chart_draw(g, r, &c, NULL);
}

static void draw_curve(struct comparison *s, struct grid *g, struct rect area)
{
    const char *name = s->metric < s->c.nmetrics ? metric_label(s->c.metrics[s->metric].name) : "";
    const char *parts[] = {"curves", name, "x step", "s another metric"};
    pane_title(g, area.y, area.x, area.w, s->focus == PANE_CURVE, parts, 4);
    struct rect upper = {area.y + 1, area.x, area.h - 1, area.w}, lower;
    if (s->metric >= s->c.nmetrics || s->c.metrics[s->metric].id < 0)
        return;
    if (area.w >= 100) { /* the difference beside it */
        lower = upper;
        upper.w = area.w * 3 / 5;
        lower.x = area.x + upper.w + 1;
        lower.w = area.w - upper.w - 1;
    } else {
        lower = upper;
        upper.h = (area.h - 1) * 3 / 5;
        lower.y = upper.y + upper.h;
        lower.h = area.h - 1 - upper.h;
    }
    chart_of(s, g, upper, s->curve, 0);
    if (lower.h < 4)
        return;
    struct rect line = {lower.y, lower.x, 1, lower.w};
    grid_text(g, line, lower.y, lower.x + 1, -1, STYLE(ROLE_DIM, 0),
              s->c.n == 2 ? "B less A, step by step" : "each less A, step by step");
    lower.y++;
    lower.h--;
    chart_of(s, g, lower, s->less, 1);
}

const char *compare_piece(const struct comparison *s, int32_t id)
{
    static char joined[160];
    const char *text = s->pieces && id >= 0 ? pieces_get(s->pieces, id) : NULL;
    if (!text || strncmp(text, "##", 2) || !text[2])
        return text ? text : "?";
    snprintf(joined, sizeof joined, "·%.150s", text + 2);
    return joined;
}

static uint8_t heat(float p)
{
    return p < .1F ? BACK_NONE : p < .3F ? BACK_HEAT1 : p < .5F ? BACK_HEAT2 : p < .8F ? BACK_HEAT3 : BACK_HEAT4;
}

static int width_at(const struct comparison *s, int t)
{
    int w = 4;
    for (int i = 0; i < s->c.n; i++) {
        const struct token_seq *q = compare_sequence(s, i);
        if (!q)
            continue;
        int a = text_columns(compare_piece(s, q->rows[t].original));
        int b = q->rows[t].label ? text_columns(compare_piece(s, q->rows[t].sampled)) : 0;
        w = a > w ? a : w;
        w = b > w ? b : w;
    }
    return w > 14 ? 14 : w;
}

/* [CLS] and the like: never masked, so nobody's judgement of them counts. */
static int is_mark(const struct comparison *s, const struct token_row *r)
{
    const char *piece = compare_piece(s, r->original);
    return !strcmp(piece, "[CLS]") || !strcmp(piece, "[SEP]") || !strcmp(piece, "[PAD]");
}

/* 1: a discriminator judged it. */
static int is_judged(const struct token_seq *q)
{
    for (int t = 0; t < q->n; t++)
        if (!isnan(q->rows[t].disc_prob))
            return 1;
    return 0;
}

/* One run's judgement of token t: p(replaced), and what stood there where it was replaced. */
static void draw_token(const struct comparison *s, struct grid *g, struct rect in, int y, int x, int w,
                       const struct token_row *r)
{
    char p[FMT];
    struct style style = {ROLE_TEXT, heat(r->disc_prob), r->disc_prob >= .5F ? ATTR_BOLD : 0};
    if (is_mark(s, r) && !isnan(r->disc_prob))
        grid_text(g, in, y, x, w, STYLE(ROLE_DIM, 0), sign(SIGN_DOT));
    else if (!isnan(r->disc_prob))
        grid_text(g, in, y, x, w, style, fmt_prob(p, sizeof p, (double)r->disc_prob));
    if (r->label)
        grid_text(g, in, y + 1, x, w, STYLE(ROLE_TEXT, ATTR_UNDERLINE), compare_piece(s, r->sampled));
}

static void caught_text(const struct comparison *s, const struct token_seq *q, char *out, size_t size)
{
    int caught = 0, replaced = 0, accused = 0;
    for (int t = 0; t < q->n; t++) {
        replaced += q->rows[t].label;
        caught += q->rows[t].label && q->rows[t].disc_prob > .5F;
        accused += !q->rows[t].label && q->rows[t].disc_prob > .5F && !is_mark(s, &q->rows[t]);
    }
    snprintf(out, size, "caught %d of %d · %d false", caught, replaced, accused);
}

static void draw_sentence(struct comparison *s, struct grid *g, struct rect area)
{
    char title[96], step[FMT], caught[64];
    struct rect in = {area.y + 1, area.x + 1, area.h - 1, area.w - 2};
    const struct token_seq *first = s->nseqs[0] ? compare_sequence(s, 0) : NULL;
    snprintf(title, sizeof title, "%s %d of %d", s->source == TOKENS_PROBE ? "pinned" : "held out", s->sentence + 1,
             s->nseqs[0]);
    const char *parts[] = {"same sentence", first ? title : NULL, "P(replaced) in each run; what stood there below"};
    pane_title(g, area.y, area.x, area.w, s->focus == PANE_SENTENCE, parts, 3);
    if (!first) {
        grid_text(g, in, in.y, in.x, -1, STYLE(ROLE_TEXT, 0), "The first run has no token snapshot yet.");
        return;
    }
    s->token = s->token >= first->n ? first->n - 1 : s->token;
    int x0 = in.x + 3, tall = in.h >= 1 + 3 * s->c.n;
    for (int t = s->token, x = x0; t < first->n; t++) {
        int w = width_at(s, t), y = in.y + 1;
        if (x + w > in.x + in.w) { /* no token is cut */
            grid_cell(g, area, in.y, area.x + area.w - 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_MORE_RIGHT));
            break;
        }
        grid_text(g, in, in.y, x, w, STYLE(ROLE_DIM, 0), compare_piece(s, first->rows[t].original));
        for (int i = 0; i < s->c.n; i++, y += 2 + tall) {
            const struct token_seq *q = compare_sequence(s, i);
            if (q)
                draw_token(s, g, in, y, x, w, &q->rows[t]);
        }
        x += w + 1;
    }
    for (int i = 0, y = in.y + 1; i < s->c.n; i++, y += 2 + tall) {
        const struct token_seq *q = compare_sequence(s, i);
        char name[4] = {(char)('A' + i), 0};
        grid_text(g, in, y, in.x, 1, STYLE(role_of(i), ATTR_BOLD), name);
        if (!q)
            grid_text(g, in, y, x0, -1, STYLE(ROLE_DIM, 0), "does not have this sentence");
        if (q && !is_judged(q))
            grid_text(g, in, y, x0, -1, STYLE(ROLE_DIM, 0), "no discriminator here: nobody judged it");
        if (!q || !tall || !is_judged(q))
            continue;
        caught_text(s, q, caught, sizeof caught);
        grid_textf(g, in, y + 2, x0, -1, STYLE(ROLE_DIM, 0), "step %s · %s",
                   fmt_exact(step, sizeof step, s->step_of[i]), caught);
    }
}

static void draw_pane(struct comparison *s, struct grid *g, struct rect area, int pane)
{
    switch (pane) {
    case PANE_CONFIG: draw_config(s, g, area); break;
    case PANE_RESULTS: draw_results(s, g, area); break;
    case PANE_CURVE: draw_curve(s, g, area); break;
    default: draw_sentence(s, g, area); break;
    }
}

static void draw_empty(const struct comparison *s, struct grid *g, struct rect area)
{
    struct rect in = {area.y + 2, area.x + 3, area.h - 2, area.w - 6};
    pane_titlef(g, area.y, area.x, area.w, 1, "compare");
    if (s->error[0]) {
        grid_text(g, in, in.y, in.x, -1, STYLE(ROLE_TEXT, 0), s->error);
        return;
    }
    grid_textf(g, in, in.y, in.x, -1, STYLE(ROLE_TEXT, 0), "Mark two to %d runs with Space, on Runs (1) or "
               "Ablations (4),", COMPARE_RUNS);
    grid_text(g, in, in.y + 1, in.x, -1, STYLE(ROLE_TEXT, 0), "to see them here side by side.");
}

/* Rows of the two tables: what they need, half of the area at most. */
static int table_rows(const struct comparison *s, int h)
{
    int lines = s->all ? s->c.nlines : s->c.ndiffer;
    int want = 2 + (lines > s->c.nmetrics ? lines : s->c.nmetrics);
    return want > h ? h : want < 5 ? 5 : want;
}

static int left_width(struct rect area) { return area.w * 7 / 16; /* results have a column more */ }

/* 1: two tables side by side would leave the runs too few columns. */
static int crowded(const struct comparison *s, struct rect area)
{
    return (left_width(area) - 4 - NAME) / s->c.n - 1 < RUN_LEAST;
}

static void draw_wide(struct comparison *s, struct grid *g, struct rect area)
{
    struct rect left = area, right = area, below = area;
    int sentence = 2 + 3 * s->c.n > area.h / 3 ? area.h / 3 : 2 + 3 * s->c.n;
    int top = table_rows(s, (area.h - sentence) * 3 / 5);
    left.h = right.h = top;
    if (crowded(s, area)) {
        left.h = top / 2;
        right.y += left.h;
        right.h = top - left.h;
    } else {
        left.w = left_width(area);
        right.x = area.x + left.w + 1;
        right.w = area.w - left.w - 1;
    }
    below.y += top;
    below.h = area.h - top - sentence;
    draw_config(s, g, left);
    draw_results(s, g, right);
    draw_curve(s, g, below);
    if (left.w < area.w) {
        pane_hline(g, area.y, left.w, 1, STYLE(ROLE_DIM, 0));
        pane_vline(g, area.y, left.w, top + 1, STYLE(ROLE_DIM, 0));
    }
    below.y += below.h;
    below.h = sentence;
    draw_sentence(s, g, below);
}

void compare_draw(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct comparison *s = self;
    (void)a;
    if (!s->loaded) {
        draw_empty(s, g, area);
        return;
    }
    if (s->maximised || area.h < 14 || area.w < 50) {
        draw_pane(s, g, area, s->focus);
        return;
    }
    if (area.w >= 110 && area.h >= (crowded(s, area) ? 44 : 28)) {
        draw_wide(s, g, area);
        return;
    }
    struct rect top = area, below = area;
    int tables = s->focus <= PANE_RESULTS;
    int lines = s->all ? s->c.nlines : s->c.ndiffer;
    top.h = tables ? (2 + lines < area.h / 2 ? 2 + lines : area.h / 2) : area.h - 2 - 2 * s->c.n - 1;
    top.h = top.h < area.h / 3 ? area.h / 3 : top.h;
    below.y += top.h;
    below.h -= top.h;
    draw_pane(s, g, top, tables ? PANE_CONFIG : PANE_CURVE);
    draw_pane(s, g, below, tables ? PANE_RESULTS : PANE_SENTENCE);
}
