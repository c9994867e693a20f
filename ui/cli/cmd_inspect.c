/* electroscope inspect: token by token, what the generator proposed and what the discriminator
 * believed, for own text or for a stored snapshot of a run. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "db/query.h"
#include "experiments/pieces.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/model/hf.h"
#include "src/text/vocab.h"
#include "src/train/fill.h"
#include "src/train/run.h"
#include "ui/cli/cli.h"
#include "ui/cli/fill.h"
#include "ui/cli/inspect.h"
#include "ui/cli/launch.h"
#include "ui/cli/nets.h"
#include "ui/cli/print.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))
#define MASKS_MAX 4096

struct inspect_args {
    const char *run, *model, *generator, *text, *positions;
    long step, seed, top;
    double mask_prob;
    int csv, json, fill, pll;
};

/* What is done with each text. */
struct job {
    const struct inspect_args *a;
    struct scorer *scorer;
    struct scorer_args score;
    double mask_prob;       /* of the networks' pre-training */
    struct inspect_out out;
    struct fill_out fill;
    int sentences;
};

static void defaults(void *own)
{
    struct inspect_args *a = own;
    a->step = -1;
    a->seed = 1;
    a->top = 10;
}

static const char *vocab_text(const void *ud, int id)
{
    const struct vocab *v = ud;
    return id < vocab_size(v) ? vocab_token(v, id) : NULL;
}

static const char *piece_text(const void *ud, int id)
{
    return pieces_get(ud, id);
}

/* "3,7,12" into numbers; their count, or E_USAGE. */
static int positions(const char *text, int out[MASKS_MAX], struct err *err)
{
    int n = 0;
    for (const char *p = text;; p++) {
        char *end;
        long v = strtol(p, &end, 10);
        if (end == p || v < 0 || v > 1000000 || n == MASKS_MAX || (*end && *end != ','))
            return err_set(err, E_USAGE, "--mask-positions: '%s' is not a list of token numbers "
                           "such as 3,7", SHOW(text));
        out[n++] = (int)v;
        if (!*end)
            return n;
        p = end;
    }
}

static int scored_text(struct job *j, struct err *err)
{
    struct token_seq *seq = NULL;
    int rc = scorer_score(j->scorer, &j->score, &seq, err);
    if (!rc) {
        seq->sentence = j->sentences;
        inspect_put(&j->out, seq);
    }
    free(seq);
    return rc;
}

static int filled_text(struct job *j, struct err *err)
{
    struct fill *f = NULL;
    struct fill_args a = {.text = j->score.text, .positions = j->score.mask_positions,
                          .npositions = j->score.nmask, .mask_prob = j->mask_prob};
    int rc = scorer_fill(j->scorer, &a, &f, err);
    if (!rc)
        fill_put(&j->fill, f);
    fill_free(f);
    return rc;
}

static int pll_text(struct job *j, struct err *err)
{
    struct pll *p = NULL;
    int rc = scorer_pll(j->scorer, j->score.text, &p, err);
    if (!rc)
        pll_put(&j->fill, p);
    pll_free(p);
    return rc;
}

static int one_text(struct job *j, struct err *err)
{
    int rc = j->a->fill ? filled_text(j, err) : j->a->pll ? pll_text(j, err) : scored_text(j, err);
    j->sentences++;
    return rc;
}

static int stdin_lines(struct job *j, struct err *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int rc = 0;
    while (!rc && (n = getline(&line, &cap, stdin)) >= 0) {
        while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = 0;
        j->score.text = line;
        if (n)
            rc = one_text(j, err);
    }
    free(line);
    return rc;
}

/* All texts, from the heading to the end of the output. */
static int put_texts(struct job *j, int from_stdin, struct err *err)
{
    int filling = j->a->fill || j->a->pll;
    int rc = filling ? fill_begin(&j->fill, j->a->pll, err) : inspect_begin(&j->out, err);
    if (!rc)
        rc = from_stdin ? stdin_lines(j, err) : one_text(j, err);
    struct err *first = rc ? NULL : err;
    int end = filling ? fill_end(&j->fill, first) : inspect_end(&j->out, first);
    return rc ? rc : end;
}

/* run NULL: the directory is no run's. */
static int score(const struct inspect_args *a, const char *dir, const struct query_run *run, int64_t step,
                 int from_stdin, struct err *err)
{
    int masks[MASKS_MAX];
    struct nets nets;
    double share = a->mask_prob > 0 ? a->mask_prob : 0.15;
    struct job j = {.a = a, .score = {.text = a->text, .seed = (uint64_t)a->seed, .mask_prob = share},
                    .mask_prob = a->mask_prob > 0 || !run ? share : run->config.mask_prob};
    int rc = nets_find(dir, a->generator, &nets, err);
    if (rc)
        return rc;
    if (a->positions) {
        j.score.nmask = positions(a->positions, masks, err);
        if (j.score.nmask < 0)
            return j.score.nmask;
        j.score.mask_positions = masks;
    }
    j.scorer = scorer_open(*nets.main ? nets.main : NULL, *nets.gen ? nets.gen : NULL, "auto", print_warning,
                           NULL, err);
    if (!j.scorer)
        return err->code;
    enum inspect_form form = a->csv ? INSPECT_CSV : a->json ? INSPECT_JSON : INSPECT_TABLE;
    j.out = (struct inspect_out){
        .source = {.token = vocab_text, .ud = scorer_vocab(j.scorer), .run = run ? run->id : 0, .step = step,
                   .has_generator = !!*nets.gen, .has_discriminator = !!*nets.main},
        .form = form};
    j.fill = (struct fill_out){.form = form, .vocab = scorer_vocab(j.scorer), .run = run ? run->id : 0,
                               .step = step, .most = (int)a->top};
    rc = put_texts(&j, from_stdin, err);
    scorer_close(j.scorer);
    return rc;
}

/* The newest stored snapshot, or that of a step. */
static int stored(const struct inspect_args *a, const struct workspace *w, const struct query_run *run,
                  struct err *err)
{
    struct arena arena;
    int64_t *steps, step = 0;
    double age;
    struct token_seq **seqs;
    struct query *q = query_open(w->db, err);
    if (!q)
        return err->code;
    arena_init(&arena);
    struct pieces *pieces = NULL;
    int rc, n = query_snapshots(q, run->id, TOKENS_SNAPSHOT, &arena, &steps, err);
    if (n == 0)
        n = err_set(err, E_NOTFOUND, "run %" PRId64 " has no token snapshot yet; give --text", run->id);
    rc = n < 0 ? n : 0;
    if (!rc)
        rc = query_tokens(q, run->id, TOKENS_SNAPSHOT, a->step >= 0 ? a->step : steps[n - 1], &arena,
                          &seqs, &step, &age, err);
    n = rc;
    if (n == 0)
        n = err_set(err, E_NOTFOUND, "run %" PRId64 " has no token snapshot of step %ld", run->id, a->step);
    if (n > 0 && !(pieces = pieces_open(w, &run->config, run->checkpoint, err)))
        n = err->code;
    if (n > 0) {
        struct inspect_out out = {
            .source = {.token = piece_text, .ud = pieces, .run = run->id, .step = step,
                       .has_generator = 1, .has_discriminator = 1},
            .form = a->csv ? INSPECT_CSV : a->json ? INSPECT_JSON : INSPECT_TABLE};
        rc = inspect_begin(&out, err);
        for (int i = 0; !rc && i < n; i++)
            inspect_put(&out, seqs[i]);
        int end = inspect_end(&out, rc ? NULL : err);
        n = rc ? rc : end;
    }
    pieces_close(pieces);
    arena_free(&arena);
    query_close(q);
    return n < 0 ? n : 0;
}

static int run(struct cli *c, struct err *err)
{
    const struct inspect_args *a = c->own;
    int from_stdin = (a->text && !strcmp(a->text, "-")) || (c->nargs && !strcmp(c->args[0], "-"));
    if (c->nargs && !from_stdin)
        return err_set(err, E_USAGE, "inspect: the text comes after --text, or '-' reads standard input");
    if (!a->run == !a->model)
        return err_set(err, E_USAGE, "inspect: give one of --run RUN and --model DIR");
    if (a->csv && a->json)
        return err_set(err, E_USAGE, "inspect: one of --csv and --json");
    if (a->fill && a->pll)
        return err_set(err, E_USAGE, "inspect: one of --fill and --pll");
    if ((a->fill || a->pll) && !a->text && !from_stdin)
        return err_set(err, E_USAGE, "inspect: --%s needs --text", a->fill ? "fill" : "pll");
    if (a->model) {
        if (!a->text && !from_stdin)
            return err_set(err, E_USAGE, "inspect: --text is missing ('-' reads standard input)");
        return score(a, a->model, NULL, 0, from_stdin, err);
    }
    struct workspace w;
    char path[4200];
    int64_t step;
    int rc = cli_workspace(c, 0, &w, err);
    struct query_run *found = rc ? NULL : calloc(1, sizeof *found);
    if (!rc)
        rc = found ? launch_find_run(&w, a->run, found, err) : err_nomem(err, "the run");
    if (!rc && !a->text && !from_stdin)
        rc = stored(a, &w, found, err);
    else if (!rc) {
        rc = launch_find_checkpoint(&w, found, a->step, path, sizeof path, &step, err);
        if (!rc)
            rc = score(a, path, found, step, from_stdin, err);
    }
    free(found);
    return rc;
}

#define AT(member) offsetof(struct inspect_args, member)
static const struct option_row options[] = {
    {.name = "run", .kind = OPTION_TEXT, .offset = AT(run), .arg = "RUN",
     .help = "networks of a run's checkpoint; without --text its newest token snapshot"},
    {.name = "step", .kind = OPTION_INT, .offset = AT(step), .arg = "S", .min = 0, .max = 1e12,
     .help = "of that step (default: the newest)"},
    {.name = "model", .kind = OPTION_TEXT, .offset = AT(model), .arg = "DIR",
     .help = "network in Hugging Face's layout, or a directory with discriminator/ and generator/"},
    {.name = "generator", .kind = OPTION_TEXT, .offset = AT(generator), .arg = "DIR",
     .help = "generator for --model; without one [MASK] itself is judged"},
    {.name = "text", .kind = OPTION_TEXT, .offset = AT(text), .arg = "TEXT",
     .help = "sentence to look at; '-' reads one a line from standard input"},
    {.name = "mask-positions", .kind = OPTION_TEXT, .offset = AT(positions), .arg = "LIST",
     .help = "tokens to mask, [CLS] is 0 (default: drawn)"},
    {.name = "mask-prob", .kind = OPTION_REAL, .offset = AT(mask_prob), .arg = "P", .min = 0.01,
     .max = 0.9, .help = "share of the tokens that is masked when drawn (default 0.15); with --fill the "
                         "share of the pre-training (default: the run's)"},
    {.name = "fill", .kind = OPTION_FLAG, .offset = AT(fill),
     .help = "fill in each [MASK] of the text: the generator's best, ranked with the discriminator's word on each"},
    {.name = "pll", .kind = OPTION_FLAG, .offset = AT(pll),
     .help = "score the text: log probability of each token with that token masked, and that it is original"},
    {.name = "top", .kind = OPTION_INT, .offset = AT(top), .arg = "N", .min = 1, .max = 100,
     .help = "tokens shown for each [MASK] (default 10)"},
    {.name = "seed", .kind = OPTION_INT, .offset = AT(seed), .arg = "N", .min = 0, .max = 2147483647,
     .help = "of the masks and samples (default 1)"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = AT(csv), .help = "one row a token"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "one JSON object a sentence"},
    {.name = NULL},
};

const struct command cmd_inspect = {.options = options, .own_size = sizeof(struct inspect_args),
                                    .defaults = defaults, .max_args = 1, .run = run};
