/* Scored sequences on standard output: a table for people, CSV rows, or JSON. */
#ifndef ES_UI_CLI_INSPECT_H
#define ES_UI_CLI_INSPECT_H
#include "ui/cli/rows.h"

enum inspect_form { INSPECT_TABLE, INSPECT_CSV, INSPECT_JSON };
struct inspect_out {
    struct rows_source source;
    enum inspect_form form;
    struct csv_out *csv;  /* of INSPECT_CSV */
    int sequences;
};
int inspect_begin(struct inspect_out *out, struct err *err);
void inspect_put(struct inspect_out *out, const struct token_seq *seq);
int inspect_end(struct inspect_out *out, struct err *err);
#endif
