/* See config.h. */
#include "src/config/config.h"

#include <errno.h>
#include <ini.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "src/base/err.h"
#include "src/base/visible.h"

#define SHOW(s) visible((char[128]){0}, 128, (s))

enum { INT = CONFIG_INT, REAL = CONFIG_REAL, TEXT = CONFIG_TEXTUAL, CHOICE = CONFIG_CHOICE, BOOL = CONFIG_BOOL };
enum { ID = CONFIG_ID, RUN = CONFIG_RUN, MODEL = CONFIG_MODEL, LATER = CONFIG_LATER };

const struct config_field config_fields[] = {
#define F(type_, name_, def_, min_, max_, choices_, unit_, flags_, help_)                       \
    {.name = #name_, .type = (enum config_type)type_, .def = def_, .choices = choices_,        \
     .unit = unit_, .help = help_, .min = min_, .max = max_, .flags = flags_,                  \
     .offset = offsetof(struct config, name_)},
#include "src/config/config.def"
#undef F
};
const int config_nfields = (int)(sizeof config_fields / sizeof config_fields[0]);

static void *at(struct config *c, const struct config_field *f)
{
    return (char *)c + f->offset;
}

static const void *cat(const struct config *c, const struct config_field *f)
{
    return (const char *)c + f->offset;
}

const struct config_field *config_find(const char *name)
{
    for (int i = 0; i < config_nfields; i++) {
        const char *a = config_fields[i].name, *b = name;
        while (*a && (*a == *b || (*a == '_' && *b == '-')))
            a++, b++;
        if (!*a && !*b)
            return &config_fields[i];
    }
    return NULL;
}

void config_default(struct config *c)
{
    memset(c, 0, sizeof *c);
    for (int i = 0; i < config_nfields; i++)
        config_set(c, config_fields[i].name, config_fields[i].def, NULL);
}

int config_choice_find(const char *choices, const char *value)
{
    size_t n = strlen(value);
    int index = 0;
    for (const char *p = choices;; index++) {
        size_t len = strcspn(p, "|");
        if (len == n && !memcmp(p, value, n))
            return index;
        if (!p[len])
            return -1;
        p += len + 1;
    }
}

const char *config_choice(const struct config_field *f, int index, char *out, size_t size)
{
    const char *p = f->choices;
    while (index-- > 0) {
        p += strcspn(p, "|");
        p += *p == '|';
    }
    snprintf(out, size, "%.*s", (int)strcspn(p, "|"), p);
    return out;
}

double config_fraction(const char *text)
{
    char *end;
    double a = strtod(text, &end);
    if (end == text)
        return -1;
    if (*end == '/') {
        const char *q = end + 1;
        double b = strtod(q, &end);
        if (end == q || !(b > 0))
            return -1;
        a /= b;
    }
    return *end || !isfinite(a) ? -1 : a;
}

int config_set(struct config *c, const char *name, const char *value, struct err *err)
{
    const struct config_field *f = config_find(name);
    if (!f)
        return err_set(err, E_USAGE, "unknown field '%s'", SHOW(name));
    char *end;
    switch (f->type) {
    case CONFIG_INT: {
        errno = 0;
        double d = strtod(value, &end);
        if (end == value || *end || errno || d != floor(d))
            return err_set(err, E_USAGE, "%s: '%s' is not a whole number", f->name, SHOW(value));
        if (d < f->min || d > f->max)
            return err_set(err, E_USAGE, "%s: %s is outside %.10g to %.10g", f->name, SHOW(value),
                           f->min, f->max);
        *(long *)at(c, f) = (long)d;
        return 0;
    }
    case CONFIG_REAL: {
        double d = strtod(value, &end);
        if (end == value || *end || !isfinite(d))
            return err_set(err, E_USAGE, "%s: '%s' is not a number", f->name, SHOW(value));
        if (d < f->min || d > f->max)
            return err_set(err, E_USAGE, "%s: %s is outside %.10g to %.10g", f->name, SHOW(value),
                           f->min, f->max);
        *(double *)at(c, f) = d;
        return 0;
    }
    case CONFIG_BOOL: {
        int yes = !strcmp(value, "1") || !strcmp(value, "yes") || !strcmp(value, "true");
        int no = !strcmp(value, "0") || !strcmp(value, "no") || !strcmp(value, "false");
        if (!yes && !no)
            return err_set(err, E_USAGE, "%s: '%s' is neither yes nor no", f->name, SHOW(value));
        *(int *)at(c, f) = yes;
        return 0;
    }
    case CONFIG_CHOICE: {
        int i = config_choice_find(f->choices, value);
        if (i < 0)
            return err_set(err, E_USAGE, "%s: '%s' is not one of %s", f->name, SHOW(value),
                           f->choices);
        *(int *)at(c, f) = i;
        return 0;
    }
    case CONFIG_TEXTUAL:
        break;
    }
    if (strlen(value) >= CONFIG_TEXT)
        return err_set(err, E_USAGE, "%s: longer than %d bytes", f->name, CONFIG_TEXT - 1);
    if (!strcmp(f->name, "generator_size")) {
        double x = config_fraction(value);
        if (!(x > 0 && x <= 4))
            return err_set(err, E_USAGE, "generator_size: '%s' is not a share such as 0.25 or 1/3",
                           SHOW(value));
    }
    snprintf(at(c, f), CONFIG_TEXT, "%s", value);
    return 0;
}

char *config_get(const struct config *c, const struct config_field *f, char *out, size_t size)
{
    const void *p = cat(c, f);
    switch (f->type) {
    case CONFIG_INT:
        snprintf(out, size, "%ld", *(const long *)p);
        break;
    case CONFIG_REAL:
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(out, size, "%.*g", digits, *(const double *)p);
            if (strtod(out, NULL) == *(const double *)p)
                break;
        }
        break;
    case CONFIG_BOOL:
        snprintf(out, size, "%d", *(const int *)p);
        break;
    case CONFIG_CHOICE:
        config_choice(f, *(const int *)p, out, size);
        break;
    case CONFIG_TEXTUAL:
        snprintf(out, size, "%s", (const char *)p);
        break;
    }
    return out;
}

char *config_show(const struct config *c, const struct config_field *f, char *out, size_t size)
{
    char plain[32];
    config_get(c, f, out, size);
    if (f->type != CONFIG_REAL || !strchr(out, 'e'))
        return out;
    snprintf(plain, sizeof plain, "%.10g", strtod(out, NULL));
    if (!strchr(plain, 'e') && !(strtod(plain, NULL) < strtod(out, NULL)) && !(strtod(plain, NULL) > strtod(out, NULL)))
        snprintf(out, size, "%s", plain);
    return out;
}

/* Rows of contracts.md's table of presets: key, value pairs. */
static const struct {
    const char *preset, *values;
} presets[] = {
    {"tiny", "layers=2 hidden_size=128 ffn_size=512 heads=2 embedding_size=128 generator_size=0.5 "
             "mask_prob=.15 seq=128 batch=16 learning_rate=5e-4 warmup_steps=-1"},
    {"mini", "layers=4 hidden_size=256 ffn_size=1024 heads=4 embedding_size=128 "
             "generator_size=0.25 mask_prob=.15 seq=128 batch=32 learning_rate=5e-4 "
             "warmup_steps=-1"},
    {"small", "layers=12 hidden_size=256 ffn_size=1024 heads=4 embedding_size=128 "
              "generator_size=0.25 mask_prob=.15 seq=128 batch=128 learning_rate=5e-4 "
              "warmup_steps=-1"},
    {"base", "layers=12 hidden_size=768 ffn_size=3072 heads=12 embedding_size=768 "
             "generator_size=1/3 mask_prob=.15 seq=512 batch=256 learning_rate=2e-4 "
             "warmup_steps=-1"},
    {"large", "layers=24 hidden_size=1024 ffn_size=4096 heads=16 embedding_size=1024 "
              "generator_size=0.25 mask_prob=.25 seq=512 batch=2048 learning_rate=2e-4 "
              "warmup_steps=-1"},
    {"demo", "layers=2 hidden_size=128 ffn_size=512 heads=4 embedding_size=128 "
             "generator_size=0.25 generator_heads=1 mask_prob=.25 seq=16 seq_stages=8:0.45,16 "
             "batch=64 learning_rate=1e-3 warmup_steps=50 steps=2343 tie=embeddings "
             "bias_correction=1 dropout=0 attention_dropout=0 output_bias_init=unigram "
             "init=fan_in disc_last_scale=0.1 vocab_size=2048"},
    {"custom", ""},
};

int config_preset(struct config *c, const char *preset, struct err *err)
{
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (strcmp(presets[i].preset, preset))
            continue;
        char buf[1024], *save = NULL;
        snprintf(buf, sizeof buf, "%s", presets[i].values);
        for (char *t = strtok_r(buf, " ", &save); t; t = strtok_r(NULL, " ", &save)) {
            char *eq = strchr(t, '=');
            *eq = 0;
            int rc = config_set(c, t, eq + 1, err);
            if (rc)
                return rc;
        }
        return config_set(c, "preset", preset, err);
    }
    return err_set(err, E_USAGE, "preset: '%s' is not one of tiny|mini|small|base|large|demo|custom",
                   SHOW(preset));
}

static long at_least_1(long x)
{
    return x < 1 ? 1 : x;
}

#define PROBES_IN_A_RUN 8

/* The next number of "500,2000"; 0 at the end, -1 where there is none. */
static long next_step(const char **p)
{
    char *end;
    if (!**p)
        return 0;
    long step = strtol(*p, &end, 10);
    if (end == *p || step < 1 || (*end && (*end != ',' || !end[1])))
        return -1;
    *p = *end ? end + 1 : end;
    return step;
}

static int check_probes(const struct config *c, struct err *err)
{
    const char *p = c->probe_steps;
    long step, before = 0;
    for (; (step = next_step(&p)) != 0; before = step)
        if (step <= before)
            return err_set(err, E_USAGE, "probe_steps: '%s' is not a list of rising steps such as 500,2000",
                           SHOW(c->probe_steps));
    if (*c->probe_tasks && !*c->probe_data)
        return err_set(err, E_USAGE, "probe_tasks: '%s' needs probe_data, the folder with the tasks' files",
                       SHOW(c->probe_tasks));
    return 0;
}

int config_probes_at(const struct config *c, int64_t step)
{
    const char *p = c->probe_steps;
    if (!*c->probe_tasks || step < 1)
        return 0;
    if (step == c->steps)
        return 1;
    if (!*p)
        return step % ((c->steps + PROBES_IN_A_RUN - 1) / PROBES_IN_A_RUN) == 0;
    for (long at; (at = next_step(&p)) > 0;)
        if (at == step)
            return 1;
    return 0;
}

/* A preset may set the generator's heads: its width alone is not its shape. */
static int wrong_shape(const struct config *c, const char *who, struct err *err)
{
    return err_set(err, E_USAGE, "%s a generator of the discriminator's shape (generator_size 1, generator_heads 0); it "
                   "is %ld wide with %ld layers and heads %ld, not %ld with %ld and %ld", who,
                   c->generator_hidden_size, c->generator_layers, c->generator_heads, c->hidden_size, c->layers, c->heads);
}

int config_resolve(struct config *c, struct err *err)
{
    if (c->hidden_size % c->heads)
        return err_set(err, E_USAGE, "hidden_size %ld is no multiple of heads %ld", c->hidden_size,
                       c->heads);
    if (!c->generator_hidden_size) {
        double want = c->hidden_size * config_fraction(c->generator_size);
        long heads = c->generator_heads ? c->generator_heads : at_least_1(lround(want / 64));
        c->generator_hidden_size = at_least_1(lround(want / heads)) * heads;
    }
    if (!c->generator_heads) /* a generator of the same width has the same heads */
        c->generator_heads = c->generator_hidden_size == c->hidden_size
                                 ? c->heads
                                 : at_least_1(lround(c->generator_hidden_size / 64.0));
    if (!c->generator_layers)
        c->generator_layers = c->layers;
    if (c->generator_hidden_size % c->generator_heads)
        return err_set(err, E_USAGE, "generator_hidden_size %ld is no multiple of generator_heads %ld",
                       c->generator_hidden_size, c->generator_heads);
    int same = c->generator_hidden_size == c->hidden_size && c->generator_layers == c->layers &&
               c->generator_heads == c->heads;
    if (c->tie == TIE_ALL && !same)
        return wrong_shape(c, "tie: all needs", err);
    if (c->objective == OBJ_TWO_STAGE && c->two_stage_copy && !same)
        return wrong_shape(c, "objective: two_stage needs two_stage_copy no, or", err);
    if (c->mask_token_share + c->random_token_share > 1)
        return err_set(err, E_USAGE, "mask_token_share and random_token_share add up to more than 1");
    if (c->warmup_steps < 0)
        c->warmup_steps = c->steps / 10 < 10000 ? c->steps / 10 : 10000;
    if (c->disc_weight < 0)
        c->disc_weight = c->objective == OBJ_REPLACE_MLM || c->objective == OBJ_ALL_TOKENS_MLM ||
                                 c->objective == OBJ_BERT_MLM
                             ? 1
                             : 50;
    if (c->seq > c->max_positions)
        return err_set(err, E_USAGE, "seq %ld is above max_positions %ld", c->seq, c->max_positions);
    /* rounded up, so that the last one falls on the last step or well before it */
    if (!c->eval_every)
        c->eval_every = (c->steps + 19) / 20;
    if (!c->checkpoint_every)
        c->checkpoint_every = (c->steps + 4) / 5;
    if (!c->snapshot_every)
        c->snapshot_every = (c->steps + 39) / 40;
    if (!c->eval_sequences)
        c->eval_sequences = at_least_1(16384 / c->seq);
    if (c->rtd_positions && c->objective != OBJ_ELECTRA15)
        return err_set(err, E_USAGE, "rtd_positions: only electra15 has a loss at some of the positions");
    if (c->disc_weight_ramp_steps && c->objective == OBJ_BERT_MLM)
        return err_set(err, E_USAGE, "disc_weight_ramp_steps: bert_mlm has one loss only, so there is "
                       "nothing to weigh it against");
    struct batch_range skips[SKIPS_MAX];
    int n = config_skips(c, skips, err);
    if (n < 0)
        return n;
    int rc = check_probes(c, err);
    if (rc)
        return rc;
    struct seq_stage stages[SEQ_STAGES_MAX];
    n = config_stages(c, stages, err);
    return n < 0 ? n : 0;
}

int config_skips(const struct config *c, struct batch_range out[SKIPS_MAX], struct err *err)
{
    const char *p = c->skip_batches;
    long before = 0;
    int n = 0;
    while (*p) {
        char *end;
        long first = strtol(p, &end, 10), last = first;
        int ok = end != p;
        if (*end == '-')
            last = strtol(p = end + 1, &end, 10);
        if (!ok || end == p || n == SKIPS_MAX || first <= before || last < first || last > 1000000000 ||
            (*end && (*end != ',' || !end[1])))
            return err_set(err, E_USAGE, "skip_batches: '%s' is not a list such as 431-440,502 (at most "
                           "%d ranges, ascending, from 1)", SHOW(c->skip_batches), SKIPS_MAX);
        out[n++] = (struct batch_range){first, last};
        before = last;
        p = *end ? end + 1 : end;
    }
    return n;
}

int64_t config_batch(const struct batch_range *skip, int n, int64_t index)
{
    for (int i = 0; i < n && index + 1 >= skip[i].first; i++)
        index += skip[i].last - skip[i].first + 1;
    return index;
}

int config_stages(const struct config *c, struct seq_stage out[SEQ_STAGES_MAX], struct err *err)
{
    const char *p = c->seq_stages;
    long tokens = c->batch * c->seq;
    if (!*p) {
        out[0] = (struct seq_stage){c->seq, c->batch, 0, c->steps};
        return 1;
    }
    int n = 0;
    double done = 0;
    for (;; p++) {
        char *end;
        long seq = strtol(p, &end, 10);
        double share = 1 - done;
        int last = *end != ':';
        if (!last) {
            const char *number = end + 1;
            share = strtod(number, &end);
            if (end == number)
                share = -1;
        }
        int ends = !*end;
        if (n == SEQ_STAGES_MAX || seq < 4 || seq > c->max_positions || !(share >= 0) ||
            done + share > 1 + 1e-9 || (!ends && *end != ',') || (last && !ends))
            return err_set(err, E_USAGE, "seq_stages: '%s' is not a list such as 8:0.45,16 "
                           "(at most %d lengths of 4 to %ld, shares up to 1)",
                           SHOW(c->seq_stages), SEQ_STAGES_MAX, c->max_positions);
        if (tokens % seq)
            return err_set(err, E_USAGE, "seq_stages: batch x seq = %ld tokens are no multiple of "
                           "the length %ld", tokens, seq);
        if (ends)
            share = 1 - done; /* the last stage takes what is left */
        long first = lround(done * (double)c->steps);
        done += share;
        long stop = ends ? c->steps : lround(done * (double)c->steps);
        out[n++] = (struct seq_stage){seq, tokens / seq, first, stop};
        p = end;
        if (ends)
            return n;
    }
}

uint64_t config_hash(const struct config *c)
{
    XXH3_state_t *state = XXH3_createState();
    XXH3_64bits_reset(state);
    for (int i = 0; i < config_nfields; i++) {
        const struct config_field *f = &config_fields[i];
        char value[CONFIG_TEXT];
        if (!(f->flags & CONFIG_ID))
            continue;
        config_get(c, f, value, sizeof value);
        if (f->flags & CONFIG_LATER && !strcmp(value, f->def))
            continue;
        XXH3_64bits_update(state, f->name, strlen(f->name) + 1);
        XXH3_64bits_update(state, value, strlen(value) + 1);
    }
    uint64_t h = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return h;
}

struct load {
    struct config *c;
    struct err *err;
    const char *path;
    int rc;
};

static int load_row(void *user, const char *section, const char *name, const char *value)
{
    struct load *l = user;
    if (l->rc || (strcmp(section, "run") && *section))
        return 1;
    struct err why = {0};
    l->rc = !strcmp(name, "preset") ? config_preset(l->c, value, &why)
                                    : config_set(l->c, name, value, &why);
    if (l->rc)
        err_set(l->err, l->rc, "%s: %s", SHOW(l->path), why.text);
    return 1;
}

int config_load(struct config *c, const char *path, struct err *err)
{
    struct load l = {c, err, path, 0};
    int line = ini_parse(path, load_row, &l);
    if (line < 0)
        return err_errno(err, "cannot open %s", SHOW(path));
    if (line > 0)
        return err_set(err, E_INPUT, "%s line %d: neither [section] nor key = value", SHOW(path), line);
    return l.rc;
}
