/* Starting a host process, and what it does first. See host.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/host.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[300]){0}, 300, (s))
#define LINGER 60.0
#define START 5.0 /* seconds until the socket must answer */

/* Where the handler writes. Threads of libraries (OpenBLAS starts one when it is loaded) block no
 * signal, so neither a mask nor a signalfd would see all of them; a handler does. */
static volatile sig_atomic_t signal_pipe = -1;

static void on_signal(int number)
{
    unsigned char byte = (unsigned char)number;
    int before = errno;
    (void)!write(signal_pipe, &byte, 1); /* full: many asked already */
    errno = before;
}

int host_signals(struct err *err)
{
    int ends[2];
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction handle = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        return err_errno(err, "cannot wait for signals");
    signal_pipe = ends[1];
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGINT, &handle, NULL); /* a shell may have started us with INT ignored */
    sigaction(SIGTERM, &handle, NULL);
    return ends[0];
}

static void log_line(const struct workspace *w, const char *text)
{
    char path[1200], line[700], when[32];
    snprintf(path, sizeof path, "%s/host.log", w->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    clock_iso(clock_utc(), when, sizeof when);
    int n = snprintf(line, sizeof line, "%s %ld %s\n", when, (long)getpid(), text);
    file_write_all(fd, line, (size_t)n, path, NULL);
    close(fd);
}

int host_process(const struct workspace *w, struct err *err)
{
    struct host_options o = {.linger = LINGER};
    struct err why = {0};
    int fd = host_signals(&why);
    struct host *h = fd >= 0 ? host_open(w, &o, &why) : NULL;
    int rc = h ? host_serve(h, fd, &why) : why.code;
    if (rc == E_STOPPED) /* as asked */
        rc = 0;
    if (rc)
        log_line(w, why.text);
    host_close(h);
    if (fd >= 0)
        close(fd);
    return rc ? err_set(err, rc, "%s", why.text) : 0;
}

/* In the child of a program that may have threads: only plain system calls. */
static void become_host(const char *exe, char *const argv[], const char *log)
{
    sigset_t none;
    setsid();
    if (fork()) /* the parent of the host ends at once: nobody has to wait for the host */
        _exit(0);
    int null = open("/dev/null", O_RDWR), err = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(null, 0);
    dup2(null, 1);
    dup2(err >= 0 ? err : null, 2);
    close_range(3, ~0U, 0);
    for (int s = 1; s < 32; s++)
        if (s != SIGKILL && s != SIGSTOP)
            signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (chdir("/"))
        _exit(127);
    execv(exe, argv);
    _exit(127);
}

/* The last line of host.log, for those who wait for a host that has ended. */
static void last_words(const char *log, char *out, size_t size)
{
    char *text = NULL;
    size_t n = 0;
    snprintf(out, size, "see %s", SHOW(log));
    if (file_read(log, 16 << 20, &text, &n, NULL) || !n) {
        free(text);
        return;
    }
    while (n && text[n - 1] == '\n')
        text[--n] = 0;
    char *line = strrchr(text, '\n');
    visible(out, size, line ? line + 1 : text);
    free(text);
}

/* Whether this process was itself started as a host. Any program that links this file can be: were
 * it to go on to its usual work and start a host again, there would be no end to it. */
static int is_host(void)
{
    char words[4096] = {0};
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, words, sizeof words - 1);
    if (fd >= 0)
        close(fd);
    size_t first = strlen(words) + 1;
    return n > (ssize_t)first && !strcmp(words + first, "host");
}

int host_spawn(const struct workspace *w, struct err *err)
{
    if (is_host())
        return err_set(err, E_FAIL, "a host process does not start another one");
    char exe[4096], log[1200], words[300];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n < 0)
        return err_errno(err, "cannot tell the program's own file");
    exe[n] = 0;
    snprintf(log, sizeof log, "%s/host.log", w->dir);
    char *argv[] = {exe, (char *)"host", (char *)"--workspace", (char *)w->dir, NULL};
    pid_t pid = fork();
    if (pid < 0)
        return err_errno(err, "cannot start a host process");
    if (!pid)
        become_host(exe, argv, log);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    double until = clock_now() + START;
    while (!host_alive(w)) {
        if (clock_now() > until) {
            last_words(log, words, sizeof words);
            return err_set(err, E_FAIL, "the host process does not answer after %g s: %s", START, words);
        }
        clock_sleep(0.01);
    }
    return 0;
}
