libui_a_SOURCES += ui/cli/command.def ui/cli/cli.h ui/cli/cli.c ui/cli/parse.c ui/cli/help.c \
	ui/cli/use.c ui/cli/print.h ui/cli/print.c ui/cli/json.c ui/cli/rows.h ui/cli/rows.c \
	ui/cli/fill.h ui/cli/fill.c ui/cli/inspect.h ui/cli/inspect.c ui/cli/report.h ui/cli/report.c ui/cli/launch.h \
	ui/cli/launch.c ui/cli/bench_table.h ui/cli/bench_table.c ui/cli/cmd_bench.c ui/cli/cmd_convert.c ui/cli/cmd_corpus.c \
	ui/cli/cmd_workbench.c ui/cli/cmd_demo.c ui/cli/cmd_doctor.c ui/cli/cmd_export.c ui/cli/cmd_finetune.c ui/cli/cmd_host.c \
	ui/cli/cmd_inspect.c ui/cli/cmd_replay.c ui/cli/cmd_runs.c ui/cli/cmd_sweep.c ui/cli/cmd_tables.c ui/cli/cmd_tokenize.c \
	ui/cli/cmd_train.c ui/cli/cmd_vocab.c ui/cli/cmd_watch.c
libui_a_SOURCES += ui/cli/cmd_scores.c ui/cli/score_rows.h ui/cli/score_rows.c
libui_a_SOURCES += ui/cli/ablations.h ui/cli/ablations.c ui/cli/cmd_ablations.c ui/cli/cmd_compare.c ui/cli/cmd_pairs.c ui/cli/nets.h ui/cli/nets.c ui/cli/cmd_curves.c \
	ui/cli/cmd_tokens.c ui/cli/export_rows.h ui/cli/export_rows.c ui/cli/sheet.h ui/cli/sheet.c
