noinst_LIBRARIES += libengine.a
libengine_a_SOURCES = \
	src/base/err.h src/base/err.c src/base/arena.h src/base/arena.c \
	src/base/str.h src/base/str.c src/base/rng.h src/base/rng.c \
	src/base/clock.h src/base/clock.c src/base/file.h src/base/file.c \
	src/base/json_in.h src/base/json_in.c src/base/large.h src/base/large.c \
	src/base/pool.h src/base/pool.c src/base/visible.h src/base/visible.c
