/* Layout of the Tokens screen by size. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define LEGEND_WIDE 118 /* columns from which words take the place of short forms */
#define LEGEND_HEAT 146

/* The rows of the view, in words. */
static const char *legend_rows(const struct tokens *s, int wide)
{
    if (s->view == VIEW_WATERFALL)
        return tokens_masked_only(s) ? "digit: first decimal of the p given to the original at a masked token"
               : !tokens_judged(s) ? "digit: first decimal of the generator's p at a masked token"
               : wide       ? "digit: first decimal of p(replaced), underlined where the token was replaced "
                              "then; a row is a snapshot"
                            : "digit: first decimal of p(replaced), underlined: replaced then";
    if (s->view == VIEW_STRIP) return "";
    if (tokens_masked_only(s))
        return wide ? "upper row: what the model reads, [M] is masked · was: the original"
                    : "upper row as read, [M] is masked · was: original";
    if (!tokens_judged(s))
        return wide ? "upper row: masked tokens as the generator filled them · was: the original"
                    : "upper row: as the generator filled it · was: original";
    return wide ? "upper row: what the discriminator reads · was: the original"
                : "upper row as read · was: original";
}

void tokens_legend(struct tokens *s, struct grid *g, struct rect r)
{
    static const enum outcome marks[] = {OUT_CAUGHT, OUT_MISSED, OUT_FALSE};
    static const float heat[] = {.1F, .3F, .5F, .8F};
    char p[FMT];
    int wide = r.w >= LEGEND_WIDE, x = r.x + 1;
    x += grid_end(g, r, r.y, x, r.x + r.w - x, STYLE(ROLE_DIM, 0), legend_rows(s, wide));
    if (s->view == VIEW_WATERFALL) return;
    for (int i = 0; tokens_judged(s) && i < 3; i++) {
        x += (x > r.x + 1) * 2;
        if (x + 2 + text_columns(tokens_outcome_name(marks[i])) > r.x + r.w) return;
        x += grid_text(g, r, r.y, x, -1, STYLE(tokens_sign_role(marks[i]), 0), tokens_sign(marks[i])) + 1;
        x += grid_text(g, r, r.y, x, -1, STYLE(ROLE_DIM, 0), tokens_outcome_name(marks[i]));
    }
    if (tokens_masked_only(s)) return;
    x += 2;
    if (x + 2 + text_columns("same") > r.x + r.w) return;
    x += grid_text(g, r, r.y, x, -1, STYLE(ROLE_DIM, 0), sign(SIGN_SAME)) + 1;
    x += grid_text(g, r, r.y, x, -1, STYLE(ROLE_DIM, 0), wide ? "sampled the same" : "same");
    if (!tokens_judged(s) || r.w < LEGEND_HEAT) return;
    x += 2;
    x += grid_text(g, r, r.y, x, -1, STYLE(ROLE_DIM, 0), "p(replaced)") + 1;
    for (int i = 0; i < 4; i++)
        x += grid_textf(g, r, r.y, x, -1, (struct style){ROLE_TEXT, tokens_heat(heat[i]), 0}, " %s ",
                        fmt_fixed(p, sizeof p, (double)heat[i], 1) + 1);
}

static void draw_main(struct tokens *s, struct app *a, struct grid *g, struct rect r)
{
    static const char *const views[VIEW_COUNT] = {"text", "strip", "table", "waterfall"};
    const struct sentence *c = tokens_current(s);
    char fresh[64], name[64], own[80] = "", legend[160] = "", opening[1100];
    tokens_fresh(s, fresh, sizeof fresh);
    if (c)
        snprintf(name, sizeof name, "sentence %d of %d", s->current + 1, s->nsentences);
    else
        snprintf(name, sizeof name, "tokens");
    if (c && c->source == TOKENS_PROBE) snprintf(own, sizeof own, "probe %d", c->seq->sentence);
    if (c && c->source == TOKENS_SNAPSHOT)
        snprintf(own, sizeof own, "held-out %d", c->seq->sentence);
    if (c && s->mode == MODE_OWN)
        snprintf(own, sizeof own, "Space masks · * draws anew · Enter fills in");
    if (c && c->source == TOKENS_LIVE) snprintf(own, sizeof own, "training batch");
    if (c && tokens_judged(s))
        snprintf(legend, sizeof legend, r.w >= 110 ? "%d replaced: ✓%d caught ✗%d missed, ▵%d false alarm, "
                                                     "≡%d same"
                                                   : "%d replaced ✓%d ✗%d ▵%d ≡%d",
                 c->replaced, c->count[OUT_CAUGHT], c->count[OUT_MISSED], c->count[OUT_FALSE], c->same);
    else if (c)
        snprintf(legend, sizeof legend, s->has_disc ? "%d masked, no discriminator yet" : "%d masked, no discriminator",
                 c->chosen);
    if (tokens_opening_says(s, a, opening, sizeof opening)) { /* the old run is not what is waited for */
        const char *wait[] = {"tokens", "opening a checkpoint"};
        pane_title(g, r.y, r.x, r.w, 1, wait, 2);
        grid_text(g, r, r.y + 1, r.x + 1, -1, STYLE(ROLE_TEXT, 0), opening);
        return;
    }
    const char *parts[] = {name, fresh, views[s->view], legend, own};
    pane_title(g, r.y, r.x, r.w, s->focus == ON_TEXT, parts, c ? 5 : 1);
    struct rect in = {r.y + 1, r.x, r.h - 1, r.w};
    const struct query_run *run = app_run(a, s->run);
    if (!c && run && run->state == RUN_PREPARING) {
        tokens_card_preparing(s, a, g, in);
        return;
    }
    if (!c) {
        struct rect text = {in.y, in.x + 1, in.h, in.w - 2};
        int y = in.y + wrap_text(g, text, STYLE(ROLE_TEXT, 0), s->message);
        if (s->npast && s->mode != MODE_SNAPSHOT)
            grid_text(g, in, y, in.x + 1, -1, STYLE(ROLE_DIM, 0), "[ shows the snapshots there are");
        return;
    }
    if (in.h >= 5 && s->view != VIEW_TABLE) {
        in.h--;
        tokens_legend(s, g, (struct rect){in.y + in.h, in.x, 1, in.w});
    }
    if (own_pll_is_of_current(s) && in.h >= 4) {
        in.h--;
        own_pll_draw(s, g, (struct rect){in.y + in.h, in.x, 1, in.w});
    }
    switch (s->view) {
    case VIEW_STRIP: tokens_strip(s, g, in); break;
    case VIEW_TABLE: tokens_table(s, g, in); break;
    case VIEW_WATERFALL: tokens_waterfall(s, g, in); break;
    default: tokens_text(s, g, in);
    }
}

/* Three panes beside each other, then sentences and diagnosis. */
static void draw_wide(struct tokens *s, struct app *a, struct grid *g, struct rect r)
{
    int diag = r.w * 42 / 100, need = tokens_diagnosis_rows(s, diag, 0); /* what ails it is never cut */
    int list = r.h >= 40 ? 9 : 7, mid = r.h >= 40 ? 13 : r.h >= 30 ? 11 : 8;
    if (s->ndiagnosis && s->diagnosis[0].severity > SEV_INFO) /* what is usual this early moves nothing */
        list = need > list ? need : list;
    list = list > r.h - mid - 5 ? r.h - mid - 5 : list;
    int main_h = r.h - list - mid;
    int y = r.y + main_h, w1 = r.w * 31 / 100, w2 = r.w * 33 / 100, w3 = r.w - w1 - w2 - 2;
    struct rect top = {y, r.x, mid, w1}, past = {y, r.x + w1 + 1, mid, w2};
    struct rect counts = {y, r.x + w1 + w2 + 2, mid, w3};
    struct rect sentences = {y + mid, r.x, list, r.w - diag - 1};
    struct rect card = {y + mid, r.x + r.w - diag, list, diag};
    draw_main(s, a, g, (struct rect){r.y, r.x, main_h, r.w});
    pane_hline(g, y, r.x, r.w, STYLE(ROLE_DIM, 0));
    if (s->focus == ON_RATES) {
        tokens_pane_rates(s, g, (struct rect){y, r.x, mid + list, r.w});
        return;
    }
    pane_hline(g, y + mid, r.x, r.w, STYLE(ROLE_DIM, 0));
    pane_vline(g, y, r.x + w1, mid + 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, y, r.x + w1 + w2 + 1, mid + 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, y + mid, card.x - 1, list, STYLE(ROLE_DIM, 0));
    tokens_pane_top(s, g, top);
    tokens_pane_past(s, g, past);
    tokens_pane_counts(s, g, counts);
    tokens_pane_list(s, g, sentences);
    tokens_pane_diagnosis(s, g, card);
}

/* Without a run there is nothing to view, nor to be stale. */
static void draw_nothing(const struct tokens *s, struct grid *g, struct rect r)
{
    struct rect in = {r.y + 2, r.x + 3, r.h - 2, r.w - 6};
    pane_titlef(g, r.y, r.x, r.w, 1, "tokens");
    int y = in.y + wrap_text(g, in, STYLE(ROLE_TEXT, 0), s->message);
    grid_text(g, in, y, in.x, -1, STYLE(ROLE_DIM, 0), "1 goes to Runs, Enter there starts or opens one");
}

/* The pane in focus, nothing else. */
static void draw_alone(struct tokens *s, struct app *a, struct grid *g, struct rect r)
{
    switch (s->focus) {
    case ON_DIAGNOSIS: tokens_pane_diagnosis(s, g, r); break;
    case ON_LIST: tokens_pane_list(s, g, r); break;
    case ON_RATES: tokens_pane_rates(s, g, r); break;
    default: draw_main(s, a, g, r);
    }
}

void tokens_draw(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct tokens *s = self;
    s->nhits = 0;
    s->ascii = g->ascii;
    if (area.h < 1 || area.w < 1) return;
    if (!s->run && !s->opening.asked) {
        draw_nothing(s, g, area);
        return;
    }
    int wide = area.w >= 110 && area.h >= 30, small = !wide && area.h >= 16 && area.w >= 40;
    if ((wide || small || s->view == VIEW_WATERFALL) && tokens_load_past(s, a)) app_redraw(a);
    int reading = small && s->focus == ON_DIAGNOSIS; /* it needs the room of the card */
    if (s->alone) {
        draw_alone(s, a, g, area);
        return;
    }
    int card = tokens_card_shown(s, a) && !reading && (wide || small) ? tokens_card_rows(s, a, area, small) : 0;
    if (card) {
        card = card > area.h / 2 ? area.h / 2 : card;
        tokens_card_draw(s, a, g, (struct rect){area.y, area.x, card, area.w}, small);
        area.y += card, area.h -= card;
        small = small && area.h >= 12;
    }
    if (wide) {
        draw_wide(s, a, g, area);
        return;
    }
    int strip = small ? tokens_small_rows(s) : 0;
    if (s->focus == ON_RATES && area.h >= 4) {
        strip = area.h >= 14 ? area.h - 7 : area.h;
        tokens_pane_rates(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
        if (strip == area.h) return;
    } else if (small && s->focus == ON_DIAGNOSIS) {
        strip = tokens_diagnosis_rows(s, area.w, 1);
        strip = strip > area.h - 4 ? area.h - 4 : strip;
        tokens_pane_diagnosis(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
    } else if (small && s->focus == ON_LIST) { /* the list takes the strip's place, and more */
        strip = area.h / 2;
        tokens_pane_list(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
    } else if (strip) {
        tokens_small(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
    }
    draw_main(s, a, g, (struct rect){area.y, area.x, area.h - strip, area.w});
}
