check_PROGRAMS += tests/transformers/exchange
tests_transformers_exchange_SOURCES = tests/transformers/exchange.c
tests_transformers_exchange_LDADD = $(TESTLIBS)
TESTS += tests/transformers/run.sh
EXTRA_DIST += tests/transformers/run.sh tests/transformers/exchange.py
