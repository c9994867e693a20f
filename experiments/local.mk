noinst_LIBRARIES += libexperiments.a
libexperiments_a_SOURCES =
libexperiments_a_SOURCES += experiments/pieces.h experiments/pieces.c
