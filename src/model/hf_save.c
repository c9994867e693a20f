/* See hf.h: writing. */
#include "src/model/hf.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/safetensors.h"
#include "src/text/vocab.h"

static int write_json(const char *dir, const char *file, json_t *j, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    char *text = json_dumps(j, JSON_INDENT(2));
    json_decref(j);
    if (!text)
        return err_nomem(err, file);
    int rc = file_write_new(path, text, strlen(text), err);
    free(text);
    return rc;
}

/* Labels and dropout of a fine-tuned model. */
static void add_head(json_t *j, const struct hf_head *head)
{
    if (head->classifier_dropout >= 0)
        json_object_set_new(j, "classifier_dropout", json_real((double)head->classifier_dropout));
    if (!head->labels)
        return;
    json_t *names = json_object(), *ids = json_object();
    for (int i = 0; i < head->num_labels; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        json_object_set_new(names, key, json_string(head->labels[i]));
        json_object_set_new(ids, head->labels[i], json_integer(i));
    }
    json_object_set_new(j, "id2label", names);
    json_object_set_new(j, "label2id", ids);
    if (head->num_labels == 1)
        json_object_set_new(j, "problem_type", json_string("regression"));
}

static json_t *config_json(const struct net *net, const struct hf_head *head)
{
    const struct net_shape *s = &net->shape;
    const char *arch = head                   ? head->architecture
                       : net->heads & HEAD_RTD ? "ElectraForPreTraining"
                                               : "ElectraForMaskedLM";
    json_t *j = json_pack(
        "{s:[s], s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:f, s:f, s:i, s:i, s:f, s:f, s:i, s:s, s:b}",
        "architectures", arch, "model_type", "electra", "vocab_size", s->vocab, "embedding_size",
        s->embedding, "hidden_size", s->hidden, "num_hidden_layers", s->layers, "num_attention_heads",
        s->heads, "intermediate_size", s->ffn, "hidden_act", "gelu", "hidden_dropout_prob",
        (double)s->dropout, "attention_probs_dropout_prob", (double)s->attention_dropout,
        "max_position_embeddings", s->positions, "type_vocab_size", s->types, "initializer_range", 0.02,
        "layer_norm_eps", 1e-12, "pad_token_id", s->pad_id, "position_embedding_type", "absolute",
        "tie_word_embeddings", 1);
    if (j && head)
        add_head(j, head);
    return j;
}

static int save_weights(const char *dir, const struct model *m, const struct net *net,
                        const float *block, struct err *err)
{
    struct st_write *t = calloc((size_t)m->table.n + 1, sizeof *t);
    char path[4096];
    int n = 0;
    if (!t)
        return err_nomem(err, "a tensor list");
    for (int i = 0; i < m->table.n; i++) {
        const struct param *p = &m->table.rows[i];
        const char *name = hf_own_name(net, p);
        if (!name || !strcmp(name, "generator_lm_head.weight"))
            continue;
        t[n] = (struct st_write){.name = name, .dtype = ST_F32, .rank = p->rank,
                                 .data = block + p->offset};
        t[n].shape[0] = p->rank == 2 ? p->rows : p->cols;
        t[n].shape[1] = p->cols;
        n++;
    }
    static const char *const metadata[] = {"format", "pt", NULL};
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    int rc = st_write(path, t, n, metadata, NULL, err);
    free(t);
    return rc;
}

/* {"SpecialToken": {"id": token, "type_id": type}} */
static json_t *template_token(const char *token, int type)
{
    return json_pack("{s:{s:s, s:i}}", "SpecialToken", "id", token, "type_id", type);
}

static json_t *template_text(const char *which, int type)
{
    return json_pack("{s:{s:s, s:i}}", "Sequence", "id", which, "type_id", type);
}

/* [CLS] A [SEP] (B [SEP]) as the fast tokenizer's post-processor. */
static json_t *post_processor(const struct vocab *v)
{
    int cls = vocab_special(v, VOCAB_CLS), sep = vocab_special(v, VOCAB_SEP);
    return json_pack("{s:s, s:[o,o,o], s:[o,o,o,o,o], s:{s:{s:s,s:[i],s:[s]}, s:{s:s,s:[i],s:[s]}}}", "type",
                     "TemplateProcessing", "single", template_token("[CLS]", 0), template_text("A", 0),
                     template_token("[SEP]", 0), "pair", template_token("[CLS]", 0),
                     template_text("A", 0), template_token("[SEP]", 0), template_text("B", 1),
                     template_token("[SEP]", 1), "special_tokens", "[CLS]", "id", "[CLS]", "ids", cls,
                     "tokens", "[CLS]", "[SEP]", "id", "[SEP]", "ids", sep, "tokens", "[SEP]");
}

/* The fast tokenizer's file. Tokens that are no UTF-8 cannot stand in JSON and are left out. */
static json_t *tokenizer_json(const struct vocab *v, const struct wordpiece_options *text)
{
    json_t *added = json_array(), *words = json_object();
    for (int k = 0; k < VOCAB_SPECIALS; k++) {
        int id = vocab_special(v, k);
        json_array_append_new(added, json_pack("{s:i, s:s, s:b, s:b, s:b, s:b, s:b}", "id", id, "content",
                                               vocab_token(v, id), "single_word", 0, "lstrip", 0,
                                               "rstrip", 0, "normalized", 0, "special", 1));
    }
    for (int i = 0; i < vocab_size(v); i++)
        json_object_set_new(words, vocab_token(v, i), json_integer(i));
    json_t *strip = text->strip_accents < 0 ? json_null() : json_boolean(text->strip_accents);
    return json_pack("{s:s, s:n, s:n, s:o, s:{s:s,s:b,s:b,s:o,s:b}, s:{s:s}, s:o, s:{s:s,s:s,s:b}, "
                     "s:{s:s,s:s,s:s,s:i,s:o}}",
                     "version", "1.0", "truncation", "padding", "added_tokens", added, "normalizer",
                     "type", "BertNormalizer", "clean_text", 1, "handle_chinese_chars",
                     !text->no_cjk_split, "strip_accents", strip, "lowercase", !text->cased,
                     "pre_tokenizer", "type", "BertPreTokenizer", "post_processor", post_processor(v),
                     "decoder", "type", "WordPiece", "prefix", "##", "cleanup", 1, "model", "type",
                     "WordPiece", "unk_token", "[UNK]", "continuing_subword_prefix", "##",
                     "max_input_chars_per_word", 100, "vocab", words);
}

static int save_text(const char *dir, const struct net *net, const struct vocab *v,
                     const struct wordpiece_options *text, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    int rc = vocab_write(v, path, err);
    json_t *strip = text->strip_accents < 0 ? json_null() : json_boolean(text->strip_accents);
    if (!rc)
        rc = write_json(dir, "tokenizer_config.json",
                        json_pack("{s:s, s:b, s:o, s:b, s:s, s:s, s:s, s:s, s:s, s:i}",
                                  "tokenizer_class", "ElectraTokenizer", "do_lower_case", !text->cased,
                                  "strip_accents", strip, "tokenize_chinese_chars",
                                  !text->no_cjk_split, "unk_token", "[UNK]", "cls_token", "[CLS]",
                                  "sep_token", "[SEP]", "pad_token", "[PAD]", "mask_token", "[MASK]",
                                  "model_max_length", net->shape.positions),
                        err);
    else
        json_decref(strip);
    if (!rc)
        rc = write_json(dir, "special_tokens_map.json",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "unk_token", "[UNK]", "cls_token", "[CLS]",
                                  "sep_token", "[SEP]", "pad_token", "[PAD]", "mask_token", "[MASK]"),
                        err);
    return rc ? rc : write_json(dir, "tokenizer.json", tokenizer_json(v, text), err);
}

int hf_save_as(const char *dir, const struct model *m, const struct net *net, const float *block,
               const struct vocab *v, const struct wordpiece_options *text, const struct hf_head *head,
               struct err *err)
{
    int rc = write_json(dir, "config.json", config_json(net, head), err);
    if (!rc)
        rc = save_weights(dir, m, net, block, err);
    return rc || !v ? rc : save_text(dir, net, v, text, err);
}

int hf_save(const char *dir, const struct model *m, const struct net *net, const float *block,
            const struct vocab *v, const struct wordpiece_options *text, struct err *err)
{
    return hf_save_as(dir, m, net, block, v, text, NULL, err);
}
