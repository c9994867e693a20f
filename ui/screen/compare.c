/* Screen 6: two to eight runs side by side: configuration, results, curves, the same sentence. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "src/base/str.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/compare_int.h"
#include "ui/screen/launch.h"
#include "ui/screen/screen.h"

#define BUCKETS 240

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + 0x9E3779B97F4A7C15u + (h << 6) + (h >> 2);
    return h * 0xBF58476D1CE4E5B9u;
}

/* The marked runs in marking order; with fewer than two the selected one as well. */
static void choose(struct comparison *s)
{
    const int64_t *marks;
    const struct query_run *all;
    app_runs(s->app, &all); /* the selection follows the list */
    int n = app_marks(s->app, &marks);
    int64_t selected = app_selected(s->app);
    s->n = 0;
    for (int i = 0; i < n && s->n < COMPARE_RUNS; i++)
        if (app_run(s->app, marks[i]))
            s->ids[s->n++] = marks[i];
    if (s->n < 2 && app_run(s->app, selected) && !app_is_marked(s->app, selected))
        s->ids[s->n++] = selected;
}

static int is_live(int state)
{
    return state == RUN_RUNNING || state == RUN_PREPARING || state == RUN_STOPPING;
}

static uint64_t key_of(struct comparison *s)
{
    uint64_t key = (uint64_t)s->n;
    s->live = 0;
    for (int i = 0; i < s->n; i++) {
        const struct query_run *r = app_run(s->app, s->ids[i]);
        key = mix(mix(key, (uint64_t)r->id), (uint64_t)(r->step * 16 + r->state));
        s->live |= is_live(r->state);
    }
    return key;
}

static int load_samples(struct comparison *s, struct query *q, int64_t run, int id, struct compare_curve *out)
{
    struct query_bucket *b;
    int n = query_series(q, run, id, 0, s->end, BUCKETS, &s->c.arena, &b, NULL);
    out->n = 0;
    out->samples = n > 0 ? arena_alloc(&s->c.arena, (size_t)n, sizeof *out->samples) : NULL;
    for (int i = 0; out->samples && i < n; i++)
        out->samples[out->n++] = (struct chart_sample){(double)(b[i].first_step + b[i].last_step) / 2, b[i].min,
                                                       b[i].max, b[i].mean, b[i].n - b[i].nonfinite,
                                                       b[i].nonfinite};
    return out->n;
}

/* The curve's mean at x between its samples; NAN outside. */
static double mean_at(const struct compare_curve *c, double x)
{
    for (int i = 0; i < c->n; i++) {
        const struct chart_sample *b = &c->samples[i];
        if (b->x < x)
            continue;
        if (i == 0 || !(b->x > x))
            return i == 0 && b->x > x ? NAN : b->mean;
        const struct chart_sample *a = b - 1;
        return a->mean + (b->mean - a->mean) * (x - a->x) / (b->x - a->x);
    }
    return NAN;
}

static void subtract(struct comparison *s, int i)
{
    const struct compare_curve *mine = &s->curve[i];
    struct compare_curve *out = &s->less[i];
    out->n = 0;
    out->samples = mine->n ? arena_alloc(&s->c.arena, (size_t)mine->n, sizeof *out->samples) : NULL;
    for (int k = 0; out->samples && k < mine->n; k++) {
        double d = mine->samples[k].mean - mean_at(&s->curve[0], mine->samples[k].x);
        if (isfinite(d))
            out->samples[out->n++] = (struct chart_sample){mine->samples[k].x, d, d, d, 1, 0};
    }
}

void compare_load_curve(struct comparison *s)
{
    struct query *q = app_query(s->app);
    memset(s->curve, 0, sizeof s->curve);
    memset(s->less, 0, sizeof s->less);
    if (!q || !s->loaded || s->metric >= s->c.nmetrics || s->c.metrics[s->metric].id < 0)
        return;
    for (int i = 0; i < s->c.n; i++) {
        load_samples(s, q, s->c.runs[i]->id, s->c.metrics[s->metric].id, &s->curve[i]);
        if (i)
            subtract(s, i);
    }
}

/* Pinned sentences where the first run has them, else its held-out snapshot. */
static void load_sentences(struct comparison *s, struct query *q)
{
    static const int sources[] = {TOKENS_PROBE, TOKENS_SNAPSHOT};
    memset(s->nseqs, 0, sizeof s->nseqs);
    for (int k = 0; k < 2 && s->nseqs[0] <= 0; k++) {
        s->source = sources[k];
        for (int i = 0; i < s->c.n; i++) {
            double age;
            s->nseqs[i] = query_tokens(q, s->c.runs[i]->id, s->source, -1, &s->c.arena, &s->seqs[i],
                                       &s->step_of[i], &age, NULL);
            s->nseqs[i] = s->nseqs[i] < 0 ? 0 : s->nseqs[i];
        }
    }
    s->sentence = s->sentence >= s->nseqs[0] ? 0 : s->sentence;
    if (s->pieces && s->pieces_of == s->c.runs[0]->id)
        return;
    pieces_close(s->pieces);
    s->pieces = pieces_open(app_workspace(s->app), &s->c.runs[0]->config, s->c.runs[0]->checkpoint, NULL);
    s->pieces_of = s->c.runs[0]->id;
}

const struct token_seq *compare_sequence(const struct comparison *s, int i)
{
    if (s->sentence >= s->nseqs[0])
        return NULL;
    const struct token_seq *like = s->seqs[0][s->sentence];
    for (int k = 0; k < s->nseqs[i]; k++) {
        const struct token_seq *q = s->seqs[i][k];
        int same = q->n == like->n;
        for (int t = 0; same && t < q->n; t++)
            same = q->rows[t].original == like->rows[t].original;
        if (same)
            return q;
    }
    return NULL;
}

int compare_load(struct comparison *s, int force)
{
    struct err err = {0};
    struct query *q = app_query(s->app);
    choose(s);
    uint64_t key = key_of(s);
    if (!q || (!force && key == s->key))
        return 0;
    s->key = key;
    if (s->loaded)
        compare_close(&s->c);
    s->loaded = 0;
    s->error[0] = 0;
    if (s->n < 2)
        return 1;
    s->loaded = !compare_open(&s->c, q, s->ids, s->n, (enum compare_at)s->at, &err);
    if (!s->loaded) {
        compare_close(&s->c);
        snprintf(s->error, sizeof s->error, "%s", err.text);
        return 1;
    }
    s->end = 1;
    for (int i = 0; i < s->c.n; i++)
        s->end = s->c.runs[i]->step > s->end ? s->c.runs[i]->step : s->end;
    if (s->metric >= s->c.nmetrics || s->c.metrics[s->metric].id < 0)
        s->metric = 0;
    compare_load_curve(s);
    load_sentences(s, q);
    return 1;
}

static int open_compare(void *self, struct app *a)
{
    struct comparison *s = self;
    s->app = a;
    s->focus = PANE_CONFIG;
    compare_load(s, 1);
    return 0;
}

static void close_compare(void *self)
{
    struct comparison *s = self;
    if (s->loaded)
        compare_close(&s->c);
    pieces_close(s->pieces);
}

static int tick_compare(void *self, struct app *a)
{
    (void)a;
    return compare_load(self, 0);
}

static double period_compare(void *self, struct app *a)
{
    const struct comparison *s = self;
    (void)a;
    return s->live ? 1 : PERIOD_STORE;
}

/* The next metric that has a curve. */
static void next_metric(struct comparison *s)
{
    for (int k = 1; k <= s->c.nmetrics; k++) {
        int m = (s->metric + k) % s->c.nmetrics;
        if (s->c.metrics[m].id < 0)
            continue;
        s->metric = m;
        compare_load_curve(s);
        return;
    }
}

/* Shows it, too, where the tables stand in its place. */
static void next_sentence(struct comparison *s, int by)
{
    s->sentence = (s->sentence + by + s->nseqs[0]) % s->nseqs[0];
    s->token = 0;
    s->focus = PANE_SENTENCE;
    app_say(s->app, SEV_INFO, "sentence %d of %d", s->sentence + 1, s->nseqs[0]);
}

/* Swaps the first run for the next one, so that differences are taken from it. */
static void next_baseline(struct comparison *s)
{
    int64_t ids[COMPARE_RUNS];
    memcpy(ids, s->ids, sizeof ids);
    int n = s->n;
    for (int i = 0; i < n; i++)
        app_mark(s->app, ids[i], 0);
    for (int i = 0; i < n; i++)
        app_mark(s->app, ids[(i + 1) % n], 1);
    compare_load(s, 1);
}

static int move(struct comparison *s, int action)
{
    int *top = &s->top[s->focus];
    switch (action) {
    case ACT_UP: *top -= 1; break;
    case ACT_DOWN: *top += 1; break;
    case ACT_PAGE_UP: *top -= 8; break;
    case ACT_PAGE_DOWN: *top += 8; break;
    case ACT_FIRST: *top = 0; break;
    case ACT_LAST: *top = 10000; break;
    case ACT_LEFT: s->token -= 1; break;
    case ACT_RIGHT: s->token += 1; break;
    case ACT_FAST_LEFT: s->token -= 10; break;
    case ACT_FAST_RIGHT: s->token += 10; break;
    default: return 0;
    }
    *top = *top < 0 ? 0 : *top;
    s->token = s->token < 0 ? 0 : s->token;
    return 1;
}

/* The command that shows the same. */
static void copy_command(struct comparison *s)
{
    static const char *const at[] = {"common", "last", "best"};
    struct str text;
    str_init(&text);
    str_add(&text, "electroscope compare");
    launch_add_workspace(app_workspace(s->app), &text);
    for (int i = 0; i < s->c.n; i++)
        str_addf(&text, " %lld", (long long)s->c.runs[i]->id);
    str_addf(&text, " --at %s%s", at[s->c.at], s->all ? " --all" : "");
    if (!text.failed)
        app_copy(s->app, str_get(&text));
    str_free(&text);
}

static int can_compare(void *self, struct app *a, int action)
{
    const struct comparison *s = self;
    (void)a;
    if (!s->loaded)
        return 0;
    switch (action) {
    case ACT_UP: case ACT_DOWN: case ACT_PAGE_UP: case ACT_PAGE_DOWN: case ACT_FIRST: case ACT_LAST:
    case ACT_UNCHANGED: case ACT_STATISTIC: case ACT_BASELINE: case ACT_NEXT_PANE:
    case ACT_PREV_PANE: case ACT_MAXIMISE: case ACT_SORT: case ACT_EXPORT: case ACT_COPY: return 1;
    case ACT_LEFT: case ACT_RIGHT: case ACT_FAST_LEFT: case ACT_FAST_RIGHT: return s->nseqs[0] > 0;
    case ACT_PREV_SENTENCE: case ACT_NEXT_SENTENCE: return s->nseqs[0] > 1;
    case ACT_QUIT: return s->maximised;
    }
    return 0;
}

static int act_compare(void *self, struct app *a, int action)
{
    struct comparison *s = self;
    if ((action == ACT_BACK || action == ACT_QUIT) && s->maximised) {
        s->maximised = 0;
        return 1;
    }
    if (!can_compare(s, a, action))
        return 0;
    switch (action) {
    case ACT_UNCHANGED: s->all = !s->all; return 1;
    case ACT_STATISTIC:
        s->at = (s->at + 1) % 3;
        return compare_load(s, 1);
    case ACT_BASELINE: next_baseline(s); return 1;
    case ACT_NEXT_PANE: s->focus = (s->focus + 1) % PANE_COUNT; return 1;
    case ACT_PREV_PANE: s->focus = (s->focus + PANE_COUNT - 1) % PANE_COUNT; return 1;
    case ACT_MAXIMISE: s->maximised = !s->maximised; return 1;
    case ACT_SORT: next_metric(s); return 1;
    case ACT_COPY: copy_command(s); return 1;
    case ACT_PREV_SENTENCE: next_sentence(s, -1); return 1;
    case ACT_NEXT_SENTENCE: next_sentence(s, 1); return 1;
    }
    return move(s, action);
}

static const char *word_compare(void *self, struct app *a, int action)
{
    (void)self;
    (void)a;
    switch (action) {
    case ACT_STATISTIC: return "read at";
    case ACT_SORT: return "other curve";
    case ACT_BASELINE: return "next as A";
    case ACT_UNCHANGED: return "equal fields";
    default: return NULL;
    }
}

static int place_compare(void *self, struct app *a, int action)
{
    (void)self;
    (void)a;
    return action == ACT_EXPORT ? 6 : action == ACT_UNCHANGED ? 10 : 0;
}

/* "2 fields differ · finished · A the whole name · B another" */
static void whole_names(const struct comparison *s, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%d field%s · %s", s->c.ndiffer, s->c.ndiffer == 1 ? " differs" : "s differ",
                                s->live ? "live" : "finished");
    for (int i = 0; i < s->c.n && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, " · %c %s", 'A' + i, s->c.runs[i]->name);
}

/* "no run marked · the selected one is harbour": why there is nothing to see. */
static void few_runs(const struct comparison *s, char *out, size_t size)
{
    const int64_t *marks;
    int n = app_marks(s->app, &marks);
    const struct query_run *r = app_run(s->app, app_selected(s->app));
    size_t at = (size_t)snprintf(out, size, n ? "%d run%s marked" : "no run marked", n, n == 1 ? "" : "s");
    if (r && !n && at < size)
        snprintf(out + at, size - at, " · the selected one is %s", r->name);
}

static void status_compare(void *self, struct app *a, char *out, size_t size)
{
    const struct comparison *s = self;
    (void)a;
    if (!s->loaded)
        few_runs(s, out, size);
    else
        whole_names(s, out, size);
}

const struct screen_ops compare_screen = {
    .name = "Compare",
    .help = "two to eight marked runs side by side: configuration, results, curves, one sentence",
    .size = sizeof(struct comparison),
    .open = open_compare,
    .close = close_compare,
    .tick = tick_compare,
    .period = period_compare,
    .draw = compare_draw,
    .act = act_compare,
    .can = can_compare,
    .word = word_compare,
    .place = place_compare,
    .status = status_compare,
    .export_csv = compare_export,
};
