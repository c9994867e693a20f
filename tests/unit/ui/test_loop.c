/* The workbench on a real terminal: a pseudo-terminal whose other end is this test. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"

static char dir[64];
static pid_t pid;
static int tty = -1, keep = -1; /* our end; the other end, kept open to see the modes left */
static char seen[1 << 20];
static size_t nseen;

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_loop.XXXXXX");
    return !mkdtemp(dir) || fixture_make(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static void child(const char *term, int color)
{
    struct workspace w;
    struct err err = { 0 };
    struct app_args args = { .workspace = &w, .screen = "Runs", .theme = -1, .color = color };
    setenv("TERM", term, 1);
    char full[4096]; /* a relative one does not count: the state would go to $HOME */
    setenv("XDG_STATE_HOME", realpath(dir, full) ? full : dir, 1);
    unsetenv("NO_COLOR");
    setlocale(LC_ALL, "C.UTF-8");
    if (workspace_open(&w, dir, 0, &err) || app_run_loop(&args, &err)) {
        fprintf(stderr, "%s\n", err.text);
        _exit(1);
    }
    _exit(0);
}

static unsigned short lines = 24; /* of the terminal */
static void start(const char *term, int color)
{
    struct winsize size = { lines, 80, 0, 0 };
    nseen = 0;
    assert_int_equal(openpty(&tty, &keep, NULL, NULL, &size), 0);
    pid = fork();
    if (!pid) {
        close(tty);
        setsid();
        ioctl(keep, TIOCSCTTY, 0);
        dup2(keep, 0);
        dup2(keep, 1);
        dup2(keep, 2);
        child(term, color);
    }
    assert_true(pid > 0);
    fcntl(tty, F_SETFL, O_NONBLOCK);
}

static void listen_for(double seconds, const char *until)
{
    double end = clock_now() + seconds;
    while (clock_now() < end) {
        struct pollfd p = { tty, POLLIN, 0 };
        poll(&p, 1, 20);
        ssize_t n = read(tty, seen + nseen, sizeof seen - nseen - 1);
        if (n > 0)
            nseen += (size_t)n;
        seen[nseen] = 0;
        if (until && strstr(seen, until))
            return;
    }
}

static int ended(double seconds)
{
    double end = clock_now() + seconds;
    int status = 0;
    while (clock_now() < end) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            listen_for(.05, NULL);
            return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        }
        listen_for(.02, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1000;
}

static void type(const char *keys)
{
    assert_int_equal(write(tty, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* The terminal is as it was: canonical, echoing, main screen, cursor shown, mouse and paste off. */
static void assert_left_clean(void)
{
    struct termios t;
    assert_int_equal(tcgetattr(keep, &t), 0);
    assert_true(t.c_lflag & ICANON && t.c_lflag & ECHO && t.c_lflag & ISIG);
    static const char *const offs[] = { "\x1b[?1049l", "\x1b[?2004l", "\x1b[?1006l", "\x1b[?1002l" };
    for (size_t i = 0; i < sizeof offs / sizeof offs[0]; i++)
        assert_non_null(strstr(seen, offs[i]));
    close(tty);
    close(keep);
}

static void test_leaving_restores_the_terminal(void **state)
{
    (void)state;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    type("q");
    listen_for(2, "runs go on");
    assert_non_null(strstr(seen, "q leave"));
    type("q");
    assert_int_equal(ended(5), 0);
    const char *words = strstr(seen, "4 runs go on; electroscope --workspace "); /* not the usual one */
    assert_true(words && strstr(words, dir) && strstr(words, " shows them again."));
    assert_left_clean();
}

/* Keys typed before a question came are no answer to it, and neither is a paste. */
static void test_a_question_is_not_answered_ahead(void **state)
{
    (void)state;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    type("qqs\x1b[200~q\x1b[201~"); /* leave, leave, stop: only the first was meant */
    listen_for(1, "runs go on");
    listen_for(.3, NULL);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* it lives */
    type("\x1b[200~q\x1b[201~");
    listen_for(.3, NULL);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    type("q");
    assert_int_equal(ended(5), 0);
    assert_left_clean();
}

/* A key that is held down is no answer either, until it has been let go. */
static void test_a_held_key_is_no_answer(void **state)
{
    (void)state;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    type("qqqq"); /* a slow line brings the first ones together */
    for (int i = 0; i < 20; i++) {
        clock_sleep(.03);
        type("q");
    }
    listen_for(.5, NULL);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    assert_non_null(strstr(seen, "runs go on"));
    type("q");
    assert_int_equal(ended(5), 0);
    assert_left_clean();
}

static void test_signals(void **state)
{
    (void)state;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    kill(pid, SIGTERM);
    assert_int_equal(ended(5), 0);
    assert_left_clean();
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    kill(pid, SIGSEGV);
    int code = ended(5);
    assert_true(code == -SIGSEGV || code > 0); /* a sanitizer turns it into a code of its own */
    assert_left_clean();
}

/* kill(1) may send HUP, QUIT or TSTP while the terminal lives. */
static void test_signals_of_a_living_terminal(void **state)
{
    (void)state;
    int status;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    kill(pid, SIGHUP);
    assert_int_equal(ended(5), 0);
    assert_left_clean();
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    kill(pid, SIGQUIT);
    assert_int_equal(ended(5), -SIGQUIT);
    assert_left_clean();
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    kill(pid, SIGTSTP);
    for (int i = 0; i < 100 && waitpid(pid, &status, WUNTRACED | WNOHANG) != pid; i++)
        listen_for(.05, NULL);
    assert_true(WIFSTOPPED(status));
    struct termios t;
    assert_int_equal(tcgetattr(keep, &t), 0);
    assert_true(t.c_lflag & ICANON && t.c_lflag & ECHO);
    assert_null(strstr(seen, "\x1b]104")); /* the palette is not ours to reset */
    nseen = 0;
    kill(pid, SIGCONT);
    listen_for(5, "gen1/4-tie-emb-s1");
    assert_non_null(strstr(seen, "\x1b[?1049h"));
    kill(pid, SIGTERM);
    assert_int_equal(ended(5), 0);
    assert_left_clean();
}

static void test_a_lost_terminal_ends_it(void **state)
{
    (void)state;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    close(keep);
    close(tty);
    int status, done = 0;
    for (int i = 0; i < 250 && !done; i++) {
        done = waitpid(pid, &status, WNOHANG) == pid;
        clock_sleep(.02);
    }
    if (!done)
        kill(pid, SIGKILL);
    assert_true(done && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* SGR parameters 30-49 and 90-107 are colours. */
static int colour_codes(void)
{
    int n = 0;
    for (const char *p = seen; (p = strstr(p, "\x1b[")); p++) {
        const char *q = p + 2;
        while ((*q >= '0' && *q <= '9') || *q == ';' || *q == ':')
            q++;
        for (const char *f = p + 2; *q == 'm' && f < q; f += strcspn(f, ";m") + 1) {
            int v = atoi(f);
            n += (v >= 30 && v <= 49) || (v >= 90 && v <= 107);
        }
    }
    return n;
}

static void test_no_colour_means_none(void **state)
{
    (void)state;
    for (int color = 0; color < 2; color++) {
        start("xterm-256color", color);
        listen_for(5, "gen1/4-tie-emb-s1");
        type("?");
        listen_for(.3, NULL);
        type("\x1b");
        listen_for(.3, NULL);
        for (char screen[2] = "2"; *screen <= '7'; ++*screen) {
            type(screen);
            listen_for(.2, NULL);
        }
        type("1");
        listen_for(.2, NULL);
        type("qq");
        listen_for(.2, NULL);
        type("q");
        assert_int_equal(ended(5), 0);
        assert_true(color ? colour_codes() > 0 : colour_codes() == 0);
        assert_left_clean();
    }
}

static void test_terminals_that_cannot(void **state)
{
    (void)state;
    static const char *const terms[] = { "dumb", "no-such-terminal" };
    for (int i = 0; i < 2; i++) {
        start(terms[i], 1);
        assert_int_equal(ended(5), 1);
        assert_non_null(strstr(seen, terms[i]));
        assert_null(strstr(seen, "\x1b["));
        close(tty);
        close(keep);
    }
}

/* A terminal that does not read gets one frame afterwards, not all that were due. */
/* The scrolling region is all of the terminal, not the 24 lines of its entry in terminfo, and set on
 * the screen that goes away: it homes the cursor. */
static void test_the_region_is_the_whole_terminal(void **state)
{
    (void)state;
    lines = 36;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    const char *region = strstr(seen, "\x1b[1;36r");
    assert_true(region && region > strstr(seen, "\x1b[?1049h"));
    assert_null(strstr(seen, "\x1b[1;24r"));
    struct winsize size = { 40, 80, 0, 0 };
    ioctl(tty, TIOCSWINSZ, &size);
    listen_for(5, "\x1b[1;40r");
    assert_non_null(strstr(seen, "\x1b[1;40r"));
    type("q");
    listen_for(2, "runs go on");
    type("q");
    assert_int_equal(ended(5), 0);
    assert_left_clean();
    lines = 24;
}

static void test_slow_terminals_get_one_frame(void **state)
{
    (void)state;
    start("xterm-256color", 1);
    listen_for(5, "gen1/4-tie-emb-s1");
    listen_for(.2, NULL);
    for (int i = 0; i < 400; i++) {
        type(i % 2 ? "k" : "j");
        clock_sleep(.002);
    }
    nseen = 0;
    type("\x0c"); /* ^L: a whole frame */
    listen_for(1, NULL);
    assert_true(nseen < 65536); /* the tty's own buffer and a frame or two */
    struct winsize size = { 30, 100, 0, 0 };
    for (int i = 0; i < 50; i++) {
        size.ws_row = (unsigned short)(20 + i % 9);
        ioctl(tty, TIOCSWINSZ, &size);
    }
    nseen = 0;
    listen_for(.5, NULL);
    assert_true(nseen > 0 && nseen < 100000);
    type("q");
    listen_for(2, "runs go on");
    type("q");
    assert_int_equal(ended(5), 0);
    assert_left_clean();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaving_restores_the_terminal),
        cmocka_unit_test(test_a_question_is_not_answered_ahead),
        cmocka_unit_test(test_a_held_key_is_no_answer),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_signals_of_a_living_terminal),
        cmocka_unit_test(test_a_lost_terminal_ends_it),
        cmocka_unit_test(test_no_colour_means_none),
        cmocka_unit_test(test_terminals_that_cannot),
        cmocka_unit_test(test_the_region_is_the_whole_terminal),
        cmocka_unit_test(test_slow_terminals_get_one_frame),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
