/* See hf.h: weights in other programs' formats. They are known by their names and never opened. */
#include "src/model/hf.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))
#define PICKLE "a pickle, which is never run"
#define LOAD(from) "ElectraForPreTraining.from_pretrained(DIR" from ").save_pretrained(DIR) of transformers " \
                   "(ElectraForMaskedLM for a generator)"

static const struct {
    const char *end, *what, *how;
} foreign[] = {
    {"pytorch_model.bin", PICKLE, LOAD("")},
    {"pytorch_model.bin.index.json", "the list of pickles, which are never run", LOAD("")},
    {"tf_model.h5", "weights of TensorFlow, which are not read", LOAD(", from_tf=True")},
    {"flax_model.msgpack", "weights of Flax, which are not read", LOAD(", from_flax=True")},
    {".data-00000-of-00001", "a checkpoint of TensorFlow, which is not read",
     "convert_electra_original_tf_checkpoint_to_pytorch.py of transformers, then save_pretrained(DIR)"},
};

static int kind_of(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        size_t k = strlen(foreign[i].end);
        if (n >= k && !strcmp(name + n - k, foreign[i].end))
            return (int)i;
    }
    return -1;
}

int hf_refuse_foreign(const char *dir, struct err *err)
{
    static const char *const own[] = {"model.safetensors", "model.safetensors.index.json"};
    char path[4096], found[256] = "";
    int best = -1;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, own[i]);
        if (file_exists(path))
            return 0;
    }
    DIR *d = opendir(dir);
    const struct dirent *e;
    while (d && (e = readdir(d))) {
        int kind = kind_of(e->d_name);
        if (kind < 0 || (best >= 0 && kind > best))
            continue;
        best = kind;
        snprintf(found, sizeof found, "%s", e->d_name);
    }
    if (d)
        closedir(d);
    if (best < 0)
        return 0;
    snprintf(path, sizeof path, "%.3800s/%s", dir, found);
    return err_set(err, E_INPUT, "%s holds %s: convert it elsewhere with %s", SHOW(path), foreign[best].what,
                   foreign[best].how);
}
