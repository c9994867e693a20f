/* Small readers that the groups share. */
#ifndef ES_TESTS_PARITY_UTIL_H
#define ES_TESTS_PARITY_UTIL_H
#include <stddef.h>
#include <stdint.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/safetensors.h"

#define PATH_SIZE 4096

/* Names of the directories below root/group, sorted; NULL-ended, malloc'd as one block each. */
char **list_cases(const char *root, const char *group);
void free_cases(char **names);
/* 1: there is a folder root/group. */
int has_group(const char *root, const char *group);
/* key<TAB>value file: the value of a key as a number, or `def`; text into out when asked. */
double case_number(const char *dir, const char *key, double def);
int case_text(const char *dir, const char *key, char *out, size_t size);
/* Tensor as floats or ints, malloc'd; NULL when absent. */
float *tensor_floats(const struct safetensors *s, const char *name, size_t *n);
int32_t *tensor_ints(const struct safetensors *s, const char *name, size_t *n);
/* scalars.tsv: value of `column` in data row `row` (from 0); NAN when absent. */
double scalar_at(const char *dir, int row, const char *column);
/* The worst excess so far: measured / tolerance, with the name of the place. */
struct worst {
    double ratio;
    char what[160];
};
void worst_add(struct worst *w, double measured, double tolerance, const char *what);
#endif
