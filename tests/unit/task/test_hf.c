/* Hugging Face's layout beyond one file: shards, labels, the wrong one of a pair, other heads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/hf.h"
#include "src/model/safetensors.h"
#include "tests/unit/task/toy.h"

static char dir[] = "test_hf.XXXXXX";
static const struct net_shape shape = {.vocab = 40, .positions = 16, .types = 2, .embedding = 8,
                                       .hidden = 16, .layers = 1, .heads = 2, .ffn = 24, .eps = 1e-12f};
static char warnings[2048];

static void on_warning(void *ud, const char *text)
{
    (void)ud;
    strncat(warnings, text, sizeof warnings - strlen(warnings) - 1);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) != 0;
}

static const char *in_dir(const char *name)
{
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
    return path[turn];
}

static float *build(struct model *m, int heads, uint64_t seed)
{
    struct err err = {0};
    if (model_build_shapes(m, NULL, 0, &shape, heads, "main", 0, &err))
        fail_msg("%s", err.text);
    float *values = calloc(m->table.floats, sizeof *values);
    assert_non_null(values);
    param_init_block(&m->table, seed, values);
    return values;
}

static void save(const char *name, int heads)
{
    struct model m;
    struct err err = {0};
    float *values = build(&m, heads, 3);
    file_mkdirs(in_dir(name), NULL);
    if (hf_save(in_dir(name), &m, &m.disc, values, NULL, NULL, &err))
        fail_msg("%s", err.text);
    free(values);
    model_free(&m);
}

static void test_the_wrong_one_of_a_pair(void **state)
{
    (void)state;
    struct err err = {0};
    struct model disc, gen;
    float *d = build(&disc, HEAD_RTD, 1), *g = build(&gen, HEAD_MLM, 1);
    save("disc", HEAD_RTD);
    save("gen", HEAD_MLM);
    assert_int_equal(hf_load_weights(in_dir("gen"), &disc, &disc.disc, d, NULL, NULL, &err), E_INPUT);
    assert_non_null(strstr(err.text, "holds a generator (ElectraForMaskedLM) where a discriminator"));
    assert_int_equal(hf_load_weights(in_dir("disc"), &gen, &gen.disc, g, NULL, NULL, &err), E_INPUT);
    assert_non_null(strstr(err.text, "holds a discriminator (ElectraForPreTraining) where a generator"));
    assert_int_equal(hf_load_weights(in_dir("disc"), &disc, &disc.disc, d, NULL, NULL, &err), 0);
    free(d);
    free(g);
    model_free(&disc);
    model_free(&gen);
}

static void test_an_encoder_without_its_head(void **state)
{
    (void)state;
    struct err err = {0};
    struct model m, from;
    float *values = build(&m, HEAD_NONE, 9), *want = build(&from, HEAD_RTD, 3);
    save("disc", HEAD_RTD);
    warnings[0] = 0;
    assert_int_equal(hf_load_encoder(in_dir("disc"), &m, &m.disc, values, on_warning, NULL, &err), 0);
    assert_string_equal(warnings, "");
    assert_memory_equal(values, want, shape.vocab * shape.embedding * sizeof *values);
    /* the same as a whole network: the head is told of */
    assert_int_equal(hf_load_weights(in_dir("disc"), &m, &m.disc, values, on_warning, NULL, &err), 0);
    assert_non_null(strstr(warnings, "discriminator_predictions"));
    free(values);
    free(want);
    model_free(&m);
    model_free(&from);
}

/* Moves the tensors of disc/model.safetensors into two shards below `name`. */
static void shard(const char *name, const char *index_of_second)
{
    struct safetensors s;
    struct st_write t[64];
    struct err err = {0};
    char path[300], *index = malloc(1 << 16);
    const char *files[2] = {"a.safetensors", index_of_second};
    assert_int_equal(st_open(&s, in_dir("disc/model.safetensors"), &err), 0);
    file_mkdirs(in_dir(name), NULL);
    strcpy(index, "{\"weight_map\": {");
    for (int i = 0; i < s.n; i++) {
        t[i] = (struct st_write){.name = s.tensors[i].name, .dtype = ST_F32, .rank = s.tensors[i].rank,
                                 .data = s.tensors[i].data};
        memcpy(t[i].shape, s.tensors[i].shape, sizeof t[i].shape);
        sprintf(index + strlen(index), "%s\"%s\": \"%s\"", i ? ", " : "", t[i].name, files[i >= s.n / 2]);
    }
    strcat(index, "}}");
    int half = s.n / 2;
    snprintf(path, sizeof path, "%s/a.safetensors", in_dir(name));
    assert_int_equal(st_write(path, t, half, (const char *const[]){NULL}, NULL, &err), 0);
    snprintf(path, sizeof path, "%s/b.safetensors", in_dir(name));
    assert_int_equal(st_write(path, t + half, s.n - half, (const char *const[]){NULL}, NULL, &err), 0);
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", in_dir(name));
    toy_write(path, index);
    free(index);
    st_close(&s);
}

static void test_shards(void **state)
{
    (void)state;
    struct err err = {0};
    struct model m, same;
    float *values = build(&m, HEAD_RTD, 9), *want = build(&same, HEAD_RTD, 3);
    save("disc", HEAD_RTD);
    shard("shards", "b.safetensors");
    if (hf_load_weights(in_dir("shards"), &m, &m.disc, values, NULL, NULL, &err))
        fail_msg("%s", err.text);
    assert_memory_equal(values, want, m.table.floats * sizeof *values);
    shard("elsewhere", "../disc/model.safetensors"); /* a shard's name must not lead elsewhere */
    assert_int_equal(hf_load_weights(in_dir("elsewhere"), &m, &m.disc, values, NULL, NULL, &err), E_INPUT);
    assert_non_null(strstr(err.text, "not a file name"));
    shard("gone", "c.safetensors");
    assert_true(hf_load_weights(in_dir("gone"), &m, &m.disc, values, NULL, NULL, &err) < 0);
    assert_non_null(strstr(err.text, "c.safetensors"));
    free(values);
    free(want);
    model_free(&m);
    model_free(&same);
}

static int files_in(const char *name)
{
    char path[300];
    int n = 0;
    for (int i = 1; i < 100; i++) {
        for (int of = i; of < 100; of++) {
            snprintf(path, sizeof path, "%s/model-%05d-of-%05d.safetensors", in_dir(name), i, of);
            n += access(path, F_OK) == 0;
        }
    }
    return n;
}

/* What is split is read back; each file keeps to the limit, but for a tensor larger than it. */
static void test_splitting(void **state)
{
    (void)state;
    struct err err = {0};
    struct model m, same;
    float *values = build(&m, HEAD_RTD, 9), *want = build(&same, HEAD_RTD, 3);
    size_t most = 2048; /* the word table has 1280 bytes, the larger matrices 1536 */
    save("whole", HEAD_RTD);
    assert_int_equal(hf_shard(in_dir("whole"), 1 << 20, &err), 0); /* all fit */
    assert_int_equal(access(in_dir("whole/model.safetensors"), F_OK), 0);
    save("split", HEAD_RTD);
    if (hf_shard(in_dir("split"), most, &err))
        fail_msg("%s", err.text);
    assert_int_equal(access(in_dir("split/model.safetensors"), F_OK), -1);
    int n = files_in("split");
    assert_in_range(n, 4, 40);
    for (int i = 1; i <= n; i++) {
        struct safetensors s;
        char path[300];
        size_t bytes = 0;
        snprintf(path, sizeof path, "%s/model-%05d-of-%05d.safetensors", in_dir("split"), i, n);
        assert_int_equal(st_open(&s, path, &err), 0);
        for (int k = 0; k < s.n; k++)
            bytes += s.tensors[k].bytes;
        assert_true(s.n > 0 && (bytes <= most || s.n == 1));
        assert_string_equal(st_meta(&s, "format"), "pt");
        st_close(&s);
    }
    if (hf_load_weights(in_dir("split"), &m, &m.disc, values, NULL, NULL, &err))
        fail_msg("%s", err.text);
    assert_memory_equal(values, want, m.table.floats * sizeof *values);
    save("tiny", HEAD_RTD);
    assert_int_equal(hf_shard(in_dir("tiny"), 1, &err), 0); /* a file a tensor */
    assert_int_equal(hf_load_weights(in_dir("tiny"), &m, &m.disc, values, NULL, NULL, &err), 0);
    free(values);
    free(want);
    model_free(&m);
    model_free(&same);
}

/* Sizes of config.json are held against the tensors before memory is taken for them. */
static void test_sizes_are_not_believed(void **state)
{
    (void)state;
    struct net_shape wide = shape, deep = shape;
    struct err err = {0};
    wide.vocab = 1 << 24;
    deep.layers = 1000;
    save("size", HEAD_RTD);
    assert_int_equal(hf_check_size(in_dir("size"), &shape, &err), 0);
    assert_int_equal(hf_check_size(in_dir("size"), &wide, &err), E_INPUT);
    assert_non_null(strstr(err.text, "too small"));
    assert_int_equal(hf_shard(in_dir("size"), 4096, &err), 0);
    assert_int_equal(hf_check_size(in_dir("size"), &shape, &err), 0);
    assert_int_equal(hf_check_size(in_dir("size"), &deep, &err), E_INPUT);
    assert_true(hf_check_size(in_dir("nowhere"), &shape, &err) < 0);
}

/* 65,536 tensors of rank 8 are read, one more is not. */
static void test_as_many_tensors_as_promised(void **state)
{
    (void)state;
    enum { MOST = 65536 };
    static const char *const meta[] = {"format", "pt", NULL};
    struct st_write *t = calloc(MOST + 1, sizeof *t);
    char(*names)[16] = calloc(MOST + 1, sizeof *names);
    struct err err = {0};
    const float one = 1;
    assert_true(t && names);
    for (int i = 0; i <= MOST; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i);
        t[i] = (struct st_write){.name = names[i], .dtype = ST_F32, .rank = 8,
                                 .shape = {1, 1, 1, 1, 1, 1, 1, 1}, .data = &one};
    }
    for (int n = MOST; n <= MOST + 1; n++) {
        struct safetensors s;
        assert_int_equal(st_write(in_dir("many"), t, n, meta, NULL, &err), 0);
        int rc = st_open(&s, in_dir("many"), &err);
        assert_int_equal(rc, n == MOST ? 0 : E_INPUT);
        if (!rc) {
            assert_int_equal(s.n, MOST);
            st_close(&s);
        }
    }
    free(names);
    free(t);
}

/* Weights of other programs are named, with the way to convert them; ours beside them are taken. */
static void test_foreign_weights(void **state)
{
    (void)state;
    static const struct { const char *file, *says; } files[] = {
        {"pytorch_model.bin", "pickle, which is never run: convert it elsewhere with ElectraForPreTraining"},
        {"pytorch_model.bin.index.json", "pickles, which are never run"},
        {"tf_model.h5", "from_tf=True"}, {"flax_model.msgpack", "from_flax=True"},
        {"electra_small.data-00000-of-00001", "convert_electra_original_tf_checkpoint_to_pytorch"},
    };
    struct hf_dir d;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[40], path[120];
        struct err err = {0};
        snprintf(name, sizeof name, "foreign%zu", i);
        file_mkdirs(in_dir(name), NULL);
        snprintf(path, sizeof path, "%s/%s", name, files[i].file);
        toy_write(in_dir(path), "x");
        assert_int_equal(hf_read_config(in_dir(name), &d, NULL, NULL, &err), E_INPUT);
        if (!strstr(err.text, files[i].says) || !strstr(err.text, files[i].file))
            fail_msg("'%s' does not say '%s'", err.text, files[i].says);
        snprintf(path, sizeof path, "%s/model.safetensors", name);
        toy_write(in_dir(path), "x");
        assert_int_equal(hf_refuse_foreign(in_dir(name), &err), 0);
    }
}

/* A key from the file is shown, not obeyed. */
static void test_warnings_are_visible(void **state)
{
    (void)state;
    struct hf_dir d;
    struct err err = {0};
    file_mkdirs(in_dir("keys"), NULL);
    toy_write(in_dir("keys/config.json"), "{\"a\xE2\x80\xAE\": 1, \"a\xE2\x80\xAE\": 2}");
    warnings[0] = 0;
    assert_int_equal(hf_read_config(in_dir("keys"), &d, on_warning, NULL, &err), 0);
    assert_non_null(strstr(warnings, "a<U+202E>"));
}

/* Nesting and lists that would take a hundred times their bytes are refused before they are parsed. */
static void test_headers_are_looked_over(void **state)
{
    (void)state;
    static const struct { const char *what, *says; size_t times; } parts[] = {
        {"[", "nested too deep", 65}, {"[],", "too many values", 1 << 20},
        {"\"k\":{},", "too many values", 100000}, {"{\"a\":", "nested too deep", 100}};
    struct err err = {0};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t one = strlen(parts[i].what), n = one * parts[i].times;
        char *text = calloc(n + 8, 1);
        struct safetensors s;
        assert_non_null(text);
        for (int k = 0; k < 8; k++)
            text[k] = (char)(n >> 8 * k);
        for (size_t k = 0; k < parts[i].times; k++)
            memcpy(text + 8 + one * k, parts[i].what, one);
        assert_int_equal(file_write_new(in_dir("header"), text, n + 8, &err), 0);
        assert_int_equal(st_open(&s, in_dir("header"), &err), E_INPUT);
        if (!strstr(err.text, parts[i].says))
            fail_msg("%s", err.text);
        free(text);
    }
}

static void test_labels(void **state)
{
    (void)state;
    struct err err = {0};
    struct hf_labels l;
    struct hf_dir d;
    file_mkdirs(in_dir("labels"), NULL);
    toy_write(in_dir("labels/config.json"), "{\"id2label\": {\"1\": \"b\", \"0\": \"a\"}, \"classifier_dropout\": 0.25}");
    assert_int_equal(hf_read_labels(in_dir("labels"), &l, &err), 0);
    assert_int_equal(l.n, 2);
    assert_string_equal(l.names[0], "a");
    assert_string_equal(l.names[1], "b");
    hf_labels_free(&l);
    assert_int_equal(hf_read_config(in_dir("labels"), &d, NULL, NULL, &err), 0);
    assert_int_equal(d.num_labels, 2);
    assert_true(d.classifier_dropout == 0.25f);
    toy_write(in_dir("labels/config.json"), "{\"id2label\": {\"1\": \"b\", \"2\": \"a\"}}");
    assert_int_equal(hf_read_labels(in_dir("labels"), &l, &err), E_INPUT);
    assert_non_null(strstr(err.text, "id2label"));
    toy_write(in_dir("labels/config.json"), "{\"num_labels\": 3}");
    assert_int_equal(hf_read_labels(in_dir("labels"), &l, &err), 0);
    assert_int_equal(l.n, 0);
    assert_int_equal(hf_read_config(in_dir("labels"), &d, NULL, NULL, &err), 0);
    assert_int_equal(d.num_labels, 3);
    toy_write(in_dir("labels/config.json"), "{\"num_labels\": 3000000}");
    assert_int_equal(hf_read_config(in_dir("labels"), &d, NULL, NULL, &err), E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_wrong_one_of_a_pair),
        cmocka_unit_test(test_an_encoder_without_its_head),
        cmocka_unit_test(test_shards),
        cmocka_unit_test(test_splitting),
        cmocka_unit_test(test_sizes_are_not_believed), cmocka_unit_test(test_warnings_are_visible),
        cmocka_unit_test(test_foreign_weights), cmocka_unit_test(test_as_many_tensors_as_promised), cmocka_unit_test(test_headers_are_looked_over),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
