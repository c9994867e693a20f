/* Beside the table of scores: fine-tunings at work, and what tuned networks got wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "src/event/event.h"
#include "ui/screen/scores_int.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/spread.h"
#include "ui/widget/wrap.h"

#define SILENT 30.0 /* seconds after which a fine-tuning that says nothing is taken for lost */

void scores_load_side(struct scores *s, struct query *q)
{
    arena_reset(&s->side);
    s->njobs = query_tunings(q, &s->side, &s->jobs, NULL);
    s->njobs = s->njobs < 0 ? 0 : s->njobs;
    for (int i = 0; i < s->njobs; i++)
        if (!strcmp(s->jobs[i].state, "running"))
            app_poll(s->app, SILENT + 1); /* its silence is no change of the store */
}

/* What it is in words, and the sign of the run state that it is like. */
static int state_of(const struct scores *s, const struct query_tuning *j)
{
    if (!strcmp(j->state, "running"))
        return app_utc(s->app) - j->time > SILENT ? RUN_LOST : RUN_RUNNING;
    return !strcmp(j->state, "stopped") ? RUN_STOPPED : RUN_FAILED;
}

/* A fact, where it fits whole; returns where the next one stands. */
static int fact(struct grid *g, struct rect row, int x, uint8_t role, const char *text)
{
    int w = text_columns(text);
    if (x + w > row.x + row.w)
        return x;
    grid_text(g, row, row.y, x, w, STYLE(role, 0), text);
    return x + w + 2;
}

static void draw_job(const struct scores *s, struct grid *g, struct rect row, const struct query_tuning *j)
{
    char text[400], left[FMT], age[FMT], loss[FMT];
    int state = state_of(s, j), x = row.x + 2, name = row.w < 100 ? 14 : 22;
    const struct query_run *r = app_run(s->app, j->run);
    grid_cell(g, row, row.y, row.x, STYLE(state == RUN_RUNNING ? ROLE_ACCENT : ROLE_BAD, 0),
              sign(SIGN_STATE + state));
    snprintf(text, sizeof text, "%s seed %lld", j->task, (long long)j->seed);
    grid_text(g, row, row.y, x, 18, STYLE(ROLE_TEXT, ATTR_BOLD), text);
    x += 19;
    snprintf(text, sizeof text, "%.200s%s%.100s", r ? r->name : j->model, r && *j->model ? ", " : "", r ? j->model : "");
    grid_middle(g, row, row.y, x, name, STYLE(ROLE_TEXT, 0), text);
    x += name + 1;
    if (state != RUN_RUNNING) {
        snprintf(text, sizeof text, "%s%s%s", run_state_name(state), j->why[0] ? ": " : "", j->why);
        if (state == RUN_LOST)
            snprintf(text, sizeof text, "lost %s", fmt_age(age, sizeof age, app_utc(s->app) - j->time));
        grid_end(g, row, row.y, x, row.x + row.w - x, STYLE(ROLE_TEXT, 0), text);
        return;
    }
    double done = j->steps > 0 ? (double)j->step / (double)j->steps : 0;
    progress_draw(g, row, row.y, x, 12, STYLE(ROLE_ACCENT, 0), done);
    x += 13;
    snprintf(text, sizeof text, "%3d %%", (int)floor(done * 100));
    x = fact(g, row, x, ROLE_TEXT, text);
    snprintf(text, sizeof text, "%s left", fmt_time(left, sizeof left, j->seconds_left));
    if (isfinite(j->seconds_left))
        x = fact(g, row, x, ROLE_TEXT, text);
    snprintf(text, sizeof text, "epoch %lld/%lld", (long long)j->epoch, (long long)j->epochs);
    x = fact(g, row, x, ROLE_TEXT, text);
    snprintf(text, sizeof text, "loss %s", fmt_fixed(loss, sizeof loss, j->loss, 3));
    if (isfinite(j->loss))
        x = fact(g, row, x, ROLE_DIM, text);
    snprintf(text, sizeof text, "score %.1f", j->score);
    if (isfinite(j->score))
        fact(g, row, x, ROLE_DIM, text);
}

void scores_draw_jobs(struct scores *s, struct grid *g, struct rect area)
{
    char count[48], more[32] = "";
    int rows = area.h - 1;
    snprintf(count, sizeof count, "fine-tunings %d", s->njobs);
    if (s->njobs > rows)
        snprintf(more, sizeof more, "the newest %d", rows);
    const char *parts[] = { count, more };
    pane_title(g, area.y, area.x, area.w, 0, parts, 2);
    for (int i = 0; i < rows && i < s->njobs; i++)
        draw_job(s, g, (struct rect){ area.y + 1 + i, area.x + 1, 1, area.w - 2 }, &s->jobs[i]);
}

static const struct query_score *shown_score(const struct scores *s)
{
    const struct score_cell *c = &s->t.rows[s->row].cell[s->task];
    return c->seeds ? &s->t.scores[c->first + (s->seed < c->seeds ? s->seed : 0)] : NULL;
}

void scores_load_errors(struct scores *s)
{
    struct query *q = app_query(s->app);
    const struct query_score *x = shown_score(s);
    if (s->wrong_of.row == s->row && s->wrong_of.task == s->task && s->wrong_of.seed == s->seed &&
        s->wrong_of.version == s->version)
        return;
    s->wrong_of.row = s->row, s->wrong_of.task = s->task, s->wrong_of.seed = s->seed;
    s->wrong_of.version = s->version;
    arena_reset(&s->wrong_arena);
    s->replaced = 0;
    s->nwrong = q && x ? score_errors(q, &s->t, x, &s->wrong_arena, &s->wrong, &s->replaced) : 0;
    s->wrong_row = s->wrong_row < s->nwrong ? s->wrong_row : 0;
}

/* 1: of a score to be predicted, where the distance is told, not a probability. */
static int is_number(const struct query_mistake *m)
{
    char *end;
    strtod(m->label, &end);
    return strchr(m->label, '.') && !*end;
}

static void error_text(const struct query_mistake *m, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", m->text, m->second[0] ? "  |  " : "", m->second);
}

/* The example under the cursor in full, below the list. */
static void draw_example(const struct scores *s, struct grid *g, struct rect area)
{
    const struct query_mistake *m = &s->wrong[s->wrong_row];
    struct rect in = { area.y + 1, area.x + 2, area.h - 1, area.w - 4 };
    pane_titlef(g, area.y, area.x, area.w, 0, "example %lld of the dev file", (long long)m->place + 1);
    int used = wrap_text(g, in, STYLE(ROLE_TEXT, 0), m->text);
    in.y += used;
    in.h -= used;
    if (m->second[0] && in.h > 0)
        wrap_text(g, in, STYLE(ROLE_TEXT, 0), m->second);
}

/* cursor: the one under it is marked */
static void draw_error(const struct scores *s, struct grid *g, struct rect row, int i, int wide, int cursor)
{
    const struct query_mistake *m = &s->wrong[i];
    char text[600], p[FMT];
    int x = row.x + 2;
    grid_middle(g, row, row.y, x, wide, STYLE(ROLE_TEXT, 0), m->label);
    grid_middle(g, row, row.y, x + wide + 1, wide, STYLE(ROLE_BAD, 0), m->said);
    if (is_number(m))
        fmt_fixed(p, sizeof p, m->confidence, 2);
    else
        fmt_prob(p, sizeof p, m->confidence);
    grid_right(g, row, row.y, x + 2 * wide + 2, 6, STYLE(ROLE_TEXT, 0), p);
    error_text(m, text, sizeof text);
    grid_end(g, row, row.y, x + 2 * wide + 10, -1, STYLE(ROLE_TEXT, 0), text);
    if (i != s->wrong_row || !cursor)
        return;
    grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    grid_back(g, row, BACK_SELECTED);
    g->cursor_y = row.y;
    g->cursor_x = row.x;
}

/* Wide enough for the labels there are. */
static int label_width(const struct scores *s)
{
    int w = 6;
    for (int i = 0; i < s->nwrong; i++) {
        int a = text_columns(s->wrong[i].label), b = text_columns(s->wrong[i].said);
        w = a > w ? a : w;
        w = b > w ? b : w;
    }
    return w > 16 ? 16 : w;
}

/* Headings and as many as fit from number `top` on. */
static void draw_list(const struct scores *s, struct grid *g, struct rect area, int top, int cursor)
{
    int wide = label_width(s);
    struct rect head = { area.y, area.x + 2, 1, area.w - 2 };
    grid_text(g, head, head.y, head.x, wide, STYLE(ROLE_DIM, 0), "label");
    grid_text(g, head, head.y, head.x + wide + 1, wide, STYLE(ROLE_DIM, 0), "said");
    grid_right(g, head, head.y, head.x + 2 * wide + 2, 6, STYLE(ROLE_DIM, 0),
               is_number(&s->wrong[0]) ? "off by" : "p");
    grid_text(g, head, head.y, head.x + 2 * wide + 10, -1, STYLE(ROLE_DIM, 0), "example");
    for (int i = 0; i < area.h - 1 && top + i < s->nwrong; i++)
        draw_error(s, g, (struct rect){ area.y + 1 + i, area.x, 1, area.w }, top + i, wide, cursor);
}

/* Why there are none. */
static const char *none_stored(const struct scores *s)
{
    return s->replaced
               ? "Not kept: a later fine-tuning of this seed by other settings took their place."
               : "None is stored: all were right, it was tuned before errors were kept, or the task asks questions "
                 "(--output writes those answers).";
}

/* "errors 12"; of many only the surest are stored. */
static void count_text(const struct scores *s, char *out, size_t size)
{
    snprintf(out, size, s->nwrong < score_errors_kept ? "errors %d" : "errors, %d or more", s->nwrong);
}

void scores_draw_surest(struct scores *s, struct grid *g, struct rect area)
{
    const struct query_score *x = shown_score(s);
    char seed[64], count[48];
    if (!x || area.h < 2)
        return;
    s->seed = 0;
    scores_load_errors(s);
    count_text(s, count, sizeof count);
    snprintf(seed, sizeof seed, "seed %lld", (long long)x->seed);
    const char *parts[] = { count, s->t.tasks[s->task].name, seed, s->nwrong ? "surest first" : NULL,
                            s->nwrong ? "Enter opens them" : NULL };
    pane_title(g, area.y, area.x, area.w, 0, parts, 5);
    if (s->nwrong)
        draw_list(s, g, (struct rect){ area.y + 1, area.x + 1, area.h - 1, area.w - 1 }, 0, 0);
    else
        wrap_text(g, (struct rect){ area.y + 1, area.x + 3, area.h - 1, area.w - 4 }, STYLE(ROLE_DIM, 0), none_stored(s));
}

#define SPREAD_STARTS 48
#define SPREAD_SEEDS 24

void scores_draw_spread(const struct scores *s, struct grid *g, struct rect area)
{
    struct spread_row row[SPREAD_STARTS];
    double values[SPREAD_STARTS][SPREAD_SEEDS], lo = INFINITY, hi = -INFINITY;
    const struct score_task *task = &s->t.tasks[s->task];
    char what[140];
    int n = 0, rows = area.h - 2 < SPREAD_STARTS ? area.h - 2 : SPREAD_STARTS, top = table_top(s->top, s->row, rows, s->t.nrows);
    if (rows < 1)
        return;
    for (int i = 0; i < s->t.nrows; i++) {
        const struct score_cell *c = &s->t.rows[i].cell[s->task];
        lo = c->s.n ? fmin(lo, c->s.min) : lo;
        hi = c->s.n ? fmax(hi, c->s.max) : hi;
        if (i < top || n == rows)
            continue;
        int seeds = c->seeds < SPREAD_SEEDS ? c->seeds : SPREAD_SEEDS;
        for (int k = 0; k < seeds; k++)
            values[n][k] = s->t.scores[c->first + k].value;
        row[n] = (struct spread_row){ s->t.rows[i].label, values[n], seeds, i == s->row,
                                      !c->s.n ? NAN : s->statistic == SHOW_MEAN ? c->s.mean : c->s.median };
        n++;
    }
    int constant = task->majority >= lo && task->majority <= hi; /* else it would stand at the edge */
    snprintf(what, sizeof what, "● seed  │ %s%s", s->statistic == SHOW_MEAN ? "mean" : "median",
             constant ? "  · majority" : "");
    const char *parts[] = { "spread", task->metric, what };
    pane_title(g, area.y, area.x, area.w, 0, parts, 3);
    spread_plot(g, (struct rect){ area.y + 1, area.x, area.h - 1, area.w }, row, n, lo, hi,
                constant ? task->majority : NAN, 0);
}

void scores_draw_errors(struct scores *s, struct grid *g, struct rect area)
{
    const struct query_score *x = shown_score(s);
    const struct score_row *r = &s->t.rows[s->row];
    int seeds = r->cell[s->task].seeds, below = area.h >= 30 ? 7 : area.h >= 18 ? 5 : area.h >= 12 ? 3 : 0;
    char seed[64], count[48];
    if (!x)
        return;
    snprintf(seed, sizeof seed, "seed %lld (%d of %d)%s", (long long)x->seed, s->seed + 1, seeds,
             strcmp(x->state, "stuck") ? "" : " stuck");
    count_text(s, count, sizeof count);
    const char *parts[] = { count, s->t.tasks[s->task].name, r->label, seed, s->nwrong ? "surest first" : NULL };
    pane_title(g, area.y, area.x, area.w, 1, parts, 5);
    if (!s->nwrong) {
        wrap_text(g, (struct rect){ area.y + 1, area.x + 3, area.h - 1, area.w - 4 }, STYLE(ROLE_TEXT, 0),
                  none_stored(s));
        return;
    }
    int rows = area.h - 2 - below;
    s->wrong_top = table_top(s->wrong_top, s->wrong_row, rows, s->nwrong);
    s->list = (struct rect){ area.y + 2, area.x, rows, area.w };
    draw_list(s, g, (struct rect){ area.y + 1, area.x, rows + 1, area.w }, s->wrong_top, 1);
    if (below)
        draw_example(s, g, (struct rect){ area.y + area.h - below, area.x, below, area.w });
}

int scores_export_errors(const struct scores *s, struct csv_out *out)
{
    static const char *const heads[] = { "start", "task", "seed", "place", "label", "said", "confidence",
                                         "text", "second" };
    const struct query_score *x = shown_score(s);
    csv_heads(out, heads, sizeof heads / sizeof heads[0]);
    csv_end_row(out);
    for (int i = 0; x && i < s->nwrong; i++) {
        const struct query_mistake *m = &s->wrong[i];
        csv_text(out, s->t.rows[s->row].label);
        csv_text(out, x->task);
        csv_int(out, x->seed);
        csv_int(out, m->place);
        csv_text(out, m->label);
        csv_text(out, m->said);
        csv_real(out, m->confidence);
        csv_text(out, m->text);
        csv_text(out, m->second);
        csv_end_row(out);
    }
    return s->nwrong;
}
