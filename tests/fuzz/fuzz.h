/* Fuzzing of every parser of input from outside: one row a target in target.def, one mutation
 * engine, one driver. A case is a function of (target, seed, number): any of them can be run
 * again alone. Targets run in a process of their own, in an empty directory in memory. */
#ifndef ES_TESTS_FUZZ_H
#define ES_TESTS_FUZZ_H
#include <stddef.h>
#include <stdint.h>

#define FUZZ_INPUT_MAX 65536 /* bytes of a case */

struct err;
struct fuzz_input {
    char *data;
    size_t size;
};
/* What a target starts from. */
struct fuzz {
    struct fuzz_input *seeds;
    int n, cap;
    const char *const *dict; /* words of the format, NULL-ended; or NULL */
    const char *fixtures;    /* tests/fixtures, or NULL */
};
struct fuzz_target {
    const char *name;
    void (*setup)(struct fuzz *f);
    /* 0: taken; else refused. The bytes are exactly as long as said (size 0: not NULL). */
    int (*run)(const char *data, size_t size);
    int memory; /* MiB that a case may take */
    const char *help;
};
#define T(id, memory, help) \
    void fuzz_setup_##id(struct fuzz *f); \
    int fuzz_run_##id(const char *data, size_t size);
#include "tests/fuzz/target.def"
#undef T
extern const struct fuzz_target fuzz_targets[];
extern const int fuzz_ntargets;

void fuzz_seed(struct fuzz *f, const void *data, size_t size);
void fuzz_seed_text(struct fuzz *f, const char *text);
void fuzz_seed_json(struct fuzz *f, const char *text); /* with ' for each " */
/* Every file of fixtures/malformed/DIR and, if there, fixtures/malformed/base/ALSO; `lead` (0: none)
 * is put before each, for targets that take their settings from the first byte. */
void fuzz_seed_fixtures(struct fuzz *f, const char *dir, const char *also, char lead);

/* For targets: */
void fuzz_file(const char *name, const void *data, size_t size); /* written anew */
char *fuzz_text(const char *data, size_t size); /* malloc'd; cut at the first NUL */
/* Ends the process with the sentence when it does not hold. */
void fuzz_check(int holds, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What a refusal must be: a sentence, whole UTF-8, no control character. Returns rc. */
int fuzz_refused(int rc, const struct err *err);
/* A warn() that checks the same. */
void fuzz_warn(void *ud, const char *text);

/* mutate.c: draws that depend on nothing but the state. */
struct fuzz_rng { uint64_t state; };
uint32_t fuzz_draw(struct fuzz_rng *r, uint32_t n); /* 0..n-1; 0 for n 0 */
/* Case `number` into out[FUZZ_INPUT_MAX]; returns its size. The first f->n cases are the seeds. */
size_t fuzz_case(const struct fuzz *f, const char *target, uint64_t seed, uint64_t number, char *out);

/* memory.c: bytes that are allocated now, where it can be told (-1 otherwise). */
int64_t fuzz_memory(void);
/* From now on `call` is called once if more than `limit` bytes above now are taken. 0: no limit. */
void fuzz_memory_limit(int64_t limit, void (*call)(int64_t bytes));
#endif
