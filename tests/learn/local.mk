# Does each objective learn? A minute on two idle cores: make check-learn. The quickest of them is
# part of make check.
check_PROGRAMS += tests/learn/learn
tests_learn_learn_SOURCES = tests/learn/learn.c
tests_learn_learn_LDADD = $(TESTLIBS)
TESTS += tests/learn/quick.sh
EXTRA_DIST += tests/learn/quick.sh
check-learn: tests/learn/learn
	tests/learn/learn
.PHONY: check-learn
