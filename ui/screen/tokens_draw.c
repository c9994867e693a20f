/* Layout of the Tokens screen by size. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ui/screen/tokens_int.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

static void draw_main(struct tokens *s, struct app *a, struct grid *g, struct rect r)
{
    static const char *const views[VIEW_COUNT] = {"text", "strip", "table", "waterfall"};
    const struct sentence *c = tokens_current(s);
    char fresh[64], name[64], own[80] = "", legend[96] = "";
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
    if (c && s->has_disc)
        snprintf(legend, sizeof legend, "%d replaced ✓%d ✗%d ▵%d ≡%d", c->replaced,
                 c->count[OUT_CAUGHT], c->count[OUT_MISSED], c->count[OUT_FALSE], c->same);
    else if (c)
        snprintf(legend, sizeof legend, "%d masked, no discriminator", c->chosen);
    const char *parts[] = {name, fresh, views[s->view], legend, own};
    pane_title(g, r.y, r.x, r.w, s->focus == ON_TEXT, parts, 5);
    struct rect in = {r.y + 1, r.x, r.h - 1, r.w};
    const struct query_run *run = app_run(a, s->run);
    if (!c && run && run->state == RUN_PREPARING) {
        tokens_card_preparing(s, a, g, in);
        return;
    }
    if (!c) {
        grid_text(g, in, in.y, in.x + 1, -1, STYLE(ROLE_TEXT, 0), s->message);
        if (in.h > 1 && !s->run)
            grid_text(g, in, in.y + 1, in.x + 1, -1, STYLE(ROLE_DIM, 0),
                      "1 goes to Runs, Enter there starts or opens one");
        else if (in.h > 1 && s->npast && s->mode != MODE_SNAPSHOT)
            grid_text(g, in, in.y + 1, in.x + 1, -1, STYLE(ROLE_DIM, 0),
                      "[ shows the snapshots there are");
        return;
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
    int diag = r.w * 42 / 100, need = tokens_diagnosis_rows(s, diag); /* what ails it is never cut */
    int list = r.h >= 40 ? 9 : 7, mid = r.h >= 40 ? 13 : r.h >= 30 ? 11 : 8;
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
    if (area.h < 1 || area.w < 1) return;
    int wide = area.w >= 110 && area.h >= 30, small = !wide && area.h >= 16 && area.w >= 40;
    if ((wide || small || s->view == VIEW_WATERFALL) && tokens_load_past(s, a)) app_redraw(a);
    int reading = small && s->focus == ON_DIAGNOSIS; /* it needs the room of the card */
    if (s->alone) {
        draw_alone(s, a, g, area);
        return;
    }
    int card = tokens_card_shown(s, a) && !reading && (wide || small) ? tokens_card_rows(s, area) : 0;
    if (card) {
        card = card > area.h / 2 ? area.h / 2 : card;
        tokens_card_draw(s, a, g, (struct rect){area.y, area.x, card, area.w});
        area.y += card, area.h -= card;
        small = small && area.h >= 12;
    }
    if (wide) {
        draw_wide(s, a, g, area);
        return;
    }
    int strip = small ? 6 : 0;
    if (s->focus == ON_RATES && area.h >= 4) {
        strip = area.h >= 14 ? area.h - 7 : area.h;
        tokens_pane_rates(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
        if (strip == area.h) return;
    } else if (small && s->focus == ON_DIAGNOSIS) {
        strip = tokens_diagnosis_rows(s, area.w);
        strip = strip > area.h - 4 ? area.h - 4 : strip;
        tokens_pane_diagnosis(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
    } else if (small && s->focus == ON_LIST) { /* the list takes the strip's place, and more */
        strip = area.h / 2;
        tokens_pane_list(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
    } else if (small) {
        tokens_small(s, g, (struct rect){area.y + area.h - strip, area.x, strip, area.w});
    }
    draw_main(s, a, g, (struct rect){area.y, area.x, area.h - strip, area.w});
}
