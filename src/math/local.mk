# sources of this room. The folder simd is compiled once for each kernel set, with its flags; the
# objects join the engine.
libengine_a_SOURCES += \
	src/math/math.h src/math/math.c src/math/drop.h src/math/ref.h src/math/ref.c \
	src/math/ref_attention.c
KERNEL_SOURCES = src/math/simd/simd.h src/math/simd/kernels.h src/math/simd/vec.h \
	src/math/simd/philox.h src/math/simd/gemm.c src/math/simd/attention.c \
	src/math/simd/rows.c src/math/simd/flat.c src/math/simd/set.c
noinst_LIBRARIES += libportable.a
libportable_a_SOURCES = $(KERNEL_SOURCES)
libportable_a_CPPFLAGS = $(AM_CPPFLAGS) -DES_SET=portable
libengine_a_LIBADD = $(libportable_a_OBJECTS)
EXTRA_libengine_a_DEPENDENCIES = $(libportable_a_OBJECTS)
if X86_64
noinst_LIBRARIES += libavx2.a libavx512.a
libavx2_a_SOURCES = $(KERNEL_SOURCES)
libavx2_a_CPPFLAGS = $(AM_CPPFLAGS) -DES_SET=avx2 -DES_AVX2
libavx2_a_CFLAGS = $(AM_CFLAGS) -mavx2 -mfma
libavx512_a_SOURCES = $(KERNEL_SOURCES)
libavx512_a_CPPFLAGS = $(AM_CPPFLAGS) -DES_SET=avx512 -DES_AVX512
libavx512_a_CFLAGS = $(AM_CFLAGS) -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma \
	-mprefer-vector-width=512
libengine_a_LIBADD += $(libavx2_a_OBJECTS) $(libavx512_a_OBJECTS)
endif
