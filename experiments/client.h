/* Requests to the host as JSON values; experiments/host.h has the common ones ready-made. */
#ifndef ES_EXPERIMENTS_CLIENT_H
#define ES_EXPERIMENTS_CLIENT_H
#include <jansson.h>

#include "experiments/workspace.h"

struct err;
/* Takes over `request` (NULL: out of memory). An answer that is not ok becomes the error. *answer
 * (may be NULL) is to be json_decref'd. */
int client_ask(const struct workspace *w, json_t *request, json_t **answer, struct err *err);
#endif
