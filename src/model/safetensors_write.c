/* Writing safetensors files, see safetensors.h. The header is padded with spaces so that the
 * data starts at a multiple of 8 bytes. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/model/safetensors.h"

#define SHOW(text) visible((char[192]){0}, 192, (text))

static size_t write_size(const struct st_write *t)
{
    size_t n = t->dtype == ST_I64 ? 8 : 4;
    for (int i = 0; i < t->rank; i++)
        n *= (size_t)t->shape[i];
    return n;
}

static void add_quoted(struct str *s, const char *text)
{
    json_t *j = json_string(text);
    char *q = j ? json_dumps(j, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
    if (q)
        str_add(s, q);
    else
        s->failed = 1;
    free(q);
    json_decref(j);
}

static void build_header(struct str *s, const struct st_write *t, int n,
                         const char *const *metadata)
{
    static const char *const names[] = {[ST_F32] = "F32", [ST_I32] = "I32", [ST_I64] = "I64"};
    uint64_t at = 0;
    str_add(s, "{");
    if (metadata && metadata[0]) {
        str_add(s, "\"__metadata__\":{");
        for (int i = 0; metadata[i]; i += 2) {
            str_add(s, i ? "," : "");
            add_quoted(s, metadata[i]);
            str_add(s, ":");
            add_quoted(s, metadata[i + 1]);
        }
        str_add(s, n ? "}," : "}");
    }
    for (int i = 0; i < n; i++) {
        add_quoted(s, t[i].name);
        str_addf(s, ":{\"dtype\":\"%s\",\"shape\":[", names[t[i].dtype]);
        for (int k = 0; k < t[i].rank; k++)
            str_addf(s, "%s%lld", k ? "," : "", (long long)t[i].shape[k]);
        uint64_t end = at + write_size(&t[i]);
        str_addf(s, "],\"data_offsets\":[%llu,%llu]}%s", (unsigned long long)at,
                 (unsigned long long)end, i + 1 < n ? "," : "");
        at = end;
    }
    str_add(s, "}");
    while (s->len % 8 && !s->failed)
        str_addc(s, ' ');
}

static int put(int fd, XXH3_state_t *h, const void *data, size_t n, const char *path,
               struct err *err)
{
    if (n && XXH3_64bits_update(h, data, n) != XXH_OK)
        return err_set(err, E_FAIL, "cannot hash %s", SHOW(path));
    return file_write_all(fd, data, n, path, err);
}

int st_write(const char *path, const struct st_write *t, int n, const char *const *metadata,
             uint64_t *hash, struct err *err)
{
    struct str header;
    str_init(&header);
    build_header(&header, t, n, metadata);
    XXH3_state_t *h = XXH3_createState();
    int fd = -1, rc = 0;
    if (header.failed || !h) {
        rc = err_nomem(err, "a safetensors header");
        goto out;
    }
    XXH3_64bits_reset(h);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        rc = err_errno(err, "cannot create %s", SHOW(path));
        goto out;
    }
    unsigned char len[8];
    for (int i = 0; i < 8; i++)
        len[i] = (unsigned char)((uint64_t)header.len >> (8 * i));
    rc = put(fd, h, len, 8, path, err);
    if (!rc)
        rc = put(fd, h, header.data, header.len, path, err);
    for (int i = 0; i < n && !rc; i++)
        rc = put(fd, h, t[i].data, write_size(&t[i]), path, err);
    if (!rc && fsync(fd))
        rc = err_errno(err, "cannot sync %s", SHOW(path));
    if (!rc && hash)
        *hash = XXH3_64bits_digest(h);
out:
    if (fd >= 0 && close(fd) && !rc)
        rc = err_errno(err, "cannot close %s", SHOW(path));
    XXH3_freeState(h);
    str_free(&header);
    return rc;
}
