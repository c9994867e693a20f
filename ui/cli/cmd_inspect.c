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
#include "src/train/run.h"
#include "ui/cli/cli.h"
#include "ui/cli/inspect.h"
#include "ui/cli/launch.h"
#include "ui/cli/nets.h"
#include "ui/cli/print.h"

#define SHOW(s) visible((char[512]){0}, 512, (s))
#define MASKS_MAX 4096

struct inspect_args {
    const char *run, *model, *generator, *text, *positions;
    long step, seed;
    double mask_prob;
    int csv, json;
};

static void defaults(void *own)
{
    struct inspect_args *a = own;
    a->step = -1;
    a->seed = 1;
    a->mask_prob = 0.15;
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

static int one_text(struct scorer *s, struct scorer_args *sa, int sentence, struct inspect_out *out,
                    struct err *err)
{
    struct token_seq *seq = NULL;
    int rc = scorer_score(s, sa, &seq, err);
    if (!rc) {
        seq->sentence = sentence;
        inspect_put(out, seq);
    }
    free(seq);
    return rc;
}

static int stdin_lines(struct scorer *s, struct scorer_args *sa, struct inspect_out *out, struct err *err)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int rc = 0, sentence = 0;
    while (!rc && (n = getline(&line, &cap, stdin)) >= 0) {
        while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = 0;
        sa->text = line;
        if (n)
            rc = one_text(s, sa, sentence++, out, err);
    }
    free(line);
    return rc;
}

static int score(const struct inspect_args *a, const char *dir, int64_t run, int64_t step,
                 int from_stdin, struct err *err)
{
    int masks[MASKS_MAX];
    struct nets nets;
    struct scorer_args sa = {.text = a->text, .seed = (uint64_t)a->seed, .mask_prob = a->mask_prob};
    int rc = nets_find(dir, a->generator, &nets, err);
    if (rc)
        return rc;
    if (a->positions) {
        sa.nmask = positions(a->positions, masks, err);
        if (sa.nmask < 0)
            return sa.nmask;
        sa.mask_positions = masks;
    }
    struct scorer *s = scorer_open(*nets.main ? nets.main : NULL, *nets.gen ? nets.gen : NULL, "auto",
                                   print_warning, NULL, err);
    if (!s)
        return err->code;
    struct inspect_out out = {
        .source = {.token = vocab_text, .ud = scorer_vocab(s), .run = run, .step = step,
                   .has_generator = !!*nets.gen, .has_discriminator = !!*nets.main},
        .form = a->csv ? INSPECT_CSV : a->json ? INSPECT_JSON : INSPECT_TABLE};
    rc = inspect_begin(&out, err);
    if (!rc)
        rc = from_stdin ? stdin_lines(s, &sa, &out, err) : one_text(s, &sa, 0, &out, err);
    int end = inspect_end(&out, rc ? NULL : err);
    scorer_close(s);
    return rc ? rc : end;
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
    if (a->model) {
        if (!a->text && !from_stdin)
            return err_set(err, E_USAGE, "inspect: --text is missing ('-' reads standard input)");
        return score(a, a->model, 0, 0, from_stdin, err);
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
            rc = score(a, path, found->id, step, from_stdin, err);
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
     .max = 0.9, .help = "share of the tokens that is masked when drawn (default 0.15)"},
    {.name = "seed", .kind = OPTION_INT, .offset = AT(seed), .arg = "N", .min = 0, .max = 2147483647,
     .help = "of the masks and samples (default 1)"},
    {.name = "csv", .kind = OPTION_FLAG, .offset = AT(csv), .help = "one row a token"},
    {.name = "json", .kind = OPTION_FLAG, .offset = AT(json), .help = "one JSON object a sentence"},
    {.name = NULL},
};

const struct command cmd_inspect = {.options = options, .own_size = sizeof(struct inspect_args),
                                    .defaults = defaults, .max_args = 1, .run = run};
