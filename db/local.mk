noinst_LIBRARIES += libstore.a
libstore_a_SOURCES = db/store.h db/query.h db/csv.h db/sql.h db/sql.c db/schema.h db/schema.c \
	db/rollup.h db/rollup.c db/store_int.h db/store.c db/store_run.c db/store_event.c db/store_tuning.c db/series.c \
	db/recorder.c db/query_int.h db/query.c db/query_run.c db/query_series.c \
	db/query_tokens.c db/csv.c db/version.c
db_schema_files = db/schema/001_runs.sql db/schema/002_scores.sql db/schema/003_tuning.sql
EXTRA_DIST += $(db_schema_files) db/schema.def db/embed.awk db/README.md
BUILT_SOURCES += db/schema_sql.h
CLEANFILES += db/schema_sql.h
db/schema_sql.h: $(db_schema_files) db/embed.awk
	$(AM_V_GEN)$(MKDIR_P) db && (cd $(srcdir) && $(AWK) -f db/embed.awk $(db_schema_files)) >$@.tmp && mv $@.tmp $@
db/schema.$(OBJEXT): db/schema_sql.h
