/* Branches: what may change, and that a branch goes on from the checkpoint it was given, whatever
 * becomes of its parent and of the host. And a step again, held against the store. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/again.h"
#include "experiments/branch.h"
#include "experiments/edit.h"
#include "experiments/host.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/train/checkpoint.h"
#include "tests/unit/experiments/host_rig.h"

static struct rig rig;
static struct query_run run;
static int64_t parent;

static void config_of_parent(struct config *c)
{
    rig_config(&rig, c, 12);
    c->checkpoint_every = 4;
    c->keep_checkpoints = 10;
}

static int setup(void **state)
{
    (void)state;
    return rig_open(&rig, "test_branch");
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void refuses(const char *field, const char *value, const char *says)
{
    struct config was, now;
    struct err err = {0};
    config_of_parent(&was);
    assert_int_equal(config_resolve(&was, &err), 0);
    now = was;
    assert_int_equal(config_set(&now, field, value, &err), 0);
    assert_int_equal(config_resolve(&now, &err), 0);
    int rc = branch_check(&was, &now, 4, &err);
    assert_int_equal(rc, says ? E_USAGE : 0);
    if (says && !strstr(err.text, says))
        fail_msg("'%s' does not say '%s'", err.text, says);
}

static void what_makes_shapes_stays(void **state)
{
    (void)state;
    refuses("learning_rate", "1e-4", NULL);
    refuses("skip_batches", "5-9", NULL);
    refuses("objective", "electra15", NULL);
    refuses("threads", "1", NULL);
    refuses("dropout", "0", NULL);
    refuses("steps", "5", NULL);
    refuses("layers", "3", "layers");
    refuses("tie", "none", "tie");
    refuses("corpus", "other", "corpus");
    refuses("init", "fan_in", "how a run begins");
    refuses("objective", "replace_mlm", "objective");
    refuses("steps", "4", "done by step 4");
}

static int64_t branch(int64_t step, const char *name, const char *field, const char *value, int want)
{
    struct config c;
    struct err err = {0};
    int64_t id = 0;
    assert_int_equal(rig_run(&rig, parent, &run), 0);
    c = run.config;
    snprintf(c.name, sizeof c.name, "%s", name);
    if (field)
        assert_int_equal(config_set(&c, field, value, &err), 0);
    int rc = host_client_branch(&rig.w, parent, step, &c, 0, &id, &err);
    if (rc != want)
        fail_msg("branch gave %d: %s", rc, err.text);
    return id;
}

static void a_branch_goes_on_from_its_checkpoint(void **state)
{
    (void)state;
    struct host_rig h;
    struct config c;
    struct err err = {0};
    int64_t from, step;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    config_of_parent(&c);
    assert_int_equal(host_client_submit(&rig.w, &c, 0, &parent, &err), 0);
    assert_int_equal(rig_wait(&rig, parent, RUN_DONE, 0), 0);
    int64_t same = branch(4, "same", NULL, NULL, 0), other = branch(8, "other", "learning_rate", "1e-4", 0);
    branch(5, "none", NULL, NULL, E_NOTFOUND);
    branch(4, "wide", "layers", "3", E_USAGE);
    assert_int_equal(rig_wait(&rig, same, RUN_DONE, 0), 0);
    assert_int_equal(rig_wait(&rig, other, RUN_DONE, 0), 0);
    rig_same_weights(&rig, parent, same, 12); /* nothing changed: the same run */
    assert_int_equal(rig_run(&rig, same, &run), 0);
    assert_int_equal(run.parent, parent);
    assert_true(branch_origin(&rig.w, same, &from, &step) && from == parent && step == 4);
    assert_false(branch_origin(&rig.w, parent, &from, &step));
    assert_int_equal(rig_run(&rig, other, &run), 0);
    assert_true(run.config.learning_rate == 1e-4 && run.state == RUN_DONE);
    assert_int_equal(host_rig_end(&h), 0);
}

/* Killed before it has a checkpoint of its own, its parent deleted meanwhile. */
static void a_branch_outlives_host_and_parent(void **state)
{
    (void)state;
    struct host_rig h;
    struct err err = {0};
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t twin = branch(4, "twin", "steps", "120", 0);
    assert_int_equal(rig_wait(&rig, twin, RUN_DONE, 0), 0);
    int64_t id = branch(4, "killed", "steps", "120", 0);
    assert_int_equal(rig_wait(&rig, id, -1, 6), 0);
    assert_int_equal(host_client_op(&rig.w, "kill", id, 0, &err), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_STOPPED, 0), 0);
    assert_int_equal(edit_run(&rig.w, "delete", parent, NULL, &err), 0);
    char path[1400];
    snprintf(path, sizeof path, "%s/%lld/4", rig.w.checkpoints, (long long)id);
    assert_int_equal(checkpoint_verify(path, &err), 0);
    assert_int_equal(host_client_op(&rig.w, "resume", id, 0, &err), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    rig_same_metrics(&rig, twin, id);
    rig_same_weights(&rig, twin, id, 120);
    assert_int_equal(host_rig_end(&h), 0);
}

static void a_step_again_is_the_same(void **state)
{
    (void)state;
    struct again a;
    struct err err = {0};
    struct query *q = query_open(rig.w.db, &err);
    assert_non_null(q);
    assert_int_equal(query_run_find(q, "killed", &run, &err), 0);
    query_close(q);
    int64_t step = run.config.steps; /* 120 is logged, 117 is not */
    assert_int_equal(again_step(&rig.w, &run, step - 3, NULL, NULL, &a, &err), 0);
    assert_true(!a.logged && a.last == step && a.values > 10);
    again_free(&a);
    assert_int_equal(again_step(&rig.w, &run, step, NULL, NULL, &a, &err), 0);
    assert_true(a.logged && a.replay.nsequences == run.config.batch);
    again_free(&a);
    assert_int_equal(again_step(&rig.w, &run, 3, NULL, NULL, &a, &err), E_INPUT);
    assert_non_null(strstr(err.text, "its parent's"));
    again_free(&a);
    /* other kernels round otherwise: the first number that differs is named */
    if (strcmp(run.kernel, "portable")) {
        strcpy(run.kernel, "portable");
        assert_int_equal(again_step(&rig.w, &run, step - 1, NULL, NULL, &a, &err), E_INPUT);
        assert_non_null(strstr(err.text, "is not the same: total_loss was"));
        again_free(&a);
    }
    run.corpus_hash ^= 1;
    assert_int_equal(again_step(&rig.w, &run, step, NULL, NULL, &a, &err), E_INPUT);
    assert_non_null(strstr(err.text, "corpus"));
    again_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_shapes_stays),
        cmocka_unit_test_teardown(a_branch_goes_on_from_its_checkpoint, host_rig_clean),
        cmocka_unit_test_teardown(a_branch_outlives_host_and_parent, host_rig_clean),
        cmocka_unit_test(a_step_again_is_the_same),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
