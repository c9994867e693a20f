/* The command line: options, fields, suggestions, numbers, JSON. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "ui/cli/cli.h"
#include "ui/cli/print.h"

static int parse(struct cli *c, struct err *err, const char *const *words)
{
    char *argv[32];
    int argc = 0;
    argv[argc++] = (char *)"electroscope";
    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    memset(err, 0, sizeof *err);
    return cli_parse(c, argc, argv, err);
}
#define PARSE(c, err, ...) parse(c, err, (const char *const[]){__VA_ARGS__, NULL})

static void refused(const char *const *words, const char *sentence)
{
    struct cli c;
    struct err err;
    assert_int_equal(parse(&c, &err, words), E_USAGE);
    if (!strstr(err.text, sentence))
        fail_msg("'%s' does not say '%s'", err.text, sentence);
    cli_free(&c);
}
#define REFUSED(sentence, ...) refused((const char *const[]){__VA_ARGS__, NULL}, sentence)

static void test_workspace_before_and_after(void **state)
{
    struct cli c;
    struct err err;
    (void)state;
    assert_int_equal(PARSE(&c, &err, "--workspace", "/a", "tokenize"), CLI_RUN);
    assert_string_equal(c.workspace_dir, "/a");
    cli_free(&c);
    assert_int_equal(PARSE(&c, &err, "tokenize", "--workspace=/b=c"), CLI_RUN);
    assert_string_equal(c.workspace_dir, "/b=c");
    cli_free(&c);
}

static void test_words_and_double_dash(void **state)
{
    struct cli c;
    struct err err;
    (void)state;
    assert_int_equal(PARSE(&c, &err, "vocab", "--size", "99", "a", "-", "--", "--cased", "-x"), 0);
    assert_int_equal(c.nargs, 4);
    assert_string_equal(c.args[1], "-");
    assert_string_equal(c.args[2], "--cased");
    assert_string_equal(c.args[3], "-x");
    cli_free(&c);
    assert_int_equal(PARSE(&c, &err, "vocab", "-o", "--cased", "a"), 0); /* a value may begin with dashes */
    assert_int_equal(c.nargs, 1);
    cli_free(&c);
}

static void test_help_and_version(void **state)
{
    struct cli c;
    struct err err;
    (void)state;
    assert_int_equal(PARSE(&c, &err, "--help"), CLI_HELP);
    assert_null(c.row);
    cli_free(&c);
    assert_int_equal(PARSE(&c, &err, "vocab", "--size", "70", "-h"), CLI_HELP);
    assert_string_equal(c.row->name, "vocab");
    cli_free(&c);
    assert_int_equal(PARSE(&c, &err, "--version"), CLI_VERSION);
    cli_free(&c);
}

static void test_refusals_name_the_word(void **state)
{
    (void)state;
    REFUSED("did you mean 'vocab'", "vocba");
    REFUSED("unknown command 'zzzzzz'", "zzzzzz");
    REFUSED("did you mean --size", "vocab", "--siez", "3");
    REFUSED("did you mean --special-in-text", "tokenize", "--special");
    REFUSED("--size: 5 is outside", "vocab", "--size", "5", "a");
    REFUSED("--size: '7.5' is not a whole number", "vocab", "--size", "7.5", "a");
    REFUSED("--size: 'nan' is not", "vocab", "--size", "nan", "a");
    REFUSED("--strip-accents: 'maybe' is not one of", "vocab", "--strip-accents", "maybe", "a");
    REFUSED("--cased takes no value", "vocab", "--cased=yes", "a");
    REFUSED("'--vocab' needs a value", "tokenize", "--vocab");
    REFUSED("one word too many: 'x'", "tokenize", "x");
    REFUSED("usage: electroscope vocab", "vocab", "--size", "100");
    REFUSED("'<1B>[31m'", "\033[31m");
}

/* What is wrapped is the sentence: each space is one space or one line end. */
static void test_help_keeps_its_words(void **state)
{
    (void)state;
    for (int i = 0; i < command_nrows; i++) {
        const struct command_row *row = &command_rows[i];
        char *text = NULL, *flat;
        size_t size = 0, n = 0;
        FILE *f = open_memstream(&text, &size);
        assert_non_null(f);
        help_program(f);
        help_command(f, row);
        fclose(f);
        flat = calloc(size + 1, 1);
        assert_non_null(flat);
        for (char *p = text; *p; p++)
            if (*p > ' ' || (n && flat[n - 1] != ' '))
                flat[n++] = *p > ' ' ? *p : ' ';
        if (!(row->command->flags & COMMAND_HIDDEN) && !strstr(flat, row->help))
            fail_msg("the help of %s is not '%s'", row->name, row->help);
        for (const struct option_row *o = row->command->options; o && o->name; o++)
            if (!strstr(flat, o->help))
                fail_msg("the help of %s --%s is not '%s'", row->name, o->name, o->help);
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
            if (strcspn(line, "\n") > 96 && !strncmp(line, "   ", 3))
                fail_msg("'%.120s' is wider than 96 columns", line);
        free(flat);
        free(text);
    }
}

static void test_every_command_is_whole(void **state)
{
    (void)state;
    for (int i = 0; i < command_nrows; i++) {
        const struct command_row *row = &command_rows[i];
        assert_non_null(row->command->run);
        assert_true(strlen(row->help) > 10 && row->help[strlen(row->help) - 1] != '.');
        for (const struct option_row *o = row->command->options; o && o->name; o++) {
            assert_non_null(o->help);
            assert_true((o->kind == OPTION_FLAG) == !o->arg);
            assert_true(o->offset < row->command->own_size);
            if (o->kind == OPTION_INT || o->kind == OPTION_REAL)
                assert_true(o->min < o->max);
            for (const struct option_row *p = o + 1; p->name; p++)
                assert_string_not_equal(o->name, p->name);
        }
    }
}

static void count_is(double n, const char *want)
{
    char out[32];
    assert_string_equal(print_count(n, out, sizeof out), want);
}

static void test_numbers_for_people(void **state)
{
    char out[32];
    (void)state;
    count_is(0, "0");
    count_is(999, "999");
    count_is(1000, "1.00k");
    count_is(12345, "12.3k");
    count_is(999600, "1.00M");
    count_is(2399232, "2.40M");
    count_is(1.2e18, "1.20E");
    assert_string_equal(print_duration(59.4, out, sizeof out), "59 s");
    assert_string_equal(print_duration(200, out, sizeof out), "3 min 20 s");
    assert_string_equal(print_duration(7500, out, sizeof out), "2 h 05 min");
    assert_int_equal(print_columns("\xE4\xBD\xA0\xE5\xA5\xBD"), 4);
    assert_int_equal(print_columns("a\033"), 5);
    static const struct { const char *name, *want; int columns; } names[] = {
        {"short", "short   ", 8}, {"weight-sharing s3", "weight-…ing s3", 14},
        {"\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4-s1", "\xED\x95\x9C…s1", 5}, {"abc", "abc", 3},
        {"\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4", "\xED\x95\x9C… ", 4},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);
        print_name(f, names[i].name, names[i].columns);
        fclose(f);
        assert_string_equal(text, names[i].want);
        free(text);
    }
}

static void test_json(void **state)
{
    char *data;
    size_t size;
    FILE *f = open_memstream(&data, &size);
    struct json_out j = {.f = f};
    (void)state;
    json_open(&j, NULL, '{');
    json_text(&j, "t", "a\"\\\n\033\xC2\x9B\xFF\xF0\x9F\x98\x80");
    json_double(&j, "x", 0.1);
    json_float(&j, "y", 0.1f);
    json_open(&j, "l", '[');
    json_double(&j, NULL, NAN);
    json_double(&j, NULL, -INFINITY);
    json_int(&j, NULL, -7);
    json_close(&j, ']');
    json_bool(&j, "b", 1);
    json_close(&j, '}');
    json_end(&j);
    fclose(f);
    assert_string_equal(data, "{\"t\":\"a\\\"\\\\\\u000a\\u001b\\u009b\\ufffd\\ud83d\\ude00\","
                              "\"x\":0.10000000000000001,\"y\":0.100000001,"
                              "\"l\":[\"nan\",\"-inf\",-7],\"b\":true}\n");
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workspace_before_and_after),
        cmocka_unit_test(test_words_and_double_dash),
        cmocka_unit_test(test_help_and_version), cmocka_unit_test(test_help_keeps_its_words),
        cmocka_unit_test(test_refusals_name_the_word),
        cmocka_unit_test(test_every_command_is_whole),
        cmocka_unit_test(test_numbers_for_people),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
