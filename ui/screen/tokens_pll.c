/* The pseudo-log-likelihood of a sentence of one's own: each token masked in its turn, the log of what
 * the generator gives it. Asked of the host by itself once the scores are there; the masks that are
 * shown have no part in it. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/later.h"
#include "src/base/err.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"

#define TOKENS_MOST 160 /* its passes grow with the square of the length */

void own_pll_forget(struct tokens *s)
{
    struct own_pll *p = &s->own.pll;
    later_drop(p->asked);
    memset(p, 0, sizeof *p);
    p->of = -1;
}

void own_pll_ask(struct tokens *s, struct app *a)
{
    struct own_pll *p = &s->own.pll;
    const struct tokens_own *o = &s->own;
    const struct sentence *c = tokens_current(s);
    int64_t of = o->live ? OWN_LIVE : o->step;
    struct err err = {0};
    if (p->of == of || !c) return; /* it is there, or under way */
    own_pll_forget(s);
    p->of = of;
    if (strstr(o->text, "[MASK]")) {
        snprintf(p->why, sizeof p->why, "none, the text leaves tokens open");
        return;
    }
    if (c->seq->n > TOKENS_MOST + 2) {
        snprintf(p->why, sizeof p->why, "not computed for more than %d tokens; inspect --pll does", TOKENS_MOST);
        return;
    }
    json_t *j = json_pack("{s:i, s:s, s:I, s:s, s:b}", "v", 1, "op", "score", "run", (json_int_t)s->run,
                          "text", o->text, "pll", 1);
    if (j && !o->live) json_object_set_new(j, "step", json_integer(o->step));
    p->asked = later_ask(app_workspace(a), j, 1, &err);
    if (!p->asked) snprintf(p->why, sizeof p->why, "%.150s", err.text);
    else app_poll(a, LOOK_AGAIN);
}

static void take(struct own_pll *p, const json_t *answer)
{
    const json_t *tokens = json_object_get(answer, "tokens"), *disc = json_object_get(answer, "disc");
    p->step = json_integer_value(json_object_get(answer, "step"));
    p->sum = json_number_value(json_object_get(answer, "gen"));
    p->disc = json_is_number(disc) ? json_number_value(disc) : NAN;
    for (size_t i = 0; i < json_array_size(tokens) && i < OWN_POSITIONS; i++) {
        const json_t *v = json_array_get(tokens, i);
        p->log_p[p->n++] = json_is_number(v) ? (float)json_number_value(v) : NAN;
    }
    if (!json_is_number(json_object_get(answer, "gen"))) {
        p->n = 0;
        snprintf(p->why, sizeof p->why, "none, there is no generator");
    }
}

int own_pll_look(struct tokens *s, struct app *a)
{
    struct own_pll *p = &s->own.pll;
    struct err err = {0};
    json_t *answer = NULL;
    if (!p->asked) return 0;
    int rc = later_look(p->asked, &answer, &err);
    if (rc == 1) {
        app_poll(a, LOOK_AGAIN);
        return 0;
    }
    p->asked = NULL;
    if (rc) snprintf(p->why, sizeof p->why, "%.150s", err.text);
    else take(p, answer);
    json_decref(answer);
    return 1;
}

int own_pll_is_of_current(const struct tokens *s)
{
    const struct sentence *c = tokens_current(s);
    return s->mode == MODE_OWN && s->own.pll.of != -1 && c && c->seq->sentence == s->own.number;
}

int own_pll_known(const struct tokens *s) { return own_pll_is_of_current(s) && s->own.pll.n > 0; }

double own_pll_at(const struct tokens *s, int pos)
{
    const struct own_pll *p = &s->own.pll;
    return own_pll_is_of_current(s) && pos >= 0 && pos < p->n ? (double)p->log_p[pos] : NAN;
}

/* The token that was expected least, in words; "" without one. */
static void least(const struct tokens *s, const struct token_seq *q, char *out, size_t size)
{
    char piece[256], v[FMT];
    int at = -1;
    *out = 0;
    for (int i = 0; i < q->n; i++)
        if (!isnan(own_pll_at(s, i)) && (at < 0 || own_pll_at(s, i) < own_pll_at(s, at))) at = i;
    if (at >= 0)
        snprintf(out, size, "least expected: %.60s %s", tokens_piece(s, q->rows[at].original, piece, sizeof piece),
                 fmt_fixed(v, sizeof v, own_pll_at(s, at), 2));
}

/* One more fact, where it fits whole. */
static int fact(struct grid *g, struct rect r, int x, const char *text)
{
    char more[160];
    snprintf(more, sizeof more, " · %s", text);
    return !*text || x + text_columns(more) > r.x + r.w
               ? x : x + grid_text(g, r, r.y, x, -1, STYLE(ROLE_DIM, 0), more);
}

void own_pll_draw(struct tokens *s, struct grid *g, struct rect r)
{
    const struct own_pll *p = &s->own.pll;
    const struct sentence *c = tokens_current(s);
    char sum[FMT], each[FMT], step[FMT], word[128];
    int n = 0, x = r.x + 1;
    if (!c || r.h < 1) return;
    x += grid_text(g, r, r.y, x, -1, STYLE(ROLE_DIM, 0), r.w >= 110 ? "pseudo-log-likelihood" : "PLL") + 1;
    if (!p->n) {
        grid_text(g, r, r.y, x - 1, 1, STYLE(ROLE_DIM, 0), ":");
        x++;
        grid_end(g, r, r.y, x, r.x + r.w - x, STYLE(ROLE_DIM, 0), p->asked ? "comes: each token is masked in its turn" : p->why);
        return;
    }
    for (int i = 0; i < p->n; i++) n += !isnan(own_pll_at(s, i));
    x += grid_text(g, r, r.y, x, -1, STYLE(ROLE_TEXT, ATTR_BOLD), fmt_fixed(sum, sizeof sum, p->sum, 2));
    x += grid_textf(g, r, r.y, x, -1, STYLE(ROLE_TEXT, 0), " nats, %s a token (%d)",
                    fmt_fixed(each, sizeof each, n ? p->sum / n : NAN, 2), n);
    least(s, c->seq, word, sizeof word);
    x = fact(g, r, x, word);
    if (s->own.live) {
        snprintf(word, sizeof word, "checkpoint %s", fmt_count(step, sizeof step, (double)p->step));
        x = fact(g, r, x, word);
    }
    if (!isnan(p->disc)) {
        snprintf(word, sizeof word, "log P(original) %s", fmt_fixed(sum, sizeof sum, p->disc, 2));
        fact(g, r, x, word);
    }
}
