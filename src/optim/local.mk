libengine_a_SOURCES += src/optim/adamw.h src/optim/adamw.c
