/* softmax and sample together, as the generator uses them, against tables of the wanted
 * distribution: chi-square over bins, drawn from a fixed seed. Above the 1e-6 bound is a fault;
 * above the 1e-3 bound a second seed must stay below it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/rng.h"
#include "src/math/math.h"

enum { VOCAB_MAX = 1000 };

struct table {
    char name[32];
    int vocab, draws, bins;
    double temperature, soft_limit, hard_limit;
    float logit[VOCAB_MAX];
    double p[VOCAB_MAX]; /* of a token, then of a bin */
    int bin[VOCAB_MAX];
};

static FILE *open_table(const char *name)
{
    char path[4096];
    const char *src = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/fixtures/sampling/%s.tsv", src ? src : ".", name);
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s cannot be read", path);
    assert_int_not_equal(fscanf(f, "%*[^\n]"), EOF); /* the heading */
    return f;
}

static void read_tokens(struct table *t)
{
    FILE *f = open_table(t->name);
    for (int i = 0; i < t->vocab; i++) {
        int token;
        assert_int_equal(fscanf(f, "%d %f %lf %*f %d", &token, &t->logit[i], &t->p[i],
                                &t->bin[i]), 4);
        assert_int_equal(token, i);
        assert_in_range(t->bin[i], 0, t->bins - 1);
    }
    fclose(f);
}

static double chi_square(const struct math *m, const struct table *t, uint64_t seed)
{
    float x[VOCAB_MAX];
    double want[VOCAB_MAX] = {0}, sum = 0;
    int count[VOCAB_MAX] = {0};
    for (int i = 0; i < t->vocab; i++) {
        x[i] = (float)(t->logit[i] / t->temperature);
        want[t->bin[i]] += t->p[i] * t->draws;
    }
    m->softmax(1, t->vocab, x, NULL, NULL, NULL, NULL);
    for (int i = 0; i < t->draws; i++) {
        int token = m->sample(t->vocab, x, rng_uniform53(seed, RNG_SAMPLE, 1, 0, (uint32_t)i));
        assert_in_range(token, 0, t->vocab - 1);
        count[t->bin[token]]++;
    }
    for (int i = 0; i < t->bins; i++)
        sum += (count[i] - want[i]) * (count[i] - want[i]) / want[i];
    return sum;
}

static void draws_follow_the_distribution(void **state)
{
    static struct table t;
    const struct math *set[] = {&math_ref, math_select("auto", NULL)};
    FILE *f = open_table("cases");
    int cases = 0;
    (void)state;
    while (fscanf(f, "%31s %d %lf %d %d %*d %lf %lf", t.name, &t.vocab, &t.temperature, &t.draws,
                  &t.bins, &t.soft_limit, &t.hard_limit) == 7) {
        assert_in_range(t.vocab, 1, VOCAB_MAX);
        assert_in_range(t.bins, 1, VOCAB_MAX);
        read_tokens(&t);
        for (int s = 0; s < 2; s++) {
            double c = chi_square(set[s], &t, 11);
            if (c <= t.hard_limit && c > t.soft_limit)
                c = chi_square(set[s], &t, 12);
            if (!(c <= t.soft_limit))
                fail_msg("%s, %s: chi-square %g above %g", t.name, set[s]->name, c,
                         t.soft_limit);
        }
        cases++;
    }
    fclose(f);
    assert_true(cases >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(draws_follow_the_distribution)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
