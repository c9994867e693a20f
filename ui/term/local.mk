libui_a_SOURCES += ui/term/grid.c ui/term/grid.h ui/term/sign.c ui/term/sign.h ui/term/theme.c \
	ui/term/theme.h ui/term/input.c ui/term/input.h ui/term/tty.c ui/term/tty.h \
	ui/term/sink.c ui/term/sink.h ui/term/jamo.c ui/term/jamo.h ui/term/pack.c ui/term/pack.h
EXTRA_DIST += ui/term/sign.def ui/term/theme.def
