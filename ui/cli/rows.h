/* The rows that `export X` and the command X print alike: runs, metrics and tokens as CSV. */
#ifndef ES_UI_CLI_ROWS_H
#define ES_UI_CLI_ROWS_H
#include <stdint.h>

#include "db/csv.h"
#include "db/query.h"

struct pieces;
struct vocab;
void rows_runs_heading(struct csv_out *out);
/* A column a config field, then last training, last held-out and best held-out value of each
 * metric. */
void rows_run(struct csv_out *out, const struct query_run *run);
void rows_metrics_heading(struct csv_out *out);
/* All points of the run, of `metric` only when that is >= 0. */
int rows_metrics(struct csv_out *out, struct query *q, int64_t run, int metric, struct err *err);

/* One scored sequence as lines of `inspect`: what the row is of, and where its tokens' text
 * comes from. */
struct rows_source {
    const char *(*token)(const void *ud, int id); /* raw bytes; NULL: no such id */
    const void *ud;
    int64_t run, step;   /* run 0: none; then step is left empty too */
    int has_generator, has_discriminator;
};
void rows_tokens_heading(struct csv_out *out);
void rows_tokens(struct csv_out *out, const struct token_seq *seq, const struct rows_source *s);
/* caught, missed, false_alarm or kept; "" without a discriminator. */
const char *rows_outcome(const struct token_row *row, const struct rows_source *s);
/* CSV cells: raw, or made visible when standard output is a terminal. */
void rows_foreign(struct csv_out *out, const char *text);
#endif
