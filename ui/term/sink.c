/* See sink.h. ncurses writes into a file in memory (it thinks that it is the terminal), so that no
 * call of it ever waits for a terminal that does not read; our own non-blocking descriptor carries
 * the bytes on. Keys do not pass through ncurses either: ui/term/input.c. */
#define _GNU_SOURCE
#include "ui/term/sink.h"

#include <curses.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "ui/term/pack.h"
#include "ui/term/theme.h"
#include "ui/term/tty.h"

#define PAIRS_MAX 250

struct sink {
    struct sink_options o;
    int theme, colors, npairs;
    short fg[PAIRS_MAX], bg[PAIRS_MAX];
    FILE *file;
    SCREEN *screen;
    struct grid last;
    int fresh;           /* 1: the terminal shows nothing of ours yet */
    struct str wrote;    /* by ncurses, not packed yet */
    struct pack pack;
    struct str queue;    /* bytes of the frame under way */
    size_t sent;
    char restore[512], enter[128];
};

static int want_colors(const struct sink_options *o)
{
    const char *no = getenv("NO_COLOR");
    if (o->color == 0 || (o->color == 1 && no && *no))
        return 0;
    return 1;
}

/* NULL: the terminal has none. */
static const char *capability(const char *name)
{
    const char *text = tigetstr(name);
    return text && text != (const char *)-1 && *text ? text : NULL;
}

/* Appends a capability of the terminal without its padding ("$<2>"). */
static void add_capability(char *out, size_t size, const char *name)
{
    size_t n = strlen(out);
    for (const char *p = capability(name); p && *p && n + 1 < size; p++) {
        if (p[0] == '$' && p[1] == '<' && strchr(p, '>'))
            p = strchr(p, '>');
        else
            out[n++] = *p;
    }
    out[n] = 0;
}

/* What leaves the terminal as it was, whatever state a crash left it in. */
static void make_restore(struct sink *s)
{
    snprintf(s->restore, sizeof s->restore, "%s%s%s",
             s->o.mouse ? "\x1b[?1006l\x1b[?1002l" : "", "\x1b[?2004l",
             s->o.title ? "\x1b[23;2t" : "");
    add_capability(s->restore, sizeof s->restore, "sgr0");
    add_capability(s->restore, sizeof s->restore, "rmcup");
    add_capability(s->restore, sizeof s->restore, "cnorm");
    snprintf(s->enter, sizeof s->enter, "%s%s%s", s->o.title ? "\x1b[22;2t" : "",
             s->o.mouse ? "\x1b[?1002h\x1b[?1006h" : "", "\x1b[?2004h");
}

/* Titles are for terminals that are known to have one. */
static int has_title(void)
{
    static const char *const known[] = { "xterm", "tmux", "screen", "rxvt", "alacritty", "foot",
                                         "kitty", "konsole", "gnome", "vte", "st" };
    const char *term = getenv("TERM");
    for (size_t i = 0; term && i < sizeof known / sizeof known[0]; i++)
        if (!strncmp(term, known[i], strlen(known[i])))
            return 1;
    return 0;
}

/* Moves what ncurses wrote into the queue, packed. */
static void collect(struct sink *s)
{
    int fd = fileno(s->file);
    off_t n = lseek(fd, 0, SEEK_END);
    char block[8192];
    str_clear(&s->wrote);
    for (off_t at = 0; at < n;) {
        ssize_t k = pread(fd, block, sizeof block, at);
        if (k <= 0)
            break;
        str_addn(&s->wrote, block, (size_t)k);
        at += k;
    }
    pack_add(&s->pack, &s->queue, str_get(&s->wrote), s->wrote.len);
    if (ftruncate(fd, 0) == 0)
        lseek(fd, 0, SEEK_SET);
}

/* newterm for a screen of this size: it writes into a file, which has none, and would set the
 * terminal's scrolling region to the lines that its entry in terminfo names. */
static SCREEN *sized_term(const char *term, FILE *f, int h, int w)
{
    static const char *const names[] = { "LINES", "COLUMNS" };
    char number[16], *was[2];
    for (int i = 0; i < 2; i++) {
        was[i] = getenv(names[i]) ? strdup(getenv(names[i])) : NULL;
        snprintf(number, sizeof number, "%d", i ? w : h);
        setenv(names[i], number, 1);
    }
    SCREEN *screen = newterm(term, f, stdin);
    for (int i = 0; i < 2; i++) {
        was[i] ? setenv(names[i], was[i], 1) : unsetenv(names[i]);
        free(was[i]);
    }
    return screen;
}

static int start_curses(struct sink *s, struct err *err)
{
    int fd = memfd_create("screen", MFD_CLOEXEC), h, w;
    tty_size(&h, &w);
    s->file = fd < 0 ? NULL : fdopen(fd, "w+");
    if (!s->file)
        return err_errno(err, "cannot make a file in memory");
    const char *term = getenv("TERM");
    char shown[64];
    visible(shown, sizeof shown, term);
    s->screen = sized_term(term, s->file, h, w);
    if (!s->screen)
        return err_set(err, E_FAIL, "TERM is %s, which this system does not know; "
                       "TERM=xterm-256color is a good guess", shown);
    set_term(s->screen);
    if (!capability("cup") || !capability("clear"))
        return err_set(err, E_FAIL, "the workbench needs a terminal that can place a cursor: "
                       "TERM is %s; electroscope runs list shows the runs without it", shown);
    if (want_colors(&s->o) && has_colors() && start_color() == OK) {
        use_default_colors();
        s->colors = COLORS;
    }
    resizeterm(h, w);
    leaveok(stdscr, FALSE);
    typeahead(-1); /* keys do not pass through ncurses: it need not look for them while it draws */
    return 0;
}

struct sink *sink_open(const struct sink_options *o, struct err *err)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        err_nomem(err, "the screen");
        return NULL;
    }
    s->o = *o;
    s->o.title = o->title && has_title();
    s->theme = o->theme >= 0 ? o->theme : theme_of_terminal(getenv("COLORFGBG"));
    if (!want_colors(o))
        s->theme = THEME_MONO;
    if (tty_check(err) || start_curses(s, err)) {
        sink_close(s, 1);
        return NULL;
    }
    make_restore(s);
    pack_init(&s->pack, capability("op"), capability("rmul"), capability("rmacs"));
    if (tty_open(s->restore, err)) {
        sink_close(s, 1);
        return NULL;
    }
    str_add(&s->queue, s->enter);
    s->fresh = 1;
    return s;
}

void sink_close(struct sink *s, int hangup)
{
    if (!s)
        return;
    tty_close(hangup);
    if (s->screen) {
        endwin(); /* into the file in memory: tty_close has restored the terminal */
        delscreen(s->screen);
    }
    if (s->file)
        fclose(s->file);
    grid_free(&s->last);
    str_free(&s->wrote);
    str_free(&s->queue);
    free(s);
}

static short pair_of(struct sink *s, struct looks k)
{
    if (!s->colors || (k.fg < 0 && k.bg < 0))
        return 0;
    for (int i = 0; i < s->npairs; i++)
        if (s->fg[i] == k.fg && s->bg[i] == k.bg)
            return (short)(i + 1);
    if (s->npairs == PAIRS_MAX || s->npairs + 1 >= COLOR_PAIRS)
        return 0;
    s->fg[s->npairs] = (short)k.fg;
    s->bg[s->npairs] = (short)k.bg;
    s->npairs++;
    init_pair((short)s->npairs, (short)k.fg, (short)k.bg);
    return (short)s->npairs;
}

static void put_cell(struct sink *s, int y, int x, const struct cell *c)
{
    wchar_t text[CCHARW_MAX + 1];
    int n = 0;
    const unsigned char *p = (const unsigned char *)c->text;
    for (size_t left = strlen(c->text); left && n < CCHARW_MAX;) {
        uint32_t cp;
        int len = utf8_decode(p, left, &cp);
        if (!len)
            break;
        text[n++] = (wchar_t)cp;
        p += len;
        left -= (size_t)len;
    }
    text[n] = 0;
    struct looks k = theme_looks(s->theme, s->colors, c->style);
    attr_t a = (k.attr & ATTR_BOLD ? A_BOLD : 0) | (k.attr & ATTR_UNDERLINE ? A_UNDERLINE : 0) |
               (k.attr & ATTR_REVERSE ? A_REVERSE : 0);
    cchar_t cc;
    if (setcchar(&cc, n ? text : L" ", a, pair_of(s, k), NULL) == OK)
        mvadd_wch(y, x, &cc);
}

static int same_cell(const struct cell *a, const struct cell *b)
{
    return !memcmp(&a->style, &b->style, sizeof a->style) && !strcmp(a->text, b->text);
}

/* Cells that differ go to ncurses, which finds the cheapest bytes. */
static void put_changes(struct sink *s, const struct grid *g)
{
    for (int i = 0; i < g->h * g->w; i++) {
        const struct cell *now = &g->cells[i];
        struct cell *was = &s->last.cells[i];
        if (!s->fresh && same_cell(now, was))
            continue;
        *was = *now;
        if (now->text[0])
            put_cell(s, i / g->w, i % g->w, now);
    }
}

void sink_draw(struct sink *s, const struct grid *g)
{
    if (s->last.h != g->h || s->last.w != g->w) {
        if (grid_resize(&s->last, g->h, g->w))
            return;
        s->fresh = 1;
    }
    if (s->fresh)
        clear();
    put_changes(s, g);
    s->fresh = 0;
    int shown = g->cursor_y >= 0 && g->cursor_x >= 0 && g->cursor_y < g->h && g->cursor_x < g->w;
    curs_set(shown);
    move(shown ? g->cursor_y : g->h - 1, shown ? g->cursor_x : 0);
    refresh();
    collect(s);
}

int sink_flush(struct sink *s)
{
    while (s->sent < s->queue.len) {
        long k = tty_write(s->queue.data + s->sent, s->queue.len - s->sent);
        if (k <= 0)
            return k < 0 ? -1 : 1;
        s->sent += (size_t)k;
    }
    str_clear(&s->queue);
    s->sent = 0;
    return 0;
}

int sink_pending(const struct sink *s)
{
    return s->sent < s->queue.len;
}

void sink_resize(struct sink *s, int h, int w)
{
    const char *region = capability("csr");
    resizeterm(h, w);
    if (region && s->last.h) /* it homes the cursor: a whole frame comes next */
        str_add(&s->queue, tparm(region, 0, h - 1, 0, 0, 0, 0, 0, 0, 0));
    s->fresh = 1;
}

void sink_redraw(struct sink *s)
{
    s->fresh = 1;
}

/* endwin would reset the terminal's palette on the way back (OSC 104), which is not ours: the
 * restoring string leaves, and the alternate screen is entered again by hand. */
void sink_suspend(struct sink *s)
{
    char again[256] = "";
    str_clear(&s->queue);
    s->sent = 0;
    tty_suspend();
    pack_forget(&s->pack);
    add_capability(again, sizeof again, "smcup");
    str_add(&s->queue, again);
    str_add(&s->queue, s->enter);
    curs_set(1); /* as the restoring string left it */
    collect(s);
    s->fresh = 1;
}

void sink_set_theme(struct sink *s, int theme)
{
    s->theme = s->colors ? theme : THEME_MONO;
    s->fresh = 1;
}

int sink_theme(const struct sink *s)
{
    return s->theme;
}

void sink_title(struct sink *s, const char *title)
{
    char shown[128];
    if (s->o.title)
        str_addf(&s->queue, "\x1b]2;%s\x1b\\", visible(shown, sizeof shown, title));
}

void sink_raw(struct sink *s, const char *bytes, size_t n)
{
    str_addn(&s->queue, bytes, n);
}

void sink_bell(struct sink *s)
{
    str_add(&s->queue, "\a");
}
