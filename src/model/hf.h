/* Hugging Face's file layout of one network: config.json, model.safetensors (or shards with an
 * index), vocab.txt, tokenizer_config.json, special_tokens_map.json. */
#ifndef ES_MODEL_HF_H
#define ES_MODEL_HF_H
#include "src/model/model.h"
#include "src/text/wordpiece.h"

struct vocab;
struct hf_dir {
    struct net_shape shape;
    int is_generator;          /* architectures say ElectraForMaskedLM */
    char architecture[64];
    int num_labels;            /* 0 when absent */
    struct wordpiece_options text;
    int has_vocab;
};
/* Reads and checks config.json (and tokenizer_config.json when there). pytorch_model.bin alone is
 * refused with the command that converts it. warn may be NULL. */
int hf_read_config(const char *dir, struct hf_dir *out, void (*warn)(void *, const char *),
                   void *ud, struct err *err);
/* Loads the tensors of `net` into the block; missing tensors are errors that name them, unknown
 * ones warnings. `heads` says which heads must be there; absent wanted heads are errors. */
int hf_load_weights(const char *dir, const struct model *m, const struct net *net, float *block,
                    void (*warn)(void *, const char *), void *ud, struct err *err);
/* Writes all files for one network into an existing directory. */
int hf_save(const char *dir, const struct model *m, const struct net *net, const float *block,
            const struct vocab *v, const struct wordpiece_options *text, struct err *err);
#endif
