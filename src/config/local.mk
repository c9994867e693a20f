libengine_a_SOURCES += src/config/config.def src/config/metric.def \
	src/config/config.h src/config/config.c src/config/metric.h src/config/metric.c
