/* How a run begins: corpus, networks, memory; then start values, imported ones, or a checkpoint. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/clock.h"
#include "src/base/visible.h"
#include "src/data/sequences.h"
#include "src/model/hf.h"
#include "src/text/vocab.h"
#include "src/train/run_int.h"

#define SHOW(s) visible((char[256]){0}, 256, (s))

static int has_prefix(const char *name, const char *prefix)
{
    return !strncmp(name, prefix, strlen(prefix));
}

/* 1 if the generator uses the values of this canonical row. */
static int is_generators(const struct param_table *t, int row)
{
    if (has_prefix(t->rows[row].name, "generator."))
        return 1;
    for (int i = 0; i < t->n; i++)
        if (t->rows[i].alias == row && has_prefix(t->rows[i].name, "generator."))
            return 1;
    return 0;
}

void run_freeze(struct run *r, int phase)
{
    struct param_table *t = &r->core.model.table;
    if (r->objective->stages < 2)
        return;
    for (int i = 0; i < t->n; i++)
        if (t->rows[i].alias < 0)
            t->rows[i].frozen = is_generators(t, i) == (phase == 1);
}

void run_switch(struct run *r)
{
    struct param_table *t = &r->core.model.table;
    float *values = learner_values(r->core.learner);
    const char *from = "generator.";
    int copied = 0;
    for (int i = 0; r->core.config.two_stage_copy && i < t->n; i++) {
        struct param *p = &t->rows[i];
        const char *rest = strchr(p->name, '.');
        char name[PARAM_NAME];
        if (p->alias >= 0 || has_prefix(p->name, from) || !rest)
            continue;
        snprintf(name, sizeof name, "%s%s", from, rest + 1);
        int other = param_find(t, name);
        if (other < 0 || t->rows[other].size != p->size)
            continue;
        memcpy(values + p->offset, values + t->rows[other].offset, p->size * sizeof *values);
        copied++;
    }
    memset(r->core.opt.m, 0, t->floats * sizeof(float));
    memset(r->core.opt.v, 0, t->floats * sizeof(float));
    r->core.opt.updates = 0;
    run_freeze(r, 1);
    report_message(r, SEV_INFO, "second phase: the generator stands still, the discriminator learns%s",
                   copied ? " from a copy of it" : "");
}

static void set_phases(struct run *r)
{
    const struct config *c = &r->core.config;
    r->phase[0] = r->phase[1] = *c;
    r->phase_first = c->steps;
    if (r->objective->stages < 2)
        return;
    long first = (c->steps + 1) / 2;
    r->phase_first = first;
    r->phase[0].steps = first;
    r->phase[1].steps = c->steps - first > 0 ? c->steps - first : 1;
    r->phase[0].warmup_steps = r->phase[1].warmup_steps = c->warmup_steps / 2;
}

/* err is never NULL here and below: run_train has one of its own. */
static int open_sequences(struct run *r, struct err *err)
{
    const struct config *c = &r->core.config;
    int pack = c->pack;
    for (int i = 0; i < r->core.nstages; i++) {
        int T = (int)r->core.stages[i].seq;
        r->stream[i] = sequences_open(r->corpus, T, pack, 0, (uint64_t)c->seed, err);
        if (!r->stream[i])
            return err->code;
        double tokens = (double)corpus_stats(r->corpus)->train_tokens;
        if (sequences_dropped(r->stream[i]))
            report_message(r, SEV_INFO, "pack=faithful leaves out %.1f %% of the tokens at length %d, as released",
                           100 * (double)sequences_dropped(r->stream[i]) / tokens, T);
        /* a validation text is read as a whole, in the order of epoch 0 of seed 0 */
        r->held[i] = r->validation ? sequences_open(r->validation, T, pack, 0, 0, err)
                                   : sequences_open(r->corpus, T, pack, 1, 0, err);
        if (!r->held[i])
            return err->code;
        uint64_t want = (uint64_t)(c->eval_sequences * c->seq / T), have = sequences_count(r->held[i]);
        r->held_rows[i] = want < 1 ? 1 : want < have ? want : have;
    }
    return 0;
}

static int open_corpora(struct run *r, struct err *err)
{
    r->corpus = corpus_open(r->args->corpus_dir, 0, err);
    if (!r->corpus)
        return err->code;
    if (!r->args->validation_dir)
        return 0;
    r->validation = corpus_open(r->args->validation_dir, 0, err);
    if (!r->validation)
        return err->code;
    if (vocab_hash(corpus_vocab(r->validation)) != vocab_hash(corpus_vocab(r->corpus)))
        return err_set(err, E_INPUT, "validation corpus %s was tokenised with another vocabulary than %s",
                       SHOW(r->args->validation_dir), SHOW(r->args->corpus_dir));
    return 0;
}

/* Sizes of a network to import against the run's. */
static int check_shape(const char *field, const char *dir, const struct net_shape *have,
                       const struct net_shape *want, struct err *err)
{
    const struct {
        const char *name;
        int have, want;
    } size[] = {{"vocab_size", have->vocab, want->vocab},
                {"hidden_size", have->hidden, want->hidden},
                {"embedding_size", have->embedding, want->embedding},
                {"num_hidden_layers", have->layers, want->layers},
                {"num_attention_heads", have->heads, want->heads},
                {"intermediate_size", have->ffn, want->ffn},
                {"max_position_embeddings", have->positions, want->positions},
                {"type_vocab_size", have->types, want->types}};
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
        if (size[i].have != size[i].want)
            return err_set(err, E_INPUT, "%s: %s has %s %d, the run's network has %d", field, SHOW(dir),
                           size[i].name, size[i].have, size[i].want);
    return 0;
}

static int check_vocab(struct run *r, const char *field, const char *dir, struct err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/vocab.txt", dir);
    struct vocab *v = vocab_load(path, report_warning, r, err);
    if (!v)
        return E_INPUT;
    int same = vocab_hash(v) == vocab_hash(corpus_vocab(r->corpus));
    vocab_free(v);
    return same ? 0 : err_set(err, E_INPUT, "%s: the vocabulary of %s is not the corpus's: its ids would "
                              "mean other words", field, SHOW(dir));
}

static int import_net(struct run *r, const char *field, const char *dir, const struct net *net,
                      float *values, struct err *err)
{
    struct hf_dir d;
    if (!net->layer)
        return err_set(err, E_USAGE, "%s: objective %s has no such network", field, r->objective->name);
    int rc = hf_read_config(dir, &d, report_warning, r, err);
    int wants_mlm = net == &r->core.model.gen || !(net->heads & HEAD_RTD);
    if (!rc && d.architecture[0] && !!d.is_generator != !!wants_mlm)
        rc = err_set(err, E_INPUT, "%s: %s holds a %s; a %s is needed", field, SHOW(dir),
                     SHOW(d.architecture), wants_mlm ? "generator (ElectraForMaskedLM)"
                                                     : "discriminator (ElectraForPreTraining)");
    if (!rc)
        rc = check_shape(field, dir, &d.shape, &net->shape, err);
    if (!rc && d.has_vocab)
        rc = check_vocab(r, field, dir, err);
    if (!rc && fabsf(d.shape.eps - net->shape.eps) > 1e-13f)
        report_message(r, SEV_WARN, "%s: layer_norm_eps %g of %s is taken as %g", field, (double)d.shape.eps,
                       SHOW(dir), (double)net->shape.eps);
    return rc ? rc : hf_load_weights(dir, &r->core.model, net, values, report_warning, r, err);
}

/* Tensors that both networks use must be the same in both directories. */
static int check_ties(struct run *r, const float *gen, const float *disc, struct err *err)
{
    const struct param_table *t = &r->core.model.table;
    for (int i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        if (p->alias < 0 || !has_prefix(p->name, "generator.") ||
            has_prefix(t->rows[p->alias].name, "generator."))
            continue;
        if (memcmp(gen + p->offset, disc + p->offset, p->size * sizeof *gen))
            return err_set(err, E_INPUT, "init_generator and init_discriminator differ in %s, which the run "
                           "shares: set tie none", p->name + strlen("generator."));
    }
    return 0;
}

static int import_nets(struct run *r, struct err *err)
{
    const struct config *c = &r->core.config;
    const struct param_table *t = &r->core.model.table;
    float *values = learner_values(r->core.learner), *before = NULL;
    int rc = 0;
    if (c->init_generator[0])
        rc = import_net(r, "init_generator", c->init_generator, &r->core.model.gen, values, err);
    if (!rc && c->init_generator[0] && c->init_discriminator[0]) {
        before = malloc(t->floats * sizeof *before);
        if (!before)
            return err_nomem(err, "imported weights");
        memcpy(before, values, t->floats * sizeof *before);
    }
    if (!rc && c->init_discriminator[0])
        rc = import_net(r, "init_discriminator", c->init_discriminator, &r->core.model.disc, values, err);
    if (!rc && before)
        rc = check_ties(r, before, values, err);
    free(before);
    return rc;
}

static void init_bias(struct run *r, const struct net *net)
{
    if (net->layer && net->heads & HEAD_MLM)
        memcpy(param_at(&r->core.model.table, learner_values(r->core.learner), net->mlm_bias),
               corpus_log_unigram(r->corpus), (size_t)r->core.V * sizeof(float));
}

static int begin(struct run *r, struct err *err)
{
    const struct config *c = &r->core.config;
    r->s.best = r->s.last = NAN;
    r->s.best_step = -1;
    health_init(&r->s.health);
    param_init_block(&r->core.model.table, (uint64_t)c->seed, learner_values(r->core.learner));
    if (c->output_bias_init == BIAS_UNIGRAM) {
        init_bias(r, &r->core.model.gen);
        init_bias(r, &r->core.model.disc);
    }
    return import_nets(r, err);
}

/* A branch: the text so far must be the text that its own fields would have given. */
static int check_branch(struct run *r, const char *path, struct err *err)
{
    struct config was;
    struct batch_range skip[SKIPS_MAX];
    int64_t step = r->s.step;
    int rc = checkpoint_config(path, &was, err), n = rc ? rc : config_skips(&was, skip, err);
    if (n < 0)
        return n;
    if (step > 0 && config_batch(skip, n, step - 1) != config_batch(r->skip, r->nskip, step - 1))
        return err_set(err, E_USAGE, "skip_batches: '%s' changes the batches up to step %" PRId64 ", where "
                       "the branch begins", SHOW(r->core.config.skip_batches), step);
    r->s.best = r->s.last = NAN; /* its best checkpoint is the parent's */
    r->s.best_step = -1;
    r->s.health.good = step;
    return 0;
}

/* Fields that make up a run's identity must be what they were. */
static int check_config(struct run *r, const char *path, struct err *err)
{
    struct config was;
    int rc = checkpoint_config(path, &was, err);
    for (int i = 0; !rc && i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        char a[CONFIG_TEXT], b[CONFIG_TEXT];
        config_get(&was, f, a, sizeof a);
        config_get(&r->core.config, f, b, sizeof b);
        if (f->flags & CONFIG_ID && strcmp(a, b))
            rc = err_set(err, E_USAGE, "%s was '%s' when checkpoint %s was written and is '%s' now: a run "
                         "cannot go on as another one", f->name, SHOW(a), SHOW(path), SHOW(b));
    }
    return rc;
}

static int resume(struct run *r, const char *path, struct err *err)
{
    int rc = r->args->branch ? 0 : check_config(r, path, err);
    if (!rc)
        rc = checkpoint_load(path, &r->core.model, learner_values(r->core.learner), r->core.opt.m,
                             r->core.opt.v, &r->s, err);
    if (!rc && r->s.corpus_hash != corpus_hash(r->corpus))
        rc = err_set(err, E_INPUT, "checkpoint %s was trained on another corpus than %s holds now",
                     SHOW(path), SHOW(r->args->corpus_dir));
    if (!rc && r->s.step > r->core.config.steps)
        rc = err_set(err, E_INPUT, "checkpoint %s is at step %" PRId64 ", the run has %ld", SHOW(path),
                     r->s.step, r->core.config.steps);
    if (!rc && r->args->branch)
        rc = check_branch(r, path, err);
    if (rc)
        return rc;
    if (strcmp(r->s.kernel, r->core.math->name))
        report_message(r, SEV_WARN, "resumed on kernel set %s, begun on %s: the numbers go on, but not "
                       "bit for bit", r->core.math->name, SHOW(r->s.kernel));
    r->core.opt.updates = r->s.updates;
    r->base_wall = r->s.wall;
    r->saved = r->s.step;
    snprintf(r->path, sizeof r->path, "%s", r->args->resume);
    return 0;
}

int run_open(struct run *r, const struct run_args *args, struct err *err)
{
    r->args = args;
    r->saved = -1;
    r->started = clock_now();
    struct config c = args->config;
    int rc = config_resolve(&c, err), special[VOCAB_SPECIALS];
    if (!rc)
        rc = open_corpora(r, err);
    if (rc)
        return rc;
    const struct vocab *v = corpus_vocab(r->corpus);
    for (int i = 0; i < VOCAB_SPECIALS; i++)
        special[i] = vocab_special(v, i);
    struct core_args ca = {.config = &c, .vocab = vocab_size(v), .special = special,
                           .log_unigram = corpus_log_unigram(r->corpus)};
    rc = core_open(&r->core, &ca, err);
    if (rc)
        return rc;
    r->objective = objective_get(c.objective);
    set_phases(r);
    r->nskip = config_skips(&c, r->skip, err);
    if (r->nskip < 0)
        return r->nskip;
    rc = open_sequences(r, err);
    if (!rc)
        rc = evaluate_open(r, err);
    if (!rc)
        rc = args->resume ? resume(r, args->resume, err) : begin(r, err);
    if (rc)
        return rc;
    snprintf(r->s.kernel, sizeof r->s.kernel, "%s", r->core.math->name);
    snprintf(r->s.blas_core, sizeof r->s.blas_core, "%s", math_blas_core());
    r->s.corpus_hash = corpus_hash(r->corpus);
    r->s.config_hash = config_hash(&r->core.config);
    /* at the boundary itself the switch is still to come */
    run_freeze(r, r->s.step > r->phase_first);
    return 0;
}

void run_close(struct run *r)
{
    evaluate_close(r);
    for (int i = 0; i < SEQ_STAGES_MAX; i++) {
        sequences_close(r->stream[i]);
        sequences_close(r->held[i]);
    }
    core_close(&r->core);
    corpus_close(r->validation);
    corpus_close(r->corpus);
}
