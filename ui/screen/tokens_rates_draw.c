/* The pane of the rates: a table whose cells lead to their tokens, and the list of those. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/str.h"
#include "ui/app/action.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/table.h"

#define PIECE 256
#define LINES 96
#define HIT_RATE (-2) /* a hit's sentence: a cell; its token: row x RATE_COLS + column */
#define HIT_MATCH (-3) /* a line of the list; its token: the match's number */

/* Column 0 is the name; the others in the order of enum rate_col. */
static const struct column with_disc[] = {
    {"", 0, 16, 28, ALIGN_LEFT},         {"tokens", 0, 7, 7, ALIGN_RIGHT},
    {"replaced", 0, 8, 8, ALIGN_RIGHT},  {"share", 5, 5, 5, ALIGN_RIGHT},
    {"caught", 3, 6, 6, ALIGN_RIGHT},    {"missed", 0, 6, 6, ALIGN_RIGHT},
    {"false", 2, 5, 5, ALIGN_RIGHT},     {"recall", 0, 6, 6, ALIGN_RIGHT},
    {"alarms", 4, 6, 6, ALIGN_RIGHT},    {"masked", 8, 6, 6, ALIGN_RIGHT},
    {"same", 7, 5, 5, ALIGN_RIGHT},      {"gen acc", 6, 7, 7, ALIGN_RIGHT},
    {"loss", 9, 6, 6, ALIGN_RIGHT}};
static const int disc_cols[] = {-1, OF_TOKENS, OF_REPLACED, OF_SHARE, OF_CAUGHT, OF_MISSED,
                                OF_FALSE, OF_RECALL, OF_ALARMS, OF_CHOSEN, OF_SAME, OF_ACCURACY,
                                OF_LOSS};
static const struct column without_disc[] = {
    {"", 0, 16, 28, ALIGN_LEFT},       {"tokens", 0, 7, 7, ALIGN_RIGHT},
    {"masked", 0, 6, 6, ALIGN_RIGHT},  {"same", 0, 6, 6, ALIGN_RIGHT},
    {"accuracy", 0, 8, 8, ALIGN_RIGHT}, {"loss", 1, 6, 6, ALIGN_RIGHT}};
static const int mlm_cols[] = {-1, OF_TOKENS, OF_CHOSEN, OF_SAME, OF_ACCURACY, OF_LOSS};

struct shape { const struct column *cols; const int *what; int n; };

static struct shape shape_of(const struct tokens *s)
{
    if (s->has_disc)
        return (struct shape){with_disc, disc_cols, (int)(sizeof disc_cols / sizeof *disc_cols)};
    return (struct shape){without_disc, mlm_cols, (int)(sizeof mlm_cols / sizeof *mlm_cols)};
}

static int shape_index(const struct shape *h, int col)
{
    for (int i = 1; i < h->n; i++)
        if (h->what[i] == col) return i;
    return 1;
}

/* --- the table -------------------------------------------------------------------------------- */

/* Lines of the pane: rows, and (as -1 - kind) the headings between them. */
static int lines_of(const struct tokens *s, int out[LINES])
{
    const struct tokens_rates *t = &s->rates;
    int n = 0, kind = RATE_ALL;
    for (int i = 0; i < t->n && n + RATE_KINDS < LINES; i++) {
        if (t->row[i].kind > RATE_FREQUENCY && kind < RATE_FREQUENCY) /* none there: say so */
            out[n++] = -1 - RATE_FREQUENCY;
        if (t->row[i].kind != kind) out[n++] = -1 - t->row[i].kind;
        kind = t->row[i].kind;
        out[n++] = i;
    }
    return n;
}

static const char *cell_text(const struct rate_row *r, int col, char out[FMT])
{
    double v = tokens_rates_value(r, col);
    if (tokens_rates_is_count(col)) {
        if (!r->n[col]) snprintf(out, FMT, "·");
        else fmt_exact(out, FMT, r->n[col]);
    } else if (isnan(v)) {
        snprintf(out, FMT, "-");
    } else if (col == OF_LOSS) {
        fmt_fixed(out, FMT, v, 3);
    } else {
        fmt_prob(out, FMT, v);
    }
    return out;
}

static void draw_row(struct tokens *s, struct grid *g, struct rect in, const struct table_layout *l,
                     const struct shape *h, int y, int index)
{
    struct tokens_rates *t = &s->rates;
    const struct rate_row *r = &t->row[index];
    int here = index == t->at;
    char text[PIECE];
    if (here) {
        grid_fill(g, (struct rect){y, in.x - 2, 1, in.w + 2}, (struct style){ROLE_TEXT, BACK_SELECTED, 0}, " ");
        grid_text(g, (struct rect){y, in.x - 2, 1, 2}, y, in.x - 2, 1,
                  (struct style){ROLE_ACCENT, BACK_SELECTED, 0}, sign(SIGN_CURSOR));
    }
    for (int j = 0; j < l->n; j++) {
        int col = h->what[l->col[j]], on = here && col == t->col;
        struct style st = {ROLE_TEXT, here ? BACK_SELECTED : BACK_NONE, 0};
        if (col < 0)
            tokens_rates_name(s, r, text, sizeof text);
        else
            cell_text(r, col, text);
        if (col >= 0 && (!strcmp(text, "·") || !strcmp(text, "-"))) st.role = ROLE_DIM;
        /* Few tokens make no rate. */
        if (col >= 0 && !tokens_rates_is_count(col) && r->n[col] < 5) st.role = ROLE_DIM;
        if (on) st.role = ROLE_ACCENT, st.attr = ATTR_BOLD | ATTR_UNDERLINE;
        table_cell(g, in, y, l, h->cols, j, st, text);
        if (on && s->focus == ON_RATES) g->cursor_y = y, g->cursor_x = in.x + l->x[j];
        if (col >= 0) tokens_hit(s, y, in.x + l->x[j], l->w[j], HIT_RATE, index * RATE_COLS + col);
    }
}

/* Scrolled so far that column `want` is among those shown. */
static void layout_with(struct table_layout *l, const struct shape *h, int width, int want)
{
    for (int scroll = 0; scroll <= table_max_scroll(h->cols, h->n, width); scroll++) {
        table_layout(l, h->cols, h->n, width, scroll);
        for (int j = 0; j < l->n; j++)
            if (l->col[j] == want) return;
    }
}

static void draw_table(struct tokens *s, struct grid *g, struct rect r)
{
    struct tokens_rates *t = &s->rates;
    struct shape h = shape_of(s);
    struct table_layout l;
    int line[LINES], n = lines_of(s, line), at = 0;
    struct rect in = {r.y, r.x + 2, r.h, r.w - 2};
    layout_with(&l, &h, in.w, shape_index(&h, t->col));
    table_head(g, in, in.y, &l, h.cols, -1, 0);
    for (int i = 0; i < n; i++)
        if (line[i] == t->at) at = i;
    t->top = table_top(t->top, at, r.h - 1, n);
    if (at > 0 && t->top == at && line[at - 1] < 0) t->top--; /* its heading too */
    for (int i = t->top; i < n && i - t->top < r.h - 1; i++) {
        int y = r.y + 1 + i - t->top;
        if (line[i] < 0)
            grid_text(g, in, y, in.x, -1, STYLE(ROLE_DIM, 0), tokens_rates_section(s, -1 - line[i]));
        else
            draw_row(s, g, in, &l, &h, y, line[i]);
    }
}

/* --- the list --------------------------------------------------------------------------------- */

/* Pieces around a token as one line, from `from` on by `by`, at most `room` columns. */
static void context(const struct tokens *s, const struct past_seq *q, int from, int by, int room,
                    char *out, size_t size)
{
    char piece[PIECE], line[1024];
    size_t n = 0;
    int w = 0;
    *out = 0;
    for (int i = from; i >= 0 && i < q->n; i += by) {
        const struct past_cell *c = &q->cells[i];
        int32_t id = c->sampled >= 0 ? c->sampled : c->original;
        int joined = tokens_continues(s, by > 0 ? id : i + 1 < q->n && q->cells[i + 1].sampled >= 0
                                                           ? q->cells[i + 1].sampled : -1);
        tokens_piece(s, id, piece, sizeof piece);
        const char *text = tokens_continues(s, id) ? piece + strlen("·") : piece;
        w += text_columns(text) + !joined;
        if (w > room || n + strlen(text) + 2 >= sizeof line) break;
        if (by > 0)
            snprintf(line, sizeof line, "%s%s%s", out, joined ? "" : " ", text);
        else
            snprintf(line, sizeof line, "%s%s%s", text, joined ? "" : " ", out);
        n = strlen(line);
        snprintf(out, size, "%s", line);
    }
}

static void match_row(struct tokens *s, struct grid *g, struct rect r, int y, int i)
{
    const struct token_match *m = &s->hunt.list[i];
    const struct past_seq *q = tokens_match_seq(s, m);
    int here = i == s->hunt.at;
    uint8_t back = here ? BACK_SELECTED : BACK_NONE;
    struct style st = {ROLE_TEXT, back, 0}, dim = {ROLE_DIM, back, 0};
    char text[1024], a[PIECE], b[PIECE], n[FMT];
    if (here) {
        grid_fill(g, (struct rect){y, r.x, 1, r.w}, st, " ");
        grid_text(g, r, y, r.x, 1, (struct style){ROLE_ACCENT, back, 0}, sign(SIGN_CURSOR));
        if (s->focus == ON_RATES) g->cursor_y = y, g->cursor_x = r.x;
    }
    tokens_hit(s, y, r.x, r.w, HIT_MATCH, i);
    if (!q) return;
    const struct past_cell *c = &q->cells[m->pos];
    int x = r.x + 2;
    if (s->hunt.every) {
        grid_right(g, r, y, x, 6, dim, m->step == INT64_MAX ? "live" : fmt_count(n, FMT, (double)m->step));
        x += 7;
    }
    snprintf(text, sizeof text, "%s%d:%d", m->source == TOKENS_PROBE ? "probe " : "", m->sentence, m->pos);
    grid_right(g, r, y, x, 10, dim, text);
    x += 11;
    int left = (r.x + r.w - 9 - x) * 2 / 5, end = r.x + r.w - 9;
    context(s, q, m->pos - 1, -1, left, text, sizeof text);
    grid_right(g, r, y, x, left, dim, text);
    x += left + 1;
    tokens_piece(s, c->original, a, sizeof a);
    if (c->sampled >= 0 && c->sampled != c->original)
        snprintf(text, sizeof text, "%.100s → %.100s", a, tokens_piece(s, c->sampled, b, sizeof b));
    else
        snprintf(text, sizeof text, "%.200s", a);
    st.attr = ATTR_BOLD;
    x += grid_text(g, r, y, x, end - x > 0 ? end - x : 0, st, text);
    if (end - x > 4) {
        context(s, q, m->pos + 1, 1, end - x, text, sizeof text);
        grid_text(g, r, y, x, end - x, dim, text);
    }
    enum outcome o = tokens_cell_outcome(c);
    struct style value = {ROLE_TEXT, isnan(c->disc_prob) ? back : tokens_heat(c->disc_prob), 0};
    if (!value.back) value.back = back;
    if (!isnan(c->disc_prob))
        grid_right(g, r, y, r.x + r.w - 8, 5, value, fmt_prob(n, FMT, c->disc_prob));
    else if (!isnan(c->loss))
        grid_right(g, r, y, r.x + r.w - 8, 5, st, fmt_fixed(n, FMT, c->loss, 2));
    grid_text(g, r, y, r.x + r.w - 2, 1, (struct style){tokens_sign_role(o), back, 0}, tokens_sign(o));
}

static void draw_list(struct tokens *s, struct grid *g, struct rect r)
{
    struct tokens_rates *t = &s->rates;
    int at = s->hunt.at < 0 ? 0 : s->hunt.at;
    t->list_top = table_top(t->list_top, at, r.h, s->hunt.n);
    for (int i = t->list_top; i < s->hunt.n && i - t->list_top < r.h; i++)
        match_row(s, g, r, r.y + i - t->list_top, i);
}

void tokens_pane_rates(struct tokens *s, struct grid *g, struct rect r)
{
    struct tokens_rates *t = &s->rates;
    struct rect in = {r.y + 1, r.x, r.h - 1, r.w};
    char name[200], of[96], n[FMT];
    if (t->stale || !t->n) tokens_rates_build(s);
    if (s->hunt.stale) tokens_hunt_build(s);
    if (t->listing && s->hunt.kind == HUNT_CELL && s->hunt.n) {
        const char *parts[] = {tokens_hunt_says(s, name, sizeof name), "Enter shows it · Esc the rates"};
        pane_title(g, r.y, r.x, r.w, s->focus == ON_RATES, parts, 2);
        draw_list(s, g, in);
        return;
    }
    t->listing = 0;
    fmt_exact(n, sizeof n, t->n ? t->row[0].n[OF_TOKENS] : 0);
    if (t->every)
        snprintf(of, sizeof of, "%s tokens of %d snapshots", n, t->snapshots);
    else
        snprintf(of, sizeof of, "%s tokens shown", n);
    const char *parts[] = {"rates", of, s->npast > 1 ? t->every ? "0 these" : "0 all snapshots" : "",
                           "Enter lists a cell's tokens"};
    pane_title(g, r.y, r.x, r.w, s->focus == ON_RATES, parts, 4);
    draw_table(s, g, in);
}

/* --- keys ------------------------------------------------------------------------------------- */

static int move_column(struct tokens *s, int by)
{
    struct shape h = shape_of(s);
    int i = shape_index(&h, s->rates.col) + by;
    s->rates.col = h.what[i < 1 ? 1 : i >= h.n ? h.n - 1 : i];
    return 1;
}

static int move_row(struct tokens *s, struct app *a, int by)
{
    struct tokens_rates *t = &s->rates;
    if (t->listing) {
        int i = (s->hunt.at < 0 ? 0 : s->hunt.at) + by;
        tokens_hunt_go(s, a, i < 0 ? 0 : i >= s->hunt.n ? s->hunt.n - 1 : i);
        return 1;
    }
    t->at += by;
    t->at = t->at < 0 ? 0 : t->at >= t->n ? t->n - 1 : t->at;
    if (t->at < 0) t->at = 0;
    return 1;
}

static int open_cell(struct tokens *s, struct app *a)
{
    struct tokens_rates *t = &s->rates;
    char name[96];
    if (t->listing) {
        s->focus = ON_TEXT;
        return 1;
    }
    if (t->at >= t->n) return 1;
    struct rate_row row = t->row[t->at];
    *s->find = 0;
    if (!tokens_hunt_cell(s, a, &row, t->col)) {
        app_note(a, "no token there: %s, %s", tokens_rates_column(t->col),
                tokens_rates_name(s, &row, name, sizeof name));
        return 1;
    }
    t->listing = 1, t->list_top = 0;
    tokens_hunt_step(s, a, 1);
    return 1;
}

int tokens_rates_act(struct tokens *s, struct app *a, int action)
{
    struct tokens_rates *t = &s->rates;
    switch (action) {
    case ACT_UP: return move_row(s, a, -1);
    case ACT_DOWN: return move_row(s, a, 1);
    case ACT_PAGE_UP: return move_row(s, a, -10);
    case ACT_PAGE_DOWN: return move_row(s, a, 10);
    case ACT_FIRST: return move_row(s, a, -MATCH_FAR);
    case ACT_LAST: return move_row(s, a, MATCH_FAR);
    case ACT_LEFT: return t->listing ? 0 : move_column(s, -1);
    case ACT_RIGHT: return t->listing ? 0 : move_column(s, 1);
    case ACT_ENTER: return open_cell(s, a);
    case ACT_FIT:
        if (s->npast < 2 || t->listing) return 1;
        t->every = !t->every, t->stale = 1;
        while (t->every && tokens_load_past(s, a)) {}
        return 1;
    case ACT_BACK:
        if (t->listing) {
            t->listing = 0;
            tokens_hunt_end(s);
        } else {
            s->focus = ON_TEXT;
        }
        return 1;
    }
    return 0;
}

void tokens_rates_click(struct tokens *s, struct app *a, int sentence, int token)
{
    struct tokens_rates *t = &s->rates;
    if (sentence == HIT_MATCH) {
        tokens_hunt_go(s, a, token);
    } else if (sentence == HIT_RATE) {
        int row = token / RATE_COLS, col = token % RATE_COLS, again = row == t->at && col == t->col;
        t->at = row, t->col = col;
        if (again) open_cell(s, a);
    }
}

/* --- export ----------------------------------------------------------------------------------- */

void tokens_rates_copied(const struct tokens *s, struct str *out)
{
    struct shape h = shape_of(s);
    char text[PIECE], value[FMT];
    if (s->rates.at >= s->rates.n) return;
    const struct rate_row *r = &s->rates.row[s->rates.at];
    str_add(out, tokens_rates_name(s, r, text, sizeof text));
    for (int j = 1; j < h.n; j++) str_addf(out, "\t%s", cell_text(r, h.what[j], value));
}

int tokens_rates_export(struct tokens *s, struct csv_out *out)
{
    static const char *const kinds[RATE_KINDS] = {"all", "frequency", "piece", "position", "p_replaced",
                                                  "pair"};
    struct shape h = shape_of(s);
    char name[96];
    if (s->rates.stale || !s->rates.n) tokens_rates_build(s);
    csv_text(out, "kind");
    csv_text(out, "group");
    for (int j = 1; j < h.n; j++) csv_text(out, tokens_rates_column(h.what[j]));
    csv_end_row(out);
    for (int i = 0; i < s->rates.n; i++) {
        const struct rate_row *r = &s->rates.row[i];
        csv_text(out, kinds[r->kind]);
        csv_text(out, tokens_rates_name(s, r, name, sizeof name));
        for (int j = 1; j < h.n; j++) {
            double v = tokens_rates_value(r, h.what[j]);
            if (tokens_rates_is_count(h.what[j])) csv_int(out, r->n[h.what[j]]);
            else if (isnan(v)) csv_text(out, NULL);
            else csv_real(out, v);
        }
        csv_end_row(out);
    }
    return s->rates.n;
}
