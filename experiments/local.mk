# sources of this room
noinst_LIBRARIES += libexperiments.a
libexperiments_a_SOURCES = \
	experiments/workspace.h experiments/workspace.c experiments/lock.h experiments/lock.c \
	experiments/prepare.h experiments/prepare.c experiments/demo_text.c \
	experiments/socket.h experiments/socket.c experiments/host_int.h experiments/host.h \
	experiments/host.c experiments/queue.c experiments/ops.c experiments/score.c experiments/opened.c \
	experiments/later.h experiments/later.c \
	experiments/client.h experiments/client.c experiments/spawn.c experiments/edit.h \
	experiments/edit.c experiments/branch.h experiments/branch.c \
	experiments/again.h experiments/again.c experiments/follow.h experiments/follow.c experiments/tune.h experiments/tune.c
libexperiments_a_SOURCES += experiments/pieces.h experiments/pieces.c
libexperiments_a_SOURCES += experiments/finetune_run.h experiments/finetune_run.c \
	experiments/scores.h experiments/scores.c experiments/tuning.h experiments/tuning.c
libexperiments_a_SOURCES += experiments/sweep.h experiments/sweep_int.h experiments/sweep_file.c \
	experiments/sweep.c experiments/sweep_axes.c experiments/sweep_plan.c
EXTRA_DIST += experiments/weight-sharing.ini experiments/generator-size.ini \
	experiments/training-algorithm.ini experiments/efficiency-analysis.ini \
	experiments/small-models.ini experiments/mask-rate.ini \
	experiments/model-size-vs-gain.ini experiments/steps-vs-size.ini
libexperiments_a_SOURCES += experiments/stats.h experiments/stats.c experiments/ablation.h \
	experiments/ablation_int.h experiments/ablation.c experiments/ablation_group.c \
	experiments/ablation_values.c experiments/ablation_effects.c experiments/compare.h \
	experiments/compare.c experiments/score_table.h experiments/score_table.c
libexperiments_a_SOURCES += experiments/estimate.h experiments/estimate.c \
	experiments/speed.h experiments/speed.c \
	experiments/probes.h experiments/probes.c \
	experiments/model_dir.h experiments/model_dir.c
