/* What the tests of the Launch screen share: a store with a packed corpus, and the form on it. */
#ifndef ES_TESTS_UI_LAUNCH_RIG_H
#define ES_TESTS_UI_LAUNCH_RIG_H
#include "tests/unit/ui/fixture.h"
#include "ui/screen/launch.h"

extern char dir[64];
int setup(void **state);
int teardown(void **state);
struct app *start(struct app_args *args);
struct launch *form(struct app *a);
/* The next test begins with an empty form. */
void finish(struct app *a);
/* Whether a frame has the text; says so where not. */
int shows(struct app *a, int h, int w, const char *what);
void put(struct draft *d, int field, const char *text);
/* What this machine is, and where this directory lies, is in no picture. */
void stand_still(struct launch *s);
#endif
