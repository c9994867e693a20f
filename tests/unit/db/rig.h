/* What the store's tests share: a directory of their own, a run, events. */
#ifndef ES_TESTS_DB_RIG_H
#define ES_TESTS_DB_RIG_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "db/query.h"
#include "db/store.h"
#include "src/base/err.h"

/* Makes a directory and returns the path of a store in it; rig_clean removes all. */
const char *rig_path(void);
void rig_clean(void);
/* Fails the test with the error's sentence. */
#define ok(call)                                                                               \
    do {                                                                                       \
        int rc_ = (call);                                                                      \
        if (rc_ < 0)                                                                           \
            print_error("%s\n", err.text);                                                     \
        assert_true(rc_ >= 0);                                                                 \
    } while (0)

struct store *rig_store(const char *path);
struct query *rig_query(const char *path);
int64_t rig_run(struct store *s, const char *name);
/* One metrics event: total_loss = value at step. */
struct event rig_metric(int64_t run, int64_t step, int metric, double value);
/* Puts values of one metric into the store in one transaction: steps first, first + by, ... */
void rig_points(struct store *s, int64_t run, int metric, const double *values, int64_t n,
                int64_t first, int64_t by);
/* A sequence of n tokens whose columns follow from `seed`. */
struct token_seq *rig_seq(int n, int sentence, unsigned seed);
/* A path next to the store. */
const char *rig_file(const char *name);
/* One number from plain SQL, on a connection of its own. */
double rig_sql(const char *path, const char *sql);
#endif
