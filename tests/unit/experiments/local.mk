# unit tests of experiments
check_PROGRAMS += tests/unit/experiments/test_pieces
tests_unit_experiments_test_pieces_SOURCES = tests/unit/experiments/test_pieces.c
tests_unit_experiments_test_pieces_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_pieces
RIG_EXPERIMENTS = tests/unit/experiments/rig.h tests/unit/experiments/rig.c
check_PROGRAMS += tests/unit/experiments/test_workspace tests/unit/experiments/test_prepare
tests_unit_experiments_test_workspace_SOURCES = tests/unit/experiments/test_workspace.c \
	$(RIG_EXPERIMENTS)
tests_unit_experiments_test_workspace_LDADD = $(TESTLIBS)
tests_unit_experiments_test_prepare_SOURCES = tests/unit/experiments/test_prepare.c \
	$(RIG_EXPERIMENTS)
tests_unit_experiments_test_prepare_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_workspace tests/unit/experiments/test_prepare
HOST_RIG_EXPERIMENTS = tests/unit/experiments/host_rig.h tests/unit/experiments/host_rig.c
check_PROGRAMS += tests/unit/experiments/test_host tests/unit/experiments/test_spawn
tests_unit_experiments_test_host_SOURCES = tests/unit/experiments/test_host.c $(RIG_EXPERIMENTS) \
	$(HOST_RIG_EXPERIMENTS)
tests_unit_experiments_test_host_LDADD = $(TESTLIBS)
tests_unit_experiments_test_spawn_SOURCES = tests/unit/experiments/test_spawn.c $(RIG_EXPERIMENTS) \
	$(HOST_RIG_EXPERIMENTS)
tests_unit_experiments_test_spawn_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_host tests/unit/experiments/test_spawn
check_PROGRAMS += tests/unit/experiments/test_sweep
tests_unit_experiments_test_sweep_SOURCES = tests/unit/experiments/test_sweep.c $(RIG_EXPERIMENTS) \
	$(HOST_RIG_EXPERIMENTS)
tests_unit_experiments_test_sweep_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_sweep
check_PROGRAMS += tests/unit/experiments/test_stats
tests_unit_experiments_test_stats_SOURCES = tests/unit/experiments/test_stats.c
tests_unit_experiments_test_stats_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_stats
check_PROGRAMS += tests/unit/experiments/test_ablation
tests_unit_experiments_test_ablation_SOURCES = tests/unit/experiments/test_ablation.c
tests_unit_experiments_test_ablation_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_ablation
check_PROGRAMS += tests/unit/experiments/test_estimate
tests_unit_experiments_test_estimate_SOURCES = tests/unit/experiments/test_estimate.c $(RIG_EXPERIMENTS)
tests_unit_experiments_test_estimate_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_estimate
check_PROGRAMS += tests/unit/experiments/test_branch
tests_unit_experiments_test_branch_SOURCES = tests/unit/experiments/test_branch.c $(RIG_EXPERIMENTS) \
	$(HOST_RIG_EXPERIMENTS)
tests_unit_experiments_test_branch_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_branch
check_PROGRAMS += tests/unit/experiments/test_own
tests_unit_experiments_test_own_SOURCES = tests/unit/experiments/test_own.c $(RIG_EXPERIMENTS) \
	$(HOST_RIG_EXPERIMENTS)
tests_unit_experiments_test_own_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_own
check_PROGRAMS += tests/unit/experiments/test_speed
tests_unit_experiments_test_speed_SOURCES = tests/unit/experiments/test_speed.c
tests_unit_experiments_test_speed_LDADD = $(TESTLIBS)
TESTS += tests/unit/experiments/test_speed
