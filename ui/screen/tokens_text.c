/* The default view: what the discriminator saw, as prose. Under each replaced token stand the
 * original and the outcome; the background is p(replaced). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"

#define PIECE 256

struct placed { int line, x, w; };

/* What stands under a token: sign and original, or the sign alone; "" for most. */
static const char *under(const struct tokens *s, const struct token_row *r, char *out, size_t size)
{
    char piece[PIECE];
    const char *mark = r->same ? sign(SIGN_SAME) : tokens_sign(tokens_outcome(r));
    int changed = r->label || (isnan(r->disc_prob) && r->chosen);
    snprintf(out, size, "%s%s%s", mark,
             r->same && tokens_outcome(r) == OUT_FALSE ? sign(SIGN_FALSE_ALARM) : "",
             changed ? tokens_piece(s, r->original, piece, sizeof piece) : "");
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
    int x = 0, line = 0;
    for (int i = 0; i < q->n; i++) {
        const struct token_row *r = &q->rows[i];
        int w = piece_width(s, r), below = text_columns(under(s, r, text, sizeof text));
        int gap = x > 0 && !tokens_continues(s, shown(r));
        if (below > w) w = below;
        if (w > width) w = width;
        if (x > 0 && x + gap + w > width) line++, x = 0, gap = 0;
        out[i] = (struct placed){line, x + gap, w};
        x += gap + w;
    }
    return line + 1;
}

static void draw_token(struct tokens *s, struct grid *g, struct rect r, const struct token_row *t,
                       const struct placed *p, int y, int cursor)
{
    char piece[PIECE], text[2 * PIECE];
    int x = r.x + 1 + p->x;
    tokens_piece(s, shown(t), piece, sizeof piece);
    grid_text(g, r, y, x, p->w, tokens_style(t, cursor), piece);
    if (cursor) g->cursor_y = y, g->cursor_x = x;
    under(s, t, text, sizeof text);
    if (*text && y + 1 < r.y + r.h) {
        const char *mark = r.h > 1 ? text : "";
        enum outcome o = tokens_outcome(t);
        grid_text(g, r, y + 1, x, p->w, STYLE(ROLE_DIM, 0), mark);
        if (*tokens_sign(o))
            grid_text(g, r, y + 1, x + (t->same ? text_columns(sign(SIGN_SAME)) : 0), 1,
                      STYLE(tokens_sign_role(o), 0), tokens_sign(o));
    }
    if (!s->digits || y + 2 >= r.y + r.h || isnan(t->disc_prob)) return;
    int digit = (int)(t->disc_prob * 10);
    snprintf(text, sizeof text, ".%d", digit > 9 ? 9 : digit);
    grid_text(g, r, y + 2, x, p->w, STYLE(ROLE_DIM, 0), p->w > 1 ? text : text + 1);
}

void tokens_text(struct tokens *s, struct grid *g, struct rect r)
{
    const struct sentence *c = tokens_current(s);
    if (!c || r.w < 3 || r.h < 1) return;
    struct placed *at = malloc((size_t)c->seq->n * sizeof *at);
    if (!at) return;
    s->text_w = r.w - 2;
    int lines = wrap(s, c->seq, s->text_w, at), tall = r.h < 3 ? 1 : s->digits ? 3 : 2;
    int room = r.h / tall > 0 ? r.h / tall : 1, cur = at[s->cursor].line;
    if (cur < s->top) s->top = cur;
    if (cur >= s->top + room) s->top = cur - room + 1;
    if (s->top > lines - room) s->top = lines > room ? lines - room : 0;
    for (int i = 0; i < c->seq->n; i++) {
        int y = r.y + (at[i].line - s->top) * tall;
        if (at[i].line < s->top || y >= r.y + r.h) continue;
        draw_token(s, g, r, &c->seq->rows[i], &at[i], y, i == s->cursor);
    }
    grid_text(g, r, r.y + (cur - s->top) * tall, r.x, 1, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    if (lines > s->top + room)
        grid_text(g, r, r.y + r.h - 1, r.x + r.w - 1, 1, STYLE(ROLE_DIM, 0), sign(SIGN_ARROW_DOWN));
    if (s->top)
        grid_text(g, r, r.y, r.x + r.w - 1, 1, STYLE(ROLE_DIM, 0), sign(SIGN_ARROW_UP));
    free(at);
}

int tokens_text_move(struct tokens *s, int lines)
{
    const struct sentence *c = tokens_current(s);
    if (!c || s->text_w < 1) return s->cursor;
    struct placed *at = malloc((size_t)c->seq->n * sizeof *at);
    if (!at) return s->cursor;
    int n = wrap(s, c->seq, s->text_w, at), want = at[s->cursor].line + lines, best = s->cursor;
    int x = at[s->cursor].x + at[s->cursor].w / 2, far = 1 << 20;
    want = want < 0 ? 0 : want >= n ? n - 1 : want;
    for (int i = 0; i < c->seq->n; i++) {
        int d = abs(at[i].x + at[i].w / 2 - x);
        if (at[i].line == want && d < far) far = d, best = i;
    }
    free(at);
    return best;
}
