/* `e` writes what is shown: its cells beside those of the picture, and beside plain SQL. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "db/csv.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/screen/compare_int.h"
#include "ui/screen/runs.h"
#include "ui/screen/scores_int.h"
#include "ui/screen/tokens_int.h"
#include "ui/term/sign.h"
#include "ui/widget/format.h"

static char dir[64], grid[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_shown.XXXXXX");
    strcpy(grid, "test_shown.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || !mkdtemp(grid) || fixture_make(dir) || fixture_grid(grid);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL) || file_remove_tree(grid, NULL);
}

/* A table of CSV: cells in place, without their quotes. */
#define CELLS 64
#define ROWS 128
struct sheet {
    char *text, *cell[ROWS][CELLS];
    int rows, columns; /* rows: with the heading */
};

/* The cell at p, ended where it ends; *end: what came after it. */
static char *cut(char *p, char **next, char *end)
{
    char *from = p, *to = p;
    if (*p == '"') {
        for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
            p += *p == '"';
            *to++ = *p;
        }
        p += *p == '"';
    } else {
        to = p += strcspn(p, ",\r");
    }
    *end = *p;
    *next = *p ? p + (*p == '\r' ? 2 : 1) : p;
    *to = 0;
    return from;
}

static struct sheet exported(struct app *a, int *told)
{
    struct sheet s = { 0 };
    struct err err = { 0 };
    size_t size;
    FILE *f = open_memstream(&s.text, &size);
    struct csv_out *out = csv_new(f);
    *told = app_ops(a)->export_csv(app_self(a), a, out, &err);
    assert_int_equal(csv_finish(out, NULL), 0);
    fclose(f);
    for (char *p = s.text; *p && s.rows < ROWS; s.rows++) {
        int n = 0;
        for (char end = ','; end == ',' && n < CELLS; n++)
            s.cell[s.rows][n] = cut(p, &p, &end);
        assert_true(!s.rows || n == s.columns);
        s.columns = n;
    }
    assert_int_equal(*told, s.rows - 1);
    return s;
}

static int near(double a, double b)
{
    return fabs(a - b) <= 1e-12 + 1e-9 * fabs(b);
}

static int column(const struct sheet *s, const char *name)
{
    for (int c = 0; c < s->columns; c++)
        if (!strcmp(s->cell[0][c], name))
            return c;
    return -1;
}

/* The line of a picture that has a text; copied into out. */
static void line_with(const char *picture, const char *what, char *out, size_t size)
{
    const char *at = strstr(picture, what);
    if (!at)
        fail_msg("no line with %s in\n%s", what, picture);
    while (at > picture && at[-1] != '\n')
        at--;
    snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
}

/* Every line of the list in its order; the numbers of each as they are drawn and as they are stored. */
static void list_is(struct app *a, int h, int w)
{
    struct runs *s = app_self(a);
    char *picture = fixture_text(a, h, w), line[1200], n[FMT], ask[300];
    int told;
    struct sheet t = exported(a, &told);
    int name = column(&t, "name"), loss = column(&t, "loss"), auc = column(&t, "auc"), step = column(&t, "step");
    assert_int_equal(told, s->n);
    assert_true(name > 0 && loss > 0);
    /* its columns are those of the heading, with the state before, the seconds of "left", and whose
     * fakes the AUC is of */
    assert_int_equal(t.columns, s->shown.n + 1 + (column(&t, "seconds") >= 0) + (auc >= 0));
    for (int i = 0; i < s->n; i++) {
        const struct query_run *r = s->rows[i];
        assert_string_equal(t.cell[i + 1][0], run_state_name(r->state));
        assert_string_equal(t.cell[i + 1][name], r->name);
        snprintf(ask, sizeof ask, "SELECT coalesce((SELECT last FROM v_summary WHERE run = %lld AND metric = 'total_loss'), "
                 "(SELECT last FROM v_summary WHERE run = %lld AND metric = 'val_total_loss'))", (long long)r->id, (long long)r->id);
        double stored = fixture_value(dir, ask);
        if (!isfinite(strtod(t.cell[i + 1][loss], NULL)))
            stored = NAN; /* the newest is not a number: the store has none for it */
        else if (isfinite(stored))
            assert_true(near(strtod(t.cell[i + 1][loss], NULL), stored));
        if (strlen(r->name) > 12 || !isfinite(stored) || stored >= 100)
            continue; /* found in the picture by its whole name */
        line_with(picture, r->name, line, sizeof line);
        assert_non_null(strstr(line, fmt_fixed(n, sizeof n, strtod(t.cell[i + 1][loss], NULL), 2)));
        if (auc > 0 && *t.cell[i + 1][auc])
            assert_non_null(strstr(line, fmt_prob(n, sizeof n, strtod(t.cell[i + 1][auc], NULL))));
        if (step > 0 && r->step > 0)
            assert_non_null(strstr(line, fmt_count(n, sizeof n, strtod(t.cell[i + 1][step], NULL))));
    }
    free(t.text);
    free(picture);
}

static void test_runs(void **state)
{
    (void)state;
    struct app *a = fixture_app(dir, "Runs", NULL);
    struct runs *s = app_self(a);
    list_is(a, 24, 80);
    list_is(a, 36, 120);
    list_is(a, 50, 220);
    fixture_keys(a, "s A U C Enter");
    list_is(a, 36, 120);
    fixture_keys(a, "S f s t a t u s : d o n e Enter");
    assert_true(s->n > 1 && s->n < s->nall);
    list_is(a, 36, 120);
    fixture_keys(a, "Esc C ^U n a m e Space l o s s Space l e a r n i n g _ r a t e Enter");
    free(fixture_text(a, 36, 120));
    int told;
    struct sheet t = exported(a, &told);
    assert_int_equal(t.columns, 4);
    assert_string_equal(t.cell[0][3], "learning_rate");
    free(t.text);
    app_free(a);
}

/* Folded runs are not shown: their group's line is, with the means that it shows. */
static void test_groups(void **state)
{
    (void)state;
    struct app *a = fixture_app(dir, "Runs", NULL);
    struct runs *s = app_self(a);
    fixture_keys(a, "C ^U Enter d ^U t i e Enter");
    free(fixture_text(a, 36, 120));
    int told, all;
    struct sheet t = exported(a, &all);
    assert_int_equal(all, s->nmatched + s->ngroups);
    assert_string_equal(t.cell[0][0], "group");
    free(t.text);
    fixture_keys(a, "g Enter");
    free(fixture_text(a, 36, 120));
    t = exported(a, &told);
    const struct run_group *k = &s->groups[0];
    assert_int_equal(told, all - k->n);
    assert_string_equal(t.cell[1][0], k->label);
    assert_int_equal(atoi(t.cell[1][1]), k->n);
    assert_true(near(strtod(t.cell[1][column(&t, "loss")], NULL), k->mean[COL_LOSS]));
    free(t.text);
    fixture_keys(a, "g Enter d ^U Enter");
    app_free(a);
}

static void test_a_runs_page_and_events(void **state)
{
    (void)state;
    struct app *a = fixture_app(dir, "Runs", NULL);
    struct runs *s = app_self(a);
    int told, metrics = 0;
    char ask[200];
    fixture_keys(a, "G k Enter");
    free(fixture_text(a, 36, 120));
    struct sheet t = exported(a, &told);
    assert_string_equal(t.cell[0][0], "kind");
    for (int i = 1; i < t.rows; i++) {
        if (strcmp(t.cell[i][0], "metric"))
            continue;
        metrics++;
        snprintf(ask, sizeof ask, "SELECT last FROM v_summary WHERE run = %lld AND metric = '%s'", (long long)s->cursor, t.cell[i][1]);
        double stored = fixture_value(dir, ask);
        if (*t.cell[i][2] && isfinite(stored))
            assert_true(near(strtod(t.cell[i][2], NULL), stored));
        else if (!*t.cell[i][2])
            assert_true(isnan(stored));
    }
    assert_true(metrics > 2);
    free(t.text);
    fixture_keys(a, "Esc Tab");
    assert_int_equal(s->focus, FOCUS_EVENTS);
    free(fixture_text(a, 36, 120));
    t = exported(a, &told);
    assert_int_equal(told, (int)fixture_value(dir, "SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM "
                                              "checkpoint) + (SELECT count(*) FROM run WHERE state = 'lost')"));
    free(t.text);
    app_free(a);
}

static void test_every_field_from_the_palette(void **state)
{
    (void)state;
    struct app *a = fixture_app(dir, "Runs", NULL);
    char path[100], *text = NULL;
    size_t n;
    snprintf(path, sizeof path, "%s/all.csv", dir);
    fixture_keys(a, ": e x p o r t - a l l Enter");
    fixture_fill(a, path);
    fixture_keys(a, "Enter");
    assert_int_equal(file_read(path, 1 << 20, &text, &n, NULL), 0);
    assert_memory_equal(text, "run,name,state,reason,", 22);
    assert_non_null(strstr(text, ",learning_rate,"));
    free(text);
    app_free(a);
}

/* What is typed first takes the place of the name that is offered; a key that moves edits it. */
static void test_the_name_offered_gives_way(void **state)
{
    (void)state;
    struct app *a = fixture_app(dir, "Runs", NULL);
    fixture_keys(a, "e");
    assert_true(a->field.open && strstr(a->field.text, "runs-2026"));
    assert_true(fixture_shows(a, 24, 80, "typing replaces it"));
    fixture_keys(a, "x");
    assert_string_equal(a->field.text, "x");
    fixture_keys(a, "Esc e Home x");
    assert_non_null(strstr(a->field.text, "xruns-2026"));
    fixture_keys(a, "Esc e End x");
    assert_non_null(strstr(a->field.text, ".csvx"));
    fixture_keys(a, "Esc");
    app_free(a);
}

static void test_scores(void **state)
{
    (void)state;
    struct app *a = fixture_app(grid, "Scores", NULL);
    struct scores *s = app_self(a);
    static const int widths[] = { 80, 120, 200 };
    int told;
    for (int i = 0; i < 3; i++) {
        char *picture = fixture_text(a, 36, widths[i]), n[FMT], line[1200];
        struct sheet t = exported(a, &told);
        assert_int_equal(told, s->t.nrows + 1);
        assert_int_equal(t.columns, 2 * s->shown.n - 1);
        assert_string_equal(t.cell[told][0], "majority class");
        line_with(strstr(picture, "start"), "▸", line, sizeof line); /* below the headings */
        for (int c = 1; c < t.columns; c += 2)
            if (*t.cell[1 + s->row][c])
                assert_non_null(strstr(line, fmt_fixed(n, sizeof n, strtod(t.cell[1 + s->row][c], NULL), 1)));
        free(t.text);
        free(picture);
    }
    /* the middle one of three seeds */
    struct sheet t = exported(a, &told);
    int c = column(&t, "cola matthews"), found = 0;
    double median = fixture_value(grid, "SELECT value FROM v_scores WHERE run = 1 AND task = 'cola' AND metric = 'matthews' "
                              "ORDER BY value LIMIT 1 OFFSET 1");
    for (int i = 1; i < t.rows && c > 0; i++)
        found += fabs(strtod(t.cell[i][c], NULL) - median) < 1e-12;
    assert_int_equal(found, 1);
    free(t.text);
    app_free(a);
}

/* The tables; then the pane that Tab chose. */
static void test_compare(void **state)
{
    (void)state;
    struct app *a = fixture_app(grid, "Compare", NULL);
    char ask[200];
    app_mark(a, 1, 1);
    app_mark(a, 3, 1);
    app_show(a, a->current);
    struct comparison *s = app_self(a);
    int told;
    free(fixture_text(a, 36, 120));
    struct sheet t = exported(a, &told);
    assert_int_equal(told, s->c.ndiffer + s->c.nmetrics);
    int d = column(&t, "difference");
    for (int i = 1; i < t.rows; i++)
        if (!strcmp(t.cell[i][0], "result") && *t.cell[i][2] && *t.cell[i][3])
            assert_true(near(strtod(t.cell[i][d], NULL), strtod(t.cell[i][3], NULL) - strtod(t.cell[i][2], NULL)));
    free(t.text);
    while (s->focus != PANE_CURVE)
        fixture_keys(a, "Tab");
    t = exported(a, &told);
    assert_int_equal(told, s->curve[0].n + s->curve[1].n);
    snprintf(ask, sizeof ask, "SELECT value FROM v_metrics WHERE run = 1 AND metric = '%s' ORDER BY step LIMIT 1",
             s->c.metrics[s->metric].name);
    assert_true(near(strtod(t.cell[1][column(&t, "mean")], NULL), fixture_value(grid, ask)));
    free(t.text);
    fixture_keys(a, "Tab");
    assert_int_equal(s->focus, PANE_SENTENCE);
    t = exported(a, &told);
    assert_int_equal(told, compare_sequence(s, 0)->n + (compare_sequence(s, 1) ? compare_sequence(s, 1)->n : 0));
    free(t.text);
    app_free(a);
}

/* Members of a sweep: what differs is whole, their sweep's name is cut at one place or, where there is
 * no room, left to the status line; their seeds make one group. */
static void test_names(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(grid, "UPDATE run SET name = 'weight-sharing ' || tie || ' ' || generator_size || ' s' || seed, "
                                       "tags = 'sweep:weight-sharing,mine'"), 0);
    struct app *a = fixture_app(grid, "Runs", NULL);
    struct runs *s = app_self(a);
    static const int widths[] = { 80, 120, 200 };
    for (int i = 0; i < 3; i++) {
        char *picture = fixture_text(a, 36, widths[i]), stem[64] = "", line[1200];
        for (int k = 0; k < s->n && k < 8; k++) {
            const char *tail = s->rows[k]->name + strlen("weight-sharing ");
            line_with(strstr(picture, "objective"), tail, line, sizeof line);
            char *at = strstr(line, sign(SIGN_DONE)), now[64];
            assert_non_null(at);
            at += strlen(sign(SIGN_DONE)) + 1; /* between the state and what differs */
            snprintf(now, sizeof now, "%.*s", (int)(strstr(line, tail) - at), at);
            assert_true(!k || !strcmp(now, stem));
            strcpy(stem, now);
        }
        assert_int_equal(strstr(stem, "weight-sharing") != NULL, widths[i] == 200);
        assert_int_equal(strstr(stem, "…") != NULL, widths[i] == 120);
        assert_non_null(strstr(picture, "weight-sharing ")); /* the run under the cursor, whole */
        free(picture);
    }
    assert_true(fixture_shows(a, 36, 200, " mine ") && !fixture_shows(a, 36, 200, "sweep:weight-sharing mine"));
    fixture_keys(a, "d s e e d s Enter");
    assert_int_equal(s->ngroups, 5);
    assert_null(strstr(s->groups[0].label, " s1"));
    fixture_keys(a, "d ^U Enter");
    app_free(a);
}

/* The confusion that is drawn and the export hold what plain SQL finds in the store. */
static void test_tokens(void **state)
{
    (void)state;
    static const char *const which[] = {"label=1 AND disc_prob>=.5", "label=1 AND disc_prob<.5",
                                        "label=0 AND disc_prob>=.5", "label=0 AND disc_prob<.5"};
    static const int outcome[] = {OUT_CAUGHT, OUT_MISSED, OUT_FALSE, OUT_KEPT};
    char story[64] = "test_shown.XXXXXX";
    assert_true(mkdtemp(story) && !fixture_make(story) && !fixture_tokens(story));
    struct app_args args = {.run = 9, .color = 1};
    struct app *a = fixture_app(story, "Tokens", &args);
    assert_non_null(a);
    fixture_keys(a, "[ ]"); /* the newest snapshot: nothing is live here */
    struct tokens *s = app_self(a);
    char sql[400], words[64];
    for (int k = 0; k < 4; k++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM token t JOIN sequence q ON t.sequence=q.id WHERE q.run=9 "
                 "AND q.step=%lld AND q.source IN (%d, %d) AND t.original NOT IN (2, 3) AND %s",
                 (long long)s->step, TOKENS_SNAPSHOT, TOKENS_PROBE, which[k]);
        assert_int_equal(s->counts.n[outcome[k]], (int64_t)fixture_value(story, sql));
    }
    char *picture = fixture_text(a, 36, 120);
    const char *of[] = {"replaced ", "original "}; /* "replaced   3 ✓   3 ✗" */
    for (int k = 0; k < 2; k++) {
        snprintf(words, sizeof words, "│ %s", of[k]);
        const char *p = strstr(strstr(picture, "said replaced"), words);
        long long said = 0, not_said = 0;
        assert_true(p && sscanf(p + strlen(words), "%lld", &said) == 1);
        p += strlen(words) + strspn(p + strlen(words), " 0123456789");
        p += strcspn(p, "0123456789");
        assert_true(sscanf(p, "%lld", &not_said) == 1);
        assert_int_equal(said, s->counts.n[k ? OUT_FALSE : OUT_CAUGHT]);
        assert_int_equal(not_said, s->counts.n[k ? OUT_KEPT : OUT_MISSED]);
    }
    free(picture);
    int rows = 0, column = 0;
    double sum = 0;
    char *csv = fixture_export(a, &rows), *line = csv;
    for (char *p = csv; strncmp(p, "disc_prob", 9); p++)
        column += *p == ',';
    while ((line = strstr(line, "\r\n")) && *(line += 2)) {
        char *p = line;
        for (int c = 0; c < column; c++)
            p += *p == '"' ? (int)(strstr(p, "\",") - p) + 2 : (int)strcspn(p, ",") + 1;
        sum += strtod(p, NULL);
    }
    snprintf(sql, sizeof sql, "SELECT sum(disc_prob) FROM token t JOIN sequence q ON t.sequence=q.id WHERE q.run=9 "
             "AND q.step=%lld AND q.source IN (%d, %d)", (long long)s->step, TOKENS_SNAPSHOT, TOKENS_PROBE);
    assert_true(rows > 10);
    assert_float_equal(sum, fixture_value(story, sql), 1e-6);
    free(csv);
    app_free(a);
    assert_int_equal(file_remove_tree(story, NULL), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "host"))
        return 1; /* started as a host by a screen under test: there is none */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_a_runs_page_and_events),
        cmocka_unit_test(test_every_field_from_the_palette),
        cmocka_unit_test(test_the_name_offered_gives_way),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_names), /* last: it changes the names */
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
