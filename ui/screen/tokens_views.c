/* Strip, table and waterfall: the other three views of a sentence. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/table.h"

#define PIECE 256

enum strip_row { ROW_ORIGINAL, ROW_MASKED, ROW_SAMPLED, ROW_GEN_P, ROW_RANK, ROW_ENTROPY, ROW_P,
                 ROW_OUTCOME, ROW_LOSS, ROW_P_ORIGINAL, ROW_COUNT };
static const char *const row_names[ROW_COUNT] = {
    "original", "masked", "sampled", "gen p", "gen rank", "entropy", "p(repl)", "outcome", "loss", "p(orig)"};
/* What a strip has without outcomes, and where nothing is sampled either. */
static const int judged_rows[] = {ROW_ORIGINAL, ROW_MASKED, ROW_SAMPLED, ROW_GEN_P, ROW_RANK, ROW_ENTROPY, ROW_P,
                                  ROW_OUTCOME, ROW_LOSS, -1};
static const int sampled_rows[] = {ROW_ORIGINAL, ROW_MASKED, ROW_SAMPLED, ROW_GEN_P, ROW_RANK, ROW_ENTROPY, ROW_LOSS,
                                   -1};
static const int masked_rows[] = {ROW_ORIGINAL, ROW_MASKED, ROW_P_ORIGINAL, ROW_ENTROPY, ROW_LOSS, -1};

static const int *rows_of(const struct tokens *s)
{
    return tokens_judged(s) ? judged_rows : tokens_masked_only(s) ? masked_rows : sampled_rows;
}

static double row_loss(const struct token_row *r)
{
    return isnan(r->disc_loss) ? r->gen_loss : r->disc_loss;
}

/* One value of a token as text; a dot where it says nothing new. */
static const char *field(const struct tokens *s, const struct token_row *r, int row, char *out,
                         size_t size)
{
    const char *dot = "·";
    snprintf(out, size, "%s", dot);
    if (row > ROW_SAMPLED && tokens_special(s, r->original)) return out;
    switch (row) {
    case ROW_ORIGINAL: return tokens_piece(s, r->original, out, size);
    case ROW_MASKED: return r->masked != r->original ? tokens_piece(s, r->masked, out, size) : out;
    case ROW_SAMPLED:
        if (tokens_masked_only(s)) return out;
        if (r->sampled != r->original) return tokens_piece(s, r->sampled, out, size);
        if (r->same) snprintf(out, size, "%s", sign(SIGN_SAME));
        return out;
    case ROW_GEN_P: return isnan(r->gen_prob) ? out : fmt_prob(out, size, r->gen_prob);
    case ROW_RANK:
        if (r->gen_rank > 0) snprintf(out, size, "%d", r->gen_rank);
        return out;
    case ROW_ENTROPY: return isnan(r->gen_entropy) ? out : fmt_fixed(out, size, r->gen_entropy, 2);
    case ROW_P: return isnan(r->disc_prob) ? out : fmt_prob(out, size, r->disc_prob);
    case ROW_P_ORIGINAL:
        return isnan(r->gen_loss) ? out : fmt_prob(out, size, tokens_original_prob(r->gen_loss));
    case ROW_OUTCOME:
        if (*tokens_sign(tokens_outcome(r)))
            snprintf(out, size, "%s%s", tokens_sign(tokens_outcome(r)), r->same ? sign(SIGN_SAME) : "");
        return out;
    default: return isnan(row_loss(r)) ? out : fmt_fixed(out, size, row_loss(r), 2);
    }
}

static int strip_width(const struct tokens *s, const struct token_row *r)
{
    char text[PIECE];
    int w = 5; /* that of the numbers */
    for (int row = ROW_ORIGINAL; row <= ROW_SAMPLED; row++) {
        int c = text_columns(field(s, r, row, text, sizeof text));
        if (c > w) w = c;
    }
    return w < 20 ? w : 20;
}

static struct style strip_style(const struct token_row *r, int row, int cursor)
{
    struct style st = STYLE(ROLE_TEXT, 0);
    if (row == ROW_P || (row == ROW_SAMPLED && r->label)) st = tokens_style(r, 0);
    if (row == ROW_OUTCOME) st.role = tokens_sign_role(tokens_outcome(r));
    if (row == ROW_ORIGINAL && r->label) st.attr = ATTR_UNDERLINE;
    if (cursor && row != ROW_P) st.back = BACK_SELECTED;
    return st;
}

/* The tokens around the cursor; the first one shown moves as little as needed. */
static int strip_first(struct tokens *s, const struct token_seq *q, int width)
{
    int first = s->top < q->n ? s->top : q->n - 1, w = 0;
    if (s->cursor < first) first = s->cursor;
    for (int i = s->cursor; i >= first; i--) {
        w += strip_width(s, &q->rows[i]) + 1;
        if (w > width) {
            first = i + 1;
            break;
        }
    }
    if (first > s->cursor) first = s->cursor;
    return s->top = first;
}

/* A block of rows for tokens from `first`; returns the token after the last one. */
static int strip_block(struct tokens *s, struct grid *g, struct rect r, const struct token_seq *q,
                       int first)
{
    char text[PIECE];
    int x = r.x + 10, i = first;
    const int *rows = rows_of(s);
    for (int k = 0; rows[k] >= 0 && k < r.h; k++)
        grid_text(g, r, r.y + k, r.x + 1, 8, STYLE(ROLE_DIM, 0), row_names[rows[k]]);
    for (; i < q->n; i++) {
        const struct token_row *t = &q->rows[i];
        int w = strip_width(s, t);
        if (x + w > r.x + r.w && i > first) break;
        for (int k = 0; rows[k] >= 0 && k < r.h; k++) {
            field(s, t, rows[k], text, sizeof text);
            struct style st = strip_style(t, rows[k], i == s->cursor);
            if (!strcmp(text, "·"))
                st = (struct style){ROLE_DIM, i == s->cursor ? BACK_SELECTED : BACK_NONE, 0};
            if (i == s->cursor)
                grid_fill(g, (struct rect){r.y + k, x, 1, w}, STYLE(ROLE_TEXT, 0), " "),
                    grid_back(g, (struct rect){r.y + k, x, 1, w}, st.back);
            grid_text(g, r, r.y + k, x, w, st, text);
            tokens_hit(s, r.y + k, x, w, s->current, i);
        }
        if (i == s->cursor) g->cursor_y = r.y, g->cursor_x = x;
        x += w + 1;
    }
    return i;
}

void tokens_strip(struct tokens *s, struct grid *g, struct rect r)
{
    const struct sentence *c = tokens_current(s);
    if (!c || r.w < 16) return;
    int next = strip_first(s, c->seq, r.w - 10), y = r.y, tall = 0;
    while (rows_of(s)[tall] >= 0) tall++;
    /* More blocks below while there is room: the sentence goes on. */
    while (next < c->seq->n && y < r.y + r.h) {
        struct rect block = {y, r.x, r.y + r.h - y, r.w};
        next = strip_block(s, g, block, c->seq, next);
        y += tall + 1;
        if (y + tall > r.y + r.h) break;
    }
}

static int changed(const struct token_row *r)
{
    return r->chosen || r->label || tokens_outcome(r) == OUT_FALSE;
}

enum { COL_POS = -1, COL_BAR = -2, COL_OUTCOME = -3, COL_LOG_P = -4 };
static const struct column table_cols[] = {
    {"pos", 0, 4, 4, ALIGN_RIGHT},     {"original", 0, 8, 20, ALIGN_LEFT},
    {"masked", 4, 6, 16, ALIGN_LEFT},  {"sampled", 0, 8, 20, ALIGN_LEFT},
    {"gen p", 2, 5, 5, ALIGN_RIGHT},   {"rank", 2, 5, 5, ALIGN_RIGHT},
    {"entropy", 5, 7, 7, ALIGN_RIGHT}, {"p(repl)", 0, 7, 7, ALIGN_RIGHT},
    {"", 3, 12, 12, ALIGN_LEFT},       {"outcome", 1, 13, 13, ALIGN_LEFT},
    {"loss", 1, 6, 6, ALIGN_RIGHT},    {"log p", 1, 6, 6, ALIGN_RIGHT}};
static const int table_what[] = {COL_POS, ROW_ORIGINAL, ROW_MASKED, ROW_SAMPLED, ROW_GEN_P, ROW_RANK,
                                 ROW_ENTROPY, ROW_P, COL_BAR, COL_OUTCOME, ROW_LOSS, COL_LOG_P};
static const struct column mlm_cols[] = {
    {"pos", 0, 4, 4, ALIGN_RIGHT},     {"original", 0, 8, 20, ALIGN_LEFT},
    {"masked", 0, 6, 16, ALIGN_LEFT},  {"sampled", 1, 8, 20, ALIGN_LEFT},
    {"gen p", 2, 5, 5, ALIGN_RIGHT},   {"rank", 3, 5, 5, ALIGN_RIGHT},
    {"entropy", 4, 7, 7, ALIGN_RIGHT}, {"loss", 0, 6, 6, ALIGN_RIGHT},
    {"log p", 1, 6, 6, ALIGN_RIGHT}};
static const int mlm_what[] = {COL_POS, ROW_ORIGINAL, ROW_MASKED, ROW_SAMPLED, ROW_GEN_P, ROW_RANK,
                               ROW_ENTROPY, ROW_LOSS, COL_LOG_P};
/* Where nothing is sampled. */
static const struct column masked_cols[] = {
    {"pos", 0, 4, 4, ALIGN_RIGHT},     {"original", 0, 8, 20, ALIGN_LEFT}, {"masked", 0, 6, 16, ALIGN_LEFT},
    {"p(orig)", 1, 7, 7, ALIGN_RIGHT}, {"entropy", 2, 7, 7, ALIGN_RIGHT},  {"loss", 0, 6, 6, ALIGN_RIGHT}};
static const int masked_what[] = {COL_POS, ROW_ORIGINAL, ROW_MASKED, ROW_P_ORIGINAL, ROW_ENTROPY, ROW_LOSS};
struct shape { const struct column *cols; const int *what; int n; };

/* The last column is of sentences whose pseudo-log-likelihood is known. */
static struct shape shape_of(const struct tokens *s)
{
    int less = !own_pll_known(s);
    if (tokens_judged(s))
        return (struct shape){table_cols, table_what, (int)(sizeof table_what / sizeof *table_what) - less};
    if (tokens_masked_only(s))
        return (struct shape){masked_cols, masked_what, (int)(sizeof masked_what / sizeof *masked_what)};
    return (struct shape){mlm_cols, mlm_what, (int)(sizeof mlm_what / sizeof *mlm_what) - less};
}

static void outcome_text(const struct token_row *r, int special, char *out, size_t size)
{
    enum outcome o = special ? OUT_NONE : tokens_outcome(r);
    const char *mark = *tokens_sign(o) ? tokens_sign(o) : r->same ? sign(SIGN_SAME) : " ";
    snprintf(out, size, "%s %s", mark,
             o == OUT_NONE || o == OUT_KEPT ? r->same ? "same" : tokens_outcome_name(o)
                                            : tokens_outcome_name(o));
}

static void log_p_text(const struct tokens *s, int token, char *out, size_t size)
{
    double v = own_pll_at(s, token);
    snprintf(out, size, "·");
    if (!isnan(v)) fmt_fixed(out, size, v, 2);
}

static void table_row(struct tokens *s, struct grid *g, struct rect in, const struct table_layout *t,
                      const struct shape *h, int y, int token)
{
    const struct token_row *row = &tokens_current(s)->seq->rows[token];
    uint8_t back = token == s->cursor ? BACK_SELECTED : BACK_NONE;
    char text[PIECE];
    int special = tokens_special(s, row->original);
    for (int j = 0; j < t->n; j++) {
        int what = h->what[t->col[j]];
        struct style st = {ROLE_TEXT, back, 0};
        if (what == COL_BAR) {
            st.role = ROLE_DIM;
            if (!isnan(row->disc_prob) && !special)
                bar_draw(g, in, y, in.x + t->x[j], t->w[j], st, row->disc_prob);
            continue;
        }
        if (what == COL_POS)
            snprintf(text, sizeof text, "%d", token);
        else if (what == COL_OUTCOME)
            outcome_text(row, special, text, sizeof text);
        else if (what == COL_LOG_P)
            log_p_text(s, token, text, sizeof text);
        else
            field(s, row, what, text, sizeof text);
        if ((what == ROW_P && !special) || (what == ROW_SAMPLED && row->label)) {
            st = tokens_style(row, 0);
            if (!st.back) st.back = back;
        }
        if (what == COL_OUTCOME) st.role = tokens_sign_role(tokens_outcome(row));
        if (!strcmp(text, "·") || what == COL_POS) st.role = ROLE_DIM, st.attr = 0;
        table_cell(g, in, y, t, h->cols, j, st, text);
    }
}

void tokens_table(struct tokens *s, struct grid *g, struct rect r)
{
    const struct sentence *c = tokens_current(s);
    struct table_layout t;
    if (!c || r.h < 2 || r.w < 12) return;
    struct rect in = {r.y, r.x + 2, r.h, r.w - 2};
    struct shape h = shape_of(s);
    table_layout(&t, h.cols, h.n, in.w - 1, 0); /* the sign of more has a column */
    table_head(g, in, in.y, &t, h.cols, -1, 0);
    int n = 0, at = 0;
    for (int i = 0; i < c->seq->n; i++) {
        if (i == s->cursor) at = n;
        n += !s->only_changed || changed(&c->seq->rows[i]) || i == s->cursor;
    }
    s->top = table_top(s->top, at, r.h - 1, n);
    for (int i = 0, k = 0; i < c->seq->n; i++) {
        if (s->only_changed && !changed(&c->seq->rows[i]) && i != s->cursor) continue;
        int y = r.y + 1 + k++ - s->top;
        if (y <= r.y || y >= r.y + r.h) continue;
        tokens_hit(s, y, r.x, r.w, s->current, i);
        if (i == s->cursor) {
            grid_fill(g, (struct rect){y, r.x, 1, r.w}, (struct style){ROLE_TEXT, BACK_SELECTED, 0},
                      " ");
            grid_text(g, r, y, r.x, 1, (struct style){ROLE_ACCENT, BACK_SELECTED, 0},
                      sign(SIGN_CURSOR));
            g->cursor_y = y, g->cursor_x = r.x;
        }
        table_row(s, g, in, &t, &h, y, i);
    }
}

/* One row of the waterfall: a snapshot. */
static void waterfall_row(struct tokens *s, struct grid *g, struct rect r, int y, int k, int first,
                          int cell)
{
    char text[PIECE];
    const struct sentence *c = tokens_current(s);
    int here = k == tokens_snapshot_index(s, s->step);
    fmt_count(text, sizeof text, (double)s->past[k].step);
    grid_right(g, r, y, r.x + 1, 7, STYLE(here ? ROLE_TEXT : ROLE_DIM, here ? ATTR_BOLD : 0), text);
    if (here) grid_text(g, r, y, r.x, 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    for (int i = first; i < c->seq->n; i++) {
        int x = r.x + 9 + (i - first) * cell;
        const struct past_cell *p = tokens_past(s, k, i);
        float known;
        if (x + cell > r.x + r.w) break;
        struct style st = STYLE(ROLE_DIM, 0);
        snprintf(text, sizeof text, "%s", " ");
        if (p && !isnan(p->disc_prob)) {
            int d = (int)(p->disc_prob * 10);
            st = (struct style){ROLE_TEXT, tokens_heat(p->disc_prob), p->label ? ATTR_UNDERLINE : 0};
            if (p->disc_prob >= .5F) st.attr |= ATTR_BOLD;
            if (s->digits || p->disc_prob >= .1F || p->label)
                snprintf(text, sizeof text, "%d", d > 9 ? 9 : d);
            else
                st.role = ROLE_DIM;
        } else if (p && p->chosen && !isnan(known = tokens_masked_only(s) ? (float)tokens_original_prob(p->loss)
                                                                          : p->gen_prob)) {
            int d = (int)(known * 10);
            st = STYLE(ROLE_TEXT, ATTR_UNDERLINE);
            snprintf(text, sizeof text, "%d", d > 9 ? 9 : d);
        } else if (p) {
            snprintf(text, sizeof text, "·");
        }
        if (i == s->cursor && !st.back) st.back = BACK_SELECTED;
        grid_fill(g, (struct rect){y, x, 1, cell}, st, " ");
        grid_text(g, r, y, x, 1, st, text);
        if (i == s->cursor && here) g->cursor_y = y, g->cursor_x = x;
        if (here) tokens_hit(s, y, x, cell, s->current, i);
    }
}

void tokens_waterfall(struct tokens *s, struct grid *g, struct rect r)
{
    const struct sentence *c = tokens_current(s);
    char a[PIECE], b[PIECE];
    if (!c || r.h < 3 || r.w < 20) return;
    if (!s->npast) {
        grid_text(g, r, r.y, r.x + 1, -1, STYLE(ROLE_DIM, 0),
                  "no snapshots yet: the waterfall shows one sentence over the training");
        return;
    }
    int room = r.w - 10, cell = c->seq->n * 2 <= room ? 2 : 1, fit = room / cell;
    int first = c->seq->n <= fit ? 0 : s->cursor - fit / 2;
    if (first > c->seq->n - fit) first = c->seq->n - fit;
    if (first < 0) first = 0;
    const struct token_row *t = &c->seq->rows[s->cursor];
    tokens_piece(s, t->original, a, sizeof a);
    grid_textf(g, r, r.y, r.x + 1, r.w - 1, STYLE(ROLE_DIM, 0), "%d  %s%s%s", s->cursor, a,
               t->sampled != t->original && t->sampled >= 0 ? " → " : "",
               t->sampled != t->original && t->sampled >= 0 ? tokens_piece(s, t->sampled, b, sizeof b)
                                                           : "");
    grid_text(g, r, r.y + 1, r.x + 1, 7, STYLE(ROLE_DIM, 0), "   step");
    grid_text(g, r, r.y + 1, r.x + 9 + (s->cursor - first) * cell, 1, STYLE(ROLE_ACCENT, 0),
              sign(SIGN_DESCENDING));
    int here = tokens_snapshot_index(s, s->step), rows = r.h - 2;
    int top = here - rows / 2;
    if (top > s->npast - rows) top = s->npast - rows;
    if (top < 0) top = 0;
    int any = 0;
    for (int k = top; k < s->npast && k - top < rows; k++) {
        waterfall_row(s, g, r, r.y + 2 + k - top, k, first, cell);
        any |= tokens_past(s, k, s->cursor) != NULL;
    }
    if (!any && c->source == TOKENS_LIVE)
        grid_text(g, r, r.y, r.x + r.w / 2, -1, STYLE(ROLE_DIM, 0),
                  "live text is in no snapshot; [ goes to them");
}
