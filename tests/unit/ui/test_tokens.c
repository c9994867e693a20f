/* The Tokens screen on the fixture store: pictures, outcomes, history, export. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/csv.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/theme.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_tokens.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_make(dir) || fixture_tokens(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static struct app *start(struct app_args *args, int64_t run)
{
    char path[128];
    struct app_args plain = {.theme = 0, .color = 1};
    snprintf(path, sizeof path, "%s/electroscope", dir);
    file_remove_tree(path, NULL);
    if (!args) args = &plain;
    args->run = run;
    struct app *a = fixture_app(dir, "Tokens", args);
    assert_non_null(a);
    fixture_keys(a, "[ ]"); /* no host here: the newest snapshot, or live rows that never come */
    a->message_until = 0;
    a->nmessages = 0;
    while (tokens_load_past(app_self(a), a)) {}
    return a;
}

/* The sentence, the token and the snapshot are those that were left. */
static void test_the_place_survives(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='done' WHERE id=9"), 0);
    struct app_args args = {.theme = 0, .color = 1};
    struct app *a = start(&args, 9);
    fixture_keys(a, "[ [ . l l l");
    struct tokens *s = app_self(a);
    int number = s->at_number, source = s->at_source, cursor = s->cursor;
    int64_t step = s->step;
    assert_true(cursor > 2 && s->npast > 2 && step < s->past[s->npast - 1].step);
    app_free(a);
    a = fixture_app(dir, "Tokens", &args);
    s = app_self(a);
    free(fixture_text(a, 24, 80));
    assert_true(s->at_number == number && s->at_source == source && s->cursor == cursor && s->step == step);
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='running' WHERE id=9"), 0);
}

static void test_pictures(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    int bad = fixture_golden(a, 24, 80, "tokens-80x24") + fixture_golden(a, 36, 120, "tokens-120x36") +
              fixture_golden(a, 45, 160, "tokens-160x45");
    fixture_keys(a, "# i");
    bad += fixture_golden(a, 24, 80, "tokens-strip-80x24");
    fixture_keys(a, "i");
    bad += fixture_golden(a, 24, 80, "tokens-table-80x24");
    fixture_keys(a, "i [");
    bad += fixture_golden(a, 24, 80, "tokens-waterfall-80x24");
    fixture_keys(a, "i d 0");
    bad += fixture_golden(a, 24, 80, "tokens-rates-80x24") +
           fixture_golden(a, 36, 120, "tokens-rates-120x36");
    fixture_keys(a, "l l l Enter");
    bad += fixture_golden(a, 24, 80, "tokens-cell-80x24") + fixture_golden(a, 36, 120, "tokens-cell-120x36");
    app_free(a);
    struct app_args ascii = {.theme = THEME_MONO, .ascii = 1};
    a = start(&ascii, 9);
    bad += fixture_golden(a, 24, 80, "tokens-ascii-80x24");
    app_free(a);
    a = start(NULL, 3);
    bad += fixture_golden(a, 36, 120, "tokens-mlm-120x36");
    app_free(a);
    assert_int_equal(bad, 0);
}

static void test_small_sizes_and_every_key(void **state)
{
    (void)state;
    static const char *const keys[] = {"Down", "Right", "S-Right", "Up", "PgDn", "PgUp", "G", "g",
                                       ".", ",", "[", "]", "#", "s", "=", "n", "N", "Tab", "Down",
                                       "Enter", "d", "Down", "Right", "0", "Enter", "Down", "Esc",
                                       "Esc", "i", "Left", "i", "Down", "i", "Up", "i", "F"};
    struct app *a = start(NULL, 9);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        fixture_keys(a, keys[k]);
        for (int h = 1; h < 50; h += 12)
            for (int w = 1; w < 220; w += 39) free(fixture_text(a, h, w));
        free(fixture_text(a, 8, 40));
    }
    app_free(a);
    for (int run = 1; run <= 9; run++) { /* runs of every kind, most without a token */
        a = start(NULL, run);
        free(fixture_text(a, 24, 80));
        app_free(a);
    }
}

static void test_outcomes(void **state)
{
    (void)state;
    struct token_row r = {.disc_prob = .9F, .label = 1};
    assert_int_equal(tokens_outcome(&r), OUT_CAUGHT);
    r.disc_prob = .49F;
    assert_int_equal(tokens_outcome(&r), OUT_MISSED);
    r.label = 0;
    assert_int_equal(tokens_outcome(&r), OUT_KEPT);
    r.disc_prob = .5F; /* a logit of 0 is not said replaced: so the metrics and `tokens --csv` count */
    assert_int_equal(tokens_outcome(&r), OUT_KEPT);
    r.disc_prob = .51F;
    assert_int_equal(tokens_outcome(&r), OUT_FALSE);
    r.disc_prob = NAN;
    assert_int_equal(tokens_outcome(&r), OUT_NONE);
    assert_int_equal(tokens_heat(.09F), BACK_NONE);
    assert_int_equal(tokens_heat(.1F), BACK_HEAT1);
    assert_int_equal(tokens_heat(.3F), BACK_HEAT2);
    assert_int_equal(tokens_heat(.5F), BACK_HEAT3);
    assert_int_equal(tokens_heat(.8F), BACK_HEAT4);
    assert_int_equal(tokens_heat(NAN), BACK_NONE);
}

/* The counts on the screen are those of the rows. */
static void test_counts_are_those_of_the_rows(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    int64_t n[OUT_NONE + 1] = {0}, tokens = 0, replaced = 0;
    for (int k = 0; k < s->nsentences; k++)
        for (int i = 0; i < s->sentences[k].seq->n; i++) {
            const struct token_row *r = &s->sentences[k].seq->rows[i];
            int said = r->disc_prob >= .5F;
            if (r->original == 2 || r->original == 3) continue; /* [CLS], [SEP] */
            n[r->label ? said ? OUT_CAUGHT : OUT_MISSED : said ? OUT_FALSE : OUT_KEPT]++;
            tokens++, replaced += r->label;
        }
    assert_int_equal(s->nsentences, 4);
    assert_int_equal(replaced, 6);
    assert_int_equal(s->counts.tokens, tokens);
    for (int o = 0; o < OUT_NONE; o++) assert_int_equal(s->counts.n[o], n[o]);
    assert_int_equal(n[OUT_CAUGHT] + n[OUT_MISSED], replaced);
    assert_true(n[OUT_MISSED] > 0 && n[OUT_CAUGHT] > 0 && n[OUT_FALSE] > 0);
    assert_true(fixture_shows(a, 36, 120, "kitchen → house"));
    app_free(a);
}

static void test_one_cursor_in_four_views(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    fixture_keys(a, "g n n");
    int at = s->cursor;
    assert_true(at > 0 && tokens_current(s)->seq->rows[at].chosen);
    for (int v = 0; v < 4; v++) {
        free(fixture_text(a, 24, 80));
        assert_int_equal(s->cursor, at);
        fixture_keys(a, "i");
    }
    app_free(a);
}

/* The list stands in the order of the numbers, probes first, until it is sorted by loss. */
static void test_the_order_of_the_list(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    const struct tokens *s = app_self(a);
    fixture_keys(a, "[");
    assert_int_equal(s->mode, MODE_SNAPSHOT);
    assert_true(s->nsentences > 2);
    for (int by_loss = 0; by_loss < 3; by_loss++) { /* by number, by loss, by number again */
        for (int i = 1; i < s->nsentences; i++) {
            const struct sentence *x = &s->sentences[i - 1], *y = &s->sentences[i];
            if (by_loss == 1) assert_true(isnan(y->loss) || x->loss >= y->loss);
            else if (x->source == y->source) assert_true(x->seq->sentence < y->seq->sentence);
            else assert_true(x->source == TOKENS_PROBE);
        }
        assert_true(fixture_shows(a, 36, 120, by_loss == 1 ? "by loss, highest first" : "in order"));
        fixture_keys(a, "s");
    }
    app_free(a);
}

static void test_a_token_over_the_training(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    assert_int_equal(s->npast, 6);
    s->at_source = TOKENS_SNAPSHOT, s->at_number = 1; /* rates rose>fell */
    tokens_order(s);
    float last = 0;
    for (int k = 0; k < 6; k++) {
        const struct past_cell *c = tokens_past(s, k, 2);
        assert_non_null(c);
        assert_float_equal(c->disc_prob, .1 + .87 * (k + 1) / 6, 1e-5);
        assert_true(c->disc_prob > last);
        last = c->disc_prob;
    }
    assert_null(tokens_past(s, 6, 2));
    assert_null(tokens_past(s, 0, 99));
    app_free(a);
}

static void test_time_goes_back_and_forth(void **state)
{
    (void)state;
    struct app *a = start(NULL, 3); /* done: no live end */
    assert_true(fixture_shows(a, 24, 80, "snapshot 1.00M"));
    app_free(a);
    a = start(NULL, 9);
    struct tokens *s = app_self(a);
    fixture_keys(a, "[");
    assert_int_equal(s->step, 400000);
    fixture_keys(a, "[ [ [ [ [ [ [");
    assert_int_equal(s->step, 1000);
    assert_true(fixture_shows(a, 24, 80, "snapshot 1.00k"));
    fixture_keys(a, "]");
    assert_int_equal(s->step, 10000);
    app_free(a);
}

static void test_hangul_is_composed_and_pieces_are_joined(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    char *text = fixture_text(a, 36, 120);
    assert_non_null(strstr(text, "한글"));            /* stored as six jamo */
    assert_non_null(strstr(text, "bath·ing"));
    assert_null(strstr(text, "\xE1\x84\x92"));
    assert_null(strstr(text, "##"));
    free(text);
    app_free(a);
}

static void test_export_has_the_columns_of_inspect(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    char *buf = NULL;
    size_t size = 0;
    s->at_source = TOKENS_SNAPSHOT, s->at_number = 0;
    tokens_order(s);
    FILE *f = open_memstream(&buf, &size);
    struct csv_out *out = csv_new(f);
    int rows = app_ops(a)->export_csv(s, a, out, NULL);
    assert_int_equal(csv_finish(out, NULL), 0);
    fclose(f);
    int tokens = 0;
    for (int k = 0; k < s->nsentences; k++) tokens += s->sentences[k].seq->n;
    assert_int_equal(rows, tokens); /* text: all sentences */
    assert_int_equal(strncmp(buf, "position,original,masked,sampled,gen_prob,disc_prob,label,outcome,"
                                  "gen_rank,gen_entropy,disc_loss,same,run,step,sentence,source,gen_loss\r\n", 127), 0);
    assert_non_null(strstr(buf, ",0,probe,")); /* both have a sentence 0 */
    assert_non_null(strstr(buf, ",0,snapshot,"));
    assert_non_null(strstr(buf, "8,hungry,[MASK],angry,0.0610000007,0.970000029,1,caught,4,2.5,"));
    assert_non_null(strstr(buf, "2,chef,[MASK],chef,0.0610000007,"));
    assert_non_null(strstr(buf, ",0,kept,1,2.5,"));
    free(buf);
    app_free(a);
}

static int export_rows(struct app *a, char **buf)
{
    int rows = 0;
    *buf = fixture_export(a, &rows);
    return rows;
}

static void test_export_follows_the_view(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    char *buf;
    s->at_source = TOKENS_SNAPSHOT, s->at_number = 0;
    tokens_order(s);
    fixture_keys(a, "i");
    assert_int_equal(export_rows(a, &buf), 16); /* strip: the sentence */
    free(buf);
    fixture_keys(a, "=");
    assert_int_equal(export_rows(a, &buf), 4); /* chosen ones and a false alarm */
    free(buf);
    fixture_keys(a, "i");
    assert_int_equal(export_rows(a, &buf), 6 * 16); /* waterfall: six snapshots */
    assert_int_equal(strncmp(buf, "step,position,", 14), 0);
    assert_non_null(strstr(buf, "\r\n400000,8,hungry,angry,0.0610000007,0.970000029,1,9,0,1,"));
    free(buf);
    app_free(a);
}

static void test_find_goes_through_all_snapshots(void **state)
{
    (void)state;
    static const int64_t before[] = {200000, 100000, 50000, 10000, 1000, 400000};
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    fixture_keys(a, "/ M o n t h Enter");
    assert_string_equal(s->find, "Month");
    assert_int_equal(tokens_current(s)->seq->sentence, 1);
    assert_int_equal(s->cursor, 6);
    assert_int_equal(s->step, 400000);
    assert_true(fixture_shows(a, 24, 80, "find Month  6/6"));
    for (int k = 0; k < 6; k++) { /* once in each of six snapshots, and round */
        fixture_keys(a, "N");
        assert_int_equal(s->step, before[k]);
        assert_int_equal(tokens_current(s)->seq->sentence, 1);
        assert_int_equal(s->cursor, 6);
    }
    fixture_keys(a, "n");
    assert_int_equal(s->step, 1000);
    fixture_keys(a, "Esc");
    assert_string_equal(s->find, "");
    assert_int_equal(s->hunt.kind, HUNT_NONE);
    app_free(a);
}

/* A word of two pieces, a sample that is in no original, composed Hangul against jamo. */
static void test_find_sees_words_samples_and_hangul(void **state)
{
    (void)state;
    static const struct { const char *what; int sentence, token; } looks[] = {
        {"bathing", 2, 7}, {"fell", 1, 2}, {"한글을", 2, 2}, {"old kitchen", 0, 12}, {"ANGRY", 0, 8}};
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        snprintf(s->find, sizeof s->find, "%s", looks[i].what);
        tokens_hunt_text(s, a);
        assert_int_equal(s->hunt.n, looks[i].sentence ? 6 : 12); /* the first is a probe as well */
        assert_int_equal(tokens_current(s)->seq->sentence, looks[i].sentence);
        assert_int_equal(s->cursor, looks[i].token);
        tokens_hunt_end(s);
    }
    strcpy(s->find, "nowhere");
    tokens_hunt_text(s, a);
    assert_int_equal(s->hunt.kind, HUNT_NONE);
    app_free(a);
}

/* Every cell of the rates is the number of tokens that it leads to, and they are of its kind. */
static void check_cells(struct app *a, struct tokens *s)
{
    tokens_rates_build(s);
    int64_t of_kind[RATE_KINDS] = {0};
    for (int i = 0; i < s->rates.n; i++) {
        struct rate_row r = s->rates.row[i];
        of_kind[r.kind] += r.n[OF_TOKENS];
        for (int col = 0; col < RATE_COLS; col++) {
            assert_int_equal(tokens_hunt_cell(s, a, &r, col), r.n[col]);
            for (int m = 0; m < s->hunt.n; m++) {
                const struct past_seq *q = tokens_match_seq(s, &s->hunt.list[m]);
                assert_non_null(q);
                const struct past_cell *c = &q->cells[s->hunt.list[m].pos];
                if (col == OF_MISSED) assert_true(c->label && c->disc_prob < .5F);
                if (col == OF_FALSE) assert_true(!c->label && c->disc_prob >= .5F);
                if (col == OF_SAME) assert_true(c->chosen && c->sampled == c->original);
                if (r.kind == RATE_PAIR) assert_int_equal(c->sampled, r.sampled);
            }
        }
    }
    int64_t all = of_kind[RATE_ALL];
    assert_true(all > 0);
    assert_int_equal(of_kind[RATE_PIECE], all);
    assert_int_equal(of_kind[RATE_POSITION], all);
    assert_int_equal(of_kind[RATE_P], s->has_disc ? all : 0);
}

static void test_cells_lead_to_their_tokens(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    check_cells(a, s);
    s->rates.every = 1;
    check_cells(a, s);
    assert_int_equal(s->rates.snapshots, 6);
    assert_int_equal(s->rates.row[0].n[OF_TOKENS], 6 * s->counts.tokens);
    app_free(a);
    a = start(NULL, 3);
    check_cells(a, app_self(a));
    app_free(a);
}

static void test_frequencies_come_from_the_corpus(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    tokens_rates_build(s);
    assert_true(s->rates.ranked);
    int64_t n[2] = {0};
    for (int i = 0; i < s->rates.n; i++)
        if (s->rates.row[i].kind == RATE_FREQUENCY) n[s->rates.row[i].bin] = s->rates.row[i].n[OF_TOKENS];
    /* fixture_tokens.c counts piece i (V - i) times: the first ten are specials and "the" to "for" */
    int64_t first = 0, later = 0;
    for (int k = 0; k < s->nsentences; k++)
        for (int i = 0; i < s->sentences[k].seq->n; i++) {
            int32_t id = s->sentences[k].seq->rows[i].original;
            if (id > 4) *(id < 10 ? &first : &later) += 1;
        }
    assert_int_equal(n[0], first);
    assert_int_equal(n[1], later);
    app_free(a);
}

static void test_a_cell_is_listed_and_walked_through(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    fixture_keys(a, "d l l l l"); /* all, missed */
    assert_int_equal(s->rates.col, OF_MISSED);
    free(fixture_text(a, 24, 80));
    fixture_keys(a, "Enter");
    assert_int_equal(s->hunt.n, s->rates.row[0].n[OF_MISSED]);
    assert_true(fixture_shows(a, 36, 120, "kitchen → house"));
    for (int i = 0; i < s->hunt.n; i++) {
        const struct token_row *r = &tokens_current(s)->seq->rows[s->cursor];
        assert_int_equal(tokens_outcome(r), OUT_MISSED);
        fixture_keys(a, "Down");
    }
    fixture_keys(a, "Enter n"); /* back in the text, n goes on */
    assert_int_equal(s->focus, ON_TEXT);
    assert_int_equal(tokens_outcome(&tokens_current(s)->seq->rows[s->cursor]), OUT_MISSED);
    fixture_keys(a, "Esc");
    assert_int_equal(s->hunt.kind, HUNT_NONE);
    app_free(a);
}

static void show_own(struct tokens *s, struct app *a)
{
    s->mode = MODE_OWN, s->own.step = 400000, s->own.number = 7, s->own.seed = 1;
    s->at_source = TOKENS_USER, s->at_number = 7, s->cursor = -1;
    strcpy(s->own.text, "the chef cooked the meal");
    tokens_reload(s, a);
}

/* An own sentence is shown like any other; a slot that was filled in stands at its token. */
static void test_an_own_sentence_is_shown(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    show_own(s, a);
    assert_int_equal(s->nsentences, 1);
    assert_true(fixture_shows(a, 36, 120, "own sentence, checkpoint 400k"));
    s->own.nslots = 1;
    s->own.slot[0] = (struct own_slot){.at = 8, .n = 2, .id = {10, 18}, .gen_prob = {.3F, .4F},
                                       .disc_prob = {.05F, .9F}, .score = {.8F, .2F}};
    s->cursor = 8;
    assert_non_null(own_slot_at(s, 8));
    assert_null(own_slot_at(s, 7));
    assert_int_equal(fixture_golden(a, 36, 120, "tokens-own-120x36") +
                     fixture_golden(a, 24, 80, "tokens-own-80x24"), 0);
    fixture_keys(a, "Esc"); /* back to what was looked at */
    assert_int_equal(s->mode, MODE_LIVE);
    app_free(a);
}

/* Nothing is asked of a host by looking; [CLS] cannot be masked. */
static void test_the_ends_are_never_masked(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    show_own(s, a);
    s->cursor = 0;
    fixture_keys(a, "Space Enter");
    assert_false(own_pending(s));
    assert_int_equal(s->own.chosen, 0);
    assert_true(fixture_shows(a, 24, 80, "[CLS] and [SEP] are never masked"));
    app_free(a);
}

static void test_a_diagnosis_is_read_at_80_columns(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    s->ndiagnosis = 1;
    s->diagnosis[0] = (struct diagnosis){.rule = DIAG_ALL_ORIGINAL, .severity = SEV_WARN,
                                         .seen = "0.00 % of the tokens are said replaced, 23.0 % are",
                                         .expected = "recall .3 to .5",
                                         .look = "disc_weight 0: the discriminator is not trained at all"};
    assert_true(fixture_shows(a, 24, 80, "says original everywhere · Tab says why"));
    fixture_keys(a, "Tab");
    assert_int_equal(s->focus, ON_DIAGNOSIS);
    assert_true(fixture_shows(a, 24, 80, "the discriminator is not trained at all"));
    assert_true(fixture_shows(a, 24, 80, "▸ diagnosis")); /* the focus is seen without colour */
    fixture_keys(a, "H"); /* also where the card wants the room */
    assert_true(fixture_shows(a, 24, 80, "the discriminator is not trained at all"));
    fixture_keys(a, "H z");
    assert_true(fixture_shows(a, 24, 80, "recall .3 to .5"));
    assert_false(fixture_shows(a, 24, 80, "─ sentence 1 of")); /* nothing else */
    fixture_keys(a, "z Tab");
    assert_int_equal(s->focus, ON_LIST);
    fixture_keys(a, "Tab"); /* the rates do not come unasked */
    assert_int_equal(s->focus, ON_TEXT);
    app_free(a);
}

static void test_without_a_discriminator_it_says_what_is_missing(void **state)
{
    (void)state;
    struct app *a = start(NULL, 3);
    assert_true(fixture_shows(a, 36, 120, "bert_mlm has no discriminator"));
    assert_true(fixture_shows(a, 24, 80, "no discriminator"));
    app_free(a);
}

static void test_long_sentences_scroll(void **state)
{
    (void)state;
    struct app *a = start(NULL, 9);
    struct tokens *s = app_self(a);
    struct token_seq *q = calloc(1, sizeof *q + 512 * sizeof q->rows[0]);
    assert_non_null(q);
    q->n = 512, q->sentence = 5;
    for (int i = 0; i < 512; i++) {
        q->rows[i] = s->sentences[0].seq->rows[1];
        q->rows[i].original = q->rows[i].sampled = 5 + i % 14;
    }
    s->sentences[0].seq = q, s->current = 0;
    for (int view = 0; view < VIEW_COUNT; view++) {
        s->view = (enum tokens_view)view;
        for (int i = 0; i < 512; i += 73) {
            struct grid g = {0};
            s->cursor = i;
            assert_int_equal(grid_resize(&g, 24, 80), 0);
            app_frame(a, &g);
            assert_true(g.cursor_y > 0 && g.cursor_y < 22 && g.cursor_x >= 0 && g.cursor_x < 80);
            grid_free(&g);
        }
    }
    free(q);
    s->nsentences = 0, s->current = -1;
    app_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_place_survives),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_small_sizes_and_every_key),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_counts_are_those_of_the_rows),
        cmocka_unit_test(test_one_cursor_in_four_views),
        cmocka_unit_test(test_the_order_of_the_list),
        cmocka_unit_test(test_a_token_over_the_training),
        cmocka_unit_test(test_time_goes_back_and_forth),
        cmocka_unit_test(test_hangul_is_composed_and_pieces_are_joined),
        cmocka_unit_test(test_export_has_the_columns_of_inspect),
        cmocka_unit_test(test_export_follows_the_view),
        cmocka_unit_test(test_find_goes_through_all_snapshots),
        cmocka_unit_test(test_find_sees_words_samples_and_hangul),
        cmocka_unit_test(test_cells_lead_to_their_tokens),
        cmocka_unit_test(test_frequencies_come_from_the_corpus),
        cmocka_unit_test(test_an_own_sentence_is_shown),
        cmocka_unit_test(test_the_ends_are_never_masked),
        cmocka_unit_test(test_a_diagnosis_is_read_at_80_columns),
        cmocka_unit_test(test_a_cell_is_listed_and_walked_through),
        cmocka_unit_test(test_without_a_discriminator_it_says_what_is_missing),
        cmocka_unit_test(test_long_sentences_scroll),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
