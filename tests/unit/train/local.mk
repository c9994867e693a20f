# unit tests of train
check_PROGRAMS += tests/unit/train/test_bench
tests_unit_train_test_bench_SOURCES = tests/unit/train/test_bench.c
tests_unit_train_test_bench_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_bench
check_PROGRAMS += tests/unit/train/test_run
tests_unit_train_test_run_SOURCES = tests/unit/train/test_run.c tests/unit/train/rig.c tests/unit/train/rig.h
tests_unit_train_test_run_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_run
check_PROGRAMS += tests/unit/train/test_checkpoint
tests_unit_train_test_checkpoint_SOURCES = tests/unit/train/test_checkpoint.c tests/unit/train/rig.c \
	tests/unit/train/rig.h
tests_unit_train_test_checkpoint_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_checkpoint
check_PROGRAMS += tests/unit/train/test_score
tests_unit_train_test_score_SOURCES = tests/unit/train/test_score.c tests/unit/train/rig.c tests/unit/train/rig.h
tests_unit_train_test_score_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_score
check_PROGRAMS += tests/unit/train/test_start
tests_unit_train_test_start_SOURCES = tests/unit/train/test_start.c tests/unit/train/rig.c tests/unit/train/rig.h
tests_unit_train_test_start_LDADD = $(TESTLIBS)
tests_unit_train_test_start_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc
TESTS += tests/unit/train/test_start
check_PROGRAMS += tests/unit/train/test_health
tests_unit_train_test_health_SOURCES = tests/unit/train/test_health.c tests/unit/train/rig.c tests/unit/train/rig.h
tests_unit_train_test_health_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_health
check_PROGRAMS += tests/unit/train/test_replay
tests_unit_train_test_replay_SOURCES = tests/unit/train/test_replay.c tests/unit/train/rig.c tests/unit/train/rig.h
tests_unit_train_test_replay_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_replay
check_PROGRAMS += tests/unit/train/test_pairs
tests_unit_train_test_pairs_SOURCES = tests/unit/train/test_pairs.c tests/unit/train/rig.c tests/unit/train/rig.h
tests_unit_train_test_pairs_LDADD = $(TESTLIBS)
TESTS += tests/unit/train/test_pairs
