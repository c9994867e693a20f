libengine_a_SOURCES += src/model/model.h src/model/model.c
include src/model/hf.mk
