/* SHA-256 (FIPS 180-4), to know a data file by its contents. */
#ifndef ES_TESTS_SHA256_H
#define ES_TESTS_SHA256_H
#include <stddef.h>

/* out: 64 hexadecimal digits and a NUL. */
void sha256_hex(const void *data, size_t size, char out[65]);
#endif
