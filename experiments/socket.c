/* See socket.h. */
#define _GNU_SOURCE
#include "experiments/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

/* A socket's address holds 107 bytes: a longer path is reached through its directory's
 * descriptor, *dir, which the caller closes when it is not -1. */
static int address(const char *path, struct sockaddr_un *a, int *dir, struct err *err)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    *dir = -1;
    if (strlen(path) < sizeof a->sun_path) {
        memcpy(a->sun_path, path, strlen(path) + 1);
        return 0;
    }
    char parent[4096];
    const char *slash = strrchr(path, '/');
    snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 0, path);
    *dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*dir < 0)
        return err_errno(err, "cannot open %s", SHOW(parent));
    if (snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%.60s", *dir, slash + 1) < 0)
        return err_set(err, E_FAIL, "cannot name the socket %s", SHOW(path));
    return 0;
}

int wire_listen(struct wire *w, const char *path, struct err *err)
{
    struct sockaddr_un a;
    int dir, rc;
    for (int i = 0; i < WIRE_CONNECTIONS; i++)
        w->connection[i] = (struct connection){.fd = -1};
    w->fd = -1;
    if ((rc = address(path, &a, &dir, err)))
        return rc;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        rc = err_errno(err, "cannot make a socket");
    unlink(path);
    /* The mode is set before the name is there: nobody else can be first. */
    if (!rc && (fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&a, sizeof a) || chmod(path, 0600)))
        rc = err_errno(err, "cannot listen on %s", SHOW(path));
    if (!rc && listen(fd, 32))
        rc = err_errno(err, "cannot listen on %s", SHOW(path));
    if (dir >= 0)
        close(dir);
    if (rc && fd >= 0)
        close(fd);
    if (!rc)
        w->fd = fd;
    return rc;
}

static void drop(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c->data);
    *c = (struct connection){.fd = -1};
}

void wire_close(struct wire *w, const char *path)
{
    if (w->fd < 0)
        return;
    unlink(path);
    close(w->fd);
    w->fd = -1;
    for (int i = 0; i < WIRE_CONNECTIONS; i++)
        drop(&w->connection[i]);
}

int wire_poll(struct wire *w, struct pollfd *p)
{
    int n = 0;
    p[n++] = (struct pollfd){.fd = w->fd, .events = POLLIN};
    for (int i = 0; i < WIRE_CONNECTIONS; i++) {
        struct connection *c = &w->connection[i];
        if (c->fd >= 0 && !c->busy && c->close)
            drop(c);
        if (c->fd >= 0 && !c->busy)
            p[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    }
    return n;
}

void wire_send(struct connection *c, const char *text, size_t n)
{
    char end = '\n';
    ssize_t a = send(c->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT | MSG_MORE);
    ssize_t b = a == (ssize_t)n ? send(c->fd, &end, 1, MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
    if (b != 1)
        c->close = 1;
}

static void refuse(int fd, const char *sentence)
{
    char text[200];
    int n = snprintf(text, sizeof text, "{\"ok\":false,\"error\":\"%s\"}\n", sentence);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        return; /* it has gone already */
}

static int same_user(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;
    return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) &&
           (who.uid == geteuid() || who.uid == 0);
}

static void accept_one(struct wire *w)
{
    int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct connection *c = NULL;
    for (int i = 0; !c && i < WIRE_CONNECTIONS; i++)
        if (w->connection[i].fd < 0)
            c = &w->connection[i];
    char *data = c && same_user(fd) ? malloc(WIRE_LINE) : NULL;
    if (!data) {
        refuse(fd, c ? "the host belongs to another user" : "the host has too many connections");
        close(fd);
        return;
    }
    *c = (struct connection){.fd = fd, .data = data};
}

static void cut_lines(struct connection *c,
                      void (*line)(void *ud, struct connection *c, const char *line, size_t n),
                      void *ud)
{
    char *end;
    while (!c->busy && !c->close && (end = memchr(c->data, '\n', c->len))) {
        size_t n = (size_t)(end - c->data);
        line(ud, c, c->data, n);
        memmove(c->data, end + 1, c->len - n - 1);
        c->len -= n + 1;
    }
    if (!c->busy && !c->close && c->len == WIRE_LINE) {
        refuse(c->fd, "a request is longer than 64 KiB");
        c->close = 1;
    }
}

static void read_one(struct connection *c,
                     void (*line)(void *ud, struct connection *c, const char *line, size_t n),
                     void *ud)
{
    ssize_t n = recv(c->fd, c->data + c->len, WIRE_LINE - c->len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        c->close = 1;
        return;
    }
    c->len += (size_t)n;
    cut_lines(c, line, ud);
}

void wire_turn(struct wire *w, const struct pollfd *p, int n,
               void (*line)(void *ud, struct connection *c, const char *line, size_t n), void *ud)
{
    for (int k = 1; k < n; k++)
        for (int i = 0; p[k].revents && i < WIRE_CONNECTIONS; i++)
            if (w->connection[i].fd == p[k].fd)
                read_one(&w->connection[i], line, ud);
    /* Lines that waited behind an answer of another thread. */
    for (int i = 0; i < WIRE_CONNECTIONS; i++)
        if (w->connection[i].fd >= 0 && w->connection[i].len)
            cut_lines(&w->connection[i], line, ud);
    if (n && p[0].revents)
        accept_one(w);
}

int wire_connect(const char *path, double timeout, struct err *err)
{
    struct sockaddr_un a;
    int dir;
    if (address(path, &a, &dir, err))
        return err_set(err, E_NOTFOUND, "no host listens on %s", SHOW(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? err_errno(err, "cannot make a socket") : 0;
    struct timeval t = {.tv_sec = (time_t)timeout, .tv_usec = 0};
    if (!rc) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    }
    if (!rc && connect(fd, (struct sockaddr *)&a, sizeof a))
        rc = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR
                 ? err_set(err, E_NOTFOUND, "no host listens on %s", SHOW(path))
                 : err_errno(err, "cannot connect to %s", SHOW(path));
    if (dir >= 0)
        close(dir);
    if (rc && fd >= 0)
        close(fd);
    return rc ? rc : fd;
}

static int send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

int wire_ask(int fd, const char *line, char **answer, struct err *err)
{
    size_t n = strlen(line), len = 0;
    if (n >= WIRE_LINE)
        return err_set(err, E_USAGE, "a request to the host is longer than 64 KiB");
    if (send_all(fd, line, n) || send_all(fd, "\n", 1))
        return err_errno(err, "the host does not take a request");
    char *buf = malloc(WIRE_LINE + 1);
    if (!buf)
        return err_nomem(err, "an answer");
    for (;;) {
        ssize_t k = recv(fd, buf + len, WIRE_LINE - len, 0);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) {
            free(buf);
            if (k < 0)
                return err_errno(err, "the host does not answer");
            return err_set(err, E_IO, "the host ended without an answer");
        }
        char *end = memchr(buf + len, '\n', (size_t)k);
        len += (size_t)k;
        if (end) {
            *end = 0;
            *answer = buf;
            return 0;
        }
        if (len == WIRE_LINE) {
            free(buf);
            return err_set(err, E_IO, "the host's answer is longer than 64 KiB");
        }
    }
}
