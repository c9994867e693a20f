/* The screens of screen.def. */
#ifndef ES_UI_SCREENS_H
#define ES_UI_SCREENS_H
#include "ui/screen/screen.h"

extern const struct screen_ops *const screens[];
extern const int screen_count;
#endif
