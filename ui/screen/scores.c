/* Screen 7: what fine-tuning gave. A row a start, a column a task; below, the fine-tunings at work and
 * the seeds of the cell; Enter opens what its tuned networks got wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "ui/app/action.h"
#include "ui/screen/scores_int.h"
#include "ui/screen/screen.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/table.h"
#include "ui/widget/wrap.h"

/* A start as a run at that step, its name as the table has it: so the filters of the other screens work. */
static int keep(const struct scores *s, const struct score_row *row)
{
    const struct query_run *run = row->run ? app_run(s->app, row->run) : NULL;
    struct query_run r = {0};
    if (run)
        r = *run;
    r.step = row->step;
    snprintf(r.name, sizeof r.name, "%s", row->label);
    return filter_match(&s->filter.filter, &r);
}

static void leave_out(struct scores *s)
{
    int n = 0;
    s->starts = s->t.nrows;
    for (int i = 0; i < s->t.nrows; i++)
        if (keep(s, &s->t.rows[i]))
            s->t.rows[n++] = s->t.rows[i];
    s->t.nrows = n;
}

static int load(struct scores *s)
{
    struct err err = {0};
    struct query *q = app_query(s->app);
    int64_t version = q ? query_version(q) : 0;
    if (!q || (s->loaded && version == s->version))
        return 0;
    if (s->loaded)
        score_table_close(&s->t);
    scores_load_side(s, q);
    s->version = version;
    s->loaded = !score_table_open(&s->t, q, &err);
    s->error[0] = 0;
    if (!s->loaded) {
        score_table_close(&s->t);
        snprintf(s->error, sizeof s->error, "%s", err.text);
        return 1;
    }
    leave_out(s);
    s->row = s->row < s->t.nrows ? s->row : s->t.nrows ? s->t.nrows - 1 : 0;
    s->task = s->task < s->t.ntasks ? s->task : 0;
    s->errors &= s->t.nrows > 0;
    if (s->errors)
        scores_load_errors(s);
    return 1;
}

/* Starts and their places are other ones. */
static void filter_changed(void *ud)
{
    struct scores *s = ud;
    s->version = -1;
    s->wrong_of.row = -1;
    load(s);
}

static int open_scores(void *self, struct app *a)
{
    struct scores *s = self;
    s->app = a;
    arena_init(&s->side);
    arena_init(&s->wrong_arena);
    s->wrong_of.row = -1;
    filter_field_open(&s->filter, a, "scores.filter", filter_changed, s);
    load(s);
    const char *row = app_state(a, "scores.row");
    for (int i = 0; row && i < s->t.nrows; i++)
        if (!strcmp(s->t.rows[i].label, row))
            s->row = i;
    return 0;
}

static void close_scores(void *self)
{
    struct scores *s = self;
    if (s->loaded && s->row < s->t.nrows)
        app_set_state(s->app, "scores.row", s->t.rows[s->row].label);
    if (s->loaded)
        score_table_close(&s->t);
    arena_free(&s->side);
    arena_free(&s->wrong_arena);
}

static int tick_scores(void *self, struct app *a)
{
    (void)a;
    return load(self);
}

static double period_scores(void *self, struct app *a)
{
    (void)self;
    (void)a;
    return PERIOD_STORE;
}

/* Behind a value some of whose seeds are stuck; a space where another of the column has it. row -1:
 * that of the majority class. */
static const char *stuck_mark(const struct scores *s, int row, int task)
{
    int any = 0;
    for (int i = 0; i < s->t.nrows; i++)
        any |= s->t.rows[i].cell[task].stuck > 0;
    return row >= 0 && s->t.rows[row].cell[task].stuck ? "!" : any ? " " : "";
}

static void cell_text(const struct scores *s, int row, int task, char *out, size_t size)
{
    const struct score_cell *c = &s->t.rows[row].cell[task];
    const char *mark = stuck_mark(s, row, task);
    char v[FMT];
    if (!c->seeds)
        snprintf(out, size, "-%s", mark);
    else if (s->statistic == SHOW_SEEDS)
        snprintf(out, size, "%d%s", c->seeds, mark);
    else if (c->s.n < 2)
        snprintf(out, size, "%s%s", fmt_fixed(v, sizeof v, c->s.mean, 1), mark);
    else if (s->statistic == SHOW_MEAN)
        snprintf(out, size, "%s ± %.1f%s", fmt_fixed(v, sizeof v, c->s.mean, 1), c->s.sd, mark);
    else
        snprintf(out, size, "%s (%.1f)%s", fmt_fixed(v, sizeof v, c->s.median, 1), c->s.q3 - c->s.q1, mark);
}

/* The best median of a column; -1 where fewer than two starts were tuned. */
static int best_row(const struct scores *s, int task)
{
    int best = -1, n = 0;
    for (int i = 0; i < s->t.nrows; i++) {
        const struct score_cell *c = &s->t.rows[i].cell[task];
        if (!c->s.n)
            continue;
        n++;
        if (best < 0 || c->s.median > s->t.rows[best].cell[task].s.median)
            best = i;
    }
    return n > 1 ? best : -1;
}

/* start, tasks, GLUE; returns the number of columns. */
static int columns(struct scores *s)
{
    char text[64];
    s->cols[0] = (struct column){"start", 0, 16, 30, ALIGN_MIDDLE_CUT};
    for (int k = 0; k < s->t.ntasks; k++) {
        snprintf(text, sizeof text, "%.20s", s->t.tasks[k].name);
        memcpy(s->titles[k], text, sizeof s->titles[k] < 21 ? sizeof s->titles[k] : 21);
        s->titles[k][sizeof s->titles[k] - 1] = 0;
        int w = text_columns(s->titles[k]);
        for (int i = 0; i < s->t.nrows; i++) {
            cell_text(s, i, k, text, sizeof text);
            w = text_columns(text) > w ? text_columns(text) : w;
        }
        w = w < 8 ? 8 : w;
        s->cols[1 + k] = (struct column){s->titles[k], k == s->task ? 0 : 1 + abs(k - s->task), w, w, ALIGN_RIGHT};
    }
    s->cols[1 + s->t.ntasks] = (struct column){"GLUE", 2, 13, 13, ALIGN_RIGHT};
    return s->t.ntasks + 2;
}

static void draw_line(struct scores *s, struct grid *g, struct rect row, const struct table_layout *l, int i)
{
    const struct score_row *r = &s->t.rows[i];
    struct rect cells = {row.y, row.x + 3, 1, row.w - 3};
    for (int c = 0; c < l->n; c++) {
        char text[96] = "", v[FMT];
        struct style style = STYLE(ROLE_TEXT, 0);
        int k = l->col[c] - 1;
        if (k < 0) {
            snprintf(text, sizeof text, "%s", r->label);
        } else if (k < s->t.ntasks) {
            cell_text(s, i, k, text, sizeof text);
            style.attr = best_row(s, k) == i ? ATTR_BOLD : 0;
            style.role = r->cell[k].stuck ? ROLE_WARN : ROLE_TEXT;
            if (i == s->row && k == s->task)
                style.attr |= ATTR_UNDERLINE;
        } else if (!isnan(r->glue)) {
            snprintf(text, sizeof text, "%s (%d of 8)", fmt_fixed(v, sizeof v, r->glue, 1), r->glue_tasks);
        }
        table_cell(g, cells, row.y, l, s->cols, c, style, text);
    }
    if (i != s->row)
        return;
    grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
    grid_back(g, row, BACK_SELECTED);
    g->cursor_y = row.y;
    g->cursor_x = row.x;
}

/* Below the starts: the metric of each task, and what a constant answer gives. */
static void draw_foot(const struct scores *s, struct grid *g, struct rect rows, int y, const struct table_layout *l)
{
    struct rect cells = {rows.y, rows.x + 3, rows.h, rows.w - 3};
    for (int c = 0; c < l->n; c++) {
        int k = l->col[c] - 1;
        char text[96] = "";
        if (k < 0)
            snprintf(text, sizeof text, "majority class");
        else if (k < s->t.ntasks && !isnan(s->t.tasks[k].majority))
            snprintf(text, sizeof text, "%.1f%s", s->t.tasks[k].majority, stuck_mark(s, -1, k));
        table_cell(g, cells, y, l, s->cols, c, STYLE(ROLE_DIM, 0), text);
        table_cell(g, cells, rows.y, l, s->cols, c, STYLE(ROLE_DIM, 0),
                   k >= 0 && k < s->t.ntasks ? s->t.tasks[k].metric : "");
    }
}

static void draw_table(struct scores *s, struct grid *g, struct rect area)
{
    static const char *const statistics[] = {"median (quartile range)", "mean ± sd", "seeds"};
    struct table_layout l;
    char count[48];
    struct rect heads = {area.y + 1, area.x + 3, 1, area.w - 3};
    struct rect rows = {area.y + 2, area.x, area.h - 2, area.w};
    snprintf(count, sizeof count, s->t.nrows < s->starts ? "scores %d of %d" : "scores %d", s->t.nrows, s->starts);
    const char *parts[] = {count, s->filter.text, "dev sets", statistics[s->statistic], "best bold · ! stuck seeds"};
    pane_title(g, area.y, area.x, area.w, 1, parts, 5);
    table_layout(&l, s->cols, columns(s), heads.w - 1, 0); /* a cell for the mark */
    s->shown = l;
    table_head(g, heads, heads.y, &l, s->cols, s->task + 1, 1);
    int room = rows.h - 2;
    s->top = table_top(s->top, s->row, room, s->t.nrows);
    s->list = (struct rect){rows.y + 1, rows.x, room < 0 ? 0 : room, rows.w};
    int shown = s->t.nrows - s->top < room ? s->t.nrows - s->top : room;
    draw_foot(s, g, rows, rows.y + 1 + (shown > 0 ? shown : 0), &l);
    for (int i = 0; i < shown; i++) {
        struct rect row = {rows.y + 1 + i, rows.x, 1, rows.w};
        draw_line(s, g, row, &l, s->top + i);
    }
}

/* {"dropout":0.1,"learning_rate":0.001} as "dropout 0.1, learning rate 0.001". */
static const char *in_words(const char *settings, char *out, size_t size)
{
    size_t n = 0;
    for (const char *p = settings; *p && n + 3 < size; p++) {
        if (strchr("{}\"", *p))
            continue;
        out[n++] = *p == ':' || *p == '_' ? ' ' : *p;
        if (*p == ',')
            out[n++] = ' ';
    }
    out[n] = 0;
    return out;
}

static void draw_seeds(struct scores *s, struct grid *g, struct rect area)
{
    const struct score_row *r = &s->t.rows[s->row];
    const struct score_cell *c = &r->cell[s->task];
    struct rect in = {area.y + 1, area.x + 3, area.h - 1, area.w - 3};
    char words[512];
    const char *parts[] = {s->t.tasks[s->task].name, r->label,
                           c->seeds ? in_words(s->t.scores[c->first].settings, words, sizeof words) : NULL};
    pane_title(g, area.y, area.x, area.w, 0, parts, 3);
    if (!c->seeds) {
        snprintf(words, sizeof words, "Not tuned yet.\nelectroscope finetune --task %s --run %lld --data DIR --seeds 5",
                 s->t.tasks[s->task].name, (long long)r->run);
        wrap_text(g, in, STYLE(ROLE_TEXT, 0), words);
        return;
    }
    grid_textf(g, in, in.y, in.x, -1, STYLE(ROLE_DIM, 0), "%-6s %10s %9s  %-8s %s", "seed",
               s->t.tasks[s->task].metric, "examples", "state", "when");
    int fit = in.h - 1, shown = c->seeds <= fit ? c->seeds : fit - 1;
    if (shown < c->seeds && fit > 0)
        grid_textf(g, in, in.y + fit, in.x, -1, STYLE(ROLE_DIM, 0), "and %d more", c->seeds - shown);
    for (int i = 0; i < shown; i++) {
        const struct query_score *x = &s->t.scores[c->first + i];
        int stuck = !strcmp(x->state, "stuck");
        char when[32], v[FMT], n[FMT];
        struct tm tm;
        time_t at = (time_t)x->time;
        localtime_r(&at, &tm);
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
        struct style style = STYLE(stuck ? ROLE_WARN : ROLE_TEXT, 0);
        grid_right(g, in, in.y + 1 + i, in.x + 7, 10, style, fmt_fixed(v, sizeof v, x->value, 3));
        grid_textf(g, in, in.y + 1 + i, in.x, 7, style, "%-6lld", (long long)x->seed);
        grid_textf(g, in, in.y + 1 + i, in.x + 17, -1, style, " %9s  %s %-6s %s", fmt_exact(n, sizeof n, x->n), sign(stuck ? SIGN_STATE + RUN_FAILED : SIGN_STATE + RUN_DONE), x->state, when);
    }
}

#define SEEDS_WIDE 66
#define ERRORS_LEAST 5

/* Its seeds, and where there is room how those of the other starts lie to them. */
static void draw_cell(struct scores *s, struct grid *g, struct rect area)
{
    struct rect left = area, right = area;
    if (area.w < 110) {
        draw_seeds(s, g, area);
        return;
    }
    left.w = SEEDS_WIDE;
    right.x += SEEDS_WIDE + 1;
    right.w -= SEEDS_WIDE + 1;
    draw_seeds(s, g, left);
    scores_draw_spread(s, g, right);
    pane_hline(g, area.y, left.x + left.w, 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, area.y, left.x + left.w, area.h, STYLE(ROLE_DIM, 0));
}

/* Of any cell: nothing moves with the cursor. */
static int most_seeds(const struct scores *s)
{
    int most = 1;
    for (int i = 0; i < s->t.nrows; i++)
        for (int k = 0; k < s->t.ntasks; k++)
            most = s->t.rows[i].cell[k].seeds > most ? s->t.rows[i].cell[k].seeds : most;
    return most;
}

static void draw_empty(struct scores *s, struct grid *g, struct rect area)
{
    struct rect in = {area.y + 2, area.x + 3, area.h - 2, area.w - 6};
    pane_titlef(g, area.y, area.x, area.w, 1, "scores");
    if (s->error[0]) {
        grid_text(g, in, in.y, in.x, -1, STYLE(ROLE_TEXT, 0), s->error);
        return;
    }
    if (s->starts) {
        grid_textf(g, in, in.y, in.x, -1, STYLE(ROLE_TEXT, 0), "0 of %d match  %s · Esc clears", s->starts,
                   s->filter.text);
        return;
    }
    grid_text(g, in, in.y, in.x, -1, STYLE(ROLE_TEXT, 0), "No scores yet. Fine-tune a run on a task, over a few seeds:");
    grid_text(g, in, in.y + 1, in.x, -1, STYLE(ROLE_ACCENT, 0),
              "electroscope finetune --task cola --data DIR --run RUN --seeds 5");
}

static void draw_scores(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct scores *s = self;
    (void)a;
    s->list = (struct rect){0, 0, 0, 0};
    int jobs = s->maximised || s->errors ? 0 : s->njobs < 5 ? s->njobs : 5;
    if (jobs && area.h >= 10 + jobs) {
        scores_draw_jobs(s, g, (struct rect){area.y + area.h - jobs - 1, area.x, jobs + 1, area.w});
        area.h -= jobs + 1;
    }
    if (!s->loaded || !s->t.nrows) {
        draw_empty(s, g, area);
        return;
    }
    if (s->errors) {
        scores_draw_errors(s, g, area);
        return;
    }
    int table = s->t.nrows + 4, seeds = most_seeds(s) + 2, starts = area.w < 110 ? 0 : s->t.nrows + 2;
    int cell = seeds > starts ? seeds : starts, left = area.h - table - cell;
    struct rect part = area;
    if (!s->maximised && left >= ERRORS_LEAST) {
        part.h = table;
        draw_table(s, g, part);
        part.y += table;
        int apart = left - 3 * ERRORS_LEAST; /* of the starts in their plot */
        part.h = cell + (apart <= 0 || !starts ? 0 : apart < 2 * s->t.nrows ? apart : 2 * s->t.nrows);
        draw_cell(s, g, part);
        part.y += part.h;
        part.h = area.y + area.h - part.y;
        scores_draw_surest(s, g, part);
        return;
    }
    int below = area.h < 14 ? 0 : area.h / 3, spare = area.h - table; /* no rows free above */
    if (spare > below)
        below = spare < seeds ? spare : seeds > below ? seeds : below;
    below = s->maximised || below < 3 ? 0 : below;
    part.h = area.h - below;
    draw_table(s, g, part);
    part.y += part.h;
    part.h = below;
    if (below)
        draw_cell(s, g, part);
}

/* The start's cells as they are shown, all tasks, or the example under the cursor; a tab between them. */
static void copy_row(const struct scores *s)
{
    const struct query_mistake *m = s->errors && s->nwrong ? &s->wrong[s->wrong_row] : NULL;
    const struct score_row *r = &s->t.rows[s->row];
    struct str out;
    char text[96];
    str_init(&out);
    if (m)
        str_addf(&out, "%s\t%s\t%s%s%s", m->label, m->said, m->text, *m->second ? "\t" : "", m->second);
    else
        str_add(&out, r->label);
    for (int k = 0; !m && k < s->t.ntasks; k++) {
        cell_text(s, s->row, k, text, sizeof text);
        size_t n = strlen(text); /* without the place of a mark that it has not */
        str_addf(&out, "\t%.*s", (int)(n && text[n - 1] == ' ' ? n - 1 : n), text);
    }
    if (!m && !isnan(r->glue))
        str_addf(&out, "\t%.1f (%d of 8)", r->glue, r->glue_tasks);
    if (!out.failed)
        app_copy(s->app, str_get(&out));
    str_free(&out);
}

static int can_scores(void *self, struct app *a, int action)
{
    const struct scores *s = self;
    (void)a;
    if (action == ACT_FILTER)
        return s->loaded && s->starts > 1 && !s->errors;
    if (!s->loaded || !s->t.nrows)
        return 0;
    switch (action) {
    case ACT_UP: case ACT_DOWN: case ACT_LEFT: case ACT_RIGHT: case ACT_FIRST: case ACT_LAST:
    case ACT_EXPORT: return 1;
    case ACT_COPY: return !s->errors || s->nwrong;
    case ACT_PAGE_UP: case ACT_PAGE_DOWN: return s->errors;
    case ACT_STATISTIC: case ACT_MAXIMISE: return !s->errors;
    case ACT_ENTER: return !s->errors && s->t.rows[s->row].cell[s->task].seeds > 0;
    case ACT_MARK: return !s->errors && s->t.rows[s->row].run != 0;
    case ACT_QUIT: return s->maximised || s->errors;
    }
    return 0;
}

static void move(struct scores *s, int action)
{
    int *at = s->errors ? &s->wrong_row : &s->row, n = s->errors ? s->nwrong : s->t.nrows;
    int by = action == ACT_UP ? -1 : action == ACT_DOWN ? 1 : action == ACT_PAGE_UP ? -10
             : action == ACT_PAGE_DOWN ? 10 : action == ACT_FIRST ? -n : n;
    *at += by;
    *at = *at >= n ? n - 1 : *at;
    *at = *at < 0 ? 0 : *at;
    if (!s->errors && s->t.rows[s->row].run)
        app_select(s->app, s->t.rows[s->row].run);
}

/* Left and right: the task, or the seed whose errors are shown. */
static void sideways(struct scores *s, int by)
{
    int n = s->errors ? s->t.rows[s->row].cell[s->task].seeds : s->t.ntasks;
    int *at = s->errors ? &s->seed : &s->task;
    *at = *at + by < 0 ? 0 : *at + by >= n ? n - 1 : *at + by;
    if (s->errors)
        scores_load_errors(s);
}

static int act_scores(void *self, struct app *a, int action)
{
    struct scores *s = self;
    int64_t run = s->loaded && s->t.nrows ? s->t.rows[s->row].run : 0;
    if ((action == ACT_BACK || action == ACT_QUIT) && (s->errors || s->maximised)) {
        if (s->errors)
            s->errors = 0;
        else
            s->maximised = 0;
        return 1;
    }
    if (action == ACT_BACK && s->filter.text[0]) {
        filter_field_set(&s->filter, "");
        return 1;
    }
    if (!can_scores(s, a, action))
        return 0;
    switch (action) {
    case ACT_FILTER: filter_field_ask(&s->filter); break;
    case ACT_LEFT: sideways(s, -1); break;
    case ACT_RIGHT: sideways(s, 1); break;
    case ACT_STATISTIC: s->statistic = (s->statistic + 1) % SHOW_COUNT; break;
    case ACT_MAXIMISE: s->maximised = !s->maximised; break;
    case ACT_COPY: copy_row(s); break;
    case ACT_MARK: app_mark(a, run, !app_is_marked(a, run)); break;
    case ACT_ENTER:
        s->errors = 1;
        s->seed = s->wrong_row = s->wrong_top = 0;
        scores_load_errors(s);
        break;
    default: move(s, action); break;
    }
    return 1;
}

static const char *word_scores(void *self, struct app *a, int action)
{
    const struct scores *s = self;
    (void)a;
    return action == ACT_ENTER ? "errors" : action == ACT_RIGHT ? s->errors ? "other seed" : "other task" : NULL;
}

static int place_scores(void *self, struct app *a, int action)
{
    (void)self;
    (void)a;
    return action == ACT_RIGHT ? 3 : 0;
}

static void mouse_scores(void *self, struct app *a, const struct mouse *m)
{
    struct scores *s = self;
    int row = m->y - s->list.y + (s->errors ? s->wrong_top : s->top);
    if (m->wheel)
        act_scores(s, a, m->wheel < 0 ? ACT_UP : ACT_DOWN);
    else if (m->button == 1 && m->y >= s->list.y && m->y < s->list.y + s->list.h &&
             row < (s->errors ? s->nwrong : s->t.nrows))
        *(s->errors ? &s->wrong_row : &s->row) = row;
}

static void status_scores(void *self, struct app *a, char *out, size_t size)
{
    const struct scores *s = self;
    (void)a;
    if (!s->loaded || !s->t.nrows) {
        snprintf(out, size, s->starts ? "no score matches" : "no scores");
        return;
    }
    const struct score_cell *c = &s->t.rows[s->row].cell[s->task];
    snprintf(out, size, "%s · %s · %d seed%s%s", s->t.rows[s->row].label, s->t.tasks[s->task].name, c->seeds,
             c->seeds == 1 ? "" : "s", c->stuck ? " · some stuck" : "");
}

const struct screen_ops scores_screen = {
    .name = "Scores",
    .help = "what fine-tuning gave: a row a start, a column a task, over seeds",
    .size = sizeof(struct scores),
    .open = open_scores,
    .close = close_scores,
    .tick = tick_scores,
    .period = period_scores,
    .draw = draw_scores,
    .act = act_scores,
    .can = can_scores,
    .mouse = mouse_scores,
    .word = word_scores,
    .place = place_scores,
    .status = status_scores,
    .export_csv = scores_export,
    .command = scores_command,
    .run_command = scores_run_command,
};
