/* electroscope replay: one step of a run again, to the bit: its batch, sequence by sequence, and how
 * far each tensor moved. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/again.h"
#include "src/base/str.h"
#include "src/base/visible.h"
#include "src/data/corpus.h"
#include "src/text/vocab.h"
#include "ui/cli/cli.h"
#include "ui/cli/launch.h"
#include "ui/cli/print.h"

#define WORTH_SAYING 200 /* steps on the way: a wait */

struct own {
    const char *run;
    long step, top;
    int json, said;
};

static void defaults(void *own)
{
    ((struct own *)own)->top = 10;
}

/* Words with their pieces joined; [chosen] where the generator was asked and kept the token,
 * [original>sample] where its sample differs. */
static void add_tokens(struct str *s, const struct replay_sequence *x, const struct vocab *v)
{
    for (int i = 0; i < x->n; i++) {
        const struct token_row *t = &x->tokens[i];
        const char *word = vocab_token(v, t->original);
        int joined = !strncmp(word, "##", 2) && i > 0;
        if (i > 0 && !joined)
            str_addc(s, ' ');
        if (t->chosen)
            str_addc(s, '[');
        str_add(s, joined ? word + 2 : word);
        if (t->chosen && t->sampled >= 0 && t->sampled != t->original && t->sampled != t->masked)
            str_addf(s, ">%s", vocab_token(v, t->sampled));
        if (t->chosen)
            str_addc(s, ']');
    }
}

static void on_progress(void *ud, int64_t step)
{
    struct own *o = ud;
    if (!o->said++ && o->step - step > WORTH_SAYING && !o->json)
        fprintf(stderr, "electroscope: from step %" PRId64 " on, %" PRId64 " steps\n", step, o->step - step);
}

static void compared(const struct again *a, const struct own *o)
{
    if (!a->steps)
        printf("nothing to compare: the store has no values of these steps\n");
    else
        printf("%" PRId64 " values of %" PRId64 " logged steps are the same, bit for bit\n", a->values,
               a->steps);
    if (a->steps && !a->logged)
        printf("step %ld itself was not logged; step %" PRId64 ", which follows from it, is the same\n",
               o->step, a->last);
}

static void number(double v, int width, int decimals)
{
    if (isnan(v))
        printf(" %*s", width, "-");
    else
        printf(" %*.*f", width, decimals, v);
}

/* The losses that this step's objective and phase have. */
static const struct {
    const char *name;
    size_t offset;
} columns[] = {{"total", offsetof(struct losses, total)},
               {"gen", offsetof(struct losses, gen)},
               {"disc", offsetof(struct losses, disc)},
               {"main", offsetof(struct losses, main)}};
#define COLUMNS 4

static double loss(const struct losses *l, int i)
{
    return *(const double *)((const char *)l + columns[i].offset);
}

static void sequences(const struct replay *p, const struct own *o, const struct vocab *v)
{
    printf("\n%4s %4s %8s %9s", "", "row", "unusual", "gradient");
    for (int k = 0; k < COLUMNS; k++)
        if (loss(&p->losses, k) != 0)
            printf(" %9s", columns[k].name);
    printf("  text\n");
    for (int i = 0; i < p->nsequences && i < o->top; i++) {
        const struct replay_sequence *x = &p->sequences[i];
        struct str text;
        str_init(&text);
        add_tokens(&text, x, v);
        printf("%4d %4d", i + 1, x->row);
        number(x->unusual, 8, 1);
        number(x->norm, 9, 3);
        for (int k = 0; k < COLUMNS; k++)
            if (loss(&p->losses, k) != 0)
                number(loss(&x->losses, k), 9, 4);
        printf("  ");
        print_cell(stdout, str_get(&text), print_width() > 120 ? print_width() - 60 : 100000, 0);
        printf("\n");
        str_free(&text);
    }
    if (p->nsequences > o->top)
        printf("%d more sequences, less unusual (--top)\n", p->nsequences - (int)o->top);
}

static void tensors(const struct replay *p, const struct own *o)
{
    printf("\n%12s %12s %12s  tensor\n", "update", "weights", "ratio");
    for (int i = 0; i < p->ntensors && i < o->top; i++) {
        const struct replay_tensor *t = &p->tensors[i];
        printf("%12.4g %12.4g", t->update, t->weight);
        if (isnan(t->ratio))
            printf(" %12s", "-");
        else
            printf(" %12.3g", t->ratio);
        printf("  %s\n", t->name);
    }
    if (p->ntensors > o->top)
        printf("%d more tensors that moved less (--top)\n", p->ntensors - (int)o->top);
}

static void as_text(const struct again *a, const struct query_run *run, const struct own *o)
{
    const struct replay *p = &a->replay;
    printf("run %" PRId64 " ", run->id);
    print_cell(stdout, run->name, 60, 0);
    printf(", step %ld, from %s %" PRId64 "\n", o->step, p->from ? "the checkpoint of step" : "the start, step",
           p->from);
    compared(a, o);
    printf("\nloss %.6g, gradient norm %.4g, learning rate %.3g%s\n", p->losses.total, p->norm, p->rate,
           p->finite ? "" : "; not finite, so the update was left out");
    sequences(p, o, corpus_vocab(p->corpus));
    printf("unusual: how far its loss or gradient lies above the batch's median, in median deviations x 1.48\n");
    tensors(p, o);
}

static void as_json(const struct again *a, const struct query_run *run, const struct own *o)
{
    const struct replay *p = &a->replay;
    struct json_out j = {.f = stdout};
    json_open(&j, NULL, '{');
    json_int(&j, "run", run->id);
    json_int(&j, "step", o->step);
    json_int(&j, "from", p->from);
    json_int(&j, "compared_steps", a->steps);
    json_int(&j, "compared_values", a->values);
    json_bool(&j, "logged", a->logged);
    json_double(&j, "total_loss", p->losses.total);
    json_double(&j, "grad_norm", p->norm);
    json_open(&j, "sequences", '[');
    for (int i = 0; i < p->nsequences; i++) {
        const struct replay_sequence *x = &p->sequences[i];
        struct str text;
        str_init(&text);
        add_tokens(&text, x, corpus_vocab(p->corpus));
        json_open(&j, NULL, '{');
        json_int(&j, "row", x->row);
        json_int(&j, "place", (int64_t)x->place);
        json_double(&j, "unusual", x->unusual);
        json_double(&j, "grad_norm", x->norm);
        for (int k = 0; k < COLUMNS; k++)
            if (loss(&p->losses, k) != 0)
                json_double(&j, columns[k].name, loss(&x->losses, k));
        json_text(&j, "text", str_get(&text));
        json_close(&j, '}');
        str_free(&text);
    }
    json_close(&j, ']');
    json_open(&j, "tensors", '[');
    for (int i = 0; i < p->ntensors; i++) {
        json_open(&j, NULL, '{');
        json_text(&j, "name", p->tensors[i].name);
        json_double(&j, "update", p->tensors[i].update);
        json_double(&j, "weight", p->tensors[i].weight);
        json_double(&j, "ratio", p->tensors[i].ratio);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

static int run(struct cli *c, struct err *err)
{
    struct own *o = c->own;
    struct workspace w;
    struct again a;
    if (!o->step)
        return err_set(err, E_USAGE, "usage: electroscope replay %s", c->row->synopsis);
    int rc = cli_workspace(c, 0, &w, err);
    struct query_run *found = rc ? NULL : calloc(1, sizeof *found);
    if (!rc)
        rc = found ? launch_find_run(&w, o->run, found, err) : err_nomem(err, "the run");
    if (!rc) {
        rc = again_step(&w, found, o->step, on_progress, o, &a, err);
        if (!rc)
            o->json ? as_json(&a, found, o) : as_text(&a, found, o);
        again_free(&a);
    }
    free(found);
    return rc;
}

static const struct option_row options[] = {
    {.name = "run", .kind = OPTION_TEXT, .offset = offsetof(struct own, run), .arg = "RUN",
     .help = "number or name (default: the newest)"},
    {.name = "step", .kind = OPTION_INT, .offset = offsetof(struct own, step), .arg = "S", .min = 1,
     .max = 1e9, .help = "the step to run again"},
    {.name = "top", .kind = OPTION_INT, .offset = offsetof(struct own, top), .arg = "N", .min = 1, .max = 1e6,
     .help = "sequences and tensors shown (default: 10)"},
    {.name = "json", .kind = OPTION_FLAG, .offset = offsetof(struct own, json),
     .help = "one JSON object with all of them"},
    {.name = NULL},
};

const struct command cmd_replay = {.options = options, .own_size = sizeof(struct own),
                                   .defaults = defaults, .run = run};
