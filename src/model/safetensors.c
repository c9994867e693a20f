/* See safetensors.h. Nothing in the file is believed before it is checked against its size. */
#include "src/model/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/json_in.h"
#include "src/base/str.h"
#include "src/base/visible.h"

#define HEADER_MAX (16u << 20)
#define TENSORS_MAX 65536u
#define VALUES_MAX (16u * TENSORS_MAX) /* a tensor of rank 8 has 15 */
#define SHOW(s) visible((char[160]){0}, 160, (s))

static const struct {
    const char *name;
    enum st_dtype type;
    size_t size;
} dtypes[] = {{"F32", ST_F32, 4},   {"F16", ST_F16, 2},   {"BF16", ST_BF16, 2},
              {"F64", ST_F64, 8},   {"I32", ST_I32, 4},   {"I64", ST_I64, 8},
              {"U8", ST_U8, 1},     {"BOOL", ST_BOOL, 1}, {"I8", ST_OTHER, 1},
              {"I16", ST_OTHER, 2}, {"U16", ST_OTHER, 2}, {"U32", ST_OTHER, 4},
              {"U64", ST_OTHER, 8}};

static int bad(const struct safetensors *s, struct err *err, const char *tensor, const char *what)
{
    if (tensor)
        return err_set(err, E_INPUT, "%s: tensor %s: %s", SHOW(s->path), SHOW(tensor), what);
    return err_set(err, E_INPUT, "%s: %s", SHOW(s->path), what);
}

static int read_shape(const struct safetensors *s, json_t *shape, struct st_tensor *t, struct err *err)
{
    size_t n = json_array_size(shape);
    if (!json_is_array(shape) || n > 8)
        return bad(s, err, t->name, "shape is not a list of at most 8 numbers");
    t->rank = (int)n;
    t->elements = 1;
    for (size_t i = 0; i < n; i++) {
        json_t *d = json_array_get(shape, i);
        json_int_t x = json_integer_value(d);
        if (!json_is_integer(d) || x < 0)
            return bad(s, err, t->name, "a dimension is not a whole number from 0");
        t->shape[i] = x;
        if (__builtin_mul_overflow(t->elements, (size_t)x, &t->elements))
            return bad(s, err, t->name, "the shape's product is too large");
    }
    return 0;
}

static int read_tensor(const struct safetensors *s, json_t *j, size_t base, struct st_tensor *t,
                       struct err *err)
{
    const char *dtype = json_string_value(json_object_get(j, "dtype"));
    json_t *offsets = json_object_get(j, "data_offsets");
    size_t size = 0;
    if (!json_is_object(j) || !dtype || !json_is_array(offsets) || json_array_size(offsets) != 2)
        return bad(s, err, t->name, "not {dtype, shape, data_offsets}");
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++) {
        if (!strcmp(dtype, dtypes[i].name)) {
            t->dtype = dtypes[i].type;
            size = dtypes[i].size;
        }
    }
    if (!size)
        return bad(s, err, t->name, "unknown dtype");
    int rc = read_shape(s, json_object_get(j, "shape"), t, err);
    if (rc)
        return rc;
    json_t *b = json_array_get(offsets, 0), *e = json_array_get(offsets, 1);
    json_int_t begin = json_integer_value(b), end = json_integer_value(e);
    size_t room = s->map.size - base;
    if (!json_is_integer(b) || !json_is_integer(e) || begin < 0 || end < begin || (size_t)end > room)
        return bad(s, err, t->name, "its offsets lie outside the file");
    if (__builtin_mul_overflow(t->elements, size, &t->bytes) || t->bytes != (size_t)(end - begin))
        return bad(s, err, t->name, "shape and dtype do not match its bytes");
    t->data = s->map.data + base + begin;
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct st_tensor *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Tensors must follow one another without holes or overlap, to the file's end. */
static int check_cover(const struct safetensors *s, size_t base, struct err *err)
{
    const unsigned char *at = s->map.data + base;
    for (int i = 0; i < s->n; i++) {
        if (s->tensors[i].data != at)
            return bad(s, err, s->tensors[i].name, "overlaps another tensor or leaves a hole");
        at += s->tensors[i].bytes;
    }
    if (at != s->map.data + s->map.size)
        return bad(s, err, NULL, "bytes after the last tensor");
    return 0;
}

static int read_header(struct safetensors *s, struct err *err)
{
    if (s->map.size < 8)
        return bad(s, err, NULL, "shorter than 8 bytes, so no safetensors file");
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | s->map.data[i];
    if (length > HEADER_MAX)
        return bad(s, err, NULL, "the header is longer than 16 MiB");
    if (length > s->map.size - 8)
        return bad(s, err, NULL, "the header is longer than the file");
    const char *why = json_in_check((const char *)s->map.data + 8, (size_t)length, VALUES_MAX,
                                    TENSORS_MAX + 2); /* the whole, the metadata */
    if (why)
        return err_set(err, E_INPUT, "%s: header: %s", SHOW(s->path), why);
    json_error_t e;
    json_t *j = json_loadb((const char *)s->map.data + 8, (size_t)length, JSON_REJECT_DUPLICATES, &e);
    if (!j)
        return err_set(err, E_INPUT, "%s: header: %s", SHOW(s->path), SHOW(e.text));
    size_t count = json_object_size(j), base = 8 + (size_t)length;
    int rc = 0;
    if (!json_is_object(j))
        rc = bad(s, err, NULL, "the header is not an object");
    else if (count - (json_object_get(j, "__metadata__") != NULL) > TENSORS_MAX)
        rc = bad(s, err, NULL, "more than 65,536 tensors");
    else if (!(s->tensors = calloc(count + 1, sizeof *s->tensors)))
        rc = err_nomem(err, "a tensor list");
    const char *name;
    json_t *value;
    void *next = rc ? NULL : json_object_iter(j);
    for (; !rc && next; next = json_object_iter_next(j, next)) {
        name = json_object_iter_key(next);
        value = json_object_iter_value(next);
        if (!strcmp(name, "__metadata__")) {
            s->metadata = json_incref(value);
            continue;
        }
        struct st_tensor *t = &s->tensors[s->n];
        t->name = strdup(name);
        if (!t->name) {
            rc = err_nomem(err, "a tensor name");
            break;
        }
        s->n++;
        rc = read_tensor(s, value, base, t, err);
    }
    json_decref(j);
    if (rc)
        return rc;
    qsort(s->tensors, (size_t)s->n, sizeof *s->tensors, by_place);
    return check_cover(s, base, err);
}

int st_open(struct safetensors *s, const char *path, struct err *err)
{
    memset(s, 0, sizeof *s);
    s->path = strdup(path);
    if (!s->path)
        return err_nomem(err, "a path");
    int rc = file_map(path, &s->map, err);
    if (!rc)
        rc = read_header(s, err);
    if (rc)
        st_close(s);
    return rc;
}

void st_close(struct safetensors *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->tensors[i].name);
    free(s->tensors);
    free(s->path);
    json_decref(s->metadata);
    file_unmap(&s->map);
    memset(s, 0, sizeof *s);
}

const struct st_tensor *st_find(const struct safetensors *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->tensors[i].name, name))
            return &s->tensors[i];
    return NULL;
}

const char *st_meta(const struct safetensors *s, const char *key)
{
    return json_string_value(json_object_get(s->metadata, key));
}

static float from_half(uint16_t h)
{
    int exponent = h >> 10 & 31;
    float mantissa = (float)(h & 1023), sign = h & 0x8000 ? -1.0f : 1.0f;
    if (exponent == 31)
        return mantissa != 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexpf(1024 + mantissa, exponent - 25) : ldexpf(mantissa, -24));
}

int st_floats(const struct st_tensor *t, float *out, int *nonfinite, struct err *err)
{
    int bad_value = 0;
    for (size_t i = 0; i < t->elements; i++) {
        uint16_t h;
        uint32_t w;
        double d;
        switch (t->dtype) {
        case ST_F32:
            memcpy(&out[i], t->data + 4 * i, 4);
            break;
        case ST_F16:
            memcpy(&h, t->data + 2 * i, 2);
            out[i] = from_half(h);
            break;
        case ST_BF16:
            memcpy(&h, t->data + 2 * i, 2);
            w = (uint32_t)h << 16;
            memcpy(&out[i], &w, 4);
            break;
        case ST_F64:
            memcpy(&d, t->data + 8 * i, 8);
            out[i] = (float)d;
            break;
        default:
            return err_set(err, E_INPUT, "tensor %s does not hold floating-point numbers", SHOW(t->name));
        }
        bad_value |= !isfinite(out[i]);
    }
    if (nonfinite)
        *nonfinite = bad_value;
    return 0;
}

int st_ints(const struct st_tensor *t, int32_t *out, struct err *err)
{
    for (size_t i = 0; i < t->elements; i++) {
        int64_t wide;
        switch (t->dtype) {
        case ST_I32:
            memcpy(&out[i], t->data + 4 * i, 4);
            break;
        case ST_I64:
            memcpy(&wide, t->data + 8 * i, 8);
            out[i] = (int32_t)wide;
            break;
        case ST_U8:
        case ST_BOOL:
            out[i] = t->data[i];
            break;
        default:
            return err_set(err, E_INPUT, "tensor %s does not hold whole numbers", SHOW(t->name));
        }
    }
    return 0;
}

static size_t dtype_size(enum st_dtype d)
{
    return d == ST_I64 || d == ST_F64 ? 8 : d == ST_U8 || d == ST_BOOL ? 1 : 4;
}

static const char *dtype_name(enum st_dtype d)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (dtypes[i].type == d)
            return dtypes[i].name;
    return "F32";
}

static size_t bytes_of(const struct st_write *t)
{
    size_t n = dtype_size(t->dtype);
    for (int i = 0; i < t->rank; i++)
        n *= (size_t)t->shape[i];
    return n;
}

static void write_header(struct str *h, const struct st_write *t, int n, const char *const *metadata)
{
    size_t at = 0;
    str_add(h, "{");
    if (metadata && metadata[0]) {
        json_t *m = json_object();
        for (int i = 0; metadata[i]; i += 2)
            json_object_set_new(m, metadata[i], json_string(metadata[i + 1]));
        char *text = json_dumps(m, JSON_COMPACT);
        str_add(h, "\"__metadata__\":");
        str_add(h, text ? text : "{}");
        if (n)
            str_add(h, ",");
        free(text);
        json_decref(m);
    }
    for (int i = 0; i < n; i++) {
        size_t bytes = bytes_of(&t[i]);
        str_addf(h, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", i ? "," : "", t[i].name, dtype_name(t[i].dtype));
        for (int k = 0; k < t[i].rank; k++)
            str_addf(h, "%s%lld", k ? "," : "", (long long)t[i].shape[k]);
        str_addf(h, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
        at += bytes;
    }
    str_add(h, "}");
    while (h->len % 8 && !h->failed)
        str_add(h, " ");
}

int st_write(const char *path, const struct st_write *t, int n, const char *const *metadata,
             uint64_t *hash, struct err *err)
{
    struct str h;
    str_init(&h);
    write_header(&h, t, n, metadata);
    if (h.failed) {
        str_free(&h);
        return err_nomem(err, "a header");
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        str_free(&h);
        return err_errno(err, "cannot create %s", SHOW(path));
    }
    XXH3_state_t *state = XXH3_createState();
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)h.len >> 8 * i);
    XXH3_64bits_reset(state);
    XXH3_64bits_update(state, length, 8);
    XXH3_64bits_update(state, h.data, h.len);
    int rc = file_write_all(fd, length, 8, path, err);
    if (!rc)
        rc = file_write_all(fd, h.data, h.len, path, err);
    for (int i = 0; !rc && i < n; i++) {
        size_t bytes = bytes_of(&t[i]);
        XXH3_64bits_update(state, t[i].data, bytes);
        rc = file_write_all(fd, t[i].data, bytes, path, err);
    }
    if (!rc && fsync(fd))
        rc = err_errno(err, "cannot sync %s", SHOW(path));
    if (close(fd) && !rc)
        rc = err_errno(err, "cannot close %s", SHOW(path));
    if (hash)
        *hash = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    str_free(&h);
    return rc;
}
