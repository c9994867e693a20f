# unit tests of experiments
check_PROGRAMS += tests/unit/experiments/test_pieces
tests_unit_experiments_test_pieces_SOURCES = tests/unit/experiments/test_pieces.c
tests_unit_experiments_test_pieces_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_pieces
