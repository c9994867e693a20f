/* See input.h. */
#include "ui/term/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/visible.h"

enum { TAKE_MORE = 0, TAKE_NOTHING = -1 }; /* wait for bytes; swallowed without a key */
enum { SKIP_NOT, SKIP_CONTROL, SKIP_STRING };
#define TORN_S 0.5 /* seconds that the rest of a sequence may lag behind its beginning */

/* A slow line may part Esc from what belongs to it: nobody types two of these bytes at once. */
static int torn_off(const struct input *in, const unsigned char *b, size_t n, double now)
{
    return !in->n && !in->pasting && in->lone > 0 && now - in->lone < TORN_S && n > 1 &&
           (b[0] == '[' || b[0] == 'O') && strchr("0123456789;<?ABCDFHMPQRSZ", b[1]);
}

size_t input_feed(struct input *in, const void *bytes, size_t n, double now)
{
    if (torn_off(in, bytes, n, now))
        in->bytes[in->n++] = 0x1B;
    if (in->skip && now - in->since > TORN_S)
        in->skip = SKIP_NOT;
    in->lone = 0;
    size_t room = sizeof in->bytes - in->n;
    n = n > room ? room : n;
    memcpy(in->bytes + in->n, bytes, n);
    in->n += n;
    in->since = now;
    return n;
}

static void eat(struct input *in, size_t n)
{
    memmove(in->bytes, in->bytes + n, in->n - n);
    in->n -= n;
}

static void name_key(struct key *k, int modifier, const char *name)
{
    int m = modifier > 1 ? modifier - 1 : 0;
    k->kind = KEY_PRESS;
    snprintf(k->name, sizeof k->name, "%s%s%s%s", m & 4 ? "C-" : "", m & 2 ? "A-" : "",
             m & 1 ? "S-" : "", name);
}

static const char *letter_key(int c)
{
    switch (c) {
    case 'A': return "Up";
    case 'B': return "Down";
    case 'C': return "Right";
    case 'D': return "Left";
    case 'H': return "Home";
    case 'F': return "End";
    case 'P': return "F1";
    case 'Q': return "F2";
    case 'R': return "F3";
    case 'S': return "F4";
    default: return NULL;
    }
}

static const char *number_key(int n)
{
    static const char *const names[] = {
        [1] = "Home", [2] = "Insert", [3] = "Delete", [4] = "End", [5] = "PgUp", [6] = "PgDn",
        [7] = "Home", [8] = "End", [15] = "F5", [17] = "F6", [18] = "F7", [19] = "F8",
        [20] = "F9", [21] = "F10", [23] = "F11", [24] = "F12",
    };
    return n > 0 && n < (int)(sizeof names / sizeof names[0]) ? names[n] : NULL;
}

static int mouse_key(struct key *k, const char *params, int final)
{
    int b, x, y;
    if (sscanf(params, "<%d;%d;%d", &b, &x, &y) != 3 || x < 1 || y < 1)
        return 0;
    memset(k, 0, sizeof *k);
    k->kind = KEY_MOUSE;
    k->y = y - 1;
    k->x = x - 1;
    k->release = final == 'm';
    k->drag = (b & 32) != 0;
    if (b & 64)
        k->wheel = (b & 3) == 0 ? -1 : (b & 3) == 1 ? 1 : 0;
    else
        k->button = (b & 3) == 3 ? 0 : (b & 3) + 1;
    return 1;
}

/* ESC [ M and three bytes, from a terminal that knows no other way to tell of the mouse. */
static int old_mouse_key(struct key *k, const unsigned char *b)
{
    char params[32];
    int up = (b[0] & 3) == 3 && !(b[0] & 64);
    snprintf(params, sizeof params, "<%d;%d;%d", b[0] - 32, b[1] - 32, b[2] - 32);
    return b[0] >= 32 && mouse_key(k, params, up ? 'm' : 'M');
}

/* ESC [ params final; `len` bytes in all. Returns 1 when it is a key. */
static int csi(struct input *in, struct key *k, size_t len)
{
    char params[64] = "";
    int final = in->bytes[len - 1], a = 0, m = 0;
    if (in->bytes[2] == 'M')
        return len == 6 && old_mouse_key(k, in->bytes + 3);
    if (len - 3 < sizeof params) {
        memcpy(params, in->bytes + 2, len - 3);
        params[len - 3] = 0;
    }
    if (params[0] == '<')
        return (final == 'M' || final == 'm') && mouse_key(k, params, final);
    if (strspn(params, "0123456789;") != strlen(params))
        return 0;
    int fields = sscanf(params, "%d;%d", &a, &m);
    if (final == '~' && fields == 1 && a == 200) {
        in->pasting = 1;
        str_clear(&in->paste);
        return 0;
    }
    const char *name = final == '~' ? number_key(a) : letter_key(final);
    if (final != '~' && fields > 0 && (fields != 2 || a != 1))
        return 0; /* a report, not a key with modifiers */
    if (m < 0 || m > 8)
        return 0;
    if (final == 'Z' && fields < 1) {
        name_key(k, 2, "Tab");
        return 1;
    }
    if (fields < 1 && final >= 'a' && final <= 'd') { /* rxvt with Shift */
        name_key(k, 2, letter_key(final - 32));
        return 1;
    }
    if (!name)
        return 0;
    name_key(k, m, name);
    return 1;
}

/* Length of the escape sequence at the start of the buffer, 0: not whole yet. */
static size_t sequence(const struct input *in)
{
    const unsigned char *b = in->bytes;
    if (in->n < 2)
        return 0;
    switch (b[1]) {
    case '[':
        if (in->n > 2 && b[2] == '[') /* Linux console F1-F5 */
            return in->n > 3 ? 4 : 0;
        if (in->n > 2 && b[2] == 'M')
            return in->n > 5 ? 6 : 0;
        /* fall through */
    case 'O':
        for (size_t i = 2; i < in->n; i++)
            if (b[i] < 0x20 || b[i] > 0x3F)
                return b[i] >= 0x40 && b[i] <= 0x7E ? i + 1 : i;
        return 0;
    case ']': case 'P': case '_': case '^': case 'X':
        for (size_t i = 2; i < in->n; i++) {
            if (b[i] == 7)
                return i + 1;
            if (b[i] == 0x1B)
                return i + 1 < in->n ? i + 2 : 0;
        }
        return 0;
    default:
        return 1; /* Esc, then another key */
    }
}

/* How long to wait for more bytes of what is at the start of the buffer. */
static double patience(const struct input *in)
{
    int torso = in->bytes[0] == 0x1B && in->n > 1 && !in->skip;
    return torso && in->bytes[in->n - 1] != '$' ? TORN_S : INPUT_ESC_DELAY; /* rxvt ends with $ */
}

/* ESC O final, with the numbers of an old xterm between them; `len` bytes in all. */
static int ss3(struct input *in, struct key *k, size_t len)
{
    const unsigned char *b = in->bytes;
    const char *name = b[len - 1] == 'M' ? "Enter" : letter_key(b[len - 1]);
    int m = len > 3 && b[len - 2] >= '1' && b[len - 2] <= '8' ? b[len - 2] - '0' : 0;
    if (name)
        name_key(k, m, name);
    return name != NULL;
}

/* Lets go of the torso of a sequence; what still comes of it goes the same way. */
static void drop_torso(struct input *in)
{
    int string = in->bytes[1] != '[' && in->bytes[1] != 'O';
    int last = string && in->bytes[in->n - 1] == 0x1B;
    in->skip = in->bytes[in->n - 1] == '$' ? SKIP_NOT : string ? SKIP_STRING : SKIP_CONTROL;
    eat(in, in->n - (size_t)last);
}

/* The rest of a dropped sequence, up to its end. */
static int take_skipped(struct input *in, double now)
{
    for (size_t i = 0; i < in->n; i++) {
        int c = in->bytes[i], string = in->skip == SKIP_STRING;
        if (string ? c != 7 && c != 0x18 && c != 0x1A && c != 0x1B : c >= 0x20 && c <= 0x3F)
            continue;
        if (string && c == 0x1B && i + 1 == in->n && now - in->since < INPUT_ESC_DELAY) {
            eat(in, i);
            return TAKE_MORE;
        }
        int two = string && c == 0x1B && i + 1 < in->n && in->bytes[i + 1] == '\\';
        in->skip = SKIP_NOT;
        eat(in, i + (size_t)(string || (c >= 0x40 && c <= 0x7E)) + (size_t)two);
        return TAKE_NOTHING;
    }
    eat(in, in->n);
    return TAKE_NOTHING;
}

static int take_escape(struct input *in, struct key *k, double now)
{
    size_t len = sequence(in);
    int found = 0, late = now - in->since >= patience(in);
    if (!len && in->n == 1) {
        if (!late)
            return TAKE_MORE;
        len = 1;
        in->lone = now;
    } else if (!len) {
        if (!late && in->n < sizeof in->bytes)
            return TAKE_MORE;
        drop_torso(in);
        return TAKE_NOTHING;
    }
    if (len == 1) {
        name_key(k, 0, "Esc");
        found = 1;
    } else if (in->bytes[1] == '[' && len == 4 && in->bytes[2] == '[') {
        static const char *const console[] = { "F1", "F2", "F3", "F4", "F5" };
        unsigned f = in->bytes[3] - 'A';
        if (f < 5) {
            name_key(k, 0, console[f]);
            found = 1;
        }
    } else if (in->bytes[1] == '[' && len > 2) {
        found = csi(in, k, len);
    } else if (in->bytes[1] == 'O' && len > 2) {
        found = ss3(in, k, len);
    }
    eat(in, len);
    return found ? 1 : TAKE_NOTHING;
}

static int take_paste(struct input *in, struct key *k)
{
    static const char end[] = "\x1b[201~";
    size_t i;
    for (i = 0; i < in->n; i++) {
        size_t left = in->n - i, m = left < 6 ? left : 6;
        if (in->bytes[i] == 0x1B && !memcmp(in->bytes + i, end, m))
            break;
    }
    if (in->paste.len + i <= INPUT_PASTE_MAX)
        str_addn(&in->paste, in->bytes, i);
    eat(in, i);
    if (in->n < 6)
        return TAKE_MORE;
    eat(in, 6);
    in->pasting = 0;
    memset(k, 0, sizeof *k);
    k->kind = KEY_PASTE;
    k->paste = strdup(str_get(&in->paste));
    str_clear(&in->paste);
    return k->paste ? 1 : TAKE_NOTHING;
}

static int take_control(struct input *in, struct key *k)
{
    int c = in->bytes[0];
    char name[3] = { '^', (char)(c + 64), 0 };
    eat(in, 1);
    if (!c)
        return TAKE_NOTHING;
    name_key(k, 0, c == '\r' || c == '\n' ? "Enter" : c == '\t' ? "Tab"
             : c == 8 || c == 0x7F ? "Backspace" : name);
    return 1;
}

static int take_text(struct input *in, struct key *k, double now)
{
    uint32_t cp;
    int len = utf8_decode(in->bytes, in->n, &cp);
    if (!len) {
        int lead = in->bytes[0] >= 0xC2 && in->bytes[0] <= 0xF4;
        if (lead && in->n < 4 && now - in->since < INPUT_ESC_DELAY)
            return TAKE_MORE;
        eat(in, 1);
        return TAKE_NOTHING;
    }
    char text[5] = "";
    memcpy(text, in->bytes, (size_t)len);
    eat(in, (size_t)len);
    if (visible_is_control(cp))
        return TAKE_NOTHING;
    name_key(k, 0, cp == ' ' ? "Space" : text);
    return 1;
}

int input_next(struct input *in, struct key *k, double now)
{
    memset(k, 0, sizeof *k);
    while (in->n) {
        int c = in->bytes[0], got;
        if (in->pasting)
            got = take_paste(in, k);
        else if (in->skip)
            got = take_skipped(in, now);
        else if (c == 0x1B)
            got = take_escape(in, k, now);
        else if (c < 0x20 || c == 0x7F)
            got = take_control(in, k);
        else
            got = take_text(in, k, now);
        if (got != TAKE_NOTHING)
            return got == 1;
    }
    return 0;
}

double input_wait(const struct input *in, double now)
{
    if (!in->n || in->pasting)
        return -1;
    double left = in->since + patience(in) - now;
    return left > 0 ? left : 0;
}

void input_free(struct input *in)
{
    str_free(&in->paste);
}
