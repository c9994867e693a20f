/* The base room: random numbers, threads, memory, strings, files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/base/arena.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/base/pool.h"
#include "src/base/rng.h"
#include "src/base/str.h"
#include "src/base/visible.h"

/* Known answers of Philox4x32-10 from the Random123 distribution. */
static void philox_gives_the_published_words(void **state)
{
    (void)state;
    uint32_t w[4];
    rng_words(0, 0, 0, 0, 0, w);
    assert_int_equal(w[0], 0x6627e8d5);
    assert_int_equal(w[1], 0xe169c58d);
    assert_int_equal(w[2], 0xbc57ac4c);
    assert_int_equal(w[3], 0x9b00dbd8);
    rng_words(0x299f31d0a4093822, 0x03707344, 0x13198a2e, 0x85a308d3, 0x243f6a88, w);
    assert_int_equal(w[0], 0xd16cfe09);
    assert_int_equal(w[1], 0x94fdcceb);
    assert_int_equal(w[2], 0x5001e420);
    assert_int_equal(w[3], 0x24126ea1);
}

static void permutation_is_a_bijection(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 300; n += 7) {
        char seen[300] = {0};
        for (uint32_t i = 0; i < n; i++) {
            uint32_t j = rng_permute(7, RNG_ORDER, 3, n, i);
            assert_true(j < n);
            assert_false(seen[j]);
            seen[j] = 1;
        }
    }
}

static void uniform_stays_below_one(void **state)
{
    (void)state;
    double sum = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        float u = rng_uniform(1, RNG_TEST, 0, 0, i);
        assert_true(u >= 0 && u < 1);
        sum += u;
    }
    assert_true(sum > 4850 && sum < 5150); /* 5 standard errors of the mean */
}

struct tally {
    atomic_int hits[64];
};

static void tally_task(void *ud, int task, int worker)
{
    (void)worker;
    atomic_fetch_add(&((struct tally *)ud)->hits[task], 1);
}

struct short_round {
    int tasks, seen[8];
};

static void short_task(void *ud, int task, int worker)
{
    struct short_round *r = ud;
    (void)worker;
    r->seen[task]++;
}

/* Workers that wake late meet a round that is over, or one of another size. */
static void pool_keeps_short_rounds_apart(void **state)
{
    (void)state;
    struct pool *p = pool_new(4, NULL);
    for (int i = 0; i < 20000; i++) {
        struct short_round r = {.tasks = 2 + i % 7};
        pool_run(p, r.tasks, short_task, &r);
        for (int k = 0; k < 8; k++)
            assert_int_equal(r.seen[k], k < r.tasks);
        memset(&r, 0xff, sizeof r);
    }
    pool_free(p);
}

static void pool_does_every_task_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        struct pool *p = pool_new(threads, NULL);
        assert_non_null(p);
        for (int round = 0; round < 500; round++) {
            struct tally t = {0};
            int n = round % 64;
            pool_run(p, n, tally_task, &t);
            for (int i = 0; i < 64; i++)
                assert_int_equal(atomic_load(&t.hits[i]), i < n);
        }
        pool_free(p);
    }
}

static void arena_refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct arena a;
    assert_int_equal(arena_fixed(&a, 1024), 0);
    assert_non_null(arena_alloc(&a, 100, 4));
    assert_null(arena_alloc(&a, 1000, 4));
    assert_null(arena_alloc(&a, SIZE_MAX / 2, 4));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 256, 4));
    arena_free(&a);
    arena_init(&a);
    char *s = arena_printf(&a, "%d-%s", 7, "x");
    assert_string_equal(s, "7-x");
    assert_int_equal((uintptr_t)arena_alloc(&a, 1, 1) % 64, 0);
    arena_free(&a);
}

static void str_grows(void **state)
{
    (void)state;
    struct str s;
    str_init(&s);
    assert_string_equal(str_get(&s), "");
    for (int i = 0; i < 1000; i++)
        str_addf(&s, "%d,", i);
    assert_int_equal(s.len, 3890);
    assert_true(!strncmp(str_get(&s), "0,1,2,", 6));
    str_free(&s);
    char out[4] = "xyz";
    assert_string_equal(str_copy(out, sizeof out, "ab"), "ab");
    assert_string_equal(str_copy(out, sizeof out, "abcdef"), "abc");
    assert_string_equal(str_copy(out, 1, "abc"), "");
    str_copy(out, 0, "no room, not even for the end");
    assert_int_equal(out[0], 0);
}

static void visible_escapes_what_moves_a_terminal(void **state)
{
    (void)state;
    char out[64];
    assert_string_equal(visible(out, sizeof out, "a\033[2J\xC2\x9B" "b"), "a<1B>[2J<9B>b");
    assert_string_equal(visible(out, sizeof out, "x\xE2\x80\xAEy"), "x<U+202E>y");
    assert_string_equal(visible(out, sizeof out, "\xFF\xC0\xAF"), "<FF><C0><AF>");
    assert_string_equal(visible(out, sizeof out, "한국어 é"), "한국어 é");
    assert_string_equal(visible(out, 8, "abcdefghij"), "abcd…");
    assert_string_equal(visible(out, 8, "abcdefg"), "abcdefg");
    /* a tower of combining marks is cut at eight */
    char tower[64] = "e";
    for (int i = 0; i < 20; i++)
        strcat(tower, "\xCC\x81");
    assert_int_equal(strlen(visible(out, sizeof out, tower)), 1 + 8 * 2);
}

static void file_write_is_whole_or_absent(void **state)
{
    (void)state;
    char dir[] = "/tmp/es-base-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a/b/c.txt", dir);
    struct err err = {0};
    assert_int_not_equal(file_write_atomic(path, "x", 1, &err), 0);
    assert_non_null(strstr(err.text, "c.txt"));
    char sub[64];
    snprintf(sub, sizeof sub, "%s/a/b", dir);
    assert_int_equal(file_mkdirs(sub, &err), 0);
    assert_int_equal(file_write_atomic(path, "hello", 5, &err), 0);
    char *text;
    size_t size;
    assert_int_equal(file_read(path, 100, &text, &size, &err), 0);
    assert_int_equal(size, 5);
    assert_string_equal(text, "hello");
    free(text);
    assert_int_equal(file_read(path, 4, &text, &size, &err), E_INPUT);
    struct map m;
    assert_int_equal(file_map(path, &m, &err), 0);
    assert_int_equal(m.size, 5);
    file_unmap(&m);
    assert_int_equal(file_remove_tree(dir, &err), 0);
    assert_false(file_exists(dir));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_words),
        cmocka_unit_test(permutation_is_a_bijection),
        cmocka_unit_test(uniform_stays_below_one),
        cmocka_unit_test(pool_does_every_task_once),
        cmocka_unit_test(pool_keeps_short_rounds_apart),
        cmocka_unit_test(arena_refuses_what_does_not_fit),
        cmocka_unit_test(str_grows),
        cmocka_unit_test(visible_escapes_what_moves_a_terminal),
        cmocka_unit_test(file_write_is_whole_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
