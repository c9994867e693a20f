/* The panes beside the text: what the generator wanted, this token over the training, counts,
 * the list of sentences, the diagnosis. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

#define PIECE 256
#define LABEL STYLE(ROLE_DIM, 0)
#define PLAIN STYLE(ROLE_TEXT, 0)

/* Below the title, one column in. */
static struct rect inner(struct rect r) { return (struct rect){r.y + 1, r.x + 1, r.h - 1, r.w - 1}; }

static const struct token_row *at_cursor(const struct tokens *s)
{
    const struct sentence *c = tokens_current(s);
    return c && s->cursor < c->seq->n ? &c->seq->rows[s->cursor] : NULL;
}

static const char *no_proposals(const struct tokens *s, const struct token_row *t)
{
    return !t->chosen                        ? "not masked: no proposals"
           : s->objective == OBJ_BERT_MLM ? "masked; bert_mlm samples nothing"
                                             : "masked; there is no generator here";
}

/* "hungry -> angry missed" */
static void token_line(const struct tokens *s, const struct token_row *t, char *out, size_t size)
{
    char a[PIECE], b[PIECE];
    tokens_piece(s, t->original, a, sizeof a);
    tokens_piece(s, t->sampled, b, sizeof b);
    if (t->label || tokens_open(t))
        snprintf(out, size, "%.80s → %.80s", a, b);
    else if (t->same)
        snprintf(out, size, "%.80s, sampled the same", a);
    else
        snprintf(out, size, "%.80s", a);
}

/* Values of the token at the cursor; returns the rows used. */
static int token_facts(const struct tokens *s, struct grid *g, struct rect in, const struct token_row *t)
{
    char v[4][FMT], text[2 * PIECE], *end = text;
    enum outcome o = tokens_outcome(t);
    *text = 0;
    if (tokens_special(s, t->original)) {
        grid_text(g, in, in.y, in.x, -1, LABEL, "a mark of the format: not counted");
        return 1;
    }
    double given = tokens_masked_only(s) && t->chosen ? tokens_original_prob(t->gen_loss) : NAN;
    if (!isnan(given))
        end += snprintf(end, 64, "p(original) %s  ", fmt_prob(v[0], FMT, given));
    if (!isnan(t->disc_prob))
        end += snprintf(end, 64, "p(replaced) %s ", fmt_prob(v[0], FMT, t->disc_prob));
    int first = o != OUT_NONE || (!isnan(given) && in.h > 1); /* it has a row of its own */
    if (first)
        grid_text(g, in, in.y, in.x, -1, PLAIN, text);
    else
        in.y--, in.h++;
    if (*tokens_sign(o)) {
        int x = in.x + text_columns(text);
        grid_text(g, in, in.y, x, 1, STYLE(tokens_sign_role(o), 0), tokens_sign(o));
        grid_text(g, in, in.y, x + 2, -1, PLAIN, tokens_outcome_name(o));
    } else if (o == OUT_KEPT) {
        grid_text(g, in, in.y, in.x + text_columns(text), -1, LABEL, t->same ? "same" : tokens_open(t) ? "open" : "kept");
    }
    double log_p = own_pll_at(s, s->cursor), loss = (double)(isnan(t->disc_loss) ? t->gen_loss : t->disc_loss);
    if (isnan(log_p))
        snprintf(first ? text : end, 64, "loss %s", isnan(loss) ? "-" : fmt_fixed(v[1], FMT, loss, 3));
    else
        snprintf(text, sizeof text, "log p %s  loss %s", fmt_fixed(v[3], FMT, log_p, 2),
                 fmt_fixed(v[1], FMT, loss, 2));
    if (!isnan(t->gen_entropy))
        snprintf(text + strlen(text), sizeof text - strlen(text), "  entropy %s%s",
                 fmt_fixed(v[2], FMT, t->gen_entropy, 2), isnan(log_p) ? " nats" : "");
    grid_text(g, in, in.y + 1, in.x, -1, LABEL, text);
    return 1 + first;
}

/* Filled in: the generator's candidates as the discriminator ranks them (appendix G). */
static void candidates(const struct tokens *s, struct grid *g, struct rect in, const struct own_slot *f,
                       const struct token_row *t)
{
    char piece[PIECE], v[FMT];
    int w = in.w - 21 > 8 ? in.w - 21 : 8;
    grid_text(g, in, in.y, in.x, -1, LABEL, "filled in");
    grid_right(g, in, in.y, in.x + w, 6, LABEL, "gen p");
    grid_right(g, in, in.y, in.x + w + 6, 8, LABEL, "p(repl)");
    grid_right(g, in, in.y, in.x + w + 14, 6, LABEL, "score");
    for (int k = 0; k < f->n && k + 1 < in.h; k++) {
        int y = in.y + 1 + k, original = f->id[k] == t->original;
        struct style st = STYLE(ROLE_TEXT, original ? ATTR_BOLD : 0), heat = st;
        grid_text(g, in, y, in.x, w, st, tokens_piece(s, f->id[k], piece, sizeof piece));
        grid_right(g, in, y, in.x + w, 6, st, fmt_prob(v, sizeof v, (double)f->gen_prob[k]));
        heat.back = tokens_heat(f->disc_prob[k]);
        if (isnan(f->disc_prob[k]))
            grid_right(g, in, y, in.x + w + 8, 6, LABEL, "-");
        else
            grid_right(g, in, y, in.x + w + 8, 6, heat, fmt_prob(v, sizeof v, (double)f->disc_prob[k]));
        grid_right(g, in, y, in.x + w + 14, 6, STYLE(ROLE_ACCENT, 0),
                   fmt_prob(v, sizeof v, (double)f->score[k]));
    }
}

void tokens_pane_top(struct tokens *s, struct grid *g, struct rect r)
{
    char text[2 * PIECE], piece[PIECE], v[FMT];
    const struct token_row *t = at_cursor(s);
    struct rect in = inner(r);
    pane_titlef(g, r.y, r.x, r.w, 0, "token %d", s->cursor);
    if (!t || in.h < 1) return;
    token_line(s, t, text, sizeof text);
    grid_text(g, in, in.y, in.x, -1, STYLE(ROLE_TEXT, ATTR_BOLD), text);
    struct rect facts = {in.y + 1, in.x, in.h - 1, in.w};
    int y = in.y + 1 + token_facts(s, g, facts, t);
    const struct own_slot *slot = own_slot_at(s, s->cursor);
    if (slot) {
        candidates(s, g, (struct rect){y, in.x, in.y + in.h - y, in.w}, slot, t);
        return;
    }
    if (t->top_id[0] < 0) {
        grid_text(g, in, y, in.x, -1, LABEL, no_proposals(s, t));
        return;
    }
    for (int k = 0; k < EVENT_TOPK && t->top_id[k] >= 0 && y < in.y + in.h; k++, y++) {
        int original = t->top_id[k] == t->original, drawn = t->top_id[k] == t->sampled;
        grid_textf(g, in, y, in.x, 2, LABEL, "%d", k + 1);
        int w = in.w - 22 > 8 ? in.w - 22 : 8;
        grid_text(g, in, y, in.x + 2, w, STYLE(ROLE_TEXT, original ? ATTR_BOLD : 0),
                  tokens_piece(s, t->top_id[k], piece, sizeof piece));
        grid_right(g, in, y, in.x + 2 + w, 6, PLAIN, fmt_prob(v, sizeof v, t->top_prob[k]));
        grid_text(g, in, y, in.x + 9 + w, -1, LABEL,
                  original && drawn ? (in.w - 9 - w < 15 ? "same" : "original, drawn")
                  : original        ? "original"
                  : drawn           ? "drawn"
                                    : "");
    }
    if (t->gen_rank > EVENT_TOPK && y < in.y + in.h)
        grid_textf(g, in, y, in.x, -1, LABEL, "drawn at rank %d, %s", t->gen_rank,
                   fmt_prob(v, sizeof v, t->gen_prob));
}

/* The snapshots in which the token exists, at most max, newest last. */
static int past_of(const struct tokens *s, int *k, int max)
{
    int n = 0;
    for (int i = 0; i < s->npast; i++)
        if (tokens_past(s, i, s->cursor)) {
            if (n == max) memmove(k, k + 1, (size_t)(--n) * sizeof *k);
            k[n++] = i;
        }
    return n;
}

/* p(replaced), else the generator's p, else the loss. */
static double past_value(const struct past_cell *c)
{
    return !isnan(c->disc_prob) ? c->disc_prob : !isnan(c->gen_prob) ? c->gen_prob : c->loss;
}

#define PAST_MAX 512
static void past_spark(struct tokens *s, struct grid *g, struct rect in, int y, const int *k, int n)
{
    double v[PAST_MAX];
    for (int i = 0; i < n; i++) {
        const struct past_cell *c = tokens_past(s, k[i], s->cursor);
        v[i] = past_value(c);
    }
    spark_draw(g, in, y, in.x, n < in.w ? n : in.w, PLAIN, v, NULL, n);
}

void tokens_pane_past(struct tokens *s, struct grid *g, struct rect r)
{
    char step[FMT], piece[PIECE], p[FMT];
    int k[PAST_MAX];
    struct rect in = inner(r);
    const struct sentence *c = tokens_current(s);
    pane_titlef(g, r.y, r.x, r.w, 0, "this token over training");
    if (!c || in.h < 1) return;
    int n = past_of(s, k, PAST_MAX);
    if (!n) {
        grid_text(g, in, in.y, in.x, -1, LABEL,
                  c->source == TOKENS_LIVE   ? "training text passes once;"
                  : c->source == TOKENS_USER ? "[ and ] score it by other checkpoints"
                                             : "no snapshot yet");
        if (c->source == TOKENS_LIVE && in.h > 1)
            grid_text(g, in, in.y + 1, in.x, -1, LABEL, "[ shows the held-out sentences");
        return;
    }
    grid_text(g, in, in.y, in.x, -1, LABEL, "   step  sampled");
    const struct past_cell *newest = tokens_past(s, k[n - 1], s->cursor);
    grid_right(g, in, in.y, in.x, in.w - 2, LABEL, !isnan(newest->disc_prob)  ? "p(repl)"
                                                   : !isnan(newest->gen_prob) ? "gen p"
                                                                              : "loss");
    int rows = in.h - 2, y = in.y + 1;
    for (int i = 0; i < rows && i < n && y < in.y + in.h; i++, y++) {
        /* first, last, and an even choice between them */
        int at = k[n <= rows || rows < 2 ? i : (int)((double)i * (n - 1) / (rows - 1) + .5)];
        const struct past_cell *q = tokens_past(s, at, s->cursor);
        int here = s->past[at].step == s->step;
        struct style st = STYLE(ROLE_TEXT, here ? ATTR_BOLD : 0);
        enum outcome o = tokens_cell_outcome(q);
        grid_right(g, in, y, in.x, 7, here ? st : LABEL,
                   fmt_count(step, sizeof step, (double)s->past[at].step));
        grid_text(g, in, y, in.x + 9, in.w - 18, st,
                  q->label ? tokens_piece(s, q->sampled, piece, sizeof piece)
                           : q->chosen && q->sampled >= 0 ? sign(SIGN_SAME) : sign(SIGN_DOT));
        double shown = past_value(q);
        st.back = tokens_heat(q->disc_prob);
        grid_right(g, in, y, in.x + in.w - 8, 6, isnan(shown) ? LABEL : st,
                   isnan(shown) ? "-"
                   : isnan(q->disc_prob) && isnan(q->gen_prob) ? fmt_fixed(p, sizeof p, shown, 2)
                                                               : fmt_prob(p, sizeof p, shown));
        grid_text(g, in, y, in.x + in.w - 1, 1, STYLE(tokens_sign_role(o), 0), tokens_sign(o));
    }
    if (y < in.y + in.h && n > 1) past_spark(s, g, in, y, k, n);
}

static double ratio(int64_t a, int64_t b) { return b ? (double)a / (double)b : NAN; }

static const char *prob_or_dash(double v, char *out)
{
    if (isnan(v)) snprintf(out, FMT, "-");
    else fmt_prob(out, FMT, v);
    return out;
}

static void counts_without_disc(struct tokens *s, struct grid *g, struct rect in)
{
    const struct counts *c = &s->counts;
    const char *name = s->has_disc ? "" : s->objective == OBJ_BERT_MLM      ? "bert_mlm"
                       : s->objective == OBJ_REPLACE_MLM ? "replace_mlm"
                                                         : "all_tokens_mlm";
    grid_textf(g, in, in.y, in.x, -1, PLAIN, *name ? "%s has no discriminator:" : "two_stage: the generator alone so far,%s",
               name);
    grid_text(g, in, in.y + 1, in.x, -1, LABEL, "no p(replaced), no outcome.");
    grid_textf(g, in, in.y + 2, in.x, -1, PLAIN, "%lld tokens, %lld masked", (long long)c->tokens,
               (long long)c->chosen);
    if (s->objective != OBJ_BERT_MLM)
        grid_textf(g, in, in.y + 3, in.x, -1, PLAIN, "%lld of them sampled the same", (long long)c->same);
}

static void fooled(struct tokens *s, struct grid *g, struct rect in, int y)
{
    char a[PIECE], b[PIECE];
    if (!s->counts.npairs || !s->counts.pairs[0].missed || y >= in.y + in.h) return;
    grid_text(g, in, y++, in.x, -1, LABEL, "most missed");
    for (int i = 0; i < s->counts.npairs && y < in.y + in.h; i++, y++) {
        const struct pair *p = &s->counts.pairs[i];
        if (!p->missed) break;
        grid_textf(g, in, y, in.x, in.w - 8, PLAIN, "%s → %s",
                   tokens_piece(s, p->original, a, sizeof a),
                   tokens_piece(s, p->sampled, b, sizeof b));
        char n[FMT];
        snprintf(n, sizeof n, "%d of %d", p->missed, p->all);
        grid_right(g, in, y, in.x + in.w - 8, 8, LABEL, n);
    }
}

void tokens_pane_counts(struct tokens *s, struct grid *g, struct rect r)
{
    char v[4][FMT], n[2][FMT];
    struct rect in = inner(r);
    const struct counts *c = &s->counts;
    pane_titlef(g, r.y, r.x, r.w, 0, "these %s tokens",
                fmt_exact(v[0], sizeof v[0], c->tokens));
    if (!c->tokens) {
        grid_text(g, in, in.y, in.x, -1, LABEL, "no tokens yet");
        return;
    }
    if (!tokens_judged(s)) {
        counts_without_disc(s, g, in);
        return;
    }
    int64_t caught = c->n[OUT_CAUGHT], missed = c->n[OUT_MISSED], wrong = c->n[OUT_FALSE];
    grid_text(g, in, in.y, in.x, -1, LABEL, "         said replaced  original");
    for (int row = 0; row < 2; row++) {
        fmt_exact(n[0], FMT, row ? wrong : caught);
        fmt_exact(n[1], FMT, row ? c->n[OUT_KEPT] : missed);
        grid_text(g, in, in.y + 1 + row, in.x, -1, LABEL, row ? "original" : "replaced");
        grid_right(g, in, in.y + 1 + row, in.x + 9, 11, PLAIN, n[0]);
        grid_text(g, in, in.y + 1 + row, in.x + 21, 1,
                  STYLE(row ? ROLE_WARN : ROLE_GOOD, 0), sign(row ? SIGN_FALSE_ALARM : SIGN_CAUGHT));
        grid_right(g, in, in.y + 1 + row, in.x + 22, 9, PLAIN, n[1]);
        if (!row)
            grid_text(g, in, in.y + 1, in.x + 32, 1, STYLE(ROLE_BAD, 0), sign(SIGN_MISSED));
    }
    grid_textf(g, in, in.y + 3, in.x, -1, PLAIN, "precision %s  recall %s",
               prob_or_dash(ratio(caught, caught + wrong), v[0]),
               prob_or_dash(ratio(caught, caught + missed), v[1]));
    grid_textf(g, in, in.y + 4, in.x, -1, PLAIN, "replaced %s  said %s",
               prob_or_dash(ratio(c->replaced, c->tokens), v[2]),
               prob_or_dash(ratio(caught + wrong, c->tokens), v[3]));
    if (in.h < 8) return;
    grid_text(g, in, in.y + 5, in.x, -1, LABEL, "p      0   .2   .4   .6   .8   1");
    grid_text(g, in, in.y + 6, in.x, -1, LABEL, "is");
    for (int b = 0; b < 5; b++) {
        double is = ratio(c->bin_replaced[b], c->bin[b]);
        snprintf(v[0], sizeof v[0], isnan(is) ? "-" : "%.2f", is);
        grid_right(g, in, in.y + 6, in.x + 6 + 5 * b, 5, c->bin[b] < 5 ? LABEL : PLAIN,
                   *v[0] == '0' ? v[0] + 1 : v[0]);
    }
    fooled(s, g, in, in.y + 7);
}

/* The sentence as one line. */
static void sentence_text(const struct tokens *s, const struct token_seq *q, char *out, size_t size)
{
    char piece[PIECE];
    size_t n = 0;
    *out = 0;
    for (int i = 0; i < q->n && n + PIECE + 8 < size; i++) {
        int32_t id = q->rows[i].original;
        tokens_piece(s, id, piece, sizeof piece);
        if (!strcmp(piece, "[CLS]") || !strcmp(piece, "[SEP]")) continue;
        const char *text = tokens_continues(s, id) ? piece + strlen("·") : piece;
        n += (size_t)snprintf(out + n, size - n, "%s%s", n && text == piece ? " " : "", text);
    }
}

void tokens_pane_list(struct tokens *s, struct grid *g, struct rect r)
{
    char text[2048], v[FMT];
    struct rect in = {r.y + 1, r.x, r.h - 1, r.w};
    const char *parts[] = {text, s->by_loss && s->mode == MODE_SNAPSHOT ? "by loss, highest first"
                                                                   : "in order"};
    snprintf(text, sizeof text, "sentences %d of %d", s->current + 1, s->nsentences);
    pane_title(g, r.y, r.x, r.w, s->focus == ON_LIST, parts, 2);
    int words = in.w >= 100, facts = in.w < 70 ? 0 : !s->has_disc ? 20 : words ? 33 : 21;
    facts += facts ? 2 : 0; /* apart from the text */
    s->list_top = s->current < s->list_top ? s->current
                  : s->current >= s->list_top + in.h ? s->current - in.h + 1
                                                     : s->list_top;
    if (s->list_top < 0) s->list_top = 0;
    for (int i = s->list_top; i < s->nsentences && i - s->list_top < in.h; i++) {
        const struct sentence *x = &s->sentences[i];
        int y = in.y + i - s->list_top, here = i == s->current;
        uint8_t back = here ? BACK_SELECTED : BACK_NONE;
        struct style st = {ROLE_TEXT, back, 0}, dim = {ROLE_DIM, back, 0};
        if (here) {
            grid_fill(g, (struct rect){y, in.x, 1, in.w}, st, " ");
            grid_text(g, in, y, in.x, 1, (struct style){ROLE_ACCENT, back, 0}, sign(SIGN_CURSOR));
        }
        snprintf(text, sizeof text, "%d", x->seq->sentence);
        grid_right(g, in, y, in.x + 2, 4, dim, text);
        grid_text(g, in, y, in.x + 7, 5, dim,
                  x->source == TOKENS_PROBE ? "probe" : x->source == TOKENS_USER ? "own" : "");
        int start = x->source == TOKENS_PROBE || x->source == TOKENS_USER ? 13 : 7;
        sentence_text(s, x->seq, text, sizeof text);
        grid_end(g, in, y, in.x + start, in.w - start - facts - 12, st, text);
        if (facts && s->has_disc)
            snprintf(text, sizeof text, words ? "%3d replaced %3d caught %3d false" : "%3d replaced ✓%-3d ▵%-3d",
                     x->replaced, x->count[OUT_CAUGHT], x->count[OUT_FALSE]);
        else
            snprintf(text, sizeof text, "%3d masked %3d same", x->chosen, x->same);
        if (facts) grid_text(g, in, y, in.x + in.w - facts - 10, facts, dim, text);
        snprintf(text, sizeof text, "loss %s", isnan(x->loss) ? "-" : fmt_fixed(v, sizeof v, x->loss, 3));
        grid_right(g, in, y, in.x + in.w - 11, 11, st, text);
        if (here && s->focus == ON_LIST) g->cursor_y = y, g->cursor_x = in.x;
        tokens_hit(s, y, in.x, in.w, i, -1);
    }
}

/* There are snapshots of the sentence, whatever the cursor is on: nothing moves with it. */
static int has_past(const struct tokens *s)
{
    return s->npast > 0 && (s->mode == MODE_SNAPSHOT || s->fallback);
}

static int warns(const struct tokens *s) { return s->ndiagnosis && s->diagnosis[0].severity > SEV_INFO; }

int tokens_small_rows(const struct tokens *s)
{
    return tokens_current(s) ? 4 + has_past(s) + warns(s) : 0;
}

/* Lines for small screens: the token, the generator, the training, the counts, a word. */
void tokens_small(struct tokens *s, struct grid *g, struct rect r)
{
    char text[2 * PIECE], piece[PIECE], v[2][FMT], n_replaced[FMT], n_all[FMT];
    const struct token_row *t = at_cursor(s);
    struct rect in = inner(r);
    int y = in.y, k[PAST_MAX], n;
    pane_titlef(g, r.y, r.x, r.w, 0, "token %d", s->cursor);
    if (!t || !in.h) return;
    token_line(s, t, text, sizeof text);
    int x = in.x + grid_text(g, in, y, in.x, -1, STYLE(ROLE_TEXT, ATTR_BOLD), text) + 2;
    struct rect rest = {y, x, 1, in.x + in.w - x};
    if (rest.w > 8) token_facts(s, g, rest, t);
    x = in.x;
    y++;
    const struct own_slot *slot = own_slot_at(s, s->cursor);
    if (slot) x += grid_text(g, in, y, x, -1, LABEL, "filled in, score:") + 1;
    for (int i = 0; slot && i < slot->n; i++) {
        snprintf(text, sizeof text, "%s %s", tokens_piece(s, slot->id[i], piece, sizeof piece),
                 fmt_prob(v[0], FMT, (double)slot->score[i]));
        if (x + text_columns(text) > in.x + in.w) break;
        x += grid_text(g, in, y, x, -1,
                       STYLE(ROLE_TEXT, slot->id[i] == t->original ? ATTR_BOLD : 0), text) + 2;
    }
    for (int i = 0; !slot && i < EVENT_TOPK && t->top_id[i] >= 0 && y < in.y + in.h; i++) {
        snprintf(text, sizeof text, "%s %s%s", tokens_piece(s, t->top_id[i], piece, sizeof piece),
                 fmt_prob(v[0], FMT, t->top_prob[i]),
                 t->top_id[i] == t->sampled ? " drawn" : "");
        if (x + text_columns(text) > in.x + in.w) break;
        x += grid_text(g, in, y, x, -1,
                       STYLE(ROLE_TEXT, t->top_id[i] == t->original ? ATTR_BOLD : 0), text) + 2;
    }
    if (t->top_id[0] < 0 && y < in.y + in.h)
        grid_text(g, in, y, in.x, -1, LABEL, no_proposals(s, t));
    y++;
    n = past_of(s, k, PAST_MAX);
    if (y < in.y + in.h && has_past(s)) {
        x = in.x + grid_text(g, in, y, in.x, -1, LABEL, "over training ");
        past_spark(s, g, (struct rect){y, x, 1, in.w - (x - in.x)}, y, k, n);
        y++;
    }
    const struct counts *c = &s->counts;
    if (y < in.y + in.h && tokens_judged(s))
        grid_textf(g, in, y++, in.x, -1, LABEL, "precision %s recall %s of %s replaced in %s",
                   prob_or_dash(ratio(c->n[OUT_CAUGHT], c->n[OUT_CAUGHT] + c->n[OUT_FALSE]), v[0]),
                   prob_or_dash(ratio(c->n[OUT_CAUGHT], c->replaced), v[1]),
                   fmt_exact(n_replaced, FMT, c->replaced), fmt_exact(n_all, FMT, c->tokens));
    else if (y < in.y + in.h)
        grid_text(g, in, y++, in.x, -1, LABEL, s->has_disc ? "no discriminator yet: no p(replaced), no outcome"
                                                           : "no discriminator: no p(replaced), no outcome");
    if (y < in.y + in.h && warns(s))
        grid_textf(g, in, y, in.x, -1, STYLE(ROLE_WARN, 0), "! %s · Tab says why",
                   diagnosis_title(s->diagnosis[0].rule));
}
