/* A field with a list above it that narrows as one types; the palette is one of the actions. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "src/base/str.h"
#include "ui/app/app_int.h"
#include "ui/term/sign.h"

#define CHOICE_ROWS 10 /* or half of the screen */

/* Where the word that the list completes begins, after a first '-' or '='; the palette completes
 * all of its text. */
static size_t word_start(const struct field *f)
{
    size_t at = strlen(f->text), least = f->text[0] == '-' || f->text[0] == '=';
    if (f->palette)
        return 0;
    while (at > least && !strchr(" ,(", f->text[at - 1]))
        at--;
    return at;
}

/* The item that is the word comes first, then those that begin with it, then those that have it. */
int choice_matches(const struct field *f, int *out, int max)
{
    const char *text = f->text + word_start(f);
    struct choice c;
    int n = 0;
    text = strcmp(text, "?") ? text : ""; /* asked for: all */
    for (int pass = 0; pass < 3; pass++) {
        for (int i = 0; n < max && f->item(f->ud, i, &c); i++) {
            int rank = !strcasecmp(c.name, text) ? 0 : !strncasecmp(c.name, text, strlen(text)) ? 1 : 2;
            if (c.name[0] && rank == pass && (rank < 2 || str_contains(c.name, text)))
                out[n++] = i;
        }
    }
    return n;
}

void choice_move(struct field *f, int by)
{
    int match[CHOICES], n = choice_matches(f, match, CHOICES), c = f->chosen + by;
    f->chosen = n ? (c < 0 ? n - 1 : c >= n ? 0 : c) : f->palette - 1;
}

void choice_take(struct field *f, int which)
{
    int match[CHOICES], n = choice_matches(f, match, CHOICES);
    struct choice c;
    size_t at = word_start(f);
    if (!n || !f->item(f->ud, match[which < n ? which : 0], &c))
        return;
    snprintf(f->text + at, sizeof f->text - at, "%s", c.name);
    f->caret = strlen(f->text);
    f->chosen = f->palette - 1;
}

void app_choose(struct app *a, const char *label, const char *start,
                int (*item)(void *ud, int i, struct choice *out),
                void (*done)(void *ud, const char *text), void (*change)(void *ud, const char *text),
                void *ud)
{
    app_prompt(a, label, start, done, change, ud);
    a->field.item = item;
    a->field.chosen = -1;
}

/* The action at a place of the palette: what screens do comes before what works everywhere. */
static int palette_action(int place)
{
    for (int everywhere = 0; everywhere < 2; everywhere++)
        for (int i = 0; i < ACT_COUNT; i++) {
            const char *section = action_section(i);
            int general = !strcmp(section, "Anywhere") || !strcmp(section, "Move");
            if (general == everywhere && !place--)
                return i;
        }
    return ACT_NONE;
}

/* The actions, then what the screen adds. */
static int palette_item(void *ud, int place, struct choice *out)
{
    int i = place < ACT_COUNT ? palette_action(place) : place;
    struct app *a = ud;
    const struct screen_ops *ops = app_ops(a);
    memset(out, 0, sizeof *out);
    if (i >= ACT_COUNT)
        return ops->command && ops->command(app_self(a), a, i - ACT_COUNT, out);
    if (i == ACT_PALETTE || !app_can(a, i))
        return 1;
    snprintf(out->name, sizeof out->name, "%s", action_table[i].name);
    snprintf(out->help, sizeof out->help, "%s", action_table[i].help);
    if (!action_key(i, 0, out->key, sizeof out->key))
        out->key[0] = 0;
    return 1;
}

static void run_item(struct app *a, int place)
{
    struct choice c;
    if (place < ACT_COUNT)
        app_act(a, palette_action(place));
    else if (palette_item(a, place, &c))
        app_ops(a)->run_command(app_self(a), a, c.name);
}

static void palette_done(void *ud, const char *text)
{
    struct app *a = ud;
    int match[CHOICES], exact = text ? action_find(text) : ACT_NONE, chosen = a->field.chosen;
    if (!text)
        return;
    int n = choice_matches(&a->field, match, CHOICES);
    if (exact != ACT_NONE && !chosen)
        app_act(a, exact);
    else if (n && (*text || chosen))
        run_item(a, match[chosen < n ? chosen : 0]);
    else if (*text)
        app_say(a, SEV_WARN, "There is no command %s; : then Tab lists them", text);
}

void palette_open(struct app *a)
{
    app_choose(a, ":", "", palette_item, palette_done, NULL, a);
    a->field.palette = 1;
    a->field.chosen = 0;
}

void choice_draw(struct app *a, struct grid *g, struct rect area)
{
    const struct field *f = &a->field;
    int match[CHOICES], n = choice_matches(f, match, CHOICES);
    int rows = area.h / 2 > CHOICE_ROWS ? area.h / 2 : CHOICE_ROWS;
    rows = rows > n ? n : rows;
    rows = rows > area.h ? area.h : rows;
    a->field.nchoices = n > rows ? n : 0;
    int top = f->chosen >= rows ? f->chosen - rows + 1 : 0, y0 = area.y + area.h - rows;
    for (int i = 0; i < rows; i++) {
        struct choice c;
        struct rect row = { y0 + i, area.x, 1, area.w };
        int on = top + i == f->chosen;
        if (!f->item(f->ud, match[top + i], &c))
            return;
        grid_fill(g, row, STYLE(ROLE_TEXT, 0), " ");
        if (on)
            grid_cell(g, row, row.y, row.x, STYLE(ROLE_ACCENT, 0), sign(SIGN_CURSOR));
        grid_end(g, row, row.y, row.x + 2, c.key[0] ? 18 : 27, STYLE(ROLE_TEXT, ATTR_BOLD), c.name);
        grid_text(g, row, row.y, row.x + 21, 8, STYLE(ROLE_ACCENT, 0), c.key);
        grid_end(g, row, row.y, row.x + 30, row.w - 31, STYLE(ROLE_DIM, 0), c.help);
        if (on)
            grid_back(g, row, BACK_SELECTED);
    }
}
