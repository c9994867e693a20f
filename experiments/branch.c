/* See branch.h. */
#include "experiments/branch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/train/checkpoint.h"

#define SHOW(s) visible((char[200]){0}, 200, (s))

static void run_dir(const struct workspace *w, int64_t run, char *out, size_t size)
{
    snprintf(out, size, "%s/%" PRId64, w->checkpoints, run);
}

int branch_find(const struct workspace *w, int64_t run, int64_t want, char *path, size_t size,
                int64_t *step, struct err *err)
{
    char dir[1200];
    struct err why = {0};
    run_dir(w, run, dir, sizeof dir);
    if (want < 0) {
        int rc = checkpoint_newest(dir, path, (int)size, step, &why);
        return !rc ? 0 : rc == E_NOTFOUND ? err_set(err, rc, "run %" PRId64 " has no checkpoint yet", run)
                                          : err_set(err, rc, "%s", why.text);
    }
    *step = want;
    snprintf(path, size, "%s/%" PRId64, dir, want);
    if (file_exists(path))
        return 0;
    return err_set(err, E_NOTFOUND, "run %" PRId64 " has no checkpoint of step %" PRId64
                   " (keep_checkpoints says how many stay)", run, want);
}

/* Fields that a checkpoint cannot be separated from, beside those with the flag MODEL. */
static const char *const fixed[] = {"corpus", "vocab", "vocab_size", "cased"};
/* Fields that only say how a run begins. */
static const char *const beginning[] = {"init", "output_bias_init", "disc_last_scale", "init_generator",
                                        "init_discriminator"};

static int is_one_of(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i], name))
            return 1;
    return 0;
}

static int check_field(const struct config *now, const struct config_field *f, const char *a,
                       const char *b, int64_t step, struct err *err)
{
    int two_stage = now->objective == OBJ_TWO_STAGE;
    if (f->flags & CONFIG_MODEL)
        return err_set(err, E_USAGE, "%s: '%s' instead of '%s' changes the networks: a branch keeps their "
                       "shapes", f->name, SHOW(b), SHOW(a));
    if (is_one_of(f->name, fixed, sizeof fixed / sizeof *fixed))
        return err_set(err, E_USAGE, "%s: a branch keeps it ('%s'); for other text start a run with "
                       "--init-generator and --init-discriminator", f->name, SHOW(a));
    if (is_one_of(f->name, beginning, sizeof beginning / sizeof *beginning))
        return err_set(err, E_USAGE, "%s: it only says how a run begins, and this one goes on at step %"
                       PRId64, f->name, step);
    if (two_stage && (!strcmp(f->name, "steps") || !strcmp(f->name, "two_stage_copy")))
        return err_set(err, E_USAGE, "%s: it says where and how the second phase of two_stage begins, "
                       "so a branch keeps it ('%s')", f->name, SHOW(a));
    return 0;
}

int branch_check(const struct config *was, const struct config *now, int64_t step, struct err *err)
{
    int joint = (was->objective == OBJ_ELECTRA || was->objective == OBJ_ELECTRA15) &&
                (now->objective == OBJ_ELECTRA || now->objective == OBJ_ELECTRA15);
    if (was->objective != now->objective && !joint)
        return err_set(err, E_USAGE, "objective: only electra and electra15 can take each other's place in a "
                       "branch; the others have other networks");
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        char a[CONFIG_TEXT], b[CONFIG_TEXT];
        if (!(f->flags & CONFIG_ID) || !strcmp(f->name, "objective"))
            continue;
        config_get(was, f, a, sizeof a);
        config_get(now, f, b, sizeof b);
        int rc = strcmp(a, b) ? check_field(now, f, a, b, step, err) : 0;
        if (rc)
            return rc;
    }
    if (now->steps <= step)
        return err_set(err, E_USAGE, "steps: %ld are done by step %" PRId64 ", where the branch begins",
                       now->steps, step);
    return 0;
}

int branch_place(const struct workspace *w, int64_t parent, const char *from, int64_t step,
                 int64_t run, char *path, size_t size, struct err *err)
{
    char dir[1200], name[1300], old[1300], text[64], *corpus = NULL;
    size_t n = 0;
    run_dir(w, run, dir, sizeof dir);
    snprintf(path, size, "%s/%" PRId64, dir, step);
    int rc = file_mkdirs(dir, err);
    if (!rc)
        rc = checkpoint_share(from, dir, step, err);
    run_dir(w, parent, old, sizeof old - 10);
    strcat(old, "/corpus");
    snprintf(name, sizeof name, "%s/corpus", dir);
    if (!rc && !file_read(old, 4096, &corpus, &n, NULL))
        rc = file_write_atomic(name, corpus, n, err);
    free(corpus);
    snprintf(name, sizeof name, "%s/branch", dir);
    snprintf(text, sizeof text, "%" PRId64 " %" PRId64 "\n", parent, step);
    return rc ? rc : file_write_atomic(name, text, strlen(text), err);
}

int branch_origin(const struct workspace *w, int64_t run, int64_t *parent, int64_t *step)
{
    char name[1300], *text = NULL;
    size_t n = 0;
    snprintf(name, sizeof name, "%s/%" PRId64 "/branch", w->checkpoints, run);
    if (file_read(name, 64, &text, &n, NULL))
        return 0;
    int ok = sscanf(text, "%" SCNd64 " %" SCNd64, parent, step) == 2 && *parent > 0 && *step >= 0;
    free(text);
    return ok;
}
