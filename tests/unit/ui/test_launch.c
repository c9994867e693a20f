/* The Launch screen: pictures, the form's keys, what a draft stands for, and the first minute. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "src/base/file.h"
#include "tests/unit/ui/launch_rig.h"
#include "ui/screen/launch.h"
#include "ui/screen/runs.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/theme.h"
#include "ui/widget/format.h"

static void test_pictures(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    stand_still(form(a));
    int bad = fixture_golden(a, 24, 80, "launch-80x24") + fixture_golden(a, 36, 120, "launch-120x36");
    fixture_keys(a, "/ g e n e r a t o r _ s i z e Enter Enter ^U 1 / 4 , 1 / 2 Enter Down Enter ^U 1 - 3 Enter");
    stand_still(form(a));
    bad += fixture_golden(a, 36, 120, "launch-sweep-120x36");
    fixture_keys(a, "Down Enter 9 x");
    bad += fixture_golden(a, 24, 80, "launch-edit-80x24");
    fixture_keys(a, "Esc Tab Right");
    bad += fixture_golden(a, 12, 60, "launch-60x12");
    finish(a);
    struct app_args ascii = { .theme = THEME_MONO, .ascii = 1, .readonly = 1 };
    a = start(&ascii);
    assert_int_not_equal(form(a)->cursor, 0); /* the row it was left on */
    fixture_keys(a, "g");
    stand_still(form(a));
    bad += fixture_golden(a, 24, 80, "launch-ascii-80x24");
    finish(a);
    ascii.ascii = ascii.readonly = 0;
    a = start(&ascii);
    fixture_keys(a, "g");
    stand_still(form(a));
    bad += fixture_golden(a, 24, 80, "launch-mono-80x24");
    finish(a);
    assert_int_equal(bad, 0);
}

static void test_every_size_draws(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    static const int sizes[][2] = { { 1, 1 }, { 8, 40 }, { 9, 41 }, { 10, 200 }, { 24, 80 },
                                    { 22, 110 }, { 55, 200 }, { 300, 500 } };
    static const char *const keys[] = { "G", "Enter", "G", "Tab", "Enter Esc", "Tab g" };
    fixture_keys(a, "/ s e e d Enter Enter ^U 1 , 2 Enter"); /* two runs: Start asks, and is told no */
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            free(fixture_text(a, sizes[i][0], sizes[i][1]));
        fixture_keys(a, keys[k]);
    }
    finish(a);
}

static void test_fields_are_edited_and_refused(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct launch *s = form(a);
    fixture_keys(a, "/ s t e p s Enter Enter ^U 5 0 0 Enter");
    assert_string_equal(s->draft.value[LAUNCH_steps], "500");
    assert_int_equal(s->runs.runs[0].config.steps, 500);
    fixture_keys(a, "Enter ^U m a n y");
    assert_true(shows(a, 24, 80, "! steps: 'many' is not a whole number"));
    fixture_keys(a, "Enter");
    assert_int_equal(s->runs.runs[0].config.steps, 500); /* kept */
    fixture_keys(a, "u");
    app_tick(a);
    assert_int_equal(s->runs.runs[0].config.steps, 1000);
    assert_false(s->draft.set[LAUNCH_steps]);
    /* letters are keys until Enter opens a field; Space turns a choice, Left turns it back */
    fixture_keys(a, "g x v 9 Space");
    assert_string_equal(s->draft.value[LAUNCH_preset], "mini");
    fixture_keys(a, "Left");
    assert_string_equal(s->draft.value[LAUNCH_preset], "tiny");
    fixture_keys(a, "Down Space");
    assert_string_equal(s->draft.value[LAUNCH_corpus], "demo");
    fixture_keys(a, "Space");
    assert_string_equal(s->draft.value[LAUNCH_corpus], "wiki");
    /* a field beyond the main ones is found, and stays in sight when it was set */
    fixture_keys(a, "/ b i a s _ c o r r Enter Space");
    assert_true(s->runs.runs[0].config.bias_correction);
    fixture_keys(a, "/ t a g s Enter Down Enter g");
    assert_false(s->more);
    assert_true(shows(a, 36, 120, "bias_correction"));
    finish(a);
}

static void test_fields_that_disagree_are_named(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct launch *s = form(a);
    fixture_keys(a, "/ t i e Enter Enter ^U a l l Enter");
    assert_int_equal(s->bad, LAUNCH_tie);
    assert_true(shows(a, 24, 80, "! tie: all needs a generator"));
    fixture_keys(a, "g F5");
    assert_int_equal(s->row[s->cursor], LAUNCH_tie); /* where the error is */
    assert_false(a->question.open);
    assert_string_equal(app_ops(a)->name, "Launch");
    finish(a);
}

/* A vocabulary that is none, or not the packed corpus's, is pointed at before anything starts. */
static void test_a_wrong_vocabulary_is_named(void **state)
{
    (void)state;
    char path[200], full[PATH_MAX];
    struct app *a = start(NULL);
    struct launch *s = form(a);
    snprintf(path, sizeof path, "%s/short.txt", dir);
    assert_int_equal(file_write_atomic(path, "a line of text\n", 15, NULL), 0);
    assert_non_null(realpath(path, full));
    fixture_keys(a, "/ v o c a b Enter Enter");
    fixture_fill(a, full);
    fixture_keys(a, "Enter");
    assert_int_equal(s->bad, LAUNCH_vocab);
    assert_true(shows(a, 24, 120, "! there is no") && strstr(s->err.text, "[PAD] token, which"));
    fixture_keys(a, "Enter ^U o t h e r"); /* what is typed now is not what was wrong */
    char *text = fixture_text(a, 24, 120), *row = strstr(text, "other");
    assert_non_null(row);
    row[strcspn(row, "\n")] = 0;
    assert_null(strchr(row, '!'));
    free(text);
    fixture_keys(a, "Esc");
    fixture_keys(a, "g F5");
    assert_int_equal(s->row[s->cursor], LAUNCH_vocab);
    assert_false(a->question.open);
    finish(a);
}

static void test_the_draft_survives(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    fixture_keys(a, "/ b a t c h Enter Enter ^U 8 , 1 6 Enter");
    app_free(a);
    a = start(NULL);
    assert_int_equal(form(a)->runs.n, 2);
    assert_int_equal(form(a)->runs.runs[1].config.batch, 16);
    finish(a);
}

static void test_a_sweep_shows_its_bill_first(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct launch *s = form(a);
    fixture_keys(a, "/ s e e d Enter Enter ^U 1 - 4 Enter");
    assert_int_equal(s->runs.n, 4);
    fixture_keys(a, "F5");
    assert_true(a->question.open);
    assert_non_null(strstr(a->question.text, "Start 4 runs: ~"));
    fixture_keys(a, "Enter"); /* keeps */
    assert_false(a->question.open);
    fixture_keys(a, "Tab Enter"); /* the Start button is the other way */
    assert_true(a->question.open);
    fixture_keys(a, "Esc");
    finish(a);
    struct app_args args = { .readonly = 1 };
    a = start(&args);
    assert_false(app_can(a, ACT_START));
    fixture_keys(a, "Tab Enter");
    assert_false(a->question.open);
    assert_true(shows(a, 24, 80, "Read-only"));
    finish(a);
}

static void test_a_run_is_taken_over_and_known_again(void **state)
{
    (void)state;
    char sql[200];
    struct app *a = fixture_app(dir, "Runs", NULL);
    assert_non_null(a);
    /* the fixture's hashes are made up; one run gets its own, as the host writes it */
    const struct query_run *r = app_run(a, 4);
    assert_non_null(r);
    struct config c = r->config;
    assert_int_equal(config_resolve(&c, NULL), 0);
    snprintf(sql, sizeof sql, "UPDATE run SET config_hash=%lld WHERE id=4", (long long)config_hash(&c));
    assert_int_equal(fixture_sql(dir, sql), 0);
    app_tick(a);
    fixture_keys(a, "/ a l l m Enter c");
    assert_string_equal(app_ops(a)->name, "Launch");
    struct launch *s = form(a);
    for (int i = 0; i < config_nfields; i++) {
        char x[CONFIG_TEXT], y[CONFIG_TEXT];
        if (config_fields[i].flags & CONFIG_ID)
            assert_string_equal(config_get(&s->runs.runs[0].config, &config_fields[i], x, sizeof x),
                                config_get(&c, &config_fields[i], y, sizeof y));
    }
    assert_true(s->draft.set[LAUNCH_objective] && !s->draft.set[LAUNCH_warmup_steps] &&
                !s->draft.set[LAUNCH_generator_hidden_size] && !s->draft.set[LAUNCH_eval_every]);
    assert_true(shows(a, 24, 80, "run 4 has this configuration: done"));
    fixture_keys(a, "F5");
    assert_non_null(strstr(a->question.text, "Run 4 has this configuration (done)"));
    fixture_keys(a, "g");
    assert_string_equal(app_ops(a)->name, "Runs");
    assert_int_equal(app_selected(a), 4);
    fixture_keys(a, "q");
    assert_string_equal(app_ops(a)->name, "Launch");
    fixture_keys(a, "u");
    app_tick(a);
    assert_false(s->draft.set[LAUNCH_objective]);
    finish(a);
}

static void open_workspace(struct workspace *w)
{
    char full[4096];
    memset(w, 0, sizeof *w);
    assert_non_null(realpath(dir, full));
    snprintf(w->dir, sizeof w->dir, "%.800s", full);
    snprintf(w->corpora, sizeof w->corpora, "%.800s/corpora", full);
}

/* The file in a sweep's command makes the same runs, in the same order. */
static void same_by_command(const struct draft *d, const struct workspace *w, const struct sweep *runs)
{
    struct sweep again;
    struct err err = { 0 };
    struct str out;
    char path[200];
    str_init(&out);
    draft_command(d, w, runs, &out);
    char *text = strstr(out.data, "<<'END'\n") + 8;
    snprintf(path, sizeof path, "%s/again.ini", dir);
    assert_int_equal(file_write_atomic(path, text, strlen(text) - 4, NULL), 0);
    if (sweep_load(&again, w, path, NULL, &err))
        fail_msg("%s\n%s", err.text, text);
    assert_int_equal(again.n, runs->n);
    assert_int_equal(again.rows, runs->rows);
    for (int i = 0; i < again.n; i++) {
        assert_true(config_hash(&again.runs[i].config) == config_hash(&runs->runs[i].config));
        assert_string_equal(again.runs[i].label, runs->runs[i].label);
        assert_int_equal(again.runs[i].row, runs->runs[i].row);
    }
    sweep_free(&again);
    str_free(&out);
}

/* A grid with combinations that are no runs has the others, says why, and so does its command. */
static void test_what_cannot_be_is_left_out(void **state)
{
    (void)state;
    struct draft d;
    struct sweep runs;
    struct draft_left left;
    struct workspace w;
    struct err err = { 0 };
    int bad;
    open_workspace(&w);
    draft_init(&d);
    put(&d, LAUNCH_corpus, "wiki");
    put(&d, LAUNCH_tie, "none,all");
    put(&d, LAUNCH_generator_size, "1/2,1/4,1");
    put(&d, LAUNCH_seed, "1-2");
    assert_int_equal(draft_runs(&d, &w, &runs, &left, &bad, &err), 0);
    assert_true(runs.n == 8 && runs.rows == 4 && left.n == 4 && bad == -1 && !err.code);
    assert_non_null(strstr(left.why, "tie: all needs a generator of the discriminator's shape"));
    same_by_command(&d, &w, &runs);
    sweep_free(&runs);
    put(&d, LAUNCH_tie, "none");
    put(&d, LAUNCH_generator, "mlm,unigram"); /* which has no size: one stands for all */
    assert_int_equal(draft_runs(&d, &w, &runs, &left, &bad, &err), 0);
    assert_true(runs.n == 8 && left.n == 4);
    for (int i = 0, unigram = 0; i < runs.n; i++) {
        unigram += runs.runs[i].config.generator == GEN_UNIGRAM;
        assert_true(runs.runs[i].config.generator == GEN_MLM ||
                    !strcmp(runs.runs[i].config.generator_size, "1/2"));
        assert_true(i < runs.n - 1 || unigram == 2);
    }
    same_by_command(&d, &w, &runs);
    sweep_free(&runs);
    put(&d, LAUNCH_generator, "mlm"); /* one is left: its command has the axes all the same */
    put(&d, LAUNCH_seed, "1");
    put(&d, LAUNCH_tie, "all");
    put(&d, LAUNCH_generator_size, "1/2,1");
    assert_int_equal(draft_runs(&d, &w, &runs, &left, &bad, &err), 0);
    assert_true(runs.n == 1 && left.n == 1);
    same_by_command(&d, &w, &runs);
    sweep_free(&runs);
    put(&d, LAUNCH_tie, "all"); /* none can be: the field is named */
    put(&d, LAUNCH_generator_size, "1/2,1/4");
    assert_int_equal(draft_runs(&d, &w, &runs, &left, &bad, &err), E_USAGE);
    assert_true(bad == LAUNCH_tie && runs.n == 0);
    static const struct { int field; const char *text; } twice[] = {
        { LAUNCH_seed, "1-3,2" }, { LAUNCH_learning_rate, "0.001,1e-3" }, { LAUNCH_tie, "all,none,all" },
    };
    for (int i = 0; i < 3; i++) {
        assert_int_equal(draft_put(&d, twice[i].field, twice[i].text, &err), E_USAGE);
        assert_non_null(strstr(err.text, " stands there twice"));
    }
    struct app *a = start(NULL);
    fixture_keys(a, "/ t i e Enter Enter ^U n o n e , a l l Enter");
    fixture_keys(a, "/ g e n e r a t o r _ s i z e Enter Enter ^U 1 , 1 / 2 Enter");
    assert_true(shows(a, 36, 120, "1 left out: tie:") && shows(a, 24, 80, "! 1 left out: tie: all"));
    finish(a);
}

/* The missing cells of a sweep become runs of that sweep. */
static void test_cells_belong_to_their_sweep(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET tags='base,sweep:tying,scale:ci' WHERE id=9"), 0);
    struct app *a = fixture_app(dir, "Runs", NULL);
    assert_non_null(a);
    launch_from_cells(a, 9, "tie=none|embeddings;seed=1|2");
    const struct launch *s = form(a);
    assert_int_equal(s->runs.n, 4);
    assert_string_equal(s->runs.name, "tying");
    assert_string_equal(s->runs.runs[0].config.name, "tying tie=none s1");
    assert_non_null(strstr(s->runs.runs[0].config.tags, "sweep:tying"));
    finish(a);
    assert_int_equal(fixture_sql(dir, "UPDATE run SET tags='base' WHERE id=9"), 0);
}

/* A field that was opened and not changed stays the preset's. */
static void test_looking_at_a_field_sets_nothing(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct launch *s = form(a);
    fixture_keys(a, "/ b i a s _ c o r r Enter Enter");
    assert_true(shows(a, 24, 80, "bias_correction: no"));
    fixture_keys(a, "Enter / s t e p s Enter Enter Enter");
    assert_false(s->draft.set[LAUNCH_bias_correction] || s->draft.set[LAUNCH_steps]);
    fixture_keys(a, "/ o b j e c t i v e Enter Enter"); /* all that can be typed is in sight, however small */
    assert_true(shows(a, 24, 80, "adversarial") && shows(a, 20, 60, "adversarial"));
    fixture_keys(a, "Esc");
    fixture_keys(a, "/ b i a s _ c o r r Enter Enter y e s Enter");
    assert_true(s->runs.runs[0].config.bias_correction);
    finish(a);
}

/* The file in the command makes the same runs as the form. */
static void test_the_command_is_equivalent(void **state)
{
    (void)state;
    struct draft d;
    struct sweep runs;
    struct workspace w;
    struct err err = { 0 };
    struct str out;
    char path[200];
    int bad;
    open_workspace(&w);
    str_init(&out);
    draft_init(&d);
    put(&d, LAUNCH_corpus, " wiki ");
    put(&d, LAUNCH_steps, "70");
    put(&d, LAUNCH_cased, "yes");
    assert_int_equal(draft_runs(&d, &w, &runs, NULL, &bad, &err), 0);
    assert_string_equal(runs.runs[0].config.name, "tiny-wiki");
    draft_command(&d, &w, &runs, &out);
    snprintf(path, sizeof path, "electroscope train --workspace ");
    assert_memory_equal(out.data, path, strlen(path));
    assert_non_null(strstr(out.data, " --preset tiny --corpus wiki --cased=yes --steps 70"));
    sweep_free(&runs);

    put(&d, LAUNCH_tie, "none, embeddings");
    put(&d, LAUNCH_generator_size, "1/4,0.5");
    put(&d, LAUNCH_seq_stages, "16:0.5,128|");
    assert_int_equal(draft_put(&d, LAUNCH_seq_stages, "", &err), 0);
    put(&d, LAUNCH_seed, "2,5-6");
    assert_int_equal(draft_runs(&d, &w, &runs, NULL, &bad, &err), 0);
    assert_true(runs.n == 12 && runs.rows == 4 && runs.seeds == 3);
    same_by_command(&d, &w, &runs);
    sweep_free(&runs);
    put(&d, LAUNCH_batch, "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32");
    put(&d, LAUNCH_steps, "1,2,3,4");
    assert_int_equal(draft_runs(&d, &w, &runs, NULL, &bad, &err), E_USAGE);
    assert_true(bad >= 0);
    str_free(&out);
}

static void test_measuring_ends_and_is_used(void **state)
{
    (void)state;
    struct app *a = start(NULL);
    struct launch *s = form(a);
    fixture_keys(a, "/ l a y e r s Enter Enter ^U 1 Enter / s e q Enter Enter ^U 1 6 Enter Tab Right Enter");
    assert_non_null(s->measure);
    for (int i = 0; i < 6000 && s->measure; i++) { /* slow under a sanitizer */
        usleep(10000);
        a->fixed_now += 1;
        assert_true(app_wait(a) >= 0); /* the loop would come back though nothing runs */
        app_tick(a);
    }
    assert_null(s->measure);
    assert_true(s->measured.rate > 0);
    struct measured_speed later = launch_measured(a); /* the next session knows it too */
    assert_true(later.shape == s->measured.shape && later.rate > 0);
    assert_int_equal(s->cost.from, ESTIMATE_MEASURED);
    assert_true(shows(a, 36, 120, "GFLOP/s, measured"));
    fixture_keys(a, "Enter"); /* left while at work: it stops */
    finish(a);
}

/* A run that loses words to the generator and wins them back: the card tells it. */
static void test_the_card_shows_before_and_after(void **state)
{
    (void)state;
    struct app_args args = { .run = 9 };
    struct app *a = fixture_app(dir, "Tokens", &args);
    assert_non_null(a);
    struct tokens *s = app_self(a);
    assert_false(tokens_card_shown(s, a)); /* no demo */
    fixture_keys(a, "H");
    assert_int_equal(fixture_sql(dir, "UPDATE run SET step=412000 WHERE id=9"), 0);
    for (int i = 0; i < 20; i++) /* the history is read a little at each frame */
        free(fixture_text(a, 36, 120));
    assert_true(shows(a, 36, 120, "before 1.00k"));
    assert_true(shows(a, 36, 120, "now 400k"));
    assert_int_equal(s->card.caught_step, 50000); /* .1 + .87 k / 6 is above one half from k = 3 on */
    int bad = fixture_golden(a, 36, 120, "tokens-card-120x36") +
              fixture_golden(a, 24, 80, "tokens-card-80x24");
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='done', ended=1795464000 WHERE id=9"), 0);
    a->fixed_now += 2;
    app_tick(a);
    assert_true(shows(a, 36, 120, "next: o own sentence  2 curves  c new run"));
    assert_true(shows(a, 36, 120, "AUC common .961"));
    bad += fixture_golden(a, 36, 120, "tokens-card-done-120x36");
    assert_int_equal(fixture_sql(dir, "UPDATE run SET state='running', ended=0 WHERE id=9"), 0);
    fixture_keys(a, "H");
    app_free(a);
    assert_int_equal(bad, 0);
}

static void test_a_sentence_is_pinned(void **state)
{
    (void)state;
    char path[200], *text = NULL;
    size_t size;
    struct app_args args = { .run = 9 };
    struct app *a = fixture_app(dir, "Tokens", &args);
    assert_non_null(a);
    fixture_keys(a, "w");
    snprintf(path, sizeof path, "%s/probes.txt", dir);
    assert_int_equal(file_read(path, 1000, &text, &size, NULL), 0);
    assert_string_equal(text, "the chef cooked the meal for the hungry kids in the old kitchen .\n");
    free(text);
    fixture_keys(a, "w");
    assert_true(shows(a, 24, 120, "it is pinned already"));
    app_free(a);
}

static void type(struct app *a, const char *text)
{
    for (char key[2] = ""; (*key = *text); text++)
        fixture_keys(a, key);
}

/* `c` on the first page: the form stands at what the page offers, at the same price. */
static void test_the_form_is_what_the_first_page_offers(void **state)
{
    char none[64] = "test_first.XXXXXX", full[PATH_MAX + 32], text[FMT];
    (void)state;
    assert_non_null(mkdtemp(none));
    for (int way = 0; way < 2; way++) {
        struct app *a = fixture_app(none, "Runs", NULL);
        assert_non_null(a);
        assert_true(shows(a, 24, 120, "2,343 steps"));
        struct first first = ((struct runs *)app_self(a))->first;
        fixture_keys(a, way ? "Down c" : "c");
        if (way) {
            assert_non_null(realpath(dir, full));
            strcat(full, "/story.txt");
            assert_int_equal(file_write_atomic(full, "one line of text\n", 17, NULL), 0);
            type(a, full);
            fixture_keys(a, ". Enter"); /* a text that is not there is not taken */
            assert_true(a->field.open && shows(a, 24, 120, "not there: ") && !strcmp(app_ops(a)->name, "Runs"));
            fixture_keys(a, "Backspace");
            assert_false(shows(a, 24, 120, "not there: "));
            fixture_keys(a, "Enter");
        }
        struct launch *s = form(a);
        assert_string_equal(app_ops(a)->name, "Launch");
        assert_int_equal(s->runs.n, 1);
        const struct config *c = &s->runs.runs[0].config;
        assert_int_equal(c->preset, PRESET_DEMO);
        assert_int_equal(c->steps, 2343);
        assert_string_equal(c->name, way ? "demo-story" : "demo");
        if (way)
            assert_string_equal(c->corpus, full);
        else
            assert_string_equal(s->draft.value[LAUNCH_corpus], "demo");
        assert_non_null(strstr(first.costs, fmt_count(text, sizeof text, (double)s->cost.params)));
        assert_string_equal(first.time, fmt_time(text, sizeof text, s->cost.seconds));
        finish(a);
    }
    file_remove_tree(none, NULL);
}

/* Weights from elsewhere fill the form with their shape. */
static void test_a_model_directory_fills_the_form(void **state)
{
    (void)state;
    const char *top = getenv("srcdir");
    char models[512];
    struct app *a = fixture_app(dir, "Runs", NULL);
    assert_non_null(a);
    snprintf(models, sizeof models, "%s/tests/fixtures/models/proj", top ? top : "..");
    launch_from_model(a, models);
    struct launch *s = form(a);
    assert_string_equal(app_ops(a)->name, "Launch");
    assert_int_equal(s->bad, LAUNCH_corpus);
    const struct config *c = &s->runs.runs[0].config;
    assert_true(s->runs.n == 1 && c->hidden_size == 32 && c->layers == 2 && c->heads == 2 &&
                c->generator_hidden_size == 8 && c->embedding_size == 16 && c->max_positions == 64);
    assert_non_null(strstr(c->init_discriminator, "proj/discriminator"));
    assert_non_null(strstr(c->init_generator, "proj/generator"));
    launch_from_model(a, "no/such/place");
    a->slots[a->current].due = 0;
    app_poll(a, 0);
    app_tick(a);
    assert_true(shows(a, 24, 120, "no/such/place"));
    finish(a);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "host"))
        return 1; /* started as a host by a screen under test: there is none */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_every_size_draws),
        cmocka_unit_test(test_fields_are_edited_and_refused),
        cmocka_unit_test(test_fields_that_disagree_are_named),
        cmocka_unit_test(test_a_wrong_vocabulary_is_named),
        cmocka_unit_test(test_the_draft_survives),
        cmocka_unit_test(test_a_sweep_shows_its_bill_first),
        cmocka_unit_test(test_a_run_is_taken_over_and_known_again),
        cmocka_unit_test(test_what_cannot_be_is_left_out),
        cmocka_unit_test(test_cells_belong_to_their_sweep),
        cmocka_unit_test(test_looking_at_a_field_sets_nothing),
        cmocka_unit_test(test_the_command_is_equivalent),
        cmocka_unit_test(test_measuring_ends_and_is_used),
        cmocka_unit_test(test_the_card_shows_before_and_after),
        cmocka_unit_test(test_a_sentence_is_pinned),
        cmocka_unit_test(test_the_form_is_what_the_first_page_offers),
        cmocka_unit_test(test_a_model_directory_fills_the_form),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
