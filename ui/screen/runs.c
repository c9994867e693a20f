/* The Runs screen: every run, what it is, how it does, and what to do with it. */
#include "ui/screen/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "ui/app/action.h"
#include "ui/screen/screen.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

static struct runs *sorting; /* qsort has no argument of its own */

static int order(const void *x, const void *y)
{
    const struct query_run *a = *(const struct query_run *const *)x;
    const struct query_run *b = *(const struct query_run *const *)y;
    int c = run_compare(a, b, sorting->sort);
    if (sorting->descending)
        c = -c;
    return c ? c : a->id < b->id ? 1 : a->id > b->id ? -1 : 0;
}

static int reserve(struct runs *s, int n)
{
    if (n <= s->rows_cap)
        return 0;
    int64_t *ids = realloc(s->ids, (size_t)n * sizeof *ids);
    if (ids)
        s->ids = ids;
    int64_t *known = realloc(s->known, (size_t)n * sizeof *known);
    if (known)
        s->known = known;
    struct seen *seen = realloc(s->seen, (size_t)n * sizeof *seen);
    if (seen)
        s->seen = seen;
    const struct query_run **rows = realloc(s->rows, (size_t)n * sizeof *rows);
    if (rows)
        s->rows = rows;
    if (!ids || !known || !rows || !seen)
        return E_NOMEM;
    s->rows_cap = n;
    return 0;
}

/* Takes a row and its branches, in the order they are sorted in, to the end of `to`. */
static int take(struct runs *s, int row, const struct query_run **to, int n, int depth)
{
    const struct query_run *r = s->rows[row];
    to[n++] = r;
    s->rows[row] = NULL;
    for (int i = 0; i < s->n && depth < 32; i++)
        if (s->rows[i] && s->rows[i]->parent == r->id && r->id < s->rows[i]->id)
            n = take(s, i, to, n, depth + 1);
    return n;
}

/* Branches come right after the run they came from, where that is shown. */
static void families(struct runs *s)
{
    int branches = 0, n = 0;
    for (int i = 0; i < s->n; i++)
        branches += s->rows[i]->parent != 0;
    const struct query_run **to = branches ? malloc((size_t)s->n * sizeof *to) : NULL;
    uint8_t *child = to ? calloc((size_t)s->n, 1) : NULL;
    for (int i = 0; child && i < s->n; i++)
        child[i] = run_depth(s, s->rows[i]) > 0;
    for (int i = 0; child && i < s->n; i++)
        if (!child[i])
            n = take(s, i, to, n, 0);
    for (int i = 0; child && i < s->n; i++) /* deeper than anybody branches */
        if (s->rows[i])
            to[n++] = s->rows[i];
    if (child)
        memcpy(s->rows, to, (size_t)n * sizeof *to);
    free(child);
    free(to);
}

void runs_arrange(struct runs *s)
{
    s->nall = app_runs(s->app, &s->all);
    s->n = 0;
    if (reserve(s, s->nall ? s->nall : 1)) {
        s->nall = 0;
        return;
    }
    for (int i = 0; i < s->nall; i++) {
        double loss = run_loss(&s->all[i]), auc = run_auc(&s->all[i]);
        s->known[i] = s->all[i].id;
        s->seen[i] = (struct seen){ loss, auc, loss, auc };
        if (filter_match(&s->filter, &s->all[i]))
            s->rows[s->n++] = &s->all[i];
    }
    s->nknown = s->nall;
    sorting = s;
    qsort(s->rows, (size_t)s->n, sizeof s->rows[0], order);
    families(s);
    for (int i = 0; i < s->n; i++)
        s->ids[i] = s->rows[i]->id;
    if (s->n && runs_cursor_row(s) < 0)
        s->cursor = s->ids[0];
    if (s->n)
        app_select(s->app, s->cursor);
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
 * the cursor); a new or vanished run arranges anew. */
static void refresh(struct runs *s)
{
    const struct query_run *all;
    int n = app_runs(s->app, &all), same = n == s->nknown;
    for (int i = 0; same && i < n; i++)
        same = all[i].id == s->known[i];
    if (!same) {
        runs_arrange(s);
        return;
    }
    s->all = all;
    s->nall = n;
    for (int i = 0; i < s->n; i++)
        s->rows[i] = app_run(s->app, s->ids[i]);
    for (int i = 0; i < n; i++) {
        struct seen *v = &s->seen[i];
        *v = (struct seen){ run_loss(&all[i]), run_auc(&all[i]), v->loss, v->auc };
    }
}

static int runs_open(void *self, struct app *a)
{
    struct runs *s = self;
    s->app = a;
    s->sort = -1;
    s->descending = 1;
    arena_init(&s->arena);
    const char *saved = app_state(a, "runs.sort");
    if (saved && sscanf(saved, "%d %d", &s->sort, &s->descending) == 2 && s->sort >= COL_COUNT)
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
    arena_free(&s->arena);
}

static int runs_tick(void *self, struct app *a)
{
    struct runs *s = self;
    refresh(s);
    if (app_selected(a) != s->cursor && app_run(a, app_selected(a))) {
        int64_t was = s->cursor;
        s->cursor = app_selected(a);
        if (runs_cursor_row(s) < 0)
            s->cursor = was;
    }
    runs_read_side(s);
    return 1;
}

static double runs_period(void *self, struct app *a)
{
    (void)self;
    (void)a;
    return 1;
}

/* Rows that the parts get: the list first, then detail, then events. */
static void runs_draw(void *self, struct app *a, struct grid *g, struct rect area)
{
    struct runs *s = self;
    (void)a;
    s->list = (struct rect){ 0, 0, 0, 0 };
    if (!s->nall) {
        runs_draw_first(s, g, area);
        return;
    }
    if (s->detail && runs_current(s)) {
        runs_draw_page(s, g, area);
        return;
    }
    int wide = area.w >= 120 && area.h >= 30, strip = !wide && area.h >= 18 && area.w >= 60;
    int detail = s->maximised ? 0 : wide ? 7 : strip ? 5 : 0;
    int events = s->maximised || !wide ? 0 : area.h >= 40 ? 10 : 8;
    struct rect part = area;
    part.h = area.h - detail - events;
    runs_draw_list(s, g, part);
    part.y += part.h;
    part.h = detail;
    if (detail)
        runs_draw_detail(s, g, part);
    part.y += detail;
    part.h = events;
    if (!events)
        return;
    struct rect left = part, right = part;
    left.w = part.w * 2 / 3;
    right.x = left.w + 1;
    right.w = part.w - right.x;
    runs_draw_events(s, g, left);
    runs_draw_threads(s, g, right);
    pane_hline(g, part.y, left.w, 1, STYLE(ROLE_DIM, 0));
    pane_vline(g, part.y, left.w, part.h, STYLE(ROLE_DIM, 0));
}

static void runs_mouse(void *self, struct app *a, const struct mouse *m)
{
    struct runs *s = self;
    if (m->wheel) {
        runs_act(s, m->wheel < 0 ? ACT_UP : ACT_DOWN);
        return;
    }
    int row = m->y - s->list.y + s->top;
    if (m->button != 1 || m->y < s->list.y || m->y >= s->list.y + s->list.h || row >= s->n)
        return;
    s->focus = 0;
    s->cursor = s->ids[row];
    app_select(a, s->cursor);
    if (m->x == s->list.x + 1)
        app_mark(a, s->cursor, !app_is_marked(a, s->cursor));
    runs_read_side(s);
}

static void runs_status(void *self, struct app *a, char *out, size_t size)
{
    struct runs *s = self;
    const struct query_run *r = runs_current(s);
    char step[FMT], steps[FMT];
    (void)a;
    if (!r) {
        snprintf(out, size, "%s", s->nall ? "no run matches" : "");
        return;
    }
    snprintf(out, size, "%s · step %s of %s · %s", r->name, fmt_exact(step, sizeof step, r->step),
             fmt_round(steps, sizeof steps, (double)r->config.steps), run_state_name(r->state));
}

static void export_run(const struct query_run *r, struct csv_out *out)
{
    char text[CONFIG_TEXT];
    csv_int(out, r->id);
    csv_text(out, r->name);
    csv_text(out, run_state_name(r->state));
    csv_text(out, r->reason);
    csv_int(out, r->step);
    csv_int(out, r->tokens);
    csv_real(out, run_loss(r));
    csv_real(out, run_auc(r));
    csv_real(out, run_last(r, METRIC_gen_loss));
    csv_real(out, run_last(r, METRIC_disc_loss));
    csv_real(out, run_last(r, METRIC_tokens_per_s));
    csv_text(out, r->tags);
    csv_text(out, r->note);
    for (int i = 0; i < config_nfields; i++)
        if (config_fields[i].flags & CONFIG_ID)
            csv_text(out, config_get(&r->config, &config_fields[i], text, sizeof text));
    csv_end_row(out);
}

static int runs_export(void *self, struct app *a, struct csv_out *out, struct err *err)
{
    struct runs *s = self;
    static const char *const heads[] = { "run", "name", "state", "reason", "step", "tokens", "loss",
                                         "auc", "gen_loss", "disc_loss", "tokens_per_s", "tags",
                                         "note" };
    (void)a;
    (void)err;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        csv_text(out, heads[i]);
    for (int i = 0; i < config_nfields; i++)
        if (config_fields[i].flags & CONFIG_ID)
            csv_text(out, config_fields[i].name);
    csv_end_row(out);
    for (int i = 0; i < s->n; i++)
        export_run(s->rows[i], out);
    return s->n;
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
    .mouse = runs_mouse,
    .status = runs_status,
    .export_csv = runs_export,
};
