/* Fewer bytes for the same picture: ncurses tells every change of colour on its own and resets
 * twice ("ESC[39;49m ESC(B ESC[m"). Here the rendition that the terminal has is kept beside the
 * one that is asked for, and one sequence a change goes out, when a cell comes that shows it.
 * From the first rendition that is not understood on, all passes as it is; so it does for
 * terminals that are not ECMA-48's, which have no such sequences. */
#ifndef ES_UI_PACK_H
#define ES_UI_PACK_H
#include <stddef.h>

struct str;
enum { PACK_COLOR = 20, PACK_PARAMS = 16 };

/* Rendition as ECMA-48 has it (8.3.117). */
struct pack_state {
    unsigned attrs;                          /* bit n: parameter n, 1 (bold) to 9 */
    char fg[PACK_COLOR], bg[PACK_COLOR];     /* parameters; "": the terminal's own */
};
struct pack {
    struct pack_state asked, has;
    int used;                 /* 1: a rendition was asked for once */
    int known;                /* 0: what the terminal has is not known, a reset comes first */
    int off;                  /* 1: all passes */
    int split_reset;          /* the terminal's "op" is 39;49: 39 and 49 work alone */
    int underline_off;        /* its "rmul" is 24 */
    char acs_off[8];          /* dropped: line drawing is never on */
};
/* Of terminfo, or NULL. */
void pack_init(struct pack *p, const char *op, const char *rmul, const char *rmacs);
/* Adds to `out` what draws the same as the n bytes, which hold whole sequences. Afterwards the
 * terminal has the rendition that was asked for. */
void pack_add(struct pack *p, struct str *out, const char *bytes, size_t n);
/* The terminal was given away or restored meanwhile. */
void pack_forget(struct pack *p);
#endif
