tests_parity_SOURCES += tests/parity_src/tokenizer.c tests/parity_src/vocabtrain.c \
	tests/parity_src/sha256.h tests/parity_src/sha256.c
