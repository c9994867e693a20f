libui_a_SOURCES += ui/widget/format.c ui/widget/format.h ui/widget/bar.c ui/widget/bar.h \
	ui/widget/pane.c ui/widget/pane.h ui/widget/table.c ui/widget/table.h
