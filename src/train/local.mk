# sources of this room
libengine_a_SOURCES += src/train/core.h src/train/core.c src/train/bench.h src/train/bench.c \
	src/train/run.h src/train/checkpoint.h
