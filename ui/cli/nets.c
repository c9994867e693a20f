/* See nets.h. */
#include "ui/cli/nets.h"

#include <stdio.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/model/hf.h"

static int exists(char *out, size_t size, const char *dir, const char *sub)
{
    char config[4300];
    snprintf(out, size, "%s%s%s", dir, *sub ? "/" : "", sub);
    snprintf(config, sizeof config, "%.4200s/config.json", out);
    return file_exists(config);
}

int nets_find(const char *dir, const char *generator, struct nets *n, struct err *err)
{
    n->gen[0] = 0;
    if (exists(n->main, sizeof n->main, dir, "discriminator") ||
        exists(n->main, sizeof n->main, dir, "main")) {
        if (!exists(n->gen, sizeof n->gen, dir, "generator"))
            n->gen[0] = 0;
    } else
        snprintf(n->main, sizeof n->main, "%s", dir);
    if (generator)
        snprintf(n->gen, sizeof n->gen, "%s", generator);
    if (generator)
        return 0;
    struct hf_dir hf;
    int rc = hf_read_config(n->main, &hf, NULL, NULL, err);
    if (!rc && hf.is_generator) { /* a language model alone: it proposes, nobody judges */
        snprintf(n->gen, sizeof n->gen, "%s", n->main);
        n->main[0] = 0;
    }
    return rc;
}
