/* The help screen, drawn from the key table: first what the screen can do now, then the rest, where
 * what does not work here is dim. */
#include <stdio.h>
#include <string.h>

#include "src/base/str.h"
#include "ui/app/app_int.h"
#include "ui/term/sign.h"
#include "ui/widget/pane.h"
#include "ui/widget/wrap.h"

/* What is no key: a sign or word of the screens, and what it means. */
static const struct { const char *sign, *what; } legend[] = {
#define L(sign, what) { sign, what },
#include "ui/app/legend.def"
#undef L
};
#define LEGENDS ((int)(sizeof legend / sizeof legend[0]))
#define HELP_LINES (2 * ACT_COUNT + LEGENDS + 2)

/* A line of help: an action, a section's title (action ACT_NONE), or a row of the legend. */
struct line { int action; const char *title, *sign, *what; };

static int matches(const char *find, int action)
{
    const struct action_info *i = &action_table[action];
    return !*find || str_contains(i->name, find) || str_contains(i->help, find) || str_contains(i->word, find) ||
           !strcmp(i->keys, find);
}

/* 1: works on every screen alike. */
static int general(int action)
{
    const char *section = action_section(action);
    return !strcmp(section, "Anywhere") || (!strcmp(section, "Move") && action != ACT_ENTER);
}

/* What the screen can do now, in the order of the footer; own[a]: it is there. */
static int collect_own(struct app *a, struct line *out, char own[ACT_COUNT])
{
    int n = 0;
    for (int p = 1; p <= 100; p++)
        for (int i = 0; i < ACT_COUNT; i++) {
            int place = app_place(a, i);
            if (general(i) || (place ? place : 100) != p || !matches(a->help.find, i) || !app_can(a, i))
                continue;
            if (!n)
                out[n++] = (struct line){ .action = ACT_NONE, .title = "On this screen" };
            own[i] = 1;
            out[n++] = (struct line){ .action = i, .what = action_table[i].help };
        }
    return n;
}

static int collect(struct app *app, struct line *out)
{
    const struct help *h = &app->help;
    const char *section = "";
    char own[ACT_COUNT] = { 0 };
    int n = collect_own(app, out, own);
    for (int a = 0; a < ACT_COUNT; a++) {
        if (own[a] || !matches(h->find, a))
            continue;
        if (strcmp(section, action_section(a))) {
            section = action_section(a);
            out[n++] = (struct line){ .action = ACT_NONE, .title = section };
        }
        out[n++] = (struct line){ .action = a, .what = action_table[a].help };
    }
    for (int i = 0, any = 0; i < LEGENDS; i++) {
        if (*h->find && !str_contains(legend[i].sign, h->find) && !str_contains(legend[i].what, h->find))
            continue;
        if (!any++)
            out[n++] = (struct line){ .action = ACT_NONE, .title = "Signs and words" };
        out[n++] = (struct line){ .action = ACT_NONE, .sign = legend[i].sign, .what = legend[i].what };
    }
    return n;
}

static void step(const struct line *lines, int n, int *cursor, int by)
{
    int c = *cursor + by;
    while (c >= 0 && c < n && lines[c].title)
        c += by < 0 ? -1 : 1;
    if (c >= 0 && c < n)
        *cursor = c;
}

static void find_done(void *ud, const char *text)
{
    struct app *a = ud;
    if (!text)
        a->help.find[0] = 0;
}

static void find_change(void *ud, const char *text)
{
    struct app *a = ud;
    snprintf(a->help.find, sizeof a->help.find, "%s", text);
    a->help.cursor = 0;
}

/* A key that does nothing in help shows its own line, and says how it is run. */
static void show_line(struct app *a, const struct line *lines, int n, int action)
{
    for (int i = 0; i < n; i++)
        if (lines[i].action == action && action != ACT_NONE) {
            a->help.cursor = i;
            app_note(a, "%s", app_can(a, action) ? "Enter runs it, Esc closes help"
                                                          : "not here; Esc closes help");
            return;
        }
    app_note(a, "Esc closes help");
}

void help_key(struct app *a, const char *name)
{
    struct line lines[HELP_LINES];
    struct help *h = &a->help;
    int n = collect(a, lines), action = action_of_key(name);
    if (n && h->cursor < n && lines[h->cursor].title)
        step(lines, n, &h->cursor, 1);
    switch (action) {
    case ACT_BACK: case ACT_QUIT: case ACT_HELP:
        h->open = 0;
        return;
    case ACT_SCREEN1: case ACT_SCREEN2: case ACT_SCREEN3: case ACT_SCREEN4: case ACT_SCREEN5:
    case ACT_SCREEN6: case ACT_SCREEN7:
        h->open = 0;
        app_act(a, action);
        return;
    case ACT_UP: step(lines, n, &h->cursor, -1); return;
    case ACT_DOWN: step(lines, n, &h->cursor, 1); return;
    case ACT_PAGE_UP: case ACT_FIRST:
        h->cursor = action == ACT_FIRST || !h->page ? -1 : h->first[h->page - 1] - 1;
        step(lines, n, &h->cursor, 1);
        return;
    case ACT_PAGE_DOWN: case ACT_LAST: {
        int last = action == ACT_LAST || h->page + 1 >= h->pages;
        h->cursor = last ? n : h->first[h->page + 1] - 1;
        step(lines, n, &h->cursor, last ? -1 : 1);
        return;
    }
    case ACT_FIND: case ACT_FILTER:
        app_prompt(a, "find key:", h->find, find_done, find_change, a);
        return;
    case ACT_ENTER:
        if (h->cursor < n && lines[h->cursor].action != ACT_NONE) {
            h->open = 0;
            app_act(a, lines[h->cursor].action);
        }
        return;
    default:
        show_line(a, lines, n, action);
        return;
    }
}

/* Rows of help at a width; the text in several where it does not fit. */
#define HELP_TEXT 19 /* where it begins */
#define HELP_COLUMN 56
static int rows_of(const struct line *l, int w)
{
    struct rect r = { 0, 0, 1000, w - HELP_TEXT - 1 };
    int n = l->title ? 1 : wrap_text(NULL, r, STYLE(ROLE_TEXT, 0), l->what);
    return n < 1 ? 1 : n;
}

static void draw_line(struct app *a, struct grid *g, struct rect area, const struct line *l, int on)
{
    int can = l->action == ACT_NONE || app_can(a, l->action);
    char keys[64];
    if (l->action == ACT_NONE) {
        snprintf(keys, sizeof keys, "%s", l->sign);
    } else {
        const struct action_info *i = &action_table[l->action];
        snprintf(keys, sizeof keys, "%s%s", i->keys[0] ? i->keys : ":", i->keys[0] ? "" : i->name);
    }
    if (on) {
        grid_cell(g, area, area.y, area.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        g->cursor_y = area.y;
        g->cursor_x = area.x;
    }
    struct rect text = { area.y, area.x + HELP_TEXT, area.h, area.w - HELP_TEXT - 1 };
    grid_middle(g, area, area.y, area.x + 2, 16, STYLE(can ? ROLE_ACCENT : ROLE_DIM, 0), keys);
    wrap_text(g, text, STYLE(can ? ROLE_TEXT : ROLE_DIM, 0), l->what);
    if (on)
        grid_back(g, (struct rect){ area.y, area.x, area.h, area.w - 1 }, BACK_SELECTED);
}

/* Where every line stands: its page, column and row. A text is never torn. Returns the pages. */
struct place { int page, column, row, h; };
static int places(const struct line *lines, int n, int rows, int columns, int w, struct place *out)
{
    struct place p = { 0, 0, 0, 0 };
    for (int i = 0; i < n; i++) {
        int title = lines[i].title != NULL;
        int need = (p.h = rows_of(&lines[i], w)) + (title && i + 1 < n ? rows_of(&lines[i + 1], w) : 0);
        if (p.row && p.row + need > rows) {
            p.row = 0;
            p.page += ++p.column == columns;
            p.column %= columns;
        }
        out[i] = p;
        p.row += p.h;
    }
    return p.page + 1;
}

void help_draw(struct app *a, struct grid *g, struct rect area)
{
    struct line lines[HELP_LINES];
    struct place at[HELP_LINES] = { 0 };
    struct help *h = &a->help;
    int n = collect(a, lines), columns = area.w / HELP_COLUMN;
    columns = columns < 1 ? 1 : columns > 3 ? 3 : columns;
    int rows = area.h - 1, w = area.w / columns;
    char found[96] = "", more[48] = "";
    if (n && h->cursor < n && lines[h->cursor].title)
        step(lines, n, &h->cursor, 1);
    h->cursor = h->cursor >= n ? (n ? n - 1 : 0) : h->cursor;
    h->pages = rows < 1 ? 1 : places(lines, n, rows, columns, w, at);
    h->page = n && rows > 0 ? at[h->cursor].page : 0;
    for (int i = n - 1; i >= 0 && rows > 0; i--)
        h->first[at[i].page] = i;
    int hits = 0;
    for (int i = 0; i < n; i++)
        hits += !lines[i].title;
    h->runs = n && lines[h->cursor].action != ACT_NONE && app_can(a, lines[h->cursor].action);
    if (h->find[0])
        snprintf(found, sizeof found, "%d found for %s", hits, h->find);
    if (h->pages > 1)
        snprintf(more, sizeof more, h->page + 1 < h->pages ? "page %d of %d, PgDn for more" : "page %d of %d",
                 h->page + 1, h->pages);
    const char *parts[] = { "keys", more, app_ops(a)->help, found };
    grid_fill(g, area, STYLE(ROLE_TEXT, 0), " ");
    pane_title(g, area.y, area.x, area.w, 1, parts, 4);
    for (int i = 0; i < n && rows > 0; i++) {
        const struct line *l = &lines[i];
        struct rect part = { area.y + 1 + at[i].row, area.x + at[i].column * w, at[i].h, w };
        if (at[i].page != h->page)
            continue;
        if (l->title)
            grid_text(g, part, part.y, part.x + 1, -1, STYLE(ROLE_TEXT, ATTR_BOLD), l->title);
        else
            draw_line(a, g, part, l, i == h->cursor);
    }
}
