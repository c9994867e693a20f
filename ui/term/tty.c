/* See tty.h. Handlers only set a flag and write a byte into a pipe. */
#define _GNU_SOURCE
#include "ui/term/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "src/base/err.h"

static struct {
    int open, out, pipe[2];
    struct termios saved, raw;
    const char *restore;
} tty = { .out = -1, .pipe = { -1, -1 } };

enum { HANDLED = 6, DEADLY = 6, SEEN = 5 };
static volatile sig_atomic_t seen[SEEN]; /* by bit of TTY_* */

static const struct { int signal, bit; } handled[HANDLED] = {
    { SIGWINCH, 0 }, { SIGHUP, 1 }, { SIGTERM, 2 }, { SIGINT, 2 }, { SIGCONT, 3 }, { SIGTSTP, 4 },
};
static const int deadly[DEADLY] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };
static struct sigaction old_handled[HANDLED], old_deadly[DEADLY], old_pipe;

static void on_signal(int sig)
{
    int saved = errno;
    ssize_t n;
    for (int i = 0; i < HANDLED; i++)
        if (handled[i].signal == sig)
            seen[handled[i].bit] = 1;
    n = write(tty.pipe[1], "", 1);
    (void)n; /* full: a byte is there already */
    errno = saved;
}

static void on_crash(int sig)
{
    ssize_t n = write(tty.out, tty.restore, strlen(tty.restore));
    (void)n;
    tcsetattr(STDIN_FILENO, TCSANOW, &tty.saved);
    signal(sig, SIG_DFL);
    raise(sig);
}

int tty_check(struct err *err)
{
    const char *term = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return err_set(err, E_FAIL, "the workbench needs a terminal: standard input and output "
                       "are not one; electroscope runs list shows the runs without it");
    if (!term || !*term || !strcmp(term, "dumb"))
        return err_set(err, E_FAIL, "the workbench needs a terminal that can place a cursor: "
                       "TERM is %s; electroscope runs list shows the runs without it",
                       term && *term ? term : "not set");
    return 0;
}

static int open_out(void)
{
    const char *name = ttyname(STDOUT_FILENO);
    int fd = name ? open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    if (fd < 0)
        fd = open("/dev/tty", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return fd < 0 ? dup(STDOUT_FILENO) : fd;
}

static void install(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sigemptyset(&sa.sa_mask);
    sa.sa_handler = on_signal;
    for (int i = 0; i < HANDLED; i++)
        sigaction(handled[i].signal, &sa, &old_handled[i]);
    sa.sa_handler = on_crash;
    sa.sa_flags = (int)SA_RESETHAND;
    for (int i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &sa, &old_deadly[i]);
    sa.sa_handler = SIG_IGN;
    sa.sa_flags = 0;
    sigaction(SIGPIPE, &sa, &old_pipe);
}

int tty_open(const char *restore, struct err *err)
{
    if (tcgetattr(STDIN_FILENO, &tty.saved))
        return err_errno(err, "cannot read the terminal's modes");
    tty.raw = tty.saved;
    cfmakeraw(&tty.raw);
    tty.raw.c_cc[VMIN] = 0;
    tty.raw.c_cc[VTIME] = 0;
    if (pipe2(tty.pipe, O_NONBLOCK | O_CLOEXEC))
        return err_errno(err, "cannot make a pipe");
    tty.out = open_out();
    tty.restore = restore;
    memset((void *)seen, 0, sizeof seen);
    install();
    tcsetattr(STDIN_FILENO, TCSADRAIN, &tty.raw);
    tty.open = 1;
    return 0;
}

/* Writes all of it, but waits no longer than a second for a terminal that does not read. */
static void write_patiently(const char *text)
{
    size_t n = strlen(text), done = 0;
    for (int tries = 0; done < n && tries < 100; tries++) {
        long k = tty_write(text + done, n - done);
        if (k < 0)
            return;
        done += (size_t)k;
        if (!k)
            usleep(10000);
    }
}

void tty_close(int hangup)
{
    if (!tty.open)
        return;
    if (hangup) { /* SIGHUP may come by kill(1) while the terminal lives: one try, no waiting */
        tty_write(tty.restore, strlen(tty.restore));
        tcsetattr(STDIN_FILENO, TCSANOW, &tty.saved);
    } else {
        write_patiently(tty.restore);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &tty.saved);
    }
    for (int i = 0; i < HANDLED; i++)
        sigaction(handled[i].signal, &old_handled[i], NULL);
    for (int i = 0; i < DEADLY; i++)
        sigaction(deadly[i], &old_deadly[i], NULL);
    sigaction(SIGPIPE, &old_pipe, NULL);
    close(tty.out);
    close(tty.pipe[0]);
    close(tty.pipe[1]);
    tty.out = tty.pipe[0] = tty.pipe[1] = -1;
    tty.open = 0;
}

void tty_suspend(void)
{
    write_patiently(tty.restore);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &tty.saved);
    kill(0, SIGSTOP);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &tty.raw);
}

int tty_in(void)
{
    return STDIN_FILENO;
}

int tty_out(void)
{
    return tty.out;
}

int tty_signal_fd(void)
{
    return tty.pipe[0];
}

int tty_signals(void)
{
    char drain[64];
    int got = 0;
    while (read(tty.pipe[0], drain, sizeof drain) > 0)
        ;
    for (int i = 0; i < SEEN; i++) {
        if (seen[i]) {
            seen[i] = 0;
            got |= 1 << i;
        }
    }
    return got;
}

void tty_size(int *h, int *w)
{
    struct winsize ws;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) || !ws.ws_row || !ws.ws_col) {
        ws.ws_row = 24;
        ws.ws_col = 80;
    }
    *h = ws.ws_row;
    *w = ws.ws_col;
}

long tty_write(const void *bytes, size_t n)
{
    ssize_t k = write(tty.out, bytes, n);
    if (k >= 0)
        return k;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}
