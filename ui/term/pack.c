/* See pack.h. */
#include "ui/term/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/str.h"

void pack_init(struct pack *p, const char *op, const char *rmul, const char *rmacs)
{
    memset(p, 0, sizeof *p);
    p->split_reset = op && !strcmp(op, "\x1b[39;49m");
    p->underline_off = rmul && !strcmp(rmul, "\x1b[24m");
    if (rmacs && strlen(rmacs) < sizeof p->acs_off)
        strcpy(p->acs_off, rmacs);
}

void pack_forget(struct pack *p)
{
    p->known = 0;
}

static void add_param(char *list, size_t size, const char *param)
{
    size_t n = strlen(list);
    if (n && *param && n + 1 < size)
        list[n++] = ';';
    str_copy(list + n, size - n, param);
}

static void add_attrs(char *list, size_t size, unsigned attrs)
{
    for (int i = 1; i <= 9; i++) {
        char one[2] = { (char)('0' + i), 0 };
        if (attrs >> i & 1)
            add_param(list, size, one);
    }
}

/* The terminal's own colour is told by 39 or 49. */
static void add_color(char *list, size_t size, const char *has, const char *asked,
                      const char *own)
{
    if (strcmp(has, asked))
        add_param(list, size, *asked ? asked : own);
}

static int same(const struct pack_state *a, const struct pack_state *b)
{
    return a->attrs == b->attrs && !strcmp(a->fg, b->fg) && !strcmp(a->bg, b->bg);
}

/* Brings the terminal to `to`: from nothing, or by what differs, whichever is shorter. */
static void bring(struct pack *p, struct str *out, const struct pack_state *to)
{
    char whole[80] = "", part[80] = "";
    if (!p->used || (p->known && same(&p->has, to)))
        return;
    if (to->attrs || *to->fg || *to->bg)
        add_param(whole, sizeof whole, "0");
    add_attrs(whole, sizeof whole, to->attrs);
    add_color(whole, sizeof whole, "", to->fg, "");
    add_color(whole, sizeof whole, "", to->bg, "");
    unsigned ends = p->has.attrs & ~to->attrs, underline = 1u << 4;
    int lost = (ends & ~(p->underline_off ? underline : 0)) ||
               (!p->split_reset && ((*p->has.fg && !*to->fg) || (*p->has.bg && !*to->bg)));
    if (p->known && !lost) {
        add_param(part, sizeof part, ends ? "24" : "");
        add_attrs(part, sizeof part, to->attrs & ~p->has.attrs);
        add_color(part, sizeof part, p->has.fg, to->fg, "39");
        add_color(part, sizeof part, p->has.bg, to->bg, "49");
    }
    str_add(out, "\x1b[");
    str_add(out, *part && strlen(part) < strlen(whole) ? part : whole);
    str_addc(out, 'm');
    p->has = *to;
    p->known = 1;
}

/* A blank shows its background only, and what underlines, crosses or reverses it. */
static void bring_blank(struct pack *p, struct str *out)
{
    struct pack_state to = p->asked;
    unsigned seen = 1u << 4 | 1u << 7 | 1u << 9;
    if (p->known && !((p->has.attrs | to.attrs) & seen)) {
        to.attrs = p->has.attrs;
        strcpy(to.fg, p->has.fg);
        if (*p->has.bg && !*to.bg && !p->split_reset)
            to = p->asked;
    }
    bring(p, out, &to);
}

/* A parameter in digits: of 0 to 9,999, as they are read. */
static void number(char out[8], int v)
{
    int n = v < 10 ? 1 : v < 100 ? 2 : v < 1000 ? 3 : 4;
    out[n] = 0;
    for (; n; v /= 10)
        out[--n] = (char)('0' + v % 10);
}

/* One colour of a sequence: 38;5;N and 38;2;R;G;B hold several numbers. Returns how many were
 * taken, 0: not understood. */
static int take_color(char *color, const int *v, int n)
{
    char list[64] = "";
    int k = 1;
    if (v[0] == 38 || v[0] == 48)
        k = n > 1 && v[1] == 5 ? 3 : n > 1 && v[1] == 2 ? 5 : 0;
    if (!k || k > n)
        return 0;
    for (int i = 0; i < k; i++) {
        char one[8];
        number(one, v[i]);
        add_param(list, sizeof list, one);
    }
    if (strlen(list) >= PACK_COLOR)
        return 0;
    strcpy(color, v[0] == 39 || v[0] == 49 ? "" : list);
    return k;
}

static int take_one(struct pack_state *s, const int *v, int n)
{
    if (v[0] == 0)
        memset(s, 0, sizeof *s);
    else if (v[0] >= 1 && v[0] <= 9)
        s->attrs |= 1u << v[0];
    else if ((v[0] >= 30 && v[0] <= 39) || (v[0] >= 90 && v[0] <= 97))
        return take_color(s->fg, v, n);
    else if ((v[0] >= 40 && v[0] <= 49) || (v[0] >= 100 && v[0] <= 107))
        return take_color(s->bg, v, n);
    else if (v[0] != 10) /* 10: the first font, which is never left */
        return 0;
    return 1;
}

/* The numbers between ESC[ and m change what is asked for. Returns 0, or -1: not understood. */
static int take_sgr(struct pack *p, const char *s, size_t n)
{
    struct pack_state now = p->asked;
    int v[PACK_PARAMS], count = 0;
    v[0] = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ';') {
            if (++count == PACK_PARAMS)
                return -1;
            v[count] = 0;
        } else if (s[i] >= '0' && s[i] <= '9' && v[count] < 1000) {
            v[count] = v[count] * 10 + s[i] - '0';
        } else {
            return -1;
        }
    }
    count++;
    for (int i = 0; i < count;) {
        int k = take_one(&now, v + i, count - i);
        if (!k)
            return -1;
        i += k;
    }
    p->asked = now;
    p->used = 1;
    return 0;
}

/* Length of the sequence at `s`, which begins with ESC. */
static size_t sequence(const char *s, size_t n)
{
    size_t i = 1;
    if (n < 2)
        return n;
    if (s[1] == '[') {
        for (i = 2; i < n && !(s[i] >= 0x40 && s[i] <= 0x7e); i++)
            ;
        return i < n ? i + 1 : n;
    }
    while (i < n && s[i] >= 0x20 && s[i] <= 0x2f)
        i++;
    return i < n ? i + 1 : n;
}

/* Cursor moves show nothing, so they need no rendition. */
static int moves(const char *s, size_t n)
{
    return n > 2 && s[1] == '[' && strchr("ABCDGHd", s[n - 1]) != NULL;
}

static size_t add_escape(struct pack *p, struct str *out, const char *s, size_t n)
{
    size_t k = sequence(s, n);
    int sgr = k > 2 && s[1] == '[' && s[k - 1] == 'm';
    if (sgr && take_sgr(p, s + 2, k - 3) == 0)
        return k;
    if (!moves(s, k))
        bring(p, out, &p->asked);
    p->off = sgr;
    str_addn(out, s, k);
    return k;
}

void pack_add(struct pack *p, struct str *out, const char *bytes, size_t n)
{
    size_t off = strlen(p->acs_off);
    for (size_t i = 0; i < n;) {
        const char *s = bytes + i;
        if (p->off) {
            str_addn(out, s, n - i);
            return;
        }
        if (off && n - i >= off && !memcmp(s, p->acs_off, off)) {
            i += off;
            continue;
        }
        if (*s == 0x1b) {
            i += add_escape(p, out, s, n - i);
            continue;
        }
        if (*s == ' ')
            bring_blank(p, out);
        else if ((unsigned char)*s > ' ')
            bring(p, out, &p->asked);
        str_addn(out, s, 1);
        i++;
    }
    bring(p, out, &p->asked);
}
