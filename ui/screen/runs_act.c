/* What keys do on the Runs screen. Actions on runs mean the marked ones, or the one under the
 * cursor when none is marked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/launch.h"
#include "ui/screen/runs.h"

#define TARGETS ORDER_RUNS

static int targets(const struct runs *s, int64_t out[TARGETS])
{
    const int64_t *marks;
    int n = app_marks(s->app, &marks);
    for (int i = 0; i < n && i < TARGETS; i++)
        out[i] = marks[i];
    if (!n && runs_current(s))
        out[n++] = s->cursor;
    return n;
}

static const char *pause_all_op(const struct runs *s)
{
    int64_t id[TARGETS];
    int n = targets(s, id);
    return runs_pause_op(s->app, id, n);
}

static int any_alive(const struct runs *s)
{
    int64_t id[TARGETS];
    int n = targets(s, id), any = 0;
    for (int i = 0; i < n; i++) {
        const struct query_run *r = app_run(s->app, id[i]);
        any |= r && run_alive(r->state);
    }
    return any;
}

static void order(struct runs *s, void (*give)(struct run_orders *o, struct app *a, const int64_t *id, int n))
{
    int64_t id[TARGETS];
    int n = targets(s, id);
    give(&s->orders, s->app, id, n);
}

const char *runs_word(struct runs *s, int action)
{
    if (action == ACT_PAUSE)
        return s->nall ? pause_all_op(s) : NULL;
    if (action == ACT_ENTER && !s->nall)
        return runs_first_word(s);
    if (action == ACT_NEW && !s->nall)
        return "choose steps first";
    if (action == ACT_ENTER && s->focus == FOCUS_EVENTS)
        return "its run";
    if (action == ACT_ENTER && runs_current_group(s))
        return runs_current_group(s)->closed ? "unfold" : "fold";
    return NULL;
}

static void move_to(struct runs *s, int row)
{
    if (!s->n)
        return;
    row = row < 0 ? 0 : row >= s->n ? s->n - 1 : row;
    s->cursor = s->ids[row];
    if (s->cursor > 0)
        app_select(s->app, s->cursor);
    s->selected = app_selected(s->app);
    runs_read_side(s);
}

static void move(struct runs *s, int action)
{
    int row = runs_cursor_row(s), page = s->page > 1 ? s->page - 1 : 1;
    if (s->detail && (action == ACT_PAGE_UP || action == ACT_PAGE_DOWN)) {
        s->page_top += action == ACT_PAGE_UP ? -8 : 8;
        s->page_top = s->page_top < 0 ? 0 : s->page_top > 48 ? 48 : s->page_top;
        return;
    }
    if (s->focus == FOCUS_EVENTS) {
        int by = action == ACT_UP ? -1 : action == ACT_DOWN ? 1 : action == ACT_PAGE_UP ? -5
                 : action == ACT_PAGE_DOWN ? 5 : action == ACT_FIRST ? -1000 : 1000;
        s->event_top += by;
        s->event_top = s->event_top < 0 ? 0
                       : s->event_top >= s->nevents ? (s->nevents ? s->nevents - 1 : 0)
                                                    : s->event_top;
        return;
    }
    switch (action) {
    case ACT_UP: move_to(s, row - 1); break;
    case ACT_DOWN: move_to(s, row + 1); break;
    case ACT_PAGE_UP: move_to(s, row - page); break;
    case ACT_PAGE_DOWN: move_to(s, row + page); break;
    case ACT_FIRST: move_to(s, 0); break;
    default: move_to(s, s->n - 1); break;
    }
}

int runs_found(const struct runs *s, int row)
{
    const struct query_run *r = s->rows[row];
    return r && (str_contains(r->name, s->find) || str_contains(r->tags, s->find) || str_contains(r->note, s->find));
}

static void find_from(struct runs *s, int start, int by)
{
    int found = 0;
    if (!s->find[0] || !s->n)
        return;
    for (int k = 0; k < s->n && !found; k++) {
        int row = ((start + k * by) % s->n + s->n) % s->n;
        found = runs_found(s, row);
        if (found)
            move_to(s, row);
    }
    if (!found)
        app_say(s->app, SEV_WARN, "%s is in no name, tag or note", s->find);
}

static void find_done(void *ud, const char *text)
{
    struct runs *s = ud;
    if (!text) {
        s->find[0] = 0;
        return;
    }
    snprintf(s->find, sizeof s->find, "%s", text);
    find_from(s, runs_cursor_row(s), 1);
}

static void set_filter(struct runs *s, const char *text)
{
    snprintf(s->filter_text, sizeof s->filter_text, "%s", text);
    app_set_state(s->app, "runs.filter", s->filter_text);
    runs_arrange(s);
}

/* While it is typed the list follows; of a half-written expression the words that make sense. */
static void filter_change(void *ud, const char *text)
{
    struct runs *s = ud;
    char kept[sizeof s->filter_text];
    size_t n;
    filter_typed(s->app, text, &s->filter, &n);
    snprintf(kept, sizeof kept, "%.*s", (int)n, text);
    set_filter(s, kept);
}


int runs_filter(struct runs *s, const char *text)
{
    struct filter f;
    if (filter_parse(&f, text)) {
        snprintf(s->error, sizeof s->error, "filter, character %d: %s", f.bad + 1, f.error);
        return E_USAGE;
    }
    s->filter = f;
    set_filter(s, text);
    return 0;
}

static void filter_done(void *ud, const char *text);

static void ask_filter(struct runs *s, const char *start)
{
    app_choose(s->app, "filter:", start, filter_item, filter_done, filter_change, s);
    filter_change(s, start);
}

/* A wrong one stays open, with what is wrong marked; Esc takes the one before back. */
static void filter_done(void *ud, const char *text)
{
    struct runs *s = ud;
    if (!text)
        runs_filter(s, s->filter_before);
    else if (runs_filter(s, text))
        ask_filter(s, text);
}

static int unarchive_last(struct app *a, int64_t run, const char *none)
{
    (void)none;
    return app_edit(a, "unarchive", run, NULL);
}

static int archive_last(struct app *a, int64_t run, const char *none)
{
    (void)none;
    return app_edit(a, "archive", run, NULL);
}

static int tags_before(struct app *a, int64_t run, const char *text)
{
    return app_edit(a, "tag", run, text);
}

static int note_before(struct app *a, int64_t run, const char *text)
{
    return app_edit(a, "note", run, text);
}

static void archive(struct runs *s)
{
    const struct query_run *r = runs_current(s);
    char what[96];
    if (!r)
        return;
    int to = !r->archived, row = runs_cursor_row(s);
    if (app_edit(s->app, to ? "archive" : "unarchive", r->id, NULL) < 0)
        return;
    snprintf(what, sizeof what, "%s %.60s", to ? "archived" : "brought back", r->name);
    app_undo(s->app, what, to ? unarchive_last : archive_last, r->id, "");
    app_say(s->app, SEV_INFO, "%s · u undo", what);
    if (row + 1 < s->n)
        move_to(s, row + 1);
}

static void note_done(void *ud, const char *text)
{
    struct runs *s = ud;
    char before[sizeof ((struct query_run *)0)->note] = "";
    const struct query_run *r = runs_current(s);
    if (!text || !r || !strcmp(text, r->note))
        return;
    snprintf(before, sizeof before, "%s", r->note);
    if (app_edit(s->app, "note", s->cursor, text) < 0)
        return;
    app_undo(s->app, "the note", note_before, s->cursor, before);
    app_say(s->app, SEV_INFO, "noted · u undo");
}

/* Tags, then the note: one small form of two lines. */
static void tag_done(void *ud, const char *text)
{
    struct runs *s = ud;
    char before[sizeof ((struct query_run *)0)->tags] = "";
    const struct query_run *r = runs_current(s);
    if (!text || !r)
        return;
    snprintf(before, sizeof before, "%s", r->tags);
    if (strcmp(text, before)) {
        if (app_edit(s->app, "tag", s->cursor, text) < 0)
            return;
        app_undo(s->app, "the tags", tags_before, s->cursor, before);
        app_say(s->app, SEV_INFO, "tags %s · u undo", *text ? text : "gone");
    }
    app_prompt(s->app, "note:", r->note, note_done, NULL, s);
}

static void copy_row(struct runs *s)
{
    const struct query_run *r = runs_current(s);
    char line[2000];
    int n = snprintf(line, sizeof line, "%s", r->name);
    for (int c = COL_OBJECTIVE; c < COL_COUNT; c++) {
        struct style style = { 0 };
        char text[320];
        run_cell(s, r, c, text, sizeof text, &style);
        if (n < (int)sizeof line)
            n += snprintf(line + n, sizeof line - (size_t)n, "\t%s", text);
    }
    app_copy(s->app, line);
}

static int go_back(struct runs *s, int action)
{
    if (s->detail) {
        s->detail = 0;
    } else if (s->maximised) {
        s->maximised = 0;
    } else if (s->focus) {
        s->focus = FOCUS_LIST;
    } else if (action == ACT_BACK && s->find[0]) {
        s->find[0] = 0;
    } else if (action == ACT_BACK && s->filter_text[0]) {
        runs_filter(s, "");
    } else if (action == ACT_BACK) {
        const int64_t *ids;
        int n = app_marks(s->app, &ids);
        for (int i = n - 1; i >= 0; i--)
            app_mark(s->app, ids[i], 0);
        return n > 0;
    } else {
        return 0;
    }
    return 1;
}

int runs_can(struct runs *s, int action)
{
    const struct query_run *r = runs_current(s);
    int write = !app_readonly(s->app);
    if (!s->nall)
        return action == ACT_UP || action == ACT_DOWN ||
               ((action == ACT_ENTER || action == ACT_NEW) && write);
    if (s->detail && (action == ACT_FILTER || action == ACT_SORT || action == ACT_REVERSE ||
                      action == ACT_FIND || action == ACT_MAXIMISE || action == ACT_NEXT_PANE ||
                      action == ACT_PREV_PANE || action == ACT_ENTER || action == ACT_LEFT ||
                      action == ACT_RIGHT || action == ACT_GROUP || action == ACT_COLUMNS ||
                      action == ACT_VIEWS))
        return 0;
    switch (action) {
    case ACT_UP: case ACT_DOWN: case ACT_FIRST: case ACT_LAST: case ACT_PAGE_UP:
    case ACT_PAGE_DOWN: case ACT_FILTER: case ACT_SORT: case ACT_REVERSE: case ACT_FIND:
    case ACT_LEFT: case ACT_RIGHT: case ACT_MAXIMISE: case ACT_ARCHIVED: case ACT_NEXT_PANE:
    case ACT_PREV_PANE: case ACT_GROUP: case ACT_COLUMNS: case ACT_VIEWS: case ACT_EXPORT:
        return 1;
    case ACT_FIND_NEXT: case ACT_FIND_PREV:
        return s->find[0] != 0;
    case ACT_QUIT: /* goes back here; else leaves */
        return s->detail || s->maximised || s->focus;
    case ACT_ENTER: case ACT_MARK:
        return r || runs_current_group(s);
    case ACT_COPY: case ACT_NEW:
        return r != NULL;
    case ACT_TAG: case ACT_ARCHIVE:
        return r && write;
    case ACT_PAUSE:
        return write && pause_all_op(s);
    case ACT_STOP:
        return write && any_alive(s);
    case ACT_CHECKPOINT:
        return r && write && r->state == RUN_RUNNING;
    default:
        return 0;
    }
}

static void show(struct runs *s, int action)
{
    switch (action) {
    case ACT_LEFT: s->scroll -= s->scroll > 0; break;
    case ACT_RIGHT: s->scroll++; break;
    case ACT_MAXIMISE: s->maximised = !s->maximised; break;
    case ACT_NEXT_PANE: case ACT_PREV_PANE: {
        int panes = s->wide && !s->maximised ? FOCUS_THREADS : FOCUS_COUNT; /* no cursor in threads */
        s->focus = (s->focus + (action == ACT_NEXT_PANE ? 1 : panes - 1)) % panes;
        break;
    }
    case ACT_FILTER:
        snprintf(s->filter_before, sizeof s->filter_before, "%s", s->filter_text);
        ask_filter(s, s->filter_text);
        break;
    case ACT_FIND: app_prompt(s->app, "find:", "", find_done, NULL, s); break;
    case ACT_FIND_NEXT: find_from(s, runs_cursor_row(s) + 1, 1); break;
    case ACT_FIND_PREV: find_from(s, runs_cursor_row(s) - 1, -1); break;
    case ACT_SORT: runs_ask_sort(s); break;
    case ACT_GROUP: runs_ask_group(s); break;
    case ACT_COLUMNS: runs_ask_columns(s); break;
    case ACT_VIEWS: runs_ask_view(s); break;
    case ACT_REVERSE:
        s->descending = !s->descending;
        runs_keep_sort(s);
        break;
    default: /* ACT_ARCHIVED */
        app_show_archived(s->app);
        runs_arrange(s);
        break;
    }
}

static void enter(struct runs *s)
{
    if (s->focus == FOCUS_EVENTS && s->event_top < s->nevents) {
        int64_t run = s->events[s->event_top].run;
        if (runs_show(s, run))
            s->focus = FOCUS_LIST;
        return;
    }
    if (runs_current_group(s)) {
        runs_toggle_group(s);
        return;
    }
    s->detail = 1;
    s->page_top = 0;
}

int runs_act(struct runs *s, int action)
{
    if (s->events_shown) /* somebody is there who had them before the eyes */
        app_saw_events(s->app);
    if (action == ACT_BACK || action == ACT_QUIT)
        return go_back(s, action);
    if (action == ACT_START) /* F5 is another key for it here */
        action = ACT_NEW;
    if (s->nall && (action == ACT_PAUSE || action == ACT_STOP)) { /* they say why they do nothing */
        order(s, action == ACT_PAUSE ? orders_pause : orders_ask_stop);
        return 1;
    }
    if (!runs_can(s, action))
        return 0;
    if (!s->nall)
        return runs_first_act(s, action);
    switch (action) {
    case ACT_UP: case ACT_DOWN: case ACT_FIRST: case ACT_LAST: case ACT_PAGE_UP:
    case ACT_PAGE_DOWN:
        move(s, action);
        return 1;
    case ACT_ENTER: enter(s); return 1;
    case ACT_MARK:
        if (runs_current_group(s))
            runs_mark_group(s);
        else
            app_mark(s->app, s->cursor, !app_is_marked(s->app, s->cursor));
        move_to(s, runs_cursor_row(s) + 1);
        return 1;
    case ACT_COPY: copy_row(s); return 1;
    case ACT_NEW: launch_from_run(s->app, s->cursor); return 1;
    case ACT_CHECKPOINT:
        if (!app_op(s->app, "checkpoint", s->cursor, 0))
            app_say(s->app, SEV_INFO, "writing a checkpoint");
        return 1;
    case ACT_ARCHIVE: archive(s); return 1;
    case ACT_TAG:
        app_prompt(s->app, "tags:", runs_current(s)->tags, tag_done, NULL, s);
        return 1;
    default:
        show(s, action);
        return 1;
    }
}
