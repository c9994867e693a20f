
check_PROGRAMS += tests/unit/nn/test_small_shape
tests_unit_nn_test_small_shape_SOURCES = tests/unit/nn/test_small_shape.c
tests_unit_nn_test_small_shape_LDADD = $(TESTLIBS)
TESTS += tests/unit/nn/test_small_shape
check_PROGRAMS += tests/unit/nn/test_gradient
tests_unit_nn_test_gradient_SOURCES = tests/unit/nn/test_gradient.c tests/unit/nn/rig.c tests/unit/nn/rig.h
tests_unit_nn_test_gradient_LDADD = $(TESTLIBS)
TESTS += tests/unit/nn/test_gradient
check_PROGRAMS += tests/unit/nn/test_learner
tests_unit_nn_test_learner_SOURCES = tests/unit/nn/test_learner.c tests/unit/nn/rig.c tests/unit/nn/rig.h
tests_unit_nn_test_learner_LDADD = $(TESTLIBS)
tests_unit_nn_test_learner_LDFLAGS = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc
TESTS += tests/unit/nn/test_learner
check_PROGRAMS += tests/unit/nn/test_model
tests_unit_nn_test_model_SOURCES = tests/unit/nn/test_model.c
tests_unit_nn_test_model_LDADD = $(TESTLIBS)
TESTS += tests/unit/nn/test_model
