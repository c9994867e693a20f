/* See loop.h. The loop sleeps in poll: keys, signals, changes of the store (inotify on the
 * workspace), room in the terminal. With nothing running it is woken by those alone. */
#include "ui/app/loop.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/visible.h"
#include "ui/app/app_int.h"
#include "ui/app/widths.h"
#include "ui/screen/launch.h"
#include "ui/term/sink.h"
#include "ui/term/theme.h"
#include "ui/term/tty.h"

#define FRAME_S (1. / 60)
#define FULL_FRAME_S (1. / 30)
#define REST_S .2 /* without a key: what comes then is meant */
#define BLIND_S 2.0 /* without inotify: seconds between looks at the store */

struct loop {
    struct app *app;
    struct sink *sink;
    struct input input;
    struct grid grid;
    int notify;          /* inotify descriptor, -1: none */
    int gone;            /* the terminal is */
    int resized;
    double drawn, full;  /* when the last frame, the last whole frame was sent */
    double answered;     /* when the last frame that answers keys was */
    int keyed;           /* a key came since the last frame */
    int deaf;            /* a question was put that the terminal has not been sent yet */
    double dropped;      /* when a key last came too early to answer it, 0: none did */
    double looked;       /* when the store was last looked at */
    char title[64];
};

/* "electroscope: 2 running", told when it changes. */
static void set_title(struct loop *l)
{
    const struct app *a = l->app;
    char title[64] = "electroscope";
    int going = a->active + a->queued;
    if (going)
        snprintf(title, sizeof title, "electroscope: %d running", going);
    if (strcmp(title, l->title)) {
        snprintf(l->title, sizeof l->title, "%s", title);
        sink_title(l->sink, title);
    }
}

static void draw(struct loop *l, double now)
{
    struct app *a = l->app;
    if (l->resized) {
        int h, w;
        tty_size(&h, &w);
        l->resized = 0;
        l->full = now;
        grid_resize(&l->grid, h, w);
        sink_resize(l->sink, h, w);
    }
    if (a->new_theme)
        sink_set_theme(l->sink, a->theme);
    if (a->redraw)
        sink_redraw(l->sink);
    a->new_theme = a->redraw = 0;
    app_frame(a, &l->grid);
    sink_draw(l->sink, &l->grid);
    set_title(l);
    if (a->raw.len)
        sink_raw(l->sink, a->raw.data, a->raw.len);
    str_clear(&a->raw);
    if (a->bell && a->settings.bell)
        sink_bell(l->sink);
    a->bell = 0;
    l->drawn = now;
    if (l->keyed)
        l->answered = now;
    l->keyed = l->deaf = 0;
}

/* When a frame may be sent: a key does not wait for what new data drew just now. */
static double frame_due(const struct loop *l)
{
    return l->resized ? l->full + FULL_FRAME_S : (l->keyed ? l->answered : l->drawn) + FRAME_S;
}

static void drop_input(struct loop *l, double now)
{
    l->app->drop_input = 0;
    l->deaf = 1;
    int more = 0;
    ioctl(tty_in(), FIONREAD, &more);
    l->dropped = l->input.n || more > 0 ? now : 0;
    l->input.n = 0;
    tcflush(tty_in(), TCIFLUSH);
}

/* What was typed before a question could be seen, or goes on from then without a rest (a key held
 * down), is no answer to it. */
static int too_early(struct loop *l, double now)
{
    if (!l->app->question.open || (!l->deaf && now - l->dropped >= REST_S))
        return 0;
    l->dropped = now;
    return 1;
}

static void suspend(struct loop *l)
{
    l->app->suspend = 0;
    sink_suspend(l->sink);
    l->resized = l->app->dirty = 1;
}

static void take_keys(struct loop *l, double now)
{
    struct key k;
    while (!l->app->quit && input_next(&l->input, &k, now)) {
        l->keyed = 1;
        if (too_early(l, now)) {
            free(k.paste);
            continue;
        }
        app_key(l->app, &k);
        if (l->app->drop_input)
            drop_input(l, now);
        if (l->app->suspend)
            suspend(l);
    }
}

static void read_keys(struct loop *l, double now)
{
    char bytes[256];
    for (;;) {
        ssize_t n = read(tty_in(), bytes, sizeof bytes);
        if (n < 0 && errno == EIO)
            l->gone = 1;
        if (n <= 0)
            return;
        for (ssize_t at = 0; at < n;) {
            size_t took = input_feed(&l->input, bytes + at, (size_t)(n - at), now);
            take_keys(l, now);
            if (!took)
                l->input.n = 0; /* a sequence longer than the buffer: rubbish */
            at += (ssize_t)took;
        }
    }
}

static void take_signals(struct loop *l)
{
    int got = tty_signals();
    if (got & TTY_HANGUP)
        l->gone = 1;
    if (got & TTY_TERMINATED)
        l->app->quit = 1;
    if (got & (TTY_RESIZED | TTY_CONTINUED))
        l->resized = l->app->dirty = 1;
    if (got & TTY_CONTINUED)
        sink_redraw(l->sink);
    if (got & TTY_SUSPEND && !l->gone)
        suspend(l);
}

static void drain_notify(struct loop *l)
{
    char events[4096];
    while (read(l->notify, events, sizeof events) > 0)
        ;
}

static double sooner(double wait, double other)
{
    return other < 0 ? wait : wait < 0 || other < wait ? other : wait;
}

/* Seconds to sleep at most; < 0: until something comes. *watch: the store may wake us. */
static double wait_time(struct loop *l, double now, int *watch)
{
    double gap, wait = app_wait(l->app), next;
    *watch = 0;
    if (app_watches(l->app, &gap)) {
        next = l->looked + gap - now;
        if (l->notify < 0)
            wait = sooner(wait, next > BLIND_S - gap ? next : BLIND_S);
        else if (next <= 0)
            *watch = 1;
        else
            wait = sooner(wait, next); /* then look at what gathered meanwhile */
    }
    wait = sooner(wait, input_wait(&l->input, now));
    if (l->app->dirty && !sink_pending(l->sink)) {
        next = frame_due(l) - now;
        wait = sooner(wait, next > 0 ? next : 0);
    }
    return wait;
}

static int sleep_once(struct loop *l)
{
    double now = clock_now();
    int watch;
    double wait = wait_time(l, now, &watch);
    struct pollfd p[4] = {
        { tty_in(), POLLIN, 0 },
        { tty_signal_fd(), POLLIN, 0 },
        { watch ? l->notify : -1, POLLIN, 0 },
        { sink_pending(l->sink) ? tty_out() : -1, POLLOUT, 0 },
    };
    int n = poll(p, 4, wait < 0 ? -1 : (int)(wait * 1000 + .999));
    if (n < 0 && errno != EINTR)
        return -1;
    now = clock_now();
    take_signals(l);
    if (n > 0 && p[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        l->gone = 1;
    if (l->gone)
        return 0;
    if (n > 0 && p[0].revents & POLLIN)
        read_keys(l, now);
    else
        take_keys(l, now); /* a lone Esc whose time is up */
    if (l->notify < 0)
        l->looked = now;
    if (n > 0 && p[2].revents & POLLIN) {
        drain_notify(l);
        l->looked = now;
    }
    app_tick(l->app);
    return 0;
}

static void serve(struct loop *l)
{
    while (!l->app->quit && !l->gone) {
        double now = clock_now();
        if (l->app->dirty && !sink_pending(l->sink) && now >= frame_due(l))
            draw(l, now);
        if (sink_pending(l->sink) && sink_flush(l->sink) < 0)
            l->gone = 1;
        if (l->gone || sleep_once(l))
            return;
    }
}

/* One line on the terminal after leaving: what goes on, and how to come back. */
static void last_words(struct app *a)
{
    const struct query_run *runs;
    app_runs(a, &runs);
    int going = a->active + a->queued;
    struct str where;
    char shown[1200];
    str_init(&where);
    launch_add_workspace(&a->workspace, &where);
    visible(shown, sizeof shown, str_get(&where));
    str_free(&where);
    if (going)
        printf("%d run%s on; electroscope%s shows %s again.\n", going,
               going == 1 ? " goes" : "s go", shown, going == 1 ? "it" : "them");
    fflush(stdout);
}

static int open_notify(const struct workspace *w)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 && inotify_add_watch(fd, w->dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* An option beats the theme last chosen here, which beats the configuration file. */
static void choose(const struct app_args *args, struct app *a, struct sink_options *o)
{
    const struct settings *s = &a->settings;
    const char *last = app_state(a, "theme");
    o->theme = args->theme >= 0 ? args->theme : last && theme_find(last) >= 0 ? theme_find(last)
                                                                              : s->theme;
    o->color = args->color != 1 ? args->color : s->color;
    o->mouse = s->mouse && !args->no_mouse;
    o->title = s->title && !args->no_title;
    a->ascii = args->ascii || s->ascii;
    if (strcmp(nl_langinfo(CODESET), "UTF-8")) { /* LC_ALL=C: our own signs stay in ASCII */
        setlocale(LC_CTYPE, "C.UTF-8");
        a->ascii = 1;
    }
    widths_apply(); /* as doctor measured */
    if (s->error[0])
        app_say(a, SEV_WARN, "%s", s->error);
}

int app_theme(const char *name)
{
    return theme_find(name);
}

int app_run_loop(const struct app_args *args, struct err *err)
{
    struct loop l = { .notify = -1, .resized = 1 };
    struct sink_options o;
    if (tty_check(err))
        return E_FAIL;
    l.app = app_new(args, err);
    if (!l.app)
        return E_NOMEM;
    settings_read(&l.app->settings);
    app_start(l.app, args);
    choose(args, l.app, &o);
    l.sink = sink_open(&o, err);
    if (!l.sink) {
        app_free(l.app);
        return E_FAIL;
    }
    l.app->theme = sink_theme(l.sink);
    l.notify = open_notify(args->workspace);
    serve(&l);
    sink_close(l.sink, l.gone);
    if (!l.gone)
        last_words(l.app);
    app_free(l.app);
    if (l.notify >= 0)
        close(l.notify);
    input_free(&l.input);
    grid_free(&l.grid);
    return 0;
}
