/* Roll-ups: closed blocks of 16^level points that follow each other in a series, so that a long
 * series is drawn from a few hundred rows. Blocks are only ever appended, in the transaction of the
 * point that closes them; points after the last closed block of a level are read from the level
 * below. Block rows of each level tile a prefix of the series, sixteen children to a block. */
#ifndef ES_DB_ROLLUP_H
#define ES_DB_ROLLUP_H
#include <stdint.h>

#include "db/sql.h"

#define ROLLUP_FAN 16
#define ROLLUP_LEVELS 8 /* 16^8 points are more than any run has */

struct err;
struct block {
    int64_t first_step, last_step, finite_step; /* finite_step: of `last` */
    int64_t n, nonfinite;                       /* n counts all points */
    double min, max, sum, last;                 /* of the finite ones */
};
/* Adds `b` to `into`; in any order, as long as they don't overlap. */
void block_merge(struct block *into, const struct block *b);
/* Of the finite values, NAN if there is none; between min and max also where the sum overflows. */
double block_mean(const struct block *b);
struct block block_point(int64_t step, double value);
/* Columns first_step, last_step, n, nonfinite, min, max, sum, last from column 0. */
struct block block_read(sqlite3_stmt *st);
/* 1 if a block of that level can be so: steps in order, no more points than steps or than the level
 * has, its values finite. */
int block_holds(const struct block *b, int level);
/* Columns step, value, kind. */
struct block block_read_point(sqlite3_stmt *st);

/* The open ends of one series: children of the block that is not closed yet, by level. */
struct rollup {
    struct block open[ROLLUP_LEVELS + 1];
    int children[ROLLUP_LEVELS + 1];
};
/* Reads the open ends of a stored series, closing blocks that are due. */
int rollup_load(struct sql *s, int64_t series, struct rollup *r, struct err *err);
/* One more point, later than all before; writes the blocks that it closes. */
int rollup_add(struct sql *s, int64_t series, struct rollup *r, int64_t step, double value,
               struct err *err);
/* Deletes the blocks that contain steps >= step; follow with rollup_load. */
int rollup_cut(struct sql *s, int64_t series, int64_t step, struct err *err);
#endif
