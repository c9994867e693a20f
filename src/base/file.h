/* Files: whole reads, read-only maps, atomic writes, directories. Error texts name the path
 * (escaped). */
#ifndef ES_BASE_FILE_H
#define ES_BASE_FILE_H
#include <stddef.h>
#include <stdint.h>

struct err;
struct map {
    const unsigned char *data;
    size_t size;
};

/* Reads at most `limit` bytes; a larger file is E_INPUT. *out is malloc'd, NUL-terminated
 * (the NUL not counted in *size); the caller frees it. */
int file_read(const char *path, size_t limit, char **out, size_t *size, struct err *err);
/* Writes beside the final name, fsyncs, renames, fsyncs the directory. */
int file_write_atomic(const char *path, const void *data, size_t size, struct err *err);
/* The same without a name beside and without the directory, for files of a directory that gets its own
 * name only when it is whole: who gives it syncs the directory first. */
int file_write_new(const char *path, const void *data, size_t size, struct err *err);
/* write(2) until all is written. */
int file_write_all(int fd, const void *data, size_t size, const char *path, struct err *err);
int file_sync_dir(const char *dir, struct err *err);
int file_map(const char *path, struct map *m, struct err *err);
void file_unmap(struct map *m);
/* mkdir -p with mode 0777 less umask. */
int file_mkdirs(const char *path, struct err *err);
/* Removes a directory and what is in it (two levels deep at most: our own layout). */
int file_remove_tree(const char *path, struct err *err);
int file_exists(const char *path);
int64_t file_size(const char *path); /* -1 if absent */
/* Which file lies there: another number once it was replaced; 0 if absent. */
uint64_t file_identity(const char *path);
#endif
