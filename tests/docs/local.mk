# What the documents say is run; the manual holds every command, option and field.
DOCS = tests/docs/run_examples.sh tests/docs/manual.sh
TESTS += $(DOCS)
EXTRA_DIST += $(DOCS)
