# sources of this room
libengine_a_SOURCES += \
	src/math/math.h src/math/math.c src/math/drop.h src/math/ref.h src/math/ref.c \
	src/math/ref_attention.c src/math/simd/simd.h
