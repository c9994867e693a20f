/* Reading text: line ends, packed files, directories, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/str.h"
#include "src/text/corpus_reader.h"

static char dir[] = "/tmp/reader-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    return file_remove_tree(dir, NULL);
}

static const char *in_dir(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const void *data, size_t n)
{
    assert_int_equal(file_write_atomic(in_dir(name), data, n, NULL), 0);
}

/* Reads everything; lines joined by '|', '-' for blank, '/' in front where a file ended. */
static int read_all(const char *path, struct str *out, struct err *err)
{
    struct corpus_reader *r = corpus_reader_open(&path, 1, err);
    struct corpus_line l;
    int rc;
    str_clear(out);
    if (!r)
        return err->code;
    while ((rc = corpus_reader_next(r, &l, err)) > 0) {
        if (l.file_end)
            str_addc(out, '/');
        if (l.blank)
            str_addc(out, '-');
        else
            str_addn(out, l.text, l.len);
        str_addc(out, '|');
    }
    if (!rc)
        assert_true(corpus_reader_progress(r) == 1.0);
    corpus_reader_close(r);
    return rc;
}

static void check(const char *path, const char *want)
{
    struct str got;
    struct err err = { 0, "" };
    str_init(&got);
    if (read_all(path, &got, &err))
        fail_msg("%s", err.text);
    assert_string_equal(str_get(&got), want);
    str_free(&got);
}

static void line_ends_and_marks_are_dropped(void **state)
{
    (void)state;
    static const char text[] = "\xEF\xBB\xBF" "one\r\ntwo\n \t\n\n\r\nlast";
    put("ends", text, sizeof text - 1);
    check(in_dir("ends"), "one|two|-|-|-|last|");
    put("empty", "", 0);
    check(in_dir("empty"), "");
    put("newline", "\n", 1);
    check(in_dir("newline"), "-|");
}

static void nul_bytes_stay_and_lines_are_numbered(void **state)
{
    (void)state;
    put("nul", "a\0b\nc\n", 6);
    const char *path = in_dir("nul");
    struct corpus_reader *r = corpus_reader_open(&path, 1, NULL);
    struct corpus_line l;
    assert_int_equal(corpus_reader_next(r, &l, NULL), 1);
    assert_int_equal(l.len, 3);
    assert_memory_equal(l.text, "a\0b", 3);
    assert_int_equal(l.number, 1);
    assert_int_equal(l.file_end, 0);
    assert_int_equal(corpus_reader_next(r, &l, NULL), 1);
    assert_int_equal(l.number, 2);
    assert_string_equal(l.file, path);
    assert_int_equal(corpus_reader_next(r, &l, NULL), 0);
    assert_int_equal(corpus_reader_next(r, &l, NULL), 0);
    assert_int_equal(corpus_reader_bytes(r), 6);
    corpus_reader_close(r);
}

/* Longer than the reader's window: the window must grow, and keep what it holds. */
static char *long_text(size_t n)
{
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t k = 0; k < n; k++)
        text[k] = (char)('a' + k * 7919 % 26);
    text[n / 5] = '\n';
    return text;
}

static void check_long(const char *name, const char *text, size_t n)
{
    const char *path = in_dir(name);
    struct corpus_reader *r = corpus_reader_open(&path, 1, NULL);
    struct corpus_line l;
    struct err err = { 0, "" };
    assert_int_equal(corpus_reader_next(r, &l, &err), 1);
    assert_int_equal(l.len, n / 5);
    assert_memory_equal(l.text, text, l.len);
    assert_int_equal(corpus_reader_next(r, &l, &err), 1);
    assert_int_equal(l.len, n - n / 5 - 1);
    assert_memory_equal(l.text, text + n / 5 + 1, l.len);
    assert_int_equal(corpus_reader_next(r, &l, &err), 0);
    assert_int_equal(corpus_reader_bytes(r), n);
    corpus_reader_close(r);
}

static size_t gzip(const void *data, size_t n, unsigned char *out, size_t room)
{
    z_stream z = { 0 };
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)(uintptr_t)data;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static void packed_files_read_like_plain_ones(void **state)
{
    (void)state;
    size_t n = 5000000, room = n + 100000;
    char *text = long_text(n);
    unsigned char *packed = malloc(room);
    assert_non_null(packed);
    put("long", text, n);
    check_long("long", text, n);
    /* two members, as `cat a.gz b.gz` gives */
    size_t a = gzip(text, 1000, packed, room);
    a += gzip(text + 1000, n - 1000, packed + a, room - a);
    put("long.gz", packed, a);
    check_long("long.gz", text, n);
    a = ZSTD_compress(packed, room, text, 1000, 3);
    a += ZSTD_compress(packed + a, room - a, text + 1000, n - 1000, 3);
    put("long.zst", packed, a);
    check_long("long.zst", text, n);
    /* a window's worth of one letter packs into a few bytes: output outlasts input */
    memset(text, 'a', n);
    text[n / 5] = '\n';
    put("same.gz", packed, gzip(text, n, packed, room));
    check_long("same.gz", text, n);
    put("same.zst", packed, ZSTD_compress(packed, room, text, n, 3));
    check_long("same.zst", text, n);
    free(packed);
    free(text);
}

static void damage_is_an_error_that_names_the_file(void **state)
{
    (void)state;
    char *text = long_text(100000);
    unsigned char *packed = malloc(200000);
    struct str got;
    str_init(&got);
    for (int kind = 0; kind < 4; kind++) {
        struct err err = { 0, "" };
        size_t n = kind < 2 ? gzip(text, 100000, packed, 200000)
                            : ZSTD_compress(packed, 200000, text, 100000, 3);
        if (kind % 2)
            memset(packed + n / 2, 0xA5, 20);
        else
            n /= 2;
        put("broken", packed, n);
        assert_int_equal(read_all(in_dir("broken"), &got, &err), E_INPUT);
        assert_non_null(strstr(err.text, "broken"));
    }
    struct err err = { 0, "" };
    assert_true(read_all(in_dir("absent"), &got, &err) < 0);
    assert_non_null(strstr(err.text, "absent"));
    str_free(&got);
    free(packed);
    free(text);
}

static void directories_are_read_in_the_order_of_names(void **state)
{
    (void)state;
    assert_int_equal(file_mkdirs(in_dir("d/m"), NULL), 0);
    put("d/z", "4\n", 2);
    put("d/b", "2", 1);
    put("d/a", "1\n\n", 3);
    put("d/.hidden", "no\n", 3);
    put("d/c", "", 0);
    put("d/m/x", "3\n", 2);
    check(in_dir("d"), "1|-|/2|/3|/4|");
    unlink(in_dir("d/m/x"));
    rmdir(in_dir("d/m"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_ends_and_marks_are_dropped),
        cmocka_unit_test(nul_bytes_stay_and_lines_are_numbered),
        cmocka_unit_test(packed_files_read_like_plain_ones),
        cmocka_unit_test(damage_is_an_error_that_names_the_file),
        cmocka_unit_test(directories_are_read_in_the_order_of_names),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
