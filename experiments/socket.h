/* WORKSPACE/host.sock: lines of JSON, at most 64 KiB each way. The listening side keeps its
 * connections and cuts their bytes into lines; what a line means is ops.c's business. */
#ifndef ES_EXPERIMENTS_SOCKET_H
#define ES_EXPERIMENTS_SOCKET_H
#include <poll.h>
#include <stdatomic.h>
#include <stddef.h>

struct err;
#define WIRE_LINE 65536 /* bytes, newline included */
#define WIRE_CONNECTIONS 64

struct connection {
    int fd;      /* -1: free */
    atomic_int busy;  /* an answer will come from another thread: not read meanwhile */
    atomic_int close; /* to be closed by the main thread */
    char *data;  /* [WIRE_LINE] */
    size_t len;
};
struct wire {
    int fd; /* listening, -1 when not */
    struct connection connection[WIRE_CONNECTIONS];
};
/* Listens on `path` (taken over: call it under the lock), mode 0600. */
int wire_listen(struct wire *w, const char *path, struct err *err);
void wire_close(struct wire *w, const char *path);
/* Adds what to poll for; returns how many, at most WIRE_CONNECTIONS + 1. */
int wire_poll(struct wire *w, struct pollfd *p);
/* Accepts and reads what is there; line() is called for every whole line (without newline). */
void wire_turn(struct wire *w, const struct pollfd *p, int n,
               void (*line)(void *ud, struct connection *c, const char *line, size_t n), void *ud);
/* Sends text and a newline; a client that does not read is dropped. */
void wire_send(struct connection *c, const char *text, size_t n);
/* Connects, for clients. The descriptor, or E_NOTFOUND when nobody listens. */
int wire_connect(const char *path, double timeout, struct err *err);
/* One line out, one line in (malloc'd, without newline). */
int wire_ask(int fd, const char *line, char **answer, struct err *err);
#endif
