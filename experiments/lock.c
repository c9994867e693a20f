/* See lock.h. */
#include "experiments/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

void lock_boot_id(char out[64])
{
    char *text = NULL;
    size_t n = 0;
    out[0] = 0;
    if (!file_read("/proc/sys/kernel/random/boot_id", 4096, &text, &n, NULL))
        snprintf(out, 64, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

int lock_read(const char *path, struct lock_info *out)
{
    char *text = NULL;
    size_t n = 0;
    memset(out, 0, sizeof *out);
    if (file_read(path, 4096, &text, &n, NULL))
        return E_NOTFOUND;
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    const char *boot = json_string_value(json_object_get(j, "boot_id"));
    const char *host = json_string_value(json_object_get(j, "host"));
    out->pid = (long)json_integer_value(json_object_get(j, "pid"));
    out->started = json_number_value(json_object_get(j, "started"));
    snprintf(out->boot_id, sizeof out->boot_id, "%s", boot ? boot : "");
    visible(out->host, sizeof out->host, host ? host : "");
    json_decref(j);
    return out->pid > 0 ? 0 : E_NOTFOUND;
}

static int write_info(int fd, const char *path, struct err *err)
{
    char boot[64], host[65] = "", text[400];
    lock_boot_id(boot);
    gethostname(host, sizeof host - 1);
    json_t *j = json_pack("{s:i, s:I, s:s, s:s%, s:f}", "v", 1, "pid", (json_int_t)getpid(),
                          "boot_id", boot, "host", host, strlen(host), "started", clock_utc());
    size_t n = j ? json_dumpb(j, text, sizeof text - 1, JSON_COMPACT) : 0;
    json_decref(j);
    if (!n || n >= sizeof text)
        return err_nomem(err, "the lock");
    text[n++] = '\n';
    if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) < 0)
        return err_errno(err, "cannot write %s", SHOW(path));
    return file_write_all(fd, text, n, path, err);
}

static int busy(const char *path, struct err *err)
{
    struct lock_info who;
    char since[32];
    /* The holder may be between taking and writing: give it a moment. */
    for (int i = 0; lock_read(path, &who) && i < 10; i++)
        clock_sleep(0.02);
    if (!who.pid)
        return err_set(err, E_BUSY, "%s is held by another process", SHOW(path));
    clock_iso(who.started, since, sizeof since);
    return err_set(err, E_BUSY, "the workspace is in use: process %ld on %s holds %s since %s",
                   who.pid, who.host, SHOW(path), since);
}

int lock_take(const char *path, double wait, int *fd, struct err *err)
{
    double until = clock_now() + wait;
    int f = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f < 0)
        return err_errno(err, "cannot open %s", SHOW(path));
    while (flock(f, LOCK_EX | LOCK_NB)) {
        if (errno == EINTR)
            continue;
        int rc = 0;
        if (errno != EWOULDBLOCK)
            rc = err_errno(err, "cannot lock %s", SHOW(path));
        else if (clock_now() >= until)
            rc = busy(path, err);
        if (rc) {
            close(f);
            return rc;
        }
        clock_sleep(0.02);
    }
    int rc = write_info(f, path, err);
    if (rc)
        lock_release(f);
    else
        *fd = f;
    return rc;
}

void lock_release(int fd)
{
    if (fd < 0)
        return;
    if (ftruncate(fd, 0)) {
        /* the file names a process that is gone, which is harmless */
    }
    close(fd);
}
