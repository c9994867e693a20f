/* The help screen, drawn from the key table: what works here is bright, the rest dim. */
#include <stdio.h>
#include <string.h>

#include "ui/app/app_int.h"
#include "ui/term/sign.h"
#include "ui/widget/pane.h"
#include "ui/widget/table.h"

/* A line of help: an action, or a section's title (action ACT_NONE). */
struct line { int action; const char *title; };

static int matches(const char *find, int action)
{
    const struct action_info *i = &action_table[action];
    return !*find || strstr(i->name, find) || strstr(i->help, find) || strstr(i->word, find) ||
           !strcmp(i->keys, find);
}

static int collect(const struct help *h, struct line *out)
{
    const char *section = "";
    int n = 0;
    for (int a = 0; a < ACT_COUNT; a++) {
        if (!matches(h->find, a))
            continue;
        if (strcmp(section, action_section(a))) {
            section = action_section(a);
            out[n++] = (struct line){ ACT_NONE, section };
        }
        out[n++] = (struct line){ a, NULL };
    }
    return n;
}

static void step(const struct line *lines, int n, int *cursor, int by)
{
    int c = *cursor + by;
    while (c >= 0 && c < n && lines[c].action == ACT_NONE)
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
    a->help.cursor = a->help.top = 0;
}

void help_key(struct app *a, const char *name)
{
    struct line lines[ACT_COUNT * 2];
    struct help *h = &a->help;
    int n = collect(h, lines), action = action_of_key(name);
    if (n && h->cursor < n && lines[h->cursor].action == ACT_NONE)
        step(lines, n, &h->cursor, 1);
    switch (action) {
    case ACT_BACK:
        if (h->find[0]) {
            h->find[0] = 0;
            h->cursor = 0;
            return;
        }
        h->open = 0;
        return;
    case ACT_QUIT: case ACT_HELP:
        h->open = 0;
        return;
    case ACT_UP: step(lines, n, &h->cursor, -1); return;
    case ACT_DOWN: step(lines, n, &h->cursor, 1); return;
    case ACT_PAGE_UP: case ACT_FIRST:
        h->cursor = action == ACT_FIRST || h->cursor < 16 ? 0 : h->cursor - 15;
        step(lines, n, &h->cursor, 1);
        return;
    case ACT_PAGE_DOWN: case ACT_LAST:
        h->cursor = action == ACT_LAST || h->cursor + 15 >= n ? n : h->cursor + 15;
        step(lines, n, &h->cursor, -1);
        return;
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
        return;
    }
}

static void draw_action(struct app *a, struct grid *g, struct rect row, int action, int on)
{
    const struct action_info *i = &action_table[action];
    int can = app_can(a, action);
    char keys[64];
    snprintf(keys, sizeof keys, "%s%s", i->keys[0] ? i->keys : ":", i->keys[0] ? "" : i->name);
    if (on) {
        grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        g->cursor_y = row.y;
        g->cursor_x = row.x;
    }
    grid_text(g, row, row.y, row.x + 2, 13, STYLE(can ? ROLE_ACCENT : ROLE_DIM, 0), keys);
    grid_text(g, row, row.y, row.x + 16, row.w - 17, STYLE(can ? ROLE_TEXT : ROLE_DIM, 0), i->help);
    if (on)
        grid_back(g, (struct rect){ row.y, row.x, 1, row.w - 1 }, BACK_SELECTED);
}

void help_draw(struct app *a, struct grid *g, struct rect area)
{
    struct line lines[ACT_COUNT * 2];
    struct help *h = &a->help;
    int n = collect(h, lines), columns = area.w / 56;
    columns = columns < 1 ? 1 : columns > 3 ? 3 : columns;
    int rows = area.h - 1, w = area.w / columns;
    if (n && h->cursor < n && lines[h->cursor].action == ACT_NONE)
        step(lines, n, &h->cursor, 1);
    h->cursor = h->cursor >= n ? (n ? n - 1 : 0) : h->cursor;
    char found[96] = "";
    if (h->find[0])
        snprintf(found, sizeof found, "%d found for %s", n, h->find);
    const char *parts[] = { "keys", app_ops(a)->help, found };
    grid_fill(g, area, STYLE(ROLE_TEXT, 0), " ");
    pane_title(g, area.y, area.x, area.w, 1, parts, 3);
    if (rows < 1)
        return;
    /* Enough columns: newspaper order on one page; else one long list that scrolls by the page. */
    int page = rows * columns;
    h->top = n <= page ? 0 : table_top(h->top, h->cursor, page, n);
    if (!h->cursor || (h->cursor == 1 && h->top == 1))
        h->top = 0;
    for (int i = 0; i < page && h->top + i < n; i++) {
        const struct line *l = &lines[h->top + i];
        struct rect row = { area.y + 1 + i % rows, area.x + i / rows * w, 1, w };
        if (l->action == ACT_NONE)
            grid_text(g, row, row.y, row.x + 1, -1, STYLE(ROLE_TEXT, ATTR_BOLD), l->title);
        else
            draw_action(a, g, row, l->action, h->top + i == h->cursor);
    }
}
