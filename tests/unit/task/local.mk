
check_PROGRAMS += tests/unit/task/test_heads
tests_unit_task_test_heads_SOURCES = tests/unit/task/test_heads.c
tests_unit_task_test_heads_LDADD = $(TESTLIBS)
TESTS += tests/unit/task/test_heads
check_PROGRAMS += tests/unit/task/test_readers
tests_unit_task_test_readers_SOURCES = tests/unit/task/test_readers.c
tests_unit_task_test_readers_LDADD = $(TESTLIBS)
TESTS += tests/unit/task/test_readers
check_PROGRAMS += tests/unit/task/test_squad
tests_unit_task_test_squad_SOURCES = tests/unit/task/test_squad.c tests/unit/task/toy.h tests/unit/task/toy.c
tests_unit_task_test_squad_LDADD = $(TESTLIBS)
TESTS += tests/unit/task/test_squad
check_PROGRAMS += tests/unit/task/test_finetune
tests_unit_task_test_finetune_SOURCES = tests/unit/task/test_finetune.c tests/unit/task/toy.h tests/unit/task/toy.c
tests_unit_task_test_finetune_LDADD = $(TESTLIBS)
TESTS += tests/unit/task/test_finetune
