/* The default view: what the discriminator saw, as prose. Under each replaced token stand the
 * original and the outcome; the background is p(replaced). What stands under a token may hang over
 * into the columns after it while nothing stands there: the upper row reads as text. Where two would
 * meet, the first token is drawn as wide as it needs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"

#define PIECE 256
#define GUTTER 6 /* cursor sign and number of the sentence */

/* w: columns drawn for it; below: columns of what stands under it */
struct placed { int line, x, w, below; };

/* What stands under a token: sign and original, or the sign alone; "" for most. */
static const char *under(const struct tokens *s, const struct token_row *r, char *out, size_t size)
{
    char piece[PIECE];
    if (tokens_special(s, r->original)) return *out = 0, out;
    const char *mark = r->same ? sign(SIGN_SAME) : tokens_sign(tokens_outcome(r));
    int changed = r->label || tokens_open(r) || (isnan(r->disc_prob) && r->chosen);
    snprintf(out, size, "%s%s%s%s", mark,
             r->same && tokens_outcome(r) == OUT_FALSE ? sign(SIGN_FALSE_ALARM) : "",
             s->ascii && *mark && changed && !r->same ? ":" : "",
             changed && !r->same ? tokens_piece(s, r->original, piece, sizeof piece) : "");
    return out;
}

/* The token shown: the sample, or the masked one where nothing was sampled. */
static int32_t shown(const struct token_row *r) { return r->sampled >= 0 ? r->sampled : r->masked; }

static int piece_width(const struct tokens *s, const struct token_row *r)
{
    char piece[PIECE];
    return text_columns(tokens_piece(s, shown(r), piece, sizeof piece));
}

/* Wraps n tokens at `width`; returns the number of lines. */
static int wrap(const struct tokens *s, const struct token_seq *q, int width, struct placed *out)
{
    char text[2 * PIECE];
    int x = 0, line = 0, last = -1; /* the last token of the line with something under it */
    for (int i = 0; i < q->n; i++) {
        const struct token_row *r = &q->rows[i];
        int w = piece_width(s, r), below = text_columns(under(s, r, text, sizeof text));
        int gap = x > 0 && !tokens_continues(s, shown(r)), short_of = 0;
        w = w > width ? width : w;
        below = below > width ? width : below;
        if (below && last >= 0) /* a column between the two below */
            short_of = out[last].x + out[last].below + 1 - (x + gap);
        short_of = short_of > 0 ? short_of : 0;
        int over = x > 0 && x + gap + short_of + (below > w ? below : w) > width;
        if (over && i == q->n - 1 && tokens_special(s, r->original)) /* no line for the end mark alone */
            w = width - x - gap > 0 ? width - x - gap : 0;
        else if (over)
            line++, x = gap = short_of = 0, last = -1;
        for (int k = last + 1; short_of && k < i; k++) out[k].x += short_of;
        if (short_of) out[last].w += short_of;
        x += gap + short_of;
        out[i] = (struct placed){line, x, w, below};
        x += w;
        if (below) last = i;
    }
    return line + 1;
}

static void draw_token(struct tokens *s, struct grid *g, struct rect r, const struct token_row *t,
                       const struct placed *p, int y, int cursor, int joined)
{
    char piece[PIECE], text[2 * PIECE];
    int x = r.x + GUTTER + p->x, end = x + p->w, special = tokens_special(s, t->original);
    enum outcome o = tokens_outcome(t);
    struct style st = tokens_style(t, cursor);
    if (special) st = (struct style){ROLE_DIM, cursor ? BACK_SELECTED : BACK_NONE, 0};
    tokens_piece(s, shown(t), piece, sizeof piece);
    x += grid_end(g, r, y, x, p->w, st, piece);
    struct style lead = {ROLE_DIM, st.back, 0};
    for (; x < end; x++) /* wider than its text: visibly one token and no word missing; a join goes on in a word */
        grid_text(g, r, y, x, 1, joined ? st : lead, joined ? sign(SIGN_DOT) : sign(SIGN_DASHED));
    x = r.x + GUTTER + p->x;
    if (cursor) g->cursor_y = y, g->cursor_x = x;
    under(s, t, text, sizeof text);
    if (*text && y + 1 < r.y + r.h) {
        if (t->label || tokens_open(t)) /* the row's name, once it holds an original */
            grid_right(g, r, y + 1, r.x + 1, GUTTER - 2, STYLE(ROLE_DIM, 0), "was");
        grid_text(g, r, y + 1, x, p->below, STYLE(ROLE_DIM, 0), text);
        if (*tokens_sign(o))
            grid_text(g, r, y + 1, x + (t->same ? text_columns(sign(SIGN_SAME)) : 0), 1,
                      STYLE(tokens_sign_role(o), 0), tokens_sign(o));
    }
    if (!s->digits || y + 2 >= r.y + r.h || isnan(t->disc_prob) || special) return;
    grid_right(g, r, y + 2, r.x + 1, GUTTER - 2, STYLE(ROLE_DIM, 0), "p");
    int digit = (int)(t->disc_prob * 10);
    snprintf(text, sizeof text, ".%d", digit > 9 ? 9 : digit);
    grid_text(g, r, y + 2, x, p->w, STYLE(ROLE_DIM, 0), p->w > 1 ? text : text + 1);
}

/* One sentence from line `top` on at row y; returns the row after it. */
static int draw_sentence(struct tokens *s, struct grid *g, struct rect r, int index, int y, int top,
                         int tall)
{
    const struct token_seq *q = s->sentences[index].seq;
    struct placed *at = malloc((size_t)q->n * sizeof *at);
    char number[16];
    if (!at) return r.y + r.h;
    int lines = wrap(s, q, s->text_w, at), here = index == s->current;
    for (int i = 0; i < q->n; i++) {
        int row = y + (at[i].line - top) * tall;
        if (at[i].line < top || row >= r.y + r.h) continue;
        draw_token(s, g, r, &q->rows[i], &at[i], row, here && i == s->cursor,
                   i + 1 < q->n && tokens_continues(s, shown(&q->rows[i + 1])));
        tokens_hit(s, row, r.x + GUTTER + at[i].x, at[i].w, index, i);
    }
    int source = s->sentences[index].source; /* probes and held-out sentences are numbered apart */
    snprintf(number, sizeof number, source == TOKENS_USER ? "own" : source == TOKENS_PROBE ? "p%d" : "%d", q->sentence);
    if (!top) grid_right(g, r, y, r.x + 1, GUTTER - 2, STYLE(ROLE_DIM, 0), number);
    if (here)
        grid_text(g, r, y + (at[s->cursor].line - top) * tall, r.x, 1, STYLE(ROLE_ACCENT, 0),
                  sign(SIGN_CURSOR));
    free(at);
    return y + (lines - top) * tall;
}

static int lines_of(const struct tokens *s, int index)
{
    const struct token_seq *q = s->sentences[index].seq;
    struct placed *at = malloc((size_t)q->n * sizeof *at);
    int lines = at ? wrap(s, q, s->text_w, at) : 1;
    free(at);
    return lines;
}

static int line_of_cursor(const struct tokens *s)
{
    const struct token_seq *q = tokens_current(s)->seq;
    struct placed *at = malloc((size_t)q->n * sizeof *at);
    if (!at) return 0;
    wrap(s, q, s->text_w, at);
    int line = at[s->cursor].line;
    free(at);
    return line;
}

/* Short sentences: as many as fit, the current one among them. A long one scrolls by line. */
void tokens_text(struct tokens *s, struct grid *g, struct rect r)
{
    if (!tokens_current(s) || r.w < GUTTER + 4 || r.h < 1) return;
    s->text_w = r.w - GUTTER - 1;
    int tall = r.h < 3 ? 1 : s->digits ? 3 : 2, room = r.h / tall > 0 ? r.h / tall : 1;
    if (s->text_first > s->current || s->text_first < s->current - room)
        s->text_first = s->current;
    int used = 0;
    for (int i = s->text_first; i <= s->current; i++) used += lines_of(s, i);
    while (used > room && s->text_first < s->current) used -= lines_of(s, s->text_first++);
    if (used <= room) { /* room left at the end of the list: show what is before */
        int below = 0;
        for (int i = s->current + 1; i < s->nsentences && used + below < room; i++)
            below += lines_of(s, i);
        while (s->text_first > 0 && used + below + lines_of(s, s->text_first - 1) <= room)
            used += lines_of(s, --s->text_first);
        s->top = 0;
    } else {
        int cur = line_of_cursor(s);
        if (cur < s->top) s->top = cur;
        if (cur >= s->top + room) s->top = cur - room + 1;
        if (s->top > used - room) s->top = used - room;
    }
    int y = r.y, i = s->text_first;
    for (; i < s->nsentences && y < r.y + r.h; i++)
        y = draw_sentence(s, g, r, i, y, i == s->current ? s->top : 0, tall);
    if (used > s->top + room)
        grid_text(g, r, r.y + r.h - 1, r.x + r.w - 1, 1, STYLE(ROLE_DIM, 0), sign(SIGN_ARROW_DOWN));
    if (s->top)
        grid_text(g, r, r.y, r.x + r.w - 1, 1, STYLE(ROLE_DIM, 0), sign(SIGN_ARROW_UP));
}

/* The token of `line` (negative: from the end) that stands nearest to column x. */
static int nearest(const struct tokens *s, int line, int x)
{
    const struct token_seq *q = tokens_current(s)->seq;
    struct placed *at = malloc((size_t)q->n * sizeof *at);
    int best = 0, far = 1 << 20;
    if (!at) return 0;
    int n = wrap(s, q, s->text_w, at);
    if (line < 0) line += n;
    for (int i = 0; i < q->n; i++) {
        int d = abs(at[i].x + at[i].w / 2 - x);
        if (at[i].line == line && d < far) far = d, best = i;
    }
    free(at);
    return best;
}

void tokens_text_move(struct tokens *s, int lines)
{
    const struct sentence *c = tokens_current(s);
    if (!c || s->text_w < 1) return;
    struct placed *at = malloc((size_t)c->seq->n * sizeof *at);
    if (!at) return;
    int n = wrap(s, c->seq, s->text_w, at), x = at[s->cursor].x + at[s->cursor].w / 2;
    int want = at[s->cursor].line + lines;
    free(at);
    if (want < 0 && s->current > 0) { /* over the edge: the neighbour */
        tokens_go_sentence(s, -1);
        s->cursor = nearest(s, -1, x);
    } else if (want >= n && s->current + 1 < s->nsentences) {
        tokens_go_sentence(s, 1);
        s->cursor = nearest(s, 0, x);
    } else {
        s->cursor = nearest(s, want < 0 ? 0 : want >= n ? n - 1 : want, x);
    }
}
