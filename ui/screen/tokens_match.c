/* What n and N step through: tokens that hold a text, or those of a cell of the rates, over the
 * sentences shown and, where asked, over all snapshots. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "src/base/str.h"
#include "ui/screen/tokens_int.h"
#include "ui/widget/format.h"

#define MATCHES_MOST (1 << 20)

int64_t tokens_here(const struct tokens *s)
{
    return s->mode == MODE_SNAPSHOT || s->fallback ? s->step : INT64_MAX;
}

/* --- text ------------------------------------------------------------------------------------- */

/* Decomposed and in lower case, so that composed Hangul meets a vocabulary of jamo. Concatenating
 * pieces folded one by one gives the folded word. */
static void add_folded(struct str *out, const char *text)
{
    int plain = 1;
    for (const char *p = text; *p && plain; p++) plain = (unsigned char)*p < 0x80;
    if (plain) {
        for (; *text; text++) str_addc(out, *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text);
        return;
    }
    utf8proc_uint8_t *fold = NULL;
    if (utf8proc_map((const utf8proc_uint8_t *)text, 0, &fold,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD) < 0)
        str_add(out, text);
    else
        str_add(out, (const char *)fold);
    free(fold);
}

/* The sequence as folded text; start[i] is where token i begins in it. */
static void as_text(const struct tokens *s, const struct past_seq *q, int sampled, struct str *out,
                    size_t *start)
{
    str_clear(out);
    for (int i = 0; i < q->n; i++) {
        const struct past_cell *c = &q->cells[i];
        int32_t id = sampled && c->sampled >= 0 ? c->sampled : c->original;
        const char *t = s->pieces && id >= 0 ? pieces_get(s->pieces, id) : NULL;
        int joined = t && t[0] == '#' && t[1] == '#' && t[2];
        if (i && !joined) str_addc(out, ' ');
        start[i] = out->len;
        if (t) add_folded(out, joined ? t + 2 : t);
    }
}

/* Marks the tokens in which a find of `what` begins. */
static void mark_text(const struct tokens *s, const struct past_seq *q, int sampled, const char *what,
                      struct str *text, size_t *start, uint8_t *hit)
{
    as_text(s, q, sampled, text, start);
    int token = 0;
    for (const char *at = str_get(text); (at = strstr(at, what)); at++) {
        size_t off = (size_t)(at - str_get(text));
        while (token + 1 < q->n && start[token + 1] <= off) token++;
        /* Of the sample only what is not the original. */
        if (!sampled || q->cells[token].sampled != q->cells[token].original) hit[token] = 1;
    }
}

/* --- gathering -------------------------------------------------------------------------------- */

static void add_match(struct tokens_hunt *h, struct token_match m)
{
    if (h->n == MATCHES_MOST) return;
    if (h->n == h->cap) {
        int cap = h->cap ? 2 * h->cap : 256;
        struct token_match *list = realloc(h->list, (size_t)cap * sizeof *list);
        if (!list) return;
        h->list = list, h->cap = cap;
    }
    h->list[h->n++] = m;
}

struct gather {
    struct tokens *s;
    struct str what, text;
    size_t *start;
    uint8_t *hit;
    int cap;
};

static int room_for(struct gather *g, int n)
{
    if (n <= g->cap) return 1;
    size_t *start = realloc(g->start, (size_t)n * sizeof *start);
    if (start) g->start = start;
    uint8_t *hit = realloc(g->hit, (size_t)n);
    if (hit) g->hit = hit;
    if (!start || !hit) return 0;
    g->cap = n;
    return 1;
}

static void gather_seq(struct gather *g, int64_t step, const struct past_seq *q)
{
    struct tokens_hunt *h = &g->s->hunt;
    if (!room_for(g, q->n)) return;
    memset(g->hit, 0, (size_t)q->n);
    if (h->kind == HUNT_FIND && g->what.len) {
        mark_text(g->s, q, 0, str_get(&g->what), &g->text, g->start, g->hit);
        mark_text(g->s, q, 1, str_get(&g->what), &g->text, g->start, g->hit);
    }
    for (int i = 0; i < q->n; i++)
        if (h->kind == HUNT_FIND ? g->hit[i] : tokens_rates_holds(g->s, &h->group, h->col, q, i))
            add_match(h, (struct token_match){step, q->source, q->sentence, i});
}

static int same_match(const struct token_match *a, const struct token_match *b)
{
    return a->step == b->step && a->source == b->source && a->sentence == b->sentence &&
           a->pos == b->pos;
}

void tokens_hunt_build(struct tokens *s)
{
    struct tokens_hunt *h = &s->hunt;
    struct gather g = {.s = s};
    struct token_match was = h->at >= 0 && h->at < h->n ? h->list[h->at] : (struct token_match){-1, 0, 0, 0};
    int64_t here = tokens_here(s);
    int every = h->kind == HUNT_FIND || h->every, shown = !every || here == INT64_MAX;
    h->n = 0, h->stale = 0;
    if (h->kind == HUNT_NONE) return;
    str_init(&g.what);
    str_init(&g.text);
    if (h->kind == HUNT_FIND) add_folded(&g.what, s->find);
    for (int k = 0; every && k < s->npast; k++)
        for (int i = 0; i < s->past[k].nseqs; i++) gather_seq(&g, s->past[k].step, &s->past[k].seqs[i]);
    for (int i = 0; shown && i < s->nsentences; i++) gather_seq(&g, here, &s->now[i]);
    str_free(&g.what);
    str_free(&g.text);
    free(g.start);
    free(g.hit);
    int at = h->at;
    h->at = -1;
    for (int i = 0; i < h->n && at >= 0; i++)
        if (same_match(&h->list[i], &was)) h->at = i;
}

static void begin(struct tokens *s, struct app *a, enum hunt_kind kind)
{
    while (s->npast && tokens_load_past(s, a)) {}
    s->hunt.kind = kind;
    s->hunt.at = -1;
    tokens_hunt_build(s);
}

/* The match to begin with: in what is shown after the cursor, then anywhere in it, then in the
 * nearest moment before, then the first. */
static int nearest_match(const struct tokens *s)
{
    const struct tokens_hunt *h = &s->hunt;
    int64_t here = tokens_here(s);
    const struct sentence *c = tokens_current(s);
    int same = -1, before = -1;
    for (int i = 0; i < h->n; i++) {
        const struct token_match *m = &h->list[i];
        if (m->step == here) {
            int passed = c && (m->source < c->source ||
                               (m->source == c->source && m->sentence < c->seq->sentence) ||
                               (m->source == c->source && m->sentence == c->seq->sentence &&
                                m->pos < s->cursor));
            if (!passed) return i;
            if (same < 0) same = i;
        } else if (m->step < here && (before < 0 || m->step > h->list[before].step)) {
            before = i;
        }
    }
    return same >= 0 ? same : before >= 0 ? before : h->n ? 0 : -1;
}

void tokens_hunt_text(struct tokens *s, struct app *a)
{
    snprintf(s->hunt.name, sizeof s->hunt.name, "find %.60s", s->find);
    begin(s, a, HUNT_FIND);
    int i = nearest_match(s);
    if (i >= 0) {
        tokens_hunt_go(s, a, i);
        return;
    }
    s->hunt.kind = HUNT_NONE;
    app_note(a, "%.60s: in no sentence of %d snapshot%s", s->find, s->npast,
            s->npast == 1 ? "" : "s");
    *s->find = 0;
}

int tokens_hunt_cell(struct tokens *s, struct app *a, const struct rate_row *row, int col)
{
    char name[96];
    struct tokens_hunt *h = &s->hunt;
    h->group = *row, h->col = col, h->every = s->rates.every;
    snprintf(h->name, sizeof h->name, "%.40s · %.80s", tokens_rates_column(col),
             tokens_rates_name(s, row, name, sizeof name));
    if (tokens_here(s) == INT64_MAX && !h->every && s->mode == MODE_LIVE) s->frozen = 1;
    begin(s, a, HUNT_CELL);
    if (!h->n) h->kind = HUNT_NONE;
    return h->n;
}

void tokens_hunt_end(struct tokens *s)
{
    free(s->hunt.list);
    memset(&s->hunt, 0, sizeof s->hunt);
    *s->find = 0;
}

/* --- going there ------------------------------------------------------------------------------ */

int tokens_hunt_go(struct tokens *s, struct app *a, int i)
{
    struct tokens_hunt *h = &s->hunt;
    if (i < 0 || i >= h->n) return 0;
    struct token_match m = h->list[i];
    h->at = i;
    if (m.step != tokens_here(s)) {
        s->mode = m.step == INT64_MAX ? MODE_LIVE : MODE_SNAPSHOT;
        s->step = m.step == INT64_MAX ? -1 : m.step;
        s->frozen = 0;
        s->at_source = m.source, s->at_number = m.sentence;
        tokens_reload(s, a);
    }
    for (int k = 0; k < s->nsentences; k++)
        if (s->sentences[k].source == m.source && s->sentences[k].seq->sentence == m.sentence &&
            m.pos < s->sentences[k].seq->n) {
            tokens_go_sentence(s, k - s->current);
            s->cursor = m.pos;
            return 1;
        }
    return 0;
}

int tokens_hunt_step(struct tokens *s, struct app *a, int by)
{
    struct tokens_hunt *h = &s->hunt;
    if (h->stale) tokens_hunt_build(s);
    if (!h->n) return 0;
    int from = h->at;
    if (from < 0) return tokens_hunt_go(s, a, nearest_match(s));
    return tokens_hunt_go(s, a, (from + by + h->n) % h->n);
}

const struct past_seq *tokens_match_seq(const struct tokens *s, const struct token_match *m)
{
    const struct past_seq *seqs = NULL;
    int n = 0;
    if (m->step == tokens_here(s)) seqs = s->now, n = s->nsentences;
    for (int k = 0; !seqs && k < s->npast; k++)
        if (s->past[k].step == m->step) seqs = s->past[k].seqs, n = s->past[k].nseqs;
    for (int i = 0; i < n; i++)
        if (seqs[i].source == m->source && seqs[i].sentence == m->sentence && m->pos < seqs[i].n)
            return &seqs[i];
    return NULL;
}

const char *tokens_hunt_says(const struct tokens *s, char *out, size_t size)
{
    const struct tokens_hunt *h = &s->hunt;
    char n[2][FMT];
    *out = 0;
    if (h->kind != HUNT_NONE)
        snprintf(out, size, "%s  %s/%s", h->name, h->at < 0 ? "-" : fmt_exact(n[0], FMT, h->at + 1),
                 fmt_exact(n[1], FMT, h->n));
    return out;
}
