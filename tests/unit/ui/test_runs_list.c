/* The list of runs: what its columns say, the filter, find and order, panes of small terminals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/runs.h"

static char dir[64];

/* A store of its own for every test: some write into it. */
static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_list.XXXXXX");
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

/* Fakes of a run's own say so beside others, and by the heading where all are. */
static void test_the_auc_is_named(void **state)
{
    (void)state;
    struct app *a = start();
    assert_true(fixture_shows(a, 24, 80, "AUC comm "));
    assert_true(fixture_shows(a, 50, 160, "AUC common "));
    assert_false(fixture_shows(a, 24, 80, "11.47 own"));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "DELETE FROM series WHERE run = 8 AND metric = "
                                      "(SELECT id FROM metric WHERE name = 'val_rtd_auc_common')"), 0);
    a = start();
    assert_true(fixture_shows(a, 24, 80, "11.47 own .951 12d10h"));
    assert_true(fixture_shows(a, 18, 60, "11.47  .951 12d10h")); /* no room: its preview says it */
    fixture_keys(a, "f a u c < = . 9 5 2 Space n o t Space f a i l e d Space s e e d : 2 Enter");
    assert_true(fixture_shows(a, 24, 80, "AUC own left"));
    assert_true(fixture_shows(a, 24, 80, "11.47    .951 12d10h"));
    fixture_keys(a, "f ^U Enter d ^U s e e d Enter"); /* a mean is of the same fakes */
    assert_true(fixture_shows(a, 24, 80, "398k  11.47     .951"));
    fixture_keys(a, "d ^U o b j e c t i v e Enter g");
    assert_true(fixture_shows(a, 24, 80, "12.03     .935"));
    fixture_keys(a, "d ^U Enter");
    app_free(a);
}

/* However long the names of a sweep are. */
static void test_what_stays_at_80_columns(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET name = 'weight-sharing tie=embeddings size=1/3 s3', "
                                      "tags = 'sweep:weight-sharing' WHERE id = 9; "
                                      "UPDATE run SET state = 'failed', reason = 'no space left on the disk' WHERE id = 8"), 0);
    struct app *a = start();
    assert_true(fixture_shows(a, 24, 80, "objective sharing  gen  step   loss AUC comm left"));
    assert_true(fixture_shows(a, 36, 120, "objective sharing  gen seed  step tokens   loss AUC comm loss trend"));
    assert_true(fixture_shows(a, 36, 120, " tok/s left"));
    assert_true(fixture_shows(a, 36, 120, " tags"));
    fixture_keys(a, "C n a m e Space l o s s Enter"); /* with room it is whole */
    assert_true(fixture_shows(a, 36, 120, "weight-sharing tie=embeddings size=1/3 s3"));
    app_free(a);
}

/* A loss that rises in a later stage is told from that stage's best, which only the store has. */
static void test_a_rise_in_a_later_stage_is_said(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET seq_stages = '64:0.1,128' WHERE id = 9; "
                                      "UPDATE series SET last = 20 WHERE run = 9 AND metric = "
                                      "(SELECT id FROM metric WHERE name = 'val_total_loss')"), 0);
    struct app *a = start();
    assert_true(fixture_shows(a, 50, 200, "! held-out loss rises"));
    assert_true(fixture_shows(a, 50, 200, "128 × 128, stage 2 of 2"));
    assert_true(fixture_shows(a, 24, 80, "best so far"));
    app_free(a);
}

/* Where no pane has room beside the list, Tab shows it in its place. */
static void test_panes_of_a_small_terminal(void **state)
{
    (void)state;
    struct app *a = start();
    assert_true(fixture_shows(a, 18, 60, "runs 9"));
    fixture_keys(a, "Tab");
    assert_true(fixture_shows(a, 18, 60, "events 12"));
    assert_false(fixture_shows(a, 18, 60, "runs 9"));
    fixture_keys(a, "Tab");
    assert_true(fixture_shows(a, 18, 60, "trainer"));
    fixture_keys(a, "q");
    assert_true(fixture_shows(a, 18, 60, "runs 9"));
    app_free(a);
}

static void test_filter_narrows_and_clears(void **state)
{
    (void)state;
    struct app *a = start();
    fixture_keys(a, "f s t a t u s : l o s t");
    assert_true(fixture_shows(a, 24, 80, "EDIT filter: status:lost"));
    fixture_keys(a, "Enter");
    assert_true(fixture_shows(a, 24, 80, "runs 1 of 9"));
    assert_true(fixture_shows(a, 24, 80, "lost 4 min"));
    fixture_keys(a, "f ^U n o s u c h Enter");
    assert_true(fixture_shows(a, 24, 80, "0 of 9 match  nosuch · Esc clears"));
    assert_int_equal(fixture_golden(a, 24, 80, "runs-nothing-80x24"), 0);
    fixture_keys(a, "Esc");
    assert_true(fixture_shows(a, 24, 80, "runs 9 "));
    fixture_keys(a, "f t a g : g e n Space a n d Space ( s e d : 3");
    assert_true(fixture_shows(a, 24, 120, "(sed:3  character 14: sed is no field"));
    assert_true(fixture_shows(a, 24, 120, "─ tag:gen ─")); /* the words that make sense */
    fixture_keys(a, "Enter"); /* stays open */
    assert_true(a->field.open && a->field.bad == 13);
    fixture_keys(a, "Esc"); /* as it was before */
    assert_false(a->field.open);
    assert_true(fixture_shows(a, 24, 120, "runs 9 "));
    fixture_keys(a, "f n o t Space s t a t u s : f a i l e d Space s e e d > = 0 Space n o t Space t a g : n o n e s u c h Enter");
    fixture_keys(a, "/ e m b Enter d t i e Enter"); /* a long one is cut, and nothing behind it is lost */
    assert_true(fixture_shows(a, 24, 80, "runs 8 of 9 ─ not statu"));
    assert_true(fixture_shows(a, 24, 80, "… ─ started ▾ ─ means by tie ─ find emb "));
    fixture_keys(a, "d ^U Enter Esc Esc");
    fixture_keys(a, "f");
    assert_true(fixture_shows(a, 24, 120, "words, tie:all, seed>=3"));
    fixture_keys(a, "n a m");
    char *text = fixture_text(a, 24, 80), *once = strstr(text, "part of the name");
    assert_true(once && !strstr(once, "\n  name "));
    free(text);
    fixture_keys(a, "^U s e q _ Tab > = 1 Enter"); /* the fields are completed */
    assert_true(fixture_shows(a, 24, 120, "0 of 9 match  seq_stages>=1"));
    fixture_keys(a, "Esc");
    app_free(a);
}

static void test_keys_find_mark_sort(void **state)
{
    (void)state;
    struct app *a = start();
    const int64_t *marks;
    assert_int_equal(app_selected(a), 9);
    fixture_keys(a, "ㅓ"); /* j on a Korean keyboard */
    assert_int_equal(app_selected(a), 8);
    fixture_keys(a, "ｊ G");
    assert_int_equal(app_selected(a), 1);
    fixture_keys(a, "/ a l l m Enter");
    assert_int_equal(app_selected(a), 4);
    fixture_keys(a, "g Space Space");
    assert_int_equal(app_marks(a, &marks), 2);
    assert_true(marks[0] == 9 && marks[1] == 8);
    fixture_keys(a, "s A U C Enter g");
    assert_int_equal(app_selected(a), 9);
    fixture_keys(a, "S");
    fixture_keys(a, "g");
    const struct query_run *r = app_run(a, app_selected(a));
    assert_true(r && !r->val_has[METRIC_rtd_auc_common]); /* no AUC sorts lowest */
    fixture_keys(a, "s s t a r t e d Enter");
    fixture_keys(a, "Esc Esc");
    assert_int_equal(app_marks(a, &marks), 0);
    app_free(a);
}

/* Among the events of all runs a run has its newest and its best checkpoint, among its own each. */
static void test_checkpoints_are_told(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "INSERT INTO checkpoint SELECT run, step - 1000, path, 0, time - 10 FROM checkpoint; "
                                      "INSERT INTO checkpoint SELECT 9, 410000, path, 0, time + 60 FROM checkpoint "
                                      "WHERE step = 400000"), 0);
    struct app *a = start();
    assert_true(fixture_shows(a, 36, 120, "gen1/4-tie-emb-s1  checkpoint 410,000"));
    assert_true(fixture_shows(a, 36, 120, "gen1/4-tie-emb-s1  checkpoint 400,000, best: AUC common .938"));
    assert_false(fixture_shows(a, 36, 120, "gen1/4-tie-emb-s1  checkpoint 399,000"));
    struct runs *s = app_self(a);
    int told = 0;
    for (int i = 0; i < s->nown; i++)
        told += s->own[i].run == 9 && !strncmp(s->own[i].text, "checkpoint ", 11);
    assert_int_equal(told, 3);
    app_free(a);
}

/* A host that was killed writes no more: its run is seen to be lost all the same. */
static void test_a_killed_host_is_seen(void **state)
{
    (void)state;
    char boot[64] = "", sql[300], *text = NULL;
    size_t n;
    pid_t pid = fork();
    if (!pid)
        pause();
    assert_int_equal(file_read("/proc/sys/kernel/random/boot_id", sizeof boot, &text, &n, NULL), 0);
    snprintf(boot, sizeof boot, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    snprintf(sql, sizeof sql, "UPDATE run SET pid = %d, boot_id = '%s' WHERE id = 9", (int)pid, boot);
    assert_int_equal(fixture_sql(dir, sql), 0);
    struct app *a = start();
    assert_true(fixture_shows(a, 24, 80, "▶ gen1/4-tie-emb-s1"));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    app_tick(a);
    assert_true(fixture_shows(a, 24, 80, "▶ gen1/4-tie-emb-s1"));
    a->fixed_now += 4;
    app_tick(a);
    assert_true(fixture_shows(a, 24, 80, "? gen1/4-tie-emb-s1"));
    assert_true(fixture_shows(a, 24, 120, "! gen1/4-tie-emb-s1 lost"));
    assert_true(a->bell);
    app_free(a);
}

/* The time of an event of another day would be taken for today's. */
static void test_old_events_have_their_day(void **state)
{
    (void)state;
    struct app *a = start();
    assert_true(fixture_shows(a, 36, 120, "19:55:00 · gen1/1-tie-all-s1  paused"));
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE event SET time = time - 86400 WHERE text = 'paused'; "
                                      "UPDATE event SET time = time - 366 * 86400 WHERE text = 'preparing'"), 0);
    a = start();
    fixture_keys(a, "Tab z");
    char *text = fixture_text(a, 36, 120), *day = strstr(text, " · gen1/1-tie-all-s1  paused");
    assert_true(day && day - text > 8 && strncmp(day - 8, "19:55:00", 8));
    assert_non_null(strstr(text, " 2025 · "));
    free(text);
    app_free(a);
}

/* A run that ends leaves a list of those that run. */
static void test_a_filter_sees_a_state_change(void **state)
{
    (void)state;
    struct app *a = start();
    fixture_keys(a, "f s t a t u s : r u n n i n g Enter");
    assert_true(fixture_shows(a, 24, 80, "runs 2 of 9"));
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state = 'done' WHERE id = 8"), 0);
    app_tick(a);
    assert_true(fixture_shows(a, 24, 80, "runs 1 of 9"));
    app_free(a);
}

/* Columns are as wide as what they say in the rows that are drawn, not in those of the picture before. */
static void test_widths_are_of_this_picture(void **state)
{
    (void)state;
    assert_int_equal(fixture_add_runs(dir, 100), 0);
    struct app *a = start();
    free(fixture_text(a, 36, 200));
    fixture_keys(a, "/ g e n 1 / 1 - n o n e Enter");
    assert_true(fixture_shows(a, 36, 200, "  NaN at 88,211 · rule nan        gen "));
    app_free(a);
}

/* The recorder, with its queue, is never the one that has no room. */
static void test_many_threads(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE thread SET slot = 15 WHERE run = 9 AND slot = 2; "
                                      "INSERT INTO thread SELECT 9, id + 3, 'slices', 1, time FROM thread, run "
                                      "WHERE thread.run = 9 AND slot = 1"), 0);
    struct app *a = start();
    assert_true(fixture_shows(a, 36, 120, "trainer"));
    assert_true(fixture_shows(a, 36, 120, "recorder  3 queued"));
    assert_true(fixture_shows(a, 36, 120, "3 more    workers"));
    free(fixture_text(a, 24, 80));
    fixture_keys(a, "Tab Tab");
    assert_true(fixture_shows(a, 24, 80, "recorder  3 queued"));
    assert_true(fixture_shows(a, 24, 80, "5 more    workers"));
    fixture_keys(a, "z");
    assert_true(fixture_shows(a, 24, 80, "worker 10"));
    app_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_auc_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_stays_at_80_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_rise_in_a_later_stage_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_panes_of_a_small_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter_narrows_and_clears, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keys_find_mark_sort, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoints_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_killed_host_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_events_have_their_day, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_filter_sees_a_state_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_widths_are_of_this_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_threads, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
