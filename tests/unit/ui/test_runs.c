/* The Runs screen and the frame around it: pictures of a fixture store, keys, small sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "db/store.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/runs.h"
#include "ui/term/theme.h"

static char dir[64], empty[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_runs.XXXXXX");
    strcpy(empty, "test_runs.none"); /* it is in a picture */
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || file_mkdirs(empty, NULL) || fixture_make(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL) || file_remove_tree(empty, NULL);
}

static struct app *start(const char *where, struct app_args *args)
{
    struct app *a = fixture_app(where, "Runs", args);
    assert_non_null(a);
    return a;
}

/* The state file would carry a filter from one test into the next. */
static void finish(struct app *a)
{
    fixture_keys(a, "f ^U Enter");
    app_select(a, 9);
    a->slots[a->current].due = 0;
    app_free(a);
}

/* The store as it was at first, after a test that wrote to it. */
static void make_anew(void)
{
    assert_int_equal(file_remove_tree(dir, NULL), 0);
    assert_int_equal(file_mkdirs(dir, NULL), 0);
    assert_int_equal(fixture_make(dir), 0);
}

static void test_pictures(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    int bad = fixture_golden(a, 24, 80, "runs-80x24") + fixture_golden(a, 36, 120, "runs-120x36") +
              fixture_golden(a, 12, 60, "runs-60x12");
    fixture_keys(a, "Enter");
    bad += fixture_golden(a, 36, 120, "runs-page-120x36");
    fixture_keys(a, "Esc ?");
    bad += fixture_golden(a, 24, 80, "help-80x24");
    fixture_keys(a, "Esc :");
    bad += fixture_golden(a, 24, 80, "palette-80x24");
    fixture_keys(a, "Esc");
    finish(a);
    struct app_args ascii = { .theme = THEME_MONO, .ascii = 1, .readonly = 1 };
    a = start(dir, &ascii);
    bad += fixture_golden(a, 24, 80, "runs-ascii-80x24");
    finish(a);
    a = start(empty, NULL);
    free(fixture_text(a, 24, 80));
    struct first *first = &((struct runs *)app_self(a))->first; /* this machine is in no picture */
    first->machine = (struct machine){ 2, 8e9, "avx2", 0 };
    first->has_text = 1;
    snprintf(first->costs, sizeof first->costs, "777k parameters · 2.40M tokens · 45 MB of memory");
    snprintf(first->time, sizeof first->time, "2:05");
    bad += fixture_golden(a, 24, 80, "runs-empty-80x24");
    for (int h = 8; h <= 17; h += 9) { /* nothing is cut, all three are there */
        assert_true(fixture_shows(a, h, 60, "Open a checkpoint  free: seconds to read it"));
        assert_true(fixture_shows(a, h, 60, "Your own text  ~2:05 to train"));
    }
    assert_true(fixture_shows(a, 17, 60, "   ours or of Hugging Face, for your sentences "));
    first->has_text = 0;
    assert_true(fixture_shows(a, 24, 80, "apt-get install bible-kjv"));
    app_free(a);
    assert_int_equal(bad, 0);
}

static void set_parent(int64_t run, int64_t parent)
{
    char path[128];
    snprintf(path, sizeof path, "%s/runs.db", dir);
    struct store *s = store_open(path, NULL);
    assert_non_null(s);
    assert_int_equal(store_set_parent(s, run, parent, NULL), 0);
    store_close(s);
}

/* The line that the name stands on, its first column in *x; -1: it is not shown. */
static int line_of(struct app *a, const char *name, int *x)
{
    char *text = fixture_text(a, 36, 120), *at = strstr(text, name);
    int line = at ? 0 : -1;
    for (char *p = text; at && p < at; p++)
        line += *p == '\n';
    while (at && at > text && at[-1] != '\n')
        at--;
    *x = at ? (int)(strstr(at, name) - at) : 0;
    free(text);
    return line;
}

static void test_branches_stand_under_their_parent(void **state)
{
    (void)state;
    int plain, x, y;
    struct app_args ascii = { .theme = THEME_MONO, .ascii = 1 };
    struct app *a = start(dir, &ascii);
    const struct query_run *all;
    char child[CONFIG_TEXT], parent[CONFIG_TEXT];
    assert_true(app_runs(a, &all) > 4);
    snprintf(child, sizeof child, "%.12s", app_run(a, 5)->name);
    snprintf(parent, sizeof parent, "%.12s", app_run(a, 2)->name);
    assert_true(line_of(a, parent, &plain) >= 0);
    finish(a);
    set_parent(5, 2);
    a = start(dir, &ascii);
    int at = line_of(a, parent, &x);
    assert_int_equal(x, plain);
    assert_int_equal(line_of(a, child, &y), at + 1);
    assert_int_equal(y, plain + 2);
    finish(a);
    set_parent(5, 0);
}

static void test_ascii_has_no_byte_of_ours_above_127(void **state)
{
    (void)state;
    struct app_args args = { .theme = THEME_MONO, .ascii = 1 };
    assert_int_equal(fixture_sql(dir, "UPDATE run SET name='plain-name', note='' WHERE id=7; "
                                      "UPDATE run SET reason='NaN' WHERE id=5; "
                                      "DELETE FROM event"), 0);
    struct app *a = start(dir, &args);
    static const char *const keys[] = { "j", "Space", "Enter", "Esc", "?", "Esc", ":", "Esc", "s",
                                        "Esc", "F9", "Esc", "f", "Esc" };
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        fixture_keys(a, keys[k]);
        for (int h = 5; h < 40; h += 17) {
            char *text = fixture_text(a, h, 121);
            for (const char *p = text; *p; p++)
                if ((unsigned char)*p > 127)
                    fail_msg("after %s: %.60s", keys[k], p);
            free(text);
        }
    }
    finish(a);
    make_anew();
}

static void test_every_size_draws(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL), *b = start(empty, NULL);
    static const int sizes[][2] = { { 1, 1 }, { 8, 40 }, { 7, 39 }, { 2, 300 }, { 50, 3 },
                                    { 18, 60 }, { 24, 80 }, { 55, 200 }, { 300, 500 } };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int k = 0; k < 4; k++) {
            static const char *const keys[] = { "?", "Esc", ":", "Esc" };
            free(fixture_text(a, sizes[i][0], sizes[i][1]));
            free(fixture_text(b, sizes[i][0], sizes[i][1]));
            fixture_keys(a, keys[k]);
            fixture_keys(b, keys[k]);
        }
    }
    assert_true(fixture_shows(a, 7, 39, "3 run 1 q  best AUC .961  ETA 12d10h"));
    assert_true(fixture_shows(a, 8, 40, "gen1"));
    finish(a);
    app_free(b);
}

/* Help begins with what the screen can do; numbers go on to a screen, other keys show their line. */
static void test_help_leads_on(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    fixture_keys(a, "?");
    char *text = fixture_text(a, 24, 80);
    const char *own = strstr(text, "On this screen"), *all = strstr(text, "Anywhere");
    assert_true(own && strstr(own, "mark or unmark") && (!all || own < all));
    free(text);
    fixture_keys(a, "/ m a x i m Enter Esc");
    assert_false(a->help.open);
    fixture_keys(a, "? d");
    assert_true(fixture_shows(a, 24, 80, "Enter runs it, Esc closes help"));
    fixture_keys(a, "2");
    assert_false(a->help.open);
    assert_string_equal(app_ops(a)->name, "Curves");
    assert_false(fixture_shows(a, 24, 80, "Enter runs it")); /* a note stays on its screen */
    fixture_keys(a, "1");
    finish(a);
}

/* Every action has its line in help, keys or name before it, and one in the palette where it works. */
static void test_help_and_palette_have_every_action(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    char seen[ACT_COUNT] = { 0 }, line[120];
    fixture_keys(a, "?");
    for (int page = 0; page < 12; page++) {
        char *text = fixture_text(a, 24, 80);
        for (int i = 0; i < ACT_COUNT; i++) {
            const struct action_info *t = &action_table[i];
            snprintf(line, sizeof line, "%s%s", *t->keys ? t->keys : ":", *t->keys ? "" : t->name);
            snprintf(line, sizeof line, "%-16.16s %.30s", strlen(line) > 16 ? "" : line, t->help);
            seen[i] |= strstr(text, line + (line[0] == ' ' ? 17 : 0)) != NULL;
        }
        free(text);
        fixture_keys(a, "PgDn");
    }
    fixture_keys(a, "Esc");
    for (int i = 0; i < ACT_COUNT; i++)
        if (!seen[i])
            fail_msg("help lacks %s", action_table[i].name);
    for (int i = 0; i < ACT_COUNT; i++) {
        if (i == ACT_PALETTE || !app_can(a, i))
            continue;
        fixture_keys(a, ":");
        for (const char *p = action_table[i].name; *p; p++) {
            char key[2] = { *p, 0 };
            fixture_keys(a, key);
        }
        snprintf(line, sizeof line, "▸ %-18s", action_table[i].name);
        if (!fixture_shows(a, 24, 80, line))
            fail_msg("the palette lacks %s", action_table[i].name);
        fixture_keys(a, "Esc");
    }
    finish(a);
}

static void test_help_and_palette_run_actions(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    fixture_keys(a, "? / M A X I M Enter"); /* capitals or not */
    assert_true(fixture_shows(a, 24, 80, "found for MAXIM"));
    fixture_keys(a, "Enter"); /* runs it: the list alone */
    assert_false(a->help.open);
    assert_false(fixture_shows(a, 24, 80, "held-out"));
    fixture_keys(a, "q");
    assert_true(fixture_shows(a, 24, 80, "held-out"));
    fixture_keys(a, ": c u r v Tab");
    assert_true(fixture_shows(a, 24, 80, ":curves"));
    fixture_keys(a, "Enter");
    assert_string_equal(app_ops(a)->name, "Curves");
    fixture_keys(a, ": n o s u c h Enter");
    assert_true(fixture_shows(a, 24, 80, "There is no command nosuch"));
    fixture_keys(a, "1 : Down Down Up Esc");
    assert_string_equal(app_ops(a)->name, "Runs");
    finish(a);
}

static void click(struct app *a, int y, int x)
{
    struct key k = { .kind = KEY_MOUSE, .y = y, .x = x, .button = 1 };
    app_key(a, &k);
}

/* The column of a word in the bar, wherever the number of screens puts it. */
static int bar_column(struct app *a, const char *word)
{
    char *text = fixture_text(a, 24, 80), *at = strstr(text, word);
    int x = at ? (int)(at - text) : -1;
    free(text);
    return x;
}

static void test_mouse(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    free(fixture_text(a, 24, 80));
    click(a, 5, 20); /* third row */
    assert_int_equal(app_selected(a), 7);
    click(a, 5, 1); /* its mark */
    assert_true(app_is_marked(a, 7));
    click(a, 0, bar_column(a, "Cur"));
    assert_string_equal(app_ops(a)->name, "Curves");
    click(a, 0, bar_column(a, "Run"));
    assert_string_equal(app_ops(a)->name, "Runs");
    free(fixture_text(a, 36, 120));
    click(a, 2, 70); /* the heading of loss, then once more */
    assert_true(fixture_shows(a, 36, 120, "loss ▴"));
    click(a, 2, 70);
    assert_true(fixture_shows(a, 36, 120, "loss ▾"));
    click(a, 2, 30);
    assert_true(fixture_shows(a, 36, 120, "objective▴sharing"));
    fixture_keys(a, "s s t a r t e d Enter");
    app_select(a, 7);
    app_tick(a);
    free(fixture_text(a, 24, 80));
    free(fixture_text(a, 36, 120));
    click(a, 28, 20);
    assert_int_equal(((struct runs *)app_self(a))->focus, FOCUS_EVENTS);
    struct key over = { .kind = KEY_MOUSE, .y = 28, .x = 20, .wheel = 1 };
    app_key(a, &over);
    assert_int_equal(((struct runs *)app_self(a))->event_top, 1);
    assert_int_equal(app_selected(a), 7);
    free(fixture_text(a, 24, 80));
    struct key wheel = { .kind = KEY_MOUSE, .y = 5, .x = 5, .wheel = 1 };
    app_key(a, &wheel);
    assert_int_equal(app_selected(a), 6);
    finish(a);
}

static void test_pasted_text_is_only_for_fields(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    struct key k = { .kind = KEY_PASTE, .paste = strdup("XDLq\nA") };
    app_key(a, &k);
    assert_false(a->quit || a->question.open || a->field.open);
    fixture_keys(a, "f");
    k.paste = strdup("tag:gen\nnot lost");
    app_key(a, &k);
    assert_true(fixture_shows(a, 24, 80, "EDIT filter: tag:gen not lost"));
    fixture_keys(a, "Enter");
    finish(a);
}

static void test_leaving_asks_while_runs_go_on(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    free(fixture_text(a, 24, 120));
    fixture_keys(a, "q");
    assert_false(a->quit);
    assert_true(fixture_shows(a, 24, 120, "4 runs go on without this screen · q leave"));
    fixture_keys(a, "x Enter"); /* Enter keeps */
    free(fixture_text(a, 8, 40));
    fixture_keys(a, "q");
    assert_true(fixture_shows(a, 8, 40, "4 run · q leave · p pause · s stop"));
    fixture_keys(a, "Esc");
    assert_false(a->quit || a->question.open);
    fixture_keys(a, "q q");
    assert_true(a->quit);
    finish(a);
    a = start(empty, NULL);
    fixture_keys(a, "q");
    assert_true(a->quit);
    app_free(a);
}

static void test_read_only_writes_nothing(void **state)
{
    (void)state;
    struct app_args args = { .readonly = 1 };
    struct app *a = start(dir, &args);
    assert_true(fixture_shows(a, 24, 120, "read-only"));
    assert_false(app_can(a, ACT_STOP) || app_can(a, ACT_PAUSE) || app_can(a, ACT_ARCHIVE) ||
                 app_can(a, ACT_TAG));
    fixture_keys(a, "F9 p A t");
    assert_false(a->question.open || a->field.open);
    finish(a);
}

static void test_archive_and_undo(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    fixture_keys(a, "/ m l m - b Enter A");
    app_tick(a);
    assert_true(fixture_shows(a, 24, 80, "archived mlm-base-s1 · u undo"));
    assert_true(fixture_shows(a, 24, 80, "runs 8"));
    fixture_keys(a, "u");
    app_tick(a);
    assert_true(fixture_shows(a, 24, 80, "runs 9"));
    finish(a);
}

/* Each act is taken back in its turn: archiving, the note, the tags, views. */
static void test_undo_goes_back_step_by_step(void **state)
{
    (void)state;
    static const char *const steps[][2] = {
        { "V = m i n e Enter", "saved view mine" },
        { "V - m i n e Enter", "forgot view mine" },
        { "t", "tags:" },
        { "^U n e w Enter ^U m i n d Enter", "noted · u undo" },
        { "A", "archived" },
        { "u", "undone: archived" },
        { "u", "undone: the note" },
        { "u", "undone: the tags" },
        { "u", "undone: forgot view mine" },
        { "V m i n e Enter", "view mine" }, /* it is back */
        { "u", "undone: saved view mine" },
        { "u", "There is nothing to undo" },
    };
    struct app *a = start(dir, NULL);
    char tags[256], note[512];
    const struct query_run *r = app_run(a, app_selected(a));
    int64_t run = r->id;
    snprintf(tags, sizeof tags, "%s", r->tags);
    snprintf(note, sizeof note, "%s", r->note);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        fixture_keys(a, steps[i][0]);
        app_tick(a);
        if (!fixture_shows(a, 24, 120, steps[i][1]))
            fail_msg("step %zu: no '%s'", i, steps[i][1]);
        r = app_run(a, run);
        if (i == 3)
            assert_true(!strcmp(r->tags, "new") && !strcmp(r->note, "mind"));
    }
    assert_string_equal(r->tags, tags);
    assert_string_equal(r->note, note);
    finish(a);
}

/* A Korean keyboard's s, o, r, t arrive as one syllable: the palette knows no other letters. */
static void test_palette_reads_struck_keys(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    fixture_keys(a, ": 낷");
    assert_string_equal(a->field.text, "sort");
    fixture_keys(a, "Enter");
    assert_true(fixture_shows(a, 24, 80, "sort by:"));
    finish(a);
}

static void test_state_survives(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    fixture_keys(a, "f t a g : b a s e Enter G");
    int64_t run = app_selected(a);
    app_free(a);
    a = start(dir, NULL);
    assert_int_equal(app_selected(a), run);
    assert_true(fixture_shows(a, 24, 80, "runs 3 of 9"));
    finish(a);
}

static void test_new_and_changed_runs_show(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    fixture_keys(a, "G");
    assert_int_equal(app_selected(a), 1);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='failed', reason='disk full' WHERE id=8"),
                     0);
    app_tick(a);
    assert_true(fixture_shows(a, 24, 120, "! gen1/4-tie-emb-s2 failed: disk full"));
    assert_int_equal(app_selected(a), 1);
    assert_true(a->bell);
    assert_int_equal(fixture_add_runs(dir, 3), 0);
    app_tick(a);
    assert_true(fixture_shows(a, 24, 80, "runs 12"));
    assert_int_equal(app_selected(a), 1); /* the cursor stays on its run */
    finish(a);
}

static void write_config(const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/electroscope", dir);
    assert_int_equal(file_mkdirs(path, NULL), 0);
    snprintf(path, sizeof path, "%s/electroscope/config", dir);
    assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), 0);
}

static void test_settings(void **state)
{
    (void)state;
    char cwd[256], base[400], text[800], told[420];
    struct settings s;
    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(base, sizeof base, "%s/%s", cwd, dir);
    setenv("XDG_CONFIG_HOME", base, 1);
    settings_read(&s);
    assert_true(s.theme == -1 && s.color == 1 && s.mouse && s.bell && !s.ascii && !s.error[0]);
    snprintf(told, sizeof told, "%s/told", base);
    snprintf(text, sizeof text, "[workbench]\ntheme = light\ncolor=never\nmouse = no\nascii = yes\n"
             "on_event = echo $ELECTROSCOPE_RUN $ELECTROSCOPE_STATE > %s\n[else]\nx = 1\n", told);
    write_config(text);
    settings_read(&s);
    assert_true(s.theme == THEME_LIGHT && s.color == 0 && !s.mouse && s.ascii && !s.error[0]);
    /* the name is no part of the command, and shown it does nothing to a terminal */
    settings_run_event(&s, "a \x1b[2J$(x) `x` \"';x\nrun", "failed");
    for (int i = 0; i < 200 && file_size(told) < 10; i++)
        usleep(10000);
    char *said = NULL;
    size_t size;
    assert_int_equal(file_read(told, 100, &said, &size, NULL), 0);
    assert_string_equal(said, "a <1B>[2J$(x) `x` \"';x<0A>run failed\n");
    free(said);
    write_config("[workbench]\ntheme = dark\ncolour = no\n");
    settings_read(&s);
    assert_string_equal(s.error, "config line 3: colour is no setting");
    write_config("[workbench]\ntheme = pink\n");
    settings_read(&s);
    assert_string_equal(s.error, "config line 2: theme is one of dark|light|mono");
    write_config("color = never\nbell = no\n"); /* without a section */
    settings_read(&s);
    assert_true(s.color == 0 && !s.bell && !s.error[0]);
}

static void test_a_changed_number_is_bold_for_one_tick(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    struct grid g = { 0 };
    assert_int_equal(grid_resize(&g, 24, 80), 0);
    fixture_keys(a, "G");
    int bold[3];
    for (int i = 0; i < 3; i++) {
        if (i == 1)
            assert_int_equal(fixture_sql(dir, "UPDATE series SET last=10.5 WHERE run=6 AND metric="
                             "(SELECT id FROM metric WHERE name='total_loss')"), 0);
        a->fixed_now += 2;
        app_tick(a);
        app_frame(a, &g);
        bold[i] = 0;
        for (int c = 0; c < g.h * g.w; c++)
            if (!strcmp(g.cells[c].text, "5") && c % g.w > 50 && c / g.w < 15)
                bold[i] += g.cells[c].style.attr & ATTR_BOLD;
    }
    assert_true(bold[0] == 0 && bold[1] == 1 && bold[2] == 0);
    grid_free(&g);
    finish(a);
}

/* A run that was begun elsewhere is not in the store yet when it is chosen; the cursor goes to it
 * when it comes. */
static void test_a_new_run_is_chosen_when_it_comes(void **state)
{
    (void)state;
    struct app *a = start(dir, NULL);
    struct runs *s = app_self(a);
    int64_t next = 0;
    const struct query_run *runs;
    int n = app_runs(a, &runs);
    for (int i = 0; i < n; i++)
        next = runs[i].id >= next ? runs[i].id + 1 : next;
    fixture_keys(a, "G");
    int64_t old = s->cursor;
    app_select(a, next);
    app_tick(a);
    assert_int_equal(s->cursor, old);
    assert_int_equal(fixture_add_runs(dir, 1), 0);
    app_tick(a);
    assert_int_equal(app_selected(a), next);
    assert_int_equal(s->cursor, next);
    fixture_keys(a, "G"); /* and then stays where it is put */
    app_tick(a);
    assert_int_equal(s->cursor, old);
    char sql[80];
    snprintf(sql, sizeof sql, "DELETE FROM run WHERE id=%lld", (long long)next);
    assert_int_equal(fixture_sql(dir, sql), 0);
    finish(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_branches_stand_under_their_parent),
        cmocka_unit_test(test_ascii_has_no_byte_of_ours_above_127),
        cmocka_unit_test(test_every_size_draws),
        cmocka_unit_test(test_help_leads_on),
        cmocka_unit_test(test_help_and_palette_have_every_action),
        cmocka_unit_test(test_help_and_palette_run_actions),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_pasted_text_is_only_for_fields),
        cmocka_unit_test(test_leaving_asks_while_runs_go_on),
        cmocka_unit_test(test_read_only_writes_nothing),
        cmocka_unit_test(test_archive_and_undo),
        cmocka_unit_test(test_undo_goes_back_step_by_step),
        cmocka_unit_test(test_palette_reads_struck_keys),
        cmocka_unit_test(test_state_survives),
        cmocka_unit_test(test_a_changed_number_is_bold_for_one_tick),
        cmocka_unit_test(test_new_and_changed_runs_show),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_a_new_run_is_chosen_when_it_comes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
