libengine_a_SOURCES += src/model/safetensors.c src/model/safetensors.h \
	src/model/safetensors_write.c
