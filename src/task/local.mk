libengine_a_SOURCES += src/task/score.h src/task/score.c src/task/squad_score.c
