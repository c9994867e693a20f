/* What the Tokens screen shows: the sentences of one moment, their counts, and the history. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "ui/screen/run_diagnosis.h"
#include "ui/screen/tokens_int.h"

static int without_disc(int objective)
{
    return objective == OBJ_REPLACE_MLM || objective == OBJ_ALL_TOKENS_MLM ||
           objective == OBJ_BERT_MLM;
}

const struct sentence *tokens_current(const struct tokens *s)
{
    return s->current >= 0 && s->current < s->nsentences ? &s->sentences[s->current] : NULL;
}

int tokens_judged(const struct tokens *s) { return s->has_disc && s->counts.judged; }

int tokens_masked_only(const struct tokens *s) { return s->objective == OBJ_BERT_MLM && s->mode != MODE_OWN; }

double tokens_original_prob(double gen_loss) { return exp(-gen_loss); }

/* The configuration with the packed corpus that the host made for this run. */
static struct config packed(struct app *a, const struct query_run *run)
{
    struct config c = run->config;
    char path[1300], *text = NULL;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%lld/corpus", app_workspace(a)->checkpoints,
             (long long)run->id);
    if (!file_read(path, CONFIG_TEXT - 1, &text, &n, NULL)) memcpy(c.corpus, text, n + 1);
    free(text);
    return c;
}

/* The pieces of the run; looked for again when it got under way or a checkpoint appeared. */
static void load_pieces(struct tokens *s, struct app *a, const struct query_run *run)
{
    char of[1100];
    snprintf(of, sizeof of, "%lld %d %s", (long long)run->id, run->state, run->checkpoint);
    if (!strcmp(of, s->vocab_of)) return;
    int same_run = strtoll(s->vocab_of, NULL, 10) == run->id;
    memcpy(s->vocab_of, of, sizeof of);
    if (s->pieces && same_run) return;
    struct config c = packed(a, run);
    pieces_close(s->pieces);
    s->pieces = pieces_open(app_workspace(a), &c, run->checkpoint, NULL);
}

void tokens_select_run(struct tokens *s, struct app *a)
{
    const struct query_run *all;
    app_runs(a, &all); /* the selection follows the list */
    int64_t id = app_selected(a);
    const struct query_run *run = app_run(a, id);
    if (!run) {
        s->run = 0;
        return;
    }
    int running = run->state == RUN_RUNNING || run->state == RUN_PREPARING ||
                  run->state == RUN_QUEUED;
    if (id != s->run) {
        s->run = id;
        s->cursor = s->top = s->moved = 0;
        s->frozen = 0;
        s->mode = running ? MODE_LIVE : MODE_SNAPSHOT;
        s->step = -1;
        s->at_source = -1;
        own_forget(s);
    }
    s->active = running || run->state == RUN_PAUSED || run->state == RUN_STOPPING;
    s->objective = run->config.objective;
    s->has_disc = !without_disc(s->objective);
    load_pieces(s, a, run);
}

static void describe(const struct tokens *s, struct sentence *x)
{
    double disc = 0, gen = 0;
    int nd = 0, ng = 0;
    for (int i = 0; i < x->seq->n; i++) {
        const struct token_row *r = &x->seq->rows[i];
        if (tokens_special(s, r->original)) continue;
        x->count[tokens_outcome(r)]++;
        x->replaced += r->label != 0;
        x->chosen += r->chosen != 0;
        x->same += r->same != 0;
        if (!isnan(r->disc_loss)) disc += r->disc_loss, nd++;
        if (!isnan(r->gen_loss)) gen += r->gen_loss, ng++;
    }
    x->loss = nd ? disc / nd : ng ? gen / ng : NAN;
}

static void count_pair(struct counts *c, const struct token_row *r, int missed)
{
    struct pair *free_slot = NULL;
    for (int i = 0; i < PAIRS; i++) {
        struct pair *p = &c->pairs[i];
        if (i >= c->npairs) {
            free_slot = p;
            break;
        }
        if (p->original == r->original && p->sampled == r->sampled) {
            p->all++, p->missed += missed;
            return;
        }
    }
    if (!free_slot) return;
    *free_slot = (struct pair){r->original, r->sampled, missed, 1};
    c->npairs++;
}

static int by_missed(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->missed != y->missed) return y->missed - x->missed;
    return x->original != y->original ? x->original - y->original : x->sampled - y->sampled;
}

static void count_all(struct tokens *s)
{
    struct counts *c = &s->counts;
    memset(c, 0, sizeof *c);
    for (int k = 0; k < s->nsentences; k++)
        for (int i = 0; i < s->sentences[k].seq->n; i++) {
            const struct token_row *r = &s->sentences[k].seq->rows[i];
            enum outcome o = tokens_outcome(r);
            if (tokens_special(s, r->original)) continue;
            c->n[o]++, c->tokens++;
            c->replaced += r->label != 0, c->chosen += r->chosen != 0, c->same += r->same != 0;
            if (r->label) count_pair(c, r, o == OUT_MISSED);
            if (o == OUT_NONE) continue;
            c->judged++;
            int bin = (int)(r->disc_prob * 5);
            bin = bin < 0 ? 0 : bin > 4 ? 4 : bin;
            c->bin[bin]++, c->bin_replaced[bin] += r->label != 0;
        }
    qsort(c->pairs, (size_t)c->npairs, sizeof *c->pairs, by_missed);
}

static int by_loss(const void *a, const void *b)
{
    const struct sentence *x = a, *y = b;
    double lx = isnan(x->loss) ? -1 : x->loss, ly = isnan(y->loss) ? -1 : y->loss;
    return lx < ly ? 1 : lx > ly ? -1 : x->seq->sentence - y->seq->sentence;
}

static int by_number(const void *a, const void *b)
{
    const struct sentence *x = a, *y = b;
    if (x->source != y->source) return y->source - x->source; /* probes first */
    return x->seq->sentence - y->seq->sentence;
}

int tokens_next_event(const struct tokens *s, int from, int by)
{
    const struct sentence *c = tokens_current(s);
    for (int i = from + by; c && i >= 0 && i < c->seq->n; i += by) {
        const struct token_row *r = &c->seq->rows[i];
        if (!tokens_special(s, r->original) &&
            (r->chosen || r->label || tokens_outcome(r) == OUT_FALSE))
            return i;
    }
    return -1;
}

/* The cursor of a fresh sentence: its first token with something to see. */
static void first_event(struct tokens *s)
{
    int i = tokens_next_event(s, -1, 1);
    s->cursor = i >= 0 ? i : tokens_current(s)->seq->n > 1; /* else after [CLS] */
    s->top = 0;
}

void tokens_go_sentence(struct tokens *s, int by)
{
    if (!s->nsentences) return;
    s->current += by;
    s->current = s->current < 0 ? 0 : s->current >= s->nsentences ? s->nsentences - 1 : s->current;
    const struct sentence *c = tokens_current(s);
    s->at_source = c->source, s->at_number = c->seq->sentence;
    first_event(s);
}

void tokens_hit(struct tokens *s, int y, int x, int w, int sentence, int token)
{
    if (s->nhits < TOKENS_HITS)
        s->hits[s->nhits++] = (struct token_hit){y, x, w, sentence, token};
}

void tokens_order(struct tokens *s)
{
    if (s->nsentences)
        qsort(s->sentences, (size_t)s->nsentences, sizeof *s->sentences,
              s->by_loss && s->mode == MODE_SNAPSHOT ? by_loss : by_number);
    s->current = s->nsentences ? 0 : -1;
    for (int i = 0; i < s->nsentences; i++)
        if (s->sentences[i].source == s->at_source &&
            s->sentences[i].seq->sentence == s->at_number)
            s->current = i;
    const struct sentence *c = tokens_current(s);
    if (!c) return;
    if (c->source != s->at_source || s->cursor < 0 || (c->source == TOKENS_LIVE && !s->moved)) first_event(s);
    s->at_source = c->source, s->at_number = c->seq->sentence;
    if (s->cursor >= c->seq->n) s->cursor = c->seq->n - 1;
    if (s->cursor < 0) s->cursor = 0;
}

/* Adds the sentences of one source and step. */
static void add_source(struct tokens *s, struct query *q, int source, int64_t step)
{
    struct token_seq **seqs;
    int64_t at = step;
    double age = 0;
    int n = query_tokens(q, s->run, source, step, &s->arena, &seqs, &at, &age, NULL);
    if (n <= 0) return;
    struct sentence *all = arena_zalloc(&s->arena, (size_t)(s->nsentences + n), sizeof *all);
    if (!all) return;
    if (s->nsentences) memcpy(all, s->sentences, (size_t)s->nsentences * sizeof *all);
    for (int i = 0; i < n; i++) {
        struct sentence *x = &all[s->nsentences];
        if (seqs[i]->n < 1) continue;
        x->seq = seqs[i], x->source = source;
        describe(s, x);
        s->nsentences++;
    }
    s->sentences = all;
    s->step = at;
    s->age = age;
}

void tokens_list_snapshots(struct tokens *s, struct app *a)
{
    int64_t *steps = NULL, *probes = NULL;
    if (!app_query(a)) return;
    struct arena tmp;
    arena_init(&tmp);
    int n = query_snapshots(app_query(a), s->run, TOKENS_SNAPSHOT, &tmp, &steps, NULL);
    if (n <= 0) {
        n = query_snapshots(app_query(a), s->run, TOKENS_PROBE, &tmp, &probes, NULL);
        steps = probes;
    }
    if (n < 0) n = 0;
    int same = s->past_run == s->run && n >= s->npast;
    for (int i = 0; same && i < s->npast; i++) same = s->past[i].step == steps[i];
    if (!same) {
        arena_reset(&s->past_arena);
        s->past = NULL;
        s->npast = 0;
        s->past_run = s->run;
    }
    if (n > s->npast) {
        struct past *p = arena_zalloc(&s->past_arena, (size_t)n, sizeof *p);
        if (p) {
            for (int i = 0; i < n; i++) {
                if (i < s->npast) p[i] = s->past[i];
                p[i].step = steps[i];
            }
            s->past = p, s->npast = n;
        }
    }
    arena_free(&tmp);
}

static void say_why_nothing(struct tokens *s, struct app *a)
{
    const struct query_run *run = app_run(a, s->run);
    if (!run)
        snprintf(s->message, sizeof s->message, "No run yet: here stands what the generator proposed and what the "
                 "discriminator believed, token by token.");
    else if (!*run->config.corpus && *run->config.init_discriminator)
        snprintf(s->message, sizeof s->message,
                 "A checkpoint that was opened to look at. o scores a sentence of yours with it.");
    else if (run->state == RUN_PREPARING)
        snprintf(s->message, sizeof s->message, "preparing: %.60s %.0f %%", run->progress,
                 100 * run->done);
    else if (run->state == RUN_QUEUED)
        snprintf(s->message, sizeof s->message, "queued: no tokens yet");
    else if (run->state == RUN_FAILED || run->state == RUN_LOST || run->state == RUN_DONE)
        snprintf(s->message, sizeof s->message, "%s before a token snapshot was stored%s%.300s",
                 run_state_name(run->state), *run->reason ? ": " : "", run->reason);
    else if (s->mode == MODE_LIVE)
        snprintf(s->message, sizeof s->message,
                 "waiting for live tokens (a few times a second while you look)");
    else
        snprintf(s->message, sizeof s->message,
                 "no token snapshot yet: one comes every %ld steps", run->config.snapshot_every);
}

/* The snapshot at `step`, else the one before it, else the first. */
static void add_snapshot(struct tokens *s, struct query *q, int64_t step)
{
    int k = tokens_snapshot_index(s, step);
    s->step = -1;
    if (!s->npast) return;
    int64_t at = s->past[k < 0 ? 0 : k].step;
    add_source(s, q, TOKENS_PROBE, at);
    add_source(s, q, TOKENS_SNAPSHOT, at);
    s->step = at;
}

/* The sentences in their order, as the history keeps them. */
static void keep_now(struct tokens *s)
{
    s->now = arena_zalloc(&s->arena, (size_t)s->nsentences + 1, sizeof *s->now);
    for (int i = 0; s->now && i < s->nsentences; i++) {
        const struct token_seq *q = s->sentences[i].seq;
        struct past_cell *c = arena_alloc(&s->arena, (size_t)q->n + 1, sizeof *c);
        for (int t = 0; c && t < q->n; t++) c[t] = tokens_cell(&q->rows[t]);
        s->now[i] = (struct past_seq){s->sentences[i].source, q->sentence, c ? q->n : 0, c};
    }
    if (!s->now) s->nsentences = 0, s->current = -1;
}

void tokens_reload(struct tokens *s, struct app *a)
{
    struct query *q = app_query(a);
    int64_t step = s->step;
    s->nsentences = 0, s->current = -1, s->sentences = NULL;
    s->age = 0;
    arena_reset(&s->arena);
    s->fallback = 0;
    if (q && s->run) {
        tokens_list_snapshots(s, a);
        if (s->mode != MODE_SNAPSHOT)
            add_source(s, q, s->mode == MODE_OWN ? TOKENS_USER : TOKENS_LIVE,
                       s->mode == MODE_OWN ? s->own.step : -1);
        s->fallback = s->mode == MODE_LIVE && !s->nsentences;
        if (s->mode == MODE_SNAPSHOT || s->fallback)
            add_snapshot(s, q, s->fallback || step < 0 ? INT64_MAX : step);
    }
    s->read_at = app_now(a);
    tokens_order(s);
    keep_now(s);
    count_all(s);
    s->rates.stale |= !s->rates.every;
    s->hunt.stale |= (!s->hunt.every && s->hunt.kind == HUNT_CELL) || tokens_here(s) == INT64_MAX;
    if (!s->nsentences) say_why_nothing(s, a);
}

int tokens_snapshot_index(const struct tokens *s, int64_t step)
{
    int k = -1;
    for (int i = 0; i < s->npast && s->past[i].step <= step; i++) k = i;
    return k;
}

static void keep_past(struct tokens *s, struct past *p, struct token_seq **seqs, int n, int source)
{
    for (int i = 0; i < n; i++) {
        const struct token_seq *q = seqs[i];
        struct past_cell *c = arena_alloc(&s->past_arena, (size_t)q->n + 1, sizeof *c);
        if (!c) return;
        for (int t = 0; t < q->n; t++) c[t] = tokens_cell(&q->rows[t]);
        p->seqs[p->nseqs++] = (struct past_seq){source, q->sentence, q->n, c};
    }
}

static void load_one_past(struct tokens *s, struct query *q, struct past *p)
{
    struct arena tmp;
    struct token_seq **probe = NULL, **snap = NULL;
    arena_init(&tmp);
    int np = query_tokens(q, s->run, TOKENS_PROBE, p->step, &tmp, &probe, NULL, NULL, NULL);
    int ns = query_tokens(q, s->run, TOKENS_SNAPSHOT, p->step, &tmp, &snap, NULL, NULL, NULL);
    np = np > 0 ? np : 0, ns = ns > 0 ? ns : 0;
    p->seqs = arena_alloc(&s->past_arena, (size_t)(np + ns) + 1, sizeof *p->seqs);
    p->loaded = 1;
    if (p->seqs) {
        keep_past(s, p, probe, np, TOKENS_PROBE);
        keep_past(s, p, snap, ns, TOKENS_SNAPSHOT);
    }
    arena_free(&tmp);
}

int tokens_load_past(struct tokens *s, struct app *a)
{
    double start = clock_now();
    for (int i = s->npast - 1; i >= 0; i--) {
        if (s->past[i].loaded) continue;
        if (!app_query(a) || clock_now() - start > 0.008) return app_query(a) != NULL;
        load_one_past(s, app_query(a), &s->past[i]);
        s->rates.stale |= s->rates.every;
        s->hunt.stale |= s->hunt.every || s->hunt.kind == HUNT_FIND;
    }
    return 0;
}

const struct past_cell *tokens_past(const struct tokens *s, int k, int pos)
{
    const struct sentence *c = tokens_current(s);
    if (!c || k < 0 || k >= s->npast || !s->past[k].loaded) return NULL;
    for (int i = 0; i < s->past[k].nseqs; i++) {
        const struct past_seq *q = &s->past[k].seqs[i];
        if (q->source != c->source || q->sentence != c->seq->sentence) continue;
        /* Another stage has other sentences under the same numbers. */
        if (q->n != c->seq->n || pos >= q->n) return NULL;
        return q->cells[pos].original == c->seq->rows[pos].original ? &q->cells[pos] : NULL;
    }
    return NULL;
}

void tokens_diagnose(struct tokens *s, struct app *a)
{
    const struct query_run *run = app_run(a, s->run);
    if (s->diagnosed_run == s->run && s->diagnosed_of == app_reads(a)) return;
    s->diagnosed_run = s->run, s->diagnosed_of = app_reads(a);
    s->ndiagnosis = run && app_query(a) ? run_diagnose(run, app_query(a), s->diagnosis) : 0;
}
