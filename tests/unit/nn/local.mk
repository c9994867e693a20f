
check_PROGRAMS += tests/unit/nn/test_small_shape
tests_unit_nn_test_small_shape_SOURCES = tests/unit/nn/test_small_shape.c
tests_unit_nn_test_small_shape_LDADD = $(TESTLIBS)
TESTS += tests/unit/nn/test_small_shape
