# unit tests of ui
check_PROGRAMS += tests/unit/ui/test_grid tests/unit/ui/test_format
tests_unit_ui_test_grid_SOURCES = tests/unit/ui/test_grid.c
tests_unit_ui_test_grid_LDADD = $(TESTLIBS)
tests_unit_ui_test_format_SOURCES = tests/unit/ui/test_format.c
tests_unit_ui_test_format_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_grid tests/unit/ui/test_format
check_PROGRAMS += tests/unit/ui/test_pack
tests_unit_ui_test_pack_SOURCES = tests/unit/ui/test_pack.c
tests_unit_ui_test_pack_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_pack
check_PROGRAMS += tests/unit/ui/test_chart
tests_unit_ui_test_chart_SOURCES = tests/unit/ui/test_chart.c
tests_unit_ui_test_chart_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_chart
check_PROGRAMS += tests/unit/ui/test_keys tests/unit/ui/test_runs
tests_unit_ui_test_keys_SOURCES = tests/unit/ui/test_keys.c
tests_unit_ui_test_keys_LDADD = $(TESTLIBS)
tests_unit_ui_test_runs_SOURCES = tests/unit/ui/test_runs.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_runs_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_keys tests/unit/ui/test_runs
check_PROGRAMS += tests/unit/ui/test_runs_list
tests_unit_ui_test_runs_list_SOURCES = tests/unit/ui/test_runs_list.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_runs_list_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_runs_list
check_PROGRAMS += tests/unit/ui/test_groups
tests_unit_ui_test_groups_SOURCES = tests/unit/ui/test_groups.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_groups_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_groups
check_PROGRAMS += tests/unit/ui/test_loop
tests_unit_ui_test_loop_SOURCES = tests/unit/ui/test_loop.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_loop_LDADD = $(TESTLIBS) -lutil
TESTS += tests/unit/ui/test_loop
check_PROGRAMS += tests/unit/ui/test_curves tests/unit/ui/test_tokens
tests_unit_ui_test_curves_SOURCES = tests/unit/ui/test_curves.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_curves_LDADD = $(TESTLIBS)
tests_unit_ui_test_tokens_SOURCES = tests/unit/ui/test_tokens.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture_tokens.c tests/unit/ui/fixture.h
tests_unit_ui_test_tokens_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_curves tests/unit/ui/test_tokens
check_PROGRAMS += tests/unit/ui/test_tokens_text
tests_unit_ui_test_tokens_text_SOURCES = tests/unit/ui/test_tokens_text.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture_tokens.c tests/unit/ui/fixture.h
tests_unit_ui_test_tokens_text_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_tokens_text
check_PROGRAMS += tests/unit/ui/test_ablations
tests_unit_ui_test_ablations_SOURCES = tests/unit/ui/test_ablations.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture_ablations.c tests/unit/ui/fixture.h
tests_unit_ui_test_ablations_LDADD = $(TESTLIBS)
check_PROGRAMS += tests/unit/ui/test_compare
tests_unit_ui_test_compare_SOURCES = tests/unit/ui/test_compare.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture_ablations.c tests/unit/ui/fixture.h
tests_unit_ui_test_compare_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_ablations tests/unit/ui/test_compare
EXTRA_DIST += tests/golden/ui
check_PROGRAMS += tests/unit/ui/test_launch
tests_unit_ui_test_launch_SOURCES = tests/unit/ui/test_launch.c tests/unit/ui/launch_rig.c \
	tests/unit/ui/launch_rig.h tests/unit/ui/fixture.c tests/unit/ui/fixture_tokens.c tests/unit/ui/fixture.h
tests_unit_ui_test_launch_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_launch
check_PROGRAMS += tests/unit/ui/test_export
tests_unit_ui_test_export_SOURCES = tests/unit/ui/test_export.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_export_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_export
check_PROGRAMS += tests/unit/ui/test_states
tests_unit_ui_test_states_SOURCES = tests/unit/ui/test_states.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture_tokens.c tests/unit/ui/fixture.h
tests_unit_ui_test_states_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_states
check_PROGRAMS += tests/unit/ui/test_shown
tests_unit_ui_test_shown_SOURCES = tests/unit/ui/test_shown.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture_tokens.c tests/unit/ui/fixture_ablations.c tests/unit/ui/fixture.h
tests_unit_ui_test_shown_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_shown
check_PROGRAMS += tests/unit/ui/test_launch_files
tests_unit_ui_test_launch_files_SOURCES = tests/unit/ui/test_launch_files.c tests/unit/ui/launch_rig.c \
	tests/unit/ui/launch_rig.h tests/unit/ui/fixture.c tests/unit/ui/fixture_tokens.c tests/unit/ui/fixture.h
tests_unit_ui_test_launch_files_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_launch_files
check_PROGRAMS += tests/unit/ui/test_curves_rail
tests_unit_ui_test_curves_rail_SOURCES = tests/unit/ui/test_curves_rail.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_curves_rail_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_curves_rail
check_PROGRAMS += tests/unit/ui/test_everywhere
tests_unit_ui_test_everywhere_SOURCES = tests/unit/ui/test_everywhere.c tests/unit/ui/fixture.c \
	tests/unit/ui/fixture_tokens.c tests/unit/ui/fixture_ablations.c \
	tests/unit/ui/fixture.h
tests_unit_ui_test_everywhere_LDADD = $(TESTLIBS)
TESTS += tests/unit/ui/test_everywhere
