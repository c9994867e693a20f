tests_parity_parity_SOURCES += tests/parity/tokenizer.c tests/parity/vocabtrain.c \
	tests/parity/sha256.h tests/parity/sha256.c
