libengine_a_SOURCES += src/task/score.h src/task/score.c src/task/squad_score.c
libengine_a_SOURCES += src/task/tuner.h src/task/tuner_int.h src/task/tuner.c src/task/head_class.c \
	src/task/head_span.c src/task/head_joint.c src/task/layerwise.h src/task/layerwise.c \
	src/task/tuned.c src/task/glue_average.h src/task/glue_average.c
libengine_a_SOURCES += src/task/task.def src/task/task.h src/task/task.c src/task/examples.h \
	src/task/examples.c src/task/readers.h src/task/glue.c src/task/table.c
libengine_a_SOURCES += src/task/items.h src/task/items.c src/task/squad.h src/task/squad_read.c \
	src/task/squad_window.c src/task/squad_decode.c
libengine_a_SOURCES += src/task/finetune.def src/task/finetune.h src/task/finetune_int.h \
	src/task/finetune.c src/task/finetune_data.c src/task/finetune_score.c src/task/finetune_write.c \
	src/task/finetune_wrong.c
