/* The signs of sign.def. */
#ifndef ES_UI_SIGN_H
#define ES_UI_SIGN_H

enum sign {
#define S(name, utf8, ascii) SIGN_##name,
#include "ui/term/sign.def"
#undef S
    SIGN_COUNT,
    SIGN_STATE = SIGN_PREPARING /* + enum run_state */
};
/* The UTF-8 form; the grid turns it into ASCII where asked. */
const char *sign(int s);
const char *sign_ascii(int s);
/* Kinds of signs that some terminals, set for Korean or Japanese, give two columns: a letter each.
 * One of each kind is measured, and the kinds that are wide are drawn in ASCII from then on. */
const char *sign_kinds(void);                    /* their letters */
const char *sign_kind_sample(char kind);         /* a sign of the kind */
void sign_set_wide(const char *kinds);
/* 1: this text of a cell is of a kind that is wide here. */
int sign_is_wide(const char *utf8);
/* The ASCII form of a cell's text that is one of our signs, else NULL. */
const char *sign_fold(const char *utf8);
#endif
