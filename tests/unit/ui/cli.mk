# unit tests of the command line
check_PROGRAMS += tests/unit/ui/test_cli
tests_unit_ui_test_cli_SOURCES = tests/unit/ui/test_cli.c
tests_unit_ui_test_cli_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_cli
