/* See checkpoint.h: writing and reading. Finding and pruning are in checkpoint_dir.c. */
#define _GNU_SOURCE
#include "src/train/checkpoint.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/model/hf.h"
#include "src/model/safetensors.h"
#include "src/text/vocab.h"
#include "src/train/checkpoint_int.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

/* The numbers of struct checkpoint_state, once for writing and reading. */
#define WHOLE(f) f("step", step) f("tokens", tokens) f("updates", updates) f("best_step", best_step)
#define HASHES(f) f("row", row) f("corpus_hash", corpus_hash) f("config_hash", config_hash)
#define REALS(f) f("wall", wall) f("flops", flops) f("flops_paper", flops_paper) f("best", best) f("last", last)
enum { NUMBERS = 4 + 3 + 5, TEXTS = 4 };

static void add_escaped(struct str *s, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p <= ' ' || *p > '~' || *p == '%')
            str_addf(s, "%%%02x", *p);
        else
            str_addc(s, (char)*p);
    }
}

/* "name=value" a line; bytes that are not plain ASCII as %xx. */
static void config_text(const struct config *c, struct str *s)
{
    for (int i = 0; i < config_nfields; i++) {
        char value[CONFIG_TEXT];
        str_addf(s, "%s=", config_fields[i].name);
        add_escaped(s, config_get(c, &config_fields[i], value, sizeof value));
        str_addc(s, '\n');
    }
}

static void unescape(char *text)
{
    char *out = text;
    for (char *p = text; *p; p++) {
        unsigned byte;
        if (*p == '%' && p[1] && p[2] && sscanf(p + 1, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            p += 2;
        } else {
            *out++ = *p;
        }
    }
    *out = 0;
}

static int write_trainer(const char *dir, const struct model *m, const float *am, const float *av,
                         const struct checkpoint_state *s, const struct config *c, struct err *err)
{
    const struct param_table *t = &m->table;
    struct st_write *w = calloc((size_t)t->n * 2 + 1, sizeof *w);
    char(*names)[PARAM_NAME + 8] = calloc((size_t)t->n * 2 + 1, sizeof *names);
    char number[NUMBERS][40], path[4096];
    const char *meta[2 * (NUMBERS + TEXTS + 1) + 1];
    struct str config, health;
    int n = 0, k = 0, i = 0;
    str_init(&config);
    str_init(&health);
    config_text(c, &config);
    health_write(&s->health, &health);
    for (int row = 0; w && names && row < t->n * 2; row++) {
        const struct param *p = &t->rows[row / 2];
        if (p->alias >= 0)
            continue;
        snprintf(names[n], sizeof *names, "adam_%c.%s", row % 2 ? 'v' : 'm', p->name);
        w[n] = (struct st_write){.name = names[n], .dtype = ST_F32, .rank = p->rank,
                                 .data = (row % 2 ? av : am) + p->offset};
        w[n].shape[0] = p->rank == 2 ? p->rows : p->cols;
        w[n].shape[1] = p->cols;
        n++;
    }
#define PUT(key, text) meta[k++] = key, meta[k++] = text;
#define PUT_WHOLE(key, f) snprintf(number[i], sizeof *number, "%" PRId64, s->f); PUT(key, number[i]) i++;
#define PUT_HASH(key, f) snprintf(number[i], sizeof *number, "%" PRIu64, s->f); PUT(key, number[i]) i++;
#define PUT_REAL(key, f) snprintf(number[i], sizeof *number, "%.17g", s->f); PUT(key, number[i]) i++;
    PUT("format", CHECKPOINT_FORMAT)
    WHOLE(PUT_WHOLE)
    HASHES(PUT_HASH)
    REALS(PUT_REAL)
    PUT("kernel", s->kernel)
    PUT("blas_core", s->blas_core)
    PUT("config", str_get(&config))
    PUT("health", str_get(&health))
    meta[k] = NULL;
    if (snprintf(path, sizeof path, "%s/" CHECKPOINT_TRAINER, dir) >= (int)sizeof path)
        path[0] = 0; /* cannot be: checkpoint_save leaves room */
    int rc = w && names && !config.failed && !health.failed ? st_write(path, w, n, meta, NULL, err)
                                          : err_nomem(err, "a list of tensors");
    free(w);
    free(names);
    str_free(&config);
    str_free(&health);
    return rc;
}

static int write_net(const char *dir, const struct model *m, const struct net *net, const float *values,
                     const struct vocab *v, const struct wordpiece_options *text, struct err *err)
{
    char path[4096];
    if (!net->layer)
        return 0;
    snprintf(path, sizeof path, "%s/%s", dir, net->prefix);
    if (mkdir(path, 0777))
        return err_errno(err, "cannot create directory %s", SHOW(path));
    int rc = hf_save(path, m, net, values, v, text, err);
    return rc ? rc : checkpoint_sync(path, err);
}

/* Gives the temporary its name. A checkpoint of the same step (of an abandoned try) is swapped
 * out and removed. */
static int rename_into_place(const char *tmp, const char *path, struct err *err)
{
    checkpoint_die("before-rename");
    if (!file_exists(path)) {
        if (rename(tmp, path))
            return err_errno(err, "cannot rename %s", SHOW(tmp));
    } else {
        char old[4096];
        if (!renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_EXCHANGE)) {
            checkpoint_die("after-rename");
            return file_remove_tree(tmp, err);
        }
        if (snprintf(old, sizeof old, "%s.old", tmp) >= (int)sizeof old)
            return err_set(err, E_FAIL, "path too long: %s", SHOW(tmp));
        if (rename(path, old))
            return err_errno(err, "cannot rename %s", SHOW(path));
        if (rename(tmp, path)) {
            int rc = err_errno(err, "cannot rename %s", SHOW(tmp));
            return rename(old, path) ? err_errno(err, "cannot rename %s", SHOW(old)) : rc;
        }
        file_remove_tree(old, NULL);
    }
    checkpoint_die("after-rename");
    return 0;
}

int checkpoint_save(const char *dir, const struct model *m, const float *values, const float *am,
                    const float *av, const struct checkpoint_state *s, const struct config *c,
                    const struct vocab *v, const struct wordpiece_options *text, char *path, int path_size,
                    struct err *err)
{
    char tmp[4096];
    int n = snprintf(path, (size_t)path_size, "%s/%" PRId64, dir, s->step);
    if (n >= path_size ||
        snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long)getpid()) >= (int)sizeof tmp - 64)
        return err_set(err, E_INPUT, "path too long: %s", SHOW(dir));
    int rc = file_mkdirs(dir, err);
    if (rc)
        return rc;
    file_remove_tree(tmp, NULL);
    if (mkdir(tmp, 0777))
        return err_errno(err, "cannot create directory %s", SHOW(tmp));
    rc = write_net(tmp, m, &m->disc, values, v, text, err);
    if (!rc)
        rc = write_net(tmp, m, &m->gen, values, v, text, err);
    if (!rc)
        rc = write_trainer(tmp, m, am, av, s, c, err);
    if (!rc)
        rc = checksums_write(tmp, err);
    if (!rc)
        rc = checkpoint_sync(tmp, err);
    if (!rc)
        rc = rename_into_place(tmp, path, err);
    if (rc) {
        file_remove_tree(tmp, NULL);
        return rc;
    }
    return checkpoint_sync(dir, err);
}

static int open_trainer(const char *path, struct safetensors *st, struct err *err)
{
    char file[4096];
    snprintf(file, sizeof file, "%s/" CHECKPOINT_TRAINER, path);
    int rc = st_open(st, file, err);
    if (rc)
        return rc;
    const char *format = st_meta(st, "format");
    if (format && !strcmp(format, CHECKPOINT_FORMAT))
        return 0;
    st_close(st);
    return err_set(err, E_INPUT, "%s is not a checkpoint of this program's format (%s)", SHOW(file),
                   CHECKPOINT_FORMAT);
}

static int missing(const struct safetensors *st, const char *key, struct err *err)
{
    return err_set(err, E_INPUT, "%s: %s is missing or no number", SHOW(st->path), key);
}

static int read_state(const struct safetensors *st, struct checkpoint_state *s, struct err *err)
{
    const char *text;
    char *end;
    memset(s, 0, sizeof *s);
#define GET(key, f, call)                                  \
    text = st_meta(st, key);                               \
    if (!text || !*text)                                   \
        return missing(st, key, err);                      \
    s->f = call;                                           \
    if (*end)                                              \
        return missing(st, key, err);
#define GET_WHOLE(key, f) GET(key, f, strtoll(text, &end, 10))
#define GET_HASH(key, f) GET(key, f, strtoull(text, &end, 10))
#define GET_REAL(key, f) GET(key, f, strtod(text, &end))
    WHOLE(GET_WHOLE)
    HASHES(GET_HASH)
    REALS(GET_REAL)
    text = st_meta(st, "kernel");
    snprintf(s->kernel, sizeof s->kernel, "%s", text ? text : "");
    text = st_meta(st, "blas_core");
    snprintf(s->blas_core, sizeof s->blas_core, "%s", text ? text : "");
    health_init(&s->health);
    text = st_meta(st, "health"); /* checkpoints from before the rules have none */
    if (text && health_read(&s->health, text))
        return missing(st, "health", err);
    if (s->step < 0 || s->tokens < 0 || s->updates < 0 || s->updates > s->step)
        return err_set(err, E_INPUT, "%s: the step counters contradict each other", SHOW(st->path));
    return 0;
}

static int read_moments(const struct safetensors *st, const struct model *m, float *am, float *av,
                        struct err *err)
{
    int n = 0, rc = 0;
    for (int row = 0; !rc && row < m->table.n * 2; row++) {
        const struct param *p = &m->table.rows[row / 2];
        char name[PARAM_NAME + 8];
        if (p->alias >= 0)
            continue;
        snprintf(name, sizeof name, "adam_%c.%s", row % 2 ? 'v' : 'm', p->name);
        const struct st_tensor *t = st_find(st, name);
        int64_t want = p->rank == 2 ? p->rows : p->cols;
        n++;
        if (!t)
            rc = err_set(err, E_INPUT, "%s: tensor %s is missing: the checkpoint is of another model",
                         SHOW(st->path), name);
        else if (t->rank != p->rank || t->shape[0] != want || (p->rank == 2 && t->shape[1] != p->cols))
            rc = err_set(err, E_INPUT, "%s: tensor %s has another shape than the run's model",
                         SHOW(st->path), name);
        else
            rc = st_floats(t, (row % 2 ? av : am) + p->offset, NULL, err);
    }
    if (!rc && n != st->n)
        rc = err_set(err, E_INPUT, "%s holds %d tensors, the run's model has %d: the checkpoint is of "
                     "another model", SHOW(st->path), st->n, n);
    return rc;
}

int checkpoint_load(const char *path, const struct model *m, float *values, float *am, float *av,
                    struct checkpoint_state *s, struct err *err)
{
    struct safetensors st;
    char dir[4096];
    int rc = checkpoint_verify(path, err);
    if (!rc)
        rc = open_trainer(path, &st, err);
    if (rc)
        return rc;
    rc = read_state(&st, s, err);
    if (!rc && am && av)
        rc = read_moments(&st, m, am, av, err);
    st_close(&st);
    const struct net *nets[] = {&m->disc, &m->gen};
    for (int i = 0; !rc && i < 2; i++) {
        if (!nets[i]->layer)
            continue;
        snprintf(dir, sizeof dir, "%s/%s", path, nets[i]->prefix);
        rc = hf_load_weights(dir, m, nets[i], values, NULL, NULL, err);
    }
    return rc;
}

int checkpoint_read_state(const char *path, struct checkpoint_state *s, struct err *err)
{
    struct safetensors st;
    int rc = open_trainer(path, &st, err);
    if (rc)
        return rc;
    rc = read_state(&st, s, err);
    st_close(&st);
    return rc;
}

int checkpoint_config(const char *path, struct config *c, struct err *err)
{
    struct safetensors st;
    int rc = open_trainer(path, &st, err);
    if (rc)
        return rc;
    const char *text = st_meta(&st, "config");
    char *copy = text ? strdup(text) : NULL, *save = NULL;
    if (!copy)
        rc = err_set(err, E_INPUT, "%s: its configuration is missing", SHOW(st.path));
    config_default(c);
    for (char *t = copy ? strtok_r(copy, "\n", &save) : NULL; !rc && t; t = strtok_r(NULL, "\n", &save)) {
        struct err why = {0, ""};
        char *eq = strchr(t, '=');
        if (eq) {
            *eq = 0;
            unescape(eq + 1);
        }
        if (!eq || config_set(c, t, eq + 1, &why))
            rc = err_set(err, E_INPUT, "%s: its configuration cannot be read: %s", SHOW(st.path),
                         eq ? why.text : SHOW(t));
    }
    free(copy);
    st_close(&st);
    return rc;
}
