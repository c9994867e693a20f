/* Hosts in processes of their own: started, raced, killed; and what the socket refuses. */
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

#include "experiments/client.h"
#include "experiments/host.h"
#include "experiments/lock.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/experiments/host_rig.h"

static struct rig rig;
static struct query_run run;

static long host_pid(void)
{
    json_t *answer = NULL;
    struct err err = {0};
    if (client_ask(&rig.w, json_pack("{s:i, s:s}", "v", 1, "op", "ping"), &answer, &err))
        return 0;
    long pid = (long)json_integer_value(json_object_get(answer, "pid"));
    json_decref(answer);
    return pid;
}

/* Its socket answers until its last thread has ended; and where nobody reaps orphans, a zombie
 * is as gone as it gets. */
static int is_gone(long pid)
{
    char path[64], *text = NULL;
    size_t n;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    if (host_alive(&rig.w))
        return 0;
    if (file_read(path, 4096, &text, &n, NULL))
        return 1;
    int zombie = strstr(text, ") Z ") != NULL;
    free(text);
    return zombie;
}

static void wait_gone(long pid)
{
    for (int i = 0; i < 1000; i++, clock_sleep(0.01))
        if (is_gone(pid))
            return;
    fail_msg("process %ld is still there", pid);
}

static void end_host(void)
{
    long pid = host_pid();
    if (!pid)
        return;
    kill((pid_t)pid, SIGTERM);
    wait_gone(pid);
}

static int setup(void **state)
{
    (void)state;
    return rig_open(&rig, "test_spawn");
}

static int teardown(void **state)
{
    (void)state;
    end_host();
    rig_close(&rig);
    return 0;
}

static int64_t submit(int steps, const char *name)
{
    struct config c;
    struct err err = {0};
    int64_t id = 0;
    rig_config(&rig, &c, steps);
    c.checkpoint_every = 20;
    rig_put(c.name, sizeof c.name, "%s", name);
    if (host_client_submit(&rig.w, &c, 1, &id, &err))
        fail_msg("%s", err.text);
    return id;
}

static void a_spawned_host_is_on_its_own(void **state)
{
    (void)state;
    struct err err = {0};
    char path[64], cwd[64];
    assert_false(host_alive(&rig.w));
    int fds[2];
    assert_int_equal(pipe(fds), 0); /* must not be inherited */
    if (host_spawn(&rig.w, &err))
        fail_msg("%s", err.text);
    long pid = host_pid();
    assert_true(pid > 0 && pid != getpid());
    assert_int_equal(getsid((pid_t)pid) != getsid(0), 1);
    struct stat st;
    assert_int_equal(stat(rig.w.sock, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(fds[1]);
    assert_int_equal(read(fds[0], cwd, 1), 0); /* the end of the pipe: nobody else holds it */
    close(fds[0]);
    snprintf(path, sizeof path, "/proc/%ld/cwd", pid);
    ssize_t n = readlink(path, cwd, sizeof cwd - 1);
    assert_int_equal(n, 1);
    kill((pid_t)pid, SIGHUP); /* a hang-up does not end it */
    clock_sleep(0.05);
    assert_int_equal(host_pid(), pid);
}

static void a_second_host_is_told_who_is_first(void **state)
{
    (void)state;
    struct err err = {0};
    char pid[32];
    if (!host_alive(&rig.w))
        assert_int_equal(host_spawn(&rig.w, &err), 0);
    assert_null(host_open(&rig.w, NULL, &err));
    assert_int_equal(err.code, E_BUSY);
    snprintf(pid, sizeof pid, "process %ld ", host_pid());
    assert_non_null(strstr(err.text, pid));
    end_host();
}

static void of_hosts_that_race_one_wins(void **state)
{
    (void)state;
    pid_t child[6];
    assert_false(host_alive(&rig.w));
    for (int i = 0; i < 6; i++)
        if (!(child[i] = fork()))
            _exit(host_spawn(&rig.w, NULL) ? 1 : 0);
    for (int i = 0; i < 6; i++) {
        int status;
        waitpid(child[i], &status, 0);
        assert_int_equal(status, 0); /* everyone has a host to talk to */
    }
    struct lock_info who;
    assert_int_equal(lock_read(rig.w.lock, &who), 0);
    assert_int_equal(who.pid, host_pid());
}

static void refused(const char *line, const char *why)
{
    char text[400];
    size_t n = (size_t)snprintf(text, sizeof text, "%s\n", line);
    const char *answer = rig_raw(&rig, text, n);
    if (strncmp(answer, "{\"ok\":false,", 12) && !strstr(answer, "\"ok\":false"))
        fail_msg("%s was answered by %s", line, answer);
    if (!strstr(answer, why))
        fail_msg("%s was refused by %s", line, answer);
}

static void what_is_no_request_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    if (!host_alive(&rig.w))
        assert_int_equal(host_spawn(&rig.w, &err), 0);
    refused("", "JSON");
    refused("{", "JSON");
    refused("[1,2]", "JSON");
    refused("{\"v\":1,\"v\":1,\"op\":\"ping\"}", "JSON");
    refused("{\"op\":\"ping\"}", "version");
    refused("{\"v\":2,\"op\":\"ping\"}", "version");
    refused("{\"v\":1}", "operation");
    refused("{\"v\":1,\"op\":\"explode\"}", "'explode' is no operation");
    refused("{\"v\":1,\"op\":\"\\u001b[2J\"}", "<1B>");
    refused("{\"v\":1,\"op\":\"pause\"}", "number of a run");
    refused("{\"v\":1,\"op\":\"pause\",\"run\":\"3\"}", "number of a run");
    refused("{\"v\":1,\"op\":\"pause\",\"run\":77}", "run 77");
    refused("{\"v\":1,\"op\":\"submit\"}", "config");
    refused("{\"v\":1,\"op\":\"submit\",\"config\":{\"steps\":5}}", "steps");
    refused("{\"v\":1,\"op\":\"submit\",\"config\":{\"stepz\":\"5\"}}", "stepz");
    refused("{\"v\":1,\"op\":\"submit\",\"config\":{\"steps\":\"-1\"}}", "steps");
    refused("{\"v\":1,\"op\":\"score\",\"run\":1}", "text");
    char nul[] = "{\"v\":1,\0\"op\":\"ping\"}\n";
    assert_non_null(strstr(rig_raw(&rig, nul, sizeof nul - 1), "\"ok\":false"));
    static char deep[40000];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\n';
    assert_non_null(strstr(rig_raw(&rig, deep, sizeof deep), "\"ok\":false"));
    static char large[70000];
    memset(large, 'x', sizeof large);
    assert_non_null(strstr(rig_raw(&rig, large, sizeof large), "64 KiB"));
    assert_true(host_pid() > 0);
}

/* Two requests in one packet, one request in two. */
static void lines_are_lines_however_they_come(void **state)
{
    (void)state;
    const char two[] = "{\"v\":1,\"op\":\"ping\"}\n{\"v\":1,\"op\":\"status\"}\n";
    const char *answer = rig_raw(&rig, two, sizeof two - 1);
    assert_non_null(strstr(answer, "\"ok\":true"));
    answer = rig_raw(&rig, "{\"v\":1,\"op\":\"list\"}\n", 20);
    assert_non_null(strstr(answer, "\"runs\":["));
}

static void a_killed_host_loses_nothing(void **state)
{
    (void)state;
    enum { STEPS = 300 };
    struct err err = {0};
    int64_t plain = submit(STEPS, "plain"), killed = submit(STEPS, "killed");
    for (int kills = 0; kills < 2; kills++) {
        assert_int_equal(rig_wait(&rig, killed, -1, 60 + 90 * kills), 0);
        long pid = host_pid();
        assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
        wait_gone(pid);
        assert_false(host_alive(&rig.w));
        assert_int_equal(host_spawn(&rig.w, &err), 0); /* takes the lock and the socket over */
        assert_int_equal(rig_run(&rig, killed, &run), 0);
        assert_int_equal(run.state, RUN_LOST);
        assert_int_equal(host_client_op(&rig.w, "resume", killed, 0, &err), 0);
        if (!rig_run(&rig, plain, &run) && run.state == RUN_LOST)
            assert_int_equal(host_client_op(&rig.w, "resume", plain, 0, &err), 0);
    }
    assert_int_equal(rig_wait(&rig, killed, RUN_DONE, 0), 0);
    assert_int_equal(rig_wait(&rig, plain, RUN_DONE, 0), 0);
    int64_t quiet = submit(STEPS, "quiet"); /* never killed */
    assert_int_equal(rig_wait(&rig, quiet, RUN_DONE, 0), 0);
    rig_same_metrics(&rig, quiet, killed);
    rig_same_weights(&rig, quiet, killed, STEPS);
    end_host();
}

static void a_long_path_has_a_socket_too(void **state)
{
    (void)state;
    struct workspace w, before = rig.w;
    struct err err = {0};
    char dir[600];
    snprintf(dir, sizeof dir, "%s/%0*d", rig.dir, 120, 0);
    assert_int_equal(workspace_open(&w, dir, 1, &err), 0);
    assert_true(strlen(w.sock) > 108);
    if (host_spawn(&w, &err))
        fail_msg("%s", err.text);
    rig.w = w;
    assert_true(host_pid() > 0);
    end_host();
    rig.w = before;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "host")) {
        struct workspace w;
        struct err err = {0};
        int rc = workspace_open(&w, argv[3], 1, &err);
        return rc || host_process(&w, &err) ? 1 : 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spawned_host_is_on_its_own),
        cmocka_unit_test(a_second_host_is_told_who_is_first),
        cmocka_unit_test(of_hosts_that_race_one_wins),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(lines_are_lines_however_they_come),
        cmocka_unit_test(a_killed_host_loses_nothing),
        cmocka_unit_test(a_long_path_has_a_socket_too),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
