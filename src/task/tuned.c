/* A tuned network from one directory to another. See tuner.h. */
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/model/hf.h"
#include "src/task/tuner.h"
#include "src/text/vocab.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

static int copy(const char *from, const char *to, const struct hf_dir *hf, const struct hf_head *head,
                struct tuner *t, void (*warn)(void *, const char *), void *ud, struct err *err)
{
    const struct model *m = tuner_model(t);
    char path[4200];
    struct vocab *v = NULL;
    int rc = hf_load_weights(from, m, &m->disc, tuner_values(t), warn, ud, err);
    snprintf(path, sizeof path, "%s/vocab.txt", from);
    if (!rc && file_exists(path) && !(v = vocab_load(path, warn, ud, err)))
        rc = E_INPUT;
    if (!rc)
        rc = hf_save_as(to, m, &m->disc, tuner_values(t), v, &hf->text, head, err);
    vocab_free(v);
    return rc;
}

int tuned_copy(const char *from, const char *to, uint64_t *params,
               void (*warn)(void *ud, const char *text), void *ud, struct err *err)
{
    struct hf_dir hf;
    struct hf_labels labels = {0};
    enum tune_head kind;
    int rc = hf_read_config(from, &hf, warn, ud, err);
    if (!rc && !tune_head_find(hf.architecture, &kind))
        rc = err_set(err, E_INPUT, "%s: %s is no tuned network that is known here", SHOW(from),
                     SHOW(hf.architecture));
    if (!rc)
        rc = hf_check_size(from, &hf.shape, err);
    if (!rc)
        rc = hf_read_labels(from, &labels, err);
    if (rc)
        return rc;
    struct hf_head head = {.architecture = hf.architecture, .num_labels = hf.num_labels,
                           .labels = (const char *const *)labels.names,
                           .classifier_dropout = hf.classifier_dropout};
    struct pool *pool = pool_new(1, err);
    struct tuner_args a = {.shape = &hf.shape, .head = kind, .math = &math_ref, .pool = pool,
                           .labels = hf.num_labels ? hf.num_labels : 2, .max_T = 8, .max_B = 1,
                           .shards = 1};
    struct tuner *t = pool ? tuner_new(&a, err) : NULL;
    rc = t ? copy(from, to, &hf, &head, t, warn, ud, err) : E_NOMEM;
    if (!rc)
        *params = param_count(&tuner_model(t)->table);
    tuner_free(t);
    pool_free(pool);
    hf_labels_free(&labels);
    return rc;
}
