/* Hugging Face's file layout of one network: config.json, model.safetensors (or shards with an
 * index), vocab.txt, tokenizer_config.json, special_tokens_map.json, tokenizer.json. */
#ifndef ES_MODEL_HF_H
#define ES_MODEL_HF_H
#include <stdint.h>

#include "src/model/model.h"
#include "src/text/wordpiece.h"

#define HF_LABELS_MAX 1000
#define HF_SHARDS_MAX 256
struct vocab;
struct hf_dir {
    struct net_shape shape;
    int is_generator;          /* architectures say ElectraForMaskedLM */
    char architecture[64];
    int num_labels;            /* 0 when absent */
    struct wordpiece_options text;
    int has_vocab;
    float classifier_dropout;  /* -1 when absent */
};
/* E_INPUT where the directory has weights in another program's format only (PyTorch's pickles,
 * TensorFlow, Flax): the sentence says how they are converted. */
int hf_refuse_foreign(const char *dir, struct err *err);
/* Reads and checks config.json (and tokenizer_config.json when there), after hf_refuse_foreign. warn
 * may be NULL. */
int hf_read_config(const char *dir, struct hf_dir *out, void (*warn)(void *, const char *),
                   void *ud, struct err *err);
/* id2label of config.json, in order; n is 0 where there is none. Free with hf_labels_free. */
struct hf_labels {
    char **names;
    int n;
};
int hf_read_labels(const char *dir, struct hf_labels *out, struct err *err);
void hf_labels_free(struct hf_labels *l);
/* Whether the tensors of `dir` can be those of a network of this shape, by their bytes: to be asked
 * before memory is taken for what config.json says. */
int hf_check_size(const char *dir, const struct net_shape *s, struct err *err);
/* Loads the tensors of `net` into the block; missing tensors are errors that name them, unknown
 * ones warnings. With `warn`, the reward baseline of adversarial training may be missing: nobody
 * else's generator has one. `heads` says which heads must be there; absent wanted heads are errors. */
int hf_load_weights(const char *dir, const struct model *m, const struct net *net, float *block,
                    void (*warn)(void *, const char *), void *ud, struct err *err);
/* The encoder only (names that begin with electra.): a start for another head. Tensors of other
 * heads are passed over in silence. */
int hf_load_encoder(const char *dir, const struct model *m, const struct net *net, float *block,
                    void (*warn)(void *, const char *), void *ud, struct err *err);
/* The file's name of a row of the table: its name without the network's prefix; NULL for a row of
 * another network. */
const char *hf_own_name(const struct net *net, const struct param *p);
/* Writes and syncs all files for one network into an existing directory, which the caller syncs. */
int hf_save(const char *dir, const struct model *m, const struct net *net, const float *block,
            const struct vocab *v, const struct wordpiece_options *text, struct err *err);
/* Splits model.safetensors of a directory just written (float32 only) into files of at most `most`
 * bytes of tensors (one tensor may be larger), model-00001-of-0000N.safetensors, with an index; one
 * file is left as it is where all fit. E_USAGE above HF_SHARDS_MAX files. */
int hf_shard(const char *dir, uint64_t most, struct err *err);
/* The same as hf_save for a fine-tuned network: its class and labels in config.json. */
struct hf_head {
    const char *architecture;  /* ElectraForSequenceClassification, ... */
    int num_labels;
    const char *const *labels; /* [num_labels] or NULL; one label means regression */
    float classifier_dropout;  /* -1: not written */
};
int hf_save_as(const char *dir, const struct model *m, const struct net *net, const float *block,
               const struct vocab *v, const struct wordpiece_options *text, const struct hf_head *head,
               struct err *err);
#endif
