/* Workspace paths and the lock. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/lock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/experiments/rig.h"

static struct rig rig;

static int setup(void **state)
{
    (void)state;
    return rig_open(&rig, "test_workspace");
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void the_environment_names_the_workspace(void **state)
{
    (void)state;
    struct workspace w;
    char want[600];
    setenv("XDG_DATA_HOME", rig.dir, 1);
    unsetenv("ELECTROSCOPE_WORKSPACE");
    assert_int_equal(workspace_open(&w, NULL, 0, NULL), 0);
    snprintf(want, sizeof want, "%s/electroscope", rig.dir);
    assert_string_equal(w.dir, want);
    assert_false(file_exists(w.dir));
    snprintf(want, sizeof want, "%s/named", rig.dir);
    setenv("ELECTROSCOPE_WORKSPACE", want, 1);
    assert_int_equal(workspace_open(&w, NULL, 1, NULL), 0);
    assert_string_equal(w.dir, want);
    assert_true(file_exists(w.corpora) && file_exists(w.checkpoints));
    snprintf(want, sizeof want, "%s/given", rig.dir);
    assert_int_equal(workspace_open(&w, want, 1, NULL), 0);
    assert_string_equal(w.dir, want);
    snprintf(want, sizeof want, "%s/given/host.sock", rig.dir);
    assert_string_equal(w.sock, want);
}

/* A host changes its directory, so a relative name must not stay one. */
static void a_relative_name_becomes_absolute(void **state)
{
    (void)state;
    struct workspace w;
    assert_int_equal(workspace_open(&w, "not/there/yet", 0, NULL), 0);
    assert_int_equal(w.dir[0], '/');
    assert_non_null(strstr(w.dir, "/not/there/yet"));
}

static void what_is_no_directory_is_refused(void **state)
{
    (void)state;
    struct workspace w;
    struct err err = {0};
    char name[2000];
    assert_int_equal(workspace_open(&w, rig.text, 0, &err), E_INPUT);
    assert_non_null(strstr(err.text, "text.txt"));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(workspace_open(&w, name, 1, &err), E_USAGE);
    assert_int_equal(workspace_open(&w, "", 1, &err), E_USAGE);
}

static void the_second_holder_is_told_the_first_ones_pid(void **state)
{
    (void)state;
    struct err err = {0};
    struct lock_info who;
    char pid[32];
    int fd, second;
    assert_int_equal(lock_take(rig.w.lock, 0, &fd, &err), 0);
    assert_int_equal(lock_take(rig.w.lock, 0.05, &second, &err), E_BUSY);
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_non_null(strstr(err.text, pid));
    assert_int_equal(lock_read(rig.w.lock, &who), 0);
    assert_int_equal(who.pid, getpid());
    assert_true(strlen(who.boot_id) > 30);
    lock_release(fd);
    assert_int_equal(lock_read(rig.w.lock, &who), E_NOTFOUND); /* no pid that may be reused */
    assert_int_equal(lock_take(rig.w.lock, 0, &second, &err), 0);
    lock_release(second);
}

static void a_dead_holders_lock_is_taken_over(void **state)
{
    (void)state;
    struct err err = {0};
    struct lock_info who;
    int fd;
    pid_t child = fork();
    if (!child) {
        int mine;
        _exit(lock_take(rig.w.lock, 0, &mine, NULL) ? 1 : 0); /* dies with the lock in hand */
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(lock_read(rig.w.lock, &who), 0);
    assert_int_equal(who.pid, child);
    assert_int_equal(lock_take(rig.w.lock, 0, &fd, &err), 0);
    assert_int_equal(lock_read(rig.w.lock, &who), 0);
    assert_int_equal(who.pid, getpid());
    lock_release(fd);
}

/* Of many that start together exactly one holds the lock while the others look. */
static void of_many_that_race_one_wins(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        int go[2], done[2], wins = 0, losses = 0;
        char c;
        assert_int_equal(pipe(go) | pipe(done), 0);
        pid_t child[8];
        for (int i = 0; i < 8; i++) {
            if ((child[i] = fork()))
                continue;
            int fd, rc;
            close(go[1]);
            if (read(go[0], &c, 1) != 0)
                _exit(9);
            rc = lock_take(rig.w.lock, 0, &fd, NULL);
            c = rc == 0 ? 'w' : rc == E_BUSY ? 'l' : '?';
            if (write(done[1], &c, 1) != 1)
                _exit(9);
            pause();
        }
        close(go[0]);
        close(go[1]);
        for (int i = 0; i < 8; i++) {
            assert_int_equal(read(done[0], &c, 1), 1);
            wins += c == 'w';
            losses += c == 'l';
        }
        for (int i = 0; i < 8; i++) {
            kill(child[i], SIGKILL);
            waitpid(child[i], NULL, 0);
        }
        close(done[0]);
        close(done[1]);
        assert_int_equal(wins, 1);
        assert_int_equal(losses, 7);
    }
}

/* Asked by somebody who is not root, whom no mode stops. */
static int writable_by_other(const struct workspace *w)
{
    int status = 0;
    pid_t child = fork();
    if (!child) {
        if (!geteuid() && setuid(65534))
            _exit(9);
        _exit(workspace_writable(w));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void who_may_not_write_is_told(void **state)
{
    (void)state;
    char path[] = "/tmp/test_workspace.XXXXXX";
    struct workspace w;
    struct err err = {0};
    assert_non_null(mkdtemp(path));
    assert_int_equal(workspace_open(&w, path, 1, &err), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(writable_by_other(&w), 1); /* there is no store yet */
    assert_int_equal(file_write_atomic(w.db, "x", 1, &err), 0);
    assert_int_equal(chmod(w.db, 0444), 0);
    assert_int_equal(writable_by_other(&w), 0);
    assert_int_equal(chmod(w.db, 0666), 0);
    assert_int_equal(writable_by_other(&w), 1);
    assert_int_equal(chmod(path, 0555), 0);
    assert_int_equal(writable_by_other(&w), 0);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(file_remove_tree(path, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_names_the_workspace),
        cmocka_unit_test(a_relative_name_becomes_absolute),
        cmocka_unit_test(what_is_no_directory_is_refused),
        cmocka_unit_test(the_second_holder_is_told_the_first_ones_pid),
        cmocka_unit_test(a_dead_holders_lock_is_taken_over),
        cmocka_unit_test(of_many_that_race_one_wins),
        cmocka_unit_test(who_may_not_write_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
