/* What holds on every screen and every view of it: no byte of a store acts on the terminal, and
 * --ascii draws nothing of ours above 127. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/screens.h"
#include "ui/term/theme.h"

static char dir[64];

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

/* Keys that lead through a screen's views, drawn after each. The first screen marks two runs. */
static const struct { const char *screen, *keys; } walks[] = {
    { "Runs", "Space j Space Enter Esc z z Tab Tab Tab d ^U t i e Enter d ^U Enter V Esc C Esc s Esc t "
              "Esc f x Esc / e Enter n : a r Esc ? PgDn PgDn / l Esc Esc A u" },
    { "Curves", "l l x x x v v b m M + z z r B s Esc Tab ? Esc" },
    { "Tokens", "i i i i # . , s d l j Enter Esc d H z z Tab Tab Tab o Esc / e Enter n Esc [ ] r r ? Esc" },
    { "Ablations", "Tab Tab j Enter Tab Esc a a B s z z = c Esc f x Esc ? Esc" },
    { "Launch", "j Enter Esc Space Tab Tab G Enter j j Enter Esc / s e e Enter y ? Esc" },
    { "Compare", "= a s B z Tab z Tab z z j ? Esc y" },
    { "Scores", "j l a Enter l j Esc z z f x Esc ? Esc y" },
};

/* Draws at three sizes; `wrong` gives the first place that must not be, or NULL. */
static int look(struct app *a, const char *after, const char *(*wrong)(const char *text))
{
    static const int sizes[][2] = { { 24, 80 }, { 36, 120 }, { 12, 44 } };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *text = fixture_text(a, sizes[i][0], sizes[i][1]);
        const char *p = wrong(text);
        if (p)
            fail_msg("%s after %s, %dx%d: '%.40s' in\n%s", app_ops(a)->name, after, sizes[i][1],
                     sizes[i][0], p, text);
        free(text);
    }
    return 1;
}

/* Returns how many views were looked at. */
static int walk(struct app_args *args, const char *(*wrong)(const char *text))
{
    int seen = 0;
    struct app *a = fixture_app(dir, "Runs", args);
    assert_non_null(a);
    for (size_t i = 0; i < sizeof walks / sizeof walks[0]; i++) {
        app_go(a, walks[i].screen);
        a->slots[a->current].due = 0;
        a->fixed_now += 5;
        app_tick(a);
        seen += look(a, "its beginning", wrong);
        for (const char *p = walks[i].keys; *p; p += *p == ' ') {
            char key[16] = "";
            size_t n = strcspn(p, " ");
            assert_true(n < sizeof key);
            memcpy(key, p, n);
            p += n;
            fixture_keys(a, key);
            app_tick(a);
            seen += look(a, key, wrong);
            app_go(a, walks[i].screen); /* where Esc led away */
        }
    }
    app_free(a);
    return seen;
}

static int planted; /* drawn texts that hold what was planted */
static const char *acting(const char *text)
{
    planted += strstr(text, "<1B>") != NULL;
    const unsigned char *p = (const unsigned char *)text;
    uint32_t cp;
    for (size_t n = strlen(text); n;) {
        int len = utf8_decode(p, n, &cp);
        if (!len || (cp != '\n' && visible_is_control(cp)))
            return (const char *)p;
        p += len;
        n -= (size_t)len;
    }
    return NULL;
}

static const char *above_127(const char *text)
{
    for (; *text; text++)
        if (*text & 0x80)
            return text;
    return NULL;
}

#define EVIL "char(27) || ']0;x' || char(7) || char(155) || '2J' || char(8238) || char(8203) || " \
             "cast(x'ff9b1b5b41' AS TEXT) || char(10, 13, 9, 8)"
static const char *const columns[][2] = {
    { "run", "name" }, { "run", "tags" }, { "run", "note" }, { "run", "reason" }, { "run", "progress" },
    { "run", "kernel" }, { "run", "blas_core" }, { "run", "program" }, { "run", "corpus" },
    { "run", "validation" }, { "event", "text" }, { "thread", "what" }, { "score", "model" },
    { "score", "metric" }, { "score", "settings" }, { "score", "program" }, { "mistake", "text" },
    { "mistake", "second" }, { "mistake", "label" }, { "mistake", "said" }, { "tuning", "why" },
};

static void plant(void)
{
    char sql[600], path[128], *text = NULL, *line;
    size_t size;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        snprintf(sql, sizeof sql, "UPDATE %s SET %s = %s || %s", columns[i][0], columns[i][1], EVIL,
                 columns[i][1]);
        assert_int_equal(fixture_sql(dir, sql), 0);
    }
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    if (file_read(path, 1 << 20, &text, &size, NULL))
        return; /* a story without tokens */
    for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) /* pieces that are long enough */
        if (line[1] != '[' && strcspn(line + 1, "\n") > 2)
            memcpy(line + 1, "\x1b[\x9b", 3);
    assert_int_equal(file_write_atomic(path, text, size, NULL), 0);
    free(text);
}

static void story(int (*make)(const char *dir), int tokens)
{
    strcpy(dir, "test_everywhere.XXXXXX");
    assert_true(mkdtemp(dir) && !make(dir) && (!tokens || !fixture_tokens(dir)));
}

static void test_nothing_acts_on_the_terminal(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        story(i ? fixture_grid : fixture_make, !i);
        plant();
        struct app_args dark = { .theme = 0, .color = 1 };
        planted = 0;
        assert_true(walk(&dark, acting) > 150);
        assert_true(planted > 300);
        teardown(NULL);
    }
}

static void test_ascii_is_ascii_everywhere(void **state)
{
    (void)state;
    story(fixture_grid, 0);
    struct app_args ascii = { .theme = THEME_MONO, .ascii = 1 };
    assert_true(walk(&ascii, above_127) > 150);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "host"))
        return 1; /* started as a host by a screen under test: there is none */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_acts_on_the_terminal),
        cmocka_unit_test_teardown(test_ascii_is_ascii_everywhere, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
