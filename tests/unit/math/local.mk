# unit tests of math
check_PROGRAMS += tests/unit/math/test_math tests/unit/math/test_gradients
tests_unit_math_test_math_SOURCES = tests/unit/math/test_math.c
tests_unit_math_test_math_LDADD = $(TESTLIBS)
tests_unit_math_test_gradients_SOURCES = tests/unit/math/test_gradients.c
tests_unit_math_test_gradients_LDADD = $(TESTLIBS)
TESTS += tests/unit/math/test_math tests/unit/math/test_gradients
# speed by hand: make bench, or make tests/bench/gemm_shapes
EXTRA_PROGRAMS = tests/bench/gemm_shapes
tests_bench_gemm_shapes_SOURCES = tests/bench/gemm_shapes.c
tests_bench_gemm_shapes_LDADD = $(TESTLIBS)
EXTRA_DIST += tests/bench/NOTES.md tests/bench/peers.sh tests/bench/peers.py tests/bench/loads.py

# The whole table; with PEERS_VENV also PyTorch and Hugging Face's tokenizers, in turn with ours.
bench: electroscope tests/bench/gemm_shapes
	tests/bench/gemm_shapes
	./electroscope bench --all
	$(srcdir)/tests/bench/peers.sh ./electroscope
.PHONY: bench
