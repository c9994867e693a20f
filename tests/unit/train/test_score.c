/* Scoring: with and without a generator, given and drawn positions, and what is refused. */
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
#include "src/text/vocab.h"
#include "tests/unit/train/rig.h"

static struct rig one;
static char disc[256], gen[256], warning[512];
static int warnings;

static void warn(void *ud, const char *text)
{
    (void)ud;
    warnings++;
    snprintf(warning, sizeof warning, "%s", text);
}

static int setup(void **state)
{
    if (rig_setup(state))
        return -1;
    if (rig_pair(&one, disc, gen, sizeof disc))
        return -1;
    return 0;
}

static struct token_seq *score(struct scorer *s, const struct scorer_args *a)
{
    struct token_seq *seq = NULL;
    struct err err = {0, ""};
    if (scorer_score(s, a, &seq, &err))
        fail_msg("%s", err.text);
    return seq;
}

static void every_column_is_filled(void **state)
{
    (void)state;
    struct scorer *s = scorer_open(disc, gen, "auto", warn, NULL, NULL);
    const int at[] = {5, 2};
    assert_non_null(s);
    struct token_seq *q = score(s, &(struct scorer_args){.text = "w1 w10 w13 w34 [MASK]", .seed = 4,
                                                         .mask_positions = at, .nmask = 2});
    assert_int_equal(q->n, 9); /* [ MASK ] are three words, unknown ones */
    for (int t = 0; t < q->n; t++) {
        const struct token_row *r = &q->rows[t];
        int chosen = t == 2 || t == 5;
        assert_int_equal(r->chosen, chosen);
        assert_true(r->disc_prob > 0 && r->disc_prob < 1 && r->disc_loss > 0);
        assert_int_equal(isnan(r->gen_prob) != 0, !chosen);
        assert_int_equal(r->label, chosen && r->sampled != r->original);
        assert_int_equal(r->masked, chosen ? 4 : r->original);
        if (!chosen) {
            assert_int_equal(r->sampled, r->original);
            assert_int_equal(r->top_id[0], -1);
            continue;
        }
        assert_true(r->gen_rank >= 1 && r->gen_entropy > 0 && r->gen_loss > 0);
        assert_int_equal(r->same, r->sampled == r->original);
        assert_true(r->top_prob[0] >= r->top_prob[7] && r->top_prob[7] > 0 && r->top_id[7] >= 0);
        if (r->gen_rank == 1)
            assert_true(r->gen_prob == r->top_prob[0]);
    }
    free(q);
    scorer_close(s);
}

static void draws_follow_the_seed(void **state)
{
    (void)state;
    struct scorer *s = scorer_open(disc, gen, "auto", NULL, NULL, NULL);
    struct scorer_args a = {.text = "w1 w10 w13 w34 w1 w10 w13 w34 w1 w10 w13 w34 w5 w38 w29 w26",
                            .seed = 1, .mask_prob = 0.5};
    struct token_seq *x = score(s, &a), *y = score(s, &a);
    int differ = 0, chosen = 0;
    assert_memory_equal(x->rows, y->rows, (size_t)x->n * sizeof x->rows[0]);
    free(y);
    a.seed = 2;
    y = score(s, &a);
    for (int t = 0; t < x->n; t++) {
        differ += x->rows[t].chosen != y->rows[t].chosen || x->rows[t].sampled != y->rows[t].sampled;
        chosen += x->rows[t].chosen;
    }
    assert_true(differ > 0);
    assert_int_equal(chosen, 9); /* half of 18 */
    free(x);
    free(y);
    scorer_close(s);
}

static void alone_the_discriminator_reads_the_text_itself(void **state)
{
    (void)state;
    struct scorer *s = scorer_open(disc, NULL, "auto", NULL, NULL, NULL);
    struct scorer *both = scorer_open(disc, gen, "auto", NULL, NULL, NULL);
    const int none[1] = {0};
    struct token_seq *x = score(s, &(struct scorer_args){.text = "w1 w10 w13"});
    struct token_seq *y = score(both, &(struct scorer_args){.text = "w1 w10 w13", .mask_positions = none});
    for (int t = 0; t < x->n; t++) {
        assert_true(isnan(x->rows[t].gen_prob) && isnan(x->rows[t].gen_loss));
        assert_int_equal(x->rows[t].sampled, x->rows[t].original);
        assert_true(x->rows[t].disc_prob == y->rows[t].disc_prob);
    }
    free(x);
    free(y);
    scorer_close(s);
    scorer_close(both);
}

static void a_generator_alone_fills_in(void **state)
{
    (void)state;
    struct scorer *s = scorer_open(NULL, gen, "auto", NULL, NULL, NULL);
    const int at[] = {2};
    assert_non_null(s);
    struct token_seq *q = score(s, &(struct scorer_args){.text = "w1 w10 w13", .mask_positions = at, .nmask = 1});
    assert_true(isnan(q->rows[1].disc_prob) && q->rows[2].gen_prob > 0);
    free(q);
    scorer_close(s);
}

static void expect(const char *d, const char *g, const char *text)
{
    struct err err = {0, ""};
    struct scorer *s = scorer_open(d, g, "auto", NULL, NULL, &err);
    assert_null(s);
    if (!strstr(err.text, text))
        fail_msg("'%s' does not say '%s'", err.text, text);
}

static void mix_ups_are_named(void **state)
{
    (void)state;
    expect(gen, NULL, "not a discriminator");
    expect(disc, disc, "not a generator");
    expect("no/such", NULL, "no/such");
}

static void bad_requests_are_named(void **state)
{
    (void)state;
    struct scorer *s = scorer_open(disc, gen, "auto", warn, NULL, NULL);
    struct token_seq *q = NULL;
    struct err err = {0, ""};
    const int outside[] = {9}, twice[] = {1, 1};
    char text[1024] = "";
    assert_int_equal(scorer_score(s, &(struct scorer_args){.text = " \n"}, &q, &err), E_INPUT);
    assert_int_equal(scorer_score(s, &(struct scorer_args){.text = "w1", .mask_positions = outside,
                                                           .nmask = 1}, &q, &err), E_USAGE);
    assert_non_null(strstr(err.text, "position 9"));
    assert_int_equal(scorer_score(s, &(struct scorer_args){.text = "w1", .mask_positions = twice,
                                                           .nmask = 2}, &q, &err), E_USAGE);
    assert_non_null(strstr(err.text, "twice"));
    for (int i = 0; i < 100; i++)
        strcat(text, "w1 ");
    warnings = 0;
    q = score(s, &(struct scorer_args){.text = text});
    assert_int_equal(q->n, 64);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "102 tokens"));
    free(q);
    scorer_close(s);
}

static void copy(const char *from, const char *to)
{
    char *data;
    size_t size;
    assert_int_equal(file_read(from, 64u << 20, &data, &size, NULL), 0);
    assert_int_equal(file_write_atomic(to, data, size, NULL), 0);
    free(data);
}

/* One row of the manifest: the class of what happened must be among the expected. */
static int malformed_case(const char *top, const char *file, const char *replaces, const char *expected)
{
    static const char *const base[] = {"config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"};
    char dir[128], from[512], to[512];
    struct err err = {0, ""};
    struct token_seq *q = NULL;
    snprintf(dir, sizeof dir, "%s/malformed", rig_root());
    assert_int_equal(file_mkdirs(dir, NULL), 0);
    for (int i = 0; i < 4; i++) {
        int replaced = !strcmp(base[i], replaces);
        snprintf(to, sizeof to, "%s/%s", dir, base[i]);
        if (replaced)
            snprintf(from, sizeof from, "%s/%s", top, file);
        else
            snprintf(from, sizeof from, "%s/malformed/base/%s", top, base[i]);
        copy(from, to);
    }
    warnings = 0;
    struct scorer *s = scorer_open(dir, NULL, "auto", warn, NULL, &err);
    int rc = s ? scorer_score(s, &(struct scorer_args){.text = "the cat sat."}, &q, &err) : err.code;
    free(q);
    scorer_close(s);
    const char *got = rc ? "reject" : warnings ? "warn" : "accept";
    int ok = strstr(expected, got) != NULL && (rc == 0) == (err.text[0] == 0) && !strchr(err.text, 27) &&
             (!warnings || !strchr(warning, 27));
    if (!ok)
        print_message("%s: %s, expected %s: %s\n", file, got, expected, err.text);
    return ok;
}

static void broken_models_are_refused_or_warned_about(void **state)
{
    (void)state;
    char path[512], top[400], *text, *save = NULL;
    size_t size;
    int cases = 0, good = 0;
    const char *src = getenv("srcdir");
    snprintf(top, sizeof top, "%s/tests/fixtures", src ? src : "..");
    snprintf(path, sizeof path, "%s/malformed/manifest.tsv", top);
    assert_int_equal(file_read(path, 1 << 20, &text, &size, NULL), 0);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *col[5] = {0}, *inner = NULL;
        int n = 0;
        for (char *t = strtok_r(line, "\t", &inner); t && n < 5; t = strtok_r(NULL, "\t", &inner))
            col[n++] = t;
        if (n < 4 || (strcmp(col[1], "safetensors") && strcmp(col[1], "config") && strcmp(col[1], "vocab")))
            continue;
        cases++;
        good += malformed_case(top, col[0], col[2], col[3]);
    }
    free(text);
    assert_true(cases > 40);
    assert_int_equal(good, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_is_filled),
        cmocka_unit_test(draws_follow_the_seed),
        cmocka_unit_test(alone_the_discriminator_reads_the_text_itself),
        cmocka_unit_test(a_generator_alone_fills_in),
        cmocka_unit_test(mix_ups_are_named),
        cmocka_unit_test(bad_requests_are_named),
        cmocka_unit_test(broken_models_are_refused_or_warned_about),
    };
    return cmocka_run_group_tests(tests, setup, rig_teardown);
}
