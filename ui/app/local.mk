libui_a_SOURCES += ui/app/app.h ui/app/app_int.h ui/app/app.c ui/app/act.c ui/app/action.c \
	ui/app/action.h ui/app/choose.c ui/app/data.c ui/app/export.c ui/app/export_table.c ui/app/export_table.h ui/app/field.c ui/app/path.c ui/app/save.c ui/app/frame.c ui/app/help.c \
	ui/app/keys.c ui/app/loop.c ui/app/loop.h ui/app/settings.c \
	ui/app/settings.h ui/app/state.c ui/app/widths.c ui/app/widths.h
EXTRA_DIST += ui/app/action.def ui/app/legend.def ui/app/setting.def
