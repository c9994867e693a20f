/* See hf.h: reading. */
#include "src/model/hf.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/json_in.h"
#include "src/base/visible.h"
#include "src/model/safetensors.h"
#include "src/text/vocab.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define VALUES_MAX (4u << 16) /* an index of 65,536 tensors fits */

static void tell(void (*warn)(void *, const char *), void *ud, const char *path, const char *what,
                 const char *name)
{
    char text[512];
    snprintf(text, sizeof text, "%s: %s%s%s", SHOW(path), what, name ? " " : "", name ? SHOW(name) : "");
    if (warn)
        warn(ud, text);
}

/* A whole number within bounds; def < 0: required. */
static int take_int(json_t *j, const char *path, const char *key, long def, long min, long max, int *out,
                    struct err *err)
{
    json_t *v = json_object_get(j, key);
    if (!v || json_is_null(v)) {
        if (def < 0)
            return err_set(err, E_INPUT, "%s: %s is missing", SHOW(path), key);
        *out = (int)def;
        return 0;
    }
    if (!json_is_integer(v))
        return err_set(err, E_INPUT, "%s: %s is not a whole number", SHOW(path), key);
    json_int_t x = json_integer_value(v);
    if (x < min || x > max)
        return err_set(err, E_INPUT, "%s: %s is %lld, outside %ld to %ld", SHOW(path), key, (long long)x,
                       min, max);
    *out = (int)x;
    return 0;
}

static int take_real(json_t *j, const char *path, const char *key, double def, double min, double max,
                     float *out, struct err *err)
{
    json_t *v = json_object_get(j, key);
    if (!v || json_is_null(v)) {
        *out = (float)def;
        return 0;
    }
    double x = json_number_value(v);
    if (!json_is_number(v) || !(x >= min && x < max))
        return err_set(err, E_INPUT, "%s: %s is not a number from %g to below %g", SHOW(path), key, min, max);
    *out = (float)x;
    return 0;
}

static json_t *load_json(const char *path, void (*warn)(void *, const char *), void *ud, struct err *err)
{
    char *text;
    size_t size;
    json_error_t e;
    if (file_read(path, 16u << 20, &text, &size, err))
        return NULL;
    const char *why = json_in_check(text, size, VALUES_MAX, VALUES_MAX);
    if (why) {
        free(text);
        err_set(err, E_INPUT, "%s: %s", SHOW(path), why);
        return NULL;
    }
    json_t *j = json_loadb(text, size, JSON_REJECT_DUPLICATES, &e);
    if (!j && json_error_code(&e) == json_error_duplicate_key) {
        tell(warn, ud, path, SHOW(e.text), NULL);
        j = json_loadb(text, size, 0, &e);
    }
    free(text);
    if (!j)
        err_set(err, E_INPUT, "%s line %d: %s", SHOW(path), e.line, SHOW(e.text));
    else if (!json_is_object(j)) {
        json_decref(j);
        j = NULL;
        err_set(err, E_INPUT, "%s: the top level is not an object", SHOW(path));
    }
    return j;
}

/* The classes of a fine-tuned model: from id2label (num_labels in older files). */
static int take_labels(json_t *j, const char *path, struct hf_dir *out, struct err *err)
{
    json_t *names = json_object_get(j, "id2label"), *dropout = json_object_get(j, "classifier_dropout");
    int rc = take_int(j, path, "num_labels", 0, 0, HF_LABELS_MAX, &out->num_labels, err);
    out->classifier_dropout = -1;
    if (rc)
        return rc;
    if (names && !json_is_null(names)) {
        if (!json_is_object(names) || json_object_size(names) > HF_LABELS_MAX)
            return err_set(err, E_INPUT, "%s: id2label is not an object of at most %d labels", SHOW(path),
                           HF_LABELS_MAX);
        out->num_labels = (int)json_object_size(names);
    }
    if (dropout && !json_is_null(dropout))
        rc = take_real(j, path, "classifier_dropout", 0, 0, 1, &out->classifier_dropout, err);
    return rc;
}

int hf_read_config(const char *dir, struct hf_dir *out, void (*warn)(void *, const char *), void *ud,
                   struct err *err)
{
    char path[4096];
    memset(out, 0, sizeof *out);
    out->text.strip_accents = -1;
    int rc = hf_refuse_foreign(dir, err);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "%s/config.json", dir);
    json_t *j = load_json(path, warn, ud, err);
    if (!j)
        return E_INPUT;
    struct net_shape *s = &out->shape;
    rc = take_int(j, path, "vocab_size", 30522, 1, 1 << 24, &s->vocab, err);
    if (!rc)
        rc = take_int(j, path, "hidden_size", 256, 1, 65536, &s->hidden, err);
    if (!rc)
        rc = take_int(j, path, "embedding_size", 128, 1, 65536, &s->embedding, err);
    if (!rc)
        rc = take_int(j, path, "num_hidden_layers", 12, 1, 1024, &s->layers, err);
    if (!rc)
        rc = take_int(j, path, "num_attention_heads", 4, 1, 65536, &s->heads, err);
    if (!rc)
        rc = take_int(j, path, "intermediate_size", 1024, 1, 262144, &s->ffn, err);
    if (!rc)
        rc = take_int(j, path, "max_position_embeddings", 512, 1, 65536, &s->positions, err);
    if (!rc)
        rc = take_int(j, path, "type_vocab_size", 2, 1, 1024, &s->types, err);
    if (!rc)
        rc = take_int(j, path, "pad_token_id", 0, 0, 1 << 24, &s->pad_id, err);
    if (!rc)
        rc = take_real(j, path, "layer_norm_eps", 1e-12, 0, 1, &s->eps, err);
    if (!rc)
        rc = take_real(j, path, "hidden_dropout_prob", 0.1, 0, 1, &s->dropout, err);
    if (!rc)
        rc = take_real(j, path, "attention_probs_dropout_prob", 0.1, 0, 1, &s->attention_dropout, err);
    if (!rc && s->hidden % s->heads)
        rc = err_set(err, E_INPUT, "%s: hidden_size %d is no multiple of num_attention_heads %d",
                     SHOW(path), s->hidden, s->heads);
    json_t *act = json_object_get(j, "hidden_act");
    if (!rc && act && (!json_is_string(act) || strcmp(json_string_value(act), "gelu")))
        rc = err_set(err, E_INPUT, "%s: hidden_act is not gelu", SHOW(path));
    const char *arch = json_string_value(json_array_get(json_object_get(j, "architectures"), 0));
    snprintf(out->architecture, sizeof out->architecture, "%s", arch ? arch : "");
    out->is_generator = arch && strstr(arch, "MaskedLM");
    if (!rc)
        rc = take_labels(j, path, out, err);
    json_decref(j);
    if (rc)
        return rc;
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    out->has_vocab = file_exists(path);
    snprintf(path, sizeof path, "%s/tokenizer_config.json", dir);
    j = file_exists(path) ? load_json(path, warn, ud, NULL) : NULL;
    if (j) {
        out->text.cased = json_is_false(json_object_get(j, "do_lower_case"));
        json_t *strip = json_object_get(j, "strip_accents");
        out->text.strip_accents = json_is_true(strip) ? 1 : json_is_false(strip) ? 0 : -1;
        out->text.no_cjk_split = json_is_false(json_object_get(j, "tokenize_chinese_chars"));
        json_decref(j);
    }
    return 0;
}

int hf_read_labels(const char *dir, struct hf_labels *out, struct err *err)
{
    char path[4096], key[24];
    memset(out, 0, sizeof *out);
    snprintf(path, sizeof path, "%s/config.json", dir);
    json_t *j = load_json(path, NULL, NULL, err), *map = json_object_get(j, "id2label");
    size_t n = json_object_size(map);
    if (!j)
        return E_INPUT;
    out->names = n && n <= HF_LABELS_MAX ? calloc(n, sizeof *out->names) : NULL;
    for (size_t i = 0; out->names && i < n; i++) {
        snprintf(key, sizeof key, "%zu", i);
        const char *name = json_string_value(json_object_get(map, key));
        if (!name || !(out->names[i] = strdup(name)))
            break;
        out->n++;
    }
    json_decref(j);
    if ((size_t)out->n == n)
        return 0;
    hf_labels_free(out);
    return err_set(err, E_INPUT, "%s: id2label does not name the labels 0 to %zu", SHOW(path), n - 1);
}

void hf_labels_free(struct hf_labels *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->names[i]);
    free(l->names);
    memset(l, 0, sizeof *l);
}

/* The files that hold the tensors: one, or the shards an index names. */
struct shards {
    struct safetensors file[HF_SHARDS_MAX];
    int n;
};

static int open_shards(const char *dir, struct shards *s, struct err *err)
{
    char path[4096], index[4096];
    s->n = 0;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    snprintf(index, sizeof index, "%s/model.safetensors.index.json", dir);
    if (file_exists(path) || !file_exists(index)) {
        int rc = st_open(&s->file[0], path, err);
        s->n = !rc;
        return rc;
    }
    json_t *j = load_json(index, NULL, NULL, err), *value;
    const char *key;
    int rc = j ? 0 : E_INPUT;
    char seen[HF_SHARDS_MAX][256];
    json_object_foreach(json_object_get(j, "weight_map"), key, value) {
        const char *name = json_string_value(value);
        int known = 0;
        if (!name || strchr(name, '/') || strlen(name) >= 256) {
            rc = err_set(err, E_INPUT, "%s: a shard's name is not a file name", SHOW(index));
            break;
        }
        for (int i = 0; i < s->n; i++)
            known |= !strcmp(seen[i], name);
        if (known)
            continue;
        if (s->n == HF_SHARDS_MAX) {
            rc = err_set(err, E_INPUT, "%s: more than %d shards", SHOW(index), HF_SHARDS_MAX);
            break;
        }
        snprintf(seen[s->n], sizeof seen[0], "%s", name);
        snprintf(path, sizeof path, "%s/%s", dir, name);
        rc = st_open(&s->file[s->n], path, err);
        if (rc)
            break;
        s->n++;
    }
    json_decref(j);
    return rc;
}

static void close_shards(struct shards *s)
{
    for (int i = 0; i < s->n; i++)
        st_close(&s->file[i]);
}

int hf_check_size(const char *dir, const struct net_shape *s, struct err *err)
{
    struct shards files;
    uint64_t D = (uint64_t)s->hidden, E = (uint64_t)s->embedding, bytes = 0;
    uint64_t least = ((uint64_t)s->vocab + (uint64_t)s->positions + (uint64_t)s->types) * E +
                     (uint64_t)s->layers * (4 * D * D + 2 * D * (uint64_t)s->ffn);
    int rc = open_shards(dir, &files, err);
    for (int i = 0; !rc && i < files.n; i++)
        bytes += files.file[i].map.size;
    close_shards(&files);
    if (!rc && least * 2 > bytes) /* of 16 bits each at least */
        rc = err_set(err, E_INPUT, "%s: the tensors are too small (%llu bytes) for the %llu numbers that "
                     "config.json asks for", SHOW(dir), (unsigned long long)bytes, (unsigned long long)least);
    return rc;
}

static const struct st_tensor *find(const struct shards *s, const char *name)
{
    for (int i = 0; i < s->n; i++) {
        const struct st_tensor *t = st_find(&s->file[i], name);
        if (t)
            return t;
    }
    return NULL;
}

/* gamma and beta are older names of a layer norm's weight and bias. */
static const struct st_tensor *find_alias(const struct shards *s, const char *name)
{
    const struct st_tensor *t = find(s, name);
    char old[PARAM_NAME + 8];
    const char *norm = strstr(name, "LayerNorm.");
    if (t || !norm)
        return t;
    snprintf(old, sizeof old, "%.*s%s", (int)(norm - name) + 10, name,
             strstr(norm, "weight") ? "gamma" : "beta");
    return find(s, old);
}

const char *hf_own_name(const struct net *net, const struct param *p)
{
    size_t n = strlen(net->prefix);
    return !strncmp(p->name, net->prefix, n) && p->name[n] == '.' ? p->name + n + 1 : NULL;
}

static int load_one(const char *dir, const struct st_tensor *t, const struct param *p, float *out,
                    void (*warn)(void *, const char *), void *ud, struct err *err)
{
    int bad = 0, rank_ok = t->rank == p->rank;
    int64_t want[2] = {p->rank == 2 ? p->rows : p->cols, p->cols};
    for (int i = 0; rank_ok && i < p->rank; i++)
        rank_ok = t->shape[i] == want[i];
    if (!rank_ok)
        return err_set(err, E_INPUT, "%s: tensor %s has another shape than config.json says", SHOW(dir),
                       SHOW(t->name));
    int rc = st_floats(t, out, &bad, err);
    if (!rc && bad)
        tell(warn, ud, dir, "not every number is finite in tensor", t->name);
    return rc;
}

/* Tensors of heads that another use of the same encoder has. */
static int is_other_head(const char *name)
{
    static const char *const heads[] = {"discriminator_predictions.", "generator_predictions.",
                                        "generator_lm_head.", "classifier.", "qa_"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        if (!strncmp(name, heads[i], strlen(heads[i])))
            return 1;
    return 0;
}

/* A tensor is not there: perhaps because the directory holds the other one of the pair. */
static int missing(const char *dir, const struct shards *s, const char *name, struct err *err)
{
    int wants_disc = !strncmp(name, "discriminator_predictions.", 26);
    int wants_gen = !strncmp(name, "generator_", 10);
    if (wants_disc && find(s, "generator_predictions.dense.weight"))
        return err_set(err, E_INPUT, "%s holds a generator (ElectraForMaskedLM) where a discriminator "
                       "(ElectraForPreTraining) is wanted", SHOW(dir));
    if (wants_gen && find(s, "discriminator_predictions.dense.weight"))
        return err_set(err, E_INPUT, "%s holds a discriminator (ElectraForPreTraining) where a generator "
                       "(ElectraForMaskedLM) is wanted", SHOW(dir));
    return err_set(err, E_INPUT, "%s: tensor %s is missing", SHOW(dir), name);
}

static void tell_unknown(const char *dir, const struct shards *s, const struct model *m,
                         const struct net *net, int encoder_only, void (*warn)(void *, const char *),
                         void *ud)
{
    for (int f = 0; f < s->n; f++) {
        for (int i = 0; i < s->file[f].n; i++) {
            char full[PARAM_NAME + 64];
            const char *name = s->file[f].tensors[i].name;
            snprintf(full, sizeof full, "%s.%.*s", net->prefix, PARAM_NAME, name);
            if (param_find(&m->table, full) < 0 && !strstr(name, "position_ids") &&
                !strstr(name, "gamma") && !strstr(name, "beta") &&
                !(encoder_only && is_other_head(name)))
                tell(warn, ud, dir, "unknown tensor ignored:", name);
        }
    }
}

static int load(const char *dir, const struct model *m, const struct net *net, float *block,
                int encoder_only, void (*warn)(void *, const char *), void *ud, struct err *err)
{
    struct shards s;
    int rc = open_shards(dir, &s, err);
    for (int i = 0; !rc && i < m->table.n; i++) {
        const struct param *p = &m->table.rows[i];
        const char *name = hf_own_name(net, p);
        if (!name || (encoder_only && strncmp(name, "electra.", 8)))
            continue;
        const struct st_tensor *t = find_alias(&s, name);
        if (!t && !strcmp(name, "generator_lm_head.weight"))
            continue;
        if (!t && warn && !strncmp(name, "baseline_head.", 14)) {
            tell(warn, ud, dir, "keeps its start values, because there is none:", name);
            continue;
        }
        if (!t)
            rc = missing(dir, &s, name, err);
        else
            rc = load_one(dir, t, p, param_at(&m->table, block, i), warn, ud, err);
    }
    if (!rc)
        tell_unknown(dir, &s, m, net, encoder_only, warn, ud);
    close_shards(&s);
    return rc;
}

int hf_load_weights(const char *dir, const struct model *m, const struct net *net, float *block,
                    void (*warn)(void *, const char *), void *ud, struct err *err)
{
    return load(dir, m, net, block, 0, warn, ud, err);
}

int hf_load_encoder(const char *dir, const struct model *m, const struct net *net, float *block,
                    void (*warn)(void *, const char *), void *ud, struct err *err)
{
    return load(dir, m, net, block, 1, warn, ud, err);
}
