/* Screen 3: what the generator proposed and what the discriminator believed, token by token. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "ui/app/action.h"
#include "ui/screen/screen.h"
#include "ui/screen/tokens_int.h"
#include "ui/screen/tokens_opened.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"

#define WATCH_EVERY 5.0
#define STALE_AFTER 3.0

#define PLACE "tokens.place" /* run, step (-1: its last), source, sentence, token */

/* Where one was before a restart, as long as the run does not go on meanwhile. */
static void go_to_place(struct tokens *s, struct app *a)
{
    const char *text = app_state(a, PLACE);
    long long run, step;
    int source, number, token;
    if (!text || s->mode != MODE_SNAPSHOT ||
        sscanf(text, "%lld %lld %d %d %d", &run, &step, &source, &number, &token) != 5 || run != s->run)
        return;
    s->step = step;
    s->at_source = source, s->at_number = number;
    s->cursor = token < 0 ? 0 : token;
}

static void keep_place(const struct tokens *s)
{
    char text[96];
    int last = !s->npast || s->step >= s->past[s->npast - 1].step;
    if (s->mode != MODE_SNAPSHOT || !s->nsentences || s->at_source == TOKENS_USER)
        return;
    snprintf(text, sizeof text, "%lld %lld %d %d %d", (long long)s->run,
             last ? -1LL : (long long)s->step, s->at_source, s->at_number, s->cursor);
    app_set_state(s->app, PLACE, text);
}

static int open_tokens(void *self, struct app *a)
{
    struct tokens *s = self;
    const char *view = app_state(a, "tokens.view"), *digits = app_state(a, "tokens.digits");
    arena_init(&s->arena);
    arena_init(&s->past_arena);
    s->app = a;
    s->view = view && *view >= '0' && *view < '0' + VIEW_COUNT ? (enum tokens_view)(*view - '0')
                                                               : VIEW_TEXT;
    s->digits = digits && *digits == '1';
    s->current = -1;
    s->step = -1;
    tokens_select_run(s, a);
    go_to_place(s, a);
    tokens_reload(s, a);
    tokens_diagnose(s, a);
    return 0;
}

static void close_tokens(void *self)
{
    struct tokens *s = self;
    keep_place(s);
    pieces_close(s->pieces);
    arena_free(&s->arena);
    arena_free(&s->past_arena);
    tokens_hunt_end(s);
    own_forget(s);
    tokens_opening_drop(s);
}

/* Asks the host for live tokens, every five seconds while somebody looks. */
static void keep_watching(struct tokens *s, struct app *a)
{
    const struct query_run *run = app_run(a, s->run);
    if (s->mode != MODE_LIVE || s->frozen || app_readonly(a) || !run || run->state != RUN_RUNNING)
        return;
    if (s->watched > 0 && app_now(a) - s->watched < WATCH_EVERY) return;
    s->watched = app_now(a);
    app_op(a, "watch", s->run, 0);
}

/* 1: how fresh it is reads differently now. */
static int aged(struct tokens *s)
{
    char now[sizeof s->told];
    tokens_fresh(s, now, sizeof now);
    int differs = strcmp(now, s->told) != 0;
    snprintf(s->told, sizeof s->told, "%s", now);
    return differs;
}

static int tick_tokens(void *self, struct app *a)
{
    struct tokens *s = self;
    int64_t version = app_query(a) ? query_version(app_query(a)) : 0, run = s->run;
    int answered = tokens_opening_look(s, a);
    tokens_select_run(s, a);
    keep_watching(s, a);
    answered |= own_look(s, a);
    if (run == s->run && (s->frozen || version == s->version))
        return aged(s) || answered;
    s->version = version;
    int ended = s->mode == MODE_LIVE && !s->active && s->npast;
    if (ended) s->mode = MODE_SNAPSHOT, s->step = -1, s->at_source = -1; /* its last one, not its last batch */
    if (run != s->run || ended || s->mode != MODE_SNAPSHOT || !s->nsentences)
        tokens_reload(s, a);
    else
        tokens_list_snapshots(s, a); /* a snapshot stands still, the list of them grows */
    tokens_diagnose(s, a);
    return 1;
}

static double period_tokens(void *self, struct app *a)
{
    const struct tokens *s = self;
    (void)a;
    if (s->frozen) return PERIOD_ASLEEP;
    if (!s->active) return PERIOD_STORE;
    return s->mode == MODE_LIVE ? 0.25 : 1;
}

const char *tokens_fresh(const struct tokens *s, char *out, size_t size)
{
    char n[FMT];
    double age = s->age + (s->app ? app_now(s->app) - s->read_at : 0);
    if (own_pending(s))
        own_says(s, out, size);
    else if (s->mode == MODE_OWN && s->step >= 0)
        snprintf(out, size, s->own.live ? "own sentence, live at step %s" : "own sentence, checkpoint %s",
                 fmt_count(n, sizeof n, (double)s->step));
    else if (s->frozen)
        snprintf(out, size, "frozen");
    else if (s->fallback && s->step >= 0)
        snprintf(out, size, "snapshot %s", fmt_count(n, sizeof n, (double)s->step));
    else if (s->mode == MODE_LIVE && s->step >= 0 && age <= STALE_AFTER)
        snprintf(out, size, "live");
    else if (s->mode == MODE_LIVE && s->step >= 0)
        snprintf(out, size, "stale %s", fmt_age(n, sizeof n, age));
    else if (s->step >= 0)
        snprintf(out, size, "snapshot %s", fmt_count(n, sizeof n, (double)s->step));
    else
        snprintf(out, size, "stale");
    return out;
}

/* Earlier and later moments: ... snapshot, snapshot, live. */
static int go_in_time(struct tokens *s, struct app *a, int by)
{
    int k = s->mode == MODE_SNAPSHOT ? tokens_snapshot_index(s, s->step) + by : s->npast - 1;
    if (s->mode != MODE_SNAPSHOT && by > 0) return 1;
    if (k >= s->npast && s->active) {
        s->mode = MODE_LIVE, s->frozen = 0, s->watched = 0, s->moved = 0;
    } else {
        if (!s->npast) {
            app_note(a, "no snapshot yet");
            return 1;
        }
        k = k < 0 ? 0 : k >= s->npast ? s->npast - 1 : k;
        s->mode = MODE_SNAPSHOT, s->frozen = 0;
        s->step = s->past[k].step;
    }
    tokens_reload(s, a);
    return 1;
}

static int go_sentence(struct tokens *s, int by)
{
    tokens_go_sentence(s, by);
    return 1;
}

static int move(struct tokens *s, int by)
{
    const struct sentence *c = tokens_current(s);
    if (!c) return 1;
    s->cursor += by;
    s->cursor = s->cursor < 0 ? 0 : s->cursor >= c->seq->n ? c->seq->n - 1 : s->cursor;
    return 1;
}

static int move_lines(struct tokens *s, struct app *a, int by)
{
    if (s->focus == ON_LIST) return go_sentence(s, by);
    if (s->focus == ON_DIAGNOSIS) {
        s->diagnosis_top = s->diagnosis_top + by < 0 ? 0 : s->diagnosis_top + by;
        return 1;
    }
    if (s->view == VIEW_WATERFALL) return go_in_time(s, a, by < 0 ? -1 : 1);
    if (s->view == VIEW_TABLE) return move(s, by);
    if (s->view == VIEW_STRIP) return move(s, 8 * by);
    tokens_text_move(s, by);
    return 1;
}

/* The next token found, or without a pattern the next one with something to see. */
static int go_event(struct tokens *s, struct app *a, int by)
{
    if (s->hunt.kind != HUNT_NONE) {
        tokens_hunt_step(s, a, by);
        return 1;
    }
    int i = tokens_next_event(s, s->cursor, by);
    if (i >= 0) s->cursor = i;
    return 1;
}

static void find_done(void *ud, const char *text)
{
    struct tokens *s = ud;
    if (!text) return;
    tokens_hunt_end(s);
    s->rates.listing = 0;
    snprintf(s->find, sizeof s->find, "%.*s", (int)sizeof s->find - 1, text);
    if (*text) tokens_hunt_text(s, s->app);
}

/* Text, diagnosis, list; the rates come by a key of their own. */
static int next_pane(struct tokens *s, int by)
{
    static const enum tokens_focus order[] = {ON_TEXT, ON_DIAGNOSIS, ON_LIST};
    int at = 0;
    for (int i = 0; i < 3; i++)
        if (order[i] == s->focus) at = i;
    s->focus = order[(at + by + 3) % 3];
    return 1;
}

static int enter(struct tokens *s, struct app *a)
{
    if (s->focus == ON_DIAGNOSIS)
        s->alone = !s->alone;
    else if (s->focus != ON_TEXT)
        s->focus = ON_TEXT;
    else
        own_fill(s, a);
    return 1;
}

static void copy(struct tokens *s, struct app *a)
{
    struct str text;
    if (!s->nsentences) return;
    str_init(&text);
    tokens_copied(s, &text);
    if (!text.failed) app_copy(a, str_get(&text));
    str_free(&text);
}

static int act_view(struct tokens *s, struct app *a, int action)
{
    char text[4];
    switch (action) {
    case ACT_VIEW:
        s->view = (enum tokens_view)((s->view + 1) % VIEW_COUNT), s->top = 0;
        snprintf(text, sizeof text, "%d", s->view);
        app_set_state(a, "tokens.view", text);
        if (s->view == VIEW_WATERFALL && s->mode == MODE_LIVE && s->npast) {
            s->mode = MODE_SNAPSHOT, s->step = -1;
            tokens_reload(s, a);
            app_note(a, "the waterfall shows held-out sentences; ] goes back to live");
        }
        return 1;
    case ACT_DIGITS:
        s->digits = !s->digits;
        app_set_state(a, "tokens.digits", s->digits ? "1" : "0");
        return 1;
    case ACT_UNCHANGED: s->only_changed = !s->only_changed, s->view = VIEW_TABLE; return 1;
    case ACT_FIND: app_prompt(a, "find", s->find, find_done, NULL, s); return 1;
    case ACT_SORT: s->by_loss = !s->by_loss; tokens_order(s); return 1;
    case ACT_FOLLOW:
        if (!s->active) return 0; /* it stands still by itself */
        s->frozen = !s->frozen;
        if (!s->frozen) s->version = -1, s->watched = 0;
        return 1;
    case ACT_MAXIMISE: s->alone = !s->alone; return 1;
    case ACT_CARD: s->card.choice = tokens_card_shown(s, a) && !s->card.folded ? -1 : 1; return 1;
    case ACT_PAUSE: orders_pause(&s->orders, a, &s->run, 1); return 1;
    case ACT_STOP: orders_ask_stop(&s->orders, a, &s->run, 1); return 1;
    case ACT_PIN: return tokens_pin(s, a);
    case ACT_COPY: copy(s, a); return 1;
    case ACT_NEW: tokens_new_run(a, s->run); return 1;
    case ACT_OPEN_CHECKPOINT: tokens_open_checkpoint(a); return 1;
    case ACT_OWN: own_prompt(s, a); return 1;
    case ACT_MARK: return own_toggle(s, a);
    case ACT_MASKS: return s->mode == MODE_OWN ? own_redraw_masks(s, a) : 0;
    case ACT_ENTER: return enter(s, a);
    case ACT_NEXT_PANE: return next_pane(s, 1);
    case ACT_PREV_PANE: return next_pane(s, -1);
    case ACT_GROUP: s->focus = s->focus == ON_RATES ? ON_TEXT : ON_RATES; return 1;
    case ACT_BACK:
        if (s->alone) s->alone = 0;
        else if (s->focus == ON_LIST || s->focus == ON_DIAGNOSIS) s->focus = ON_TEXT;
        else if (s->hunt.kind != HUNT_NONE) tokens_hunt_end(s);
        else if (s->mode == MODE_OWN)
            s->mode = s->active ? MODE_LIVE : MODE_SNAPSHOT, tokens_reload(s, a);
        else return 0;
        return 1;
    }
    return 0;
}

/* Keys after which a fresh batch leaves the cursor where it is. */
static int chooses_token(int action)
{
    switch (action) {
    case ACT_LEFT: case ACT_RIGHT: case ACT_FAST_LEFT: case ACT_FAST_RIGHT: case ACT_UP: case ACT_DOWN:
    case ACT_PAGE_UP: case ACT_PAGE_DOWN: case ACT_FIRST: case ACT_LAST: case ACT_FIND_NEXT:
    case ACT_FIND_PREV: case ACT_MARK: return 1;
    }
    return 0;
}

/* What asks the host or writes a file; of a store that is only watched that would fail. */
static int wants_to_write(const struct tokens *s, int action)
{
    switch (action) {
    case ACT_MARK: case ACT_MASKS: case ACT_OWN: case ACT_PIN: case ACT_OPEN_CHECKPOINT: case ACT_PAUSE:
    case ACT_STOP: return 1;
    case ACT_ENTER: return s->focus == ON_TEXT;
    case ACT_PREV_SNAPSHOT: case ACT_NEXT_SNAPSHOT: return s->mode == MODE_OWN;
    }
    return 0;
}

static int act_tokens(void *self, struct app *a, int action)
{
    struct tokens *s = self;
    if (app_readonly(a) && wants_to_write(s, action)) {
        app_note(a, "Read-only: %s needs a workbench that may write", action_table[action].name);
        return 1;
    }
    if (s->focus == ON_RATES && tokens_rates_act(s, a, action)) return 1;
    s->moved |= chooses_token(action);
    switch (action) {
    case ACT_LEFT: return move(s, -1);
    case ACT_RIGHT: return move(s, 1);
    case ACT_FAST_LEFT: return move(s, -10);
    case ACT_FAST_RIGHT: return move(s, 10);
    case ACT_UP: return move_lines(s, a, -1);
    case ACT_DOWN: return move_lines(s, a, 1);
    case ACT_PAGE_UP: return move_lines(s, a, -8);
    case ACT_PAGE_DOWN: return move_lines(s, a, 8);
    case ACT_FIRST: return s->focus == ON_LIST ? go_sentence(s, -MATCH_FAR) : move(s, -MATCH_FAR);
    case ACT_LAST: return s->focus == ON_LIST ? go_sentence(s, MATCH_FAR) : move(s, MATCH_FAR);
    case ACT_FIND_NEXT: return go_event(s, a, 1);
    case ACT_FIND_PREV: return go_event(s, a, -1);
    case ACT_PREV_SENTENCE: return go_sentence(s, -1);
    case ACT_NEXT_SENTENCE: return go_sentence(s, 1);
    case ACT_PREV_SNAPSHOT:
    case ACT_NEXT_SNAPSHOT: {
        int by = action == ACT_PREV_SNAPSHOT ? -1 : 1;
        return s->mode == MODE_OWN ? own_go_in_time(s, a, by) : go_in_time(s, a, by);
    }
    }
    return act_view(s, a, action);
}

static int can_tokens(void *self, struct app *a, int action)
{
    const struct tokens *s = self;
    switch (action) {
    case ACT_LEFT: case ACT_RIGHT: case ACT_FAST_LEFT: case ACT_FAST_RIGHT: case ACT_UP:
    case ACT_DOWN: case ACT_PAGE_UP: case ACT_PAGE_DOWN: case ACT_FIRST: case ACT_LAST:
    case ACT_FIND: case ACT_FIND_NEXT: case ACT_FIND_PREV: case ACT_VIEW: case ACT_DIGITS: case ACT_UNCHANGED:
    case ACT_NEXT_PANE: case ACT_PREV_PANE: return s->nsentences > 0 || s->ndiagnosis;
    case ACT_EXPORT: case ACT_GROUP: case ACT_COPY: return s->nsentences > 0;
    case ACT_PREV_SENTENCE: case ACT_NEXT_SENTENCE: case ACT_SORT: return s->nsentences > 1;
    case ACT_FIT: return s->focus == ON_RATES && s->npast > 1 && !s->rates.listing;
    case ACT_PREV_SNAPSHOT: return s->npast > 0 || s->mode == MODE_OWN;
    case ACT_NEXT_SNAPSHOT: return (s->mode == MODE_SNAPSHOT && s->npast > 0) || s->mode == MODE_OWN;
    case ACT_FOLLOW: return s->active;
    case ACT_ENTER:
        return s->focus == ON_LIST || s->focus == ON_RATES || (s->focus == ON_DIAGNOSIS && s->ndiagnosis) ||
               (s->mode == MODE_OWN && !app_readonly(a));
    case ACT_MARK: return s->nsentences > 0 && s->run > 0 && !app_readonly(a);
    case ACT_OPEN_CHECKPOINT: return !app_readonly(a);
    case ACT_MASKS: return s->mode == MODE_OWN && !app_readonly(a);
    case ACT_MAXIMISE: case ACT_CARD: case ACT_NEW: return s->run > 0;
    case ACT_PAUSE: {
        const struct query_run *r = app_run(a, s->run);
        int opened = r && !*r->config.corpus && *r->config.init_discriminator; /* never trained here */
        return !app_readonly(a) && r && !opened && run_pause_op(r->state);
    }
    case ACT_STOP: return !app_readonly(a) && app_run(a, s->run) && run_alive(app_run(a, s->run)->state);
    case ACT_PIN: return s->nsentences > 0 && !app_readonly(a);
    case ACT_OWN: return s->run > 0 && !app_readonly(a);
    case ACT_BACK: return s->alone || s->focus != ON_TEXT || s->mode == MODE_OWN || s->hunt.kind != HUNT_NONE;
    }
    return 0;
}

static const char *word_tokens(void *self, struct app *a, int action)
{
    const struct tokens *s = self;
    switch (action) {
    case ACT_ENTER:
        return s->focus == ON_TEXT                       ? "fill in"
               : s->focus == ON_RATES && !s->rates.listing ? "list"
               : s->focus == ON_RATES || s->focus == ON_LIST ? "show"
               : s->alone                                    ? "back"
                                                             : "alone";
    case ACT_MARK: return "mask";
    case ACT_GROUP: return "rates";
    case ACT_FIT: return s->rates.every ? "these" : "all snapshots";
    case ACT_OWN: return "own sentence";
    case ACT_PREV_SNAPSHOT: return s->mode == MODE_OWN ? "checkpoint" : NULL;
    case ACT_MAXIMISE: return s->alone ? "back" : "alone";
    case ACT_PAUSE: {
        const struct query_run *r = app_run(a, s->run);
        return r ? run_pause_op(r->state) : NULL;
    }
    }
    return NULL;
}

static int place_tokens(void *self, struct app *a, int action)
{
    const struct tokens *s = self;
    (void)a;
    switch (action) {
    case ACT_OWN: return 5;
    case ACT_GROUP: return 9;
    case ACT_PREV_SNAPSHOT: return 7;
    case ACT_FIT: return 4;
    case ACT_MARK: return s->mode == MODE_OWN ? 4 : 31;
    case ACT_NEW: return 28;
    }
    return 0;
}

static void mouse_tokens(void *self, struct app *a, const struct mouse *m)
{
    struct tokens *s = self;
    if (m->wheel) {
        move_lines(s, a, m->wheel < 0 ? -1 : 1);
        return;
    }
    for (int i = 0; i < s->nhits; i++) {
        const struct token_hit *h = &s->hits[i];
        if (m->y != h->y || m->x < h->x || m->x >= h->x + h->w) continue;
        if (h->sentence < -1) {
            tokens_rates_click(s, a, h->sentence, h->token);
            return;
        }
        if (h->sentence != s->current) tokens_go_sentence(s, h->sentence - s->current);
        if (h->token >= 0) s->cursor = h->token, s->moved = 1;
        return;
    }
}

static void status_tokens(void *self, struct app *a, char *out, size_t size)
{
    struct tokens *s = self;
    const struct query_run *run = app_run(a, s->run);
    const struct sentence *c = tokens_current(s);
    char fresh[80], step[FMT], hunt[200];
    if (!run) {
        snprintf(out, size, "no run");
        return;
    }
    tokens_fresh(s, fresh, sizeof fresh);
    if (run->state == RUN_PAUSED) /* why it goes stale */
        snprintf(fresh + strlen(fresh), sizeof fresh - strlen(fresh), ", paused");
    fmt_exact(step, sizeof step, s->step < 0 ? run->step : s->step);
    if (c && s->hunt.kind != HUNT_NONE)
        snprintf(out, size, "%s · step %s · %s · %s", tokens_hunt_says(s, hunt, sizeof hunt), step, fresh,
                 run->name);
    else if (c)
        snprintf(out, size, "%s · step %s · sentence %d of %d · %s", run->name, step,
                 s->current + 1, s->nsentences, fresh);
    else
        snprintf(out, size, "%s · step %s · %s", run->name, step, run_state_name(run->state));
}

const struct screen_ops tokens_screen = {
    .name = "Tokens",
    .help = "what the generator proposed and the discriminator believed, token by token",
    .size = sizeof(struct tokens),
    .open = open_tokens, .close = close_tokens, .tick = tick_tokens, .period = period_tokens,
    .draw = tokens_draw, .act = act_tokens, .can = can_tokens, .mouse = mouse_tokens,
    .word = word_tokens, .place = place_tokens, .status = status_tokens, .export_csv = tokens_export,
};
