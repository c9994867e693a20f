/* The Tokens screen as a table: what is shown, at full precision. */
#include <math.h>
#include <stdlib.h>

#include "db/csv.h"
#include "src/base/str.h"
#include "ui/screen/tokens_int.h"

static const char *const outcomes[] = {"kept", "caught", "missed", "false_alarm", NULL};
static const char *const sources[] = {"live", "snapshot", "probe", "user"};

static void csv_piece(const struct tokens *s, struct csv_out *out, int32_t id)
{
    csv_text(out, id >= 0 && s->pieces ? pieces_get(s->pieces, id) : NULL);
}

/* pll: with the log probability of the token where it alone is masked, of the sentence shown. */
static void csv_row(const struct tokens *s, struct csv_out *out, const struct sentence *x, int i, int pll)
{
    const struct token_seq *q = x->seq;
    const struct token_row *r = &q->rows[i];
    csv_int(out, i);
    csv_piece(s, out, r->original);
    csv_piece(s, out, r->masked);
    csv_piece(s, out, r->sampled);
    csv_known_float(out, r->gen_prob);
    csv_known_float(out, r->disc_prob);
    csv_int(out, r->label);
    csv_text(out, outcomes[tokens_outcome(r)]);
    if (r->gen_rank > 0) csv_int(out, r->gen_rank);
    else csv_text(out, NULL);
    csv_known_float(out, r->gen_entropy);
    csv_known_float(out, r->disc_loss);
    csv_int(out, r->same);
    csv_int(out, s->run);
    csv_int(out, s->step);
    csv_int(out, q->sentence);
    csv_text(out, sources[x->source]);
    csv_known_float(out, r->gen_loss);
    if (pll) csv_known_float(out, q == tokens_current(s)->seq ? (float)own_pll_at(s, i) : NAN);
    csv_end_row(out);
}

/* The waterfall: a row a token and snapshot. */
static int export_past(const struct tokens *s, struct csv_out *out)
{
    static const char *const heads[] = {"step", "position", "original", "sampled", "gen_prob",
                                        "disc_prob", "label", "run", "sentence", "chosen", "loss"};
    const struct sentence *c = tokens_current(s);
    int rows = 0;
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int k = 0; c && k < s->npast; k++)
        for (int i = 0; i < c->seq->n; i++) {
            const struct past_cell *p = tokens_past(s, k, i);
            if (!p) continue;
            csv_int(out, s->past[k].step);
            csv_int(out, i);
            csv_piece(s, out, p->original);
            csv_piece(s, out, p->sampled);
            csv_known_float(out, p->gen_prob);
            csv_known_float(out, p->disc_prob);
            csv_int(out, p->label);
            csv_int(out, s->run);
            csv_int(out, c->seq->sentence);
            csv_int(out, p->chosen);
            csv_known_float(out, p->loss);
            csv_end_row(out);
            rows++;
        }
    return rows;
}

/* The tokens of a cell of the rates, as they are listed. */
static int export_hunt(const struct tokens *s, struct csv_out *out)
{
    static const char *const heads[] = {"step", "source", "sentence", "position", "original", "sampled",
                                        "gen_prob", "disc_prob", "label", "outcome", "loss", "run"};
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int i = 0; i < s->hunt.n; i++) {
        const struct token_match *m = &s->hunt.list[i];
        const struct past_seq *q = tokens_match_seq(s, m);
        if (!q) continue;
        const struct past_cell *c = &q->cells[m->pos];
        csv_int(out, m->step == INT64_MAX ? s->step : m->step);
        csv_text(out, sources[m->source]);
        csv_int(out, m->sentence);
        csv_int(out, m->pos);
        csv_piece(s, out, c->original);
        csv_piece(s, out, c->sampled);
        csv_known_float(out, c->gen_prob);
        csv_known_float(out, c->disc_prob);
        csv_int(out, c->label);
        csv_text(out, outcomes[tokens_cell_outcome(c)]);
        csv_known_float(out, c->loss);
        csv_int(out, s->run);
        csv_end_row(out);
    }
    return s->hunt.n;
}

/* The list of sentences, in its order. */
static int export_list(const struct tokens *s, struct csv_out *out)
{
    static const char *const heads[] = {"sentence", "source", "text", "tokens", "masked", "same", "replaced",
                                        "caught", "missed", "false_alarms", "loss", "run", "step"};
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int i = 0; i < s->nsentences; i++) {
        const struct sentence *x = &s->sentences[i];
        int judged = x->count[OUT_NONE] == 0, tokens = 0;
        struct str text;
        for (int o = 0; o <= OUT_NONE; o++) tokens += x->count[o];
        str_init(&text);
        tokens_sentence_text(s, x->seq, &text);
        csv_int(out, x->seq->sentence);
        csv_text(out, sources[x->source]);
        csv_text(out, text.failed ? NULL : str_get(&text));
        csv_int(out, tokens);
        csv_int(out, x->chosen);
        csv_int(out, x->same);
        csv_int(out, x->replaced);
        for (int o = OUT_CAUGHT; o <= OUT_FALSE; o++)
            if (judged) csv_int(out, x->count[o]);
            else csv_text(out, NULL);
        csv_known(out, x->loss);
        csv_int(out, s->run);
        csv_int(out, s->step);
        csv_end_row(out);
        str_free(&text);
    }
    return s->nsentences;
}

/* What is unusual about the run, as the pane says it. */
static int export_diagnosis(const struct tokens *s, struct csv_out *out)
{
    static const char *const heads[] = {"finding", "normal_so_far", "look", "seen", "expected", "run"};
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int i = 0; i < s->ndiagnosis; i++) {
        const struct diagnosis *d = &s->diagnosis[i];
        csv_text(out, diagnosis_title(d->rule));
        csv_int(out, d->severity == SEV_INFO);
        csv_text(out, d->look);
        csv_text(out, d->seen);
        csv_text(out, d->expected);
        csv_int(out, s->run);
        csv_end_row(out);
    }
    return s->ndiagnosis;
}

/* A list, the findings or the rates where one is in focus. Text: all sentences in their order; strip and table: the one shown, in the columns of
 * `inspect --csv`, and that of `inspect --pll --csv` where it was asked for; the waterfall has its own. */
int tokens_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    static const char *const heads[] = {"position", "original", "masked", "sampled", "gen_prob",
                                        "disc_prob", "label", "outcome", "gen_rank", "gen_entropy",
                                        "disc_loss", "same", "run", "step", "sentence", "source", "gen_loss"};
    struct tokens *s = self;
    int rows = 0, pll = own_pll_known(s);
    (void)err;
    if (s->focus == ON_RATES)
        return s->rates.listing ? export_hunt(s, out) : tokens_rates_export(s, out);
    if (s->focus == ON_LIST) return export_list(s, out);
    if (s->focus == ON_DIAGNOSIS && s->ndiagnosis) return export_diagnosis(s, out);
    if (s->view == VIEW_WATERFALL) {
        while (tokens_load_past(s, a)) {}
        return export_past(s, out);
    }
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    if (pll) csv_text(out, "gen_log_prob");
    csv_end_row(out);
    for (int k = 0; k < s->nsentences; k++) {
        const struct token_seq *q = s->sentences[k].seq;
        if (s->view != VIEW_TEXT && k != s->current) continue;
        for (int i = 0; i < q->n; i++) {
            const struct token_row *r = &q->rows[i];
            if (s->view == VIEW_TABLE && s->only_changed && !r->chosen && !r->label &&
                tokens_outcome(r) != OUT_FALSE)
                continue;
            csv_row(s, out, &s->sentences[k], i, pll);
            rows++;
        }
    }
    return rows;
}

void tokens_copied(struct tokens *s, struct str *out)
{
    const struct sentence *c = tokens_current(s);
    if (s->focus == ON_RATES && !s->rates.listing) {
        tokens_rates_copied(s, out);
        return;
    }
    for (int i = 0; s->focus == ON_DIAGNOSIS && i < s->ndiagnosis; i++) {
        const struct diagnosis *d = &s->diagnosis[i];
        str_addf(out, "%s%s\n%s: %s\nseen: %s\nexpected: %s\n", i ? "\n" : "", diagnosis_title(d->rule),
                 d->cause ? "likely" : "look at", d->look, d->seen, d->expected);
    }
    if (!out->len && c) tokens_sentence_text(s, c->seq, out);
}
