libui_a_SOURCES += ui/screen/screen.h ui/screen/screens.c ui/screen/screens.h \
	ui/screen/runs.c ui/screen/runs.h ui/screen/runs_act.c ui/screen/runs_detail.c \
	ui/screen/runs_filter.c ui/screen/runs_filter.h ui/screen/runs_first.c \
	ui/screen/runs_table.c
EXTRA_DIST += ui/screen/screen.def
