/* Bytes to keys, keys to actions, filters to matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "ui/app/app_int.h"
#include "ui/screen/runs_filter.h"
#include "ui/screen/screens.h"

/* Feeds bytes and gives the keys' names, separated by spaces; `later`: time passes at the end. */
static const char *keys(const char *bytes, size_t n, size_t step, int later)
{
    static char out[256];
    struct input in = { 0 };
    struct key k;
    out[0] = 0;
    double now = 10;
    for (size_t at = 0; at < n; at += step) {
        size_t m = n - at < step ? n - at : step;
        assert_int_equal(input_feed(&in, bytes + at, m, now), m);
        for (int pass = 0; pass < 1 + (later && at + m == n); pass++) {
            while (input_next(&in, &k, now + pass)) {
                size_t len = strlen(out);
                if (k.kind == KEY_PASTE)
                    snprintf(out + len, sizeof out - len, "%spaste(%s)", len ? " " : "", k.paste);
                else if (k.kind == KEY_MOUSE)
                    snprintf(out + len, sizeof out - len, "%smouse(%d,%d,%d,%d)", len ? " " : "",
                             k.y, k.x, k.button, k.wheel);
                else
                    snprintf(out + len, sizeof out - len, "%s%s", len ? " " : "", k.name);
                free(k.paste);
            }
        }
    }
    input_free(&in);
    return out;
}
#define SAYS(bytes, text)                                                                       \
    for (size_t step = 1; step <= sizeof bytes; step++)                                         \
        assert_string_equal(keys(bytes, sizeof bytes - 1, step, 1), text)

static void test_sequences(void **state)
{
    (void)state;
    SAYS("jk \r\t\x7f", "j k Space Enter Tab Backspace");
    SAYS("\x1b[A\x1bOB\x1b[1;2C\x1b[1;2D", "Up Down S-Right S-Left");
    SAYS("\x1b[5~\x1b[6~\x1b[H\x1b[4~\x1b[3~", "PgUp PgDn Home End Delete");
    SAYS("\x1bOP\x1b[[B\x1b[15~\x1b[20~\x1b[Z", "F1 F2 F5 F9 S-Tab");
    SAYS("\x04\x15\x0c\x1a", "^D ^U ^L ^Z");
    SAYS("\x1b", "Esc");
    SAYS("한ㅓ가", "한 ㅓ 가");
    SAYS("\x1b[<0;11;6M\x1b[<65;1;1M", "mouse(5,10,1,0) mouse(0,0,0,1)");
}

static void test_unknown_sequences_are_swallowed(void **state)
{
    (void)state;
    SAYS("\x1b[11~x", "x");
    SAYS("\x1b[27;5;106~x", "x");
    SAYS("\x1b]11;rgb:0000/0000/0000\x1b\\x", "x");
    SAYS("\x1bP1+r544e\x1b\\x", "x");
    SAYS("\x1b[?1;2c\x1b[24;80R\x1b[I\x1b[OX", "X"); /* device reports, focus */
    SAYS("\x1b[12;34", "");                              /* a torso */
    SAYS("\xff\xfe\xc3", "");
    SAYS("\x1b[<9", "");
    SAYS("\x1b[M !!\x1b[M#+&x", "mouse(0,0,1,0) mouse(5,10,0,0) x"); /* the old mouse's bytes */
    SAYS("\x1b[32;5;6Mx\x1b[97;5u\x1b[1;1:3A\x1b[?2026;2$yz", "x z"); /* rxvt, kitty, modes */
    SAYS("\x1bO2P\x1bO1;5Ax", "S-F1 C-Up x");
    SAYS("\x1bOp\x1bOXx", "x");
}

/* Feeds pieces, each `gap` seconds after the one before and looked at up to then. */
static const char *paused(double gap, const char *const *pieces, size_t n)
{
    static char out[256];
    struct input in = { 0 };
    struct key k;
    double now = 10;
    out[0] = 0;
    for (size_t i = 0; i < n; i++, now += gap) {
        input_feed(&in, pieces[i], strlen(pieces[i]), now);
        for (int later = 0; later < 2; later++)
            while (input_next(&in, &k, later ? now + gap : now)) {
                size_t len = strlen(out);
                snprintf(out + len, sizeof out - len, "%s%s", len ? " " : "", k.name);
                free(k.paste);
            }
    }
    input_free(&in);
    return out;
}
#define PAUSED(text, ...)                                                                       \
    do {                                                                                        \
        const char *const pieces[] = { __VA_ARGS__ };                                           \
        assert_string_equal(paused(.2, pieces, sizeof pieces / sizeof pieces[0]), text);        \
    } while (0)

/* A slow line may bring a sequence in pieces: none of them is taken for letters. */
static void test_sequences_come_in_pieces(void **state)
{
    (void)state;
    PAUSED("Up j", "\x1b[", "A", "j");
    PAUSED("q", "\x1b[1", "1", "~", "q");
    PAUSED("q", "\x1b]11;rgb:00", "00/0000", "\x1b", "\\", "q");
    PAUSED("Esc Up", "\x1b", "[A");
    PAUSED("Esc x", "\x1b", "[11~", "x");
    PAUSED("Esc [ A", "\x1b", "[", "A"); /* typed one by one */
    PAUSED("PgDn", "\x1b[6", "~");
}

/* A sequence longer than the buffer ends where it ends. */
static void test_long_sequences(void **state)
{
    (void)state;
    static const char *const starts[] = { "\x1b[", "\x1b]52;c;", "\x1bP", "\x1b_G" };
    static const char *const ends[] = { "m", "\x07", "\x1b\\", "\x1b\\" };
    for (int i = 0; i < 4; i++) {
        for (size_t n = 500; n < 2100; n += 1 + n / 3) {
            char bytes[3000];
            snprintf(bytes, sizeof bytes, "%s%*s", starts[i], (int)n, "");
            memset(bytes + strlen(starts[i]), i ? 'q' : '1', n);
            strcat(strcat(bytes, ends[i]), "j");
            struct input in = { 0 };
            struct key k;
            size_t at = 0, length = strlen(bytes), got = 0;
            while (at < length) {
                size_t piece = length - at < 256 ? length - at : 256;
                at += input_feed(&in, bytes + at, piece, 10);
                for (; input_next(&in, &k, 10); got++)
                    assert_string_equal(k.name, "j");
            }
            assert_int_equal(got, 1);
            input_free(&in);
        }
    }
}

static void test_paste_is_never_keys(void **state)
{
    (void)state;
    SAYS("\x1b[200~XDLq\x1b[11~\r\x1b[201~j", "paste(XDLq\x1b[11~\r) j");
}

static void test_escape_waits_a_moment(void **state)
{
    (void)state;
    struct input in = { 0 };
    struct key k;
    input_feed(&in, "\x1b", 1, 5);
    assert_false(input_next(&in, &k, 5.001));
    assert_true(input_wait(&in, 5.001) > 0 && input_wait(&in, 5.001) <= .05);
    assert_true(input_next(&in, &k, 5.05));
    assert_string_equal(k.name, "Esc");
    assert_true(input_wait(&in, 6) < 0);
}

/* The key map as it was published: a key may get a new action, none changes its meaning. */
static const char published[] =
    "help ? F1\npalette :\nquit q F10\nback Esc\nundo u\nredraw ^L\nsuspend ^Z\nruns 1\n"
    "curves 2\ntokens 3\nablations 4\nlaunch 5\ncompare 6\nscores 7\nnext-pane Tab\n"
    "previous-pane S-Tab\nup Up k\ndown Down j\nleft Left h\nright Right l\n"
    "fast-left S-Left (\nfast-right S-Right )\nfirst g Home\nlast G End\n"
    "page-up PgUp ^U\npage-down PgDn ^D\nopen Enter\nfind / F3\nfind-next n\n"
    "find-previous N\nfilter f F4\nsort s F6\nreverse S\nfollow F\nunchanged =\n"
    "maximise z\ncolumns C\nviews V\nexport e\ncopy y\nmark Space F8\npause p F7\n"
    "stop F9\nnew c\nstart F5\ntag t\narchive A\nx-axis x\nlog v\nnext-run r\n"
    "previous-run R\nsmooth-less m\nsmooth-more M\nband b\nzoom-in +\nzoom-out -\nfit 0\n"
    "earlier [ <\nlater ] >\nprevious-sentence ,\nnext-sentence .\nview i\ndigits #\n"
    "own-sentence o\nnew-masks *\nhow-it-goes H\npin w\nstatistic a\nbaseline B\n"
    "group d\n";

static void test_the_key_map_is_frozen(void **state)
{
    (void)state;
    for (const char *p = published; *p; p += strcspn(p, "\n") + 1) {
        char line[96], key[16], *name = line, *rest;
        snprintf(line, sizeof line, "%.*s", (int)strcspn(p, "\n"), p);
        rest = strchr(line, ' ');
        *rest++ = 0;
        int a = action_find(name), n = 0;
        if (a == ACT_NONE)
            fail_msg("no action %s", name);
        for (char *want = strtok(rest, " "); want; want = strtok(NULL, " "), n++) {
            if (action_of_key(want) != a)
                fail_msg("%s is no longer %s", want, name);
            assert_true(action_key(a, n, key, sizeof key));
            assert_string_equal(key, want); /* the first is the one that is shown */
        }
    }
}

static void test_one_meaning_a_key(void **state)
{
    (void)state;
    char key[16], other[16];
    for (int a = 0; a < ACT_COUNT; a++) {
        assert_true(*action_table[a].help && *action_table[a].name && *action_table[a].word);
        assert_true(*action_section(a));
        assert_int_equal(action_find(action_table[a].name), a);
        for (int n = 0; action_key(a, n, key, sizeof key); n++) {
            assert_int_equal(action_of_key(key), a);
            for (int b = a + 1; b < ACT_COUNT; b++)
                for (int m = 0; action_key(b, m, other, sizeof other); m++)
                    assert_string_not_equal(key, other);
        }
    }
    /* The frozen part of the key map. */
    assert_int_equal(action_of_key("?"), ACT_HELP);
    assert_int_equal(action_of_key("F9"), ACT_STOP);
    assert_int_equal(action_of_key("Space"), ACT_MARK);
    assert_int_equal(action_of_key("u"), ACT_UNDO);
    assert_int_equal(action_of_key("X"), ACT_NONE);
    assert_int_equal(action_of_key("D"), ACT_NONE);
    for (int i = 0; i < screen_count; i++) {
        int named = 0;
        for (int a = ACT_SCREEN1; a <= ACT_SCREEN7; a++)
            named += !strcmp(action_table[a].word, screens[i]->name);
        assert_int_equal(named, 1);
    }
}

static void test_input_methods(void **state)
{
    (void)state;
    char out[4][16];
    assert_int_equal(keys_meant("ㅓ", out), 1);
    assert_string_equal(out[0], "j");
    assert_int_equal(keys_meant("가", out), 2);
    assert_true(!strcmp(out[0], "r") && !strcmp(out[1], "k"));
    assert_int_equal(keys_meant("삯", out), 4); /* t k r t */
    assert_string_equal(out[3], "t");
    assert_int_equal(keys_meant("ㅃ", out), 1);
    assert_string_equal(out[0], "Q");
    assert_int_equal(keys_meant("ｑ", out), 1);
    assert_string_equal(out[0], "q");
    assert_int_equal(keys_meant("\u3000", out), 1);
    assert_string_equal(out[0], "Space");
    assert_int_equal(keys_meant("F9", out), 1);
    assert_string_equal(out[0], "F9");
}

static struct query_run run(const char *name)
{
    struct query_run r;
    memset(&r, 0, sizeof r);
    config_default(&r.config);
    snprintf(r.name, sizeof r.name, "%s", name);
    r.state = RUN_RUNNING;
    r.step = 412000;
    r.has[METRIC_total_loss] = 1;
    r.last[METRIC_total_loss] = 11.42;
    snprintf(r.tags, sizeof r.tags, "base,tie");
    return r;
}

static void test_filters(void **state)
{
    (void)state;
    struct query_run r = run("gen1/4-tie-emb-s1");
    static const struct { const char *text; int match; } cases[] = {
        { "", 1 }, { "emb", 1 }, { "EMB s1", 1 }, { "emb s2", 0 }, { "emb or s2", 1 },
        { "not emb", 0 }, { "not (s2 or s3)", 1 }, { "status:running", 1 }, { "state=done", 0 },
        { "status:active", 1 }, { "status!=active", 0 }, { "tag:tie", 1 }, { "tag=tie", 0 },
        { "step>=412k", 1 }, { "step>412k", 0 }, { "loss<11.5 and loss>11", 1 }, { "seed:1", 1 },
        { "seed=2", 0 }, { "tie:emb", 1 }, { "sharing:embeddings", 1 }, { "gen=1/4", 1 },
        { "gen=0.25", 1 }, { "learning_rate>=1e-4", 1 }, { "lr:5e-4", 1 }, { "auc>.5", 0 },
        { "total_loss<=11.42", 1 }, { "objective:electra tag:base not tag:old", 1 },
        { "name:\"tie emb\"", 0 }, { "s2 or emb and not s1", 0 }, { "(s2 or emb) and s1", 1 },
        { "disc_loss>0", 0 }, { "electra", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct filter f;
        assert_int_equal(filter_parse(&f, cases[i].text), 0);
        if (filter_match(&f, &r) != cases[i].match)
            fail_msg("%s", cases[i].text);
    }
}

/* The parser never looks behind the end of the text: there is nothing there. */
static void test_filter_stays_in_its_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"((", "(((not", "(a and (", "step>", "\"", "not (", "name:\"x"};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *both = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct filter f;
    assert_true(both != MAP_FAILED);
    assert_int_equal(mprotect(both + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t n = strlen(texts[i]) + 1;
        memcpy(both + page - n, texts[i], n);
        assert_true(filter_parse(&f, both + page - n) < 0);
    }
    munmap(both, 2 * page);
}

static void test_filter_errors_point_at_the_character(void **state)
{
    (void)state;
    static const struct { const char *text; int bad; } cases[] = {
        { "sed:3", 0 }, { "emb sed:3", 4 }, { "(emb", 0 }, { "emb)", 3 }, { "step>", 5 },
        { "step>many", 5 }, { "name:\"x", 5 }, { "not", 3 }, { "a or", 4 }, { "()", 1 }, { ":", 0 },
        { "tag:\"\"", 4 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct filter f;
        if (!filter_parse(&f, cases[i].text) || f.bad != cases[i].bad || !f.error[0])
            fail_msg("%s: %d %s", cases[i].text, f.bad, f.error);
    }
    char long_one[600];
    memset(long_one, '(', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = 0;
    struct filter f;
    assert_true(filter_parse(&f, long_one) < 0);
    for (size_t i = 0; i + 2 < sizeof long_one; i += 2)
        memcpy(long_one + i, "a ", 2);
    assert_true(filter_parse(&f, long_one) < 0);
    assert_non_null(filter_field(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_unknown_sequences_are_swallowed),
        cmocka_unit_test(test_sequences_come_in_pieces),
        cmocka_unit_test(test_long_sequences),
        cmocka_unit_test(test_paste_is_never_keys),
        cmocka_unit_test(test_escape_waits_a_moment),
        cmocka_unit_test(test_the_key_map_is_frozen),
        cmocka_unit_test(test_one_meaning_a_key),
        cmocka_unit_test(test_input_methods),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_filter_errors_point_at_the_character),
        cmocka_unit_test(test_filter_stays_in_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
