/* The filter of a screen: its field with a list of what may be typed, kept in the state. While it is typed
 * the screen follows; a wrong one stays open with what is wrong marked; Esc takes the one before back. */
#ifndef ES_UI_FILTER_FIELD_H
#define ES_UI_FILTER_FIELD_H
#include "ui/app/app.h"
#include "ui/screen/runs_filter.h"

struct filter_field {
    struct app *app;
    const char *key;           /* of the state */
    void (*changed)(void *ud); /* filter and text are new */
    void *ud;
    struct filter filter;
    char text[256], before[256];
};
/* Sets the four first members and takes up what the state has. */
void filter_field_open(struct filter_field *f, struct app *a, const char *key, void (*changed)(void *ud), void *ud);
void filter_field_ask(struct filter_field *f);
/* Of a half-written expression the words that make sense. */
void filter_field_set(struct filter_field *f, const char *text);
#endif
