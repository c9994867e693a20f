/* Reading safetensors files that nobody vouches for, see safetensors.h. Nothing is allocated
 * before the sizes that ask for it have been held against the file's own size. */
#include "src/model/safetensors.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/visible.h"

#define SHOW(text) visible((char[192]){0}, 192, (text))
#define HEADER_MAX (16u << 20)
#define TENSORS_MAX 65536
#define DEPTH_MAX 64

static const struct dtype {
    const char *name;
    enum st_dtype dtype;
    size_t size;
} dtypes[] = {
    {"F32", ST_F32, 4},      {"F16", ST_F16, 2},    {"BF16", ST_BF16, 2},
    {"F64", ST_F64, 8},      {"I32", ST_I32, 4},    {"I64", ST_I64, 8},
    {"U8", ST_U8, 1},        {"BOOL", ST_BOOL, 1},  {"I8", ST_OTHER, 1},
    {"I16", ST_OTHER, 2},    {"U16", ST_OTHER, 2},  {"U32", ST_OTHER, 4},
    {"U64", ST_OTHER, 8},    {"C64", ST_OTHER, 8},  {"F8_E4M3", ST_OTHER, 1},
    {"F8_E5M2", ST_OTHER, 1},
};

static const struct dtype *dtype_find(const char *name)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (!strcmp(dtypes[i].name, name))
            return &dtypes[i];
    return NULL;
}

/* Looks at the braces only, so that a deep or crowded header is refused before the parser
 * recurses or allocates: nesting, and values at depth 1 (one a tensor). */
static int scan_header(const char *path, const char *h, size_t n, struct err *err)
{
    int depth = 0, in_string = 0;
    size_t entries = 0;
    for (size_t i = 0; i < n; i++) {
        char c = h[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = 0;
        } else if (c == '"') {
            in_string = 1;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return err_set(err, E_INPUT, "%s: the header is nested deeper than %d levels",
                               SHOW(path), DEPTH_MAX);
        } else if (c == '}' || c == ']') {
            depth--;
        } else if (c == ',' && depth == 1 && ++entries > TENSORS_MAX) {
            return err_set(err, E_INPUT, "%s: the header lists more than %d tensors", SHOW(path),
                           TENSORS_MAX);
        }
    }
    return 0;
}

static int read_shape(const char *path, struct st_tensor *t, const json_t *shape,
                      struct err *err)
{
    if (!json_is_array(shape))
        return err_set(err, E_INPUT, "%s: tensor %s has no shape", SHOW(path), SHOW(t->name));
    if (json_array_size(shape) > 8)
        return err_set(err, E_INPUT, "%s: tensor %s has more than 8 dimensions", SHOW(path),
                       SHOW(t->name));
    t->rank = (int)json_array_size(shape);
    t->elements = 1;
    for (int i = 0; i < t->rank; i++) {
        const json_t *d = json_array_get(shape, (size_t)i);
        if (!json_is_integer(d) || json_integer_value(d) < 0)
            return err_set(err, E_INPUT,
                           "%s: tensor %s has a dimension that is not a whole number >= 0",
                           SHOW(path), SHOW(t->name));
        t->shape[i] = json_integer_value(d);
        if (__builtin_mul_overflow(t->elements, (size_t)t->shape[i], &t->elements))
            return err_set(err, E_INPUT, "%s: the shape of tensor %s overflows", SHOW(path),
                           SHOW(t->name));
    }
    return 0;
}

static int read_tensor(struct safetensors *s, struct st_tensor *t, const json_t *v,
                       size_t data_at, struct err *err)
{
    const char *path = s->path, *type = json_string_value(json_object_get(v, "dtype"));
    const json_t *range = json_object_get(v, "data_offsets");
    if (!json_is_object(v))
        return err_set(err, E_INPUT, "%s: the entry of tensor %s is not an object", SHOW(path),
                       SHOW(t->name));
    const struct dtype *dt = type ? dtype_find(type) : NULL;
    if (!dt)
        return err_set(err, E_INPUT, "%s: tensor %s has the unknown dtype %s", SHOW(path),
                       SHOW(t->name), SHOW(type ? type : "(none)"));
    t->dtype = dt->dtype;
    int rc = read_shape(path, t, json_object_get(v, "shape"), err);
    if (rc)
        return rc;
    if (__builtin_mul_overflow(t->elements, dt->size, &t->bytes))
        return err_set(err, E_INPUT, "%s: the shape of tensor %s overflows", SHOW(path),
                       SHOW(t->name));
    if (!json_is_array(range) || json_array_size(range) != 2 ||
        !json_is_integer(json_array_get(range, 0)) || !json_is_integer(json_array_get(range, 1)))
        return err_set(err, E_INPUT, "%s: tensor %s has no pair of data_offsets", SHOW(path),
                       SHOW(t->name));
    json_int_t begin = json_integer_value(json_array_get(range, 0));
    json_int_t end = json_integer_value(json_array_get(range, 1));
    if (begin < 0 || end < begin)
        return err_set(err, E_INPUT, "%s: the data_offsets of tensor %s run backwards",
                       SHOW(path), SHOW(t->name));
    if ((uint64_t)end > s->map.size - data_at)
        return err_set(err, E_INPUT, "%s: tensor %s ends past the end of the file", SHOW(path),
                       SHOW(t->name));
    if ((uint64_t)(end - begin) != t->bytes)
        return err_set(err, E_INPUT,
                       "%s: tensor %s holds %lld bytes where its shape and dtype need %zu",
                       SHOW(path), SHOW(t->name), (long long)(end - begin), t->bytes);
    t->data = s->map.data + data_at + begin;
    return 0;
}

static int by_offset(const void *a, const void *b)
{
    const struct st_tensor *x = a, *y = b;
    if (x->data != y->data)
        return x->data < y->data ? -1 : 1;
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Tensors must cover the data without a gap or an overlap. */
static int check_cover(struct safetensors *s, size_t data_at, struct err *err)
{
    if (s->n)
        qsort(s->tensors, (size_t)s->n, sizeof *s->tensors, by_offset);
    const unsigned char *at = s->map.data + data_at;
    for (int i = 0; i < s->n; i++) {
        if (s->tensors[i].data != at)
            return err_set(err, E_INPUT, "%s: tensor %s %s", SHOW(s->path),
                           SHOW(s->tensors[i].name),
                           s->tensors[i].data < at ? "overlaps the one before it"
                                                   : "leaves a gap before it");
        at += s->tensors[i].bytes;
    }
    if (at != s->map.data + s->map.size)
        return err_set(err, E_INPUT, "%s: %zu bytes follow the last tensor", SHOW(s->path),
                       (size_t)(s->map.data + s->map.size - at));
    return 0;
}

static int read_entries(struct safetensors *s, json_t *root, size_t data_at, struct err *err)
{
    size_t n = json_object_size(root);
    if (n > TENSORS_MAX)
        return err_set(err, E_INPUT, "%s: the header lists more than %d tensors", SHOW(s->path),
                       TENSORS_MAX);
    s->tensors = calloc(n ? n : 1, sizeof *s->tensors);
    if (!s->tensors)
        return err_nomem(err, "a list of tensors");
    const char *key;
    json_t *v;
    json_object_foreach(root, key, v) {
        if (!strcmp(key, "__metadata__")) {
            if (!json_is_object(v))
                return err_set(err, E_INPUT, "%s: __metadata__ is not an object",
                               SHOW(s->path));
            s->metadata = json_incref(v);
            continue;
        }
        struct st_tensor *t = &s->tensors[s->n];
        t->name = strdup(key);
        if (!t->name)
            return err_nomem(err, "a tensor name");
        s->n++;
        int rc = read_tensor(s, t, v, data_at, err);
        if (rc)
            return rc;
    }
    return check_cover(s, data_at, err);
}

int st_open(struct safetensors *s, const char *path, struct err *err)
{
    memset(s, 0, sizeof *s);
    json_t *root = NULL;
    int rc = file_map(path, &s->map, err);
    if (rc)
        return rc;
    s->path = strdup(path);
    if (!s->path) {
        rc = err_nomem(err, "a path");
        goto out;
    }
    if (s->map.size < 8) {
        rc = err_set(err, E_INPUT, "%s: too short for a safetensors file (%zu bytes)",
                     SHOW(path), s->map.size);
        goto out;
    }
    uint64_t len = 0;
    for (int i = 7; i >= 0; i--)
        len = len << 8 | s->map.data[i];
    if (len > HEADER_MAX) {
        rc = err_set(err, E_INPUT, "%s: a header of %llu bytes is over the limit of 16 MiB",
                     SHOW(path), (unsigned long long)len);
        goto out;
    }
    if (len < 2 || len > s->map.size - 8) {
        rc = err_set(err, E_INPUT, "%s: a header of %llu bytes does not fit a file of %zu",
                     SHOW(path), (unsigned long long)len, s->map.size);
        goto out;
    }
    const char *h = (const char *)s->map.data + 8;
    rc = scan_header(path, h, (size_t)len, err);
    if (rc)
        goto out;
    json_error_t je;
    root = json_loadb(h, (size_t)len, JSON_REJECT_DUPLICATES, &je);
    if (!root) {
        rc = err_set(err, E_INPUT, "%s: the header is not valid JSON: %s", SHOW(path),
                     SHOW(je.text));
        goto out;
    }
    if (!json_is_object(root)) {
        rc = err_set(err, E_INPUT, "%s: the header is not a JSON object", SHOW(path));
        goto out;
    }
    rc = read_entries(s, root, 8 + (size_t)len, err);
out:
    json_decref(root);
    if (rc)
        st_close(s);
    return rc;
}

void st_close(struct safetensors *s)
{
    if (!s)
        return;
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

static float half_to_float(uint16_t h)
{
    int e = h >> 10 & 31, m = h & 1023;
    float f = e == 31 ? (m ? NAN : INFINITY)
              : e     ? ldexpf((float)(m + 1024), e - 25)
                      : ldexpf((float)m, -24);
    return h >> 15 ? -f : f;
}

int st_floats(const struct st_tensor *t, float *out, int *nonfinite, struct err *err)
{
    int bad = 0;
    const unsigned char *p = t->data;
    for (size_t i = 0; i < t->elements; i++) {
        uint16_t h;
        uint32_t w;
        double d;
        switch (t->dtype) {
        case ST_F32:
            memcpy(&out[i], p + 4 * i, 4);
            break;
        case ST_F64:
            memcpy(&d, p + 8 * i, 8);
            out[i] = (float)d;
            break;
        case ST_F16:
            memcpy(&h, p + 2 * i, 2);
            out[i] = half_to_float(h);
            break;
        case ST_BF16:
            memcpy(&h, p + 2 * i, 2);
            w = (uint32_t)h << 16;
            memcpy(&out[i], &w, 4);
            break;
        default:
            return err_set(err, E_INPUT, "tensor %s does not hold floating-point numbers",
                           SHOW(t->name));
        }
        bad |= !isfinite(out[i]);
    }
    if (nonfinite)
        *nonfinite = bad;
    return 0;
}

int st_ints(const struct st_tensor *t, int32_t *out, struct err *err)
{
    for (size_t i = 0; i < t->elements; i++) {
        int64_t x = 0;
        int32_t w;
        if (t->dtype == ST_I32) {
            memcpy(&w, t->data + 4 * i, 4);
            x = w;
        } else if (t->dtype == ST_I64) {
            memcpy(&x, t->data + 8 * i, 8);
        } else if (t->dtype == ST_U8) {
            x = t->data[i];
        } else {
            return err_set(err, E_INPUT, "tensor %s does not hold whole numbers", SHOW(t->name));
        }
        if (x < INT32_MIN || x > INT32_MAX)
            return err_set(err, E_INPUT, "tensor %s holds a number beyond 32 bits",
                           SHOW(t->name));
        out[i] = (int32_t)x;
    }
    return 0;
}
