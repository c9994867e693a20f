libengine_a_SOURCES += src/event/event.h src/event/event.c src/event/verdict.h src/event/verdict.c
libengine_a_SOURCES += src/event/diagnosis.h src/event/diagnosis.c
libengine_a_SOURCES += src/event/caption.h src/event/caption.c
