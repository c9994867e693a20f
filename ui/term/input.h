/* From the terminal's bytes to keys. Knows xterm, VT, Linux console and rxvt sequences; what it
 * does not know is swallowed whole. Pure: it is fed bytes and the time. */
#ifndef ES_UI_INPUT_H
#define ES_UI_INPUT_H
#include <stddef.h>

#include "src/base/str.h"

#define INPUT_ESC_DELAY 0.03 /* seconds after which a lone Esc is the key */
#define INPUT_PASTE_MAX (1 << 20)

enum key_kind { KEY_PRESS, KEY_PASTE, KEY_MOUSE };
struct key {
    enum key_kind kind;
    /* KEY_PRESS: "j", "한", "Space", "Enter", "Tab", "S-Tab", "Esc", "Backspace", "Delete",
     * "Up", "S-Left", "PgUp", "Home", "F5", "^D". */
    char name[16];
    int y, x, button, wheel, drag, release; /* KEY_MOUSE: button 1-3 or 0; wheel -1 up, 1 down */
    char *paste; /* KEY_PASTE: malloc'd, may be ""; the receiver frees it */
};
struct input {
    unsigned char bytes[512];
    size_t n;
    double since;      /* when the last byte came */
    int pasting;
    int skip;          /* the kind of sequence whose rest is being swallowed, 0: none */
    double lone;       /* when a lone Esc was taken for the key, 0: other bytes came since */
    struct str paste;
};
/* Takes up to n bytes; returns how many fitted (call input_next until 0, then feed the rest). */
size_t input_feed(struct input *in, const void *bytes, size_t n, double now);
/* 1 and *k filled, or 0: no whole key yet. */
int input_next(struct input *in, struct key *k, double now);
/* Seconds until input_next should be called again though no byte came; < 0: not needed. */
double input_wait(const struct input *in, double now);
void input_free(struct input *in);
#endif
