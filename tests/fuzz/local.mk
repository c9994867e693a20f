# Every parser of input from outside under a mutation engine: a slice of each target is part of make
# check; make check-fuzz builds with the address and undefined-behaviour sanitizers, in fuzz-asan/,
# and runs RUNS cases of each.
check_PROGRAMS += tests/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/fuzz/mutate.c tests/fuzz/memory.c \
	tests/fuzz/targets_model.c tests/fuzz/targets_text.c tests/fuzz/targets_task.c \
	tests/fuzz/targets_host.c tests/fuzz/targets_ui.c tests/fuzz/targets_store.c tests/fuzz/targets_screens.c \
	tests/fuzz/store_damage.c tests/fuzz/store_damage.h tests/unit/ui/fixture.c tests/unit/ui/fixture_tokens.c \
	tests/unit/ui/fixture_ablations.c tests/unit/ui/fixture.h \
	tests/unit/task/toy.c tests/unit/task/toy.h
tests_fuzz_fuzz_LDADD = $(TESTLIBS)
TESTS += tests/fuzz/fuzz
EXTRA_DIST += tests/fuzz/target.def
RUNS = 100000
SEED = 1
check-fuzz:
	$(MKDIR_P) fuzz-asan
	cd fuzz-asan && { test -f Makefile || $(abs_srcdir)/configure -q --enable-sanitizers=address,undefined CFLAGS="-O1 -g"; }
	$(MAKE) -C fuzz-asan tests/fuzz/fuzz
	cd fuzz-asan && srcdir=$(abs_srcdir) tests/fuzz/fuzz all $(SEED) $(RUNS)
.PHONY: check-fuzz
