# sources of this room
libengine_a_SOURCES += src/train/core.h src/train/core.c src/train/bench.h src/train/bench.c src/train/peak.c src/train/bench_text.h src/train/bench_text.c \
	src/train/checkpoint.h src/train/checkpoint_int.h src/train/checkpoint.c \
	src/train/checkpoint_dir.c src/train/checksums.c src/train/fill.h src/train/fill.c src/train/health.h src/train/health.c src/train/pairs.h src/train/pairs.c src/train/replay.h src/train/replay.c \
	src/train/run.h src/train/run_int.h \
	src/train/run.c src/train/start.c src/train/evaluate.c src/train/report.c src/train/score.c src/train/score_int.h
