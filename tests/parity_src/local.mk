# The parity program: build/tests/parity, sources in tests/parity_src.
noinst_PROGRAMS += tests/parity
tests_parity_SOURCES = tests/parity_src/parity.h tests/parity_src/main.c tests/parity_src/util.h \
	tests/parity_src/util.c tests/parity_src/forward.c tests/parity_src/train.c tests/parity_src/finetune.c \
	tests/parity_src/metrics.c tests/parity_src/sampling.c
tests_parity_LDADD = $(TESTLIBS)
include tests/parity_src/text.mk
include tests/parity_src/data.mk
