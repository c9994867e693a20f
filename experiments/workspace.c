/* See workspace.h. */
#include "experiments/workspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

/* Where runs are kept when nobody says otherwise. */
static int default_dir(char *out, size_t size, struct err *err)
{
    const char *env = getenv("ELECTROSCOPE_WORKSPACE"), *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int n;
    if (env && *env)
        n = snprintf(out, size, "%s", env);
    else if (data && *data == '/')
        n = snprintf(out, size, "%s/electroscope", data);
    else if (home && *home)
        n = snprintf(out, size, "%s/.local/share/electroscope", home);
    else
        return err_set(err, E_USAGE, "there is no home directory: name a workspace with --workspace");
    return n < (int)size ? 0 : err_set(err, E_USAGE, "the workspace's path is too long");
}

/* The host lives in another directory than its clients, so the path must be absolute. */
static int make_absolute(char *dir, size_t size, struct err *err)
{
    char full[4096], cwd[4096];
    if (realpath(dir, full)) {
        /* as the system sees it */
    } else if (*dir == '/') {
        snprintf(full, sizeof full, "%s", dir);
    } else if (!getcwd(cwd, sizeof cwd)) {
        return err_errno(err, "cannot tell the current directory");
    } else if (snprintf(full, sizeof full, "%s/%s", cwd, dir) >= (int)sizeof full) {
        return err_set(err, E_USAGE, "the workspace's path is too long: %s", SHOW(dir));
    }
    if (strlen(full) >= size)
        return err_set(err, E_USAGE, "the workspace's path is longer than %zu bytes: %s", size - 1,
                       SHOW(full));
    memcpy(dir, full, strlen(full) + 1);
    return 0;
}

int workspace_open(struct workspace *w, const char *dir, int create, struct err *err)
{
    memset(w, 0, sizeof *w);
    if (dir && strlen(dir) >= sizeof w->dir)
        return err_set(err, E_USAGE, "the workspace's path is too long: %s", SHOW(dir));
    if (dir && !*dir)
        return err_set(err, E_USAGE, "the workspace's path is empty");
    int rc = 0;
    if (dir)
        memcpy(w->dir, dir, strlen(dir) + 1);
    else
        rc = default_dir(w->dir, sizeof w->dir, err);
    if (!rc && create)
        rc = file_mkdirs(w->dir, err);
    if (!rc)
        rc = make_absolute(w->dir, sizeof w->dir, err);
    struct stat st;
    if (!rc && !stat(w->dir, &st) && !S_ISDIR(st.st_mode))
        rc = err_set(err, E_INPUT, "the workspace %s is not a directory", SHOW(w->dir));
    if (rc)
        return rc;
    snprintf(w->db, sizeof w->db, "%s/runs.db", w->dir);
    snprintf(w->lock, sizeof w->lock, "%s/host.lock", w->dir);
    snprintf(w->sock, sizeof w->sock, "%s/host.sock", w->dir);
    snprintf(w->corpora, sizeof w->corpora, "%s/corpora", w->dir);
    snprintf(w->checkpoints, sizeof w->checkpoints, "%s/checkpoints", w->dir);
    if (create)
        rc = file_mkdirs(w->corpora, err);
    if (!rc && create)
        rc = file_mkdirs(w->checkpoints, err);
    return rc;
}

int workspace_writable(const struct workspace *w)
{
    return !access(w->dir, W_OK) && (!file_exists(w->db) || !access(w->db, W_OK));
}
