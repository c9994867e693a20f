/* See fill.h. */
#include "ui/cli/fill.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "src/base/err.h"
#include "src/text/vocab.h"
#include "src/train/fill.h"
#include "ui/cli/print.h"

static const char *word(const struct fill_out *o, int32_t id)
{
    return id >= 0 && id < vocab_size(o->vocab) ? vocab_token(o->vocab, id) : "[MASK]";
}

int fill_begin(struct fill_out *out, int pll, struct err *err)
{
    static const char *const fills[] = {"sentence", "position", "original", "rank", "token", "score", "gen_prob",
                                        "gen_rank", "disc_prob", "run", "step"};
    static const char *const sums[] = {"sentence", "position", "token", "gen_log_prob", "disc_log_prob", "run",
                                       "step"};
    if (out->form != INSPECT_CSV)
        return 0;
    out->csv = csv_new(stdout);
    if (!out->csv)
        return err_nomem(err, "the rows");
    for (size_t i = 0; i < (pll ? sizeof sums / sizeof *sums : sizeof fills / sizeof *fills); i++)
        csv_text(out->csv, pll ? sums[i] : fills[i]);
    csv_end_row(out->csv);
    return 0;
}

int fill_end(struct fill_out *out, struct err *err)
{
    return out->csv ? csv_finish(out->csv, err) : 0;
}

/* Empty where there is no value. */
static void csv_number(const struct fill_out *o, float v)
{
    if (isfinite(v))
        csv_float(o->csv, v);
    else
        csv_text(o->csv, NULL);
}

static void csv_source(const struct fill_out *o)
{
    csv_int(o->csv, o->run);
    csv_int(o->csv, o->step);
    csv_end_row(o->csv);
}

static void json_source(const struct fill_out *o, struct json_out *j)
{
    json_open(j, NULL, '{');
    if (o->run) {
        json_int(j, "run", o->run);
        json_int(j, "step", o->step);
    }
    json_int(j, "sentence", o->sentences);
}

static void json_ids(const struct fill_out *o, struct json_out *j, const char *key, const int32_t *ids, int n)
{
    json_open(j, key, '[');
    for (int i = 0; i < n; i++)
        json_text(j, NULL, word(o, ids[i]));
    json_close(j, ']');
}

static void slot_csv(const struct fill_out *o, const struct fill_slot *slot)
{
    for (int k = 0; k < slot->n && k < o->most; k++) {
        const struct fill_token *t = &slot->token[k];
        csv_int(o->csv, o->sentences);
        csv_int(o->csv, slot->at);
        csv_text(o->csv, word(o, slot->original));
        csv_int(o->csv, k + 1);
        csv_text(o->csv, word(o, t->id));
        csv_float(o->csv, t->score);
        csv_float(o->csv, t->gen_prob);
        csv_int(o->csv, t->gen_rank);
        csv_number(o, t->disc_prob);
        csv_source(o);
    }
}

static void slot_json(const struct fill_out *o, const struct fill_slot *slot, struct json_out *j)
{
    json_open(j, NULL, '{');
    json_int(j, "position", slot->at);
    json_text(j, "original", word(o, slot->original));
    json_open(j, "best", '[');
    for (int k = 0; k < slot->n && k < o->most; k++) {
        const struct fill_token *t = &slot->token[k];
        json_open(j, NULL, '{');
        json_text(j, "token", word(o, t->id));
        json_float(j, "score", t->score);
        json_float(j, "gen_prob", t->gen_prob);
        json_int(j, "gen_rank", t->gen_rank);
        json_float(j, "disc_prob", t->disc_prob);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

/* Pieces put together as words, marks of the text's ends left out. */
static void print_words(const struct fill_out *o, const int32_t *ids, int n)
{
    for (int t = 1; t < n - 1; t++) {
        const char *text = word(o, ids[t]);
        int joined = !strncmp(text, "##", 2) && text[2];
        if (t > 1 && !joined)
            fputc(' ', stdout);
        print_text(stdout, text + (joined ? 2 : 0));
    }
}

static void slot_table(const struct fill_out *o, const struct fill *f, const struct fill_slot *slot)
{
    printf("%4d  ", slot->at);
    print_cell(stdout, word(o, slot->original), 16, 1);
    printf(" %6s  %6s %6s %11s\n", "score", "P(gen)", "rank", "P(replaced)");
    for (int k = 0; k < slot->n && k < o->most; k++) {
        const struct fill_token *t = &slot->token[k];
        printf("      ");
        print_cell(stdout, word(o, t->id), 16, 1);
        printf(" %6.3f  %6.3f %6d", (double)t->score, (double)t->gen_prob, t->gen_rank);
        if (isfinite(t->disc_prob))
            printf(" %11.3f", (double)t->disc_prob);
        printf("%s\n", t->id == f->ids[slot->at] ? "  <" : "");
    }
}

static void start_table(const struct fill_out *o)
{
    if (o->sentences)
        fputc('\n', stdout);
    if (o->run)
        printf("run %" PRId64 ", step %" PRId64 "\n", o->run, o->step);
}

void fill_put(struct fill_out *out, const struct fill *f)
{
    struct json_out j = {.f = stdout};
    if (out->form == INSPECT_JSON) {
        json_source(out, &j);
        json_ids(out, &j, "tokens", f->ids, f->n);
        json_open(&j, "filled", '[');
    } else if (out->form == INSPECT_TABLE) {
        start_table(out);
    }
    for (int i = 0; i < f->nslots; i++) {
        if (out->form == INSPECT_CSV)
            slot_csv(out, &f->slot[i]);
        else if (out->form == INSPECT_JSON)
            slot_json(out, &f->slot[i], &j);
        else
            slot_table(out, f, &f->slot[i]);
    }
    if (out->form == INSPECT_JSON) {
        json_close(&j, ']');
        json_close(&j, '}');
        json_end(&j);
    } else if (out->form == INSPECT_TABLE) {
        print_words(out, f->ids, f->n);
        fputc('\n', stdout);
    }
    out->sentences++;
}

static void number(double v)
{
    if (isfinite(v))
        printf(" %13.3f", v);
    else
        printf(" %13s", "");
}

static void pll_table(const struct fill_out *o, const struct pll *p)
{
    int scored = p->n - 2;
    start_table(o);
    printf("%4s  %-16s %13s %13s\n", "", "token", "log P(gen)", "log P(orig.)");
    for (int t = 1; t < p->n - 1; t++) {
        printf("%4d  ", t);
        print_cell(stdout, word(o, p->ids[t]), 16, 1);
        number((double)p->gen[t]);
        number((double)p->disc[t]);
        fputc('\n', stdout);
    }
    printf("      %-16s", "sum");
    number(p->gen_sum);
    number(p->disc_sum);
    printf("\n      %-16s", "exp(-mean)");
    number(exp(-p->gen_sum / scored));
    number(exp(-p->disc_sum / scored));
    fputc('\n', stdout);
}

static void pll_json(const struct fill_out *o, const struct pll *p)
{
    struct json_out j = {.f = stdout};
    json_source(o, &j);
    json_ids(o, &j, "tokens", p->ids, p->n);
    json_double(&j, "gen_pll", p->gen_sum);
    json_double(&j, "disc_pll", p->disc_sum);
    for (int d = 0; d < 2; d++) {
        json_open(&j, d ? "disc_log_prob" : "gen_log_prob", '[');
        for (int t = 0; t < p->n; t++)
            json_float(&j, NULL, d ? p->disc[t] : p->gen[t]);
        json_close(&j, ']');
    }
    json_close(&j, '}');
    json_end(&j);
}

void pll_put(struct fill_out *out, const struct pll *p)
{
    for (int t = 1; out->form == INSPECT_CSV && t < p->n - 1; t++) {
        csv_int(out->csv, out->sentences);
        csv_int(out->csv, t);
        csv_text(out->csv, word(out, p->ids[t]));
        csv_number(out, p->gen[t]);
        csv_number(out, p->disc[t]);
        csv_source(out);
    }
    if (out->form == INSPECT_JSON)
        pll_json(out, p);
    else if (out->form == INSPECT_TABLE)
        pll_table(out, p);
    out->sentences++;
}
