/* See hf.h: one file of tensors into several, with an index. */
#include "src/model/hf.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/model/safetensors.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

/* Number of the shard of each tensor, in the file's order: a shard is full when the next tensor would
 * not fit; a tensor above the limit has one to itself. Returns how many there are. */
static int assign(const struct safetensors *s, uint64_t most, int *shard)
{
    uint64_t used = 0;
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        if (used && used + s->tensors[i].bytes > most) {
            n++;
            used = 0;
        }
        used += s->tensors[i].bytes;
        shard[i] = n;
    }
    return n + 1;
}

static void shard_name(int i, int of, char *out, size_t size)
{
    snprintf(out, size, "model-%05d-of-%05d.safetensors", i + 1, of);
}

static int write_shard(const char *dir, const struct safetensors *s, const int *shard, int which, int of,
                       struct err *err)
{
    static const char *const metadata[] = {"format", "pt", NULL};
    char path[4200], name[64];
    struct st_write *t = calloc((size_t)s->n, sizeof *t);
    int n = 0;
    if (!t)
        return err_nomem(err, "a tensor list");
    for (int i = 0; i < s->n; i++) {
        const struct st_tensor *x = &s->tensors[i];
        if (shard[i] != which)
            continue;
        t[n] = (struct st_write){.name = x->name, .dtype = x->dtype, .rank = x->rank, .data = x->data};
        memcpy(t[n++].shape, x->shape, sizeof x->shape);
    }
    shard_name(which, of, name, sizeof name);
    snprintf(path, sizeof path, "%.4000s/%s", dir, name);
    int rc = st_write(path, t, n, metadata, NULL, err);
    free(t);
    return rc;
}

static int write_index(const char *dir, const struct safetensors *s, const int *shard, int of, struct err *err)
{
    char path[4200], name[64];
    json_int_t total = 0;
    json_t *map = json_object();
    for (int i = 0; i < s->n; i++) {
        total += (json_int_t)s->tensors[i].bytes;
        shard_name(shard[i], of, name, sizeof name);
        json_object_set_new(map, s->tensors[i].name, json_string(name));
    }
    json_t *j = json_pack("{s:{s:I}, s:o}", "metadata", "total_size", total, "weight_map", map);
    char *text = j ? json_dumps(j, JSON_INDENT(2)) : NULL;
    json_decref(j);
    snprintf(path, sizeof path, "%.4000s/model.safetensors.index.json", dir);
    int rc = text ? file_write_new(path, text, strlen(text), err) : err_nomem(err, "the index of shards");
    free(text);
    return rc;
}

int hf_shard(const char *dir, uint64_t most, struct err *err)
{
    struct safetensors s;
    char path[4200];
    snprintf(path, sizeof path, "%.4000s/model.safetensors", dir);
    int rc = st_open(&s, path, err);
    if (rc)
        return rc;
    int *shard = calloc((size_t)s.n + 1, sizeof *shard);
    int of = shard ? assign(&s, most, shard) : 0;
    for (int i = 0; !rc && i < s.n; i++)
        if (s.tensors[i].dtype != ST_F32)
            rc = err_set(err, E_INPUT, "%s: tensor %s is not float32", SHOW(path), SHOW(s.tensors[i].name));
    if (!shard)
        rc = err_nomem(err, "a list of shards");
    else if (of > HF_SHARDS_MAX)
        rc = err_set(err, E_USAGE, "%s would fall into %d files, %d are the most: give a larger size",
                     SHOW(path), of, HF_SHARDS_MAX);
    for (int i = 0; !rc && of > 1 && i < of; i++)
        rc = write_shard(dir, &s, shard, i, of, err);
    if (!rc && of > 1)
        rc = write_index(dir, &s, shard, of, err);
    if (!rc && of > 1 && unlink(path))
        rc = err_errno(err, "cannot remove %s", SHOW(path));
    free(shard);
    st_close(&s);
    return rc ? rc : file_sync_dir(dir, err);
}
