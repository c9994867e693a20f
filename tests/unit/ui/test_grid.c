/* The cell grid: what is shown of any text, how wide it is, where it is cut. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ui/term/grid.h"
#include "ui/term/sign.h"
#include "ui/widget/bar.h"
#include "ui/widget/pane.h"
#include "ui/widget/table.h"
#include "ui/widget/wrap.h"

static struct grid g;
static const struct style plain = { 0 };

static struct rect fresh(int h, int w)
{
    assert_int_equal(grid_resize(&g, h, w), 0);
    return (struct rect){ 0, 0, h, w };
}

static void assert_rows(const char *expected)
{
    char *text = grid_dump(&g, NULL);
    assert_string_equal(text, expected);
    free(text);
}

static void test_wide_characters_are_whole_or_spaces(void **state)
{
    (void)state;
    struct rect all = fresh(1, 6);
    assert_int_equal(grid_text(&g, all, 0, 0, -1, plain, "가나다라"), 6);
    assert_rows("가나다\n");
    fresh(1, 6);
    assert_int_equal(grid_text(&g, all, 0, 0, 5, plain, "가나다라"), 4);
    grid_text(&g, all, 0, 5, 1, plain, "x");
    assert_rows("가나 x\n");
    grid_text(&g, all, 0, 1, 1, plain, "y"); /* the second half of 가 */
    assert_rows(" y나 x\n");
    grid_text(&g, all, 0, -1, -1, plain, "가나"); /* half of it off the left edge */
    assert_rows(" 나  x\n");
}

/* A lead, a vowel and a tail that no syllable holds are letters of their own, two columns each. */
static void test_lone_jamo_are_letters(void **state)
{
    (void)state;
    struct rect all = fresh(1, 12);
    assert_int_equal(grid_text(&g, all, 0, 0, -1, plain, "\u11ab\u1161x\u1112\uac01\u11c2"), 11);
    static const char *const want[] = {"ㄴ", "", "ㅏ", "", "x", "ㅎ", "", "각", "", "ㅎ"};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_string_equal(g.cells[i].text, want[i]);
    assert_int_equal(text_columns("\u1175"), 2);
}

static void test_text_is_composed_and_made_visible(void **state)
{
    (void)state;
    struct rect all = fresh(1, 12);
    assert_int_equal(grid_text(&g, all, 0, 0, -1, plain, "\u1112\u1161\u11ab"), 2);
    assert_string_equal(g.cells[0].text, "한");
    fresh(1, 12);
    grid_text(&g, all, 0, 0, -1, plain, "a\x1b]2;x\a");
    assert_rows("a<1B>]2;x<07\n");
    assert_int_equal(text_columns("\u202eab"), 10);
    fresh(1, 12);
    assert_int_equal(grid_text(&g, all, 0, 0, -1, plain, "e\u0301\u0323x"), 2);
    assert_string_equal(g.cells[1].text, "x");
    fresh(1, 12);
    grid_text(&g, all, 0, 0, -1, plain, "\xff\xfe");
    assert_rows("<FF><FE>    \n");
}

static void test_clip_holds_on_all_sides(void **state)
{
    (void)state;
    fresh(3, 6);
    struct rect clip = { 1, 2, 1, 3 };
    for (int y = -1; y < 5; y++)
        grid_text(&g, clip, y, 0, -1, plain, "abcdefghi");
    assert_rows("      \n  cde \n      \n");
    grid_text(&g, (struct rect){ -5, -5, 50, 50 }, 2, 4, -1, plain, "abcdefghi");
    assert_rows("      \n  cde \n    ab\n");
}

static void test_names_are_cut_in_the_middle(void **state)
{
    (void)state;
    struct rect all = fresh(1, 14);
    assert_int_equal(grid_middle(&g, all, 0, 0, 12, plain, "gen1/4-tie-emb-s12"), 12);
    assert_rows("gen1/4…b-s12  \n");
    fresh(1, 14);
    assert_int_equal(grid_right(&g, all, 0, 0, 14, plain, "12.5"), 14);
    assert_rows("          12.5\n");
}

static void test_ascii_folds_our_signs(void **state)
{
    (void)state;
    struct rect all = fresh(1, 20);
    g.ascii = 1;
    grid_text(&g, all, 0, 0, -1, plain, "runs · 3 ± .2 … ─┼▶");
    for (int i = 0; i < 20; i++)
        assert_true((unsigned char)g.cells[i].text[0] < 0x80);
    for (int s = 0; s < SIGN_COUNT; s++)
        assert_true(sign_ascii(s)[0] > 0 && !sign_ascii(s)[1]);
    bar_draw(&g, all, 0, 0, 10, plain, .5);
    grid_fill(&g, (struct rect){ 0, 10, 1, 10 }, plain, " ");
    assert_rows("[####----]          \n");
    g.ascii = 0;
}

static void test_lines_join(void **state)
{
    (void)state;
    fresh(4, 9);
    pane_hline(&g, 0, 0, 9, plain);
    pane_hline(&g, 3, 0, 9, plain);
    pane_vline(&g, 0, 4, 4, plain);
    pane_hline(&g, 2, 4, 5, plain);
    assert_rows("────┬────\n    │    \n    ├────\n────┴────\n");
}

static void test_titles_drop_what_does_not_fit(void **state)
{
    (void)state;
    const char *parts[] = { "runs 9 of 143", "status:running", "started" };
    fresh(1, 36);
    pane_title(&g, 0, 0, 36, 0, parts, 3);
    assert_rows("─ runs 9 of 143 ─ status:running ───\n");
    fresh(1, 12);
    pane_title(&g, 0, 0, 12, 0, parts, 3);
    assert_rows("─ runs…143 ─\n");
    fresh(1, 1);
    pane_title(&g, 0, 0, 1, 1, parts, 3);
}

static void test_columns_go_by_priority(void **state)
{
    (void)state;
    static const struct column cols[] = {
        { "s", 0, 1, 1, ALIGN_LEFT },   { "name", 0, 6, 12, ALIGN_MIDDLE_CUT },
        { "low", 9, 5, 5, ALIGN_RIGHT }, { "high", 2, 5, 5, ALIGN_RIGHT },
        { "main", 0, 5, 5, ALIGN_RIGHT },
    };
    struct table_layout t;
    table_layout(&t, cols, 5, 40, 0);
    assert_int_equal(t.n, 5);
    assert_int_equal(t.w[1], 12);
    table_layout(&t, cols, 5, 22, 0);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.col[2], 3);
    assert_int_equal(t.more_right, 1);
    table_layout(&t, cols, 5, 4, 0);
    assert_int_equal(t.n, 3);
    table_layout(&t, cols, 5, 22, 1);
    assert_int_equal(t.col[2], 3);
    assert_true(t.more_left);
    assert_int_equal(table_top(0, 12, 10, 30), 3);
    assert_int_equal(table_top(25, 29, 10, 30), 20);
    assert_int_equal(table_top(5, 2, 10, 30), 2);
}

static void test_sparks_span_their_own_range(void **state)
{
    (void)state;
    double v[] = { 9, 1, 2, 0, 8 };
    unsigned char bad[] = { 0, 0, 0, 1, 0 };
    struct rect all = fresh(1, 4);
    spark_draw(&g, all, 0, 0, 4, plain, v, bad, 5);
    assert_rows("▁▂!█\n");
}

static void test_text_is_wrapped(void **state)
{
    (void)state;
    struct grid page = { 0 };
    struct rect r = { 0, 0, 4, 9 };
    struct style st = STYLE(ROLE_TEXT, 0);
    assert_int_equal(grid_resize(&page, 4, 9), 0);
    assert_int_equal(wrap_text(&page, r, st, "one two three\nfour"), 3);
    char *text = grid_dump(&page, NULL);
    assert_string_equal(text, "one two  \nthree    \nfour     \n         \n");
    free(text);
    grid_clear(&page);
    wrap_text(&page, r, st, "/a/path/that/is/long \xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4\xEC\x96\xB4\xEC\x96\xB4");
    text = grid_dump(&page, NULL);
    assert_non_null(strstr(text, "/a/path/t\nhat/is/lo\nng "));
    free(text);
    for (int w = 0; w < 300; w++) /* counting ends at every width */
        assert_true(wrap_text(NULL, (struct rect){ 0, 0, 1, w }, st, "aaaaaaaaaaaa b \xED\x95\x9C\xEA\xB5\xAD") > 0);
    grid_free(&page);
}

int main(void)
{
    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide_characters_are_whole_or_spaces),
        cmocka_unit_test(test_lone_jamo_are_letters),
        cmocka_unit_test(test_text_is_composed_and_made_visible),
        cmocka_unit_test(test_clip_holds_on_all_sides),
        cmocka_unit_test(test_names_are_cut_in_the_middle),
        cmocka_unit_test(test_ascii_folds_our_signs),
        cmocka_unit_test(test_lines_join),
        cmocka_unit_test(test_titles_drop_what_does_not_fit),
        cmocka_unit_test(test_columns_go_by_priority),
        cmocka_unit_test(test_sparks_span_their_own_range),
        cmocka_unit_test(test_text_is_wrapped),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    grid_free(&g);
    return failed;
}
