/* How a token looks, the same in every view. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/str.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"

const char *tokens_piece(const struct tokens *s, int32_t id, char *out, size_t size)
{
    const char *t = s->pieces && id >= 0 ? pieces_get(s->pieces, id) : NULL;
    size_t n;
    if (id < 0)
        str_copy(out, size, "-");
    else if (!t)
        snprintf(out, size, "#%d", id);
    else if (!strcmp(t, "[MASK]"))
        str_copy(out, size, "[M]");
    else if (t[0] == '#' && t[1] == '#' && t[2])
        n = strlen(str_copy(out, size, "·")), str_copy(out + n, size - n, t + 2);
    else
        str_copy(out, size, t);
    return out;
}

int tokens_continues(const struct tokens *s, int32_t id)
{
    const char *t = s->pieces && id >= 0 ? pieces_get(s->pieces, id) : NULL;
    return t && t[0] == '#' && t[1] == '#' && t[2];
}

int tokens_special(const struct tokens *s, int32_t id)
{
    const char *t = s->pieces && id >= 0 ? pieces_get(s->pieces, id) : NULL;
    return t && t[0] == '[' && (!strcmp(t, "[CLS]") || !strcmp(t, "[SEP]") || !strcmp(t, "[PAD]"));
}

int tokens_open(const struct token_row *r)
{
    return r->chosen && r->original == r->masked && isnan(r->disc_loss) && isnan(r->gen_loss);
}

uint8_t tokens_heat(float p)
{
    return p >= .8F   ? BACK_HEAT4
           : p >= .5F ? BACK_HEAT3
           : p >= .3F ? BACK_HEAT2
           : p >= .1F ? BACK_HEAT1
                      : BACK_NONE;
}

struct style tokens_style(const struct token_row *r, int at_cursor)
{
    struct style st = STYLE(ROLE_TEXT, 0);
    st.back = at_cursor ? BACK_SELECTED : tokens_heat(r->disc_prob);
    if (r->disc_prob >= .5F) st.attr |= ATTR_BOLD;
    if (r->label || tokens_open(r) || (isnan(r->disc_prob) && r->chosen)) st.attr |= ATTR_UNDERLINE;
    return st;
}

enum outcome tokens_outcome(const struct token_row *r)
{
    if (isnan(r->disc_prob)) return OUT_NONE;
    int said = r->disc_prob > TOKENS_SAID;
    return r->label ? said ? OUT_CAUGHT : OUT_MISSED : said ? OUT_FALSE : OUT_KEPT;
}

const char *tokens_sign(enum outcome o)
{
    return o == OUT_CAUGHT   ? sign(SIGN_CAUGHT)
           : o == OUT_MISSED ? sign(SIGN_MISSED)
           : o == OUT_FALSE  ? sign(SIGN_FALSE_ALARM)
                             : "";
}

uint8_t tokens_sign_role(enum outcome o)
{
    return o == OUT_CAUGHT   ? ROLE_GOOD
           : o == OUT_MISSED ? ROLE_BAD
           : o == OUT_FALSE  ? ROLE_WARN
                             : ROLE_DIM;
}

const char *tokens_outcome_name(enum outcome o)
{
    static const char *const names[] = {"kept", "caught", "missed", "false alarm", ""};
    return names[o];
}

struct past_cell tokens_cell(const struct token_row *r)
{
    return (struct past_cell){r->disc_prob, r->gen_prob, isnan(r->disc_loss) ? r->gen_loss : r->disc_loss,
                              r->original, r->sampled, r->label, r->chosen};
}

enum outcome tokens_cell_outcome(const struct past_cell *c)
{
    struct token_row r = {.disc_prob = c->disc_prob, .label = c->label};
    return tokens_outcome(&r);
}
