/* A small table of texts: for people (aligned columns), as Markdown or as LaTeX. The first row is
 * the heading. Foreign text may be put into cells: it is made visible. */
#ifndef ES_UI_CLI_SHEET_H
#define ES_UI_CLI_SHEET_H
#include <stdio.h>

struct err;
struct sheet;
enum sheet_form { SHEET_TEXT, SHEET_MD, SHEET_TEX };
/* align: a letter a column, 'l' or 'r'. NULL when memory is out (the functions below take NULL). */
struct sheet *sheet_new(const char *align);
/* The next cell, row by row. */
void sheet_cell(struct sheet *s, const char *text);
void sheet_cellf(struct sheet *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints and frees. E_NOMEM when a cell was lost, E_IO. */
int sheet_end(struct sheet *s, FILE *f, enum sheet_form form, struct err *err);
#endif
