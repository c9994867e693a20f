/* Errors: a fallible function returns 0 or a negative E_* code and fills `struct err *`
 * (its last argument) with one full sentence that names the culprit. On success the err is
 * left untouched, so calls can be chained. A NULL err is allowed. */
#ifndef ES_BASE_ERR_H
#define ES_BASE_ERR_H

enum {
    E_FAIL = -1,    /* anything without a code of its own */
    E_INPUT = -2,   /* a file, line or field is wrong */
    E_USAGE = -3,   /* a value out of bounds, an unknown name: exit code 2 */
    E_NOMEM = -4,
    E_IO = -5,      /* errno named in the text */
    E_NOSPACE = -6,
    E_BUSY = -7,    /* somebody else holds the lock */
    E_NOTFOUND = -8,
    E_STOPPED = -9  /* asked to stop */
};

struct err {
    int code;
    char text[512];
};

/* Fills err (if not NULL) and returns code. The text must already be safe to show: pass
 * foreign strings through visible() first. */
int err_set(struct err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Like err_set with ": strerror(errno)" appended; ENOSPC becomes E_NOSPACE. */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_nomem(struct err *err, const char *what);
#endif
