/* Screen 5: a form over the fields of config.def, and what its runs will cost. Enter edits, F5 or
 * the Start button starts, nothing else does. */
#include "ui/screen/launch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "experiments/prepare.h"
#include "src/base/str.h"
#include "src/event/event.h"
#include "ui/app/action.h"
#include "ui/screen/screen.h"
#include "ui/widget/format.h"

#define ASK_ABOVE 600.0 /* seconds */

static const int main_fields[] = {
    LAUNCH_preset, LAUNCH_corpus, LAUNCH_objective, LAUNCH_tie, LAUNCH_generator_size, LAUNCH_seed,
    LAUNCH_steps, LAUNCH_batch, LAUNCH_seq, LAUNCH_learning_rate, LAUNCH_mask_prob,
    LAUNCH_disc_weight, LAUNCH_name, LAUNCH_tags,
};
#define MAIN_FIELDS ((int)(sizeof main_fields / sizeof main_fields[0]))

/* 1: the corpus is packed here already, vocabulary and all. */
static int is_packed(const struct launch *s)
{
    for (int i = 0; i < s->ncorpora; i++)
        if (!strcmp(s->corpora[i].name, s->draft.value[LAUNCH_corpus]))
            return 1;
    return !*s->draft.value[LAUNCH_corpus];
}

/* The size of the vocabulary is one where it will be learnt from the text. */
static int is_main(const struct launch *s, int field)
{
    for (int i = 0; i < MAIN_FIELDS; i++)
        if (main_fields[i] == field)
            return 1;
    return field == LAUNCH_vocab_size && !is_packed(s);
}

/* The main fields, the others that were set, the row for the rest, and the rest when it is open. */
static void list_rows(struct launch *s)
{
    if (s->draft.file[0]) { /* its runs */
        s->nrows = s->runs.n;
        s->cursor = s->cursor < s->nrows ? s->cursor : s->nrows ? s->nrows - 1 : 0;
        return;
    }
    int at = s->nrows && s->cursor <= LAUNCH_FIELDS ? s->row[s->cursor] : LAUNCH_preset;
    s->nrows = 0;
    for (int i = 0; i < MAIN_FIELDS; i++) {
        s->row[s->nrows++] = main_fields[i];
        if (main_fields[i] == LAUNCH_corpus && is_main(s, LAUNCH_vocab_size))
            s->row[s->nrows++] = LAUNCH_vocab_size;
    }
    for (int i = 0; i < LAUNCH_FIELDS; i++)
        if (!is_main(s, i) && s->draft.set[i] && !s->more)
            s->row[s->nrows++] = i;
    s->row[s->nrows++] = LAUNCH_MORE;
    for (int i = 0; i < LAUNCH_FIELDS && s->more; i++)
        if (!is_main(s, i))
            s->row[s->nrows++] = i;
    s->cursor = s->cursor < s->nrows ? s->cursor : s->nrows - 1;
    for (int i = 0; i < s->nrows; i++)
        if (s->row[i] == at)
            s->cursor = i;
}

void launch_changed(struct launch *s)
{
    launch_recount(s);
    list_rows(s);
    draft_save(&s->draft, s->app);
    app_redraw(s->app);
}

static void read_corpora(struct launch *s)
{
    free(s->corpora);
    int n = estimate_corpora(app_workspace(s->app), &s->corpora, NULL);
    s->ncorpora = n > 0 ? n : 0;
}

static uint64_t store_seen(struct app *a)
{
    const struct query_run *runs;
    uint64_t h = 1;
    int n = app_runs(a, &runs);
    for (int i = 0; i < n; i++)
        h = (h ^ ((uint64_t)runs[i].id << 4 | (uint64_t)runs[i].state)) * 1099511628211ull;
    return h;
}

/* Nothing was trained or put in here yet: what the first page offers, the sample text. */
static void offer_first(struct launch *s)
{
    const struct query_run *runs;
    if (app_runs(s->app, &runs) || s->ncorpora || app_state(s->app, "launch.preset") || s->draft.file[0] ||
        !prepare_demo_ready(app_workspace(s->app)))
        return;
    draft_put(&s->draft, LAUNCH_preset, "demo", NULL);
    draft_put(&s->draft, LAUNCH_corpus, "demo", NULL);
    draft_put(&s->draft, LAUNCH_name, "demo", NULL);
}

/* A row by what it is: a field, or a run of a file. */
static int row_place(const struct launch *s, int i)
{
    return s->draft.file[0] ? i : s->row[i];
}

static int open_launch(void *self, struct app *a)
{
    struct launch *s = self;
    s->app = a;
    s->editing = s->bad = -1;
    str_init(&s->command);
    read_corpora(s);
    speed_machine(&s->machine);
    draft_load(&s->draft, a);
    offer_first(s);
    s->measured = launch_measured(a);
    if (!s->draft.set[LAUNCH_corpus] && s->ncorpora == 1)
        draft_put(&s->draft, LAUNCH_corpus, s->corpora[0].name, NULL);
    launch_recount(s);
    const char *row = app_state(a, "launch.row");
    s->more = row && *row == '+';
    list_rows(s);
    for (int i = 0; row && i < s->nrows; i++)
        if (row_place(s, i) == atoi(row + s->more))
            s->cursor = i;
    s->seen = store_seen(a);
    return 0;
}

static void close_launch(void *self)
{
    struct launch *s = self;
    char row[16];
    snprintf(row, sizeof row, "%s%d", s->more ? "+" : "", s->nrows ? row_place(s, s->cursor) : 0);
    app_set_state(s->app, "launch.row", row);
    launch_measure_drop(s);
    estimate_free(&s->cost);
    sweep_free(&s->runs);
    str_free(&s->command);
    free(s->corpora);
}

static int tick_launch(void *self, struct app *a)
{
    struct launch *s = self;
    uint64_t seen = store_seen(a);
    if (launch_take_orders(s))
        return 1;
    int measured = launch_measure_take(s);
    if (s->measure)
        app_poll(a, .1);
    if (seen == s->seen && !measured)
        return 0;
    s->seen = seen;
    read_corpora(s);
    launch_recount(s);
    return 1;
}

static double period_launch(void *self, struct app *a)
{
    (void)self;
    (void)a;
    return PERIOD_STORE;
}

/* --- editing ---------------------------------------------------------------------------------- */

static void edit_change(void *ud, const char *text)
{
    struct launch *s = ud;
    struct draft trial = s->draft;
    struct err err = { 0 };
    snprintf(s->typed, sizeof s->typed, "%.255s", text);
    s->typed_error[0] = 0;
    if (s->editing >= 0 && draft_put(&trial, s->editing, text, &err))
        snprintf(s->typed_error, sizeof s->typed_error, "%.255s", err.text);
}

/* As the form shows it. */
static void shown_value(const struct launch *s, int field, char value[CONFIG_TEXT])
{
    draft_get(&s->draft, &s->plain, field, value, CONFIG_TEXT);
    if (config_fields[field].type == CONFIG_BOOL && (!strcmp(value, "0") || !strcmp(value, "1")))
        snprintf(value, CONFIG_TEXT, "%s", *value == '1' ? "yes" : "no");
}

static void edit_done(void *ud, const char *text)
{
    struct launch *s = ud;
    struct err err = { 0 };
    int field = s->editing;
    char what[96], shown[CONFIG_TEXT];
    s->editing = -1;
    s->typed_error[0] = 0;
    if (!text || field < 0)
        return;
    shown_value(s, field, shown);
    if (!strcmp(text, shown)) /* looked at, not changed */
        return;
    struct draft was = s->draft;
    if (draft_put(&s->draft, field, text, &err)) {
        app_say(s->app, SEV_ERROR, "%s", err.text);
        return;
    }
    if (!memcmp(&was, &s->draft, sizeof was))
        return;
    snprintf(what, sizeof what, "%.90s", config_fields[field].name);
    launch_remember(s, &was, what);
    launch_changed(s);
}

static int is_path(int field)
{
    return field == LAUNCH_corpus || field == LAUNCH_vocab || field == LAUNCH_validation ||
           field == LAUNCH_init_generator || field == LAUNCH_init_discriminator || field == LAUNCH_probe_data;
}

static void edit(struct launch *s)
{
    char value[CONFIG_TEXT], label[64];
    int field = s->row[s->cursor];
    if (field == LAUNCH_MORE) {
        s->more = !s->more;
        list_rows(s);
        return;
    }
    s->editing = field;
    shown_value(s, field, value);
    snprintf(s->typed, sizeof s->typed, "%s", value);
    snprintf(label, sizeof label, "%s:", config_fields[field].name);
    if (is_path(field))
        app_prompt_path(s->app, label, value, "", edit_done, edit_change, s);
    else
        app_prompt(s->app, label, value, edit_done, edit_change, s);
    app_prompt_over(s->app);
}

/* 1: Space, Left and Right have something to choose from. */
static int can_turn(const struct launch *s)
{
    int field = s->draft.file[0] ? LAUNCH_MORE : s->row[s->cursor];
    return field != LAUNCH_MORE && (field == LAUNCH_corpus || config_fields[field].type == CONFIG_CHOICE ||
                                    config_fields[field].type == CONFIG_BOOL);
}

/* The next of a field's choices, of yes and no, or of the corpora. */
static int turn(struct launch *s, int by)
{
    char value[CONFIG_TEXT], next[CONFIG_TEXT];
    int field = s->row[s->cursor], n = 0, at = -1;
    if (field == LAUNCH_MORE)
        return 0;
    const struct config_field *f = &config_fields[field];
    draft_get(&s->draft, &s->plain, field, value, sizeof value);
    if (f->type == CONFIG_CHOICE) {
        for (n = 1; *config_choice(f, n, next, sizeof next); n++)
            ;
        for (int i = 0; i < n; i++)
            at = strcmp(config_choice(f, i, next, sizeof next), value) ? at : i;
        config_choice(f, ((at < 0 ? 0 : at + by) % n + n) % n, next, sizeof next);
    } else if (f->type == CONFIG_BOOL) {
        snprintf(next, sizeof next, "%s", *value == '1' || *value == 'y' ? "0" : "1");
    } else if (field == LAUNCH_corpus) {
        n = s->ncorpora + 1; /* and the demo's text */
        for (int i = 0; i < s->ncorpora; i++)
            at = strcmp(s->corpora[i].name, value) ? at : i;
        at = strcmp(value, "demo") ? at : s->ncorpora;
        at = ((at < 0 ? by < 0 ? n - 1 : 0 : at + by) % n + n) % n;
        snprintf(next, sizeof next, "%s", at < s->ncorpora ? s->corpora[at].name : "demo");
    } else {
        return 0;
    }
    s->editing = field;
    edit_done(s, next);
    return 1;
}

/* How well a field fits what is looked for: its name, the name's beginning, a part, its help. */
static int fits(const struct config_field *f, const char *find, int pass)
{
    switch (pass) {
    case 0: return !strcasecmp(f->name, find);
    case 1: return !strncasecmp(f->name, find, strlen(find));
    case 2: return str_contains(f->name, find);
    default: return str_contains(f->help, find);
    }
}

/* The first field that fits best; from a field on, the next one whose name or help fits. */
static void find_from(struct launch *s, int from, int by, int pass)
{
    for (; pass < 4; pass++)
        for (int k = 0; k < LAUNCH_FIELDS; k++) {
            int i = ((from + by * k) % LAUNCH_FIELDS + LAUNCH_FIELDS) % LAUNCH_FIELDS;
            const struct config_field *f = &config_fields[i];
            if (!fits(f, s->find, pass))
                continue;
            if (!is_main(s, i) && !s->draft.set[i])
                s->more = 1;
            list_rows(s);
            for (int r = 0; r < s->nrows; r++)
                s->cursor = s->row[r] == i ? r : s->cursor;
            return;
        }
    app_say(s->app, SEV_WARN, "%s is in no field's name or help", s->find);
}

static void find_done(void *ud, const char *text)
{
    struct launch *s = ud;
    snprintf(s->find, sizeof s->find, "%.63s", text ? text : "");
    if (*s->find)
        find_from(s, 0, 1, 0);
}

/* --- starting --------------------------------------------------------------------------------- */

static void start_done(void *ud, int key)
{
    if (key == 'y')
        launch_submit(ud, 0);
}

static void again_done(void *ud, int key)
{
    struct launch *s = ud;
    if (key == 'y')
        launch_submit(s, 1);
    if (key == 'g' && s->has_cost) {
        app_select(s->app, s->cost.plan.items[0].run);
        app_go(s->app, "Runs");
    }
}

static void start(struct launch *s)
{
    char text[256], time[FMT], flops[FMT];
    struct app *a = s->app;
    if (app_readonly(a)) {
        app_say(a, SEV_WARN, "Read-only: starting needs a workbench that may write");
        return;
    }
    launch_recount(s);
    if (s->err.code || !s->has_cost) {
        for (int i = 0; i < s->nrows && s->bad >= 0; i++)
            s->cursor = s->row[i] == s->bad ? i : s->cursor;
        app_say(a, SEV_ERROR, "%s", s->err.text);
        return;
    }
    const struct sweep_plan *p = &s->cost.plan;
    if (s->runs.n == 1 && p->items[0].status != SWEEP_NEW) {
        snprintf(text, sizeof text, "Run %lld has this configuration (%s).  y start it once more · "
                 "g go to it · n/Esc keep", (long long)p->items[0].run,
                 p->items[0].status == SWEEP_RESUME ? "stopped"
                                                    : sweep_status_name(p->items[0].status));
        app_ask(a, text, "yg", again_done, s);
    } else if (!p->todo) {
        launch_share(s);
    } else if (s->runs.n > 1 || !(s->cost.seconds <= ASK_ABOVE)) {
        snprintf(text, sizeof text, "Start %d run%s: ~%s, %s FLOPs?  y start · n/Esc not yet",
                 p->todo, p->todo == 1 ? "" : "s", fmt_time(time, sizeof time, s->cost.seconds),
                 fmt_exp(flops, sizeof flops, p->flops));
        app_ask(a, text, "y", start_done, s);
    } else {
        launch_submit(s, 0);
    }
}

static void press(struct launch *s, int button)
{
    if (button == BUTTON_START)
        start(s);
    else if (button == BUTTON_COPY)
        app_copy(s->app, str_get(&s->command));
    else if (button == BUTTON_SAVE && s->draft.file[0])
        launch_options(s);
    else if (button == BUTTON_SAVE)
        launch_save(s);
    else if (button == BUTTON_OPEN)
        launch_open(s);
    else {
        launch_measure_start(s);
        app_poll(s->app, .1);
    }
}

/* --- keys ------------------------------------------------------------------------------------- */

static void move_to(struct launch *s, int row)
{
    s->cursor = row >= s->nrows ? s->nrows - 1 : row;
    s->cursor = s->cursor < 0 ? 0 : s->cursor;
}

static int act_on_buttons(struct launch *s, int action)
{
    switch (action) {
    case ACT_LEFT: case ACT_UP: s->button = (s->button + BUTTONS - 1) % BUTTONS; return 1;
    case ACT_RIGHT: case ACT_DOWN: s->button = (s->button + 1) % BUTTONS; return 1;
    case ACT_ENTER: press(s, s->button); return 1;
    case ACT_BACK: s->focus = 0; return 1;
    default: return 0;
    }
}

/* What is another thing where a file stands in the form's place. */
static int act_on_file(struct launch *s, int action)
{
    switch (action) {
    case ACT_ENTER: launch_options(s); return 1;
    case ACT_EXPORT: app_export(s->app, "export what it will run to:", "launch", launch_export_plan); return 1;
    case ACT_BACK: launch_close_file(s); return 1;
    case ACT_LEFT: case ACT_RIGHT: case ACT_MARK: case ACT_FIND: case ACT_FIND_NEXT: case ACT_FIND_PREV:
        app_note(s->app, "This file has no form: Enter gives options, Esc closes it");
        return 1;
    default: return 0;
    }
}

static int act_launch(void *self, struct app *a, int action)
{
    struct launch *s = self;
    int page = s->form.h > 1 ? s->form.h - 1 : 1;
    if (s->focus && act_on_buttons(s, action))
        return 1;
    if (s->draft.file[0] && act_on_file(s, action))
        return 1;
    switch (action) {
    case ACT_UP: move_to(s, s->cursor - 1); return 1;
    case ACT_DOWN: move_to(s, s->cursor + 1); return 1;
    case ACT_PAGE_UP: move_to(s, s->cursor - page); return 1;
    case ACT_PAGE_DOWN: move_to(s, s->cursor + page); return 1;
    case ACT_FIRST: move_to(s, 0); return 1;
    case ACT_LAST: move_to(s, s->nrows - 1); return 1;
    case ACT_NEXT_PANE: case ACT_PREV_PANE: s->focus = !s->focus; return 1;
    case ACT_ENTER: edit(s); return 1;
    case ACT_LEFT: turn(s, -1); return 1;
    case ACT_RIGHT: turn(s, 1); return 1;
    case ACT_MARK:
        if (s->row[s->cursor] == LAUNCH_MORE)
            edit(s);
        else if (!turn(s, 1))
            app_note(a, "Enter edits this field");
        return 1;
    case ACT_FIND: app_prompt(a, "find field:", "", find_done, NULL, s); return 1;
    case ACT_FIND_NEXT: case ACT_FIND_PREV: {
        int by = action == ACT_FIND_NEXT ? 1 : -1, at = s->row[s->cursor];
        find_from(s, (at < 0 ? 0 : at) + by, by, 2);
        return 1;
    }
    case ACT_START: start(s); return 1;
    case ACT_COPY: press(s, BUTTON_COPY); return 1;
    case ACT_EXPORT: press(s, BUTTON_SAVE); return 1;
    case ACT_OPEN_FILE: press(s, BUTTON_OPEN); return 1;
    case ACT_MEASURE: press(s, BUTTON_MEASURE); return 1;
    case ACT_BACK:
        if (s->find[0]) {
            s->find[0] = 0;
            return 1;
        }
        return 0;
    default: return 0;
    }
}

static int can_launch(void *self, struct app *a, int action)
{
    const struct launch *s = self;
    int file = s->draft.file[0] != 0;
    if (file && !s->focus && (action == ACT_LEFT || action == ACT_RIGHT || action == ACT_FIND || action == ACT_FIND_NEXT))
        return 0;
    switch (action) {
    case ACT_UP: case ACT_DOWN: case ACT_LEFT: case ACT_RIGHT: case ACT_PAGE_UP: case ACT_PAGE_DOWN:
    case ACT_FIRST: case ACT_LAST: case ACT_NEXT_PANE: case ACT_PREV_PANE: case ACT_ENTER:
    case ACT_FIND: case ACT_COPY: case ACT_OPEN_FILE:
        return 1;
    case ACT_EXPORT: return s->runs.n > 0;
    case ACT_MEASURE: return s->has_cost && !s->measure;
    case ACT_MARK: return !s->focus && can_turn(s);
    case ACT_FIND_NEXT: case ACT_FIND_PREV: return s->find[0] != 0;
    case ACT_START: return !app_readonly(a);
    case ACT_BACK: return file || s->focus || s->find[0];
    default: return 0;
    }
}

static const char *word_launch(void *self, struct app *a, int action)
{
    const struct launch *s = self;
    int file = s->draft.file[0] != 0;
    (void)a;
    switch (action) {
    case ACT_BACK: return file && !s->focus ? "close the file" : NULL;
    case ACT_ENTER:
        return s->focus ? "press" : file ? "options" : s->row[s->cursor] != LAUNCH_MORE ? "edit" : s->more ? "fewer" : "all fields";
    case ACT_MARK: return "change";
    case ACT_EXPORT: return file ? "export" : "save file";
    case ACT_NEXT_PANE: return !s->focus ? "buttons" : file ? "runs" : "form";
    default: return NULL;
    }
}

static int place_launch(void *self, struct app *a, int action)
{
    const struct launch *s = self;
    (void)a;
    if (action == ACT_BACK && s->draft.file[0])
        return 7;
    return action == ACT_EXPORT ? 6 : action == ACT_NEXT_PANE ? 5 : 0;
}

static void mouse_launch(void *self, struct app *a, const struct mouse *m)
{
    struct launch *s = self;
    int row = m->y - s->form.y + s->top;
    (void)a;
    if (m->wheel) {
        move_to(s, s->cursor + (m->wheel < 0 ? -1 : 1));
        return;
    }
    if (m->button != 1 || m->drag)
        return;
    for (int i = 0; i < BUTTONS; i++)
        if (m->y == s->button_at[i].y && m->x >= s->button_at[i].x &&
            m->x < s->button_at[i].x + s->button_at[i].w) {
            s->focus = 1;
            s->button = i;
            press(s, i);
            return;
        }
    if (m->y < s->form.y || m->y >= s->form.y + s->form.h || m->x >= s->form.x + s->form.w ||
        row >= s->nrows)
        return;
    s->focus = 0;
    if (row == s->cursor && !s->draft.file[0])
        edit(s);
    else
        s->cursor = row;
}

static void status_launch(void *self, struct app *a, char *out, size_t size)
{
    const struct launch *s = self;
    char time[FMT];
    (void)a;
    int n = s->draft.file[0] && s->runs.n /* the name of the run under the cursor, whole */
                ? snprintf(out, size, "%s · %d run%s", s->runs.runs[s->cursor].config.name, s->runs.n,
                           s->runs.n == 1 ? "" : "s")
                : snprintf(out, size, "draft · %d run%s", s->runs.n, s->runs.n == 1 ? "" : "s");
    if (s->has_cost && n > 0 && (size_t)n < size && s->cost.plan.todo)
        snprintf(out + n, size - (size_t)n, " · ~%s%s", fmt_time(time, sizeof time, s->cost.seconds),
                 s->measure ? " · measuring" : "");
}

const struct screen_ops launch_screen = {
    .name = "Launch",
    .help = "a form for a run or a sweep, and what it will cost",
    .size = sizeof(struct launch),
    .open = open_launch,
    .close = close_launch,
    .tick = tick_launch,
    .period = period_launch,
    .draw = launch_draw,
    .act = act_launch,
    .can = can_launch,
    .word = word_launch,
    .place = place_launch,
    .mouse = mouse_launch,
    .status = status_launch,
};
