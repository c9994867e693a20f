/* The workbench in a terminal, from the first frame to the line that is left behind. */
#ifndef ES_UI_LOOP_H
#define ES_UI_LOOP_H
#include <stdint.h>

#include "experiments/workspace.h"

struct err;
struct app_args {
    const struct workspace *workspace;
    const char *screen;   /* where to start: "Tokens"; NULL: where it was left */
    int64_t run;          /* selected at the start; 0: as it was left */
    int theme;            /* enum theme; -1: from the terminal */
    int color;            /* 0 never, 1 as the terminal and NO_COLOR say, 2 always */
    int ascii, no_mouse, readonly, no_title;
};
/* "dark", "light", "mono" as app_args.theme; -1 if unknown. */
int app_theme(const char *name);
/* Needs a terminal: without one, or with TERM=dumb, E_FAIL and a sentence. Returns 0 after the
 * user left or the terminal went away. The caller has called setlocale. */
int app_run_loop(const struct app_args *args, struct err *err);
#endif
