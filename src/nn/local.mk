libengine_a_SOURCES += src/nn/param.h src/nn/param.c src/nn/encoder.h src/nn/encoder.c src/nn/encoder_int.h src/nn/encoder_grad.c src/nn/head.h src/nn/head.c \
	src/nn/pack.h src/nn/pack.c src/nn/wgrad.h src/nn/wgrad.c
