# unit tests of data
check_PROGRAMS += tests/unit/data/test_corpus
tests_unit_data_test_corpus_SOURCES = tests/unit/data/test_corpus.c
tests_unit_data_test_corpus_LDADD = $(TESTLIBS)
TESTS += tests/unit/data/test_corpus
