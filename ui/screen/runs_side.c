/* Beside the list: what happened, and what the threads of the run under the cursor do. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "src/base/err.h"
#include "src/event/event.h"
#include "ui/screen/run_name.h"
#include "ui/screen/runs.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/format.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

#define EVENTS 100
#define OWN_EVENTS 20
#define SAME_MOMENT 30 /* seconds between what happens and what is said of it */

void runs_read_side(struct runs *s)
{
    struct query *q = app_query(s->app);
    struct query_threads now = { 0 };
    if (!q)
        return;
    struct query_event on = { 0 }; /* the one under the cursor stays there when others come */
    if (s->event_top > 0 && s->event_top < s->nevents)
        on = s->events[s->event_top];
    arena_reset(&s->arena);
    s->nevents = runs_read_events(s, 0, EVENTS, &s->events);
    for (int i = 0; on.time > 0 && i < s->nevents; i++)
        if (s->events[i].run == on.run && s->events[i].time == on.time && !strcmp(s->events[i].text, on.text))
            s->event_top = i;
    s->nown = s->cursor > 0 ? runs_read_events(s, s->cursor, OWN_EVENTS, &s->own) : 0;
    if (query_run_threads(q, s->cursor, &now, NULL) < 0)
        now.n = 0;
    if (s->threads_of != s->cursor)
        memset(&s->before, 0, sizeof s->before);
    else if (now.time != s->threads.time)
        s->before = s->threads;
    s->threads = now;
    s->threads_of = s->cursor;
}

static double seq_tokens(const struct query_run *r)
{
    return (double)r->config.batch * (double)r->config.seq;
}

/* Of today the time, else the day. */
static const char *event_time(double t, double now, char *out, size_t size)
{
    time_t at = (time_t)fmax(-1e10, fmin(t, 1e10)), present = (time_t)now;
    struct tm tm = { 0 }, today = { 0 };
    localtime_r(&at, &tm);
    localtime_r(&present, &today);
    int same = tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year;
    strftime(out, size, same ? "%H:%M:%S" : tm.tm_year == today.tm_year ? "%d %b" : "%b %Y", &tm);
    return out;
}

int runs_draw_event(const struct runs *s, struct grid *g, struct rect row, const struct query_event *e,
                    int own)
{
    char t[16];
    int bad = e->severity == SEV_ERROR, warn = e->severity == SEV_WARN, x = row.x;
    const struct query_run *r = app_run(s->app, e->run);
    grid_text(g, row, row.y, x, 8, STYLE(ROLE_DIM, 0), event_time(e->time, app_utc(s->app), t, sizeof t));
    x += 9;
    grid_cell(g, row, row.y, x, STYLE(bad ? ROLE_BAD : warn ? ROLE_WARN : ROLE_DIM, 0),
              bad || warn ? "!" : sign(SIGN_DOT));
    x += 2;
    int64_t from;
    app_unread(s->app, &from);
    uint8_t fresh = e->id > from ? ATTR_BOLD : 0; /* what was said here has no id */
    if (r && !own)
        x += run_name_draw(g, row, row.y, x, row.w > 110 ? 40 : row.w > 70 ? 24 : 17, s->tail, STYLE(ROLE_TEXT, fresh), r->name,
                           r->tags) + 2;
    else if (e->run && !own) /* archived, and not in the list */
        x += grid_textf(g, row, row.y, x, 17, STYLE(ROLE_DIM, fresh), "run %lld", (long long)e->run) + 2;
    struct rect rest = { row.y, x, row.h, row.x + row.w - x };
    if (row.h > 1) {
        int used = wrap_text(g, rest, STYLE(ROLE_TEXT, fresh), e->text);
        return used < row.h ? used : row.h;
    }
    grid_end(g, row, row.y, x, -1, STYLE(ROLE_TEXT, fresh), e->text);
    return 1;
}

/* 1: the store tells the same of that run ("NAME stopped" beside "stopped"). */
static int told(const struct runs *s, const struct app_message *m)
{
    for (int i = 0; i < s->nevents; i++) {
        const struct query_run *r = app_run(s->app, s->events[i].run);
        size_t n = r ? strlen(r->name) : 0;
        if (n && !strncmp(m->text, r->name, n) && m->text[n] == ' ' &&
            fabs(m->utc - s->events[i].time) < SAME_MOMENT &&
            !strncmp(m->text + n + 1, s->events[i].text, strcspn(m->text + n + 1, ":")))
            return 1;
    }
    return 0;
}

void runs_draw_events(struct runs *s, struct grid *g, struct rect area)
{
    const struct app_message *said;
    int n = app_messages(s->app, &said), rows = area.h - 1, i = s->event_top, k = n - 1;
    int64_t from, unread = app_unread(s->app, &from);
    char count[32], fresh[32] = "";
    int lines = s->nevents; /* with what was said here and is told nowhere else */
    for (int m = 0; m < n && s->focus != FOCUS_EVENTS; m++)
        lines += !told(s, &said[m]);
    snprintf(count, sizeof count, s->nevents < EVENTS ? "events %d" : "events, the last %d", lines);
    if (unread)
        snprintf(fresh, sizeof fresh, "%lld new", (long long)unread);
    const char *parts[] = { count, fresh };
    pane_title(g, area.y, area.x, area.w, s->focus == FOCUS_EVENTS, parts, 2);
    s->events_shown = i == 0 && rows > 0;
    s->event_area = area;
    for (int y = 0; y < rows; y++) {
        struct rect row = { area.y + 1 + y, area.x + 2, 1, area.w - 3 };
        while (k >= 0 && told(s, &said[k]))
            k--;
        int own = k >= 0 && s->focus != FOCUS_EVENTS &&
                  (i >= s->nevents || said[k].utc >= s->events[i].time);
        if (own) {
            struct query_event e = { .time = said[k].utc, .severity = said[k].severity };
            snprintf(e.text, sizeof e.text, "%s", said[k--].text);
            runs_draw_event(s, g, row, &e, 0);
        } else if (i < s->nevents) {
            int here = s->focus == FOCUS_EVENTS && i == s->event_top;
            if (here) /* the whole text of the one under the cursor */
                row.h = rows - y < 6 ? rows - y : 6;
            int used = runs_draw_event(s, g, row, &s->events[i], 0);
            if (here) {
                grid_cell(g, area, row.y, area.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
                grid_back(g, (struct rect){ row.y, area.x, used, area.w }, BACK_SELECTED);
                g->cursor_y = row.y;
                g->cursor_x = area.x;
            }
            y += used - 1;
            i++;
        }
    }
    if (!s->nevents && !n)
        grid_text(g, area, area.y + 1, area.x + 2, area.w - 3, STYLE(ROLE_DIM, 0),
                  "Nothing yet: NaN, lost runs, best values and checkpoints are told here.");
}

/* Share of one core since the sample before; NAN when there is none. */
static double cpu_share(const struct runs *s, int i)
{
    double dt = s->threads.time - s->before.time;
    if (i >= s->before.n || !(dt > 0) || strcmp(s->before.threads[i].what, "") == 0)
        return NAN;
    return (s->threads.threads[i].cpu - s->before.threads[i].cpu) / dt;
}

/* "trainer", "worker 2", "recorder", and what it does. */
static const char *thread_name(const struct query_threads *t, int i, char *out, size_t size)
{
    const char *what = t->threads[i].what;
    size_t n = strlen(RECORDER_THREAD);
    if (!strncmp(what, RECORDER_THREAD, n)) {
        snprintf(out, size, "recorder");
        return what + n;
    }
    snprintf(out, size, i ? "worker %d" : "trainer", i);
    return what;
}

static void draw_thread(struct grid *g, struct rect in, int y, const char *who, const char *what, double share,
                        double bar)
{
    char text[FMT] = "- %"; /* of a core; known from the second report on */
    int wide = in.w >= 36;
    grid_text(g, in, y, in.x, 9, STYLE(ROLE_TEXT, 0), who);
    grid_text(g, in, y, in.x + 10, in.w - (wide ? 27 : 19), STYLE(ROLE_DIM, 0), what);
    if (isfinite(share))
        snprintf(text, sizeof text, "%d %%", (int)lround(share * 100));
    if (wide)
        bar_draw(g, in, y, in.x + in.w - 16, 10, STYLE(ROLE_ACCENT, 0), isfinite(bar) ? bar : 0);
    grid_right(g, in, y, in.x + in.w - 8, 8, STYLE(ROLE_TEXT, 0), text);
}

/* The workers as one line where there is no room for each: their share together, the bar their mean. */
static void draw_workers(const struct runs *s, struct grid *g, struct rect in, int y, int from, int n)
{
    char who[16];
    double sum = 0;
    for (int i = from; i < from + n; i++)
        sum += cpu_share(s, i);
    snprintf(who, sizeof who, "%d more", n);
    draw_thread(g, in, y, who, "workers", sum, sum / n);
}

void runs_draw_threads(struct runs *s, struct grid *g, struct rect area)
{
    const struct query_run *r = runs_current(s);
    struct rect in = { area.y + 1, area.x + 1, area.h - 1, area.w - 2 };
    char rate[FMT], steps[48] = "", age[FMT], ago[48] = "";
    int going = r && r->state == RUN_RUNNING, n = s->threads.n;
    double per_s = going ? run_last(r, METRIC_tokens_per_s) / seq_tokens(r) : NAN;
    if (isfinite(per_s))
        snprintf(steps, sizeof steps, "%s steps/s", fmt_count(rate, sizeof rate, per_s));
    double past = app_utc(s->app) - s->threads.time; /* told once a second, after a step */
    if (going && n)
        snprintf(ago, sizeof ago, "%s ago", fmt_age(age, sizeof age, past > 0 ? past : 0));
    const char *parts[] = { "threads", steps, ago };
    pane_title(g, area.y, area.x, area.w, s->focus == FOCUS_THREADS, parts, 3);
    if (!going || !n) {
        grid_text(g, in, in.y, in.x, -1, STYLE(ROLE_DIM, 0),
                  going ? "no report yet" : r ? "this run is not running" : "no run");
        return;
    }
    int folded = n > in.h && in.h >= 3 ? n - in.h + 1 : 0; /* workers, the last ones, in one line */
    for (int i = 0, y = in.y; i < n && y < in.y + in.h; i++, y++) {
        char who[16];
        if (folded && i == n - 1 - folded) {
            draw_workers(s, g, in, y, i, folded);
            i += folded - 1;
            continue;
        }
        const char *what = thread_name(&s->threads, i, who, sizeof who);
        draw_thread(g, in, y, who, what, cpu_share(s, i), cpu_share(s, i));
    }
}
