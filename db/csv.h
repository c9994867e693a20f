/* RFC 4180 (CRLF, quotes where needed), written with libcsv. Cells that a spreadsheet would run
 * as a formula (= + - @ TAB first, not numbers) get an apostrophe. */
#ifndef ES_DB_CSV_H
#define ES_DB_CSV_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct csv_out;
struct err;
struct csv_out *csv_new(FILE *f);
/* NULL: empty. Bytes that are not UTF-8 become U+FFFD. */
void csv_text(struct csv_out *c, const char *text);
void csv_int(struct csv_out *c, int64_t v);
void csv_float(struct csv_out *c, float v);  /* %.9g, nan, inf, -inf */
void csv_real(struct csv_out *c, double v);  /* %.17g, nan, inf, -inf */
/* The same; NAN, a value that is not there, is an empty cell. */
void csv_known(struct csv_out *c, double v);
void csv_known_float(struct csv_out *c, float v);
/* n headings; the row goes on. */
void csv_heads(struct csv_out *c, const char *const *names, size_t n);
void csv_end_row(struct csv_out *c);
/* Flushes; E_IO on a write error (a closed pipe included). Frees. */
int csv_finish(struct csv_out *c, struct err *err);
#endif
