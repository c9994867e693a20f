/* What `inspect --fill` and `inspect --pll` print: a table for people, CSV rows, or JSON. */
#ifndef ES_UI_CLI_FILL_H
#define ES_UI_CLI_FILL_H
#include "ui/cli/inspect.h"

struct fill;
struct pll;
struct vocab;

struct fill_out {
    enum inspect_form form;
    const struct vocab *vocab;
    int64_t run, step;   /* run 0: none */
    int most;            /* candidates shown of a slot */
    struct csv_out *csv; /* of INSPECT_CSV */
    int sentences;       /* put so far */
};
/* pll: which of the two headings a CSV has. */
int fill_begin(struct fill_out *out, int pll, struct err *err);
void fill_put(struct fill_out *out, const struct fill *f);
void pll_put(struct fill_out *out, const struct pll *p);
int fill_end(struct fill_out *out, struct err *err);
#endif
