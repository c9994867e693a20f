/* See model_dir.h. */
#include "experiments/model_dir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/model/hf.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

/* DIR/NAME when it is there, else DIR. */
static int inside(const char *dir, const char *name, char out[PATH_MAX])
{
    char config[PATH_MAX + 16];
    if (snprintf(out, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
        return 0;
    snprintf(config, sizeof config, "%s/config.json", out);
    if (file_exists(config))
        return 1;
    snprintf(out, PATH_MAX, "%s", dir);
    return 0;
}

static int put(const char *path, char out[CONFIG_TEXT], struct err *err)
{
    if (strlen(path) >= CONFIG_TEXT)
        return err_set(err, E_USAGE, "the path %s is longer than %d bytes", SHOW(path), CONFIG_TEXT - 1);
    memcpy(out, path, strlen(path) + 1);
    return 0;
}

static int take_main(const char *dir, const struct hf_dir *d, struct config *c, struct err *err)
{
    char vocab[PATH_MAX + 16];
    config_preset(c, "custom", NULL);
    c->layers = d->shape.layers;
    c->hidden_size = d->shape.hidden;
    c->ffn_size = d->shape.ffn;
    c->heads = d->shape.heads;
    c->embedding_size = d->shape.embedding;
    c->max_positions = d->shape.positions;
    c->seq = c->seq < c->max_positions ? c->seq : c->max_positions;
    c->cased = d->text.cased;
    c->objective = d->is_generator ? OBJ_BERT_MLM : OBJ_ELECTRA;
    int rc = put(dir, c->init_discriminator, err);
    snprintf(vocab, sizeof vocab, "%s/vocab.txt", dir);
    return rc || !d->has_vocab ? rc : put(vocab, c->vocab, err);
}

int model_dir_config(const char *dir, struct config *c, struct err *err)
{
    char full[PATH_MAX], main_dir[PATH_MAX], gen_dir[PATH_MAX];
    struct config next = *c;
    struct hf_dir d, g;
    if (!realpath(dir, full))
        return err_errno(err, "cannot open %s", SHOW(dir));
    int gen = inside(full, "generator", gen_dir);
    if (!inside(full, "discriminator", main_dir))
        inside(full, "main", main_dir);
    int rc = hf_read_config(main_dir, &d, NULL, NULL, err);
    if (!rc)
        rc = take_main(main_dir, &d, &next, err);
    if (!rc && gen && !d.is_generator) {
        rc = hf_read_config(gen_dir, &g, NULL, NULL, err);
        if (!rc)
            rc = put(gen_dir, next.init_generator, err);
        next.generator_hidden_size = rc ? 0 : g.shape.hidden;
        next.generator_heads = rc ? 0 : g.shape.heads;
        next.generator_layers = rc ? 0 : g.shape.layers;
    }
    if (!rc)
        *c = next;
    return rc;
}
