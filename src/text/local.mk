libengine_a_SOURCES += \
	src/text/vocab.h src/text/vocab.c src/text/trie.h src/text/trie.c src/text/vocab_trie.h \
	src/text/wordpiece.h src/text/wordpiece.c src/text/normalise.h src/text/normalise.c \
	src/text/unicode_table.h src/text/unicode_table.c \
	src/text/corpus_reader.h src/text/corpus_reader.c \
	src/text/vocab_train.h src/text/vocab_train.c src/text/word_table.h src/text/word_table.c \
	src/text/pair_queue.h src/text/pair_queue.c
EXTRA_DIST += src/text/gen_unicode.awk
