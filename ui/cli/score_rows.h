/* Rows of fine-tuning scores as CSV: what `scores --csv` and `export scores` print. */
#ifndef ES_UI_CLI_SCORE_ROWS_H
#define ES_UI_CLI_SCORE_ROWS_H
#include <stdint.h>

#include "db/csv.h"
#include "db/query.h"

void score_rows_heading(struct csv_out *out);
/* run 0: of all runs and of models from elsewhere; task NULL: of all. */
int score_rows(struct csv_out *out, struct query *q, int64_t run, const char *task, struct err *err);
#endif
