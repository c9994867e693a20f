libengine_a_SOURCES += src/model/safetensors.h src/model/safetensors.c src/model/hf.h src/model/hf.c \
	src/model/hf_save.c src/model/hf_shard.c src/model/hf_foreign.c
