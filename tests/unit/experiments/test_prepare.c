/* Text to corpus: names, the cache, the demo's text, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/prepare.h"
#include "src/base/err.h"
#include "src/base/file.h"
#include "src/data/corpus.h"
#include "tests/unit/experiments/rig.h"

static struct rig rig;
static char stages[400];
static int warned, stop_after;

static int setup(void **state)
{
    (void)state;
    return rig_open(&rig, "test_prepare");
}

static int teardown(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void progress(void *ud, const char *stage, double done)
{
    (void)ud;
    assert_true(done >= -1 && done <= 1.0001);
    if (!strstr(stages, stage))
        snprintf(stages + strlen(stages), sizeof stages - strlen(stages), "%s;", stage);
}

static void warn(void *ud, const char *text)
{
    (void)ud;
    (void)text;
    warned++;
}

static int stop(void *ud)
{
    (void)ud;
    return stop_after && !--stop_after;
}

static const struct prepare_hooks hooks = {progress, warn, stop, NULL};

static int prepare(const struct config *c, struct prepared *p, struct err *err)
{
    struct config mine = *c;
    stages[0] = 0;
    int rc = prepare_paths(&rig.w, &mine, err);
    return rc ? rc : prepare_corpus(&rig.w, &mine, &hooks, p, err);
}

static void the_same_text_is_packed_once(void **state)
{
    (void)state;
    struct config c;
    struct prepared first, again, copy, other;
    struct err err = {0};
    char path[400], command[1000];
    rig_config(&rig, &c, 10);
    if (prepare(&c, &first, &err))
        fail_msg("%s", err.text);
    assert_false(first.reused);
    assert_non_null(strstr(stages, "counting words"));
    assert_non_null(strstr(stages, "packing"));
    assert_true(first.vocab_size > 60 && first.vocab_size <= 120);
    assert_int_equal(first.stats.documents, 1500);
    assert_int_equal(prepare(&c, &again, &err), 0);
    assert_true(again.reused);
    assert_string_equal(again.dir, first.dir);
    assert_true(again.corpus_hash == first.corpus_hash);
    assert_null(strstr(stages, "packing"));
    /* The same words from elsewhere, compressed. */
    snprintf(path, sizeof path, "%s/text.txt.gz", rig.dir);
    snprintf(command, sizeof command, "gzip -c '%s' > '%s'", rig.text, path);
    assert_int_equal(system(command), 0);
    rig_put(c.corpus, sizeof c.corpus, "%s", path);
    assert_int_equal(prepare(&c, &copy, &err), 0);
    assert_string_equal(copy.dir, first.dir);
    /* Another size of vocabulary is another corpus. */
    c.vocab_size = 70;
    assert_int_equal(prepare(&c, &other, &err), 0);
    assert_false(other.reused);
    assert_string_not_equal(other.dir, first.dir);
    assert_int_equal(other.vocab_size, 70);
}

/* A packed corpus is called after its text, in every script; cut between characters. */
static void a_corpus_is_named_after_its_text(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"성경 1.txt", "/성경-1-"}, {"a\xff" "b\xe2\x80\xae" "c d.txt", "/a-b-c-d-"},
        {"가나다라마바사아자차카타파하.txt", "/가나다라마바사아자차카타파-"}, /* 40 bytes at most */
    };
    struct config c;
    struct prepared p;
    struct err err = {0};
    char path[400], command[1000];
    rig_config(&rig, &c, 10);
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", rig.dir, names[i][0]);
        snprintf(command, sizeof command, "cp '%s' '%s'", rig.text, path);
        assert_int_equal(system(command), 0);
        rig_put(c.corpus, sizeof c.corpus, "%s", path);
        c.vocab_size = 80 + i; /* not the corpus that is there already */
        if (prepare(&c, &p, &err))
            fail_msg("%s", err.text);
        assert_non_null(strstr(p.dir, names[i][1]));
    }
}

static void a_changed_word_is_another_corpus(void **state)
{
    (void)state;
    struct config c;
    struct prepared a, b;
    char path[400];
    struct err err = {0};
    snprintf(path, sizeof path, "%s/changing.txt", rig.dir);
    rig_config(&rig, &c, 10);
    rig_put(c.corpus, sizeof c.corpus, "%s", path);
    rig_text(path, 1500, 5);
    assert_int_equal(prepare(&c, &a, &err), 0);
    FILE *f = fopen(path, "r+");
    fputs("wzz", f);
    fclose(f);
    assert_int_equal(prepare(&c, &b, &err), 0);
    assert_false(b.reused);
    assert_true(a.corpus_hash != b.corpus_hash);
}

static void packed_corpora_go_by_name(void **state)
{
    (void)state;
    struct config c;
    struct prepared made, named;
    struct err err = {0};
    char dir[1200], other[400];
    rig_config(&rig, &c, 10);
    assert_int_equal(prepare(&c, &made, &err), 0);
    assert_int_equal(prepare_corpus_dir(&rig.w, "mine", dir, sizeof dir, &err), 0);
    assert_int_equal(rename(made.dir, dir), 0);
    rig_put(c.corpus, sizeof c.corpus, "mine");
    assert_int_equal(prepare(&c, &named, &err), 0);
    assert_string_equal(named.dir, dir);
    assert_true(named.corpus_hash == made.corpus_hash);
    /* Another vocabulary than the corpus's own would give other ids. */
    snprintf(other, sizeof other, "%s/vocab.txt", rig.dir);
    assert_int_equal(file_write_atomic(other, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nx\n", 34, NULL), 0);
    rig_put(c.vocab, sizeof c.vocab, "%s", other);
    assert_int_equal(prepare(&c, &named, &err), E_USAGE);
    assert_non_null(strstr(err.text, "vocabulary"));
    static const char *const bad[] = {"", ".", "..", ".x", "a/b", "a,b", "../x", "\033[1m"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(prepare_corpus_dir(&rig.w, bad[i], dir, sizeof dir, &err), E_USAGE);
    assert_null(strchr(err.text, '\033'));
}

static void a_given_vocabulary_is_used(void **state)
{
    (void)state;
    struct config c;
    struct prepared p;
    struct err err = {0};
    char vocab[400];
    snprintf(vocab, sizeof vocab, "%s/given.txt", rig.dir);
    FILE *f = fopen(vocab, "w");
    fputs("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nw\n", f);
    for (int i = 0; i < 8; i++)
        fprintf(f, "##%c\n", 'a' + i);
    fclose(f);
    rig_config(&rig, &c, 10);
    rig_put(c.vocab, sizeof c.vocab, "%s", vocab);
    if (prepare(&c, &p, &err))
        fail_msg("%s", err.text);
    assert_int_equal(p.vocab_size, 14);
    assert_null(strstr(stages, "counting words"));
    assert_true(file_exists(vocab));
}

static void validation_text_is_the_held_out_split(void **state)
{
    (void)state;
    struct config c;
    struct prepared p;
    struct err err = {0};
    rig_config(&rig, &c, 10);
    rig_put(c.validation, sizeof c.validation, "%s/valid.txt", rig.dir);
    rig_text(c.validation, 50, 9);
    if (prepare(&c, &p, &err))
        fail_msg("%s", err.text);
    assert_int_equal(p.stats.heldout_documents, 50);
    assert_int_equal(p.stats.documents, 1550);
}

static void too_little_text_says_what_to_do(void **state)
{
    (void)state;
    struct config c;
    struct prepared p;
    struct err err = {0};
    rig_config(&rig, &c, 10);
    rig_put(c.corpus, sizeof c.corpus, "%s/short.txt", rig.dir);
    rig_text(c.corpus, 20, 2);
    assert_int_equal(prepare(&c, &p, &err), E_INPUT);
    assert_non_null(strstr(err.text, "--validation"));
}

static void names_that_are_nothing_are_refused_by_name(void **state)
{
    (void)state;
    struct config c;
    struct prepared p;
    struct err err = {0};
    rig_config(&rig, &c, 10);
    rig_put(c.corpus, sizeof c.corpus, "no-such-corpus");
    assert_int_equal(prepare(&c, &p, &err), E_NOTFOUND);
    assert_non_null(strstr(err.text, "no-such-corpus"));
    rig_put(c.corpus, sizeof c.corpus, "%s,/no/such/file", rig.text);
    assert_true(prepare(&c, &p, &err) < 0);
    assert_non_null(strstr(err.text, "/no/such/file"));
    c.corpus[0] = 0;
    assert_int_equal(prepare(&c, &p, &err), E_USAGE);
}

static void a_stop_leaves_nothing_half_made(void **state)
{
    (void)state;
    struct config c;
    struct prepared p;
    struct err err = {0};
    char command[400];
    rig_config(&rig, &c, 10);
    c.vocab_size = 77;
    for (int k = 1; k < 4; k++) {
        stop_after = k;
        assert_int_equal(prepare(&c, &p, &err), E_STOPPED);
    }
    stop_after = 0;
    rig_put(command, sizeof command, "ls -A '%s' | grep -q -e tmp -e '\\.vocab\\.'", rig.w.corpora);
    assert_int_not_equal(system(command), 0);
    assert_int_equal(prepare(&c, &p, &err), 0);
    assert_false(p.reused);
}

/* A stand-in for the program bible that gives as many verses as there are. */
static void the_demo_text_has_a_chapter_a_document(void **state)
{
    (void)state;
    char path[1100], bin[400], command[1000], *text, *old = strdup(getenv("PATH"));
    size_t n;
    struct err err = {0};
    snprintf(bin, sizeof bin, "%s/bin", rig.dir);
    assert_int_equal(mkdir(bin, 0777), 0);
    snprintf(command, sizeof command,
             "printf '#!/bin/sh\\nawk \"BEGIN { for (i = 0; i < 31102; i++) printf \\\\\"Ge%%%%d:%%%%d "
             "verse %%%%d\\\\\\\\n\\\\\", i / 100 + 1, i %%%% 100 + 1, i }\"\\n' > '%s/bible' && chmod +x "
             "'%s/bible'", bin, bin);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s:%s", bin, old);
    setenv("PATH", command, 1);
    int rc = prepare_demo_text(&rig.w, path, sizeof path, &err);
    setenv("PATH", old, 1);
    free(old);
    if (rc)
        fail_msg("%s", err.text);
    assert_int_equal(file_read(path, 1 << 24, &text, &n, &err), 0);
    assert_memory_equal(text, "verse 0\nverse 1\n", 16);
    assert_non_null(strstr(text, "verse 99\n\nverse 100\n"));
    assert_null(strstr(text, "Ge"));
    free(text);
    /* Written once: without the program it is there still. */
    assert_int_equal(prepare_demo_text(&rig.w, path, sizeof path, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_is_packed_once),
        cmocka_unit_test(a_corpus_is_named_after_its_text),
        cmocka_unit_test(a_changed_word_is_another_corpus),
        cmocka_unit_test(packed_corpora_go_by_name),
        cmocka_unit_test(a_given_vocabulary_is_used),
        cmocka_unit_test(validation_text_is_the_held_out_split),
        cmocka_unit_test(too_little_text_says_what_to_do),
        cmocka_unit_test(names_that_are_nothing_are_refused_by_name),
        cmocka_unit_test(a_stop_leaves_nothing_half_made),
        cmocka_unit_test(the_demo_text_has_a_chapter_a_document),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
