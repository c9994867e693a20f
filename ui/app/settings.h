/* $XDG_CONFIG_HOME/electroscope/config, an INI file that the program reads and never writes; its
 * settings are the rows of setting.def. */
#ifndef ES_UI_SETTINGS_H
#define ES_UI_SETTINGS_H
#include <stddef.h>

struct settings {
    int theme, color, ascii, mouse, title, bell; /* theme -1: from the terminal */
    char on_event[512];
    char path[1200];
    char error[256];  /* "config line 3: ..." or "" */
};
/* $XDG_STATE_HOME/electroscope or its usual place. 0 where there is none. */
int state_dir(char *out, size_t size);
void settings_read(struct settings *s);
/* Starts the command and does not wait for it. */
void settings_run_event(const struct settings *s, const char *run, const char *state);
#endif
