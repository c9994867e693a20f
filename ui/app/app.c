/* See app.h and app_int.h: the shared selection, messages, questions, and where we are. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/edit.h"
#include "experiments/host.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "ui/app/app_int.h"
#include "ui/screen/screens.h"
#include "ui/term/theme.h"

struct app *app_new(const struct app_args *args, struct err *err)
{
    struct app *a = calloc(1, sizeof *a);
    if (!a) {
        err_nomem(err, "the workbench");
        return NULL;
    }
    a->workspace = *args->workspace;
    a->readonly = args->readonly;
    a->ascii = args->ascii;
    a->theme = args->theme >= 0 ? args->theme : THEME_DARK;
    arena_init(&a->arena);
    str_init(&a->raw);
    a->stale = a->dirty = 1;
    a->current = -1;
    a->event_seen = -1;
    return a;
}

/* The marks, as "8,9", over a restart: those that are still in the store. */
static void load_marks(struct app *a)
{
    const char *kept = app_state(a, "marks");
    char text[APP_STATE_VALUE], *end = text;
    snprintf(text, sizeof text, "%s", kept ? kept : "");
    for (char *p = text; *p; p = *end ? end + 1 : end) {
        int64_t run = strtoll(p, &end, 10);
        if (end == p)
            return;
        if (app_run(a, run))
            app_mark(a, run, 1);
    }
}

static void save_marks(struct app *a)
{
    char text[APP_STATE_VALUE] = "";
    size_t n = 0;
    for (int i = 0; i < a->nmarks && n + 24 < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%lld", i ? "," : "", (long long)a->marks[i]);
    app_set_state(a, "marks", text);
}

void app_start(struct app *a, const struct app_args *args)
{
    state_load(a);
    const char *run = app_state(a, "run");
    a->selected = args->run ? args->run : run ? atoll(run) : 0;
    data_tick(a);
    load_marks(a);
    const char *last = app_state(a, "screen");
    int index = app_screen_index(args->screen ? args->screen : last ? last : "Runs");
    app_show(a, index >= 0 ? index : 0);
}

void app_free(struct app *a)
{
    if (!a)
        return;
    if (app_ops(a)) {
        char run[32];
        snprintf(run, sizeof run, "%lld", (long long)a->selected);
        app_set_state(a, "run", run);
        app_set_state(a, "screen", app_ops(a)->name);
        save_marks(a);
    }
    for (int i = 0; i < screen_count && i < APP_SCREENS; i++) {
        if (a->slots[i].open)
            screens[i]->close(a->slots[i].self);
        free(a->slots[i].self);
    }
    state_save(a);
    str_free(&a->state);
    str_free(&a->raw);
    data_close(a);
    free(a);
}

const struct workspace *app_workspace(const struct app *a)
{
    return &a->workspace;
}

int app_readonly(const struct app *a)
{
    return a->readonly;
}

int app_mono(const struct app *a)
{
    return a->theme == THEME_MONO;
}

const struct screen_ops *app_ops(const struct app *a)
{
    return a->current >= 0 ? screens[a->current] : NULL;
}

void *app_self(const struct app *a)
{
    return a->slots[a->current].self;
}

int app_screen_index(const char *name)
{
    for (int i = 0; i < screen_count && i < APP_SCREENS; i++)
        if (!strcmp(screens[i]->name, name))
            return i;
    return -1;
}

void app_show(struct app *a, int index)
{
    struct slot *s = &a->slots[index];
    if (!s->open && !s->failed) {
        s->self = calloc(1, screens[index]->size ? screens[index]->size : 1);
        s->failed = !s->self || screens[index]->open(s->self, a) < 0;
        s->open = !s->failed;
        if (s->failed)
            app_say(a, SEV_ERROR, "The screen %s cannot be opened", screens[index]->name);
    }
    if (s->failed)
        return;
    if (index != a->current && a->noted)
        a->message_until = a->noted = 0;
    a->current = index;
    screens[index]->tick(s->self, a);
    double period = screens[index]->period(s->self, a);
    s->due = app_now(a) + (period > 0 ? period : 0);
    a->dirty = 1;
}

void app_go(struct app *a, const char *screen)
{
    int index = app_screen_index(screen);
    if (index < 0 || index == a->current)
        return;
    if (a->nback == (int)(sizeof a->back / sizeof a->back[0])) {
        memmove(a->back, a->back + 1, sizeof a->back - sizeof a->back[0]);
        a->nback--;
    }
    a->back[a->nback++] = a->current;
    app_show(a, index);
}

void app_home(struct app *a)
{
    a->nback = 0;
    app_show(a, app_screen_index("Runs"));
}

void app_back(struct app *a)
{
    if (a->nback)
        app_show(a, a->back[--a->nback]);
}

int64_t app_selected(const struct app *a)
{
    return a->selected;
}

void app_select(struct app *a, int64_t run)
{
    int known = 0;
    for (int i = 0; i < a->nruns && !known; i++)
        known = a->runs[i].id == run;
    if (!known) { /* begun a moment ago: selected once the store has it */
        a->wanted = run;
        a->wanted_until = app_now(a) + 5;
        a->stale = 1;
        return;
    }
    a->dirty |= a->selected != run;
    a->selected = run;
}

int app_marks(const struct app *a, const int64_t **ids)
{
    *ids = a->marks;
    return a->nmarks;
}

int app_is_marked(const struct app *a, int64_t run)
{
    for (int i = 0; i < a->nmarks; i++)
        if (a->marks[i] == run)
            return 1;
    return 0;
}

void app_mark(struct app *a, int64_t run, int on)
{
    for (int i = 0; i < a->nmarks; i++) {
        if (a->marks[i] != run)
            continue;
        if (!on) {
            memmove(&a->marks[i], &a->marks[i + 1],
                    (size_t)(a->nmarks - i - 1) * sizeof a->marks[0]);
            a->nmarks--;
        }
        a->dirty = 1;
        return;
    }
    if (!on)
        return;
    if (a->nmarks == APP_MARKS) {
        app_say(a, SEV_WARN, "At most %d runs can be marked", APP_MARKS);
        return;
    }
    a->marks[a->nmarks++] = run;
    a->dirty = 1;
}

static void say(struct app *a, int severity, const char *fmt, va_list ap)
{
    char raw[1024];
    if (a->nmessages == APP_MESSAGES) {
        memmove(a->messages, a->messages + 1, sizeof a->messages - sizeof a->messages[0]);
        a->nmessages--;
    }
    struct app_message *m = &a->messages[a->nmessages++];
    vsnprintf(raw, sizeof raw, fmt, ap);
    visible(m->text, sizeof m->text, raw);
    m->severity = severity;
    m->utc = app_utc(a);
    a->message_until = app_now(a) + APP_MESSAGE_S;
    a->noted = 0;
    a->said++;
    a->dirty = 1;
}

void app_say(struct app *a, int severity, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(a, severity, fmt, ap);
    va_end(ap);
}

void app_note(struct app *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(a, SEV_INFO, fmt, ap);
    va_end(ap);
    a->noted = 1;
}

int app_messages(const struct app *a, const struct app_message **out)
{
    *out = a->messages;
    return a->nmessages;
}

void app_ask(struct app *a, const char *text, const char *keys, void (*done)(void *ud, int key),
             void *ud)
{
    struct question *q = &a->question;
    q->open = 1;
    snprintf(q->text, sizeof q->text, "%s", text);
    snprintf(q->keys, sizeof q->keys, "%s", keys);
    q->done = done;
    q->ud = ud;
    a->drop_input = a->dirty = 1;
}

void app_undo(struct app *a, const char *what,
              int (*undo)(struct app *a, int64_t arg, const char *text), int64_t arg,
              const char *text)
{
    for (int i = 0; i < a->nundo; i++) {
        const struct undo *u = &a->undo[i];
        int same = u->act == undo && u->arg == arg && !u->text[0] && !text[0];
        if (same || (i == 0 && a->nundo == UNDOS)) {
            a->nundo--;
            memmove(&a->undo[i], &a->undo[i + 1], (size_t)(a->nundo - i) * sizeof a->undo[0]);
            i--;
        }
    }
    struct undo *u = &a->undo[a->nundo++];
    snprintf(u->what, sizeof u->what, "%s", what);
    snprintf(u->text, sizeof u->text, "%s", text);
    u->act = undo;
    u->arg = arg;
}

int app_op(struct app *a, const char *op, int64_t run, int spawn)
{
    struct err err = { 0 };
    if (a->readonly) {
        if (strcmp(op, "watch"))
            app_say(a, SEV_WARN, "Read-only: %s needs a workbench that may write", op);
        return E_FAIL;
    }
    int rc = host_client_op(&a->workspace, op, run, spawn, &err);
    if (rc < 0 && strcmp(op, "watch")) /* not to be watched is no event */
        app_say(a, SEV_ERROR, "%s", err.text);
    return rc;
}

int app_edit(struct app *a, const char *op, int64_t run, const char *text)
{
    struct err err = { 0 };
    if (a->readonly) {
        app_say(a, SEV_WARN, "Read-only: %s needs a workbench that may write", op);
        return E_FAIL;
    }
    int rc = edit_run(&a->workspace, op, run, text, &err);
    if (rc < 0)
        app_say(a, SEV_ERROR, "%s", err.text);
    return rc;
}

void app_show_archived(struct app *a)
{
    a->with_archived = !a->with_archived;
    a->stale = 1;
    app_say(a, SEV_INFO, a->with_archived ? "archived runs are shown too" : "archived runs are hidden");
}

static void base64(struct str *out, const unsigned char *s, size_t n)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)s[i] << 16 | (i + 1 < n ? (unsigned)s[i + 1] << 8 : 0) |
                     (i + 2 < n ? s[i + 2] : 0);
        str_addc(out, set[v >> 18]);
        str_addc(out, set[v >> 12 & 63]);
        str_addc(out, i + 1 < n ? set[v >> 6 & 63] : '=');
        str_addc(out, i + 2 < n ? set[v & 63] : '=');
    }
}

/* What is pasted reaches a terminal too: tabs and ends of lines are all that stay. */
static void copy_visible(struct str *out, const char *text)
{
    char shown[1024];
    while (*text) {
        size_t n = strcspn(text, "\t\r\n"), most = n < 200 ? n : 200;
        while (most && most < n && ((unsigned char)text[most] & 0xC0) == 0x80)
            most--; /* not inside a character */
        most = n && !most ? 1 : most;
        str_add(out, visible_n(shown, sizeof shown, text, most));
        if (most == n && text[n])
            str_addc(out, text[n]);
        text += most + (most == n && text[n]);
    }
}

void app_copy(struct app *a, const char *original)
{
    char path[1200] = "";
    struct str shown;
    str_init(&shown);
    copy_visible(&shown, original);
    const char *text = str_get(&shown);
    str_add(&a->raw, "\x1b]52;c;");
    base64(&a->raw, (const unsigned char *)text, strlen(text));
    str_add(&a->raw, "\x1b\\");
    if (a->state_path[0]) {
        snprintf(path, sizeof path, "%s", a->state_path);
        char *slash = strrchr(path, '/');
        *slash = 0;
        int made = file_mkdirs(path, NULL);
        snprintf(slash, sizeof path - (size_t)(slash - path), "/copied.txt");
        if (made || file_write_atomic(path, text, strlen(text), NULL))
            path[0] = 0;
    }
    str_free(&shown);
    app_say(a, SEV_INFO, path[0] ? "copied, also to %s" : "copied%s", path);
}

void app_redraw(struct app *a)
{
    a->dirty = 1;
}

void app_poll(struct app *a, double seconds)
{
    a->poll_at = app_now(a) + seconds;
}

void app_tick(struct app *a)
{
    struct slot *s = &a->slots[a->current];
    const struct screen_ops *ops = app_ops(a);
    const struct query_run *runs;
    double now = app_now(a);
    int moved = data_tick(a);
    if (moved)
        app_runs(a, &runs);
    double period = ops->period(s->self, a);
    int asked = a->poll_at > 0 && now >= a->poll_at;
    if (asked)
        a->poll_at = 0;
    if (moved || asked || (period >= 0 && now >= s->due)) {
        a->dirty |= ops->tick(s->self, a) || moved;
        period = ops->period(s->self, a);
        s->due = now + (period > 0 ? period : 0);
    }
    if (a->message_until > 0 && now >= a->message_until) {
        a->message_until = 0;
        a->dirty = 1;
    }
    state_save(a);
}

/* While something runs a screen's own ticks, at their times, see what was written, too. */
static int ticks(const struct app *a, double period)
{
    return period > 0 && a->active;
}

int app_watches(struct app *a, double *gap)
{
    double period = app_ops(a)->period(app_self(a), a);
    *gap = period < 0 ? 1 : period < .2 ? .2 : period;
    return period > PERIOD_ASLEEP && !ticks(a, period);
}

double app_wait(const struct app *a)
{
    const struct slot *s = &a->slots[a->current];
    double now = app_now(a), wait = -1;
    double period = app_ops(a)->period(s->self, (struct app *)a);
    if (ticks(a, period))
        wait = s->due > now ? s->due - now : 0;
    const double until[] = { a->message_until, a->poll_at };
    for (int i = 0; i < 2; i++) {
        double left = until[i] > now ? until[i] - now : 0;
        if (until[i] > 0)
            wait = wait < 0 || left < wait ? left : wait;
    }
    return wait;
}
