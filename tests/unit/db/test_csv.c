/* CSV to the letter of RFC 4180, numbers to the bit. */
#include "tests/unit/db/rig.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/csv.h"

static char *out;
static size_t out_size;
static FILE *f;

static struct csv_out *begin(void)
{
    f = open_memstream(&out, &out_size);
    assert_non_null(f);
    struct csv_out *c = csv_new(f);
    assert_non_null(c);
    return c;
}

static void check(struct csv_out *c, const char *want)
{
    struct err err = {0, ""};
    ok(csv_finish(c, &err));
    fclose(f);
    assert_string_equal(out, want);
    free(out);
}

static void quotes_only_where_needed(void **state)
{
    (void)state;
    struct csv_out *c = begin();
    const char *cells[] = {"plain", "a,b", "say \"so\"", "two\r\nlines", "nl\n", "", NULL, " x", "é,日本"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        csv_text(c, cells[i]);
    csv_end_row(c);
    csv_text(c, "second");
    csv_end_row(c);
    check(c, "plain,\"a,b\",\"say \"\"so\"\"\",\"two\r\nlines\",\"nl\n\",,,\" x\",\"é,日本\"\r\nsecond\r\n");
}

static void formulas_get_an_apostrophe(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {{"=1+1", "'=1+1"}, {"+cmd", "'+cmd"}, {"-x", "'-x"}, {"@sum", "'@sum"},
                 {"\tx", "'\tx"}, {"\rx", "\"'\rx\""}, {"=A,B", "\"'=A,B\""}, {" =1", "' =1"},
                 {"\xef\xbc\x9d" "1", "'\xef\xbc\x9d" "1"}, {"\xc2\xa0=1", "'\xc2\xa0=1"},
                 {"-1.5", "-1.5"}, {"+3e-4", "+3e-4"}, {"-inf", "-inf"}, {"-0x1p3", "'-0x1p3"},
                 {"--1", "'--1"}, {"a=1", "a=1"}, {"'=1", "'=1"}, {"- 1", "'- 1"},
                 {"a\xff" "b", "a\xef\xbf\xbd" "b"}, {"=\xc3", "'=\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct csv_out *c = begin();
        csv_text(c, cases[i].text);
        csv_end_row(c);
        char want[64];
        snprintf(want, sizeof want, "%s\r\n", cases[i].want);
        check(c, want);
    }
}

static void numbers_are_exact(void **state)
{
    (void)state;
    struct csv_out *c = begin();
    csv_float(c, 0.1f);
    csv_real(c, 0.1);
    csv_int(c, INT64_MIN);
    csv_real(c, NAN);
    csv_float(c, INFINITY);
    csv_real(c, -INFINITY);
    csv_real(c, -2.5);
    csv_end_row(c);
    check(c, "0.100000001,0.10000000000000001,-9223372036854775808,nan,inf,-inf,-2.5\r\n");
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 1000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        double d, back;
        float s, sback;
        memcpy(&d, &x, sizeof d);
        memcpy(&s, &x, sizeof s);
        if (!isfinite(d) || !isfinite(s))
            continue;
        c = begin();
        csv_real(c, d);
        csv_float(c, s);
        struct err err = {0, ""};
        ok(csv_finish(c, &err));
        fclose(f);
        char *end;
        back = strtod(out, &end);
        sback = strtof(end + 1, NULL);
        assert_true(!memcmp(&back, &d, sizeof d) && !memcmp(&sback, &s, sizeof s));
        free(out);
    }
}

static void write_errors_are_told(void **state)
{
    (void)state;
    struct err err = {0, ""};
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        struct csv_out *c = csv_new(full);
        csv_text(c, "x");
        csv_end_row(c);
        assert_int_equal(csv_finish(c, &err), E_NOSPACE);
        fclose(full);
    }
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    FILE *closed = fdopen(ends[1], "w");
    struct csv_out *c = csv_new(closed);
    for (int i = 0; i < 10000; i++) {
        csv_int(c, i);
        csv_end_row(c);
    }
    assert_int_equal(csv_finish(c, &err), E_IO);
    assert_non_null(strstr(err.text, "pipe"));
    fclose(closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_only_where_needed),
        cmocka_unit_test(formulas_get_an_apostrophe),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(write_errors_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
