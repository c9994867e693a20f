/* The configuration table: every row, the presets, the stages, the hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/config/config.h"
#include "src/config/metric.h"

static void every_default_is_in_bounds_and_reads_back(void **state)
{
    (void)state;
    struct config c;
    config_default(&c);
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        struct config again;
        struct err err = {0};
        char a[CONFIG_TEXT], b[CONFIG_TEXT];
        config_default(&again);
        if (config_set(&again, f->name, f->def, &err))
            fail_msg("%s", err.text);
        config_get(&c, f, a, sizeof a);
        assert_int_equal(config_set(&again, f->name, a, &err), 0);
        config_get(&again, f, b, sizeof b);
        assert_string_equal(a, b);
        assert_true(strlen(f->help) > 5);
    }
}

static void people_see_plain_numbers(void **state)
{
    (void)state;
    static const struct { const char *field, *set, *shown; } known[] = {
        {"disc_weight", "50", "50"},       {"disc_weight", "0.02", "0.02"}, {"disc_weight", "100", "100"},
        {"disc_weight", "12.5", "12.5"},   {"disc_weight", "5e+01", "50"},  {"learning_rate", "1e-06", "1e-06"},
        {"preset", "base", "base"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct config c;
        char text[CONFIG_TEXT];
        config_default(&c);
        assert_int_equal(config_set(&c, known[i].field, known[i].set, NULL), 0);
        assert_string_equal(config_show(&c, config_find(known[i].field), text, sizeof text), known[i].shown);
    }
}

static void what_is_out_of_bounds_is_refused_by_name(void **state)
{
    (void)state;
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        if (f->type == CONFIG_TEXTUAL)
            continue;
        struct config c;
        struct err err = {0};
        char value[64];
        config_default(&c);
        if (f->type == CONFIG_INT || f->type == CONFIG_REAL)
            snprintf(value, sizeof value, "%.0f", f->max * 2 + 2);
        else
            snprintf(value, sizeof value, "nonsense");
        assert_int_equal(config_set(&c, f->name, value, &err), E_USAGE);
        assert_non_null(strstr(err.text, f->name));
        assert_int_equal(config_set(&c, f->name, "x\033[2J", &err), E_USAGE);
        assert_null(strchr(err.text, '\033'));
    }
}

static void presets_hold_the_published_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        long layers, width, ffn, heads, E, gen_width, gen_heads;
    } rows[] = {
        {"tiny", 2, 128, 512, 2, 128, 64, 1},    {"mini", 4, 256, 1024, 4, 128, 64, 1},
        {"small", 12, 256, 1024, 4, 128, 64, 1}, {"base", 12, 768, 3072, 12, 768, 256, 4},
        {"large", 24, 1024, 4096, 16, 1024, 256, 4}, {"demo", 2, 128, 512, 4, 128, 32, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config c;
        struct err err = {0};
        config_default(&c);
        assert_int_equal(config_preset(&c, rows[i].name, &err), 0);
        if (config_resolve(&c, &err))
            fail_msg("%s: %s", rows[i].name, err.text);
        assert_int_equal(c.layers, rows[i].layers);
        assert_int_equal(c.hidden_size, rows[i].width);
        assert_int_equal(c.ffn_size, rows[i].ffn);
        assert_int_equal(c.heads, rows[i].heads);
        assert_int_equal(c.embedding_size, rows[i].E);
        assert_int_equal(c.generator_hidden_size, rows[i].gen_width);
        assert_int_equal(c.generator_heads, rows[i].gen_heads);
        assert_int_equal(c.disc_weight, 50);
    }
}

static void hash_follows_identity_fields_only(void **state)
{
    (void)state;
    struct config a, b;
    config_default(&a);
    config_resolve(&a, NULL);
    b = a;
    b.threads = 3;
    b.micro_batch = 7;
    assert_true(config_hash(&a) == config_hash(&b));
    b.seed = 2;
    assert_false(config_hash(&a) == config_hash(&b));
}

/* Hashes of stored runs stay when rows are added later. */
static void later_fields_are_hashed_where_set(void **state)
{
    (void)state;
    struct config a, b;
    struct err err = {0};
    config_default(&a);
    a.steps = 1000; /* what a program without the rows gave for this configuration */
    assert_int_equal(config_resolve(&a, &err), 0);
    assert_true(config_hash(&a) == UINT64_C(0x737069dbc08d3130));
    b = a;
    b.disc_weight_ramp_steps = 5;
    assert_false(config_hash(&a) == config_hash(&b));
    b = a;
    strcpy(b.skip_batches, "3");
    assert_false(config_hash(&a) == config_hash(&b));
}

static void skipped_batches(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "3-2", "5,3", "5,5", "1-", "-4", "a", "3,", "3 4", "1-2,2-3"};
    struct config c;
    struct err err = {0};
    struct batch_range s[SKIPS_MAX];
    config_default(&c);
    assert_int_equal(config_skips(&c, s, &err), 0);
    assert_int_equal(config_batch(s, 0, 7), 7);
    strcpy(c.skip_batches, "3-4,6,10-12");
    assert_int_equal(config_skips(&c, s, &err), 3);
    static const int64_t want[] = {0, 1, 4, 6, 7, 8, 12, 13}; /* from 0: 2, 3, 5, 9-11 are left out */
    for (int i = 0; i < 8; i++)
        assert_int_equal(config_batch(s, 3, i), want[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        strcpy(c.skip_batches, bad[i]);
        assert_int_equal(config_resolve(&c, &err), E_USAGE);
        assert_non_null(strstr(err.text, "skip_batches"));
    }
}

static void probe_steps(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "5,3", "5,5", "a", "3,", "3 4", "-1"};
    struct config c;
    struct err err = {0};
    uint64_t plain;
    int n = 0;
    config_default(&c);
    c.steps = 1000;
    assert_int_equal(config_resolve(&c, &err), 0);
    plain = config_hash(&c);
    assert_int_equal(config_probes_at(&c, 1000), 0);
    strcpy(c.probe_tasks, "cola");
    assert_int_equal(config_resolve(&c, &err), E_USAGE); /* no data */
    strcpy(c.probe_data, "glue");
    assert_int_equal(config_resolve(&c, &err), 0);
    assert_true(config_hash(&c) == plain); /* the run is the same */
    for (int s = 0; s <= 1000; s++)
        n += config_probes_at(&c, s);
    assert_int_equal(n, 8);
    strcpy(c.probe_steps, "30,700");
    for (int s = 0; s <= 1000; s++)
        assert_int_equal(config_probes_at(&c, s), s == 30 || s == 700 || s == 1000);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        strcpy(c.probe_steps, bad[i]);
        assert_int_equal(config_resolve(&c, &err), E_USAGE);
        assert_non_null(strstr(err.text, "probe_steps"));
    }
}

static void stages_keep_tokens_a_step_constant(void **state)
{
    (void)state;
    struct config c;
    struct err err = {0};
    struct seq_stage s[SEQ_STAGES_MAX];
    config_default(&c);
    config_preset(&c, "demo", &err);
    c.steps = 1000;
    assert_int_equal(config_stages(&c, s, &err), 2);
    assert_int_equal(s[0].seq, 8);
    assert_int_equal(s[0].batch, 128);
    assert_int_equal(s[0].first, 0);
    assert_int_equal(s[0].end, 450);
    assert_int_equal(s[1].batch * s[1].seq, 1024);
    assert_int_equal(s[1].end, 1000);
    const char *bad[] = {"8:", "8:2,16", "x", "8:.5,", "3:.5,16", "7:.5,16", "8:.5;16"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(c.seq_stages, sizeof c.seq_stages, "%s", bad[i]);
        if (config_stages(&c, s, &err) >= 0)
            fail_msg("'%s' was taken", bad[i]);
        assert_non_null(strstr(err.text, "seq_stages"));
    }
}

static void tie_all_needs_equal_sizes(void **state)
{
    (void)state;
    struct config c;
    struct err err = {0};
    config_default(&c);
    config_preset(&c, "tiny", &err);
    c.tie = TIE_ALL;
    assert_int_equal(config_resolve(&c, &err), E_USAGE);
    assert_non_null(strstr(err.text, "generator_size"));
    /* A width that is right is not blamed: this preset sets the generator's heads. */
    config_default(&c);
    assert_int_equal(config_preset(&c, "demo", &err), 0);
    c.objective = OBJ_TWO_STAGE;
    strcpy(c.generator_size, "1");
    assert_int_equal(config_resolve(&c, &err), E_USAGE);
    assert_non_null(strstr(err.text, "generator_heads 0"));
    assert_non_null(strstr(err.text, "it is 128 wide with 2 layers and heads 1, not 128 with 2 and 4"));
    config_default(&c);
    assert_int_equal(config_preset(&c, "demo", &err), 0);
    c.objective = OBJ_TWO_STAGE, c.generator_heads = 0;
    strcpy(c.generator_size, "1");
    assert_int_equal(config_resolve(&c, &err), 0);
}

static void metric_names_find_themselves(void **state)
{
    (void)state;
    for (int i = 0; i < METRIC_COUNT; i++) {
        assert_int_equal(metric_find(metric_name(i)), i);
        assert_int_equal(metric_find(metric_name(METRIC_VAL + i)), METRIC_VAL + i);
    }
    assert_int_equal(metric_find("nothing"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_in_bounds_and_reads_back),
        cmocka_unit_test(people_see_plain_numbers),
        cmocka_unit_test(what_is_out_of_bounds_is_refused_by_name),
        cmocka_unit_test(presets_hold_the_published_shapes),
        cmocka_unit_test(hash_follows_identity_fields_only),
        cmocka_unit_test(later_fields_are_hashed_where_set),
        cmocka_unit_test(skipped_batches),
        cmocka_unit_test(probe_steps),
        cmocka_unit_test(stages_keep_tokens_a_step_constant),
        cmocka_unit_test(tie_all_needs_equal_sizes),
        cmocka_unit_test(metric_names_find_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
