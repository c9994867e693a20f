libui_a_SOURCES += ui/widget/format.c ui/widget/format.h ui/widget/bar.c ui/widget/bar.h \
	ui/widget/pane.c ui/widget/pane.h ui/widget/table.c ui/widget/table.h \
	ui/widget/spread.c ui/widget/spread.h
libui_a_SOURCES += ui/widget/scale.h ui/widget/scale.c ui/widget/raster.h ui/widget/raster.c \
	ui/widget/chart.h ui/widget/chart_int.h ui/widget/chart.c ui/widget/chart_axes.c ui/widget/spots.h ui/widget/spots.c
libui_a_SOURCES += ui/widget/wrap.h ui/widget/wrap.c
