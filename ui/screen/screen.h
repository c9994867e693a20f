/* A screen: one file and one row in screen.def. It draws into the area it is given (the bar, the
 * status line and the footer are the app's) and answers actions (ui/app/action.def), never keys. */
#ifndef ES_UI_SCREEN_H
#define ES_UI_SCREEN_H
#include <stddef.h>
#include <stdio.h>

#include "ui/app/app.h"
#include "ui/term/grid.h"

struct csv_out;
struct err;
struct mouse { int y, x, button, wheel, drag, release; };
/* What period() answers: only a change of the store brings a tick; or (frozen) not even that. */
#define PERIOD_STORE -1.0
#define PERIOD_ASLEEP -2.0
struct screen_ops {
    const char *name;   /* "Runs": bar, help, man page */
    const char *help;   /* one sentence */
    size_t size;        /* of the private struct, zeroed before open */
    int (*open)(void *self, struct app *a);  /* 0 or a negative code */
    void (*close)(void *self);
    /* Reads what changed; called when the store's version moved or `period` has passed. Returns 1
     * when something shown changed. */
    int (*tick)(void *self, struct app *a);
    double (*period)(void *self, struct app *a); /* seconds to the next tick, or PERIOD_* */
    void (*draw)(void *self, struct app *a, struct grid *g, struct rect area);
    /* Returns 1 when the action is this screen's. */
    int (*act)(void *self, struct app *a, int action);
    /* 1: the action does something here now (footer, help, palette). */
    int (*can)(void *self, struct app *a, int action);
    /* 1: a page of one thing lies over the screen's own view; `close` takes it away. May be NULL. */
    int (*page)(void *self, int close);
    void (*mouse)(void *self, struct app *a, const struct mouse *m); /* may be NULL */
    int releases;       /* 1: mouse() is told of buttons that go up, too */
    /* The footer's word for an action, NULL: the table's. May be NULL. */
    const char *(*word)(void *self, struct app *a, int action);
    /* Its place in the footer, 0: the table's. May be NULL. */
    int (*place)(void *self, struct app *a, int action);
    /* Left part of the status line: WHERE - WHAT - HOW FRESH. */
    void (*status)(void *self, struct app *a, char *out, size_t size);
    /* What is shown, as a table on f (CSV), for `e`. Returns rows or a negative code. May be
     * NULL. */
    int (*export_csv)(void *self, struct app *a, struct csv_out *out, struct err *err);
    /* The same as a picture. Returns lines drawn or a negative code. May be NULL. */
    int (*export_svg)(void *self, struct app *a, FILE *f, struct err *err);
    /* Lines of its own in the palette (see app_choose), and what happens when one is run. Both or
     * neither are NULL. */
    int (*command)(void *self, struct app *a, int i, struct choice *out);
    void (*run_command)(void *self, struct app *a, const char *name);
};
#endif
