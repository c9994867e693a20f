/* See file.h. */
#include "src/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/visible.h"

#define SHOW(path) visible((char[256]){0}, 256, (path))

int file_read(const char *path, size_t limit, char **out, size_t *size, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "cannot open %s", SHOW(path));
    size_t cap = 65536, len = 0;
    struct stat st;
    if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
        if ((uint64_t)st.st_size > limit) {
            close(fd);
            return err_set(err, E_INPUT, "%s is larger than the limit of %zu bytes", SHOW(path),
                           limit);
        }
        cap = (size_t)st.st_size + 1;
    }
    char *buf = malloc(cap + 1);
    int rc = 0;
    while (buf) {
        ssize_t n = read(fd, buf + len, cap - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = err_errno(err, "cannot read %s", SHOW(path));
        if (n <= 0)
            break;
        len += (size_t)n;
        if (len > limit) {
            rc = err_set(err, E_INPUT, "%s is larger than the limit of %zu bytes", SHOW(path),
                         limit);
            break;
        }
        if (len == cap) {
            char *p = realloc(buf, cap * 2 + 1);
            if (!p) {
                rc = err_nomem(err, path);
                break;
            }
            buf = p;
            cap *= 2;
        }
    }
    close(fd);
    if (!buf)
        return err_nomem(err, "a file");
    if (rc) {
        free(buf);
        return rc;
    }
    buf[len] = 0;
    *out = buf;
    *size = len;
    return 0;
}

int file_write_all(int fd, const void *data, size_t size, const char *path, struct err *err)
{
    const char *p = data;
    while (size) {
        ssize_t n = write(fd, p, size > 1u << 30 ? 1u << 30 : size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "cannot write %s", SHOW(path));
        p += n;
        size -= (size_t)n;
    }
    return 0;
}

int file_sync_dir(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "cannot open directory %s", SHOW(dir));
    int rc = fsync(fd) ? err_errno(err, "cannot sync directory %s", SHOW(dir)) : 0;
    close(fd);
    return rc;
}

int file_write_new(const char *path, const void *data, size_t size, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_errno(err, "cannot create %s", SHOW(path));
    int rc = file_write_all(fd, data, size, path, err);
    if (!rc && fsync(fd))
        rc = err_errno(err, "cannot sync %s", SHOW(path));
    if (close(fd) && !rc)
        rc = err_errno(err, "cannot close %s", SHOW(path));
    return rc;
}

int file_write_atomic(const char *path, const void *data, size_t size, struct err *err)
{
    char tmp[4096], dir[4096];
    if (snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long)getpid()) >= (int)sizeof tmp)
        return err_set(err, E_INPUT, "path too long: %s", SHOW(path));
    snprintf(dir, sizeof dir, "%s", path);
    int rc = file_write_new(tmp, data, size, err);
    if (!rc && rename(tmp, path))
        rc = err_errno(err, "cannot rename %s", SHOW(tmp));
    if (rc) {
        unlink(tmp);
        return rc;
    }
    return file_sync_dir(dirname(dir), err);
}

int file_map(const char *path, struct map *m, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return err_errno(err, "cannot open %s", SHOW(path));
    if (fstat(fd, &st)) {
        int rc = err_errno(err, "cannot stat %s", SHOW(path));
        close(fd);
        return rc;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, E_INPUT, "%s is not a regular file", SHOW(path));
    }
    m->size = (size_t)st.st_size;
    m->data = NULL;
    if (m->size) {
        void *p = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            int rc = err_errno(err, "cannot map %s", SHOW(path));
            close(fd);
            return rc;
        }
        m->data = p;
    }
    close(fd);
    return 0;
}

void file_unmap(struct map *m)
{
    if (m->data)
        munmap((void *)m->data, m->size);
    m->data = NULL;
    m->size = 0;
}

int file_mkdirs(const char *path, struct err *err)
{
    char buf[4096];
    if (snprintf(buf, sizeof buf, "%s", path) >= (int)sizeof buf)
        return err_set(err, E_INPUT, "path too long: %s", SHOW(path));
    for (char *p = buf + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(buf, 0777) && errno != EEXIST)
            return err_errno(err, "cannot create directory %s", SHOW(buf));
        *p = '/';
    }
    if (mkdir(buf, 0777) && errno != EEXIST)
        return err_errno(err, "cannot create directory %s", SHOW(buf));
    return 0;
}

static int remove_level(const char *path, int depth, struct err *err)
{
    DIR *d = opendir(path);
    if (!d)
        return errno == ENOENT ? 0 : err_errno(err, "cannot open directory %s", SHOW(path));
    int rc = 0;
    struct dirent *e;
    while (!rc && (e = readdir(d))) {
        char child[4096];
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(child, sizeof child, "%s/%s", path, e->d_name);
        struct stat st;
        if (lstat(child, &st))
            continue;
        if (S_ISDIR(st.st_mode) && depth > 0)
            rc = remove_level(child, depth - 1, err);
        else if (unlink(child))
            rc = err_errno(err, "cannot remove %s", SHOW(child));
    }
    closedir(d);
    if (!rc && rmdir(path))
        rc = err_errno(err, "cannot remove %s", SHOW(path));
    return rc;
}

int file_remove_tree(const char *path, struct err *err)
{
    return remove_level(path, 2, err);
}

int file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

uint64_t file_identity(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        return 0;
    uint64_t id = (uint64_t)st.st_dev * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)st.st_ino;
    return id ? id : 1;
}

int64_t file_size(const char *path)
{
    struct stat st;
    return stat(path, &st) ? -1 : (int64_t)st.st_size;
}
