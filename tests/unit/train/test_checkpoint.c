/* Checkpoints are whole or absent: kills, failing syncs, flipped bytes, pruning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/base/file.h"
#include "src/train/checkpoint.h"
#include "tests/unit/train/rig.h"

static struct rig one, two;

static void run(struct rig *r, const char *resume)
{
    struct err err = {0, ""};
    if (rig_run(r, resume, &err))
        fail_msg("%s", err.text);
}

static int temporaries(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int n = 0;
    assert_non_null(d);
    while ((e = readdir(d)))
        n += strstr(e->d_name, ".tmp.") != NULL;
    closedir(d);
    return n;
}

/* Runs in a child that dies at the fault; what it left behind stays. */
static void run_and_die(struct rig *r, const char *fault)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("ELECTROSCOPE_FAULT", fault, 1);
        rig_run(r, NULL, NULL);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void killed_at(const char *fault, int64_t want, int left)
{
    char path[4096];
    int64_t step = 0;
    rig_new(&two, OBJ_ELECTRA);
    run_and_die(&two, fault);
    assert_int_equal(temporaries(two.dir), left);
    assert_int_equal(checkpoint_newest(two.dir, path, sizeof path, &step, NULL), 0);
    assert_int_equal(step, want);
    run(&two, path);
    /* the one it goes on from is told of again: whoever wrote it may have died before that */
    assert_int_equal(two.ncheckpoints, want == 8 ? 3 : 2);
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
    assert_int_equal(temporaries(two.dir), 0);
}

static void a_kill_between_write_and_rename_costs_one_checkpoint(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL);
    killed_at("before-rename:2", 8, 1);
    killed_at("after-rename:2", 16, 0);
}

static void a_sync_that_fails_keeps_what_was_there(void **state)
{
    (void)state;
    char path[4096];
    int64_t step = 0;
    rig_new(&two, OBJ_ELECTRA);
    setenv("ELECTROSCOPE_FAULT", "fail-sync:6", 1); /* four a checkpoint: within the second */
    run(&two, NULL);
    unsetenv("ELECTROSCOPE_FAULT");
    assert_non_null(strstr(two.message, "no checkpoint at step 16"));
    assert_int_equal(two.ncheckpoints, 2);
    assert_int_equal(temporaries(two.dir), 0);
    assert_false(file_exists(rig_path(&two, 16)));
    assert_int_equal(checkpoint_newest(two.dir, path, sizeof path, &step, NULL), 0);
    assert_int_equal(step, 20);
}

static void flip(const char *path, long at)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
    int c = fgetc(f);
    fseek(f, -1, SEEK_CUR);
    fputc(c ^ 1, f);
    fclose(f);
}

static void a_flipped_byte_is_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"trainer.safetensors", "discriminator/model.safetensors",
                                        "generator/config.json", "checksums.txt"};
    char path[4096], file[4200];
    struct checkpoint_state s;
    struct err err;
    int64_t step = 0;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL);
    snprintf(path, sizeof path, "%s", rig_path(&one, 20));
    for (int i = 0; i < 4; i++) {
        for (long at = -1; at < 100; at += 51) {
            snprintf(file, sizeof file, "%s/%s", path, files[i]);
            flip(file, at);
            err = (struct err){0, ""};
            assert_true(rig_run(&one, path, &err) < 0);
            assert_non_null(strstr(err.text, path));
            assert_int_equal(checkpoint_newest(one.dir, file, sizeof file, &step, NULL), 0);
            assert_int_equal(step, 16);
            snprintf(file, sizeof file, "%s/%s", path, files[i]);
            flip(file, at);
        }
    }
    assert_int_equal(checkpoint_read_state(path, &s, &err), 0);
    assert_int_equal(s.step, 20);
    snprintf(file, sizeof file, "%s/discriminator/vocab.txt", path);
    unlink(file);
    assert_int_equal(checkpoint_newest(one.dir, file, sizeof file, &step, NULL), 0);
    assert_int_equal(step, 16);
}

static void the_configuration_comes_back(void **state)
{
    (void)state;
    struct config c;
    rig_new(&one, OBJ_REPLACE_MLM);
    rig_set(&one, "name", "a = b % \xc3\xa9\xff");
    rig_set(&one, "learning_rate", "0.00123456789");
    run(&one, NULL);
    assert_int_equal(checkpoint_config(rig_path(&one, 20), &c, NULL), 0);
    struct config want = one.config;
    config_resolve(&want, NULL);
    for (int i = 0; i < config_nfields; i++) {
        char a[CONFIG_TEXT], b[CONFIG_TEXT];
        assert_string_equal(config_get(&want, &config_fields[i], a, sizeof a),
                            config_get(&c, &config_fields[i], b, sizeof b));
    }
}

static void another_model_is_refused(void **state)
{
    (void)state;
    struct err err = {0, ""};
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL);
    struct model m;
    struct config c = one.config;
    config_set(&c, "layers", "3", NULL);
    config_resolve(&c, NULL);
    assert_int_equal(model_build(&m, &c, 65, NULL), 0);
    float *block = calloc(m.table.floats * 3, sizeof *block);
    struct checkpoint_state s;
    assert_int_equal(checkpoint_load(rig_path(&one, 20), &m, block, block + m.table.floats,
                                     block + 2 * m.table.floats, &s, &err), E_INPUT);
    assert_non_null(strstr(err.text, "another model"));
    free(block);
    model_free(&m);
}

static void old_ones_go_and_strangers_stay(void **state)
{
    (void)state;
    char path[4200];
    rig_new(&one, OBJ_ELECTRA);
    rig_set(&one, "keep_checkpoints", "2");
    rig_set(&one, "checkpoint_every", "2");
    mkdir(one.dir, 0777);
    snprintf(path, sizeof path, "%s/3", one.dir); /* a number, but none of ours */
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/7.tmp.x", one.dir);
    mkdir(path, 0777);
    run(&one, NULL);
    assert_true(file_exists(rig_path(&one, 20)) && file_exists(rig_path(&one, 18)));
    assert_true(file_exists(rig_path(&one, (int)one.best)));
    int left = 0;
    for (int s = 2; s <= 20; s += 2)
        left += file_exists(rig_path(&one, s));
    assert_int_equal(left, one.best >= 18 ? 2 : 3);
    assert_true(file_exists(rig_path(&one, 3)) && file_exists(path));
    /* something of the user's in a checkpoint keeps its directory */
    snprintf(path, sizeof path, "%s/notes", rig_path(&one, 18));
    mkdir(path, 0777);
    assert_int_equal(checkpoint_prune(one.dir, 1, -1, NULL), 0);
    assert_true(file_exists(path) && file_exists(rig_path(&one, 20)));
}

static void a_second_try_replaces_the_first(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL);
    rig_new(&two, OBJ_ELECTRA);
    run(&two, NULL);
    char file[4200];
    snprintf(file, sizeof file, "%s/trainer.safetensors", rig_path(&two, 16));
    flip(file, 900);
    run(&two, rig_path(&two, 8));
    assert_int_equal(checkpoint_verify(rig_path(&two, 16), NULL), 0);
    rig_same_tensors(rig_path(&one, 16), rig_path(&two, 16));
    assert_int_equal(temporaries(two.dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kill_between_write_and_rename_costs_one_checkpoint),
        cmocka_unit_test(a_sync_that_fails_keeps_what_was_there),
        cmocka_unit_test(a_flipped_byte_is_refused),
        cmocka_unit_test(the_configuration_comes_back),
        cmocka_unit_test(another_model_is_refused),
        cmocka_unit_test(old_ones_go_and_strangers_stay),
        cmocka_unit_test(a_second_try_replaces_the_first),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
