/* What `e` writes: CSV, Markdown, LaTeX by the file's name, pictures of curves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "tests/unit/ui/fixture.h"
#include "ui/app/export_table.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "test_export.XXXXXX");
    setenv("TZ", "UTC", 1);
    return !mkdtemp(dir) || fixture_make(dir);
}

static int teardown(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static char *made(enum export_form form, const char *csv)
{
    char *out = NULL;
    size_t n;
    struct err err = { 0 };
    FILE *f = open_memstream(&out, &n);
    assert_non_null(f);
    assert_int_equal(export_table(form, csv, strlen(csv), f, &err), 0);
    fclose(f);
    return out;
}

#define TABLE "name,loss,note\r\n\"a,\"\"b\"\"|c\",1.25,50% of $x_1\r\nplain,,\"two\r\nlines\"\r\n"

static void test_markdown_and_latex(void **state)
{
    (void)state;
    char *text = made(EXPORT_MARKDOWN, TABLE);
    assert_string_equal(text, "| name | loss | note |\n|---|--:|---|\n"
                              "| a,\"b\"\\|c | 1.25 | 50% of $x_1 |\n| plain |  | two  lines |\n");
    free(text);
    text = made(EXPORT_LATEX, TABLE);
    assert_string_equal(text, "\\begin{tabular}{lrl}\n\\toprule\nname & loss & note \\\\\n\\midrule\n"
                              "a,\"b\"\\textbar{}c & 1.25 & 50\\% of \\$x\\_1 \\\\\nplain &  & two  lines \\\\\n"
                              "\\bottomrule\n\\end{tabular}\n");
    free(text);
    text = made(EXPORT_MARKDOWN, "piece\r\n<b>`*`~\r\n"); /* a cell is no markup */
    assert_string_equal(text, "| piece |\n|---|\n| \\<b>\\`\\*\\`\\~ |\n");
    free(text);
    text = made(EXPORT_LATEX, "piece\r\n<b> & ##x^\r\n");
    assert_non_null(strstr(text, "\\textless{}b\\textgreater{} \\& \\#\\#x\\^{} \\\\\n"));
    free(text);
    static const char *const torn[] = { "", "a", "a,", "\"", "a,b\n\"", "a\nb,c,d\n", "\n\n" };
    for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++)
        free(made(EXPORT_LATEX, torn[i]));
    assert_int_equal(export_form_of("a.b/runs.md"), EXPORT_MARKDOWN);
    assert_int_equal(export_form_of(".md"), EXPORT_CSV);
    assert_int_equal(export_form_of("x.svg"), EXPORT_SVG);
}

/* Types e and the path on a screen; gives the file. */
static char *exported(struct app *a, const char *name)
{
    char path[200], *text = NULL;
    size_t n;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    free(fixture_text(a, 36, 120));
    fixture_keys(a, "e");
    fixture_fill(a, path);
    fixture_keys(a, "Enter");
    assert_int_equal(file_read(path, 1 << 22, &text, &n, NULL), 0);
    return text;
}

static int count(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text++)
        n++;
    return n;
}

static void test_the_name_says_the_form(void **state)
{
    (void)state;
    struct app *a = fixture_app(dir, "Runs", NULL);
    assert_non_null(a);
    char *md = exported(a, "runs.md"), *csv = exported(a, "runs.csv");
    assert_memory_equal(md, "| state | name |", 16);
    assert_int_equal(count(md, "\n"), 11);
    assert_int_equal(count(csv, "\r\n"), 10);
    assert_non_null(strstr(md, "한국어-위키-작은-모델"));
    free(md);
    free(csv);
    fixture_keys(a, "e ^U x . s v g Enter"); /* no picture here */
    char *text = fixture_text(a, 24, 120);
    assert_non_null(strstr(text, "Runs has no picture to export"));
    free(text);
    assert_false(file_exists("x.svg"));
    app_free(a);
}

/* Without a row of its own to copy, a screen copies the table that `e` would write. */
static void test_curves_are_copied_as_their_table(void **state)
{
    (void)state;
    char path[1400], *copied;
    size_t n;
    struct app *a = fixture_app(dir, "Curves", NULL);
    assert_non_null(a);
    free(fixture_text(a, 36, 120));
    fixture_keys(a, "z");
    free(fixture_text(a, 36, 120));
    fixture_keys(a, "y");
    snprintf(path, sizeof path, "%.*s/copied.txt",
             (int)(strrchr(a->state_path, '/') - a->state_path), a->state_path);
    assert_true(fixture_shows(a, 36, 300, path)); /* the file is named */
    assert_int_equal(file_read(path, 1 << 20, &copied, &n, NULL), 0);
    char *csv = exported(a, "copy.csv");
    assert_string_equal(copied, csv);
    assert_memory_equal(copied, "chart,run,", 10);
    assert_non_null(strstr(str_get(&a->raw), "\x1b]52;c;"));
    free(csv);
    free(copied);
    str_clear(&a->raw);
    app_mark(a, 8, 1); /* many lines: terminals drop what is so long */
    app_mark(a, 9, 1);
    fixture_keys(a, "z");
    a->slots[a->current].due = 0;
    a->fixed_now += 5;
    app_tick(a);
    free(fixture_text(a, 55, 200));
    app_tick(a);
    fixture_keys(a, "y");
    assert_true(fixture_shows(a, 55, 200, "too many to copy"));
    assert_int_equal(a->raw.len, 0);
    app_mark(a, 8, 0); /* marks outlive the workbench */
    app_mark(a, 9, 0);
    app_free(a);
}

/* Names of others end up in the clipboard, and from there on a command line. */
static void test_what_is_copied_does_not_act(void **state)
{
    (void)state;
    char path[1400], *text = NULL;
    size_t n;
    struct app *a = fixture_app(dir, "Runs", NULL);
    app_copy(a, "a\x1b[2J\tb\xc2\x9b\r\n한글\x07");
    snprintf(path, sizeof path, "%.*s/copied.txt",
             (int)(strrchr(a->state_path, '/') - a->state_path), a->state_path);
    assert_int_equal(file_read(path, 1 << 10, &text, &n, NULL), 0);
    assert_string_equal(text, "a<1B>[2J\tb<9B>\r\n한글<07>");
    free(text);
    app_free(a);
}

static void test_curves_become_a_picture(void **state)
{
    (void)state;
    assert_int_equal(fixture_sql(dir, "UPDATE run SET name='<a & b>' WHERE id=8"), 0);
    struct app_args args = { .run = 9 };
    struct app *a = fixture_app(dir, "Curves", &args);
    assert_non_null(a);
    app_mark(a, 8, 1);
    app_mark(a, 9, 1);
    app_tick(a);
    a->slots[a->current].due = 0;
    a->fixed_now += 5;
    app_tick(a);
    char *svg = exported(a, "curves.svg");
    assert_memory_equal(svg, "<svg ", 5);
    assert_non_null(strstr(svg, "</svg>\n"));
    assert_non_null(strstr(svg, "&#60;a &#38; b&#62;"));
    assert_null(strstr(svg, "<a &"));
    assert_null(strstr(svg, "nan"));
    assert_true(count(svg, "<path") >= 8 && count(svg, "<rect") >= 2);
    assert_int_equal(count(svg, "<path"), count(svg, "/>") - count(svg, "<rect"));
    free(svg);
    app_free(a);
}

/* All runs are named however many there are, the selected one lies in front, and marks are there. */
static void test_the_picture_says_what_is_on_it(void **state)
{
    (void)state;
    static const int runs[] = { 2, 3, 4, 5, 6, 8, 9 };
    struct app_args args = { .run = 9 };
    struct app *a = fixture_app(dir, "Curves", &args);
    assert_non_null(a);
    app_mark(a, 8, 0); /* kept from before */
    app_mark(a, 9, 0);
    app_select(a, 5);
    app_show(a, a->current);
    app_tick(a);
    char *svg = exported(a, "one.svg");
    assert_non_null(strstr(svg, ">gen1/1-none-s1 · total loss · ema .60<"));
    assert_non_null(strstr(svg, ">not finite<"));
    assert_non_null(strstr(svg, ">!<"));
    free(svg);
    for (int i = 0; i < 7; i++)
        app_mark(a, runs[i], 1);
    app_select(a, 9);
    app_show(a, a->current);
    app_tick(a);
    svg = exported(a, "all.svg");
    static const char *const names[] = { "gen1/8-tie-emb-s1", "mlm-base-s1", "allmlm-s1", "gen1/1-none-s1",
                                         "gen1/1-tie-all-s1", "gen1/4-tie-emb-s1" };
    for (int i = 0; i < 6; i++)
        assert_non_null(strstr(svg, names[i]));
    assert_non_null(strstr(svg, ">checkpoint<"));
    char *first = strstr(svg, "</svg>"), *line = NULL;
    for (char *p = svg; (p = strstr(p, "stroke-width=\"1.6\"")) && p < first; p++)
        line = p;
    assert_non_null(line);
    assert_memory_equal(line - strlen("stroke=\"#0072b2\" "), "stroke=\"#0072b2\"", 16);
    assert_int_equal(count(svg, "<path") + count(svg, "<circle"), count(svg, "/>") - count(svg, "<rect"));
    free(svg);
    for (int i = 0; i < 7; i++)
        app_mark(a, runs[i], 0);
    app_free(a);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "host"))
        return 1; /* started as a host by a screen under test: there is none */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_markdown_and_latex),
        cmocka_unit_test(test_the_name_says_the_form),
        cmocka_unit_test(test_curves_are_copied_as_their_table),
        cmocka_unit_test(test_what_is_copied_does_not_act),
        cmocka_unit_test(test_curves_become_a_picture),
        cmocka_unit_test(test_the_picture_says_what_is_on_it),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
