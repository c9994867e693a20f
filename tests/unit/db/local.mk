# unit tests of db
db_rig = tests/unit/db/rig.c tests/unit/db/rig.h
db_tests = tests/unit/db/test_store tests/unit/db/test_recorder tests/unit/db/test_rollup \
	tests/unit/db/test_csv tests/unit/db/test_schema tests/unit/db/test_kill \
	tests/unit/db/test_hostile
check_PROGRAMS += $(db_tests)
TESTS += $(db_tests)
tests_unit_db_test_store_SOURCES = tests/unit/db/test_store.c $(db_rig)
tests_unit_db_test_store_LDADD = $(TESTLIBS)
tests_unit_db_test_recorder_SOURCES = tests/unit/db/test_recorder.c $(db_rig)
tests_unit_db_test_recorder_LDADD = $(TESTLIBS)
tests_unit_db_test_rollup_SOURCES = tests/unit/db/test_rollup.c $(db_rig)
tests_unit_db_test_rollup_LDADD = $(TESTLIBS)
tests_unit_db_test_csv_SOURCES = tests/unit/db/test_csv.c $(db_rig)
tests_unit_db_test_csv_LDADD = $(TESTLIBS)
tests_unit_db_test_schema_SOURCES = tests/unit/db/test_schema.c $(db_rig)
tests_unit_db_test_schema_LDADD = $(TESTLIBS)
tests_unit_db_test_schema_LDFLAGS = -Wl,--wrap=statfs
tests_unit_db_test_kill_SOURCES = tests/unit/db/test_kill.c $(db_rig)
tests_unit_db_test_kill_LDADD = $(TESTLIBS)
tests_unit_db_test_hostile_SOURCES = tests/unit/db/test_hostile.c $(db_rig)
tests_unit_db_test_hostile_LDADD = $(TESTLIBS)
# speed by hand: make tests/bench/store_speed
EXTRA_PROGRAMS += tests/bench/store_speed
tests_bench_store_speed_SOURCES = tests/bench/store_speed.c
tests_bench_store_speed_LDADD = $(TESTLIBS)
# a store for tests/bench/loads.py
EXTRA_PROGRAMS += tests/bench/load_store
tests_bench_load_store_SOURCES = tests/bench/load_store.c
tests_bench_load_store_LDADD = $(TESTLIBS)
