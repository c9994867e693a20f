TEST_EXTENSIONS = .sh
LINTS = tests/lint/layers.sh tests/lint/sizes.sh tests/lint/residue.sh tests/lint/selftest.sh
TESTS += $(LINTS)
EXTRA_DIST += $(LINTS) tests/lint/layers.txt tests/threaded.txt
