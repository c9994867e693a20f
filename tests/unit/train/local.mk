# unit tests of train
check_PROGRAMS += tests/unit/train/test_bench
tests_unit_train_test_bench_SOURCES = tests/unit/train/test_bench.c
tests_unit_train_test_bench_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_bench
