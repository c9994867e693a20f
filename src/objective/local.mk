libengine_a_SOURCES += src/objective/objective.def src/objective/objective.h \
	src/objective/objective.c src/objective/learner.h src/objective/learner.c \
	src/objective/learner_int.h src/objective/learner_init.c \
	src/objective/step.c src/objective/electra.c src/objective/mlm.c \
	src/objective/all_tokens_mlm.c src/objective/two_stage.c src/objective/adversarial.c
