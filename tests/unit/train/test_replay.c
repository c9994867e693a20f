/* A step again from a checkpoint before it: the bits of the run; sequences that add up to the batch;
 * poison in the text comes first. And branches: other fields from a checkpoint on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first. */
#include <cmocka.h>

#include "src/base/rng.h"
#include "src/data/corpus.h"
#include "src/data/sequences.h"
#include "src/text/vocab.h"
#include "src/train/checkpoint.h"
#include "src/train/replay.h"
#include "tests/unit/train/rig.h"

static struct rig one, two;

static void run(struct rig *r, const char *resume, int want)
{
    struct err err = {0, ""};
    int rc = rig_run(r, resume, &err);
    if (rc != want)
        fail_msg("run_train gave %d: %s", rc, err.text);
}

struct compared {
    const struct rig *with;
    int n, differ;
};

static int compare(void *ud, const struct event *e, struct err *err)
{
    struct compared *c = ud;
    (void)err;
    for (int i = 0; i < e->nmetrics; i++) {
        int id = e->metrics[i].id, seen = 0;
        if (id == METRIC_tokens_per_s)
            continue;
        for (int k = 0; k < c->with->nrows; k++) {
            const struct rig_row *x = &c->with->row[k];
            if (x->step != e->step || x->id != id)
                continue;
            seen = 1;
            c->differ += memcmp(&x->value, &e->metrics[i].value, sizeof x->value) != 0;
        }
        assert_true(seen);
        c->n++;
    }
    return 0;
}

static struct replay_args replay_args(const struct rig *r, const char *from, int64_t step, struct compared *c)
{
    *c = (struct compared){.with = r};
    struct replay_args a = {.config = r->config, .corpus_dir = rig_corpus(), .from = from, .step = step,
                            .until = step, .metrics = compare, .ud = c};
    struct err err = {0, ""};
    assert_int_equal(config_resolve(&a.config, &err), 0);
    return a;
}

/* The sums of the sequences, each run alone with its own samples and its own dropout. */
static void adds_up(const struct replay *p, int sequences)
{
    double disc = 0, gen = 0, slots = 0, main_sum = 0;
    assert_int_equal(p->nsequences, sequences);
    for (int i = 0; i < p->nsequences; i++) {
        const struct replay_sequence *s = &p->sequences[i];
        assert_true(s->norm > 0 && s->n == p->T);
        assert_true(i == 0 || s->unusual <= p->sequences[i - 1].unusual);
        disc += s->losses.disc_sum;
        gen += s->losses.gen_sum;
        slots += s->losses.gen_weight;
        main_sum += s->losses.main;
    }
    assert_true(fabs(disc - p->losses.disc_sum) <= 1e-5 * fabs(disc));
    assert_true(fabs(gen - p->losses.gen_sum) <= 1e-5 * fabs(gen));
    assert_true(slots == p->losses.gen_weight);
    if (p->losses.main > 0) /* as many slots in each */
        assert_true(fabs(main_sum / sequences - p->losses.main) < 1e-4 * p->losses.main);
}

static void a_step_comes_again(int objective, int64_t step, const char *from)
{
    struct err err = {0, ""};
    struct compared c;
    struct replay p;
    struct replay_args a = replay_args(&one, from, step, &c);
    a.until = step + 1; /* the step after it knows whether the look changed anything */
    a.config.threads = 1;
    if (replay_step(&a, &p, &err))
        fail_msg("objective %d step %lld: %s", objective, (long long)step, err.text);
    assert_int_equal(c.differ, 0);
    assert_true(c.n > 8);
    adds_up(&p, step <= 9 ? 16 : 8);
    assert_true(p.ntensors > 10);
    double most = 0;
    for (int i = 0; i < p.ntensors; i++)
        most = fmax(most, p.tensors[i].update);
    assert_int_equal(most > 0, p.rate > 0); /* 0 at the first step of a warm-up */
    replay_free(&p);
}

static void every_objective_comes_again(void **state)
{
    (void)state;
    for (int o = OBJ_ELECTRA; o <= OBJ_ADVERSARIAL; o++) {
        rig_new(&one, o);
        run(&one, NULL, 0);
        a_step_comes_again(o, 6, NULL);
        a_step_comes_again(o, 11, rig_path(&one, 8)); /* two_stage: first of its second phase */
        a_step_comes_again(o, 18, rig_path(&one, 16));
    }
}

static void another_configuration_differs(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct compared c;
    struct replay p;
    rig_new(&one, OBJ_ELECTRA);
    run(&one, NULL, 0);
    struct replay_args a = replay_args(&one, NULL, 6, &c);
    a.config.seed = 9;
    assert_int_equal(replay_step(&a, &p, &err), 0);
    assert_true(c.differ > 10);
    replay_free(&p);
    a = replay_args(&one, rig_path(&one, 8), 8, &c);
    assert_true(replay_step(&a, &p, &err) < 0);
    assert_non_null(strstr(err.text, "is not before step 8"));
    replay_free(&p);
    a = replay_args(&one, NULL, 21, &c);
    assert_int_equal(replay_step(&a, &p, &err), E_USAGE);
    replay_free(&p);
}

/* --- poison --------------------------------------------------------------------------------- */

#define POISON 60 /* words from here on are in one document only */

static const char *poisoned_corpus(void)
{
    static char out[128];
    char text[128], vocab[128];
    struct err err = {0, ""};
    struct corpus_stats stats;
    snprintf(text, sizeof text, "%s/poison.txt", rig_root());
    snprintf(vocab, sizeof vocab, "%s/poison.vocab", rig_root());
    snprintf(out, sizeof out, "%s/poison", rig_root());
    FILE *v = fopen(vocab, "w"), *f = fopen(text, "w");
    assert_true(v && f);
    fputs("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", v);
    for (int i = 0; i < POISON + 10; i++)
        fprintf(v, "w%d\n", i);
    for (int d = 0; d < 2600; d++) {
        for (int i = 0; i < 40; i++)
            fprintf(f, "w%d%c", d == 300 ? POISON + (i * i + d) % 10 : (int)(rng_u32(5, RNG_TEST, 0, (uint32_t)d, (uint32_t)i) % POISON),
                    i % 10 == 9 ? '\n' : ' ');
        fputc('\n', f);
    }
    fclose(v);
    fclose(f);
    const char *paths[] = {text};
    struct corpus_build b = {.paths = paths, .npaths = 1, .vocab_path = vocab, .text.strip_accents = -1,
                             .out_dir = out};
    if (corpus_build(&b, &stats, &err))
        fail_msg("%s", err.text);
    return out;
}

/* Row of the stream with most poison among the first n; *words: how much. */
static uint64_t poisoned_row(const char *dir, const struct config *c, int n, int *words)
{
    struct err err = {0, ""};
    struct corpus *corpus = corpus_open(dir, 0, &err);
    assert_non_null(corpus);
    struct sequences *s = sequences_open(corpus, (int)c->seq, c->pack, 0, (uint64_t)c->seed, &err);
    assert_non_null(s);
    uint64_t best = 0;
    *words = 0;
    for (uint64_t row = 0; row < (uint64_t)n; row++) {
        int32_t ids[64];
        uint8_t segments[64], mask[64];
        int found = 0;
        sequences_get(s, row, ids, segments, mask);
        for (int t = 0; t < c->seq; t++)
            found += ids[t] >= 5 + POISON;
        if (found > *words) {
            *words = found;
            best = row;
        }
    }
    sequences_close(s);
    corpus_close(corpus);
    return best;
}

static void poison_comes_first(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct compared c;
    struct replay p;
    int words;
    const char *dir = poisoned_corpus();
    rig_new(&one, OBJ_ELECTRA);
    rig_set(&one, "seq_stages", "");
    rig_set(&one, "batch", "64");
    rig_set(&one, "steps", "110"); /* one epoch and a little more */
    rig_set(&one, "shards", "2");
    struct replay_args a = replay_args(&one, NULL, 1, &c);
    uint64_t row = poisoned_row(dir, &a.config, 64 * 110, &words);
    assert_true(words >= 12);
    a.corpus_dir = dir;
    a.metrics = NULL;
    a.step = a.until = (int64_t)(row / 64) + 1;
    if (replay_step(&a, &p, &err))
        fail_msg("%s", err.text);
    assert_int_equal(p.nsequences, 64);
    assert_true(p.sequences[0].place == row && p.sequences[0].unusual > 2 * p.sequences[1].unusual);
    int poison = 0;
    for (int t = 0; t < p.sequences[0].n; t++)
        poison += p.sequences[0].tokens[t].original >= 5 + POISON;
    assert_int_equal(poison, words);
    assert_string_equal(vocab_token(corpus_vocab(p.corpus), 5 + POISON), "w60");
    replay_free(&p);
}

/* --- branches: rig_run resumes as the run itself; here as another one ------------------------ */

static int branch(struct rig *r, const char *from, struct err *err)
{
    struct run_args a = {.id = 4, .config = r->config, .corpus_dir = rig_corpus(), .checkpoint_dir = r->dir,
                         .resume = from, .branch = 1, .control = &r->control};
    atomic_store(&r->control.ask, ASK_NONE);
    return run_train(&a, err);
}

static void skipping_later_batches_is_skipping_them_from_the_start(void **state)
{
    (void)state;
    struct err err = {0, ""};
    rig_new(&one, OBJ_ELECTRA);
    rig_set(&one, "skip_batches", "10-11,15");
    run(&one, NULL, 0);
    rig_new(&two, OBJ_ELECTRA);
    two.stop_at = 8;
    run(&two, NULL, E_STOPPED);
    rig_set(&two, "skip_batches", "10-11,15");
    assert_int_equal(rig_run(&two, rig_path(&two, 8), &err), E_USAGE); /* not as itself */
    assert_non_null(strstr(err.text, "skip_batches was ''"));
    if (branch(&two, rig_path(&two, 8), &err))
        fail_msg("%s", err.text);
    struct checkpoint_state s;
    assert_int_equal(checkpoint_read_state(rig_path(&two, 20), &s, &err), 0);
    assert_true(s.row == (20 + 3) * 8);

    rig_same_tensors(rig_path(&one, 20), rig_path(&two, 20));
    rig_set(&two, "skip_batches", "7-9");
    assert_int_equal(branch(&two, rig_path(&two, 8), &err), E_USAGE);
    assert_non_null(strstr(err.text, "changes the batches up to step 8"));
}

static void a_branch_takes_other_fields(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct checkpoint_state s;
    struct config c;
    rig_new(&two, OBJ_ELECTRA);
    two.stop_at = 8;
    run(&two, NULL, E_STOPPED);
    rig_set(&two, "learning_rate", "1e-3");
    rig_set(&two, "steps", "12");
    if (branch(&two, rig_path(&two, 8), &err))
        fail_msg("%s", err.text);
    assert_int_equal(checkpoint_read_state(rig_path(&two, 12), &s, &err), 0);
    assert_int_equal(checkpoint_config(rig_path(&two, 12), &c, &err), 0);
    assert_true(c.learning_rate == 1e-3 && s.step == 12 && s.updates == 12);
    rig_set(&two, "hidden_size", "32");
    assert_true(branch(&two, rig_path(&two, 8), &err) < 0);
    assert_true(err.text[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_objective_comes_again),
        cmocka_unit_test(another_configuration_differs),
        cmocka_unit_test(poison_comes_first),
        cmocka_unit_test(skipping_later_batches_is_skipping_them_from_the_start),
        cmocka_unit_test(a_branch_takes_other_fields),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
