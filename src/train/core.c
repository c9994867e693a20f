/* See core.h. */
#define _GNU_SOURCE
#include "src/train/core.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/base/clock.h"
#include "src/base/err.h"
#include "src/base/large.h"
#include "src/base/rng.h"

#define ROWS_A_TASK 8

int batch_room_init(struct batch_room *r, size_t tokens, size_t slots, struct err *err)
{
    memset(r, 0, sizeof *r);
    r->tokens = tokens;
    r->slots = slots;
    r->ids = calloc(tokens, sizeof *r->ids);
    r->mask = calloc(tokens, 1);
    r->segments = calloc(tokens, 1);
    r->b.gen_ids = calloc(tokens, sizeof *r->b.gen_ids);
    r->b.disc_ids = calloc(tokens, sizeof *r->b.disc_ids);
    r->b.labels = calloc(tokens, 1);
    r->b.positions = calloc(slots, sizeof *r->b.positions);
    r->b.weights = calloc(slots, sizeof *r->b.weights);
    r->b.sampled = calloc(slots, sizeof *r->b.sampled);
    if (r->ids && r->mask && r->segments && r->b.gen_ids && r->b.disc_ids && r->b.labels &&
        r->b.positions && r->b.weights && r->b.sampled)
        return 0;
    batch_room_free(r);
    return err_nomem(err, "a batch");
}

void batch_room_free(struct batch_room *r)
{
    free(r->ids);
    free(r->mask);
    free(r->segments);
    free(r->b.gen_ids);
    free(r->b.disc_ids);
    free(r->b.labels);
    free(r->b.positions);
    free(r->b.weights);
    free(r->b.sampled);
    memset(r, 0, sizeof *r);
}

void batch_room_set(struct batch_room *r, const struct config *c, int B, int T)
{
    struct batch *b = &r->b;
    b->B = B;
    b->T = T;
    b->N = batch_slots(c, T);
    b->ids = r->ids;
    b->mask = c->pack == PACK_JOIN ? NULL : r->mask; /* joined sequences have no padding */
    b->segments = c->pack == PACK_JOIN ? NULL : r->segments;
    b->given_samples = 0;
    b->seed = (uint64_t)c->seed;
    b->step = b->row0 = 0;
    b->use_mask = RNG_MASK;
    b->use_kind = RNG_MASK_KIND;
    b->use_sample = RNG_SAMPLE;
}

static int by_value(const void *a, const void *b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

int batch_room_mask_at(struct batch_room *r, const int *positions, int npositions, int mask, struct err *err)
{
    struct batch *b = &r->b;
    int T = b->T;
    if (npositions > T || (size_t)npositions > r->slots)
        return err_set(err, E_USAGE, "%d positions are to be masked in %d tokens", npositions, T);
    b->N = npositions > 0 ? npositions : 1;
    b->positions[0] = 0;
    b->weights[0] = 0;
    memcpy(b->gen_ids, b->ids, (size_t)T * sizeof *b->ids);
    for (int i = 0; i < npositions; i++) {
        int at = positions[i];
        if (at < 1 || at > T - 2)
            return err_set(err, E_USAGE, "position %d cannot be masked: the text's tokens are at 1 to %d", at,
                           T - 2);
        b->positions[i] = at;
        b->weights[i] = 1;
        b->gen_ids[at] = mask;
    }
    if (npositions > 1)
        qsort(b->positions, (size_t)npositions, sizeof *b->positions, by_value);
    for (int i = 1; i < npositions; i++)
        if (b->positions[i] == b->positions[i - 1])
            return err_set(err, E_USAGE, "position %d is to be masked twice", (int)b->positions[i]);
    return 0;
}

int core_threads(int wanted)
{
    if (wanted > 0)
        return wanted;
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) ? 0 : CPU_COUNT(&set);
    return n > 0 ? n : (int)sysconf(_SC_NPROCESSORS_ONLN);
}

/* First number after `key` in a small file of the kernel's; negative when there is none. */
static double read_number(const char *path, const char *key)
{
    char line[256];
    double value = -1;
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    while (value < 0 && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)))
            if (sscanf(line + strlen(key), "%lf", &value) != 1)
                value = -1;
    fclose(f);
    return value;
}

double core_memory_free(void)
{
    double free_bytes = read_number("/proc/meminfo", "MemAvailable:") * 1024;
    double limit = read_number("/sys/fs/cgroup/memory.max", "");
    double used = read_number("/sys/fs/cgroup/memory.current", "");
    double cache = read_number("/sys/fs/cgroup/memory.stat", "inactive_file ");
    if (limit > 0 && used >= 0) {
        double left = limit - used + (cache > 0 ? cache : 0);
        if (free_bytes < 0 || left < free_bytes)
            free_bytes = left;
    }
    return free_bytes;
}

double core_memory_all(void)
{
    double all = read_number("/proc/meminfo", "MemTotal:") * 1024;
    double limit = read_number("/sys/fs/cgroup/memory.max", "");
    return limit > 0 && (all < 0 || limit < all) ? limit : all;
}

int core_check_memory(const struct config *c, int V, int threads, struct err *err)
{
    double need = (double)model_memory(c, V, threads), have = core_memory_free();
    if (have < 0 || need <= have)
        return 0;
    return err_set(err, E_NOMEM, "this run needs about %.1f GB of memory and %.1f GB are free: "
                   "choose a smaller model or vocabulary, shorter sequences or fewer threads (%d)",
                   need * 1e-9, have * 1e-9, threads);
}

static int moments_init(struct core *c, struct err *err)
{
    size_t floats = c->model.table.floats;
    c->opt.m = large_alloc(floats * sizeof(float));
    c->opt.v = large_alloc(floats * sizeof(float));
    if (!c->opt.m || !c->opt.v)
        return err_nomem(err, "the optimiser's moments");
    memset(c->opt.m, 0, floats * sizeof(float));
    memset(c->opt.v, 0, floats * sizeof(float));
    return 0;
}

static const char *cpu_name(const struct config *c, char *out, size_t size)
{
    return config_choice(config_find("cpu"), c->cpu, out, size);
}

int core_open(struct core *c, const struct core_args *a, struct err *err)
{
    char cpu[32];
    memset(c, 0, sizeof *c);
    c->config = *a->config;
    c->V = a->vocab;
    c->threads = core_threads(a->threads ? a->threads : (int)c->config.threads);
    memcpy(c->special, a->special, sizeof c->special);
    int rc = c->nstages = config_stages(&c->config, c->stages, err);
    size_t slots = 1;
    for (int i = 0; i < c->nstages; i++) {
        int T = (int)c->stages[i].seq, B = (int)c->stages[i].batch;
        size_t n = (size_t)B * (size_t)batch_slots(&c->config, T);
        slots = n > slots ? n : slots;
        c->max_T = T > c->max_T ? T : c->max_T;
        c->max_B = B > c->max_B ? B : c->max_B;
    }
    rc = rc < 0 ? rc : core_check_memory(&c->config, c->V, c->threads, err);
    if (!rc)
        rc = (c->math = math_select(cpu_name(&c->config, cpu, sizeof cpu), err)) ? 0 : E_USAGE;
    if (!rc)
        rc = (c->pool = pool_new(c->threads, err)) ? 0 : E_NOMEM;
    if (!rc)
        rc = model_build(&c->model, &c->config, c->V, err);
    struct learner_args la = {.model = &c->model, .config = &c->config, .math = c->math,
                              .pool = c->pool, .max_T = c->max_T, .max_B = c->max_B, .vocab = c->V,
                              .special = c->special, .log_unigram = a->log_unigram,
                              .train = !a->infer};
    if (!rc)
        rc = (c->learner = learner_new(&la, err)) ? 0 : E_NOMEM;
    if (!rc && !a->infer)
        rc = moments_init(c, err);
    if (!rc)
        rc = batch_room_init(&c->train, (size_t)c->config.batch * (size_t)c->config.seq, slots, err);
    if (rc)
        core_close(c);
    return rc;
}

void core_close(struct core *c)
{
    batch_room_free(&c->train);
    free(c->opt.m);
    free(c->opt.v);
    learner_free(c->learner);
    model_free(&c->model);
    pool_free(c->pool);
    memset(c, 0, sizeof *c);
}

struct masking {
    struct core *c;
    struct batch_room *r;
    void (*fill)(void *ud, int row);
    void *ud;
};

static void mask_task(void *ud, int task, int worker)
{
    struct masking *m = ud;
    struct batch part = m->r->b;
    int from = task * ROWS_A_TASK, to = from + ROWS_A_TASK < part.B ? from + ROWS_A_TASK : part.B;
    size_t at = (size_t)from * (size_t)part.T, slot = (size_t)from * (size_t)part.N;
    (void)worker;
    for (int row = from; m->fill && row < to; row++)
        m->fill(m->ud, row);
    part.B = to - from;
    part.row0 += (uint32_t)from;
    part.ids += at;
    part.mask = part.mask ? part.mask + at : NULL;
    part.gen_ids += at;
    part.positions += slot;
    part.weights += slot;
    batch_mask(&part, &m->c->config, m->c->special, m->c->V);
}

void core_mask(struct core *c, struct batch_room *r, void (*fill)(void *ud, int row), void *ud)
{
    struct masking m = {c, r, fill, ud};
    pool_run(c->pool, (r->b.B + ROWS_A_TASK - 1) / ROWS_A_TASK, mask_task, &m);
}

void core_update(struct core *c, struct update *u, struct auc *auc)
{
    float *values = learner_values(c->learner), *grads = learner_gradients(c->learner);
    learner_step(c->learner, &c->train.b, u->stage, &u->losses, auc);
    double passed = clock_now();
    u->norm = gradient_norm(c->math, c->pool, &c->model.table, grads);
    u->finite = u->losses.finite && isfinite(u->norm);
    if (u->finite)
        adamw_step(&c->opt, c->math, c->pool, &c->model.table, u->optimiser, values, grads, u->norm,
                   u->rate, NULL);
    u->optimiser_seconds = clock_now() - passed;
}

/* The same model without a generator network. */
static double main_flops(const struct core *c, int T, int B, int paper)
{
    struct config alone = c->config;
    alone.generator = GEN_UNIFORM;
    if (alone.objective == OBJ_TWO_STAGE || alone.objective == OBJ_ADVERSARIAL)
        alone.objective = OBJ_ELECTRA;
    return model_flops(&alone, c->V, T, B, paper);
}

double core_flops(const struct core *c, int T, int B, int stage, int paper)
{
    double both = model_flops(&c->config, c->V, T, B, paper);
    if (c->config.objective != OBJ_TWO_STAGE)
        return both;
    double main = main_flops(c, T, B, paper), passes = paper ? 2 : 3;
    return stage == 0 ? both - main : main + (both - main) / passes;
}

double core_forward_flops(const struct core *c, int T, int B)
{
    return main_flops(c, T, B, 0) / 3;
}
