# End-to-end tests: the program itself in a workspace of its own, one a line.
E2E = \
	tests/e2e/text.sh \
	tests/e2e/contract.sh \
	tests/e2e/resume.sh \
	tests/e2e/escape.sh \
	tests/e2e/host.sh \
	tests/e2e/experiments.sh \
	tests/e2e/tables.sh \
	tests/e2e/branch.sh \
	tests/e2e/layout.sh \
	tests/e2e/replay.sh \
	tests/e2e/uses.sh \
	tests/e2e/full.sh
TESTS += $(E2E)
EXTRA_DIST += $(E2E) tests/e2e/lib.sh
check_PROGRAMS += tests/e2e/typist
tests_e2e_typist_SOURCES = tests/e2e/typist.c
tests_e2e_typist_LDADD = $(SQLITE_LIBS) -lutil
