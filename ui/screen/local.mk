libui_a_SOURCES += ui/screen/screen.h ui/screen/screens.c ui/screen/screens.h \
	ui/screen/runs.c ui/screen/runs.h ui/screen/runs_act.c ui/screen/runs_detail.c ui/screen/runs_events.c \
	ui/screen/runs_export.c ui/screen/runs_filter.c ui/screen/runs_filter.h ui/screen/runs_first.c \
	ui/screen/runs_group.c ui/screen/runs_side.c ui/screen/runs_table.c ui/screen/runs_title.c ui/screen/runs_views.c
EXTRA_DIST += ui/screen/screen.def
libui_a_SOURCES += ui/screen/curves.c ui/screen/curves_draw.c ui/screen/curves_legend.c ui/screen/curves_svg.c ui/screen/curves_load.c ui/screen/curves_move.c \
	ui/screen/curves_int.h ui/screen/tokens.c ui/screen/tokens_draw.c ui/screen/tokens_export.c \
	ui/screen/tokens_int.h \
	ui/screen/run_diagnosis.c ui/screen/run_diagnosis.h ui/screen/run_orders.c ui/screen/run_orders.h ui/screen/tokens_own.c ui/screen/tokens_pll.c ui/screen/tokens_diagnosis.c ui/screen/tokens_opened.c ui/screen/tokens_opened.h ui/screen/tokens_match.c ui/screen/tokens_rates.c ui/screen/tokens_rates_draw.c \
	ui/screen/tokens_load.c ui/screen/tokens_show.c ui/screen/tokens_side.c \
	ui/screen/tokens_text.c ui/screen/tokens_views.c
libui_a_SOURCES += ui/screen/ablations.c ui/screen/ablations_launch.c ui/screen/ablations_sweep.c ui/screen/ablations_draw.c ui/screen/ablations_int.h \
	ui/screen/ablations_export.c ui/screen/ablations_page.c ui/screen/ablations_table.c
libui_a_SOURCES += ui/screen/launch.c ui/screen/launch.h ui/screen/launch_command.c ui/screen/launch_cost.c \
	ui/screen/launch_draft.c ui/screen/launch_file.c ui/screen/launch_orders.c ui/screen/launch_sweep.c ui/screen/launch_draw.c ui/screen/tokens_card.c
libui_a_SOURCES += ui/screen/compare.c ui/screen/compare_draw.c ui/screen/compare_export.c ui/screen/compare_int.h ui/screen/scores.c \
	ui/screen/scores_export.c ui/screen/scores_int.h ui/screen/scores_side.c
libui_a_SOURCES += ui/screen/filter_field.c ui/screen/filter_field.h ui/screen/run_name.c ui/screen/run_name.h ui/screen/metric_label.c ui/screen/metric_label.h
