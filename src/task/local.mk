libengine_a_SOURCES += src/task/score.h src/task/score.c src/task/squad_score.c
libengine_a_SOURCES += src/task/tuner.h src/task/tuner_int.h src/task/tuner.c src/task/head_class.c \
	src/task/head_span.c src/task/head_joint.c src/task/layerwise.h src/task/layerwise.c
