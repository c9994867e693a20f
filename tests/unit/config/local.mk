check_PROGRAMS += tests/unit/config/test_config
tests_unit_config_test_config_SOURCES = tests/unit/config/test_config.c
tests_unit_config_test_config_LDADD = $(TESTLIBS)
TESTS += tests/unit/config/test_config
