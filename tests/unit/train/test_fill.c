/* Filling in and pseudo-log-likelihood, against the scorer's own columns and the formula. */
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

#include "src/text/vocab.h"
#include "src/train/fill.h"
#include "tests/unit/train/rig.h"

static struct rig one;
static char disc[256], gen[256];
static struct scorer *both;

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    if (rig_pair(&one, disc, gen, sizeof disc))
        return -1;
    both = scorer_open(disc, gen, "auto", NULL, NULL, NULL);
    return both ? 0 : -1;
}

static int teardown(void **state)
{
    scorer_close(both);
    return rig_teardown(state);
}

static struct fill *fill(struct scorer *s, const char *text, const int *at, int n, double mask_prob)
{
    struct fill *f = NULL;
    struct err err = {0, ""};
    if (scorer_fill(s, &(struct fill_args){.text = text, .positions = at, .npositions = n,
                                           .mask_prob = mask_prob}, &f, &err))
        fail_msg("%s", err.text);
    return f;
}

static struct pll *pll(struct scorer *s, const char *text)
{
    struct pll *p = NULL;
    struct err err = {0, ""};
    if (scorer_pll(s, text, &p, &err))
        fail_msg("%s", err.text);
    return p;
}

static struct token_seq *score(struct scorer *s, const char *text, const int *at, int n)
{
    struct token_seq *q = NULL;
    struct err err = {0, ""};
    if (scorer_score(s, &(struct scorer_args){.text = text, .mask_positions = at, .nmask = n}, &q, &err))
        fail_msg("%s", err.text);
    return q;
}

/* The best possible discriminator gives back the data's distribution: D = p (a + q) / (a p + q). */
static void the_formula_inverts_the_best_discriminator(void **state)
{
    (void)state;
    for (double p = 0.01; p < 1; p += 0.07) {
        for (double q = 0.01; q < 1; q += 0.11) {
            double m = 0.15, a = (1 - m) / m, D = p * (a + q) / (a * p + q);
            assert_true(fabs(fill_score(q, 1 - D, m) - p) < 1e-12);
        }
    }
    assert_true(fill_score(0, 0, 0.15) == 0); /* impossible, and called original */
}

static void candidates_are_the_generators_best(void **state)
{
    (void)state;
    const int at[] = {2};
    struct fill *f = fill(both, "w1 [MASK] w13 w34", NULL, 0, 0.25);
    struct token_seq *q = score(both, "w1 w5 w13 w34", at, 1);
    assert_int_equal(f->nslots, 1);
    const struct fill_slot *x = &f->slot[0];
    assert_int_equal(x->at, 2);
    assert_int_equal(x->original, -1);
    assert_true(x->n > EVENT_TOPK && x->n <= FILL_MOST);
    double sum = 0;
    int seen = 0;
    for (int k = 0; k < x->n; k++) {
        const struct fill_token *t = &x->token[k];
        sum += (double)t->score;
        assert_true(k == 0 || t->score <= x->token[k - 1].score);
        if (t->gen_rank > EVENT_TOPK)
            continue;
        seen++;
        assert_int_equal(t->id, q->rows[2].top_id[t->gen_rank - 1]);
        assert_true(fabsf(t->gen_prob - q->rows[2].top_prob[t->gen_rank - 1]) < 1e-7f);
    }
    assert_int_equal(seen, EVENT_TOPK);
    assert_true(fabs(sum - 1) < 1e-5);
    assert_int_equal(f->ids[2], x->token[0].id);
    free(q);
    fill_free(f);
}

/* A bound on what is judged leaves the generator's best, with the same P(replaced). */
static void a_bound_leaves_the_best_candidates(void **state)
{
    (void)state;
    struct err err = {0, ""};
    struct fill *all = fill(both, "w1 [MASK] w13 w34", NULL, 0, 0.25), *few = NULL;
    struct fill_args a = {.text = "w1 [MASK] w13 w34", .mask_prob = 0.25, .judged = 1};
    assert_int_equal(scorer_fill(both, &a, &few, &err), 0);
    assert_int_equal(few->slot[0].n, FILL_LEAST);
    for (int k = 0; k < FILL_LEAST; k++) {
        const struct fill_token *t = &few->slot[0].token[k];
        assert_true(t->gen_rank >= 1 && t->gen_rank <= FILL_LEAST);
        for (int i = 0; i < all->slot[0].n; i++)
            if (all->slot[0].token[i].id == t->id) {
                assert_int_equal(all->slot[0].token[i].gen_rank, t->gen_rank);
                assert_true(all->slot[0].token[i].disc_prob == t->disc_prob);
            }
    }
    fill_free(few);
    a.judged = 6 * 20; /* six tokens with [CLS] and [SEP] */
    assert_int_equal(scorer_fill(both, &a, &few, &err), 0);
    assert_int_equal(few->slot[0].n, 20);
    fill_free(few);
    fill_free(all);
}

/* P(replaced) is that of the whole sentence with the token in place, the score the formula's. */
static void the_discriminator_judges_each_candidate(void **state)
{
    (void)state;
    const int none[1] = {0};
    char text[200];
    struct fill *f = fill(both, "w1 [MASK] w13 w34", NULL, 0, 0.25);
    const struct fill_slot *x = &f->slot[0];
    double ratio = NAN;
    int tried = 0;
    for (int k = 0; k < x->n; k++) {
        const struct fill_token *t = &x->token[k];
        const char *word = vocab_token(scorer_vocab(both), t->id);
        if (word[0] != 'w')
            continue;
        snprintf(text, sizeof text, "w1 %s w13 w34", word);
        struct token_seq *q = score(both, text, none, 0);
        assert_int_equal(q->n, 6);
        assert_true(fabsf(q->rows[2].disc_prob - t->disc_prob) < 1e-6f);
        free(q);
        double s = fill_score((double)t->gen_prob, (double)t->disc_prob, 0.25) / (double)t->score;
        assert_true(isnan(ratio) || fabs(s / ratio - 1) < 1e-4); /* one factor for all */
        ratio = s;
        tried++;
    }
    assert_true(tried > 10);
    fill_free(f);
}

static void slots_are_filled_from_left_to_right(void **state)
{
    (void)state;
    const int at[] = {4};
    char text[200];
    struct fill *two = fill(both, "w1 [MASK] w13 w34", at, 1, 0);
    assert_int_equal(two->nslots, 2);
    assert_int_equal(two->slot[1].at, 4);
    assert_string_equal(vocab_token(scorer_vocab(both), two->slot[1].original), "w34");
    snprintf(text, sizeof text, "w1 %s w13 [MASK]", vocab_token(scorer_vocab(both), two->ids[2]));
    struct fill *then = fill(both, text, NULL, 0, 0);
    assert_int_equal(then->n, two->n); /* the token put in is a word */
    assert_int_equal(then->ids[4], two->ids[4]);
    assert_true(then->slot[0].token[0].score == two->slot[1].token[0].score);
    fill_free(then);
    fill_free(two);
}

static void a_generator_alone_gives_its_own_order(void **state)
{
    (void)state;
    struct scorer *s = scorer_open(NULL, gen, "auto", NULL, NULL, NULL);
    struct fill *f = fill(s, "w1 [MASK] w13", NULL, 0, 0);
    for (int k = 0; k < f->slot[0].n; k++) {
        assert_int_equal(f->slot[0].token[k].gen_rank, k + 1);
        assert_true(isnan(f->slot[0].token[k].disc_prob));
    }
    fill_free(f);
    scorer_close(s);
}

static void a_sentence_is_scored_with_each_token_masked(void **state)
{
    (void)state;
    const char *text = "w1 w10 w13 w34 w1 w10 w13 w34 w2 w3 w4 w5 w6 w7 w8 w9 w1 w10 w13 w34 w1 w10 w13 w34 "
                       "w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12"; /* more than one pass of sequences */
    struct pll *p = pll(both, text);
    struct token_seq *alone = score(both, text, (const int[]){0}, 0);
    double g = 0, d = 0;
    assert_int_equal(p->n, alone->n);
    for (int t = 0; t < p->n; t++) {
        int special = t == 0 || t == p->n - 1;
        assert_int_equal(isnan(p->gen[t]) != 0, special);
        assert_int_equal(isnan(p->disc[t]) != 0, special);
        if (special)
            continue;
        struct token_seq *q = score(both, text, &t, 1);
        assert_true(fabsf(p->gen[t] + q->rows[t].gen_loss) < 1e-5f);
        assert_true(fabsf(p->disc[t] + alone->rows[t].disc_loss) < 1e-6f);
        assert_int_equal(p->ids[t], q->rows[t].original);
        g += (double)p->gen[t];
        d += (double)p->disc[t];
        free(q);
    }
    assert_true(fabs(g - p->gen_sum) < 1e-9 && fabs(d - p->disc_sum) < 1e-9);
    free(alone);
    pll_free(p);
    struct scorer *s = scorer_open(disc, NULL, "auto", NULL, NULL, NULL);
    p = pll(s, "w1 w10");
    assert_true(isnan(p->gen_sum) && p->disc_sum < 0);
    pll_free(p);
    scorer_close(s);
}

static void refuse(struct scorer *s, const struct fill_args *a, int code, const char *says)
{
    struct fill *f = NULL;
    struct err err = {0, ""};
    assert_int_equal(scorer_fill(s, a, &f, &err), code);
    assert_null(f);
    if (!strstr(err.text, says))
        fail_msg("'%s' does not say '%s'", err.text, says);
}

static void bad_requests_are_named(void **state)
{
    (void)state;
    const int outside[] = {4};
    char many[1024] = "";
    struct scorer *s = scorer_open(disc, NULL, "auto", NULL, NULL, NULL);
    refuse(s, &(struct fill_args){.text = "w1 [MASK]"}, E_USAGE, "needs a generator");
    refuse(both, &(struct fill_args){.text = "w1 w2"}, E_USAGE, "no [MASK]");
    refuse(both, &(struct fill_args){.text = ""}, E_INPUT, "no token");
    refuse(both, &(struct fill_args){.text = "w1 w2", .positions = outside, .npositions = 1}, E_USAGE,
           "position 4");
    for (int i = 0; i < 65; i++)
        strcat(many, "[MASK]");
    struct err err = {0, ""};
    struct fill *f = NULL;
    int rc = scorer_fill(both, &(struct fill_args){.text = many}, &f, &err); /* cut to 62 */
    assert_int_equal(rc, 0);
    assert_int_equal(f->nslots, 62);
    fill_free(f);
    scorer_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_formula_inverts_the_best_discriminator),
        cmocka_unit_test(candidates_are_the_generators_best),
        cmocka_unit_test(a_bound_leaves_the_best_candidates),
        cmocka_unit_test(the_discriminator_judges_each_candidate),
        cmocka_unit_test(slots_are_filled_from_left_to_right),
        cmocka_unit_test(a_generator_alone_gives_its_own_order),
        cmocka_unit_test(a_sentence_is_scored_with_each_token_masked),
        cmocka_unit_test(bad_requests_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
