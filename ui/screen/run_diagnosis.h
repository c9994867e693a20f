/* What is unusual about a run, from its newest numbers in the store: for every screen the same. */
#ifndef ES_UI_RUN_DIAGNOSIS_H
#define ES_UI_RUN_DIAGNOSIS_H
#include <stddef.h>

#include "db/query.h"
#include "src/event/diagnosis.h"

/* Most important first; their number. q (may be NULL): what the store has of earlier steps counts too, the
 * best of this stage and recall at half the steps. */
int run_diagnose(const struct query_run *r, struct query *q, struct diagnosis out[DIAG_RULES]);
/* The first one that is more than usual this early as one sentence, the likeliest cause first: its
 * length, 0 if there is none. */
int run_why(const struct query_run *r, struct query *q, char *out, size_t size);
/* The first one that is more than usual this early, in a few words; NULL: there is none. */
const char *run_complaint(const struct query_run *r, struct query *q);
#endif
