/* The Runs screen's groups, columns and saved views, unread events, and what `p` offers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/runs.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_groups.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_make(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static struct app *start(void)
{
    struct app *a = fixture_app(dir, "Runs", NULL);
    assert_non_null(a);
    return a;
}

/* The state file would carry what is set from one test into the next. */
static void finish(struct app *a)
{
    fixture_keys(a, "f ^U Enter d ^U Enter C ^U Enter s s t a r t e d Enter g");
    app_free(a);
}

/* The line of the screen that begins with this text after the cursor's columns; "" none. */
static const char *line_with(struct app *a, int h, int w, const char *what)
{
    static char line[1024];
    char *text = fixture_text(a, h, w), *at = strstr(text, what);
    line[0] = 0;
    while (at && at > text && at[-1] != '\n')
        at--;
    if (at)
        snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    free(text);
    return line;
}

static void test_pictures(void **state)
{
    (void)state;
    struct app *a = start();
    fixture_keys(a, "d t i e Enter");
    int bad = fixture_golden(a, 36, 120, "runs-grouped-120x36");
    fixture_keys(a, "g Enter"); /* the cursor on the first heading, folded */
    bad += fixture_golden(a, 24, 80, "runs-grouped-80x24");
    fixture_keys(a, "Enter d");
    bad += fixture_golden(a, 24, 80, "runs-group-field-80x24");
    fixture_keys(a, "Esc Tab");
    bad += fixture_golden(a, 24, 80, "runs-events-80x24");
    fixture_keys(a, "Esc / e m b - s 1 Enter Tab Tab");
    bad += fixture_golden(a, 24, 80, "runs-threads-80x24");
    fixture_keys(a, "Esc");
    finish(a);
    assert_int_equal(bad, 0);
}

static void test_groups_have_count_and_mean(void **state)
{
    (void)state;
    struct app *a = start();
    fixture_keys(a, "d t i e Enter");
    /* embeddings: 13.02, 11.47, 11.42, 8.71 have a loss, and two runs have none yet */
    const char *line = line_with(a, 36, 120, "embeddings (6)");
    assert_non_null(strstr(line, "11.16"));
    assert_non_null(strstr(line, ".947")); /* .921 .960 .961; all-tokens has no AUC */
    assert_true(fixture_shows(a, 36, 120, "all (1)") && fixture_shows(a, 36, 120, "none (2)"));
    assert_true(fixture_shows(a, 36, 120, "means by tie"));
    finish(a);
}

static void test_headings_fold_and_mark(void **state)
{
    (void)state;
    struct app *a = start();
    const struct runs *s = app_self(a);
    const int64_t *marks;
    fixture_keys(a, "d t i e Enter g Enter");
    assert_int_equal(s->n, 9 + 3 - s->groups[0].n);
    assert_int_equal(app_marks(a, &marks), 0);
    fixture_keys(a, "Space");
    assert_int_equal(app_marks(a, &marks), s->groups[0].n);
    fixture_keys(a, "g Space");
    assert_int_equal(app_marks(a, &marks), 0);
    fixture_keys(a, "g");
    app_select(a, s->matched[1]->id); /* from another screen: its group opens */
    a->fixed_now += 2;
    app_tick(a);
    assert_int_equal(s->n, 9 + 3);
    assert_int_equal(s->cursor, app_selected(a));
    int64_t run = app_selected(a);
    fixture_keys(a, "g Enter");
    app_free(a);
    a = start(); /* and all of it is there again */
    s = app_self(a);
    assert_int_equal(s->ngroups, 3);
    assert_true(s->groups[0].closed && !s->groups[1].closed);
    assert_int_equal(app_selected(a), run);
    fixture_keys(a, "g Enter");
    finish(a);
}

static void test_groups_follow_the_order(void **state)
{
    (void)state;
    struct app *a = start();
    const struct runs *s = app_self(a);
    fixture_keys(a, "d o b j e c t i v e Enter s l o s s Enter");
    for (int k = 1; k < s->ngroups; k++)
        assert_true(s->groups[k - 1].mean[COL_LOSS] <= s->groups[k].mean[COL_LOSS]);
    fixture_keys(a, "S");
    for (int k = 1; k < s->ngroups; k++)
        assert_true(s->groups[k - 1].mean[COL_LOSS] >= s->groups[k].mean[COL_LOSS]);
    fixture_keys(a, "d ^U s e e d s Enter");
    assert_true(fixture_shows(a, 36, 120, "gen1/4-tie-emb (2)"));
    fixture_keys(a, "d ^U s e d Enter");
    assert_true(fixture_shows(a, 36, 120, "sed is no field to group by"));
    assert_true(fixture_shows(a, 36, 120, "means by seeds"));
    finish(a);
}

static void test_columns(void **state)
{
    (void)state;
    struct app *a = start();
    fixture_keys(a, "C g e n _ l o s s Space m a s k _ p r o b Enter");
    const char *head = line_with(a, 24, 80, "mask_prob");
    assert_non_null(strstr(head, "gen loss"));
    assert_null(strstr(head, "AUC"));
    assert_non_null(strstr(line_with(a, 24, 80, "gen1/8"), "0.15"));
    fixture_keys(a, "s m a s k Enter");
    assert_true(fixture_shows(a, 24, 80, "mask_prob ▴") || fixture_shows(a, 24, 80, "mask_prob▴"));
    fixture_keys(a, "C ^U n o s u c h Enter");
    assert_true(fixture_shows(a, 24, 80, "there is no column or field nosuch"));
    fixture_keys(a, "C ^U Enter");
    assert_false(fixture_shows(a, 24, 80, "mask_prob"));
    assert_true(fixture_shows(a, 24, 80, "AUC"));
    finish(a);
}

static void test_a_list_narrows_and_completes(void **state)
{
    (void)state;
    struct app *a = start();
    fixture_keys(a, "d t i e");
    assert_true(fixture_shows(a, 24, 80, "tie ") && !fixture_shows(a, 24, 80, "mask_prob"));
    fixture_keys(a, "Space m a s k _ p r Tab");
    assert_true(fixture_shows(a, 24, 80, "tie mask_prob"));
    fixture_keys(a, "Space Down Enter"); /* the first of the list: seeds */
    assert_string_equal(((struct runs *)app_self(a))->group_text, "tie mask_prob seeds");
    finish(a);
}

static void test_views(void **state)
{
    (void)state;
    struct app *a = start();
    const struct runs *s = app_self(a);
    fixture_keys(a, "f t a g : b a s e Enter d t i e Enter C A U C Space s e e d Enter");
    fixture_keys(a, "s A U C Enter V m i n e Enter");
    assert_true(fixture_shows(a, 24, 120, "saved view mine"));
    fixture_keys(a, "f ^U Enter d ^U Enter C ^U Enter s s t a r t e d Enter");
    assert_int_equal(s->nmatched, 9);
    app_free(a);
    a = start(); /* it outlives the program */
    s = app_self(a);
    fixture_keys(a, "V");
    assert_true(fixture_shows(a, 24, 120, "tag:base · by AUC · grouped by tie · AUC seed"));
    fixture_keys(a, "m i n e Enter");
    assert_int_equal(s->nmatched, 3);
    assert_int_equal(s->sort, COL_AUC);
    assert_true(s->ngroups == 2 && s->descending);
    assert_string_equal(s->columns_text, "AUC seed");
    fixture_keys(a, "f ^U Enter d ^U Enter C ^U Enter : v i e w s Space");
    assert_true(fixture_shows(a, 24, 120, "views mine"));
    fixture_keys(a, "Enter"); /* from the palette */
    assert_int_equal(s->nmatched, 3);
    fixture_keys(a, "f ^U s t a t u s : d o n e Enter V = m i n e Enter f ^U Enter V m i n e Enter");
    assert_int_equal(s->nmatched, 2);
    fixture_keys(a, "V - m i n e Enter");
    assert_true(fixture_shows(a, 24, 120, "forgot view mine"));
    fixture_keys(a, "f ^U Enter V");
    assert_false(fixture_shows(a, 24, 120, "grouped by"));
    fixture_keys(a, "Esc");
    finish(a);
}

static void test_pause_offers_what_it_does(void **state)
{
    (void)state;
    static const struct { int64_t run; const char *offers, *not; } cases[] = {
        { 9, "p pause", "p resume" },  /* running */
        { 6, "p resume", "p pause" },  /* paused */
        { 2, "p resume", "p pause" },  /* lost */
        { 3, "? keys", " p " },        /* done */
        { 5, "? keys", " p " },        /* failed */
    };
    struct app *a = start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        app_select(a, cases[i].run);
        app_tick(a);
        assert_int_equal(runs_show(app_self(a), cases[i].run), 1);
        const char *foot = line_with(a, 24, 120, "? keys");
        if (!strstr(foot, cases[i].offers) || strstr(foot, cases[i].not))
            fail_msg("%s", foot);
    }
    /* with marks it is about those: the running one decides, whatever the cursor is on */
    app_mark(a, 6, 1);
    assert_true(fixture_shows(a, 24, 120, "p resume"));
    app_mark(a, 8, 1);
    assert_true(fixture_shows(a, 24, 120, "p pause"));
    fixture_keys(a, "Esc");
    finish(a);
}

static void test_unread_events(void **state)
{
    (void)state;
    struct app *a = start();
    int64_t from;
    assert_int_equal(app_unread(a, &from), 0); /* whoever is new here has seen nothing pass */
    fixture_keys(a, "2");
    assert_int_equal(fixture_sql(dir, "INSERT INTO event(run, step, time, severity, text) VALUES"
                                      "(9, 1, 1795464000, 1, 'gradient spike'), "
                                      "(9, 2, 1795464001, 0, 'best AUC')"), 0);
    app_tick(a);
    assert_int_equal(app_unread(a, &from), 2);
    assert_true(fixture_shows(a, 36, 120, "2 new") && fixture_shows(a, 36, 160, "2 new events"));
    fixture_keys(a, "1");
    assert_true(fixture_shows(a, 36, 120, "─ 2 new ─")); /* in the pane's title */
    app_free(a); /* not a key since: still unread tomorrow */
    a = start();
    assert_int_equal(app_unread(a, &from), 2);
    free(fixture_text(a, 24, 80));
    fixture_keys(a, "j k"); /* the pane is not on this small screen */
    assert_int_equal(app_unread(a, &from), 2);
    fixture_keys(a, "Tab");
    assert_true(fixture_shows(a, 24, 80, "gradient spike"));
    fixture_keys(a, "j");
    assert_int_equal(app_unread(a, &from), 0);
    assert_false(fixture_shows(a, 24, 80, "new"));
    fixture_keys(a, "Esc");
    finish(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_groups_have_count_and_mean),
        cmocka_unit_test(test_headings_fold_and_mark),
        cmocka_unit_test(test_groups_follow_the_order),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_a_list_narrows_and_completes),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_pause_offers_what_it_does),
        cmocka_unit_test(test_unread_events),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
