noinst_LIBRARIES += libui.a
libui_a_SOURCES =
electroscope_SOURCES = ui/main.c
electroscope_LDADD = libui.a libexperiments.a libstore.a libengine.a \
	$(NCURSES_LIBS) $(SQLITE_LIBS) $(ENGINE_LIBS)
include ui/cli/local.mk
include ui/term/local.mk
include ui/widget/local.mk
include ui/screen/local.mk
include ui/app/local.mk
