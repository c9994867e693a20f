/* The packer between ncurses and the terminal: the same picture on a small terminal of our own,
 * from fewer bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/base/str.h"
#include "ui/term/pack.h"

#define OP "\x1b[39;49m"
#define RMUL "\x1b[24m"
#define RMACS "\x1b(B"

enum { ROWS = 6, COLS = 24, UNDERLINE = 4, REVERSE = 7 };
struct look { int attrs, fg, bg; }; /* colours -1: the terminal's own */
struct cell_seen { char c; struct look look; };
struct terminal {
    struct cell_seen cell[ROWS][COLS];
    struct look now;
    int y, x;
};

static const struct look none = { 0, -1, -1 };

static void blank(struct terminal *t, int y, int x)
{
    t->cell[y][x] = (struct cell_seen){ ' ', { 0, -1, t->now.bg } };
}

static void start(struct terminal *t)
{
    memset(t, 0, sizeof *t);
    t->now = none;
    for (int i = 0; i < ROWS * COLS; i++)
        blank(t, i / COLS, i % COLS);
}

static void set_look(struct look *l, const int *v, int n)
{
    for (int i = 0; i < n; i++) {
        if (v[i] == 0)
            *l = none;
        else if (v[i] == 24)
            l->attrs &= ~(1 << UNDERLINE);
        else if (v[i] < 10)
            l->attrs |= 1 << v[i];
        else if (v[i] == 38 && i + 2 < n)
            l->fg = v[i += 2];
        else if (v[i] == 48 && i + 2 < n)
            l->bg = v[i += 2];
        else if (v[i] / 10 == 3)
            l->fg = v[i] == 39 ? -1 : v[i] - 30;
        else if (v[i] / 10 == 4)
            l->bg = v[i] == 49 ? -1 : v[i] - 40;
    }
}

static const char *control(struct terminal *t, const char *s)
{
    int v[16] = { 0 }, n = 0;
    for (; !(*s >= 0x40 && *s <= 0x7e); s++) {
        if (*s == ';')
            n++;
        else
            v[n] = v[n] * 10 + *s - '0';
    }
    if (*s == 'm')
        set_look(&t->now, v, n + 1);
    if (*s == 'H') {
        t->y = v[0] - 1;
        t->x = v[1] - 1;
    }
    for (int x = t->x; *s == 'K' && x < COLS; x++)
        blank(t, t->y, x);
    return s + 1;
}

static void show(struct terminal *t, const char *s)
{
    while (*s) {
        if (s[0] == 0x1b && s[1] == '[') {
            s = control(t, s + 2);
        } else if (s[0] == 0x1b) {
            s += 3;
        } else {
            t->cell[t->y][t->x] = (struct cell_seen){ *s++, t->now };
            t->x += t->x + 1 < COLS;
        }
    }
}

static void assert_same_cell(struct cell_seen a, struct cell_seen b)
{
    int lines = 1 << UNDERLINE | 1 << REVERSE;
    assert_int_equal(a.c, b.c);
    assert_int_equal(a.look.bg, b.look.bg);
    assert_int_equal(a.look.attrs & lines, b.look.attrs & lines);
    if (a.c == ' ' && !(a.look.attrs & lines))
        return; /* nothing else of a blank is seen */
    assert_int_equal(a.look.attrs, b.look.attrs);
    assert_int_equal(a.look.fg, b.look.fg);
}

static void assert_same_picture(const struct terminal *a, const struct terminal *b)
{
    for (int i = 0; i < ROWS * COLS; i++)
        assert_same_cell(a->cell[i / COLS][i % COLS], b->cell[i / COLS][i % COLS]);
    assert_memory_equal(&a->now, &b->now, sizeof a->now);
    assert_int_equal(a->y * COLS + a->x, b->y * COLS + b->x);
}

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* What ncurses writes: colours told apart, resets of three kinds, moves, words, blanks. */
static void make_frame(struct str *out, unsigned *seed)
{
    static const char *const look[] = { "\x1b[38;5;245m", "\x1b[48;5;94m", "\x1b[31m",
                                        "\x1b[42m", "\x1b[1m", RMACS "\x1b[0;4m",
                                        RMACS "\x1b[0;1;7m", OP RMACS "\x1b[m", OP,
                                        "\x1b[48;5;24m\x1b[38;5;255m" };
    for (int i = 0; i < 30; i++) {
        unsigned k = next(seed);
        if (k % 7 == 0)
            str_addf(out, "\x1b[%u;%uH", 1 + next(seed) % ROWS, 1 + next(seed) % COLS);
        else if (k % 11 == 0)
            str_add(out, "\x1b[K");
        else if (k % 3 == 0)
            str_add(out, look[next(seed) % (sizeof look / sizeof look[0])]);
        else
            str_add(out, k % 2 ? "word" : " ");
    }
}

static void pictures_agree(const char *op, const char *rmul)
{
    struct terminal plain, packed;
    struct pack p;
    size_t before = 0, after = 0;
    unsigned seed = 7;
    start(&plain);
    start(&packed);
    pack_init(&p, op, rmul, RMACS);
    for (int frame = 0; frame < 2000; frame++) {
        struct str in = { 0 }, out = { 0 };
        make_frame(&in, &seed);
        if (frame == 1000) { /* given away, it comes back with a look of its own */
            show(&packed, "\x1b[1;31m");
            pack_forget(&p);
        }
        pack_add(&p, &out, str_get(&in), in.len);
        show(&plain, str_get(&in));
        show(&packed, str_get(&out));
        assert_same_picture(&plain, &packed);
        before += in.len;
        after += out.len;
        str_free(&in);
        str_free(&out);
    }
    assert_true(after < before);
}

static void test_pictures_agree(void **state)
{
    (void)state;
    pictures_agree(OP, RMUL);
    pictures_agree(OP, NULL);
    pictures_agree("\x1b[m", "\x1b[m"); /* a terminal that has no colour of its own apart */
    pictures_agree(NULL, RMUL);
}

static void assert_packed(struct pack *p, const char *in, const char *expected)
{
    struct str out = { 0 };
    pack_add(p, &out, in, strlen(in));
    assert_string_equal(str_get(&out), expected);
    str_free(&out);
}

static void test_one_sequence_a_change(void **state)
{
    (void)state;
    struct pack p;
    pack_init(&p, OP, RMUL, RMACS);
    assert_packed(&p, "a", "a"); /* nothing is asked for yet */
    assert_packed(&p, "\x1b[m", "\x1b[m");
    assert_packed(&p, "\x1b[38;5;255m\x1b[48;5;94mof" OP RMACS "\x1b[m \x1b[38;5;255m"
                  "\x1b[48;5;94mit" OP RMACS "\x1b[m",
                  "\x1b[38;5;255;48;5;94mof\x1b[49m \x1b[48;5;94mit\x1b[m");
    assert_packed(&p, "\x1b[1m\x1b[0;4mx\x1b[m\x1b[2;3H \x1b[1m",
                  "\x1b[4mx\x1b[2;3H\x1b[m \x1b[1m");
}

static void test_what_is_not_known_passes(void **state)
{
    (void)state;
    struct pack p;
    pack_init(&p, NULL, NULL, NULL);
    assert_packed(&p, "\x1bG4 word\x1bG0", "\x1bG4 word\x1bG0"); /* not ECMA-48 */
    pack_init(&p, OP, RMUL, RMACS);
    assert_packed(&p, "\x1b[31mred\x1b[38:2::1:2:3mx\x1b[m \x1b[m",
                  "\x1b[0;31mred\x1b[38:2::1:2:3mx\x1b[m \x1b[m");
    assert_packed(&p, OP RMACS "\x1b[m ", OP RMACS "\x1b[m "); /* and so does all after it */
    pack_init(&p, OP, RMUL, RMACS);
    assert_packed(&p, "\x1b[", "\x1b["); /* cut */
    assert_packed(&p, "\x1b", "\x1b");
    const char *long_list = "\x1b[1;2;3;4;5;6;7;8;9;1;2;3;4;5;6;7;8m";
    assert_packed(&p, long_list, long_list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_agree),
        cmocka_unit_test(test_one_sequence_a_change),
        cmocka_unit_test(test_what_is_not_known_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
