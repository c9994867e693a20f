# The manual page and bash's completion, made by the program from its tables.
EXTRA_DIST += man/electroscope.1.in
nodist_man_MANS = man/electroscope.1
bashcompdir = $(datadir)/bash-completion/completions
nodist_bashcomp_DATA = man/electroscope
CLEANFILES += man/electroscope.1 man/electroscope
man/electroscope.1: $(srcdir)/man/electroscope.1.in electroscope$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man && ./electroscope$(EXEEXT) tables manual $(srcdir)/man/electroscope.1.in >$@.tmp && mv $@.tmp $@
man/electroscope: electroscope$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man && ./electroscope$(EXEEXT) tables completion >$@.tmp && mv $@.tmp $@
