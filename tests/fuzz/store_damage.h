/* A run store that is damaged again and again: any value in any column, then any byte of the file. */
#ifndef ES_TESTS_FUZZ_STORE_DAMAGE_H
#define ES_TESTS_FUZZ_STORE_DAMAGE_H
#include <stddef.h>

#define DAMAGE_TABLES 30
#define DAMAGE_COLUMNS 300
#define DAMAGE_CHANGES 16 /* of a case at most */

struct damage {
    struct {
        char name[32], column[DAMAGE_COLUMNS][48];
        int ncolumns;
    } table[DAMAGE_TABLES];
    int ntables;
    char *whole;       /* the sound store's bytes */
    size_t whole_size;
};
/* Takes the store in `path`, without the constraints of its schema. */
void damage_take(struct damage *d, const char *path);
/* Writes it to `path` with the changes of data, four bytes each: below 0x80 the first names a table, the
 * others its column, one row or all, and the value; else place and value of a byte. */
void damage_make(const struct damage *d, const char *path, const unsigned char *data, size_t size);
#endif
