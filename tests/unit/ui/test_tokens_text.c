/* The Tokens screen as it is read: the text's layout and legend, what is no token, the pseudo-log-
 * likelihood of an own sentence, orders to the run, the diagnosis in full. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/later.h"
#include "src/base/clock.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/app/action.h"
#include "ui/screen/tokens_int.h"
#include "ui/screen/tokens_opened.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_text.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_make(dir) || fixture_tokens(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static struct app *start_in(int64_t run, int ascii)
{
    char path[128];
    struct app_args args = {.color = 1, .ascii = ascii, .run = run};
    snprintf(path, sizeof path, "%s/electroscope", dir);
    file_remove_tree(path, NULL);
    struct app *a = fixture_app(dir, "Tokens", &args);
    assert_non_null(a);
    fixture_keys(a, "[ ]");
    while (tokens_load_past(app_self(a), a)) {}
    return a;
}

static struct app *start(int64_t run) { return start_in(run, 0); }

/* The line of a drawn frame that holds `what`, and the one under it. */
static void lines_at(struct app *a, int w, const char *what, char line[2][400])
{
    char *text = fixture_text(a, 24, w), *at = strstr(text, what);
    if (!at) {
        fail_msg("%s is not in\n%s", what, text);
        return;
    }
    while (at > text && at[-1] != '\n') at--;
    for (int i = 0; i < 2; i++, at += *at == '\n') {
        size_t n = strcspn(at, "\n");
        assert_true(n < 400);
        memcpy(line[i], at, n);
        line[i][n] = 0;
        at += n;
    }
    free(text);
}

static int column(const char *line, const char *what)
{
    char before[400];
    const char *at = strstr(line, what);
    if (!at) {
        fail_msg("%s is not in %s", what, line);
        return -1;
    }
    snprintf(before, sizeof before, "%.*s", (int)(at - line), line);
    return text_columns(before);
}

/* Originals hang over into the columns after them: the upper row has one space between words. */
static void test_the_upper_row_reads_as_text(void **state)
{
    (void)state;
    struct app *a = start(9);
    char line[2][400];
    lines_at(a, 120, "for the angry kids in the old house . [SEP]", line);
    assert_non_null(strstr(line[0], "  p0 [CLS] the chef cooked the meal for the angry kids"));
    assert_non_null(strstr(line[1], "  was  ")); /* the row is named */
    assert_int_equal(column(line[0], "angry"), column(line[1], "✓hungry"));
    assert_int_equal(column(line[0], "house"), column(line[1], "✗kitchen"));
    lines_at(a, 120, "rates fell for a third month", line);
    app_free(a);
}

/* Two originals never touch: the first token is drawn wider, with a join inside a word. */
static void test_originals_that_would_meet_are_kept_apart(void **state)
{
    (void)state;
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    struct token_seq *q = calloc(1, sizeof *q + 8 * sizeof q->rows[0]);
    struct token_row *r = q->rows;
    static const int32_t ids[][2] = {{2, 2}, {15, 26}, {15, 20}, {26, 26}, {10, 13}, {16, 16}, {3, 3}};
    char line[2][400];
    assert_non_null(q); /* [CLS] kitchen>a kitchen>##ing a hungry>in house [SEP] */
    for (q->n = 0; q->n < 7; q->n++) {
        r[q->n] = s->sentences[0].seq->rows[1];
        r[q->n].original = r[q->n].masked = ids[q->n][0], r[q->n].sampled = ids[q->n][1];
        r[q->n].label = r[q->n].chosen = ids[q->n][0] != ids[q->n][1];
        r[q->n].disc_prob = .2F;
    }
    s->sentences[0].seq = q, s->nsentences = 1, s->current = 0, s->cursor = 1;
    lines_at(a, 80, "[CLS] a", line);
    assert_non_null(strstr(line[0], "[CLS] a·········ing╌╌ a in house [SEP]")); /* one word of two pieces */
    assert_non_null(strstr(line[1], "✗kitchen ✗kitchen"));
    assert_non_null(strstr(line[1], "✗kitchen ✗hungry"));
    free(q);
    s->nsentences = 0, s->current = -1;
    app_free(a);
}

static void test_the_legend_says_what_rows_and_signs_mean(void **state)
{
    (void)state;
    struct app *a = start(9);
    assert_true(fixture_shows(a, 24, 80, "upper row as read · was: original  ✓ caught  ✗ missed  "
                                         "▵ false alarm  ≡ same"));
    assert_true(fixture_shows(a, 36, 120, "upper row: what the discriminator reads · was: the original"));
    assert_true(fixture_shows(a, 36, 120, "2 replaced: ✓1 caught ✗1 missed, ▵1 false alarm, ≡1 same"));
    fixture_keys(a, "i");
    assert_true(fixture_shows(a, 24, 80, "✓ caught  ✗ missed  ▵ false alarm  ≡ same"));
    app_free(a);
    a = start(3);
    assert_true(fixture_shows(a, 24, 80, "upper row as read, [M] is masked · was: original"));
    assert_false(fixture_shows(a, 24, 80, "false alarm"));
    app_free(a);
}

/* two_stage before its discriminator: nothing is counted as missed; bert_mlm samples nothing. */
static void test_what_is_lacking_is_said(void **state)
{
    (void)state;
    struct app *narrow = start(9);
    assert_true(fixture_shows(narrow, 24, 60, "✗ missed")); /* what does not fit whole is not begun */
    assert_false(fixture_shows(narrow, 24, 60, "▵ fa"));
    app_free(narrow);
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    s->counts.judged = 0;
    assert_true(fixture_shows(a, 36, 120, "3 masked, no discriminator yet"));
    assert_true(fixture_shows(a, 36, 120, "two_stage: the generator alone so far"));
    assert_false(fixture_shows(a, 36, 120, "recall"));
    app_free(a);
    a = start(3);
    fixture_keys(a, "i i");
    char *text = fixture_text(a, 24, 80), *head = strstr(text, " pos original");
    if (!head) {
        fail_msg("no table in\n%s", text);
        return;
    }
    head[strcspn(head, "\n")] = 0;
    assert_true(strstr(head, "loss") && !strstr(head, "p(repl)") && !strstr(head, "outcome"));
    free(text);
    app_free(a);
}

/* Signs are letters in ASCII: they are kept apart from the words. */
static void test_ascii_signs_are_no_letters_of_a_word(void **state)
{
    (void)state;
    struct app *a = start_in(9, 1);
    fixture_keys(a, "H");
    assert_true(fixture_shows(a, 24, 120, "c:hungry") && fixture_shows(a, 24, 120, "m:kitchen"));
    assert_true(fixture_shows(a, 24, 120, "angry/c(hungry)") && fixture_shows(a, 24, 120, "chef/s cooked"));
    fixture_keys(a, "H");
    app_free(a);
}

/* [CLS] and [SEP] are in no count and have no loss. */
static void test_marks_of_the_format_are_no_tokens(void **state)
{
    (void)state;
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    int64_t tokens = 0, marks = 0;
    double loss = 0;
    for (int k = 0; k < s->nsentences; k++)
        for (int i = 0; i < s->sentences[k].seq->n; i++) {
            const struct token_row *r = &s->sentences[k].seq->rows[i];
            int mark = r->original == 2 || r->original == 3;
            marks += mark, tokens += !mark;
            if (k == 0 && !mark) loss += r->disc_loss;
        }
    assert_int_equal(marks, 8);
    assert_int_equal(s->counts.tokens, tokens);
    assert_float_equal(s->sentences[0].loss, loss / (s->sentences[0].seq->n - 2), 1e-6);
    tokens_rates_build(s);
    assert_int_equal(s->rates.row[0].n[OF_TOKENS], tokens);
    fixture_keys(a, "d");
    assert_false(fixture_shows(a, 36, 120, "[CLS], [SEP]"));
    fixture_keys(a, "d g");
    assert_int_equal(s->cursor, 0);
    assert_true(fixture_shows(a, 36, 120, "a mark of the format: not counted"));
    app_free(a);
}

static void test_the_likelihood_stands_beside_an_own_sentence(void **state)
{
    (void)state;
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    s->mode = MODE_OWN, s->own.step = 400000, s->own.number = 7;
    s->at_source = TOKENS_USER, s->at_number = 7, s->cursor = -1;
    tokens_reload(s, a);
    struct own_pll *p = &s->own.pll;
    *p = (struct own_pll){.of = 400000, .step = 400000, .n = 16, .sum = -42, .disc = -1.5};
    for (int i = 0; i < 16; i++) p->log_p[i] = i == 0 || i == 15 ? NAN : i == 8 ? -16 : -2;
    assert_true(fixture_shows(a, 36, 120, "pseudo-log-likelihood −42.00 nats, −3.00 a token (14) · "
                                          "least expected: hungry −16.00 · log P(original) −1.50"));
    assert_true(fixture_shows(a, 24, 80, "PLL −42.00 nats, −3.00 a token (14)"));
    /* A fact that does not fit whole is not begun. */
    assert_true(fixture_shows(a, 24, 80, "least expected: hungry −16.00 "));
    assert_false(fixture_shows(a, 24, 80, "log P"));
    s->cursor = 8;
    assert_true(fixture_shows(a, 36, 120, "log p −16.00"));
    fixture_keys(a, "i i"); /* the table, and what is exported of it */
    assert_true(fixture_shows(a, 36, 120, "log p") && fixture_shows(a, 36, 120, "−16.00"));
    int rows;
    char *csv = fixture_export(a, &rows);
    assert_int_equal(rows, 16);
    assert_non_null(strstr(csv, ",step,sentence,source,gen_loss,gen_log_prob\r\n"));
    assert_non_null(strstr(csv, ",400000,7,user,"));
    free(csv);
    fixture_keys(a, "i i");
    s->own.number = 8; /* of another sentence now */
    assert_false(fixture_shows(a, 36, 120, "pseudo-log-likelihood") || fixture_shows(a, 36, 120, "log p"));
    s->own.number = 7;
    strcpy(s->own.text, "the [MASK] cooked");
    own_pll_forget(s);
    own_pll_ask(s, a);
    assert_null(p->asked);
    assert_true(fixture_shows(a, 24, 80, "none, the text leaves tokens open"));
    app_free(a);
}

/* p and F9 are for the run that is looked at; without a host the order fails with a sentence. */
static void test_orders_to_the_run_are_taken(void **state)
{
    (void)state;
    struct app *a = start(9); /* running */
    assert_true(app_can(a, ACT_STOP) && app_can(a, ACT_PAUSE));
    fixture_keys(a, "F9");
    assert_true(fixture_shows(a, 24, 120, "Stop gen1/4-tie-emb-s1 after a checkpoint?"));
    fixture_keys(a, "Enter"); /* keeps it */
    assert_false(fixture_shows(a, 24, 120, "Stop gen1/4-tie-emb-s1"));
    int before = a->nmessages;
    fixture_keys(a, "p");
    assert_true(a->nmessages > before);
    app_free(a);
    a = start(3); /* done */
    fixture_keys(a, "F9");
    assert_true(fixture_shows(a, 24, 120, "mlm-base-s1 is done: there is nothing to stop"));
    app_free(a);
}

/* All findings are read at 80x24, by scrolling where they do not fit. */
static void test_every_word_of_a_diagnosis_can_be_read(void **state)
{
    (void)state;
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    char word[32];
    s->ndiagnosis = 5;
    for (int i = 0; i < 5; i++) {
        struct diagnosis *d = &s->diagnosis[i];
        *d = (struct diagnosis){.rule = DIAG_ALL_ORIGINAL, .severity = SEV_WARN, .cause = 1};
        snprintf(d->look, sizeof d->look, "cause%d one two three four five six seven eight nine ten eleven "
                 "twelve thirteen fourteen end%d", i, i);
        snprintf(d->seen, sizeof d->seen, "seen%d", i);
        snprintf(d->expected, sizeof d->expected, "expected%d", i);
    }
    fixture_keys(a, "Tab");
    assert_true(fixture_shows(a, 24, 80, "Down scrolls"));
    static const char *const words[] = {"cause", "end", "seen", "expected"};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 4; k++) {
            int found = 0;
            snprintf(word, sizeof word, "%s%d", words[k], i);
            fixture_keys(a, "PgUp PgUp PgUp PgUp");
            for (int n = 0; n < 40 && !found; n++) {
                found = fixture_shows(a, 24, 80, word);
                fixture_keys(a, "Down");
            }
            if (!found) fail_msg("%s cannot be read", word);
        }
    app_free(a);
}

/* Opening never waits: the screen is drawn while the host is asked, and says what for. */
static void test_opening_a_checkpoint_does_not_block(void **state)
{
    (void)state;
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    app_set_state(a, "tokens.open", "/no/such/checkpoint");
    app_poll(a, 0);
    double before = clock_now();
    app_tick(a);
    assert_true(clock_now() - before < .5);
    assert_non_null(s->opening.asked);
    assert_true(fixture_shows(a, 24, 80, "opening /no/such/checkpoint"));
    assert_string_equal(app_state(a, "tokens.open"), "");
    for (int i = 0; i < 600 && s->opening.asked; i++) { /* there is no host, and none can be started */
        clock_sleep(.02);
        a->fixed_now += .05;
        app_tick(a);
    }
    assert_null(s->opening.asked);
    assert_true(fixture_shows(a, 24, 80, "sentence 1 of 4")); /* back to what was looked at */
    app_free(a);
}

/* Live batches put the cursor on what there is to see until somebody moves it; a run that ended shows its
 * last snapshot. Last: it changes the store. */
static void test_live_batches_and_their_end(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE sequence SET source=0 WHERE run=9 AND source=3"), 0);
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    assert_int_equal(s->mode, MODE_LIVE);
    assert_int_equal(tokens_current(s)->source, TOKENS_LIVE);
    s->cursor = 5, s->moved = 0;
    tokens_reload(s, a);
    assert_int_equal(s->cursor, 2); /* the first that was masked */
    fixture_keys(a, "Right");
    tokens_reload(s, a);
    assert_int_equal(s->cursor, 3);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='done', ended=1795464000 WHERE id=9"), 0);
    a->fixed_now += 2;
    app_tick(a);
    assert_int_equal(s->mode, MODE_SNAPSHOT);
    assert_true(fixture_shows(a, 24, 80, "snapshot 400k"));
    app_free(a);
}

/* bert_mlm samples nothing: what it has is shown, and no row or column of what it lacks. */
static void test_a_masked_model_shows_what_it_has(void **state)
{
    (void)state;
    static const char *const lacks[] = {"sampled", "gen p", "gen rank", "p(repl)", "outcome"};
    struct app *a = start(3);
    struct tokens *s = app_self(a);
    fixture_keys(a, "n");
    assert_true(fixture_shows(a, 24, 80, "p(original) .287  loss 1.250  entropy 2.50 nats")); /* e^-1.25 */
    assert_true(fixture_shows(a, 36, 120, "p(original) .287"));
    assert_true(fixture_shows(a, 36, 120, "loss 1.250  entropy 2.50 nats"));
    s->alone = 1;
    for (int view = 1; view < 3; view++) { /* strip, table */
        fixture_keys(a, "i");
        assert_true(fixture_shows(a, 24, 80, "p(orig)") && fixture_shows(a, 24, 80, ".287"));
        for (size_t k = 0; k < sizeof lacks / sizeof *lacks; k++)
            assert_false(fixture_shows(a, 24, 80, lacks[k]));
    }
    fixture_keys(a, "i"); /* the waterfall: its digit is that of .287 */
    char line[2][400];
    assert_true(fixture_shows(a, 24, 80, "first decimal of the p given to the original"));
    lines_at(a, 80, "▸  1.00M", line);
    assert_non_null(strstr(line[0], " 2 "));
    fixture_keys(a, "i"); /* as it was */
    app_free(a);
}

/* On a small screen the story of a run that ended before is one line, until it is asked for. */
static void test_the_card_is_folded_where_room_is_short(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='done', preset='demo' WHERE id=9"), 0);
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    assert_true(tokens_card_shown(s, a));
    assert_true(fixture_shows(a, 24, 80, "● done, AUC common .961 ─ H how it went"));
    assert_false(fixture_shows(a, 24, 80, "before 1.00k"));
    fixture_keys(a, "H");
    assert_true(fixture_shows(a, 24, 80, "before 1.00k") && fixture_shows(a, 24, 80, "H hides"));
    fixture_keys(a, "H");
    assert_false(fixture_shows(a, 24, 80, "how it goes") || fixture_shows(a, 24, 80, "how it went"));
    app_free(a);
    a = start(9);
    assert_true(fixture_shows(a, 36, 120, "how it goes")); /* here it has room */
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='running' WHERE id=9"), 0);
    a = start(9);
    assert_true(fixture_shows(a, 24, 80, "how it goes"));
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='done' WHERE id=9"), 0);
    a->fixed_now += 2;
    app_tick(a);
    assert_true(fixture_shows(a, 24, 80, "before 1.00k")); /* who saw it run sees how it ends */
    app_free(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='running', preset='small' WHERE id=9"), 0);
}

/* Each of these would ask a host or write a file. */
static void test_a_reader_is_told_why_a_key_does_nothing(void **state)
{
    (void)state;
    static const char *const keys[] = {"Space", "Enter", "o", "w", "p", "F9"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        struct app_args args = {.color = 1, .readonly = 1, .run = 9};
        struct app *a = fixture_app(dir, "Tokens", &args);
        fixture_keys(a, "[");
        fixture_keys(a, keys[k]);
        assert_true(fixture_shows(a, 24, 120, "Read-only: "));
        assert_false(a->field.open || a->question.open);
        assert_null(((struct tokens *)app_self(a))->own.asked);
        app_free(a);
    }
}

/* What has ended is not frozen, and no masks are drawn for a sentence that is nobody's own. */
static void test_keys_for_nothing_do_nothing(void **state)
{
    (void)state;
    struct app *a = start(3);
    struct tokens *s = app_self(a);
    fixture_keys(a, "F");
    assert_false(s->frozen);
    fixture_keys(a, "*");
    assert_null(s->own.asked);
    app_free(a);
}

/* The pane in focus is what is exported. */
static void test_list_and_findings_are_exported(void **state)
{
    (void)state;
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    int rows;
    fixture_keys(a, "["); /* the newest snapshot */
    s->focus = ON_LIST;
    char *csv = fixture_export(a, &rows);
    assert_int_equal(rows, s->nsentences);
    assert_non_null(strstr(csv, "sentence,source,text,tokens,masked,same,replaced,caught,missed,false_alarms,loss,run,"
                                "step\r\n0,probe,the chef cooked the meal"));
    free(csv);
    s->focus = ON_DIAGNOSIS;
    s->ndiagnosis = 1;
    s->diagnosis[0] = (struct diagnosis){.rule = DIAG_ALL_ORIGINAL, .severity = SEV_WARN, .seen = "seen, so",
                                         .expected = "e", .look = "l"};
    csv = fixture_export(a, &rows);
    assert_int_equal(rows, 1);
    assert_non_null(strstr(csv, ",0,l,\"seen, so\",e,9\r\n"));
    free(csv);
    app_free(a);
}

static void test_a_sentence_is_copied(void **state)
{
    (void)state;
    struct app *a = start(9);
    struct tokens *s = app_self(a);
    fixture_keys(a, "[");
    char *text = fixture_copied(a, dir, "y");
    assert_string_equal(text, "the chef cooked the meal for the hungry kids in the old kitchen .");
    free(text);
    free(fixture_text(a, 36, 120));
    fixture_keys(a, "d");
    free(fixture_text(a, 36, 120));
    text = fixture_copied(a, dir, "y");
    assert_int_equal(strncmp(text, "all\t", 4), 0);
    free(text);
    s->focus = ON_DIAGNOSIS;
    s->ndiagnosis = 1;
    s->diagnosis[0] = (struct diagnosis){.rule = DIAG_ALL_ORIGINAL, .severity = SEV_WARN, .cause = 1, .seen = "s",
                                         .expected = "e", .look = "l"};
    text = fixture_copied(a, dir, "y");
    assert_string_equal(text, "the discriminator says original everywhere\nlikely: l\nseen: s\nexpected: e\n");
    free(text);
    app_free(a);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "host"))
        return 1; /* started as a host by a screen under test: there is none */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_upper_row_reads_as_text),
        cmocka_unit_test(test_originals_that_would_meet_are_kept_apart),
        cmocka_unit_test(test_the_legend_says_what_rows_and_signs_mean),
        cmocka_unit_test(test_what_is_lacking_is_said),
        cmocka_unit_test(test_ascii_signs_are_no_letters_of_a_word),
        cmocka_unit_test(test_marks_of_the_format_are_no_tokens),
        cmocka_unit_test(test_the_likelihood_stands_beside_an_own_sentence),
        cmocka_unit_test(test_orders_to_the_run_are_taken),
        cmocka_unit_test(test_every_word_of_a_diagnosis_can_be_read),
        cmocka_unit_test(test_opening_a_checkpoint_does_not_block),
        cmocka_unit_test(test_live_batches_and_their_end),
        cmocka_unit_test(test_a_masked_model_shows_what_it_has),
        cmocka_unit_test(test_the_card_is_folded_where_room_is_short),
        cmocka_unit_test(test_a_reader_is_told_why_a_key_does_nothing),
        cmocka_unit_test(test_keys_for_nothing_do_nothing),
        cmocka_unit_test(test_list_and_findings_are_exported),
        cmocka_unit_test(test_a_sentence_is_copied),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
