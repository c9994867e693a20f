libui_a_SOURCES += ui/app/app.h ui/app/action.c ui/app/action.h
EXTRA_DIST += ui/app/action.def
