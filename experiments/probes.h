/* WORKSPACE/probes.txt: sentences, one a line, that every run of the workspace scores again at
 * each snapshot, with the same masks and noise. Line n is probe n of the runs that begin after it
 * was written. */
#ifndef ES_EXPERIMENTS_PROBES_H
#define ES_EXPERIMENTS_PROBES_H
#include "experiments/workspace.h"

struct err;
/* *out is a NULL-ended list, freed by probes_free; no file: an empty one. Returns how many. */
int probes_read(const struct workspace *w, char ***out, struct err *err);
void probes_free(char **list);
/* Appends a sentence that is not there yet. 1: added, 0: it was there. */
int probes_add(const struct workspace *w, const char *text, struct err *err);
#endif
