/* Every screen in every state: empty, broken, being prepared, lost, read-only, without colours; tiny
 * terminals; hostile text in every column of the store; signs that are two columns wide. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "experiments/prepare.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "tests/unit/ui/fixture.h"
#include "ui/app/widths.h"
#include "ui/screen/runs.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/term/theme.h"

static const char *const names[] = { "Runs", "Curves", "Tokens", "Ablations", "Launch", "Compare", "Scores" };
#define SCREENS ((int)(sizeof names / sizeof names[0]))

static char dir[64], empty[64], broken[64];

static int setup(void **state)
{
    static const char rubbish[] = "this is no SQLite file, and it is long enough to be read as one";
    char path[100];
    (void)state;
    setenv("TZ", "UTC", 1);
    strcpy(dir, "test_states.XXXXXX");
    strcpy(empty, "test_empty.XXXXXX");
    strcpy(broken, "test_broken.XXXXXX");
    if (!mkdtemp(dir) || !mkdtemp(empty) || !mkdtemp(broken) || fixture_make(dir) || fixture_tokens(dir))
        return -1;
    snprintf(path, sizeof path, "%s/runs.db", broken);
    return file_write_atomic(path, rubbish, sizeof rubbish - 1, NULL);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL) | file_remove_tree(empty, NULL) | file_remove_tree(broken, NULL);
}

/* A workbench without habits of an earlier one. */
static struct app *start(const char *where, const char *screen, struct app_args *args)
{
    char path[128];
    snprintf(path, sizeof path, "%s/electroscope", where);
    file_remove_tree(path, NULL);
    struct app *a = fixture_app(where, screen, args);
    assert_non_null(a);
    for (int i = 0; i < 20; i++) /* what is read a little at each frame */
        free(fixture_text(a, 24, 80));
    return a;
}

static int picture(const char *where, const char *screen, struct app_args args, const char *name)
{
    struct app *a = start(where, screen, &args);
    int bad = fixture_golden(a, 24, 80, name);
    app_free(a);
    return bad;
}

#define ARGS(...) ((struct app_args){ .color = 1, __VA_ARGS__ })

static void test_pictures(void **state)
{
    (void)state;
    int bad = 0;
    bad += picture(empty, "Curves", ARGS(.theme = 0), "curves-empty-80x24");
    bad += picture(empty, "Tokens", ARGS(.theme = 0), "tokens-empty-80x24");
    bad += picture(empty, "Ablations", ARGS(.theme = 0), "ablations-empty-80x24");
    bad += picture(empty, "Compare", ARGS(.theme = 0), "compare-empty-80x24");
    bad += picture(empty, "Scores", ARGS(.theme = 0), "scores-empty-80x24");
    bad += picture(dir, "Curves", ARGS(.run = 7), "curves-preparing-80x24");
    bad += picture(dir, "Tokens", ARGS(.run = 7), "tokens-preparing-80x24");
    bad += picture(dir, "Runs", ARGS(.run = 2), "runs-lost-80x24");
    bad += picture(dir, "Tokens", ARGS(.run = 2), "tokens-lost-80x24");
    bad += picture(dir, "Runs", ARGS(.readonly = 1), "runs-readonly-80x24");
    bad += picture(dir, "Tokens", ARGS(.run = 9, .readonly = 1), "tokens-readonly-80x24");
    bad += picture(dir, "Runs", ARGS(.theme = THEME_MONO), "runs-mono-80x24");
    bad += picture(dir, "Curves", ARGS(.run = 9, .theme = THEME_MONO), "curves-mono-80x24");
    bad += picture(dir, "Tokens", ARGS(.run = 9, .theme = THEME_MONO), "tokens-mono-80x24");
    struct app_args mono = ARGS(.theme = THEME_MONO);
    struct app *a = start(dir, "Compare", &mono);
    app_mark(a, 8, 1);
    app_mark(a, 9, 1);
    app_tick(a);
    a->fixed_now += 5;
    app_tick(a);
    bad += fixture_golden(a, 24, 80, "compare-mono-80x24");
    app_free(a);
    assert_int_equal(bad, 0);
}

/* A store that cannot be read is said in one sentence, on every screen. */
static void test_a_broken_store_is_said(void **state)
{
    (void)state;
    for (int i = 0; i < SCREENS; i++) {
        struct app *a = start(broken, names[i], NULL);
        char *text = fixture_text(a, 24, 120);
        if (!strstr(text, "runs.db"))
            fail_msg("%s does not name the file:\n%s", names[i], text);
        free(text);
        app_free(a);
    }
}

/* A store that is taken away under a screen is said, once; another in its place is read. */
static void test_a_store_that_goes_is_said(void **state)
{
    (void)state;
    char place[] = "test_gone.XXXXXX", db[64], away[64];
    assert_non_null(mkdtemp(place));
    assert_int_equal(fixture_make(place), 0);
    struct app *a = start(place, "Runs", NULL);
    const struct app_message *said;
    snprintf(db, sizeof db, "%s/runs.db", place);
    snprintf(away, sizeof away, "%s/away.db", place);
    assert_int_equal(rename(db, away), 0);
    app_tick(a);
    int n = app_messages(a, &said);
    assert_true(fixture_shows(a, 24, 120, "runs.db is gone: what is shown was read before"));
    assert_true(fixture_shows(a, 24, 120, "runs 9 "));
    app_tick(a);
    assert_int_equal(app_messages(a, &said), n);
    assert_int_equal(fixture_add_runs(place, 2), 0);
    app_tick(a);
    app_tick(a);
    assert_true(fixture_shows(a, 24, 120, "runs 2 "));
    app_free(a);
    assert_int_equal(file_remove_tree(place, NULL), 0);
}

/* Live, a tick reads the tokens; the list of runs, caption and diagnosis follow once a second, and what
 * did not change is not drawn. */
static void test_a_tick_does_what_is_due(void **state)
{
    (void)state;
    struct app_args args = ARGS(.run = 9);
    struct app *a = start(dir, "Tokens", &args);
    struct tokens *s = app_self(a);
    double gap;
    assert_true(s->mode == MODE_LIVE && a->active && !app_watches(a, &gap)); /* its own ticks see what is written */
    assert_true(app_wait(a) >= 0 && app_wait(a) <= .25);
    a->fixed_now = floor(a->fixed_now) + 10.1;
    app_tick(a);
    int64_t reads = app_reads(a);
    a->dirty = 0;
    a->fixed_now += .25;
    app_tick(a);
    assert_true(!a->dirty && app_reads(a) == reads);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET step = step + 1 WHERE id = 9"), 0);
    a->fixed_now += .25;
    app_tick(a);
    assert_true(a->dirty && app_reads(a) == reads);
    a->fixed_now += .25;
    app_tick(a);
    assert_true(app_reads(a) == reads);
    a->fixed_now += .25; /* a second after it was read */
    app_tick(a);
    assert_true(app_reads(a) == reads + 1);
    fixture_keys(a, "l"); /* what a key did is not waited for */
    assert_int_equal(fixture_sql(dir, "UPDATE run SET note = 'x' WHERE id = 9"), 0);
    a->fixed_now += .25;
    app_tick(a);
    assert_true(app_reads(a) == reads + 2);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET note = '' WHERE id = 9"), 0);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET step = step - 1 WHERE id = 9"), 0);
    app_free(a);
}

/* No key that the footer offers to a reader would fail. */
static void test_a_reader_is_offered_nothing_that_fails(void **state)
{
    static const int writes[] = { ACT_PAUSE, ACT_STOP, ACT_CHECKPOINT, ACT_TAG, ACT_ARCHIVE, ACT_START,
                                  ACT_OWN, ACT_PIN };
    struct app_args args = ARGS(.run = 9, .readonly = 1);
    (void)state;
    for (int i = 0; i < SCREENS; i++) {
        struct app *a = start(dir, names[i], &args);
        for (size_t k = 0; k < sizeof writes / sizeof writes[0]; k++)
            if (app_can(a, writes[k]))
                fail_msg("%s offers %s to a reader", names[i], action_table[writes[k]].name);
        char *text = fixture_text(a, 24, 80);
        assert_non_null(strstr(text, "read-only"));
        free(text);
        app_free(a);
    }
}

static void test_tiny_terminals(void **state)
{
    static const char *const places[] = { dir, empty, broken };
    static const struct { int h, w; } sizes[] = { { 1, 1 }, { 2, 3 }, { 7, 39 }, { 8, 40 }, { 9, 41 },
                                                  { 3, 200 }, { 60, 12 } };
    static const char *const keys[] = { "z", "Enter", "?", "Esc", ":", "Esc", "e", "Esc", "/", "Esc", "f", "x",
                                        "Esc", "q", "Esc" };
    (void)state;
    for (int p = 0; p < 3; p++)
        for (int i = 0; i < SCREENS; i++) {
            struct app *a = start(places[p], names[i], NULL);
            for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
                if (p == 0 || strcmp(keys[k], "Enter")) /* elsewhere Enter starts the demo */
                    fixture_keys(a, keys[k]);
                for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++)
                    free(fixture_text(a, sizes[n].h, sizes[n].w));
            }
            app_free(a);
        }
}

/* Bytes that a terminal would take as an order, or that hide text. */
static void check_clean(const char *text, const char *where)
{
    uint32_t cp;
    for (const char *p = text; *p;) {
        int n = utf8_decode((const unsigned char *)p, strlen(p), &cp);
        int bad = !n || (cp < 0x20 && cp != '\n') || (cp >= 0x7F && cp < 0xA0) ||
                  (cp >= 0x200B && cp <= 0x200F) || (cp >= 0x202A && cp <= 0x202E) ||
                  (cp >= 0x2066 && cp <= 0x2069) || cp == 0xFEFF || (cp >= 0xE0000 && cp <= 0xE0FFF);
        if (bad)
            fail_msg("%s shows U+%04X", where, (unsigned)cp);
        p += n;
    }
}

static void test_hostile_text_everywhere(void **state)
{
    static const char *const sql[] = {
        "UPDATE run SET name='\33]0;owned\7' || id || char(0x9b) || '31m' || char(0x202e) || 'x'",
        "UPDATE run SET tags='\33[31mred,' || char(0x200b), note='\33P$q\33\\' || char(0x2066)",
        "UPDATE run SET reason='\33]52;c;eA==\7' || char(0x85), corpus='/\33[2J/' || char(0xe0041)",
        "UPDATE event SET text='\33c\10\177' || char(0x9d) || 'a' || char(0xfeff)",
        "UPDATE thread SET what='\33[6n' || char(0x202b)",
    };
    static const char *const keys[] = { "", "Enter", "Tab", "?", "Esc", ":", "Esc", "t", "Esc", "f", "Esc", "y" };
    char evil[64] = "test_evil.XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(evil));
    assert_int_equal(fixture_make(evil) | fixture_tokens(evil), 0);
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
        assert_int_equal(fixture_sql(evil, sql[i]), 0);
    struct app_args args = ARGS(.run = 9);
    for (int i = 0; i < SCREENS; i++) {
        struct app *a = start(evil, names[i], &args);
        app_mark(a, 8, 1);
        app_mark(a, 9, 1);
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
            if (*keys[k])
                fixture_keys(a, keys[k]);
            a->fixed_now += 2;
            app_tick(a);
            char *text = fixture_text(a, 40, 160);
            check_clean(text, names[i]);
            free(text);
        }
        app_free(a);
    }
    file_remove_tree(evil, NULL);
}

/* What doctor measured is remembered for this terminal, and drawn in ASCII there; the rest is not. */
static void test_wide_signs_are_drawn_in_ascii(void **state)
{
    char full[4096];
    (void)state;
    assert_non_null(realpath(dir, full));
    setenv("XDG_STATE_HOME", full, 1);
    setenv("TERM", "xterm-korean", 1);
    unsetenv("TERM_PROGRAM");
    widths_remember("");
    assert_false(widths_apply());
    widths_remember("sa");
    setenv("TERM", "xterm-other", 1);
    widths_remember("x");
    setenv("TERM", "xterm-korean", 1);
    assert_true(widths_apply());
    assert_true(sign_is_wide(sign(SIGN_DONE)) && sign_is_wide(sign(SIGN_ARROW)));
    assert_false(sign_is_wide(sign(SIGN_HLINE)) || sign_is_wide("a"));
    struct app *a = start(dir, "Runs", NULL);
    char *text = fixture_text(a, 24, 80);
    assert_null(strstr(text, sign(SIGN_DONE)));
    assert_non_null(strstr(text, sign(SIGN_HLINE)));
    free(text);
    app_free(a);
    setenv("XDG_STATE_HOME", full, 1);
    widths_remember("");
    assert_false(widths_apply());
    assert_false(sign_is_wide(sign(SIGN_DONE)));
    for (const char *k = sign_kinds(); *k; k++)
        assert_true(text_columns(sign_kind_sample(*k)) == 1);
}

/* The form of an empty workspace is what its first page offers, where the text is installed. */
static void test_an_empty_form_is_the_demo(void **state)
{
    (void)state;
    char place[] = "test_first.XXXXXX";
    assert_non_null(mkdtemp(place));
    struct app *a = fixture_app(place, "Launch", NULL);
    assert_non_null(a);
    int ready = prepare_demo_ready(app_workspace(a));
    assert_int_equal(fixture_shows(a, 24, 80, "new run ─ demo"), ready);
    assert_int_equal(fixture_shows(a, 24, 80, "new run ─ tiny"), !ready);
    app_free(a);
    assert_int_equal(file_remove_tree(place, NULL), 0);
}

/* Whatever the footer, help and palette offer does something; what is not offered says so when its key
 * is pressed. */
static void test_what_is_offered_acts(void **state)
{
    (void)state;
    static const char *const screens[] = { "Runs", "Curves", "Tokens", "Ablations", "Launch", "Compare", "Scores" };
    int bad = 0;
    for (size_t k = 0; k < sizeof screens / sizeof screens[0]; k++)
        for (int i = ACT_ENTER; i < ACT_COUNT; i++) {
            if (i == ACT_MEASURE && !strcmp(screens[k], "Launch"))
                continue; /* it acts: the form's network, as large as it is, is trained for seconds */
            struct app *a = fixture_app(dir, screens[k], NULL);
            const struct app_message *said;
            free(fixture_text(a, 36, 120));
            int offered = app_can(a, i), before = app_messages(a, &said);
            app_act(a, i);
            int n = app_messages(a, &said);
            int idle = n > before && strstr(said[n - 1].text, "nothing to do here") != NULL;
            if (offered ? idle : n == before && !a->field.open && !a->question.open && !strcmp(app_ops(a)->name, screens[k]))
                fprintf(stderr, "%s on %s %s\n", action_table[i].name, screens[k], offered ? "is offered and does nothing"
                        : "is not offered and says nothing"), bad++;
            app_free(a);
        }
    assert_int_equal(bad, 0);
}

/* --ascii: help, which has every sign, and the palette hold no byte above 127. */
static void test_ascii_is_ascii(void **state)
{
    (void)state;
    struct app_args args = { .theme = THEME_MONO, .ascii = 1 };
    struct app *a = fixture_app(dir, "Ablations", &args);
    fixture_keys(a, "?");
    for (int page = 0; page < 12; page++) {
        char *text = fixture_text(a, 30, 100);
        for (const char *p = text; *p; p++)
            if (*p & 0x80)
                fail_msg("a byte above 127 in help:\n%s", text);
        free(text);
        fixture_keys(a, "PgDn");
    }
    app_free(a);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "host"))
        return 1; /* started as a host by a screen under test: there is none */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_form_is_the_demo),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_a_broken_store_is_said),
        cmocka_unit_test(test_a_store_that_goes_is_said),
        cmocka_unit_test(test_a_tick_does_what_is_due),
        cmocka_unit_test(test_a_reader_is_offered_nothing_that_fails),
        cmocka_unit_test(test_tiny_terminals),
        cmocka_unit_test(test_hostile_text_everywhere),
        cmocka_unit_test(test_wide_signs_are_drawn_in_ascii),
        cmocka_unit_test(test_what_is_offered_acts),
        cmocka_unit_test(test_ascii_is_ascii),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
