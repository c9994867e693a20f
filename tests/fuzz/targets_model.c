/* Model files: safetensors, shards, config.json, tokenizer_config.json, checkpoints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/hf.h"
#include "src/model/safetensors.h"
#include "src/text/vocab.h"
#include "src/train/checkpoint.h"
#include "src/train/checkpoint_int.h"
#include "tests/fuzz/fuzz.h"

static const char *const words[] = {
    "\"dtype\":\"F32\"", "\"dtype\":\"F16\"", "\"dtype\":\"BF16\"", "\"dtype\":\"F64\"",
    "\"dtype\":\"I64\"", "\"dtype\":\"U8\"", "\"dtype\":\"BOOL\"", "\"dtype\":\"I8\"",
    "\"shape\":[]", "\"shape\":[0]", "\"shape\":[4194305,4194305,211106198978564]",
    "\"data_offsets\":[0,0]", "\"data_offsets\":[0,4]", "\"__metadata__\":", "{\"a\":{}}", "[[",
    "]]", "{", "}", ",", ":", "null", "true", "\\u0000", "\\ud800", "\\u202e", "\"\"", NULL};
static const char small_vocab[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##a\n##b\nab\n.\n";
static const struct net_shape shape = {.vocab = 11,
                                       .positions = 8,
                                       .types = 2,
                                       .embedding = 4,
                                       .hidden = 4,
                                       .layers = 1,
                                       .heads = 2,
                                       .ffn = 4,
                                       .eps = 1e-12f};
static struct model model; /* of that shape */
static float *values;
static struct vocab *vocab;

static void need(int rc, const struct err *err)
{
    fuzz_check(!rc, "the fuzzer's own files: %s", err->text);
}

static void build(int heads)
{
    struct err err = {0};
    need(model_build_shapes(&model, NULL, 0, &shape, heads, "discriminator", 0, &err), &err);
    values = calloc(model.table.floats, sizeof *values);
    vocab = vocab_parse("vocab.txt", small_vocab, sizeof small_vocab - 1, NULL, NULL, &err);
    fuzz_check(values && vocab, "no memory");
    param_init_block(&model.table, 1, values);
}

static void save(const char *dir)
{
    struct wordpiece_options text = {.strip_accents = -1};
    struct err err = {0};
    need(file_mkdirs(dir, &err), &err);
    need(hf_save(dir, &model, &model.disc, values, vocab, &text, &err), &err);
}

/* Whole file as a seed. */
static void seed_from(struct fuzz *f, const char *path)
{
    char *data;
    size_t size;
    struct err err = {0};
    need(file_read(path, FUZZ_INPUT_MAX, &data, &size, &err), &err);
    fuzz_seed(f, data, size);
    free(data);
}

/* --- tensors -------------------------------------------------------------------------------- */

static void seed_tensors(struct fuzz *f)
{
    static const float data[64];
    static const char *const meta[] = {"format", "pt", "note", "x", NULL};
    const struct st_write t[] = {{"a", ST_F32, 2, {2, 3}, data},
                                 {"b.weight", ST_I64, 1, {4}, data},
                                 {"empty", ST_F32, 1, {0}, data},
                                 {"c", ST_I32, 0, {0}, data}};
    struct err err = {0};
    need(st_write("seed", t, 4, meta, NULL, &err), &err);
    seed_from(f, "seed");
    need(st_write("seed", t, 1, NULL, NULL, &err), &err);
    seed_from(f, "seed");
    f->dict = words;
}

void fuzz_setup_safetensors(struct fuzz *f)
{
    seed_tensors(f);
    fuzz_seed_fixtures(f, "safetensors", "model.safetensors", 0);
}

int fuzz_run_safetensors(const char *data, size_t size)
{
    struct safetensors s;
    struct err err = {0};
    fuzz_file("f", data, size);
    int rc = fuzz_refused(st_open(&s, "f", &err), &err);
    if (rc)
        return rc;
    size_t all = 0;
    for (int i = 0; i < s.n; i++) {
        const struct st_tensor *t = &s.tensors[i];
        float *x = malloc(t->elements * sizeof *x + 1);
        int nonfinite;
        all += t->bytes;
        fuzz_check(x != NULL, "no memory for %zu elements", t->elements);
        fuzz_refused(st_floats(t, x, &nonfinite, &err), &err);
        fuzz_refused(st_ints(t, (int32_t *)x, &err), &err);
        fuzz_check(st_find(&s, t->name) != NULL, "a tensor that is not found");
        free(x);
    }
    fuzz_check(all <= size, "%zu bytes of tensors in a file of %zu", all, size);
    st_meta(&s, "format");
    st_close(&s);
    return 0;
}

/* The header alone, its bytes behind it: 64 of them. */
static int with_header(const char *path, const char *data, size_t size, size_t bytes)
{
    char *all = calloc(8 + size + bytes, 1);
    if (!all)
        abort();
    for (int i = 0; i < 8; i++)
        all[i] = (char)(size >> 8 * i);
    memcpy(all + 8, data, size);
    fuzz_file(path, all, 8 + size + bytes);
    free(all);
    return 0;
}

void fuzz_setup_safetensors_header(struct fuzz *f)
{
    fuzz_seed_text(
        f, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},\"b\":{\"dtype\":"
           "\"F64\",\"shape\":[5],\"data_offsets\":[24,64]}}");
    fuzz_seed_text(
        f, "{\"__metadata__\":{\"format\":\"pt\"},\"h\":{\"dtype\":\"BF16\",\"shape\":[2,2,2,2],"
           "\"data_offsets\":[32,64]},\"g\":{\"dtype\":\"F16\",\"shape\":[16],\"data_offsets\":[0,"
           "32]}}  ");
    fuzz_seed_text(f, "{\"x\":{\"dtype\":\"U8\",\"shape\":[64],\"data_offsets\":[0,64]},"
                      "\"z\":{\"dtype\":\"I32\",\"shape\":[0,7],\"data_offsets\":[64,64]}}");
    f->dict = words;
}

int fuzz_run_safetensors_header(const char *data, size_t size)
{
    char *whole;
    size_t n;
    with_header("h", data, size, 64);
    if (file_read("h", 8 + size + 64, &whole, &n, NULL))
        abort();
    int rc = fuzz_run_safetensors(whole, n);
    free(whole);
    return rc;
}

/* --- a model's directory -------------------------------------------------------------------- */

void fuzz_setup_shard_index(struct fuzz *f)
{
    static const char *const names[] = {
        "\"model-00001-of-00002.safetensors\"", "\"../m/config.json\"", "\".\"", "\"weight_map\"",
        "{", "}", "[", "]", "\"config.json\"", "null", NULL};
    struct err err = {0};
    build(HEAD_RTD);
    save("m");
    need(hf_shard("m", param_count(&model.table) * 2, &err), &err);
    seed_from(f, "m/model.safetensors.index.json");
    f->dict = names;
}

int fuzz_run_shard_index(const char *data, size_t size)
{
    struct err err = {0};
    fuzz_file("m/model.safetensors.index.json", data, size);
    return fuzz_refused(hf_load_weights("m", &model, &model.disc, values, fuzz_warn, NULL, &err),
                        &err);
}

void fuzz_setup_hf_config(struct fuzz *f)
{
    static const char *const keys[] = {
        "\"vocab_size\": 11", "\"hidden_size\": 65536", "\"num_hidden_layers\": 1024",
        "\"num_attention_heads\": 0", "\"num_attention_heads\": 65536",
        "\"id2label\": {\"0\": \"a\", \"1\": \"b\"}", "\"num_labels\": 1000",
        "\"layer_norm_eps\": 0", "\"hidden_dropout_prob\": 1",
        "\"architectures\": [\"ElectraForMaskedLM\"]", "\"classifier_dropout\": null",
        "\"hidden_act\": \"gelu\"", "{", "}", "[", "]", "null", ",", NULL};
    build(HEAD_RTD);
    save("m");
    seed_from(f, "m/config.json");
    fuzz_seed_text(
        f,
        "{\"architectures\": [\"ElectraForSequenceClassification\"], \"id2label\": {\"0\": \"no\", "
        "\"1\": \"yes\"}, \"vocab_size\": 11, \"hidden_size\": 4, \"embedding_size\": 4, "
        "\"num_hidden_layers\": 1, \"num_attention_heads\": 2, \"intermediate_size\": 4, "
        "\"max_position_embeddings\": 8, \"classifier_dropout\": 0.1}");
    fuzz_seed_fixtures(f, "config", "config.json", 0);
    f->dict = keys;
}

/* What is read decides the shapes of a model, whose weights are those of the small one. */
static void use_config(const struct hf_dir *d)
{
    struct model m;
    struct err err = {0};
    if (fuzz_refused(model_build_shapes(&m, NULL, 0, &d->shape, HEAD_RTD, "discriminator", 0, &err),
                     &err))
        return;
    if (m.table.floats < 100000) {
        float *block = calloc(m.table.floats, sizeof *block);
        if (!block)
            abort();
        fuzz_refused(hf_load_encoder("m", &m, &m.disc, block, fuzz_warn, NULL, &err), &err);
        free(block);
    }
    model_free(&m);
}

int fuzz_run_hf_config(const char *data, size_t size)
{
    struct hf_dir d;
    struct hf_labels labels;
    struct err err = {0};
    fuzz_file("m/config.json", data, size);
    int rc = fuzz_refused(hf_read_config("m", &d, fuzz_warn, NULL, &err), &err);
    if (!fuzz_refused(hf_read_labels("m", &labels, &err), &err)) {
        for (int i = 0; i < labels.n; i++)
            fuzz_check(labels.names[i] != NULL, "a label without a name");
        hf_labels_free(&labels);
    }
    if (!rc)
        use_config(&d);
    return rc;
}

void fuzz_setup_tokenizer_config(struct fuzz *f)
{
    static const char *const keys[] = {
        "\"do_lower_case\": false", "\"strip_accents\": null", "\"tokenize_chinese_chars\": false",
        "{", "}", "[", "true", NULL};
    build(HEAD_RTD);
    save("m");
    seed_from(f, "m/tokenizer_config.json");
    fuzz_seed_text(f, "{\"do_lower_case\": false, \"strip_accents\": true, "
                      "\"tokenize_chinese_chars\": false}");
    f->dict = keys;
}

int fuzz_run_tokenizer_config(const char *data, size_t size)
{
    struct hf_dir d;
    struct err err = {0};
    fuzz_file("m/tokenizer_config.json", data, size);
    int rc = fuzz_refused(hf_read_config("m", &d, fuzz_warn, NULL, &err), &err);
    fuzz_check(rc || (d.text.strip_accents >= -1 && d.text.strip_accents <= 1), "strip_accents %d",
               d.text.strip_accents);
    return rc;
}

/* --- checkpoints ---------------------------------------------------------------------------- */

static const char *const state_words[] = {
    "\"step\":\"8\"", "\"updates\":\"9\"", "\"health\":\"0 0 0 0 0 0 0 0 0 0 0 0 \"",
    "\"health\":\"1 2 999999 0 ", "config", "seq=8", "steps=", "\\nsteps=5", "\\nname=%1b%5b",
    "%zz", "%00", "=", "\\n", "nan", "inf", " ", "adam_m.",
    "\"format\":\"electroscope-checkpoint 1\"", "{", "}", NULL};

static void make_checkpoint(void)
{
    struct checkpoint_state s = {
        .step = 5, .tokens = 80, .updates = 5, .best_step = -1, .kernel = "portable"};
    struct wordpiece_options text = {.strip_accents = -1};
    struct config c;
    struct err err = {0};
    char path[100];
    build(HEAD_RTD);
    float *moments = calloc(model.table.floats, sizeof *moments);
    config_default(&c);
    health_init(&s.health);
    s.health.n = 3;
    need(checkpoint_save("c", &model, values, moments, moments, &s, &c, vocab, &text, path,
                         sizeof path, &err),
         &err);
    free(moments);
}

void fuzz_setup_checkpoint(struct fuzz *f)
{
    make_checkpoint();
    seed_from(f, "c/5/trainer.safetensors");
    f->dict = state_words;
}

static int read_checkpoint(void)
{
    struct checkpoint_state s;
    struct config c;
    struct err err = {0};
    if (!fuzz_refused(checkpoint_config("c/5", &c, &err), &err))
        fuzz_refused(config_resolve(&c, &err), &err);
    return fuzz_refused(checkpoint_read_state("c/5", &s, &err), &err);
}

int fuzz_run_checkpoint(const char *data, size_t size)
{
    struct checkpoint_state s;
    struct err err = {0};
    fuzz_file("c/5/trainer.safetensors", data, size);
    int rc = read_checkpoint();
    if (checksums_write("c/5", &err))
        return rc;
    float *moments = calloc(model.table.floats, sizeof *moments);
    if (!moments)
        abort();
    rc |= fuzz_refused(checkpoint_load("c/5", &model, values, moments, moments, &s, &err), &err);
    free(moments);
    return rc;
}

void fuzz_setup_checkpoint_header(struct fuzz *f)
{
    char *data;
    size_t size, n = 0;
    make_checkpoint();
    if (file_read("c/5/trainer.safetensors", FUZZ_INPUT_MAX, &data, &size, NULL))
        abort();
    for (int i = 3; i >= 0; i--)
        n = n << 8 | (unsigned char)data[i];
    fuzz_seed(f, data + 8, n);
    free(data);
    f->dict = state_words;
}

int fuzz_run_checkpoint_header(const char *data, size_t size)
{
    size_t bytes = 0;
    for (int i = 0; i < model.table.n; i++)
        bytes += model.table.rows[i].alias < 0 ? 2 * model.table.rows[i].size * sizeof(float) : 0;
    with_header("c/5/trainer.safetensors", data, size, bytes);
    return read_checkpoint();
}

/* A list decides what is deleted: nothing but what lies in the checkpoint. */
void fuzz_setup_checkpoint_list(struct fuzz *f)
{
    static const char *const names[] = {
        "XXH3 (", ") = ", "../canary", "/tmp/canary", "./", "main/../../canary", "main/",
        "trainer.safetensors", "0123456789abcdef", "\n", "..", NULL};
    make_checkpoint();
    seed_from(f, "c/5/checksums.txt");
    fuzz_seed_text(f,
                   "XXH3 (../canary) = 0123456789abcdef\nXXH3 (../../canary) = 0123456789abcdef\n");
    fuzz_seed_text(f, "XXH3 (a) = 0123456789abcdef\nXXH3 (b/c) = 0123456789abcdef\n");
    f->dict = names;
    fuzz_file("canary", "x", 1);
    fuzz_file("c/canary", "x", 1);
}

int fuzz_run_checkpoint_list(const char *data, size_t size)
{
    struct err err = {0};
    fuzz_file("c/5/checksums.txt", data, size);
    int rc = fuzz_refused(checkpoint_verify("c/5", &err), &err);
    if (mkdir("c/7", 0700) || mkdir("c/7/main", 0700))
        abort();
    fuzz_file("c/7/a", "x", 1);
    fuzz_file("c/7/main/b", "x", 1);
    fuzz_file("c/7/checksums.txt", data, size);
    fuzz_refused(checkpoint_prune("c", 0, 5, &err), &err);
    fuzz_check(file_exists("canary") && file_exists("c/canary"),
               "a file outside the checkpoint is removed");
    file_remove_tree("c/7", NULL);
    return rc;
}
