libengine_a_SOURCES += src/model/model.h src/model/model.c
