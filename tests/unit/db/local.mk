# unit tests of db
db_rig = tests/unit/db/rig.c tests/unit/db/rig.h
check_PROGRAMS += tests/unit/db/test_store
tests_unit_db_test_store_SOURCES = tests/unit/db/test_store.c $(db_rig)
tests_unit_db_test_store_LDADD = $(TESTLIBS)
TESTS += tests/unit/db/test_store
check_PROGRAMS += tests/unit/db/test_recorder
tests_unit_db_test_recorder_SOURCES = tests/unit/db/test_recorder.c $(db_rig)
tests_unit_db_test_recorder_LDADD = $(TESTLIBS)
TESTS += tests/unit/db/test_recorder
