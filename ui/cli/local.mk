libui_a_SOURCES += ui/cli/command.def ui/cli/cli.h ui/cli/cli.c ui/cli/parse.c ui/cli/help.c \
	ui/cli/print.h ui/cli/print.c ui/cli/json.c ui/cli/cmd_vocab.c ui/cli/cmd_tokenize.c \
	ui/cli/cmd_bench.c ui/cli/cmd_tables.c
