/* The tables compiled into the program against the reference's tables, for every code point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/visible.h"
#include "src/text/normalise.h"
#include "src/text/wordpiece.h"

#define LAST 0x110000

/* The reference, one flag or image a code point. */
struct reference {
    uint8_t removed[LAST], space[LAST], chinese[LAST], punct[LAST], stripped[LAST], split[LAST];
    uint32_t lower[LAST][3], strip[LAST][3];
};
static struct reference *ref;

static char *read_table(const char *name)
{
    char path[1024], *data;
    size_t size;
    struct err err = { 0, "" };
    const char *root = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/fixtures/tokenizer/unicode/%s.tsv",
             root ? root : ".", name);
    if (file_read(path, 1 << 20, &data, &size, &err))
        fail_msg("%s", err.text);
    return data;
}

static void read_ranges(const char *name, uint8_t *flags)
{
    char *data = read_table(name), *rest;
    for (char *row = strtok_r(data, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest)) {
        char *tail;
        unsigned long first = strtoul(row, &tail, 16), last = strtoul(tail, NULL, 16);
        for (unsigned long cp = first; cp <= last; cp++)
            flags[cp] = 1;
    }
    free(data);
}

static void read_map(const char *name, uint32_t (*map)[3])
{
    for (uint32_t cp = 0; cp < LAST; cp++)
        map[cp][0] = cp;
    char *data = read_table(name), *rest;
    for (char *row = strtok_r(data, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest)) {
        char *tail;
        unsigned long from = strtoul(row, &tail, 16);
        for (int k = 0; k < 3; k++)
            map[from][k] = (uint32_t)strtoul(tail, &tail, 16);
    }
    free(data);
}

static int read_reference(void **state)
{
    (void)state;
    ref = calloc(1, sizeof *ref);
    if (!ref)
        return -1;
    read_ranges("clean_removed", ref->removed);
    read_ranges("clean_space", ref->space);
    read_ranges("chinese", ref->chinese);
    read_ranges("punctuation", ref->punct);
    read_ranges("strip_removed", ref->stripped);
    read_ranges("split_space", ref->split);
    read_map("lower_map", ref->lower);
    read_map("strip_map", ref->strip);
    return 0;
}

static int drop_reference(void **state)
{
    (void)state;
    free(ref);
    return 0;
}

/* Words joined by '|'. */
struct words {
    char text[128];
    size_t len;
};

static int add_word(void *ud, const struct text_word *w)
{
    struct words *out = ud;
    memcpy(out->text + out->len, w->text, w->len);
    out->len += w->len;
    out->text[out->len++] = '|';
    return 0;
}

static void add(struct words *w, uint32_t cp, int boundary)
{
    if (boundary && w->len && w->text[w->len - 1] != '|')
        w->text[w->len++] = '|';
    if (cp)
        w->len += (size_t)utf8_encode(cp, w->text + w->len);
    if (boundary && cp)
        w->text[w->len++] = '|';
}

/* "x", cp, "y" as the reference's passes would have it. */
static void expect(uint32_t cp, int lower, int strip, struct words *w)
{
    uint32_t parts[3] = { cp, 0, 0 };
    w->len = 0;
    add(w, 'x', 0);
    int cjk = ref->chinese[cp];
    if (ref->space[cp] || cjk)
        add(w, 0, 1);
    if (!ref->removed[cp] && !ref->space[cp] && !(strip && ref->stripped[cp])) {
        if (strip && cp >= 0xAC00 && cp <= 0xD7A3) {
            parts[0] = 0x1100 + (cp - 0xAC00) / 588;
            parts[1] = 0x1161 + (cp - 0xAC00) % 588 / 28;
            parts[2] = (cp - 0xAC00) % 28 ? 0x11A7 + (cp - 0xAC00) % 28 : 0;
        } else if (strip) {
            memcpy(parts, ref->strip[cp], sizeof parts);
        }
        for (int i = 0; i < 3 && parts[i]; i++) {
            uint32_t same[3] = { parts[i], 0, 0 };
            const uint32_t *image = lower ? ref->lower[parts[i]] : same;
            for (int k = 0; k < 3 && image[k]; k++)
                add(w, ref->split[image[k]] ? 0 : image[k],
                    ref->punct[image[k]] || ref->split[image[k]]);
        }
    }
    if (cjk)
        add(w, 0, 1);
    add(w, 'y', 0);
    add(w, 0, 1);
}

static void every_code_point_is_treated_as_by_the_reference(void **state)
{
    (void)state;
    for (int mode = 0; mode < 4; mode++) {
        struct wordpiece_options o = { .cased = mode & 1, .strip_accents = mode >> 1 };
        struct words got, want;
        struct normaliser n;
        normaliser_init(&n, &o, add_word, &got);
        for (uint32_t cp = 0; cp < LAST; cp++) {
            if (cp >= 0xD800 && cp <= 0xDFFF)
                continue;
            char text[6] = "x";
            size_t len = 1 + (size_t)utf8_encode(cp, text + 1);
            text[len++] = 'y';
            got.len = 0;
            normaliser_run(&n, text, len);
            expect(cp, !o.cased, o.strip_accents, &want);
            if (got.len != want.len || memcmp(got.text, want.text, got.len))
                fail_msg("U+%04X, mode %d: %.*s, expected %.*s", (unsigned)cp, mode,
                         (int)got.len, got.text, (int)want.len, want.text);
        }
        assert_int_equal(n.invalid, 0);
    }
}

static void marks_that_stay_are_put_in_order(void **state)
{
    (void)state;
    struct wordpiece_options o = { .strip_accents = -1 };
    struct words got = { .len = 0 };
    struct normaliser n;
    normaliser_init(&n, &o, add_word, &got);
    /* A tone mark (class 224) before a killer (class 9). */
    normaliser_run(&n, "a\xE3\x80\xAE\xE1\xAD\x84", 7);
    assert_int_equal(got.len, 8);
    assert_memory_equal(got.text, "a\xE1\xAD\x84\xE3\x80\xAE|", 8);
    got.len = 0;
    normaliser_run(&n, "a\xE1\xAD\x84\xE3\x80\xAE", 7);
    assert_memory_equal(got.text, "a\xE1\xAD\x84\xE3\x80\xAE|", 8);
}

static void bytes_that_are_no_utf8_are_counted(void **state)
{
    (void)state;
    struct wordpiece_options o = { .strip_accents = -1 };
    struct words got = { .len = 0 };
    struct normaliser n;
    normaliser_init(&n, &o, add_word, &got);
    /* a lone byte, an overlong slash, a surrogate, a character cut short */
    static const char text[] = "a\xFF\xC0\xAF\xED\xA0\x80z\xE4\xB8";
    normaliser_run(&n, text, sizeof text - 1);
    assert_int_equal(n.invalid, 8);
    assert_int_equal(got.len, 3);
    assert_memory_equal(got.text, "az|", 3);
}

static void white_space_of_any_kind_is_blank(void **state)
{
    (void)state;
    assert_true(text_is_blank("", 0));
    assert_true(text_is_blank(" \t\xC2\xA0\xE3\x80\x80", 7));
    assert_false(text_is_blank(" .", 2));
    assert_false(text_is_blank("\xFF", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_treated_as_by_the_reference),
        cmocka_unit_test(marks_that_stay_are_put_in_order),
        cmocka_unit_test(bytes_that_are_no_utf8_are_counted),
        cmocka_unit_test(white_space_of_any_kind_is_blank),
    };
    return cmocka_run_group_tests(tests, read_reference, drop_reference);
}
