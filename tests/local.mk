# Each room adds its own test programs in tests/unit/ROOM/local.mk; the parity program has its own.
# A test that hangs ends as a failure.
LOG_COMPILER = timeout
AM_LOG_FLAGS = -k 5 600
SH_LOG_COMPILER = timeout
AM_SH_LOG_FLAGS = -k 5 600
TESTLIBS = libui.a libexperiments.a libstore.a libengine.a \
	$(CMOCKA_LIBS) $(NCURSES_LIBS) $(SQLITE_LIBS) $(ENGINE_LIBS)
include tests/unit/base/local.mk
include tests/unit/config/local.mk
include tests/unit/math/local.mk
include tests/unit/text/local.mk
include tests/unit/event/local.mk
include tests/unit/data/local.mk
include tests/unit/nn/local.mk
include tests/unit/task/local.mk
include tests/unit/train/local.mk
include tests/unit/db/local.mk
include tests/unit/experiments/local.mk
include tests/unit/ui/local.mk
include tests/unit/ui/cli.mk
include tests/parity_src/local.mk
include tests/transformers/local.mk
include tests/learn/local.mk
include tests/lint/local.mk
include tests/e2e/local.mk
include tests/faults/local.mk
include tests/fuzz/local.mk
include tests/docs/local.mk
