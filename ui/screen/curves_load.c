/* What the Curves screen shows: which runs, which charts, and their samples. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/event/event.h"
#include "ui/screen/curves_int.h"
#include "ui/screen/run_name.h"

#define TRAIN(m) {METRIC_##m, 0, CHART_LINE, "train"}
#define HELD(m) {METRIC_VAL + METRIC_##m, 'v', CHART_POINTS, "held-out"}
#define HELD_AS(m, c, n) {METRIC_VAL + METRIC_##m, c, CHART_POINTS, n}
#define BASE(m, n) {METRIC_##m, 0, CHART_REFERENCE, n}

const struct curve_def curve_defs[CURVES_CHARTS] = {
    {"total loss", {TRAIN(total_loss), HELD(total_loss)}, 2, NAN, NAN, SCALE_PLAIN},
    {"generator loss", {TRAIN(gen_loss), HELD(gen_loss), BASE(unigram_loss, "unigram")}, 3, NAN,
     NAN, SCALE_PLAIN},
    {"disc loss", {TRAIN(disc_loss), HELD(disc_loss)}, 2, NAN, NAN, SCALE_PLAIN},
    {"main loss", {TRAIN(main_loss), HELD(main_loss), BASE(unigram_loss, "unigram")}, 3, NAN, NAN,
     SCALE_PLAIN},
    {"AUC own, common", {TRAIN(rtd_auc), HELD_AS(rtd_auc, 'v', "own"), HELD_AS(rtd_auc_common, 'c', "common")}, 3,
     .5, 1, SCALE_SHARE},
    {"disc skill", {TRAIN(disc_skill), HELD(disc_skill)}, 2, NAN, NAN, SCALE_SHARE},
    {"disc accuracy", {TRAIN(rtd_accuracy), HELD(rtd_accuracy), BASE(rtd_majority, "majority")}, 3,
     0, 1, SCALE_SHARE},
    {"recall, precision", {{METRIC_rtd_recall, 'r', CHART_LINE, "recall"},
     {METRIC_rtd_precision, 'p', CHART_LINE, "precision"}, HELD_AS(rtd_recall, 'v', "held-out")},
     3, 0, 1, SCALE_SHARE},
    {"masked accuracy", {TRAIN(mlm_accuracy), HELD(mlm_accuracy),
     {METRIC_sampled_accuracy, 's', CHART_LINE, "sampled"}}, 3, 0, 1, SCALE_SHARE},
    {"replaced tokens", {{METRIC_fake_share, 0, CHART_LINE, "are"},
     {METRIC_said_share, 's', CHART_LINE, "said"}}, 2, NAN, NAN, SCALE_SHARE},
    {"learning rate", {{METRIC_learning_rate, 0, CHART_LINE, "rate"}}, 1, NAN, NAN, SCALE_PLAIN},
    {"gradient norm", {{METRIC_grad_norm, 0, CHART_LINE, "norm"}}, 1, NAN, NAN, SCALE_PLAIN},
    {"tokens/s", {{METRIC_tokens_per_s, 0, CHART_LINE, "rate"}}, 1, NAN, NAN, SCALE_COUNT},
    {"generator entropy", {TRAIN(gen_entropy), HELD(gen_entropy)}, 2, NAN, NAN, SCALE_PLAIN},
    {"leaf angle", {TRAIN(leaf_angle), HELD(leaf_angle)}, 2, NAN, NAN, SCALE_SHARE},
    {"score of tasks", {{METRIC_probe_score, 0, CHART_POINTS, "fine-tuned"}}, 1, NAN, NAN, SCALE_PLAIN},
};
const int curve_ndefs = 16;

const double curves_smooths[CURVES_SMOOTHS] = {0, .6, .8, .9, .95, .98, .99, .995};

const char *curve_axis_name(int axis)
{
    static const char *const names[AXIS_COUNT] = {"step", "time", "tokens", "FLOPs"};
    return names[axis];
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + 0x9E3779B97F4A7C15u + (h << 6) + (h >> 2);
    return h * 0xBF58476D1CE4E5B9u;
}

static uint64_t bits(double v)
{
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    return u;
}

/* Seconds of training at the last logged step: what lay between two sittings does not count. */
static double time_at_end(struct app *a, const struct query_run *r)
{
    struct query_bucket *b;
    struct arena ar;
    double wall = 0;
    arena_init(&ar);
    for (int i = 0; i < METRIC_COUNT && wall <= 0 && app_query(a); i++)
        if (r->has[i] && query_series(app_query(a), r->id, i, 0, -1, 1, &ar, &b, NULL) > 0)
            wall = b[0].wall;
    arena_free(&ar);
    return wall > 0 ? wall : 0;
}

static void add_run(struct curves *s, struct app *a, int64_t id)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const struct query_run *r = app_run(a, id);
    if (!r || s->nruns == CURVES_RUNS) return;
    struct curve_run *c = &s->runs[s->nruns];
    struct config alike = r->config;
    alike.seed = 0;
    *c = (struct curve_run){.id = id, .letter = letters[s->nruns], .state = r->state,
                            .group = config_hash(&alike), .seed = r->config.seed, .apart = {r->config.log_every, r->config.eval_every}, .ghost = id == s->ghost};
    if (c->ghost) c->group = 0; /* its line stays its own in a mean over seeds */
    snprintf(c->name, sizeof c->name, "%s", r->name);
    snprintf(c->tags, sizeof c->tags, "%s", r->tags);
    int tail = run_tail(r->name, r->tags);
    s->tail = tail > s->tail ? tail : s->tail;
    c->end[AXIS_STEP] = (double)r->step;
    c->end[AXIS_TOKENS] = (double)r->tokens;
    if (s->axis == AXIS_TIME) c->end[AXIS_TIME] = time_at_end(a, r);
    if (r->has[METRIC_flops]) c->end[AXIS_FLOPS] = r->last[METRIC_flops];
    if (r->state == RUN_RUNNING || r->state == RUN_PREPARING || r->state == RUN_STOPPING)
        s->live = 1;
    for (int i = 0; i < METRIC_COUNT; i++) {
        s->has[i] |= r->has[i];
        s->has[METRIC_COUNT + i] |= r->val_has[i];
    }
    s->nruns++;
}

static int has_metric(const struct curves *s, int id)
{
    return id >= METRIC_VAL ? s->has[METRIC_COUNT + id - METRIC_VAL] : s->has[id];
}

static void list_charts(struct curves *s)
{
    int def = s->ncharts ? s->charts[s->focus] : 0, n = 0;
    s->focus = 0;
    for (int d = 0; d < curve_ndefs; d++) {
        int any = 0;
        for (int l = 0; l < curve_defs[d].nlines; l++)
            if (curve_defs[d].lines[l].style != CHART_REFERENCE)
                any |= has_metric(s, curve_defs[d].lines[l].metric);
        if (!any) continue;
        if (d == def) s->focus = n;
        s->charts[n++] = d;
    }
    s->ncharts = n;
}

/* The ghost comes last, with a letter of its own. It makes nothing live. */
static void add_ghost(struct curves *s, struct app *a)
{
    int live = s->live, n = s->nruns;
    s->ghost_alone = 1;
    for (int i = 0; i < n; i++)
        if (s->runs[i].ghost) s->ghost_alone = 0;
    if (s->ghost_alone) add_run(s, a, s->ghost);
    s->ghost_alone = s->nruns > n;
    s->live = live;
    for (int i = 0; i < s->nruns; i++)
        if (s->runs[i].ghost) s->runs[i].letter = '*';
}

int curves_reload(struct curves *s, struct app *a)
{
    const int64_t *ids;
    const struct query_run *all;
    app_runs(a, &all); /* the selection follows the list */
    int marked = app_marks(a, &ids), before = s->nruns;
    uint64_t old = 0, fresh = 0;
    for (int i = 0; i < before; i++)
        old = mix(mix(old, (uint64_t)s->runs[i].id), bits(s->runs[i].end[AXIS_STEP]) +
                                                         (uint64_t)s->runs[i].state);
    s->nruns = s->tail = s->live = s->ghost_alone = 0;
    s->focus_run = -1;
    memset(s->has, 0, sizeof s->has);
    for (int i = 0; i < marked; i++) add_run(s, a, ids[i]);
    int64_t selected = app_selected(a);
    if (selected && !app_is_marked(a, selected)) add_run(s, a, selected);
    int shown = s->nruns;
    if (s->ghost) add_ghost(s, a);
    for (int i = 0; i < s->nruns; i++) {
        if (s->runs[i].id == selected) s->focus_run = i;
        fresh = mix(mix(fresh, (uint64_t)s->runs[i].id), bits(s->runs[i].end[AXIS_STEP]) +
                                                             (uint64_t)s->runs[i].state);
    }
    /* Six colours; with more runs only the focused one has one. */
    for (int i = 0; i < s->nruns; i++)
        s->runs[i].role = (uint8_t)(s->runs[i].ghost    ? ROLE_DIM
                                    : shown <= 6        ? ROLE_SERIES1 + i
                                    : i == s->focus_run ? ROLE_SERIES1
                                                        : ROLE_DIM);
    list_charts(s);
    s->serial++;
    return old != fresh;
}

struct chart_sample chart_bucket(double x, const struct query_bucket *b)
{
    return (struct chart_sample){x, b->min, b->max, b->mean, b->n - b->nonfinite, b->nonfinite};
}

struct loader {
    struct curves *s;
    struct query *q;
    struct curve_chart *c;
    int cols;
    double x0, x1;
};

/* x of a bucket: its first step, or what the clock (tokens, FLOPs) said at its last. */
static double bucket_x(int axis, const struct query_bucket *b, const struct query_bucket *flops,
                       int nflops)
{
    if (axis == AXIS_STEP) return (double)b->first_step;
    if (axis == AXIS_TIME) return b->wall;
    if (axis == AXIS_TOKENS) return b->tokens;
    int lo = 0, hi = nflops;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (flops[mid].last_step < b->last_step) lo = mid + 1;
        else hi = mid;
    }
    if (!nflops) return NAN;
    if (lo == nflops) lo--;
    const struct query_bucket *f = &flops[lo], *p = lo ? &flops[lo - 1] : NULL;
    double fs = (double)f->last_step, ps = p ? (double)p->last_step : 0, pv = p ? p->last : 0;
    double at = (double)b->last_step;
    return at >= fs || fs <= ps ? f->last : pv + (f->last - pv) * (at - ps) / (fs - ps);
}

/* The steps that surely hold the window, on axes that are not steps. */
static void step_window(struct loader *l, int64_t run, int metric, int64_t *from, int64_t *to)
{
    if (l->s->axis == AXIS_STEP) {
        *from = (int64_t)fmax(0, floor(l->x0));
        *to = (int64_t)ceil(l->x1);
        return;
    }
    struct query_bucket *b, *f = NULL;
    *from = 0, *to = -1;
    int n = query_series(l->q, run, metric, 0, -1, 512, &l->c->arena, &b, NULL), nf = 0;
    if (l->s->axis == AXIS_FLOPS)
        nf = query_series(l->q, run, METRIC_flops, 0, -1, 512, &l->c->arena, &f, NULL);
    for (int i = 0; i < n; i++) {
        double x = bucket_x(l->s->axis, &b[i], f, nf > 0 ? nf : 0);
        if (x < l->x0) *from = b[i].first_step;
        if (x > l->x1) {
            *to = b[i].last_step;
            return;
        }
    }
}

static void smooth_line(struct loader *l, struct curve_line *line, int64_t run, int64_t from)
{
    double decay = curves_smooths[l->s->smooth], state[2] = {0, 0};
    struct query_bucket *b;
    if (line->def->style == CHART_REFERENCE && decay < .9) decay = .9; /* a level, not a signal */
    if (decay <= 0 || line->def->style == CHART_POINTS) return;
    line->smooth = arena_alloc(&l->c->arena, (size_t)line->n + 1, sizeof *line->smooth);
    if (!line->smooth) return;
    /* A long run is smoothed over thousandths of itself, so that it looks the same whatever
     * the number of its points. */
    double points = 0;
    int n = query_series(l->q, run, line->def->metric, 0, -1, 1, &l->c->arena, &b, NULL);
    for (int i = 0; i < n; i++) points += b[i].n;
    double share = points > 1000 ? 1000 / points : 1, past[1];
    if (from > 0) {
        n = query_series(l->q, run, line->def->metric, 0, from - 1, 256, &l->c->arena, &b, NULL);
        for (int i = 0; i < n; i++) {
            struct chart_sample one = chart_bucket(0, &b[i]);
            chart_smooth(&one, 1, decay, share, state, past);
        }
    }
    chart_smooth(line->samples, line->n, decay, share, state, line->smooth);
}

/* Adds the samples of [from, to]. */
static void add_buckets(struct loader *l, struct curve_line *line, int64_t run, int64_t from,
                        int64_t to, int room)
{
    struct query_bucket *b, *f = NULL;
    int axis = l->s->axis, buckets = axis == AXIS_STEP ? l->cols : 4 * l->cols, nf = 0;
    int n = query_series(l->q, run, line->def->metric, from, to, buckets, &l->c->arena, &b, NULL);
    if (n > 0 && axis == AXIS_FLOPS)
        nf = query_series(l->q, run, METRIC_flops, from, to, buckets, &l->c->arena, &f, NULL);
    for (int i = 0; i < n && line->n < room; i++) {
        double x = bucket_x(axis, &b[i], f, nf > 0 ? nf : 0);
        if (!b[i].n) continue;
        line->samples[line->n] = chart_bucket(x, &b[i]);
        line->steps[line->n++] = (struct curve_point){b[i].first_step, b[i].last_step, b[i].last};
    }
}

/* On a logarithmic axis every decade of steps is as wide as the others, so each is read for
 * itself, as finely as all of a linear axis. */
#define DECADES 16
static int load_line(struct loader *l, struct curve_line *line, int64_t run)
{
    int64_t from, to, part[DECADES + 1];
    int parts = 1, buckets = l->s->axis == AXIS_STEP ? l->cols : 4 * l->cols;
    step_window(l, run, line->def->metric, &from, &to);
    if (l->s->zoomed && l->s->axis == AXIS_STEP) { /* and the points beside it: the line goes on to them */
        int64_t apart = l->s->runs[line->run].apart[line->def->metric >= METRIC_VAL];
        from = from > apart ? from - apart : 0;
        to += apart;
    }
    part[0] = from;
    if (l->s->log & LOG_X) {
        int64_t end = to >= 0 ? to : (int64_t)l->s->runs[line->run].end[AXIS_STEP];
        for (int64_t edge = 10; edge <= end && parts < DECADES; edge *= 10)
            if (edge > from) part[parts++] = edge;
    }
    int room = parts * (buckets + 1);
    line->samples = arena_alloc(&l->c->arena, (size_t)room, sizeof *line->samples);
    line->steps = arena_alloc(&l->c->arena, (size_t)room, sizeof *line->steps);
    if (!line->samples || !line->steps) return 0;
    for (int i = 0; i < parts; i++)
        add_buckets(l, line, run, part[i], i + 1 < parts ? part[i + 1] - 1 : to, room);
    smooth_line(l, line, run, from);
    return line->n > 0;
}

/* Mean and standard deviation over the runs of a group, at the dot columns where all have a
 * value; replaces the first of them, the others go. */
static void average(struct loader *l, struct curve_line **member, int n)
{
    struct curve_line *out = member[0];
    size_t cols = (size_t)l->cols;
    struct arena *ar = &l->c->arena;
    struct chart_column *bins = arena_alloc(ar, cols * (size_t)n, sizeof *bins);
    struct chart_sample *mean = arena_alloc(ar, cols, sizeof *mean);
    struct curve_point *steps = arena_alloc(ar, cols, sizeof *steps);
    double *lo = arena_alloc(ar, cols, sizeof *lo), *hi = arena_alloc(ar, cols, sizeof *hi);
    double u0 = curves_out(l->s, l->x0), u1 = curves_out(l->s, l->x1);
    int k = 0;
    if (!bins || !mean || !steps || !lo || !hi) return;
    for (int m = 0; m < n; m++)
        chart_bin(member[m]->samples, member[m]->smooth, member[m]->n, l->x0, l->x1,
                  l->s->log & LOG_X, l->cols, bins + (size_t)m * cols);
    for (size_t i = 0; i < cols; i++) {
        double sum = 0, sq = 0;
        unsigned bad = 0;
        int have = 0;
        for (int m = 0; m < n; m++) {
            bad += bins[(size_t)m * cols + i].nonfinite;
            if (!bins[(size_t)m * cols + i].n) continue;
            sum += bins[(size_t)m * cols + i].mean, have++;
        }
        if (have < n && !bad) continue;
        double mu = have == n ? sum / n : NAN;
        for (int m = 0; m < n && have == n; m++) {
            double d = bins[(size_t)m * cols + i].mean - mu;
            sq += d * d;
        }
        double sd = have == n ? sqrt(sq / (n - 1)) : NAN;
        double x = curves_back(l->s, u0 + (u1 - u0) * ((double)i + .5) / l->cols);
        mean[k] = (struct chart_sample){x, mu, mu, mu, have == n ? (unsigned)n : 0, bad};
        steps[k] = (struct curve_point){(int64_t)x, (int64_t)x, NAN};
        lo[k] = mu - sd, hi[k] = mu + sd;
        k++;
    }
    if (!k) return; /* no common point: each run for itself */
    *out = (struct curve_line){out->def, out->run, mean, steps, NULL, lo, hi, k, n};
    for (int m = 1; m < n; m++) member[m]->n = 0;
}

static int has_value(const struct curve_line *l)
{
    for (int i = 0; i < l->n; i++)
        if (l->samples[i].n) return 1;
    return 0;
}

/* A run without a number stays for itself: it says nothing about the others' mean. */
static void average_groups(struct loader *l)
{
    struct curve_chart *c = l->c;
    for (int i = 0; i < c->nlines; i++) {
        struct curve_line *member[CURVES_RUNS] = {&c->lines[i]};
        int n = 1;
        if (!has_value(&c->lines[i]) || c->lines[i].seeds > 1) continue;
        for (int j = i + 1; j < c->nlines && n < CURVES_RUNS; j++)
            if (has_value(&c->lines[j]) && c->lines[j].def == c->lines[i].def &&
                l->s->runs[c->lines[j].run].group == l->s->runs[c->lines[i].run].group)
                member[n++] = &c->lines[j];
        if (n > 1) average(l, member, n);
    }
    int k = 0;
    for (int i = 0; i < c->nlines; i++)
        if (c->lines[i].n) c->lines[k++] = c->lines[i];
    c->nlines = k;
}

double curves_x_of_step(const struct curves *s, const struct curve_line *l, int64_t step)
{
    if (s->axis == AXIS_STEP) return (double)step;
    for (int i = 0; i < l->n; i++)
        if (l->steps[i].last >= step) return l->samples[i].x;
    return NAN;
}

int curves_inside(const struct curves *s, const struct chart_sample *p)
{
    double x0, x1;
    curves_window(s, &x0, &x1);
    return p->x >= x0 && p->x <= x1;
}

int curves_nearest(const struct curve_line *l, double x)
{
    int best = -1;
    for (int i = 0; i < l->n; i++)
        if (best < 0 || fabs(l->samples[i].x - x) < fabs(l->samples[best].x - x)) best = i;
    return best;
}

static void add_mark(struct loader *l, const struct curve_line *line, int64_t step,
                     enum chart_mark_kind kind)
{
    l->c->marks[l->c->nmarks++] = (struct chart_mark){curves_x_of_step(l->s, line, step), kind};
}

/* Checkpoints, resumes and phases (sequence lengths, the two stages) of the focused run (of the
 * only one, when there is one). */
static void load_marks(struct loader *l, struct app *a)
{
    struct curve_chart *c = l->c;
    int r = l->s->focus_run >= 0 ? l->s->focus_run : 0, line = -1;
    const struct query_run *run = l->s->nruns ? app_run(a, l->s->runs[r].id) : NULL;
    for (int i = 0; i < c->nlines && line < 0; i++)
        if (c->lines[i].run == r) line = i;
    if (!run || line < 0) return;
    struct query_checkpoint *points;
    struct seq_stage stages[SEQ_STAGES_MAX];
    int64_t *resumes;
    int np = query_checkpoints(l->q, run->id, &c->arena, &points, NULL);
    int nr = query_resumes(l->q, run->id, &c->arena, &resumes, NULL);
    int ns = config_stages(&run->config, stages, NULL);
    int room = (np > 0 ? np : 0) + (nr > 0 ? nr : 0) + SEQ_STAGES_MAX + 1;
    c->marks = arena_alloc(&c->arena, (size_t)room, sizeof *c->marks);
    if (!c->marks) return;
    for (int i = 0; i < np; i++) add_mark(l, &c->lines[line], points[i].step, CHART_CHECKPOINT);
    for (int i = 0; i < nr; i++) add_mark(l, &c->lines[line], resumes[i], CHART_RESUME);
    for (int i = 1; i < ns; i++) add_mark(l, &c->lines[line], stages[i].first, CHART_PHASE);
    if (run->config.objective == OBJ_TWO_STAGE)
        add_mark(l, &c->lines[line], run->config.steps / 2, CHART_PHASE);
}

static void load_run(struct loader *l, const struct curve_def *d, int r)
{
    struct curves *s = l->s;
    for (int k = 0; k < d->nlines; k++) {
        struct curve_line line = {.def = &d->lines[k], .run = r};
        if (line.def->style == CHART_REFERENCE && r != (s->focus_run > 0 ? s->focus_run : 0))
            continue; /* one baseline is enough */
        if (load_line(l, &line, s->runs[r].id)) l->c->lines[l->c->nlines++] = line;
    }
}

void curves_load(struct curves *s, struct app *a, struct curve_chart *c, int cols)
{
    struct loader l = {s, app_query(a), c, cols, 0, 0};
    const struct curve_def *d = &curve_defs[c->def];
    if (!l.q || cols < 2) return;
    curves_window(s, &l.x0, &l.x1);
    uint64_t key = mix(mix(mix(bits(l.x0), bits(l.x1)), (uint64_t)cols), s->serial);
    key = mix(key, (uint64_t)(s->axis + 8 * s->smooth + 128 * s->band + 256 * (s->log & LOG_X)));
    if (key == c->key) return;
    c->key = key;
    arena_reset(&c->arena);
    c->nlines = c->nmarks = 0;
    c->lines = arena_zalloc(&c->arena, (size_t)(s->nruns * d->nlines) + 1, sizeof *c->lines);
    c->series = arena_zalloc(&c->arena, (size_t)(s->nruns * d->nlines) + 1, sizeof *c->series);
    if (!c->lines || !c->series) return;
    if (s->focus_run >= 0) load_run(&l, d, s->focus_run); /* it comes in front */
    for (int r = 0; r < s->nruns; r++)
        if (r != s->focus_run) load_run(&l, d, r);
    if (s->band) average_groups(&l);
    load_marks(&l, a);
}
