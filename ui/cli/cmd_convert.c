/* electroscope convert: a network from Hugging Face's layout, or of a run's checkpoint, into a
 * directory of its own in that layout: one float32 model.safetensors, checked on the way. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "db/query.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/model/hf.h"
#include "src/task/tuner.h"
#include "src/text/vocab.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/print.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))
#define PATH 4300

struct convert_args {
    const char *run, *shard_size;
    long step;
    int net;
};
enum { NET_ALL, NET_DISCRIMINATOR, NET_GENERATOR, NET_MAIN };
static const char *const net_names[] = {"", "discriminator", "generator", "main"};

static void defaults(void *own)
{
    ((struct convert_args *)own)->step = -1;
}

static int build(struct model *m, const struct hf_dir *hf, struct err *err)
{
    if (hf->is_generator)
        return model_build_shapes(m, &hf->shape, HEAD_MLM, NULL, 0, "discriminator", 0, err);
    int rtd = !strcmp(hf->architecture, "ElectraForPreTraining");
    return model_build_shapes(m, NULL, 0, &hf->shape, rtd ? HEAD_RTD : HEAD_NONE, "discriminator", 0, err);
}

static int write_net(const char *out, const struct model *m, const struct hf_dir *hf,
                     const float *values, const struct vocab *v, struct err *err)
{
    int rc = file_mkdirs(out, err);
    if (!rc)
        rc = hf_save(out, m, hf->is_generator ? &m->gen : &m->disc, values, v, &hf->text, err);
    return rc ? rc : file_sync_dir(out, err);
}

/* A network with a task's head. */
static int convert_tuned(const char *in, const char *out, const struct hf_dir *hf, struct err *err)
{
    char count[32];
    uint64_t params = 0;
    int rc = file_mkdirs(out, err);
    if (!rc)
        rc = tuned_copy(in, out, &params, print_warning, NULL, err);
    if (!rc)
        printf("%s, %s parameters\n", SHOW(hf->architecture),
               print_count((double)params, count, sizeof count));
    return rc;
}

static int convert_plain(const char *in, const char *out, struct err *err)
{
    struct hf_dir hf;
    struct model m = {0};
    char path[PATH], count[32];
    float *values = NULL;
    struct vocab *v = NULL;
    enum tune_head head;
    int rc = hf_read_config(in, &hf, print_warning, NULL, err);
    if (!rc && tune_head_find(hf.architecture, &head))
        return convert_tuned(in, out, &hf, err);
    if (!rc)
        rc = hf_check_size(in, &hf.shape, err);
    if (!rc)
        rc = build(&m, &hf, err);
    if (rc)
        return rc;
    const struct net *net = hf.is_generator ? &m.gen : &m.disc;
    values = calloc(m.table.floats, sizeof *values);
    rc = values ? hf_load_weights(in, &m, net, values, print_warning, NULL, err)
                : err_nomem(err, "the weights");
    snprintf(path, sizeof path, "%.4200s/vocab.txt", in);
    if (!rc && file_exists(path) && !(v = vocab_load(path, print_warning, NULL, err)))
        rc = err->code;
    if (!rc)
        rc = write_net(out, &m, &hf, values, v, err);
    if (!rc)
        printf("%s, %s parameters\n", SHOW(hf.architecture),
               print_count((double)param_count(&m.table), count, sizeof count));
    vocab_free(v);
    free(values);
    model_free(&m);
    return rc;
}

/* most 0: one file of tensors. */
static int convert_net(const char *in, const char *out, uint64_t most, struct err *err)
{
    int rc = convert_plain(in, out, err);
    return rc || !most ? rc : hf_shard(out, most, err);
}

/* "200MB", "1.5GB", "64MiB" or a number of bytes, as transformers takes them. */
static int read_size(const char *text, uint64_t *out, struct err *err)
{
    static const struct { const char *unit; double bytes; } units[] = {
        {"", 1}, {"B", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"KiB", 1024.0},
        {"MiB", 1024.0 * 1024}, {"GiB", 1024.0 * 1024 * 1024}};
    char *end;
    double n = strtod(text, &end);
    for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++) {
        if (strcasecmp(end, units[i].unit) || !(n * units[i].bytes >= 1) || n * units[i].bytes > 1e18)
            continue;
        *out = (uint64_t)(n * units[i].bytes);
        return 0;
    }
    return err_set(err, E_USAGE, "--max-shard-size: '%s' is no size such as 200MB or 5GB", SHOW(text));
}

static int has_config(const char *dir, const char *sub, char *out)
{
    char config[PATH + 16];
    snprintf(out, PATH, "%.4000s%s%s", dir, *sub ? "/" : "", sub);
    snprintf(config, sizeof config, "%s/config.json", out);
    return file_exists(config);
}

/* The networks of `in` (one, or a pair below it) into `out`, which exists then or not at all. */
static int convert(const char *in, const char *out, int net, uint64_t most, struct err *err)
{
    char from[PATH], to[PATH], beside[PATH];
    int done = 0, rc = 0, alone = net == NET_ALL && has_config(in, "", from);
    if (file_exists(out))
        return err_set(err, E_INPUT, "%s is there already; give a directory that is not", SHOW(out));
    snprintf(beside, sizeof beside, "%.4000s.tmp.%ld", out, (long)getpid());
    if (alone) {
        rc = convert_net(from, beside, most, err);
        done = 1;
    }
    for (int i = NET_DISCRIMINATOR; !rc && !alone && i <= NET_MAIN; i++) {
        if ((net != NET_ALL && net != i) || !has_config(in, net_names[i], from))
            continue;
        snprintf(to, sizeof to, "%.4100s%s%s", beside, net == NET_ALL ? "/" : "",
                 net == NET_ALL ? net_names[i] : "");
        rc = convert_net(from, to, most, err);
        done = 1;
    }
    if (!rc && !done)
        rc = hf_refuse_foreign(in, err);
    if (!rc && !done)
        rc = err_set(err, E_NOTFOUND, "%s holds no %s: there is no config.json", SHOW(in),
                     net == NET_ALL ? "network" : net_names[net]);
    if (!rc && rename(beside, out))
        rc = err_errno(err, "cannot make %s", SHOW(out));
    if (rc)
        file_remove_tree(beside, NULL);
    return rc;
}

static int run(struct cli *c, struct err *err)
{
    const struct convert_args *a = c->own;
    uint64_t most = 0;
    if (a->shard_size && read_size(a->shard_size, &most, err))
        return E_USAGE;
    if (!a->run) {
        if (c->nargs != 2)
            return err_set(err, E_USAGE, "usage: electroscope convert (IN | --run RUN) OUT");
        return convert(c->args[0], c->args[1], a->net, most, err);
    }
    if (c->nargs != 1)
        return err_set(err, E_USAGE, "convert: with --run only the directory to write is given");
    struct workspace w;
    char path[PATH];
    int64_t step;
    int rc = cli_workspace(c, 0, &w, err);
    struct query_run *found = rc ? NULL : calloc(1, sizeof *found);
    if (!rc)
        rc = found ? launch_find_run(&w, a->run, found, err) : err_nomem(err, "the run");
    if (!rc)
        rc = launch_find_checkpoint(&w, found, a->step, path, sizeof path, &step, err);
    free(found);
    return rc ? rc : convert(path, c->args[0], a->net, most, err);
}

static const struct option_row options[] = {
    {.name = "run", .kind = OPTION_TEXT, .offset = offsetof(struct convert_args, run), .arg = "RUN",
     .help = "from a checkpoint of this run"},
    {.name = "step", .kind = OPTION_INT, .offset = offsetof(struct convert_args, step), .arg = "S",
     .min = 0, .max = 1e12, .help = "of that step (default: the newest)"},
    {.name = "net", .kind = OPTION_CHOICE, .offset = offsetof(struct convert_args, net),
     .arg = "discriminator|generator|main", .choices = "all|discriminator|generator|main",
     .help = "only this network, into the directory itself (default: all, one directory each)"},
    {.name = "max-shard-size", .kind = OPTION_TEXT, .offset = offsetof(struct convert_args, shard_size),
     .arg = "SIZE", .help = "write files of at most SIZE (200MB, 5GB) with an index (default: one file)"},
    {.name = NULL},
};

const struct command cmd_convert = {.options = options, .own_size = sizeof(struct convert_args),
                                    .defaults = defaults, .min_args = 1, .max_args = 2, .run = run};
