/* Where the vocabulary of a run is found, and what it says about ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "experiments/pieces.h"
#include "src/base/err.h"
#include "src/base/file.h"

static char dir[] = "/tmp/es-pieces-XXXXXX";

static void put(const char *path, const char *word)
{
    char full[400], text[200];
    snprintf(full, sizeof full, "%s/%s", dir, path);
    *strrchr(full, '/') = 0;
    assert_int_equal(file_mkdirs(full, NULL), 0);
    full[strlen(full)] = '/';
    int n = snprintf(text, sizeof text, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n%s\n##ing\n", word);
    assert_int_equal(file_write_atomic(full, text, (size_t)n, NULL), 0);
}

static void test_the_nearest_vocabulary_is_taken(void **state)
{
    (void)state;
    struct workspace w;
    struct config c;
    struct err err = {0};
    char step[200];
    memset(&w, 0, sizeof w);
    snprintf(w.corpora, sizeof w.corpora, "%s/corpora", dir);
    snprintf(step, sizeof step, "%s/checkpoints/1/100", dir);
    config_default(&c);
    strcpy(c.corpus, "bible");
    assert_null(pieces_open(&w, &c, "", &err));
    assert_int_equal(err.code, E_NOTFOUND);
    assert_non_null(strstr(err.text, "bible"));
    put("own.txt", "own");
    snprintf(c.vocab, sizeof c.vocab, "%s/own.txt", dir);
    struct pieces *p = pieces_open(&w, &c, "", &err);
    assert_string_equal(pieces_get(p, 5), "own");
    pieces_close(p);
    put("corpora/bible/vocab.txt", "corpus");
    p = pieces_open(&w, &c, step, &err); /* the checkpoint is not there yet */
    assert_string_equal(pieces_get(p, 5), "corpus");
    pieces_close(p);
    put("checkpoints/1/100/generator/vocab.txt", "saved");
    p = pieces_open(&w, &c, step, &err);
    assert_non_null(p);
    assert_int_equal(pieces_size(p), 7);
    assert_string_equal(pieces_get(p, 5), "saved");
    assert_string_equal(pieces_get(p, 6), "##ing");
    assert_null(pieces_get(p, 7));
    assert_null(pieces_get(p, -1));
    assert_true(pieces_special(p, 4));
    assert_false(pieces_special(p, 5));
    pieces_close(p);
    pieces_close(NULL);
}

static void test_ranks_are_those_of_the_corpus(void **state)
{
    (void)state;
    const uint64_t count[7] = {0, 3, 0, 0, 0, 90, 7};
    struct workspace w;
    struct config c;
    char path[200];
    memset(&w, 0, sizeof w);
    snprintf(w.corpora, sizeof w.corpora, "%s/corpora", dir);
    config_default(&c);
    strcpy(c.corpus, "ranked");
    put("corpora/ranked/vocab.txt", "often");
    struct pieces *p = pieces_open(&w, &c, "", NULL);
    assert_false(pieces_ranked(p));
    assert_int_equal(pieces_rank(p, 5), 0);
    pieces_close(p);
    snprintf(path, sizeof path, "%s/corpora/ranked/counts.u64", dir);
    assert_int_equal(file_write_atomic(path, count, sizeof count, NULL), 0);
    p = pieces_open(&w, &c, "", NULL);
    assert_true(pieces_ranked(p));
    assert_int_equal(pieces_rank(p, 5), 1);
    assert_int_equal(pieces_rank(p, 6), 2);
    assert_int_equal(pieces_rank(p, 1), 3);
    assert_int_equal(pieces_rank(p, 0), 0); /* not in the text */
    assert_int_equal(pieces_rank(p, 7), 0);
    pieces_close(p);
    assert_int_equal(file_write_atomic(path, count, sizeof count - 8, NULL), 0); /* of another vocabulary */
    p = pieces_open(&w, &c, "", NULL);
    assert_false(pieces_ranked(p));
    pieces_close(p);
}

int main(void)
{
    if (!mkdtemp(dir)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nearest_vocabulary_is_taken),
        cmocka_unit_test(test_ranks_are_those_of_the_corpus),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) ? 1 : rc;
}
