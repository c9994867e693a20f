libengine_a_SOURCES += \
	src/text/vocab.h src/text/vocab.c src/text/trie.h src/text/trie.c src/text/vocab_trie.h \
	src/text/wordpiece.h src/text/wordpiece.c src/text/normalise.h src/text/normalise.c \
	src/text/unicode_table.h src/text/unicode_table.c \
	src/text/corpus_reader.h src/text/corpus_reader.c
EXTRA_DIST += src/text/gen_unicode.awk
