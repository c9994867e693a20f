/* See err.h. */
#include "src/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        err->code = code;
    }
    return code;
}

int err_errno(struct err *err, const char *fmt, ...)
{
    int saved = errno;
    int code = saved == ENOSPC || saved == EDQUOT ? E_NOSPACE
               : saved == ENOMEM                  ? E_NOMEM
                                                  : E_IO;
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < sizeof err->text)
            snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", strerror(saved));
        err->code = code;
    }
    return code;
}

int err_nomem(struct err *err, const char *what)
{
    return err_set(err, E_NOMEM, "out of memory for %s", what);
}
