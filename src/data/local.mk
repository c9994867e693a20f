libengine_a_SOURCES += src/data/corpus.h src/data/corpus_int.h src/data/corpus_build.c \
	src/data/corpus.c src/data/sequences.h src/data/sequences.c src/data/faithful.h src/data/faithful.c
