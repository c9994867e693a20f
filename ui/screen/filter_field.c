/* See filter_field.h. */
#include "ui/screen/filter_field.h"

#include <stdio.h>
#include <string.h>

void filter_field_open(struct filter_field *f, struct app *a, const char *key, void (*changed)(void *ud), void *ud)
{
    const char *kept = app_state(a, key);
    f->app = a;
    f->key = key;
    f->changed = changed;
    f->ud = ud;
    snprintf(f->text, sizeof f->text, "%s", kept ? kept : "");
    if (filter_parse(&f->filter, f->text))
        f->text[0] = 0;
}

void filter_field_set(struct filter_field *f, const char *text)
{
    char kept[sizeof f->text];
    size_t n;
    filter_typed(f->app, text, &f->filter, &n);
    snprintf(kept, sizeof kept, "%.*s", (int)n, text);
    if (!strcmp(kept, f->text))
        return;
    memcpy(f->text, kept, sizeof f->text);
    app_set_state(f->app, f->key, f->text);
    f->changed(f->ud);
}

static void change(void *ud, const char *text)
{
    filter_field_set(ud, text);
}

static void done(void *ud, const char *text);

static void ask(struct filter_field *f, const char *start)
{
    app_choose(f->app, "filter:", start, filter_item, done, change, f);
    filter_field_set(f, start);
}

static void done(void *ud, const char *text)
{
    struct filter_field *f = ud;
    struct filter parsed;
    if (text && filter_parse(&parsed, text))
        ask(f, text);
    else
        filter_field_set(f, text ? text : f->before);
}

void filter_field_ask(struct filter_field *f)
{
    memcpy(f->before, f->text, sizeof f->before);
    ask(f, f->text);
}
