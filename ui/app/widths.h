/* What `doctor` measured of this terminal, for the screens: the kinds of signs (ui/term/sign.h) that
 * are two columns wide here. $XDG_STATE_HOME/electroscope/terminals has a line a terminal. */
#ifndef ES_UI_WIDTHS_H
#define ES_UI_WIDTHS_H

/* The kinds, a letter each, and a sign of a kind to measure. */
const char *widths_kinds(void);
const char *widths_sample(char kind);
/* Remembers the kinds, "" for none. */
void widths_remember(const char *kinds);
/* Lets the screens draw them in ASCII. Returns 1 when there are some. */
int widths_apply(void);
#endif
