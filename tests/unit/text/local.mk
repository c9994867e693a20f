check_PROGRAMS += tests/unit/text/test_wordpiece tests/unit/text/test_vocab \
	tests/unit/text/test_normalise tests/unit/text/test_corpus_reader \
	tests/unit/text/test_vocab_train
tests_unit_text_test_wordpiece_SOURCES = tests/unit/text/test_wordpiece.c
tests_unit_text_test_wordpiece_LDADD = $(TESTLIBS)
tests_unit_text_test_vocab_SOURCES = tests/unit/text/test_vocab.c
tests_unit_text_test_vocab_LDADD = $(TESTLIBS)
tests_unit_text_test_normalise_SOURCES = tests/unit/text/test_normalise.c
tests_unit_text_test_normalise_LDADD = $(TESTLIBS)
tests_unit_text_test_corpus_reader_SOURCES = tests/unit/text/test_corpus_reader.c
tests_unit_text_test_corpus_reader_LDADD = $(TESTLIBS)
tests_unit_text_test_vocab_train_SOURCES = tests/unit/text/test_vocab_train.c
tests_unit_text_test_vocab_train_LDADD = $(TESTLIBS)
TESTS += tests/unit/text/test_wordpiece tests/unit/text/test_vocab \
	tests/unit/text/test_normalise tests/unit/text/test_corpus_reader \
	tests/unit/text/test_vocab_train
