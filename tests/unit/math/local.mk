# unit tests of math
check_PROGRAMS += tests/unit/math/test_math
tests_unit_math_test_math_SOURCES = tests/unit/math/test_math.c
tests_unit_math_test_math_LDADD = $(TESTLIBS)
TESTS += tests/unit/math/test_math
