/* What commands print: text of foreign origin, numbers, JSON, progress of long work. */
#ifndef ES_UI_CLI_PRINT_H
#define ES_UI_CLI_PRINT_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Foreign text: through visible() on a terminal, as it is elsewhere. */
void print_text(FILE *f, const char *text);
/* Foreign text, always through visible(), at most `columns` wide; padded with spaces to
 * `columns` when `pad`. */
void print_cell(FILE *f, const char *text, int columns, int pad);
/* A name, cut in its middle, padded: the ends of names differ. */
void print_name(FILE *f, const char *name, int columns);
/* Columns that a text takes in a terminal, after visible(). */
int print_columns(const char *text);
/* Columns of the terminal that standard output is; a large number when it is none. */
int print_width(void);
void print_version(FILE *f);
/* A warning of the engine: one line on standard error. Matches the warn callbacks. */
void print_warning(void *ud, const char *text);
/* "812", "12.3k", "4.56M", "1.20G". Returns out. */
char *print_count(double n, char *out, size_t size);
/* "12 s", "3 min 20 s", "2 h 05 min". Returns out. */
char *print_duration(double seconds, char *out, size_t size);

/* JSON, written as it comes: one object or array at a time, commas put by itself. Text is always
 * plain ASCII (escapes), NaN and infinities are "nan", "inf", "-inf". */
struct json_out {
    FILE *f;
    int comma;
};
void json_open(struct json_out *j, const char *key, char bracket); /* key NULL: none */
void json_close(struct json_out *j, char bracket);
void json_text(struct json_out *j, const char *key, const char *text);
void json_int(struct json_out *j, const char *key, int64_t v);
void json_float(struct json_out *j, const char *key, float v); /* %.9g */
void json_double(struct json_out *j, const char *key, double v); /* %.17g */
void json_bool(struct json_out *j, const char *key, int v);
void json_end(struct json_out *j); /* a line end, and flushes */

/* Progress of one long piece of work on standard error: a bar with rate and time left on a
 * terminal, elsewhere a plain line every five seconds. `done` in [0,1], or < 0: unknown. */
struct progress {
    double start, shown, total; /* total: units of the whole work, 0: unknown */
    const char *unit;
    char stage[64];
    int tty, width; /* width: columns of the last line, to be wiped */
};
void progress_start(struct progress *p, const char *unit);
/* Matches the progress callbacks; always 0. */
int progress_show(void *progress, const char *stage, double done);
void progress_end(struct progress *p); /* wipes the bar */
#endif
