# unit tests of event
check_PROGRAMS += tests/unit/event/test_verdict
tests_unit_event_test_verdict_SOURCES = tests/unit/event/test_verdict.c
tests_unit_event_test_verdict_LDADD = $(TESTLIBS)
TESTS += tests/unit/event/test_verdict
check_PROGRAMS += tests/unit/event/test_diagnosis
tests_unit_event_test_diagnosis_SOURCES = tests/unit/event/test_diagnosis.c
tests_unit_event_test_diagnosis_LDADD = $(TESTLIBS)
TESTS += tests/unit/event/test_diagnosis
check_PROGRAMS += tests/unit/event/test_caption
tests_unit_event_test_caption_SOURCES = tests/unit/event/test_caption.c
tests_unit_event_test_caption_LDADD = $(TESTLIBS)
TESTS += tests/unit/event/test_caption
