/* The terminal as a place for grids: ncurses finds the bytes, the tty takes them when it can. At
 * most one frame is ever under way. */
#ifndef ES_UI_SINK_H
#define ES_UI_SINK_H
#include "ui/term/grid.h"

struct err;
struct sink;
struct sink_options {
    int theme;   /* enum theme; -1: from the terminal */
    int color;   /* 0 never, 1 as the terminal and NO_COLOR say, 2 always */
    int mouse, title;
};
struct sink *sink_open(const struct sink_options *o, struct err *err);
/* Leaves the terminal as it was; `hangup`: it is probably gone, one try, no waiting. */
void sink_close(struct sink *s, int hangup);
/* Sends what changed since the last frame. Not while sink_pending. */
void sink_draw(struct sink *s, const struct grid *g);
/* Writes on; 1 when bytes are left, 0 when all is out, -1: the terminal is gone. */
int sink_flush(struct sink *s);
int sink_pending(const struct sink *s);
void sink_resize(struct sink *s, int h, int w);
/* The next frame is drawn from nothing. */
void sink_redraw(struct sink *s);
void sink_suspend(struct sink *s);
void sink_set_theme(struct sink *s, int theme);
int sink_theme(const struct sink *s);
/* Sets the terminal's title, if asked for. */
void sink_title(struct sink *s, const char *title);
/* Adds raw bytes to the next frame (OSC 52). */
void sink_raw(struct sink *s, const char *bytes, size_t n);
void sink_bell(struct sink *s);
#endif
