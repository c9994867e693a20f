/* The workbench without a terminal: everything behind app.h. The loop feeds it keys and time and
 * takes its frames; the tests do the same. */
#ifndef ES_UI_APP_INT_H
#define ES_UI_APP_INT_H
#include "src/base/arena.h"
#include "src/base/str.h"
#include "ui/app/action.h"
#include "ui/app/app.h"
#include "ui/app/loop.h"
#include "ui/app/settings.h"
#include "ui/screen/screen.h"
#include "ui/term/input.h"

#define APP_SCREENS 8
#define APP_MARKS 50
#define APP_MESSAGES 64
#define APP_HITS 64
#define APP_FIELD 4096
#define APP_MESSAGE_S 5.0
#define CHOICES 256        /* lines of a list above a field that are looked at */

struct slot {
    void *self;
    int open, failed;
    double due;          /* of the next tick */
};
struct field {
    int open, palette, path, present, chosen; /* path: files are listed; present: it must be there; chosen: line of the list, -1 none */
    char label[64], text[APP_FIELD], end[8]; /* end: of the names that a path is completed with */
    size_t caret;        /* byte offset */
    int fresh;           /* the first thing typed takes the place of the text */
    char remark[160];    /* on the text, behind it */
    int nchoices;        /* as drawn last: lines of the list, where not all are in sight */
    int bad;             /* byte offset of what is wrong in it; -1: nothing */
    void (*done)(void *ud, const char *text);
    void (*change)(void *ud, const char *text);
    int (*item)(void *ud, int i, struct choice *out); /* NULL: no list */
    void *ud;
};
struct question {
    int open;
    char text[256], keys[16];
    void (*done)(void *ud, int key);
    void *ud;
};
struct hit { int y, x0, x1, action; };
#define UNDO_TEXT 1200
struct undo {
    char what[96], text[UNDO_TEXT];
    int (*act)(struct app *a, int64_t arg, const char *text);
    int64_t arg;
};
#define UNDOS 16
#define HELP_PAGES (2 * ACT_COUNT + 64)
struct help {
    int open, cursor;
    int runs;                    /* as drawn last: Enter does what the line under the cursor says */
    int page, pages, first[HELP_PAGES]; /* as drawn last; first: line of each page */
    char find[64];
};
struct app {
    struct workspace workspace;
    int readonly, theme, ascii;
    struct settings settings;
    int fixed;                   /* tests: time stands still at these */
    double fixed_now, fixed_utc;
    /* the store */
    struct query *query;
    int64_t version;
    double opened;               /* last try to open the store */
    uint64_t store;              /* the file that is open; 0: said to be gone */
    double read_at;              /* app_now of the last read of the runs */
    int64_t reads;               /* of the runs, ever */
    double acted_at;             /* app_now of the last key: what it did is seen at once */
    int behind;                  /* something was written since the last read */
    double poll_at;              /* app_now of a tick that was asked for; 0: none */
    struct arena arena;
    const struct query_run *runs;
    int nruns, stale, with_archived;
    int active, preparing, queued, failed; /* counts over runs; active: not in the queue */
    int64_t event_seen, event_newest, unread; /* event_seen < 0: not known yet */
    struct { int64_t id; int state; } *was; /* states at the last read */
    int nwas;
    /* shared by the screens */
    int64_t selected, wanted, marks[APP_MARKS]; /* wanted: to be selected when it is there */
    double wanted_until;
    int nmarks, current, back[16], nback;
    struct slot slots[APP_SCREENS];
    /* the lines at the bottom */
    struct app_message messages[APP_MESSAGES];
    int nmessages, said;         /* said: how many ever */
    double message_until;        /* app_now at which the last one goes */
    int noted;                   /* it is of the screen it came on */
    struct field field;
    struct question question;
    struct undo undo[UNDOS];     /* the last one last */
    int nundo;
    struct help help;
    struct hit hits[APP_HITS];
    int nhits, width;            /* of the last frame */
    /* state file: "key\tvalue" lines */
    char state_path[1200];
    struct str state;
    int state_dirty;
    /* what the loop is asked for */
    int dirty, redraw, quit, suspend, bell, drop_input, new_theme;
    struct str raw;              /* bytes for the terminal: OSC 52 */
};

struct app *app_new(const struct app_args *args, struct err *err);
void app_free(struct app *a);
void app_start(struct app *a, const struct app_args *args); /* state, first screen */
/* Reads what changed; sets dirty. */
void app_tick(struct app *a);
/* Seconds until app_tick is due though nothing came; < 0: never. */
double app_wait(const struct app *a);
/* 1: a change of the store should wake the loop, at most every *gap seconds. */
int app_watches(struct app *a, double *gap);
void app_frame(struct app *a, struct grid *g);
void app_key(struct app *a, struct key *k); /* frees k->paste */
void app_act(struct app *a, int action);
/* 1: the action does something now. */
int app_can(struct app *a, int action);
const struct screen_ops *app_ops(const struct app *a);
void *app_self(const struct app *a);
void app_show(struct app *a, int index);
int app_screen_index(const char *name); /* -1 */
int app_place(struct app *a, int action); /* in the footer, 0: not there */
void app_tell_states(struct app *a);
int run_is_active(int state);

/* The parts, a file each. data_tick opens the store, or looks whether it moved; 1: what was read of it
 * is old. */
int data_tick(struct app *a);
void data_close(struct app *a);
void state_load(struct app *a);
void state_save(struct app *a);
void field_key(struct app *a, const struct key *k);
void field_draw(struct app *a, struct grid *g, struct rect line);
void palette_open(struct app *a);
/* The list of a field that has one (choose.c): its lines for the text, best first. */
int choice_matches(const struct field *f, int *out, int max);
void choice_move(struct field *f, int by);
/* Puts a line of the list into the field. */
void choice_take(struct field *f, int which);
void choice_draw(struct app *a, struct grid *g, struct rect area);
/* path.c: what completes the last path of a text; `from` is where its name begins. */
#define PATH_MATCHES 200
struct path_match {
    size_t from;
    char name[264];      /* a directory's ends in '/' */
};
/* The first path of a text that does not lead to anything, made visible; 0: all do. */
int path_missing(const char *text, char *out, size_t size);
int path_matches(const char *text, const char *end, struct path_match *out, int max);
void path_move(struct field *f, int by);
/* Puts a file of the list into the field; -1: as much as all have in common. */
void path_take(struct field *f, int which);
void path_expand(const char *text, char *out, size_t size);
void path_draw(struct app *a, struct grid *g, struct rect area);
void help_key(struct app *a, const char *name);
void help_draw(struct app *a, struct grid *g, struct rect area);
void export_ask(struct app *a);
/* `y` on a screen that has no row of its own to copy: what is shown, as CSV. */
void copy_shown(struct app *a);
void leave(struct app *a);
/* The key that a typed character stands for: full-width and two-set Hangul input become the
 * letters of the same keys. Returns how many names were written (0-4). */
int keys_meant(const char *name, char out[4][16]);
#endif
