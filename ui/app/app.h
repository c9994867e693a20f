/* What a screen may use of the program around it: the store, the shared selection, messages,
 * questions, and going elsewhere. The loop (ui/app/loop.c) owns everything here. */
#ifndef ES_UI_APP_H
#define ES_UI_APP_H
#include <stdint.h>
#include <stdio.h>

#include "db/query.h"
#include "experiments/workspace.h"
#include "ui/term/grid.h"

struct app;
struct csv_out;
struct err;
/* The read-only store; NULL while there is none yet. */
struct query *app_query(struct app *a);
const struct workspace *app_workspace(const struct app *a);
double app_now(const struct app *a);       /* monotonic; the fixture's clock in tests */
double app_utc(const struct app *a);
int app_readonly(const struct app *a);
int app_mono(const struct app *a);         /* 1: no colours, letters must tell lines apart */
/* All runs, newest first, re-read once a tick at most; the pointers live until the next tick. */
int app_runs(struct app *a, const struct query_run **runs);
const struct query_run *app_run(struct app *a, int64_t id); /* NULL if gone */
/* The run every screen is about, and the marked ones (at most 50, in marking order). */
int64_t app_selected(const struct app *a);
void app_select(struct app *a, int64_t run);
int app_marks(const struct app *a, const int64_t **ids);
int app_is_marked(const struct app *a, int64_t run);
void app_mark(struct app *a, int64_t run, int on);
/* The last message (status line, right; kept in the events pane of this session). */
void app_say(struct app *a, int severity, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same of what the screen shows, no act: it goes when another screen comes. */
void app_note(struct app *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A question in the status line: `text` ends with the choices; done(ud, key) gets the key, or 27.
 * Typed-ahead keys are dropped. */
void app_ask(struct app *a, const char *text, const char *keys, void (*done)(void *ud, int key),
             void *ud);
/* A one-line field in the status line (filter, find, note, path). done(ud, NULL) on Esc; change
 * (may be NULL) is called at each edit. */
void app_prompt(struct app *a, const char *label, const char *start,
                void (*done)(void *ud, const char *text), void (*change)(void *ud, const char *text),
                void *ud);
/* The field just opened: what is typed first takes the place of its text; a key that moves the
 * caret keeps it. */
void app_prompt_over(struct app *a);
/* Says something behind the text of the open field; at >= 0: that byte is what is wrong. */
void app_remark(struct app *a, int at, const char *text);
/* The same with a list above the line that narrows to the word typed: item(ud, i, out) says its
 * i-th line, 0 past the end; one without a name is left out. Up and Down choose, Tab completes. */
struct choice { char name[96], key[16], help[160]; };
void app_choose(struct app *a, const char *label, const char *start,
                int (*item)(void *ud, int i, struct choice *out),
                void (*done)(void *ud, const char *text), void (*change)(void *ud, const char *text),
                void *ud);
/* The same for a path: Tab completes it (with files whose name ends in `end`, and directories), `~`
 * is the home directory. */
void app_prompt_path(struct app *a, const char *label, const char *start, const char *end,
                     void (*done)(void *ud, const char *text),
                     void (*change)(void *ud, const char *text), void *ud);
/* The path field that just opened is for something that is there: Enter takes nothing else, and says so. */
void app_prompt_present(struct app *a);
/* Asks for a path and has the file written, over an existing one after a `y` only. `write` returns 0
 * or fills err; `out` says what was written ("9 rows", "CSV"). It is called with f NULL before: may
 * it be? */
struct saved { char what[64]; const char *form; };
void app_save(struct app *a, const char *label, const char *start,
              int (*write)(void *ud, const char *path, FILE *f, struct saved *out, struct err *err),
              void *ud);
/* Asks for a path and exports the rows that `csv` writes, as CSV, Markdown or LaTeX by its end. csv
 * returns the rows, or a negative code. */
void app_export(struct app *a, const char *label, const char *name,
                int (*csv)(void *self, struct app *a, struct csv_out *out, struct err *err));
/* Registers how the last reversible act is undone (`u`), those before it after that. `undo` gets arg
 * and text back; it returns 0, or a negative code after saying why not. One act that has the same
 * undo, arg and no text takes the other's place. */
void app_undo(struct app *a, const char *what,
              int (*undo)(struct app *a, int64_t arg, const char *text), int64_t arg,
              const char *text);
void app_go(struct app *a, const char *screen);
/* Shows Runs, with nothing behind it to go back to. */
void app_home(struct app *a);
void app_back(struct app *a);
/* Sends an op about a run to the host; says the error. Returns 0 or a negative code. */
int app_op(struct app *a, const char *op, int64_t run, int spawn);
/* Changes a run's entry: "tag" and "note" (text is the new value), "archive", "unarchive". Says the
 * error. Returns 0 or a negative code. */
int app_edit(struct app *a, const char *op, int64_t run, const char *text);
/* Shows archived runs too, or hides them again. */
void app_show_archived(struct app *a);
/* Small settings that survive a restart ($XDG_STATE_HOME): per screen and key. */
#define APP_STATE_VALUE 1024 /* bytes of a value at most */
const char *app_state(struct app *a, const char *key);
void app_set_state(struct app *a, const char *key, const char *value);
/* The i-th key that begins with `prefix`, the rest of it into name. 1, or 0 past the end. */
int app_state_key(struct app *a, const char *prefix, int i, char *name, size_t size);
/* Forgets a key. */
void app_drop_state(struct app *a, const char *key);
/* Copies by OSC 52 (some terminals and tmux drop it) and into a file that the message names. */
void app_copy(struct app *a, const char *text);
/* Events of the store that nobody saw here yet; *from: the last one seen. Seeing them is telling
 * so. */
int64_t app_unread(const struct app *a, int64_t *from);
void app_saw_events(struct app *a);
/* What was said in this session, oldest first. */
struct app_message {
    double utc;
    int severity;
    char text[512];
};
int app_messages(const struct app *a, const struct app_message **out);
/* How often the list of runs was read: what hangs on nothing else holds until this moves. */
int64_t app_reads(const struct app *a);
/* Draw again soon (a long read went on in the background). */
void app_redraw(struct app *a);
/* One tick of the screen shown in so many seconds, whether anything runs or not. */
void app_poll(struct app *a, double seconds);
#endif
