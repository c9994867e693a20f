/* See wrap.h. */
#include "ui/widget/wrap.h"

#include <stdio.h>
#include <string.h>

#include "ui/term/sign.h"

#define WORD 255 /* bytes of a word that are shown */

int wrap_text(struct grid *g, struct rect in, struct style st, const char *text)
{
    int y = in.y, x = in.x, end = in.x; /* end: of the words on the last line drawn */
    while (*text && (!g || y < in.y + in.h)) {
        char word[WORD + 1];
        size_t n = strcspn(text, " \n");
        snprintf(word, sizeof word, "%.*s", (int)(n < WORD ? n : WORD), text);
        int w = text_columns(word), full = in.w > 0 && w > in.w;
        if (x > in.x && x + w > in.x + in.w && !full)
            y++, x = in.x;
        int left = in.x + in.w - x;
        if (full && left <= 0) {
            y++, x = in.x;
            continue;
        }
        if (g && y >= in.y + in.h)
            break;
        if (full && left < WORD && n > (size_t)left) { /* cut where the line ends, never in a character */
            for (n = (size_t)left; n > 1 && ((unsigned char)word[n] & 0xC0) == 0x80; n--)
                ;
            word[n] = 0;
        }
        x += g ? grid_text(g, in, y, x, -1, st, word) : text_columns(word);
        end = x;
        text += n;
        if (*text == ' ')
            x++, text++;
        else if (*text == '\n' || (full && *text))
            y++, x = in.x, text += *text == '\n';
    }
    if (g && *text && in.h > 0 && in.w > 0) /* there is more */
        grid_text(g, in, in.y + in.h - 1, end < in.x + in.w ? end : in.x + in.w - 1, 1, st, sign(SIGN_ELLIPSIS));
    return y - in.y + (x > in.x);
}
