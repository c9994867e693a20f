/* The card over the tokens: what the run does just now in one line, two small curves, and the first
 * probe sentence before and after. The demo shows it from its preparing on; `H` shows or hides it
 * on any run that has probes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/probes.h"
#include "src/base/err.h"
#include "src/base/str.h"
#include "src/event/caption.h"
#include "ui/screen/runs.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define PIECE 256
#define LABEL_W 13
#define DIM STYLE(ROLE_DIM, 0)
#define PLAIN STYLE(ROLE_TEXT, 0)

static int preparing(const struct query_run *r)
{
    return r->state == RUN_PREPARING || r->state == RUN_QUEUED;
}

int tokens_card_shown(const struct tokens *s, struct app *a)
{
    const struct query_run *r = app_run(a, s->run);
    if (!r || (!run_alive(r->state) && !r->has[METRIC_total_loss])) /* it ended before there was a number */
        return 0;
    return s->card.choice ? s->card.choice > 0 : r->config.preset == PRESET_DEMO && !preparing(r);
}

/* The probe's cells in snapshot k, NULL: it has none, or is not read yet. */
static const struct past_seq *probe_at(const struct tokens *s, int k)
{
    for (int i = 0; k >= 0 && k < s->npast && i < s->past[k].nseqs; i++)
        if (s->past[k].seqs[i].source == TOKENS_PROBE && s->past[k].seqs[i].sentence == 0)
            return &s->past[k].seqs[i];
    return NULL;
}

/* The first replaced token that was said replaced, once all snapshots are read. */
static void find_caught(struct tokens *s)
{
    struct tokens_card *c = &s->card;
    char piece[PIECE];
    if (c->caught_run == s->run && (c->caught_step >= 0 || c->caught_of == s->npast))
        return;
    for (int k = 0; k < s->npast; k++)
        if (!s->past[k].loaded)
            return;
    c->caught_run = s->run;
    c->caught_of = s->npast;
    c->caught_step = -1;
    for (int k = 0; k < s->npast; k++)
        for (int i = 0; i < s->past[k].nseqs; i++)
            for (int t = 0; t < s->past[k].seqs[i].n; t++) {
                const struct past_cell *x = &s->past[k].seqs[i].cells[t];
                if (tokens_cell_outcome(x) != OUT_CAUGHT)
                    continue;
                c->caught_step = s->past[k].step;
                snprintf(c->caught_word, sizeof c->caught_word, "%.60s",
                         tokens_piece(s, x->sampled, piece, sizeof piece));
                return;
            }
}

static int curve(struct app *a, int64_t run, int metric, double out[CARD_POINTS])
{
    struct arena tmp;
    struct query_bucket *b;
    arena_init(&tmp);
    int n = query_series(app_query(a), run, metric, 0, -1, CARD_POINTS, &tmp, &b, NULL);
    n = n < 0 ? 0 : n > CARD_POINTS ? CARD_POINTS : n;
    for (int i = 0; i < n; i++)
        out[i] = b[i].mean;
    arena_free(&tmp);
    return n;
}

void tokens_card_read(struct tokens *s, struct app *a)
{
    struct tokens_card *c = &s->card;
    const struct query_run *r = app_run(a, s->run);
    struct caption_input in = { .caught_step = -1 };
    if (!r || !app_query(a) || !tokens_card_shown(s, a))
        return;
    if (c->read_run == s->run && c->read_of == app_reads(a) && c->read_caught == c->caught_step)
        return;
    c->read_run = s->run, c->read_of = app_reads(a), c->read_caught = c->caught_step;
    verdict_input_init(&in.run);
    in.run.step = r->step;
    in.run.steps = r->config.steps;
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (r->has[i])
            in.run.last[i] = r->last[i];
        if (r->val_has[i]) {
            in.run.val[i] = r->val_last[i];
            in.run.best[i] = r->val_best[i];
        }
    }
    in.run.broken = r->has[METRIC_total_loss] && !isfinite(r->last[METRIC_total_loss]);
    if (c->caught_run == s->run && c->caught_step >= 0) {
        in.caught_step = c->caught_step;
        in.caught_word = c->caught_word;
    }
    struct seq_stage now;
    if (r->step < r->config.steps && diagnosis_new_stage(&r->config, r->step, .05, &now)) {
        in.longer_step = now.first + 1;
        in.longer_seq = now.seq;
    }
    enum caption kind = caption_say(&in, c->caption, sizeof c->caption);
    c->role = kind == CAPTION_BROKEN ? ROLE_BAD : kind == CAPTION_STUCK ? ROLE_WARN : ROLE_TEXT;
    const struct diagnosis *d = &s->diagnosis[0];
    if (kind >= CAPTION_STUCK && s->ndiagnosis && d->severity > SEV_INFO) { /* what, and why */
        c->role = ROLE_WARN;
        snprintf(c->caption, sizeof c->caption, "%s: %.230s", diagnosis_title(d->rule),
                 d->cause ? d->look : d->seen);
    }
    c->nloss = curve(a, r->id, r->has[METRIC_gen_loss] ? METRIC_gen_loss : METRIC_total_loss, c->loss);
    c->auc_metric = METRIC_VAL + (r->val_has[METRIC_rtd_auc_common] ? METRIC_rtd_auc_common
                                                                    : METRIC_rtd_auc);
    c->nauc = curve(a, r->id, c->auc_metric, c->auc);
}

/* One token of the probe: its sample on its heat; a replaced one with sign and original. Returns
 * its columns; g NULL: only measures. */
static int verse_token(const struct tokens *s, struct grid *g, struct rect in, int y, int x,
                       const struct past_cell *c)
{
    char piece[PIECE], was[PIECE + 16], original[PIECE];
    enum outcome o = tokens_cell_outcome(c);
    tokens_piece(s, c->sampled >= 0 ? c->sampled : c->original, piece, sizeof piece);
    was[0] = 0;
    if (c->label)
        snprintf(was, sizeof was, "(%s)", tokens_piece(s, c->original, original, sizeof original));
    const char *mark = c->chosen && !c->label ? sign(SIGN_SAME) : tokens_sign(o);
    const char *apart = s->ascii && *mark ? "/" : "";
    int w = text_columns(piece) + text_columns(apart) + text_columns(mark) + text_columns(was);
    if (!g)
        return w;
    struct style st = STYLE(ROLE_TEXT, c->label ? ATTR_UNDERLINE : 0);
    st.back = tokens_heat(c->disc_prob);
    x += grid_text(g, in, y, x, -1, st, piece);
    x += grid_text(g, in, y, x, -1, DIM, apart);
    x += grid_text(g, in, y, x, -1, STYLE(tokens_sign_role(o), 0), mark);
    grid_text(g, in, y, x, -1, DIM, was);
    return w;
}

/* The probe at snapshot k, wrapped. Returns the rows it takes. */
static int verse(const struct tokens *s, struct grid *g, struct rect in, const char *label, int k)
{
    const struct past_seq *q = probe_at(s, k);
    char step[FMT], text[48], piece[PIECE];
    int x = in.x + LABEL_W, y = in.y;
    if (!q)
        return 0;
    if (g) {
        snprintf(text, sizeof text, "%s %s", label,
                 fmt_count(step, sizeof step, (double)s->past[k].step));
        grid_text(g, in, y, in.x, LABEL_W - 1, DIM, text);
    }
    for (int t = 0; t < q->n; t++) {
        tokens_piece(s, q->cells[t].original, piece, sizeof piece);
        if (!strcmp(piece, "[CLS]") || !strcmp(piece, "[SEP]"))
            continue;
        int w = verse_token(s, NULL, in, y, x, &q->cells[t]);
        if (x + w > in.x + in.w && x > in.x + LABEL_W)
            x = in.x + LABEL_W, y++;
        if (g && y < in.y + in.h)
            verse_token(s, g, in, y, x, &q->cells[t]);
        x += w + 1;
    }
    return y - in.y + 1;
}

/* First and newest snapshot with the probe; -1: none. */
static void before_and_after(const struct tokens *s, int *first, int *last)
{
    *first = *last = -1;
    for (int k = 0; k < s->npast; k++)
        if (probe_at(s, k)) {
            *first = *first < 0 ? k : *first;
            *last = k;
        }
}

static const char *caption_text(const struct tokens *s)
{
    return s->card.caption[0] ? s->card.caption : "the first numbers come in a moment";
}

static int caption_rows(const struct tokens *s, int width)
{
    return wrap_text(NULL, (struct rect){ 0, 0, 1, width }, PLAIN, caption_text(s));
}

static int at_work(const struct query_run *r)
{
    return r->state == RUN_RUNNING || r->state == RUN_PAUSED || r->state == RUN_STOPPING;
}

/* A small screen has no room for the story of a run that ended before anybody looked. */
static int folded(const struct tokens *s, const struct query_run *r, int brief)
{
    return brief && !s->card.choice && !at_work(r) && s->card.watched != r->id;
}

int tokens_card_rows(struct tokens *s, struct app *a, struct rect in, int brief)
{
    const struct query_run *r = app_run(a, s->run);
    int first, last;
    if (at_work(r))
        s->card.watched = r->id;
    s->card.folded = folded(s, r, brief);
    if (s->card.folded)
        return 1;
    before_and_after(s, &first, &last);
    int rows = 3 - brief + caption_rows(s, in.w - 2); /* brief: curves or how far it is, not both */
    if (first < 0)
        return rows + 1;
    if (first == last || !brief || !at_work(r))
        rows += verse(s, NULL, in, "", first);
    return first == last ? rows : rows + verse(s, NULL, in, "", last);
}

/* The newest value stands beside its name, as wide as `room`; how it came there fills up from the left. */
static int one_curve(struct grid *g, struct rect in, int x, const char *name, const char *value, int room,
                     const double *v, int n, int width)
{
    x += grid_text(g, in, in.y, x, -1, DIM, name) + 1;
    grid_text(g, in, in.y, x, -1, PLAIN, value);
    x += room + 1;
    n = n > CARD_POINTS ? CARD_POINTS : n;
    if (n > 1)
        spark_draw(g, in, in.y, x, n < width ? n : width, STYLE(ROLE_SERIES1, 0), v, NULL, n);
    return x + width + 2;
}

static void curves_row(const struct tokens *s, const struct query_run *r, struct grid *g, struct rect in, int brief)
{
    const struct tokens_card *c = &s->card;
    char loss[FMT] = "-", auc[FMT] = "-", unigram[FMT], text[64], left[FMT];
    int gen = r->has[METRIC_gen_loss], width = in.w >= 100 ? 24 : brief ? 8 : 12;
    double v = gen ? r->last[METRIC_gen_loss] : r->last[METRIC_total_loss];
    if (c->nloss)
        fmt_fixed(loss, sizeof loss, v, 2);
    int m = c->auc_metric - METRIC_VAL;
    if (c->nauc && r->val_has[m])
        fmt_prob(auc, sizeof auc, r->val_last[m]);
    snprintf(text, sizeof text, "%s", loss);
    if (gen && r->has[METRIC_unigram_loss] && in.w >= 90)
        snprintf(text, sizeof text, "%s (unigram %s)", loss,
                 fmt_fixed(unigram, sizeof unigram, r->last[METRIC_unigram_loss], 2));
    int x = one_curve(g, in, in.x, brief ? gen ? "gen loss" : "loss" : gen ? "training gen loss" : "training loss",
                      text, text_columns(text) > 5 ? text_columns(text) : 5, c->loss, c->nloss, width);
    if (s->has_disc)
        one_curve(g, in, x, c->auc_metric == METRIC_VAL + METRIC_rtd_auc_common ? "AUC common" : "AUC own", auc, 5,
                  c->auc, c->nauc, width);
    if (!brief)
        return;
    fmt_time(left, sizeof left, run_eta(r));
    snprintf(text, sizeof text, "%d %%%s%s%s", (int)(100 * (double)r->step / (double)r->config.steps),
             isfinite(run_eta(r)) ? "  " : "", isfinite(run_eta(r)) ? left : "", isfinite(run_eta(r)) ? " left" : "");
    grid_right(g, in, in.y, in.x, in.w, PLAIN, text);
}

/* How far it is; at the end what may come next. */
static void last_row(const struct tokens *s, const struct query_run *r, struct grid *g, struct rect in)
{
    char a[FMT], b[FMT], text[96];
    double eta = run_eta(r);
    static const char *const next[][2] = { { "o", "own sentence" }, { "2", "curves" }, { "c", "new run" } };
    int x = in.x;
    if (r->state == RUN_RUNNING || r->state == RUN_PAUSED || r->state == RUN_STOPPING) {
        int64_t step = s->mode == MODE_LIVE && s->step > r->step ? s->step : r->step; /* the rows are newer */
        x += grid_textf(g, in, in.y, x, -1, DIM, "step %s of %s ", fmt_exact(a, sizeof a, step),
                        fmt_exact(b, sizeof b, r->config.steps));
        progress_draw(g, in, in.y, x, in.w >= 100 ? 20 : 10, STYLE(ROLE_ACCENT, 0),
                      (double)step / (double)r->config.steps);
        x += in.w >= 100 ? 22 : 12;
        if (isfinite(eta))
            x += grid_textf(g, in, in.y, x, -1, PLAIN, "%s left", fmt_time(a, sizeof a, eta)) + 2;
        if (s->card.caught_run == s->run && s->card.caught_step >= 0)
            grid_textf(g, in, in.y, x, -1, DIM, in.w >= 100 ? "first replaced word caught at step %s: %s"
                                                            : "%.0sfirst caught: %s",
                       fmt_exact(b, sizeof b, s->card.caught_step), s->card.caught_word);
        return;
    }
    snprintf(text, sizeof text, r->state == RUN_DONE ? "%s %s" : "%s %s at step %s",
             sign(SIGN_STATE + r->state), run_state_name(r->state), fmt_exact(a, sizeof a, r->step));
    x += grid_text(g, in, in.y, x, -1, PLAIN, text);
    if (r->val_has[METRIC_rtd_auc_common])
        x += grid_textf(g, in, in.y, x, -1, STYLE(ROLE_TEXT, ATTR_BOLD), " · AUC common %s",
                        fmt_prob(b, sizeof b, r->val_last[METRIC_rtd_auc_common]));
    x += grid_text(g, in, in.y, x, -1, DIM, " · next: ");
    for (int i = 0; i < 3; i++) {
        x += grid_text(g, in, in.y, x, -1, STYLE(ROLE_ACCENT, 0), next[i][0]) + 1;
        x += grid_text(g, in, in.y, x, -1, DIM, next[i][1]) + 2;
    }
}

/* The run's end in its title. */
static void draw_folded(const struct query_run *run, struct grid *g, struct rect r)
{
    char end[80], v[FMT];
    snprintf(end, sizeof end, "%s %s", sign(SIGN_STATE + run->state), run_state_name(run->state));
    if (run->val_has[METRIC_rtd_auc_common])
        snprintf(end + strlen(end), sizeof end - strlen(end), ", AUC common %s",
                 fmt_prob(v, sizeof v, run->val_last[METRIC_rtd_auc_common]));
    const char *parts[] = { run->name, end, "H how it went" };
    pane_title(g, r.y, r.x, r.w, 0, parts, 3);
}

void tokens_card_draw(struct tokens *s, struct app *a, struct grid *g, struct rect r, int brief)
{
    const struct query_run *run = app_run(a, s->run);
    struct rect in = { r.y + 1, r.x + 1, 1, r.w - 2 };
    int first, last;
    if (!run)
        return;
    find_caught(s);
    tokens_card_read(s, a);
    before_and_after(s, &first, &last);
    if (s->card.folded) {
        draw_folded(run, g, r);
        return;
    }
    int going = at_work(run), tail = !(brief && going); /* one row says curves and progress */
    const char *parts[] = { run->name, "how it goes", "H hides" };
    pane_title(g, r.y, r.x, r.w, 0, parts, 3);
    in.h = r.h - 1 - tail;
    in.y += wrap_text(g, in, STYLE(s->card.role, 0), caption_text(s));
    if (!brief || going)
        curves_row(s, run, g, (struct rect){ in.y++, in.x, 1, in.w }, brief);
    in.h = r.y + r.h - tail - in.y;
    if (first < 0 && in.h > 0) {
        grid_text(g, in, in.y, in.x, -1, DIM,
                  s->npast ? "no probe sentence: w pins one for the runs to come"
                           : "the probe sentence comes with the first snapshot");
        in.y++;
    }
    if (tail || first == last) {
        int rows = verse(s, g, in, first == last ? "step" : "before", first);
        in.y += rows;
        in.h -= rows;
    }
    if (first != last && in.h > 0)
        in.y += verse(s, g, in, run->state == RUN_DONE ? "after" : "now", last);
    if (tail)
        last_row(s, run, g, (struct rect){ r.y + r.h - 1, in.x, 1, in.w });
}

/* While there is nothing to see: what is made, how far it is, what will follow. */
void tokens_card_preparing(struct tokens *s, struct app *a, struct grid *g, struct rect in)
{
    const struct query_run *r = app_run(a, s->run);
    char n[FMT], text[128];
    const struct config *c = &r->config;
    int y = in.y;
    snprintf(text, sizeof text, "%.60s", *r->progress ? r->progress : "reading text");
    grid_text(g, in, y, in.x + 1, -1, STYLE(ROLE_TEXT, ATTR_BOLD), text);
    snprintf(text, sizeof text, "%d %%", (int)lround(100 * (r->done > 0 ? r->done : 0)));
    progress_draw(g, in, y, in.x + 24, in.w > 60 ? 30 : 10, STYLE(ROLE_ACCENT, 0), r->done);
    grid_text(g, in, y++, in.x + (in.w > 60 ? 56 : 36), -1, PLAIN, text);
    grid_textf(g, in, y++, in.x + 1, -1, DIM,
               "The text is read, a vocabulary of %s pieces is learnt from it, then it is packed.",
               fmt_exact(n, sizeof n, c->vocab_size ? c->vocab_size : 30522));
    grid_textf(g, in, y++, in.x + 1, -1, DIM,
               "Then a discriminator of %ld layers, %ld wide, learns to tell which tokens a generator",
               c->layers, c->hidden_size);
    grid_textf(g, in, y, in.x + 1, -1, DIM, "replaced: %s steps, watched here token by token.",
               fmt_exact(n, sizeof n, c->steps));
}

/* --- pinning ---------------------------------------------------------------------------------- */

int tokens_pin(struct tokens *s, struct app *a)
{
    const struct sentence *c = tokens_current(s);
    struct err err = { 0 };
    struct str text;
    str_init(&text);
    if (c)
        tokens_sentence_text(s, c->seq, &text);
    int rc = probes_add(app_workspace(a), str_get(&text), &err);
    if (rc < 0)
        app_say(a, SEV_ERROR, "%s", err.text);
    else
        app_say(a, SEV_INFO, rc ? "pinned: runs that begin from now on score it at every snapshot"
                                : "it is pinned already");
    str_free(&text);
    return 1;
}
