/* See rig.h. */
#include "tests/unit/experiments/rig.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/rng.h"

void rig_put(char *out, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(out, size, fmt, ap);
    va_end(ap);
}

void rig_text(const char *path, int documents, unsigned seed)
{
    FILE *f = fopen(path, "w");
    for (int d = 0; d < documents; d++) {
        unsigned at = rng_u32(seed, RNG_TEST, (uint32_t)d, 0, 0) % 60;
        for (int i = 0; i < 40; i++) {
            fprintf(f, "w%c%c%c", 'a' + (int)at / 8, 'a' + (int)at % 8, i % 10 == 9 ? '\n' : ' ');
            at = (at * 5 + rng_u32(seed, RNG_TEST, (uint32_t)d, 1, (uint32_t)i) % 3) % 60;
        }
        fputc('\n', f);
    }
    fclose(f);
}

int rig_open(struct rig *r, const char *name)
{
    struct err err = {0};
    char cwd[128], templ[64], base[128];
    snprintf(templ, sizeof templ, "%s.XXXXXX", name);
    if (!getcwd(cwd, sizeof cwd) || !mkdtemp(templ))
        return -1;
    snprintf(base, sizeof base, "%s", templ);
    snprintf(r->dir, sizeof r->dir, "%s/%s", cwd, base);
    snprintf(r->text, sizeof r->text, "%s/text.txt", r->dir);
    rig_text(r->text, 1500, 1);
    char ws[300];
    snprintf(ws, sizeof ws, "%s/ws", r->dir);
    if (!workspace_open(&r->w, ws, 1, &err))
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return -1;
}

void rig_close(struct rig *r)
{
    char command[400];
    snprintf(command, sizeof command, "rm -rf '%s'", r->dir);
    if (system(command))
        fprintf(stderr, "%s is left\n", r->dir);
}

void rig_config(const struct rig *r, struct config *c, int steps)
{
    static const char *const fields[][2] = {
        {"layers", "2"}, {"hidden_size", "16"}, {"ffn_size", "32"}, {"heads", "2"},
        {"embedding_size", "16"}, {"generator_size", "0.5"}, {"max_positions", "64"}, {"seq", "8"},
        {"batch", "8"}, {"vocab_size", "120"}, {"warmup_steps", "5"}, {"preset", "custom"},
        {"eval_sequences", "64"},
    };
    struct err err = {0};
    config_default(c);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (config_set(c, fields[i][0], fields[i][1], &err))
            fprintf(stderr, "%s\n", err.text);
    c->steps = steps;
    c->checkpoint_every = 40;
    rig_put(c->corpus, sizeof c->corpus, "%s", r->text);
}
