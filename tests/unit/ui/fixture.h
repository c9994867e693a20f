/* A workspace with nine runs of every kind, made through db/store.h and put on a fixed clock, and
 * a workbench on it that is drawn into grids. */
#ifndef ES_TESTS_UI_FIXTURE_H
#define ES_TESTS_UI_FIXTURE_H
#include "ui/app/app_int.h"

#define FIXTURE_UTC 1795464000.0 /* 2026-11-23 19:20:00 */

/* Makes DIR/runs.db; returns 0, or says what went wrong and returns -1. */
int fixture_make(const char *dir);
/* Adds n done runs, for filters and loads. */
int fixture_add_runs(const char *dir, int n);
/* Adds a vocabulary and, to the newest run, six snapshots of three sentences (English and Korean),
 * a probe and live rows; to mlm-base-s1 a snapshot without a discriminator. */
int fixture_tokens(const char *dir);
/* Makes DIR/runs.db with another story: a grid of sharing and generator size, 2 to 4 seeds a cell
 * and one cell missing, a probe sentence in each run, scores of fine-tuning for the first seeds. */
int fixture_grid(const char *dir);
/* One line of SQL on the store (to plant a state). */
int fixture_sql(const char *dir, const char *sql);
/* The number that a query of the store answers; NAN: no row, or NULL. */
double fixture_value(const char *dir, const char *sql);
/* The workbench on DIR, its clock standing at FIXTURE_UTC; XDG_STATE_HOME is DIR. */
struct app *fixture_app(const char *dir, const char *screen, struct app_args *args);
/* Types keys by name, separated by spaces. */
void fixture_keys(struct app *a, const char *keys);
/* Types a text without blanks over what the field holds. */
void fixture_fill(struct app *a, const char *text);
/* Draws a frame and compares it with tests/golden/ui/NAME.txt (text, then style letters). With
 * UPDATE_GOLDEN set, writes that file instead. Returns 0 when equal; else prints the difference. */
int fixture_golden(struct app *a, int h, int w, const char *name);
/* Draws and returns the text; freed by the caller. */
char *fixture_text(struct app *a, int h, int w);
/* Whether a drawn frame has this text. */
int fixture_shows(struct app *a, int h, int w, const char *what);
/* What the screen exports as CSV, to be freed; *rows without the heading. */
char *fixture_export(struct app *a, int *rows);
/* What the keys copied, of the workbench on DIR; to be freed. */
char *fixture_copied(struct app *a, const char *dir, const char *keys);
#endif
