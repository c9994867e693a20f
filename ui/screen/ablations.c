/* Screen 4: the history of ablations. Runs grouped by what differs, over seeds; what a difference
 * is worth; which cells are missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/ablations_int.h"
#include "ui/screen/run_diagnosis.h"
#include "ui/screen/screen.h"

static int keep(void *ud, const struct query_run *r)
{
    const struct ablations *s = ud;
    return ablations_in_sweep(s, r) && filter_match(&s->filter.filter, r);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h ^= v + 0x9E3779B97F4A7C15u + (h << 6) + (h >> 2);
    return h * 0xBF58476D1CE4E5B9u;
}

/* Changes when a run that may be in the table does: finished runs do not. */
static uint64_t key_of(struct ablations *s, struct query *q)
{
    const struct query_run *runs;
    struct query_score *scores;
    struct arena a;
    uint64_t key = 7;
    int n = app_runs(s->app, &runs), done = 0;
    for (int i = 0; i < n; i++)
        done |= runs[i].state == RUN_DONE;
    for (int i = 0; i < n; i++) {
        int moves = runs[i].state != RUN_DONE && (s->unfinished || !done);
        key = mix(mix(key, (uint64_t)runs[i].id), (uint64_t)(runs[i].state + 16 * runs[i].archived));
        key = mix(key, moves ? (uint64_t)runs[i].step : 0);
        for (const char *p = runs[i].tags; *p; p++) /* what sweeps it is in */
            key = mix(key, (unsigned char)*p);
    }
    arena_init(&a);
    key = mix(key, (uint64_t)query_scores(q, 0, NULL, &a, &scores, NULL));
    arena_free(&a);
    return key;
}

const struct ablation_row *ablations_current(const struct ablations *s)
{
    return s->loaded && s->row < s->t.nrows ? &s->t.rows[s->order[s->row]] : NULL;
}

/* The cursor stays on its row. */
static void arrange(struct ablations *s)
{
    ablation_order(&s->t, s->sorted ? s->t.ranked : -1, s->order);
    for (int i = 0; i < s->t.nrows; i++)
        if (!strcmp(s->t.rows[s->order[i]].label, s->cursor))
            s->row = i;
    if (s->row >= s->t.nrows)
        s->row = s->t.nrows ? s->t.nrows - 1 : 0;
    const struct ablation_row *r = ablations_current(s);
    snprintf(s->cursor, sizeof s->cursor, "%s", r ? r->label : "");
}

static int open_table(struct ablations *s, struct query *q, struct err *err)
{
    struct ablation_args args = {.by = s->by, .metric = s->metric, .baseline = s->baseline, .at = -1,
                                 .unfinished = s->unfinished, .keep = keep, .ud = s};
    int rc = ablation_open(&s->t, q, &args, err);
    if (rc && (s->baseline[0] || s->metric[0])) { /* the row or score may be gone */
        ablation_free(&s->t);
        args.baseline = args.metric = NULL;
        rc = ablation_open(&s->t, q, &args, NULL);
    }
    s->order = rc ? NULL : arena_alloc(&s->t.arena, (size_t)s->t.nrows + 1, sizeof *s->order);
    return rc ? rc : s->order ? 0 : err_nomem(err, "the table of ablations");
}

/* What is seen in most of the runs compared: then their differences may say little. */
static void find_complaint(struct ablations *s)
{
    int many[DIAG_RULES] = {0}, bad[DIAG_RULES] = {0}, most = 0;
    char look[DIAG_RULES][sizeof ((struct diagnosis *)0)->look];
    for (int i = 0; i < s->t.nrows; i++)
        for (int k = 0; k < s->t.rows[i].n; k++) {
            struct diagnosis d[DIAG_RULES];
            const struct query_run *r = app_run(s->app, s->t.rows[i].runs[k]);
            if (!r || !run_diagnose(r, app_query(s->app), d))
                continue;
            if (!many[d[0].rule]++)
                memcpy(look[d[0].rule], d[0].look, sizeof d[0].look);
            bad[d[0].rule] += d[0].severity > SEV_INFO;
        }
    for (int k = 0; k < DIAG_RULES; k++)
        most = many[k] + s->t.nruns * (bad[k] > 0) > many[most] + s->t.nruns * (bad[most] > 0) ? k : most;
    s->complaint[0] = 0;
    s->complains = bad[most] > 0;
    if (s->complains || 2 * many[most] > s->t.nruns)
        snprintf(s->complaint, sizeof s->complaint, "%s%d of %d runs: %s%s%s · differences may say little",
                 s->complains ? "! " : "", many[most], s->t.nruns, diagnosis_title(most), s->complains ? "" : " · ",
                 s->complains ? "" : look[most]);
}

/* Rows whose runs are of another text than the baseline's: held-out losses and common fakes differ then. */
static int rows_of_other_texts(const struct ablations *s)
{
    const struct ablation_row *base = s->t.nrows && s->t.baseline >= 0 ? &s->t.rows[s->t.baseline] : NULL;
    const struct query_run *b = base && base->n ? app_run(s->app, base->runs[0]) : NULL;
    int n = 0;
    for (int i = 0; b && b->corpus_hash && i < s->t.nrows; i++) {
        const struct query_run *r = s->t.rows[i].n ? app_run(s->app, s->t.rows[i].runs[0]) : NULL;
        n += r && r->corpus_hash && r->corpus_hash != b->corpus_hash;
    }
    return n;
}

static void add_other_texts(struct ablations *s)
{
    char before[sizeof s->complaint];
    int n = rows_of_other_texts(s);
    if (!n)
        return;
    memcpy(before, s->complaint, sizeof before);
    snprintf(s->complaint, sizeof s->complaint, "! %d of %d rows %s of another text than the baseline's: held-out "
             "numbers do not compare%s%.300s", n, s->t.nrows, n == 1 ? "is" : "are", *before ? " · " : "", before + (before[0] == '!' ? 2 : 0));
    s->complains = 1;
}

int ablations_load(struct ablations *s, int force)
{
    struct err err = {0};
    struct query *q = app_query(s->app);
    uint64_t key = q ? key_of(s, q) : 0;
    if (!q || (!force && s->loaded && key == s->key))
        return 0;
    if (s->loaded)
        ablation_free(&s->t);
    s->key = key;
    ablations_choose_sweep(s);
    s->loaded = !open_table(s, q, &err);
    snprintf(s->error, sizeof s->error, "%s", s->loaded ? "" : err.text);
    if (!s->loaded) {
        ablation_free(&s->t);
        return 1;
    }
    arrange(s);
    ablations_columns(s);
    find_complaint(s);
    add_other_texts(s);
    ablations_along(s, s->along, sizeof s->along);
    return 1;
}

static void restore(struct ablations *s, const char *key, char *out, size_t size)
{
    const char *text = app_state(s->app, key);
    snprintf(out, size, "%s", text ? text : "");
}

static void filter_changed(void *ud)
{
    ablations_load(ud, 1);
}

static int open_ablations(void *self, struct app *a)
{
    struct ablations *s = self;
    char text[16];
    s->app = a;
    restore(s, "ablations.by", s->by, sizeof s->by);
    restore(s, "ablations.baseline", s->baseline, sizeof s->baseline);
    restore(s, "ablations.metric", s->metric, sizeof s->metric);
    restore(s, "ablations.statistic", text, sizeof text);
    s->statistic = text[0] >= '0' && text[0] < '0' + SHOW_COUNT ? text[0] - '0' : SHOW_MEAN;
    filter_field_open(&s->filter, a, "ablations.filter", filter_changed, s);
    restore(s, "ablations.row", s->cursor, sizeof s->cursor);
    ablations_load(s, 1);
    return 0;
}

static void close_ablations(void *self)
{
    struct ablations *s = self;
    app_set_state(s->app, "ablations.row", s->cursor);
    if (s->loaded)
        ablation_free(&s->t);
}

static int tick_ablations(void *self, struct app *a)
{
    (void)a;
    return ablations_load(self, 0);
}

static double period_ablations(void *self, struct app *a)
{
    (void)self;
    (void)a;
    return PERIOD_STORE;
}

static void set(struct ablations *s, const char *key, char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
    app_set_state(s->app, key, to);
    ablations_load(s, 1);
}

static void group_done(void *ud, const char *text)
{
    struct ablations *s = ud;
    char name[64];
    if (!text)
        return;
    for (const char *p = text; *p; p += strspn(p, ", ")) {
        size_t n = strcspn(p, ", "), m = n < sizeof name ? n : sizeof name - 1;
        memcpy(name, p, m);
        name[m] = 0;
        p += n;
        if (n && !config_find(name)) {
            app_say(s->app, SEV_WARN, "There is no field %s", name);
            return;
        }
    }
    s->baseline[0] = 0;
    set(s, "ablations.by", s->by, sizeof s->by, text);
    if (!s->loaded)
        app_say(s->app, SEV_WARN, "%s", s->error);
}

/* The next metric that may be ranked; after the last one, the order of the levels again. */
static void sort_next(struct ablations *s)
{
    int from = s->sorted ? s->t.ranked + 1 : 0;
    for (int m = from; m < s->t.nmetrics; m++) {
        if (s->t.metrics[m].own || !s->t.metrics[m].better)
            continue;
        s->sorted = 1;
        set(s, "ablations.metric", s->metric, sizeof s->metric, s->t.metrics[m].name);
        app_note(s->app, "best %s first", ablations_title(s->metric));
        return;
    }
    s->sorted = 0;
    set(s, "ablations.metric", s->metric, sizeof s->metric, "");
    app_note(s->app, "in the order of the fields");
}

static void move(struct ablations *s, int action)
{
    const struct ablation_row *r = ablations_current(s);
    int *at = s->detail ? &s->seed : &s->row, n = s->detail && r ? r->n : s->t.nrows;
    int page = s->page > 1 ? s->page - 1 : 1;
    *at += action == ACT_UP ? -1 : action == ACT_DOWN ? 1 : action == ACT_PAGE_UP ? -page
           : action == ACT_PAGE_DOWN ? page : action == ACT_FIRST ? -n : n;
    *at = *at >= n ? n - 1 : *at;
    *at = *at < 0 ? 0 : *at;
    r = ablations_current(s);
    if (r)
        snprintf(s->cursor, sizeof s->cursor, "%s", r->label);
}

/* All runs of the row, or none of them. */
static void mark_row(struct ablations *s)
{
    const struct ablation_row *r = ablations_current(s);
    int all = 1;
    if (s->detail) {
        app_mark(s->app, r->runs[s->seed], !app_is_marked(s->app, r->runs[s->seed]));
        return;
    }
    for (int k = 0; k < r->n; k++)
        all &= app_is_marked(s->app, r->runs[k]);
    for (int k = 0; k < r->n; k++)
        app_mark(s->app, r->runs[k], !all);
    app_say(s->app, SEV_INFO, "%s %d run%s of this row", all ? "unmarked" : "marked", r->n,
            r->n == 1 ? "" : "s");
}

static void enter(struct ablations *s)
{
    const struct ablation_row *r = ablations_current(s);
    if (!s->detail) {
        s->detail = 1;
        s->seed = 0;
        return;
    }
    app_select(s->app, r->runs[s->seed < r->n ? s->seed : 0]);
    app_go(s->app, "Curves");
}

static void copy_row(struct ablations *s)
{
    char line[2000];
    size_t n = 0;
    line[0] = 0;
    for (int c = 0; c < s->ncols && n < sizeof line; c++) {
        char text[160];
        struct style style;
        ablations_cell(s, s->order[s->row], &s->cols[c], text, sizeof text, &style);
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%s", c ? "\t" : "", text);
    }
    app_copy(s->app, line);
}

static int go_back(struct ablations *s, int action)
{
    if (s->detail)
        s->detail = 0;
    else if (s->maximised)
        s->maximised = 0;
    else if (action == ACT_BACK && s->filter.text[0])
        filter_field_set(&s->filter, "");
    else
        return 0;
    return 1;
}

static int can_ablations(void *self, struct app *a, int action)
{
    const struct ablations *s = self;
    int rows = s->loaded && s->t.nrows > 0;
    switch (action) {
    case ACT_UP: case ACT_DOWN: case ACT_FIRST: case ACT_LAST: case ACT_PAGE_UP: case ACT_PAGE_DOWN:
    case ACT_ENTER: case ACT_MARK: case ACT_COPY: case ACT_EXPORT: return rows;
    case ACT_NEW: return rows || (!app_readonly(a) && !s->filter.text[0]);
    case ACT_LEFT: case ACT_RIGHT: case ACT_SORT: case ACT_BASELINE: case ACT_MAXIMISE:
    case ACT_STATISTIC: return rows && !s->detail;
    case ACT_NEXT_PANE: case ACT_PREV_PANE: return s->nsweeps > 0 && !s->detail;
    case ACT_GROUP: case ACT_FILTER: case ACT_FOLLOW: return !s->detail;
    case ACT_QUIT: return s->detail || s->maximised;
    }
    return 0;
}

static int act_ablations(void *self, struct app *a, int action)
{
    struct ablations *s = self;
    char text[16];
    if (action == ACT_BACK || action == ACT_QUIT)
        return go_back(s, action);
    if (action == ACT_START) /* F5 is another key for it here */
        action = ACT_NEW;
    if (!can_ablations(s, a, action))
        return 0;
    switch (action) {
    case ACT_ENTER: enter(s); break;
    case ACT_NEW: ablations_launch(s); break;
    case ACT_MARK: mark_row(s); break;
    case ACT_COPY: copy_row(s); break;
    case ACT_NEXT_PANE: case ACT_PREV_PANE:
        ablations_next_sweep(s, action == ACT_NEXT_PANE ? 1 : -1);
        break;
    case ACT_SORT: sort_next(s); break;
    case ACT_MAXIMISE: s->maximised = !s->maximised; break;
    case ACT_LEFT: s->scroll -= s->scroll > 0; break;
    case ACT_RIGHT: s->scroll++; break;
    case ACT_FOLLOW:
        s->unfinished = !s->unfinished;
        ablations_load(s, 1);
        app_note(a, s->unfinished ? "runs that are not done count too" : "only runs that are done count");
        break;
    case ACT_STATISTIC:
        s->statistic = (s->statistic + 1) % SHOW_COUNT;
        snprintf(text, sizeof text, "%d", s->statistic);
        app_set_state(a, "ablations.statistic", text);
        ablations_columns(s);
        break;
    case ACT_BASELINE:
        set(s, "ablations.baseline", s->baseline, sizeof s->baseline, ablations_current(s)->label);
        break;
    case ACT_GROUP: app_prompt(a, "group by fields (empty: what differs):", s->by, group_done, NULL, s); break;
    case ACT_FILTER: filter_field_ask(&s->filter); break;
    default: move(s, action); break;
    }
    return 1;
}

static const char *word_ablations(void *self, struct app *a, int action)
{
    const struct ablations *s = self;
    (void)a;
    switch (action) {
    case ACT_ENTER: return s->detail ? "curves" : "seeds";
    case ACT_NEXT_PANE: return s->next;
    case ACT_NEW: return !s->loaded ? "try one" : s->t.nmissing ? "launch missing" : "launch more";
    default: return NULL;
    }
}

/* What is looked for most stands first; the missing cells where there are some. */
static int place_ablations(void *self, struct app *a, int action)
{
    const struct ablations *s = self;
    (void)a;
    if (action == ACT_NEW)
        return !s->loaded || s->t.nmissing ? 5 : 0;
    return action == ACT_EXPORT ? 3 : action == ACT_NEXT_PANE ? 5 : 0;
}

static void mouse_ablations(void *self, struct app *a, const struct mouse *m)
{
    struct ablations *s = self;
    int row = m->y - s->list.y + s->top;
    (void)a;
    if (m->wheel && can_ablations(s, a, ACT_UP))
        move(s, m->wheel < 0 ? ACT_UP : ACT_DOWN);
    if (m->wheel || s->detail || m->button != 1 || m->y < s->list.y ||
        m->y >= s->list.y + s->list.h || row >= s->t.nrows)
        return;
    s->row = row;
    snprintf(s->cursor, sizeof s->cursor, "%s", ablations_current(s)->label);
}

static void status_ablations(void *self, struct app *a, char *out, size_t size)
{
    struct ablations *s = self;
    const struct ablation_row *r = ablations_current(s);
    char where[120];
    (void)a;
    if (!r)
        snprintf(out, size, "%s", s->error);
    else
        snprintf(out, size, "%s: %d seed%s · table of %d run%s · %s", r->label, r->n, r->n == 1 ? "" : "s",
                 s->t.nruns, s->t.nruns == 1 ? "" : "s", ablation_where(&s->t, where, sizeof where));
}

static int page_ablations(void *self, int close)
{
    struct ablations *s = self;
    int open = s->detail;
    s->detail = close ? 0 : s->detail;
    return open;
}

const struct screen_ops ablations_screen = {
    .name = "Ablations",
    .help = "runs grouped by what differs, over seeds: differences, spread, what is missing",
    .size = sizeof(struct ablations),
    .open = open_ablations,
    .close = close_ablations,
    .tick = tick_ablations,
    .period = period_ablations,
    .draw = ablations_draw,
    .act = act_ablations,
    .can = can_ablations,
    .page = page_ablations,
    .word = word_ablations,
    .place = place_ablations,
    .mouse = mouse_ablations,
    .status = status_ablations,
    .export_csv = ablations_export,
    .command = ablations_command,
    .run_command = ablations_run_command,
};
