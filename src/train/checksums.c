/* checksums.txt of a checkpoint: one line a file, `XXH3 (NAME) = HEX`, which `xxhsum -c` reads. */
#include "src/train/checkpoint_int.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))
#define FILES_MAX 64
#define NAME_SIZE 300

int checkpoint_fault(const char *point)
{
    static atomic_int seen[3];
    static const char *const points[] = {"before-rename", "after-rename", "fail-sync"};
    const char *want = getenv("ELECTROSCOPE_FAULT");
    size_t n = strlen(point);
    if (!want || strncmp(want, point, n) || want[n] != ':')
        return 0;
    for (int i = 0; i < 3; i++)
        if (!strcmp(point, points[i]))
            return atomic_fetch_add(&seen[i], 1) + 1 == atoi(want + n + 1);
    return 0;
}

void checkpoint_die(const char *point)
{
    if (checkpoint_fault(point))
        kill(getpid(), SIGKILL);
}

int checkpoint_sync(const char *dir, struct err *err)
{
    if (checkpoint_fault("fail-sync")) {
        errno = EIO;
        return err_errno(err, "cannot sync directory %s", SHOW(dir));
    }
    return file_sync_dir(dir, err);
}

static int hash_file(const char *path, char hex[17], struct err *err)
{
    struct map m;
    int rc = file_map(path, &m, err);
    if (rc)
        return rc;
    XXH64_canonical_t c;
    XXH64_canonicalFromHash(&c, XXH3_64bits(m.data ? m.data : (const unsigned char *)"", m.size));
    for (int i = 0; i < 8; i++)
        snprintf(hex + 2 * i, 3, "%02x", c.digest[i]);
    file_unmap(&m);
    return 0;
}

struct names {
    char name[FILES_MAX][NAME_SIZE];
    int n;
};

static int add_names(const char *dir, const char *below, int depth, struct names *out, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, below);
    DIR *d = opendir(path);
    if (!d)
        return err_errno(err, "cannot open directory %s", SHOW(path));
    struct dirent *e;
    int rc = 0;
    while (!rc && (e = readdir(d))) {
        char name[NAME_SIZE];
        struct stat st;
        if (e->d_name[0] == '.' || !strcmp(e->d_name, CHECKPOINT_LIST))
            continue;
        int len = snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", e->d_name);
        snprintf(path, sizeof path, "%s/%s", dir, name);
        if (lstat(path, &st))
            rc = err_errno(err, "cannot look at %s", SHOW(path));
        else if (S_ISDIR(st.st_mode) && depth > 0)
            rc = add_names(dir, name, depth - 1, out, err);
        else if (out->n == FILES_MAX || len >= NAME_SIZE)
            rc = err_set(err, E_FAIL, "%s: too many files in a checkpoint", SHOW(dir));
        else
            memcpy(out->name[out->n++], name, sizeof name);
    }
    closedir(d);
    return rc;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

int checksums_write(const char *dir, struct err *err)
{
    struct names *names = calloc(1, sizeof *names);
    struct str s;
    str_init(&s);
    int rc = names ? add_names(dir, "", 1, names, err) : err_nomem(err, "a list of files");
    if (!rc)
        qsort(names->name, (size_t)names->n, sizeof names->name[0], by_name);
    for (int i = 0; !rc && i < names->n; i++) {
        char path[4096], hex[17];
        snprintf(path, sizeof path, "%s/%s", dir, names->name[i]);
        rc = hash_file(path, hex, err);
        str_addf(&s, "XXH3 (%s) = %s\n", names->name[i], hex);
    }
    if (!rc && s.failed)
        rc = err_nomem(err, "a list of checksums");
    if (!rc) {
        char path[4096];
        snprintf(path, sizeof path, "%s/" CHECKPOINT_LIST, dir);
        rc = file_write_new(path, str_get(&s), s.len, err);
    }
    str_free(&s);
    free(names);
    return rc;
}

/* A name of our own layout: no way out of the directory. */
static int is_plain(const char *name)
{
    int slashes = 0;
    if (*name == '.' || *name == '/' || !*name || strlen(name) >= NAME_SIZE)
        return 0;
    for (const char *p = name; *p; p++) {
        slashes += *p == '/';
        if (*p == '/' && (p[1] == '.' || p[1] == '/' || !p[1]))
            return 0;
    }
    return slashes <= 1;
}

int checksums_each(const char *dir, int (*each)(void *ud, const char *name, const char *hash), void *ud,
                   struct err *err)
{
    char path[4096], *text, *save = NULL;
    size_t size;
    snprintf(path, sizeof path, "%s/" CHECKPOINT_LIST, dir);
    int rc = file_read(path, 1 << 20, &text, &size, err), line = 0;
    if (rc)
        return rc;
    if (strlen(text) != size || !size || text[size - 1] != '\n')
        rc = err_set(err, E_INPUT, "%s is cut off or damaged", SHOW(path));
    for (char *t = strtok_r(text, "\n", &save); !rc && t; t = strtok_r(NULL, "\n", &save)) {
        char *close = strstr(t, ") = ");
        line++;
        if (strncmp(t, "XXH3 (", 6) || !close || strlen(close + 4) != 16) {
            rc = err_set(err, E_INPUT, "%s line %d is damaged", SHOW(path), line);
            break;
        }
        *close = 0;
        if (!is_plain(t + 6))
            rc = err_set(err, E_INPUT, "%s line %d names a file outside the checkpoint", SHOW(path), line);
        else
            rc = each(ud, t + 6, close + 4);
    }
    free(text);
    return rc;
}

struct check {
    const char *dir;
    struct err *err;
    int trainer, weights;
};

static int check_one(void *ud, const char *name, const char *hash)
{
    struct check *c = ud;
    char path[4096], hex[17];
    snprintf(path, sizeof path, "%s/%s", c->dir, name);
    int rc = hash_file(path, hex, c->err);
    if (!rc && strcmp(hex, hash))
        rc = err_set(c->err, E_INPUT, "%s is damaged: its checksum is %s, not %s as " CHECKPOINT_LIST " says",
                     SHOW(path), hex, SHOW(hash));
    c->trainer |= !strcmp(name, CHECKPOINT_TRAINER);
    c->weights |= strstr(name, "/model.safetensors") != NULL;
    return rc;
}

int checkpoint_verify(const char *path, struct err *err)
{
    struct check c = {.dir = path, .err = err};
    int rc = checksums_each(path, check_one, &c, err);
    if (!rc && (!c.trainer || !c.weights))
        rc = err_set(err, E_INPUT, "%s is no whole checkpoint: " CHECKPOINT_LIST " does not name its weights "
                     "and " CHECKPOINT_TRAINER, SHOW(path));
    return rc;
}
