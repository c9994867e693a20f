/* The one-line field in the status line. Its list, where it has one, is in choose.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/app/app_int.h"

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
    f->bad = -1;
    a->dirty = 1;
}

void app_remark(struct app *a, int at, const char *text)
{
    a->field.bad = at;
    snprintf(a->field.remark, sizeof a->field.remark, "%s", text);
}

void app_prompt_path(struct app *a, const char *label, const char *start, const char *end,
                     void (*done)(void *ud, const char *text),
                     void (*change)(void *ud, const char *text), void *ud)
{
    app_prompt(a, label, start, done, change, ud);
    a->field.path = 1;
    a->field.chosen = -1;
    snprintf(a->field.end, sizeof a->field.end, "%s", end);
}

void app_prompt_present(struct app *a)
{
    a->field.present = 1;
}

void app_prompt_over(struct app *a)
{
    a->field.fresh = a->field.text[0] != 0;
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
    if (f->fresh)
        f->text[0] = f->caret = f->fresh = 0;
    size_t n = strlen(text), len = strlen(f->text);
    if (len + n >= sizeof f->text) { /* what fits, up to a whole character */
        n = sizeof f->text - 1 - len;
        while (n && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
    }
    memmove(f->text + f->caret + n, f->text + f->caret, len - f->caret + 1);
    memcpy(f->text + f->caret, text, n);
    f->caret += n;
}

static void erase(struct field *f, size_t from, size_t to)
{
    memmove(f->text + from, f->text + to, strlen(f->text + to) + 1);
    f->caret = from;
}

/* 1: Enter takes the text. A path that must be there, and is not, is said. */
static int acceptable(struct app *a)
{
    char missing[120], said[160];
    if (!a->field.present || !a->field.text[0] || !path_missing(a->field.text, missing, sizeof missing))
        return 1;
    snprintf(said, sizeof said, "not there: %s", missing);
    app_remark(a, -1, said);
    return 0;
}

static void finish(struct app *a, int accept)
{
    struct field f = a->field;
    char full[APP_FIELD];
    a->field.open = 0;
    if (accept && !f.palette && f.item && f.chosen >= 0)
        choice_take(&f, f.chosen);
    if (f.path)
        path_expand(f.text, full, sizeof full);
    f.done(f.ud, !accept ? NULL : f.path ? full : f.text);
}

/* 1: the text changed. */
static int edit(struct field *f, const char *name)
{
    char old[APP_FIELD];
    size_t len = strlen(f->text), was = f->caret;
    memcpy(old, f->text, len + 1);
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
    return strcmp(f->text, old) != 0;
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
    } else if (f->path && f->chosen >= 0 && !strcmp(k->name, "Enter")) {
        path_take(f, f->chosen);
        changed = 1;
        if (f->text[strlen(f->text) - 1] != '/') { /* a directory is gone into */
            finish(a, 1);
            return;
        }
    } else if (!strcmp(k->name, "Enter")) {
        if (acceptable(a))
            finish(a, 1);
        return;
    } else if (f->path && (!strcmp(k->name, "Up") || !strcmp(k->name, "Down"))) {
        path_move(f, *k->name == 'U' ? -1 : 1);
    } else if (f->path && !strcmp(k->name, "Tab")) {
        path_take(f, f->chosen);
        changed = 1;
    } else if (f->item && !strcmp(k->name, "Up")) {
        choice_move(f, -1);
    } else if (f->item && !strcmp(k->name, "Down")) {
        choice_move(f, 1);
    } else if (f->item && !strcmp(k->name, "Tab")) {
        choice_take(f, f->chosen < 0 ? 0 : f->chosen);
        if (f->change)
            f->change(f->ud, f->text);
    } else if (f->palette && !strcmp(k->name, "Backspace") && !f->text[0]) {
        finish(a, 0);
        return;
    } else {
        char meant[4][16]; /* names of commands have no Hangul: those are the keys that were struck */
        int n = f->palette ? keys_meant(k->name, meant) : 0;
        for (int i = 0; i < n; i++)
            changed |= edit(f, meant[i]);
        if (!f->palette)
            changed = edit(f, k->name);
    }
    f->fresh = 0;
    if (changed) {
        f->chosen = f->palette ? 0 : -1;
        f->remark[0] = f->present ? 0 : f->remark[0];
        if (f->change)
            f->change(f->ud, f->text);
    }
}

#define REMARK_LEAST 12 /* columns */

/* What is wrong in the text, which begins at x. */
static void draw_bad(const struct field *f, struct grid *g, struct rect box, int x)
{
    char part[APP_FIELD];
    snprintf(part, (size_t)f->bad + 1, "%s", f->text);
    x += text_columns(part);
    size_t end = after(f->text, (size_t)f->bad);
    snprintf(part, end - (size_t)f->bad + 1, "%s", f->text + f->bad);
    if (x >= box.x)
        grid_text(g, box, box.y, x, -1, STYLE(ROLE_BAD, ATTR_UNDERLINE), part);
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
    int w = grid_text(g, box, line.y, x - skip, room + skip, STYLE(ROLE_TEXT, 0), f->text);
    if (f->fresh)
        grid_back(g, (struct rect){ line.y, x, 1, w - skip < room ? w - skip : room }, BACK_SELECTED);
    if (f->bad >= 0 && f->text[f->bad])
        draw_bad(f, g, box, x - skip);
    int behind = x - skip + w + 2, rest = line.x + line.w - 1 - behind;
    if (f->remark[0] && rest >= REMARK_LEAST)
        grid_end(g, line, line.y, behind, rest, STYLE(f->bad < 0 && !f->present ? ROLE_DIM : ROLE_WARN, 0),
                 f->remark);
    else if (f->nchoices && rest >= REMARK_LEAST) {
        snprintf(head, sizeof head, "%d/%d", f->chosen + 1, f->nchoices);
        grid_right(g, line, line.y, behind, rest, STYLE(ROLE_DIM, 0), head);
    }
    g->cursor_y = line.y;
    g->cursor_x = x + at - skip;
}
