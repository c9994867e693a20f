/* The safetensors format: reading untrusted files (limits: header 16 MiB, 65,536 tensors, rank
 * <= 8, checked products, contiguous offsets, no duplicate keys, nesting <= 64) and writing. */
#ifndef ES_MODEL_SAFETENSORS_H
#define ES_MODEL_SAFETENSORS_H
#include <stddef.h>
#include <stdint.h>

#include "src/base/file.h"

struct err;
enum st_dtype { ST_F32, ST_F16, ST_BF16, ST_F64, ST_I32, ST_I64, ST_U8, ST_BOOL, ST_OTHER };
struct st_tensor {
    char *name;          /* raw: escape before showing */
    enum st_dtype dtype;
    int rank;
    int64_t shape[8];
    size_t elements, bytes;
    const unsigned char *data; /* into the map, maybe unaligned */
};
struct safetensors {
    struct map map;
    struct st_tensor *tensors; /* sorted by offset */
    int n;
    char *path;
    void *metadata; /* jansson object of __metadata__, or NULL */
};
int st_open(struct safetensors *s, const char *path, struct err *err);
void st_close(struct safetensors *s);
const struct st_tensor *st_find(const struct safetensors *s, const char *name);
const char *st_meta(const struct safetensors *s, const char *key); /* NULL */
/* Converts to float (F32, F16, BF16, F64). E_INPUT for others; nan is 1 if any is not finite. */
int st_floats(const struct st_tensor *t, float *out, int *nonfinite, struct err *err);
/* Converts I32/I64/U8 to int32. */
int st_ints(const struct st_tensor *t, int32_t *out, struct err *err);

struct st_write {
    const char *name;
    enum st_dtype dtype; /* ST_F32, ST_I32, ST_I64 */
    int rank;
    int64_t shape[8];
    const void *data;
};
/* Writes to `path` directly and fsyncs (callers write into a temporary directory). metadata:
 * key, value pairs ending with NULL. The bytes' XXH3 goes into *hash if not NULL. */
int st_write(const char *path, const struct st_write *t, int n, const char *const *metadata,
             uint64_t *hash, struct err *err);
#endif
