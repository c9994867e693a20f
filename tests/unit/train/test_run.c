/* Runs are functions of their configuration: threads, memory, stops, pauses and watchers change
 * no bit of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/base/clock.h"
#include "src/train/checkpoint.h"
#include "tests/unit/train/rig.h"

static struct rig one, two;

static void run(struct rig *r, const char *resume, int want)
{
    struct err err = {0, ""};
    int rc = rig_run(r, resume, &err);
    if (rc != want)
        fail_msg("run_train gave %d: %s", rc, err.text);
}

static double value_of(const struct rig *r, int64_t step, int id)
{
    for (int i = 0; i < r->nrows; i++)
        if (r->row[i].step == step && r->row[i].id == id)
            return r->row[i].value;
    fail_msg("no %s at step %lld", metric_name(id), (long long)step);
    return 0;
}

static int has(const struct rig *r, int64_t step, int id)
{
    for (int i = 0; i < r->nrows; i++)
        if (r->row[i].step == step && r->row[i].id == id)
            return 1;
    return 0;
}

static void threads_and_memory_change_nothing(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL, 0);
    rig_new(&two, OBJ_ELECTRA);
    rig_set(&two, "threads", "1");
    rig_set(&two, "micro_batch", "2");
    run(&two, NULL, 0);
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
    rig_new(&two, OBJ_ELECTRA);
    rig_set(&two, "threads", "3");
    run(&two, NULL, 0);
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
}

static void another_seed_is_another_run(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL, 0);
    rig_new(&two, OBJ_ELECTRA);
    rig_set(&two, "seed", "2");
    run(&two, NULL, 0);
    assert_true(value_of(&one, 20, METRIC_total_loss) != value_of(&two, 20, METRIC_total_loss));
}

static void what_is_due_comes_at_its_steps(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL, 0);
    for (int s = 1; s <= 20; s++) {
        assert_true(has(&one, s, METRIC_grad_norm));
        assert_int_equal(has(&one, s, METRIC_VAL + METRIC_rtd_auc_common), s == 1 || s % 5 == 0);
        assert_true(value_of(&one, s, METRIC_seq_len) == (s <= 9 ? 8 : 16));
        assert_true(value_of(&one, s, METRIC_flops) > 0);
    }
    assert_true(value_of(&one, 1, METRIC_learning_rate) == 0);
    assert_true(value_of(&one, 4, METRIC_learning_rate) == 2e-3 * (1 - 3.0 / 20));
    assert_int_equal(one.nsnapshot, 16 * 5); /* steps 1, 6, 12, 18, 20 */
    assert_int_equal(one.nprobe, 2 * 5);
    assert_int_equal(one.ncheckpoints, 3); /* 8, 16, 20 */
    assert_true(one.best >= 8);
    assert_int_equal(one.states[0], RUN_PREPARING);
    assert_int_equal(one.states[1], RUN_RUNNING);
    assert_int_equal(one.states[2], RUN_DONE);
    double skill = value_of(&one, 20, METRIC_disc_skill), p = value_of(&one, 20, METRIC_fake_share);
    double h = -p * log(p) - (1 - p) * log(1 - p);
    assert_true(fabs(skill - (1 - value_of(&one, 20, METRIC_disc_loss) / h)) < 1e-9);
}

/* Masks and samples of the first probe at each snapshot, as they came. */
struct probe_seen { int n; int32_t masked[8][16], sampled[8][16]; };

static void keep_probe(void *ud, const struct event *e)
{
    struct probe_seen *p = ud;
    if (e->kind != EVENT_TOKENS || e->source != TOKENS_PROBE || e->seq->sentence != 0)
        return;
    assert_true(p->n < 8 && e->seq->n <= 16);
    for (int i = 0; i < e->seq->n; i++) {
        p->masked[p->n][i] = e->seq->rows[i].chosen ? -1 : e->seq->rows[i].masked;
        p->sampled[p->n][i] = e->seq->rows[i].sampled;
    }
    p->n++;
}

/* At every snapshot of every run a probe has the same masks; while the weights stand still the same noise
 * draws the same samples. */
static void probes_keep_their_masks_and_noise(void **state)
{
    static struct probe_seen still, moving;
    int masks = 0, differ = 0;
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    rig_set(&one, "learning_rate", "0");
    one.each = keep_probe, one.ud = &still;
    run(&one, NULL, 0);
    rig_new(&two, OBJ_ELECTRA);
    rig_set(&two, "seed", "7");
    two.each = keep_probe, two.ud = &moving;
    run(&two, NULL, 0);
    assert_int_equal(still.n, 5);
    assert_int_equal(moving.n, 5);
    for (int k = 0; k < 5; k++) {
        assert_memory_equal(still.masked[k], still.masked[0], sizeof still.masked[0]);
        assert_memory_equal(moving.masked[k], still.masked[0], sizeof still.masked[0]);
        assert_memory_equal(still.sampled[k], still.sampled[0], sizeof still.sampled[0]);
        differ |= memcmp(moving.sampled[k], still.sampled[0], sizeof still.sampled[0]) != 0;
    }
    for (int i = 0; i < 16; i++)
        masks += still.masked[0][i] == -1;
    assert_true(masks > 0);
    assert_true(differ); /* other weights, other samples: they are drawn anew */
}

static void fewer_steps_are_logged_after_the_hundredth(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    rig_set(&one, "steps", "125");
    rig_set(&one, "eval_every", "125");
    rig_set(&one, "snapshot_every", "125");
    rig_set(&one, "checkpoint_every", "125");
    run(&one, NULL, 0);
    assert_true(has(&one, 100, METRIC_total_loss) && !has(&one, 101, METRIC_total_loss));
    assert_true(has(&one, 110, METRIC_total_loss) && has(&one, 125, METRIC_total_loss));
}

/* Stopped twice, on both sides of the stage's and the phase's boundary. */
static void stopped_and_resumed(int objective)
{
    rig_new(&one, objective);
    run(&one, NULL, 0);
    rig_new(&two, objective);
    two.stop_at = 7;
    run(&two, NULL, E_STOPPED);
    assert_int_equal(two.states[2], RUN_STOPPING);
    assert_int_equal(two.states[3], RUN_STOPPED);
    two.stop_at = 13;
    rig_set(&two, "threads", "1");
    run(&two, rig_path(&two, 7), E_STOPPED);
    two.stop_at = 0;
    run(&two, rig_path(&two, 13), 0);
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
}

static void every_objective_resumes_exactly(void **state)
{
    (void)state;
    for (int o = OBJ_ELECTRA; o <= OBJ_ADVERSARIAL; o++)
        stopped_and_resumed(o);
}

static void two_stage_resumes_at_its_boundary(void **state)
{
    (void)state;
    rig_new(&one, OBJ_TWO_STAGE);
    run(&one, NULL, 0);
    assert_true(!has(&one, 10, METRIC_disc_loss) && has(&one, 11, METRIC_disc_loss));
    assert_true(value_of(&one, 11, METRIC_learning_rate) == 0);
    rig_new(&two, OBJ_TWO_STAGE);
    two.stop_at = 10;
    run(&two, NULL, E_STOPPED);
    two.stop_at = 0;
    run(&two, rig_path(&two, 10), 0);
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
}

static void other_generators_and_ties_run(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"generator", "unigram"}, {"generator", "uniform"}, {"tie", "none"}, {"pack", "document"},
        {"tie", "word_pos"}, {"masking", "faithful"}, {"output_bias_init", "unigram"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        rig_new(&one, OBJ_ELECTRA);
        rig_set(&one, cases[i][0], cases[i][1]);
        run(&one, NULL, 0);
        rig_new(&two, OBJ_ELECTRA);
        rig_set(&two, cases[i][0], cases[i][1]);
        two.stop_at = 12;
        run(&two, NULL, E_STOPPED);
        two.stop_at = 0;
        run(&two, rig_path(&two, 12), 0);
        rig_same_rows(&one, &two);
    }
}

static void watchers_change_nothing(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL, 0);
    rig_new(&two, OBJ_ELECTRA);
    atomic_store(&two.control.watch_until, clock_now() + 1000);
    atomic_store(&two.control.checkpoint, 1);
    run(&two, NULL, 0);
    assert_true(two.nlive >= 8 && one.nlive == 0);
    assert_int_equal(two.ncheckpoints, one.ncheckpoints + 1);
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
}

static int64_t tuned[8];
static int ntuned, cut_short;

/* Fine-tuning that is stopped in its midst the first time it comes to step 9. */
static int fake_tune(void *ud, int64_t step, const char *checkpoint, double *score, struct err *err)
{
    struct rig *r = ud;
    struct checkpoint_state s;
    assert_int_equal(checkpoint_read_state(checkpoint, &s, err), 0);
    assert_int_equal(s.step, step);
    assert_true(ntuned < 8);
    tuned[ntuned++] = step;
    if (step == 9 && !cut_short++) {
        atomic_store(&r->control.ask, ASK_STOP);
        return err_set(err, E_STOPPED, "stopped");
    }
    *score = 50 + (double)step;
    return step == 4 ? err_set(err, E_INPUT, "no such file") : 0;
}

static void fine_tuning_on_the_way_changes_nothing(void **state)
{
    (void)state;
    static const int64_t steps[] = {4, 9, 9, 20};
    int kept = 0;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL, 0);
    rig_new(&two, OBJ_ELECTRA);
    rig_set(&two, "probe_tasks", "cola");
    rig_set(&two, "probe_data", "data");
    rig_set(&two, "probe_steps", "4,9");
    two.tune = fake_tune;
    ntuned = cut_short = 0;
    run(&two, NULL, E_STOPPED);
    run(&two, rig_path(&two, 9), 0);
    assert_int_equal(ntuned, 4);
    assert_memory_equal(tuned, steps, sizeof steps);
    assert_false(has(&two, 4, METRIC_probe_score)); /* it failed: said, and the run went on */
    assert_non_null(strstr(two.message, "no such file"));
    assert_true(value_of(&two, 9, METRIC_probe_score) == 59);
    assert_true(value_of(&two, 20, METRIC_probe_score) == 70);
    for (int i = 0; i < two.nrows; i++)
        if (two.row[i].id != METRIC_probe_score)
            two.row[kept++] = two.row[i];
    two.nrows = kept;
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
}

static void a_kill_leaves_at_once(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    one.stop_at = 3;
    one.ask = ASK_KILL;
    run(&one, NULL, E_STOPPED);
    assert_int_equal(one.ncheckpoints, 0);
    assert_false(has(&one, 4, METRIC_total_loss));
}

static void refused(struct rig *r, const char *resume, const char *text)
{
    struct err err = {0, ""};
    assert_true(rig_run(r, resume, &err) < 0);
    if (!strstr(err.text, text))
        fail_msg("'%s' does not say '%s'", err.text, text);
    assert_int_equal(r->states[(r->nstates - 1) % 64], RUN_FAILED);
}

static void a_run_goes_on_as_itself_only(void **state)
{
    (void)state;
    rig_new(&one, OBJ_ELECTRA);
    one.stop_at = 7;
    run(&one, NULL, E_STOPPED);
    rig_set(&one, "learning_rate", "1e-3");
    refused(&one, rig_path(&one, 7), "learning_rate was '0.002'");
    rig_new(&two, OBJ_ELECTRA);
    rig_set(&two, "seq_stages", "");
    rig_set(&two, "seq", "256");
    rig_set(&two, "max_positions", "256");
    refused(&two, NULL, "--validation");
}

static void a_loss_that_is_not_finite_stops_the_run(void **state)
{
    (void)state;
    struct err err = {0, ""};
    rig_new(&one, OBJ_ELECTRA);
    rig_set(&one, "steps", "60");
    rig_set(&one, "learning_rate", "10");
    rig_set(&one, "weight_decay", "10"); /* every update multiplies the weights by -99 */
    rig_set(&one, "lr_decay_power", "0");
    rig_set(&one, "warmup_steps", "0");
    rig_set(&one, "keep_checkpoints", "50");
    rig_set(&one, "checkpoint_every", "1");
    assert_int_equal(rig_run(&one, NULL, &err), E_FAIL);
    assert_non_null(strstr(err.text, "not finite"));
    int64_t last = one.row[one.nrows - 1].step, newest = 0;
    char path[4096];
    assert_true(last > 1 && last < 60);
    assert_int_equal(checkpoint_newest(one.dir, path, sizeof path, &newest, NULL), 0);
    assert_true(newest == last - 1 || newest == last - 2); /* the former's weights may overflow */
    rig_set(&one, "on_nan", "warn");
    one.nmessages = 0;
    run(&one, path, 0);
    assert_true(one.nmessages > 0);
    assert_true(has(&one, 60, METRIC_total_loss));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_and_memory_change_nothing),
        cmocka_unit_test(another_seed_is_another_run),
        cmocka_unit_test(what_is_due_comes_at_its_steps),
        cmocka_unit_test(probes_keep_their_masks_and_noise),
        cmocka_unit_test(fewer_steps_are_logged_after_the_hundredth),
        cmocka_unit_test(every_objective_resumes_exactly),
        cmocka_unit_test(two_stage_resumes_at_its_boundary),
        cmocka_unit_test(other_generators_and_ties_run),
        cmocka_unit_test(watchers_change_nothing),
        cmocka_unit_test(fine_tuning_on_the_way_changes_nothing),
        cmocka_unit_test(a_kill_leaves_at_once),
        cmocka_unit_test(a_run_goes_on_as_itself_only),
        cmocka_unit_test(a_loss_that_is_not_finite_stops_the_run),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
