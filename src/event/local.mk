libengine_a_SOURCES += src/event/event.h src/event/event.c
