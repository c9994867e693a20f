/* The Runs screen: every run, what it is, how it does, and what to do with it. */
#include "ui/screen/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "ui/app/action.h"
#include "ui/screen/screen.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

static struct runs *sorting; /* qsort has no argument of its own */

/* By a field of one's own choice: numbers by size, before them what is none. */
static int compare_extra(const struct query_run *a, const struct query_run *b)
{
    char x[CONFIG_TEXT], y[CONFIG_TEXT];
    int field = sorting->extra[sorting->sort - COL_COUNT];
    double u = filter_value(a, field, x, sizeof x), v = filter_value(b, field, y, sizeof y);
    if (isnan(u) || isnan(v))
        return isnan(u) && isnan(v) ? strcmp(x, y) : isnan(v) - isnan(u);
    return u < v ? -1 : u > v;
}

static int order(const void *x, const void *y)
{
    const struct query_run *a = *(const struct query_run *const *)x;
    const struct query_run *b = *(const struct query_run *const *)y;
    int c = sorting->sort < COL_COUNT ? run_compare(a, b, sorting->sort) : compare_extra(a, b);
    if (sorting->descending)
        c = -c;
    return c ? c : a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

/* Room for n runs, and as many headings. */
static int reserve(struct runs *s, int n)
{
    if (n <= s->rows_cap)
        return 0;
    struct { void **at; size_t size; } all[] = {
        { (void **)&s->ids, 2 * sizeof *s->ids },   { (void **)&s->known, sizeof *s->known },
        { (void **)&s->seen, sizeof *s->seen },     { (void **)&s->rows, 2 * sizeof *s->rows },
        { (void **)&s->place, sizeof *s->place },   { (void **)&s->matched, sizeof *s->matched },
        { (void **)&s->groups, sizeof *s->groups },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        void *p = realloc(*all[i].at, (size_t)n * all[i].size);
        if (!p)
            return E_NOMEM;
        *all[i].at = p;
    }
    s->rows_cap = n;
    return 0;
}

/* Takes a run and its branches, in the order they are sorted in, to the end of `to`. */
static int take(struct runs *s, int row, const struct query_run **to, int n, int depth)
{
    const struct query_run *r = s->matched[row];
    to[n++] = r;
    s->matched[row] = NULL;
    for (int i = 0; i < s->nmatched && depth < 32; i++)
        if (s->matched[i] && s->matched[i]->parent == r->id && r->id < s->matched[i]->id)
            n = take(s, i, to, n, depth + 1);
    return n;
}

/* Branches come right after the run they came from, where that is shown. */
static void families(struct runs *s)
{
    int branches = 0, n = 0;
    for (int i = 0; i < s->nmatched; i++)
        branches += s->matched[i]->parent != 0;
    const struct query_run **to = branches ? malloc((size_t)s->nmatched * sizeof *to) : NULL;
    uint8_t *child = to ? calloc((size_t)s->nmatched, 1) : NULL;
    for (int i = 0; child && i < s->nmatched; i++)
        child[i] = run_depth(s, s->matched[i]) > 0;
    for (int i = 0; child && i < s->nmatched; i++)
        if (!child[i])
            n = take(s, i, to, n, 0);
    for (int i = 0; child && i < s->nmatched; i++) /* deeper than anybody branches */
        if (s->matched[i])
            to[n++] = s->matched[i];
    if (child)
        memcpy(s->matched, to, (size_t)n * sizeof *to);
    free(child);
    free(to);
}

/* The cursor's run may be hidden now: then its group's heading, else the first line. */
static void keep_cursor(struct runs *s)
{
    for (int i = 0; i < s->nmatched && runs_cursor_row(s) < 0; i++)
        if (s->matched[i]->id == s->cursor)
            for (int k = 0; k < s->ngroups; k++)
                if (i >= s->groups[k].first && i < s->groups[k].first + s->groups[k].n)
                    s->cursor = -1 - k;
    if (s->n && runs_cursor_row(s) < 0)
        s->cursor = s->ids[0];
    if (s->n && s->cursor > 0)
        app_select(s->app, s->cursor);
    s->selected = app_selected(s->app);
}

void runs_arrange(struct runs *s)
{
    const struct run_group *on = runs_current_group(s);
    char label[sizeof on->label] = "";
    if (on)
        snprintf(label, sizeof label, "%s", on->label);
    s->nall = app_runs(s->app, &s->all);
    s->n = s->nmatched = 0;
    if (reserve(s, s->nall ? s->nall : 1)) {
        s->nall = 0;
        return;
    }
    for (int i = 0; i < s->nall; i++) {
        double loss = run_loss(&s->all[i]), auc = run_auc(&s->all[i]);
        s->known[i] = s->all[i].id;
        s->seen[i] = (struct seen){ loss, auc, loss, auc, s->all[i].state };
        if (filter_match(&s->filter, &s->all[i]))
            s->matched[s->nmatched++] = &s->all[i];
    }
    s->nknown = s->nall;
    sorting = s;
    qsort(s->matched, (size_t)s->nmatched, sizeof s->matched[0], order);
    families(s);
    runs_group(s);
    for (int i = 0; i < s->nmatched; i++)
        s->place[i] = (int)(s->matched[i] - s->all);
    for (int i = 0; *label && i < s->ngroups; i++)
        if (!strcmp(s->groups[i].label, label))
            s->cursor = -1 - i;
    keep_cursor(s);
}

int runs_show(struct runs *s, int64_t run)
{
    for (int i = 0; i < s->nmatched; i++) {
        if (s->matched[i]->id != run)
            continue;
        for (int k = 0; k < s->ngroups; k++) {
            if (i >= s->groups[k].first && i < s->groups[k].first + s->groups[k].n &&
                s->groups[k].closed) {
                s->cursor = -1 - k;
                runs_toggle_group(s);
            }
        }
        s->cursor = run;
        app_select(s->app, run);
        s->selected = run;
        return 1;
    }
    return 0;
}

int runs_cursor_row(const struct runs *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->ids[i] == s->cursor)
            return i;
    return -1;
}

const struct query_run *runs_current(const struct runs *s)
{
    int row = runs_cursor_row(s);
    return row < 0 ? NULL : s->rows[row];
}

/* After a read: the same runs keep their places even where their numbers moved (no re-sort under
 * the cursor); a new or vanished run arranges anew, and one in another state where groups or the filter
 * may hang on that. */
static void refresh(struct runs *s)
{
    const struct query_run *all;
    int n = app_runs(s->app, &all), same = n == s->nknown;
    for (int i = 0; same && i < n; i++)
        same = all[i].id == s->known[i] &&
               ((!s->ngroups && !s->filter_text[0]) || all[i].state == s->seen[i].state);
    if (!same) {
        runs_arrange(s);
        return;
    }
    s->all = all;
    s->nall = n;
    for (int i = 0; i < s->nmatched; i++)
        s->matched[i] = &all[s->place[i]];
    for (int i = 0, k = 0; i < s->n; i++) {
        if (s->ids[i] < 0)
            k = s->groups[-1 - s->ids[i]].first;
        s->rows[i] = s->ids[i] < 0 ? NULL : s->matched[k++];
    }
    runs_group_means(s);
    for (int i = 0; i < n; i++) {
        struct seen *v = &s->seen[i];
        *v = (struct seen){ run_loss(&all[i]), run_auc(&all[i]), v->loss, v->auc, all[i].state };
    }
}

static int runs_open(void *self, struct app *a)
{
    struct runs *s = self;
    const struct query_run *all;
    app_runs(a, &all); /* it may select a run that has just begun */
    s->app = a;
    s->sort = -1;
    s->descending = 1;
    arena_init(&s->arena);
    const char *saved = app_state(a, "runs.columns");
    runs_choose_columns(s, saved ? saved : "");
    saved = app_state(a, "runs.closed");
    snprintf(s->closed, sizeof s->closed, "%s", saved ? saved : "");
    saved = app_state(a, "runs.group");
    runs_group_by(s, saved ? saved : "");
    saved = app_state(a, "runs.sort");
    if (saved && sscanf(saved, "%d %d", &s->sort, &s->descending) == 2 &&
        (s->sort < -1 || s->sort >= COL_COUNT + s->nextra))
        s->sort = -1;
    saved = app_state(a, "runs.filter");
    snprintf(s->filter_text, sizeof s->filter_text, "%s", saved ? saved : "");
    if (filter_parse(&s->filter, s->filter_text))
        s->filter_text[0] = 0;
    s->cursor = app_selected(a);
    runs_arrange(s);
    return 0;
}

static void runs_close(void *self)
{
    struct runs *s = self;
    free(s->ids);
    free(s->known);
    free(s->seen);
    free(s->rows);
    free(s->matched);
    free(s->place);
    free(s->groups);
    arena_free(&s->arena);
}

static int runs_tick(void *self, struct app *a)
{
    struct runs *s = self;
    const struct query_run *all;
    app_runs(a, &all); /* it may select a run that has just begun */
    int64_t chosen = app_selected(a), before = s->selected;
    refresh(s);
    if (chosen != before && app_run(a, chosen))
        runs_show(s, chosen); /* elsewhere another run was chosen: the cursor follows */
    s->selected = app_selected(a);
    runs_read_side(s);
    return 1;
}

static double runs_period(void *self, struct app *a)
{
    (void)self;
    (void)a;
    return 1;
}

/* Below the list where there is no room for all panes: the one that Tab chose. */
static void draw_strip(struct runs *s, struct grid *g, struct rect part)
{
    if (s->focus == FOCUS_EVENTS)
        runs_draw_events(s, g, part);
    else if (s->focus == FOCUS_THREADS)
        runs_draw_threads(s, g, part);
    else if (runs_current_group(s))
        runs_draw_group(s, g, part);
    else
        runs_draw_detail(s, g, part);
}

static void draw_bottom(struct runs *s, struct grid *g, struct rect part)
{
    struct rect left = part, right = part;
    left.w = part.w * 2 / 3;
    right.x = left.w + 1;
    right.w = part.w - right.x;
    runs_draw_events(s, g, left);
    runs_draw_threads(s, g, right);
    pane_hline(g, part.y, left.w, 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, part.y, left.w, part.h, STYLE(ROLE_DIM, 0));
}

#define LIST_HEAD 2
#define PREVIEW_WIDE 10 /* rows at most that no run needs: beside events, alone */
#define PREVIEW_ALONE 14

/* Rows that the parts get: the list first, then detail, then events. */
static void runs_draw(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct runs *s = self;
    (void)a;
    s->list = s->event_area = (struct rect){ 0, 0, 0, 0 };
    s->events_shown = 0;
    if (!s->nall) {
        runs_draw_first(s, g, area);
        return;
    }
    if (s->detail && runs_current(s)) {
        runs_draw_page(s, g, area);
        return;
    }
    s->wide = area.w >= 120 && area.h >= 30;
    int strip = !s->wide && area.h >= 18 && area.w >= 60;
    int below = s->maximised ? 0 : s->wide ? 7 : !strip ? 0 : s->focus ? area.h / 3 + 1 : 5;
    int bottom = s->maximised || !s->wide ? 0 : area.h >= 40 ? 10 : 8;
    int need = below && (s->wide || !s->focus) ? runs_preview_rows(s, area.w, area.h) : 0; /* what ails them, in full */
    below = need > below ? need : below;
    below = below > area.h / 2 ? area.h / 2 : below;
    int idle = below ? area.h - below - bottom - LIST_HEAD - s->nall - s->ngroups - 1 : 0; /* rows of no run */
    int most = bottom ? PREVIEW_WIDE : PREVIEW_ALONE;
    while (idle-- > 0 && (below < most || bottom))
        *(below < most ? &below : &bottom) += 1;
    struct rect part = area;
    if (s->focus && (s->maximised || (!s->wide && !strip))) { /* no room beside the list */
        draw_strip(s, g, area);
        return;
    }
    part.h = area.h - below - bottom;
    runs_draw_list(s, g, part);
    part.y += part.h;
    part.h = below;
    if (below && s->wide)
        (runs_current_group(s) ? runs_draw_group : runs_draw_detail)(s, g, part);
    else if (below)
        draw_strip(s, g, part);
    part.y += below;
    part.h = bottom;
    if (bottom)
        draw_bottom(s, g, part);
}

/* The wheel moves the pane it is over; a click on the events goes there. */
static void runs_mouse(void *self, struct app *a, const struct mouse *m)
{
    struct runs *s = self;
    const struct rect *e = &s->event_area;
    int events = m->y >= e->y && m->y < e->y + e->h && m->x >= e->x && m->x < e->x + e->w;
    if (m->wheel || (events && m->button == 1))
        s->focus = events ? FOCUS_EVENTS : s->list.h ? FOCUS_LIST : s->focus;
    if (m->wheel) {
        runs_act(s, m->wheel < 0 ? ACT_UP : ACT_DOWN);
        return;
    }
    if (events)
        return;
    if (m->button == 1 && s->list.h && m->y == s->list.y - 1) {
        for (int i = 0; i < s->shown.n; i++)
            if (m->x >= s->list.x + 4 + s->shown.x[i] && m->x <= s->list.x + 4 + s->shown.x[i] + s->shown.w[i])
                runs_sort_by(s, s->shown.col[i]);
        return;
    }
    int row = m->y - s->list.y + s->top;
    if (m->button != 1 || m->y < s->list.y || m->y >= s->list.y + s->list.h || row >= s->n)
        return;
    s->focus = FOCUS_LIST;
    s->cursor = s->ids[row];
    if (s->cursor > 0)
        app_select(a, s->cursor);
    if (m->x == s->list.x + 1 && s->cursor > 0)
        app_mark(a, s->cursor, !app_is_marked(a, s->cursor));
    else if (m->x == s->list.x + 1)
        runs_mark_group(s);
    else if (s->cursor < 0 && m->x < s->list.x + 4)
        runs_toggle_group(s);
    runs_read_side(s);
}

static void runs_status(void *self, struct app *a, char *out, size_t size)
{
    struct runs *s = self;
    const struct query_run *r = runs_current(s);
    const struct run_group *group = runs_current_group(s);
    char step[FMT], steps[FMT];
    (void)a;
    if (group) {
        snprintf(out, size, "%s · %d run%s", group->label, group->n, group->n == 1 ? "" : "s");
        return;
    }
    if (!r) {
        snprintf(out, size, "%s", s->nall ? "no run matches" : "");
        return;
    }
    snprintf(out, size, "%s · step %s of %s · %s", r->name, fmt_exact(step, sizeof step, r->step),
             fmt_round(steps, sizeof steps, (double)r->config.steps), run_state_name(r->state));
}

static const char *word(void *self, struct app *a, int action)
{
    (void)a;
    return runs_word(self, action);
}

static int act(void *self, struct app *a, int action)
{
    (void)a;
    return runs_act(self, action);
}

static int can(void *self, struct app *a, int action)
{
    (void)a;
    return runs_can(self, action);
}

static int page(void *self, int close)
{
    struct runs *s = self;
    int open = s->detail;
    s->detail = close ? 0 : s->detail;
    return open;
}

const struct screen_ops runs_screen = {
    .name = "Runs",
    .help = "every run, how it does, and what to do with it",
    .size = sizeof(struct runs),
    .open = runs_open,
    .close = runs_close,
    .tick = runs_tick,
    .period = runs_period,
    .draw = runs_draw,
    .act = act,
    .can = can,
    .page = page,
    .mouse = runs_mouse,
    .status = runs_status,
    .export_csv = runs_export,
    .command = runs_command,
    .run_command = runs_run_command,
    .word = word,
};
