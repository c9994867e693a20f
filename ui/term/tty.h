/* The terminal as a device: raw mode and back, signals, writing without waiting. One a process,
 * because signal handlers must find it. */
#ifndef ES_UI_TTY_H
#define ES_UI_TTY_H
#include <stddef.h>

struct err;
enum { TTY_RESIZED = 1, TTY_HANGUP = 2, TTY_TERMINATED = 4, TTY_CONTINUED = 8, TTY_SUSPEND = 16 };

/* Refuses when standard input or output is no terminal, or $TERM is unset, dumb or unknown. */
int tty_check(struct err *err);
/* Raw mode, handlers, the crash handler (which writes `restore` and resets the modes before the
 * process dies of its signal). `restore` must live until tty_close. */
int tty_open(const char *restore, struct err *err);
/* Modes and handlers as before; `hangup`: the terminal is probably gone, so
 * nothing waits for it. */
void tty_close(int hangup);
/* Gives the terminal back, stops the process, returns when it is continued. */
void tty_suspend(void);
int tty_in(void);        /* for poll and read */
int tty_out(void);       /* non-blocking */
int tty_signal_fd(void); /* readable when a signal came */
int tty_signals(void);   /* TTY_* since the last call */
void tty_size(int *h, int *w);
/* Writes what the terminal takes now. Returns bytes written (0: full) or -1: it is gone. */
long tty_write(const void *bytes, size_t n);
#endif
