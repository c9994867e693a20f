/* The checkpoints of one run: finding the newest whole one, and pruning. */
#include "src/train/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/train/checkpoint_int.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

struct steps {
    int64_t *step;
    int n;
};

static int newest_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* Directories whose names are plain step numbers, newest first. */
static int list_steps(const char *dir, struct steps *out, struct err *err)
{
    *out = (struct steps){NULL, 0};
    DIR *d = opendir(dir);
    if (!d)
        return errno == ENOENT ? 0 : err_errno(err, "cannot open directory %s", SHOW(dir));
    struct dirent *e;
    int cap = 0;
    while ((e = readdir(d))) {
        size_t digits = strspn(e->d_name, "0123456789");
        if (!digits || digits > 15 || e->d_name[digits])
            continue;
        if (out->n == cap) {
            cap = cap ? 2 * cap : 32;
            int64_t *p = realloc(out->step, (size_t)cap * sizeof *p);
            if (!p) {
                closedir(d);
                free(out->step);
                return err_nomem(err, "a list of checkpoints");
            }
            out->step = p;
        }
        out->step[out->n++] = strtoll(e->d_name, NULL, 10);
    }
    closedir(d);
    if (out->n)
        qsort(out->step, (size_t)out->n, sizeof *out->step, newest_first);
    return 0;
}

int checkpoint_before(const char *dir, int64_t before, char *path, int size, int64_t *step, struct err *err)
{
    struct steps s;
    struct err why = {0, ""}, first = {0, ""};
    int rc = list_steps(dir, &s, err), found = 0;
    for (int i = 0; !rc && !found && i < s.n; i++) {
        if (s.step[i] >= before)
            continue;
        if (snprintf(path, (size_t)size, "%s/%" PRId64, dir, s.step[i]) >= size) {
            rc = err_set(err, E_INPUT, "path too long: %s", SHOW(dir));
            break;
        }
        if (!checkpoint_verify(path, &why)) {
            found = 1;
            if (step)
                *step = s.step[i];
        } else if (!first.code) {
            first = why;
        }
    }
    free(s.step);
    if (!rc && !found)
        rc = err_set(err, E_NOTFOUND, "no whole checkpoint in %s%s%.250s", SHOW(dir), first.code ? ": " : "",
                     first.text);
    return rc;
}

int checkpoint_newest(const char *dir, char *path, int size, int64_t *step, struct err *err)
{
    return checkpoint_before(dir, INT64_MAX, path, size, step, err);
}

static int remove_file(void *ud, const char *name, const char *hash)
{
    char path[4096];
    (void)hash;
    snprintf(path, sizeof path, "%s/%s", (const char *)ud, name);
    unlink(path);
    return 0;
}

/* Removes the files a checkpoint lists and the directories that are empty then. It loses its name
 * first, so that a half-removed one is a temporary. */
static int remove_checkpoint(const char *dir, int64_t step, struct err *err)
{
    static const char *const nets[] = {"generator", "discriminator", "main"};
    char path[4096], tmp[4096], sub[4200];
    snprintf(path, sizeof path, "%s/%" PRId64, dir, step);
    snprintf(tmp, sizeof tmp, "%s/%" PRId64 ".tmp.%ld", dir, step, (long)getpid());
    snprintf(sub, sizeof sub, "%s/" CHECKPOINT_LIST, path);
    if (!file_exists(sub))
        return 0; /* not one of ours */
    if (rename(path, tmp))
        return err_errno(err, "cannot rename %s", SHOW(path));
    int rc = checksums_each(tmp, remove_file, tmp, err);
    snprintf(sub, sizeof sub, "%s/" CHECKPOINT_LIST, tmp);
    if (!rc)
        unlink(sub);
    for (int i = 0; i < 3; i++) {
        snprintf(sub, sizeof sub, "%s/%s", tmp, nets[i]);
        rmdir(sub);
    }
    if (rc || rmdir(tmp)) /* something else lies in it */
        rename(tmp, path);
    return rc;
}

int checkpoint_prune(const char *dir, int keep, int64_t best_step, struct err *err)
{
    struct steps s;
    int rc = list_steps(dir, &s, err);
    for (int i = keep; !rc && i < s.n; i++)
        if (s.step[i] != best_step)
            rc = remove_checkpoint(dir, s.step[i], err);
    free(s.step);
    return rc;
}

void checkpoint_sweep(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    while (d && (e = readdir(d))) {
        size_t digits = strspn(e->d_name, "0123456789");
        const char *rest = e->d_name + digits;
        char path[4096];
        if (!digits || strncmp(rest, ".tmp.", 5))
            continue;
        size_t pid = strspn(rest + 5, "0123456789");
        if (!pid || pid > 9 || (strcmp(rest + 5 + pid, "") && strcmp(rest + 5 + pid, ".old")))
            continue;
        long owner = strtol(rest + 5, NULL, 10);
        if (owner != (long)getpid() && (!kill((pid_t)owner, 0) || errno != ESRCH))
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        file_remove_tree(path, NULL);
    }
    if (d)
        closedir(d);
}

/* --- sharing -------------------------------------------------------------------------------- */

struct share {
    const char *from, *tmp;
    struct err *err;
};

static int copy_file(const char *from, const char *to, struct err *err)
{
    struct map m;
    int rc = file_map(from, &m, err);
    if (rc)
        return rc;
    rc = file_write_new(to, m.data ? m.data : (const unsigned char *)"", m.size, err);
    file_unmap(&m);
    return rc;
}

static int share_file(void *ud, const char *name, const char *hash)
{
    struct share *s = ud;
    char from[4096], to[4096];
    const char *slash = strrchr(name, '/');
    (void)hash;
    if (slash) {
        snprintf(to, sizeof to, "%s/%.*s", s->tmp, (int)(slash - name), name);
        int rc = file_mkdirs(to, s->err);
        if (rc)
            return rc;
    }
    snprintf(from, sizeof from, "%s/%s", s->from, name);
    if (snprintf(to, sizeof to, "%s/%s", s->tmp, name) >= (int)sizeof to)
        return err_set(s->err, E_INPUT, "path too long: %s", SHOW(to));
    if (!link(from, to))
        return 0;
    if (errno == ENOENT)
        return err_errno(s->err, "cannot share %s", SHOW(from));
    return copy_file(from, to, s->err);
}

static int sync_tree(const char *tmp, struct err *err)
{
    static const char *const nets[] = {"generator", "discriminator", "main"};
    char path[4096];
    int rc = 0;
    for (int i = 0; !rc && i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", tmp, nets[i]);
        if (file_exists(path))
            rc = file_sync_dir(path, err);
    }
    return rc ? rc : file_sync_dir(tmp, err);
}

int checkpoint_share(const char *from, const char *dir, int64_t step, struct err *err)
{
    char path[3900], tmp[4000];
    struct share s = {from, tmp, err};
    if (snprintf(path, sizeof path, "%s/%" PRId64, dir, step) >= (int)sizeof path)
        return err_set(err, E_INPUT, "path too long: %s", SHOW(dir));
    snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long)getpid());
    file_remove_tree(tmp, NULL);
    int rc = checkpoint_verify(from, err);
    if (!rc)
        rc = file_mkdirs(tmp, err);
    if (!rc)
        rc = checksums_each(from, share_file, &s, err);
    if (!rc)
        rc = share_file(&s, CHECKPOINT_LIST, NULL);
    if (!rc)
        rc = sync_tree(tmp, err);
    if (!rc && rename(tmp, path))
        rc = err_errno(err, "cannot rename %s", SHOW(tmp));
    if (rc)
        file_remove_tree(tmp, NULL);
    return rc ? rc : file_sync_dir(dir, err);
}
