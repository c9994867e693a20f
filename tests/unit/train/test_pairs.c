/* Minimal pairs: what is counted, against the scorer token by token; and what is refused. */
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

#include "src/base/file.h"
#include "src/data/corpus.h"
#include "src/train/pairs.h"
#include "tests/unit/train/rig.h"

static struct rig one;
static char disc[256], gen[256], path[300];

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    if (rig_pair(&one, disc, gen, sizeof disc))
        return -1;
    snprintf(path, sizeof path, "%s/pairs.tsv", rig_path(&one, 20));
    return 0;
}

static void write_pairs(const char *text)
{
    assert_int_equal(file_write_atomic(path, text, strlen(text), NULL), 0);
}

static const char *const file[] = {path};

static struct pairs_result result(struct pairs_args a)
{
    struct pairs_result r;
    struct err err = {0, ""};
    a.files = file;
    a.nfiles = 1;
    if (pairs_run(&a, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

static void refused(const char *text, const char *sentence)
{
    struct pairs_result r;
    struct err err = {0, ""};
    struct pairs_args a = {.disc_dir = disc, .files = file, .nfiles = 1};
    write_pairs(text);
    assert_int_equal(pairs_run(&a, &r, &err), E_INPUT);
    if (!strstr(err.text, sentence))
        fail_msg("'%s' does not say '%s'", err.text, sentence);
    pairs_free(&r);
}

/* log of what the discriminator (at every token) or the generator (masked) gives the text. */
static double by_hand(const char *text, int generator)
{
    struct scorer *s = generator ? scorer_open(NULL, gen, "auto", NULL, NULL, NULL)
                                 : scorer_open(disc, NULL, "auto", NULL, NULL, NULL);
    double sum = 0;
    int n = 3;
    for (int t = 1; t < n - 1; t++) {
        struct token_seq *q = NULL;
        struct scorer_args a = {.text = text, .mask_positions = generator ? &t : NULL, .nmask = generator};
        assert_int_equal(scorer_score(s, &a, &q, NULL), 0);
        n = q->n;
        if (generator)
            sum -= (double)q->rows[t].gen_loss;
        else
            sum += log1p(-(double)q->rows[t].disc_prob); /* -softplus(z) = log(1 - p) */
        free(q);
    }
    scorer_close(s);
    return sum;
}

static const struct { const char *good, *bad, *term; } pairs[] = {
    {"w1 w10 w13 w34", "w1 w34 w13 w2", "first"},
    {"w5 w38 w29 w26", "w5 w38 w7", "first"},
    {"w8 w3", "w8 w3", "same"},
    {"w2 w11 w30", "w2 w12 w30", "second"},
};
#define PAIRS 4

static void the_counts_are_those_of_the_scores(void **state)
{
    (void)state;
    char text[600] = "term\tgood\tbad\n";
    double want[2] = {0};
    for (int i = 0; i < PAIRS; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s\t%s\t%s\r\n", pairs[i].term, pairs[i].good, pairs[i].bad);
        for (int g = 0; g < 2; g++) {
            double x = by_hand(pairs[i].good, g), y = by_hand(pairs[i].bad, g);
            want[g] += !strcmp(pairs[i].term, "same") ? .5 : x > y;
        }
    }
    write_pairs(text);
    struct pairs_result r = result((struct pairs_args){.disc_dir = disc, .gen_dir = gen});
    assert_int_equal(r.all.disc.n, PAIRS);
    assert_true(fabs(r.all.disc.good - want[0]) < 1e-9);
    assert_true(fabs(r.all.gen.good - want[1]) < 1e-9);
    assert_int_equal(r.n, 3);
    assert_string_equal(r.groups[0].name, "first");
    assert_int_equal(r.groups[0].disc.n, 2);
    assert_true(fabs(pairs_percent(&r.groups[1].disc) - 50) < 1e-9); /* a tie is one half */
    assert_int_equal(r.all.unigram.n, 0);
    assert_true(isnan(pairs_percent(&r.all.unigram)));
    pairs_free(&r);
}

/* The order of words is nothing to the frequencies; a rarer word loses. */
static void the_floor_knows_frequencies_only(void **state)
{
    (void)state;
    struct corpus *c = corpus_open(rig_corpus(), 0, NULL);
    assert_non_null(c);
    write_pairs("good\tbad\nw1 w2 w3 w4 w5\tw5 w3 w1 w4 w2\nw1 w2\tw1 w2 w3\n");
    struct pairs_result r = result((struct pairs_args){.disc_dir = disc, .corpus = c});
    assert_int_equal(r.all.unigram.n, 2);
    assert_true(fabs(r.all.unigram.good - 1.5) < 1e-9);
    assert_string_equal(r.groups[0].name, "pairs"); /* no term: the file's name */
    pairs_free(&r);
    r = result((struct pairs_args){.disc_dir = disc, .gen_dir = gen, .corpus = c, .limit = 1});
    assert_int_equal(r.all.disc.n, 1);
    assert_true(fabs(r.all.unigram.good - .5) < 1e-9);
    pairs_free(&r);
    corpus_close(c);
}

static void bad_files_are_named(void **state)
{
    (void)state;
    refused("", "is empty");
    refused("right\twrong\nw1\tw2\n", "has no column good");
    refused("good\tworse\nw1\tw2\n", "has no column bad");
    refused("good\tbad\tterm\nw1\tw2\n", "line 2 has 2 columns");
    refused("good\tbad\nw1\tw2\n\nw1\t \n", "line 4: the text holds no token");
    struct pairs_result r;
    struct err err = {0, ""};
    const char *const none[] = {"nowhere.tsv"};
    struct pairs_args a = {.disc_dir = disc, .files = none, .nfiles = 1};
    assert_int_equal(pairs_run(&a, &r, &err), E_IO);
    assert_non_null(strstr(err.text, "nowhere.tsv"));
    pairs_free(&r);
    a.disc_dir = NULL;
    assert_int_equal(pairs_run(&a, &r, &err), E_USAGE);
}

static int stop(void *ud, const char *stage, double done)
{
    (void)ud;
    (void)stage;
    return done >= 0;
}

static void it_can_be_stopped(void **state)
{
    (void)state;
    struct pairs_result r;
    struct pairs_args a = {.disc_dir = disc, .files = file, .nfiles = 1, .progress = stop};
    write_pairs("good\tbad\nw1\tw2\n");
    assert_int_equal(pairs_run(&a, &r, NULL), E_STOPPED);
    pairs_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counts_are_those_of_the_scores),
        cmocka_unit_test(the_floor_knows_frequencies_only),
        cmocka_unit_test(bad_files_are_named),
        cmocka_unit_test(it_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, setup, rig_teardown);
}
