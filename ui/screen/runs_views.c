/* What the list of runs shows: the choice of columns, and views, which are a filter, an order,
 * columns and groups under a name, kept in the state file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "src/base/err.h"
#include "src/event/event.h"
#include "ui/screen/runs.h"

#define VIEW "runs.view."
#define PART "\x1f"        /* between the parts of a view */
#define COMMAND "views "   /* before a view's name in the palette */

const char *runs_column_title(const struct runs *s, int col)
{
    return col < 0           ? "started"
           : col < COL_COUNT ? run_columns[col].title
                             : filter_name(s->extra[col - COL_COUNT]);
}

/* Titles of columns, where a space stands for itself or for '_'. */
static int title_is(const char *title, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncasecmp(title + i, text + i, 1) && !(title[i] == ' ' && text[i] == '_'))
            return 0;
    return 1;
}

int runs_find_column(const struct runs *s, const char *name)
{
    for (int exact = 1; exact >= 0; exact--)
        for (int c = -1; c < COL_COUNT + s->nextra; c++)
            if (title_is(runs_column_title(s, c), name, strlen(name) + (size_t)exact))
                return c;
    return -2;
}

/* A name for a heading as one word. */
static void one_word(const char *title, char *out, size_t size)
{
    snprintf(out, size, "%s", title);
    for (char *p = out; *p; p++)
        *p = *p == ' ' ? '_' : *p;
}

static void no_column(struct runs *s, const char *name)
{
    snprintf(s->error, sizeof s->error, "there is no column or field %.40s", name);
}

int runs_choose_columns(struct runs *s, const char *text)
{
    char copy[sizeof s->columns_text], *rest, *word;
    uint8_t chosen[COL_COUNT] = { 0 };
    int extra[RUN_EXTRA], n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (word = strtok_r(copy, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
        int c = 0, field;
        while (c < COL_COUNT && !title_is(run_columns[c].title, word, strlen(word) + 1))
            c++;
        if (c < COL_COUNT) {
            chosen[c] = 1;
            continue;
        }
        field = filter_find(word);
        if (field < 0 || n == RUN_EXTRA) {
            no_column(s, word);
            if (field >= 0)
                snprintf(s->error, sizeof s->error, "at most %d columns of your own", RUN_EXTRA);
            return E_USAGE;
        }
        extra[n++] = field;
    }
    memcpy(s->extra, extra, sizeof extra[0] * (size_t)n);
    memcpy(s->chosen, chosen, sizeof chosen);
    s->nextra = n;
    s->scroll = 0;
    if (s->sort >= COL_COUNT + n)
        s->sort = -1;
    snprintf(s->columns_text, sizeof s->columns_text, "%s", text);
    return 0;
}

static int column_item(void *ud, int i, struct choice *out)
{
    (void)ud;
    memset(out, 0, sizeof *out);
    if (i >= COL_COUNT)
        return filter_item(NULL, i - COL_COUNT, out);
    one_word(run_columns[i].title, out->name, sizeof out->name);
    return 1;
}

static int sort_item(void *ud, int i, struct choice *out)
{
    const struct runs *s = ud;
    memset(out, 0, sizeof *out);
    if (i - 1 >= COL_COUNT + s->nextra)
        return 0;
    if (i - 1 != COL_TREND)
        one_word(runs_column_title(s, i - 1), out->name, sizeof out->name);
    return 1;
}

static int group_item(void *ud, int i, struct choice *out)
{
    (void)ud;
    memset(out, 0, sizeof *out);
    if (i)
        return filter_item(NULL, i - 1, out);
    snprintf(out->name, sizeof out->name, "seeds");
    snprintf(out->help, sizeof out->help, "runs that differ in nothing but the seed");
    return 1;
}

static void columns_done(void *ud, const char *text)
{
    struct runs *s = ud;
    if (!text)
        return;
    if (runs_choose_columns(s, text)) {
        app_say(s->app, SEV_WARN, "%s", s->error);
        return;
    }
    app_set_state(s->app, "runs.columns", s->columns_text);
    runs_arrange(s);
}

static void group_done(void *ud, const char *text)
{
    struct runs *s = ud;
    if (!text)
        return;
    if (runs_group_by(s, text)) {
        app_say(s->app, SEV_WARN, "%s", s->error);
        return;
    }
    app_set_state(s->app, "runs.group", s->group_text);
    runs_arrange(s);
}

static void sort_done(void *ud, const char *text)
{
    struct runs *s = ud;
    if (!text || !*text)
        return;
    int c = runs_find_column(s, text);
    if (c == -2) {
        app_say(s->app, SEV_WARN, "There is no column %s", text);
        return;
    }
    s->sort = -2; /* none: in its own direction */
    runs_sort_by(s, c);
}

void runs_sort_by(struct runs *s, int c)
{
    if (c == COL_TREND)
        return;
    s->descending = c == s->sort ? !s->descending
                                 : c < 0 || c == COL_AUC || c == COL_STEP || c == COL_TOKENS || c == COL_RATE;
    s->sort = c;
    runs_keep_sort(s);
}

void runs_keep_sort(struct runs *s)
{
    char text[32];
    snprintf(text, sizeof text, "%d %d", s->sort, s->descending);
    app_set_state(s->app, "runs.sort", text);
    runs_arrange(s);
}

void runs_ask_columns(struct runs *s)
{
    char start[sizeof s->columns_text + 1];
    snprintf(start, sizeof start, "%s%s", s->columns_text, s->columns_text[0] ? " " : "");
    app_choose(s->app, "columns (none: those that fit):", start, column_item, columns_done, NULL, s);
}

void runs_ask_group(struct runs *s)
{
    app_choose(s->app, "group by, such as seeds or tie (empty: no groups):", s->group_text, group_item, group_done,
               NULL, s);
}

void runs_ask_sort(struct runs *s)
{
    app_choose(s->app, "sort by:", "", sort_item, sort_done, NULL, s);
}

/* "KEY<TAB>VALUE", or "KEY" of a view that was not there. */
static int view_before(struct app *a, int64_t unused, const char *text)
{
    char key[128];
    size_t n = strcspn(text, "\t");
    (void)unused;
    snprintf(key, sizeof key, "%.*s", (int)n, text);
    if (text[n])
        app_set_state(a, key, text + n + 1);
    else
        app_drop_state(a, key);
    return 0;
}

static void remember(struct runs *s, const char *key, const char *what, const char *name)
{
    char before[128 + APP_STATE_VALUE + 2], undone[96];
    const char *value = app_state(s->app, key);
    snprintf(before, sizeof before, "%s%s%s", key, value ? "\t" : "", value ? value : "");
    snprintf(undone, sizeof undone, "%s view %s", what, name);
    app_undo(s->app, undone, view_before, 0, before);
}

static void save(struct runs *s, const char *name)
{
    char key[128], value[APP_STATE_VALUE], sort[64];
    one_word(runs_column_title(s, s->sort), sort, sizeof sort);
    snprintf(key, sizeof key, VIEW "%s", name);
    snprintf(value, sizeof value, "%s" PART "%s %d" PART "%s" PART "%s", s->filter_text, sort,
             s->descending, s->columns_text, s->group_text);
    remember(s, key, "saved", name);
    app_set_state(s->app, key, value);
    app_say(s->app, SEV_INFO, "saved view %s: filter, order, columns and groups · u undo", name);
}

/* The parts of a view, in the order of save(). Returns 0 when there is no such view. */
static int read_view(struct runs *s, const char *name, char part[4][256])
{
    char key[128];
    snprintf(key, sizeof key, VIEW "%s", name);
    const char *p = app_state(s->app, key);
    if (!p)
        return 0;
    for (int i = 0; i < 4; i++) {
        size_t n = strcspn(p, PART);
        snprintf(part[i], 256, "%.*s", (int)n, p);
        p += n + (p[n] != 0);
    }
    return 1;
}

static void recall(struct runs *s, const char *name)
{
    char part[4][256], sort[64];
    int down = 1;
    if (!read_view(s, name, part))
        return;
    if (runs_choose_columns(s, part[2]) || runs_group_by(s, part[3]) || runs_filter(s, part[0])) {
        app_say(s->app, SEV_WARN, "view %s: %s", name, s->error);
        return;
    }
    if (sscanf(part[1], "%63s %d", sort, &down) == 2) {
        int c = runs_find_column(s, sort);
        s->sort = c < -1 ? -1 : c;
        s->descending = down;
    }
    app_set_state(s->app, "runs.columns", s->columns_text);
    app_set_state(s->app, "runs.group", s->group_text);
    runs_keep_sort(s);
    app_note(s->app, "view %s", name);
}

/* "status:active · by AUC · grouped by tie · name AUC lr" */
static void describe(char part[4][256], char *out, size_t size)
{
    static const char *const words[] = { "", "by ", "", "grouped by " };
    static const int order[] = { 0, 1, 3, 2 };
    size_t n = 0;
    part[1][strcspn(part[1], " ")] = 0;
    for (int k = 0; k < 4 && n < size; k++) {
        const char *p = part[order[k]];
        if (*p)
            n += (size_t)snprintf(out + n, size - n, "%s%s%s", n ? " · " : "", words[order[k]], p);
    }
}

static int view_item(void *ud, int i, struct choice *out)
{
    struct runs *s = ud;
    char part[4][256];
    memset(out, 0, sizeof *out);
    if (!app_state_key(s->app, VIEW, i, out->name, sizeof out->name))
        return 0;
    if (read_view(s, out->name, part))
        describe(part, out->help, sizeof out->help);
    return 1;
}

static void forget(struct runs *s, const char *name)
{
    char key[128], part[4][256];
    snprintf(key, sizeof key, VIEW "%s", name);
    if (!read_view(s, name, part)) {
        app_say(s->app, SEV_WARN, "There is no view %s", name);
        return;
    }
    remember(s, key, "forgot", name);
    app_drop_state(s->app, key);
    app_say(s->app, SEV_INFO, "forgot view %s · u undo", name);
}

static void view_done(void *ud, const char *text)
{
    struct runs *s = ud;
    char part[4][256];
    const char *name = text ? text + (*text == '-' || *text == '=') : "";
    if (!*name)
        return;
    if (strlen(name) > 40 || strcspn(name, " ,\t" PART) != strlen(name))
        app_say(s->app, SEV_WARN, "A view's name is one word of at most 40 letters");
    else if (*text == '-')
        forget(s, name);
    else if (*text == '=' || !read_view(s, name, part))
        save(s, name);
    else
        recall(s, name);
}

void runs_ask_view(struct runs *s)
{
    app_choose(s->app, "view (a new name saves, =NAME again, -NAME forgets):", "", view_item,
               view_done, NULL, s);
}

int runs_view_command(void *self, struct app *a, int i, struct choice *out)
{
    struct choice view;
    (void)a;
    memset(out, 0, sizeof *out);
    if (!view_item(self, i, &view))
        return 0;
    snprintf(out->name, sizeof out->name, COMMAND "%.80s", view.name);
    memcpy(out->help, view.help, sizeof out->help);
    return 1;
}

void runs_run_view(void *self, struct app *a, const char *name)
{
    (void)a;
    recall(self, name + strlen(COMMAND));
}
