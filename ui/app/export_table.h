/* A table as papers and notes want it, made from its CSV. */
#ifndef ES_UI_EXPORT_TABLE_H
#define ES_UI_EXPORT_TABLE_H
#include <stddef.h>
#include <stdio.h>

struct err;
enum export_form { EXPORT_CSV, EXPORT_MARKDOWN, EXPORT_LATEX, EXPORT_SVG };
/* By the end of a file's name: .md, .tex, .svg, else CSV. */
enum export_form export_form_of(const char *path);
/* csv: n bytes, RFC 4180, the first row the heading; numbers stand as they are there. Columns that
 * hold numbers only are right-aligned. LaTeX is a tabular of booktabs. 0 or E_NOMEM. */
int export_table(enum export_form form, const char *csv, size_t n, FILE *f, struct err *err);
#endif
