/* The Launch screen and experiment files: the form saved and opened again, and a file whose rows are no
 * grid in the form's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "src/base/file.h"
#include "tests/unit/ui/launch_rig.h"

/* Opens DIR/NAME, which holds `text`, by the keys that a user has. */
static void open_file(struct app *a, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (text)
        assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), 0);
    fixture_keys(a, ": o p e n - e x Enter");
    fixture_fill(a, path);
    fixture_keys(a, "Enter");
}

/* Rows that are no grid: the file stands in the form's place, with its runs and the options of
 * `electroscope sweep`, and starts what that would. */
static void test_a_file_in_the_forms_place(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct launch *s = form(a);
    open_file(a, "rows.ini", "[run]\npreset = tiny\ncorpus = wiki\n[sweep]\nrow.a = mask_prob=0.2 tie=none\n"
              "row.b = mask_prob=0.3 tie=embeddings\n[seeds]\ncount = 2\n");
    assert_int_equal(s->runs.n, 4);
    assert_string_equal(s->runs.runs[1].config.name, "rows b s1");
    assert_string_equal(s->runs.runs[1].config.tags, "sweep:rows,scale:laptop");
    assert_true(s->has_cost && s->cost.plan.todo == 4);
    assert_true(shows(a, 24, 80, "rows.ini") && shows(a, 24, 80, "Start 4 runs"));
    assert_true(shows(a, 36, 120, "no options") && shows(a, 36, 120, "electroscope sweep"));
    stand_still(s);
    int bad = fixture_golden(a, 24, 80, "launch-file-80x24") + fixture_golden(a, 36, 120, "launch-file-120x36");
    assert_int_equal(bad, 0);
    fixture_keys(a, "Down Down Enter s t e p s = 2 0 Space s e e d s = 1 Enter");
    assert_int_equal(s->runs.n, 2);
    assert_int_equal(s->cursor, 1);
    assert_int_equal(s->runs.runs[0].config.steps, 20);
    assert_non_null(strstr(str_get(&s->command), "rows.ini --steps=20 --seeds=1"));
    fixture_keys(a, "Enter Space x = y Enter");
    assert_true(shows(a, 24, 80, "there is no field 'x'"));
    assert_int_equal(s->runs.n, 2);
    fixture_keys(a, "F5");
    assert_true(a->question.open && strstr(a->question.text, "Start 2 runs"));
    fixture_keys(a, "Esc Tab G Left Space / h");
    static const int sizes[][2] = { { 8, 40 }, { 24, 80 }, { 22, 110 }, { 55, 200 } };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        free(fixture_text(a, sizes[i][0], sizes[i][1]));
    draft_save(&s->draft, a); /* it is there again after a restart */
    app_free(a);
    a = start(NULL);
    s = form(a);
    assert_int_equal(s->runs.n, 2);
    fixture_keys(a, "Esc");
    assert_int_equal(s->draft.file[0], 0);
    assert_true(shows(a, 24, 80, "preset"));
    fixture_keys(a, "u");
    app_tick(a);
    assert_int_equal(s->runs.n, 2);
    finish(a);
}

/* Every file that comes with the program, at every scale. */
static void test_all_our_experiments_open(void **state)
{
    (void)state;
    static const char *const names[] = { "weight-sharing", "generator-size", "training-algorithm", "efficiency-analysis",
                                         "small-models", "mask-rate", "model-size-vs-gain", "steps-vs-size" };
    const char *top = getenv("srcdir") ? getenv("srcdir") : "..";
    struct app *a = start(NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[600];
        struct err err = { 0 };
        struct draft d;
        struct sweep want, got;
        int bad;
        struct sweep_options o = { .scale = "ci" };
        snprintf(path, sizeof path, "%s/experiments/%s.ini", top, names[i]);
        draft_init(&d);
        if (draft_open(&d, app_workspace(a), path, "ci", &err) || sweep_load(&want, app_workspace(a), path, &o, &err) ||
            draft_runs(&d, app_workspace(a), &got, NULL, &bad, &err))
            fail_msg("%s", err.text);
        assert_int_equal(got.n, want.n);
        for (int k = 0; k < got.n; k++) {
            int found = 0;
            for (int m = 0; m < want.n; m++)
                found += config_hash(&got.runs[k].config) == config_hash(&want.runs[m].config);
            assert_int_equal(found, 1);
        }
        sweep_free(&want);
        sweep_free(&got);
    }
    finish(a);
}

/* What the form saves it opens again; a file of the program's kind opens at a scale; a bad one
 * changes nothing. */
static void test_experiment_files(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct launch *s = form(a);
    struct draft was;
    fixture_keys(a, "/ c o r p u s Enter Enter ^U w i k i Enter / t i e Enter Enter ^U n o n e , a l l Enter");
    fixture_keys(a, "/ g e n e r a t o r _ s i z e Enter Enter ^U 1 Enter / s e e d Enter Enter ^U 1 - 3 Enter");
    assert_int_equal(s->runs.n, 6);
    uint64_t first = config_hash(&s->runs.runs[0].config);
    fixture_keys(a, "e ^U");
    for (const char *p = dir; *p; p++) {
        char key[2] = { *p, 0 };
        fixture_keys(a, key);
    }
    fixture_keys(a, "/ m i n e . i n i Enter");
    assert_true(shows(a, 24, 120, "an experiment of 6 runs → /"));
    fixture_keys(a, "e ^U x Enter"); /* a file that is there is asked about */
    assert_true(file_exists("x"));
    fixture_keys(a, "e ^U x Enter");
    assert_true(a->question.open);
    fixture_keys(a, "Enter");
    assert_false(a->question.open);
    unlink("x");
    draft_init(&s->draft);
    open_file(a, "mine.ini", NULL);
    assert_int_equal(s->runs.n, 6);
    assert_int_equal(s->focus, 0);
    assert_int_equal(s->row[s->cursor], LAUNCH_tie);
    assert_true(config_hash(&s->runs.runs[0].config) == first);
    assert_string_equal(s->draft.value[LAUNCH_name], "mine");
    open_file(a, "scaled.ini", "[run]\ncorpus = wiki\n[sweep]\nmask_prob = 0.15, 0.4\n[seeds]\ncount = 2\n"
              "[scale.ci]\npreset = mini\ntokens = 20k\nseeds = 1\n[scale.laptop]\npreset = tiny\ntokens = 2M\n");
    assert_true(a->question.open);
    fixture_keys(a, "c");
    assert_int_equal(s->runs.n, 2);
    assert_string_equal(s->draft.value[LAUNCH_preset], "mini");
    assert_string_equal(s->draft.value[LAUNCH_mask_prob], "0.15|0.4");
    assert_true(s->runs.runs[0].config.steps < 100);
    was = s->draft;
    fixture_keys(a, "1");
    open_file(a, "mine.ini", NULL); /* from another screen, too */
    assert_string_equal(app_ops(a)->name, "Launch");
    s = form(a);
    assert_int_equal(s->runs.n, 6);
    fixture_keys(a, "u"); /* back before the last file */
    app_tick(a);
    assert_memory_equal(&was, &s->draft, sizeof was);
    open_file(a, "bad.ini", "[nonsense]\na = b\n");
    assert_true(shows(a, 24, 120, "there is no such section"));
    assert_memory_equal(&was, &s->draft, sizeof was);
    finish(a);
}

/* Tab completes a path as far as it is clear, `~` is the home directory. */
static void test_paths_are_completed(void **state)
{
    (void)state;
    char path[200], full[4096], got[APP_FIELD];
    struct path_match match[8];
    struct field f = { .open = 1, .path = 1, .chosen = -1 };
    static const char *const names[] = { "books-en.txt", "books-ko.txt", ".hidden", "x.ini" };
    snprintf(path, sizeof path, "%s/paths", dir);
    assert_int_equal(file_mkdirs(path, NULL), 0);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/paths/%s", dir, names[i]);
        assert_int_equal(file_write_atomic(path, "x", 1, NULL), 0);
    }
    snprintf(f.text, sizeof f.text, "%s/pa", dir);
    path_take(&f, -1);
    snprintf(path, sizeof path, "%s/paths/", dir);
    assert_string_equal(f.text, path);
    assert_int_equal(path_matches(f.text, "", match, 8), 3);
    assert_int_equal(path_matches(f.text, ".ini", match, 8), 1);
    strcat(f.text, "b");
    path_take(&f, -1);
    strcat(path, "books-");
    assert_string_equal(f.text, path);
    path_move(&f, 1);
    path_move(&f, 1);
    path_take(&f, f.chosen);
    strcat(path, "ko.txt");
    assert_string_equal(f.text, path);
    strcat(f.text, ",");
    strcat(f.text, dir);
    strcat(f.text, "/paths/x");
    path_take(&f, -1); /* the last of several */
    assert_non_null(strstr(f.text, "ko.txt,"));
    assert_non_null(strstr(f.text, "/paths/x.ini"));
    assert_non_null(realpath(dir, full));
    setenv("HOME", full, 1);
    path_expand("~/a.txt, ~/b,c~,~", got, sizeof got);
    snprintf(f.text, sizeof f.text, "%.300s/a.txt, %.300s/b,c~,%.300s", full, full, full);
    assert_string_equal(got, f.text);
    assert_int_equal(path_matches("~/pat", "", match, 8), 1);
    assert_string_equal(match[0].name, "paths/");
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "host"))
        return 1; /* started as a host by a screen under test: there is none */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_experiment_files),
        cmocka_unit_test(test_a_file_in_the_forms_place),
        cmocka_unit_test(test_all_our_experiments_open),
        cmocka_unit_test(test_paths_are_completed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
