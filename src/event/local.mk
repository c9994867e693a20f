libengine_a_SOURCES += src/event/event.h src/event/event.c src/event/verdict.h src/event/verdict.c
