/* See screens.h. */
#include "ui/screen/screens.h"

#define SCREEN(variable) extern const struct screen_ops variable;
#include "ui/screen/screen.def"
#undef SCREEN

const struct screen_ops *const screens[] = {
#define SCREEN(variable) &variable,
#include "ui/screen/screen.def"
#undef SCREEN
};
const int screen_count = (int)(sizeof screens / sizeof screens[0]);
