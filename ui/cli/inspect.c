/* See inspect.h. */
#include "ui/cli/inspect.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "src/base/err.h"
#include "ui/cli/print.h"

static const char *token(const struct rows_source *s, int id)
{
    const char *text = id < 0 ? NULL : s->token(s->ud, id);
    return text ? text : "";
}

int inspect_begin(struct inspect_out *out, struct err *err)
{
    if (out->form != INSPECT_CSV)
        return 0;
    out->csv = csv_new(stdout);
    if (!out->csv)
        return err_nomem(err, "the rows");
    rows_tokens_heading(out->csv);
    return 0;
}

int inspect_end(struct inspect_out *out, struct err *err)
{
    return out->csv ? csv_finish(out->csv, err) : 0;
}

static void json_row(struct json_out *j, const struct token_row *row, int position,
                     const struct rows_source *s)
{
    json_open(j, NULL, '{');
    json_int(j, "position", position);
    json_text(j, "original", token(s, row->original));
    json_text(j, "masked", token(s, row->masked));
    json_text(j, "sampled", token(s, row->sampled));
    json_int(j, "label", row->label);
    json_int(j, "same", row->same);
    if (s->has_discriminator) {
        json_float(j, "disc_prob", row->disc_prob);
        json_float(j, "disc_loss", row->disc_loss);
        json_text(j, "outcome", rows_outcome(row, s));
    }
    if (s->has_generator && row->chosen) {
        json_float(j, "gen_prob", row->gen_prob);
        json_int(j, "gen_rank", row->gen_rank);
        json_float(j, "gen_entropy", row->gen_entropy);
        json_open(j, "top", '[');
        for (int k = 0; k < EVENT_TOPK && row->top_id[k] >= 0; k++) {
            json_open(j, NULL, '{');
            json_text(j, "token", token(s, row->top_id[k]));
            json_float(j, "prob", row->top_prob[k]);
            json_close(j, '}');
        }
        json_close(j, ']');
    }
    json_close(j, '}');
}

static void as_json(const struct token_seq *seq, const struct rows_source *s)
{
    struct json_out j = {.f = stdout};
    json_open(&j, NULL, '{');
    if (s->run) {
        json_int(&j, "run", s->run);
        json_int(&j, "step", s->step);
    }
    json_int(&j, "sentence", seq->sentence);
    json_open(&j, "tokens", '[');
    for (int i = 0; i < seq->n; i++)
        json_row(&j, &seq->rows[i], i, s);
    json_close(&j, ']');
    json_close(&j, '}');
    json_end(&j);
}

static void proposals(const struct token_row *row, const struct rows_source *s)
{
    for (int k = 0; k < 3 && row->top_id[k] >= 0; k++) {
        printf("%s", k ? ", " : "  ");
        print_cell(stdout, token(s, row->top_id[k]), 14, 0);
        printf(" %.0f %%", (double)row->top_prob[k] * 100);
    }
}

static void table_row(const struct token_row *row, int position, const struct rows_source *s)
{
    printf("%4d  ", position);
    print_cell(stdout, token(s, row->original), 16, 1);
    fputc(' ', stdout);
    print_cell(stdout, row->masked == row->original ? "" : token(s, row->masked), 10, 1);
    fputc(' ', stdout);
    print_cell(stdout, row->sampled == row->original && !row->chosen ? "" : token(s, row->sampled), 16, 1);
    if (s->has_generator && row->chosen)
        printf(" %6.3f %6d", (double)row->gen_prob, row->gen_rank);
    else
        printf(" %6s %6s", "", "");
    if (s->has_discriminator) {
        char bar[11] = "..........";
        int full = isfinite(row->disc_prob) ? (int)(row->disc_prob * 10 + 0.5f) : 0;
        memset(bar, '#', (size_t)full);
        const char *outcome = rows_outcome(row, s);
        printf("  %6.3f %s  %-11s", (double)row->disc_prob, bar,
               !strcmp(outcome, "kept") ? "" : !strcmp(outcome, "false_alarm") ? "false alarm" : outcome);
    }
    if (s->has_generator && row->chosen)
        proposals(row, s);
    fputc('\n', stdout);
}

static void as_table(struct inspect_out *out, const struct token_seq *seq)
{
    const struct rows_source *s = &out->source;
    int fakes = 0, caught = 0, alarms = 0;
    if (out->sequences++)
        fputc('\n', stdout);
    if (s->run)
        printf("run %" PRId64 ", step %" PRId64 ", sentence %d\n", s->run, s->step, seq->sentence);
    printf("%4s  %-16s %-10s %-16s %6s %6s", "", "original", "seen", "sampled", "P(gen)", "rank");
    if (s->has_discriminator)
        printf("  %-17s  %-11s", "P(replaced)", "");
    printf("%s\n", s->has_generator ? "  generator's best" : "");
    for (int i = 0; i < seq->n; i++) {
        table_row(&seq->rows[i], i, s);
        int said = seq->rows[i].disc_prob > 0.5f;
        fakes += seq->rows[i].label;
        caught += seq->rows[i].label && said;
        alarms += !seq->rows[i].label && said;
    }
    if (s->has_discriminator)
        printf("%d of %d tokens replaced, %d caught, %d false alarm%s\n", fakes, seq->n, caught, alarms,
               alarms == 1 ? "" : "s");
}

void inspect_put(struct inspect_out *out, const struct token_seq *seq)
{
    if (out->form == INSPECT_CSV)
        rows_tokens(out->csv, seq, &out->source);
    else if (out->form == INSPECT_JSON)
        as_json(seq, &out->source);
    else
        as_table(out, seq);
}
