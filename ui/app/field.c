/* The one-line field in the status line, and the palette, which is a field with a list. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/visible.h"
#include "ui/app/app_int.h"
#include "ui/term/sign.h"

#define PALETTE_ROWS 10

void app_prompt(struct app *a, const char *label, const char *start,
                void (*done)(void *ud, const char *text), void (*change)(void *ud, const char *text),
                void *ud)
{
    struct field *f = &a->field;
    memset(f, 0, sizeof *f);
    f->open = 1;
    snprintf(f->label, sizeof f->label, "%s", label);
    snprintf(f->text, sizeof f->text, "%s", start ? start : "");
    f->caret = strlen(f->text);
    f->done = done;
    f->change = change;
    f->ud = ud;
    a->dirty = 1;
}

/* Whole words of the name that begin with the text come first, then any place in it. */
int palette_matches(struct app *a, const char *text, int *out, int max)
{
    int n = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < ACT_COUNT && n < max; i++) {
            const char *at = strstr(action_table[i].name, text);
            if (!at || (at == action_table[i].name) != (pass == 0))
                continue;
            if (i != ACT_PALETTE && app_can(a, i))
                out[n++] = i;
        }
    }
    return n;
}

static void palette_done(void *ud, const char *text)
{
    struct app *a = ud;
    int match[ACT_COUNT];
    if (!text)
        return;
    int n = palette_matches(a, text, match, ACT_COUNT);
    int exact = action_find(text);
    int chosen = a->field.chosen;
    if (exact != ACT_NONE && !chosen)
        app_act(a, exact);
    else if (n && *text)
        app_act(a, match[chosen < n ? chosen : 0]);
    else if (n && chosen)
        app_act(a, match[chosen < n ? chosen : 0]);
    else if (*text)
        app_say(a, SEV_WARN, "There is no command %s; : then Tab lists them", text);
}

void palette_open(struct app *a)
{
    app_prompt(a, ":", "", palette_done, NULL, a);
    a->field.palette = 1;
}

static size_t before(const char *s, size_t at)
{
    while (at > 0 && ((unsigned char)s[--at] & 0xC0) == 0x80)
        ;
    return at;
}

static size_t after(const char *s, size_t at)
{
    if (s[at])
        at++;
    while (((unsigned char)s[at] & 0xC0) == 0x80)
        at++;
    return at;
}

static void insert(struct field *f, const char *text)
{
    size_t n = strlen(text), len = strlen(f->text);
    if (len + n >= sizeof f->text)
        return;
    memmove(f->text + f->caret + n, f->text + f->caret, len - f->caret + 1);
    memcpy(f->text + f->caret, text, n);
    f->caret += n;
}

static void erase(struct field *f, size_t from, size_t to)
{
    memmove(f->text + from, f->text + to, strlen(f->text + to) + 1);
    f->caret = from;
}

static void move_choice(struct app *a, int by)
{
    int match[ACT_COUNT], n = palette_matches(a, a->field.text, match, ACT_COUNT);
    int c = a->field.chosen + by;
    a->field.chosen = n ? (c < 0 ? n - 1 : c >= n ? 0 : c) : 0;
}

static void complete(struct app *a)
{
    struct field *f = &a->field;
    int match[ACT_COUNT], n = palette_matches(a, f->text, match, ACT_COUNT);
    if (!n)
        return;
    snprintf(f->text, sizeof f->text, "%s", action_table[match[f->chosen < n ? f->chosen : 0]].name);
    f->caret = strlen(f->text);
    f->chosen = 0;
}

static void finish(struct app *a, int accept)
{
    struct field f = a->field;
    a->field.open = 0;
    f.done(f.ud, accept ? f.text : NULL);
}

/* 1: the text changed. */
static int edit(struct field *f, const char *name)
{
    size_t len = strlen(f->text), was = f->caret;
    if (!strcmp(name, "Left") || !strcmp(name, "^B"))
        f->caret = before(f->text, f->caret);
    else if (!strcmp(name, "Right") || !strcmp(name, "^F"))
        f->caret = after(f->text, f->caret);
    else if (!strcmp(name, "Home") || !strcmp(name, "^A"))
        f->caret = 0;
    else if (!strcmp(name, "End") || !strcmp(name, "^E"))
        f->caret = len;
    else if (!strcmp(name, "Backspace"))
        erase(f, before(f->text, f->caret), was);
    else if (!strcmp(name, "Delete"))
        erase(f, f->caret, after(f->text, f->caret));
    else if (!strcmp(name, "^U"))
        erase(f, 0, f->caret);
    else if (!strcmp(name, "^K"))
        f->text[f->caret] = 0;
    else if (!strcmp(name, "^W")) {
        size_t from = f->caret;
        while (from && f->text[from - 1] == ' ')
            from--;
        while (from && f->text[from - 1] != ' ')
            from--;
        erase(f, from, f->caret);
    } else if (!strcmp(name, "Space"))
        insert(f, " ");
    else if (name[0] != '^' ? ((unsigned char)name[0] >= 0x80 || !name[1]) : !name[1])
        insert(f, name);
    return strlen(f->text) != len;
}

void field_key(struct app *a, const struct key *k)
{
    struct field *f = &a->field;
    int changed = 0;
    if (k->kind == KEY_PASTE) {
        for (char *p = k->paste; *p; p++) /* one line: breaks become spaces */
            if ((unsigned char)*p < 0x20)
                *p = ' ';
        insert(f, k->paste);
        changed = 1;
    } else if (!strcmp(k->name, "Esc") || !strcmp(k->name, "^C")) {
        finish(a, 0);
        return;
    } else if (!strcmp(k->name, "Enter")) {
        finish(a, 1);
        return;
    } else if (f->palette && !strcmp(k->name, "Up")) {
        move_choice(a, -1);
    } else if (f->palette && !strcmp(k->name, "Down")) {
        move_choice(a, 1);
    } else if (f->palette && !strcmp(k->name, "Tab")) {
        complete(a);
    } else if (f->palette && !strcmp(k->name, "Backspace") && !f->text[0]) {
        finish(a, 0);
        return;
    } else {
        changed = edit(f, k->name);
    }
    if (changed) {
        f->chosen = 0;
        if (f->change)
            f->change(f->ud, f->text);
    }
}

void field_draw(struct app *a, struct grid *g, struct rect line)
{
    struct field *f = &a->field;
    char head[APP_FIELD];
    int x = line.x;
    if (!f->palette)
        x += grid_text(g, line, line.y, x, -1, STYLE(ROLE_ACCENT, ATTR_BOLD), "EDIT ");
    x += grid_text(g, line, line.y, x, -1, STYLE(ROLE_ACCENT, ATTR_BOLD), f->label);
    x += f->palette ? 0 : 1;
    memcpy(head, f->text, f->caret);
    head[f->caret] = 0;
    int at = text_columns(head), room = line.x + line.w - x;
    int skip = at >= room && room > 0 ? at - room + 1 : 0; /* the caret stays in sight */
    struct rect box = { line.y, x, 1, room };
    grid_text(g, box, line.y, x - skip, room + skip, STYLE(ROLE_TEXT, 0), f->text);
    g->cursor_y = line.y;
    g->cursor_x = x + at - skip;
}

void palette_draw(struct app *a, struct grid *g, struct rect area)
{
    int match[ACT_COUNT], n = palette_matches(a, a->field.text, match, ACT_COUNT);
    int rows = n < PALETTE_ROWS ? n : PALETTE_ROWS;
    rows = rows > area.h ? area.h : rows;
    int top = a->field.chosen >= rows ? a->field.chosen - rows + 1 : 0;
    int y0 = area.y + area.h - rows;
    for (int i = 0; i < rows; i++) {
        const struct action_info *info = &action_table[match[top + i]];
        struct rect row = { y0 + i, area.x, 1, area.w };
        char key[16];
        int on = top + i == a->field.chosen;
        grid_fill(g, row, STYLE(ROLE_TEXT, 0), " ");
        if (on)
            grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        grid_text(g, row, row.y, row.x + 2, 18, STYLE(ROLE_TEXT, ATTR_BOLD), info->name);
        if (action_key(match[top + i], 0, key, sizeof key))
            grid_text(g, row, row.y, row.x + 21, 8, STYLE(ROLE_ACCENT, 0), key);
        grid_text(g, row, row.y, row.x + 30, -1, STYLE(ROLE_DIM, 0), info->help);
        if (on)
            grid_back(g, row, BACK_SELECTED);
    }
}
