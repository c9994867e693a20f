tests_parity_SOURCES += tests/parity_src/malformed.c
