/* The health rules: each fires where it should and nowhere else; what they remember passes through
 * a checkpoint; and what they do to a run. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/base/str.h"
#include "src/train/checkpoint.h"
#include "src/train/health.h"
#include "tests/unit/train/rig.h"

static struct rig one, two;
static struct health h;
static struct health_finding found[HEALTH_RULES];

/* A healthy step of a joint run: losses with a little noise, context learnt, half the fakes found. */
static struct losses healthy(int64_t step)
{
    return (struct losses){.total = 20 + 0.5 * sin((double)step), .gen_weight = 100, .gen_sum = 250,
                           .masked_n = 85, .masked_sum = 220, .unigram_sum = 500, .fake_n = 240, .tp = 120,
                           .fp = 40, .fn = 120, .tn = 3200, .finite = 1};
}

static int feed(const struct config *c, int64_t step, const struct losses *l)
{
    struct health_step s = {.config = c, .losses = l, .step = step, .first = 0, .steps = c->steps,
                            .tokens = step * c->batch * c->seq};
    return health_step(&h, &s, found);
}

static struct config config(int objective)
{
    struct config c;
    config_default(&c);
    c.objective = objective;
    c.steps = 4000; /* blocks of 200, horizon 1,000 */
    return c;
}

static void a_healthy_run_is_left_alone(void **state)
{
    (void)state;
    struct config c = config(OBJ_ELECTRA);
    health_init(&h);
    for (int64_t s = 1; s <= 4000; s++) {
        struct losses l = healthy(s);
        assert_int_equal(feed(&c, s, &l), 0);
    }
}

static void a_spike_is_said_once_with_the_checkpoint_before(void **state)
{
    (void)state;
    struct config c = config(OBJ_ELECTRA);
    c.on_spike = HEALTH_PAUSE;
    health_init(&h);
    for (int64_t s = 1; s <= 700; s++) {
        struct losses l = healthy(s);
        if (s == 100 || (s >= 431 && s < 440)) /* at 100 the window is not full */
            l.total = 24;
        if (s == 400)
            h.good = 400;
        int n = feed(&c, s, &l);
        assert_int_equal(n, s == 431);
        if (n) {
            assert_int_equal(found[0].rule, HEALTH_SPIKE);
            assert_int_equal(found[0].policy, HEALTH_PAUSE);
            assert_non_null(strstr(found[0].text, "spike at step 431"));
            assert_non_null(strstr(found[0].text, "checkpoint of step 400 is from before it and good"));
        }
    }
}

static void a_smaller_jump_is_no_spike(void **state)
{
    (void)state;
    struct config c = config(OBJ_ELECTRA);
    double sd = 0.5 / sqrt(2); /* of the sine */
    health_init(&h);
    for (int64_t s = 1; s <= 300; s++) {
        struct losses l = healthy(s);
        l.total = s == 250 ? 20 + 5.8 * sd : s == 290 ? 20 + 6.6 * sd : l.total;
        assert_int_equal(feed(&c, s, &l), s == 290);
    }
    health_init(&h); /* a flat loss: a hair above is none */
    for (int64_t s = 1; s <= 300; s++) {
        struct losses l = healthy(s);
        l.total = s == 250 ? 20.1 : s == 290 ? 20.3 : 20;
        assert_int_equal(feed(&c, s, &l), s == 290);
    }
}

/* Steps at which a rule fires when `change` makes every step sick. */
static int64_t first_found(const struct config *c, void (*change)(struct losses *l), int64_t until, int rule)
{
    int64_t at = 0;
    health_init(&h);
    for (int64_t s = 1; s <= until; s++) {
        struct losses l = healthy(s);
        change(&l);
        int n = feed(c, s, &l);
        assert_true(n <= 1);
        if (!n)
            continue;
        assert_int_equal(found[0].rule, rule);
        assert_int_equal(at, 0); /* once */
        at = s;
    }
    return at;
}

static void nothing_found(struct losses *l)
{
    l->fn += l->tp;
    l->tp = 0;
}

static void frequencies_only(struct losses *l)
{
    l->masked_sum = l->unigram_sum - 0.01 * l->masked_n;
}

static void by_heart(struct losses *l)
{
    l->gen_sum = 0.1 * l->gen_weight;
}

static void learnt_by_bert(struct losses *l)
{
    l->main = 0.1;
    l->gen_weight = l->gen_sum = 0;
}

static void slow_rules_wait_for_the_horizon(void **state)
{
    (void)state;
    struct config c = config(OBJ_ELECTRA);
    assert_int_equal(first_found(&c, nothing_found, 4000, HEALTH_ALL_ORIGINAL), 2400); /* as healthy runs do */
    c.disc_weight = .02; /* sooner where there is a cause */
    assert_int_equal(first_found(&c, nothing_found, 4000, HEALTH_ALL_ORIGINAL), 1000);
    c.disc_weight = 50;
    assert_int_equal(first_found(&c, frequencies_only, 4000, HEALTH_GENERATOR_STUCK), 1200);
    assert_int_equal(first_found(&c, by_heart, 4000, HEALTH_NEAR_ZERO), 200);
    c.steps = 1000000; /* 10,000 steps at most */
    assert_int_equal(first_found(&c, nothing_found, 20000, HEALTH_ALL_ORIGINAL), 10000);
    c.batch = c.seq = 8; /* few tokens: 500,000 after 7,813 steps */
    c.steps = 20000;
    assert_int_equal(first_found(&c, frequencies_only, 20000, HEALTH_GENERATOR_STUCK), 8000);
    c.learning_rate = 1e-6;
    assert_int_equal(first_found(&c, frequencies_only, 20000, HEALTH_GENERATOR_STUCK), 5200);
    c = config(OBJ_ELECTRA);
    c.disc_weight = 50, c.steps = 900; /* too short to tell */
    assert_int_equal(first_found(&c, nothing_found, 900, HEALTH_ALL_ORIGINAL), 0);
}

static void nothing_learnt(struct losses *l)
{
    nothing_found(l);
    frequencies_only(l);
}

/* What the diagnosis on the screens calls expected for now raises no alarm. */
static void rules_agree_with_the_diagnosis(void **state)
{
    (void)state;
    struct config c = config(OBJ_ELECTRA);
    c.disc_weight = 50, c.steps = 450; /* seconds, though of a million tokens */
    assert_int_equal(first_found(&c, frequencies_only, 450, HEALTH_GENERATOR_STUCK), 0);
    c.steps = 4000; /* the generator first: no word of the discriminator */
    assert_int_equal(first_found(&c, nothing_learnt, 4000, HEALTH_GENERATOR_STUCK), 1200);
    strcpy(c.seq_stages, "8:0.29,128"); /* longer sequences since step 1,160 */
    assert_int_equal(first_found(&c, frequencies_only, 4000, HEALTH_GENERATOR_STUCK), 1600);
}

static void rules_keep_to_what_is_trained(void **state)
{
    (void)state;
    struct config c = config(OBJ_REPLACE_MLM);
    assert_int_equal(first_found(&c, nothing_found, 4000, 0), 0);
    c = config(OBJ_ADVERSARIAL);
    assert_int_equal(first_found(&c, frequencies_only, 4000, 0), 0);
    c = config(OBJ_TWO_STAGE); /* first phase */
    assert_int_equal(first_found(&c, nothing_found, 4000, 0), 0);
    c = config(OBJ_BERT_MLM);
    assert_int_equal(first_found(&c, learnt_by_bert, 4000, HEALTH_NEAR_ZERO), 200);
    c = config(OBJ_ELECTRA);
    c.generator = GEN_UNIGRAM;
    assert_int_equal(first_found(&c, frequencies_only, 4000, 0), 0);
}

static void a_rule_is_said_again_after_health(void **state)
{
    (void)state;
    struct config c = config(OBJ_ELECTRA);
    int said = 0;
    health_init(&h);
    for (int64_t s = 1; s <= 4000; s++) {
        struct losses l = healthy(s);
        if (s <= 2600 || s > 3000)
            nothing_found(&l);
        if (feed(&c, s, &l)) {
            said++;
            assert_true(s == 2400 || s == 3200);
        }
    }
    assert_int_equal(said, 2);
}

static void it_passes_through_text(void **state)
{
    (void)state;
    struct config c = config(OBJ_ELECTRA);
    struct health kept;
    struct str text;
    str_init(&text);
    health_init(&h);
    for (int64_t s = 1; s <= 333; s++) {
        struct losses l = healthy(s);
        l.total /= 3;
        feed(&c, s, &l);
    }
    h.good = 300;
    health_write(&h, &text);
    memset(&kept, 1, sizeof kept);
    assert_int_equal(health_read(&kept, str_get(&text)), 0);
    assert_memory_equal(&kept, &h, sizeof h);
    static const char *const bad[] = {"", "1 2 3", "1 0 999 0 0 0 0 0 0 0 0 0 ", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(health_read(&kept, bad[i]) < 0);
    str_free(&text);
}

/* --- in a run ------------------------------------------------------------------------------- */

struct told {
    int n;
    int64_t step[16];
    char text[16][512];
};
static struct told told[2];

static void keep_warnings(void *ud, const struct event *e)
{
    struct told *t = ud;
    if (e->kind != EVENT_MESSAGE || !strstr(e->text, "knows word frequencies, no more"))
        return;
    assert_true(t->n < 16);
    t->step[t->n] = e->step;
    strcpy(t->text[t->n++], e->text);
}

/* A learning rate of zero: the generator cannot learn. Blocks of 12 steps, horizon 100. */
static void no_rate(struct rig *r, struct told *t)
{
    rig_new(r, OBJ_ELECTRA);
    rig_set(r, "steps", "240");
    rig_set(r, "checkpoint_every", "100");
    rig_set(r, "log_every", "1");
    rig_set(r, "eval_every", "120");
    rig_set(r, "learning_rate", "0");
    rig_set(r, "seq_stages", "");
    memset(t, 0, sizeof *t);
    r->each = keep_warnings;
    r->ud = t;
}

static void a_resumed_run_says_the_same(void **state)
{
    (void)state;
    struct err err = {0, ""};
    no_rate(&one, &told[0]);
    assert_int_equal(rig_run(&one, NULL, &err), 0);
    assert_int_equal(told[0].n, 1);
    assert_int_equal(told[0].step[0], 108);
    no_rate(&two, &told[1]);
    two.stop_at = 103; /* in the middle of a block */
    assert_int_equal(rig_run(&two, NULL, &err), E_STOPPED);
    assert_int_equal(told[1].n, 0);
    two.stop_at = 130;
    assert_int_equal(rig_run(&two, rig_path(&two, 103), &err), E_STOPPED);
    two.stop_at = 0;
    assert_int_equal(rig_run(&two, rig_path(&two, 130), &err), 0);
    assert_int_equal(told[1].n, 1);
    assert_int_equal(told[1].step[0], 108);
    assert_string_equal(told[0].text[0], told[1].text[0]);
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 240), rig_path(&two, 240));
}

static void stop_keeps_what_there_is(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct checkpoint_state s;
    no_rate(&one, &told[0]);
    assert_int_equal(rig_run(&one, NULL, &err), 0);
    no_rate(&two, &told[1]);
    rig_set(&two, "on_generator_stuck", "stop");
    assert_int_equal(rig_run(&two, NULL, &err), E_FAIL);
    assert_non_null(strstr(err.text, "knows word frequencies, no more"));
    assert_non_null(strstr(err.text, "the newest checkpoint is of step 100"));
    assert_int_equal(checkpoint_read_state(rig_path(&two, 108), &s, &err), 0);
    assert_int_equal(s.step, 108);
    assert_int_equal(checkpoint_verify(rig_path(&two, 100), &err), 0);
    /* and it can be gone on with: what was said is not said again */
    assert_int_equal(rig_run(&two, rig_path(&two, 108), &err), 0);
    rig_same_rows(&one, &two);
}

static void go_on(void *ud, const struct event *e)
{
    struct rig *r = ud;
    if (e->kind == EVENT_STATE && e->state == RUN_PAUSED)
        atomic_store(&r->control.ask, ASK_RUN);
}

static void pause_waits_for_somebody(void **state)
{
    (void)state;
    struct err err = {0, ""};
    no_rate(&one, &told[0]);
    assert_int_equal(rig_run(&one, NULL, &err), 0);
    no_rate(&two, &told[1]);
    rig_set(&two, "on_generator_stuck", "pause");
    two.each = go_on;
    two.ud = &two;
    assert_int_equal(rig_run(&two, NULL, &err), 0);
    int paused = 0;
    for (int i = 0; i < two.nstates; i++)
        paused += two.states[i] == RUN_PAUSED;
    assert_int_equal(paused, 1);
    rig_same_rows(&one, &two);
    rig_same_tensors(rig_path(&one, 240), rig_path(&two, 240));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_run_is_left_alone),
        cmocka_unit_test(a_spike_is_said_once_with_the_checkpoint_before),
        cmocka_unit_test(a_smaller_jump_is_no_spike),
        cmocka_unit_test(slow_rules_wait_for_the_horizon),
        cmocka_unit_test(rules_agree_with_the_diagnosis),
        cmocka_unit_test(rules_keep_to_what_is_trained),
        cmocka_unit_test(a_rule_is_said_again_after_health),
        cmocka_unit_test(it_passes_through_text),
        cmocka_unit_test(a_resumed_run_says_the_same),
        cmocka_unit_test(stop_keeps_what_there_is),
        cmocka_unit_test(pause_waits_for_somebody),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
