/* Counts and rates of tokens by group: how frequent, which piece of a word, where it stands, what
 * the discriminator said of it, and the pairs most often missed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/screen/tokens_int.h"
#include "ui/widget/format.h"

enum { PIECE_WHOLE, PIECE_FIRST, PIECE_LATER };
static const int32_t frequency_from[] = {1, 11, 101, 1001, 10001};
static const int32_t position_from[] = {0, 8, 16, 32, 64, 128, 256};
#define BINS(list) ((int)(sizeof(list) / sizeof *(list)))
#define P_BINS 5

static int bin_of(const int32_t *from, int n, int32_t v)
{
    int b = 0;
    while (b + 1 < n && v >= from[b + 1]) b++;
    return b;
}

/* The group of a kind that a token lies in; -1: none. [CLS] and the like are in no group. */
static int group_of(const struct tokens *s, int kind, const struct past_seq *q, int pos)
{
    const struct past_cell *c = &q->cells[pos];
    if (tokens_special(s, c->original)) return -1;
    switch (kind) {
    case RATE_ALL: return 0;
    case RATE_FREQUENCY: {
        int rank = s->pieces ? pieces_rank(s->pieces, c->original) : 0;
        return rank > 0 ? bin_of(frequency_from, BINS(frequency_from), rank) : -1;
    }
    case RATE_PIECE:
        if (tokens_continues(s, c->original)) return PIECE_LATER;
        return pos + 1 < q->n && tokens_continues(s, q->cells[pos + 1].original) ? PIECE_FIRST
                                                                               : PIECE_WHOLE;
    case RATE_POSITION: return bin_of(position_from, BINS(position_from), pos);
    case RATE_P: {
        if (isnan(c->disc_prob)) return -1;
        int b = (int)(c->disc_prob * P_BINS);
        return b < 0 ? 0 : b >= P_BINS ? P_BINS - 1 : b;
    }
    default: return -1;
    }
}

static int in_column(const struct past_cell *c, int col)
{
    enum outcome o = tokens_cell_outcome(c);
    switch (col) {
    case OF_TOKENS: case OF_SHARE: case OF_LOSS: return 1;
    case OF_REPLACED: case OF_RECALL: return c->label != 0;
    case OF_CAUGHT: return o == OUT_CAUGHT;
    case OF_MISSED: return o == OUT_MISSED;
    case OF_FALSE: return o == OUT_FALSE;
    case OF_ALARMS: return o == OUT_FALSE || o == OUT_KEPT;
    case OF_CHOSEN: case OF_ACCURACY: return c->chosen != 0;
    case OF_SAME: return c->chosen && c->sampled == c->original;
    default: return 0;
    }
}

int tokens_rates_holds(const struct tokens *s, const struct rate_row *row, int col,
                       const struct past_seq *q, int pos)
{
    const struct past_cell *c = &q->cells[pos];
    if (!in_column(c, col)) return 0;
    if (row->kind == RATE_PAIR)
        return c->label && c->original == row->original && c->sampled == row->sampled;
    return group_of(s, row->kind, q, pos) == row->bin;
}

int tokens_rates_is_count(int col)
{
    return col != OF_SHARE && col != OF_RECALL && col != OF_ALARMS && col != OF_ACCURACY &&
           col != OF_LOSS;
}

static double share(int64_t a, int64_t b) { return b ? (double)a / (double)b : NAN; }

double tokens_rates_value(const struct rate_row *r, int col)
{
    switch (col) {
    case OF_SHARE: return share(r->n[OF_REPLACED], r->n[OF_TOKENS]);
    case OF_RECALL: return share(r->n[OF_CAUGHT], r->n[OF_CAUGHT] + r->n[OF_MISSED]);
    case OF_ALARMS: return share(r->n[OF_FALSE], r->n[OF_ALARMS]);
    case OF_ACCURACY: return share(r->n[OF_SAME], r->n[OF_CHOSEN]);
    case OF_LOSS: return r->losses ? r->loss / (double)r->losses : NAN;
    default: return (double)r->n[col];
    }
}

const char *tokens_rates_column(int col)
{
    static const char *const names[RATE_COLS] = {
        "tokens", "replaced", "replaced share", "caught", "missed", "false alarms", "recall",
        "alarm rate", "masked", "sampled same", "generator accuracy", "loss"};
    return names[col];
}

const char *tokens_rates_section(const struct tokens *s, int kind)
{
    switch (kind) {
    case RATE_FREQUENCY:
        return s->rates.ranked ? "how frequent: rank in the corpus"
                               : "how frequent: not known, the packed corpus is not here";
    case RATE_PIECE: return "piece of a word";
    case RATE_POSITION: return "position";
    case RATE_P: return "said p(replaced): calibrated where the replaced share lies in the range";
    case RATE_PAIR: return "most missed pairs: original → sampled";
    default: return "";
    }
}

const char *tokens_rates_name(const struct tokens *s, const struct rate_row *r, char *out, size_t size)
{
    static const char *const pieces[] = {"whole word", "first piece", "later piece"};
    char a[256], b[256];
    const int32_t *from = r->kind == RATE_FREQUENCY ? frequency_from : position_from;
    int n = r->kind == RATE_FREQUENCY ? BINS(frequency_from) : BINS(position_from);
    switch (r->kind) {
    case RATE_ALL: snprintf(out, size, "all"); break;
    case RATE_PIECE: snprintf(out, size, "%s", pieces[r->bin]); break;
    case RATE_P: snprintf(out, size, "p .%d to %s%d", 2 * r->bin, r->bin == 4 ? "" : ".",
                          r->bin == 4 ? 1 : 2 * r->bin + 2);
        break;
    case RATE_PAIR:
        snprintf(out, size, "%.40s → %.40s", tokens_piece(s, r->original, a, sizeof a),
                 tokens_piece(s, r->sampled, b, sizeof b));
        break;
    default:
        fmt_exact(a, FMT, from[r->bin]);
        if (r->bin + 1 < n)
            snprintf(out, size, "%s%s to %s", r->kind == RATE_FREQUENCY ? "rank " : "", a,
                     fmt_exact(b, FMT, from[r->bin + 1] - 1));
        else
            snprintf(out, size, "%s%s on", r->kind == RATE_FREQUENCY ? "rank " : "", a);
    }
    return out;
}

/* --- counting --------------------------------------------------------------------------------- */

struct pair_seen { int32_t original, sampled; const struct past_cell *cell; };
struct counting {
    struct tokens *s;
    struct rate_row bin[RATE_PAIR][8];
    struct pair_seen *pairs;
    int npairs, cap;
};

static void add_cell(struct rate_row *r, const struct past_cell *c)
{
    for (int col = 0; col < RATE_COLS; col++) r->n[col] += in_column(c, col);
    if (!isnan(c->loss)) r->loss += c->loss, r->losses++;
}

static void add_pair(struct counting *c, const struct past_cell *x)
{
    if (c->npairs == c->cap) {
        int cap = c->cap ? 2 * c->cap : 1024;
        struct pair_seen *p = realloc(c->pairs, (size_t)cap * sizeof *p);
        if (!p) return;
        c->pairs = p, c->cap = cap;
    }
    c->pairs[c->npairs++] = (struct pair_seen){x->original, x->sampled, x};
}

static void count_seq(struct counting *c, const struct past_seq *q)
{
    for (int i = 0; i < q->n; i++) {
        for (int kind = 0; kind < RATE_PAIR; kind++) {
            int b = group_of(c->s, kind, q, i);
            if (b >= 0) add_cell(&c->bin[kind][b], &q->cells[i]);
        }
        if (q->cells[i].label && c->s->has_disc) add_pair(c, &q->cells[i]);
    }
}

static int by_ids(const void *a, const void *b)
{
    const struct pair_seen *x = a, *y = b;
    return x->original != y->original ? (x->original < y->original ? -1 : 1)
           : x->sampled != y->sampled ? (x->sampled < y->sampled ? -1 : 1)
                                      : 0;
}

static int by_missed_most(const void *a, const void *b)
{
    const struct rate_row *x = a, *y = b;
    int64_t m = y->n[OF_MISSED] - x->n[OF_MISSED], all = x->n[OF_TOKENS] - y->n[OF_TOKENS];
    if (m || all) return m ? (m < 0 ? -1 : 1) : all < 0 ? -1 : 1;
    return x->original != y->original ? (x->original < y->original ? -1 : 1)
                                      : x->sampled < y->sampled ? -1 : x->sampled > y->sampled;
}

/* Equal pairs lie together once sorted; each becomes a row, the most missed ones stay. */
static void rank_pairs(struct counting *c, struct tokens_rates *t)
{
    struct rate_row *all = calloc((size_t)c->npairs + 1, sizeof *all);
    int n = 0;
    if (!all) return;
    if (c->npairs) qsort(c->pairs, (size_t)c->npairs, sizeof *c->pairs, by_ids);
    for (int i = 0; i < c->npairs; i++) {
        const struct pair_seen *p = &c->pairs[i];
        if (!i || by_ids(p, p - 1))
            all[n++] = (struct rate_row){.kind = RATE_PAIR, .original = p->original, .sampled = p->sampled};
        add_cell(&all[n - 1], p->cell);
    }
    qsort(all, (size_t)n, sizeof *all, by_missed_most);
    for (int i = 0; i < n && i < RATE_PAIRS && t->n < RATE_ROWS && all[i].n[OF_MISSED]; i++)
        t->row[t->n++] = all[i];
    free(all);
}

void tokens_rates_build(struct tokens *s)
{
    struct tokens_rates *t = &s->rates;
    struct counting *c = calloc(1, sizeof *c);
    if (!c) return;
    c->s = s;
    t->stale = 0, t->snapshots = 0, t->n = 0;
    t->ranked = s->pieces && pieces_ranked(s->pieces);
    for (int k = 0; t->every && k < s->npast; k++) {
        t->snapshots += s->past[k].nseqs > 0;
        for (int i = 0; i < s->past[k].nseqs; i++) count_seq(c, &s->past[k].seqs[i]);
    }
    for (int i = 0; !t->every && i < s->nsentences; i++) count_seq(c, &s->now[i]);
    for (int kind = 0; kind < RATE_PAIR; kind++)
        for (int b = 0; b < 8; b++) {
            if (!c->bin[kind][b].n[OF_TOKENS]) continue;
            c->bin[kind][b].kind = kind, c->bin[kind][b].bin = b;
            t->row[t->n++] = c->bin[kind][b];
        }
    rank_pairs(c, t);
    free(c->pairs);
    free(c);
    if (t->at >= t->n) t->at = t->n ? t->n - 1 : 0;
}
