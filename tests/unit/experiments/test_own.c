/* Own sentences: by a run at work, by its checkpoints, by a checkpoint from elsewhere; filled in;
 * asked in the background. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/client.h"
#include "experiments/host.h"
#include "experiments/later.h"
#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/experiments/host_rig.h"

static struct rig rig;
static struct query_run run;

static int setup(void **state)
{
    (void)state;
    return rig_open(&rig, "test_own");
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static int64_t submit(int steps, int every)
{
    struct config c;
    struct err err = {0};
    int64_t id = 0;
    rig_config(&rig, &c, steps);
    c.checkpoint_every = every;
    c.keep_checkpoints = 10;
    c.micro_batch = 1; /* sentences are answered within steps too */
    if (host_client_submit(&rig.w, &c, 0, &id, &err))
        fail_msg("%s", err.text);
    return id;
}

/* more: further members of the request, as JSON without braces. */
static json_t *score(int64_t id, const char *text, const char *more, int code)
{
    char line[4096];
    struct err err = {0};
    json_t *answer = NULL;
    snprintf(line, sizeof line, "{\"v\":1,\"op\":\"score\",\"run\":%lld,\"text\":\"%s\"%s%s}", (long long)id,
             text, *more ? "," : "", more);
    int rc = client_ask(&rig.w, json_loads(line, 0, NULL), &answer, &err);
    if (rc != code)
        fail_msg("%s: %d, %s", line, rc, err.text);
    return answer;
}

static int64_t number(json_t *answer, const char *key)
{
    return json_integer_value(json_object_get(answer, key));
}

/* Reads one own sentence; returns its number of tokens, 0: it is not there. */
static int tokens_of(int64_t id, int64_t step, int sentence, struct token_row *out, int max)
{
    struct query *q = query_open(rig.w.db, NULL);
    struct token_seq **seq;
    struct arena a;
    int n = 0, found = 0;
    arena_init(&a);
    int all = query_tokens(q, id, TOKENS_USER, step, &a, &seq, NULL, NULL, NULL);
    for (int i = 0; i < all; i++) {
        if (seq[i]->sentence != sentence)
            continue;
        n = seq[i]->n;
        found++;
        memcpy(out, seq[i]->rows, (size_t)(n < max ? n : max) * sizeof *out);
    }
    assert_true(found <= 1);
    arena_free(&a);
    query_close(q);
    return n;
}

static int has_checkpoint(int64_t id)
{
    assert_int_equal(rig_run(&rig, id, &run), 0);
    return run.checkpoint[0] != 0;
}

/* No checkpoint is needed, the weights are those of the step at hand, and no bit of the run moves. */
static void a_run_at_work_answers_itself(void **state)
{
    (void)state;
    enum { STEPS = 400 };
    struct host_rig h;
    struct token_row row[64];
    assert_int_equal(host_rig_start(&h, &rig, 2), 0);
    int64_t id = submit(STEPS, STEPS), twin = submit(STEPS, STEPS);
    assert_int_equal(rig_wait(&rig, id, -1, 1), 0);
    assert_int_equal(host_client_op(&rig.w, "pause", id, 0, NULL), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_PAUSED, 0), 0);
    assert_int_equal(rig_run(&rig, id, &run), 0);
    json_t *one = score(id, "waa wab wac", "\"live\":true,\"seed\":3,\"positions\":[2]", 0);
    assert_true(json_is_true(json_object_get(one, "live")));
    int64_t step = number(one, "step");
    assert_true(step > 0 && step < STEPS && step >= run.step);
    assert_false(has_checkpoint(id));
    int sentence = (int)number(one, "sentence");
    assert_int_equal(tokens_of(id, step, sentence, row, 64), 5);
    assert_true(row[2].chosen && !row[1].chosen && !row[3].chosen);
    /* the same number: its rows are replaced; an empty list masks nothing */
    char more[100];
    snprintf(more, sizeof more, "\"live\":true,\"sentence\":%d,\"positions\":[]", sentence);
    json_t *two = score(id, "waa wab wac", more, 0);
    assert_int_equal(number(two, "sentence"), sentence);
    assert_int_equal(tokens_of(id, step, sentence, row, 64), 5);
    assert_true(!row[1].chosen && !row[2].chosen && !row[3].chosen);
    score(id, "waa wab", "\"live\":true,\"positions\":[9]", E_USAGE);
    score(id, "", "\"live\":true", E_USAGE);
    assert_int_equal(host_client_op(&rig.w, "resume", id, 0, NULL), 0);
    for (int i = 0; i < 5; i++)
        json_decref(score(id, "waa wab wac", "\"live\":true", 0));
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    assert_int_equal(rig_wait(&rig, twin, RUN_DONE, 0), 0);
    json_t *done = score(id, "waa wab wac", "\"live\":true", 0); /* over: its last checkpoint */
    assert_true(json_is_false(json_object_get(done, "live")));
    assert_int_equal(number(done, "step"), STEPS);
    json_decref(one);
    json_decref(two);
    json_decref(done);
    assert_int_equal(host_rig_end(&h), 0);
    rig_same_metrics(&rig, id, twin);
    rig_same_weights(&rig, id, twin, STEPS);
}

/* Live weights at the last step are those of its checkpoint: the same numbers to the bit. */
static void live_and_checkpoint_agree(void **state)
{
    (void)state;
    struct host_rig h;
    struct token_row live[64], saved[64];
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(2000, 2000);
    assert_int_equal(rig_wait(&rig, id, -1, 1), 0);
    assert_int_equal(host_client_op(&rig.w, "pause", id, 0, NULL), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_PAUSED, 0), 0);
    json_t *one = score(id, "waa wab wac wad", "\"live\":true,\"seed\":11,\"positions\":[1,3]", 0);
    int64_t step = number(one, "step");
    int n = tokens_of(id, step, (int)number(one, "sentence"), live, 64);
    json_t *two = score(id, "waa wab wac wad", "\"seed\":11,\"positions\":[1,3]", 0);
    assert_int_equal(number(two, "step"), step);
    assert_true(number(two, "sentence") > number(one, "sentence"));
    assert_int_equal(tokens_of(id, step, (int)number(two, "sentence"), saved, 64), n);
    for (int i = 0; i < n; i++) {
        assert_int_equal(live[i].sampled, saved[i].sampled);
        assert_true(live[i].disc_prob == saved[i].disc_prob);
    }
    json_decref(one);
    json_decref(two);
    assert_int_equal(host_client_op(&rig.w, "stop", id, 0, NULL), 0);
    assert_int_equal(rig_wait(&rig, id, RUN_STOPPED, 0), 0);
    assert_int_equal(host_rig_end(&h), 0);
}

static void any_checkpoint_can_be_asked(void **state)
{
    (void)state;
    struct host_rig h;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(30, 10);
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    json_t *old = score(id, "waa wab", "\"step\":10", 0), *new = score(id, "waa wab", "", 0);
    assert_int_equal(number(old, "step"), 10);
    assert_int_equal(number(new, "step"), 30);
    int64_t last = number(new, "sentence");
    score(id, "waa wab", "\"step\":11", E_NOTFOUND);
    json_decref(old);
    json_decref(new);
    assert_int_equal(host_rig_end(&h), 0);
    assert_int_equal(host_rig_start(&h, &rig, 1), 0); /* numbers go on in the next host */
    json_t *again = score(id, "waa wab", "", 0);
    assert_true(number(again, "sentence") > last);
    json_decref(again);
    assert_int_equal(host_rig_end(&h), 0);
}

static void masked_tokens_are_filled_in(void **state)
{
    (void)state;
    struct host_rig h;
    struct token_row row[64];
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(20, 20);
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    json_t *j = score(id, "waa [MASK] wac", "\"fill\":true,\"positions\":[1]", 0);
    json_t *fill = json_object_get(j, "fill");
    assert_int_equal(json_array_size(fill), 2);
    assert_int_equal(number(json_array_get(fill, 0), "at"), 1);
    assert_int_equal(number(json_array_get(fill, 1), "at"), 2);
    assert_int_equal(number(json_array_get(fill, 1), "original"), -1);
    json_t *tokens = json_object_get(json_array_get(fill, 1), "tokens");
    assert_true(json_array_size(tokens) > 3);
    double sum = 0, last = 2;
    for (size_t k = 0; k < json_array_size(tokens); k++) {
        json_t *t = json_array_get(tokens, k);
        double v = json_number_value(json_array_get(t, 3));
        assert_true(v <= last && v >= 0);
        assert_true(json_is_real(json_array_get(t, 2)));
        sum += v, last = v;
    }
    assert_true(sum > 0 && sum <= 1.0001);
    /* an open position has a sample and a probability, but neither outcome nor loss */
    assert_int_equal(tokens_of(id, 20, (int)number(j, "sentence"), row, 64), 5);
    assert_int_equal(row[2].original, row[2].masked);
    assert_true(row[2].chosen && !row[2].label && !row[2].same);
    assert_true(row[2].disc_prob >= 0 && row[2].disc_loss != row[2].disc_loss);
    json_decref(j);
    score(id, "waa wab", "\"fill\":true,\"positions\":[]", E_USAGE); /* nothing to fill in */
    assert_int_equal(host_rig_end(&h), 0);
}

/* Each token's log p is minus the generator's loss where that token alone is masked; no rows are written. */
static void a_sentence_has_its_pseudo_log_likelihood(void **state)
{
    (void)state;
    struct host_rig h;
    struct token_row row[8];
    const char *text = "waa wab wac wad";
    double sum = 0;
    int compared = 0;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    int64_t id = submit(30, 10);
    assert_int_equal(rig_wait(&rig, id, RUN_DONE, 0), 0);
    json_t *j = score(id, text, "\"pll\":true,\"live\":true", 0), *old = score(id, text, "\"pll\":true,\"step\":10", 0);
    json_t *tokens = json_object_get(j, "tokens");
    assert_int_equal(number(j, "step"), 30);
    assert_int_equal(number(old, "step"), 10);
    assert_null(json_object_get(j, "sentence"));
    assert_int_equal(tokens_of(id, 30, 1, row, 8), 0);
    assert_int_equal(json_array_size(tokens), 6);
    assert_true(json_is_null(json_array_get(tokens, 0)) && json_is_null(json_array_get(tokens, 5)));
    for (int i = 1; i <= 4; i++) {
        char more[64];
        double log_p = json_number_value(json_array_get(tokens, (size_t)i));
        snprintf(more, sizeof more, "\"positions\":[%d]", i);
        json_t *one = score(id, text, more, 0);
        assert_int_equal(tokens_of(id, 30, (int)number(one, "sentence"), row, 8), 6);
        json_decref(one);
        sum += log_p;
        if (row[i].masked == row[i].original) continue;
        compared++;
        assert_true(log_p < 0);
        assert_float_equal(log_p, -row[i].gen_loss, 1e-4);
    }
    assert_true(compared > 0);
    assert_float_equal(json_number_value(json_object_get(j, "gen")), sum, 1e-6);
    assert_true(json_number_value(json_object_get(j, "gen")) != json_number_value(json_object_get(old, "gen")));
    assert_true(json_number_value(json_object_get(j, "disc")) < 0);
    json_decref(j);
    json_decref(old);
    assert_int_equal(host_rig_end(&h), 0);
}

static void a_checkpoint_from_elsewhere_is_opened(void **state)
{
    (void)state;
    struct host_rig h;
    struct err err = {0};
    char dir[1024];
    const char *top = getenv("srcdir");
    int64_t id = 0, again = 0;
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    snprintf(dir, sizeof dir, "%s/tests/fixtures/models/proj", top ? top : "..");
    assert_int_equal(host_open_checkpoint(h.host, dir, &again, &err), E_INPUT); /* no vocabulary there */
    assert_non_null(strstr(err.text, "vocab.txt"));
    int64_t trained = submit(20, 20);
    assert_int_equal(rig_wait(&rig, trained, RUN_DONE, 0), 0);
    assert_int_equal(rig_run(&rig, trained, &run), 0);
    snprintf(dir, sizeof dir, "%s", run.checkpoint);
    char name[128]; /* it is called after the run of the store it lies in */
    snprintf(name, sizeof name, "%.80s@20", run.name);
    if (host_open_checkpoint(h.host, dir, &id, &err))
        fail_msg("%s", err.text);
    assert_int_equal(host_open_checkpoint(h.host, dir, &again, &err), 0);
    assert_int_equal(again, id);
    assert_int_equal(rig_run(&rig, id, &run), 0);
    assert_int_equal(run.state, RUN_STOPPED);
    assert_string_equal(run.name, name);
    assert_int_equal(run.step, 0);
    json_t *j = score(id, "waa wab", "\"positions\":[1]", 0), *own = score(trained, "waa wab", "\"positions\":[1]", 0);
    assert_int_equal(number(j, "step"), 0);
    struct token_row a[8], b[8]; /* the same weights, the same numbers */
    assert_int_equal(tokens_of(id, 0, (int)number(j, "sentence"), a, 8), 4);
    assert_int_equal(tokens_of(trained, 20, (int)number(own, "sentence"), b, 8), 4);
    for (int i = 0; i < 4; i++)
        assert_true(a[i].disc_prob == b[i].disc_prob && a[i].sampled == b[i].sampled);
    json_decref(j);
    json_decref(own);
    assert_int_equal(host_client_op(&rig.w, "resume", id, 0, &err), E_USAGE);
    assert_non_null(strstr(err.text, "opened to look at"));
    assert_true(host_open_checkpoint(h.host, "no/such/place", &again, &err) < 0);
    assert_non_null(strstr(err.text, "no/such/place"));
    assert_int_equal(host_rig_end(&h), 0);
}

static int wait_for(struct later *l, json_t **answer, struct err *err)
{
    for (int i = 0; i < 500; i++) {
        int rc = later_look(l, answer, err);
        if (rc != 1)
            return rc;
        clock_sleep(0.01);
    }
    return 1;
}

static void the_asker_never_waits(void **state)
{
    (void)state;
    struct host_rig h;
    struct err err = {0};
    json_t *answer = NULL;
    struct later *l = later_ask(&rig.w, json_pack("{s:i, s:s}", "v", 1, "op", "ping"), 0, &err);
    assert_non_null(l);
    assert_int_equal(wait_for(l, &answer, &err), E_NOTFOUND); /* no host yet */
    assert_int_equal(host_rig_start(&h, &rig, 1), 0);
    l = later_ask(&rig.w, json_pack("{s:i, s:s}", "v", 1, "op", "ping"), 0, &err);
    assert_int_equal(wait_for(l, &answer, &err), 0);
    assert_int_equal(number(answer, "pid"), getpid());
    json_decref(answer);
    l = later_ask(&rig.w, json_pack("{s:i, s:s}", "v", 1, "op", "nonsense"), 0, &err);
    assert_int_equal(wait_for(l, &answer, &err), E_USAGE);
    later_drop(later_ask(&rig.w, json_pack("{s:i, s:s}", "v", 1, "op", "status"), 0, &err));
    later_drop(NULL);
    assert_null(later_ask(&rig.w, json_pack("{s:s}", "text", "\xff"), 0, &err));
    assert_int_equal(host_rig_end(&h), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_asker_never_waits),
        cmocka_unit_test(a_run_at_work_answers_itself),
        cmocka_unit_test(live_and_checkpoint_agree),
        cmocka_unit_test(any_checkpoint_can_be_asked),
        cmocka_unit_test(masked_tokens_are_filled_in),
        cmocka_unit_test(a_sentence_has_its_pseudo_log_likelihood),
        cmocka_unit_test(a_checkpoint_from_elsewhere_is_opened),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
