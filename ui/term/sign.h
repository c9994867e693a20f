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
/* The ASCII form of a cell's text that is one of our signs, else NULL. */
const char *sign_fold(const char *utf8);
#endif
