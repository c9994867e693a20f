# Faults: a few of each kind are part of make check; make check-faults takes every call, make
# check-kills KILLS=200 kills the host that often. Both print their counts.
check_PROGRAMS += tests/faults/inject
tests_faults_inject_SOURCES = tests/faults/inject.c
TESTS += tests/faults/disk.sh
EXTRA_DIST += tests/faults/disk.sh tests/faults/kill.sh tests/faults/lib.sh
KILLS = 60
check-faults: electroscope tests/faults/inject
	$(srcdir)/tests/faults/disk.sh all
check-kills: electroscope
	$(srcdir)/tests/faults/kill.sh $(KILLS)
.PHONY: check-faults check-kills
